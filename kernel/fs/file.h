/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.h - open files and descriptors.
 *
 * What:      a struct file is an open file description; a struct fdtable maps
 *            descriptors to them. Kinds of file (inode, pipe, eventfd, epoll,
 *            console, socket) differ in their ops, nothing else.
 * Ownership: a descriptor holds one reference of its file; file_get/file_put.
 *            ops->release runs when the last one goes.
 * Errors:    each op returns -errno of its call's manual page; a NULL op means
 *            the error noted beside it.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "core/list.h"
#include "core/lock.h"
#include "mm/user.h"

struct file;
struct inode;
struct dentry;
struct vm_object;
struct waiter;
struct kstat;
struct poll_table;
struct waitq;

struct file_ops {
    /* *pos is the file's position or pread's offset; ops advance it. */
    ssize_t (*read)(struct file *f, struct io *io, uint64_t *pos);  /* EINVAL */
    ssize_t (*write)(struct file *f, struct io *io, uint64_t *pos); /* EINVAL */
    /* Optional, for read() and write(): one buffer of the program's, not empty
     * and at most a page, inotify aside. May sleep. What is not the usual goes
     * on to file_read_free() and file_write_free(). A file that has one of them
     * needs no kernel lock for it, nor for the one above and seek(). */
    ssize_t (*read_plain)(struct file *f, uaddr_t buf, size_t len);
    ssize_t (*write_plain)(struct file *f, uaddr_t buf, size_t len);
    /* Optional, for sendfile(): what read() would copy, where it lies. It stays
     * as it is, if *page_out is not 0 until page_put(). -> all of len bytes, or
     * those up to the file's end; 0: use read(). */
    size_t (*lend)(struct file *f, uint64_t pos, size_t len,
                   const void **ptr_out, paddr_t *page_out);
    off_t (*seek)(struct file *f, off_t off, int whence);     /* ESPIPE */
    long (*ioctl)(struct file *f, unsigned cmd, uaddr_t arg); /* ENOTTY */
    /* EPOLL* bits ready now. Registers, first, on the wait queues that would
     * change them by poll_wait(table, &queue), which ignores a NULL table.
     * Takes no lock but that of these queues, which it may be called with.
     * NULL op: always readable and writable. */
    unsigned (*poll)(struct file *f, struct poll_table *table);
    /* The object to map; NULL op: ENODEV. prot/flags as mmap's. */
    int (*mmap)(struct file *f, int prot, int flags, struct vm_object **out);
    int (*stat)(struct file *f, struct kstat *out); /* NULL: the inode's */
    /* ENOTDIR; dirent_put() from f->pos on, which it advances. "." and ".."
     * too. 0: done or no more room; -errno only when nothing was put. */
    int (*readdir)(struct file *f, struct io *io);
    int (*truncate)(struct file *f, uint64_t len); /* EINVAL */
    int (*sync)(struct file *f);                   /* EINVAL */
    int (*flush)(struct file *f);                  /* each close(); 0 */
    void (*release)(struct file *f);
    /* F_*PIPE_SZ, F_*_SEALS; NULL: EINVAL. */
    long (*fcntl)(struct file *f, unsigned cmd, unsigned long arg);
    /* mode: FALLOC_FL_*; the range is checked. NULL: ENODEV. */
    int (*fallocate)(struct file *f, int mode, uint64_t off, uint64_t len);
    bool no_sigpipe;  /* a write's EPIPE comes without the signal */
    bool guards_pos;  /* file_pos_enter(); read and write do not sleep */
    bool is_free;     /* poll() and release() need no kernel lock */
    const char *kind; /* "pipe", "eventfd", ...: /proc/self/fd's link text */
};

struct file {
    unsigned refs;  /* atomic; first, since nothing is touched as often */
    unsigned flags; /* O_ACCMODE, O_APPEND, O_NONBLOCK, ... as fcntl gives */
    const struct file_ops *ops;
    uint64_t pos;
    struct inode *inode;       /* referenced; NULL for anonymous kinds */
    struct dentry *dentry;     /* referenced; NULL when it has no path */
    void *private;             /* the kind's own */
    int owner_pid;             /* F_SETOWN */
    short owner_signal;        /* F_SETSIG */
    bool pos_is_taken;         /* file_pos_enter() */
    bool polls_free;           /* poll() needs no kernel lock; constant */
    struct list epoll_watches; /* for close; next NULL: never watched */
};

/* process/signal_owner.c: whom F_SETOWN names, and a signal for it, as Linux's
 * SIGURG. who < 0: a process group. -ESRCH */
