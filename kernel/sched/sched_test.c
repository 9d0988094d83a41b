/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched_test.c - scheduler, wait queues and futexes, run on the host.
 *
 * Method: the real code above a fake machine. Each kernel thread is a host
 * thread, and arch_switch() lets exactly one of them run; time stands still
 * unless a test or an idle CPU moves it, so every order is exact.
 */
#include <pthread.h>
#include <semaphore.h>

#include "tests/unit.h"

/* The kernel reads a tick counter that we turn by hand: 1 tick is 1 ns. */
static uint64_t fake_now;
#define arch_cycles arch_cycles_of_the_host
#include "arch/arch.h"
#undef arch_cycles
#define arch_cycles() fake_now

#include "kernel/sched/futex.c"
#include "kernel/sched/thread.c"
#include "kernel/sched/wait.c"
#include "kernel/time/timer.c"

/* ---- the machine ---- */

struct fake_cpu_state {
    sem_t run;
    struct regs regs;
    struct thread *thread;
};

static uint64_t fake_armed;
static unsigned fake_arm_count;
static bool fake_work;
static struct process process;
static struct thread first;
static struct fake_cpu_state first_state;

uint64_t clock_mono_ns(void)
{
    return fake_now;
}
uint64_t clock_tsc_of_mono(uint64_t mono_ns)
{
    return mono_ns;
}
uint64_t clock_ns_of_cycles(uint64_t cycles)
{
    return cycles;
}
void arch_timer_arm(uint64_t tsc)
{
    fake_armed = tsc;
    fake_arm_count++;
}
void arch_work_set(void)
{
    fake_work = true;
}
void arch_irq_poll(void)
{
    if (fake_armed && fake_now >= fake_armed)
        timers_run();
}
void arch_idle(void)
{
    if (fake_armed <= fake_now) {
        printf("# every thread sleeps and no timer runs\n");
        unit_end(UNIT_EXIT_FAIL);
    }
    fake_now = fake_armed;
}
uint64_t arch_linux_rip(uint64_t rip)
{
    return rip;
}
uint64_t arch_real_rip(uint64_t rip)
{
    return rip;
}

static void *host_thread(void *arg)
{
    struct fake_cpu_state *s = arg;

    sem_wait(&s->run);
    ((void (*)(uint64_t))s->regs.rip)(s->regs.rdi);
    thread_exit();
}

int arch_thread_init(struct arch_thread *t, void *kstack,
                     const struct regs *regs)
{
    struct fake_cpu_state *s = calloc(1, sizeof(*s));
    pthread_t id;

    (void)kstack;
    s->regs = *regs;
    sem_init(&s->run, 0, 0);
    t->xstate = s;
    return pthread_create(&id, NULL, host_thread, s) ? -ENOMEM : 0;
}

void arch_thread_fini(struct arch_thread *t)
{
    t->xstate = NULL; /* a host thread hangs in it for ever */
}

void arch_switch(struct thread *prev, struct thread *next)
{
    struct fake_cpu_state *from = prev->arch.xstate;
    struct fake_cpu_state *to = next->arch.xstate;

    sem_post(&to->run);
    sem_wait(&from->run);
}

void *kmalloc(size_t len)
{
    return malloc(len);
}
void kfree(void *p)
{
    free(p);
}
void panic(const char *format, ...)
{
    printf("# panic: %s\n", format);
    unit_end(UNIT_EXIT_FAIL);
    abort();
}
void rseq_abort(struct regs *regs)
{
    (void)regs;
}

/* ---- the program's memory is ours ---- */

int user_get32(uint32_t *dst, uaddr_t src)
{
    if (src < 4096)
        return -EFAULT;
    *dst = *(uint32_t *)src;
    return 0;
}
int user_get64(uint64_t *dst, uaddr_t src)
{
    if (src < 4096)
        return -EFAULT;
    *dst = *(uint64_t *)src;
    return 0;
}
int user_put32(uaddr_t dst, uint32_t value)
{
    *(uint32_t *)dst = value;
    return 0;
}
int user_cmpxchg32(uaddr_t p, uint32_t old, uint32_t new_value,
                   uint32_t *seen_out)
{
    *seen_out = *(uint32_t *)p;
    if (*seen_out == old)
        *(uint32_t *)p = new_value;
    return 0;
}
bool user_range_ok(uaddr_t p, size_t len)
{
    return p >= 4096 && p + len < ARCH_USER_MAX;
}

