/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfs.c - superblocks and inodes of the memory file system.
 */
#include "fs/memfs.h"

#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/page.h"

#define OVERLAYFS_MAGIC 0x794c7630u
#define EROFS_MAGIC     0xe0f5e1e2u

static uint64_t next_dev = 0x15; /* major 0, as Linux's unnamed devices */

static struct mem_inode **bucket_of(struct mem_sb *sb, uint64_t nid)
{
    return &sb->by_nid[(nid ^ nid >> 7) % MEMFS_HASH_LEN];
}

void mem_pin(struct mem_inode *mi)
{
    bool was_taken;

    if (mi->pinned || mi->inode.nlink == 0)
        return;
    was_taken = kernel_lock_enter_seldom();
    if (!mi->pinned && mi->inode.nlink > 0) {
        mi->pinned = true;
        mi->inode.refs++;
    }
    kernel_lock_leave(was_taken);
}

void mem_unpin(struct mem_inode *mi)
{
    if (!mi->pinned)
        return;
    mi->pinned = false;
    inode_put(&mi->inode);
}

static void mem_evict(struct inode *i)
{
    struct mem_inode *mi = mem_of(i);

    if (mi->has_lower) {
        struct mem_inode **p = bucket_of(mem_sb_of(i), mi->lower.nid);

        while (*p != mi) {
            ASSERT(*p);
            p = &(*p)->hash_next;
        }
        *p = mi->hash_next;
    }
    mem_pages_free(mi, 0, UINT64_MAX, 0);
    mem_dir_fini(&mi->dir);
    mem_xattrs_free(mi);
    kfree(mi->target);
    kfree(mi);
}

static ssize_t mem_readlink(struct inode *i, char *buf, size_t buf_len)
{
    struct mem_inode *mi = mem_of(i);
    size_t len;

    if (!mi->target)
        return erofs_read(&mem_sb_of(i)->lower, &mi->lower, buf, buf_len, 0);
    len = MIN(strlen(mi->target), buf_len);
    memcpy(buf, mi->target, len);
    return (ssize_t)len;
}

static int mem_setattr(struct inode *i, unsigned valid,
                       const struct kstat *attr)
{
    if (valid & ATTR_SIZE) {
        int err = mem_truncate(mem_of(i), attr->size);

        if (err)
            return err;
    }
    mem_pin(mem_of(i));
    inode_apply_attr(i, valid, attr);
    return 0;
}

static const struct inode_ops mem_ops = {
    .readlink = mem_readlink,
    .setattr = mem_setattr,
    .getxattr = OPERATION(mem_getxattr),
    .setxattr = OPERATION(mem_setxattr),
    .listxattr = OPERATION(mem_listxattr),
    .evict = mem_evict,
};

static const struct inode_ops mem_dir_ops = {
    .lookup = mem_lookup,
    .create = mem_create,
    .symlink = OPERATION(mem_symlink),
    .link = OPERATION(mem_link),
    .unlink = OPERATION(mem_unlink),
    .rmdir = OPERATION(mem_rmdir),
    .rename = OPERATION(mem_rename),
    .tmpfile = mem_tmpfile,
    .setattr = mem_setattr,
    .getxattr = OPERATION(mem_getxattr),
    .setxattr = OPERATION(mem_setxattr),
    .listxattr = OPERATION(mem_listxattr),
    .evict = mem_evict,
};

static struct mem_inode *inode_alloc(struct mem_sb *sb, uint64_t ino,
                                     uint32_t mode)
{
    struct mem_inode *mi = kzalloc(sizeof(*mi));

    if (!mi) {
        dentry_shrink(true); /* cached names are the first to go */
        mi = kzalloc(sizeof(*mi));
    }
    if (!mi)
        return NULL;
    inode_init(&mi->inode, &sb->sb, S_ISDIR(mode) ? &mem_dir_ops : &mem_ops,
               S_ISDIR(mode) ? &mem_dir_file_ops : &mem_file_ops, ino, mode);
    mi->inode.object.ops = &mem_object_ops;
    mi->seals = F_SEAL_SEAL;
    spin_init(&mi->lock, LOCK_INODE);
    return mi;
}

struct mem_inode *mem_inode_create(struct mem_sb *sb, uint32_t mode)
{
    struct mem_inode *mi = inode_alloc(sb, sb->next_ino, mode);

    if (!mi)
        return NULL;
    sb->next_ino++;
    inode_stamp(&mi->inode);
    if (thread_current()) { /* not for a root made before any process */
        mi->inode.uid = process_current()->fsuid;
        mi->inode.gid = process_current()->fsgid;
    }
    return mi;
}

