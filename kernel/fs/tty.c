/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty.c - descriptors 0, 1 and 2, /dev/tty and /dev/console.
 *
 * They are what the host's descriptors are: terminal, pipe, null device. The
 * host's line discipline edits lines and sends SIGINT, so this file only
 * carries bytes and terminal settings across. Nothing is asked of the host
 * until the program asks: a program that just writes costs one transfer.
 *
 * A host's regular file is shown as a pipe, since it cannot be sought in from
 * here, and programs conclude from "regular" that it can.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "drivers/console.h"
#include "fs/special.h"
#include "fs/tty.h"
#include "sched/process.h"

#define TTY_DEV       13u  /* st_dev's minor: no file system's */
#define PTS_MAJOR     136u /* and the seven after it */
#define PTS_MAJORS    8u
#define SPEED_DEFAULT 38400u

static unsigned fd_of(const struct file *f)
{
    return (unsigned)(uintptr_t)f->private;
}

/* The host descriptor to read from or write to by way of fd: on a terminal
 * every one of the three goes both ways. -EBADF */
static int host_fd(unsigned fd, bool is_write)
{
    unsigned first = is_write ? 1 : 0, last = is_write ? 2 : 0;

    if (fd >= first && fd <= last)
        return (int)fd;
    if (!console_stat(fd)->is_tty)
        return -EBADF;
    for (unsigned i = first; i <= last; i++)
        if (console_stat(i)->is_tty)
            return (int)i;
    return -EBADF;
}

/* Until there may be input, or room for output. */
static int wait_for_host(bool for_output)
{
    console_watch();
    return waitq_sleep(console_waitq(for_output), WAIT_FOREVER);
}

static ssize_t tty_read(struct file *f, struct io *io, uint64_t *pos)
{
    int fd = host_fd(fd_of(f), false);

    (void)pos;
    if (fd < 0)
        return fd;
    for (;;) {
        ssize_t n = console_read(io);
        int err;

        if (n != -EAGAIN || (f->flags & O_NONBLOCK))
            return n;
        err = wait_for_host(false);
        if (err)
            return err;
    }
}

static ssize_t tty_write(struct file *f, struct io *io, uint64_t *pos)
{
    int fd = host_fd(fd_of(f), true);
    size_t done = 0;

    (void)pos;
    if (fd < 0)
        return fd;
    while (io->left > 0) {
        ssize_t n = console_write((unsigned)fd, io);

        if (n >= 0) {
            done += (size_t)n;
            continue;
        }
        if (n == -EAGAIN && !(f->flags & O_NONBLOCK))
            n = wait_for_host(true);
        if (n)
            return done ? (ssize_t)done : n;
    }
    return (ssize_t)done;
}

static unsigned tty_poll(struct file *f, struct poll_table *table)
{
    unsigned fd = fd_of(f), events = 0;
    int in = host_fd(fd, false), out = host_fd(fd, true);

    console_watch();
    if (in >= 0) {
        poll_wait(table, console_waitq(false));
        events |= console_poll((unsigned)in);
    }
    if (out >= 0) {
        poll_wait(table, console_waitq(true));
        events |= console_poll((unsigned)out);
    }
    return events;
}

/* ---- ioctl ---- */

static long get_termios2(unsigned fd, uaddr_t arg)
{
    struct termios old;
    struct termios2 t = { .c_ispeed = SPEED_DEFAULT,
                          .c_ospeed = SPEED_DEFAULT };
    int err = console_tty(fd, TCGETS, &old, sizeof(old));

    if (err)
        return err;
    memcpy(&t, &old, sizeof(old));
    return copy_to_user(arg, &t, sizeof(t));
}

static long set_termios(unsigned fd, unsigned cmd, uaddr_t arg, size_t len)
{
    struct termios2 t; /* begins with struct termios */
    int err = copy_from_user(&t, arg, len);

    return err ? err : console_tty(fd, cmd, &t, sizeof(struct termios));
}

static long tty_get(unsigned fd, unsigned cmd, uaddr_t arg, size_t len)
{
    uint8_t buf[sizeof(struct termios)] = { 0 };
    int err = console_tty(fd, cmd, buf, len);

    return err ? err : copy_to_user(arg, buf, len);
}

/* Those that concern the session: one process, its own leader. */
static long session_ioctl(unsigned cmd, uaddr_t arg)
{
    const struct process *p = process_current();
    uint32_t pgid;
    int err;

    switch (cmd) {
    case TIOCGPGRP:
        return user_put32(arg, (uint32_t)p->pgid);
    case TIOCGSID:
        return user_put32(arg, (uint32_t)p->sid);
    case TIOCSPGRP:
        err = user_get32(&pgid, arg);
        if (err)
            return err;
        return (int)pgid == p->pgid ? 0 : (int)pgid < 0 ? -EINVAL : -EPERM;
    case TIOCOUTQ: /* what was written has gone */
        return user_put32(arg, 0);
    case TIOCSCTTY:
    case TCSBRK:
    case TCSBRKP:
        return 0;
    case TIOCSWINSZ:
        return -EPERM; /* the size is the host terminal's */
    default:
        return -ENOTTY;
    }
}

