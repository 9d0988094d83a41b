/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fcntl.c - fcntl(2): flags, and record locks of all kinds; flock(2).
 *
 * covers: flock
 */
#include "check.h"

#include <linux/sockios.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

TEST(status_flags)
{
    int fd = open("f", O_CREAT | O_RDWR | O_APPEND, 0644);

    CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
             O_RDWR | O_APPEND);
    CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
             O_RDWR | O_NONBLOCK);
    /* The access mode and creation flags cannot be changed. */
    CHECK_OK(fcntl(fd, F_SETFL, O_WRONLY | O_CREAT | O_TRUNC));
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
    close(fd);
}

TEST(descriptor_flags)
{
    int fd = open("f", O_RDONLY);

    CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(fcntl(fd, F_SETFD, 0));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    close(fd);
    CHECK_ERR(fcntl(fd, F_GETFD), EBADF);
    CHECK_ERR(fcntl(-1, F_GETFL), EBADF);
}

TEST(unknown_commands)
{
    int fd = open("f", O_RDONLY);

    CHECK_ERR(fcntl(fd, 9999), EINVAL);
    close(fd);
}

TEST(own_record_locks_never_conflict)
{
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };

    CHECK_OK(fcntl(a, F_SETLK, &l));
    CHECK_OK(fcntl(b, F_SETLK, &l));
    l.l_type = F_WRLCK;
    CHECK_OK(fcntl(b, F_GETLK, &l));
    CHECK_EQ(l.l_type, F_UNLCK);
    l.l_type = F_UNLCK;
    CHECK_OK(fcntl(a, F_SETLKW, &l));
    close(a);
    close(b);
}

TEST(open_file_locks_conflict_between_openings)
{
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    struct flock l = { .l_type = F_WRLCK, .l_start = 5, .l_len = 10 };
    struct flock m = { .l_type = F_RDLCK, .l_start = 14, .l_len = 1 };

    CHECK_OK(fcntl(a, F_OFD_SETLK, &l));
    CHECK_ERR(fcntl(b, F_OFD_SETLK, &m), EAGAIN);
    CHECK_OK(fcntl(b, F_OFD_GETLK, &m));
    CHECK_EQ(m.l_type, F_WRLCK);
    CHECK_EQ(m.l_start, 5);
    CHECK_EQ(m.l_len, 10);
    CHECK_EQ(m.l_pid, -1);
    m = (struct flock){ .l_type = F_RDLCK, .l_start = 15, .l_len = 1 };
    CHECK_OK(fcntl(b, F_OFD_SETLK, &m));
    close(a);
    m = (struct flock){ .l_type = F_RDLCK, .l_start = 5, .l_len = 10 };
    CHECK_OK(fcntl(b, F_OFD_SETLK, &m));
    close(b);
}

TEST(unlocking_the_middle_splits_a_lock)
{
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    struct flock l = { .l_type = F_WRLCK, .l_start = 0, .l_len = 30 };

    CHECK_OK(fcntl(a, F_OFD_SETLK, &l));
    l = (struct flock){ .l_type = F_UNLCK, .l_start = 10, .l_len = 10 };
    CHECK_OK(fcntl(a, F_OFD_SETLK, &l));
    l = (struct flock){ .l_type = F_WRLCK, .l_start = 10, .l_len = 10 };
    CHECK_OK(fcntl(b, F_OFD_SETLK, &l));
    l = (struct flock){ .l_type = F_WRLCK, .l_start = 9, .l_len = 1 };
    CHECK_ERR(fcntl(b, F_OFD_SETLK, &l), EAGAIN);
    l = (struct flock){ .l_type = F_WRLCK, .l_start = 20, .l_len = 0 };
    CHECK_ERR(fcntl(b, F_OFD_SETLK, &l), EAGAIN);
    l = (struct flock){ .l_type = F_WRLCK, .l_start = 30, .l_len = 0 };
    CHECK_OK(fcntl(b, F_OFD_SETLK, &l));
    close(a);
    close(b);
}

