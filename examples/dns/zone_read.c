/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone_read.c - reading a master file.
 *
 * An entry, which is a line unless parentheses join several, is first cut into
 * words; then each kind of record takes the words that it wants.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "zone.h"

#define WORD_MAX    64u /* of one entry */
#define STRING_MAX  255u
#define TTL_MAX     0x7fffffffu /* RFC 2181, 8 */
#define TTL_UNKNOWN UINT32_MAX

struct word {
    const char *text;
    size_t len;
    bool is_quoted;
};

struct reader {
    const char *at, *end;
    unsigned line;
    struct zone *zone;
    struct zone_error *error;
    size_t room; /* records allocated */
    uint8_t origin[NAME_LEN_MAX];
    bool has_origin;
    const uint8_t *owner; /* of the last record */
    uint32_t ttl;         /* of $TTL; until there is one, the last record's */
    bool has_default_ttl;
    /* the entry */
    struct word word[WORD_MAX];
    size_t count, next;
    unsigned entry_line;
    bool begins_blank; /* no owner: the last one's */
    /* the record's data */
    uint8_t data[RDATA_LEN_MAX];
    size_t data_len;
};

static bool fail(struct reader *r, const char *text)
{
    r->error->line = r->entry_line;
    r->error->text = text;
    return false;
}

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Up to the quote, or to what ends a word; escaped characters do not. */
static bool word_take(struct reader *r)
{
    bool is_quoted = *r->at == '"';
    struct word *w = &r->word[r->count];

    if (r->count == WORD_MAX)
        return fail(r, "too many words");
    r->at += is_quoted;
    w->text = r->at;
    w->is_quoted = is_quoted;
    for (; r->at < r->end && *r->at != '\n'; r->at++) {
        if (*r->at == '\\' && r->end - r->at > 1 && r->at[1] != '\n')
            r->at++;
        else if (is_quoted ? *r->at == '"'
                           : is_blank(*r->at) || strchr(";()\"", *r->at))
            break;
    }
    w->len = (size_t)(r->at - w->text);
    if (is_quoted) {
        if (r->at == r->end || *r->at != '"')
            return fail(r, "the closing quote is missing");
        r->at++;
    }
    r->count++;
    return true;
}

static void comment_skip(struct reader *r)
{
    while (r->at < r->end && *r->at != '\n')
        r->at++;
}

/* Cut the next entry into words; none: an empty line. */
static bool entry_take(struct reader *r)
{
    unsigned depth = 0;

    r->count = r->next = 0;
    r->entry_line = r->line;
    r->begins_blank = is_blank(*r->at);
    while (r->at < r->end) {
        char c = *r->at;

        if (c == '\n') {
            r->at++;
            r->line++;
            if (depth == 0)
                return true;
        } else if (c == ';') {
            comment_skip(r);
        } else if (c == '(' || is_blank(c)) {
            depth += c == '(';
            r->at++;
        } else if (c == ')') {
            if (depth-- == 0)
                return fail(r, "a ) without its (");
            r->at++;
        } else if (c == '\0') {
            return fail(r, "a zero byte; is this a text file?");
        } else if (!word_take(r)) {
            return false;
        }
    }
    return depth == 0 || fail(r, "a ( without its )");
}

static const struct word *word_next(struct reader *r)
{
    return r->next < r->count ? &r->word[r->next++] : NULL;
}

static bool word_is(const struct word *w, const char *text)
{
    return !w->is_quoted && w->len == strlen(text) &&
           strncasecmp(w->text, text, w->len) == 0;
}

/* ---- numbers and times ---- */

static uint32_t unit_seconds(char c)
{
    switch (c | 0x20) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 604800;
    default:
        return 0;
    }
}

/* "3600", or with units, "1h30m". */
static bool time_parse(const struct word *w, bool has_units, uint32_t *out)
{
    uint64_t total = 0, number = 0;
    bool has_digit = false;

    for (size_t i = 0; i < w->len; i++) {
        char c = w->text[i];

        if (c >= '0' && c <= '9') {
            number = 10 * number + (uint64_t)(c - '0');
            has_digit = true;
        } else {
            if (!has_units || !has_digit || unit_seconds(c) == 0)
                return false;
            total += number * unit_seconds(c);
            number = 0;
            has_digit = i + 1 == w->len;
        }
        if (number > UINT32_MAX || total > UINT32_MAX)
            return false;
    }
    total += number;
    *out = (uint32_t)total;
    return has_digit && total <= UINT32_MAX;
}

/* ---- data of records ---- */

static bool data_put(struct reader *r, const void *from, size_t len)
{
    if (RDATA_LEN_MAX - r->data_len < len)
        return fail(r, "the record's data is too long");
    memcpy(r->data + r->data_len, from, len);
    r->data_len += len;
    return true;
}

