/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * together.c - what two threads on two CPUs gain over one after the other, when
 * each works for itself in the kernel: touching 64 MiB in pages of 4 KiB,
 * passing bytes through a pipe, a socketpair or, over the loopback, a TCP
 * connection of its own, waiting by epoll for a pipe and an eventfd of its own,
 * reading pages of a file of the image or of one in memory, writing and reading
 * those.
 *
 * Prints the time of both at once as a part of the time one after the other,
 * the best of several rounds each, for `touch`, `pipe`, `socket`, `tcp`,
 * `epoll`, `image`, `memory` and `write`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LEN    (64ul << 20)
#define PAGE   4096
#define BYTES  20000
#define READS  40000
#define PAGES  4 /* of a file */
#define ROUNDS 5

static void touch(void)
{
    volatile char *p = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED || madvise((void *)p, LEN, MADV_NOHUGEPAGE) != 0)
        _exit(2);
    for (size_t at = 0; at < LEN; at += PAGE)
        p[at] = 1;
    munmap((void *)p, LEN);
}

static void pass_through(const int fds[2])
{
    char c = 0;

    for (int i = 0; i < BYTES; i++)
        if (write(fds[1], &c, 1) != 1 || read(fds[0], &c, 1) != 1)
            _exit(2);
    close(fds[0]);
    close(fds[1]);
}

static void pass_bytes(void)
{
    int fds[2];

    if (pipe(fds) != 0)
        _exit(2);
    pass_through(fds);
}

static void pass_locally(void)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        _exit(2);
    pass_through(fds);
}

static void pass_by_tcp(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    int l = socket(AF_INET, SOCK_STREAM, 0), on = 1, fds[2];
    socklen_t len = sizeof(a);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fds[1] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(l, (void *)&a, sizeof(a)) != 0 || listen(l, 1) != 0 ||
        getsockname(l, (void *)&a, &len) != 0 ||
        connect(fds[1], (void *)&a, sizeof(a)) != 0 ||
        setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
        _exit(2);
    fds[0] = accept(l, NULL, NULL);
    if (fds[0] < 0)
        _exit(2);
    close(l);
    pass_through(fds);
}

/* As an event loop does: each is told of, and read, when it was written. */
static void await_events(void)
{
    int ep = epoll_create1(0), count = eventfd(0, 0), fds[2];
    struct epoll_event e = { .events = EPOLLIN };
    uint64_t one = 1;
    char c = 0;

    if (pipe(fds) != 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e) != 0 ||
        epoll_ctl(ep, EPOLL_CTL_ADD, count, &e) != 0)
        _exit(2);
    for (int i = 0; i < BYTES; i++) {
        if (write(fds[1], &c, 1) != 1 || epoll_wait(ep, &e, 1, -1) != 1 ||
            read(fds[0], &c, 1) != 1 || write(count, &one, 8) != 8 ||
            epoll_wait(ep, &e, 1, 1000) != 1 || read(count, &one, 8) != 8)
            _exit(2);
    }
    close(fds[0]);
    close(fds[1]);
    close(count);
    close(ep);
}

static void read_pages(int fd)
{
    char page[PAGE];

    for (int i = 0; i < READS; i++)
        if (pread(fd, page, PAGE, i % PAGES * PAGE) != PAGE)
            _exit(2);
    close(fd);
}

static void read_image(void)
{
    read_pages(open("/proc/self/exe", O_RDONLY));
}

static void read_memory(void)
{
    static char bytes[PAGES * PAGE];
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

    if (write(fd, bytes, sizeof(bytes)) != sizeof(bytes))
        _exit(2);
    read_pages(fd);
}

static void write_memory(void)
{
    static _Thread_local char page[PAGE];
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

    for (int i = 0; i < READS / 2; i++)
        if (pwrite(fd, page, PAGE, i % PAGES * PAGE) != PAGE ||
            pread(fd, page, PAGE, i % PAGES * PAGE) != PAGE)
            _exit(2);
    close(fd);
}

static void *run(void *work)
{
    ((void (*)(void))(uintptr_t)work)();
    return NULL;
}

/* ns for two threads that do the work, at once or in turn. */
static uint64_t time_of(void (*work)(void), int at_once)
{
    struct timespec a, b;
    pthread_t t[2];

    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&t[i], NULL, run, (void *)(uintptr_t)work) != 0)
            _exit(2);
        if (!at_once)
            pthread_join(t[i], NULL);
    }
    for (int i = 0; at_once && i < 2; i++)
        pthread_join(t[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &b);
    return (uint64_t)(b.tv_sec - a.tv_sec) * 1000000000u + (uint64_t)b.tv_nsec -
           (uint64_t)a.tv_nsec;
}

static void compare(const char *name, void (*work)(void))
{
    uint64_t best[2] = { UINT64_MAX, UINT64_MAX };

    for (int i = 0; i < ROUNDS; i++) {
        for (int at_once = 0; at_once < 2; at_once++) {
            uint64_t ns = time_of(work, at_once);

            if (ns < best[at_once])
                best[at_once] = ns;
        }
    }
    printf("%s %.3f %.3f\n", name, (double)best[1] / (double)best[0],
           (double)best[0] / 2e6);
}

int main(void)
{
    compare("touch", touch);
    compare("pipe", pass_bytes);
    compare("socket", pass_locally);
    compare("tcp", pass_by_tcp);
    compare("epoll", await_events);
    compare("image", read_image);
    compare("memory", read_memory);
    compare("write", write_memory);
    return 0;
}
