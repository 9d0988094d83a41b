/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cputime.c - how much of a thread's CPU time went into system calls.
 *
 * Reading the clock on each way in and out would double the price of a short
 * call, and there is no tick to sample by. So the entry counts calls down
 * (entry.S, a word above the thread's registers), and the one that reaches the
 * end is timed and stands for all since the last. The distances are random, or
 * a loop of two calls would show one of them alone; they are short at first, so
 * that a program with few calls is told right, and grow to some hundred, where
 * the timing is some per cent of a null call.
 *
 * One long call among many short ones would spoil that, whether it is sampled
 * or not. So page faults and large transfers are timed one by one, and nothing
 * can have taken longer than all that passed since the last sample.
 */
#include "sched/process.h"
#include "time/clock.h"

#define DISTANCE_MIN     4u /* mean; doubles each 2 samples up to .. */
#define DISTANCE_SHIFT   6u /* .. 4 << 6 */
#define SAMPLES_PER_STEP 2u

/* 1 to twice the mean. The clock's low bits are as good as dice here. */
static uint32_t pick_distance(const struct thread *t, uint64_t now)
{
    uint32_t step = MIN(t->sample_count / SAMPLES_PER_STEP, DISTANCE_SHIFT);
    uint64_t dice = now * 0x9e3779b97f4a7c15ull >> 32;

    return 1 + (uint32_t)(dice & ((2 * DISTANCE_MIN << step) - 1));
}

void cputime_thread_begin(struct thread *t)
{
    /* Threads that make a few calls and end are sampled as one that makes
     * many. */
    t->sample_count = SAMPLES_PER_STEP * DISTANCE_SHIFT / 2;
    t->sample_distance = pick_distance(t, arch_cycles());
    t->call_count = t->sample_distance;
    arch_sample_after(&t->arch, t->sample_distance);
}

void cputime_sample_begin(void)
{
    struct thread *t = thread_current();

    t->sample_start = thread_cpu_cycles(t);
    t->sample_timed = t->timed_cycles;
    t->sample_weight = t->sample_distance ? t->sample_distance : 1;
    t->sample_distance = pick_distance(t, t->sample_start);
    t->call_count += t->sample_distance; /* made in advance */
    t->sample_count++;
    arch_sample_after(&t->arch, t->sample_distance);
    thread_kick(t); /* the way out ends it */
}

void cputime_sample_end(struct thread *t)
{
    uint64_t now = thread_cpu_cycles(t);
    uint64_t timed = t->timed_cycles - t->sample_timed;
    uint64_t spent = now - t->sample_start - timed;
    uint64_t passed = now - t->sample_last - (t->timed_cycles - t->timed_last);

    t->estimated_cycles += MIN(spent * t->sample_weight, passed);
    t->sample_last = now;
    t->timed_last = t->timed_cycles;
    t->sample_weight = 0;
}

/* Of so many in all. */
static inline uint64_t system_cycles(const struct thread *t, uint64_t total)
{
    return MIN(t->estimated_cycles + t->timed_cycles, total);
}

void cputime_thread_end(const struct thread *t)
{
    struct process *p = t->process;

    p->dead_threads_cycles += t->cpu_cycles;
    p->dead_threads_system += system_cycles(t, t->cpu_cycles);
    p->dead_threads_calls += t->call_count;
    for (unsigned i = 0; i < ARRAY_LEN(t->io); i++)
        p->io[i] += t->io[i];
}

/* An estimate may turn out too high: neither of the two times ever falls. */
static struct cpu_times split(uint64_t total_cycles, uint64_t in_kernel,
                              struct cpu_times *shown)
{
    uint64_t total_ns = clock_ns_of_cycles(total_cycles);
    uint64_t system_ns = clock_ns_of_cycles(in_kernel);

    system_ns = MAX(system_ns, shown->system_ns);
    if (total_ns < shown->user_ns + system_ns)
        system_ns = MAX(total_ns, shown->user_ns) - shown->user_ns;
    shown->system_ns = MAX(system_ns, shown->system_ns);
    shown->user_ns =
        MAX(total_ns, shown->user_ns + shown->system_ns) - shown->system_ns;
    return *shown;
}

struct cpu_times thread_times(struct thread *t)
{
    uint64_t total = thread_cpu_cycles(t);

    return split(total, system_cycles(t, total), &t->shown_times);
}

struct cpu_times process_times(struct process *p)
{
    uint64_t total = p->dead_threads_cycles, system = p->dead_threads_system;

    LIST_FOR_EACH(it, &p->threads)
    {
        const struct thread *t = LIST_ENTRY(it, struct thread, process_link);
        uint64_t cycles = thread_cpu_cycles(t);

        total += cycles;
        system += system_cycles(t, cycles);
    }
    return split(total, system, &p->shown_times);
}
