/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.h - writing a DNS message.
 *
 * What:      appends records, with names compressed (RFC 1035, 4.1.4), up to a
 *            limit. A record that does not fit is not written at all.
 */
#ifndef EXAMPLES_DNS_MESSAGE_H
#define EXAMPLES_DNS_MESSAGE_H

#include "answer.h"

#define HEADER_LEN 12u

enum section { SECTION_ANSWER = 1, SECTION_AUTHORITY, SECTION_ADDITIONAL };

struct message {
    uint8_t *bytes;
    size_t len, limit;
    uint16_t name_at[COMPRESSIONS_MAX]; /* where names and their parents are */
    unsigned name_count;
};

uint16_t get16(const uint8_t *at);
void put16(uint8_t *at, unsigned value);

/* Remember a name that is in the message already, for compression. */
void message_note_name(struct message *m, size_t at);
/* Append a record and count it in its section. False: it does not fit. */
bool message_put(struct message *m, enum section section,
                 const struct record *record);
/* The same, of another owner or with another TTL. */
bool message_put_as(struct message *m, enum section section,
                    const struct record *record, const uint8_t *owner,
                    uint32_t ttl);

#endif
