/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfs.h - names, inodes and file systems.
 *
 * What:      one tree of dentries. The root is the image (EROFS, read-only,
 *            in memory) under a memory overlay that holds every change; /dev,
 *            /proc, /sys, /tmp and /run, /dev/shm are mounted on it.
 * Ownership: dentry_get/put, inode_get/put. A dentry holds its inode and its
 *            parent; an inode dies when nlink is 0 and no one holds it.
 * Errors:    -errno of path_resolution(7) and of the calls.
 * Units:     times in ns since the epoch.
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include <linux/limits.h> /* PATH_MAX, NAME_MAX */

#include "core/list.h"
#include "fs/file.h"
#include "mm/object.h"

#define SYMLINKS_MAX 40u

/* What stat gives; statx and stat64 are made from it. */
struct kstat {
    uint64_t dev, ino, nlink, rdev, size, blocks;
    uint32_t mode, uid, gid, blksize;
    uint64_t atime_ns, mtime_ns, ctime_ns, btime_ns;
};

struct kstatfs {
    uint64_t type, bsize, blocks, bfree, bavail, files, ffree, namelen, flags;
    uint64_t fsid;
};

struct superblock;
struct inode;
struct inotify_watch;

struct inode_ops {
    /* -ENOENT; gives one reference. NULL op: not a directory. */
    int (*lookup)(struct inode *dir, const char *name, size_t name_len,
                  struct inode **out);
    int (*create)(struct inode *dir, const char *name, size_t name_len,
                  uint32_t mode, uint64_t rdev, struct inode **out); /* mknod */
    int (*symlink)(struct inode *dir, const char *name, size_t name_len,
                   const char *target, struct inode **out);
    int (*link)(struct inode *dir, const char *name, size_t name_len,
                struct inode *target);
    int (*unlink)(struct inode *dir, const char *name, size_t name_len);
    int (*rmdir)(struct inode *dir, const char *name, size_t name_len);
    int (*rename)(struct inode *old_dir, const char *old_name, size_t old_len,
                  struct inode *new_dir, const char *new_name, size_t new_len,
                  unsigned flags);
    /* An inode without a name, O_TMPFILE. */
    int (*tmpfile)(struct inode *dir, uint32_t mode, struct inode **out);
    /* Target text, not NUL-terminated; result: length. */
    ssize_t (*readlink)(struct inode *i, char *buf, size_t buf_len);
    /* /proc/self/fd/N, /proc/self/exe: jump straight to a dentry. */
    int (*follow)(struct inode *i, struct dentry **out);
    int (*setattr)(struct inode *i, unsigned valid, const struct kstat *attr);
    int (*getattr)(struct inode *i, struct kstat *out); /* NULL: from inode */
    /* Called when a file is opened; may replace f->ops and f->private. */
    int (*open)(struct inode *i, struct file *f);
    int (*getxattr)(struct inode *i, const char *name, void *buf, size_t len);
    /* buf NULL: remove; flags are then XATTR_REPLACE. */
    int (*setxattr)(struct inode *i, const char *name, const void *buf,
                    size_t len, int flags);
    int (*listxattr)(struct inode *i, char *buf, size_t len);
    void (*evict)(struct inode *i); /* last reference gone, nlink maybe 0 */
};

enum inode_attr {
    ATTR_MODE = 1,
    ATTR_UID = 2,
    ATTR_GID = 4,
    ATTR_SIZE = 8,
    ATTR_ATIME = 16,
    ATTR_MTIME = 32,
    ATTR_CTIME = 64
};

struct inode {
    struct vm_object object; /* its pages, for mmap; first */
    const struct inode_ops *ops;
    const struct file_ops *file_ops; /* of files opened on it */
    struct superblock *sb;
    unsigned refs;
    uint64_t ino;
    uint32_t mode, uid, gid;
    uint32_t nlink;
    uint64_t rdev, size, blocks; /* blocks of 512 bytes */
    uint64_t atime_ns, mtime_ns, ctime_ns, btime_ns;
    struct list locks; /* struct file_lock: flock and fcntl */
    struct inotify_watch *watches;
    void *private;
    bool is_claimed; /* inode_claim() */
};

struct superblock {
    uint64_t dev;
    bool read_only;
    bool uncached; /* names change by themselves (/proc): ask lookup always */
    struct dentry *root;
    const char *type; /* "erofs", "tmpfs", "proc": for mountinfo */
    void (*statfs)(struct superblock *sb, struct kstatfs *out);
    void *private;
};

/* Fill a fresh (zeroed) inode: one reference, nlink 1 (2 for directories),
 * times 0, empty lists. The rest is the file system's. i->ops->evict frees
 * it; without an evict op it is static and never freed. */
void inode_init(struct inode *i, struct superblock *sb,
                const struct inode_ops *ops, const struct file_ops *file_ops,
                uint64_t ino, uint32_t mode);
/* All its times are now: for one that did not come from an image. */
void inode_stamp(struct inode *i);
/* Whose time is the latest of all files', while nobody has looked at it: for a
 * tick, writing to it again changes no time that anybody could compare. */
extern const struct inode *inode_newest;
/* What the inode itself says of it: for those without a getattr op. */
static ALWAYS_INLINE void inode_kstat(const struct inode *i, struct kstat *out)
{
    if (UNLIKELY(__atomic_load_n(&inode_newest, __ATOMIC_RELAXED) == i))
        __atomic_store_n(&inode_newest, NULL, __ATOMIC_RELAXED);
    *out = (struct kstat){
        .dev = i->sb->dev,
        .ino = i->ino,
        .nlink = i->nlink,
        .rdev = i->rdev,
        .size = i->size,
        .blocks = i->blocks,
        .mode = i->mode,
        .uid = i->uid,
        .gid = i->gid,
        .blksize = PAGE_SIZE,
        .atime_ns = i->atime_ns,
        .mtime_ns = i->mtime_ns,
        .ctime_ns = i->ctime_ns,
        .btime_ns = i->btime_ns,
    };
}
struct inode *inode_get(struct inode *i);
void inode_put(struct inode *i);
/*
 * What its file holds, and how much, is changed by one call at a time, as on
 * Linux: of files that have guards_pos. As for file_pos_take(), which comes
 * first, but that a position may be held.
 */
