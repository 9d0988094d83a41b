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

/* Absent in a kernel without device files. */
#pragma weak chrdev_open

#define DT_OF_MODE(mode) ((uint8_t)(((mode)&S_IFMT) >> 12))
#define NUMBER_MAX       100000000

static const struct inode_ops pseudo_ops, pseudo_magic_ops;
static const struct file_ops pseudo_dir_ops;

static struct pseudo_inode *pseudo_of(struct inode *i)
{
    return CONTAINER_OF(i, struct pseudo_inode, inode);
}

/* Everything a node can, whatever its kind. */
static struct pseudo_special special_of(const struct pseudo_node *node)
{
    switch ((enum pseudo_kind)node->kind) {
    case PSEUDO_IS_DIR:
        return (struct pseudo_special){ .children = node->children,
                                        .child_count = node->child_count };
    case PSEUDO_IS_TEXTS:
        return (struct pseudo_special){ .texts = node->text };
    case PSEUDO_IS_SHOWN:
        return (struct pseudo_special){ .show = node->show };
    case PSEUDO_IS_SPECIAL:
        return *node->special;
    default:
        return (struct pseudo_special){ 0 };
    }
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
    inode_init(&p->inode, sb,
               special_of(node).follow ? &pseudo_magic_ops : &pseudo_ops,
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

int pseudo_parse(const char *text, long min, long max, long *out)
{
    bool is_negative = *text == '-';
    long n = 0;

    text += is_negative;
    if (*text < '0' || *text > '9')
        return -EINVAL;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (n > NUMBER_MAX)
            return -ERANGE;
        n = 10 * n + (*text - '0');
    }
    if (*text == '\n')
        text++;
    n = is_negative ? -n : n;
    if (*text || n < min || n > max)
        return -EINVAL;
    *out = n;
    return 0;
}

static bool is_named(const struct pseudo_node *node, const char *name,
                     size_t name_len)
{
    return strlen(node->name) == name_len &&
           memcmp(node->name, name, name_len) == 0;
}

int pseudo_table_lookup(const struct pseudo_node *table,
                        struct pseudo_inode *dir, const char *name,
                        size_t name_len, struct inode **out)
{
    for (; table && table->name; table++)
        if (is_named(table, name, name_len))
            return pseudo_inode(dir->inode.sb, table, dir->id, out);
    return -ENOENT;
}

size_t pseudo_table_next(const struct pseudo_node *table, uint64_t *pos,
                         char *name, uint8_t *type_out)
{
    size_t len;

    for (uint64_t i = 0; table && i < *pos && table->name; i++)
        table++;
    if (!table || !table->name)
        return 0;
    (*pos)++;
    len = MIN(strlen(table->name), (size_t)PSEUDO_NEXT_MAX);
    memcpy(name, table->name, len);
    *type_out = DT_OF_MODE(table->mode);
    return len;
}

/* ---- directories of constant files ---- */

static int show_text(struct text_file *t, void *arg)
{
    const char *text = ((const struct pseudo_inode *)arg)->text;

    return text_printf(t, "%.*s", (int)(strchr(text, '\n') + 1 - text), text);
}

static const struct pseudo_node text_node = PSEUDO_FILE("text", show_text);

/* The text behind the name at the front of this. */
static const char *texts_value(const char *texts)
{
    return strchr(texts, ' ') + 1;
}

/* The next file's name. */
static const char *texts_step(const char *texts)
{
    return strchr(texts, '\n') + 1;
}

static uint64_t texts_ino(const char *texts)
{
    return (uint64_t)texts & UINT32_MAX;
}

static int texts_lookup(struct inode *dir, const char *texts, const char *name,
                        size_t name_len, struct inode **out)
{
    int err;

    for (; texts && *texts; texts = texts_step(texts)) {
        const char *value = texts_value(texts);

        if ((size_t)(value - 1 - texts) != name_len ||
            memcmp(texts, name, name_len) != 0)
            continue;
        err = pseudo_inode(dir->sb, &text_node, 0, out);
        if (err)
            return err;
        pseudo_of(*out)->text = value;
        (*out)->ino = texts_ino(texts);
        return 0;
    }
    return -ENOENT;
}

/* They come behind `before` other names. Result: whether all fitted. */
static bool texts_list(struct file *f, struct io *io, const char *texts,
                       uint64_t before)
{
    uint64_t n = 2 + before;

    for (; *texts; texts = texts_step(texts), n++) {
        size_t len = (size_t)(texts_value(texts) - 1 - texts);

        if (n < f->pos)
            continue;
        if (!dirent_put(io, texts_ino(texts), n + 1, DT_OF_MODE(S_IFREG), texts,
                        len))
            return false;
        f->pos = n + 1;
    }
    return true;
}

static int lookup(struct inode *dir, const char *name, size_t name_len,
                  struct inode **out)
{
    struct pseudo_inode *p = pseudo_of(dir);
    const struct pseudo_special s = special_of(p->node);

