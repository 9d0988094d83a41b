/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox.c - see sandbox.h.
 *
 * The filter is written by hand: it has a dozen lines of logic, while
 * libseccomp takes 1 ms to compile it, a third of a whole run. A violation
 * raises SIGSYS, whose handler restores the terminal and exits: the call is
 * not made in either case, and a killed process would leave a raw terminal.
 */
#include "monitor/sandbox.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/fault.h"
#include "monitor/check.h"

#define FILTER_MAX 160u
#define DATA(f)    offsetof(struct seccomp_data, f)
#define ARG(n)     (DATA(args) + 8 * (n)) /* the low half */
#define ANY        0u

struct rule {
    uint32_t nr;
    uint32_t arg; /* its offset in seccomp_data; ANY: no condition */
    uint32_t mask, value;
};

/* Often used ones first. */
static struct rule rules[] = {
    { SYS_ioctl, ARG(1), ~0u, KVM_RUN },
    { SYS_ioctl, ARG(1), ~0u, KVM_INTERRUPT },
    { SYS_write, ANY, 0, 0 },
    { SYS_writev, ANY, 0, 0 },
    { SYS_ppoll, ANY, 0, 0 },
    { SYS_poll, ANY, 0, 0 },
    { SYS_timer_settime, ANY, 0, 0 },
    { SYS_clock_gettime, ANY, 0, 0 }, /* where the vDSO does not answer */
    { SYS_rt_sigreturn, ANY, 0, 0 },
    { SYS_readv, ANY, 0, 0 },
    { SYS_futex, ANY, 0, 0 },
    { SYS_sched_yield, ANY, 0, 0 },
    { SYS_restart_syscall, ANY, 0, 0 },
    { SYS_exit_group, ANY, 0, 0 },
    /* the terminal */
    { SYS_ioctl, ARG(1), ~0u, TCGETS },
    { SYS_ioctl, ARG(1), ~0u, TCSETS },
    { SYS_ioctl, ARG(1), ~0u, TCSETSW },
    { SYS_ioctl, ARG(1), ~0u, TCSETSF },
    { SYS_ioctl, ARG(1), ~0u, TIOCGWINSZ },
    { SYS_ioctl, ARG(1), ~0u, TIOCGPGRP },
    { SYS_ioctl, ARG(1), ~0u, TCFLSH },
    { SYS_ioctl, ARG(1), ~0u, FIONREAD },
    /* what the guest's network accepts, once */
    { SYS_ioctl, ARG(1), ~0u, TUNSETOFFLOAD },
    /* registers, for reports and tools */
    { SYS_ioctl, ARG(1), ~0u, (uint32_t)KVM_GET_REGS },
    { SYS_ioctl, ARG(1), ~0u, (uint32_t)KVM_GET_SREGS },
    { SYS_ioctl, ARG(1), ~0u, (uint32_t)KVM_GET_FPU },
    { SYS_ioctl, ARG(1), ~0u, (uint32_t)KVM_GET_XSAVE },
    { SYS_ioctl, ARG(1), ~0u, KVM_SET_REGS },
    { SYS_ioctl, ARG(1), ~0u, (uint32_t)KVM_GET_DEBUGREGS },
    { SYS_ioctl, ARG(1), ~0u, KVM_SET_DEBUGREGS },
    { SYS_ioctl, ARG(1), ~0u, KVM_SET_SREGS },
    { SYS_ioctl, ARG(1), ~0u, KVM_SET_FPU },
    /* to stop on Ctrl-Z: signals to this very process alone */
    { SYS_rt_sigaction, ANY, 0, 0 },
    { SYS_rt_sigprocmask, ANY, 0, 0 },
    { SYS_gettid, ANY, 0, 0 },
    { SYS_getpid, ANY, 0, 0 },
    { SYS_tgkill, ARG(0), ~0u, 0 /* getpid() */ },
    /* tools that look inside: connections, registers, breakpoints */
    { SYS_accept4, ANY, 0, 0 },
    { SYS_close, ANY, 0, 0 },
    { SYS_fcntl, ARG(1), ~0u, F_SETFL },
    { SYS_fcntl, ARG(1), ~0u, F_SETSIG },
    { SYS_fcntl, ARG(1), ~0u, F_SETOWN_EX },
    /* reports: symbols from the image, memory for them */
    { SYS_pread64, ANY, 0, 0 },
    { SYS_brk, ANY, 0, 0 },
    { SYS_munmap, ANY, 0, 0 },
    { SYS_mmap, ARG(2), PROT_EXEC, 0 },
};

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

struct filter {
    struct sock_filter code[FILTER_MAX];
    unsigned len;
};

static void emit(struct filter *f, uint16_t code, uint32_t k, uint8_t jt,
                 uint8_t jf)
{
    ASSERT(f->len < FILTER_MAX);
    f->code[f->len++] = (struct sock_filter){ code, jt, jf, k };
}

static void emit_load(struct filter *f, uint32_t off)
{
    emit(f, BPF_LD | BPF_W | BPF_ABS, off, 0, 0);
}

static void emit_return(struct filter *f, uint32_t action)
{
    emit(f, BPF_RET | BPF_K, action, 0, 0);
}

/* All rules of one call in one block, which loads the argument once. */
static unsigned emit_call(struct filter *f, unsigned first)
{
    const struct rule *r = &rules[first];
    unsigned count = 1;

    if (r->arg == ANY) {
        emit(f, BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, 1);
        emit_return(f, SECCOMP_RET_ALLOW);
        return 1;
    }
    while (first + count < RULE_COUNT && rules[first + count].nr == r->nr)
        count++;
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, (uint8_t)(3 * count + 2));
    emit_load(f, r->arg);
    for (unsigned i = 0; i < count; i++) {
        /* A & ~0 is A: the mask matters in single rules only. */
        emit(f, BPF_ALU | BPF_AND | BPF_K, r[i].mask, 0, 0);
        emit(f, BPF_JMP | BPF_JEQ | BPF_K, r[i].value, 0, 1);
        emit_return(f, SECCOMP_RET_ALLOW);
    }
    emit_load(f, DATA(nr));
    return count;
}

static void build(struct filter *f)
{
    emit_load(f, DATA(arch));
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    emit_return(f, SECCOMP_RET_KILL_PROCESS);
    emit_load(f, DATA(nr));
    for (unsigned i = 0; i < RULE_COUNT;)
        i += emit_call(f, i);
    emit_return(f, SECCOMP_RET_TRAP);
}

/* keep_fds in rising order. */
static void close_others(const int *keep_fds, unsigned keep_count)
{
    unsigned from = 3;

    for (unsigned i = 0; i < keep_count; i++) {
        unsigned fd = (unsigned)keep_fds[i];

        ASSERT(fd >= from);
        if (fd > from)
            syscall(SYS_close_range, from, fd - 1, 0);
        from = fd + 1;
    }
    syscall(SYS_close_range, from, ~0u, 0);
}

int sandbox_enter(const int *keep_fds, unsigned keep_count, struct fault *fault)
{
    struct filter f = { .len = 0 };
    struct sock_fprog program = { .filter = f.code };
    struct rlimit none = { 0, 0 };

    for (unsigned i = 0; i < RULE_COUNT; i++)
        if (rules[i].nr == SYS_tgkill)
            rules[i].value = (uint32_t)getpid();
    build(&f);
    program.len = (uint16_t)f.len;
    close_others(keep_fds, keep_count);
    setrlimit(RLIMIT_CORE, &none);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                &program) != 0)
        return fault_sys(fault, errno,
                         "cannot enter the sandbox; run on a kernel with "
                         "seccomp filters");
    return 0;
}
