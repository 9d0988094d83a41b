/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stat.c - stat(2), statx(2), statfs(2), access(2), readlink(2).
 */
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/string.h"
#include "mm/heap.h"
#include "syscall/at.h"
#include "syscall/syscall.h"

#define ST_VALID 0x20u /* statfs's f_flags is filled in */

/* Nanoseconds since the epoch, signed, as seconds and the rest. */
static NOINLINE struct statx_timestamp timestamp(uint64_t ns)
{
    int64_t sec = (int64_t)ns / (int64_t)NS_PER_SEC;
    int64_t rest = (int64_t)ns % (int64_t)NS_PER_SEC;

    if (rest < 0) {
        sec--;
        rest += (int64_t)NS_PER_SEC;
    }
    return (struct statx_timestamp){ .tv_sec = sec, .tv_nsec = (uint32_t)rest };
}

/* Times are mostly the same: a file of an image has one. */
static ALWAYS_INLINE void times_put(struct stat *st, const struct kstat *k)
{
    struct statx_timestamp t = timestamp(k->mtime_ns);

    st->st_atime = st->st_mtime = st->st_ctime = (unsigned long)t.tv_sec;
    st->st_atime_nsec = st->st_mtime_nsec = st->st_ctime_nsec = t.tv_nsec;
    if (UNLIKELY(k->atime_ns != k->mtime_ns)) {
        t = timestamp(k->atime_ns);
        st->st_atime = (unsigned long)t.tv_sec;
        st->st_atime_nsec = t.tv_nsec;
    }
    if (UNLIKELY(k->ctime_ns != k->mtime_ns)) {
        t = timestamp(k->ctime_ns);
        st->st_ctime = (unsigned long)t.tv_sec;
        st->st_ctime_nsec = t.tv_nsec;
    }
}

/* Written once for each place that k may come from, so that the compiler can
 * leave k out. No initialiser: that would fill all with zeros first. */
static ALWAYS_INLINE void stat_fill(struct stat *st, const struct kstat *k)
{
    st->st_dev = k->dev;
    st->st_ino = k->ino;
    st->st_nlink = k->nlink;
    st->st_mode = k->mode;
    st->st_uid = k->uid;
    st->st_gid = k->gid;
    st->__pad0 = 0;
    st->st_rdev = k->rdev;
    st->st_size = (long)k->size;
    st->st_blksize = (long)k->blksize;
    st->st_blocks = (long)k->blocks;
    times_put(st, k);
    for (unsigned i = 0; i < ARRAY_LEN(st->__unused); i++)
        st->__unused[i] = 0;
}

static NOINLINE int seldom_stat(const struct at_target *t, struct stat *st)
{
    struct kstat k;
    int err = at_stat(t, &k);

    if (!err)
        stat_fill(st, &k);
    return err;
}

/* Takes over the target. */
static long target_stat(struct at_target *t, uaddr_t buf)
{
    const struct inode *i = t->inode;
    struct stat st;
    struct kstat k;
    int err = 0;

    if (LIKELY(i && !i->ops->getattr && !(t->file && t->file->ops->stat))) {
        inode_kstat(i, &k);
        stat_fill(&st, &k);
    } else {
        err = seldom_stat(t, &st);
    }
    at_put(t);
    if (!err && copy_to_user(buf, &st, sizeof(st)))
        err = -EFAULT;
    return err;
}

long sys_newfstatat(int dirfd, uaddr_t path, uaddr_t buf, int flags)
{
    struct at_target t;
    int err;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    err = at_get(dirfd, path, flags, &t);
    return err ? err : target_stat(&t, buf);
}

long sys_stat(uaddr_t path, uaddr_t buf)
{
    return sys_newfstatat(AT_FDCWD, path, buf, 0);
}

