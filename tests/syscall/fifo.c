/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fifo.c - FIFOs: who waits in open(2), hang-ups; pipes' sizes and packets.
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

#define MIB 1048576

static volatile int opened;

static void *opens(void *arg)
{
    int fd = open("f", (int)(intptr_t)arg);

    opened = fd >= 0 ? 1 : -errno;
    usleep(10000);
    if (fd >= 0)
        close(fd);
    return NULL;
}

static unsigned events_of(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

    CHECK_OK(poll(&p, 1, 0));
    return (unsigned)p.revents;
}

TEST(opening_waits_for_the_other_end)
{
    pthread_t id;
    int fd;

    CHECK_OK(mkfifo("f", 0600));
    opened = 0;
    pthread_create(&id, NULL, opens, (void *)O_RDONLY);
    usleep(20000);
    CHECK_EQ(opened, 0);
    fd = open("f", O_WRONLY);
    CHECK_OK(fd);
    pthread_join(id, NULL);
    CHECK_EQ(opened, 1);
    close(fd);
    opened = 0;
    pthread_create(&id, NULL, opens, (void *)O_WRONLY);
    usleep(20000);
    CHECK_EQ(opened, 0);
    fd = open("f", O_RDONLY);
    pthread_join(id, NULL);
    CHECK_EQ(opened, 1);
    close(fd);
}

TEST(opening_without_waiting)
{
    int r, w, both;
    char c;

    CHECK_ERR(open("f", O_WRONLY | O_NONBLOCK), ENXIO);
    r = open("f", O_RDONLY | O_NONBLOCK);
    CHECK_OK(r);
    CHECK_EQ(read(r, &c, 1), 0); /* nobody writes: the end */
    CHECK_EQ(events_of(r), 0);   /* but no hang-up yet */
    w = open("f", O_WRONLY | O_NONBLOCK);
    CHECK_OK(w);
    CHECK_ERR(read(r, &c, 1), EAGAIN);
    CHECK_EQ(write(w, "x", 1), 1);
    CHECK_EQ(events_of(r), POLLIN);
    close(w);
    CHECK_EQ(events_of(r), POLLIN | POLLHUP);
    CHECK_EQ(read(r, &c, 1), 1);
    CHECK_EQ(events_of(r), POLLHUP);
    w = open("f", O_RDONLY | O_NONBLOCK);
    CHECK_EQ(events_of(w), 0); /* it came after that */
    close(w);
    close(r);
    both = open("f", O_RDWR); /* never waits */
    CHECK_OK(both);
    CHECK_EQ(write(both, "ab", 2), 2);
    CHECK_EQ(read(both, &c, 1), 1);
    CHECK_EQ(events_of(both), POLLIN | POLLOUT);
    close(both);
    r = open("f", O_RDONLY | O_NONBLOCK);
    CHECK_EQ(read(r, &c, 1), 0); /* what was in it is gone */
    close(r);
}

static void on_signal(int signo)
{
    (void)signo;
}

TEST(a_signal_ends_the_wait)
{
    struct sigaction sa = { .sa_handler = on_signal };
    pthread_t id;

    CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
    opened = 0;
    pthread_create(&id, NULL, opens, (void *)O_RDONLY);
    while (!opened) {
        usleep(10000);
        pthread_kill(id, SIGUSR1);
    }
    pthread_join(id, NULL);
    CHECK_EQ(opened, -EINTR);
    CHECK_ERR(open("f", O_WRONLY | O_NONBLOCK), ENXIO);
    CHECK_OK(unlink("f"));
}

TEST(sizes)
{
    static char page[PAGE];
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_EQ(fcntl(p[0], F_GETPIPE_SZ), 65536);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 1), 4096);
    CHECK_EQ(fcntl(p[0], F_GETPIPE_SZ), 4096);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 0), 4096);
    CHECK_EQ(fcntl(p[0], F_SETPIPE_SZ, 4097), 8192);
    CHECK_EQ(fcntl(p[0], F_SETPIPE_SZ, 3 * 4096), 16384);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, MIB), MIB);
    CHECK_ERR(fcntl(p[1], F_SETPIPE_SZ, 0x80000001u), EINVAL);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 16384), 16384);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(write(p[1], page, PAGE), PAGE);
    CHECK_ERR(fcntl(p[1], F_SETPIPE_SZ, 8192), EBUSY);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 32768), 32768);
    CHECK_EQ(read(p[0], page, PAGE), PAGE);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 8192), 8192);
    CHECK_OK(fcntl(p[1], F_SETFL, O_NONBLOCK));
    CHECK_ERR(write(p[1], "x", 1), EAGAIN);
    close(p[0]);
    p[0] = open(".", O_RDONLY);
    CHECK_ERR(fcntl(p[0], F_GETPIPE_SZ), EBADF);
    close(p[0]);
    close(p[1]);
}

TEST(packets)
{
    static char buf[3 * PAGE];
    int p[2], n;

    CHECK_OK(pipe2(p, O_DIRECT | O_NONBLOCK));
    CHECK_EQ(fcntl(p[1], F_GETFL), O_WRONLY | O_DIRECT | O_NONBLOCK);
    CHECK_EQ(write(p[1], "one", 3), 3);
    CHECK_EQ(write(p[1], "two!", 4), 4);
    CHECK_OK(ioctl(p[0], FIONREAD, &n));
    CHECK_EQ(n, 7);
    CHECK_EQ(read(p[0], buf, 100), 3);
    CHECK_EQ(read(p[0], buf, 2), 2);
    CHECK_ERR(read(p[0], buf, 100), EAGAIN); /* the packet's rest is lost */
    CHECK_EQ(write(p[1], buf, 2 * PAGE + 1), 2 * PAGE + 1);
    CHECK_EQ(read(p[0], buf, sizeof(buf)), PAGE);
    CHECK_EQ(read(p[0], buf, sizeof(buf)), PAGE);
    CHECK_EQ(read(p[0], buf, sizeof(buf)), 1);
    for (n = 0; write(p[1], "x", 1) == 1; n++)
        continue;
    CHECK_EQ(n, 16); /* a page for each */
    close(p[0]);
    close(p[1]);
}

TEST(small_writes_are_whole_or_not_at_all)
{
    static char buf[65536];
    int p[2];

    CHECK_OK(pipe2(p, O_NONBLOCK));
    CHECK_EQ(write(p[1], buf, 65536 - 100), 65536 - 100);
    CHECK_ERR(write(p[1], buf, 101), EAGAIN);
    CHECK_EQ(write(p[1], buf, 100), 100);
    CHECK_ERR(write(p[1], buf, 1), EAGAIN);
    CHECK_EQ(read(p[0], buf, 65536), 65536);
    CHECK_EQ(write(p[1], buf, 61440), 61440);
    CHECK_EQ(write(p[1], buf, 8192), 4096); /* larger ones as far as it goes */
    close(p[0]);
    close(p[1]);
}
