/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text_file.c - files whose text is made when they are opened: /proc, /sys.
 */
#include <linux/fs.h>

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "mm/heap.h"

#define TEXT_CAP_MIN 256u
#define TEXT_LEN_MAX (16u << 20)

static int text_reserve(struct text_file *t, size_t more)
{
    size_t cap = MAX(t->cap, TEXT_CAP_MIN);
    char *text;

    if (t->len + more <= t->cap)
        return 0;
    while (cap < t->len + more)
        cap *= 2;
    if (cap > TEXT_LEN_MAX)
        return -EFBIG;
    text = krealloc(t->text, cap);
    if (!text)
        return -ENOMEM;
    t->text = text;
    t->cap = cap;
    return 0;
}

int text_printf(struct text_file *t, const char *format, ...)
{
    va_list args;
    int len, err = text_reserve(t, TEXT_CAP_MIN / 2);

    if (err)
        return err;
    va_start(args, format);
    len = vsnprintf(t->text + t->len, t->cap - t->len, format, args);
    va_end(args);
    if ((size_t)len >= t->cap - t->len) { /* did not fit: once more */
        err = text_reserve(t, (size_t)len + 1);
        if (err)
            return err;
        va_start(args, format);
        len = vsnprintf(t->text + t->len, t->cap - t->len, format, args);
        va_end(args);
    }
    t->len += (size_t)len;
    return 0;
}

static ssize_t text_read(struct file *f, struct io *io, uint64_t *pos)
{
    const struct text_file *t = f->private;
    size_t len, done;

    if (*pos >= t->len)
        return 0;
    len = MIN(io->left, t->len - *pos);
    done = io_put(io, t->text + *pos, len);
    *pos += done;
    return done == 0 && len > 0 ? -EFAULT : (ssize_t)done;
}

static ssize_t text_write(struct file *f, struct io *io, uint64_t *pos)
{
    const struct text_file *t = f->private;
    char text[TEXT_STORE_MAX];
    size_t len = io->left;
    int err;

    if (!t->store)
        return -EIO; /* what sysfs says of files that only show */
    if (len >= sizeof(text))
        return -EINVAL;
    if (io_get(io, text, len) != len)
        return -EFAULT;
    text[len] = '\0';
    err = t->store(t->arg, text);
    if (err)
        return err;
    *pos += len;
    return (ssize_t)len;
}

static off_t text_seek(struct file *f, off_t off, int whence)
{
    if (whence == SEEK_CUR)
        off += (off_t)f->pos;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (off < 0)
        return -EINVAL;
    f->pos = (uint64_t)off;
    return off;
}

static void text_release(struct file *f)
{
    struct text_file *t = f->private;

    kfree(t->text);
    kfree(t);
}

static const struct file_ops text_ops = {
    .read = text_read,
    .write = text_write,
    .seek = text_seek,
    .release = text_release,
};

int text_file_open(struct file *f, int (*show)(struct text_file *t, void *arg),
                   int (*store)(void *arg, char *text), void *arg)
{
    struct text_file *t = kzalloc(sizeof(*t));
    int err;

    if (!t)
        return -ENOMEM;
    t->show = show;
    t->store = store;
    t->arg = arg;
    err = show(t, arg);
    if (err) {
        kfree(t->text);
        kfree(t);
        return err;
    }
    f->private = t;
    f->ops = &text_ops;
    return 0;
}
