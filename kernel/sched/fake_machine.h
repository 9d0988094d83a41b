/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_machine.h - what the scheduler's unit tests run on: only for them.
 *
 * The real code above a fake machine. Each kernel thread is a host thread, and
 * arch_switch() lets exactly one of them run; time stands still unless a test
 * or an idle CPU moves it, so every order is exact.
 */
#ifndef SCHED_FAKE_MACHINE_H
#define SCHED_FAKE_MACHINE_H

#include <pthread.h>
#include <semaphore.h>

#include "tests/unit.h"

/* The kernel reads a tick counter that we turn by hand: 1 tick is 1 ns. */
static uint64_t fake_now;
#define arch_cycles arch_cycles_of_the_host
#include "arch/arch.h"
#undef arch_cycles
#define arch_cycles() fake_now

#include "kernel/sched/balance.c"
#include "kernel/sched/cputime.c"
#include "kernel/sched/futex.c"
#include "kernel/sched/futex_exit.c"
#include "kernel/sched/futex_pi.c"
#include "kernel/sched/idle.c"
#include "kernel/sched/runq.c"
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

struct thread *thread_current_ptr;
struct runq *runq_mine_ptr;
struct spinlock kernel_lock;

unsigned arch_cpu_count(void)
{
    return 1;
}
void arch_cpus_start(void (*run)(void))
{
    (void)run;
}
void arch_cpu_kick(unsigned cpu_number)
{
    (void)cpu_number;
}
int arch_thread_init_kernel(struct arch_thread *t, void *kstack,
                            void (*fn)(void))
{
    (void)t, (void)kstack, (void)fn;
    return -ENOMEM;
}
bool arch_irq_pending(void)
{
    return fake_armed && fake_now >= fake_armed;
}
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
void arch_sample_after(struct arch_thread *t, uint32_t n)
{
    (void)t, (void)n;
}
void arch_work_set(void)
{
    fake_work = true;
}
void arch_resched_set(void)
{
    fake_work = true;
}
void arch_resched_clear(void)
{
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
    thread_begin();
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

int arch_thread_may_switch(struct arch_thread *t)
{
    return t->xstate ? 0 : -ENOMEM;
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
void rseq_moved(void)
{
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
/* One page of one object, mapped shared where the test says. */
static uaddr_t fake_object_start;
static unsigned fake_object_refs;
static void fake_object_ref(struct vm_object *obj)
{
    (void)obj;
    fake_object_refs++;
}
static void fake_object_unref(struct vm_object *obj)
{
    (void)obj;
    fake_object_refs--;
}
struct vm_object *space_shared_object(struct space *s, uaddr_t va,
                                      uint64_t *off_out)
{
    static const struct vm_object_ops ops = { .ref = fake_object_ref,
                                              .unref = fake_object_unref };
    static struct vm_object object = { .ops = &ops };

    (void)s;
    if (va < fake_object_start || va >= fake_object_start + 4)
        return NULL;
    *off_out = va - fake_object_start;
    return &object;
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

#endif
