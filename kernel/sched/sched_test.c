/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched_test.c - scheduler and wait queues, run on the host.
 */
#include "kernel/sched/fake_machine.h"

/* ---- scheduling ---- */

static void run_three_times(uint64_t name)
{
    for (int i = 0; i < 3; i++) {
        note((char)name);
        thread_yield();
    }
}

TEST(yield_goes_round)
{
    boot();
    spawn(run_three_times, 'a');
    spawn(run_three_times, 'b');
    while (process.thread_count > 1) {
        note('.');
        thread_yield();
    }
    CHECK_STR_EQ(trace, ".ab.ab.ab.");
}

static void note_once(uint64_t name)
{
    note((char)name);
}

/* What the creator does next, such as to store the id, many take for done. */
TEST(a_new_thread_does_not_go_before_its_creator)
{
    boot();
    burn(4 * WAKE_LEAD);
    spawn(note_once, 'a');
    burn(100000); /* long enough for the exit path to look */
    note('.');
    while (process.thread_count > 1)
        thread_yield();
    CHECK_STR_EQ(trace, ".a");
}

static uint64_t burned[4];
static bool stop;

static void burner(uint64_t i)
{
    while (!stop) {
        burn(1000000);
        burned[i]++;
    }
}

TEST(spinners_share_and_a_sleeper_is_not_starved)
{
    uint64_t late_max = 0;

    boot();
    spawn(burner, 0);
    spawn(burner, 1);
    for (int i = 0; i < 100; i++) {
        uint64_t due = fake_now + 10000000;

        sleep_ns(10000000);
        late_max = MAX(late_max, fake_now - due);
    }
    stop = true;
    CHECK(late_max <= 2 * SLICE);
    CHECK(burned[0] + burned[1] > 900);
    CHECK(burned[0] > 400 && burned[1] > 400);
}

TEST(nice_weighs_cpu_time)
{
    boot();
    spawn(burner, 0);
    thread_set_nice(spawn(burner, 1), 5);
    for (int i = 0; i < 400; i++)
        sleep_ns(10000000);
    stop = true;
    /* 1.25^5 is 3.05 */
    CHECK(burned[0] > burned[1] * 28 / 10);
    CHECK(burned[0] < burned[1] * 34 / 10);
}

TEST(realtime_goes_first_and_fifo_is_not_sliced)
{
    struct thread *t;

    boot();
    thread_set_policy(&first, SCHED_FIFO, 50);
    t = spawn(run_three_times, 'n');
    thread_set_policy(t, SCHED_NORMAL, 0);
    t = spawn(run_three_times, 'r');
    thread_set_policy(t, SCHED_FIFO, 60);
    CHECK(first.need_resched); /* 60 came to be ready under 50 */
    burn(1);
    CHECK_STR_EQ(trace, "rrr");
    burn(1000000000);
    CHECK_STR_EQ(trace, "rrr");
    thread_set_policy(&first, SCHED_NORMAL, 0);
    burn(1000000000);
    CHECK_STR_EQ(trace, "rrrnnn");
}

TEST(one_thread_arms_no_timer)
{
    boot();
    burn(1000000000);
    CHECK_EQ(fake_arm_count, 0);
}

static void ping(uint64_t peer)
{
    for (int i = 0; i < 1000; i++) {
        while (!thread_current()->woken)
            if (thread_sleep(WAIT_FOREVER) != 0)
                return;
        thread_wake_clear();
        fake_now += 1000;
        thread_wake((struct thread *)peer);
    }
}

TEST(handing_over_seldom_arms_the_timer)
{
    struct thread *t;

    boot();
    t = spawn(ping, (uint64_t)&first);
    thread_wake_clear();
    for (int i = 0; i < 1000; i++) {
        fake_now += 1000;
        thread_wake(t);
        CHECK_EQ(thread_sleep(WAIT_FOREVER), 0);
        thread_wake_clear();
        arch_irq_poll();
    }
    CHECK(fake_arm_count <= 3); /* 2 ms went by: within one slice */
}

TEST(memory_of_dead_threads_is_reused)
{
    struct thread *t, *again;

    boot();
    t = spawn(run_three_times, 'x');
    while (process.thread_count > 1)
        thread_yield();
    again = spawn_asleep(run_three_times, 'y');
    CHECK_EQ(again, t);
    CHECK_EQ(again->state, THREAD_SLEEPING);
}

/* ---- wait queues ---- */

static struct waitq queue;

static void wait_once(uint64_t name)
{
    int err = waitq_sleep(&queue, WAIT_FOREVER);

    note(err ? '!' : (char)name);
}

TEST(wake_one_takes_the_longest_sleeper)
{
    boot();
    waitq_init(&queue);
    spawn(wait_once, 'a');
    spawn(wait_once, 'b');
    thread_yield();
    waitq_wake_one(&queue);
    thread_yield();
    CHECK_STR_EQ(trace, "a");
    waitq_wake_one(&queue);
    waitq_wake_one(&queue);
    thread_yield();
    CHECK_STR_EQ(trace, "ab");
    CHECK(list_is_empty(&queue.waiters));
}

TEST(two_wakes_before_anyone_runs_reach_two)
{
    boot();
    waitq_init(&queue);
    spawn(wait_once, 'a');
    spawn(wait_once, 'b');
    thread_yield();
    waitq_wake_one(&queue);
    waitq_wake_one(&queue);
    thread_yield();
    CHECK_STR_EQ(trace, "ab");
}

TEST(a_poller_does_not_swallow_a_wake)
{
    struct waiter poller;

    boot();
    waitq_init(&queue);
    waiter_init(&poller);
    waiter_add(&queue, &poller);
    spawn(wait_once, 'a');
    thread_yield();
    thread_wake_clear();
    waitq_wake_one(&queue);
    CHECK(first.woken);
    CHECK(!list_is_empty(&poller.link)); /* stays until removed */
    thread_yield();
    CHECK_STR_EQ(trace, "a");
    waiter_remove(&poller);
}

TEST(signals_end_sleeps_but_lose_no_wake)
{
    struct thread *t;

    boot();
    waitq_init(&queue);
    t = spawn(wait_once, 'a');
    thread_yield();
    thread_interrupt(t);
    thread_yield();
    CHECK_STR_EQ(trace, "!");
    t = spawn(wait_once, 'b');
    thread_yield();
    waitq_wake_one(&queue);
    thread_interrupt(t);
    thread_yield();
    CHECK_STR_EQ(trace, "!b");
}

TEST(a_wake_before_the_sleep_is_remembered)
{
    boot();
    thread_wake_clear();
    thread_wake(&first);
    CHECK_EQ(thread_sleep(WAIT_FOREVER), 0);
    thread_wake_clear();
    CHECK_EQ(thread_sleep(fake_now), -ETIMEDOUT);
    CHECK_EQ(thread_sleep(fake_now + 5000), -ETIMEDOUT);
    CHECK_EQ(fake_now, 5001);
}
