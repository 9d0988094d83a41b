/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_test.c - AF_UNIX on its own, run on the host.
 *
 * Method: random operations against a model. Streams must give the bytes that
 * went in, messages keep their borders, and what senders are charged must come
 * back to nothing. For circles of sockets random graphs are made: whatever
 * somebody can still reach must be readable, and once all are closed no socket
 * may be left. ASan sees what leaks.
 */
/* unit-flags: -ffreestanding */
/* unit: kernel/fs/inode.c kernel/net/control.c kernel/net/option.c
 * kernel/net/socket.c kernel/net/unix.c kernel/net/unix_message.c
 * kernel/net/unix_name.c kernel/net/unix_queue.c kernel/net/unix_rights.c
 * kernel/net/unix_stream.c */
#include "fs/io_fakes.h"

#include <asm/ioctls.h>
#include <linux/sockios.h>

#include "fs/path.h"
#include "net/unix.h"
#include "random/pool.h"
#include "tests/unit.h"

#define FD_COUNT   64
#define ROUNDS     20000
#define NODE_COUNT 12
#define SEND_COUNT 20

static struct file *table[FD_COUNT];

/* ---- what AF_UNIX stands on ---- */

void epoll_file_released(struct file *f)
{
    (void)f;
}

long file_owner_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    (void)f;
    (void)cmd;
    (void)arg;
    return -ENOTTY;
}

bool fd_has_room(void)
{
    return true;
}

struct file *fd_get(int fd)
{
    if (fd < 0 || fd >= FD_COUNT || !table[fd])
        return NULL;
    return file_get(table[fd]);
}

int fd_install_take(struct file *f, int min, bool cloexec)
{
    (void)cloexec;
    for (int fd = min; fd < FD_COUNT; fd++) {
        if (!table[fd]) {
            table[fd] = f;
            return fd;
        }
    }
    return -EMFILE;
}

int fd_close(int fd)
{
    struct file *f = table[fd];

    table[fd] = NULL;
    file_put(f);
    return 0;
}

struct thread *thread_find(int tid)
{
    (void)tid;
    return NULL;
}

void pool_read(void *buf, size_t len)
{
    memset(buf, 0x5a, len);
}

int vfs_mknod(int dirfd, const char *path, uint32_t mode, uint64_t rdev)
{
    (void)dirfd, (void)path, (void)mode, (void)rdev;
    return -EACCES;
}

int vfs_unlink(int dirfd, const char *path, bool is_rmdir)
{
    (void)dirfd, (void)path, (void)is_rmdir;
    return -ENOENT;
}

int path_lookup(int dirfd, const char *path, unsigned flags,
                struct dentry **out)
{
    (void)dirfd, (void)path, (void)flags, (void)out;
    return -ENOENT;
}

void dentry_put(struct dentry *d)
{
    (void)d;
}

uint32_t name_hash(const char *name, size_t name_len)
{
    uint64_t hash = NAME_HASH_INIT;

    for (size_t i = 0; i < name_len; i++)
        hash = name_hash_step(hash, (uint8_t)name[i]);
    return (uint32_t)hash;
}

/* ---- helpers ---- */

static uint64_t seed;

static unsigned random_below(unsigned n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(seed >> 33) % n;
}

static void start(void)
{
    thread_current_ptr = &fake_thread;
    fake_process.pid = 7;
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        fake_process.rlimits[i] = (struct rlimit64){ UINT64_MAX, UINT64_MAX };
    CHECK(list_is_empty(&unix_all));
    memset(table, 0, sizeof(table));
    seed = 1;
}

static void pair(int type, struct file *ends[2])
{
    REQUIRE(socket_create_pair(AF_UNIX, type, 0, O_NONBLOCK, ends) == 0);
}

static unsigned number_of(struct file *f, unsigned cmd)
{
    uint32_t n = 0;

    CHECK_EQ(f->ops->ioctl(f, cmd, (uaddr_t)&n), 0);
    return n;
}

