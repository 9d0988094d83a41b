/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash.h - how who reports the end of a program hears of it.
 *
 * What:      a process beside the guest waits at a socket. When the program, or
 *            the kernel, comes to a bad end, the monitor, or QEMU's parent,
 *            writes one struct crash there and answers tools (control.h) with
 *            the guest stopped, until the process has written a byte, which
 *            says that it has told the user, or has closed the socket.
 * Ownership: all of it is the guest's word: nothing in it is trusted.
 * Errors:    an end of file without a struct crash: there was nothing to tell.
 */
#ifndef ABI_CRASH_H
#define ABI_CRASH_H

#include "abi/hypercall.h"

#define CRASH_MAGIC    0x68737243u
#define CRASH_TEXT_LEN 1024u

enum crash_kind {
    CRASH_SIGNAL = 1, /* the program, by a signal whose default is a core */
    CRASH_MEMORY = 2, /* the program, since there is no more memory */
    CRASH_PANIC = 3,  /* the kernel, which noticed it */
    CRASH_FAULT = 4,  /* the kernel, which the monitor had to end */
};

struct crash {
    uint32_t magic;
    uint32_t kind;     /* enum crash_kind */
    uint32_t cpu;      /* from 0: on whose thread's stack it is */
    uint32_t has_regs; /* report is filled in */
    struct hypercall_report report;
    char text[CRASH_TEXT_LEN]; /* the kernel's words; ends with NUL */
};

#endif
