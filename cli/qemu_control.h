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
 *            not (CONTROL_COUNTERS ...) is refused with -ENOTSUP.
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
#define QEMU_CONTROL_FDS     (2u + QEMU_CONTROL_CLIENTS)

/* Samples that the guest's kernel takes for a client: qemu_ring.c's. */
struct qemu_ring {
    bool is_on, is_refused;
    uint64_t control; /* struct sample_control, virtual */
    uint64_t step_ns;
    uint64_t heard_ns, renewed_ns;
    uint64_t rings; /* those that the rest is about */
    uint64_t position[CONTROL_CPU_MAX];
    uint64_t seen[CONTROL_CPU_MAX];
    uint64_t idle[CONTROL_CPU_MAX];
};

/* Copies of frames for a client: qemu_capture.c's, but for fd. */
struct qemu_capture {
    int fd; /* a memory file that QEMU has, too; -1: there is no network */
    bool is_on;
    uint8_t mac[6];
    uint64_t frame_max, dropped;
    uint64_t at, freed; /* bytes of the file: taken, given back */
    int64_t offset_ns;  /* from QEMU's clock to the host's, at most */
    uint64_t last_ns;
};

struct qemu_client {
    int fd; /* -1: free */
    struct qemu_ring ring;
    bool stops, holds, debugs, captures;
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
    bool is_waited_for; /* the program is not to begin without a debugger */
    /* Send the guest this message, LINK_DEBUG or LINK_SAMPLE. */
    void (*tell)(void *arg, unsigned type);
    void *tell_arg;
    struct qemu_capture capture;
    /* The rest is qemu_control.c's. */
    uint8_t *ram; /* mapped when somebody looks */
    struct qemu_client client[QEMU_CONTROL_CLIENTS];
    bool is_found, is_stopped, is_frozen, is_ended;
    uint64_t kernel_va, direct_va, pml4_gpa;
    bool is_parked;    /* it waits for a debugger */
    bool is_told;      /* its debugger knows of the stop at hand, ... */
    bool is_in_kernel; /* ... and that this is one of the kernel itself */
    uint64_t debug_gpa;
};

/* ---- for qemu_sample.c and qemu_ring.c ---- */

/* Within a page. -EFAULT: not mapped, or not memory. */
int qemu_control_read(const struct qemu_control *c, uint64_t va, void *dst,
                      size_t len);
int qemu_control_write(const struct qemu_control *c, uint64_t va,
                       const void *src, size_t len);
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
/* It wants to be called within so many ms, whatever poll() says; -1: not. */
int qemu_control_patience(const struct qemu_control *c);
/* The guest has told pvpanic, or is about to: it stands still when this
 * returns. Answer until fd can be read, or nobody has asked for anything for a
 * long time; then the guest goes on. */
void qemu_control_serve_until(struct qemu_control *c, int fd);
/* QEMU has ended, and the program with this status: its memory is shown to
 * those who asked for it. */
void qemu_control_end(struct qemu_control *c, int status);

/* ---- qemu_debug.c: the debugger's requests, and what it is told ---- */

/* -EBUSY: there is a debugger. */
int qemu_debug_attach(struct qemu_control *c, struct qemu_client *cl,
                      const struct control_request *r);
/* If the debugger is gone the guest goes on without it. */
void qemu_debug_check(struct qemu_control *c);
/* It goes on, and does what the debugger has written for the kernel. */
void qemu_debug_run(struct qemu_control *c, struct qemu_client *cl);
/* QEMU was heard: perhaps a thread has stopped, which the debugger is told. */
void qemu_debug_look(struct qemu_control *c);
void qemu_debug_end(struct qemu_control *c, int status);
/* Whether QEMU is to be listened to. */
bool qemu_debug_listens(const struct qemu_control *c);

/* ---- qemu_capture.c ---- */

void qemu_capture_attach(struct qemu_control *c, struct qemu_client *cl,
                         const struct control_request *r);
void qemu_capture_frames(struct qemu_control *c, struct qemu_client *cl);
/* Who captured may be gone, or too slow: what nobody takes must not fill the
 * host's memory. */
void qemu_capture_check(struct qemu_control *c);

/* ---- qemu_control.c's, for them ---- */

/* NULL: not all of it is memory. */
uint8_t *qemu_ram_at(const struct qemu_control *c, uint64_t gpa, uint64_t len);
/* A reader that is not there, or not ready, is let go. */
void qemu_reply(struct qemu_client *cl, int32_t result, const void *data,
                size_t len);

#endif