TEST(record_lock_errors)
{
    int fd = open("f", O_RDONLY);
    struct flock l = { .l_type = F_WRLCK, .l_len = 1 };

    CHECK_ERR(fcntl(fd, F_SETLK, &l), EBADF);
    l.l_type = 77;
    CHECK_ERR(fcntl(fd, F_SETLK, &l), EINVAL);
    l = (struct flock){ .l_type = F_RDLCK, .l_start = -1, .l_len = 1 };
    CHECK_ERR(fcntl(fd, F_SETLK, &l), EINVAL);
    CHECK_ERR(fcntl(fd, F_SETLK, bad_pointer()), EFAULT);
    close(fd);
}

TEST(flock_conflicts_between_openings)
{
    int a = open("f", O_RDWR), b = open("f", O_RDWR), c = dup(a);

    CHECK_OK(flock(a, LOCK_EX));
    CHECK_OK(flock(c, LOCK_EX | LOCK_NB)); /* the same opening */
    CHECK_ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(a, LOCK_SH));
    CHECK_OK(flock(b, LOCK_SH | LOCK_NB));
    CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(a, LOCK_UN));
    CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
    close(b);
    CHECK_OK(flock(a, LOCK_EX | LOCK_NB));
    CHECK_ERR(flock(a, 0), EINVAL);
    CHECK_ERR(flock(-1, LOCK_SH), EBADF);
    close(a);
    close(c);
}

/* ---- whom signals are for ---- */

TEST(owners_are_who_exists)
{
    int fd = open("f", O_CREAT | O_RDONLY, 0644);
    struct f_owner_ex ex = { F_OWNER_PID, 1 << 21 };

    CHECK_EQ(fcntl(fd, F_GETOWN), 0);
    CHECK_EQ(fcntl(fd, F_SETOWN, getpid()), 0);
    CHECK_ERR(fcntl(fd, F_SETOWN, 1 << 21), ESRCH);
    CHECK_ERR(fcntl(fd, F_SETOWN, -(1 << 21)), ESRCH);
    CHECK_ERR(fcntl(fd, F_SETOWN_EX, &ex), ESRCH);
    CHECK_EQ(fcntl(fd, F_GETOWN), getpid());
    ex = (struct f_owner_ex){ F_OWNER_PGRP, getpgrp() };
    CHECK_EQ(fcntl(fd, F_SETOWN_EX, &ex), 0);
    ex.type = 9;
    CHECK_EQ(fcntl(fd, F_GETOWN_EX, &ex), 0);
    CHECK_EQ(ex.type, F_OWNER_PGRP);
    CHECK_EQ(fcntl(fd, F_SETOWN, 0), 0);
    CHECK_EQ(fcntl(fd, F_GETOWN), 0);
    close(fd);
}

static void check_owner(int fd)
{
    int who = getpid();

    CHECK_OK(fd);
    CHECK_EQ(ioctl(fd, FIOSETOWN, &who), 0);
    CHECK_EQ(fcntl(fd, F_GETOWN), getpid());
    who = -getpgrp();
    CHECK_EQ(ioctl(fd, SIOCSPGRP, &who), 0);
    who = 0;
    CHECK_EQ(ioctl(fd, SIOCGPGRP, &who), 0);
    CHECK_EQ(who, -getpgrp());
    who = 1 << 21;
    CHECK_ERR(ioctl(fd, SIOCSPGRP, &who), ESRCH);
    CHECK_ERR(ioctl(fd, FIOSETOWN, bad_pointer()), EFAULT);
    CHECK_EQ(fcntl(fd, F_SETOWN, getpid()), 0);
    CHECK_EQ(ioctl(fd, FIOGETOWN, &who), 0);
    CHECK_EQ(who, getpid());
    close(fd);
}

TEST(owners_of_sockets_by_ioctl)
{
    int l = socket(AF_INET, SOCK_STREAM, 0), fds[2], who = 0;

    check_owner(socket(AF_UNIX, SOCK_STREAM, 0));
    check_owner(socket(AF_UNIX, SOCK_DGRAM, 0));
    check_owner(socket(AF_INET, SOCK_STREAM, 0));
    check_owner(socket(AF_INET6, SOCK_DGRAM, 0));
    CHECK_EQ(listen(l, 1), 0);
    check_owner(l);
    CHECK_EQ(pipe(fds), 0);
    CHECK_ERR(ioctl(fds[0], FIOGETOWN, &who), ENOTTY);
    close(fds[0]);
    close(fds[1]);
}
