/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.c - the virtual CPU: its features, clock and first registers.
 *
 * Features are what KVM can give on this host, less what needs an interrupt
 * controller that the guest does not have. The topology leaves say: one socket,
 * a core for each CPU, the CPU's number is its APIC id.
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

/* Intel SDM 2A, CPUID; AMD APM 3, appendix E. What the machine can do. */
static void cpuid_limit(struct kvm_cpuid_entry2 *e, uint64_t *cr4,
                        uint64_t *xcr0)
{
    switch (e->function) {
    case 1:
        e->ecx &=
            ~(1u << 21 | 1u << 24 | 1u << 3); /* x2APIC, deadline, MWAIT */
        if (e->ecx & 1u << 26)
            *cr4 |= CPU_CR4_OSXSAVE;
        break;
    case 7:
        if (e->index != 0)
            break;
        if (e->ebx & 1u)
            *cr4 |= CPU_CR4_FSGSBASE;
        if (e->ecx & 1u << 3)
            *cr4 |= CPU_CR4_PKE;
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
    default:
        break;
    }
}

/* Bits that hold a CPU's number. */
static unsigned id_bits(unsigned cpu_count)
{
    return cpu_count > 1 ? 32 - (unsigned)__builtin_clz(cpu_count - 1) : 0;
}

/* Topology, for CPU `cpu` of `count`. */
static void cpuid_place(struct kvm_cpuid_entry2 *e, unsigned cpu,
                        unsigned count)
{
    switch (e->function) {
    case 1:
        e->ebx = (e->ebx & 0xffff) | count << 16 | cpu << 24;
        e->edx = (e->edx & ~(1u << 28)) | (count > 1 ? 1u << 28 : 0);
        break;
    case 4:
    case 0x8000001d: /* caches: each core has its own */
        e->eax &= 0x3fff;
        if (e->function == 4)
            e->eax |= ((1u << id_bits(count)) - 1) << 26;
        break;
    case 0xb:
    case 0x1f: /* level 0: one thread a core; level 1: the cores */
        e->eax = e->index == 1 ? id_bits(count) : 0;
        e->ebx = e->index == 0 ? 1 : e->index == 1 ? count : 0;
        e->ecx = e->index | (e->index < 2 ? (e->index + 1) << 8 : 0);
        e->edx = cpu;
        break;
    case 0x80000008:
        e->ecx = (e->ecx & ~0xf0ffu) | (count - 1) | id_bits(count) << 12;
        break;
    case 0x8000001e:
        e->eax = cpu;
        e->ebx = cpu;
        break;
    default:
        break;
    }
}

union cpuid_list { /* room for the list that head ends with */
    struct kvm_cpuid2 head;
    uint8_t room[sizeof(struct kvm_cpuid2) +
                 CPUID_ENTRY_MAX * sizeof(struct kvm_cpuid_entry2)];
};

static int set_cpuid(const struct vcpu *cpu, union cpuid_list *c, uint64_t xcr0,
                     struct fault *fault)
{
    struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs = { { .value = xcr0 } } };

    for (unsigned i = 0; i < c->head.nent; i++)
        cpuid_place(&c->head.entries[i], cpu->index, cpu->vm->cpu_count);
    if (ioctl(cpu->fd, KVM_SET_CPUID2, &c->head) != 0)
        return fault_sys(fault, errno, "KVM refuses the CPU's features");
    if (xcr0 != 0 && ioctl(cpu->fd, KVM_SET_XCRS, &xcrs) != 0)
        return fault_sys(fault, errno, "KVM refuses the vector state 0x%llx",
                         (unsigned long long)xcr0);
    return 0;
}

static int set_features(struct vm *vm, struct fault *fault)
{
    static union cpuid_list c;
    int err = 0;

    c.head.nent = CPUID_ENTRY_MAX;
    if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, &c.head) != 0)
        return fault_sys(fault, errno, "KVM does not tell the CPU's features");
    if (c.head.nent > CPUID_ENTRY_MAX)
        c.head.nent = CPUID_ENTRY_MAX;
    for (unsigned i = 0; i < c.head.nent; i++)
        cpuid_limit(&c.head.entries[i], &vm->cr4_features, &vm->xcr0);
    if (!(vm->cr4_features & CPU_CR4_OSXSAVE))
        vm->xcr0 = 0;
    for (unsigned i = 0; i < vm->cpu_count && err == 0; i++)
        err = set_cpuid(&vm->vcpu[i], &c, vm->xcr0, fault);
    return err;
}

