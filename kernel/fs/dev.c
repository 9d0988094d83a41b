/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dev.c - character devices, and the /dev they are found in.
 *
 * A device is known by its number, Linux's, so that a node in an image or one
 * made by mknod works as those of /dev do.
 */
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "core/errno.h"
#include "core/string.h"
#include "drivers/console.h"
#include "fs/pseudo.h"
#include "fs/special.h"
#include "fs/tty.h"
#include "random/pool.h"

#define DEVFS_DEV       DEV_MAKE(0, TTY_DEVFS_DEV)
#define TMPFS_MAGIC     0x01021994u
#define RANDOM_CHUNK    256u
#define ZERO_OBJECT_LEN (1ull << 46) /* every offset that mmap can ask for */

enum mem_minor {
    MINOR_NULL = 3,
    MINOR_ZERO = 5,
    MINOR_FULL = 7,
    MINOR_RANDOM = 8,
    MINOR_URANDOM = 9,
};

/* ---- the devices ---- */

static ssize_t null_read(struct file *f, struct io *io, uint64_t *pos)
{
    (void)f, (void)io, (void)pos;
    return 0;
}

static ssize_t null_write(struct file *f, struct io *io, uint64_t *pos)
{
    ssize_t len = (ssize_t)io->left;

    (void)f, (void)pos;
    io->left = 0;
    return len;
}

static ssize_t zero_read(struct file *f, struct io *io, uint64_t *pos)
{
    size_t want = io->left;
    size_t done = io_zero(io, want);

    (void)f, (void)pos;
    return done == 0 && want > 0 ? -EFAULT : (ssize_t)done;
}

static ssize_t full_write(struct file *f, struct io *io, uint64_t *pos)
{
    (void)f, (void)pos;
    return io->left ? -ENOSPC : 0;
}

static ssize_t random_read(struct file *f, struct io *io, uint64_t *pos)
{
    uint8_t chunk[RANDOM_CHUNK];
    size_t done = 0;

    (void)f, (void)pos;
    while (io->left > 0) {
        size_t want = MIN(io->left, sizeof(chunk)), n;

        pool_read(chunk, want);
        n = io_put(io, chunk, want);
        done += n;
        if (n < want)
            return done ? (ssize_t)done : -EFAULT;
    }
    return (ssize_t)done;
}

/* These take any position and have none. */
static off_t mem_seek(struct file *f, off_t off, int whence)
{
    (void)f, (void)off, (void)whence;
    return 0;
}

/* A fresh piece of shared memory for each mapping; for private ones its empty
 * pages are the zeros to copy from. The file keeps the last one alive until
 * the mapping holds it. */
static int zero_mmap(struct file *f, int prot, int flags,
                     struct vm_object **out)
{
    struct file *memory;
    int err = vfs_memory_file("dev/zero", 0600, O_RDWR, 0, &memory);

    if (err)
        return err;
    err = memory->ops->truncate(memory, ZERO_OBJECT_LEN);
    if (!err)
        err = memory->ops->mmap(memory, prot, flags, out);
    if (err) {
        file_put(memory);
        return err;
    }
    if (f->private)
        file_put(f->private);
    f->private = memory;
    return 0;
}

static void zero_release(struct file *f)
{
    if (f->private)
        file_put(f->private);
}

static const struct file_ops null_ops = {
    .read = null_read,
    .write = null_write,
    .seek = mem_seek,
};

static const struct file_ops zero_ops = {
    .read = zero_read,
    .write = null_write,
    .seek = mem_seek,
    .mmap = zero_mmap,
    .release = zero_release,
};

static const struct file_ops full_ops = {
    .read = zero_read,
    .write = full_write,
    .seek = mem_seek,
};

/* What is written is taken and not mixed in: the program could gain nothing,
 * the pool is seeded by the host. */
static const struct file_ops random_ops = {
    .read = random_read,
    .write = null_write,
    .seek = mem_seek,
};

int chrdev_open(struct inode *i, struct file *f)
{
    switch (i->rdev) {
    case DEV_MAKE(1, MINOR_NULL):
        f->ops = &null_ops;
        return 0;
    case DEV_MAKE(1, MINOR_ZERO):
        f->ops = &zero_ops;
        return 0;
    case DEV_MAKE(1, MINOR_FULL):
        f->ops = &full_ops;
        return 0;
    case DEV_MAKE(1, MINOR_RANDOM):
    case DEV_MAKE(1, MINOR_URANDOM):
        f->ops = &random_ops;
        return 0;
    case DEV_MAKE(5, 0):
        return tty_open(f, false);
    case DEV_MAKE(5, 1):
        return tty_open(f, true);
    default:
        for (unsigned fd = 0; fd < 3; fd++)
            if (tty_pts(fd) >= 0 && console_stat(fd)->rdev == i->rdev)
                return tty_open(f, false);
        return -ENXIO;
    }
}

