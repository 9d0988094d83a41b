/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path.c - walking a path: components, mounts, "..", symlinks.
 *
 * Method: a loop, not recursion. A symlink's target and the rest of the path
 * become the new path in a buffer of exactly their length, so nesting costs
 * one buffer and the limit is SYMLINKS_MAX.
 */
#include "fs/path.h"

#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"

static void at_set(struct walk *w, struct dentry *d_take)
{
    dentry_unref(w->at);
    w->at = d_take;
}

static int start_at(struct walk *w, int dirfd, bool is_empty)
{
    struct file *f;

    if (dirfd == AT_FDCWD) {
        w->at = dentry_get(thread_current()->fs->cwd);
        return 0;
    }
    f = fd_get(dirfd);
    if (!f)
        return -EBADF;
    if (!f->dentry || (!is_empty && !S_ISDIR(f->inode->mode))) {
        bool nameless = !f->dentry;

        file_put(f);
        return nameless && is_empty ? -EINVAL : -ENOTDIR;
    }
    w->at = dentry_get(f->dentry);
    file_put(f);
    return 0;
}

int walk_init(struct walk *w, int dirfd, const char *path, unsigned flags,
              uint64_t resolve)
{
    bool scoped = resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT);
    int err;

    *w = (struct walk){ .rest = path, .resolve = resolve };
    if (*path == '\0' && !(flags & PATH_EMPTY))
        return -ENOENT;
    if (*path == '/' && (resolve & RESOLVE_BENEATH))
        return -EXDEV;
    if (*path == '/' && !scoped) {
        w->root = thread_current()->fs->root;
        w->at = dentry_get(w->root);
        return 0;
    }
    err = start_at(w, dirfd, *path == '\0');
    if (err)
        return err;
    w->root = thread_current()->fs->root;
    if (scoped) {
        w->start = dentry_get(w->at);
        w->root = w->start;
    }
    return 0;
}

void walk_fini(struct walk *w)
{
    dentry_put(w->at);
    dentry_put(w->start);
    kfree(w->buf);
}

struct dentry *dentry_enter_mounts(struct dentry *d_take)
{
    while (d_take->mounted) {
        struct dentry *top = dentry_get(d_take->mounted);

        dentry_put(d_take);
        d_take = top;
    }
    return d_take;
}

int dentry_lookup(struct dentry *dir, const char *name, size_t name_len,
                  uint32_t hash, struct dentry **out)
{
    struct dentry *d = dentry_find(dir, name, name_len, hash);
    struct inode *i = NULL;
    int err;

    if (d) {
        *out = UNLIKELY(d->mounted) ? dentry_enter_mounts(d) : d;
        return 0;
    }
    if (name_len > NAME_MAX)
        return -ENAMETOOLONG;
    if (!dir->inode->ops->lookup)
        return -ENOTDIR;
    if (UNLIKELY(dir->has_lazy_files) && !dir->removed) {
        err = lazy_file_lookup(dir->inode, name, name_len);
        if (err)
            return err;
    }
    err = dir->inode->ops->lookup(dir->inode, name, name_len, &i);
    if (err && err != -ENOENT)
        return err;
    d = dentry_create(dir, name, name_len, hash, err ? NULL : i);
    if (!d) {
        if (i)
            inode_put(i);
        return -ENOMEM;
    }
    if (UNLIKELY(dir->has_lazy_mounts))
        mount_lazily(d);
    *out = dentry_enter_mounts(d);
    return 0;
}

static int walk_up(struct walk *w)
{
    struct dentry *d = w->at;

    if (w->start && d == w->start)
        return (w->resolve & RESOLVE_BENEATH) ? -EXDEV : 0;
    while (d != w->root && d->parent == d && d->covers) {
        if (w->resolve & RESOLVE_NO_XDEV)
            return -EXDEV;
        d = d->covers;
    }
    if (d != w->root)
        at_set(w, dentry_enter_mounts(dentry_get(d->parent)));
    return 0;
}

static int may_search(const struct dentry *dir)
{
    if (!dir->inode || !S_ISDIR(dir->inode->mode))
        return -ENOTDIR;
    if (LIKELY(cred_is_root()))
        return 0;
    return inode_access_mode(dir->inode, MAY_EXEC);
}

