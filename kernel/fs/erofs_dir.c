/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * erofs_dir.c - EROFS directories.
 *
 * Entries are sorted by name, over all blocks: two binary searches, first for
 * the block, then within it. A position is (block << 16 | entry index).
 */
#include <linux/stat.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/erofs.h"
#include "fs/erofs_format.h"

#define NAME_LEN_MAX   255u
#define POS_INDEX_BITS 16

struct dir_block {
    const uint8_t *data;
    unsigned len;
    unsigned count; /* entries */
};

static int block_read(struct erofs *e, const struct erofs_node *dir,
                      uint64_t idx, struct dir_block *out)
{
    uint64_t pos = idx << e->block_bits;
    uint64_t want = MIN(1ull << e->block_bits, dir->size - pos);
    uint64_t len;
    unsigned first;
    int err = erofs_span(e, dir, pos, &out->data, &len);

    if (err)
        return err;
    if (!out->data || len < want || want < DIRENT_LEN)
        return erofs_corrupt(e, dir->nid, "directory block is short");
    first = le16(out->data + DIRENT_NAME_OFF);
    if (first < DIRENT_LEN || first % DIRENT_LEN != 0 || first >= want)
        return erofs_corrupt(e, dir->nid, "directory block");
    out->len = (unsigned)want;
    out->count = first / DIRENT_LEN;
    return 0;
}

static int name_read(struct erofs *e, const struct erofs_node *dir,
                     const struct dir_block *b, unsigned idx,
                     const char **name_out, unsigned *len_out)
{
    unsigned start = le16(b->data + idx * DIRENT_LEN + DIRENT_NAME_OFF);
    unsigned end = b->len;

    if (idx + 1 < b->count)
        end = le16(b->data + (idx + 1) * DIRENT_LEN + DIRENT_NAME_OFF);
    if (start < b->count * DIRENT_LEN || end > b->len || start >= end)
        return erofs_corrupt(e, dir->nid, "directory entry's name");
    *name_out = (const char *)b->data + start;
    *len_out = end - start;
    if (idx + 1 == b->count) /* the last name may be padded with NULs */
        *len_out = (unsigned)strnlen(*name_out, end - start);
    if (*len_out == 0 || *len_out > NAME_LEN_MAX)
        return erofs_corrupt(e, dir->nid, "directory entry's name");
    return 0;
}

static int name_compare(const char *a, size_t a_len, const char *b,
                        size_t b_len)
{
    int order = memcmp(a, b, MIN(a_len, b_len));

    if (order)
        return order;
    return a_len < b_len ? -1 : a_len > b_len;
}

/* The last block whose first name is not after the one we look for. */
static int find_block(struct erofs *e, const struct erofs_node *dir,
                      const char *name, size_t name_len, struct dir_block *out)
{
    uint64_t low = 0;
    uint64_t high = (dir->size + (1ull << e->block_bits) - 1) >> e->block_bits;

    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        const char *first;
        unsigned len;
        int err = block_read(e, dir, middle, out);

        if (!err)
            err = name_read(e, dir, out, 0, &first, &len);
        if (err)
            return err;
        if (name_compare(first, len, name, name_len) <= 0)
            low = middle;
        else
            high = middle;
    }
    return block_read(e, dir, low, out);
}

int erofs_lookup(struct erofs *e, const struct erofs_node *dir,
                 const char *name, size_t name_len, uint64_t *nid_out)
{
    struct dir_block b;
    unsigned low = 0, high;
    int err;

    if (dir->size == 0)
        return -ENOENT;
    err = find_block(e, dir, name, name_len, &b);
    if (err)
        return err;
    high = b.count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const char *at;
        unsigned len;
        int order;

        err = name_read(e, dir, &b, middle, &at, &len);
        if (err)
            return err;
        order = name_compare(at, len, name, name_len);
        if (order == 0) {
            *nid_out = le64(b.data + middle * DIRENT_LEN + DIRENT_NID);
            return 0;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -ENOENT;
}

/* EROFS numbers file types as Linux's FT_*; getdents wants DT_*. */
static uint8_t dirent_type(uint8_t type)
{
    static const uint8_t types[] = { 0,
                                     S_IFREG >> 12,
                                     S_IFDIR >> 12,
                                     S_IFCHR >> 12,
                                     S_IFBLK >> 12,
                                     S_IFIFO >> 12,
                                     S_IFSOCK >> 12,
                                     S_IFLNK >> 12 };

    return type < ARRAY_LEN(types) ? types[type] : 0;
}

int erofs_dirent_at(struct erofs *e, const struct erofs_node *dir, uint64_t pos,
                    struct erofs_dirent *out)
{
    uint64_t block = pos >> POS_INDEX_BITS;
    unsigned idx = pos & ((1u << POS_INDEX_BITS) - 1);
    struct dir_block b;
    const uint8_t *entry;
    unsigned len;
    int err;

    if (block >= (dir->size + (1ull << e->block_bits) - 1) >> e->block_bits)
        return -ENOENT;
    err = block_read(e, dir, block, &b);
    if (err)
        return err;
    if (idx >= b.count)
        return -ENOENT; /* a position that we never gave */
    err = name_read(e, dir, &b, idx, &out->name, &len);
    if (err)
        return err;
    entry = b.data + idx * DIRENT_LEN;
    out->nid = le64(entry + DIRENT_NID);
    out->name_len = (uint16_t)len;
    out->type = dirent_type(entry[DIRENT_TYPE]);
    out->next_pos = pos + 1;
    if (idx + 1 == b.count)
        out->next_pos = (block + 1) << POS_INDEX_BITS;
    return 0;
}
