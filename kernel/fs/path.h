/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path.h - walking paths, and what is done with names, inside kernel/fs and
 * for the system calls.
 *
 * What:      a struct walk goes along a path; it can stop before the last
 *            component, which is what creating and removing names need.
 * Ownership: walk_fini() gives back what a walk holds, whatever happened.
 * Context:   a thread's system call.
 * Errors:    -errno of path_resolution(7).
 */
#ifndef FS_PATH_H
#define FS_PATH_H

#include "fs/dentry.h"

struct walk {
    struct dentry *root;  /* borrowed from the context, or held for IN_ROOT */
    struct dentry *start; /* where it began, held: RESOLVE_BENEATH's bound */
    struct dentry *at;    /* held: the directory of the last component */
    const char *rest;     /* what is still to be walked */
    const char *last;     /* last component; not NUL-terminated */
    size_t last_len;      /* 0: the path ended at `at` itself ("/", "..") */
    uint32_t last_hash;
    bool last_slash;   /* slashes follow: it must be a directory */
    unsigned links;    /* symlinks followed so far */
    uint64_t resolve;  /* RESOLVE_* of openat2 */
    char *buf;         /* path text of a followed symlink; owned */
    const char *plain; /* all of the path, if it came to its last component by
                        * plain names of the cache; else NULL */
    struct dentry *plain_start; /* from there; not held */
};

/* Begin at dirfd or the root. flags: PATH_EMPTY. */
MUST_CHECK int walk_init(struct walk *w, int dirfd, const char *path,
                         unsigned flags, uint64_t resolve);
void walk_fini(struct walk *w);
/* Go on to the last component: fills at, last, last_len. */
MUST_CHECK int walk_to_last(struct walk *w);
/* Find the last component in `at`; a negative dentry counts as found. */
MUST_CHECK int walk_last(struct walk *w, struct dentry **out);
/* d is a symlink: continue along its target (*done_out: it led straight to
 * w->at). Drops the caller's reference of d. */
MUST_CHECK int walk_follow(struct walk *w, struct dentry *d_take,
                           bool *done_out);
/* All of it; a reference of an existing dentry. */
MUST_CHECK int walk_path(struct walk *w, unsigned flags, struct dentry **out);

/* Find name in dir; *out may be negative. Enters mounts. */
MUST_CHECK int dentry_lookup(struct dentry *dir, const char *name,
                             size_t name_len, uint32_t hash,
                             struct dentry **out);
struct dentry *dentry_enter_mounts(struct dentry *d_take);
/* Mount lazily whatever belongs at d, a new name in the root directory. */
void mount_lazily(struct dentry *d);
/* dir is going to be listed: mount and make what belongs there. */
void list_lazily(struct dentry *dir);

/* lazy_file.c. Whether a directory of the root has such files. */
bool lazy_file_dir(const char *name);
/* Make name in dir if it is one of them, or all of them. -ENOSPC, -ENOMEM */
MUST_CHECK int lazy_file_lookup(struct inode *dir, const char *name,
                                size_t name_len);
MUST_CHECK int lazy_file_all(struct inode *dir);

#define PATH_NEAR_LEN 128u

/* Eight bytes of a string. Beyond its end they may be anything, or, where that
 * might be in a page that there is not, zeros. */
__attribute__((no_sanitize("address"))) static inline uint64_t path_word(
    const char *p)
{
    uint64_t word = 0;

    if (LIKELY(((uintptr_t)p & PAGE_MASK) <= PAGE_SIZE - sizeof(word))) {
        __builtin_memcpy(&word, p, sizeof(word));
        return word;
    }
    for (unsigned i = 0; i < sizeof(word) && p[i]; i++)
        word |= (uint64_t)(uint8_t)p[i] << 8 * i;
    return word;
}

/* prefix.c. Go at once as far as a walk went before. */
void prefix_find(struct walk *w);
/* w has come from `start` along `text` to its last component, by plain names
 * that are all in the cache. */
void prefix_keep(const struct walk *w, struct dentry *start, const char *text);

/* w has come to d, by all of w->plain. */
void path_keep(const struct walk *w, struct dentry *d);
/* What a path of the program's leads to, which is no symlink, with a reference,
 * if that is remembered; NULL: walk. */
struct dentry *path_known(int dirfd, uaddr_t path);

/* A path from the program, copied to the kernel: most are short, and need no
 * memory but the caller's. */
struct path_text {
    char *text;
    char near[PATH_NEAR_LEN];
};
MUST_CHECK int path_get(struct path_text *p, uaddr_t path);
void path_put(struct path_text *p);

/* openat2(2) for kernel strings. */
MUST_CHECK int vfs_open_how(int dirfd, const char *path, unsigned flags,
                            uint32_t mode, uint64_t resolve, struct file **out);
/* The same for what path_known() found. */
MUST_CHECK int vfs_open_known(struct dentry *d, unsigned flags,
                              struct file **out);
/* A new description of an inode that is found already. */
MUST_CHECK int vfs_open_dentry(struct dentry *d, unsigned flags,
                               struct file **out);

/* Names. mode without umask, which these apply. */
MUST_CHECK int vfs_mknod(int dirfd, const char *path, uint32_t mode,
                         uint64_t rdev);
MUST_CHECK int vfs_symlink(const char *target, int dirfd, const char *path);
MUST_CHECK int vfs_link(struct dentry *old, int dirfd, const char *path);
MUST_CHECK int vfs_unlink(int dirfd, const char *path, bool is_rmdir);
MUST_CHECK int vfs_rename(int old_dirfd, const char *old_path, int new_dirfd,
                          const char *new_path, unsigned flags);
/* Rights to add a name to dir: W and X, and dir must still exist. */
MUST_CHECK int may_create(const struct dentry *dir);
/* -ETXTBSY: it is the program that runs. */
MUST_CHECK int inode_may_be_written(const struct inode *i);
/* O_TRUNC, truncate(2): size only, rights checked by the caller. */
MUST_CHECK int inode_truncate(struct inode *i, uint64_t len);

#endif
