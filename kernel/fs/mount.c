/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mount.c - the root, what is mounted on it, and the context of a process.
 *
 * Standard mounts are lazy: a program that never looks at /proc never pays for
 * it. A name in the root directory that is looked up for the first time is
 * compared with the list, and the mount then happens below it.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/memfs.h"
#include "fs/path.h"
#include "fs/special.h"
#include "mm/heap.h"

/* Parts (parts.def): a kernel linked without these has no such mounts. */
#pragma weak devfs_mount
#pragma weak procfs_mount
#pragma weak sysfs_mount
#pragma weak cgroupfs_mount

typedef int (*mount_fn)(struct superblock *sb, struct inode **root_out);

static struct lazy_mount {
    const char *name;
    mount_fn mount; /* NULL: done */
} lazy_mounts[VFS_LAZY_MOUNT_MAX];
static unsigned lazy_count;

struct dentry *vfs_mounts[VFS_MOUNT_MAX];
static unsigned mount_count;

static int mount_at(struct dentry *d, struct superblock *sb)
{
    if (!S_ISDIR(d->inode->mode))
        return -ENOTDIR;
    if (mount_count == VFS_MOUNT_MAX)
        return -ENOSPC;
    ASSERT(!d->mounted);
    d->mounted = sb->root;
    names_changed();
    sb->root->covers = dentry_get(d); /* stays in the cache */
    vfs_mounts[mount_count++] = sb->root;
    return 0;
}

int vfs_mount(const char *path, struct superblock *sb)
{
    struct dentry *d;
    int err = path_lookup(AT_FDCWD, path, PATH_FOLLOW | PATH_DIRECTORY, &d);

    if (err)
        return err;
    err = mount_at(d, sb);
    dentry_put(d);
    return err;
}

struct superblock *vfs_mount_at(unsigned idx, struct dentry **path_out)
{
    if (idx >= mount_count)
        return NULL;
    *path_out = vfs_mounts[idx];
    return vfs_mounts[idx]->sb;
}

unsigned vfs_mount_id(const struct superblock *sb)
{
    unsigned i = 0;

    while (i < mount_count && vfs_mounts[i]->sb != sb)
        i++;
    return VFS_ROOT_ID + i;
}

void vfs_mount_lazy(const char *name, mount_fn mount)
{
    if (!mount)
        return;
    ASSERT_OP(lazy_count, <, VFS_LAZY_MOUNT_MAX);
    lazy_mounts[lazy_count++] = (struct lazy_mount){ name, mount };
}

struct superblock *tmpfs_create(uint32_t mode)
{
    struct mem_sb *sb;

    return memfs_create(NULL, 0, mode, &sb) ? NULL : &sb->sb;
}

static int tmp_mount(struct superblock *sb, struct inode **root_out)
{
    (void)sb, (void)root_out;
    return 0; /* stands for a tmpfs of mode 1777: see lazy_sb() */
}

static int run_mount(struct superblock *sb, struct inode **root_out)
{
    (void)sb, (void)root_out;
    return 0; /* a tmpfs of mode 0755 */
}

static struct superblock *lazy_sb(mount_fn mount, struct dentry *at)
{
    struct superblock *sb;
    struct inode *root;

    if (mount == tmp_mount || mount == run_mount) {
        struct mem_sb *over;
        uint32_t mode = mount == tmp_mount ? 01777 : 0755;

        return memfs_create_over(at->inode, mode, &over) ? NULL : &over->sb;
    }
    sb = kzalloc(sizeof(*sb));
    if (!sb)
        return NULL;
    if (mount(sb, &root) == 0) {
        sb->root = dentry_create_root(sb, root);
        if (sb->root)
            return sb;
        inode_put(root);
    }
    kfree(sb);
    return NULL;
}

