/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.c - the virtual CPU: its features, clock and first registers.
 *
 * Features are what KVM can give on this host, less what needs an interrupt
 * controller that the guest does not have; topology leaves say one CPU.
 */
#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include "host/fault.h"
#include "host/memory.h"
#include "monitor/arch/arch.h"
#include "monitor/check.h"

#define CPUID_ENTRY_MAX 256u

/* x87, SSE, AVX, AVX-512 (three parts), PKRU. AMX is left out: its 8 KiB per
 * thread need a permission from the host first. */
#define XCR0_WANTED 0x2e7ull

#define MSR_IA32_TSC    0x10u
#define MSR_STAR        0xc0000081u
#define MSR_LSTAR       0xc0000082u
#define MSR_SFMASK      0xc0000084u
#define MSR_COUNT       3u
#define TSC_OFFSET_NONE 0ull

uint64_t arch_tsc(void)
{
    return __rdtsc();
}

/* Intel SDM 2A, CPUID; AMD APM 3, appendix E. */
static void cpuid_adjust(struct kvm_cpuid_entry2 *e, uint64_t *cr4,
                         uint64_t *xcr0)
{
    switch (e->function) {
    case 1:
        e->ebx = (e->ebx & 0xffff) | 1u << 16; /* APIC id 0, one CPU */
        e->ecx &=
            ~(1u << 21 | 1u << 24 | 1u << 3); /* x2APIC, deadline, MWAIT */
        if (e->ecx & 1u << 26)
            *cr4 |= CPU_CR4_OSXSAVE;
        break;
    case 4:
    case 0x8000001d: /* caches: shared with nobody */
        e->eax &= 0x3fff;
        break;
    case 7:
        if (e->index != 0)
            break;
        if (e->ebx & 1u)
            *cr4 |= CPU_CR4_FSGSBASE;
        if (e->ecx & 1u << 3)
            *cr4 |= CPU_CR4_PKE;
        break;
    case 0xb:
    case 0x1f: /* topology: level 0 has one, there is no level above */
        e->eax = 0;
        e->ebx = e->index == 0;
        e->ecx = e->index | (e->index == 0 ? 1u << 8 : 0);
        e->edx = 0;
        break;
    case 0xd:
        if (e->index == 0)
            *xcr0 = (e->eax | (uint64_t)e->edx << 32) & XCR0_WANTED;
        break;
    case 0x80000002:
    case 0x80000003:
    case 0x80000004: /* the CPU's name, which KVM leaves out */
        __cpuid(e->function, e->eax, e->ebx, e->ecx, e->edx);
        break;
    case 0x80000008:
        e->ecx &= ~0xf0ffu; /* one thread */
        break;
    case 0x8000001e:
        e->eax = 0;
        e->ebx = 0;
        break;
    default:
        break;
    }
}

static int set_cpuid(struct vm *vm, struct fault *fault)
{
    static union { /* room for the list that head ends with */
        struct kvm_cpuid2 head;
        uint8_t room[sizeof(struct kvm_cpuid2) +
                     CPUID_ENTRY_MAX * sizeof(struct kvm_cpuid_entry2)];
    } c;
    uint64_t xcr0 = 0;

    c.head.nent = CPUID_ENTRY_MAX;
    if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, &c.head) != 0)
        return fault_sys(fault, errno, "KVM does not tell the CPU's features");
    for (unsigned i = 0; i < c.head.nent && i < CPUID_ENTRY_MAX; i++)
        cpuid_adjust(&c.head.entries[i], &vm->cr4_features, &xcr0);
    if (ioctl(vm->vcpu_fd, KVM_SET_CPUID2, &c.head) != 0)
        return fault_sys(fault, errno, "KVM refuses the CPU's features");
    if (!(vm->cr4_features & CPU_CR4_OSXSAVE) || xcr0 == 0)
        return 0;
    struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs = { { .value = xcr0 } } };
    if (ioctl(vm->vcpu_fd, KVM_SET_XCRS, &xcrs) != 0)
        return fault_sys(fault, errno, "KVM refuses the vector state 0x%llx",
                         (unsigned long long)xcr0);
    return 0;
}

static bool set_msr(const struct vm *vm, uint32_t index, uint64_t value)
{
    union {
        struct kvm_msrs head;
        uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
    } msr = { .head = { .nmsrs = 1 } };

    msr.head.entries[0].index = index;
    msr.head.entries[0].data = value;
    return ioctl(vm->vcpu_fd, KVM_SET_MSRS, &msr) == 1;
}

/*
 * The guest's TSC is made equal to the host's, so that both sides of a
 * deadline read the same clock and nothing is lost where a nested host runs
 * the guest's rdtsc natively.
 */