static bool set_msr(const struct vcpu *cpu, uint32_t index, uint64_t value)
{
    union {
        struct kvm_msrs head;
        uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
    } msr = { .head = { .nmsrs = 1 } };

    msr.head.entries[0].index = index;
    msr.head.entries[0].data = value;
    return ioctl(cpu->fd, KVM_SET_MSRS, &msr) == 1;
}

/*
 * The guest's TSC is made equal to the host's, so that both sides of a
 * deadline read the same clock and nothing is lost where a nested host runs
 * the guest's rdtsc natively.
 */
static int set_tsc(const struct vcpu *cpu, struct fault *fault)
{
    uint64_t offset = TSC_OFFSET_NONE;
    struct kvm_device_attr attr = {
        .group = KVM_VCPU_TSC_CTRL,
        .attr = KVM_VCPU_TSC_OFFSET,
        .addr = (uint64_t)&offset,
    };

    if (ioctl(cpu->fd, KVM_SET_DEVICE_ATTR, &attr) == 0)
        return 0;
    /* Before Linux 5.16: as near as two readings are. */
    if (!set_msr(cpu, MSR_IA32_TSC, __rdtsc()))
        return fault_sys(fault, errno, "KVM refuses to set the guest's clock");
    return 0;
}

int arch_prepare(struct vm *vm, struct fault *fault)
{
    int err = set_features(vm, fault);
    int khz;

    if (err)
        return err;
    khz = ioctl(vm->vcpu[0].fd, KVM_GET_TSC_KHZ, 0);
    if (khz <= 0)
        return fault_sys(fault, khz < 0 ? errno : ENOTSUP,
                         "KVM does not tell the rate of the clock");
    vm->tsc_khz = (uint64_t)khz;
    for (unsigned i = 0; i < vm->cpu_count && err == 0; i++)
        err = set_tsc(&vm->vcpu[i], fault);
    return err;
}

/*
 * The task register's segment is a busy TSS, as after `ltr`. QEMU's emulation
 * of SVM lets ring 3 at ports only with one that is not (it asks for the type
 * that its own `ltr` keeps): with that the monitor runs where nothing but an
 * emulated CPU is at hand, as in tools/run-kvm.
 */
static uint8_t tss_type(void)
{
    uint32_t max, tag[3];

    __cpuid(0x40000000, max, tag[0], tag[1], tag[2]);
    return memcmp(tag, "TCGTCGTCGTCG", sizeof(tag)) == 0 ? 9 : 11;
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
                                  .type = tss_type(),
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

static int start_cpu(const struct vcpu *cpu, struct fault *fault)
{
    struct kvm_sregs sregs;
    struct kvm_regs regs = {
        .rip = cpu->state.rip,
        .rsp = cpu->state.rsp,
        .rdi = cpu->vm->bootinfo_va,
        .rflags = 0x202, /* IF */
    };

    if (ioctl(cpu->fd, KVM_GET_SREGS, &sregs) != 0)
        return fault_sys(fault, errno, "KVM does not tell the registers");
    fill_sregs(&cpu->state, &sregs);
    if (ioctl(cpu->fd, KVM_SET_SREGS, &sregs) != 0 ||
        ioctl(cpu->fd, KVM_SET_REGS, &regs) != 0)
        return fault_sys(fault, errno, "KVM refuses the first registers");
    if (!set_msr(cpu, MSR_STAR, cpu->state.star) ||
        !set_msr(cpu, MSR_LSTAR, cpu->state.lstar) ||
        !set_msr(cpu, MSR_SFMASK, cpu->state.sfmask))
        return fault_sys(fault, errno ? errno : EINVAL,
                         "KVM refuses the registers of `syscall`");
    return 0;
}

int arch_start(struct vm *vm, struct fault *fault)
{
    int err = 0;

    for (unsigned i = 0; i < vm->cpu_count && err == 0; i++)
        err = start_cpu(&vm->vcpu[i], fault);
    return err;
}

int arch_regs_get(const struct vcpu *cpu, struct arch_regs *out)
{
    struct kvm_regs r;
    struct kvm_sregs s;

    memset(out, 0, sizeof(*out));
    if (ioctl(cpu->fd, KVM_GET_REGS, &r) != 0 ||
        ioctl(cpu->fd, KVM_GET_SREGS, &s) != 0)
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
        .kernel_va = cpu->vm->kernel_va,
    };
    out->cr0 = s.cr0;
    out->cr3 = s.cr3;
    out->cr4 = s.cr4;
    out->efer = s.efer;
    out->fs_base = s.fs.base;
    out->gs_base = s.gs.base;
    return 0;
}
