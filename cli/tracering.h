/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracering.h - switching tracing on in a guest, and reading what it writes.
 *
 * What:      abi/trace.h, the tool's side. While it is open the guest's tables
 *            of calls are changed; closing puts them back, and the kernel does
 *            so itself when nobody has renewed the lease for some seconds.
 * Ownership: the caller's struct, large and best static.
 * Errors:    -errno with a fault. -ESHUTDOWN: the guest has ended, and all that
 *            it wrote was read.
 */
#ifndef CLI_TRACERING_H
#define CLI_TRACERING_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/trace.h"
#include "cli/inside.h"
#include "cli/trace_calls.h"

/* Each call twice, when it begins and when it is over. */
typedef void tracering_fn(void *arg, const struct trace_event *e);

struct tracering_pending;

struct tracering {
    bool selected[TRACE_CALL_MAX]; /* set by the caller, before open */
    unsigned string_max;           /* ... of data are captured */
    bool is_qemu;    /* open_first: the kernel runs, and waits for our wish */
    uint64_t lost;   /* records that were overwritten unread */
    unsigned lapses; /* how often it was ended for want of a reader */
    struct trace_count count[TRACE_CALL_MAX]; /* from open to end */
    struct inside inside;
    /* The rest is tracering.c's. */
    enum trace_mode mode;
    bool is_first; /* nobody knows what the tables held before */
    uint64_t original[TRACE_CALL_MAX];
    struct trace_count count_before[TRACE_CALL_MAX];
    uint64_t ring; /* where it lay at the last look; 0: nowhere */
    uint64_t position, number, renewed_tsc;
    struct tracering_pending *pending;
    uint8_t data[TRACE_RING_LEN];
};

/* From the program's first call on: fd is a connection that stops a guest of
 * which nothing has run yet, or leads to one under QEMU, and is the ring's from
 * now on. name: the caller's. */
int tracering_open_first(struct tracering *t, int fd, const char *name,
                         enum trace_mode mode, struct fault *fault);
int tracering_open(struct tracering *t, const struct guest *g,
                   enum trace_mode mode, struct fault *fault);
/* Read what is there: hand out the calls that are over; or the counts. */
int tracering_poll(struct tracering *t, tracering_fn *fn, void *arg,
                   struct fault *fault);
/* Everything as it was; hands out the calls that are not over, once more. */
void tracering_end(struct tracering *t, tracering_fn *fn, void *arg);
/* A guest that has ended waits for this. */
void tracering_close(struct tracering *t);

#endif