static bool put_name(struct reader *r)
{
    const struct word *w = word_next(r);
    uint8_t name[NAME_LEN_MAX];

    if (!w)
        return fail(r, "a name is missing at the end");
    if (!name_from_text(w->text, w->len, r->has_origin ? r->origin : NULL,
                        name))
        return fail(r, "a domain name is malformed, or is relative where no "
                       "$ORIGIN is known");
    return data_put(r, name, name_len(name));
}

static bool put_number(struct reader *r, bool has_units, size_t bytes)
{
    const struct word *w = word_next(r);
    uint8_t big_endian[4];
    uint32_t value;

    if (!w)
        return fail(r, "a number is missing at the end");
    if (!time_parse(w, has_units, &value) || (bytes == 2 && value > UINT16_MAX))
        return fail(r, "a number is malformed or too large");
    value = htonl(value);
    memcpy(big_endian, &value, sizeof(value));
    return data_put(r, big_endian + 4 - bytes, bytes);
}

static bool put_address(struct reader *r, int family)
{
    const struct word *w = word_next(r);
    char text[INET6_ADDRSTRLEN] = "";
    uint8_t address[16];

    if (w && w->len < sizeof(text))
        memcpy(text, w->text, w->len);
    if (inet_pton(family, text, address) != 1)
        return fail(r, family == AF_INET ? "this is no IPv4 address"
                                         : "this is no IPv6 address");
    return data_put(r, address, family == AF_INET ? 4 : 16);
}

static bool put_string(struct reader *r, const struct word *w)
{
    uint8_t string[1 + STRING_MAX] = { 0 };
    size_t at = 0;

    while (at < w->len) {
        int c = text_byte(w->text, w->len, &at);

        if (c < 0)
            return fail(r, "a malformed escape: \\ and three digits to 255, or "
                           "a character");
        if (string[0] == STRING_MAX)
            return fail(r, "a string of more than 255 bytes; cut it in two");
        string[++string[0]] = (uint8_t)c;
    }
    return data_put(r, string, 1u + string[0]);
}

static bool put_strings(struct reader *r)
{
    if (r->next == r->count)
        return fail(r, "a text is missing at the end");
    while (r->next < r->count)
        if (!put_string(r, word_next(r)))
            return false;
    return true;
}

static bool put_soa(struct reader *r)
{
    return put_name(r) && put_name(r) && put_number(r, false, 4) &&
           put_number(r, true, 4) && put_number(r, true, 4) &&
           put_number(r, true, 4) && put_number(r, true, 4);
}

static bool data_read(struct reader *r, enum type type)
{
    bool ok;

    r->data_len = 0;
    if (type == TYPE_A || type == TYPE_AAAA)
        ok = put_address(r, type == TYPE_A ? AF_INET : AF_INET6);
    else if (type == TYPE_TXT)
        ok = put_strings(r);
    else if (type == TYPE_SOA)
        ok = put_soa(r);
    else if (type == TYPE_MX)
        ok = put_number(r, false, 2) && put_name(r);
    else
        ok = put_name(r);
    if (ok && r->next < r->count)
        return fail(r, "more words than the record has a use for");
    return ok;
}

/* ---- records ---- */

static bool type_parse(const struct word *w, enum type *type)
{
    static const struct {
        const char *name;
        enum type type;
    } types[] = {
        { "A", TYPE_A },         { "AAAA", TYPE_AAAA }, { "NS", TYPE_NS },
        { "CNAME", TYPE_CNAME }, { "SOA", TYPE_SOA },   { "PTR", TYPE_PTR },
        { "MX", TYPE_MX },       { "TXT", TYPE_TXT },
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (word_is(w, types[i].name)) {
            *type = types[i].type;
            return true;
        }
    }
    return false;
}

static const uint8_t *keep(struct reader *r, const uint8_t *from, size_t len)
{
    uint8_t *copy = malloc(len);

    if (!copy) {
        fail(r, "there is not enough memory for the zone");
        return NULL;
    }
    return memcpy(copy, from, len);
}

static bool record_add(struct reader *r, enum type type, uint32_t ttl)
{
    struct zone *z = r->zone;
    const uint8_t *data = keep(r, r->data, r->data_len);

    if (!data)
        return false;
    if (z->count == r->room) {
        size_t room = r->room ? 2 * r->room : 64;
        struct record *more = realloc(z->record, room * sizeof(*more));

        if (!more) {
            free((void *)(uintptr_t)data);
            return fail(r, "there is not enough memory for the zone");
        }
        z->record = more;
        r->room = room;
    }
    z->record[z->count++] = (struct record){
        r->owner,      data, ttl, (uint16_t)type, (uint16_t)r->data_len,
        r->entry_line,
    };
    return true;
}

static bool owner_read(struct reader *r)
{
    uint8_t name[NAME_LEN_MAX];
    const struct word *w;

    if (r->begins_blank)
        return r->owner || fail(r, "the first record has no name before it");
    w = word_next(r);
    if (!name_from_text(w->text, w->len, r->has_origin ? r->origin : NULL,
                        name))
        return fail(r, "the name is malformed, or is relative where no $ORIGIN "
                       "is known");
    r->owner = keep(r, name, name_len(name));
    return r->owner != NULL;
}

