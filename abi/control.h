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

#define CONTROL_VERSION   1u
#define CONTROL_DATA_MAX  65536u /* bytes after a request or a reply */
#define CONTROL_RANGE_MAX 8u

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
};

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

_Static_assert(sizeof(struct control_request) == 24, "layout is shared");
_Static_assert(sizeof(struct control_reply) == 8, "layout is shared");
_Static_assert(sizeof(struct control_hello) == 288, "layout is shared");
_Static_assert(sizeof(struct control_regs) == 29 * 8 + 512, "shared");

#endif
