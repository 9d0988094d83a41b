/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - gdb's remote protocol: packets, hexadecimal, escapes.
 *
 * What:      bytes that come become packets, one after the other; what goes out
 *            is put into its frame. What a packet means is server.c's business.
 * Ownership: a reader is the caller's, and holds the last packet.
 * Errors:    what is no packet, is too long or has a wrong checksum is
 *            PACKET_BAD, and the next one begins with the next '$'.
 */
#ifndef CLI_GDB_PACKET_H
#define CLI_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define PACKET_MAX 16384u /* bytes between '$' and '#' */

enum packet_event {
    PACKET_NONE, /* more bytes are wanted */
    PACKET_DATA, /* reader.data holds one */
    PACKET_BAD,
    PACKET_ACK,
    PACKET_NAK,
    PACKET_INTERRUPT, /* Ctrl-C */
};

struct packet_reader {
    uint8_t data[PACKET_MAX + 1]; /* without escapes; a NUL behind it */
    size_t len;
    uint8_t state, sum, want;
    bool is_escaped, is_too_long;
};

enum packet_event packet_feed(struct packet_reader *r, uint8_t byte);
/* Append $data#sum, with what has to be escaped escaped. */
void packet_add(struct buf *out, const void *data, size_t len);

/* Appending to a reply. */
void packet_hex(struct buf *out, const void *data, size_t len);

/*
 * Reading a packet: *at moves behind what was read. A number is hexadecimal.
 * False: there is none, or it has more than 64 bits.
 */
bool packet_number(const char **at, uint64_t *out);
/* len bytes, as 2 * len digits. */
bool packet_bytes(const char **at, void *out, size_t len);
/* If `word` comes next. */
bool packet_word(const char **at, const char *word);
/* The same for a whole string in hexadecimal, up to `end`; false if it does not
 * fit. */
bool packet_string(const char **at, char *out, size_t room);

#endif
