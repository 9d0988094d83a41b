/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_show.c - see trace_show.h: reading what was captured, strings, numbers,
 * flags, structures. */
#include "cli/trace_show.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* ---- what was captured ---- */

/* Of the chunks that have va the one that has most; every length is the guest's
 * word. */
const uint8_t *trace_find(const struct trace_view *v, uint64_t va,
                          size_t *len_out)
{
    const struct trace_memory *m = &v->e->memory[v->phase];
    const uint8_t *found = NULL;
    size_t at = 0;

    *len_out = 0;
    if (v->phase == TRACE_OF_END && v->e->result < 0 && !v->even_failed)
        return NULL;
    while (m->len - at >= sizeof(struct trace_chunk)) {
        struct trace_chunk c;

        memcpy(&c, m->data + at, sizeof(c));
        at += sizeof(c);
        if (c.len > m->len - at)
            break;
        if (va >= c.va && va - c.va < c.len && c.len - (va - c.va) > *len_out) {
            *len_out = c.len - (va - c.va);
            found = m->data + at + (va - c.va);
        }
        at += (c.len + TRACE_ALIGN - 1) & ~(size_t)(TRACE_ALIGN - 1);
        if (at > m->len)
            break;
    }
    return found;
}

bool trace_read(const struct trace_view *v, uint64_t va, void *to, size_t len)
{
    size_t have;
    const uint8_t *data = trace_find(v, va, &have);

    if (!data || have < len)
        return false;
    memcpy(to, data, len);
    return true;
}

/* ---- strings ---- */

/* Octal, as short as what follows allows. next: -1, none */
static void put_byte(FILE *to, uint8_t c, int next)
{
    static const char from[] = "\n\t\r\v\f\"\\";
    static const char as[] = "ntrvf\"\\";
    const char *at = c != '\0' ? strchr(from, c) : NULL;

    if (at)
        fprintf(to, "\\%c", as[at - from]);
    else if (c < 0x20 || c >= 0x7f)
        fprintf(to, next >= '0' && next <= '7' ? "\\%03o" : "\\%o", c);
    else
        fputc(c, to);
}

void trace_show_bytes(FILE *to, const uint8_t *data, size_t len)
{
    size_t i;

    fputc('"', to);
    for (i = 0; i < len; i++)
        put_byte(to, data[i], i + 1 < len ? data[i + 1] : -1);
    fputc('"', to);
}

/* len bytes of data, which were captured or not. */
void trace_show_data(const struct trace_view *v, uint64_t va, uint64_t len)
{
    size_t have = 0;
    const uint8_t *data = trace_find(v, va, &have);
    size_t shown = len < v->string_max ? (size_t)len : v->string_max;

    if (va != 0 && len == 0 && v->phase == TRACE_OF_BEGIN) {
        fputs("\"\"", v->to);
        return;
    }
    if (len > 0 && !data) {
        trace_show_pointer(v, NULL, va, 0);
        return;
    }
    shown = shown < have ? shown : have;
    trace_show_bytes(v->to, data, shown);
    if (shown < len)
        fputs("...", v->to);
}

static void text_upto(const struct trace_view *v, uint64_t va, size_t max)
{
    size_t have, len;
    const uint8_t *data = trace_find(v, va, &have);

    if (!data) {
        trace_show_pointer(v, NULL, va, 0);
        return;
    }
    have = have < max ? have : max;
    len = strnlen((const char *)data, have);
    trace_show_bytes(v->to, data, len);
    if (len == have)
        fputs("...", v->to);
}

void trace_show_text(const struct trace_view *v, const struct trace_type *t,
                     uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    text_upto(v, value, TRACE_STRING_MAX);
}

/* What is no path is as short as data. */
void trace_show_string(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    text_upto(v, value, v->string_max + 1);
}

static void show_in(const struct trace_view *v, const struct trace_type *t,
                    uint64_t value, unsigned arg)
{
    (void)t;
    trace_show_data(v, value, arg + 1 < TRACE_ARG_MAX ? v->e->arg[arg + 1] : 0);
}

static void show_out(const struct trace_view *v, const struct trace_type *t,
                     uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    if (!v->e->is_over || v->e->result < 0 || value == 0)
        trace_show_pointer(v, NULL, value, 0);
    else
        trace_show_data(v, value, (uint64_t)v->e->result);
}

static void show_random(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    size_t have = 0, i;
    const uint8_t *data = trace_find(v, value, &have);

    if (!data) {
        show_out(v, t, value, arg);
        return;
    }
    have = have < v->string_max ? have : v->string_max;
    fputc('"', v->to);
    for (i = 0; i < have; i++)
        fprintf(v->to, "\\x%02x", data[i]);
    fputs((int64_t)have < v->e->result ? "\"..." : "\"", v->to);
}

/* ---- numbers ---- */