static int set_tsc(struct vm *vm, struct fault *fault)
{
    uint64_t offset = TSC_OFFSET_NONE;
    struct kvm_device_attr attr = {
        .group = KVM_VCPU_TSC_CTRL,
        .attr = KVM_VCPU_TSC_OFFSET,
        .addr = (uint64_t)&offset,
    };
    int khz = ioctl(vm->vcpu_fd, KVM_GET_TSC_KHZ, 0);

    if (khz <= 0)
        return fault_sys(fault, khz < 0 ? errno : ENOTSUP,
                         "KVM does not tell the rate of the clock");
    vm->tsc_khz = (uint64_t)khz;
    if (ioctl(vm->vcpu_fd, KVM_SET_DEVICE_ATTR, &attr) == 0)
        return 0;
    /* Before Linux 5.16: as near as two readings are. */
    if (!set_msr(vm, MSR_IA32_TSC, __rdtsc()))
        return fault_sys(fault, errno, "KVM refuses to set the guest's clock");
    return 0;
}

int arch_prepare(struct vm *vm, struct fault *fault)
{
    int err = set_cpuid(vm, fault);

    return err ? err : set_tsc(vm, fault);
}

/* Linux's user segments, which the GDT describes too (cpu_tables.c). */
static void fill_sregs(const struct cpu_state *cpu, struct kvm_sregs *s)
{
    struct kvm_segment code = { .limit = 0xffffffff,
                                .selector = CPU_USER_CS,
                                .type = 11,
                                .present = 1,
                                .dpl = 3,
                                .s = 1,
                                .l = 1,
                                .g = 1 };
    struct kvm_segment data = { .limit = 0xffffffff,
                                .selector = CPU_USER_SS,
                                .type = 3,
                                .present = 1,
                                .dpl = 3,
                                .db = 1,
                                .s = 1,
                                .g = 1 };

    s->cs = code;
    s->ds = s->es = s->fs = s->gs = s->ss = data;
    s->gs.base = cpu->gs_base;
    s->fs.base = 0;
    s->tr = (struct kvm_segment){ .base = cpu->tss_base,
                                  .limit = cpu->tss_limit,
                                  .selector = CPU_TSS_SEL,
                                  .type = 11, /* busy 64-bit TSS */
                                  .present = 1 };
    s->ldt = (struct kvm_segment){ .unusable = 1 };
    s->gdt.base = cpu->gdt_base;
    s->gdt.limit = (uint16_t)cpu->gdt_limit;
    s->idt.base = cpu->idt_base;
    s->idt.limit = (uint16_t)cpu->idt_limit;
    s->cr0 = cpu->cr0;
    s->cr3 = cpu->cr3;
    s->cr4 = cpu->cr4;
    s->efer = cpu->efer;
}

int arch_start(struct vm *vm, struct fault *fault)
{
    struct kvm_sregs sregs;
    struct kvm_regs regs = {
        .rip = vm->cpu.rip,
        .rsp = vm->cpu.rsp,
        .rdi = vm->bootinfo_va,
        .rflags = 0x202, /* IF */
    };

    if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, &sregs) != 0)
        return fault_sys(fault, errno, "KVM does not tell the registers");
    fill_sregs(&vm->cpu, &sregs);
    if (ioctl(vm->vcpu_fd, KVM_SET_SREGS, &sregs) != 0 ||
        ioctl(vm->vcpu_fd, KVM_SET_REGS, &regs) != 0)
        return fault_sys(fault, errno, "KVM refuses the first registers");
    if (!set_msr(vm, MSR_STAR, vm->cpu.star) ||
        !set_msr(vm, MSR_LSTAR, vm->cpu.lstar) ||
        !set_msr(vm, MSR_SFMASK, vm->cpu.sfmask))
        return fault_sys(fault, errno ? errno : EINVAL,
                         "KVM refuses the registers of `syscall`");
    return 0;
}

int arch_regs_get(const struct vm *vm, struct arch_regs *out)
{
    struct kvm_regs r;
    struct kvm_sregs s;

    memset(out, 0, sizeof(*out));
    if (ioctl(vm->vcpu_fd, KVM_GET_REGS, &r) != 0 ||
        ioctl(vm->vcpu_fd, KVM_GET_SREGS, &s) != 0)
        return -errno;
    out->report = (struct hypercall_report){
        .r15 = r.r15,
        .r14 = r.r14,
        .r13 = r.r13,
        .r12 = r.r12,
        .rbp = r.rbp,
        .rbx = r.rbx,
        .r11 = r.r11,
        .r10 = r.r10,
        .r9 = r.r9,
        .r8 = r.r8,
        .rax = r.rax,
        .rcx = r.rcx,
        .rdx = r.rdx,
        .rsi = r.rsi,
        .rdi = r.rdi,
        .orig_rax = UINT64_MAX,
        .rip = r.rip,
        .cs = s.cs.selector,
        .rflags = r.rflags,
        .rsp = r.rsp,
        .ss = s.ss.selector,
        .cr2 = s.cr2,
        .kernel_va = vm->kernel_va,
    };
    out->cr0 = s.cr0;
    out->cr3 = s.cr3;
    out->cr4 = s.cr4;
    out->efer = s.efer;
    out->fs_base = s.fs.base;
    out->gs_base = s.gs.base;
    return 0;
}
