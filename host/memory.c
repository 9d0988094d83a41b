/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c - see memory.h. */
#include "host/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *or_die(void *p)
{
    static const char text[] = "samara: out of memory on this host\n";

    if (!p) {
        if (write(2, text, sizeof(text) - 1) < 0)
            _exit(125);
        _exit(125);
    }
    return p;
}

void *mem_alloc(size_t len)
{
    return or_die(calloc(1, len != 0 ? len : 1));
}

void *mem_resize(void *old, size_t len)
{
    return or_die(realloc(old, len != 0 ? len : 1));
}

char *mem_strdup(const char *s)
{
    return or_die(strdup(s));
}

char *mem_strndup(const char *s, size_t len)
{
    return or_die(strndup(s, len));
}

static char *__attribute__((format(printf, 1, 0)))
format(const char *fmt, va_list ap)
{
    char *s = NULL;

    if (vasprintf(&s, fmt, ap) < 0)
        s = NULL;
    return or_die(s);
}

char *mem_printf(const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    s = format(fmt, ap);
    va_end(ap);
    return s;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
    if (len > SIZE_MAX / 4 - buf->len)
        or_die(NULL);
    if (buf->len + len > buf->cap) {
        buf->cap = (buf->len + len) * 2 + 64;
        buf->data = mem_resize(buf->data, buf->cap);
    }
    if (len != 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    s = format(fmt, ap);
    va_end(ap);
    buf_add(buf, s, strlen(s));
    free(s);
}

void buf_fini(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){ 0 };
}

void list_add_take(struct list *list, char *s)
{
    /* Grows at powers of two; one slot more for the NULL. */
    if ((list->count & (list->count + 1)) == 0)
        list->item = mem_resize(list->item,
                                (2 * list->count + 2) * sizeof(list->item[0]));
    list->item[list->count++] = s;
    list->item[list->count] = NULL;
}

void list_add(struct list *list, const char *s)
{
    list_add_take(list, mem_strdup(s));
}

void list_fini(struct list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        free(list->item[i]);
    free(list->item);
    *list = (struct list){ 0 };
}
