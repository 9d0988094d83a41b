/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * erofs.c - EROFS superblock, inodes and file data.
 *
 * The superblock's checksum is not verified: it covers one block that a boot
 * would otherwise read a few words of, and every field is checked on use.
 */
#include "fs/erofs.h"

#include <linux/stat.h>

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/erofs_format.h"

#define MESSAGES_MAX  8u
#define SIZE_MAX_BITS 62 /* larger files are corruption: no sum overflows */

int erofs_corrupt(struct erofs *e, uint64_t nid, const char *what)
{
    if (e->messages++ < MESSAGES_MAX)
        kprintf("root image is corrupt: inode %lu: %s; build it anew\n",
                (unsigned long)nid, what);
    return -EUCLEAN;
}

static bool in_image(const struct erofs *e, uint64_t off, uint64_t len)
{
    return off <= e->len && len <= e->len - off;
}

int erofs_open(struct erofs *e, const void *image, size_t len)
{
    const uint8_t *super = (const uint8_t *)image + EROFS_SUPER_OFF;
    uint32_t incompat;

    *e = (struct erofs){ .image = image, .len = len };
    if (len < EROFS_SUPER_OFF + EROFS_SUPER_LEN ||
        le32(super + SUPER_MAGIC) != EROFS_SUPER_MAGIC) {
        kprintf("root image is not EROFS (%lu bytes); build it anew\n",
                (unsigned long)len);
        return -EUCLEAN;
    }
    incompat = le32(super + SUPER_INCOMPAT);
    if (incompat & ~(uint32_t)(INCOMPAT_ZERO_PADDING | INCOMPAT_CHUNKED)) {
        kprintf("root image uses EROFS features 0x%x that are not supported; "
                "build it uncompressed\n",
                incompat);
        return -EOPNOTSUPP;
    }
    e->block_bits = super[SUPER_BLOCK_BITS];
    if (e->block_bits < 9 || e->block_bits > 16)
        return erofs_corrupt(e, 0, "block size");
    if (super[SUPER_DIR_BLOCK_BITS] != 0)
        return erofs_corrupt(e, 0, "directory block size");
    e->meta_off = (uint64_t)le32(super + SUPER_META_BLOCK) << e->block_bits;
    e->xattr_off = (uint64_t)le32(super + SUPER_XATTR_BLOCK) << e->block_bits;
    e->root_nid = le16(super + SUPER_ROOT_NID);
    e->inode_count = le64(super + SUPER_INODE_COUNT);
    e->build_ns = le64(super + SUPER_BUILD_SEC) * NS_PER_SEC +
                  le32(super + SUPER_BUILD_NSEC);
    return 0;
}

/* Where a chunked file's table lies, and that it lies inside the image. */
static int chunk_read(struct erofs *e, struct erofs_node *n, uint32_t format,
                      uint64_t end_off)
{
    uint64_t unit, count;

    if (format & ~(uint32_t)CHUNK_KNOWN)
        return erofs_corrupt(e, n->nid, "chunk format");
    n->chunk_bits = (uint8_t)(e->block_bits + (format & CHUNK_BITS_MASK));
    n->chunk_indexed = format & CHUNK_INDEXED;
    unit = n->chunk_indexed ? CHUNK_INDEX_LEN : CHUNK_MAP_LEN;
    n->tail_off = ALIGN_UP(end_off, unit);
    count = (n->size + (1ull << n->chunk_bits) - 1) >> n->chunk_bits;
    if (count > e->len || !in_image(e, n->tail_off, count * unit))
        return erofs_corrupt(e, n->nid, "chunk table beyond the end");
    return 0;
}

static int flat_read(struct erofs *e, struct erofs_node *n, uint32_t block,
                     uint64_t end_off)
{
    uint64_t block_len = 1ull << e->block_bits;

    n->data_off = (uint64_t)block << e->block_bits;
    n->tail_pos = n->size;
    if (n->layout == LAYOUT_INLINE && n->size > 0) {
        n->tail_pos = (n->size - 1) & ~(block_len - 1);
        n->tail_off = end_off;
        if (!in_image(e, end_off, n->size - n->tail_pos))
            return erofs_corrupt(e, n->nid, "inline data beyond the end");
    }
    if (n->tail_pos > 0 && !in_image(e, n->data_off, n->tail_pos))
        return erofs_corrupt(e, n->nid, "data beyond the end");
    return 0;
}

static void extended_read(struct erofs_node *n, const uint8_t *p)
{
    n->size = le64(p + INODE_SIZE);
    n->uid = le32(p + EXTENDED_UID);
    n->gid = le32(p + EXTENDED_GID);
    n->nlink = le32(p + EXTENDED_NLINK);
    n->mtime_ns =
        le64(p + EXTENDED_MTIME) * NS_PER_SEC + le32(p + EXTENDED_MTIME_NS);
}

static void compact_read(const struct erofs *e, struct erofs_node *n,
                         const uint8_t *p)
{
    n->size = le32(p + INODE_SIZE);
    n->uid = le16(p + COMPACT_UID);
    n->gid = le16(p + COMPACT_GID);
    n->nlink = le16(p + COMPACT_NLINK);
    n->mtime_ns = e->build_ns;
}

