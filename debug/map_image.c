/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_image.c - what an image file consists of.
 *
 * Extents of the file are claimed, sorted and swept over: a byte belongs to the
 * first that claims it, what nobody claims is named by what it lies in.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/rootlist.h"
#include "debug/map.h"
#include "fs/erofs.h"
#include "host/fault.h"
#include "host/memory.h"
#include "image/image.h"

#define EXTENT_MAX (8u << 20)
#define BLOCK_LEN  IMAGE_PAGE_LEN

struct extent {
    uint64_t off, len;
    const char *name;
};

struct extents {
    struct extent *extent;
    size_t count, room;
    struct list names; /* of files */
};

static int extent_add(struct extents *e, uint64_t off, uint64_t len,
                      const char *name)
{
    if (len == 0)
        return 0;
    if (e->count == EXTENT_MAX)
        return -EUCLEAN;
    if (e->count == e->room) {
        e->room = e->room * 2 + 256;
        e->extent = mem_resize(e->extent, e->room * sizeof(e->extent[0]));
    }
    e->extent[e->count++] = (struct extent){ off, len, name };
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;

    if (x->off != y->off)
        return x->off < y->off ? -1 : 1;
    return x->len < y->len ? -1 : x->len > y->len;
}

static void extents_sort(struct extents *e)
{
    if (e->count > 0)
        qsort(e->extent, e->count, sizeof(e->extent[0]), compare);
}

static void extents_fini(struct extents *e)
{
    free(e->extent);
    list_fini(&e->names);
}

/* ---- the root ---- */

#define ROOT_META    "inodes, directories, names"
#define ROOT_PADDING "padding of files to blocks"

static int file_claim(void *arg, struct erofs *e, const struct erofs_node *n,
                      const char *path)
{
    struct extents *x = arg;
    const char *name;
    uint64_t pos = 0;
    int err = 0;

    if (!S_ISREG(n->mode) || n->size == 0)
        return 0;
    list_add(&x->names, path);
    name = x->names.item[x->names.count - 1];
    while (err == 0 && pos < n->size) {
        const uint8_t *at;
        uint64_t len;

        err = erofs_span(e, n, pos, &at, &len);
        if (err == 0 && len == 0)
            err = -EUCLEAN;
        if (err == 0 && at)
            err = extent_add(x, (uint64_t)(at - e->image), len, name);
        pos += len;
    }
    return err;
}

/* [at, next) is no file's; what was before it began in whole blocks, or was
 * the end of a file that lies beside its inode. */
static void gap_add(struct tally *t, uint64_t at, uint64_t next, bool is_block)
{
    uint64_t block_end = (at + BLOCK_LEN - 1) / BLOCK_LEN * BLOCK_LEN;
    uint64_t padding = 0;

    if (is_block && block_end <= next)
        padding = block_end - at;
    tally_add(t, ROOT_PADDING, padding, 1);
    tally_add(t, ROOT_META, next - at - padding, 0);
}

static void root_sweep(const struct extents *x, uint64_t root_len,
                       struct tally *t)
{
    bool is_block = false;
    uint64_t at = 0;
    size_t i;

    for (i = 0; i < x->count; i++) {
        const struct extent *e = &x->extent[i];
        uint64_t end = e->len < root_len ? e->off + e->len : root_len;

        if (end > root_len)
            end = root_len;
        if (end <= at)
            continue; /* another file's, too */
        if (e->off > at) {
            gap_add(t, at, e->off, is_block);
            at = e->off;
        }
        tally_add(t, e->name, end - at, 1);
        at = end;
        is_block = e->off % BLOCK_LEN == 0;
    }
    if (at < root_len)
        gap_add(t, at, root_len, is_block);
}

static int root_map(const struct image *img, const char *path, struct tally *t,
                    struct fault *fault)
{
    struct extents x = { 0 };
    int err = rootlist_walk(img, path, file_claim, &x, fault);

    if (err == 0) {
        extents_sort(&x);
        root_sweep(&x, img->root.mem_len, t);
    }
    extents_fini(&x);
    return err;
}

/* ---- the file ---- */

static void file_sweep(const struct extents *x, uint64_t file_len,
                       struct tally *t)
{
    uint64_t at = 0;
    size_t i;

    for (i = 0; i < x->count; i++) {
        const struct extent *e = &x->extent[i];
        uint64_t end = e->off + e->len < file_len ? e->off + e->len : file_len;

        if (end <= at)
            continue;
        if (e->off > at) {
            tally_add(t, "headers and padding", e->off - at, 0);
            at = e->off;
        }
        tally_add(t, e->name, end - at, 0);
        at = end;
    }
    tally_add(t, "headers and padding", file_len > at ? file_len - at : 0, 0);
}

static void file_map(const struct image *img, struct tally *t)
{
    struct extents x = { 0 };

    (void)extent_add(&x, img->text.off, img->text.file_len,
                     "the kernel's text and constants");
    (void)extent_add(&x, img->data.off, img->data.file_len,
                     "the kernel's data");
    (void)extent_add(&x, img->root.off, img->root.file_len,
                     "the root: files and directories");
    (void)extent_add(&x, img->config.off, img->config.file_len,
                     "the run configuration");
    (void)extent_add(&x, img->symtab_off, img->symtab_len,
                     "the kernel's symbols");
    (void)extent_add(&x, img->strtab_off, img->strtab_len,
                     "the kernel's symbols");
    extents_sort(&x);
    file_sweep(&x, img->file_len, t);
    extents_fini(&x);
}

/* Text begins at address 0 of the kernel, data at header.data_off. */
static void kernel_map(const struct image *img, struct map_image *out)
{
    struct kernel_parts *k = kernel_parts_open();
    uint64_t data = img->header.data_off;

    kernel_parts_tally(k, img, 0, img->text.file_len, &out->kernel);
    kernel_parts_tally(k, img, data, data + img->data.file_len, &out->kernel);
    kernel_parts_tally(k, img, data, img->header.total_len, &out->data);
    kernel_parts_close(k);
}

int map_image(const char *path, struct map_image *out, struct fault *fault)
{
    struct image img;
    int err = image_open(path, &img, fault);

    *out = (struct map_image){
        .file = { .name = "image", .title = "The image file" },
        .kernel = { .name = "kernel",
                    .title = "The kernel in it, by directory of its source" },
        .data = { .name = "data",
                  .title = "Its data in memory, by directory of its source" },
        .root = { .name = "root", .title = "The root in it, by file" },
    };
    if (err)
        return err;
    file_map(&img, &out->file);
    kernel_map(&img, out);
    if (img.root.file_len > 0)
        err = root_map(&img, path, &out->root, fault);
    image_close(&img);
    if (err)
        map_image_fini(out);
    return err;
}

void map_image_fini(struct map_image *m)
{
    tally_fini(&m->file);
    tally_fini(&m->kernel);
    tally_fini(&m->data);
    tally_fini(&m->root);
}
