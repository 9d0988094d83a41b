/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp_events.c - threads on several CPUs wait by poll, select and epoll for
 * what others make ready, on instances that they share, while watches and the
 * files under them come, change and go.
 *
 * Method: what is put into pipes, eventfds, timerfds and local sockets is
 * counted, and whoever takes it out may only do so after it was told of it, so
 * that an event that is lost ends the test by its time-out. What closes must be
 * told of no more, and what is told has the number of an open file's watch.
 * covers: epoll_create1 epoll_ctl epoll_wait epoll_pwait poll ppoll select
 * covers: eventfd2 pipe2 socketpair timerfd_create dup2
 * run: --cpus 8 -m 64M
 */
#include "smp.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#define SOURCES 6
#define GIVEN   1500u /* to each source */
#define TAKERS  3
#define CLOSES  600
#define TURNS   4000
#define TICKS   40

static int ep, in[SOURCES], out[SOURCES]; /* to read, to write */
static atomic_uint taken, gone;
static atomic_bool is_over;

static void watch(int in_ep, int op, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event e = { .events = events, .data.u64 = data };

    CHECK_OK(epoll_ctl(in_ep, op, fd, &e));
}

/* Two pipes, an eventfd and three local sockets. */
static void open_sources(void)
{
    static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
    int fds[2];

    for (int i = 0; i < SOURCES; i++) {
        if (i < 2) {
            CHECK_OK(pipe2(fds, O_NONBLOCK));
        } else if (i == 2) {
            fds[0] = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
            fds[1] = dup(fds[0]);
            CHECK_OK(fds[1]);
        } else {
            CHECK_OK(socketpair(AF_UNIX, types[i - 3] | SOCK_NONBLOCK, 0, fds));
        }
        in[i] = fds[0];
        out[i] = fds[1];
    }
    atomic_store(&taken, 0);
    atomic_store(&is_over, false);
}

static void close_sources(void)
{
    for (int i = 0; i < SOURCES; i++) {
        CHECK_OK(close(in[i]));
        CHECK_OK(close(out[i]));
    }
}

/* One piece; 0: there is no room. */
static int give_to(int i)
{
    uint64_t one = 1;
    ssize_t n = write(out[i], &one, i == 2 ? sizeof(one) : 1);

    return n > 0 ? 1 : errno == EAGAIN ? 0 : -1;
}

static int take_from(int i)
{
    uint64_t one;
    ssize_t n = read(in[i], &one, i == 2 ? sizeof(one) : 1);

    if (n > 0)
        atomic_fetch_add(&taken, 1);
    return n > 0 ? 1 : errno == EAGAIN ? 0 : -1;
}

/* Each to its own source, which it waits for when it is full. */
static void *give(void *arg)
{
    int i = (int)(long)arg;

    for (unsigned n = 0; n < GIVEN;) {
        struct pollfd p = { .fd = out[i], .events = POLLOUT };
        int given = give_to(i);

        if (given < 0)
            return fail("write");
        n += (unsigned)given;
        if (!given && poll(&p, 1, -1) != 1)
            return fail("poll for room");
    }
    return NULL;
}

static bool all_taken(void)
{
    return atomic_load(&taken) == SOURCES * GIVEN;
}

/* ---- many who wait for many ---- */

/* Until all is taken: so who takes the last must wake the others. */
static void done(void)
{
    uint64_t one = 1;

    if (all_taken() && write(atomic_load(&gone) ? (int)gone : -1, &one, 8) != 8)
        abort();
}

static void *take_by_epoll(void *arg)
{
    uint32_t how = (uint32_t)(long)arg;
    /* Memory that was not touched yet, over the end of a page. */
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct epoll_event *got = (void *)(pages + PAGE - 20);

    while (!all_taken()) {
        int n = epoll_wait(ep, got, SOURCES, 60000);

        if (n <= 0)
            return fail("epoll_wait");
        for (int k = 0; k < n; k++) {
            int i = (int)got[k].data.u64, more;

            if (i == SOURCES)
                continue; /* all is taken */
            if (i < 0 || i > SOURCES || !(got[k].events & EPOLLIN))
                return fail("an event that nobody asked for");
            do {
                more = take_from(i);
                if (more < 0)
                    return fail("read");
            } while (more && how & EPOLLET);
            if (how & EPOLLONESHOT)
                watch(ep, EPOLL_CTL_MOD, in[i], EPOLLIN | how, (uint64_t)i);
            done();
        }
    }
    munmap(pages, 2 * PAGE);
    return NULL;
}