static int walk_into(struct walk *w, struct dentry *d_take)
{
    bool done;

    if (!d_take->inode) {
        dentry_put(d_take);
        return -ENOENT;
    }
    if (S_ISLNK(d_take->inode->mode))
        return walk_follow(w, d_take, &done);
    if ((w->resolve & RESOLVE_NO_XDEV) && d_take->sb != w->at->sb) {
        dentry_put(d_take);
        return -EXDEV;
    }
    at_set(w, d_take);
    return 0;
}

static bool is_dots(const char *name, size_t len)
{
    return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

/* The end of the name at p, and its hash: eight bytes at a time. */
static const char *scan_name(const char *p, uint32_t *hash_out)
{
    uint64_t hash = NAME_HASH_INIT, word, end;
    unsigned bits;

    for (;; p += sizeof(word)) {
        word = path_word(p);
        end = string_bytes_equal(word, 0) | string_bytes_equal(word, '/');
        if (end)
            break;
        hash = name_hash_step(hash, word);
    }
    bits = (unsigned)__builtin_ctzll(end) & ~7u;
    if (bits > 0)
        hash = name_hash_step(hash, word & ((1ull << bits) - 1));
    *hash_out = (uint32_t)hash;
    return p + bits / 8;
}

/* Take one component off w->rest. False at the end of the path. */
static bool next_component(struct walk *w)
{
    const char *p = w->rest;

    while (*p == '/')
        p++;
    w->last = p;
    p = scan_name(p, &w->last_hash);
    w->last_len = (size_t)(p - w->last);
    w->last_slash = *p == '/';
    while (*p == '/')
        p++;
    w->rest = p;
    return w->last_len > 0;
}

int walk_to_last(struct walk *w)
{
    struct dentry *start = w->at;
    const char *text = w->rest;
    unsigned generation = names_generation, links = w->links;
    const char *known;
    bool is_plain = true;

    prefix_find(w);
    known = w->rest;
    while (next_component(w)) {
        struct dentry *d;
        int err = may_search(w->at);

        if (err)
            return err;
        if (is_dots(w->last, w->last_len)) {
            is_plain = false;
            err = w->last_len == 2 ? walk_up(w) : 0;
            if (err)
                return err;
            w->last_slash = false;
            if (*w->rest == '\0') {
                w->last_len = 0;
                return 0;
            }
            continue;
        }
        if (*w->rest == '\0') {
            is_plain =
                is_plain && links == w->links && generation == names_generation;
            if (is_plain && w->last != known)
                prefix_keep(w, start, text);
            w->plain = is_plain && links == 0 && !w->last_slash ? text : NULL;
            w->plain_start = start;
            return w->last_len > NAME_MAX ? -ENAMETOOLONG : 0;
        }
        err = dentry_lookup(w->at, w->last, w->last_len, w->last_hash, &d);
        if (err)
            return err;
        is_plain = is_plain && dentry_is_cached(d);
        err = walk_into(w, d);
        if (err)
            return err;
    }
    return 0;
}

int walk_last(struct walk *w, struct dentry **out)
{
    int err;

    if (w->last_len == 0) {
        *out = dentry_get(w->at);
        return 0;
    }
    err = dentry_lookup(w->at, w->last, w->last_len, w->last_hash, out);
    if (!err && (w->resolve & RESOLVE_NO_XDEV) && (*out)->sb != w->at->sb) {
        dentry_put(*out);
        err = -EXDEV;
    }
    if (!err && w->plain)
        path_keep(w, *out);
    return err;
}

/* /proc/self/fd/N and its like lead straight to a dentry. */
static int follow_magic(struct walk *w, struct dentry *link)
{
    struct dentry *d;
    int err;

    if (w->resolve &
        (RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT))
        return (w->resolve & RESOLVE_NO_MAGICLINKS) ? -ELOOP : -EXDEV;
    err = link->inode->ops->follow(link->inode, &d);
    if (!err)
        at_set(w, d);
    return err;
}

static int follow_text(struct walk *w, struct dentry *link)
{
    size_t rest_len = strlen(w->rest);
    size_t cap = PATH_MAX + rest_len + 3;
    char *buf = kmalloc(cap);
    ssize_t len;

    if (!buf)
        return -ENOMEM;
    len = link->inode->ops->readlink(link->inode, buf, PATH_MAX - 1);
    if (len <= 0 || memchr(buf, '\0', (size_t)len)) {
        kfree(buf);
        return len < 0 ? (int)len : -ENOENT;
    }
    if (rest_len > 0 || w->last_slash)
        buf[len++] = '/';
    memcpy(buf + len, w->rest, rest_len + 1);
    kfree(w->buf);
    w->buf = buf;
    w->rest = buf;
    if (*buf != '/')
        return 0;
    if (w->resolve & RESOLVE_BENEATH)
        return -EXDEV;
    at_set(w, dentry_get(w->root));
    return 0;
}

/* Distributions set fs.protected_symlinks: in a sticky directory that all may
 * write, only one's own links, or those of the directory's owner, lead on. */
static bool may_follow(const struct dentry *link)
{
    const struct inode *dir = link->parent->inode;
    const uint32_t shared = S_ISVTX | S_IWOTH;

    return (dir->mode & shared) != shared ||
           link->inode->uid == process_current()->fsuid ||
           link->inode->uid == dir->uid;
}

int walk_follow(struct walk *w, struct dentry *d_take, bool *done_out)
{
    int err;

    *done_out = false;
    if (++w->links > SYMLINKS_MAX || (w->resolve & RESOLVE_NO_SYMLINKS)) {
        err = -ELOOP;
    } else if (!may_follow(d_take)) {
        err = -EACCES;
    } else if (d_take->inode->ops->follow) {
        err = follow_magic(w, d_take);
        *done_out = !err && *w->rest == '\0';
    } else if (d_take->inode->ops->readlink) {
        inode_touch_atime(d_take->inode);
        err = follow_text(w, d_take);
    } else {
        err = -EINVAL;
    }
    dentry_put(d_take);
    return err;
}

int walk_path(struct walk *w, unsigned flags, struct dentry **out)
{
    for (;;) {
        struct dentry *d;
        bool done;
        int err = walk_to_last(w);

        if (!err)
            err = walk_last(w, &d);
        if (err)
            return err;
        if (!d->inode) {
            dentry_put(d);
            return -ENOENT;
        }
        if (S_ISLNK(d->inode->mode) && w->last_len > 0 &&
            ((flags & PATH_FOLLOW) || w->last_slash)) {
            err = walk_follow(w, d, &done);
            if (err)
                return err;
            if (!done)
                continue;
            d = dentry_get(w->at);
        }
        if ((w->last_slash || (flags & PATH_DIRECTORY)) &&
            !S_ISDIR(d->inode->mode)) {
            dentry_put(d);
            return -ENOTDIR;
        }
        *out = d;
        return 0;
    }
}

int path_lookup(int dirfd, const char *path, unsigned flags,
                struct dentry **out)
{
    struct walk w;
    int err = walk_init(&w, dirfd, path, flags, 0);

    if (!err)
        err = walk_path(&w, flags, out);
    walk_fini(&w);
    return err;
}

int path_get(struct path_text *p, uaddr_t path)
{
    ssize_t len = user_string(p->near, path, sizeof(p->near));

    p->text = p->near;
    if (len != -ENAMETOOLONG)
        return (int)MIN(len, 0l);
    p->text = kmalloc(PATH_MAX);
    if (!p->text)
        return -ENOMEM;
    len = user_string(p->text, path, PATH_MAX);
    if (len >= 0)
        return 0;
    kfree(p->text);
    return (int)len;
}

void path_put(struct path_text *p)
{
    if (p->text != p->near)
        kfree(p->text);
}

int path_lookup_user(int dirfd, uaddr_t path, unsigned flags,
                     struct dentry **out)
{
    struct path_text p;
    int err = path_get(&p, path);

    if (err)
        return err;
    err = path_lookup(dirfd, p.text, flags, out);
    path_put(&p);
    return err;
}
