/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics.h - the parts of samara metrics: requests, and what they get.
 *
 * What:      Prometheus' text format 0.0.4 over HTTP/1.1, one answer for each
 *            connection. Who asks may be anybody who reaches the port: a
 *            request is looked at within METRICS_REQUEST_MAX bytes and never
 *            trusted.
 * Ownership: texts are the caller's to free.
 */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include <stdbool.h>
#include <stddef.h>

struct fault;

#define METRICS_REQUEST_MAX 8192u /* bytes, with all headers */

struct metrics_request {
    bool is_head; /* HEAD: no body is wanted */
};

/*
 * A request as far as it has come. -> 0: not whole yet; 200: one for the
 * metrics; any other: the status that answers it.
 */
int metrics_request(const char *data, size_t len, struct metrics_request *out);
/* The whole answer to a request; text: of 200. *len_out: its bytes */
char *metrics_answer(int status, const struct metrics_request *r,
                     const char *text, size_t *len_out);

/* All guests of this user, now. NULL with a fault. */
char *metrics_text(struct fault *fault);

#endif