    if (!S_ISDIR(p->node->mode))
        return -ENOTDIR;
    for (unsigned i = 0; i < s.child_count; i++) {
        const struct pseudo_node *child = &s.children[i];

        if (is_named(child, name, name_len))
            return pseudo_inode(dir->sb, child, p->id, out);
    }
    if (s.lookup)
        return s.lookup(p, name, name_len, out);
    return texts_lookup(dir, s.texts, name, name_len, out);
}

static int readdir(struct file *f, struct io *io)
{
    struct pseudo_inode *p = pseudo_of(f->inode);
    const struct pseudo_special s = special_of(p->node);
    char name[PSEUDO_NEXT_MAX];
    uint64_t first = f->pos;

    while (f->pos < 2 + s.child_count) {
        const struct pseudo_node *child = &s.children[f->pos - 2];
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
    if (s.texts && !texts_list(f, io, s.texts, s.child_count))
        return f->pos == first ? -EINVAL : 0;
    while (s.next) {
        uint64_t pos = f->pos - 2 - s.child_count, at = pos;
        uint8_t type = 0;
        size_t len = s.next(p, &pos, name, &type);

        if (len == 0)
            break;
        pos += 2 + s.child_count;
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

    return text_printf(t, "%s", p->node->text);
}

static int open_node(struct inode *i, struct file *f)
{
    struct pseudo_inode *p = pseudo_of(i);
    const struct pseudo_special s = special_of(p->node);

    if (S_ISCHR(i->mode))
        return chrdev_open ? chrdev_open(i, f) : -ENXIO;
    if (!S_ISREG(i->mode))
        return 0;
    return text_file_open(f, s.show ? s.show : show_constant, s.store, p);
}

static ssize_t readlink(struct inode *i, char *buf, size_t buf_len)
{
    struct pseudo_inode *p = pseudo_of(i);
    const struct pseudo_special s = special_of(p->node);
    size_t len;

    if (!S_ISLNK(i->mode))
        return -EINVAL;
    if (s.readlink)
        return s.readlink(p, buf, buf_len);
    len = MIN(strlen(p->node->text), buf_len);
    memcpy(buf, p->node->text, len);
    return (ssize_t)len;
}

static int follow(struct inode *i, struct dentry **out)
{
    struct pseudo_inode *p = pseudo_of(i);

    return p->node->special->follow(p, out);
}

/* O_TRUNC is what a shell opens with; there is nothing to cut. */
static int setattr(struct inode *i, unsigned valid, const struct kstat *attr)
{
    (void)i, (void)attr;
    return valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

static void evict(struct inode *i)
{
    kfree(pseudo_of(i));
}

static const struct inode_ops pseudo_ops = {
    .lookup = lookup,
    .open = open_node,
    .readlink = readlink,
    .setattr = setattr,
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