/* [TTL] [IN], in either order, and then the type. */
static bool head_read(struct reader *r, uint32_t *ttl, enum type *type)
{
    bool has_ttl = false, has_class = false;
    const struct word *w;

    *ttl = r->ttl;
    while ((w = word_next(r)) != NULL) {
        if (!has_class && word_is(w, "IN")) {
            has_class = true;
        } else if (!has_ttl && time_parse(w, true, ttl)) {
            has_ttl = true;
        } else if (type_parse(w, type)) {
            return true;
        } else {
            return fail(r, "there must be A, AAAA, NS, CNAME, SOA, PTR, MX or "
                           "TXT behind the name, a TTL and IN");
        }
    }
    return fail(r, "the type of the record is missing");
}

static bool record_read(struct reader *r)
{
    enum type type;
    uint32_t ttl;

    if (!owner_read(r) || !head_read(r, &ttl, &type) || !data_read(r, type))
        return false;
    if (ttl == TTL_UNKNOWN) {
        if (type != TYPE_SOA)
            return fail(r, "the first record has no TTL, and no $TTL is before "
                           "it");
        memcpy(&ttl, r->data + r->data_len - 4, 4); /* RFC 1035, 5.1 */
        ttl = ntohl(ttl);
    }
    if (ttl > TTL_MAX)
        return fail(r, "the TTL is too large");
    if (!r->has_default_ttl)
        r->ttl = ttl;
    return record_add(r, type, ttl);
}

static bool directive_read(struct reader *r)
{
    const struct word *what = word_next(r), *value = word_next(r);
    uint8_t name[NAME_LEN_MAX];

    if (!value || word_next(r))
        return fail(r, "a directive has one word behind it");
    if (word_is(what, "$TTL")) {
        r->has_default_ttl = true;
        return (time_parse(value, true, &r->ttl) && r->ttl <= TTL_MAX) ||
               fail(r, "the TTL is malformed or too large");
    }
    if (!word_is(what, "$ORIGIN"))
        return fail(r, "of the directives there are $ORIGIN and $TTL");
    if (!name_from_text(value->text, value->len,
                        r->has_origin ? r->origin : NULL, name))
        return fail(r, "the $ORIGIN is malformed, or does not end in a dot");
    memcpy(r->origin, name, name_len(name));
    r->has_origin = true;
    return true;
}

/* ---- the zone as a whole ---- */

static int record_order(const void *a, const void *b)
{
    const struct record *x = a, *y = b;
    int order = name_compare(x->owner, y->owner);

    if (order == 0)
        order = (x->type > y->type) - (x->type < y->type);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static bool record_check(struct reader *r, const struct record *record)
{
    const struct zone *z = r->zone;
    const struct record *before = record - 1;

    r->entry_line = record->line;
    if (!name_is_within(record->owner, z->apex))
        return fail(r, "this name is not within the zone, which is that of the "
                       "SOA");
    if (record->type == TYPE_SOA && record != z->soa)
        return fail(r, "a second SOA");
    if (record == z->record || name_compare(before->owner, record->owner) != 0)
        return true;
    if (record->type == TYPE_CNAME || before->type == TYPE_CNAME)
        return fail(r, "a name with a CNAME has nothing else");
    if (record->type == before->type && record->data_len == before->data_len &&
        memcmp(record->data, before->data, record->data_len) == 0)
        return fail(r, "the same record a second time");
    return true;
}

static bool zone_check(struct reader *r)
{
    struct zone *z = r->zone;

    r->entry_line = 0;
    for (size_t i = 0; i < z->count && !z->apex; i++)
        if (z->record[i].type == TYPE_SOA)
            z->apex = z->record[i].owner;
    if (!z->apex)
        return fail(r, "there is no SOA record");
    qsort(z->record, z->count, sizeof(*z->record), record_order);
    z->soa = zone_find(z, z->apex, TYPE_SOA).first;
    for (size_t i = 0; i < z->count; i++)
        if (!record_check(r, &z->record[i]))
            return false;
    r->entry_line = 0;
    return zone_find(z, z->apex, TYPE_NS).count > 0 ||
           fail(r, "the zone has no NS record");
}

bool zone_read(const char *text, size_t len, struct zone *zone,
               struct zone_error *error)
{
    struct reader *r = calloc(1, sizeof(*r));
    bool ok = r != NULL;

    *error = (struct zone_error){ 0, "there is not enough memory" };
    if (!r)
        return false;
    *zone = (struct zone){ 0 };
    r->at = text;
    r->end = text + len;
    r->line = 1;
    r->zone = zone;
    r->error = error;
    r->ttl = TTL_UNKNOWN;
    while (ok && r->at < r->end) {
        ok = entry_take(r);
        if (ok && r->count > 0)
            ok = r->word[0].len > 0 && r->word[0].text[0] == '$'
                     ? directive_read(r)
                     : record_read(r);
    }
    ok = ok && zone_check(r);
    free(r);
    return ok;
}
