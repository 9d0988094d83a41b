/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pseudo.c - inodes for tables of names.
 */
#include "fs/pseudo.h"

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/special.h"
#include "mm/heap.h"

#define DT_OF_MODE(mode) ((uint8_t)(((mode)&S_IFMT) >> 12))
#define NUMBER_MAX       100000000

static const struct inode_ops pseudo_ops, pseudo_magic_ops;
static const struct file_ops pseudo_dir_ops;

static struct pseudo_inode *pseudo_of(struct inode *i)
{
    return CONTAINER_OF(i, struct pseudo_inode, inode);
}

/* Stable while the kernel runs: the node's place, and whose it is. */
static uint64_t ino_of(const struct pseudo_node *node, int id)
{
    return ((uint64_t)node & 0xffffff) | ((uint64_t)(unsigned)id + 1) << 24;
}

int pseudo_inode(struct superblock *sb, const struct pseudo_node *node, int id,
                 struct inode **out)
{
    struct pseudo_inode *p = kzalloc(sizeof(*p));

    if (!p)
        return -ENOMEM;
    inode_init(&p->inode, sb, node->follow ? &pseudo_magic_ops : &pseudo_ops,
               S_ISDIR(node->mode) ? &pseudo_dir_ops : NULL, ino_of(node, id),
               node->mode);
    inode_stamp(&p->inode);
    if (S_ISCHR(node->mode))
        p->inode.rdev = node->rdev;
    p->node = node;
    p->id = id;
    *out = &p->inode;
    return 0;
}

int pseudo_number(const char *name, size_t name_len)
{
    int n = 0;

    if (name_len == 0 || (name_len > 1 && name[0] == '0'))
        return -1;
    for (size_t i = 0; i < name_len; i++) {
        if (name[i] < '0' || name[i] > '9' || n > NUMBER_MAX)
            return -1;
        n = 10 * n + (name[i] - '0');
    }
    return n;
}

size_t pseudo_put_number(char *name, uint64_t n)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%lu", n);

    memcpy(name, text, MIN((size_t)len, (size_t)PSEUDO_NEXT_MAX));
    return (size_t)len;
}

static int lookup(struct inode *dir, const char *name, size_t name_len,
                  struct inode **out)
{
    struct pseudo_inode *p = pseudo_of(dir);

    if (!S_ISDIR(p->node->mode))
        return -ENOTDIR;
    for (unsigned i = 0; i < p->node->child_count; i++) {
        const struct pseudo_node *child = &p->node->children[i];

        if (strlen(child->name) == name_len &&
            memcmp(child->name, name, name_len) == 0)
            return pseudo_inode(dir->sb, child, p->id, out);
    }
    if (p->node->lookup)
        return p->node->lookup(p, name, name_len, out);
    return -ENOENT;
}

static int readdir(struct file *f, struct io *io)
{
    struct pseudo_inode *p = pseudo_of(f->inode);
    const struct pseudo_node *node = p->node;
    char name[PSEUDO_NEXT_MAX];
    uint64_t first = f->pos;

    while (f->pos < 2 + node->child_count) {
        const struct pseudo_node *child = &node->children[f->pos - 2];
        const char *text = f->pos == 0 ? "." : "..";
        uint8_t type = DT_OF_MODE(S_IFDIR);
        uint64_t ino = p->inode.ino;

        if (f->pos >= 2) {
            text = child->name;
            type = DT_OF_MODE(child->mode);
            ino = ino_of(child, p->id);
        }
        if (!dirent_put(io, ino, f->pos + 1, type, text, strlen(text)))
            return f->pos == first ? -EINVAL : 0;
        f->pos++;
    }
    while (node->next) {
        uint64_t pos = f->pos - 2 - node->child_count, at = pos;
        uint8_t type = 0;
        size_t len = node->next(p, &pos, name, &type);

        if (len == 0)
            break;
        pos += 2 + node->child_count;
        if (!dirent_put(io, at + 1, pos, type, name, len))
            return f->pos == first ? -EINVAL : 0;
        f->pos = pos;
    }
    return 0;
}

static off_t dir_seek(struct file *f, off_t off, int whence)
{
    if (whence == 1) /* SEEK_CUR */
        off += (off_t)f->pos;
    else if (whence != 0)
        return -EINVAL;
    if (off < 0)
        return -EINVAL;
    f->pos = (uint64_t)off;
    return off;
}

static int show_constant(struct text_file *t, void *arg)
{
    const struct pseudo_inode *p = arg;

    return text_printf(t, "%s", p->node->text ? p->node->text : "");
}

static int open_node(struct inode *i, struct file *f)
{
    struct pseudo_inode *p = pseudo_of(i);

    if (S_ISCHR(i->mode))
        return chrdev_open(i, f);
    if (!S_ISREG(i->mode))
        return 0;
    return text_file_open(f, p->node->show ? p->node->show : show_constant, p);
}

static ssize_t readlink(struct inode *i, char *buf, size_t buf_len)
{
    struct pseudo_inode *p = pseudo_of(i);
    size_t len;

    if (!S_ISLNK(i->mode))
        return -EINVAL;
    if (p->node->readlink)
        return p->node->readlink(p, buf, buf_len);
    len = MIN(strlen(p->node->target), buf_len);
    memcpy(buf, p->node->target, len);
    return (ssize_t)len;
}

static int follow(struct inode *i, struct dentry **out)
{
    struct pseudo_inode *p = pseudo_of(i);

    return p->node->follow(p, out);
}

static void evict(struct inode *i)
{
    kfree(pseudo_of(i));
}

static const struct inode_ops pseudo_ops = {
    .lookup = lookup,
    .open = open_node,
    .readlink = readlink,
    .evict = evict,
};

/* Links that lead to a file, whatever their text says. */
static const struct inode_ops pseudo_magic_ops = {
    .readlink = readlink,
    .follow = follow,
    .evict = evict,
};

static const struct file_ops pseudo_dir_ops = {
    .readdir = readdir,
    .seek = dir_seek,
};
