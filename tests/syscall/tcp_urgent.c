/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_urgent.c - a byte out of band: MSG_OOB, SO_OOBINLINE, the mark, SIGURG.
 *
 * covers: sendto recvfrom ioctl poll fcntl
 */
#include "check.h"
#include "inet.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

static int number(int fd, unsigned long request)
{
    int n = -1;

    return ioctl(fd, request, &n) < 0 ? -errno : n;
}

#define AT_MARK 0x8905 /* SIOCATMARK */

TEST(a_byte_out_of_band)
{
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(number(fds[1], AT_MARK), 0);
    CHECK_ERR(recv(fds[1], buf, 1, MSG_OOB), EINVAL);
    CHECK_EQ(send(fds[0], "abc", 3, 0), 3);
    CHECK_EQ(send(fds[0], "dX", 2, MSG_OOB), 2);
    CHECK_EQ(send(fds[0], "ef", 2, 0), 2);
    CHECK_EQ(events_of(fds[1], POLLPRI, 10000), POLLPRI);
    while (number(fds[1], FIONREAD) < 4)
        usleep(1000);
    CHECK_EQ(number(fds[1], FIONREAD), 4);
    CHECK_EQ(number(fds[1], AT_MARK), 0);
    CHECK_EQ(recv(fds[1], buf, 1, MSG_OOB | MSG_PEEK), 1);
    CHECK_EQ(buf[0], 'X');
    /* Reading ends at the mark, though there is more. */
    CHECK_EQ(recv(fds[1], buf, sizeof(buf), MSG_PEEK), 4);
    CHECK_EQ(recv(fds[1], buf, sizeof(buf), 0), 4);
    CHECK(memcmp(buf, "abcd", 4) == 0);
    CHECK_EQ(number(fds[1], AT_MARK), 1);
    CHECK_EQ(recv(fds[1], buf, sizeof(buf), MSG_OOB), 1);
    CHECK_EQ(buf[0], 'X');
    CHECK_ERR(recv(fds[1], buf, 1, MSG_OOB), EINVAL);
    CHECK_EQ(events_of(fds[1], POLLPRI, 0), 0);
    CHECK_EQ(number(fds[1], AT_MARK), 1);
    CHECK_EQ(events_of(fds[1], POLLIN, 10000), POLLIN);
    while (recv(fds[1], buf, sizeof(buf), MSG_PEEK) < 2)
        usleep(1000);
    CHECK_EQ(recv(fds[1], buf, sizeof(buf), 0), 2);
    CHECK(memcmp(buf, "ef", 2) == 0);
    CHECK_EQ(number(fds[1], AT_MARK), 0);
    close_pair(fds);
}

/* A byte that nobody asked for is gone once reading has passed its place. */
TEST(a_byte_that_is_passed_over)
{
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(send(fds[0], "X", 1, MSG_OOB), 1);
    CHECK_EQ(events_of(fds[1], POLLPRI, 10000), POLLPRI);
    CHECK_EQ(events_of(fds[1], POLLIN | POLLPRI, 0), POLLPRI);
    CHECK_EQ(number(fds[1], FIONREAD), 0);
    CHECK_EQ(number(fds[1], AT_MARK), 1);
    CHECK_ERR(recv(fds[1], buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send(fds[0], "rest", 4, 0), 4);
    CHECK_EQ(events_of(fds[1], POLLIN, 10000), POLLIN);
    CHECK_EQ(recv(fds[1], buf, sizeof(buf), 0), 4);
    CHECK(memcmp(buf, "rest", 4) == 0);
    CHECK_ERR(recv(fds[1], buf, 1, MSG_OOB), EINVAL);
    close_pair(fds);
}

TEST(in_line)
{
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(
        setsockopt(fds[1], SOL_SOCKET, SO_OOBINLINE, &(int){ 1 }, sizeof(int)),
        0);
    CHECK_EQ(send(fds[0], "abX", 3, MSG_OOB), 3);
    CHECK_EQ(send(fds[0], "cd", 2, 0), 2);
    CHECK_EQ(events_of(fds[1], POLLPRI, 10000), POLLPRI);
    while (number(fds[1], FIONREAD) < 5)
        usleep(1000);
    CHECK_ERR(recv(fds[1], buf, 1, MSG_OOB), EINVAL);
    CHECK_EQ(recv(fds[1], buf, sizeof(buf), 0), 2);
    CHECK_EQ(number(fds[1], AT_MARK), 1);
    CHECK_EQ(recv(fds[1], buf, sizeof(buf), 0), 3);
    CHECK(memcmp(buf, "Xcd", 3) == 0);
    CHECK_EQ(number(fds[1], AT_MARK), 0);
    close_pair(fds);
}

/* Only the last one counts; the others become data. */
TEST(one_after_another)
{
    char buf[16];
    int fds[2];

    CHECK(make_pair(fds));
    CHECK_EQ(send(fds[0], "aX", 2, MSG_OOB), 2);
    CHECK_EQ(events_of(fds[1], POLLPRI, 10000), POLLPRI);
    CHECK_EQ(send(fds[0], "bY", 2, MSG_OOB), 2);
    while (number(fds[1], FIONREAD) < 3)
        usleep(1000);
    CHECK_EQ(recv(fds[1], buf, sizeof(buf), 0), 3);
    CHECK(memcmp(buf, "aXb", 3) == 0);
    CHECK_EQ(recv(fds[1], buf, 1, MSG_OOB), 1);
    CHECK_EQ(buf[0], 'Y');
    close_pair(fds);
}

static volatile sig_atomic_t urgent_count;

static void on_urgent(int signo)
{
    (void)signo;
    urgent_count++;
}

TEST(signal_and_epoll)
{
    struct epoll_event e = { .events = EPOLLPRI };
    int fds[2], ep = epoll_create1(0), owner = getpid();

    CHECK(make_pair(fds));
    signal(SIGURG, on_urgent);
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], &e), 0);
    CHECK_EQ(send(fds[0], "X", 1, MSG_OOB), 1);
    CHECK_EQ(epoll_wait(ep, &e, 1, 10000), 1);
    CHECK_EQ(e.events, EPOLLPRI);
    CHECK_EQ(urgent_count, 0); /* nobody owns it */
    CHECK_EQ(ioctl(fds[1], FIOSETOWN, &owner), 0);
    CHECK_EQ(number(fds[1], FIOGETOWN), getpid());
    CHECK_EQ(fcntl(fds[1], F_GETOWN), getpid());
    CHECK_EQ(send(fds[0], "Y", 1, MSG_OOB), 1);
    for (int i = 0; i < 1000 && !urgent_count; i++)
        usleep(10000);
    CHECK_EQ(urgent_count, 1);
    signal(SIGURG, SIG_DFL);
    close(ep);
    close_pair(fds);
}

TEST(datagrams_have_none)
{
    struct sockaddr_in a = loopback(9);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    char buf[4];

    CHECK_ERR(sendto(fd, "x", 1, MSG_OOB, (struct sockaddr *)&a, sizeof(a)),
              EOPNOTSUPP);
    CHECK_ERR(recv(fd, buf, 1, MSG_OOB | MSG_DONTWAIT), EAGAIN);
    close(fd);
}
