/* SPDX-License-Identifier: BSD-2-Clause */
/* server_memory.c - memory, breakpoints and watchpoints. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/gdb/server.h"
#include "host/fault.h"
#include "host/memory.h"

static bool address(const char **at, uint64_t *va, uint64_t *len)
{
    return packet_number(at, va) && *(*at)++ == ',' && packet_number(at, len);
}

void server_memory_read(struct server *s, const char *at)
{
    uint8_t data[PACKET_MAX / 2];
    uint64_t va, len, part;
    int err = -EFAULT;

    if (!address(&at, &va, &len)) {
        server_error(s, -EINVAL);
        return;
    }
    part = len < sizeof(data) ? len : sizeof(data);
    while (part > 0 && err) { /* as much as there is */
        uint64_t page = 4096 - va % 4096;

        err = target_read(&s->target, va, data, part, s->fault);
        if (err)
            part = part > page ? page : 0;
        if (err && part == 0)
            break;
        if (err && (err = target_read(&s->target, va, data, part, s->fault)))
            break;
    }
    if (err && len > 0)
        server_error(s, err);
    else
        packet_hex(&s->reply, data, part);
}

/* The bytes are hexadecimal, or (X) as they are. */
void server_memory_write(struct server *s, const char *at, bool is_binary)
{
    const char *end = (const char *)s->reader.data + s->reader.len;
    uint8_t data[PACKET_MAX];
    uint64_t va, len;
    int err = -EINVAL;

    if (address(&at, &va, &len) && *at++ == ':' && len <= sizeof(data)) {
        if (!is_binary)
            err = packet_bytes(&at, data, len) ? 0 : -EINVAL;
        else if ((uint64_t)(end - at) == len)
            err = (memcpy(data, at, len), 0);
    }
    if (err == 0)
        err = target_write(&s->target, va, data, len, s->fault);
    server_result(s, err);
}

/* Z0: a breakpoint; Z2, Z3, Z4: what is written, read, either. */
static int point(struct server *s, char kind, const struct target_watch *w,
                 bool is_set)
{
    if (kind != '0')
        return target_watch(&s->target, w, is_set, s->fault);
    if (is_set)
        return target_break_set(&s->target, w->va, s->fault);
    return target_break_clear(&s->target, w->va, s->fault);
}

/* gdb has words of its own for what is refused, and shows stderr beside. */
void server_point(struct server *s, const char *at)
{
    bool is_set = *at++ == 'Z';
    char kind = *at++;
    struct target_watch w = { .kind = kind == '2'   ? TARGET_WRITES
                                      : kind == '3' ? TARGET_READS
                                                    : TARGET_ACCESSES };
    int err;

    if (kind != '0' && (kind < '2' || kind > '4'))
        return; /* not known */
    if (*at++ != ',' || !address(&at, &w.va, &w.len)) {
        server_error(s, -EINVAL);
        return;
    }
    err = point(s, kind, &w, is_set);
    if (err)
        fprintf(stderr, "samara: %s\n", s->fault->text);
    server_result(s, err);
}