static bool mode_is_known(uint32_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || S_ISCHR(mode) ||
           S_ISBLK(mode) || S_ISFIFO(mode) || S_ISSOCK(mode);
}

static int data_read(struct erofs *e, struct erofs_node *n, const uint8_t *p,
                     uint64_t end_off)
{
    uint32_t u = le32(p + INODE_UNION);

    if (!S_ISREG(n->mode) && !S_ISDIR(n->mode) && !S_ISLNK(n->mode)) {
        n->rdev = u;
        n->size = 0;
        n->layout = LAYOUT_PLAIN;
        return 0;
    }
    if (n->size >> SIZE_MAX_BITS)
        return erofs_corrupt(e, n->nid, "size");
    switch (n->layout) {
    case LAYOUT_PLAIN:
    case LAYOUT_INLINE:
        return flat_read(e, n, u, end_off);
    case LAYOUT_CHUNKED:
        return chunk_read(e, n, u, end_off);
    default:
        return erofs_corrupt(e, n->nid, "compressed, which is not supported");
    }
}

int erofs_node_read(struct erofs *e, uint64_t nid, struct erofs_node *out)
{
    uint64_t off = e->meta_off + (nid << EROFS_SLOT_BITS);
    const uint8_t *p;
    unsigned format, xattr_count;
    bool extended;

    if (nid >> (64 - EROFS_SLOT_BITS - 1) || !in_image(e, off, COMPACT_LEN))
        return erofs_corrupt(e, nid, "beyond the end");
    p = e->image + off;
    format = le16(p + INODE_FORMAT);
    extended = format & 1;
    if (format >> 4)
        return erofs_corrupt(e, nid, "unknown format");
    if (extended && !in_image(e, off, EXTENDED_LEN))
        return erofs_corrupt(e, nid, "beyond the end");
    *out = (struct erofs_node){
        .nid = nid,
        .layout = (uint8_t)(format >> 1 & 7),
        .mode = le16(p + INODE_MODE),
    };
    if (!mode_is_known(out->mode))
        return erofs_corrupt(e, nid, "mode");
    if (extended)
        extended_read(out, p);
    else
        compact_read(e, out, p);
    off += extended ? EXTENDED_LEN : COMPACT_LEN;
    xattr_count = le16(p + INODE_XATTR_COUNT);
    if (xattr_count > 0) {
        out->xattr_off = extended ? EXTENDED_LEN : COMPACT_LEN;
        out->xattr_len = XATTR_HEADER_LEN + (xattr_count - 1) * 4;
        if (!in_image(e, off, out->xattr_len))
            return erofs_corrupt(e, nid, "xattrs beyond the end");
    }
    return data_read(e, out, p, off + out->xattr_len);
}

static int chunk_span(struct erofs *e, const struct erofs_node *n, uint64_t pos,
                      const uint8_t **ptr_out, uint64_t *len_out)
{
    uint64_t idx = pos >> n->chunk_bits;
    uint64_t in_chunk = pos & ((1ull << n->chunk_bits) - 1);
    uint64_t len = MIN((1ull << n->chunk_bits) - in_chunk, n->size - pos);
    uint32_t block;
    uint64_t off;

    if (n->chunk_indexed) {
        const uint8_t *p = e->image + n->tail_off + idx * CHUNK_INDEX_LEN;

        block = le32(p + 4);
        if (block != EROFS_BLOCK_NONE && le16(p + 2) != 0)
            return erofs_corrupt(e, n->nid, "data on another device");
    } else {
        block = le32(e->image + n->tail_off + idx * CHUNK_MAP_LEN);
    }
    *len_out = len;
    *ptr_out = NULL;
    if (block == EROFS_BLOCK_NONE)
        return 0;
    off = ((uint64_t)block << e->block_bits) + in_chunk;
    if (!in_image(e, off, len))
        return erofs_corrupt(e, n->nid, "chunk beyond the end");
    *ptr_out = e->image + off;
    return 0;
}

int erofs_span(struct erofs *e, const struct erofs_node *n, uint64_t pos,
               const uint8_t **ptr_out, uint64_t *len_out)
{
    if (n->layout == LAYOUT_CHUNKED)
        return chunk_span(e, n, pos, ptr_out, len_out);
    if (pos < n->tail_pos) {
        *ptr_out = e->image + n->data_off + pos;
        *len_out = n->tail_pos - pos;
    } else {
        *ptr_out = e->image + n->tail_off + (pos - n->tail_pos);
        *len_out = n->size - pos;
    }
    return 0;
}

ssize_t erofs_read(struct erofs *e, const struct erofs_node *n, void *buf,
                   size_t len, uint64_t pos)
{
    size_t done = 0;

    if (pos >= n->size)
        return 0;
    len = MIN(len, n->size - pos);
    while (done < len) {
        const uint8_t *ptr;
        uint64_t span;
        int err = erofs_span(e, n, pos + done, &ptr, &span);

        if (err)
            return err;
        span = MIN(span, len - done);
        if (ptr)
            memcpy((uint8_t *)buf + done, ptr, span);
        else
            memset((uint8_t *)buf + done, 0, span);
        done += span;
    }
    return (ssize_t)done;
}
