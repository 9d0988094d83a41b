/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rootlist.c - lists an image's root, read by the kernel's own reader of EROFS.
 *
 * The image may be a stranger's: the reader checks every offset, and what it
 * cannot know is bounded here, a directory that contains itself above all.
 */
#include "cli/rootlist.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fs/erofs.h"
#include "host/fault.h"
#include "host/memory.h"
#include "image/image.h"

struct level {
    struct erofs_node dir;
    uint64_t pos;    /* of the next entry */
    size_t path_len; /* of the directory's own path */
};

struct lister {
    struct erofs erofs;
    struct list *lines; /* NULL: call fn, or find names instead */
    rootlist_fn *fn;
    void *fn_arg;
    struct rootlist_name *names;
    size_t name_count;
    size_t seen;
    bool is_long;
    uint64_t bytes;
    unsigned depth;
    struct level level[ROOTLIST_DEPTH_MAX];
    char path[4096];
};

/* The reader's messages: the fault tells what is wrong. */
void kprintf(const char *fmt, ...);
void kprintf(const char *fmt, ...)
{
    (void)fmt;
}

static const char type_letters[16] = "?pc?d?b?-?l?s???";

/* Ten characters, as ls has them. */
static void mode_text(uint32_t mode, char out[11])
{
    static const char rights[] = "rwxrwxrwx";

    out[0] = type_letters[mode >> 12 & 15];
    for (unsigned i = 0; i < 9; i++)
        out[1 + i] = mode >> (8 - i) & 1 ? rights[i] : '-';
    if (mode & S_ISUID)
        out[3] = out[3] == 'x' ? 's' : 'S';
    if (mode & S_ISGID)
        out[6] = out[6] == 'x' ? 's' : 'S';
    if (mode & S_ISVTX)
        out[9] = out[9] == 'x' ? 't' : 'T';
    out[10] = '\0';
}

static int line_add(struct lister *l, const struct erofs_node *n)
{
    char mode[11], target[4096] = "";
    char *name;

    if (S_ISLNK(n->mode)) {
        ssize_t len = erofs_read(&l->erofs, n, target, sizeof(target) - 1, 0);

        if (len < 0)
            return (int)len;
        target[len] = '\0';
    }
    name = mem_printf("%s%s%s", l->path, *target ? " -> " : "", target);
    if (l->is_long) {
        mode_text(n->mode, mode);
        list_add_take(l->lines,
                      mem_printf("%s %5u %5u %10llu %s", mode, n->uid, n->gid,
                                 (unsigned long long)n->size, name));
        free(name);
    } else {
        list_add_take(l->lines, name);
    }
    if (S_ISREG(n->mode))
        l->bytes += n->size;
    return 0;
}

/* The first path of several is kept. */
static void name_find(struct lister *l, uint64_t ino)
{
    size_t low = 0, high = l->name_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (l->names[middle].ino < ino)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < l->name_count && l->names[low].ino == ino; low++)
        if (!l->names[low].path)
            l->names[low].path = mem_strdup(l->path);
}

static int node_add(struct lister *l, const struct erofs_node *n)
{
    if (++l->seen > ROOTLIST_NAMES_MAX)
        return -EUCLEAN;
    if (l->lines)
        return line_add(l, n);
    if (l->fn)
        return l->fn(l->fn_arg, &l->erofs, n, l->path);
    name_find(l, n->nid);
    return 0;
}

static int descend(struct lister *l, const struct erofs_node *dir)
{
    if (l->depth == ROOTLIST_DEPTH_MAX)
        return -EUCLEAN;
    l->level[l->depth++] = (struct level){ *dir, 0, strlen(l->path) };
    return 0;
}

static bool is_dots(const struct erofs_dirent *d)
{
    return d->name[0] == '.' &&
           (d->name_len == 1 || (d->name_len == 2 && d->name[1] == '.'));
}

static int entry_add(struct lister *l, const struct level *at,
                     const struct erofs_dirent *d)
{
    struct erofs_node n;
    int err;

    if (at->path_len + d->name_len + 2 > sizeof(l->path))
        return -EUCLEAN;
    l->path[at->path_len] = '/';
    memcpy(l->path + at->path_len + 1, d->name, d->name_len);
    l->path[at->path_len + 1 + d->name_len] = '\0';
    err = erofs_node_read(&l->erofs, d->nid, &n);
    if (!err)
        err = node_add(l, &n);
    if (!err && S_ISDIR(n.mode))
        err = descend(l, &n);
    return err;
}

static int walk(struct lister *l)
{
    struct erofs_node root;
    int err = erofs_node_read(&l->erofs, l->erofs.root_nid, &root);

    if (!err)
        err = S_ISDIR(root.mode) ? descend(l, &root) : -EUCLEAN;
    while (!err && l->depth > 0) {
        struct level *at = &l->level[l->depth - 1];
        struct erofs_dirent d;

        err = erofs_dirent_at(&l->erofs, &at->dir, at->pos, &d);
        if (err == -ENOENT) {
            err = 0;
            l->depth--;
            continue;
        }
        if (err)
            break;
        at->pos = d.next_pos;
        if (!is_dots(&d))
            err = entry_add(l, at, &d);
    }
    return err;
}

static int list_root(struct lister *l, const struct image *img,
                     const char *path, struct fault *fault)
{
    void *root;
    int err;

    if (img->root.file_len == 0)
        return 0; /* a bare kernel */
    root = mmap(NULL, img->root.mem_len, PROT_READ, MAP_PRIVATE, img->fd,
                (off_t)img->root.off);
    if (root == MAP_FAILED)
        return fault_set(fault, errno, "cannot map the root of '%s'", path);
    err = erofs_open(&l->erofs, root, img->root.mem_len);
    if (!err)
        err = walk(l);
    if (err)
        err = fault_set(fault, -err,
                        "the root of '%s' is damaged at '%s'; build it anew",
                        path, l->path);
    munmap(root, img->root.mem_len);
    return err;
}

int rootlist_get(const struct image *img, const char *path, bool is_long,
                 struct list *lines, uint64_t *bytes_out, struct fault *fault)
{
    struct lister *l = mem_alloc(sizeof(*l));
    int err;

    l->lines = lines;
    l->is_long = is_long;
    err = list_root(l, img, path, fault);
    *bytes_out = l->bytes;
    free(l);
    return err;
}

int rootlist_find(const struct image *img, const char *path,
                  struct rootlist_name *names, size_t count,
                  struct fault *fault)
{
    struct lister *l = mem_alloc(sizeof(*l));
    int err;

    l->names = names;
    l->name_count = count;
    err = list_root(l, img, path, fault);
    free(l);
    return err;
}

int rootlist_walk(const struct image *img, const char *path, rootlist_fn *fn,
                  void *arg, struct fault *fault)
{
    struct lister *l = mem_alloc(sizeof(*l));
    int err;

    l->fn = fn;
    l->fn_arg = arg;
    err = list_root(l, img, path, fault);
    free(l);
    return err;
}
