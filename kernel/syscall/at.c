/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * at.c - what the file calls share: targets, vectors, signals of a write.
 */
#include "syscall/at.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/notify.h"
#include "mm/heap.h"
#include "process/signal.h"
#include "sched/process.h"

#define VEC_MAX 1024u /* IOV_MAX */

int at_get_fd(int fd, bool allow_path, struct at_target *out)
{
    struct file *f = fd_get(fd);

    out->file = f;
    if (!f)
        return -EBADF;
    if (!allow_path && (f->flags & O_PATH)) {
        file_put(f);
        return -EBADF;
    }
    out->inode = f->inode;
    out->dentry = f->dentry;
    return 0;
}

bool path_is_empty(uaddr_t path)
{
    char first;

    return copy_from_user(&first, path, 1) == 0 && first == '\0';
}

int at_get(int dirfd, uaddr_t path, int flags, struct at_target *out)
{
    unsigned walk_flags = (flags & AT_SYMLINK_NOFOLLOW) ? 0 : PATH_FOLLOW;
    int err = 0;

    out->file = NULL;
    if (flags & AT_EMPTY_PATH) {
        /* Linux 6.11: NULL stands for "". */
        if (dirfd >= 0 && (path == 0 || path_is_empty(path)))
            return at_get_fd(dirfd, true, out);
    }
    out->dentry = path_known(dirfd, path);
    if (!out->dentry) {
        if ((flags & AT_EMPTY_PATH) && path_is_empty(path))
            err = path_lookup(dirfd, ".", 0, &out->dentry);
        else
            err = path_lookup_user(dirfd, path, walk_flags, &out->dentry);
    }
    if (!err)
        out->inode = out->dentry->inode;
    return err;
}

void at_put(struct at_target *t)
{
    if (t->file)
        file_put(t->file);
    else if (t->dentry)
        dentry_put(t->dentry);
}

int at_changed(struct at_target *t, int err, uint32_t mask)
{
    if (!err && mask && t->dentry)
        notify_dentry(t->dentry, mask);
    at_put(t);
    return err;
}

int at_stat(const struct at_target *t, struct kstat *out)
{
    if (t->file && t->file->ops->stat)
        return t->file->ops->stat(t->file, out);
    if (t->inode)
        return inode_getattr(t->inode, out);
    *out = (struct kstat){ .mode = 0600, .nlink = 1, .blksize = PAGE_SIZE };
    return 0;
}

int io_vec_get(uaddr_t vec, unsigned long count,
               struct io_vec fast[IO_VEC_FAST_COUNT], struct io_vec **vec_out)
{
    struct io_vec *v = fast;
    size_t left = IO_LEN_MAX;

    if (count > VEC_MAX)
        return -EINVAL;
    if (count > IO_VEC_FAST_COUNT)
        v = kmalloc_free(count * sizeof(*v));
    if (!v)
        return -ENOMEM;
    if (copy_from_user(v, vec, count * sizeof(*v))) {
        io_vec_free(v, fast);
        return -EFAULT;
    }
    for (unsigned long i = 0; i < count; i++) {
        int err = 0;

        if ((ssize_t)v[i].len < 0)
            err = -EINVAL;
        else if (v[i].len > 0 && !user_range_ok(v[i].base, v[i].len))
            err = -EFAULT;
        if (err) {
            io_vec_free(v, fast);
            return err;
        }
        v[i].len = MIN(v[i].len, left);
        left -= v[i].len;
    }
    *vec_out = v;
    return 0;
}

void io_vec_free(struct io_vec *vec, const struct io_vec *fast)
{
    if (vec != fast)
        kfree(vec);
}

ssize_t write_failed(const struct file *f, ssize_t result)
{
    const struct process *p = process_current();
    struct signal_info info = { .code = SI_USER, .pid = p->pid, .uid = p->uid };
    bool was_taken;

    if (result != -EPIPE && result != -EFBIG)
        return result;
    if (result == -EPIPE && f && f->ops->no_sigpipe)
        return result;
    info.signo = result == -EPIPE ? SIGPIPE : SIGXFSZ;
    was_taken = kernel_lock_enter_seldom(); /* a pipe is written without */
    (void)signal_send_thread(thread_current(), &info);
    kernel_lock_leave(was_taken);
    return result;
}
