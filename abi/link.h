/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.h - the command's line to a guest under QEMU: framed messages on COM2.
 *
 * What:      a serial port knows no end of file, no second output and no
 *            signals, so `samara run` gives QEMU a second port and frames all
 *            that on it. Used only when CONFIG_LINK is set. Then COM1 carries
 *            the guest's stdout alone, raw, and this line everything else.
 * Context:   each message is a struct link_header and len payload bytes.
 * Errors:    the guest drops a message of unknown type; the command ends the
 *            guest on a malformed one and says so.
 * Units:     len in bytes, at most LINK_LEN_MAX, little-endian.
 */
#ifndef ABI_LINK_H
#define ABI_LINK_H

#include <stdint.h>

#define LINK_MAGIC   0x5au
#define LINK_LEN_MAX 4096u

#define LINK_PVPANIC_PORT 0x505u /* QEMU's pvpanic, on ISA */
#define LINK_PVPANIC      1u

struct link_header {
    uint8_t magic;
    uint8_t type; /* enum link_type */
    uint16_t len;
};

enum link_type {
    /* command to guest */
    LINK_STDIN = 1,   /* bytes; len 0 is end of file */
    LINK_SIGNAL = 2,  /* one byte: signal number */
    LINK_WINSZ = 3,   /* struct winsize, as TIOCGWINSZ */
    LINK_FDSTAT = 4,  /* struct hypercall_stat[3]; the first message sent */
    LINK_TERMIOS = 5, /* struct kernel termios; sent after FDSTAT when a tty */
    LINK_DEBUG = 6,   /* as HYPERCALL_EVENT_DEBUG */
    LINK_SAMPLE = 7,  /* empty: struct sample_control says what to do */
    /* guest to command */
    LINK_STDERR = 64, /* bytes */
    LINK_EXIT = 65,   /* one byte: exit status; QEMU then powers off */
    LINK_TCSET = 66,  /* uint32 ioctl number, then kernel termios (36 B) */
    /* text NUL, then struct hypercall_report if there are registers; then the
     * guest tells pvpanic, which stops it while the command looks inside */
    LINK_PANIC = 67,
    LINK_CRASH = 68,    /* the same, a program's death */
    LINK_LEFT_OUT = 70, /* uint32: as HYPERCALL_LEFT_OUT */
    LINK_READY = 69,    /* stdin window: the guest takes uint32 more bytes */
};

_Static_assert(sizeof(struct link_header) == 4, "layout is shared");

#endif