/* Send len bytes and the files at fds; like sendmsg(). */
static ssize_t send_with(struct file *f, const void *buf, size_t len,
                         const int *fds, unsigned count)
{
    struct {
        struct abi_cmsghdr head;
        int fds[8];
    } c = { .head = { sizeof(c.head) + count * sizeof(int), SOL_SOCKET,
                      SCM_RIGHTS } };
    struct io_vec vec = { (uaddr_t)buf, len };
    struct socket_msg m = { 0 };
    struct socket *s = socket_of(f);

    for (unsigned i = 0; i < count; i++)
        c.fds[i] = fds[i];
    if (count > 0) {
        m.control = (uint8_t *)&c;
        m.control_len = c.head.len;
    }
    io_init(&m.io, &vec, 1);
    socket_msg_wait(s, &m, true);
    return s->ops->send(s, &m);
}

/* Receive, like recvmsg(): files go to the table. */
static ssize_t receive_with(struct file *f, void *buf, size_t len,
                            unsigned *count_out)
{
    struct {
        struct abi_cmsghdr head;
        int fds[8];
    } c = { 0 };
    struct io_vec vec = { (uaddr_t)buf, len };
    struct socket_msg m = { .control_at = (uaddr_t)&c,
                            .control_len = sizeof(c) };
    struct socket *s = socket_of(f);
    ssize_t n;

    io_init(&m.io, &vec, 1);
    socket_msg_wait(s, &m, false);
    n = s->ops->receive(s, &m);
    *count_out = c.head.len ? (unsigned)((c.head.len - sizeof(c.head)) / 4) : 0;
    return n;
}

static uint8_t byte_at(size_t pos)
{
    return (uint8_t)(pos * 31 + (pos >> 8) * 7);
}

/* ---- streams ---- */

TEST(a_stream_gives_what_went_in)
{
    static uint8_t buf[9000];
    struct file *ends[2];
    size_t in = 0, out = 0;

    start();
    pair(SOCK_STREAM, ends);
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = random_below(2) ? random_below(40) : random_below(9000);
        ssize_t n;

        if (random_below(2)) {
            for (size_t i = 0; i < len; i++)
                buf[i] = byte_at(in + i);
            n = file_give(ends[0], buf, len);
            CHECK(n >= 0 || n == -EAGAIN);
            in += n > 0 ? (size_t)n : 0;
        } else {
            n = file_take(ends[1], buf, len);
            for (ssize_t i = 0; i < n; i++)
                REQUIRE(buf[i] == byte_at(out + (size_t)i));
            CHECK(n >= 0 || in == out);
            out += n > 0 ? (size_t)n : 0;
        }
        CHECK_EQ(number_of(ends[1], FIONREAD), in - out);
    }
    while (out < in) {
        ssize_t n = file_take(ends[1], buf, sizeof(buf));

        REQUIRE(n > 0);
        out += (size_t)n;
    }
    CHECK_EQ(number_of(ends[0], SIOCOUTQ), 0);
    file_put(ends[0]);
    file_put(ends[1]);
    CHECK(list_is_empty(&unix_all));
}

TEST(a_fault_changes_nothing)
{
    static const int kinds[] = { SOCK_STREAM, SOCK_SEQPACKET };
    char buf[8];

    for (int i = 0; i < 2; i++) {
        struct file *ends[2];

        start();
        pair(kinds[i], ends);
        CHECK_EQ(file_give(ends[0], (void *)16, 5), -EFAULT);
        CHECK_EQ(number_of(ends[0], SIOCOUTQ), 0);
        CHECK_EQ(file_take(ends[1], buf, 8), -EAGAIN);
        CHECK_EQ(file_give(ends[0], "abc", 3), 3);
        CHECK_EQ(file_take(ends[1], buf, 8), 3);
        file_put(ends[0]);
        file_put(ends[1]);
    }
}

