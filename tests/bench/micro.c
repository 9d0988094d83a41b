/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * micro.c - loops of one operation each between two marks, after a first run
 * that rewrites the system call's site and touches what will be touched.
 *
 * The loop's own two or three instructions are part of the result.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/bench/mark.h"

#define PAGE   4096
#define ROUNDS 1000
#define PAGES  256

static inline long call0(long nr)
{
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr)
                     : "rcx", "r11", "memory");
    return result;
}

static void null_calls(int rounds)
{
    for (int i = 0; i < rounds; i++)
        call0(SYS_getppid);
}

static void touch(volatile char *p, int pages)
{
    for (int i = 0; i < pages; i++)
        p[(long)i * PAGE] = 1;
}

static void read_pages(int fd, char *buf, int pages)
{
    for (int i = 0; i < pages; i++)
        if (pread(fd, buf, PAGE, (off_t)i * PAGE) != PAGE)
            _exit(2);
}

static void map_unmap(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        munmap(p, PAGE);
    }
}

int main(int argc, char **argv)
{
    static char buf[PAGE];
    int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
    char *p = mmap(NULL, (PAGES + 16) * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    null_calls(10);
    MARK(10);
    null_calls(ROUNDS);
    MARK(11);
    touch(p, 16);
    MARK(12);
    touch(p + 16 * PAGE, PAGES);
    MARK(13);
    if (fd >= 0) {
        read_pages(fd, buf, 4);
        MARK(14);
        read_pages(fd, buf, PAGES);
        MARK(15);
    }
    map_unmap(4);
    MARK(16);
    map_unmap(ROUNDS);
    MARK(17);
    return fd >= 0 ? 0 : 1;
}
