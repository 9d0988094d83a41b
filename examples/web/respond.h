/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * respond.h - from a request to what is sent for it.
 *
 * What:      finds the file below the root, honours conditions and ranges (RFC
 *            9110, 13 and 14), and writes the head.
 * Ownership: the response owns its file until response_fini().
 */
#ifndef EXAMPLES_WEB_RESPOND_H
#define EXAMPLES_WEB_RESPOND_H

#include <stdbool.h>
#include <sys/types.h>

#include "request.h"

#define RESPONSE_HEAD_MAX 1024u

struct response {
    int status;
    bool keep_alive;
    char head[RESPONSE_HEAD_MAX]; /* and a short body, for errors */
    size_t head_len;
    int fd; /* the file, or -1 */
    off_t at;
    size_t len; /* of its bytes from `at` that are sent */
};

/* The answer to a request; root is a directory's descriptor. */
void respond(int root, struct request *request, struct response *out);
/* The answer to what is no request; the connection ends. */
void respond_error(int status, struct response *out);
void response_fini(struct response *response);

#endif
