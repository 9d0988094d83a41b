/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfs.h - files in memory, alone (tmpfs) or over the image (the root).
 *
 * What:      one file system for both. An inode with a lower part shows the
 *            image's inode until something changes: attributes live in the
 *            inode, data page by page in a page tree over the image's bytes,
 *            names in records over the image's directory.
 * Ownership: an inode that differs from the image, or that only memory holds,
 *            is pinned: one extra reference while it has a name.
 * Errors:    -errno of the calls; -ENOSPC when the guest's memory is used up.
 */
#ifndef FS_MEMFS_H
#define FS_MEMFS_H

#include "abi/records.h"
#include "core/operation.h"
#include "fs/dentry.h"
#include "fs/erofs.h"
#include "fs/pagetree.h"

#define MEMFS_RESERVE_PAGES 16u    /* left for the kernel: files get ENOSPC */
#define MEMFS_XATTR_MAX     65536u /* bytes of one inode's xattrs, as Linux */
#define MEMFS_HASH_LEN      128u

struct mem_inode;

/* Of all files here, for each CPU in a line of its own: reads, writes, bytes
 * read, bytes written. */
extern uint64_t mem_counters[ARCH_CPU_MAX][RECORDS_FILE_STRIDE];

struct mem_sb {
    struct superblock sb;
    struct erofs lower;
    bool has_lower;
    uint64_t next_ino;
    struct mem_inode *by_nid[MEMFS_HASH_LEN];
};

/* A name that the image lacks, or whose image entry is replaced or gone. */
struct mem_dirent {
    struct mem_dirent *next;
    struct mem_inode *inode; /* NULL: whiteout; pinned by its link count */
    uint32_t hash;
    uint32_t slot;     /* listing position; not when covers_lower */
    bool covers_lower; /* the image has the name: listed at its place there */
    uint8_t name_len;
    char name[];
};

struct mem_dir {
    struct mem_dirent **buckets;
    unsigned bucket_count; /* a power of two */
    unsigned record_count;
    unsigned live_count; /* records with an inode */
    uintptr_t *slots;    /* records, or odd numbers: the list of free slots */
    uint32_t slot_count, slot_cap;
    uintptr_t free_slot; /* the first free one, coded; 0: none */
};

struct mem_xattr {
    struct mem_xattr *next;
    size_t value_len;
    uint8_t *value; /* follows the name */
    char name[];
};

struct mem_inode {
    struct inode inode; /* first; size and blocks change under lock */
    struct spinlock lock;
    struct mem_inode *hash_next;
    struct erofs_node lower;
    bool has_lower, pinned, xattrs_copied;
    bool linkable;         /* O_TMPFILE: may get a name though nlink is 0 */
    bool mapped_written;   /* bytes beyond the end may be dirty; lock */
    bool is_changed;       /* not all that shows is the image's any more */
    unsigned seals;        /* F_SEAL_*; who adds some has claimed the inode */
    uint64_t lower_len;    /* bytes of the image's data that still show; lock */
    struct pagetree pages; /* lock */
    struct mem_dir dir;
    char *target; /* symlinks made here */
    struct mem_xattr *xattrs;
};

/* What the file shows is about to change. Before the lock is taken for it, so
 * that who maps the file and does not see this is seen by mem_zap(). */
static inline void mem_change(struct mem_inode *mi)
{
    __atomic_store_n(&mi->is_changed, true, __ATOMIC_RELAXED);
}

static inline bool mem_is_page(uint64_t entry)
{
    return entry > PAGETREE_HOLE;
}

static inline uint64_t mem_pages_of(uint64_t len)
{
    return (len + PAGE_MASK) >> PAGE_SHIFT;
}

/* Errors in tables of chunks are told, which wants the kernel lock. Result: for
 * kernel_lock_leave(). */
static inline bool mem_chunks_enter(const struct mem_inode *mi)
{
    return UNLIKELY(mi->lower.chunk_bits) && kernel_lock_enter_seldom();
}

static inline struct mem_inode *mem_of(struct inode *i)
{
    return (struct mem_inode *)i;
}

static inline struct mem_sb *mem_sb_of(const struct inode *i)
{
    return (struct mem_sb *)i->sb;
}

/* image NULL: plain tmpfs. */
MUST_CHECK int memfs_create(const void *image, size_t image_len, uint32_t mode,
                            struct mem_sb **out);
/* A tmpfs to mount on dir, a directory of this file system: it begins with
 * what the image holds there. mode: when the image holds nothing. */
MUST_CHECK int memfs_create_over(struct inode *dir, uint32_t mode,
                                 struct mem_sb **out);
/* mode with type; one reference; nlink as for a new name. */
struct mem_inode *mem_inode_create(struct mem_sb *sb, uint32_t mode) MUST_CHECK;
MUST_CHECK int mem_inode_from_lower(struct mem_sb *sb, uint64_t nid,
                                    struct mem_inode **out);
void mem_pin(struct mem_inode *mi);
/* The last name went: the inode dies with its last user. */
void mem_unpin(struct mem_inode *mi);
void memfs_forbid_link(struct inode *i); /* O_TMPFILE | O_EXCL */

/* memfs_dir.c */
int mem_lookup(struct inode *dir, const char *name, size_t name_len,
               struct inode **out);
struct mem_dirent *mem_dir_find(const struct mem_dir *d, const char *name,
                                size_t name_len);
