/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfs_xattr.c - extended attributes: the image's until one is changed, then
 * a list in memory that began as their copy.
 */
#include <linux/xattr.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/memfs.h"
#include "mm/heap.h"
#include "time/clock.h"

static struct mem_xattr **find(struct mem_inode *mi, const char *name)
{
    struct mem_xattr **p = &mi->xattrs;

    while (*p && strcmp((*p)->name, name) != 0)
        p = &(*p)->next;
    return p;
}

static int give(const void *value, size_t value_len, void *buf, size_t len)
{
    if (len > 0) {
        if (value_len > len)
            return -ERANGE;
        memcpy(buf, value, value_len);
    }
    return (int)value_len;
}

int mem_getxattr(struct inode *i, const char *name, void *buf, size_t len)
{
    struct mem_inode *mi = mem_of(i);
    struct erofs_xattr x;
    int err;

    if (mi->xattrs_copied || !mi->has_lower) {
        struct mem_xattr *found = *find(mi, name);

        if (!found)
            return -ENODATA;
        return give(found->value, found->value_len, buf, len);
    }
    for (unsigned idx = 0;; idx++) {
        err = erofs_xattr_at(&mem_sb_of(i)->lower, &mi->lower, idx, &x);
        if (err)
            return err;
        if (strcmp(x.name, name) == 0)
            return give(x.value, x.value_len, buf, len);
    }
}

static int add(struct mem_inode *mi, const char *name, const void *value,
               size_t value_len)
{
    size_t name_len = strlen(name);
    struct mem_xattr *x = kmalloc(sizeof(*x) + name_len + 1 + value_len);
    struct mem_xattr **end = &mi->xattrs;

    if (!x)
        return -ENOSPC;
    x->next = NULL;
    x->value_len = value_len;
    memcpy(x->name, name, name_len + 1);
    x->value = (uint8_t *)x->name + name_len + 1;
    memcpy(x->value, value, value_len);
    while (*end)
        end = &(*end)->next;
    *end = x;
    return 0;
}

void mem_xattrs_free(struct mem_inode *mi)
{
    while (mi->xattrs) {
        struct mem_xattr *x = mi->xattrs;

        mi->xattrs = x->next;
        kfree(x);
    }
}

static int copy_up(struct mem_inode *mi)
{
    struct erofs_xattr x;

    if (mi->xattrs_copied || !mi->has_lower)
        return 0;
    for (unsigned idx = 0;; idx++) {
        int err =
            erofs_xattr_at(&mem_sb_of(&mi->inode)->lower, &mi->lower, idx, &x);

        if (err == -ENODATA)
            break;
        if (!err)
            err = add(mi, x.name, x.value, x.value_len);
        if (err) {
            mem_xattrs_free(mi);
            return err;
        }
    }
    mi->xattrs_copied = true;
    return 0;
}

static size_t total_len(const struct mem_inode *mi)
{
    size_t len = 0;

    for (const struct mem_xattr *x = mi->xattrs; x; x = x->next)
        len += strlen(x->name) + 1 + x->value_len;
    return len;
}

int mem_setxattr(struct inode *i, const char *name, const void *buf, size_t len,
                 int flags)
{
    struct mem_inode *mi = mem_of(i);
    struct mem_xattr **p, *old;
    int err = copy_up(mi);

    if (err)
        return err;
    mem_pin(mi);
    p = find(mi, name);
    old = *p;
    if (old && (flags & XATTR_CREATE))
        return -EEXIST;
    if (!old && (flags & XATTR_REPLACE))
        return -ENODATA;
    if (buf) {
        if (total_len(mi) + len > MEMFS_XATTR_MAX)
            return -ENOSPC;
        err = add(mi, name, buf, len);
        if (err)
            return err;
    }
    if (old) {
        *p = old->next;
        kfree(old);
    }
    i->ctime_ns = clock_real_ns();
    return 0;
}

static int list_name(const char *name, char *buf, size_t len, size_t *used)
{
    size_t n = strlen(name) + 1;

    if (len > 0) {
        if (*used + n > len)
            return -ERANGE;
        memcpy(buf + *used, name, n);
    }
    *used += n;
    return 0;
}

int mem_listxattr(struct inode *i, char *buf, size_t len)
{
    struct mem_inode *mi = mem_of(i);
    struct erofs_xattr x;
    size_t used = 0;
    int err = 0;

    if (mi->xattrs_copied || !mi->has_lower) {
        for (const struct mem_xattr *m = mi->xattrs; m && !err; m = m->next)
            err = list_name(m->name, buf, len, &used);
        return err ? err : (int)used;
    }
    for (unsigned idx = 0; !err; idx++) {
        err = erofs_xattr_at(&mem_sb_of(i)->lower, &mi->lower, idx, &x);
        if (!err)
            err = list_name(x.name, buf, len, &used);
    }
    return err == -ENODATA ? (int)used : err;
}
