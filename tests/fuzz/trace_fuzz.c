/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_fuzz.c - what a guest may put where its trace should be.
 *
 * The first byte says what the rest is. 0: the guest's memory as far as it is
 * asked for: whatever is read comes from there in order, then zeros. The tool's
 * half of abi/trace.h reads it and shows what it makes of it. Else: one call,
 * as it comes out of that: struct call, what was captured when it began, and
 * then when it was over.
 */
/* unit: cli/tracering.c cli/trace_calls.c cli/trace_show.c cli/trace_names.c
 * cli/trace_structs.c cli/trace_sockets.c cli/trace_sockopt.c
 * cli/trace_sets.c cli/trace_command.c
 * cli/trace_result.c cli/trace_line.c host/fault.c host/memory.c */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest.h"
#include "cli/trace_line.h"
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

int inside_adopt_started(struct inside *in, int fd, const char *name,
                         struct fault *fault)
{
    return inside_adopt(in, fd, name, fault);
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

static struct trace_line line;

static void show(void *arg, const struct trace_event *e)
{
    unsigned i;

    trace_line_event(&line, e, true);
    for (i = 0; e->what == TRACE_IS_CALL && i < TRACE_ARG_MAX; i++)
        (void)trace_show_arg(arg, e, i, false, line.string_max);
}

static void show_left(void *arg, const struct trace_event *e)
{
    (void)arg;
    trace_line_left(&line, e, true);
}

/* A call's head in the input. */
struct call {
    uint16_t number;
    uint16_t begin_len;
    uint32_t string_max;
    int64_t result;
    uint64_t arg[TRACE_ARG_MAX];
};

/* A copy that ends where it ends. */
static struct trace_memory part(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    if (!copy)
        abort();
    memcpy(copy, data, len);
    return (struct trace_memory){ copy, len };
}

static void one_call(const uint8_t *data, size_t len, FILE *to)
{
    struct trace_event e = { .what = TRACE_IS_CALL, .tid = 1 };
    struct call c;

    if (len < sizeof(c))
        return;
    memcpy(&c, data, sizeof(c));
    data += sizeof(c);
    len -= sizeof(c);
    if (c.begin_len > len)
        c.begin_len = (uint16_t)len;
    e.info = trace_call_get(c.number % TRACE_CALL_MAX);
    if (!e.info)
        return;
    memcpy(e.arg, c.arg, sizeof(e.arg));
    e.memory[TRACE_OF_BEGIN] = part(data, c.begin_len);
    e.memory[TRACE_OF_END] = part(data + c.begin_len, len - c.begin_len);
    line.string_max = c.string_max % (TRACE_STRING_MAX + 1);
    show(to, &e);
    e.is_over = true;
    e.result = c.result;
    show(to, &e);
    e.what = c.result & 1 ? TRACE_IS_SIGNAL : TRACE_IS_KILLED;
    e.signo = c.number;
    show(to, &e);
    free((void *)(uintptr_t)e.memory[TRACE_OF_BEGIN].data);
    free((void *)(uintptr_t)e.memory[TRACE_OF_END].data);
}

static void whole_ring(FILE *to)
{
    static struct tracering ring;
    static char name[] = "guest";
    const struct guest g = { .name = name };
    struct fault fault;

    memset(&ring, 0, sizeof(ring));
    memset(ring.selected, true, sizeof(ring.selected));
    ring.string_max = 32;
    if (tracering_open(&ring, &g, TRACE_RECORDS, &fault) != 0)
        return;
    while (tracering_poll(&ring, show, to, &fault) == 0)
        ;
    tracering_end(&ring, show_left, to);
    trace_line_end(&line, true);
    tracering_close(&ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    FILE *to = fopen("/dev/null", "we");

    if (!to)
        return 0;
    input.data = data + (len > 0);
    input.left = len - (len > 0);
    line = (struct trace_line){
        .to = to, .time = 3, .relative = true, .string_max = 32, .khz = 1000
    };
    if (len > 0 && data[0] != 0)
        one_call(input.data, input.left, to);
    else
        whole_ring(to);
    fclose(to);
    return 0;
}
