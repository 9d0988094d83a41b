/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket.c - socket(2) and the options of a socket: what is made, what is
 * refused, what a fresh socket answers.
 *
 * covers: getsockopt setsockopt
 */
#include "check.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>

static const int kinds[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

static int option(int fd, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    CHECK_OK(getsockopt(fd, SOL_SOCKET, name, &value, &len));
    CHECK_EQ(len, sizeof(value));
    return value;
}

static int set(int fd, int name, int value)
{
    return setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

TEST(kinds_and_flags)
{
    for (int i = 0; i < 3; i++) {
        int fd = socket(AF_UNIX, kinds[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        CHECK_OK(fd);
        CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
        CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
        CHECK_EQ(option(fd, SO_TYPE), kinds[i]);
        CHECK_EQ(option(fd, SO_DOMAIN), AF_UNIX);
        CHECK_EQ(option(fd, SO_PROTOCOL), 0);
        CHECK_EQ(option(fd, SO_ACCEPTCONN), 0);
        close(fd);
        fd = socket(AF_UNIX, kinds[i], AF_UNIX);
        CHECK_EQ(fcntl(fd, F_GETFD), 0);
        CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR);
        close(fd);
    }
}

TEST(raw_is_a_datagram_socket)
{
    int fd = socket(AF_UNIX, SOCK_RAW, 0);

    CHECK_EQ(option(fd, SO_TYPE), SOCK_DGRAM);
    close(fd);
}

TEST(what_cannot_be_made)
{
    CHECK_ERR(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
    CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 6), EPROTONOSUPPORT);
    CHECK_ERR(socket(AF_UNIX, 11, 0), EINVAL);
    CHECK_ERR(socket(AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL);
    CHECK_ERR(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERR(socket(46, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERR(socket(12, SOCK_STREAM, 0), EAFNOSUPPORT);
}

TEST(a_fresh_socket)
{
    static const short all = POLLIN | POLLOUT | POLLRDHUP;
    struct pollfd p = { .events = all };
    struct stat st;
    char c, text[64] = "", want[64];

    for (int i = 0; i < 3; i++) {
        p.fd = socket(AF_UNIX, kinds[i], 0);
        CHECK_EQ(poll(&p, 1, 0), 1);
        CHECK_EQ(p.revents,
                 kinds[i] == SOCK_DGRAM ? POLLOUT : POLLOUT | POLLHUP);
        CHECK_ERR(send(p.fd, "x", 1, 0), ENOTCONN);
        CHECK_ERR(recv(p.fd, &c, 1, MSG_DONTWAIT),
                  kinds[i] == SOCK_STREAM  ? EINVAL
                  : kinds[i] == SOCK_DGRAM ? EAGAIN
                                           : ENOTCONN);
        CHECK_ERR(lseek(p.fd, 0, SEEK_SET), ESPIPE);
        CHECK_ERR(pread(p.fd, &c, 1, 0), ESPIPE);
        CHECK_ERR(pwrite(p.fd, &c, 1, 0), ESPIPE);
        CHECK_ERR(fsync(p.fd), EINVAL);
        CHECK_ERR(ftruncate(p.fd, 0), EINVAL);
        CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, p.fd, 0) == MAP_FAILED);
        CHECK_EQ(errno, ENODEV);
        CHECK_OK(fstat(p.fd, &st));
        CHECK_EQ(st.st_mode, S_IFSOCK | 0777);
        CHECK_EQ(st.st_size, 0);
        CHECK_EQ(st.st_nlink, 1);
        snprintf(text, sizeof(text), "/proc/self/fd/%d", p.fd);
        snprintf(want, sizeof(want), "socket:[%lu]", (long)st.st_ino);
        memset(text + 32, 0, 32);
        CHECK(readlink(text, text + 32, 31) > 0);
        CHECK_STR(text + 32, want);
        CHECK_ERR(open(text, O_RDWR), ENXIO);
        close(p.fd);
    }
}

TEST(attributes)
{
    struct sockaddr_un a = { AF_UNIX, "private" };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct timespec times[2] = { { 1000, 5 }, { 2000, 7 } };
    struct flock lock = { .l_type = F_WRLCK };
    struct statfs fs;
    struct stat st;

    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_uid, geteuid());
    CHECK_EQ(st.st_gid, getegid());
    CHECK_OK(fchmod(fd, 0600));
    CHECK_OK(futimens(fd, times));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode, S_IFSOCK | 0600);
    CHECK_EQ(st.st_mtim.tv_sec, 2000);
    CHECK_OK(fstatfs(fd, &fs));
    CHECK_EQ(fs.f_type, 0x534f434b);
    CHECK_OK(flock(fd, LOCK_EX | LOCK_NB));
    CHECK_OK(fcntl(fd, F_SETLK, &lock));
    CHECK_OK(bind(fd, (void *)&a, sizeof(a))); /* with the mode it has */
    CHECK_OK(stat("private", &st));
    CHECK_EQ(st.st_mode, S_IFSOCK | 0600);
    close(fd);
}

TEST(nothing_but_sockets)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    socklen_t len = sizeof(a);
    int fd = open("/dev/null", O_RDWR), value = 0, p[2];
    char c;

    CHECK_ERR(bind(fd, (void *)&a, 3), ENOTSOCK);
    CHECK_ERR(connect(fd, (void *)&a, 3), ENOTSOCK);
    CHECK_ERR(listen(fd, 1), ENOTSOCK);
    CHECK_ERR(accept(fd, NULL, NULL), ENOTSOCK);
    CHECK_ERR(getsockname(fd, (void *)&a, &len), ENOTSOCK);
    CHECK_ERR(getpeername(fd, (void *)&a, &len), ENOTSOCK);
    CHECK_ERR(send(fd, "x", 1, 0), ENOTSOCK);
    CHECK_ERR(recv(fd, &c, 1, 0), ENOTSOCK);
    CHECK_ERR(shutdown(fd, SHUT_RD), ENOTSOCK);
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_DEBUG, &value, 4), ENOTSOCK);
    len = 4;
    CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_DEBUG, &value, &len), ENOTSOCK);
    close(fd);
    CHECK_ERR(send(fd, "x", 1, 0), EBADF);
    CHECK_ERR(accept(fd, NULL, NULL), EBADF);
    CHECK_OK(pipe(p));
    CHECK_ERR(send(p[1], "x", 1, 0), ENOTSOCK);
    close(p[0]);
    close(p[1]);
    fd = open(".", O_PATH);
    CHECK_ERR(send(fd, "x", 1, 0), EBADF);
    close(fd);
}

