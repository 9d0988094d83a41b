/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * erofs_xattr.c - extended attributes: shared ones first, then inline ones.
 */
#include "core/errno.h"
#include "core/string.h"
#include "fs/erofs.h"
#include "fs/erofs_format.h"

static const char *prefix_of(uint8_t index)
{
    switch (index) {
    case 1:
        return "user.";
    case 2:
        return "system.posix_acl_access";
    case 3:
        return "system.posix_acl_default";
    case 4:
        return "trusted.";
    case 6:
        return "security.";
    default:
        return NULL;
    }
}

/* Decode the entry at off; *next_out is where the following one starts. */
static int entry_read(struct erofs *e, const struct erofs_node *n, uint64_t off,
                      uint64_t end, struct erofs_xattr *out, uint64_t *next_out)
{
    const uint8_t *p;
    unsigned name_len, value_len;
    const char *prefix;
    size_t used;

    if (off > end || end - off < XATTR_ENTRY_LEN)
        return erofs_corrupt(e, n->nid, "xattr beyond the end");
    p = e->image + off;
    name_len = p[XATTR_NAME_LEN];
    value_len = le16(p + XATTR_VALUE_LEN);
    if (end - off < XATTR_ENTRY_LEN + (uint64_t)name_len + value_len)
        return erofs_corrupt(e, n->nid, "xattr beyond the end");
    prefix = prefix_of(p[XATTR_NAME_INDEX]);
    if (!prefix)
        return erofs_corrupt(e, n->nid, "xattr's name prefix");
    used = strlcpy(out->name, prefix, sizeof(out->name));
    memcpy(out->name + used, p + XATTR_ENTRY_LEN, name_len);
    out->name[used + name_len] = '\0';
    out->value = p + XATTR_ENTRY_LEN + name_len;
    out->value_len = value_len;
    *next_out = ALIGN_UP(off + XATTR_ENTRY_LEN + name_len + value_len, 4);
    return 0;
}

int erofs_xattr_at(struct erofs *e, const struct erofs_node *n, unsigned idx,
                   struct erofs_xattr *out)
{
    uint64_t off, end;
    unsigned shared;

    if (n->xattr_off == 0 || idx >= EROFS_XATTR_MAX)
        return -ENODATA;
    /* erofs_node_read() checked that the area lies inside the image. */
    off = e->meta_off + (n->nid << EROFS_SLOT_BITS) + n->xattr_off;
    end = off + n->xattr_len;
    shared = e->image[off + XATTR_SHARED_COUNT];
    if (XATTR_HEADER_LEN + shared * 4 > n->xattr_len)
        return erofs_corrupt(e, n->nid, "shared xattrs");
    off += XATTR_HEADER_LEN;
    if (idx < shared) {
        uint64_t id = le32(e->image + off + idx * 4);

        return entry_read(e, n, e->xattr_off + id * 4, e->len, out, &off);
    }
    off += shared * 4;
    for (idx -= shared;; idx--) {
        int err;

        /* Padding at the end: an entry of nothing. */
        if (off + XATTR_ENTRY_LEN > end || le32(e->image + off) == 0)
            return -ENODATA;
        err = entry_read(e, n, off, end, out, &off);
        if (err || idx == 0)
            return err;
    }
}
