/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request.h - reading an HTTP/1 request's head (RFC 9112).
 *
 * What:      request_parse() looks at what has arrived so far. What is not
 *            plainly well formed is refused, since whatever stands before this
 *            server might read it otherwise: bare CRs, folded lines, blanks
 *            before colons, two Hosts, two lengths.
 * Ownership: strings point into the caller's buffer, which is changed: they
 *            end in zeros there.
 */
#ifndef EXAMPLES_WEB_REQUEST_H
#define EXAMPLES_WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define HEAD_LEN_MAX   8192u /* else 431 */
#define TARGET_LEN_MAX 4096u /* else 414 */
#define FIELD_MAX      100u  /* else 431 */

enum method { METHOD_GET, METHOD_HEAD, METHOD_OTHER };

struct request {
    enum method method;
    char *target; /* as sent: a path, perhaps with a query */
    bool is_1_0;
    bool keep_alive;
    bool has_body; /* which nobody reads: the connection ends */
    /* fields, or NULL */
    const char *range, *if_range, *if_none_match, *if_modified_since;
};

/*
 * Bytes of the head; 0: more must come; or -status, the answer to what is
 * malformed, too long (414, 431) or of another version (505).
 */
int request_parse(char *buf, size_t len, struct request *out);

/*
 * The file's path for a target: percent-encoding undone, without the query,
 * without the first slash ("." for the root). In place; NULL when malformed, or
 * when a segment begins with a dot: there is nothing to be seen of "..".
 */
const char *request_path(char *target);

/*
 * A range of a file of `size` bytes. 206: *first and *len say which part; 416:
 * it lies outside; 200: none, or one of a kind that may be ignored.
 */
int request_range(const char *range, unsigned long size, unsigned long *first,
                  unsigned long *len);

#endif
