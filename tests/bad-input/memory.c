/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c - a program that asks for more and more of what its argument names,
 * until a call fails, and then says with which error. It gives nothing back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE        4096ul
#define LARGE       (2ul << 20)
#define GIB         (1ul << 30)
#define RW          (PROT_READ | PROT_WRITE)
#define DESCRIPTORS (1u << 20)

static char block[65536];

static char *map(size_t len, int prot, int flags, int fd)
{
    char *p = mmap(NULL, len, prot, flags | MAP_NORESERVE, fd, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(9);
    }
    return p;
}

static void touch(char *p, size_t step)
{
    for (;; p += step)
        *p = 1;
}

/* ---- these end the program ---- */

static void pages(void)
{
    touch(map(1024 * GIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1), PAGE);
}

static void sparse(void)
{
    touch(map(1024 * GIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1), LARGE);
}

static void shared(void)
{
    touch(map(1024 * GIB, RW, MAP_SHARED | MAP_ANONYMOUS, -1), PAGE);
}

static void file_pages(void)
{
    int fd = open("/tmp/file", O_CREAT | O_RDWR, 0600);

    if (fd < 0 || ftruncate(fd, 64 * GIB) != 0)
        exit(9);
    touch(map(64 * GIB, RW, MAP_SHARED, fd), PAGE);
}

/* Reading gives the one page of zeros: only tables take memory. */
static void tables(void)
{
    volatile char *p =
        map(32 * 1024 * GIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    int sum = 0;

    for (size_t i = 0;; i++)
        sum += p[i * LARGE];
}

static void read_into(void)
{
    char *p = map(1024 * GIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    int fd = open("/dev/zero", O_RDONLY);

    while (read(fd, p, sizeof(block)) == sizeof(block))
        p += sizeof(block);
}

static void stack(void)
{
    struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

    setrlimit(RLIMIT_STACK, &none);
    for (;;)
        *(volatile char *)__builtin_alloca(PAGE) = 1;
}

/* ---- these may see an error first ---- */

static void *sleeper(void *arg)
{
    memset(__builtin_alloca(PAGE), 1, PAGE);
    pause();
    return arg;
}

static void threads(void)
{
    pthread_attr_t attr;
    pthread_t thread;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, sizeof(block));
    do {
        errno = pthread_create(&thread, &attr, sleeper, NULL);
    } while (errno == 0);
}

static void pipes(void)
{
    int ends[2];

    while (pipe2(ends, O_NONBLOCK) == 0)
        if (write(ends[1], block, sizeof(block)) < 0)
            break;
}

static void files(void)
{
    char name[32];
    int fd;

    for (unsigned i = 0;; i++) {
        snprintf(name, sizeof(name), "/tmp/%u", i);
        fd = open(name, O_CREAT | O_WRONLY, 0600);
        if (fd < 0)
            break;
        close(fd);
    }
}

static void file(void)
{
    int fd = open("/tmp/file", O_CREAT | O_WRONLY, 0600);

    while (write(fd, block, sizeof(block)) > 0)
        continue;
}

static void regions(void)
{
    for (unsigned i = 0;; i++)
        if (mmap(NULL, PAGE, i % 2 ? PROT_READ : RW,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
            break;
}

static void heap(void)
{
    char *p;

    while ((p = malloc(100000)) != NULL)
        memset(p, 1, 100000);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    { "pages", pages },     { "sparse", sparse },         { "shared", shared },
    { "tables", tables },   { "file_pages", file_pages }, { "stack", stack },
    { "files", files },     { "read_into", read_into },   { "pipes", pipes },
    { "threads", threads }, { "regions", regions },       { "file", file },
    { "heap", heap },
};

int main(int argc, char **argv)
{
    struct rlimit many = { DESCRIPTORS, DESCRIPTORS };

    setrlimit(RLIMIT_NOFILE, &many);
    memset(block, 1, sizeof(block));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (argc > 1 && strcmp(argv[1], cases[i].name) == 0)
            cases[i].run();
    printf("error %d\n", errno);
    return 0;
}
