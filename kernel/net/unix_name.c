/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_name.c - the names of AF_UNIX sockets.
 *
 * A path leads to an inode, whose `private` is the socket bound to it while
 * that lives; afterwards the name is stale and refuses. Abstract names are
 * hashed, those of each type of socket apart, as on Linux.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/path.h"
#include "mm/heap.h"
#include "net/unix.h"
#include "random/pool.h"

#define BUCKET_COUNT  64u      /* a power of two */
#define AUTOBIND_MASK 0xfffffu /* five hexadecimal digits */
#define PATH_LEN_MAX  sizeof(((struct sockaddr_un *)NULL)->sun_path)

static struct unix_sock *buckets[BUCKET_COUNT];

int unix_name_check(const struct socket_addr *a)
{
    if (a->len <= UNIX_PATH_OFFSET || a->len > sizeof(struct sockaddr_un) ||
        a->family != AF_UNIX)
        return -EINVAL;
    return 0;
}

static const char *path_of(const struct socket_addr *a)
{
    return a->bytes + UNIX_PATH_OFFSET;
}

static struct unix_sock **bucket_of(const char *bytes, size_t len, int type)
{
    uint32_t hash = name_hash(bytes + UNIX_PATH_OFFSET, len - UNIX_PATH_OFFSET);

    return &buckets[(hash ^ (unsigned)type) & (BUCKET_COUNT - 1)];
}

static struct unix_sock *find_abstract(const struct socket_addr *a, int type)
{
    struct unix_sock *u = *bucket_of(a->bytes, a->len, type);

    while (u && (u->s.type != type || u->name->len != a->len ||
                 memcmp(&u->name->sun, a->bytes, a->len) != 0))
        u = u->hash_next;
    return u;
}

static int find_path(const struct socket_addr *a, int type,
                     struct unix_sock **out)
{
    char path[PATH_LEN_MAX + 1] = "";
    struct unix_sock *u;
    struct dentry *d;
    int err;

    memcpy(path, path_of(a), a->len - UNIX_PATH_OFFSET);
    err = path_lookup(AT_FDCWD, path, PATH_FOLLOW, &d);
    if (err)
        return err;
    u = S_ISSOCK(d->inode->mode) ? d->inode->private : NULL;
    err = inode_permission(d->inode, MAY_WRITE);
    if (!err && !u)
        err = -ECONNREFUSED;
    if (!err && u->s.type != type)
        err = -EPROTOTYPE;
    dentry_put(d);
    *out = u;
    return err;
}

int unix_find(const struct socket_addr *a, int type, struct unix_sock **out)
{
    struct spinlock *lock;
    int err = unix_name_check(a);

    if (err)
        return err;
    if (*path_of(a) != '\0') {
        lock = unix_pause();
        err = find_path(a, type, out);
        unix_resume(lock);
    } else {
        *out = find_abstract(a, type);
        err = *out ? 0 : -ECONNREFUSED;
    }
    if (!err)
        socket_get(&(*out)->s);
    return err;
}

static struct unix_name *name_new(const void *bytes, unsigned len)
{
    struct unix_name *name = kmalloc(offsetof(struct unix_name, sun) + len + 1);

    if (!name)
        return NULL;
    name->refs = 1;
    name->len = len;
    memcpy(&name->sun, bytes, len);
    return name;
}

void unix_name_put(struct unix_name *name)
{
    if (name && --name->refs == 0)
        kfree(name);
}

void unix_copy_name(const struct unix_sock *u, struct socket_addr *out)
{
    out->len = 0;
    if (!u->name)
        return;
    out->len = u->name->len;
    memcpy(out->bytes, &u->name->sun, u->name->len);
}

static int bind_abstract(struct unix_sock *u, const struct socket_addr *a)
{
    struct unix_sock **bucket = bucket_of(a->bytes, a->len, u->s.type);

    if (find_abstract(a, u->s.type))
        return -EADDRINUSE;
    u->name = name_new(a->bytes, a->len);
    if (!u->name)
        return -ENOMEM;
    u->hash_next = *bucket;
    *bucket = u;
    return 0;
}

static void unbind_abstract(struct unix_sock *u)
{
    struct unix_sock **at =
        bucket_of((const char *)&u->name->sun, u->name->len, u->s.type);

    while (*at && *at != u)
        at = &(*at)->hash_next;
    if (*at) /* a connection has its listener's name, but not its place */
        *at = u->hash_next;
}

int unix_autobind(struct unix_sock *u)
{
    struct socket_addr a = { .len = UNIX_PATH_OFFSET + 6, .family = AF_UNIX };
    uint32_t first, n;
    int err;

    pool_read(&first, sizeof(first));
    first &= AUTOBIND_MASK;
    n = first;
    do {
        char digits[6];

        snprintf(digits, sizeof(digits), "%05x", n);
        memcpy(a.bytes + UNIX_PATH_OFFSET + 1, digits, 5);
        err = bind_abstract(u, &a);
        n = (n + 1) & AUTOBIND_MASK;
    } while (err == -EADDRINUSE && n != first);
    return err == -EADDRINUSE ? -ENOSPC : err;
}

static int bind_path(struct unix_sock *u, struct socket_addr *a)
{
    char path[PATH_LEN_MAX + 1] = "";
    struct unix_name *name;
    struct dentry *d;
    size_t len;
    int err;

    memcpy(path, path_of(a), a->len - UNIX_PATH_OFFSET);
    len = UNIX_PATH_OFFSET + strlen(path) + 1; /* the NUL counts */
    memcpy(a->bytes + UNIX_PATH_OFFSET, path, strlen(path));
    name = name_new(a->bytes, (unsigned)len);
    if (!name)
        return -ENOMEM;
    ((char *)&name->sun)[len - 1] = '\0';
    err = vfs_mknod(AT_FDCWD, path, u->s.inode.mode, 0);
    if (!err && u->name) {
        /* As on Linux a path's own errors come first. */
        err = vfs_unlink(AT_FDCWD, path, false) ?: -EINVAL;
    }
    if (!err)
        err = path_lookup(AT_FDCWD, path, 0, &d);
    if (err) {
        unix_name_put(name);
        return err == -EEXIST ? -EADDRINUSE : err;
    }
    u->inode = inode_get(d->inode);
    u->inode->private = u;
    u->name = name;
    dentry_put(d);
    return 0;
}

int unix_bind(struct socket *s, struct socket_addr *a)
{
    struct unix_sock *u = unix_of(s);
    int err;

    if (a->len == UNIX_PATH_OFFSET && a->family == AF_UNIX)
        return u->name ? -EINVAL : unix_autobind(u);
    err = unix_name_check(a);
    if (err)
        return err;
    if (*path_of(a))
        return bind_path(u, a);
    return u->name ? -EINVAL : bind_abstract(u, a);
}

void unix_unbind(struct unix_sock *u)
{
    struct spinlock *lock;

    if (u->inode) {
        u->inode->private = NULL;
        lock = unix_pause();
        inode_put(u->inode);
        unix_resume(lock);
        u->inode = NULL;
    } else if (u->name) {
        unbind_abstract(u);
    }
}

int unix_name(struct socket *s, enum socket_end end, struct socket_addr *out)
{
    const struct unix_sock *u = unix_of(s);

    if (end != SOCKET_END_OWN)
        u = u->peer;
    if (!u)
        return -ENOTCONN;
    unix_copy_name(u, out);
    if (out->len == 0) {
        out->family = AF_UNIX;
        out->len = UNIX_PATH_OFFSET;
    }
    return 0;
}