void trace_show_int(const struct trace_view *v, const struct trace_type *t,
                    uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    fprintf(v->to, "%d", (int32_t)value);
}

void trace_show_long(const struct trace_view *v, const struct trace_type *t,
                     uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    fprintf(v->to, "%lld", (long long)value);
}

void trace_show_unsigned(const struct trace_view *v, const struct trace_type *t,
                         uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    fprintf(v->to, "%u", (uint32_t)value);
}

void trace_show_unsigned_long(const struct trace_view *v,
                              const struct trace_type *t, uint64_t value,
                              unsigned arg)
{
    (void)t;
    (void)arg;
    fprintf(v->to, "%llu", (unsigned long long)value);
}

void trace_show_hex(const struct trace_view *v, const struct trace_type *t,
                    uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    fprintf(v->to, "%#llx", (unsigned long long)value);
}

void trace_show_pointer(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    if (value == 0)
        fputs("NULL", v->to);
    else
        fprintf(v->to, "0x%llx", (unsigned long long)value);
}

void trace_show_octal(const struct trace_view *v, const struct trace_type *t,
                      uint64_t value, unsigned arg)
{
    (void)t;
    (void)arg;
    fprintf(v->to, "%#03o", (uint32_t)value);
}

static void show_dirfd(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    if ((int32_t)value == AT_FDCWD)
        fputs("AT_FDCWD", v->to);
    else
        trace_show_int(v, t, value, arg);
}

/* uid_t, gid_t: all ones means none. */
static void show_id(const struct trace_view *v, const struct trace_type *t,
                    uint64_t value, unsigned arg)
{
    if ((uint32_t)value == UINT32_MAX)
        fputs("-1", v->to);
    else
        trace_show_unsigned(v, t, value, arg);
}

/* One number behind a pointer; the table is its type's name. */
static void show_pointed(const struct trace_view *v, const struct trace_type *t,
                         uint64_t value, unsigned arg)
{
    uint64_t number = 0;

    (void)arg;
    if (value == 0 || !trace_read(v, value, &number, t->len)) {
        trace_show_pointer(v, NULL, value, 0);
        return;
    }
    fputc('[', v->to);
    trace_show(v, t->table, number);
    fputc(']', v->to);
}

/* An offset that the call moves on: [2] => [12] */
static void show_moved(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    struct trace_view before = *v;
    uint64_t from = 0, to = 0;

    before.phase = TRACE_OF_BEGIN;
    show_pointed(&before, t, value, arg);
    if (v->e->is_over && v->e->result >= 0 && t->when & TRACE_AT_END &&
        trace_read(&before, value, &from, 8) && trace_read(v, value, &to, 8) &&
        from != to)
        fprintf(v->to, " => [%lld]", (long long)to);
}

void trace_show_pair(const struct trace_view *v, const struct trace_type *t,
                     uint64_t value, unsigned arg)
{
    int32_t fds[2];

    (void)arg;
    if (trace_read(v, value, fds, sizeof(fds)))
        fprintf(v->to, "[%d, %d]", fds[0], fds[1]);
    else
        trace_show_pointer(v, t, value, arg);
}

static void show_entries(const struct trace_view *v, const struct trace_type *t,
                         uint64_t value, unsigned arg)
{
    uint64_t count;

    trace_show_pointer(v, t, value, arg);
    if (trace_read(v, value, &count, sizeof(count)))
        fprintf(v->to, " /* %llu entries */", (unsigned long long)count);
    else if (v->e->is_over && v->e->result == 0)
        fputs(" /* 0 entries */", v->to);
}

static void show_residency(const struct trace_view *v,
                           const struct trace_type *t, uint64_t value,
                           unsigned arg)
{
    size_t have = 0, i;
    const uint8_t *data = trace_find(v, value, &have);
    uint64_t pages;

    if (!data) {
        trace_show_pointer(v, t, value, arg);
        return;
    }
    pages = (v->e->arg[1] + 4095) / 4096;
    have = have < pages ? have : (size_t)pages;
    for (i = 0; i < have; i++)
        fprintf(v->to, i > 0 ? ", %u" : "[%u", data[i] & 1u);
    fputc(']', v->to);
}

/* ---- names ---- */

const char *trace_name(const struct trace_flag *flags, uint64_t value)
{
    for (; flags->mask != 0; flags++)
        if (flags->value == value)
            return flags->name;
    return NULL;
}

void trace_show_names(FILE *to, const struct trace_flag *flags, uint64_t value)
{
    uint64_t left = value;
    const char *between = "";

    for (; flags->mask != 0; flags++) {
        uint64_t mask = flags->mask;

        if ((mask == UINT64_MAX ? value : left & mask) != flags->value ||
            (mask != UINT64_MAX && (value & mask) != flags->value))
            continue;
        fprintf(to, "%s%s", between, flags->name);
        between = "|";
        left &= ~mask;
    }
    if (left == 0 && between[0] == '\0')
        fputc('0', to);
    else if (left != 0 && between[0] == '\0' && flags->name)
        fprintf(to, "%#llx /* %s */", (unsigned long long)left, flags->name);
    else if (left != 0)
        fprintf(to, "%s%#llx", between, (unsigned long long)left);
}

