/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm.h - the virtual machine: KVM's descriptors and the guest's memory.
 *
 * What:      one VM with its virtual CPUs and no in-kernel interrupt
 *            controller (creating one costs 7 ms on nested hosts, and the
 *            guest needs one vector only).
 * Ownership: the process: nothing is undone but by its end. A struct vcpu is
 *            its thread's; what others touch is atomic, and said there.
 * Context:   all but gmem before the threads start.
 * Errors:    -errno and a fault that says what to do.
 * Units:     _pa guest-physical, lengths in bytes.
 */
#ifndef MONITOR_VM_H
#define MONITOR_VM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "abi/cpu_tables.h"
#include "abi/hypercall.h"
#include "image/image.h"
#include "monitor/gmem.h"

struct fault;

#define VM_PAGE     4096ull
#define VM_LARGE    (2ull << 20)
#define VM_FIXED_PA 0x10000ull /* page tables and descriptors */

struct vm;

struct vcpu {
    struct vm *vm;
    unsigned index;
    int fd;
    struct kvm_run *run; /* others set immediate_exit, and nothing else */
    struct hypercall_page *page; /* in guest memory: nothing of it is trusted */
    struct cpu_state state;      /* its first registers */
    int tid;
    int wake_fd;         /* eventfd; -1: no other thread would wake it */
    uint32_t is_started; /* atomic: HYPERCALL_CPU_START */
    uint32_t is_parked;  /* atomic: in control_park() */
    uint32_t is_waiting; /* atomic: in events_wait(), wake_fd is watched */
    timer_t timer;
    uint64_t timer_tsc; /* the guest's deadline; 0: none */
    uint64_t armed_tsc; /* when the host's timer fires; 0: not armed */
};

struct vm {
    int kvm_fd, vm_fd;
    unsigned cpu_count; /* set before vm_create(), */
    bool has_net;       /* as this is */
    struct vcpu vcpu[CPU_MAX];
    struct gmem mem;
    unsigned slot_count;
    struct image image;
    uint8_t *fixed; /* the pages at VM_FIXED_PA */
    gpa_t ram_pa;
    uint64_t ram_len;
    uint64_t kernel_va;
    uint64_t direct_va;
    uint64_t bootinfo_va;
    uint64_t tsc_khz;
    uint64_t xcr0;         /* 0: there is no XSAVE */
    uint64_t cr4_features; /* that the CPU has, CPU_CR4_ in cpu_tables.h */
};

MUST_CHECK int vm_open(struct vm *vm, const char *kvm_path,
                       struct fault *fault);
MUST_CHECK int vm_create(struct vm *vm, struct fault *fault);
/* Who may write there. A guest's store where it may not is an MMIO exit. */
enum vm_slot_kind {
    VM_SLOT_IMAGE,  /* nobody */
    VM_SLOT_TABLES, /* the guest's CPU, and so the guest; we not for it */
    VM_SLOT_RAM,    /* all */
};

/* Make host memory guest memory. */
MUST_CHECK int vm_add_slot(struct vm *vm, gpa_t gpa, uint64_t len, void *host,
                           enum vm_slot_kind kind, struct fault *fault);
/* Close what running does not need. */
void vm_seal(struct vm *vm);

#endif
