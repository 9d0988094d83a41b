/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.c - see console.h.
 *
 * A write must not block unseen: the guest's timers and signals would wait
 * with it. Files never block for long; everything else is polled before each
 * piece, and a piece is what a pipe that polls as writable takes whole.
 */
#include "monitor/console.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/check.h"
#include "monitor/events.h"
#include "monitor/record.h"
#include "monitor/vcpu.h"

#define PIECE_LEN 4096u /* PIPE_BUF */
#define FD_COUNT  3

static struct {
    struct hypercall_stat stat[FD_COUNT];
    struct termios host_tty, guest_tty;
    int tty_fd; /* the descriptor whose settings were changed; -1: none */
    bool tty_changed;
} con = { .tty_fd = -1 };

void console_init(void)
{
    for (int fd = 0; fd < FD_COUNT; fd++) {
        struct hypercall_stat *out = &con.stat[fd];
        struct termios t;
        struct stat st;

        if (fstat(fd, &st) != 0)
            continue; /* closed: all zero says so */
        if (fcntl(fd, F_GETFL) & O_PATH)
            continue; /* the command's mark of a closed one */
        out->mode = st.st_mode;
        out->rdev = (uint32_t)st.st_rdev;
        out->is_tty = S_ISCHR(st.st_mode) && ioctl(fd, TCGETS, &t) == 0;
        out->oflags = (uint32_t)fcntl(fd, F_GETFL);
    }
}

void console_stat(struct hypercall_stat out[3])
{
    memcpy(out, con.stat, sizeof(con.stat));
}

static int64_t write_file(int fd, const struct iovec *iov, unsigned count)
{
    ssize_t n = writev(fd, iov, (int)count);

    return n < 0 ? -errno : n;
}

/* One piece; its length, or -errno. */
static int64_t write_piece(int fd, const uint8_t *from, size_t len)
{
    int err;
    ssize_t n;

    do {
        err = events_poll(fd, POLLOUT);
        if (err)
            return err;
        n = write(fd, from, len < PIECE_LEN ? len : PIECE_LEN);
    } while (n < 0 && (errno == EINTR || errno == EAGAIN));
    return n < 0 ? -errno : n;
}

int64_t console_write(int fd, const struct iovec *iov, unsigned count)
{
    int64_t done = 0;

    if (con.stat[fd].mode == 0)
        return -EBADF;
    if (S_ISREG(con.stat[fd].mode))
        return write_file(fd, iov, count);
    for (unsigned i = 0; i < count; i++) {
        for (size_t at = 0; at < iov[i].iov_len;) {
            int64_t n = write_piece(fd, (uint8_t *)iov[i].iov_base + at,
                                    iov[i].iov_len - at);
            if (n < 0) {
                if (done > 0)
                    return done;
                /* Interrupted: the guest tries again after its events. */
                return n == -EINTR ? -EAGAIN : n;
            }
            at += (size_t)n;
            done += n;
        }
    }
    return done;
}

int64_t console_read(const struct iovec *iov, unsigned count)
{
    struct pollfd p = { .fd = 0, .events = POLLIN };
    ssize_t n;

    if (con.stat[0].mode == 0)
        return -EBADF;
    if (!S_ISREG(con.stat[0].mode)) {
        n = poll(&p, 1, 0);
        if (n == 0 || (n < 0 && errno == EINTR))
            return -EAGAIN;
    }
    n = readv(0, iov, (int)count);
    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    return n;
}

/* ---- the terminal ---- */

static int64_t tty_set(int fd, unsigned long request, const struct termios *t)
{
    if (con.tty_fd < 0) {
        if (ioctl(fd, TCGETS, &con.host_tty) != 0)
            return -errno;
        con.tty_fd = fd;
    }
    if (ioctl(fd, request, t) != 0)
        return errno == EINTR ? -EAGAIN : -errno;
    con.guest_tty = *t;
    con.tty_changed = true;
    return 0;
}

static size_t ioctl_len(uint64_t request)
{
    switch (request) {
    case TCGETS:
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return sizeof(struct termios);
    case TIOCGWINSZ:
        return sizeof(struct winsize);
    case TIOCGPGRP:
    case FIONREAD:
        return sizeof(int);
    case TCFLSH:
        return sizeof(uint64_t);
    default:
        return 0;
    }
}

int64_t console_ioctl(int fd, uint64_t request, void *buf, size_t len)
{
    size_t needed = ioctl_len(request);
    uint64_t queue;
    int n;

    if (needed == 0)
        return -ENOTTY;
    if (len < needed)
        return -EINVAL;
    if (request != FIONREAD && !con.stat[fd].is_tty)
        return -ENOTTY;
    if (request == TCSETS || request == TCSETSW || request == TCSETSF)
        return tty_set(fd, (unsigned long)request, buf);
    if (request == TCFLSH) {
        memcpy(&queue, buf, sizeof(queue));
        n = ioctl(fd, TCFLSH, queue);
    } else {
        n = ioctl(fd, (unsigned long)request, buf);
    }
    return n < 0 ? -errno : n;
}

void console_tty_restore(void)
{
    if (con.tty_changed)
        ioctl(con.tty_fd, TCSETSW, &con.host_tty);
}

void console_tty_again(void)
{
    if (con.tty_changed)
        ioctl(con.tty_fd, TCSETSW, &con.guest_tty);
}

void console_exit(int status)
{
    console_tty_restore();
    vcpu_dump_exits();
    record_exit(status);
    _exit(status);
}
