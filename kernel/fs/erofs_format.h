/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * erofs_format.h - EROFS on disk: offsets, as Linux's erofs_fs.h defines them.
 *
 * What:      little-endian fields by offset, read with unaligned loads, since
 *            nothing in a foreign image need be aligned.
 */
#ifndef FS_EROFS_FORMAT_H
#define FS_EROFS_FORMAT_H

#include "core/types.h"

#define EROFS_SUPER_OFF   1024u
#define EROFS_SUPER_LEN   128u
#define EROFS_SUPER_MAGIC 0xe0f5e1e2u
#define EROFS_SLOT_BITS   5u /* inodes start at multiples of 32 bytes */
#define EROFS_BLOCK_NONE  0xffffffffu

enum erofs_super {
    SUPER_MAGIC = 0,
    SUPER_BLOCK_BITS = 12, /* u8 */
    SUPER_ROOT_NID = 14,   /* u16 */
    SUPER_INODE_COUNT = 16,
    SUPER_BUILD_SEC = 24,  /* u64 */
    SUPER_BUILD_NSEC = 32, /* u32 */
    SUPER_META_BLOCK = 40,
    SUPER_XATTR_BLOCK = 44,
    SUPER_INCOMPAT = 80,
    SUPER_DIR_BLOCK_BITS = 90, /* u8, added to the block's */
};

enum erofs_incompat {
    INCOMPAT_ZERO_PADDING = 1, /* of compressed data: nothing to us */
    INCOMPAT_CHUNKED = 4,
};

enum erofs_inode {                   /* compact, 32 bytes; extended, 64 bytes */
                   INODE_FORMAT = 0, /* u16 */
                   INODE_XATTR_COUNT = 2, /* u16 */
                   INODE_MODE = 4,        /* u16 */
                   INODE_SIZE = 8,        /* u32; extended: u64 */
                   INODE_UNION = 16,      /* u32: block, rdev or chunk format */
                   COMPACT_NLINK = 6,     /* u16 */
                   COMPACT_UID = 24,      /* u16 */
                   COMPACT_GID = 26,      /* u16 */
                   EXTENDED_UID = 24,     /* u32 */
                   EXTENDED_GID = 28,     /* u32 */
                   EXTENDED_MTIME = 32,   /* u64 */
                   EXTENDED_MTIME_NS = 40, /* u32 */
                   EXTENDED_NLINK = 44,    /* u32 */
                   COMPACT_LEN = 32,
                   EXTENDED_LEN = 64,
};

enum erofs_layout {
    LAYOUT_PLAIN = 0,
    LAYOUT_COMPRESSED_FULL = 1,
    LAYOUT_INLINE = 2,
    LAYOUT_COMPRESSED = 3,
    LAYOUT_CHUNKED = 4,
};

enum erofs_chunk {
    CHUNK_BITS_MASK = 0x1f,
    CHUNK_INDEXED = 0x20,
    CHUNK_KNOWN = 0x3f,
    CHUNK_MAP_LEN = 4,   /* block number */
    CHUNK_INDEX_LEN = 8, /* advise u16, device u16, block u32 */
};

enum erofs_dirent_format { /* 12 bytes, then names */
                           DIRENT_NID = 0,
                           DIRENT_NAME_OFF = 8, /* u16, within the block */
                           DIRENT_TYPE = 10,    /* u8 */
                           DIRENT_LEN = 12,
};

enum erofs_xattr_format {
    XATTR_HEADER_LEN = 12,
    XATTR_SHARED_COUNT = 4, /* u8 in the header; ids (u32) follow it */
    XATTR_NAME_LEN = 0,     /* u8 */
    XATTR_NAME_INDEX = 1,   /* u8 */
    XATTR_VALUE_LEN = 2,    /* u16 */
    XATTR_ENTRY_LEN = 4,    /* name and value follow; aligned to 4 */
};

static inline uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
    return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const uint8_t *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

#endif