long tty_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    unsigned fd = fd_of(f);
    int count, err;

    if (cmd == FIONREAD) {
        err = console_tty(0, cmd, &count, sizeof(count));
        return err ? err : user_put32(arg, (uint32_t)count);
    }
    if (!console_stat(fd)->is_tty)
        return -ENOTTY;
    switch (cmd) {
    case TCGETS:
        return tty_get(fd, cmd, arg, sizeof(struct termios));
    case TIOCGWINSZ:
        return tty_get(fd, cmd, arg, sizeof(struct winsize));
    case TCGETS2:
        return get_termios2(fd, arg);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_termios(fd, cmd, arg, sizeof(struct termios));
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return set_termios(fd, cmd - TCSETS2 + TCSETS, arg,
                           sizeof(struct termios2));
    case TCFLSH:
        if (arg > TCIOFLUSH)
            return -EINVAL;
        count = (int)arg;
        return console_tty(fd, cmd, &count, sizeof(count));
    default:
        return session_ioctl(cmd, arg);
    }
}

int tty_pts(unsigned fd)
{
    const struct hypercall_stat *s = console_stat(fd);
    unsigned major = DEV_MAJOR(s->rdev);

    if (!s->is_tty || major < PTS_MAJOR || major >= PTS_MAJOR + PTS_MAJORS)
        return -1;
    return (int)((major - PTS_MAJOR) << 8 | DEV_MINOR(s->rdev));
}

static int tty_stat(struct file *f, struct kstat *out)
{
    const struct hypercall_stat *s = console_stat(fd_of(f));
    uint32_t mode = s->mode;
    int pts = tty_pts(fd_of(f));

    if (S_ISREG(mode) || S_ISBLK(mode) || S_ISSOCK(mode) || mode == 0)
        mode = S_IFIFO | (mode & 0777);
    *out = (struct kstat){
        .dev = DEV_MAKE(0, TTY_DEV),
        .ino = s->is_tty ? 1 : fd_of(f) + 2,
        .nlink = 1,
        .mode = mode,
        .rdev = S_ISCHR(mode) ? s->rdev : 0,
        .uid = process_current()->uid,
        .gid = process_current()->gid,
        .blksize = S_ISCHR(mode) ? 1024 : PAGE_SIZE,
    };
    if (pts >= 0) { /* the one that /dev/pts shows: ttyname() compares */
        out->dev = DEV_MAKE(0, TTY_DEVFS_DEV);
        out->ino = TTY_PTS_INO + (unsigned)pts;
    }
    return 0;
}

const char *tty_link_text(const struct file *f)
{
    static const char pipes[3][9] = { "pipe:[2]", "pipe:[3]", "pipe:[4]" };
    static char pts_text[sizeof("/dev/pts/2047")];
    const struct hypercall_stat *s;

    if (f->ops != &tty_ops)
        return NULL;
    s = console_stat(fd_of(f));
    if (tty_pts(fd_of(f)) >= 0) {
        snprintf(pts_text, sizeof(pts_text), "/dev/pts/%d", tty_pts(fd_of(f)));
        return pts_text;
    }
    if (s->is_tty)
        return "/dev/tty";
    if (S_ISCHR(s->mode))
        return s->rdev == DEV_MAKE(1, 3) ? "/dev/null" : "/dev/console";
    return pipes[fd_of(f)];
}

const struct file_ops tty_ops = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = OPERATION(tty_ioctl),
    .stat = tty_stat,
    .kind = "console",
};

/* Opened by name: the device's own inode answers fstat. */
const struct file_ops tty_named_ops = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = OPERATION(tty_ioctl),
};

int tty_open(struct file *f, bool is_console)
{
    uintptr_t fd = is_console ? 2 : 0;

    while (!is_console && fd < 3 && !console_stat((unsigned)fd)->is_tty)
        fd++;
    if (fd == 3)
        return -ENXIO; /* no controlling terminal */
    f->ops = &tty_named_ops;
    f->private = (void *)fd;
    return 0;
}

int tty_install_std(void)
{
    for (uintptr_t fd = 0; fd < 3; fd++) {
        struct file *f = file_create(&tty_ops, O_RDWR, (void *)fd);
        int err;

        if (!f)
            return -ENOMEM;
        err = fd_install_take(f, (int)fd, false);
        if (err < 0) {
            file_put(f);
            return err;
        }
    }
    return 0;
}