long sys_lstat(uaddr_t path, uaddr_t buf)
{
    return sys_newfstatat(AT_FDCWD, path, buf, AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(int fd, uaddr_t buf)
{
    struct at_target t;
    int err = at_get_fd(fd, true, &t);

    return err ? err : target_stat(&t, buf);
}

static uint32_t major_of(uint64_t dev)
{
    return (uint32_t)(dev >> 8) & 0xfff;
}

static uint32_t minor_of(uint64_t dev)
{
    return (uint32_t)(dev & 0xff) | ((uint32_t)(dev >> 12) & 0xfff00);
}

long sys_statx(int dirfd, uaddr_t path, int flags, unsigned mask, uaddr_t buf)
{
    struct at_target t;
    struct kstat k;
    struct statx x;
    int err;

    if ((mask & STATX__RESERVED) ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
                  AT_STATX_SYNC_TYPE))
        return -EINVAL;
    err = at_get(dirfd, path, flags, &t);
    if (err)
        return err;
    err = at_stat(&t, &k);
    memset(&x, 0, sizeof(x));
    if (t.dentry && t.dentry->sb->root == t.dentry)
        x.stx_attributes |= STATX_ATTR_MOUNT_ROOT;
    x.stx_attributes_mask = STATX_ATTR_MOUNT_ROOT;
    x.stx_mnt_id = vfs_mount_id(t.dentry ? t.dentry->sb : NULL);
    at_put(&t);
    if (err)
        return err;
    x.stx_mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
    x.stx_blksize = k.blksize;
    x.stx_nlink = (uint32_t)k.nlink;
    x.stx_uid = k.uid;
    x.stx_gid = k.gid;
    x.stx_mode = (uint16_t)k.mode;
    x.stx_ino = k.ino;
    x.stx_size = k.size;
    x.stx_blocks = k.blocks;
    x.stx_atime = timestamp(k.atime_ns);
    x.stx_btime = timestamp(k.btime_ns);
    x.stx_ctime = timestamp(k.ctime_ns);
    x.stx_mtime = timestamp(k.mtime_ns);
    x.stx_rdev_major = major_of(k.rdev);
    x.stx_rdev_minor = minor_of(k.rdev);
    x.stx_dev_major = major_of(k.dev);
    x.stx_dev_minor = minor_of(k.dev);
    return copy_to_user(buf, &x, sizeof(x)) ? -EFAULT : 0;
}

static long statfs_put(struct superblock *sb, uaddr_t buf)
{
    struct kstatfs k = { .bsize = PAGE_SIZE, .namelen = NAME_MAX };
    struct statfs st;

    if (sb && sb->statfs)
        sb->statfs(sb, &k);
    memset(&st, 0, sizeof(st));
    st.f_type = (long)k.type;
    st.f_bsize = (long)k.bsize;
    st.f_blocks = (long)k.blocks;
    st.f_bfree = (long)k.bfree;
    st.f_bavail = (long)k.bavail;
    st.f_files = (long)k.files;
    st.f_ffree = (long)k.ffree;
    st.f_fsid.val[0] = (int)k.fsid;
    st.f_fsid.val[1] = (int)(k.fsid >> 32);
    st.f_namelen = (long)k.namelen;
    st.f_frsize = (long)k.bsize;
    st.f_flags = (long)k.flags | (long)ST_VALID;
    if (sb && sb->read_only)
        st.f_flags |= 1; /* ST_RDONLY */
    return copy_to_user(buf, &st, sizeof(st)) ? -EFAULT : 0;
}

long sys_statfs(uaddr_t path, uaddr_t buf)
{
    struct dentry *d;
    long err = path_lookup_user(AT_FDCWD, path, PATH_FOLLOW, &d);

    if (err)
        return err;
    err = statfs_put(d->sb, buf);
    dentry_put(d);
    return err;
}

long sys_fstatfs(int fd, uaddr_t buf)
{
    struct at_target t;
    long err = at_get_fd(fd, true, &t);

    if (err)
        return err;
    err = statfs_put(t.inode ? t.inode->sb : NULL, buf);
    at_put(&t);
    return err;
}

/* access(2) asks for the real user, so become that for the moment. */
static int access_check(int dirfd, uaddr_t path, int mode, int flags)
{
    struct process *p = process_current();
    uint32_t uid = p->fsuid, gid = p->fsgid;
    struct at_target t;
    int err;

    if (!(flags & AT_EACCESS)) {
        p->fsuid = p->uid;
        p->fsgid = p->gid;
    }
    err = at_get(dirfd, path, flags & ~AT_EACCESS, &t);
    if (!err) {
        if (mode != 0 && t.inode)
            err = inode_permission(t.inode, (unsigned)mode);
        at_put(&t);
    }
    p->fsuid = uid;
    p->fsgid = gid;
    return err;
}

long sys_faccessat2(int dirfd, uaddr_t path, int mode, int flags)
{
    if (mode & ~7)
        return -EINVAL;
    if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return access_check(dirfd, path, mode, flags);
}

long sys_faccessat(int dirfd, uaddr_t path, int mode)
{
    return sys_faccessat2(dirfd, path, mode, 0);
}

long sys_access(uaddr_t path, int mode)
{
    return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

static long link_put(struct inode *i, uaddr_t buf, size_t len)
{
    char *text;
    ssize_t n;

    if (!S_ISLNK(i->mode) || !i->ops->readlink)
        return -EINVAL;
    text = kmalloc(PATH_MAX);
    if (!text)
        return -ENOMEM;
    n = i->ops->readlink(i, text, PATH_MAX);
    if (n >= 0) {
        n = MIN(n, (ssize_t)len);
        if (copy_to_user(buf, text, (size_t)n))
            n = -EFAULT;
    }
    kfree(text);
    return n;
}

long sys_readlinkat(int dirfd, uaddr_t path, uaddr_t buf, int len)
{
    struct at_target t;
    long n;

    if (len <= 0)
        return -EINVAL;
    n = at_get(dirfd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &t);
    if (n)
        return n;
    n = -EINVAL;
    if (t.inode)
        n = link_put(t.inode, buf, (size_t)len);
    if (n == -EINVAL && path_is_empty(path))
        n = -ENOENT; /* as Linux has it for an empty path */
    at_put(&t);
    return n;
}

long sys_readlink(uaddr_t path, uaddr_t buf, int len)
{
    return sys_readlinkat(AT_FDCWD, path, buf, len);
}