/* The image has no such directory: make one, even on a read-only root. */
static int mountpoint_create(struct dentry *d)
{
    struct inode *dir = d->parent->inode;
    struct inode *i;
    int err =
        dir->ops->create(dir, d->name, d->name_len, S_IFDIR | 0755, 0, &i);

    if (err)
        return err;
    i->uid = 0;
    i->gid = 0;
    dentry_set_inode(d, inode_get(i));
    inode_put(i);
    return 0;
}

/* What is mounted on a directory of /sys comes with it. */
static int mount_below_sys(void)
{
    struct superblock *sb;

    if (!cgroupfs_mount)
        return 0;
    sb = lazy_sb(cgroupfs_mount, NULL);
    return sb ? vfs_mount("/sys/fs/cgroup", sb) : -ENOMEM;
}

static void mark_lazy_files(struct dentry *d)
{
    if (!d->inode && mountpoint_create(d))
        return; /* no room: its lookup tells */
    d->has_lazy_files = S_ISDIR(d->inode->mode);
}

void mount_lazily(struct dentry *d)
{
    if (lazy_file_dir(d->name))
        mark_lazy_files(d);
    for (unsigned i = 0; i < lazy_count; i++) {
        struct lazy_mount *lazy = &lazy_mounts[i];
        mount_fn mount = lazy->mount;
        struct superblock *sb;
        int err = 0;

        if (!mount || strcmp(lazy->name, d->name) != 0)
            continue;
        lazy->mount = NULL;
        if (!d->inode)
            err = mountpoint_create(d);
        if (err || !S_ISDIR(d->inode->mode))
            return; /* the image has something else there: it stays */
        sb = lazy_sb(mount, d);
        if (!sb)
            err = -ENOMEM;
        else
            err = mount_at(d, sb);
        if (!err && mount == sysfs_mount)
            err = mount_below_sys();
        if (err)
            kprintf("cannot mount /%s (error %d): raise -m\n", lazy->name,
                    -err);
        return;
    }
}

void list_lazily(struct dentry *root)
{
    if (root->has_lazy_files && lazy_file_all(root->inode))
        kprintf("no room for the files of /%s: raise -m\n", root->name);
    if (!root->has_lazy_mounts)
        return;
    for (unsigned i = 0; i < lazy_count; i++) {
        const char *name = lazy_mounts[i].name;
        size_t len = strlen(name);
        struct dentry *d;

        if (!lazy_mounts[i].mount)
            continue;
        if (dentry_lookup(root, name, len, name_hash(name, len), &d) == 0)
            dentry_put(d);
    }
}

int vfs_init(const void *image, size_t image_len, bool read_only)
{
    struct mem_sb *sb;
    int err = memfs_create(image, image_len, 0755, &sb);

    if (err)
        return err;
    sb->sb.read_only = read_only;
    sb->sb.root->has_lazy_mounts = true;
    vfs_mounts[mount_count++] = sb->sb.root;
    vfs_mount_lazy("dev", devfs_mount);
    vfs_mount_lazy("proc", procfs_mount);
    vfs_mount_lazy("sys", sysfs_mount);
    vfs_mount_lazy("tmp", tmp_mount);
    vfs_mount_lazy("run", run_mount);
    return 0;
}

struct fs_context *fs_context_create(void)
{
    struct fs_context *c = kmalloc(sizeof(*c));

    if (!c)
        return NULL;
    ASSERT(mount_count > 0);
    *c = (struct fs_context){
        .refs = 1,
        .cwd = dentry_get(vfs_mounts[0]),
        .root = dentry_get(vfs_mounts[0]),
        .umask = 022,
    };
    return c;
}

struct fs_context *fs_context_get(struct fs_context *c)
{
    c->refs++;
    return c;
}

void fs_context_put(struct fs_context *c)
{
    ASSERT_OP(c->refs, >, 0);
    if (--c->refs > 0)
        return;
    dentry_put(c->cwd);
    dentry_put(c->root);
    kfree(c);
}
