/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.h - serving a guest under QEMU: abi/link.h, the host's side.
 *
 * What:      carries standard input, output and errors, signals and the
 *            terminal between this process and the guest, until QEMU ends.
 * Ownership: the caller owns the struct and its descriptors.
 * Context:   link_prepare() comes before the fork, so that no signal is lost:
 *            it blocks those that are forwarded; link_fini() undoes it.
 * Errors:    the guest's exit status, or -errno with a fault.
 */
#ifndef CLI_LINK_H
#define CLI_LINK_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/link.h"
#include "host/memory.h"

struct fault;
struct qemu_control;

#define LINK_TERMIOS_LEN 36u /* the kernel's struct termios */

struct link {
    const char *image; /* for symbols in reports */
    pid_t child;       /* QEMU */
    int out_fd;        /* COM1: the guest's output */
    int link_fd;       /* COM2 */
    struct qemu_control *control;
    const char *dir;      /* the guest's, for reports; NULL: it has none */
    const char *core_dir; /* NULL: no core files */
    /* The rest is link.c's. */
    int signal_fd;
    sigset_t old_mask;
    bool stdin_open;
    bool stdout_open;
    bool has_tty;
    bool is_heard; /* the guest has said anything */
    bool is_panic;
    bool child_gone;
    int exit_status;                   /* of the guest; -1: it has not said */
    uint64_t window;                   /* bytes of input that the guest takes */
    uint64_t deadline_ns;              /* kill QEMU then; 0: no */
    struct buf rx;                     /* from the guest, not yet complete */
    struct buf tx;                     /* to the guest, not yet sent */
    uint8_t termios[LINK_TERMIOS_LEN]; /* the terminal as it was */
};

int link_prepare(struct link *l, struct fault *fault);
int link_serve(struct link *l, struct fault *fault);
void link_fini(struct link *l);

#endif