/* ---- threads without files and signals ---- */

struct thread *thread_find(int tid)
{
    LIST_FOR_EACH(it, &process.threads)
    {
        struct thread *t = LIST_ENTRY(it, struct thread, process_link);

        if (tid == 0 || t->tid == tid)
            return t;
    }
    return NULL;
}

void thread_exit(void)
{
    futex_thread_exit();
    thread_die();
}

static void boot(void)
{
    fake_now = 1;
    list_init(&process.threads);
    first.process = &process;
    first.tid = process.pid = 1;
    sem_init(&first_state.run, 0, 0);
    first.arch.xstate = &first_state;
    thread_sched_init(&first, NULL);
    list_push_back(&process.threads, &first.process_link);
    process.thread_count = 1;
}

static struct thread *spawn_asleep(void (*run)(uint64_t), uint64_t arg)
{
    struct regs regs = { .rip = (uint64_t)run, .rdi = arg };
    struct thread *t = thread_alloc(&regs);

    thread_sched_init(t, thread_current());
    t->process = &process;
    t->tid = ++process.last_tid + 1;
    list_push_back(&process.threads, &t->process_link);
    process.thread_count++;
    return t;
}

static struct thread *spawn(void (*run)(uint64_t), uint64_t arg)
{
    struct thread *t = spawn_asleep(run, arg);

    thread_wake(t);
    return t;
}

/* Spend CPU time, taking interrupts and preemption as the exit path does. */
static void burn(uint64_t ns)
{
    struct regs regs = { 0 };

    while (ns > 0) {
        uint64_t step = MIN(ns, 100000ul);

        fake_now += step;
        ns -= step;
        arch_irq_poll();
        if (fake_work) {
            fake_work = false;
            thread_return_work(&regs);
        }
    }
}

static void sleep_ns(uint64_t ns)
{
    thread_wake_clear();
    CHECK_EQ(thread_sleep(fake_now + ns), -ETIMEDOUT);
}

static char trace[256];
static void note(char c)
{
    size_t n = strlen(trace);

    if (n + 1 < sizeof(trace))
        trace[n] = c;
}

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

/* ---- futexes ---- */

#define ADDR(word) ((uaddr_t)(uintptr_t) & (word))
static uint32_t word, word2;

static void futex_waiter(uint64_t name)
{
    int err = futex_wait(ADDR(word), 0, FUTEX_BITSET_MATCH_ANY, WAIT_FOREVER);

    note(err ? '!' : (char)name);
}

TEST(futex_refuses_bad_arguments)
{
    boot();
    CHECK_EQ(futex_wait(ADDR(word) + 1, 0, 1, 0), -EINVAL);
    CHECK_EQ(futex_wait(ADDR(word), 0, 0, 0), -EINVAL);
    CHECK_EQ(futex_wait(ADDR(word), 1, 1, 0), -EAGAIN);
    CHECK_EQ(futex_wait(16, 0, 1, 0), -EFAULT);
    CHECK_EQ(futex_wait(ADDR(word), 0, 1, fake_now + 9), -ETIMEDOUT);
    CHECK_EQ(futex_wake(16, 1, 1), -EFAULT);
    CHECK_EQ(futex_wake(ADDR(word), 1, 1), 0);
}

TEST(futex_wakes_in_order_and_counts)
{
    boot();
    for (int i = 0; i < 4; i++)
        spawn(futex_waiter, (uint64_t)('a' + i));
    thread_yield();
    CHECK_EQ(futex_wake(ADDR(word), 2, FUTEX_BITSET_MATCH_ANY), 2);
    thread_yield();
    CHECK_STR_EQ(trace, "ab");
    CHECK_EQ(futex_wake(ADDR(word), 9, FUTEX_BITSET_MATCH_ANY), 2);
    thread_yield();
    CHECK_STR_EQ(trace, "abcd");
}

TEST(futex_requeue_moves_sleepers)
{
    uint32_t wrong = 7, right = 0;

    boot();
    for (int i = 0; i < 4; i++)
        spawn(futex_waiter, (uint64_t)('a' + i));
    thread_yield();
    CHECK_EQ(futex_requeue(ADDR(word), ADDR(word2), 1, 9, &wrong), -EAGAIN);
    CHECK_EQ(futex_requeue(ADDR(word), ADDR(word2), 1, 2, &right), 3);
    thread_yield();
    CHECK_STR_EQ(trace, "a");
    CHECK_EQ(futex_wake(ADDR(word2), 9, FUTEX_BITSET_MATCH_ANY), 2);
    CHECK_EQ(futex_wake(ADDR(word), 9, FUTEX_BITSET_MATCH_ANY), 1);
    thread_yield();
    CHECK_STR_EQ(trace, "abcd");
}

