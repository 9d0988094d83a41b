/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * name.h - domain names, as they stand in messages.
 *
 * What:      a name is a pointer to its first label: a length, as many bytes,
 *            and so on until a length of 0. A parent of a name is therefore a
 *            pointer into it. Letters are kept as they are and compared
 *            without their case. Without compression, see message.h.
 * Ownership: the caller's; nothing is allocated.
 */
#ifndef EXAMPLES_DNS_NAME_H
#define EXAMPLES_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_LEN_MAX  255u /* bytes, the last 0 included: RFC 1035, 2.3.4 */
#define LABEL_LEN_MAX 63u

/* Bytes, the last 0 included. */
size_t name_len(const uint8_t *name);
/* The name without its first label; not of the root. */
const uint8_t *name_parent(const uint8_t *name);
/* Canonical order (RFC 4034, 6.1): a name is followed by all below it. */
int name_compare(const uint8_t *a, const uint8_t *b);
/* Is it apex, or below it? */
bool name_is_within(const uint8_t *name, const uint8_t *apex);

/*
 * Take a name out of a message at *at, which moves behind it. There must be no
 * compression: queries have nothing to point to.
 */
bool name_take(const uint8_t *message, size_t len, size_t *at,
               uint8_t out[NAME_LEN_MAX]);

/*
 * From a zone file's text: "@" is origin, and what does not end in a dot is
 * below it. \X and \DDD stand for bytes. origin may be NULL: then the name
 * must end in a dot.
 */
bool name_from_text(const char *text, size_t len, const uint8_t *origin,
                    uint8_t out[NAME_LEN_MAX]);

/* One character of a zone file's text at *at, escapes undone; -1: a bad one. */
int text_byte(const char *text, size_t len, size_t *at);

#endif
