/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_fuzz.c - what a guest may put where its trace should be.
 *
 * The input is the guest's memory as far as it is asked for: whatever is read
 * comes from there in order, then zeros. The tool's half of abi/trace.h reads
 * it and shows what it makes of it.
 */
/* unit: cli/tracering.c cli/trace_calls.c cli/trace_show.c host/fault.c
 * host/memory.c */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/guest.h"
#include "cli/tracering.h"
#include "host/fault.h"
#include "tests/fuzz/inside_still.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct {
    const uint8_t *data;
    size_t left;
} input;

static void take(void *into, size_t len)
{
    size_t n = len < input.left ? len : input.left;

    memset(into, 0, len);
    memcpy(into, input.data, n);
    input.data += n;
    input.left -= n;
}

int inside_open(struct inside *in, const struct guest *g, struct fault *fault)
{
    (void)fault;
    *in = (struct inside){ .name = g->name };
    in->hello.cpu_count = 1;
    in->hello.tsc_khz = 1000;
    return 0;
}

int inside_hold(struct inside *in, struct fault *fault)
{
    return inside_stop(in, fault);
}

int inside_adopt(struct inside *in, int fd, const char *name,
                 struct fault *fault)
{
    const struct guest g = { 0 };

    (void)fd;
    (void)name;
    return inside_open(in, &g, fault);
}

int inside_records(struct inside *in, struct fault *fault)
{
    return inside_stop(in, fault);
}

bool inside_again(int err, unsigned *tries)
{
    (void)tries;
    return err == -EAGAIN;
}

int inside_hello(struct inside *in, struct fault *fault)
{
    in->hello.is_ended = input.left == 0;
    return inside_stop(in, fault);
}

int inside_read(struct inside *in, uint64_t va, void *data, size_t len,
                struct fault *fault)
{
    (void)va;
    take(data, len);
    return inside_stop(in, fault);
}

int inside_write(struct inside *in, uint64_t va, const void *data, size_t len,
                 struct fault *fault)
{
    (void)va;
    (void)data;
    (void)len;
    return inside_stop(in, fault);
}

static void show(void *arg, const struct tracering_call *c)
{
    FILE *to = arg;
    unsigned i;

    for (i = 0; i < c->info->arg_count; i++)
        trace_show_arg(to, &c->info->arg[i], c->arg[i], &c->bytes[i],
                       c->arg[(i + 1) % TRACE_ARG_MAX]);
    trace_show_result(to, c->info, c->result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct tracering ring;
    static char name[] = "guest";
    const struct guest g = { .name = name };
    struct fault fault;
    FILE *to = fopen("/dev/null", "we");

    if (!to)
        return 0;
    input.data = data;
    input.left = len;
    memset(&ring, 0, sizeof(ring));
    if (tracering_open(&ring, &g, TRACE_RECORDS, &fault) == 0) {
        while (tracering_poll(&ring, show, to, &fault) == 0)
            ;
        tracering_end(&ring, show, to);
        tracering_close(&ring);
    }
    fclose(to);
    return 0;
}