int mem_inode_from_lower(struct mem_sb *sb, uint64_t nid,
                         struct mem_inode **out)
{
    struct mem_inode **bucket = bucket_of(sb, nid);
    struct erofs_node node;
    struct mem_inode *mi;
    struct inode *i;
    int err;

    for (mi = *bucket; mi; mi = mi->hash_next) {
        if (mi->lower.nid == nid) {
            inode_get(&mi->inode);
            *out = mi;
            return 0;
        }
    }
    err = erofs_node_read(&sb->lower, nid, &node);
    if (err)
        return err;
    mi = inode_alloc(sb, nid, node.mode);
    if (!mi)
        return -ENOMEM;
    mi->has_lower = true;
    mi->lower = node;
    mi->lower_len = node.size;
    i = &mi->inode;
    i->uid = node.uid;
    i->gid = node.gid;
    i->nlink = MAX(node.nlink, 1u);
    i->rdev = node.rdev;
    i->size = node.size;
    i->blocks = ALIGN_UP(node.size, PAGE_SIZE) / 512;
    i->mtime_ns = node.mtime_ns;
    i->atime_ns = i->ctime_ns = i->btime_ns = i->mtime_ns;
    mi->hash_next = *bucket;
    *bucket = mi;
    *out = mi;
    return 0;
}

void memfs_forbid_link(struct inode *i)
{
    mem_of(i)->linkable = false;
}

static void mem_statfs(struct superblock *sb, struct kstatfs *out)
{
    struct mem_sb *msb = (struct mem_sb *)sb;
    uint64_t image_pages = msb->has_lower ? msb->lower.len / PAGE_SIZE : 0;

    *out = (struct kstatfs){
        .type = TMPFS_MAGIC,
        .bsize = PAGE_SIZE,
        .blocks = image_pages,
        .files = msb->has_lower ? msb->lower.inode_count : 0,
        .namelen = NAME_MAX,
        .fsid = sb->dev,
    };
    if (msb->has_lower)
        out->type = sb->read_only ? EROFS_MAGIC : OVERLAYFS_MAGIC;
    if (!sb->read_only) {
        out->blocks += page_total_count();
        out->bfree = page_free_count();
        out->bavail = out->bfree;
        out->ffree = out->bfree * (PAGE_SIZE / sizeof(struct mem_inode));
        out->files += out->ffree;
    }
}

/* The root's inode: the image's, one of its directories', or a new one. */
static int root_create(struct mem_sb *sb, const void *image, size_t image_len,
                       const struct mem_inode *over, uint32_t mode,
                       struct mem_inode **out)
{
    int err;

    if (!image) {
        *out = mem_inode_create(sb, S_IFDIR | mode);
        return *out ? 0 : -ENOMEM;
    }
    sb->has_lower = true;
    err = erofs_open(&sb->lower, image, image_len);
    if (err)
        return err;
    err = mem_inode_from_lower(sb, over ? over->lower.nid : sb->lower.root_nid,
                               out);
    if (err || S_ISDIR((*out)->inode.mode))
        return err;
    return erofs_corrupt(&sb->lower, sb->lower.root_nid,
                         "the root is not a directory");
}

static int create(const void *image, size_t image_len,
                  const struct mem_inode *over, uint32_t mode,
                  struct mem_sb **out)
{
    struct mem_sb *sb = kzalloc(sizeof(*sb));
    struct mem_inode *root = NULL;
    int err;

    if (!sb)
        return -ENOMEM;
    sb->sb.dev = next_dev++;
    sb->sb.type = image && !over ? "erofs" : "tmpfs";
    sb->sb.statfs = mem_statfs;
    sb->next_ino = image_len / 32 + 1; /* above every inode of the image */
    err = root_create(sb, image, image_len, over, mode, &root);
    if (err)
        goto put_root;
    mem_pin(root);
    sb->sb.root = dentry_create_root(&sb->sb, &root->inode);
    err = -ENOMEM;
    if (!sb->sb.root)
        goto unpin_root;
    *out = sb;
    return 0;

unpin_root:
    mem_unpin(root);
put_root:
    if (root)
        inode_put(&root->inode);
    kfree(sb);
    return err;
}

int memfs_create(const void *image, size_t image_len, uint32_t mode,
                 struct mem_sb **out)
{
    return create(image, image_len, NULL, mode, out);
}

int memfs_create_over(struct inode *dir, uint32_t mode, struct mem_sb **out)
{
    struct mem_inode *mi = mem_of(dir);
    struct mem_sb *sb = mem_sb_of(dir);

    if (!mi->has_lower || mem_dir_is_empty(mi))
        return create(NULL, 0, NULL, mode, out);
    return create(sb->lower.image, sb->lower.len, mi, mode, out);
}