static void give_and_take(void *(*take)(void *), long arg)
{
    pthread_t givers[SOURCES], takers[TAKERS];

    for (int i = 0; i < TAKERS; i++)
        start(&takers[i], take, arg);
    for (int i = 0; i < SOURCES; i++)
        start(&givers[i], give, i);
    for (int i = 0; i < SOURCES; i++)
        join(givers[i]);
    for (int i = 0; i < TAKERS; i++)
        join(takers[i]);
    CHECK_EQ(taken, SOURCES * GIVEN);
}

/* is_nested: another instance watches theirs. */
static void share(uint32_t how, bool is_nested)
{
    int end = eventfd(0, EFD_NONBLOCK);
    int inner = -1;

    open_sources();
    atomic_store(&gone, (unsigned)end);
    ep = epoll_create1(0);
    CHECK_OK(ep);
    for (int i = 0; i < SOURCES; i++)
        watch(ep, EPOLL_CTL_ADD, in[i], EPOLLIN | how, (uint64_t)i);
    watch(ep, EPOLL_CTL_ADD, end, EPOLLIN, SOURCES);
    if (is_nested) {
        inner = epoll_create1(0);
        watch(inner, EPOLL_CTL_ADD, ep, EPOLLIN, 0);
    }
    give_and_take(take_by_epoll, how);
    CHECK_OK(close(ep));
    if (is_nested)
        CHECK_OK(close(inner));
    close_sources();
    close(end);
}

TEST(threads_share_an_instance)
{
    share(0, false);
}

TEST(threads_share_an_instance_of_edges)
{
    share(EPOLLET, false);
}

TEST(threads_share_an_instance_of_single_shots)
{
    share(EPOLLONESHOT, false);
    share(EPOLLONESHOT | EPOLLET, false);
}

TEST(threads_share_an_instance_that_another_watches)
{
    share(0, true);
    share(EPOLLET, true);
}

static void *take_by_poll(void *arg)
{
    sigset_t none;

    (void)arg;
    sigemptyset(&none);
    for (unsigned turn = 0; !all_taken(); turn++) {
        struct timespec soon = { 60, 0 };
        struct pollfd p[SOURCES + 1];
        int n;

        for (int i = 0; i < SOURCES; i++)
            p[i] = (struct pollfd){ .fd = in[i], .events = POLLIN };
        p[SOURCES] = (struct pollfd){ .fd = (int)gone, .events = POLLIN };
        n = turn % 2 ? poll(p, SOURCES + 1, 60000)
                     : ppoll(p, SOURCES + 1, &soon, &none);
        if (n <= 0)
            return fail("poll");
        for (int i = 0; i < SOURCES; i++)
            if (p[i].revents & POLLIN && take_from(i) < 0)
                return fail("read");
        done();
    }
    return NULL;
}

static void *take_by_select(void *arg)
{
    (void)arg;
    while (!all_taken()) {
        struct timeval soon = { 60, 0 };
        fd_set set;

        FD_ZERO(&set);
        FD_SET((int)gone, &set);
        for (int i = 0; i < SOURCES; i++)
            FD_SET(in[i], &set);
        if (select(FD_SETSIZE, &set, NULL, NULL, &soon) <= 0)
            return fail("select");
        for (int i = 0; i < SOURCES; i++)
            if (FD_ISSET(in[i], &set) && take_from(i) < 0)
                return fail("read");
        done();
    }
    return NULL;
}

