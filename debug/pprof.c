/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pprof.c - a profile in pprof's format: profile.proto, in gzip's container.
 *
 * A protobuf message is a row of fields, each a number and a type, then a
 * varint or bytes behind their length. gzip's blocks are stored as they are:
 * the file is small, and zlib one library more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/profile.h"
#include "host/memory.h"

enum profile_field { /* message Profile */
                     PROFILE_SAMPLE_TYPE = 1,
                     PROFILE_SAMPLE = 2,
                     PROFILE_MAPPING = 3,
                     PROFILE_LOCATION = 4,
                     PROFILE_FUNCTION = 5,
                     PROFILE_STRING = 6,
                     PROFILE_TIME = 9,
                     PROFILE_DURATION = 10,
                     PROFILE_PERIOD_TYPE = 11,
                     PROFILE_PERIOD = 12,
};

enum value_type_field { VALUE_TYPE = 1, VALUE_UNIT = 2 };
enum sample_field { SAMPLE_LOCATION = 1, SAMPLE_VALUE = 2, SAMPLE_LABEL = 3 };
enum label_field { LABEL_KEY = 1, LABEL_STRING = 2, LABEL_NUMBER = 3 };
enum mapping_field { MAPPING_ID = 1, MAPPING_FILE = 5, MAPPING_FUNCTIONS = 7 };
enum location_field {
    LOCATION_ID = 1,
    LOCATION_MAPPING = 2,
    LOCATION_ADDRESS = 3,
    LOCATION_LINE = 4
};
enum line_field { LINE_FUNCTION = 1, LINE_LINE = 2 };
enum function_field {
    FUNCTION_ID = 1,
    FUNCTION_NAME = 2,
    FUNCTION_SYSTEM_NAME = 3,
    FUNCTION_FILE = 4
};

#define WIRE_VARINT 0u
#define WIRE_BYTES  2u

#define STORED_MAX 65535u /* bytes of one block of gzip's */

struct writer {
    const struct profile *p;
    struct buf out;
    struct list strings; /* by their index in the table */
};

/* ---- protobuf ---- */

static void put_varint(struct buf *b, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;

    do {
        bytes[n] = (uint8_t)(v & 0x7f);
        v >>= 7;
        bytes[n++] |= v ? 0x80 : 0;
    } while (v);
    buf_add(b, bytes, n);
}

static void put_number(struct buf *b, unsigned field, uint64_t v)
{
    put_varint(b, field << 3 | WIRE_VARINT);
    put_varint(b, v);
}

static void put_bytes(struct buf *b, unsigned field, const void *data,
                      size_t len)
{
    put_varint(b, field << 3 | WIRE_BYTES);
    put_varint(b, len);
    if (len > 0)
        buf_add(b, data, len);
}

/* The message is done with. */
static void put_message(struct buf *b, unsigned field, struct buf *message)
{
    put_bytes(b, field, message->data, message->len);
    buf_fini(message);
    *message = (struct buf){ 0 };
}

/* Those of functions and objects differ; the few others are given once. */
static uint64_t string_add(struct writer *w, const char *s)
{
    list_add(&w->strings, s);
    return w->strings.count - 1;
}

/* ---- the profile ---- */

static void put_value_type(struct writer *w, unsigned field, uint64_t type,
                           uint64_t unit)
{
    struct buf m = { 0 };

    put_number(&m, VALUE_TYPE, type);
    put_number(&m, VALUE_UNIT, unit);
    put_message(&w->out, field, &m);
}

static void put_period(struct writer *w)
{
    uint64_t period = 1000000000u / w->p->rate;
    uint64_t kind = string_add(w, w->p->off_cpu ? "off-cpu" : "cpu");
    uint64_t ns = string_add(w, "nanoseconds");

    put_value_type(w, PROFILE_SAMPLE_TYPE, string_add(w, "samples"),
                   string_add(w, "count"));
    put_value_type(w, PROFILE_SAMPLE_TYPE, kind, ns);
    put_value_type(w, PROFILE_PERIOD_TYPE, kind, ns);
    put_number(&w->out, PROFILE_PERIOD, period);
    put_number(&w->out, PROFILE_TIME, w->p->start_ns);
    put_number(&w->out, PROFILE_DURATION, w->p->duration_ns);
}

/* Their ids are their indices + 1. */
static void put_objects(struct writer *w)
{
    size_t i;

    for (i = 0; i < w->p->object_count; i++) {
        struct buf m = { 0 };

        put_number(&m, MAPPING_ID, i + 1);
        put_number(&m, MAPPING_FILE, string_add(w, w->p->object[i]));
        put_number(&m, MAPPING_FUNCTIONS, 1);
        put_message(&w->out, PROFILE_MAPPING, &m);
    }
}

