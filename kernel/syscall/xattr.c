/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xattr.c - setxattr(2), getxattr(2), listxattr(2), removexattr(2).
 */
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/notify.h"
#include "mm/heap.h"
#include "syscall/at.h"
#include "syscall/syscall.h"

#define NAME_CAP  (XATTR_NAME_MAX + 1)
#define FD_TARGET (-1) /* at_flags: the path is a descriptor */

static int target_get(uaddr_t path, int at_flags, struct at_target *t)
{
    if (at_flags == FD_TARGET)
        return at_get_fd((int)path, false, t);
    return at_get(AT_FDCWD, path, at_flags, t);
}

static int name_get(char name[NAME_CAP], uaddr_t from)
{
    ssize_t len = user_string(name, from, NAME_CAP);

    if (len == -ENAMETOOLONG || len == 0)
        return -ERANGE;
    return len < 0 ? (int)len : 0;
}

static bool has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* xattr(7): who may do what in which name space. */
static int may_xattr(const struct inode *i, const char *name, unsigned may)
{
    bool writes = may & MAY_WRITE;

    if (writes && i->sb->read_only)
        return -EROFS;
    if (strcmp(name, "trusted.") == 0 || strcmp(name, "security.") == 0 ||
        strcmp(name, "user.") == 0)
        return -EINVAL; /* a name space is not a name */
    if (has_prefix(name, "trusted."))
        return cred_is_root() ? 0 : writes ? -EPERM : -ENODATA;
    if (has_prefix(name, "security."))
        return !writes || cred_is_root() ? 0 : -EPERM;
    if (!has_prefix(name, "user."))
        return -EOPNOTSUPP;
    if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
        return writes ? -EPERM : -ENODATA;
    if (S_ISDIR(i->mode) && (i->mode & S_ISVTX) && writes && !inode_is_owner(i))
        return -EPERM;
    return inode_permission(i, may);
}

static int set_inode(struct inode *i, const char *name, const void *value,
                     size_t len, int flags)
{
    int err = i ? may_xattr(i, name, MAY_WRITE) : -EOPNOTSUPP;

    if (err)
        return err;
    if (!i->ops->setxattr)
        return -EOPNOTSUPP;
    return i->ops->setxattr(i, name, value, len, flags);
}

static long set(uaddr_t path, int at_flags, uaddr_t name_ptr, uaddr_t value,
                size_t len, int flags)
{
    char name[NAME_CAP];
    struct at_target t;
    void *copy;
    int err;

    if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    err = name_get(name, name_ptr);
    if (err)
        return err;
    if (len > XATTR_SIZE_MAX)
        return -E2BIG;
    copy = kmalloc(len + 1);
    if (!copy)
        return -ENOMEM;
    err = copy_from_user(copy, value, len) ? -EFAULT : 0;
    if (!err)
        err = target_get(path, at_flags, &t);
    if (!err) {
        err = set_inode(t.inode, name, copy, len, flags);
        err = at_changed(&t, err, IN_ATTRIB);
    }
    kfree(copy);
    return err;
}

static int get_inode(struct inode *i, const char *name, void *buf, size_t len)
{
    int err = i ? may_xattr(i, name, MAY_READ) : -EOPNOTSUPP;

    if (err)
        return err;
    if (!i->ops->getxattr)
        return -EOPNOTSUPP;
    return i->ops->getxattr(i, name, buf, len);
}

/* name NULL: list. */
static long get_target(const struct at_target *t, const char *name, uaddr_t to,
                       size_t len)
{
    struct inode *i = t->inode;
    char *buf = kmalloc(len + 1);
    int n;

    if (!buf)
        return -ENOMEM;
    if (name)
        n = get_inode(i, name, buf, len);
    else if (!i || !i->ops->listxattr)
        n = i ? 0 : -EOPNOTSUPP;
    else
        n = i->ops->listxattr(i, buf, len);
    if (n > 0 && len > 0 && copy_to_user(to, buf, (size_t)n))
        n = -EFAULT;
    kfree(buf);
    return n;
}

static long get(uaddr_t path, int at_flags, uaddr_t name_ptr, uaddr_t value,
                size_t len)
{
    char name[NAME_CAP];
    struct at_target t;
    long n = name_get(name, name_ptr);

    if (!n)
        n = target_get(path, at_flags, &t);
    if (n)
        return n;
    n = get_target(&t, name, value, MIN(len, XATTR_SIZE_MAX));
    at_put(&t);
    return n;
}

static long list(uaddr_t path, int at_flags, uaddr_t to, size_t len)
{
    struct at_target t;
    long n = target_get(path, at_flags, &t);

    if (n)
        return n;
    n = get_target(&t, NULL, to, MIN(len, XATTR_LIST_MAX));
    at_put(&t);
    return n;
}

static long remove_name(uaddr_t path, int at_flags, uaddr_t name_ptr)
{
    char name[NAME_CAP];
    struct at_target t;
    int err = name_get(name, name_ptr);

    if (!err)
        err = target_get(path, at_flags, &t);
    if (err)
        return err;
    err = set_inode(t.inode, name, NULL, 0, XATTR_REPLACE);
    return at_changed(&t, err, IN_ATTRIB);
}

long sys_setxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t len,
                  int flags)
{
    return set(path, 0, name, value, len, flags);
}

long sys_lsetxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t len,
                   int flags)
{
    return set(path, AT_SYMLINK_NOFOLLOW, name, value, len, flags);
}

long sys_fsetxattr(int fd, uaddr_t name, uaddr_t value, size_t len, int flags)
{
    return set((uaddr_t)fd, FD_TARGET, name, value, len, flags);
}

long sys_getxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t len)
{
    return get(path, 0, name, value, len);
}

long sys_lgetxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t len)
{
    return get(path, AT_SYMLINK_NOFOLLOW, name, value, len);
}

long sys_fgetxattr(int fd, uaddr_t name, uaddr_t value, size_t len)
{
    return get((uaddr_t)fd, FD_TARGET, name, value, len);
}

long sys_listxattr(uaddr_t path, uaddr_t to, size_t len)
{
    return list(path, 0, to, len);
}

long sys_llistxattr(uaddr_t path, uaddr_t to, size_t len)
{
    return list(path, AT_SYMLINK_NOFOLLOW, to, len);
}

long sys_flistxattr(int fd, uaddr_t to, size_t len)
{
    return list((uaddr_t)fd, FD_TARGET, to, len);
}

long sys_removexattr(uaddr_t path, uaddr_t name)
{
    return remove_name(path, 0, name);
}

long sys_lremovexattr(uaddr_t path, uaddr_t name)
{
    return remove_name(path, AT_SYMLINK_NOFOLLOW, name);
}

long sys_fremovexattr(int fd, uaddr_t name)
{
    return remove_name((uaddr_t)fd, FD_TARGET, name);
}
