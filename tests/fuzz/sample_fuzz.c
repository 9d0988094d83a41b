/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample_fuzz.c - what a guest, and its monitor, may say in samples.
 *
 * The first byte says how many bytes of the input are a reply to
 * CONTROL_SAMPLE; the guest's memory is the input, too.
 */
/* unit: debug/sampler.c debug/stacks.c debug/stopped.c cli/core_memory.c
 * cli/core_edges.c cli/core_regs.c cli/core_sites.c cli/frames.c host/fault.c
 * host/memory.c */
#include <stdint.h>

#include "debug/sampler.h"
#include "debug/stacks.h"
#include "debug/symbolise.h"
#include "debug/unwind.h"
#include "tests/fuzz/inside_fake.h"
#include "tests/fuzz/inside_still.h"
#include "tests/fuzz/symbolise_none.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t reply_len;

/* ---- what the sampler needs, and is not under test ---- */

int inside_open(struct inside *in, const struct guest *g, struct fault *fault)
{
    (void)in;
    (void)g;
    (void)fault;
    return 0;
}

int inside_hold(struct inside *in, struct fault *fault)
{
    (void)in;
    (void)fault;
    return 0;
}

int inside_hello(struct inside *in, struct fault *fault)
{
    (void)in;
    (void)fault;
    return 0;
}

int inside_translate(struct inside *in, uint64_t va, uint64_t *gpa_out,
                     size_t *len_out, struct fault *fault)
{
    (void)in;
    (void)fault;
    *gpa_out = va % RAM_LEN;
    *len_out = 4096 - va % 4096;
    return 0;
}

int inside_sample(struct inside *in, const struct control_sample_how *how,
                  uint8_t *data, size_t *len_out, struct fault *fault)
{
    (void)in;
    (void)how;
    (void)fault;
    take(1, data, reply_len);
    *len_out = reply_len;
    return 0;
}

int core_word(struct core *c, uint64_t va, uint64_t *out, struct fault *fault)
{
    *out = 0;
    return inside_read(&c->in, va, out, sizeof(*out), fault);
}

void core_fini(struct core *c)
{
    free(c->region);
    free(c->site);
    inside_process_fini(&c->process);
    c->region = NULL;
    c->site = NULL;
    c->region_count = c->site_count = 0;
}

bool frames_open(struct frames *f, const uint8_t *build_id, size_t len)
{
    (void)f;
    (void)build_id;
    (void)len;
    return false;
}

void frames_fini(struct frames *f)
{
    (void)f;
}

void symbolise_regions(struct symbolise *s, const struct symbolise_region *r,
                       size_t count)
{
    (void)s;
    (void)r;
    (void)count;
}

bool symbolise_is_code(const struct symbolise *s, uint64_t va)
{
    (void)s;
    return va % 2 != 0;
}

/* Every byte of the stack is touched. */
unsigned unwind(struct symbolise *s, const struct control_regs *regs,
                const struct unwind_stack *stack, uint64_t *pc, unsigned max)
{
    uint64_t sum = 0;
    size_t i;

    (void)s;
    for (i = 0; i < stack->len; i++)
        sum += stack->data[i];
    if (max == 0)
        return 0;
    pc[0] = regs->rip + sum % 2;
    return 1;
}

/* ---- the test ---- */

static void count(void *arg, const struct sample *s)
{
    if (s->count > 0)
        stacks_add(arg, s->tid, s->pc, s->count, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct sampler s;
    struct stacks stacks = { 0 };
    struct fault fault;

    memset(&s, 0, sizeof(s));
    fake_core(&s.core, data, len);
    reply_len = len > 0 ? (size_t)data[0] * 64 : 0;
    (void)sampler_look(&s, &fault);
    (void)sampler_take(&s, count, &stacks, &fault);
    (void)sampler_take_asleep(&s, count, &stacks, &fault);
    stacks_fini(&stacks);
    core_fini(&s.core);
    return 0;
}
