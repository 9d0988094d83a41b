/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * at.h - what an *at() call or a descriptor names, for kernel/syscall.
 *
 * What:      a file by descriptor, or an inode by path, looked at alike.
 * Ownership: at_put() gives back what at_get() or at_get_fd() found.
 * Errors:    those of path_resolution(7); -EBADF.
 */
#ifndef SYSCALL_AT_H
#define SYSCALL_AT_H

#include "fs/path.h"

struct at_target {
    struct inode *inode; /* NULL: an anonymous file; look at file */
    struct dentry *dentry;
    struct file *file; /* when a descriptor was named */
};

/* Whether path is there and "". */
bool path_is_empty(uaddr_t path);
/* flags: AT_SYMLINK_NOFOLLOW, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH; follows unless
 * told not to. */
MUST_CHECK int at_get(int dirfd, uaddr_t path, int flags,
                      struct at_target *out);
/* allow_path: an O_PATH descriptor will do. */
MUST_CHECK int at_get_fd(int fd, bool allow_path, struct at_target *out);
void at_put(struct at_target *t);
/* The same, at the end of a call that changed the target unless err: tells who
 * watches it (IN_*). Gives err on. */
MUST_CHECK int at_changed(struct at_target *t, int err, uint32_t mask);
MUST_CHECK int at_stat(const struct at_target *t, struct kstat *out);

/* Copy the iovec of readv(2) and friends: checked, clipped to IO_LEN_MAX in
 * all. *vec_out is fast, or allocated: io_vec_free(). */
#define IO_VEC_FAST_COUNT 8u
MUST_CHECK int io_vec_get(uaddr_t vec, unsigned long count,
                          struct io_vec fast[IO_VEC_FAST_COUNT],
                          struct io_vec **vec_out);
void io_vec_free(struct io_vec *vec, const struct io_vec *fast);
/* After a write to f (NULL: any): SIGPIPE, SIGXFSZ. Gives the result on. */
ssize_t write_failed(const struct file *f, ssize_t result);
static inline ssize_t write_signals(const struct file *f, ssize_t result)
{
    return LIKELY(result >= 0) ? result : write_failed(f, result);
}

#endif
