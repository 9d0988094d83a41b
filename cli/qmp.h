/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmp.h - asking QEMU: its machine protocol, as far as a few questions go.
 *
 * What:      one command after the other over a socket that QEMU was started
 *            with. Nothing is said until the first question.
 * Ownership: the caller's struct and its descriptor.
 * Errors:    0 or -errno: -ETIMEDOUT without an answer in time, -ECONNRESET
 *            when QEMU has ended, -EIO: it refuses.
 */
#ifndef CLI_QMP_H
#define CLI_QMP_H

#include <stdbool.h>

#include "host/memory.h"

enum qmp_news {
    QMP_STOPPED = 1, /* the machine; of these two the later one is set */
    QMP_RUNS = 2,
    QMP_PANICKED = 4, /* pvpanic was told */
};

struct qmp {
    int fd; /* blocking; -1: there is none */
    bool is_ready;
    unsigned owed; /* answers that nobody waits for */
    unsigned news; /* bits of enum qmp_news, of events that came meanwhile */
    struct buf rx;
};

void qmp_fini(struct qmp *q);
/* A command without arguments, such as "stop". */
int qmp_command(struct qmp *q, const char *name);
/* A whole command: one line of JSON. */
int qmp_execute(struct qmp *q, const char *text);
/* As qmp_command() without waiting: what is asked next is answered after it.
 * Whether it was refused is not known. */
int qmp_command_later(struct qmp *q, const char *name);
/* Read what has come without being asked for, into `news`. */
int qmp_listen(struct qmp *q);
/* What QEMU's monitor for people answers: text with a NUL behind it. */
int qmp_ask(struct qmp *q, const char *line, unsigned cpu, struct buf *out);

#endif
