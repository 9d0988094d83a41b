/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dentry.c - the cache of names.
 *
 * Method: one hash table by (parent, name) and one list of all dentries in
 * order of age. Taking a reference only counts; reclaim walks the list from
 * the oldest, gives recently used ones a second chance and frees the others.
 * So a hit costs a hash chain and nothing else.
 */
#include "fs/notify.h"

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"

#define BUCKET_COUNT 512u /* one page of pointers */
#define SHRINK_SCAN  8u   /* dentries looked at per new one above the bound */

static struct dentry *buckets[BUCKET_COUNT];
static struct list all_dentries = LIST_INIT(all_dentries);
static unsigned dentry_count;

static struct dentry **bucket_of(const struct dentry *parent, uint32_t hash)
{
    uint32_t mix = hash ^ (uint32_t)((uintptr_t)parent >> 5);

    return &buckets[(mix ^ mix >> 9 ^ mix >> 18) % BUCKET_COUNT];
}

uint32_t name_hash(const char *name, size_t name_len)
{
    uint64_t hash = NAME_HASH_INIT, word;

    for (; name_len >= 8; name_len -= 8, name += 8) {
        memcpy(&word, name, 8);
        hash = name_hash_step(hash, word);
    }
    if (name_len > 0) {
        word = 0;
        memcpy(&word, name, name_len);
        hash = name_hash_step(hash, word);
    }
    return (uint32_t)hash;
}

static bool name_equal(const struct dentry *d, const char *name, size_t len)
{
    return d->name_len == len && memcmp(d->name, name, len) == 0;
}

struct dentry *dentry_find(struct dentry *parent, const char *name,
                           size_t name_len, uint32_t hash)
{
    struct dentry *d = *bucket_of(parent, hash);

    for (; d; d = d->hash_next) {
        if (d->hash != hash || d->parent != parent)
            continue;
        if (!name_equal(d, name, name_len))
            continue;
        d->used = true;
        return dentry_ref(d);
    }
    return NULL;
}

static void hash_insert(struct dentry *d)
{
    struct dentry **bucket = bucket_of(d->parent, d->hash);

    d->hash_next = *bucket;
    *bucket = d;
    d->hashed = true;
}

static void hash_remove(struct dentry *d)
{
    struct dentry **p = bucket_of(d->parent, d->hash);

    if (!d->hashed)
        return;
    names_changed();
    while (*p != d) {
        ASSERT(*p);
        p = &(*p)->hash_next;
    }
    *p = d->hash_next;
    d->hash_next = NULL;
    d->hashed = false;
}

static void name_free(struct dentry *d)
{
    if (d->name != d->inline_name)
        kfree((void *)(uintptr_t)d->name);
}

/* Frees d and gives back its parent, which the caller must put. */
static struct dentry *dentry_free(struct dentry *d)
{
    struct dentry *parent = d->parent == d ? NULL : d->parent;

    ASSERT_OP(d->refs, ==, 0);
    hash_remove(d);
    names_changed();
    list_remove(&d->all);
    dentry_count--;
    if (d->inode && UNLIKELY(d->inode->watches) && d->inode->nlink == 0)
        notify_inode_gone(d->inode);
    if (d->inode)
        inode_put(d->inode);
    name_free(d);
    kfree(d);
    return parent;
}

struct dentry *dentry_get(struct dentry *d)
{
    return dentry_ref(d);
}

/* A loop over the parents: recursion would be as deep as the tree. */
void dentry_put(struct dentry *d)
{
    while (d) {
        ASSERT(d->refs > 0);
        if (--d->refs > 0 || d->hashed)
            return;
        d = dentry_free(d);
    }
}

COLD void dentry_shrink(bool all)
{
    unsigned left = all ? dentry_count : SHRINK_SCAN;

    if (!all && dentry_count <= DENTRY_CACHE_MAX)
        return;
    while (left-- > 0 && !list_is_empty(&all_dentries)) {
        struct list *link = list_pop_front(&all_dentries);
        struct dentry *d = LIST_ENTRY(link, struct dentry, all);

        list_push_back(&all_dentries, &d->all);
        if (d->refs > 0)
            continue;
        if (d->used && !all) {
            d->used = false;
            continue;
        }
        dentry_put(dentry_free(d));
    }
}

static struct dentry *dentry_alloc(const char *name, size_t name_len)
{
    struct dentry *d;
    char *copy;

    dentry_shrink(false);
    d = kmalloc(sizeof(*d));
    if (!d)
        return NULL;
    memset(d, 0, offsetof(struct dentry, inline_name));
    copy = d->inline_name;
    if (name_len >= DENTRY_INLINE_LEN)
        copy = kmalloc(name_len + 1);
    if (!copy) {
        kfree(d);
        return NULL;
    }
    memcpy(copy, name, name_len);
    copy[name_len] = '\0';
    d->name = copy;
    d->name_len = (uint16_t)name_len;
    d->refs = 1;
    list_push_back(&all_dentries, &d->all);
    dentry_count++;
    return d;
}

struct dentry *dentry_create(struct dentry *parent, const char *name,
                             size_t name_len, uint32_t hash,
                             struct inode *inode_take)
{
    struct dentry *d = dentry_alloc(name, name_len);

    if (!d)
        return NULL;
    d->parent = dentry_ref(parent);
    d->sb = inode_take ? inode_take->sb : parent->sb;
    d->hash = hash;
    d->inode = inode_take;
    if (!parent->sb->uncached && !parent->removed)
        hash_insert(d);
    return d;
}

