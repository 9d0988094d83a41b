/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target_vectors.c - vector registers: what XSAVE writes, in its standard
 * format (Intel SDM 1, 13.4).
 */
#include <errno.h>
#include <string.h>

#include "cli/gdb/target.h"
#include "cli/gdb/target_link.h"
#include "host/fault.h"

#define FX_LEN      512u
#define FX_MXCSR    24u
#define FX_XMM_END  416u
#define XSTATE_BV   512u
#define AVX_OFF     576u
#define AVX_LEN     256u
#define BITS_FX     3ull
#define BIT_AVX     4ull
#define MXCSR_VALID 0xffffu

static uint64_t word_at(const uint8_t *area, size_t offset)
{
    uint64_t word;

    memcpy(&word, area + offset, sizeof(word));
    return word;
}

/* XCR0 says what the CPU has and the kernel uses. */
void target_vectors_probe(struct target *t)
{
    static struct fault none;
    uint8_t area[CONTROL_XSTATE_LEN];

    t->has_avx = inside_xstate(&t->core.in, 0, area, &none) == 0 &&
                 word_at(area, CONTROL_XSTATE_XCR0) & BIT_AVX;
}

static int area_find(struct target *t, const struct inside_thread *thread,
                     uint64_t *va_out, struct fault *fault)
{
    return core_word(&t->core, thread->va + t->core.in.records.thread_xstate,
                     va_out, fault);
}

int target_vectors(struct target *t, const struct inside_thread *thread,
                   uint8_t out[16][16], struct fault *fault)
{
    uint8_t area[CONTROL_XSTATE_LEN] = { 0 };
    uint64_t va = 0;
    int err = 0;

    memset(out, 0, AVX_LEN);
    if (!t->has_avx)
        return 0;
    if (thread->on_cpu)
        err = inside_xstate(&t->core.in, thread->cpu - 1, area, fault);
    else
        err = area_find(t, thread, &va, fault);
    if (err == 0 && va != 0)
        err = inside_read(&t->core.in, va, area, AVX_OFF + AVX_LEN, fault);
    if (err == 0 && word_at(area, XSTATE_BV) & BIT_AVX)
        memcpy(out, area + AVX_OFF, AVX_LEN);
    return err;
}

static int area_change(struct target *t, uint64_t va,
                       const struct target_regs *in, struct fault *fault)
{
    size_t len = t->has_avx ? AVX_OFF + AVX_LEN : AVX_OFF;
    uint64_t bits = t->has_avx ? BITS_FX | BIT_AVX : BITS_FX;
    uint8_t area[AVX_OFF + AVX_LEN];
    uint32_t mxcsr;
    int err;

    memcpy(&mxcsr, in->r.fx + FX_MXCSR, sizeof(mxcsr));
    if (mxcsr & ~MXCSR_VALID)
        return fault_set(fault, EINVAL, "0x%x is no value of mxcsr", mxcsr);
    err = inside_read(&t->core.in, va, area, len, fault);
    if (err)
        return err;
    bits |= word_at(area, XSTATE_BV);
    memcpy(area, in->r.fx, FX_XMM_END);
    memcpy(area + XSTATE_BV, &bits, sizeof(bits));
    if (t->has_avx)
        memcpy(area + AVX_OFF, in->ymmh, AVX_LEN);
    return inside_write(&t->core.in, va, area, len, fault);
}

int target_vectors_set(struct target *t, const struct inside_thread *thread,
                       const struct target_regs *in, struct fault *fault)
{
    const struct target_command save = { .nr = DEBUG_STATE_SAVE };
    const struct target_command load = { .nr = DEBUG_STATE_LOAD,
                                         .va = in->r.fs_base };
    const struct records *r = &t->core.in.records;
    bool is_own = thread->va == t->own;
    uint64_t va = 0;
    int err = is_own ? target_command(t, &save, fault) : 0;

    if (err == 0)
        err = area_find(t, thread, &va, fault);
    if (err == 0 && va == 0)
        err = fault_set(fault, ENOENT, "thread %d has no vectors saved",
                        thread->tid);
    if (err == 0)
        err = area_change(t, va, in, fault);
    if (err == 0 && is_own)
        err = target_command(t, &load, fault);
    else if (err == 0)
        err = inside_write(&t->core.in, thread->va + r->thread_fs_base,
                           &in->r.fs_base, sizeof(in->r.fs_base), fault);
    return err;
}
