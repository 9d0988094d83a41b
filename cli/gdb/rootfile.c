/* SPDX-License-Identifier: BSD-2-Clause */
/* rootfile.c - see rootfile.h. */
#include "cli/gdb/rootfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fs/erofs.h"
#include "host/fault.h"
#include "host/memory.h"
#include "image/image.h"

#define LINKS_MAX 40u
#define DEPTH_MAX 256u

struct rootfiles {
    struct erofs erofs;
    void *data;
    size_t len;
};

int rootfile_open(const char *image, struct rootfiles **out,
                  struct fault *fault)
{
    struct image img;
    struct rootfiles *r;
    int err = image_open(image, &img, fault);

    *out = NULL;
    if (err || img.root.file_len == 0) {
        if (err == 0)
            image_close(&img);
        return err;
    }
    r = mem_alloc(sizeof(*r));
    r->len = img.root.mem_len;
    r->data =
        mmap(NULL, r->len, PROT_READ, MAP_PRIVATE, img.fd, (off_t)img.root.off);
    if (r->data == MAP_FAILED)
        err = fault_sys(fault, errno, "cannot map the root of '%s'", image);
    image_close(&img);
    if (err == 0 && erofs_open(&r->erofs, r->data, r->len) != 0) {
        munmap(r->data, r->len);
        err = fault_set(fault, EUCLEAN, "the root of '%s' is damaged", image);
    }
    if (err == 0)
        *out = r;
    else
        free(r);
    return err;
}

void rootfile_close(struct rootfiles *r)
{
    if (!r)
        return;
    munmap(r->data, r->len);
    free(r);
}

struct walk {
    struct rootfiles *root;
    uint64_t dir[DEPTH_MAX]; /* from the root on */
    unsigned depth, links;
    char rest[2 * ROOTFILE_PATH_MAX]; /* of the path */
};

/* The link's text goes before what is left of the path. */
static int follow_link(struct walk *w, const struct erofs_node *n,
                       const char *rest)
{
    char text[2 * ROOTFILE_PATH_MAX];
    ssize_t len =
        erofs_read(&w->root->erofs, n, text, ROOTFILE_PATH_MAX - 1, 0);
    size_t rest_len = strlen(rest);

    if (len < 0)
        return (int)len;
    if (++w->links > LINKS_MAX)
        return -ELOOP;
    if ((size_t)len + 1 + rest_len >= ROOTFILE_PATH_MAX)
        return -ENAMETOOLONG;
    text[len] = '/';
    memcpy(text + len + 1, rest, rest_len + 1);
    if (text[0] == '/')
        w->depth = 1;
    memcpy(w->rest, text, strlen(text) + 1);
    return 0;
}

/* One part of the path; *at moves on. The node is what it leads to. */
static int step(struct walk *w, const char *name, size_t len,
                struct erofs_node *out)
{
    struct erofs *e = &w->root->erofs;
    struct erofs_node dir;
    uint64_t nid;
    int err;

    if (len == 2 && memcmp(name, "..", 2) == 0) {
        w->depth -= w->depth > 1;
        return erofs_node_read(e, w->dir[w->depth - 1], out);
    }
    err = erofs_node_read(e, w->dir[w->depth - 1], &dir);
    if (err == 0 && !S_ISDIR(dir.mode))
        err = -ENOTDIR;
    if (err == 0)
        err = erofs_lookup(e, &dir, name, len, &nid);
    return err ? err : erofs_node_read(e, nid, out);
}

static int descend(struct walk *w, const struct erofs_node *n)
{
    if (w->depth == DEPTH_MAX)
        return -ENAMETOOLONG;
    w->dir[w->depth++] = n->nid;
    return 0;
}

static int find(struct walk *w, bool follow, struct erofs_node *n)
{
    int err = erofs_node_read(&w->root->erofs, w->dir[0], n);

    while (err == 0) {
        const char *name = w->rest + strspn(w->rest, "/");
        size_t len = strcspn(name, "/");
        const char *rest = name + len + strspn(name + len, "/");
        bool is_up = len == 2 && memcmp(name, "..", 2) == 0;

        if (len == 0)
            return 0;
        if (len == 1 && name[0] == '.') {
            memmove(w->rest, rest, strlen(rest) + 1);
            continue;
        }
        err = step(w, name, len, n);
        if (err == 0 && S_ISLNK(n->mode) && (follow || *rest)) {
            err = follow_link(w, n, rest);
            if (err == 0)
                err = erofs_node_read(&w->root->erofs, w->dir[w->depth - 1], n);
            continue;
        }
        if (err == 0 && !is_up && *rest)
            err = descend(w, n);
        memmove(w->rest, rest, strlen(rest) + 1);
    }
    return err;
}

int rootfile_find(struct rootfiles *r, const char *path, bool follow,
                  struct rootfile_info *out)
{
    static struct walk w;
    struct erofs_node n;
    int err;

    if (strlen(path) >= ROOTFILE_PATH_MAX)
        return -ENAMETOOLONG;
    w.root = r;
    w.links = 0;
    w.depth = 1;
    w.dir[0] = r->erofs.root_nid;
    memcpy(w.rest, path, strlen(path) + 1);
    err = find(&w, follow, &n);
    if (err == 0)
        *out = (struct rootfile_info){
            .nid = n.nid,
            .size = n.size,
            .mtime_s = n.mtime_ns / NS_PER_SEC,
            .mode = n.mode,
            .nlink = n.nlink,
            .uid = n.uid,
            .gid = n.gid,
        };
    return err;
}

ssize_t rootfile_read(struct rootfiles *r, uint64_t nid, void *data, size_t len,
                      uint64_t pos)
{
    struct erofs_node n;
    int err = erofs_node_read(&r->erofs, nid, &n);

    if (err)
        return err;
    return pos < n.size ? erofs_read(&r->erofs, &n, data, len, pos) : 0;
}
