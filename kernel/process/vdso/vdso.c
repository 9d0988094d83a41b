/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdso.c - the time of day without a system call.
 *
 * What:      a shared object of its own, linked by vdso.ld, carried inside the
 *            kernel (image.S) and mapped into the program behind the page of
 *            clock values (time/vvar.h). glibc, musl and Go find its symbols
 *            through AT_SYSINFO_EHDR.
 * Context:   the program's: any thread, signal handlers, any stack. No data,
 *            no relocations, no calls out of here.
 * Errors:    what this page cannot answer is asked of the kernel, whose error
 *            is handed on.
 *
 * Until the kernel has published its values (it finds the TSC's rate and the
 * date only when somebody asks) every call goes to the kernel.
 */
#include <asm/unistd.h>
#include <linux/time.h>

#include "arch/arch.h"
#include "time/vvar.h"

#define EXPORT __attribute__((visibility("default")))

/* One page before us, by vdso.ld. */
extern const struct vvar vvar_page;

EXPORT int __vdso_clock_gettime(long clock, struct timespec *out);
EXPORT int __vdso_clock_getres(long clock, struct timespec *out);
EXPORT int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz);
EXPORT long __vdso_time(long *out);
EXPORT long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

static inline long ask_kernel(long nr, long a, long b, long c)
{
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

/* The TSC, not read ahead of what comes before. */
static inline uint64_t cycles_in_order(void)
{
    __builtin_ia32_lfence();
    return arch_cycles();
}

/* False while nothing is published that holds. */
static inline bool read_clock(bool is_real, uint64_t *ns_out)
{
    const volatile struct vvar *v = &vvar_page;
    uint64_t tsc, ns;
    uint32_t seq;

    do {
        seq = __atomic_load_n(&v->seq, __ATOMIC_ACQUIRE);
        if (seq == 0)
            return false;
        tsc = cycles_in_order();
        ns = vvar_ns(tsc - v->tsc_base, v->mult);
        if (is_real && ns >= v->valid_until_ns)
            return false;
        if (is_real)
            ns = vvar_real(ns, v->real_offset_ns, ns - v->sync_ns, v->slew);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((seq & 1) || v->seq != seq);
    *ns_out = ns;
    return true;
}

int __vdso_clock_gettime(long clock, struct timespec *out)
{
    bool is_real = false;
    uint64_t ns;

    clock = (int)clock; /* clockid_t: the upper half is junk */
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
        is_real = true;
        break;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        break;
    default:
        return (int)ask_kernel(__NR_clock_gettime, clock, (long)out, 0);
    }
    if (__builtin_expect(!read_clock(is_real, &ns), 0))
        return (int)ask_kernel(__NR_clock_gettime, clock, (long)out, 0);
    out->tv_sec = (long)(ns / NS_PER_SEC);
    out->tv_nsec = (long)(ns % NS_PER_SEC);
    return 0;
}

int __vdso_clock_getres(long clock, struct timespec *out)
{
    return (int)ask_kernel(__NR_clock_getres, (int)clock, (long)out, 0);
}

int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
{
    uint64_t ns;

    if (__builtin_expect(!read_clock(true, &ns), 0))
        return (int)ask_kernel(__NR_gettimeofday, (long)tv, (long)tz, 0);
    if (tv) {
        tv->tv_sec = (long)(ns / NS_PER_SEC);
        tv->tv_usec = (long)(ns % NS_PER_SEC / 1000);
    }
    if (tz) {
        tz->tz_minuteswest = 0;
        tz->tz_dsttime = 0;
    }
    return 0;
}

long __vdso_time(long *out)
{
    uint64_t ns;

    if (__builtin_expect(!read_clock(true, &ns), 0))
        return ask_kernel(__NR_time, (long)out, 0, 0);
    if (out)
        *out = (long)(ns / NS_PER_SEC);
    return (long)(ns / NS_PER_SEC);
}

/* %gs is the kernel's, but may be read: the CPU's number. One node. */
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
    (void)unused;
    if (cpu)
        *cpu = arch_cpu_number() - 1;
    if (node)
        *node = 0;
    return 0;
}

/* The plain names, as Linux has them. */
#define ALIAS(name)                              \
    EXPORT extern __typeof__(__vdso_##name) name \
        __attribute__((weak, alias("__vdso_" #name)))
ALIAS(clock_gettime);
ALIAS(clock_getres);
ALIAS(gettimeofday);
ALIAS(time);
ALIAS(getcpu);
