/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd_races.c - descriptors that are used by some threads while others close
 * them, put other files in their place and make the table grow.
 *
 * What a call finds is by chance, so each may fail in any way that fits a
 * descriptor of some kind; what it must not do is mix two files up, lose a
 * wake-up or touch what is gone. With one CPU it proves less.
 * covers: dup2 close
 * run: --cpus 3
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#define THREADS     4
#define ROUNDS      6000
#define FIRST_FD    100 /* descriptors that everybody works on */
#define FD_COUNT    6
#define GROW_MAX    1000
#define BLOCK_TIMES 300

static pthread_t threads[THREADS];

static void run_all(void *(*fn)(void *))
{
    void *failed;

    for (long i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, fn, (void *)i), 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], &failed), 0);
        CHECK_EQ((long)failed, 0);
    }
}

/* ---- a table that grows; first, since it never shrinks ---- */

static atomic_int growing;
static int grown_pipe[2];

static void *read_while_it_grows(void *arg)
{
    char c = 0;

    if ((long)arg == 0) {
        for (int fd = FIRST_FD; fd < GROW_MAX; fd += 7)
            if (dup2(grown_pipe[0], fd) != fd)
                return (void *)1;
        atomic_store(&growing, 0);
        return NULL;
    }
    while (atomic_load(&growing)) {
        if (write(grown_pipe[1], "g", 1) != 1 ||
            read(grown_pipe[0], &c, 1) != 1 || c != 'g')
            return (void *)2;
        if (read(GROW_MAX + 1, &c, 1) != -1 || errno != EBADF)
            return (void *)3;
    }
    return NULL;
}

TEST(a_table_grows_under_its_readers)
{
    struct rlimit limit = { 0, 0 };

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    if (limit.rlim_cur <= GROW_MAX)
        SKIP("too few descriptors allowed");
    CHECK_OK(pipe(grown_pipe));
    atomic_store(&growing, 1);
    run_all(read_while_it_grows);
    for (int fd = FIRST_FD; fd < GROW_MAX; fd += 7)
        CHECK_OK(close(fd));
    close(grown_pipe[0]);
    close(grown_pipe[1]);
}

/* ---- everything at once ---- */

enum kind { KIND_READER, KIND_WRITER, KIND_COUNTER, KIND_FILE, KIND_COUNT };

static int sources[KIND_COUNT];
static int watcher; /* an epoll instance */

struct dice {
    uint32_t state;
};

static uint32_t roll(struct dice *d, uint32_t below)
{
    d->state = d->state * 1664525u + 1013904223u;
    return (d->state >> 8) % below;
}

static bool is_foreseen(int error)
{
    switch (error) {
    case EBADF:
    case EAGAIN:
    case EBUSY: /* dup2() and open() at once, Linux says */
    case EEXIST:
    case EINVAL:
    case ENOENT:
    case EPERM:
    case ESPIPE:
        return true;
    default:
        return false;
    }
}

/* A pipe gives p, the file f; the counter, whose value is small, zeros behind
 * the first two bytes. */
static bool is_of_one_kind(const unsigned char *buf, ssize_t len)
{
    for (ssize_t i = 1; i < len && (buf[0] == 'p' || buf[0] == 'f'); i++)
        if (buf[i] != buf[0])
            return false;
    return buf[0] == 'p' || buf[0] == 'f' ||
           (len == 8 && !buf[4] && !buf[5] && !buf[6] && !buf[7]);
}

static bool try_read(int fd, bool positioned)
{
    unsigned char buf[48] = { 0 };
    ssize_t n = positioned ? pread(fd, buf, sizeof(buf), 3)
                           : read(fd, buf, sizeof(buf));

    return n > 0 ? is_of_one_kind(buf, n) : n == 0 || is_foreseen(errno);
}

/* Too short for a counter, which is told one more now and then. */
static bool try_write(int fd, struct dice *d)
{
    uint64_t one = 1;

    if (roll(d, 4) == 0)
        return write(sources[KIND_COUNTER], &one, 8) == 8 || is_foreseen(errno);
    return write(fd, "ppppppp", 1 + roll(d, 7)) > 0 || is_foreseen(errno);
}

