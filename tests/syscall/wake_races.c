/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wake_races.c - no wake-up is lost: threads that hand one token to and fro by
 * pipes and eventfds, each way of waiting in turn, on several CPUs at once.
 *
 * A wake-up that came between a look and the sleep after it, and was lost,
 * leaves both sides asleep for ever.
 * covers: poll select epoll_wait
 * run: --cpus 3
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>

#define PAIRS  2
#define ROUNDS 400
#define STREAM 40 /* writes of a stream, each longer than a pipe holds */

enum way { WAY_READ, WAY_POLL, WAY_SELECT, WAY_LEVEL, WAY_EDGE, WAY_NESTED };

/* One end of a hand-over: where to wait, where to send. */
struct side {
    enum way way;
    int in, out;
    int watch, outer; /* epoll instances, for those ways */
    bool is_first;
};

static struct side sides[2 * PAIRS];
static pthread_t threads[2 * PAIRS];

static bool wait_epoll(int instance)
{
    struct epoll_event event;
    int n;

    do
        n = epoll_wait(instance, &event, 1, -1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

static bool wait_select(int fd)
{
    fd_set in;

    FD_ZERO(&in);
    FD_SET(fd, &in);
    return select(fd + 1, &in, NULL, NULL, NULL) == 1;
}

/* Ready, but for an edge that was about what has been read already. */
static bool wait_for(struct side *s)
{
    struct pollfd one = { .fd = s->in, .events = POLLIN };

    switch (s->way) {
    case WAY_READ:
        return true;
    case WAY_POLL:
        return poll(&one, 1, -1) == 1;
    case WAY_SELECT:
        return wait_select(s->in);
    case WAY_NESTED:
        return wait_epoll(s->outer);
    default:
        return wait_epoll(s->watch);
    }
}

static bool take(struct side *s)
{
    uint64_t token;
    ssize_t n;

    do {
        if (!wait_for(s))
            return false;
        n = read(s->in, &token, sizeof(token));
    } while (n < 0 && errno == EAGAIN);
    return n == sizeof(token) && token == 1;
}

static bool give(struct side *s)
{
    uint64_t token = 1;

    return write(s->out, &token, sizeof(token)) == sizeof(token);
}

static void *hand_over(void *arg)
{
    struct side *s = arg;

    for (int i = 0; i < ROUNDS; i++) {
        bool good = s->is_first ? give(s) && take(s) : take(s) && give(s);

        if (!good)
            return (void *)(long)(i + 1);
    }
    return NULL;
}

static int watch_of(int fd, uint32_t events)
{
    struct epoll_event event = { .events = events };
    int instance = epoll_create1(0);

    CHECK_OK(instance);
    CHECK_OK(epoll_ctl(instance, EPOLL_CTL_ADD, fd, &event));
    return instance;
}

static void side_init(struct side *s, enum way way, int in, int out)
{
    *s = (struct side){ .way = way, .in = in, .out = out };
    if (way != WAY_READ)
        CHECK_OK(fcntl(in, F_SETFL, O_NONBLOCK));
    if (way >= WAY_LEVEL)
        s->watch = watch_of(in, way == WAY_EDGE ? EPOLLIN | EPOLLET : EPOLLIN);
    if (way == WAY_NESTED)
        s->outer = watch_of(s->watch, EPOLLIN);
}

static void side_close(struct side *s)
{
    CHECK_OK(close(s->in));
    if (s->way >= WAY_LEVEL)
        CHECK_OK(close(s->watch));
    if (s->way == WAY_NESTED)
        CHECK_OK(close(s->outer));
}

static void run_threads(void *(*fn)(void *))
{
    void *failed;

    for (int i = 0; i < 2 * PAIRS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, fn, &sides[i]), 0);
    for (int i = 0; i < 2 * PAIRS; i++) {
        CHECK_EQ(pthread_join(threads[i], &failed), 0);
        CHECK_EQ((long)failed, 0);
    }
}

static void by_pipes(enum way way)
{
    for (int i = 0; i < PAIRS; i++) {
        int there[2], back[2];

        CHECK_OK(pipe(there));
        CHECK_OK(pipe(back));
        side_init(&sides[2 * i], way, back[0], there[1]);
        side_init(&sides[2 * i + 1], WAY_READ, there[0], back[1]);
        sides[2 * i].is_first = true;
    }
    run_threads(hand_over);
    for (int i = 0; i < 2 * PAIRS; i++) {
        side_close(&sides[i]);
        CHECK_OK(close(sides[i].out));
    }
}

static void by_eventfds(enum way way)
{
    for (int i = 0; i < PAIRS; i++) {
        int there = eventfd(0, 0), back = eventfd(0, 0);

        CHECK_OK(there);
        CHECK_OK(back);
        side_init(&sides[2 * i], way, back, there);
        side_init(&sides[2 * i + 1], WAY_READ, there, back);
        sides[2 * i].is_first = true;
    }
    run_threads(hand_over);
    for (int i = 0; i < 2 * PAIRS; i++)
        side_close(&sides[i]);
}

TEST(pipes_and_read)
{
    by_pipes(WAY_READ);
}

TEST(pipes_and_poll)
{
    by_pipes(WAY_POLL);
}

TEST(pipes_and_select)
{
    by_pipes(WAY_SELECT);
}

TEST(pipes_and_epoll)
{
    by_pipes(WAY_LEVEL);
}

TEST(pipes_and_edges)
{
    by_pipes(WAY_EDGE);
}

TEST(pipes_and_nested_epoll)
{
    by_pipes(WAY_NESTED);
}

TEST(eventfds_and_read)
{
    by_eventfds(WAY_READ);
}

TEST(eventfds_and_poll)
{
    by_eventfds(WAY_POLL);
}

TEST(eventfds_and_edges)
{
    by_eventfds(WAY_EDGE);
}

/* ---- more than a pipe holds, and pieces that must stay whole ---- */

#define LONG_LEN  100000
#define SHORT_LEN 3000 /* less than PIPE_BUF: whole or not at all */

static int stream[2];
static atomic_long stream_bytes;

static void *write_records(void *arg)
{
    long me = (struct side *)arg - sides;
    char record[SHORT_LEN];

    if (me == 0) { /* the reader */
        for (;;) {
            ssize_t n = read(stream[0], record, SHORT_LEN);

            if (n <= 0)
                return (void *)n;
            for (ssize_t i = 1; i < n; i++)
                if (record[i] != record[0])
                    return (void *)2;
            if (atomic_fetch_add(&stream_bytes, n) + n ==
                3l * STREAM * SHORT_LEN)
                return NULL;
        }
    }
    memset(record, 'a' + (int)me, sizeof(record));
    for (int i = 0; i < STREAM; i++)
        if (write(stream[1], record, SHORT_LEN) != SHORT_LEN)
            return (void *)1;
    return NULL;
}

TEST(small_writes_stay_whole)
{
    CHECK_OK(pipe(stream));
    atomic_store(&stream_bytes, 0);
    run_threads(write_records);
    close(stream[0]);
    close(stream[1]);
}

/* Memory that nobody has touched is written from and read to. */
static void *stream_bytes_through(void *arg)
{
    struct side *s = arg;
    long me = s - sides, sum = 0;
    char *buf = malloc(LONG_LEN);
    ssize_t n;

    if (!buf)
        return (void *)1;
    for (int i = 0; i < STREAM && me % 2; i++) {
        n = write(s->out, buf, LONG_LEN);
        if (n != LONG_LEN)
            return (void *)2;
    }
    while (me % 2 == 0 && sum < (long)STREAM * LONG_LEN) {
        free(buf);
        buf = malloc(LONG_LEN);
        n = buf ? read(s->in, buf, LONG_LEN) : -1;
        if (n <= 0)
            return (void *)3;
        sum += n;
    }
    free(buf);
    return NULL;
}

TEST(long_writes_arrive)
{
    for (int i = 0; i < PAIRS; i++) {
        int fds[2];

        CHECK_OK(pipe(fds));
        side_init(&sides[2 * i], WAY_READ, fds[0], -1);
        side_init(&sides[2 * i + 1], WAY_READ, -1, fds[1]);
    }
    run_threads(stream_bytes_through);
    for (int i = 0; i < PAIRS; i++) {
        close(sides[2 * i].in);
        close(sides[2 * i + 1].out);
    }
}

/* ---- two readers of one pipe that must not wait ---- */

static atomic_long taken;

static void *take_without_waiting(void *arg)
{
    long me = (struct side *)arg - sides;
    char buf[9000];

    if (me == 0) {
        memset(buf, 'n', sizeof(buf));
        for (int i = 0; i < STREAM; i++)
            if (write(stream[1], buf, sizeof(buf)) != sizeof(buf))
                return (void *)1;
        return NULL;
    }
    while (atomic_load(&taken) < STREAM * (long)sizeof(buf)) {
        struct pollfd one = { .fd = stream[0], .events = POLLIN };
        ssize_t n;

        if (poll(&one, 1, 10) < 0)
            return (void *)2;
        n = read(stream[0], buf, sizeof(buf));
        if (n < 0 && errno != EAGAIN)
            return (void *)3;
        atomic_fetch_add(&taken, n > 0 ? n : 0);
    }
    return NULL;
}

TEST(readers_share_what_there_is)
{
    int flags;

    CHECK_OK(pipe(stream));
    flags = fcntl(stream[0], F_GETFL);
    CHECK_OK(fcntl(stream[0], F_SETFL, flags | O_NONBLOCK));
    atomic_store(&taken, 0);
    run_threads(take_without_waiting);
    CHECK_EQ(atomic_load(&taken), STREAM * 9000l);
    close(stream[0]);
    close(stream[1]);
}
