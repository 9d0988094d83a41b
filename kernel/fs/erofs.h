/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * erofs.h - reader of EROFS images that lie in memory, uncompressed.
 *
 * What:      superblock, inodes (compact and extended), flat, inline and
 *            chunked data, directories, xattrs. Data is never copied: spans
 *            point into the image.
 * Ownership: the image is the caller's and outlives the reader.
 * Context:   anywhere; nothing sleeps or allocates.
 * Errors:    -EUCLEAN the image contradicts itself or ends too early,
 *            -EOPNOTSUPP it uses a feature that this reader lacks. Both with
 *            a message. Every offset in the image is foreign: checked against
 *            its end, never trusted, and no loop is longer than what it reads.
 * Units:     _off bytes from the image's start, pos bytes within a file.
 */
#ifndef FS_EROFS_H
#define FS_EROFS_H

#include "core/types.h"

struct erofs {
    const uint8_t *image;
    uint64_t len;
    uint64_t meta_off;  /* inode nid lies at meta_off + 32 * nid */
    uint64_t xattr_off; /* of shared xattrs */
    uint64_t root_nid;
    uint64_t build_ns;
    uint64_t inode_count;
    unsigned block_bits;
    unsigned messages; /* printed so far */
};

struct erofs_node {
    uint64_t nid, size;
    uint64_t data_off;  /* flat: of the first block */
    uint64_t tail_pos;  /* from here on data lies at tail_off; no tail: size */
    uint64_t tail_off;  /* chunked: of the chunk table */
    uint32_t xattr_off; /* relative to the inode; 0: none */
    uint32_t xattr_len;
    uint8_t layout;
    uint8_t chunk_bits;
    bool chunk_indexed;
    uint32_t mode, uid, gid, nlink, rdev;
    uint64_t mtime_ns;
};

struct erofs_dirent {
    uint64_t nid;
    const char *name; /* in the image, not NUL-terminated */
    uint16_t name_len;
    uint8_t type;      /* DT_* */
    uint64_t next_pos; /* where the following entry is found */
};

MUST_CHECK int erofs_open(struct erofs *e, const void *image, size_t len);
MUST_CHECK int erofs_node_read(struct erofs *e, uint64_t nid,
                               struct erofs_node *out);
/* The longest run of bytes from pos (< size) on: *ptr_out NULL for a hole. */
MUST_CHECK int erofs_span(struct erofs *e, const struct erofs_node *n,
                          uint64_t pos, const uint8_t **ptr_out,
                          uint64_t *len_out);
/* Copies up to len bytes; result: bytes (short at the end of file). */
MUST_CHECK ssize_t erofs_read(struct erofs *e, const struct erofs_node *n,
                              void *buf, size_t len, uint64_t pos);
/* -ENOENT */
MUST_CHECK int erofs_lookup(struct erofs *e, const struct erofs_node *dir,
                            const char *name, size_t name_len,
                            uint64_t *nid_out);
/* The entry at position pos (0, or a next_pos). -ENOENT at the end. */
MUST_CHECK int erofs_dirent_at(struct erofs *e, const struct erofs_node *dir,
                               uint64_t pos, struct erofs_dirent *out);

#define EROFS_XATTR_MAX      256u /* per inode that this reader looks at */
#define EROFS_XATTR_NAME_MAX 256u
struct erofs_xattr {
    char name[EROFS_XATTR_NAME_MAX + 24]; /* with prefix and NUL */
    const uint8_t *value;
    uint32_t value_len;
};
/* The idx'th extended attribute. -ENODATA: there are no more. */
MUST_CHECK int erofs_xattr_at(struct erofs *e, const struct erofs_node *n,
                              unsigned idx, struct erofs_xattr *out);
/* Say what is wrong, a few times per image at most. -EUCLEAN */
MUST_CHECK int erofs_corrupt(struct erofs *e, uint64_t nid, const char *what);

#endif
