/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.c - see vcpu.h.
 *
 * Why immediate_exit is cleared first: a signal before that is seen by
 * events_deliver(), a signal after it makes KVM_RUN return at once. None is
 * lost, and no signal mask needs to be changed. The main thread is CPU 0's.
 */
#include "monitor/vcpu.h"

#include <errno.h>
#include <linux/futex.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/monitor_net.h"
#include "host/fault.h"

#include "monitor/arch/arch.h"
#include "monitor/console.h"
#include "monitor/control.h"
#include "monitor/devices/net.h"
#include "monitor/events.h"
#include "monitor/hypercall.h"
#include "monitor/report.h"

#define REASON_MAX 40u
#define STACK_LEN  (256u << 10)

static struct {
    bool enabled;
    uint64_t by_reason[REASON_MAX];
    uint64_t interrupted;
    uint64_t calls[HYPERCALL_MAX + 1];
} counts;

static void count(uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

void vcpu_count_exits(void)
{
    counts.enabled = true;
}

void vcpu_dump_exits(void)
{
    static const char *const names[] = {
        [HYPERCALL_WRITE] = "write",       [HYPERCALL_READ] = "read",
        [HYPERCALL_WAIT] = "wait",         [HYPERCALL_EXIT] = "exit",
        [HYPERCALL_TIMER] = "timer",       [HYPERCALL_TTY] = "tty",
        [HYPERCALL_PANIC] = "panic",       [HYPERCALL_FDSTAT] = "fdstat",
        [HYPERCALL_CRASH] = "crash",       [HYPERCALL_CPU_START] = "cpu start",
        [HYPERCALL_KICK] = "kick",         [HYPERCALL_YIELD] = "yield",
        [HYPERCALL_TIME] = "time",         [HYPERCALL_NET_START] = "net start",
        [HYPERCALL_LEFT_OUT] = "left out", [HYPERCALL_DEBUG] = "debug",
    };

    if (!counts.enabled)
        return;
    counts.enabled = false;
    for (unsigned i = 0; i < REASON_MAX; i++)
        if (counts.by_reason[i])
            report_message("exits: KVM reason %u: %lu", i, counts.by_reason[i]);
    for (unsigned i = 1; i <= HYPERCALL_MAX; i++)
        if (counts.calls[i])
            report_message("exits: hypercall %s: %lu", names[i],
                           counts.calls[i]);
    net_dump();
    report_message("exits: interrupted by a signal: %lu", counts.interrupted);
}

static void handle_io(struct vcpu *cpu)
{
    const struct kvm_run *run = cpu->run;
    uint32_t nr;

    if (run->io.port == MONITOR_NET_PORT) {
        net_notified(); /* of either queue, and both are looked at */
        return;
    }
    if (run->io.port != HYPERCALL_PORT || run->io.size != sizeof(nr) ||
        run->io.count != 1 || run->io.direction != KVM_EXIT_IO_OUT)
        report_guest(cpu, "it used I/O port 0x%x, which it does not have",
                     run->io.port);
    /* KVM's own page: the guest cannot write to it. */
    memcpy(&nr, (const uint8_t *)run + run->io.data_offset, sizeof(nr));
    if (nr <= HYPERCALL_MAX)
        count(&counts.calls[nr]);
    hypercall_handle(cpu, nr);
}

static void handle_mmio(struct vcpu *cpu)
{
    const struct kvm_run *run = cpu->run;

    if (run->mmio.is_write &&
        arch_fixed_write(cpu->vm, run->mmio.phys_addr, run->mmio.data,
                         run->mmio.len) == 0)
        return;
    report_guest(cpu, "it %s physical address 0x%llx, which is %s",
                 run->mmio.is_write ? "wrote to" : "read",
                 (unsigned long long)run->mmio.phys_addr,
                 run->mmio.is_write ? "read-only or not memory" : "not memory");
}

static void handle_exit(struct vcpu *cpu)
{
    const struct kvm_run *run = cpu->run;

    switch (run->exit_reason) {
    case KVM_EXIT_IO:
        handle_io(cpu);
        break;
    case KVM_EXIT_MMIO:
        handle_mmio(cpu);
        break;
    case KVM_EXIT_IRQ_WINDOW_OPEN:
    case KVM_EXIT_INTR:
        break;
    case KVM_EXIT_SHUTDOWN:
        report_guest(cpu, "a fault while handling a fault (triple fault)");
    case KVM_EXIT_HLT:
        report_guest(cpu, "it halted the CPU instead of asking to sleep");
    case KVM_EXIT_FAIL_ENTRY:
        report_guest(
            cpu, "the CPU refuses its state (reason 0x%llx)",
            (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
    case KVM_EXIT_INTERNAL_ERROR:
        report_guest(cpu, "KVM cannot continue it (internal error %u)",
                     run->internal.suberror);
    default:
        report_guest(cpu, "KVM stopped it for the unexpected reason %u",
                     run->exit_reason);
    }
}

void vcpu_run(struct vcpu *cpu)
{
    for (;;) {
        __atomic_store_n(&cpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
        control_park(cpu);
        events_deliver(cpu);
        if (ioctl(cpu->fd, KVM_RUN, 0) == 0) {
            if (cpu->run->exit_reason < REASON_MAX)
                count(&counts.by_reason[cpu->run->exit_reason]);
            handle_exit(cpu);
        } else if (errno == EINTR || errno == EAGAIN) {
            count(&counts.interrupted);
        } else if (errno == EFAULT) {
            report_guest(cpu, "a page of its memory cannot be had: the host "
                              "is out of memory, or the image file was "
                              "shortened while it ran");
        } else {
            report_guest(cpu, "KVM_RUN failed: %s", strerror(errno));
        }
    }
}

/* ---- the threads of CPU 1 and on ---- */

static void futex_wait(uint32_t *word, uint32_t while_value)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == while_value)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_value, NULL);
}

static void futex_post(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

struct birth {
    struct vcpu *cpu;
    int err;
    uint32_t is_ready;
};

static void *thread_main(void *arg)
{
    struct birth *b = arg;
    struct vcpu *cpu = b->cpu;

    b->err = events_init_cpu(cpu);
    futex_post(&b->is_ready, 1); /* b is gone from here */
    futex_wait(&cpu->is_started, 0);
    vcpu_run(cpu);
}

static int thread_create(struct vcpu *cpu, const pthread_attr_t *attr)
{
    struct birth b = { .cpu = cpu };
    pthread_t thread;
    int err = pthread_create(&thread, attr, thread_main, &b);

    if (err)
        return -err;
    futex_wait(&b.is_ready, 0);
    return b.err;
}

int vcpu_create_threads(struct vm *vm, struct fault *fault)
{
    pthread_attr_t attr;
    sigset_t old;
    int err = 0;

    if (vm->cpu_count == 1)
        return 0;
    /* A heap of each thread's own would take calls that the sandbox forbids. */
    mallopt(M_ARENA_MAX, 1);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_LEN);
    sigprocmask(SIG_SETMASK, NULL, &old);
    events_block_signals(); /* inherited by the threads */
    for (unsigned i = 1; i < vm->cpu_count && err == 0; i++)
        err = thread_create(&vm->vcpu[i], &attr);
    sigprocmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (err)
        return fault_sys(fault, -err,
                         "cannot start a thread for each of the guest's %u "
                         "CPUs; try fewer --cpus, or raise ulimit -u",
                         vm->cpu_count);
    return 0;
}

int vcpu_start(struct vm *vm, uint64_t index)
{
    if (index == 0 || index >= vm->cpu_count)
        return -EINVAL;
    if (__atomic_load_n(&vm->vcpu[index].is_started, __ATOMIC_ACQUIRE))
        return -EALREADY;
    futex_post(&vm->vcpu[index].is_started, 1);
    return 0;
}
