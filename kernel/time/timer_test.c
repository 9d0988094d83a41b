/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer_test.c - the heap of timers, against a sorted array.
 *
 * Method: a fake clock and a fake one-shot timer. Thousands of timers are
 * armed, moved and cancelled at random; whatever expires must be due, in
 * order, and complete, and the hardware must always be armed early enough.
 */
/* unit: kernel/time/timer.c */
#include "tests/unit.h"

#include "arch/arch.h"
#include "core/panic.h"
#include "time/clock.h"

#define COUNT 2000

static uint64_t now_ns, armed_tsc, arm_count, last_deadline, expired_count;
static struct timer timers[COUNT];

uint64_t clock_mono_ns(void)
{
    return now_ns;
}

uint64_t clock_tsc_of_mono(uint64_t mono_ns)
{
    return mono_ns;
}

unsigned arch_cpu_count(void)
{
    return 1;
}
void arch_timer_arm(uint64_t tsc)
{
    armed_tsc = tsc;
    arm_count++;
}

void panic(const char *format, ...)
{
    printf("# panic: %s\n", format);
    abort();
}

static void on_expired(struct timer *t)
{
    CHECK(t->deadline_ns <= now_ns);
    CHECK(t->deadline_ns >= last_deadline);
    CHECK(!timer_is_armed(t));
    last_deadline = t->deadline_ns;
    expired_count++;
}

TEST(expires_in_order_and_completely)
{
    uint64_t armed, due, rested_ns = 0;

    srand(1);
    for (unsigned i = 0; i < COUNT; i++)
        timer_init(&timers[i], on_expired);
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 500; i++) {
            struct timer *t = &timers[rand() % COUNT];

            if (rand() % 4 == 0)
                timer_cancel(t);
            else
                timer_arm(t, now_ns + 1 + (uint64_t)(rand() % 5000));
        }
        armed = UINT64_MAX;
        for (unsigned i = 0; i < COUNT; i++)
            if (timer_is_armed(&timers[i]) && timers[i].deadline_ns < armed)
                armed = timers[i].deadline_ns;
        CHECK(armed_tsc <= MAX(armed, rested_ns));
        now_ns += (uint64_t)(rand() % 1000);
        due = 0;
        for (unsigned i = 0; i < COUNT; i++)
            if (timer_is_armed(&timers[i]) && timers[i].deadline_ns <= now_ns)
                due++;
        last_deadline = 0;
        expired_count = 0;
        timers_run();
        CHECK_EQ(expired_count, due);
        if (due)
            rested_ns = now_ns + TIMER_REST_NS;
    }
}

TEST(later_deadlines_cost_no_exit)
{
    timer_init(&timers[0], on_expired);
    timer_init(&timers[1], on_expired);
    timer_arm(&timers[0], 100);
    CHECK_EQ(arm_count, 1);
    timer_arm(&timers[1], 200);
    timer_cancel(&timers[0]);
    timer_arm(&timers[0], 300);
    CHECK_EQ(arm_count, 1);
    now_ns = 100; /* nobody wants this any more */
    timers_run();
    CHECK_EQ(expired_count, 0);
    CHECK_EQ(arm_count, 2);
    CHECK_EQ(armed_tsc, 200);
}

static void rearm(struct timer *t)
{
    expired_count++;
    if (expired_count < 5)
        timer_arm(t, t->deadline_ns + 10);
}

TEST(may_arm_itself_when_it_expires)
{
    timer_init(&timers[0], rearm);
    timer_arm(&timers[0], 10);
    now_ns = 35;
    timers_run();
    CHECK_EQ(expired_count, 3);
    CHECK_EQ(armed_tsc, 35 + TIMER_REST_NS);
    now_ns = 1000;
    timers_run();
    CHECK_EQ(expired_count, 5);
    CHECK(!timer_is_armed(&timers[0]));
}

static void rearm_at_once(struct timer *t)
{
    timer_arm(t, now_ns + 1);
}

TEST(a_storm_leaves_time_between_interrupts)
{
    timer_init(&timers[0], rearm_at_once);
    timer_init(&timers[1], rearm_at_once);
    timer_arm(&timers[0], 10);
    timer_arm(&timers[1], 11);
    for (unsigned i = 0; i < 10; i++) {
        now_ns = armed_tsc;
        timers_fired();
        timers_run();
        CHECK(armed_tsc >= now_ns + TIMER_REST_NS);
    }
}

static void cancel_other(struct timer *t)
{
    (void)t;
    timer_cancel(&timers[1]);
}

TEST(may_cancel_another_that_is_due)
{
    timer_init(&timers[0], cancel_other);
    timer_init(&timers[1], on_expired);
    timer_arm(&timers[0], 10);
    timer_arm(&timers[1], 11);
    now_ns = 20;
    timers_run();
    CHECK_EQ(expired_count, 0);
}
