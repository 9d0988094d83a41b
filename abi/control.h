/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - looking into a guest from outside: what a tool asks the monitor.
 *
 * What:      requests and replies over a UNIX stream socket, one after the
 *            other on each connection. A connection may stop the guest; it goes
 *            on when every connection that stopped it has said so or is gone.
 * Ownership: the guest's memory is the guest's: what is read while it runs is
 *            of no one moment, and nothing in it may be trusted.
 * Errors:    a reply's result is 0 or a negative Linux errno. A connection that
 *            sends what is no request is closed.
 * Units:     gpa guest-physical bytes; lengths in bytes; little-endian.
 */
#ifndef ABI_CONTROL_H
#define ABI_CONTROL_H

#include <stdint.h>

#define CONTROL_VERSION   7u
#define CONTROL_DATA_MAX  65536u /* bytes after a request or a reply */
#define CONTROL_RANGE_MAX 8u
#define CONTROL_CPU_MAX   8u

#define CONTROL_XSTATE_LEN  4096u
#define CONTROL_XSTATE_XCR0 464u /* as Linux puts it into core files */

enum control_op {
    /* -> struct control_hello */
    CONTROL_HELLO = 1,
    /* The bytes at gpa -> len of them; -EFAULT: not all are memory */
    CONTROL_READ = 2,
    /* The bytes that follow, to gpa. Only where the guest may write, and only
     * while it is stopped: -EBUSY */
    CONTROL_WRITE = 3,
    /* No CPU runs when the reply comes */
    CONTROL_STOP = 4,
    CONTROL_GO = 5,
    /* CPU's -> struct control_regs; -EBUSY while the guest runs */
    CONTROL_REGS_GET = 6,
    /* struct control_regs follows */
    CONTROL_REGS_SET = 7,
    /* When the program ends, keep the guest's memory until this connection is
     * closed, or has been silent for a second: control_hello.is_ended */
    CONTROL_HOLD = 8,
    /* struct control_sample_how follows -> for each CPU that was started a
     * struct control_sample and the stacks' bytes that it names. The guest is
     * not stopped: each CPU leaves it for a moment. Where its kernel samples
     * itself (sample.h): what it has kept since the last request, and a
     * CONTROL_SAMPLE_KEPT. -EBUSY: it is stopped */
    CONTROL_SAMPLE = 9,
    /* -> struct control_counters */
    CONTROL_COUNTERS = 10,
    /* From now on keep a copy of each frame of the network, gpa bytes of it at
     * most (0: all), until this connection is closed. -ENODEV: there is no
     * network; -EBUSY: another connection does; -ENOMEM */
    CONTROL_CAPTURE = 11,
    /* -> struct control_frames, and as many bytes as there are of a stream of
     * struct control_frame */
    CONTROL_FRAMES = 12,
    /* CPU's -> CONTROL_XSTATE_LEN bytes, as XSAVE writes them in its standard
     * format; at CONTROL_XSTATE_XCR0 is XCR0. -EBUSY while the guest runs,
     * -ENOTSUP: the CPU has no XSAVE */
    CONTROL_XSTATE_GET = 13,
    /* This connection is the program's debugger (debug.h), until its end, when
     * the len bytes at gpa, the kernel's struct debug_control, become zeros.
     * Whenever a thread stops, the guest is stopped for this connection, and a
     * reply that nobody asked for says so: its result is CONTROL_EVENT, a
     * struct control_event follows. It holds the end, too, as CONTROL_HOLD.
     * -EBUSY: there is a debugger */
    CONTROL_DEBUG = 14,
    /* The same as CONTROL_GO, for a debugger: the kernel looks at its struct
     * debug_control before any of the program runs */
    CONTROL_RUN = 15,
    /* struct control_watch follows: every CPU's debug registers, until the
     * debugger is gone. Only while it has stopped the guest: -EBUSY */
    CONTROL_WATCH = 16,
};

#define CONTROL_EVENT       1   /* a reply's result */
#define CONTROL_EVENT_ENDED 256 /* an event's reason, beside debug.h's */

struct control_request {
    uint32_t op;
    uint32_t cpu;
    uint64_t gpa;
    uint64_t len; /* to read, or that follow */
};

struct control_reply {
    int32_t result;
    uint32_t len; /* bytes that follow */
};

struct control_range {
    uint64_t gpa;
    uint64_t len;
    uint64_t writable;
};

