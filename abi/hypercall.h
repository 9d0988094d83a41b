/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hypercall.h - what a guest asks of Samara's monitor.
 *
 * What:      the guest fills the shared page (bootinfo.hypercall_pa) and does
 *            `out %eax, $HYPERCALL_PORT` with the call's number in eax. The
 *            call is over, its result in the page, when the next instruction
 *            runs. Each virtual CPU has a page of its own and calls with it.
 * Ownership: the page is the guest's; the monitor copies what it needs once.
 * Errors:    result is >= 0 or a negative Linux errno. A gpa range outside
 *            the guest's RAM and image yields -EFAULT, an unknown number
 *            -ENOSYS; neither ends the guest.
 * Units:     gpa guest-physical bytes; time in TSC ticks of the guest.
 *
 * Events: the monitor sets bits in `events` and injects HYPERCALL_VECTOR. It
 * injects no second one until the guest has stored 0 into `irq_unacked`, which
 * the guest does once the interrupt's frame has left the IST stack. Signals of
 * the host and changes of the terminal go to CPU 0; each CPU has its own timer.
 */
#ifndef ABI_HYPERCALL_H
#define ABI_HYPERCALL_H

#include <stdint.h>

#define HYPERCALL_PORT    0x510u
#define HYPERCALL_VECTOR  0x20u
#define HYPERCALL_IOV_MAX 64u

enum hypercall_nr {
    /* Write iov[0..arg1) to host descriptor arg0 (1 or 2). -> bytes */
    HYPERCALL_WRITE = 1,
    /* Read into iov[0..arg1) from the host's stdin; never blocks.
     * -> bytes, 0 at end of file, -EAGAIN when there is nothing yet */
    HYPERCALL_READ = 2,
    /* Sleep until an event bit is set or the TSC reaches arg0 (0: no limit,
     * 1: just poll). arg1 = mask of events to wait for (STDIN is only watched
     * when asked for). -> events, taken out of the page if they were there
     * already; no interrupt is injected for these */
    HYPERCALL_WAIT = 3,
    /* End the guest; arg0 = exit status, 0..255. Does not return */
    HYPERCALL_EXIT = 4,
    /* Set EVENT_TIMER and interrupt when the TSC reaches arg0; 0 disarms */
    HYPERCALL_TIMER = 5,
    /* arg0 = descriptor 0..2, arg1 = Linux ioctl number, iov[0] its buffer:
     * TCGETS TCSETS TCSETSW TCSETSF TIOCGWINSZ TCFLSH TIOCGPGRP on a host
     * terminal, FIONREAD. -> the ioctl's result, -ENOTTY when no terminal */
    HYPERCALL_TTY = 6,
    /* Kernel panic: iov[0] = NUL-terminated text, iov[1] = struct
     * hypercall_report. The monitor prints it, symbolised. No return */
    HYPERCALL_PANIC = 7,
    /* Fill iov[0] with a struct hypercall_stat[3]: the kind of 0, 1, 2 */
    HYPERCALL_FDSTAT = 8,
    /* A program died of a signal: iov[0] text, iov[1] report (arg0 signal).
     * The monitor prints it, symbolised, and returns. -> 0 */
    HYPERCALL_CRASH = 9,
    /* Let CPU arg0 begin, once. -> 0, -EINVAL no such CPU, -EALREADY */
    HYPERCALL_CPU_START = 10,
    /* Set EVENT_KICK and interrupt each CPU whose bit is set in arg0 -> 0 */
    HYPERCALL_KICK = 11,
    /* This CPU waits for another: let the host run that one -> 0 */
    HYPERCALL_YIELD = 12,
    /* What time it is on the host: arg0 = its TSC, which is the guest's, and
     * arg1 = CLOCK_REALTIME in ns at that moment. -> 0 */
    HYPERCALL_TIME = 13,
    /* The network device may use the queues of its record: monitor_net.h,
     * which lists the results. -> 0 */
    HYPERCALL_NET_START = 14,
    /* The program made system call arg0, which this kernel was linked without.
     * The monitor says so on stderr, with its name -> 0 */
    HYPERCALL_LEFT_OUT = 15,
    /* A debugger's business: arg0 = enum debug_reason (debug.h), arg1 = the
     * struct thread that stopped, or 0. No CPU runs until the debugger says so
     * -> 0 then, -EAGAIN if it stopped for another CPU meanwhile, -ENOTCONN at
     * once if there is no debugger and none is waited for */
    HYPERCALL_DEBUG = 16,
};
#define HYPERCALL_MAX 16u

enum hypercall_event {
    HYPERCALL_EVENT_TIMER = 1u << 0,
    HYPERCALL_EVENT_STDIN = 1u << 1,  /* readable, or end of file */
    HYPERCALL_EVENT_SIGNAL = 1u << 2, /* signals: see the signals field */
    HYPERCALL_EVENT_WINSZ = 1u << 3,  /* the terminal's size changed */
    HYPERCALL_EVENT_STDOUT = 1u << 4, /* 1 or 2 can be written again */
    HYPERCALL_EVENT_KICK = 1u << 5,   /* another CPU did HYPERCALL_KICK */
    HYPERCALL_EVENT_TIME = 1u << 6,   /* the host's wall clock was stepped */
    HYPERCALL_EVENT_NET = 1u << 7,    /* CPU 0: the network device has news */
    HYPERCALL_EVENT_DEBUG = 1u << 8,  /* a debugger wants something: debug.h */
};

struct hypercall_iov {
    uint64_t gpa;
    uint64_t len;
};

struct hypercall_page {
    uint32_t events;      /* set by the monitor, cleared (xchg) by the guest */
    uint32_t irq_unacked; /* 1 from injection until the guest stores 0 */
    uint64_t signals;     /* bit n-1: host sent signal n; cleared by guest */
    int64_t result;
    uint64_t arg0;
    uint64_t arg1;
    uint64_t arg2;
    struct hypercall_iov iov[HYPERCALL_IOV_MAX];
};

_Static_assert(sizeof(struct hypercall_page) == 48 + 64 * 16, "shared");

struct hypercall_stat { /* of a host descriptor, as fstat() gives it */
    uint32_t mode;      /* st_mode; 0: the descriptor is closed */
    uint32_t rdev;      /* st_rdev */
    uint32_t is_tty;
    uint32_t oflags; /* F_GETFL */
};

struct hypercall_report { /* registers at a crash, in ptrace's order */
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t orig_rax, rip, cs, rflags, rsp, ss;
    uint64_t cr2, error;
    uint64_t trace_count;
    uint64_t trace[16];   /* return addresses, innermost first */
    uint64_t kernel_va;   /* where the kernel image starts */
    uint8_t siginfo[128]; /* of the signal, as Linux's siginfo_t; zeros: none */
    int32_t tid;          /* whose registers these are; 0: the kernel's */
    uint32_t zero;
};

#endif
