/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * erofs_fuzz.c - any bytes as a root file system: every file, directory and
 * attribute that can be reached is read; nothing outside the bytes may be.
 */
/* unit: kernel/fs/erofs.c kernel/fs/erofs_dir.c kernel/fs/erofs_xattr.c */
/* unit-flags: -ffreestanding */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/panic.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/erofs.h"

#define DEPTH_MAX 6
#define NODES_MAX 2000

static unsigned nodes;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

void kprintf(const char *format, ...)
{
    (void)format;
}

size_t strlcpy(char *dst, const char *src, size_t dst_len)
{
    size_t len = strlen(src);

    if (dst_len > 0) {
        size_t n = MIN(len, dst_len - 1);

        memcpy(dst, src, n);
        dst[n] = '\0';
    }
    return len;
}

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    abort();
}

static void read_all(struct erofs *e, const struct erofs_node *n)
{
    uint8_t buf[4096];
    uint64_t pos = 0;

    /* Sizes are foreign: a sparse file may claim to be of any size. */
    for (unsigned i = 0; i < 64 && pos < n->size; i++) {
        const uint8_t *p = NULL;
        uint64_t len = 0;

        if (erofs_span(e, n, pos, &p, &len) != 0)
            break;
        if (len == 0 || len > n->size - pos)
            abort();
        if (p) {
            volatile uint8_t sum = p[0];

            sum = (uint8_t)(sum + p[len - 1]);
            if (p < e->image || p + len > e->image + e->len)
                abort();
        }
        pos += len;
    }
    if (erofs_read(e, n, buf, sizeof(buf), n->size / 2) > (long)sizeof(buf))
        abort();
}

static void read_xattrs(struct erofs *e, const struct erofs_node *n)
{
    struct erofs_xattr x;

    for (unsigned i = 0; erofs_xattr_at(e, n, i, &x) == 0; i++) {
        if (i > EROFS_XATTR_MAX || strlen(x.name) >= sizeof(x.name))
            abort();
        if (x.value_len > 0) {
            volatile uint8_t sum = x.value[0];

            sum = (uint8_t)(sum + x.value[x.value_len - 1]);
        }
    }
}

static void walk(struct erofs *e, uint64_t nid, unsigned depth)
{
    struct erofs_node n;
    struct erofs_dirent d;
    uint64_t pos = 0, found;

    if (depth > DEPTH_MAX || nodes++ > NODES_MAX)
        return;
    if (erofs_node_read(e, nid, &n) != 0)
        return;
    read_all(e, &n);
    read_xattrs(e, &n);
    if (!S_ISDIR(n.mode))
        return;
    if (erofs_lookup(e, &n, "bin", 3, &found) == 0)
        walk(e, found, depth + 1);
    while (nodes < NODES_MAX && erofs_dirent_at(e, &n, pos, &d) == 0) {
        volatile char c = d.name[0];

        if (d.next_pos <= pos || d.name_len == 0)
            abort();
        c = d.name[d.name_len - 1];
        (void)c;
        if (!(d.name_len <= 2 && d.name[0] == '.'))
            walk(e, d.nid, depth + 1);
        pos = d.next_pos;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct erofs e;
    uint8_t *exact = malloc(len ? len : 1);

    if (!exact)
        return 0;
    memcpy(exact, data, len);
    nodes = 0;
    if (erofs_open(&e, exact, len) == 0)
        walk(&e, e.root_nid, 0);
    free(exact);
    return 0;
}
