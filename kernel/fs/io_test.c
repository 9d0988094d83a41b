/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io_test.c - pipes, FIFOs, eventfd, timerfd, poll and epoll on their own.
 *
 * Method: one thread plays both ends; what the other end does while the first
 * one sleeps is a function that the fake sleep calls. Every byte of a pipe is
 * compared, and at the end of each test no page may be left.
 */
/* unit-flags: -ffreestanding */
/* unit: kernel/fs/epoll.c kernel/fs/epoll_watch.c kernel/fs/eventfd.c
 * kernel/fs/pipe.c kernel/fs/pipe_file.c kernel/fs/pipe_io.c kernel/fs/poll.c
 * kernel/fs/timerfd.c */
#include "fs/io_fakes.h"

#include <asm/ioctls.h>
#include <linux/fcntl.h>

#include "fs/poll.h"
#include "tests/unit.h"

#define PIPE_LEN                (16 * PAGE_SIZE)
#define PIPE_ATOMIC_LEN         4096u
#define EFD_SEMAPHORE           1u
#define TFD_TIMER_ABSTIME       1
#define TFD_TIMER_CANCEL_ON_SET 2
#ifndef CLOCK_MONOTONIC
#define CLOCK_REALTIME  0
#define CLOCK_MONOTONIC 1
#endif

static struct file *ends[2];
static struct timer *armed;

void timer_init(struct timer *t, void (*expired)(struct timer *t))
{
    *t = (struct timer){ .expired = expired };
}

void timer_arm(struct timer *t, uint64_t deadline_ns)
{
    t->deadline_ns = deadline_ns;
    t->queue = (struct timer_queue *)(void *)t;
    armed = t;
}

void timer_cancel(struct timer *t)
{
    if (armed == t)
        armed = NULL;
    t->queue = NULL;
}

static void timer_expires(void)
{
    struct timer *t = armed;

    fake_mono_ns = t->deadline_ns;
    timer_cancel(t);
    t->expired(t);
}

static unsigned pipe_bytes(void)
{
    uint32_t len = 0;

    CHECK_EQ(ends[0]->ops->ioctl(ends[0], FIONREAD, (uaddr_t)&len), 0);
    return len;
}

static long pipe_size(unsigned cmd, unsigned long arg)
{
    return ends[0]->ops->fcntl(ends[0], cmd, arg);
}

static ssize_t take_io(struct io *io)
{
    return ends[0]->ops->read(ends[0], io, &ends[0]->pos);
}

static void start(unsigned flags)
{
    thread_current_ptr = &fake_thread;
    REQUIRE(pipe_create(flags, ends) == 0);
}

static void close_pipe(void)
{
    file_put(ends[0]);
    file_put(ends[1]);
    CHECK_EQ(fake_pages_used, 0);
}

/* As read() and write() do it: the quick way, if there is one. */
static ssize_t give(const void *src, size_t len)
{
    ssize_t n = -EAGAIN;

    if (len <= PAGE_SIZE)
        n = ends[1]->ops->write_plain(ends[1], (uaddr_t)src, len);
    return n < 0 ? file_give(ends[1], src, len) : n;
}

static ssize_t take(void *dst, size_t len)
{
    ssize_t n = -EAGAIN;

    if (len <= PAGE_SIZE)
        n = ends[0]->ops->read_plain(ends[0], (uaddr_t)dst, len);
    return n < 0 ? file_take(ends[0], dst, len) : n;
}

TEST(bytes_come_out_as_they_went_in)
{
    uint8_t in[10000], out[10000];
    unsigned state = 1, given = 0, taken = 0;

    start(O_NONBLOCK);
    for (unsigned step = 0; step < 20000; step++) {
        uint8_t buf[10000];
        size_t len;
        ssize_t n;

        state = state * 1103515245 + 12345;
        len = 1 + (state >> 8) % sizeof(in);
        if (state >> 30 & 1) {
            for (size_t i = 0; i < len; i++)
                in[i] = (uint8_t)((given + i) * 7);
            n = give(in, len);
            CHECK(n == -EAGAIN || (n > 0 && n <= (ssize_t)len));
            if (len <= PIPE_ATOMIC_LEN)
                CHECK(n == -EAGAIN || n == (ssize_t)len);
            given += n > 0 ? (unsigned)n : 0;
        } else {
            n = take(out, len);
            CHECK(n == -EAGAIN || (n > 0 && n <= (ssize_t)len));
            CHECK(n != -EAGAIN || given == taken);
            for (ssize_t i = 0; i < n; i++)
                buf[i] = (uint8_t)((taken + (unsigned)i) * 7);
            if (n > 0)
                CHECK_MEM_EQ(out, buf, (size_t)n);
            taken += n > 0 ? (unsigned)n : 0;
        }
        CHECK_EQ(pipe_bytes(), given - taken);
    }
    close_pipe();
}

