/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone.h - the zone that the server is the authority for.
 *
 * What:      zone_read() makes it of a master file (RFC 1035, 5): $ORIGIN,
 *            $TTL, parentheses, quoted strings, escapes, TTLs with units; A,
 *            AAAA, NS, CNAME, SOA, PTR, MX and TXT records of class IN.
 * Ownership: the zone keeps what it allocates until the program ends.
 * Errors:    false with a line and what is wrong in it. A zone that contradicts
 *            itself (two SOAs, a CNAME beside other data, a name outside) is
 *            refused as a whole.
 */
#ifndef EXAMPLES_DNS_ZONE_H
#define EXAMPLES_DNS_ZONE_H

#include "name.h"

enum type {
    TYPE_A = 1,
    TYPE_NS = 2,
    TYPE_CNAME = 5,
    TYPE_SOA = 6,
    TYPE_HINFO = 13,
    TYPE_PTR = 12,
    TYPE_MX = 15,
    TYPE_TXT = 16,
    TYPE_AAAA = 28,
    TYPE_OPT = 41,
    TYPE_IXFR = 251,
    TYPE_AXFR = 252,
    TYPE_ANY = 255,
};

#define ZONE_FILE_LEN_MAX (16u << 20)
#define RDATA_LEN_MAX     4096u
#define SOA_NUMBERS_LEN   20u /* what follows the names in a SOA's data */

struct record {
    const uint8_t *owner;
    const uint8_t *data; /* names in it are not compressed */
    uint32_t ttl;
    uint16_t type;
    uint16_t data_len;
    uint32_t line; /* in the file, for messages; then by order of reading */
};

struct zone {
    struct record *record; /* by owner in canonical order, type, line */
    size_t count;
    const uint8_t *apex;
    const struct record *soa;
};

struct zone_error {
    unsigned line; /* 0: of the file as a whole */
    const char *text;
};

bool zone_read(const char *text, size_t len, struct zone *zone,
               struct zone_error *error);

struct rrset {
    const struct record *first;
    size_t count; /* 0: there is none */
};

struct rrset zone_find(const struct zone *zone, const uint8_t *name,
                       uint16_t type);
/* Has the name records, or has one below it? */
bool zone_has_name(const struct zone *zone, const uint8_t *name);

#endif