struct control_hello {
    uint32_t version;
    uint32_t kernel_abi;
    uint32_t cpu_count;
    uint32_t range_count;
    uint64_t kernel_va;
    uint64_t kernel_len;
    uint64_t direct_va;
    uint64_t pml4_gpa;
    uint64_t tsc_khz;
    uint64_t tsc; /* now */
    struct control_range range[CONTROL_RANGE_MAX];
    uint8_t build_id[20]; /* of the kernel; zeros: it has none */
    uint32_t is_started;  /* bit n: CPU n runs */
    uint32_t is_ended;
    uint32_t zero;
};

struct control_regs { /* the first 27 as in Linux's struct user_regs_struct */
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi, orig_rax;
    uint64_t rip, cs, rflags, rsp, ss;
    uint64_t fs_base, gs_base, ds, es, fs, gs;
    uint64_t cr2, cr3;
    uint8_t fx[512]; /* FXSAVE's layout */
};

/* Where the guest's kernel keeps the thread of a CPU and its stacks: records.h.
 * What is not there reads as 0. */
struct control_sample_how {
    uint64_t percpu[CONTROL_CPU_MAX]; /* virtual */
    uint32_t stack_len;               /* of the program's stack, at most */
    uint16_t percpu_thread;
    uint16_t thread_tid;
    uint16_t thread_kstack_top;
    uint16_t top_rsp; /* the program's rsp lies so far below kstack_top */
    uint32_t zero;
    uint64_t control; /* struct sample_control; 0: the kernel has none */
    uint64_t step_ns; /* between two requests, about */
};

struct control_event {
    uint32_t reason; /* enum debug_reason */
    uint32_t cpu;
    uint64_t thread; /* that stopped, or 0 */
    int32_t status;  /* CONTROL_EVENT_ENDED: the program's exit status */
    uint32_t hits;   /* bit n: the CPU's debug register n was hit */
};

struct control_watch { /* Intel SDM 3B, 17.2 */
    uint64_t address[4];
    uint64_t control; /* DR7 */
};

enum control_sample_state {
    CONTROL_SAMPLE_IDLE = 0,    /* the guest has nothing for it to do */
    CONTROL_SAMPLE_RUNNING = 1, /* what follows is valid with this only */
    CONTROL_SAMPLE_AWAY = 2,    /* its hypercall takes its time */
    CONTROL_SAMPLE_KEPT = 3,    /* of no CPU: `periods` samples were lost */
};

#define CONTROL_SAMPLE_REGS   21u /* of struct control_regs: r15 to ss */
#define CONTROL_SAMPLE_KSTACK 16384u
#define CONTROL_SAMPLE_CODE   8u

struct control_sample {
    uint32_t cpu;
    uint32_t state;
    uint64_t tsc;
    uint64_t thread; /* virtual */
    int32_t tid;
    uint32_t kernel_len;  /* bytes from rsp to kstack_top; 0: not on it */
    uint32_t program_len; /* bytes from program_sp on, behind those */
    uint32_t periods;     /* samples that this one stands for */
    uint64_t kstack_top;
    uint64_t program_sp;
    uint64_t regs[CONTROL_SAMPLE_REGS]; /* without orig_rax, cs and ss */
    uint8_t code[CONTROL_SAMPLE_CODE];  /* at rip, in its page */
};

_Static_assert(sizeof(struct control_event) == 24, "layout is shared");
_Static_assert(sizeof(struct control_watch) == 40, "layout is shared");
_Static_assert(sizeof(struct control_sample_how) == 96, "layout is shared");
_Static_assert(sizeof(struct control_sample) == 232, "layout is shared");
/* The network device's, as the monitor saw it. Bytes are those of frames. */
struct control_counters {
    uint64_t rx_frames, rx_bytes, rx_dropped; /* to the guest */
    uint64_t tx_frames, tx_bytes, tx_dropped;
};

struct control_frames {
    uint64_t dropped; /* since the capture began: nobody read in time */
    uint64_t len;     /* of what follows; a frame may go on in the next reply */
};

enum control_direction { CONTROL_TO_GUEST = 1, CONTROL_FROM_GUEST = 2 };

struct control_frame {
    uint64_t ns; /* since 1970 */
    uint32_t len;
    uint32_t kept;      /* bytes that follow, padded to 8 */
    uint32_t direction; /* enum control_direction */
    uint32_t zero;
};

_Static_assert(sizeof(struct control_counters) == 48, "layout is shared");
_Static_assert(sizeof(struct control_frames) == 16, "layout is shared");
_Static_assert(sizeof(struct control_frame) == 24, "layout is shared");
_Static_assert(sizeof(struct control_request) == 24, "layout is shared");
_Static_assert(sizeof(struct control_reply) == 8, "layout is shared");
_Static_assert(sizeof(struct control_hello) == 288, "layout is shared");
_Static_assert(sizeof(struct control_regs) == 29 * 8 + 512, "shared");

#endif
