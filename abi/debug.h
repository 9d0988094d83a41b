/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * debug.h - a debugger of the program: what its server and the kernel share.
 *
 * What:      threads stop in the kernel, on their way back to the program, with
 *            all their registers in the struct regs below kstack_top. The
 *            kernel then does HYPERCALL_DEBUG, and no CPU runs until the
 *            server, which is outside, lets the guest go on. What is to happen
 *            then it has written here before: the kernel's memory is the only
 *            way in, so nothing of this costs a guest without a debugger
 *            anything but these bytes.
 * Ownership: struct debug_control is one of the kernel's data, struct
 *            debug_thread part of each struct thread; records.h says where.
 *            The server writes while the guest is stopped.
 * Errors:    result of a command: 0 or a negative Linux errno.
 * Units:     va: virtual, the program's; threads by their struct thread's.
 */
#ifndef ABI_DEBUG_H
#define ABI_DEBUG_H

#include <stdint.h>

#define DEBUG_DATA_MAX    512u
#define DEBUG_SIGINFO_LEN 128u
#define DEBUG_CPU_MAX     8u

/* Why there was a HYPERCALL_DEBUG. With a thread: it is the one that stopped,
 * and its debug_thread.reason says the same. */
enum debug_reason {
    DEBUG_START = 1,  /* the program's first instruction is next */
    DEBUG_BREAK = 2,  /* a breakpoint is at rip */
    DEBUG_STEP = 3,   /* the step that was wanted is done */
    DEBUG_SIGNAL = 4, /* debug_thread.signo is about to be delivered */
    DEBUG_WANTED = 5, /* debug_thread.wants_stop was set */
    DEBUG_WATCH = 6,  /* a debug register of the CPU's says why */
    DEBUG_ASKED = 7,  /* debug_control.ask was set; no thread */
    DEBUG_DONE = 8,   /* a command is done; no thread */
    /* The CPU is in the kernel, with the thread that it has or had last;
     * kernel_regs says where. Of all commands there is DEBUG_TEXT_OWN alone. */
    DEBUG_KERNEL = 9,       /* a breakpoint */
    DEBUG_KERNEL_STEP = 10, /* TF was set there */
};

/* Carried out by whoever stopped last, when the guest goes on; the next stop is
 * DEBUG_DONE. */
enum debug_command {
    DEBUG_READ = 1,      /* len bytes from va on, to data */
    DEBUG_WRITE = 2,     /* data to va, whatever its protection: privately */
    DEBUG_BREAK_SET = 3, /* a breakpoint at va */
    DEBUG_BREAK_CLEAR = 4,
    DEBUG_INTERRUPT = 5, /* the thread va: ends its call, and stops */
    DEBUG_LET_GO = 6,    /* all breakpoints and wishes are forgotten */
    /* The vector registers of the thread that carries this out go to where it
     * has them while it does not run, and come from there; va: its fs_base. */
    DEBUG_STATE_SAVE = 7,
    DEBUG_STATE_LOAD = 8,
    DEBUG_TEXT_OWN = 9, /* the page at va, of the kernel's text, is a copy that
                         * the server may write breakpoints to */
};

#define DEBUG_SOFT_MAX 4u

/* Memory that is looked at after each instruction, where the CPU's debug
 * registers do nothing. */
struct debug_soft {
    uint64_t va;
    uint64_t len; /* 8 at most */
    uint8_t old[8];
};

/* Nobody may run: debug_control.only. */
#define DEBUG_NOBODY 1u

struct debug_control {
    uint32_t is_attached;
    uint32_t was_hit; /* kernel code hit a debug register: entry.S */
    uint64_t only;    /* this thread alone may go back to the program; 0: all */
    uint64_t pass;    /* bit n-1: signal n does not stop anybody */
    uint32_t command;
    int32_t result;
    uint64_t va;
    uint64_t len;
    uint32_t ask;        /* somebody is to stop, who does not matter */
    uint32_t is_held;    /* every thread is to pass here: only, or soft */
    uint32_t is_watched; /* a debug register is set */
    uint32_t soft_count;
    uint32_t soft_hits;   /* bit n: soft[n] has changed */
    uint32_t kernel_step; /* TF may be set in the kernel: entry.S */
    struct debug_soft soft[DEBUG_SOFT_MAX];
    uint8_t data[DEBUG_DATA_MAX];
    uint8_t siginfo[DEBUG_SIGINFO_LEN]; /* of the last DEBUG_SIGNAL */
    /* Under QEMU, in place of HYPERCALL_DEBUG: the kernel writes why, and tells
     * pvpanic (link.h), which stops the guest; 0 lets it go on. */
    uint32_t stop; /* enum debug_reason; atomic */
    uint32_t stop_cpu;
    uint64_t stop_thread;
    uint64_t kernel_regs[DEBUG_CPU_MAX]; /* struct regs; good in DEBUG_KERNEL */
};

struct debug_thread {
    uint8_t wants_step; /* one instruction, then stop */
    uint8_t wants_stop; /* before the next instruction */
    uint8_t reason;     /* enum debug_reason; 0: it has not stopped */
    uint8_t passing;    /* the kernel's own */
    int32_t signo;      /* what it gets when it goes on; 0: nothing */
};

_Static_assert(sizeof(struct debug_control) == 168 + 512 + 128 + 16 + 64,
               "shared");
_Static_assert(sizeof(struct debug_thread) == 8, "layout is shared");

#endif