TEST(switches)
{
    static const int names[] = { SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST,
                                 SO_DONTROUTE, SO_OOBINLINE, SO_PASSCRED };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        CHECK_EQ(option(fd, names[i]), 0);
        CHECK_OK(set(fd, names[i], 7));
        CHECK_EQ(option(fd, names[i]), 1);
        CHECK_OK(set(fd, names[i], 0));
        CHECK_EQ(option(fd, names[i]), 0);
    }
    close(fd);
}

TEST(numbers)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    CHECK_EQ(option(fd, SO_ERROR), 0);
    CHECK_ERR(set(fd, SO_ERROR, 1), ENOPROTOOPT);
    CHECK_ERR(set(fd, SO_TYPE, 1), ENOPROTOOPT);
    CHECK_ERR(set(fd, SO_DOMAIN, 1), ENOPROTOOPT);
    CHECK_ERR(set(fd, SO_ACCEPTCONN, 1), ENOPROTOOPT);
    CHECK_EQ(option(fd, SO_RCVLOWAT), 1);
    CHECK_OK(set(fd, SO_RCVLOWAT, 5));
    CHECK_EQ(option(fd, SO_RCVLOWAT), 5);
    CHECK_OK(set(fd, SO_RCVLOWAT, 0));
    CHECK_EQ(option(fd, SO_RCVLOWAT), 1);
    CHECK_EQ(option(fd, SO_SNDLOWAT), 1);
    CHECK_OK(set(fd, SO_PRIORITY, 6));
    CHECK_EQ(option(fd, SO_PRIORITY), 6);
    CHECK_OK(set(fd, SO_SNDBUF, 10000));
    CHECK_EQ(option(fd, SO_SNDBUF), 20000);
    CHECK_OK(set(fd, SO_SNDBUF, 0));
    CHECK_EQ(option(fd, SO_SNDBUF), 4608);
    CHECK_OK(set(fd, SO_RCVBUF, 1));
    CHECK_EQ(option(fd, SO_RCVBUF), 2304);
    CHECK_OK(set(fd, SO_RCVBUF, 50000));
    CHECK_EQ(option(fd, SO_RCVBUF), 100000);
    close(fd);
}

TEST(linger_and_time_limits)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct linger linger = { 1, 30 }, got = { 0 };
    struct timeval t = { 2, 500000 }, back = { 0 };
    socklen_t len = sizeof(got);

    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &len));
    CHECK_EQ(got.l_onoff, 1);
    CHECK_EQ(got.l_linger, 30);
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4), EINVAL);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
    len = sizeof(back);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &back, &len));
    CHECK_EQ(len, sizeof(back));
    CHECK_EQ(back.tv_sec, 2);
    CHECK_EQ(back.tv_usec, 500000);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &back, &len));
    CHECK_EQ(back.tv_sec, 0);
    CHECK_EQ(back.tv_usec, 0);
    t.tv_usec = 1000000;
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), EDOM);
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, 8), EINVAL);
    close(fd);
}

TEST(who_is_the_peer)
{
    struct ucred cred = { 1, 2, 3 };
    socklen_t len = sizeof(cred);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), two[2];

    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len));
    CHECK_EQ(len, 12);
    CHECK_EQ(cred.pid, 0);
    CHECK_EQ(cred.uid, (uid_t)-1);
    CHECK_EQ(cred.gid, (gid_t)-1);
    CHECK_ERR(set(fd, SO_PEERCRED, 0), ENOPROTOOPT);
    CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &cred, &len), ENODATA);
    close(fd);
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, two));
    CHECK_OK(getsockopt(two[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
    CHECK_EQ(cred.pid, getpid());
    CHECK_EQ(cred.uid, getuid());
    CHECK_EQ(cred.gid, getgid());
    len = 4; /* as much as fits */
    CHECK_OK(getsockopt(two[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
    CHECK_EQ(len, 4);
    close(two[0]);
    close(two[1]);
}

TEST(bad_options)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), value = 1;
    socklen_t len = sizeof(value);
    char byte = 77;

    CHECK_ERR(setsockopt(fd, SOL_SOCKET, 999, &value, 4), ENOPROTOOPT);
    CHECK_ERR(getsockopt(fd, SOL_SOCKET, 999, &value, &len), ENOPROTOOPT);
    CHECK_ERR(setsockopt(fd, 6, 1, &value, 4), EOPNOTSUPP);
    CHECK_ERR(getsockopt(fd, 6, 1, &value, &len), EOPNOTSUPP);
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, 3), EINVAL);
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, -1), EINVAL);
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, bad_pointer(), 4),
              EFAULT);
    CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_TYPE, bad_pointer(), &len), EFAULT);
    CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, bad_pointer()),
              EFAULT);
    len = -1;
    CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len), EINVAL);
    len = 1;
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &byte, &len));
    CHECK_EQ(len, 1);
    CHECK_EQ(byte, SOCK_STREAM);
    close(fd);
}
