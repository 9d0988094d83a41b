/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guestlog.h - the output of a guest in the background, kept in its directory.
 *
 * What:      `log`, and `log.1` with what came before, in the format that
 *            Kubernetes' CRI gives container logs: a line is
 *            "TIME stdout|stderr F|P TEXT", with P when the guest has not
 *            ended the line there. What is read back is byte for byte what was
 *            written.
 * Ownership: one writer, the keeper; any number of readers.
 * Errors:    a full disk loses output, not the guest.
 * Units:     bytes; _ns since 1970.
 */
#ifndef CLI_GUESTLOG_H
#define CLI_GUESTLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct fault;
struct guest;

#define GUESTLOG_LEN_MAX (8u << 20) /* then it becomes log.1 */

struct guestlog {
    const char *dir; /* the caller's */
    int fd;
    uint64_t len;
};

int guestlog_create(struct guestlog *log, const char *dir, struct fault *fault);
/* fd: 1 or 2, where the guest wrote it. */
void guestlog_add(struct guestlog *log, int fd, const void *data, size_t len);

struct guestlog_view {
    uint64_t since_ns, until_ns; /* 0: all */
    uint64_t tail;               /* so many lines at the end; UINT64_MAX: all */
    bool timestamps;
    bool follow; /* until the guest has ended */
};

/* Write to stdout and stderr what the guest wrote to them. */
int guestlog_show(const struct guest *g, const struct guestlog_view *view,
                  struct fault *fault);

#endif
