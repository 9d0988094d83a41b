/* SPDX-License-Identifier: BSD-2-Clause */
/* debug.c - registers for tools, in the layouts that tools know. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "abi/control.h"
#include "monitor/arch/arch.h"

#define FX_FCW   0u /* FXSAVE's layout, in bytes */
#define FX_FSW   2u
#define FX_FTW   4u
#define FX_FOP   6u
#define FX_FIP   8u
#define FX_FDP   16u
#define FX_MXCSR 24u
#define FX_ST    32u
#define FX_XMM   160u

static void fx_from(const struct kvm_fpu *f, uint8_t *fx)
{
    memset(fx, 0, sizeof(((struct control_regs *)0)->fx));
    memcpy(fx + FX_FCW, &f->fcw, 2);
    memcpy(fx + FX_FSW, &f->fsw, 2);
    memcpy(fx + FX_FTW, &f->ftwx, 1);
    memcpy(fx + FX_FOP, &f->last_opcode, 2);
    memcpy(fx + FX_FIP, &f->last_ip, 8);
    memcpy(fx + FX_FDP, &f->last_dp, 8);
    memcpy(fx + FX_MXCSR, &f->mxcsr, 4);
    memcpy(fx + FX_ST, f->fpr, sizeof(f->fpr));
    memcpy(fx + FX_XMM, f->xmm, sizeof(f->xmm));
}

static void fx_to(const uint8_t *fx, struct kvm_fpu *f)
{
    memcpy(&f->fcw, fx + FX_FCW, 2);
    memcpy(&f->fsw, fx + FX_FSW, 2);
    memcpy(&f->ftwx, fx + FX_FTW, 1);
    memcpy(&f->last_opcode, fx + FX_FOP, 2);
    memcpy(&f->last_ip, fx + FX_FIP, 8);
    memcpy(&f->last_dp, fx + FX_FDP, 8);
    memcpy(&f->mxcsr, fx + FX_MXCSR, 4);
    memcpy(f->fpr, fx + FX_ST, sizeof(f->fpr));
    memcpy(f->xmm, fx + FX_XMM, sizeof(f->xmm));
}

int arch_control_regs_get(const struct vcpu *cpu, struct control_regs *out)
{
    struct arch_regs regs;
    struct kvm_fpu fpu;
    int err = arch_regs_get(cpu, &regs);

    if (err)
        return err;
    if (ioctl(cpu->fd, KVM_GET_FPU, &fpu) != 0)
        return -errno;
    *out = (struct control_regs){
        .fs_base = regs.fs_base,
        .gs_base = regs.gs_base,
        .cr2 = regs.report.cr2,
        .cr3 = regs.cr3,
    };
    /* Both begin as Linux's struct user_regs_struct does. */
    memcpy(out, &regs.report, offsetof(struct hypercall_report, cr2));
    fx_from(&fpu, out->fx);
    return 0;
}

int arch_control_xstate_get(const struct vcpu *cpu, uint8_t *out)
{
    struct kvm_xsave area;

    _Static_assert(sizeof(area) == CONTROL_XSTATE_LEN, "all of it");
    if (cpu->vm->xcr0 == 0)
        return -ENOTSUP;
    if (ioctl(cpu->fd, KVM_GET_XSAVE, &area) != 0)
        return -errno;
    memcpy(out, &area, sizeof(area));
    memcpy(out + CONTROL_XSTATE_XCR0, &cpu->vm->xcr0, sizeof(cpu->vm->xcr0));
    return 0;
}

/* One call where all registers would be three. */
int arch_sample_regs_get(const struct vcpu *cpu, uint64_t *out)
{
    struct kvm_regs r;
    uint64_t words[CONTROL_SAMPLE_REGS];

    if (ioctl(cpu->fd, KVM_GET_REGS, &r) != 0)
        return -errno;
    memcpy(words,
           (uint64_t[]){ r.r15, r.r14, r.r13, r.r12, r.rbp,    r.rbx, r.r11,
                         r.r10, r.r9,  r.r8,  r.rax, r.rcx,    r.rdx, r.rsi,
                         r.rdi, 0,     r.rip, 0,     r.rflags, r.rsp, 0 },
           sizeof(words));
    memcpy(out, words, sizeof(words));
    return 0;
}

_Static_assert(offsetof(struct hypercall_report, cr2) ==
                   offsetof(struct control_regs, fs_base),
               "the same registers in the same order");

/* Segments, gs's base and control registers stay as they are: a guest of ours
 * cannot do without. */
int arch_control_regs_set(const struct vcpu *cpu, const struct control_regs *in)
{
    struct kvm_regs r = {
        .r15 = in->r15,
        .r14 = in->r14,
        .r13 = in->r13,
        .r12 = in->r12,
        .rbp = in->rbp,
        .rbx = in->rbx,
        .r11 = in->r11,
        .r10 = in->r10,
        .r9 = in->r9,
        .r8 = in->r8,
        .rax = in->rax,
        .rcx = in->rcx,
        .rdx = in->rdx,
        .rsi = in->rsi,
        .rdi = in->rdi,
        .rip = in->rip,
        .rflags = in->rflags,
        .rsp = in->rsp,
    };
    struct kvm_sregs s;
    struct kvm_fpu fpu;

    if (ioctl(cpu->fd, KVM_GET_SREGS, &s) != 0 ||
        ioctl(cpu->fd, KVM_GET_FPU, &fpu) != 0)
        return -errno;
    s.fs.base = in->fs_base;
    fx_to(in->fx, &fpu);
    if (ioctl(cpu->fd, KVM_SET_REGS, &r) != 0 ||
        ioctl(cpu->fd, KVM_SET_SREGS, &s) != 0 ||
        ioctl(cpu->fd, KVM_SET_FPU, &fpu) != 0)
        return -errno;
    return 0;
}

#define DR6_HITS 0xfu
#define DR7_ONE  0x400u /* a bit that is always set */

int arch_watch_set(const struct vcpu *cpu, const struct control_watch *w)
{
    struct kvm_debugregs d;

    if (ioctl(cpu->fd, KVM_GET_DEBUGREGS, &d) != 0)
        return -errno;
    memcpy(d.db, w->address, sizeof(d.db));
    d.dr6 &= ~(uint64_t)DR6_HITS;
    d.dr7 = w->control | DR7_ONE;
    return ioctl(cpu->fd, KVM_SET_DEBUGREGS, &d) == 0 ? 0 : -errno;
}

uint32_t arch_watch_hits(const struct vcpu *cpu)
{
    struct kvm_debugregs d;
    uint32_t hits;

    if (ioctl(cpu->fd, KVM_GET_DEBUGREGS, &d) != 0)
        return 0;
    hits = (uint32_t)d.dr6 & DR6_HITS;
    d.dr6 &= ~(uint64_t)DR6_HITS;
    (void)ioctl(cpu->fd, KVM_SET_DEBUGREGS, &d);
    return hits;
}