TEST(threads_poll_the_same_files)
{
    int end = eventfd(0, EFD_NONBLOCK);

    atomic_store(&gone, (unsigned)end);
    open_sources();
    give_and_take(take_by_poll, 0);
    close_sources();
    open_sources();
    give_and_take(take_by_select, 0);
    close_sources();
    close(end);
}

/* ---- what comes and goes ---- */

/* A file of some kind, ready to be read from. */
static int open_ready(unsigned kind, int *other)
{
    struct itimerspec at_once = { .it_value.tv_nsec = 1 };
    int fds[2];

    *other = -1;
    switch (kind % 4) {
    case 0:
        return eventfd(1, EFD_NONBLOCK);
    case 1:
        fds[0] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        if (timerfd_settime(fds[0], 0, &at_once, NULL) != 0)
            return -1;
        return fds[0];
    case 2:
        if (pipe2(fds, O_NONBLOCK) != 0 || write(fds[1], "x", 1) != 1)
            return -1;
        break;
    default:
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 ||
            write(fds[1], "x", 1) != 1)
            return -1;
    }
    *other = fds[1];
    return fds[0];
}

/* Watched, changed, and closed with its watch or after it. */
static void *come_and_go(void *arg)
{
    unsigned who = (unsigned)(long)arg;

    for (unsigned i = 0; i < CLOSES; i++) {
        struct epoll_event e = { .events = EPOLLIN | (i % 2 ? EPOLLET : 0) };
        int other, fd = open_ready(i + who, &other);

        if (fd < 0)
            return fail("open");
        e.data.fd = fd;
        if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) != 0)
            return fail("EPOLL_CTL_ADD");
        e.events |= EPOLLOUT;
        if (i % 3 == 0 && epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e) != 0)
            return fail("EPOLL_CTL_MOD");
        if (i % 5 == 0 && epoll_ctl(ep, EPOLL_CTL_DEL, fd, &e) != 0)
            return fail("EPOLL_CTL_DEL");
        if (i % 7 == 0 && dup2(in[0], fd) != fd)
            return fail("dup2");
        if (other >= 0 && i % 2 && close(other) != 0)
            return fail("close");
        if (close(fd) != 0)
            return fail("close");
        if (other >= 0 && i % 2 == 0 && close(other) != 0)
            return fail("close");
    }
    return NULL;
}

/* Whatever is told was watched: its number is a descriptor's. */
static void *look_on(void *arg)
{
    struct epoll_event got[8];

    while (!atomic_load(&is_over)) {
        int n =
            arg ? epoll_wait(ep, got, 8, 1) : epoll_pwait(ep, got, 8, 0, NULL);

        if (n < 0)
            return fail("epoll_wait");
        for (int k = 0; k < n; k++)
            if (!got[k].events || got[k].data.u64 > 1000)
                return fail("what was told");
    }
    return NULL;
}

/* From outside: by poll of the instance, and of a descriptor that may go. */
static void *look_outside(void *arg)
{
    unsigned fd = 0;

    (void)arg;
    while (!atomic_load(&is_over)) {
        struct pollfd p[2] = { { .fd = ep, .events = POLLIN } };

        fd = (fd + 1) % 64;
        p[1] = (struct pollfd){ .fd = (int)fd, .events = POLLPRI };
        if (poll(p, 2, 0) < 0)
            return fail("poll");
    }
    return NULL;
}

TEST(files_come_and_go_under_watches)
{
    pthread_t goers[3], lookers[3];
    struct epoll_event got;

    open_sources();
    ep = epoll_create1(0);
    start(&lookers[0], look_on, 0);
    start(&lookers[1], look_on, 1);
    start(&lookers[2], look_outside, 0);
    for (int i = 0; i < 3; i++)
        start(&goers[i], come_and_go, i);
    for (int i = 0; i < 3; i++)
        join(goers[i]);
    atomic_store(&is_over, true);
    for (int i = 0; i < 3; i++)
        join(lookers[i]);
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0); /* nothing is left */
    CHECK_OK(close(ep));
    close_sources();
}

