/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.c - the kernel lock, and the check of the lock order in debug builds.
 */
#include "core/lock.h"

#include "core/panic.h"

#define HELD_MAX 8u

/* Taken from the start: whoever boots has it. */
struct spinlock kernel_lock = { 1, LOCK_KERNEL };

#ifdef SAMARA_GUEST
ARCH_SELDOM void spin_lock_await(struct spinlock *l)
{
    do
        while (__atomic_load_n(&l->owner, __ATOMIC_RELAXED))
            arch_spin_wait();
    while (!spin_try_raw(l));
}

bool spin_enter(struct spinlock *l)
{
    if (spin_is_mine(l))
        return false;
    spin_lock(l);
    return true;
}

bool kernel_lock_enter_seldom(void)
{
    return spin_enter(&kernel_lock);
}
#endif

/* What each CPU holds in the order of taking, but for the kernel lock: that
 * is the first in the order, and assembly takes and releases it as well. */
static struct {
    const struct spinlock *held[HELD_MAX];
    unsigned count;
    int claims;
} checks[LOCK_CHECKS ? ARCH_CPU_MAX : 1];

void lock_check_take(const struct spinlock *l, bool is_try)
{
    unsigned cpu = arch_cpu_number() - 1;
    unsigned n = checks[cpu].count;

    ASSERT(!arch_is_reading());
    if (l == &kernel_lock) {
        ASSERT(is_try || (n == 0 && !spin_is_mine(l)));
        return;
    }
    ASSERT(n < HELD_MAX);
    ASSERT(l->rank > LOCK_KERNEL && l->rank < LOCK_RANK_MAX);
    for (unsigned i = 0; i < n; i++) {
        ASSERT(checks[cpu].held[i] != l);
        if (!is_try)
            ASSERT_OP(checks[cpu].held[i]->rank, <, l->rank);
    }
    checks[cpu].held[n] = l;
    checks[cpu].count = n + 1;
}

void lock_check_release(const struct spinlock *l)
{
    unsigned cpu = arch_cpu_number() - 1;
    unsigned i = 0, n = checks[cpu].count;

    ASSERT(spin_is_mine(l));
    if (l == &kernel_lock)
        return;
    while (i < n && checks[cpu].held[i] != l)
        i++;
    ASSERT(i < n);
    for (; i + 1 < n; i++)
        checks[cpu].held[i] = checks[cpu].held[i + 1];
    checks[cpu].count = n - 1;
}

void lock_check_mine(const struct spinlock *l)
{
    ASSERT(spin_is_mine(l));
}

void lock_check_below(enum lock_rank rank)
{
    unsigned cpu = arch_cpu_number() - 1;

    for (unsigned i = 0; LOCK_CHECKS && i < checks[cpu].count; i++)
        ASSERT_OP(checks[cpu].held[i]->rank, <=, rank);
}

void lock_check_claim(int by)
{
    checks[arch_cpu_number() - 1].claims += by;
}

void lock_check_asleep(const struct spinlock *only)
{
    unsigned cpu = arch_cpu_number() - 1;

    if (LOCK_CHECKS)
        ASSERT(!arch_is_reading() && checks[cpu].claims == 0);
    for (unsigned i = 0; LOCK_CHECKS && i < checks[cpu].count; i++)
        ASSERT(checks[cpu].held[i] == only);
}