void trace_show_flags(const struct trace_view *v, const struct trace_type *t,
                      uint64_t value, unsigned arg)
{
    (void)arg;
    trace_show_names(v->to, t->table, (uint32_t)value);
}

void trace_show_flags64(const struct trace_view *v, const struct trace_type *t,
                        uint64_t value, unsigned arg)
{
    (void)arg;
    trace_show_names(v->to, t->table, value);
}

/* ---- structures ---- */

void trace_show_members(const struct trace_view *v,
                        const struct trace_member *m, uint64_t va)
{
    const char *between = "{";

    for (; m->name; m++) {
        uint64_t value = 0;

        fputs(between, v->to);
        between = ", ";
        fputs(m->name, v->to);
        if (!m->type)
            continue;
        fputc('=', v->to);
        if (m->len > 0 && !trace_read(v, va + m->at, &value, m->len))
            fputs("???", v->to);
        else
            trace_show(v, m->type, m->len > 0 ? value : va + m->at);
    }
    fputc('}', v->to);
}

void trace_show_struct(const struct trace_view *v, const struct trace_type *t,
                       uint64_t value, unsigned arg)
{
    size_t have;

    (void)arg;
    if (!trace_find(v, value, &have) || have < t->len)
        trace_show_pointer(v, t, value, arg);
    else
        trace_show_members(v, t->table, value);
}

/* ---- the plain types ---- */

static const struct trace_op path_in[] = {
    { TRACE_AT_BEGIN | TRACE_LAST, 0, TRACE_ALL, TRACE_STRING, 1,
      TRACE_STRING_MAX },
};
static const struct trace_op path_out[] = {
    { TRACE_AT_END | TRACE_LAST, 0, TRACE_ALL, TRACE_STRING, 1,
      TRACE_STRING_MAX },
};
static const struct trace_op name_out[] = {
    { TRACE_AT_END | TRACE_LAST, 0, TRACE_ALL, TRACE_STRING, 1, 16 },
};
/* max 0: as much as data is shown */
static const struct trace_op data_in[] = {
    { TRACE_AT_BEGIN | TRACE_LAST, 0, 1, TRACE_BYTES, 1, 0 },
};
static const struct trace_op data_out[] = {
    { TRACE_AT_END | TRACE_LAST, 0, TRACE_RESULT, TRACE_BYTES, 1, 0 },
};
static const struct trace_op entries_out[] = {
    { TRACE_AT_END | TRACE_LAST, 0, TRACE_RESULT, TRACE_ENTRIES, 1, 0 },
};

const struct trace_type trace_types_plain[] = {
    { .name = "d", .show = trace_show_int },
    { .name = "ld", .show = trace_show_long },
    { .name = "u", .show = trace_show_unsigned },
    { .name = "lu", .show = trace_show_unsigned_long },
    { .name = "x", .show = trace_show_hex },
    { .name = "p", .show = trace_show_pointer },
    { .name = "o", .show = trace_show_octal },
    { .name = "dirfd", .show = show_dirfd },
    { .name = "id", .show = show_id },
    { "path", trace_show_text, NULL, 0, TRACE_AT_BEGIN, path_in },
    { "string", trace_show_string, NULL, 0, TRACE_AT_BEGIN, path_in },
    { "path>", trace_show_text, NULL, 0, TRACE_AT_END, path_out },
    { "name>", trace_show_string, NULL, 0, TRACE_AT_END, name_out },
    { "data", show_in, NULL, 0, TRACE_AT_BEGIN, data_in },
    { "data>", show_out, NULL, 0, TRACE_AT_END, data_out },
    { "random>", show_random, NULL, 0, TRACE_AT_END, data_out },
    { "entries>", show_entries, NULL, 0, TRACE_AT_END, entries_out },
    { "resident>", show_residency, NULL, 32, TRACE_AT_END, NULL },
    { "int*", show_pointed, "d", 4, TRACE_AT_BEGIN, NULL },
    { "int>", show_pointed, "d", 4, TRACE_AT_END, NULL },
    { "uid>", show_pointed, "u", 4, TRACE_AT_END, NULL },
    { "long>", show_pointed, "lu", 8, TRACE_AT_END, NULL },
    { "pointer>", show_pointed, "x", 8, TRACE_AT_END, NULL },
    { "offset*", show_moved, "ld", 8, TRACE_AT_BEGIN | TRACE_AT_END, NULL },
    { "offset", show_pointed, "ld", 8, TRACE_AT_BEGIN, NULL },
    { "pair>", trace_show_pair, NULL, 8, TRACE_AT_END, NULL },
    { 0 },
};
