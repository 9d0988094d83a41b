/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pseudo.h - directories made of tables: /dev, /proc, /sys.
 *
 * What:      a constant tree of nodes; an inode is made when a name is looked
 *            up and freed with its last reference, so that a tree nobody
 *            walks costs nothing. Where names change by themselves a node
 *            brings its own lookup and readdir.
 * Ownership: nodes are constants. pseudo_inode() gives one reference.
 * Context:   a thread's system call.
 * Errors:    -ENOENT, -ENOMEM, and what `show` gives.
 */
#ifndef FS_PSEUDO_H
#define FS_PSEUDO_H

#include <linux/stat.h>

#include "fs/vfs.h"

struct pseudo_inode;

struct pseudo_node;

/* What a node of another kind than the simple ones can. */
struct pseudo_special {
    const struct pseudo_node *children; /* directories */
    uint32_t child_count;
    /* Directories: constant files besides, as PSEUDO_TEXTS has them. */
    const char *texts;
    /* Regular files: as struct text_file has them. */
    int (*show)(struct text_file *t, void *pseudo_inode);
    int (*store)(void *pseudo_inode, char *text);
    /* Directories with further names: tried when no child has the name. */
    int (*lookup)(struct pseudo_inode *dir, const char *name, size_t name_len,
                  struct inode **out);
    /* ... and the name at position pos (0 ...) after the children. Result: its
     * length, 0 when there is no more. *pos moves on to the next. */
    size_t (*next)(struct pseudo_inode *dir, uint64_t *pos, char *name,
                   uint8_t *type_out);
    /* Symbolic links that are not constant: text, or the file itself. */
    ssize_t (*readlink)(struct pseudo_inode *i, char *buf, size_t buf_len);
    int (*follow)(struct pseudo_inode *i, struct dentry **out);
};

enum pseudo_kind {
    PSEUDO_IS_DIR,   /* children */
    PSEUDO_IS_TEXT,  /* a constant file or symbolic link */
    PSEUDO_IS_TEXTS, /* a directory of constant files alone */
    PSEUDO_IS_SHOWN,
    PSEUDO_IS_DEVICE,
    PSEUDO_IS_SPECIAL
};

/* There are hundreds of these in the image: small ones. */
struct pseudo_node {
    const char *name;
    uint16_t mode; /* with S_IFMT */
    uint16_t child_count;
    uint32_t kind; /* PSEUDO_IS_*: the member that is used */
    union {
        const struct pseudo_node *children;
        const char *text;
        int (*show)(struct text_file *t, void *pseudo_inode);
        uint64_t rdev;
        const struct pseudo_special *special;
    };
};

#define PSEUDO_NEXT_MAX 32u /* bytes in a name that `next` makes */
#define PSEUDO_DIR(n, table)                                      \
    {                                                             \
        .name = (n), .mode = S_IFDIR | 0555, .children = (table), \
        .child_count = ARRAY_LEN(table)                           \
    }
/* Constant files of a line each: "name line\n" in a row. Without a pointer for
 * each: those would be relocated, and their pages touched, at every boot. */
#define PSEUDO_TEXTS(n, t)                                            \
    {                                                                 \
        .name = (n), .mode = S_IFDIR | 0555, .kind = PSEUDO_IS_TEXTS, \
        .text = (t)                                                   \
    }
#define PSEUDO_EMPTY_DIR(n)                 \
    {                                       \
        .name = (n), .mode = S_IFDIR | 0555 \
    }
#define PSEUDO_FILE(n, fn)                                            \
    {                                                                 \
        .name = (n), .mode = S_IFREG | 0444, .kind = PSEUDO_IS_SHOWN, \
        .show = (fn)                                                  \
    }
#define PSEUDO_TEXT(n, t)                                            \
    {                                                                \
        .name = (n), .mode = S_IFREG | 0444, .kind = PSEUDO_IS_TEXT, \
        .text = (t)                                                  \
    }
#define PSEUDO_LINK(n, t)                                            \
    {                                                                \
        .name = (n), .mode = S_IFLNK | 0777, .kind = PSEUDO_IS_TEXT, \
        .text = (t)                                                  \
    }
/* The rest are members of struct pseudo_special. */
#define PSEUDO_SPECIAL(n, m, ...)                            \
    {                                                        \
        .name = (n), .mode = (m), .kind = PSEUDO_IS_SPECIAL, \
        .special = &(const struct pseudo_special)            \
        {                                                    \
            __VA_ARGS__                                      \
        }                                                    \
    }
#define PSEUDO_STORE(n, fn, store_fn) \
    PSEUDO_SPECIAL(n, S_IFREG | 0644, .show = (fn), .store = (store_fn))

struct pseudo_inode {
    struct inode inode; /* first */
    const struct pseudo_node *node;
    int id;           /* thread or descriptor; children inherit it */
    const char *text; /* of a file of PSEUDO_TEXTS */
};

MUST_CHECK int pseudo_inode(struct superblock *sb,
                            const struct pseudo_node *node, int id,
                            struct inode **out);
/* The node of a table that ends with one without a name, and the next for a
 * directory's listing: where a table is not known, or known to be there, when
 * the directory's node is written. NULL table: empty. */
MUST_CHECK int pseudo_table_lookup(const struct pseudo_node *table,
                                   struct pseudo_inode *dir, const char *name,
                                   size_t name_len, struct inode **out);
size_t pseudo_table_next(const struct pseudo_node *table, uint64_t *pos,
                         char *name, uint8_t *type_out);
/* A decimal number without sign or leading zeros, or -1. */
int pseudo_number(const char *name, size_t name_len);
/* The same the other way, at most PSEUDO_NEXT_MAX bytes. Result: length. */
size_t pseudo_put_number(char *name, uint64_t n);
/* A written number, a newline behind it allowed: -EINVAL, -ERANGE */
MUST_CHECK int pseudo_parse(const char *text, long min, long max, long *out);

/* What the layer above tells of the network in /proc/net, /proc/sys/net (tables
 * that end with a node without a name) and /sys/class/net (as a pseudo node's
 * lookup and next); absent in kernels without it. */
extern const struct pseudo_node net_proc_nodes[], net_sysctl_nodes[];
int net_class_lookup(struct pseudo_inode *dir, const char *name,
                     size_t name_len, struct inode **out);
size_t net_class_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                      uint8_t *type_out);

#endif