/* ---- /dev/pts: the host's terminals that are ours ---- */

static const struct pseudo_node pts_node = { .name = "pts",
                                             .mode = S_IFCHR | 0620,
                                             .kind = PSEUDO_IS_DEVICE };

static int pts_lookup(struct pseudo_inode *dir, const char *name,
                      size_t name_len, struct inode **out)
{
    int pts = pseudo_number(name, name_len);
    unsigned fd = 0;
    int err;

    while (fd < 3 && (pts < 0 || tty_pts(fd) != pts))
        fd++;
    if (fd == 3)
        return -ENOENT;
    err = pseudo_inode(dir->inode.sb, &pts_node, pts, out);
    if (!err) {
        (*out)->rdev = console_stat(fd)->rdev;
        (*out)->ino = TTY_PTS_INO + (unsigned)pts;
    }
    return err;
}

static size_t pts_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                       uint8_t *type_out)
{
    (void)dir;
    for (unsigned fd = (unsigned)MIN(*pos, 3ul); fd < 3; fd++) {
        int pts = tty_pts(fd);
        bool is_new = pts >= 0;

        for (unsigned i = 0; i < fd; i++)
            is_new = is_new && tty_pts(i) != pts;
        if (!is_new)
            continue;
        *pos = fd + 1;
        *type_out = S_IFCHR >> 12;
        return pseudo_put_number(name, (uint64_t)pts);
    }
    return 0;
}

/* ---- /dev ---- */

#define DEVICE(n, major, minor)                                        \
    {                                                                  \
        .name = (n), .mode = S_IFCHR | 0666, .kind = PSEUDO_IS_DEVICE, \
        .rdev = DEV_MAKE(major, minor)                                 \
    }

static const struct pseudo_node dev_nodes[] = {
    DEVICE("null", 1, MINOR_NULL),
    DEVICE("zero", 1, MINOR_ZERO),
    DEVICE("full", 1, MINOR_FULL),
    DEVICE("random", 1, MINOR_RANDOM),
    DEVICE("urandom", 1, MINOR_URANDOM),
    DEVICE("tty", 5, 0),
    DEVICE("console", 5, 1),
    PSEUDO_LINK("fd", "/proc/self/fd"),
    PSEUDO_SPECIAL("pts", S_IFDIR | 0755, .lookup = pts_lookup,
                   .next = pts_next),
    PSEUDO_LINK("stdin", "/proc/self/fd/0"),
    PSEUDO_LINK("stdout", "/proc/self/fd/1"),
    PSEUDO_LINK("stderr", "/proc/self/fd/2"),
};

/* /dev/shm is the root of a tmpfs, made when it is first looked for. */
static int dev_lookup(struct pseudo_inode *dir, const char *name,
                      size_t name_len, struct inode **out)
{
    static struct superblock *shm;

    (void)dir;
    if (name_len != 3 || memcmp(name, "shm", 3) != 0)
        return -ENOENT;
    if (!shm)
        shm = tmpfs_create(01777);
    if (!shm)
        return -ENOMEM;
    *out = inode_get(dentry_inode(shm->root));
    return 0;
}

static size_t dev_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                       uint8_t *type_out)
{
    (void)dir;
    if (*pos > 0)
        return 0;
    *pos = 1;
    memcpy(name, "shm", 3);
    *type_out = S_IFDIR >> 12;
    return 3;
}

static const struct pseudo_node dev_root =
    PSEUDO_SPECIAL("dev", S_IFDIR | 0755, .children = dev_nodes,
                   .child_count = ARRAY_LEN(dev_nodes), .lookup = dev_lookup,
                   .next = dev_next);

static void dev_statfs(struct superblock *sb, struct kstatfs *out)
{
    (void)sb;
    *out = (struct kstatfs){ .type = TMPFS_MAGIC,
                             .bsize = PAGE_SIZE,
                             .namelen = NAME_MAX };
}

int devfs_mount(struct superblock *sb, struct inode **root_out)
{
    sb->dev = DEVFS_DEV;
    sb->type = "devtmpfs";
    sb->statfs = dev_statfs;
    return pseudo_inode(sb, &dev_root, 0, root_out);
}
