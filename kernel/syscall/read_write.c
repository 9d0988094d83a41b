/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_write.c - read(2) and write(2), which run without the kernel lock and
 * take it for files that want it.
 */
#include "core/errno.h"
#include "fs/fdtable.h"
#include "fs/notify.h"
#include "syscall/at.h"
#include "syscall/syscall.h"
#include "syscall/transfer.h"

static inline bool is_usual(size_t len)
{
    return len - 1 < PAGE_SIZE && LIKELY(!notify_watch_count);
}

/* Nothing but a buffer at the file's own position, as nearly all are. */
long sys_read(int fd, uaddr_t buf, size_t len)
{
    struct file *f = fd_get_quick(fd);
    ssize_t done;

    if (UNLIKELY(!f))
        return -EBADF;
    if (!f->ops->read_plain)
        done = file_read_locked(f, buf, len);
    else if (is_usual(len))
        done = f->ops->read_plain(f, buf, len);
    else
        done = file_read_free(f, buf, len);
    transfer_account(false, done);
    file_put_quick(f);
    return done;
}

long sys_write(int fd, uaddr_t buf, size_t len)
{
    struct file *f = fd_get_quick(fd);
    ssize_t done;

    if (UNLIKELY(!f))
        return -EBADF;
    if (!f->ops->write_plain)
        done = file_write_locked(f, buf, len);
    else if (is_usual(len))
        done = f->ops->write_plain(f, buf, len);
    else
        done = file_write_free(f, buf, len);
    done = write_signals(f, done);
    transfer_account(true, done);
    file_put_quick(f);
    return done;
}
