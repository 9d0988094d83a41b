/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.h - allocation, byte buffers and string lists for host programs.
 *
 * What:      the host programs are short-lived and cannot do anything useful
 *            without memory, so these never fail: they end the process with a
 *            message and status 125.
 * Ownership: the caller frees what it gets (free(), buf_fini(), list_fini()).
 * Context:   not for signal handlers.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

void *mem_alloc(size_t len); /* zeroed */
void *mem_resize(void *old, size_t len);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t len);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

struct buf { /* bytes that grow; all zero is an empty one */
    uint8_t *data;
    size_t len;
    size_t cap;
};

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_printf(struct buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_fini(struct buf *buf);

struct list { /* owned strings, then a NULL; all zero is an empty one */
    char **item;
    size_t count;
};

void list_add(struct list *list, const char *s);
void list_add_take(struct list *list, char *s);
void list_fini(struct list *list);

#endif