static void put_functions(struct writer *w)
{
    size_t i;

    for (i = 0; i < w->p->function_count; i++) {
        const struct profile_function *f = &w->p->function[i];
        uint64_t name = string_add(w, f->name);
        struct buf m = { 0 };

        put_number(&m, FUNCTION_ID, i + 1);
        put_number(&m, FUNCTION_NAME, name);
        put_number(&m, FUNCTION_SYSTEM_NAME, name);
        if (f->file)
            put_number(&m, FUNCTION_FILE, string_add(w, f->file));
        put_message(&w->out, PROFILE_FUNCTION, &m);
    }
}

static void put_location(struct writer *w, uint64_t id, size_t function,
                         uint64_t pc, int line)
{
    struct buf m = { 0 }, l = { 0 };

    put_number(&m, LOCATION_ID, id);
    put_number(&m, LOCATION_MAPPING, w->p->function[function].object + 1);
    put_number(&m, LOCATION_ADDRESS, pc);
    put_number(&l, LINE_FUNCTION, function + 1);
    if (line > 0)
        put_number(&l, LINE_LINE, (uint64_t)line);
    put_message(&m, LOCATION_LINE, &l);
    put_message(&w->out, PROFILE_LOCATION, &m);
}

static void put_locations(struct writer *w)
{
    const struct profile *p = w->p;
    size_t i;

    for (i = 0; i < p->site_count; i++)
        put_location(w, i + 1, p->site[i].function, p->site[i].pc,
                     p->site[i].line);
    for (i = 0; p->threads && i < p->thread_count; i++)
        put_location(w, p->site_count + i + 1, p->thread_function[i], 0, 0);
}

static void put_thread(struct buf *sample, int32_t tid, uint64_t key)
{
    struct buf m = { 0 };

    put_number(&m, LABEL_KEY, key);
    put_number(&m, LABEL_NUMBER, (uint64_t)(int64_t)tid);
    put_message(sample, SAMPLE_LABEL, &m);
}

static void put_samples(struct writer *w)
{
    const struct profile *p = w->p;
    uint64_t key = string_add(w, "thread"), period = 1000000000u / p->rate;
    size_t i;

    for (i = 0; i < p->stacks.stack_count; i++) {
        const struct stack_seen *seen = &p->stacks.stack[i];
        struct buf m = { 0 }, ids = { 0 }, values = { 0 };
        unsigned k;

        for (k = 0; k < seen->count; k++)
            put_varint(&ids,
                       profile_site_of(p, p->stacks.pc[seen->first + k]) + 1);
        if (p->threads)
            put_varint(&ids,
                       p->site_count + profile_thread_of(p, seen->tid) + 1);
        put_varint(&values, seen->samples);
        put_varint(&values, seen->samples * period);
        put_message(&m, SAMPLE_LOCATION, &ids);
        put_message(&m, SAMPLE_VALUE, &values);
        put_thread(&m, seen->tid, key);
        put_message(&w->out, PROFILE_SAMPLE, &m);
    }
}

/* ---- gzip ---- */

static uint32_t crc32(const uint8_t *data, size_t len)
{
    uint32_t crc = ~0u;
    size_t i;
    unsigned bit;

    for (i = 0; i < len; i++) {
        crc ^= data[i];
        for (bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* RFC 1952, around blocks that are not compressed: RFC 1951, 3.2.4. */
static void put_gzip(struct buf *out, const struct buf *data)
{
    static const uint8_t head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
    uint32_t tail[2] = { crc32(data->data, data->len), (uint32_t)data->len };
    size_t at = 0;

    buf_add(out, head, sizeof(head));
    do {
        size_t len = data->len - at < STORED_MAX ? data->len - at : STORED_MAX;
        uint8_t block[5] = { at + len == data->len, (uint8_t)len,
                             (uint8_t)(len >> 8), (uint8_t)~len,
                             (uint8_t)(~len >> 8) };

        buf_add(out, block, sizeof(block));
        buf_add(out, data->data + at, len);
        at += len;
    } while (at < data->len);
    buf_add(out, tail, sizeof(tail));
}

void profile_pprof(const struct profile *p, struct buf *out)
{
    struct writer w = { .p = p };
    size_t i;

    string_add(&w, ""); /* as the format has it */
    put_period(&w);
    put_samples(&w);
    put_objects(&w);
    put_locations(&w);
    put_functions(&w);
    for (i = 0; i < w.strings.count; i++)
        put_bytes(&w.out, PROFILE_STRING, w.strings.item[i],
                  strlen(w.strings.item[i]));
    put_gzip(out, &w.out);
    list_fini(&w.strings);
    buf_fini(&w.out);
}