TEST(futex_wake_op_computes_and_compares)
{
    uint32_t op = FUTEX_OP(FUTEX_OP_ADD, 0xfff, FUTEX_OP_CMP_GT, 4);

    boot();
    word2 = 5;
    spawn(futex_waiter, 'a');
    thread_yield();
    CHECK_EQ(futex_wake_op(ADDR(word2), ADDR(word2), 1, 1, op), 0);
    CHECK_EQ(word2, 4); /* the argument is signed: -1 */
    CHECK_EQ(futex_wake_op(ADDR(word), ADDR(word2), 1, 1, op), 1);
    CHECK_EQ(word2, 3);
    thread_yield();
    CHECK_STR_EQ(trace, "a");
}

static void many_waiter(uint64_t name)
{
    struct futex_waiter w[2] = { { .addr = ADDR(word) },
                                 { .addr = ADDR(word2) } };
    uint32_t expected[2] = { 0, 0 };

    note((char)('0' + futex_wait_many(w, expected, 2, WAIT_FOREVER)));
    note((char)name);
}

TEST(futex_wait_many_tells_which)
{
    boot();
    spawn(many_waiter, 'm');
    thread_yield();
    CHECK_EQ(futex_wake(ADDR(word2), 1, FUTEX_BITSET_MATCH_ANY), 1);
    thread_yield();
    CHECK_STR_EQ(trace, "1m");
    CHECK_EQ(futex_wake(ADDR(word), 1, FUTEX_BITSET_MATCH_ANY), 0);
}

static void pi_taker(uint64_t name)
{
    CHECK_EQ(futex_lock_pi(ADDR(word), WAIT_FOREVER), 0);
    note((char)name);
    CHECK_EQ(futex_unlock_pi(ADDR(word)), 0);
}

TEST(pi_lock_goes_to_the_highest_priority)
{
    boot();
    CHECK_EQ(futex_lock_pi(ADDR(word), WAIT_FOREVER), 0);
    CHECK_EQ(word, 1);
    CHECK_EQ(futex_lock_pi(ADDR(word), WAIT_FOREVER), -EDEADLK);
    spawn(pi_taker, 'n');
    thread_set_policy(spawn(pi_taker, 'r'), SCHED_RR, 10);
    burn(1);
    thread_yield();
    CHECK_EQ(word, 1 | FUTEX_WAITERS);
    CHECK_EQ(futex_unlock_pi(ADDR(word)), 0);
    CHECK_EQ(word & FUTEX_TID_MASK, 3);
    burn(1);
    thread_yield();
    CHECK_STR_EQ(trace, "rn");
    CHECK_EQ(word, 0);
    CHECK_EQ(futex_unlock_pi(ADDR(word)), -EPERM);
}

static struct {
    uint64_t head, offset, pending;
} robust;
static struct {
    uint64_t next;
    uint32_t lock;
} node;

static void dies_with_lock(uint64_t name)
{
    struct thread *t = thread_current();

    (void)name;
    robust.head = ADDR(node);
    robust.offset = (uint64_t)((char *)&node.lock - (char *)&node);
    node.next = ADDR(robust);
    node.lock = (uint32_t)t->tid | FUTEX_WAITERS;
    t->robust_list = ADDR(robust);
    t->clear_child_tid = ADDR(word);
    word = 77;
}

TEST(a_dying_thread_gives_its_locks_and_tid_back)
{
    boot();
    spawn(dies_with_lock, 0);
    thread_yield();
    CHECK_EQ(node.lock, FUTEX_WAITERS | FUTEX_OWNER_DIED);
    CHECK_EQ(word, 0);
    CHECK_EQ(process.thread_count, 1);
}

TEST(a_circular_robust_list_ends)
{
    boot();
    robust.head = ADDR(node);
    robust.offset = (uint64_t)((char *)&node.lock - (char *)&node);
    node.next = ADDR(node); /* never comes back to the head */
    first.robust_list = ADDR(robust);
    futex_thread_exit();
    CHECK_EQ(first.robust_list, 0);
}