TEST(it_holds_64_kib_and_small_writes_are_whole)
{
    static uint8_t big[PIPE_LEN + 1];

    start(O_NONBLOCK);
    CHECK_EQ(file_give(ends[1], big, sizeof(big)), PIPE_LEN);
    CHECK_EQ(file_give(ends[1], big, 1), -EAGAIN);
    CHECK_EQ(file_poll(ends[1], NULL), 0);
    CHECK_EQ(file_take(ends[0], big, 100), 100);
    CHECK_EQ(file_give(ends[1], big, 4096), -EAGAIN);
    CHECK_EQ(file_take(ends[0], big, 4096), 4096);
    CHECK_EQ(file_give(ends[1], big, 4096), 4096);
    close_pipe();
}

static uint8_t drained[4096];

static void drain_some(void)
{
    CHECK_EQ(file_take(ends[0], drained, sizeof(drained)), 4096);
}

static void close_reader(void)
{
    ends[0]->ops->release(ends[0]);
    ends[0]->private = NULL;
}

TEST(a_full_pipe_waits_and_a_broken_one_says_so)
{
    static uint8_t big[PIPE_LEN];

    start(0);
    CHECK_EQ(file_give(ends[1], big, sizeof(big)), PIPE_LEN);
    fake_while_asleep = drain_some;
    CHECK_EQ(file_give(ends[1], big, 10), 10);
    CHECK_EQ(fake_sleeps, 1);
    fake_while_asleep = close_reader;
    CHECK_EQ(file_give(ends[1], big, 8192), 4086); /* what fitted */
    CHECK_EQ(file_give(ends[1], big, 1), -EPIPE);
    CHECK(file_poll(ends[1], NULL) & EPOLLERR);
    close_pipe();
}

TEST(the_end_of_the_writers_is_the_end_of_file)
{
    char buf[8];

    start(0);
    CHECK_EQ(file_give(ends[1], "abc", 3), 3);
    ends[1]->ops->release(ends[1]);
    ends[1]->private = NULL;
    CHECK_EQ(file_poll(ends[0], NULL) & (EPOLLIN | EPOLLHUP),
             EPOLLIN | EPOLLHUP);
    CHECK_EQ(file_take(ends[0], buf, sizeof(buf)), 3);
    CHECK_EQ(file_take(ends[0], buf, sizeof(buf)), 0);
    close_pipe();
}

TEST(a_signal_ends_the_wait)
{
    char c;

    start(0);
    CHECK_EQ(file_take(ends[0], &c, 1), -ERESTARTSYS);
    close_pipe();
}

TEST(packets_keep_their_bounds)
{
    char buf[16] = "";

    start(O_DIRECT | O_NONBLOCK);
    CHECK_EQ(file_give(ends[1], "one", 3), 3);
    CHECK_EQ(file_give(ends[1], "three", 5), 5);
    CHECK_EQ(file_give(ends[1], "x", 1), 1);
    CHECK_EQ(file_take(ends[0], buf, sizeof(buf)), 3);
    CHECK_EQ(file_take(ends[0], buf, 2), 2); /* the rest of it is lost */
    CHECK_MEM_EQ(buf, "th", 2);
    CHECK_EQ(file_take(ends[0], buf, sizeof(buf)), 1);
    CHECK_EQ(file_take(ends[0], buf, sizeof(buf)), -EAGAIN);
    close_pipe();
}