struct dentry *dentry_create_unnamed(struct superblock *sb, const char *name,
                                     struct inode *inode_take)
{
    struct dentry *d = dentry_alloc(name, strlen(name));

    if (!d)
        return NULL;
    d->parent = d;
    d->sb = sb;
    d->inode = inode_take;
    d->removed = true;
    return d;
}

struct dentry *dentry_create_root(struct superblock *sb,
                                  struct inode *inode_take)
{
    struct dentry *d = dentry_create_unnamed(sb, "", inode_take);

    if (d)
        d->removed = false;
    return d;
}

struct inode *dentry_inode(struct dentry *d)
{
    return d->inode;
}

struct dentry *dentry_parent(struct dentry *d)
{
    return d->parent;
}

void dentry_set_inode(struct dentry *d, struct inode *inode_take)
{
    ASSERT(!d->inode);
    d->inode = inode_take;
}

void dentry_drop(struct dentry *d)
{
    hash_remove(d);
}

/* Names that are known not to be below d hold it, and so its inode. */
static COLD void forget_below(struct dentry *d)
{
    struct list *next;

    for (struct list *it = all_dentries.next; it != &all_dentries; it = next) {
        struct dentry *below = LIST_ENTRY(it, struct dentry, all);

        next = it->next;
        if (below->parent == d && below->refs == 0)
            dentry_put(dentry_free(below));
    }
}

void dentry_remove(struct dentry *d)
{
    hash_remove(d);
    d->removed = true;
    if (UNLIKELY(d->inode->watches))
        forget_below(d); /* who watches hears of its end now */
}

COLD void dentry_move(struct dentry *d, struct dentry *parent,
                      const char *name_take, size_t name_len)
{
    struct dentry *old_parent = d->parent;
    bool was_hashed = d->hashed;

    hash_remove(d);
    name_free(d);
    if (name_len < DENTRY_INLINE_LEN) {
        memcpy(d->inline_name, name_take, name_len + 1);
        kfree((void *)(uintptr_t)name_take);
        name_take = d->inline_name;
    }
    d->name = name_take;
    d->name_len = (uint16_t)name_len;
    d->hash = name_hash(d->name, name_len);
    d->parent = dentry_ref(parent);
    if (was_hashed)
        hash_insert(d);
    dentry_put(old_parent);
}

/* The inodes change places, and with them what is below: so the dentries do,
 * which keeps open files and working directories right. */
COLD void dentry_exchange(struct dentry *a, struct dentry *b)
{
    char swap[DENTRY_INLINE_LEN];
    struct dentry *parent = a->parent;
    const char *name = a->name == a->inline_name ? b->inline_name : a->name;
    const char *b_name = b->name == b->inline_name ? a->inline_name : b->name;
    uint32_t hash = a->hash;
    uint16_t len = a->name_len;

    hash_remove(a);
    hash_remove(b);
    memcpy(swap, a->inline_name, sizeof(swap));
    memcpy(a->inline_name, b->inline_name, sizeof(swap));
    memcpy(b->inline_name, swap, sizeof(swap));
    a->name = b_name;
    a->name_len = b->name_len;
    a->hash = b->hash;
    a->parent = b->parent;
    b->name = name;
    b->name_len = len;
    b->hash = hash;
    b->parent = parent;
    hash_insert(a);
    hash_insert(b);
}

bool dentry_is_ancestor(const struct dentry *a, const struct dentry *d)
{
    for (;; d = d->parent) {
        if (d == a)
            return true;
        if (d->parent == d)
            return false;
    }
}

/* Looks through all cached names: only for people's eyes, never hot. */
COLD void inode_path(const struct inode *i, char *buf, size_t buf_len)
{
    buf[0] = '\0';
    LIST_FOR_EACH(it, &all_dentries)
    {
        struct dentry *d = LIST_ENTRY(it, struct dentry, all);

        if (d->inode != i)
            continue;
        if (dentry_path(d, buf, buf_len) < 0)
            buf[0] = '\0';
        if (!d->removed)
            return;
    }
}

/* Written from the end of buf backwards, then moved to its start. */
COLD int dentry_path(struct dentry *d, char *buf, size_t buf_len)
{
    static const char deleted[] = " (deleted)";
    struct dentry *root = thread_current()->fs->root;
    size_t at = buf_len;
    bool any = false;

    if (buf_len < 2)
        return -ENAMETOOLONG;
    buf[--at] = '\0';
    if (d->removed) {
        if (at < sizeof(deleted) - 1)
            return -ENAMETOOLONG;
        at -= sizeof(deleted) - 1;
        memcpy(buf + at, deleted, sizeof(deleted) - 1);
    }
    while (d != root) {
        if (d->parent == d && d->covers) {
            d = d->covers;
            continue;
        }
        if (at < d->name_len + 1u)
            return -ENAMETOOLONG;
        if (d->parent == d && d->name_len == 0)
            break; /* the real root, outside of a chroot */
        at -= d->name_len;
        memcpy(buf + at, d->name, d->name_len);
        buf[--at] = '/';
        any = true;
        if (d->parent == d)
            break;
        d = d->parent;
    }
    if (!any) {
        if (at == 0)
            return -ENAMETOOLONG;
        buf[--at] = '/';
    }
    memmove(buf, buf + at, buf_len - at);
    return (int)(buf_len - at - 1);
}