TEST(back_pressure_counts_memory)
{
    struct file *ends[2];
    size_t total = 0, sent;
    ssize_t n;
    char c = 0;

    start();
    pair(SOCK_STREAM, ends);
    while ((n = file_give(ends[0], &c, 1)) == 1)
        total++;
    CHECK_EQ(n, -EAGAIN);
    sent = number_of(ends[0], SIOCOUTQ);
    CHECK(sent >= total && sent < SOCKET_BUF_DEFAULT + UNIX_PACKET_MAX);
    CHECK(!(ends[0]->ops->poll(ends[0], NULL) & EPOLLOUT));
    while (file_take(ends[1], &c, 1) == 1)
        total--;
    CHECK_EQ(total, 0);
    CHECK(ends[0]->ops->poll(ends[0], NULL) & EPOLLOUT);
    file_put(ends[0]);
    file_put(ends[1]);
}

/* ---- messages ---- */

TEST(messages_keep_their_borders)
{
    static uint8_t buf[30000];
    static unsigned lens[4096];
    struct file *ends[2];
    unsigned first = 0, last = 0;

    start();
    pair(SOCK_DGRAM, ends);
    for (int round = 0; round < ROUNDS; round++) {
        if (random_below(2) && last - first < 4096) {
            unsigned len =
                random_below(3) ? random_below(100) : random_below(30000);

            for (unsigned i = 0; i < len; i++)
                buf[i] = byte_at(last + i);
            if (file_give(ends[0], buf, len) < 0)
                continue;
            lens[last++ % 4096] = len;
        } else if (first < last) {
            unsigned len = lens[first % 4096];

            REQUIRE(file_take(ends[1], buf, sizeof(buf)) == (ssize_t)len);
            for (unsigned i = 0; i < len; i++)
                REQUIRE(buf[i] == byte_at(first + i));
            first++;
        }
    }
    file_put(ends[0]);
    CHECK_EQ(ends[1]->ops->poll(ends[1], NULL) & EPOLLHUP, 0);
    file_put(ends[1]);
    CHECK(list_is_empty(&unix_all));
}

/* ---- circles ---- */

/* Any socket ended starts the search. */
static void search(void)
{
    struct file *ends[2];

    pair(SOCK_STREAM, ends);
    file_put(ends[0]);
    file_put(ends[1]);
}

static size_t socket_count(void)
{
    size_t count = 0;

    LIST_FOR_EACH(it, &unix_all)
    count++;
    return count;
}

TEST(one_that_lies_in_its_own_queue)
{
    struct file *ends[2];
    int fds[2];

    start();
    pair(SOCK_STREAM, ends);
    fds[0] = fd_install_take(ends[0], 0, false);
    fds[1] = fd_install_take(ends[1], 0, false);
    CHECK_EQ(send_with(ends[0], "x", 1, &fds[1], 1), 1);
    CHECK_EQ(send_with(ends[0], "x", 1, fds, 2), 1);
    CHECK_EQ(fd_close(fds[0]), 0);
    search();
    CHECK_EQ(socket_count(), 2);
    CHECK_EQ(fd_close(fds[1]), 0);
    search();
    CHECK_EQ(socket_count(), 0);
}

/* What the queues of a random graph carry. */
struct graph {
    unsigned char carried[NODE_COUNT][SEND_COUNT];
    unsigned len[NODE_COUNT];
};

static void graph_make(struct graph *g)
{
    *g = (struct graph){ 0 };
    for (int i = 0; i < NODE_COUNT; i += 2) {
        struct file *ends[2];

        pair(SOCK_DGRAM, ends);
        table[i] = ends[0];
        table[i + 1] = ends[1];
    }
    for (unsigned i = 0; i < SEND_COUNT; i++) {
        int fd = (int)random_below(NODE_COUNT);
        unsigned to = random_below(NODE_COUNT);

        CHECK_EQ(send_with(table[to ^ 1], "x", 1, &fd, 1), 1);
        g->carried[to][g->len[to]++] = (unsigned char)fd;
    }
}

