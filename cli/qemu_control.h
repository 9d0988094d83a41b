/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_control.h - serving abi/control.h for a guest under QEMU.
 *
 * What:      this process, QEMU's parent, maps the guest's memory, which is a
 *            memory file that QEMU maps as well, and asks QEMU for registers,
 *            to stop and to go on (qmp.h). Nothing is asked until a tool comes.
 * Ownership: the caller's struct and the descriptors in it; _fini() closes
 *            those that it opened.
 * Context:   the caller's poll() loop: _poll() says what to wait for, _serve()
 *            answers. An answer waits for QEMU's, some ms.
 * Errors:    a connection's are its own end. What the monitor has and QEMU has
 *            not (CONTROL_CAPTURE ...) is refused with -ENOTSUP.
 */
#ifndef CLI_QEMU_CONTROL_H
#define CLI_QEMU_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/control.h"
#include "abi/image.h"
#include "cli/qmp.h"

struct fault;

#define QEMU_CONTROL_CLIENTS 4u
#define QEMU_CONTROL_FDS     (1u + QEMU_CONTROL_CLIENTS)

struct qemu_client {
    int fd; /* -1: free */
    bool stops, holds;
    uint8_t *request;
    size_t have; /* bytes of it */
};

struct qemu_control {
    int listen_fd; /* -1: nobody may look */
    int ram_fd;
    uint64_t ram_len;
    unsigned cpu_count;
    uint64_t tsc_khz, tsc_start; /* the host's when the guest's was 0, about */
    struct kernel_header kernel;
    uint8_t build_id[20];
    struct qmp qmp;
    /* The rest is qemu_control.c's. */
    uint8_t *ram; /* mapped when somebody looks */
    struct qemu_client client[QEMU_CONTROL_CLIENTS];
    bool is_found, is_stopped, is_frozen, is_ended;
    uint64_t kernel_va, direct_va, pml4_gpa;
};

/* ---- for qemu_sample.c ---- */

/* Within a page. -EFAULT: not mapped, or not memory. */
int qemu_control_read(const struct qemu_control *c, uint64_t va, void *dst,
                      size_t len);
/* Of a CPU of a stopped guest; *is_idle_out: it halts. */
int qemu_control_regs(struct qemu_control *c, unsigned cpu,
                      struct control_regs *out, bool *is_idle_out);
/* CONTROL_SAMPLE: its reply into out, of CONTROL_DATA_MAX bytes. */
int qemu_sample(struct qemu_control *c, const struct control_sample_how *how,
                uint8_t *out, size_t *len_out);

void qemu_control_init(struct qemu_control *c);
void qemu_control_fini(struct qemu_control *c);
/* Fills out[0..QEMU_CONTROL_FDS). */
void qemu_control_poll(const struct qemu_control *c, struct pollfd *out);
void qemu_control_serve(struct qemu_control *c);
/* The guest has told pvpanic, or is about to: it stands still when this
 * returns. Answer until fd can be read, or nobody has asked for anything for a
 * long time; then the guest goes on. */
void qemu_control_serve_until(struct qemu_control *c, int fd);
/* QEMU has ended: its memory is shown to those who asked for it. */
void qemu_control_end(struct qemu_control *c);

#endif
