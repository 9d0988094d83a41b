/* SPDX-License-Identifier: BSD-2-Clause */
/* answer.c - see answer.h. */
#include "answer.h"

#include <string.h>

#include "message.h"

#define FLAG_QR     0x8000u
#define FLAG_OPCODE 0x7800u
#define FLAG_AA     0x0400u
#define FLAG_TC     0x0200u
#define FLAG_RD     0x0100u
#define CLASS_IN    1u
#define CLASS_ANY   255u
#define OPT_LEN     11u
#define ANY_TTL     3600u

enum rcode {
    RCODE_NOERROR = 0,
    RCODE_FORMERR = 1,
    RCODE_NXDOMAIN = 3,
    RCODE_NOTIMP = 4,
    RCODE_REFUSED = 5,
    RCODE_BADVERS = 16, /* its upper bits stand in the OPT record */
};

struct query {
    uint8_t name[NAME_LEN_MAX];
    uint16_t type, class;
    size_t question_end;
    bool has_edns;
    uint8_t edns_version;
    size_t udp_len; /* what the client takes */
};

struct work {
    const struct zone *zone;
    const struct query *query;
    struct message m;
    unsigned rcode;
    bool is_authoritative, is_truncated;
};

/* ---- the query ---- */

/* A record of the query; of all kinds only OPT says something to us. */
static bool record_take(const uint8_t *bytes, size_t len, size_t *at,
                        struct query *q)
{
    uint8_t name[NAME_LEN_MAX];
    size_t data_len;

    if (!name_take(bytes, len, at, name) || len - *at < 10)
        return false;
    data_len = get16(bytes + *at + 8);
    if (get16(bytes + *at) == TYPE_OPT) {
        if (q->has_edns || name[0] != 0)
            return false;
        q->has_edns = true;
        q->udp_len = get16(bytes + *at + 2);
        q->edns_version = bytes[*at + 5];
    }
    *at += 10;
    if (len - *at < data_len)
        return false;
    *at += data_len;
    return true;
}

/* One question, no answers, and whatever else is well formed. */
static bool query_parse(const uint8_t *bytes, size_t len, struct query *q)
{
    unsigned additional = get16(bytes + 10);
    size_t at = HEADER_LEN;

    *q = (struct query){ .udp_len = UDP_LEN_MIN };
    if (get16(bytes + 4) != 1 || get16(bytes + 6) != 0 || get16(bytes + 8) != 0)
        return false;
    if (!name_take(bytes, len, &at, q->name) || len - at < 4)
        return false;
    q->type = get16(bytes + at);
    q->class = get16(bytes + at + 2);
    at += 4;
    q->question_end = at;
    for (; additional > 0; additional--)
        if (!record_take(bytes, len, &at, q))
            return false;
    return at == len;
}

/* ---- records of the answer ---- */

static void put(struct work *w, enum section section,
                const struct record *record, const uint8_t *owner)
{
    if (!w->is_truncated &&
        !message_put_as(&w->m, section, record, owner, record->ttl))
        w->is_truncated = true;
}

static void put_set(struct work *w, enum section section, struct rrset set,
                    const uint8_t *owner)
{
    for (size_t i = 0; i < set.count; i++)
        put(w, section, &set.first[i], owner);
}

/* Addresses of what the records name, as far as the zone knows them. Those
 * below a cut must be told, or nobody would find its servers. */
static void put_addresses(struct work *w, struct rrset set, bool must_fit)
{
    static const uint16_t types[] = { TYPE_A, TYPE_AAAA };

    for (size_t i = 0; i < set.count; i++) {
        size_t skip = set.first[i].type == TYPE_MX ? 2 : 0;
        const uint8_t *name = set.first[i].data + skip;

        if (!name_is_within(name, w->zone->apex))
            continue;
        for (size_t t = 0; t < 2; t++) {
            struct rrset found = zone_find(w->zone, name, types[t]);

            for (size_t k = 0; k < found.count; k++)
                if (!message_put(&w->m, SECTION_ADDITIONAL, &found.first[k]) &&
                    must_fit)
                    w->is_truncated = true;
        }
    }
}

/* There is nothing: for how long that may be believed (RFC 2308, 3). */
static void put_nothing(struct work *w, enum rcode rcode)
{
    const struct record *soa = w->zone->soa;
    const uint8_t *minimum = soa->data + soa->data_len - 4;
    uint32_t ttl = (uint32_t)get16(minimum) << 16 | get16(minimum + 2);

    w->rcode = rcode;
    if (!message_put_as(&w->m, SECTION_AUTHORITY, soa, soa->owner,
                        ttl < soa->ttl ? ttl : soa->ttl))
        w->is_truncated = true;
}

/* RFC 8482, 4.2. */
static void put_any(struct work *w, const uint8_t *name)
{
    static const uint8_t data[] = "\7RFC8482"; /* and an empty string */
    const struct record hinfo = { name,       data,         ANY_TTL,
                                  TYPE_HINFO, sizeof(data), 0 };

    put(w, SECTION_ANSWER, &hinfo, name);
}

/* ---- the search ---- */

/* The highest cut between the apex and the name: who is below it is not ours.
 * NULL: none. */
static const uint8_t *cut_above(const struct zone *zone, const uint8_t *name)
{
    const uint8_t *cut = NULL;

    for (; name_compare(name, zone->apex) != 0; name = name_parent(name))
        if (zone_find(zone, name, TYPE_NS).count > 0)
            cut = name;
    return cut;
}