/* Two instances watch the same file, and one another's, and go. */
static void *instances_go(void *arg)
{
    bool is_nested = arg;

    for (int i = 0; i < CLOSES; i++) {
        struct epoll_event e = { .events = EPOLLIN }, got;
        int one = epoll_create1(0), two = epoll_create1(0), ready;

        if (one < 0 || two < 0 || epoll_ctl(one, EPOLL_CTL_ADD, in[0], &e) ||
            epoll_ctl(two, EPOLL_CTL_ADD, is_nested ? one : in[0], &e))
            return fail("EPOLL_CTL_ADD");
        ready = epoll_wait(two, &got, 1, 0);
        if (ready < 0 || (ready == 0 && atomic_load(&taken)))
            return fail("epoll_wait");
        if (close(i % 2 ? one : two) || close(i % 2 ? two : one))
            return fail("close");
    }
    return NULL;
}

static void *write_and_read(void *arg)
{
    char c;

    (void)arg;
    while (!atomic_load(&is_over))
        if (write(out[0], "x", 1) != 1 || read(in[0], &c, 1) != 1)
            return fail("the pipe");
    return NULL;
}

TEST(instances_come_and_go_over_files)
{
    pthread_t goers[3], writer;

    open_sources();
    start(&writer, write_and_read, 0);
    for (int i = 0; i < 3; i++)
        start(&goers[i], instances_go, i);
    for (int i = 0; i < 3; i++)
        join(goers[i]);
    atomic_store(&is_over, true);
    join(writer);
    /* Something is always there: it is always told. */
    CHECK_EQ(write(out[0], "x", 1), 1);
    atomic_store(&taken, 1);
    for (int i = 0; i < 3; i++)
        start(&goers[i], instances_go, i);
    for (int i = 0; i < 3; i++)
        join(goers[i]);
    close_sources();
}

/* A level that does not change is told each time, to each thread. */
static void *always_ready(void *arg)
{
    struct epoll_event got;

    (void)arg;
    for (int i = 0; i < TURNS; i++) {
        struct pollfd p = { .fd = ep, .events = POLLIN };

        if (epoll_wait(ep, &got, 1, 0) != 1)
            return fail("epoll_wait without waiting");
        if (i % 4 == 0 && poll(&p, 1, 0) != 1)
            return fail("poll of the instance");
    }
    return NULL;
}

TEST(what_is_ready_is_told_to_every_thread)
{
    pthread_t threads[3];
    int fd = eventfd(1, 0);

    ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN, 0);
    for (int i = 0; i < 3; i++)
        start(&threads[i], always_ready, 0);
    for (int i = 0; i < 3; i++)
        join(threads[i]);
    close(fd);
    close(ep);
}

/* ---- time ---- */

/* Threads with deadlines on one instance: each wait ends. */
static void *wait_often(void *arg)
{
    struct epoll_event got;

    for (int i = 0; i < TICKS; i++) {
        int n = epoll_wait(ep, &got, 1, 1 + (i + (int)(long)arg) % 3);

        if (n < 0)
            return fail("epoll_wait");
    }
    return NULL;
}

static void *tick(void *arg)
{
    struct itimerspec each = { { 0, 700000 }, { 0, 300000 } };
    uint64_t ticks, sum = 0;
    int fd = (int)(long)arg;

    while (sum < TICKS) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (timerfd_settime(fd, 0, &each, NULL) != 0)
            return fail("timerfd_settime");
        if (poll(&p, 1, 60000) != 1)
            return fail("poll of a timer");
        if (read(fd, &ticks, sizeof(ticks)) == sizeof(ticks))
            sum += ticks;
        else if (errno != EAGAIN)
            return fail("read");
    }
    return NULL;
}

TEST(waits_end_at_their_deadlines)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    pthread_t waiters[3], tickers[2];

    ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, 0);
    for (int i = 0; i < 3; i++)
        start(&waiters[i], wait_often, i);
    for (int i = 0; i < 2; i++)
        start(&tickers[i], tick, fd);
    for (int i = 0; i < 3; i++)
        join(waiters[i]);
    for (int i = 0; i < 2; i++)
        join(tickers[i]);
    close(fd);
    close(ep);
}
