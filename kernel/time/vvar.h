/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vvar.h - the page of clock values that the vDSO reads.
 *
 * What:      enough to turn the TSC into time without a system call:
 *            mono_ns = (tsc - tsc_base) * mult >> CLOCK_SHIFT.
 * Ownership: written by time/clock.c, read by process/vdso/vdso.c in the
 *            program, so the layout is shared between two compilations only.
 * Context:   the writer makes seq odd, writes, makes it even. A reader that
 *            sees an odd or changed seq reads again. seq 0: nothing was
 *            published yet, ask the kernel.
 * Units:     ns, TSC ticks.
 */
#ifndef TIME_VVAR_H
#define TIME_VVAR_H

#include "core/types.h"

/* 10^6 << 44 is the largest such product that fits into 64 bits, so mult has
 * 43 significant bits at 2 GHz: the clock is off by some 10 ns a day. */
#define CLOCK_SHIFT 44u

struct vvar {
    uint32_t seq;
    uint32_t pad;
    uint64_t tsc_base; /* wraps: it may lie before the TSC's 0 */
    uint64_t mult;
    uint64_t real_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC, wraps .. */
    uint64_t sync_ns;        /* .. at this monotonic time, .. */
    int64_t slew; /* .. growing by slew / 2^32 of what passed since */
    uint64_t valid_until_ns; /* then the wall clock is the kernel's to tell */
};

union vvar_page {
    struct vvar vvar;
    uint8_t bytes[PAGE_SIZE];
};

extern union vvar_page clock_vvar;

static inline uint64_t vvar_real(uint64_t mono_ns, uint64_t offset_ns,
                                 uint64_t since_ns, int64_t slew)
{
    return mono_ns + offset_ns +
           (uint64_t)((__int128)(int64_t)since_ns * slew >> 32);
}

/* The same arithmetic for the kernel and the vDSO. */
static inline uint64_t vvar_ns(uint64_t ticks, uint64_t mult)
{
    return (uint64_t)((unsigned __int128)ticks * mult >> CLOCK_SHIFT);
}

#endif
