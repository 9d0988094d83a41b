/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfs_dir.c - directories: records in memory over the image's entries.
 *
 * A listing runs through "." and "..", then the image's entries at their
 * places (a record may replace or hide each), then the records that the image
 * has no name for, by slot. A record keeps its slot for life, and free slots
 * are used again, so positions stay right while entries come and go and a
 * directory never grows beyond the most names it had at once.
 */
#include <linux/stat.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/memfs.h"
#include "mm/heap.h"

#define POS_LOWER   2ull
#define POS_UPPER   (1ull << 61)
#define BUCKETS_MIN 8u

struct mem_dirent *mem_dir_find(const struct mem_dir *d, const char *name,
                                size_t name_len)
{
    struct mem_dirent *e;
    uint32_t hash;

    if (d->record_count == 0)
        return NULL;
    hash = name_hash(name, name_len);
    for (e = d->buckets[hash & (d->bucket_count - 1)]; e; e = e->next)
        if (e->hash == hash && e->name_len == name_len &&
            memcmp(e->name, name, name_len) == 0)
            return e;
    return NULL;
}

int mem_lookup(struct inode *dir, const char *name, size_t name_len,
               struct inode **out)
{
    struct mem_inode *mi = mem_of(dir);
    struct mem_dirent *e = mem_dir_find(&mi->dir, name, name_len);
    struct mem_inode *found;
    uint64_t nid;
    int err;

    if (e) {
        if (!e->inode)
            return -ENOENT;
        *out = inode_get(&e->inode->inode);
        return 0;
    }
    if (!mi->has_lower)
        return -ENOENT;
    err =
        erofs_lookup(&mem_sb_of(dir)->lower, &mi->lower, name, name_len, &nid);
    if (!err)
        err = mem_inode_from_lower(mem_sb_of(dir), nid, &found);
    if (err)
        return err;
    *out = &found->inode;
    return 0;
}

static int buckets_grow(struct mem_dir *d)
{
    unsigned count = d->bucket_count ? d->bucket_count * 2 : BUCKETS_MIN;
    struct mem_dirent **buckets;

    if (d->record_count < d->bucket_count)
        return 0;
    buckets = kzalloc(count * sizeof(struct mem_dirent *));
    if (!buckets)
        return -ENOSPC;
    for (unsigned i = 0; i < d->bucket_count; i++) {
        struct mem_dirent *next;

        for (struct mem_dirent *e = d->buckets[i]; e; e = next) {
            next = e->next;
            e->next = buckets[e->hash & (count - 1)];
            buckets[e->hash & (count - 1)] = e;
        }
    }
    kfree(d->buckets);
    d->buckets = buckets;
    d->bucket_count = count;
    return 0;
}

/* Room for one more slot, so that binding cannot fail. */
static int slots_grow(struct mem_dir *d)
{
    uint32_t cap = d->slot_cap ? d->slot_cap * 2 : 8;
    uintptr_t *slots;

    if (d->slot_count < d->slot_cap)
        return 0;
    slots = krealloc(d->slots, cap * sizeof(uintptr_t));
    if (!slots)
        return -ENOSPC;
    d->slots = slots;
    d->slot_cap = cap;
    return 0;
}

int mem_dir_record(struct mem_inode *dir, const char *name, size_t name_len,
                   struct mem_dirent **out, bool *fresh_out)
{
    struct mem_dir *d = &dir->dir;
    struct mem_dirent *e = mem_dir_find(d, name, name_len);
    bool covers = false;
    uint64_t nid;
    int err;

    *fresh_out = !e;
    *out = e;
    err = slots_grow(d);
    if (e || err)
        return err;
    if (dir->has_lower) {
        err = erofs_lookup(&mem_sb_of(&dir->inode)->lower, &dir->lower, name,
                           name_len, &nid);
        if (err && err != -ENOENT)
            return err;
        covers = !err;
    }
    err = buckets_grow(d);
    if (err)
        return err;
    e = kmalloc(sizeof(*e) + name_len + 1);
    if (!e)
        return -ENOSPC;
    *e = (struct mem_dirent){
        .hash = name_hash(name, name_len),
        .covers_lower = covers,
        .name_len = (uint8_t)name_len,
    };
    memcpy(e->name, name, name_len);
    e->name[name_len] = '\0';
    e->next = d->buckets[e->hash & (d->bucket_count - 1)];
    d->buckets[e->hash & (d->bucket_count - 1)] = e;
    d->record_count++;
    mem_pin(dir);
    *out = e;
    return 0;
}

void mem_dir_delete(struct mem_inode *dir, struct mem_dirent *e)
{
    struct mem_dir *d = &dir->dir;
    struct mem_dirent **p = &d->buckets[e->hash & (d->bucket_count - 1)];

    ASSERT(!e->inode);
    while (*p != e) {
        ASSERT(*p);
        p = &(*p)->next;
    }
    *p = e->next;
    d->record_count--;
    kfree(e);
}

/* Free slots form a list: each holds 2 * (next + 1) + 1, the last one 1, so
 * that a free slot is odd and a record's address is not. */
static void slot_take(struct mem_dir *d, struct mem_dirent *e)
{
    if (d->free_slot) {
        e->slot = (uint32_t)(d->free_slot >> 1) - 1;
        d->free_slot = d->slots[e->slot] == 1 ? 0 : d->slots[e->slot];
    } else {
        ASSERT_OP(d->slot_count, <, d->slot_cap);
        e->slot = d->slot_count++;
    }
    d->slots[e->slot] = (uintptr_t)e;
}