TEST(a_fault_loses_nothing)
{
    char buf[4] = "";
    struct io_vec vec[2] = { { (uaddr_t)buf, 2 }, { 8, 2 } };
    struct io io;

    start(O_NONBLOCK);
    CHECK_EQ(file_give(ends[1], (void *)8, 4), -EFAULT);
    CHECK_EQ(file_give(ends[1], "wxyz", 4), 4);
    io_init(&io, vec + 1, 1);
    CHECK_EQ(take_io(&io), -EFAULT);
    io_init(&io, vec, 2);
    CHECK_EQ(take_io(&io), 2);
    CHECK_EQ(file_take(ends[0], buf + 2, 2), 2);
    CHECK_MEM_EQ(buf, "wxyz", 4);
    close_pipe();
}

TEST(sizes)
{
    static uint8_t big[8 * PAGE_SIZE];

    start(O_NONBLOCK);
    CHECK_EQ(pipe_size(F_GETPIPE_SZ, 0), PIPE_LEN);
    CHECK_EQ(pipe_size(F_SETPIPE_SZ, 5000), 8192);
    CHECK_EQ(pipe_size(F_SETPIPE_SZ, 0), 4096);
    CHECK_EQ(pipe_size(F_SETPIPE_SZ, 8192), 8192);
    thread_current()->process->fsuid = 1;
    CHECK_EQ(pipe_size(F_SETPIPE_SZ, 1 << 21), -EPERM);
    thread_current()->process->fsuid = 0;
    CHECK_EQ(file_give(ends[1], big, sizeof(big)), 8192);
    CHECK_EQ(pipe_size(F_SETPIPE_SZ, 4096), -EBUSY);
    CHECK_EQ(pipe_size(F_SETPIPE_SZ, 32768), 32768);
    CHECK_EQ(pipe_bytes(), 8192);
    close_pipe();
}

/* ---- FIFOs ---- */

static struct inode fifo_inode;
static struct file fifo_files[2];

static void open_writer(void)
{
    fifo_files[1].flags = O_WRONLY;
    CHECK_EQ(fifo_open(&fifo_inode, &fifo_files[1]), 0);
}

TEST(fifo_ends_wait_for_each_other)
{
    char c = 0;

    thread_current_ptr = &fake_thread;
    for (unsigned i = 0; i < 2; i++) /* as the VFS does before it opens */
        fifo_files[i].inode = &fifo_inode;
    fifo_files[1].flags = O_WRONLY | O_NONBLOCK;
    CHECK_EQ(fifo_open(&fifo_inode, &fifo_files[1]), -ENXIO);
    fifo_files[0].flags = O_RDONLY;
    CHECK_EQ(fifo_open(&fifo_inode, &fifo_files[0]), -ERESTARTSYS);
    CHECK(fifo_inode.private == NULL);
    fake_while_asleep = open_writer;
    CHECK_EQ(fifo_open(&fifo_inode, &fifo_files[0]), 0);
    CHECK_EQ(file_give(&fifo_files[1], "f", 1), 1);
    CHECK_EQ(file_take(&fifo_files[0], &c, 1), 1);
    CHECK_EQ(c, 'f');
    fifo_files[1].ops->release(&fifo_files[1]);
    CHECK_EQ(file_take(&fifo_files[0], &c, 1), 0);
    fifo_files[0].ops->release(&fifo_files[0]);
    CHECK(fifo_inode.private == NULL);
    CHECK_EQ(fake_pages_used, 0);
}

/* ---- eventfd, timerfd ---- */

TEST(eventfd_counts)
{
    uint64_t v = 0;
    struct file *f;

    REQUIRE(eventfd_create(2, O_NONBLOCK, &f) == 0);
    v = 3;
    CHECK_EQ(file_give(f, &v, 8), 8);
    CHECK_EQ(file_take(f, &v, 8), 8);
    CHECK_EQ(v, 5);
    CHECK_EQ(file_take(f, &v, 8), -EAGAIN);
    CHECK_EQ(file_take(f, &v, 7), -EINVAL);
    v = UINT64_MAX;
    CHECK_EQ(file_give(f, &v, 8), -EINVAL);
    v = UINT64_MAX - 1;
    CHECK_EQ(file_give(f, &v, 8), 8);
    CHECK_EQ(file_poll(f, NULL) & (EPOLLIN | EPOLLOUT), EPOLLIN);
    v = 1;
    CHECK_EQ(file_give(f, &v, 8), -EAGAIN);
    file_put(f);
    REQUIRE(eventfd_create(2, O_NONBLOCK | EFD_SEMAPHORE, &f) == 0);
    CHECK_EQ(file_take(f, &v, 8), 8);
    CHECK_EQ(v, 1);
    file_put(f);
}