/* The record of a name, made if there is none (*fresh_out). A fresh record
 * hides the image's entry until it is bound or deleted. -ENOMEM as -ENOSPC */
MUST_CHECK int mem_dir_record(struct mem_inode *dir, const char *name,
                              size_t name_len, struct mem_dirent **out,
                              bool *fresh_out);
void mem_dir_delete(struct mem_inode *dir, struct mem_dirent *e);
void mem_dir_bind(struct mem_inode *dir, struct mem_dirent *e,
                  struct mem_inode *mi);
/* The name is gone: whiteout, or nothing when the image has no such name. */
void mem_dir_unbind(struct mem_inode *dir, struct mem_dirent *e);
bool mem_dir_is_empty(struct mem_inode *dir);
void mem_dir_fini(struct mem_dir *d);
extern const struct file_ops mem_dir_file_ops;
int mem_readdir(struct file *f, struct io *io);
OPERATION_OF(mem_readdir);

/* memfs_names.c */
int mem_create(struct inode *dir, const char *name, size_t name_len,
               uint32_t mode, uint64_t rdev, struct inode **out);
int mem_symlink(struct inode *dir, const char *name, size_t name_len,
                const char *target, struct inode **out);
OPERATION_OF(mem_symlink);
int mem_link(struct inode *dir, const char *name, size_t name_len,
             struct inode *target);
OPERATION_OF(mem_link);
int mem_unlink(struct inode *dir, const char *name, size_t name_len);
OPERATION_OF(mem_unlink);
int mem_rmdir(struct inode *dir, const char *name, size_t name_len);
OPERATION_OF(mem_rmdir);
int mem_rename(struct inode *old_dir, const char *old_name, size_t old_len,
               struct inode *new_dir, const char *new_name, size_t new_len,
               unsigned flags);
OPERATION_OF(mem_rename);
int mem_tmpfile(struct inode *dir, uint32_t mode, struct inode **out);

/* memfs_file.c, memfs_write.c, memfs_space.c */
extern const struct file_ops mem_file_ops;
extern const struct vm_object_ops mem_object_ops;
MUST_CHECK int mem_truncate(struct mem_inode *mi, uint64_t len);
int mem_fallocate(struct file *f, int mode, uint64_t off, uint64_t len);
OPERATION_OF(mem_fallocate);
size_t mem_lend(struct file *f, uint64_t pos, size_t len, const void **ptr_out,
                paddr_t *page_out);
OPERATION_OF(mem_lend);
int mem_object_remove(struct vm_object *obj, uint64_t first, uint64_t count);
off_t mem_seek(struct file *f, off_t off, int whence);
long mem_fcntl(struct file *f, unsigned cmd, unsigned long arg);
/* The inode's own page idx, made from what shows there. -ENOSPC */
MUST_CHECK int mem_page_own(struct mem_inode *mi, uint64_t idx, unsigned how,
                            paddr_t *pa_out);
/* A call has read or written so many bytes: its result. */
static inline ssize_t mem_counted(bool is_write, uint64_t len)
{
    uint64_t *mine = mem_counters[arch_cpu_number() - 1];

    mine[is_write]++;
    mine[2 + is_write] += len;
    return (ssize_t)len;
}
/* Where the image's bytes at pos are, and how many; NULL: zeros. Under the
 * lock, or of a file that nobody has begun to change. */
MUST_CHECK int mem_lower_span(struct mem_inode *mi, uint64_t pos,
                              const uint8_t **ptr_out, uint64_t *len_out);
ssize_t mem_write(struct file *f, struct io *io, uint64_t *pos);
/* The page tree's entry, if it is a page with a reference for the caller. */
uint64_t mem_entry_get(struct mem_inode *mi, uint64_t idx);
/* lower_end: where the image's pages end, of which first and more showed. */
void mem_pages_free(struct mem_inode *mi, uint64_t first, uint64_t end,
                    uint64_t lower_end);
/* What shows in [pos, pos + len) becomes zeros. -ENOSPC */
MUST_CHECK int mem_zero_range(struct mem_inode *mi, uint64_t pos, uint64_t len);
enum mem_set {
    MEM_SET_FILL = 1,  /* the page first, with what shows there */
    MEM_SET_WITHIN = 2 /* -ENXIO beyond the end of the file */
};
/*
 * `entry` becomes the page tree's: a hole, which takes the place of all else,
 * or a page, for which one that is there already stays. *now_out is the entry
 * then, if it is a page with a reference for the caller. -ENOSPC
 */
MUST_CHECK int mem_entry_set(struct mem_inode *mi, uint64_t idx, uint64_t entry,
                             unsigned how, uint64_t *now_out);
/* Drop mappings, after a change and without the inode's lock. */
void mem_zap(struct mem_inode *mi, uint64_t first, uint64_t count,
             bool private_too);
/* Bytes beyond the end are zeros: before others come behind them, or before the
 * file grows. The inode is claimed. */
void mem_tail_zero(struct mem_inode *mi);
void mem_size_grow(struct mem_inode *mi, uint64_t size);

/* memfs_xattr.c */
int mem_getxattr(struct inode *i, const char *name, void *buf, size_t len);
OPERATION_OF(mem_getxattr);
int mem_setxattr(struct inode *i, const char *name, const void *buf, size_t len,
                 int flags);
OPERATION_OF(mem_setxattr);
int mem_listxattr(struct inode *i, char *buf, size_t len);
OPERATION_OF(mem_listxattr);
void mem_xattrs_free(struct mem_inode *mi);

#endif