static void slot_free(struct mem_dir *d, struct mem_dirent *e)
{
    d->slots[e->slot] = d->free_slot ? d->free_slot : 1;
    d->free_slot = ((uintptr_t)e->slot + 1) << 1 | 1;
}

void mem_dir_bind(struct mem_inode *dir, struct mem_dirent *e,
                  struct mem_inode *mi)
{
    if (!e->inode) {
        dir->dir.live_count++;
        if (!e->covers_lower)
            slot_take(&dir->dir, e);
    }
    e->inode = mi;
}

void mem_dir_unbind(struct mem_inode *dir, struct mem_dirent *e)
{
    if (e->inode) {
        dir->dir.live_count--;
        if (!e->covers_lower)
            slot_free(&dir->dir, e);
    }
    e->inode = NULL;
    if (!e->covers_lower)
        mem_dir_delete(dir, e);
}

static bool is_dot(const char *name, size_t len)
{
    return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

bool mem_dir_is_empty(struct mem_inode *dir)
{
    struct erofs *lower = &mem_sb_of(&dir->inode)->lower;
    struct erofs_dirent de;
    uint64_t pos = 0;

    if (dir->dir.live_count > 0)
        return false;
    if (!dir->has_lower)
        return true;
    while (erofs_dirent_at(lower, &dir->lower, pos, &de) == 0) {
        if (!is_dot(de.name, de.name_len) &&
            !mem_dir_find(&dir->dir, de.name, de.name_len))
            return false;
        pos = de.next_pos;
    }
    return true;
}

void mem_dir_fini(struct mem_dir *d)
{
    for (unsigned i = 0; i < d->bucket_count; i++) {
        struct mem_dirent *next;

        for (struct mem_dirent *e = d->buckets[i]; e; e = next) {
            next = e->next;
            kfree(e);
        }
    }
    kfree(d->buckets);
    kfree(d->slots);
}

static bool dots_put(struct file *f, struct io *io)
{
    struct dentry *parent = f->dentry->parent;

    if (f->dentry->parent == f->dentry && f->dentry->covers)
        parent = f->dentry->covers->parent;
    if (f->pos == 0) {
        if (!dirent_put(io, f->inode->ino, 1, S_IFDIR >> 12, ".", 1))
            return false;
        f->pos = 1;
    }
    if (f->pos == 1) {
        if (!dirent_put(io, parent->inode->ino, POS_LOWER, S_IFDIR >> 12, "..",
                        2))
            return false;
        f->pos = POS_LOWER;
    }
    return true;
}

static int lower_put(struct file *f, struct io *io, bool *full_out)
{
    struct mem_inode *dir = mem_of(f->inode);
    struct erofs *lower = &mem_sb_of(f->inode)->lower;
    struct erofs_dirent de;
    int err;

    for (;;) {
        const struct mem_dirent *e;
        uint64_t ino;
        uint8_t type;

        err = erofs_dirent_at(lower, &dir->lower, f->pos - POS_LOWER, &de);
        if (err)
            break;
        ino = de.nid;
        type = de.type;
        e = mem_dir_find(&dir->dir, de.name, de.name_len);
        if (e && e->inode) {
            ino = e->inode->inode.ino;
            type = (uint8_t)(e->inode->inode.mode >> 12);
        }
        if (!is_dot(de.name, de.name_len) && !(e && !e->inode) &&
            !dirent_put(io, ino, de.next_pos + POS_LOWER, type, de.name,
                        de.name_len)) {
            *full_out = true;
            return 0;
        }
        f->pos = de.next_pos + POS_LOWER;
    }
    return err == -ENOENT ? 0 : err;
}

static void upper_put(struct file *f, struct io *io)
{
    struct mem_dir *d = &mem_of(f->inode)->dir;

    while (f->pos - POS_UPPER < d->slot_count) {
        uintptr_t slot = d->slots[f->pos - POS_UPPER];
        const struct mem_dirent *e = (const struct mem_dirent *)slot;

        if (!(slot & 1) && !dirent_put(io, e->inode->inode.ino, f->pos + 1,
                                       (uint8_t)(e->inode->inode.mode >> 12),
                                       e->name, e->name_len))
            return;
        f->pos++;
    }
}

int mem_readdir(struct file *f, struct io *io)
{
    struct mem_inode *dir = mem_of(f->inode);
    bool full = false;

    inode_touch_atime(f->inode);
    if (f->inode->nlink == 0)
        return -ENOENT;
    if (!dots_put(f, io))
        return 0;
    if (f->pos < POS_UPPER) {
        int err = dir->has_lower ? lower_put(f, io, &full) : 0;

        if (err || full)
            return err;
        f->pos = POS_UPPER;
    }
    upper_put(f, io);
    return 0;
}

static off_t mem_dir_seek(struct file *f, off_t off, int whence)
{
    if (whence == 1 && off != 0)
        off = (off_t)f->pos + off;
    else if (whence == 1)
        return (off_t)f->pos;
    else if (whence != 0)
        return -EINVAL;
    if (off < 0)
        return -EINVAL;
    f->pos = (uint64_t)off;
    return off;
}

static ssize_t mem_dir_read(struct file *f, struct io *io, uint64_t *pos)
{
    (void)f, (void)io, (void)pos;
    return -EISDIR;
}

static int mem_dir_sync(struct file *f)
{
    (void)f;
    return 0;
}

const struct file_ops mem_dir_file_ops = {
    .read = mem_dir_read,
    .seek = mem_dir_seek,
    .readdir = OPERATION(mem_readdir),
    .sync = mem_dir_sync,
};
