/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside_fake.h - a guest for tools that look inside, all of it out of a
 * fuzzer's input.
 */
#ifndef FUZZ_INSIDE_FAKE_H
#define FUZZ_INSIDE_FAKE_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/core.h"
#include "host/fault.h"

#define RAM_LEN    (1u << 20)
#define THREAD_MAX 4u

/* What the guest has in its memory, again and again from address 0 on. */
static struct {
    const uint8_t *data;
    size_t len;
} input;

/* What has been copied once is doubled: inputs are short, and memory is not. */
static void take(uint64_t at, void *into, size_t len)
{
    uint8_t *to = into;
    size_t off, part, done;

    if (input.len == 0) {
        memset(into, 0, len);
        return;
    }
    off = (size_t)(at % input.len);
    part = input.len - off < len ? input.len - off : len;
    memcpy(to, input.data + off, part);
    done = off < len - part ? off : len - part;
    memcpy(to + part, input.data, done);
    for (done += part; done < len; done += part) {
        part = done < len - done ? done : len - done;
        memcpy(to + done, to, part);
    }
}

int inside_read_pa(struct inside *in, uint64_t gpa, void *data, size_t len,
                   struct fault *fault)
{
    if (gpa > RAM_LEN || len > RAM_LEN - gpa)
        return fault_set(fault, EFAULT, "'%s' has no such memory", in->name);
    take(gpa, data, len);
    return 0;
}

int inside_read(struct inside *in, uint64_t va, void *data, size_t len,
                struct fault *fault)
{
    (void)in;
    (void)fault;
    take(va, data, len);
    return 0;
}

int inside_regs(struct inside *in, unsigned cpu, struct control_regs *out,
                struct fault *fault)
{
    return inside_read(in, cpu * sizeof(*out), out, sizeof(*out), fault);
}

int inside_xstate(struct inside *in, unsigned cpu,
                  uint8_t out[CONTROL_XSTATE_LEN], struct fault *fault)
{
    return inside_read(in, cpu, out, CONTROL_XSTATE_LEN, fault);
}

int inside_process(struct inside *in, struct inside_process *out,
                   struct fault *fault)
{
    size_t i;

    (void)in;
    (void)fault;
    *out = (struct inside_process){ .pid = 1, .va = 64 };
    out->thread = mem_alloc(THREAD_MAX * sizeof(out->thread[0]));
    out->thread_count = THREAD_MAX;
    for (i = 0; i < THREAD_MAX; i++)
        out->thread[i] = (struct inside_thread){
            .va = i * 128, .tid = (int32_t)i, .cpu = 1, .on_cpu = i % 2 != 0
        };
    return 0;
}

void inside_process_fini(struct inside_process *p)
{
    free(p->thread);
    p->thread = NULL;
}

/* A guest whose records and tables are in the input, as all else. */
static void fake_core(struct core *c, const uint8_t *data, size_t len)
{
    input.data = data;
    input.len = len;
    *c = (struct core){ .command = "program" };
    c->in.name = "guest";
    c->frames = (struct frames){ .data = data, .len = len };
    take(0, &c->in.records, sizeof(c->in.records));
    c->in.hello.range_count = 2;
    c->in.hello.range[0] = (struct control_range){ 0, RAM_LEN / 2, 1 };
    c->in.hello.range[1] =
        (struct control_range){ RAM_LEN / 2, RAM_LEN / 2, 0 };
    c->in.hello.kernel_len = 4096;
    c->in.pml4_gpa = 4096;
}

#endif