TEST(timerfd_counts_periods)
{
    struct timerfd_time t = { .value_ns = 100, .interval_ns = 10 }, left;
    struct file *f;
    uint64_t v;

    REQUIRE(timerfd_create(CLOCK_MONOTONIC, O_NONBLOCK, &f) == 0);
    CHECK_EQ(timerfd_set(f, 0, &t, NULL), 0);
    CHECK_EQ(armed->deadline_ns, fake_mono_ns + 100);
    CHECK_EQ(file_take(f, &v, 8), -EAGAIN);
    fake_mono_ns += 125;
    armed->expired(armed);
    CHECK_EQ(file_poll(f, NULL) & EPOLLIN, EPOLLIN);
    CHECK_EQ(file_take(f, &v, 8), 8);
    CHECK_EQ(v, 3);
    CHECK_EQ(timerfd_get(f, &left), 0);
    CHECK_EQ(left.value_ns, 5);
    CHECK_EQ(left.interval_ns, 10);
    t = (struct timerfd_time){ 0, 0 };
    CHECK_EQ(timerfd_set(f, 0, &t, &left), 0);
    CHECK(armed == NULL);
    file_put(f);
}

/* What is left is no longer than a period, whenever somebody asks. */
TEST(timerfd_that_expires_meanwhile)
{
    struct timerfd_time t = { .value_ns = 100, .interval_ns = 10 }, left;
    struct file *f;

    REQUIRE(timerfd_create(CLOCK_MONOTONIC, O_NONBLOCK, &f) == 0);
    CHECK_EQ(timerfd_set(f, 0, &t, NULL), 0);
    fake_mono_ns += 98;
    fake_look_ns = 3;
    CHECK_EQ(timerfd_get(f, &left), 0);
    fake_look_ns = 0;
    CHECK(left.value_ns > 0 && left.value_ns <= 10);
    file_put(f);
}

/* Each look at the fake wall clock moves it by 1000 ns. */
TEST(timerfd_follows_the_wall_clock)
{
    struct timerfd_time t = { .value_ns = fake_now_ns + 2000 };
    struct file *f;
    uint64_t v;

    REQUIRE(timerfd_create(CLOCK_REALTIME, O_NONBLOCK, &f) == 0);
    CHECK_EQ(
        timerfd_set(f, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL),
        0);
    CHECK_EQ(armed->deadline_ns, fake_mono_ns + 1000);
    fake_watch->stepped(fake_watch, 400); /* forward: it comes sooner */
    CHECK_EQ(armed->deadline_ns, fake_mono_ns + 600);
    CHECK_EQ(file_poll(f, NULL) & EPOLLIN, EPOLLIN);
    CHECK_EQ(file_take(f, &v, 8), -ECANCELED);
    CHECK_EQ(file_take(f, &v, 8), -EAGAIN);
    /* Without the flag the time moves, and nobody is told. */
    t.value_ns = fake_now_ns + 2000;
    CHECK_EQ(timerfd_set(f, TFD_TIMER_ABSTIME, &t, NULL), 0);
    fake_watch->stepped(fake_watch, -400);
    CHECK_EQ(armed->deadline_ns, fake_mono_ns + 1400);
    CHECK_EQ(file_take(f, &v, 8), -EAGAIN);
    /* A time that is past: the periods since then are over. */
    t = (struct timerfd_time){ .value_ns = fake_now_ns + 905,
                               .interval_ns = 10 };
    CHECK_EQ(timerfd_set(f, TFD_TIMER_ABSTIME, &t, NULL), 0);
    CHECK_EQ(file_take(f, &v, 8), 8);
    CHECK_EQ(v, 10);
    CHECK_EQ(armed->deadline_ns, fake_mono_ns + 5);
    file_put(f);
}

/* ---- epoll ---- */

static struct epoll_event got[8];

static long look(struct file *ep)
{
    return epoll_wait_events(ep, (uaddr_t)got, 8, 0);
}