void inode_claim(struct inode *i);
static inline void inode_unclaim(struct inode *i)
{
    if (LOCK_CHECKS)
        lock_check_claim(-1);
    __atomic_store_n(&i->is_claimed, false, __ATOMIC_RELEASE);
}
struct dentry *dentry_get(struct dentry *d);
void dentry_put(struct dentry *d);
struct inode *dentry_inode(struct dentry *d);   /* borrowed; NULL: negative */
struct dentry *dentry_parent(struct dentry *d); /* borrowed; a root: itself */
/* For superblock.root. Takes over the inode's reference; NULL: no memory. */
struct dentry *dentry_create_root(struct superblock *sb,
                                  struct inode *inode_take) MUST_CHECK;

/* Working directory, root, umask: CLONE_FS shares it. */
struct fs_context {
    unsigned refs;
    struct dentry *cwd, *root;
    uint32_t umask;
};

/* Mount the root and the standard file systems. image NULL: an empty tmpfs. */
MUST_CHECK int vfs_init(const void *image, size_t image_len, bool read_only);
struct fs_context *fs_context_create(void) MUST_CHECK;
struct fs_context *fs_context_get(struct fs_context *fs);
void fs_context_put(struct fs_context *fs); /* a thread ends */
/* Mount sb at an existing directory. */
MUST_CHECK int vfs_mount(const char *path, struct superblock *sb);
/* Mount at /name when a path first leads there (or / is listed): costs nothing
 * at boot. The directory is made if the image has none. vfs_init() does this
 * for /dev, /proc, /sys (special.h), /tmp and /run. name: a constant. */
#define VFS_LAZY_MOUNT_MAX 8u
#define VFS_MOUNT_MAX      32u
#define VFS_ROOT_ID        20u /* of the root's mount */
/* Roots, in order of mounting; then NULL. For records.c and mount.c. */
extern struct dentry *vfs_mounts[VFS_MOUNT_MAX];
void vfs_mount_lazy(const char *name, int (*mount)(struct superblock *sb,
                                                   struct inode **root_out));
/* Iterate mounts for /proc/self/mountinfo: *path_out is a dentry for
 * dentry_path(). Index 0 is the root. Lazy mounts count once they happened.
 * NULL: no more. */
struct superblock *vfs_mount_at(unsigned idx, struct dentry **path_out);
/* By which programs name it: VFS_ROOT_ID and up; last what is mounted nowhere
 * (pipes, sockets; NULL). */
unsigned vfs_mount_id(const struct superblock *sb);
/* A fresh empty tmpfs whose root has this mode; NULL: no memory. */
struct superblock *tmpfs_create(uint32_t mode) MUST_CHECK;
/* An unnamed file in memory (memfd_create, shared anonymous memory). flags:
 * O_RDWR ...; seals: F_SEAL_SEAL unless sealing is allowed. It answers
 * F_ADD_SEALS and F_GET_SEALS. name shows in /proc, e.g. "memfd:x". */
MUST_CHECK int vfs_memory_file(const char *name, uint32_t mode, unsigned flags,
                               unsigned seals, struct file **out);

enum path_flags { PATH_FOLLOW = 1, PATH_DIRECTORY = 2, PATH_EMPTY = 4 };
/* Resolve path (kernel string) from dirfd (AT_FDCWD or a descriptor). Gives a
 * reference of an existing dentry. */
MUST_CHECK int path_lookup(int dirfd, const char *path, unsigned flags,
                           struct dentry **out);
/* The same with a path in the program's memory. */
MUST_CHECK int path_lookup_user(int dirfd, uaddr_t path, unsigned flags,
                                struct dentry **out);
/* openat(2) for kernel strings: the loader's, the kernel's own. */
MUST_CHECK int vfs_open(int dirfd, const char *path, unsigned flags,
                        uint32_t mode, struct file **out);
/* Absolute path of a dentry, as getcwd and /proc/self/fd show it ("(deleted)"
 * included). Result: length or -ENAMETOOLONG. */
MUST_CHECK int dentry_path(struct dentry *d, char *buf, size_t buf_len);

/* ---- small helpers for synthetic file systems (/proc, /sys, /dev) ---- */

/* A regular file whose whole text is made by `show` at open. */
struct text_file {
    /* Write the text through text_printf(); result 0 or -errno. */
    int (*show)(struct text_file *t, void *arg);
    /* What write() gives it, NUL-terminated; NULL: it cannot be written. */
    int (*store)(void *arg, char *text);
    void *arg;
    char *text;
    size_t len, cap;
};
#define TEXT_STORE_MAX 128u /* bytes of one write(), the NUL included */
int text_printf(struct text_file *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* For inode_ops.open: make the text, and let f read and write it. arg lives as
 * long as f. */
MUST_CHECK int text_file_open(struct file *f,
                              int (*show)(struct text_file *t, void *arg),
                              int (*store)(void *arg, char *text), void *arg);
/* For file_ops.readdir: put one entry. False: no room (stop, keep *pos).
 * struct io carries linux_dirent64 records; next_pos is d_off. */
bool dirent_put(struct io *io, uint64_t ino, uint64_t next_pos, uint8_t type,
                const char *name, size_t name_len);

#endif