/*
 * Where the name's data stands: under itself, or under the wildcard of its
 * closest ancestor that exists (RFC 4592). False: there is no such name.
 */
static bool source_of(const struct zone *zone, const uint8_t *name,
                      uint8_t source[NAME_LEN_MAX])
{
    size_t len;

    memcpy(source, name, name_len(name));
    if (zone_has_name(zone, name))
        return true;
    do
        name = name_parent(name);
    while (!zone_has_name(zone, name));
    len = name_len(name);
    if (len + 2 > NAME_LEN_MAX)
        return false;
    memcpy(source, "\1*", 2);
    memcpy(source + 2, name, len);
    return zone_has_name(zone, source);
}

static void refer(struct work *w, const uint8_t *cut)
{
    struct rrset servers = zone_find(w->zone, cut, TYPE_NS);

    put_set(w, SECTION_AUTHORITY, servers, cut);
    put_addresses(w, servers, true);
}

/* What is known of one name. An alias: the name that it stands for. */
static const uint8_t *look_up(struct work *w, const uint8_t *name)
{
    uint16_t type = w->query->type;
    uint8_t source[NAME_LEN_MAX];
    const uint8_t *cut = cut_above(w->zone, name);
    struct rrset set;

    if (cut) {
        refer(w, cut);
        return NULL;
    }
    if (!source_of(w->zone, name, source)) {
        put_nothing(w, RCODE_NXDOMAIN);
        return NULL;
    }
    if (type == TYPE_ANY) {
        put_any(w, name);
        return NULL;
    }
    set = zone_find(w->zone, source, TYPE_CNAME);
    if (set.count > 0 && type != TYPE_CNAME) {
        put_set(w, SECTION_ANSWER, set, name);
        return set.first->data;
    }
    set = zone_find(w->zone, source, type);
    put_set(w, SECTION_ANSWER, set, name);
    if (set.count == 0)
        put_nothing(w, RCODE_NOERROR);
    else if (type == TYPE_NS || type == TYPE_MX)
        put_addresses(w, set, false);
    return NULL;
}

static void search(struct work *w)
{
    const uint8_t *name = w->query->name;

    w->is_authoritative = !cut_above(w->zone, name);
    for (unsigned depth = 0; depth <= ALIAS_DEPTH_MAX; depth++) {
        name = look_up(w, name);
        if (!name || !name_is_within(name, w->zone->apex))
            break; /* the rest is for the client to ask elsewhere */
    }
}

/* ---- the answer ---- */

static void opt_put(struct work *w)
{
    uint8_t *at = w->m.bytes + w->m.len;

    memset(at, 0, OPT_LEN);
    put16(at + 1, TYPE_OPT);
    put16(at + 3, UDP_LEN_MAX);
    at[5] = (uint8_t)(w->rcode >> 4);
    w->m.len += OPT_LEN;
    put16(w->m.bytes + 10, get16(w->m.bytes + 10) + 1u);
}

static size_t limit_of(const struct query *q, bool is_stream)
{
    size_t limit = q->udp_len;

    if (limit < UDP_LEN_MIN)
        limit = UDP_LEN_MIN;
    if (limit > UDP_LEN_MAX)
        limit = UDP_LEN_MAX;
    if (is_stream)
        limit = MESSAGE_LEN_MAX;
    return q->has_edns ? limit - OPT_LEN : limit;
}

/* Everything behind the header and the question. */
static void body_put(struct work *w)
{
    const struct query *q = w->query;

    if (q->has_edns && q->edns_version != 0) {
        w->rcode = RCODE_BADVERS;
    } else if ((q->class != CLASS_IN && q->class != CLASS_ANY) ||
               !name_is_within(q->name, w->zone->apex) ||
               q->type == TYPE_AXFR || q->type == TYPE_IXFR) {
        w->rcode = RCODE_REFUSED;
    } else {
        message_note_name(&w->m, HEADER_LEN);
        search(w);
    }
    if (w->is_truncated) { /* no part of a set: RFC 2181, 9 */
        w->m.len = q->question_end;
        memset(w->m.bytes + 6, 0, 6);
    }
    if (q->has_edns)
        opt_put(w);
}

size_t answer(const struct zone *zone, const uint8_t *query, size_t len,
              bool is_stream, uint8_t *out)
{
    struct query q;
    struct work w = { .zone = zone, .query = &q };
    unsigned flags;

    if (len < HEADER_LEN || len > MESSAGE_LEN_MAX)
        return 0;
    flags = get16(query + 2);
    if (flags & FLAG_QR)
        return 0;
    memcpy(out, query, 4);
    memset(out + 4, 0, HEADER_LEN - 4);
    w.m = (struct message){ .bytes = out, .len = HEADER_LEN };
    if (flags & FLAG_OPCODE) {
        w.rcode = RCODE_NOTIMP;
    } else if (!query_parse(query, len, &q)) {
        w.rcode = RCODE_FORMERR;
    } else {
        memcpy(out, query, q.question_end);
        memset(out + 6, 0, 6);
        w.m.len = q.question_end;
        w.m.limit = limit_of(&q, is_stream);
        body_put(&w);
    }
    flags = FLAG_QR | (flags & (FLAG_OPCODE | FLAG_RD)) | (w.rcode & 15);
    if (w.is_authoritative && w.rcode <= RCODE_NXDOMAIN)
        flags |= FLAG_AA;
    if (w.is_truncated)
        flags |= FLAG_TC;
    put16(out + 2, flags);
    return w.m.len;
}