static int watch(struct file *ep, int op, struct file *f, uint32_t events)
{
    struct epoll_event e = { .events = events, .data = 42 };

    return epoll_control(ep, op, f, 5, &e);
}

TEST(epoll_level_edge_oneshot)
{
    struct file *ep;
    char c;

    start(O_NONBLOCK);
    REQUIRE(epoll_create_file(&ep) == 0);
    CHECK_EQ(watch(ep, EPOLL_CTL_ADD, ends[0], EPOLLIN), 0);
    CHECK_EQ(watch(ep, EPOLL_CTL_ADD, ends[0], EPOLLIN), -EEXIST);
    CHECK_EQ(look(ep), 0);
    CHECK_EQ(file_give(ends[1], "ab", 2), 2);
    CHECK_EQ(look(ep), 1);
    CHECK_EQ(look(ep), 1); /* level: still there */
    CHECK_EQ(got[0].data, 42);
    CHECK_EQ(watch(ep, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET), 0);
    CHECK_EQ(look(ep), 1);
    CHECK_EQ(look(ep), 0); /* edge: once */
    CHECK_EQ(file_give(ends[1], "c", 1), 1);
    CHECK_EQ(look(ep), 1);
    CHECK_EQ(watch(ep, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT), 0);
    CHECK_EQ(look(ep), 1);
    CHECK_EQ(file_give(ends[1], "d", 1), 1);
    CHECK_EQ(look(ep), 0);
    CHECK_EQ(watch(ep, EPOLL_CTL_MOD, ends[0], EPOLLIN), 0);
    CHECK_EQ(look(ep), 1);
    while (file_take(ends[0], &c, 1) == 1)
        ;
    CHECK_EQ(look(ep), 0);
    CHECK_EQ(watch(ep, EPOLL_CTL_DEL, ends[0], 0), 0);
    CHECK_EQ(watch(ep, EPOLL_CTL_DEL, ends[0], 0), -ENOENT);
    file_put(ep);
    close_pipe();
}

TEST(epoll_forgets_closed_files_and_outlives_them)
{
    struct file *ep, *e;

    REQUIRE(epoll_create_file(&ep) == 0);
    REQUIRE(eventfd_create(1, 0, &e) == 0);
    CHECK_EQ(watch(ep, EPOLL_CTL_ADD, e, EPOLLIN), 0);
    CHECK_EQ(look(ep), 1);
    file_put(e);
    CHECK_EQ(look(ep), 0);
    REQUIRE(eventfd_create(1, 0, &e) == 0);
    CHECK_EQ(watch(ep, EPOLL_CTL_ADD, e, EPOLLIN), 0);
    file_put(ep); /* the instance goes first */
    file_put(e);
}

TEST(epoll_many_watches_take_turns)
{
    enum { COUNT = 300 };
    struct file *ep, *e[COUNT];
    unsigned seen = 0;
    uint64_t v;

    REQUIRE(epoll_create_file(&ep) == 0);
    for (int i = 0; i < COUNT; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data = (uint64_t)i };

        REQUIRE(eventfd_create(1, O_NONBLOCK, &e[i]) == 0);
        CHECK_EQ(epoll_control(ep, EPOLL_CTL_ADD, e[i], i, &event), 0);
    }
    for (;;) {
        long n = look(ep);

        for (long i = 0; i < n; i++)
            CHECK_EQ(file_take(e[got[i].data], &v, 8), 8);
        seen += (unsigned)n;
        if (n == 0)
            break;
    }
    CHECK_EQ(seen, COUNT);
    for (int i = 0; i < COUNT; i++)
        file_put(e[i]);
    CHECK_EQ(look(ep), 0);
    file_put(ep);
}

