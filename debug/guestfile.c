/* SPDX-License-Identifier: BSD-2-Clause */
/* guestfile.c - see guestfile.h. Every list and tree has a bound. */
#include "debug/guestfile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/inside.h"
#include "host/fault.h"
#include "host/memory.h"

#define PAGE_LEN     4096u
#define NAME_LEN     256u
#define BUCKET_MAX   65536u
#define DIRENT_MAX   65536u /* of one directory */
#define NODE_ENTRIES 64u
#define NODE_BITS    6u
#define HEIGHT_MAX   9u
#define WORD         sizeof(uint64_t)

struct reader {
    struct inside *in;
    const char *name;
    struct fault *fault;
};

static int word(const struct reader *r, uint64_t va, uint64_t *out)
{
    *out = 0;
    return inside_read(r->in, va, out, sizeof(*out), r->fault);
}

static int half(const struct reader *r, uint64_t va, uint32_t *out)
{
    *out = 0;
    return inside_read(r->in, va, out, sizeof(*out), r->fault);
}

static int damaged(const struct reader *r)
{
    return fault_set(r->fault, EUCLEAN,
                     "the files of the guest '%s' make no sense", r->in->name);
}

static int missing(const struct reader *r)
{
    return fault_set(r->fault, ENOENT, "the guest '%s' has no file '%s'",
                     r->in->name, r->name);
}

/* ---- the directory ---- */

static int text_is(const struct reader *r, uint64_t va, size_t len,
                   const char *want, bool *is_out)
{
    char text[NAME_LEN];
    int err;

    *is_out = false;
    if (len != strlen(want) || len > sizeof(text))
        return 0;
    err = inside_read(r->in, va, text, len, r->fault);
    *is_out = err == 0 && memcmp(text, want, len) == 0;
    return err;
}

/* Is the mount with this root on a directory of that name? */
static int is_mounted_on(const struct reader *r, uint64_t root, const char *dir,
                         bool *is_out)
{
    const struct records *rec = &r->in->records;
    uint64_t covers, name, len;
    int err = word(r, root + rec->dentry_covers, &covers);

    *is_out = false;
    if (err || covers == 0)
        return err;
    err = word(r, covers + rec->dentry_name, &name);
    if (err == 0)
        err = word(r, covers + rec->dentry_name_len, &len);
    return err ? err : text_is(r, name, (uint16_t)len, dir, is_out);
}

/* The inode of its root. */
static int mount_find(const struct reader *r, const char *dir,
                      uint64_t *inode_out)
{
    const struct records *rec = &r->in->records;
    uint64_t root[RECORDS_MOUNT_MAX];
    int err = inside_read(r->in, rec->mounts, root, sizeof(root), r->fault);
    unsigned i;

    for (i = 0; err == 0 && i < RECORDS_MOUNT_MAX && root[i] != 0; i++) {
        bool is_it;

        err = is_mounted_on(r, root[i], dir, &is_it);
        if (err == 0 && is_it)
            return word(r, root[i] + rec->dentry_inode, inode_out);
    }
    return err ? err : missing(r);
}

/* *inode_out: 0: it is not in this chain. */
static int chain_find(const struct reader *r, uint64_t at, unsigned *left,
                      uint64_t *inode_out)
{
    const struct records *rec = &r->in->records;
    int err = 0;

    *inode_out = 0;
    while (err == 0 && at != 0) {
        uint8_t len = 0;
        bool is_it;

        if ((*left)-- == 0)
            return damaged(r);
        err = inside_read(r->in, at + rec->dirent_name_len, &len, 1, r->fault);
        if (err == 0)
            err = text_is(r, at + rec->dirent_name, len, r->name, &is_it);
        if (err == 0 && is_it)
            return word(r, at + rec->dirent_inode, inode_out);
        if (err == 0)
            err = word(r, at + rec->dirent_next, &at);
    }
    return err;
}

static int name_find(const struct reader *r, uint64_t dir, uint64_t *inode_out)
{
    const struct records *rec = &r->in->records;
    unsigned left = DIRENT_MAX;
    uint64_t buckets;
    uint32_t i, count;
    int err = word(r, dir + rec->inode_buckets, &buckets);

    if (err == 0)
        err = half(r, dir + rec->inode_bucket_count, &count);
    if (err == 0 && count > BUCKET_MAX)
        err = damaged(r);
    for (i = 0; err == 0 && i < count; i++) {
        uint64_t first;

        err = word(r, buckets + i * WORD, &first);
        if (err == 0)
            err = chain_find(r, first, &left, inode_out);
        if (err == 0 && *inode_out != 0)
            return 0;
    }
    return err ? err : missing(r);
}

/* ---- the file ---- */

struct pages {
    uint64_t root;
    uint32_t height;
    uint64_t entry[NODE_ENTRIES]; /* of the pages around the one at hand */
};

/* The entries of the pages from idx on, a multiple of NODE_ENTRIES. */
static int entries_read(const struct reader *r, struct pages *p, uint64_t idx)
{
    uint64_t node = p->root;
    uint32_t level;
    int err = 0;

    memset(p->entry, 0, sizeof(p->entry));
    if (p->height == 0 && idx == 0)
        p->entry[0] = p->root;
    if (p->height == 0 || idx >> (p->height * NODE_BITS) != 0)
        return 0;
    for (level = p->height - 1; err == 0 && node != 0 && level > 0; level--)
        err = word(
            r, node + (idx >> (level * NODE_BITS) & (NODE_ENTRIES - 1)) * WORD,
            &node);
    if (err == 0 && node != 0)
        err = inside_read(r->in, node, p->entry, sizeof(p->entry), r->fault);
    return err;
}

static int file_read(const struct reader *r, uint64_t inode, struct buf *out)
{
    const struct records *rec = &r->in->records;
    struct pages p;
    uint8_t page[PAGE_LEN];
    uint64_t size, idx;
    int err = word(r, inode + rec->inode_size, &size);

    if (err == 0)
        err = word(r, inode + rec->inode_pages, &p.root);
    if (err == 0)
        err = half(r, inode + rec->inode_height, &p.height);
    if (err)
        return err;
    if (size > GUESTFILE_LEN_MAX)
        return fault_set(r->fault, EFBIG, "the file '%s' is too long", r->name);
    if (p.height > HEIGHT_MAX)
        return damaged(r);
    for (idx = 0; err == 0 && idx * PAGE_LEN < size; idx++) {
        uint64_t left = size - idx * PAGE_LEN, entry;

        if (idx % NODE_ENTRIES == 0)
            err = entries_read(r, &p, idx);
        entry = p.entry[idx % NODE_ENTRIES];
        memset(page, 0, sizeof(page));
        if (err == 0 && entry > 1)
            err = inside_read_pa(r->in, entry, page, sizeof(page), r->fault);
        if (err == 0)
            buf_add(out, page, left < PAGE_LEN ? (size_t)left : PAGE_LEN);
    }
    return err;
}

int guestfile_read(struct inside *in, const char *dir, const char *name,
                   struct buf *out, struct fault *fault)
{
    const struct reader r = { in, name, fault };
    uint64_t root, inode;
    int err = mount_find(&r, dir, &root);

    if (err == 0)
        err = name_find(&r, root, &inode);
    return err ? err : file_read(&r, inode, out);
}