/* Messages in the queues that can be reached from node 0. */
static unsigned graph_reach(const struct graph *g)
{
    bool is_reached[NODE_COUNT] = { true };
    bool is_new = true;
    unsigned count = 0;

    while (is_new) {
        is_new = false;
        for (unsigned n = 0; n < NODE_COUNT; n++) {
            for (unsigned i = 0; is_reached[n] && i < g->len[n]; i++) {
                is_new = is_new || !is_reached[g->carried[n][i]];
                is_reached[g->carried[n][i]] = true;
            }
        }
    }
    for (unsigned n = 0; n < NODE_COUNT; n++)
        count += is_reached[n] ? g->len[n] : 0;
    return count;
}

/* Receive all that is open, and all that comes; close it. */
static unsigned drain(void)
{
    unsigned got = 0, count;
    char buf[4];

    for (int fd = 0; fd < FD_COUNT; fd++) {
        if (!table[fd])
            continue;
        while (receive_with(table[fd], buf, 4, &count) == 1) {
            got++;
            CHECK_EQ(count, 1);
        }
        CHECK_EQ(fd_close(fd), 0);
        fd = -1; /* what came may lie anywhere */
    }
    return got;
}

TEST(random_circles)
{
    for (unsigned round = 0; round < 1000; round++) {
        struct graph g;

        start();
        seed = round + 1;
        graph_make(&g);
        for (int fd = 1; fd < NODE_COUNT; fd++)
            CHECK_EQ(fd_close(fd), 0);
        search();
        CHECK_EQ(drain(), graph_reach(&g));
        search();
        CHECK_EQ(socket_count(), 0);
    }
}

TEST(a_connection_that_waits_is_alive)
{
    struct socket_addr name = { .len = 4, .family = AF_UNIX };
    struct socket_wait wait = { 0 };
    struct file *listener, *client, *server, *ends[2];
    unsigned count;
    char c;
    int fd;

    start();
    name.bytes[3] = 'L';
    REQUIRE(socket_create(AF_UNIX, SOCK_STREAM, 0, O_NONBLOCK, &listener) == 0);
    REQUIRE(socket_create(AF_UNIX, SOCK_STREAM, 0, O_NONBLOCK, &client) == 0);
    CHECK_EQ(socket_of(listener)->ops->bind(socket_of(listener), &name), 0);
    CHECK_EQ(socket_of(listener)->ops->listen(socket_of(listener), 1), 0);
    CHECK_EQ(socket_of(client)->ops->connect(socket_of(client), &name, &wait),
             0);
    pair(SOCK_STREAM, ends);
    fd = fd_install_take(ends[0], 0, false);
    CHECK_EQ(send_with(client, "s", 1, &fd, 1), 1);
    CHECK_EQ(file_give(ends[1], "y", 1), 1);
    CHECK_EQ(fd_close(fd), 0);
    search();
    REQUIRE(socket_accept(socket_of(listener), 0, &server) == 0);
    CHECK_EQ(receive_with(server, &c, 1, &count), 1);
    REQUIRE(count == 1);
    CHECK_EQ(file_take(table[0], &c, 1), 1);
    CHECK_EQ(c, 'y');
    CHECK_EQ(fd_close(0), 0);
    file_put(ends[1]);
    file_put(server);
    file_put(client);
    file_put(listener);
    CHECK_EQ(socket_count(), 0);
}

/* Each in the queue of the next: closing the last must not recurse. */
TEST(a_long_chain)
{
    struct file *ends[2];
    int last = -1;

    start();
    for (unsigned i = 0; i < 5000; i++) {
        pair(SOCK_DGRAM, ends);
        if (last >= 0) {
            CHECK_EQ(send_with(ends[0], "x", 1, &last, 1), 1);
            CHECK_EQ(fd_close(last), 0);
        }
        file_put(ends[0]);
        last = fd_install_take(ends[1], 0, false);
    }
    CHECK_EQ(fd_close(last), 0);
    CHECK_EQ(socket_count(), 0);
}