static bool try_watch(int fd, struct dice *d)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.fd = fd };
    int op = 1 + (int)roll(d, 3);

    if (roll(d, 2))
        event.events |= EPOLLET;
    return epoll_ctl(watcher, op, fd, &event) == 0 || is_foreseen(errno);
}

static bool try_wait(int fd, struct dice *d)
{
    struct epoll_event events[4];
    struct pollfd one[2] = { { .fd = fd, .events = POLLIN },
                             { .fd = fd + 1, .events = POLLOUT } };

    if (roll(d, 2))
        return epoll_wait(watcher, events, 4, 0) >= 0;
    return poll(one, 2, 0) >= 0;
}

static bool try_change(int fd, struct dice *d)
{
    struct stat st;
    int copy;

    switch (roll(d, 4)) {
    case 0:
        return close(fd) == 0 || is_foreseen(errno);
    case 1:
        copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD + FD_COUNT);
        return copy >= 0 ? close(copy) == 0 : is_foreseen(errno);
    case 2:
        return fstat(fd, &st) == 0 || is_foreseen(errno);
    default:
        return dup2(sources[roll(d, KIND_COUNT)], fd) == fd ||
               is_foreseen(errno);
    }
}

static void *do_anything(void *arg)
{
    struct dice d = { 77 + 12345 * (uint32_t)(long)arg };

    for (int i = 0; i < ROUNDS; i++) {
        int fd = FIRST_FD + (int)roll(&d, FD_COUNT);
        bool good = true;

        switch (roll(&d, 6)) {
        case 0:
            good = try_read(fd, false);
            break;
        case 1:
            good = try_read(fd, true);
            break;
        case 2:
            good = try_write(fd, &d);
            break;
        case 3:
            good = try_watch(fd, &d);
            break;
        case 4:
            good = try_wait(fd, &d);
            break;
        default:
            good = try_change(fd, &d);
            break;
        }
        if (!good)
            return (void *)(long)(i + 1);
    }
    return NULL;
}

TEST(nothing_is_mixed_up)
{
    int fds[2];

    make_file("letters",
              "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
              "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    CHECK_OK(pipe2(fds, O_NONBLOCK));
    sources[KIND_READER] = fds[0];
    sources[KIND_WRITER] = fds[1];
    sources[KIND_COUNTER] = eventfd(1, EFD_NONBLOCK);
    sources[KIND_FILE] = open("letters", O_RDONLY);
    watcher = epoll_create1(0);
    CHECK_OK(sources[KIND_COUNTER]);
    CHECK_OK(sources[KIND_FILE]);
    CHECK_OK(watcher);
    run_all(do_anything);
    for (int i = 0; i < FD_COUNT; i++)
        close(FIRST_FD + i);
    for (int i = 0; i < KIND_COUNT; i++)
        CHECK_OK(close(sources[i]));
    close(watcher);
}

/* ---- the last reference is that of a call ---- */

static int lent[2];
static atomic_int is_reading;

static void *read_one(void *arg)
{
    char c[8];
    ssize_t n;

    (void)arg;
    atomic_store(&is_reading, 1);
    n = read(lent[0], c, sizeof(c));
    return (void *)(n > 0 || errno == EBADF ? 0l : 1l);
}

/* close() takes the descriptor away before, while or after the other thread
 * sleeps in the call; the other end finds out which. */
static void close_under_reader(void)
{
    uint64_t one = 1;
    void *failed = NULL;

    atomic_store(&is_reading, 0);
    CHECK_EQ(pthread_create(&threads[0], NULL, read_one, NULL), 0);
    while (!atomic_load(&is_reading))
        continue;
    CHECK_OK(close(lent[0]));
    if (write(lent[1], &one, sizeof(one)) < 0)
        CHECK_EQ(errno, EPIPE);
    CHECK_EQ(pthread_join(threads[0], &failed), 0);
    CHECK_EQ((long)failed, 0);
    CHECK_OK(close(lent[1]));
}

TEST(a_pipe_is_closed_under_its_reader)
{
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < BLOCK_TIMES; i++) {
        CHECK_OK(pipe(lent));
        close_under_reader();
    }
}

TEST(an_eventfd_is_closed_under_its_reader)
{
    for (int i = 0; i < BLOCK_TIMES; i++) {
        lent[0] = eventfd(0, 0);
        lent[1] = dup(lent[0]);
        close_under_reader();
    }
}