TEST(epoll_nests_five_deep_and_never_in_circles)
{
    struct file *ep[7], *e;

    REQUIRE(eventfd_create(0, 0, &e) == 0);
    for (unsigned i = 0; i < 7; i++)
        REQUIRE(epoll_create_file(&ep[i]) == 0);
    /* Built from the top, so that each new one is at the bottom. */
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(watch(ep[i], EPOLL_CTL_ADD, ep[i + 1], EPOLLIN), 0);
    CHECK_EQ(watch(ep[4], EPOLL_CTL_ADD, ep[5], EPOLLIN), -ELOOP);
    CHECK_EQ(watch(ep[5], EPOLL_CTL_ADD, ep[0], EPOLLIN), -ELOOP);
    CHECK_EQ(watch(ep[4], EPOLL_CTL_ADD, ep[0], EPOLLIN), -ELOOP);
    CHECK_EQ(watch(ep[4], EPOLL_CTL_ADD, ep[4], EPOLLIN), -EINVAL);
    CHECK_EQ(watch(ep[4], EPOLL_CTL_ADD, e, EPOLLIN), 0);
    CHECK_EQ(look(ep[0]), 0);
    CHECK_EQ(file_give(e, &(uint64_t){ 1 }, 8), 8);
    CHECK_EQ(look(ep[0]), 1);
    for (unsigned i = 0; i < 7; i++)
        file_put(ep[i]);
    file_put(e);
}

TEST(epoll_sleeps_until_the_event)
{
    struct file *ep;

    start(0);
    REQUIRE(epoll_create_file(&ep) == 0);
    CHECK_EQ(watch(ep, EPOLL_CTL_ADD, ends[0], EPOLLIN), 0);
    fake_while_asleep = timer_expires;
    CHECK_EQ(epoll_wait_events(ep, (uaddr_t)got, 8, fake_mono_ns + 5), 0);
    CHECK(!armed);
    CHECK_EQ(epoll_wait_events(ep, (uaddr_t)got, 8, WAIT_FOREVER), -EINTR);
    CHECK_EQ(epoll_wait_events(ep, 8, 8, 0), 0);
    CHECK_EQ(file_give(ends[1], "x", 1), 1);
    CHECK_EQ(epoll_wait_events(ep, 8, 8, 0), -EFAULT);
    CHECK_EQ(look(ep), 1); /* the fault lost nothing */
    file_put(ep);
    close_pipe();
}

static void give_one(void)
{
    CHECK_EQ(file_give(ends[1], "x", 1), 1);
}

static void expires_early(void)
{
    timer_expires();
    fake_while_asleep = timer_expires;
}

TEST(epoll_keeps_a_timer_for_the_next_sleep)
{
    uint64_t first = fake_mono_ns + 50;
    struct file *ep;

    start(0);
    REQUIRE(epoll_create_file(&ep) == 0);
    CHECK_EQ(watch(ep, EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLET), 0);
    fake_while_asleep = give_one;
    CHECK_EQ(epoll_wait_events(ep, (uaddr_t)got, 8, first), 1);
    REQUIRE(armed);
    CHECK_EQ(armed->deadline_ns, first);
    fake_while_asleep = expires_early; /* woken too soon, it goes on */
    CHECK_EQ(epoll_wait_events(ep, (uaddr_t)got, 8, first + 30), 0);
    CHECK_EQ(fake_mono_ns, first + 30);
    fake_while_asleep = give_one;
    CHECK_EQ(epoll_wait_events(ep, (uaddr_t)got, 8, first + 90), 1);
    fake_while_asleep = timer_expires; /* earlier: armed for it */
    CHECK_EQ(epoll_wait_events(ep, (uaddr_t)got, 8, first + 60), 0);
    CHECK_EQ(fake_mono_ns, first + 60);
    fake_while_asleep = give_one;
    CHECK_EQ(epoll_wait_events(ep, (uaddr_t)got, 8, first + 90), 1);
    file_put(ep);
    CHECK(!armed);
    close_pipe();
}

/* ---- poll ---- */

TEST(poller_holds_what_it_waits_on)
{
    enum { COUNT = 100 };
    struct file *e[COUNT];
    struct poller p;

    poller_init(&p);
    for (unsigned i = 0; i < COUNT; i++) {
        REQUIRE(eventfd_create(0, 0, &e[i]) == 0);
        CHECK_EQ(poller_look(&p, e[i], true) & EPOLLIN, 0);
        CHECK_EQ(e[i]->refs, 2);
    }
    poller_fini(&p);
    for (unsigned i = 0; i < COUNT; i++) {
        CHECK_EQ(e[i]->refs, 1);
        file_put(e[i]);
    }
}
