/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dentry.h - the cache of names, and inode helpers, inside kernel/fs.
 *
 * What:      a dentry is a name in a directory, bound to an inode or known to
 *            be absent (negative). Cached ones are found by (parent, name).
 * Ownership: dentry_get/put. A dentry holds its parent and its inode. With no
 *            references it stays cached until the bound asks for its place.
 * Context:   a thread's system call; nothing here sleeps.
 * Errors:    NULL when out of memory.
 */
#ifndef FS_DENTRY_H
#define FS_DENTRY_H

#include "fs/vfs.h"

#define DENTRY_CACHE_MAX  2048u /* cached names; more only while in use */
#define DENTRY_INLINE_LEN 40u

struct dentry {
    struct dentry *hash_next;
    struct dentry *parent; /* referenced; a root: itself, not referenced */
    struct inode *inode;   /* referenced; NULL: negative */
    struct superblock *sb;
    uint32_t hash;
    uint16_t name_len;
    bool hashed;
    bool used;            /* since reclaim last looked */
    bool removed;         /* unlinked: "(deleted)" */
    bool has_lazy_mounts; /* the root: see mount.c */
    bool has_lazy_files;  /* /etc: see lazy_file.c */
    unsigned refs;
    const char *name;       /* inline_name, or allocated when long */
    struct dentry *mounted; /* root of what is mounted here; pinned */
    struct dentry *covers;  /* a mounted root: the directory below it */
    struct list all;
    char inline_name[DENTRY_INLINE_LEN];
};

/* Hash of a name, a step for each eight bytes and one for what is left, behind
 * it zeros: so a walk hashes while it scans. The lower half is the result. */
#define NAME_HASH_INIT 0ull
static inline uint64_t name_hash_step(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
    return hash ^ hash >> 32;
}
uint32_t name_hash(const char *name, size_t name_len);

/* Cached child with a reference, or NULL. */
struct dentry *dentry_find(struct dentry *parent, const char *name,
                           size_t name_len, uint32_t hash);
/* A new dentry with one reference; takes over the inode's (NULL: negative) on
 * success. Cached unless the superblock forbids it. */
struct dentry *dentry_create(struct dentry *parent, const char *name,
                             size_t name_len, uint32_t hash,
                             struct inode *inode_take) MUST_CHECK;
/* A root-like dentry that is in no directory: "memfd:x", O_TMPFILE's. */
struct dentry *dentry_create_unnamed(struct superblock *sb, const char *name,
                                     struct inode *inode_take) MUST_CHECK;
/* The negative dentry became a file. Takes over the reference. */
void dentry_set_inode(struct dentry *d, struct inode *inode_take);
/* The name is gone; holders keep the inode. */
void dentry_remove(struct dentry *d);
/* Forget a cached name without calling it deleted. */
void dentry_drop(struct dentry *d);
/* d gets a new place. Needs memory for a long name first: dentry_name_copy. */
void dentry_move(struct dentry *d, struct dentry *parent, const char *name_take,
                 size_t name_len);
/* Two names change places (RENAME_EXCHANGE). */
void dentry_exchange(struct dentry *a, struct dentry *b);
/* True when a is d or above it, within one file system. */
bool dentry_is_ancestor(const struct dentry *a, const struct dentry *d);
/* Free unused names, as many as the bound asks for; all: every unused one. */
void dentry_shrink(bool all);

static inline struct dentry *dentry_ref(struct dentry *d)
{
    d->refs++;
    return d;
}

/* Counts what may make a path lead elsewhere than before, or a dentry that was
 * seen be another's: names that go or move, mounts. */
extern unsigned names_generation;
static inline void names_changed(void)
{
    names_generation++;
}

/* dentry_put(), for where the dentry is mostly one that stays. */
static inline void dentry_unref(struct dentry *d)
{
    if (LIKELY(d->refs > 1 || (d->refs == 1 && d->hashed)))
        d->refs--;
    else
        dentry_put(d);
}

/* Will it be found by the same name until names change? */
static inline bool dentry_is_cached(const struct dentry *d)
{
    return d->hashed || (d->covers && d->covers->hashed);
}

/* struct linux_dirent64: ino, off, reclen, type; then the name. */
#define DIRENT_HEADER_LEN 19u
#define DIRENT_LEN_MAX    (DIRENT_HEADER_LEN + NAME_MAX + 1 + 7)

/* ---- inodes ---- */

enum may { MAY_EXEC = 1, MAY_WRITE = 2, MAY_READ = 4 };
/* -EACCES or -EROFS by mode bits, fsuid, groups and root's capabilities. */
MUST_CHECK int inode_permission(const struct inode *i, unsigned may);
/* The same without looking at read-only file systems. */
MUST_CHECK int inode_access_mode(const struct inode *i, unsigned may);
/* A path that leads to the inode, for messages and maps; "" if unknown. */
void inode_path(const struct inode *i, char *buf, size_t buf_len);
/* True for the owner and for root (CAP_FOWNER). */
bool inode_is_owner(const struct inode *i);
bool cred_in_group(uint32_t gid);
static inline bool cred_is_root(void);
/* stat of an inode: through its op, else from its fields. */
MUST_CHECK int inode_getattr(struct inode *i, struct kstat *out);
void inode_fill_kstat(const struct inode *i, struct kstat *out);
/* Set fields named by valid; ctime too. For file systems in memory. */
void inode_apply_attr(struct inode *i, unsigned valid,
                      const struct kstat *attr);
/* chmod, chown, utimes, truncate: checks rights and calls the op. */
MUST_CHECK int inode_setattr(struct inode *i, unsigned valid,
                             const struct kstat *attr);
/* atime by relatime's rule. */
void inode_touch_atime(struct inode *i);
void inode_touch_mtime(struct inode *i);
/* Would it change them? Else it needs no kernel lock. */
bool inode_mtime_is_due(const struct inode *i);

#include "sched/process.h"
static inline bool cred_is_root(void)
{
    return process_current()->fsuid == 0;
}

#endif
