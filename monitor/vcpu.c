/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.c - see vcpu.h.
 *
 * Why immediate_exit is cleared first: a signal before that is seen by
 * events_deliver(), a signal after it makes KVM_RUN return at once. None is
 * lost, and no signal mask needs to be changed.
 */
#include "monitor/vcpu.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "monitor/arch/arch.h"
#include "monitor/console.h"
#include "monitor/events.h"
#include "monitor/hypercall.h"
#include "monitor/report.h"

#define REASON_MAX 40u

static struct {
    bool enabled;
    uint64_t by_reason[REASON_MAX];
    uint64_t interrupted;
    uint64_t calls[HYPERCALL_CRASH + 1];
} counts;

void vcpu_count_exits(void)
{
    counts.enabled = true;
}

void vcpu_dump_exits(void)
{
    static const char *const names[] = {
        [HYPERCALL_WRITE] = "write", [HYPERCALL_READ] = "read",
        [HYPERCALL_WAIT] = "wait",   [HYPERCALL_EXIT] = "exit",
        [HYPERCALL_TIMER] = "timer", [HYPERCALL_TTY] = "tty",
        [HYPERCALL_PANIC] = "panic", [HYPERCALL_FDSTAT] = "fdstat",
        [HYPERCALL_CRASH] = "crash",
    };

    if (!counts.enabled)
        return;
    counts.enabled = false;
    for (unsigned i = 0; i < REASON_MAX; i++)
        if (counts.by_reason[i])
            report_message("exits: KVM reason %u: %lu", i, counts.by_reason[i]);
    for (unsigned i = 1; i <= HYPERCALL_CRASH; i++)
        if (counts.calls[i])
            report_message("exits: hypercall %s: %lu", names[i],
                           counts.calls[i]);
    report_message("exits: interrupted by a signal: %lu", counts.interrupted);
}

static void handle_io(struct vm *vm)
{
    const struct kvm_run *run = vm->run;
    uint32_t nr;

    if (run->io.port != HYPERCALL_PORT || run->io.size != sizeof(nr) ||
        run->io.count != 1 || run->io.direction != KVM_EXIT_IO_OUT)
        report_guest(vm, "it used I/O port 0x%x, which it does not have",
                     run->io.port);
    /* KVM's own page: the guest cannot write to it. */
    memcpy(&nr, (const uint8_t *)run + run->io.data_offset, sizeof(nr));
    if (nr <= HYPERCALL_CRASH)
        counts.calls[nr]++;
    hypercall_handle(vm, nr);
}

static void handle_mmio(struct vm *vm)
{
    const struct kvm_run *run = vm->run;

    if (run->mmio.is_write &&
        arch_fixed_write(vm, run->mmio.phys_addr, run->mmio.data,
                         run->mmio.len) == 0)
        return;
    report_guest(vm, "it %s physical address 0x%llx, which is %s",
                 run->mmio.is_write ? "wrote to" : "read",
                 (unsigned long long)run->mmio.phys_addr,
                 run->mmio.is_write ? "read-only or not memory" : "not memory");
}

static void handle_exit(struct vm *vm)
{
    const struct kvm_run *run = vm->run;

    switch (run->exit_reason) {
    case KVM_EXIT_IO:
        handle_io(vm);
        break;
    case KVM_EXIT_MMIO:
        handle_mmio(vm);
        break;
    case KVM_EXIT_IRQ_WINDOW_OPEN:
    case KVM_EXIT_INTR:
        break;
    case KVM_EXIT_SHUTDOWN:
        report_guest(vm, "a fault while handling a fault (triple fault)");
    case KVM_EXIT_HLT:
        report_guest(vm, "it halted the CPU instead of asking to sleep");
    case KVM_EXIT_FAIL_ENTRY:
        report_guest(
            vm, "the CPU refuses its state (reason 0x%llx)",
            (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
    case KVM_EXIT_INTERNAL_ERROR:
        report_guest(vm, "KVM cannot continue it (internal error %u)",
                     run->internal.suberror);
    default:
        report_guest(vm, "KVM stopped it for the unexpected reason %u",
                     run->exit_reason);
    }
}

void vcpu_run(struct vm *vm)
{
    for (;;) {
        *(volatile uint8_t *)&vm->run->immediate_exit = 0;
        events_deliver(vm);
        if (ioctl(vm->vcpu_fd, KVM_RUN, 0) == 0) {
            if (vm->run->exit_reason < REASON_MAX)
                counts.by_reason[vm->run->exit_reason]++;
            handle_exit(vm);
        } else if (errno == EINTR || errno == EAGAIN) {
            counts.interrupted++;
        } else if (errno == EFAULT) {
            report_guest(vm, "a page of its memory cannot be had: the host is "
                             "out of memory, or the image file was shortened "
                             "while it ran");
        } else {
            report_guest(vm, "KVM_RUN failed: %s", strerror(errno));
        }
    }
}