MUST_CHECK int file_set_owner(struct file *f, int who);
/* FIOSETOWN and its like; -ENOTTY: another. */
long file_owner_ioctl(struct file *f, unsigned cmd, uaddr_t arg);
void file_signal_owner(const struct file *f, int signo);

/* New description with one reference; -> NULL when out of memory. */
struct file *file_create(const struct file_ops *ops, unsigned flags,
                         void *private) MUST_CHECK;
static inline struct file *file_get(struct file *f)
{
    __atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
    return f;
}
/* With or without the kernel lock, which the last one takes: so with no other
 * lock held. */
void file_put(struct file *f);
void file_end(struct file *f); /* its part when it was the last */
static ALWAYS_INLINE void file_put_quick(struct file *f)
{
    if (UNLIKELY(__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) == 0))
        file_end(f);
}

/*
 * The position is one call's at a time, as on Linux: for read(), write() and
 * lseek() of files that have guards_pos. Whoever waits gives up the kernel lock
 * meanwhile; no other lock is held, and nobody sleeps between the two.
 */
void file_pos_take(struct file *f);
static inline void file_pos_enter(struct file *f)
{
    if (f->ops->guards_pos)
        file_pos_take(f);
}
static inline void file_pos_leave(struct file *f)
{
    if (LOCK_CHECKS && f->ops->guards_pos)
        lock_check_claim(-1);
    __atomic_store_n(&f->pos_is_taken, false, __ATOMIC_RELEASE);
}

/* A position that was used as a copy is the file's again. */
void file_pos_set(struct file *f, uint64_t pos);

bool file_can_read(const struct file *f);
bool file_can_write(const struct file *f);
/* Read/write at pos through ops, with access-mode checks (-EBADF). */
MUST_CHECK ssize_t file_read(struct file *f, struct io *io, uint64_t *pos);
MUST_CHECK ssize_t file_write(struct file *f, struct io *io, uint64_t *pos);
/* The same for read() and write(): one buffer of the program's, at f's own
 * position. Without the kernel lock, or under it: they take it if need be. */
MUST_CHECK ssize_t file_read_free(struct file *f, uaddr_t buf, size_t len);
MUST_CHECK ssize_t file_write_free(struct file *f, uaddr_t buf, size_t len);
MUST_CHECK ssize_t file_read_locked(struct file *f, uaddr_t buf, size_t len);
MUST_CHECK ssize_t file_write_locked(struct file *f, uaddr_t buf, size_t len);
/* From kernel memory, for the ELF loader: short only at the end of file. */
MUST_CHECK ssize_t file_read_kernel(struct file *f, void *buf, size_t len,
                                    uint64_t off);

/* ---- descriptors: of the current thread unless a table is given ---- */

#define FD_MAX 1048576u /* RLIMIT_NOFILE's ceiling; the table grows on use */

struct fdtable;
struct fdtable *fdtable_create(void) MUST_CHECK;
struct fdtable *fdtable_get(struct fdtable *t); /* CLONE_FILES */
struct fdtable *fdtable_copy(struct fdtable *t) MUST_CHECK;
void fdtable_put(struct fdtable *t); /* the last closes everything */
/* The lowest free descriptor >= min; takes over the caller's reference of f
 * on success. -EMFILE, -ENOMEM */
MUST_CHECK int fd_install_take(struct file *f, int min, bool cloexec);
/* Whether fd_install_take() would find a descriptor, before any step back is
 * impossible. */
bool fd_has_room(void);
/* A new reference, or NULL (-EBADF). Call file_put() when done. The kernel lock
 * is not needed for this one. */
struct file *fd_get(int fd) MUST_CHECK;
MUST_CHECK int fd_close(int fd); /* -EBADF, or flush's error */
/* Iterate for /proc/self/fd: the first open descriptor >= from, or -1. */
int fd_next(int from);

/* ---- poll ---- */

struct poll_table {
    /* Called for each queue by poll_wait. */
    void (*queue)(struct poll_table *table, struct waitq *q);
    unsigned events; /* EPOLL*: what a wake of that queue may be about */
};
struct waitq;
/* events: who asks for none of these, but for others, is not told. */
static inline void poll_wait_for(struct poll_table *table, struct waitq *q,
                                 unsigned events)
{
    if (!table)
        return;
    table->events = events;
    table->queue(table, q);
}
static inline void poll_wait(struct poll_table *table, struct waitq *q)
{
    poll_wait_for(table, q, ~0u);
}
/* With or without the kernel lock, which it takes if f needs that. */
unsigned file_poll(struct file *f, struct poll_table *table);

#endif
