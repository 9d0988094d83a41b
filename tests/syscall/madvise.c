/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * madvise.c - madvise(2) and what is next to it: each advice, each error.
 *
 * covers: mmap mincore msync mlock munlock setrlimit brk mprotect
 */
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 3
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define UNKNOWN 0x800000 /* a flag of mmap that there is not */
#define RW      (PROT_READ | PROT_WRITE)

static char *anon(size_t pages, int prot, int flags)
{
    return mmap(NULL, pages * PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static size_t resident(char *p, size_t pages)
{
    unsigned char in[64];
    size_t count = 0;

    CHECK_OK(mincore(p, pages * PAGE, in));
    for (size_t i = 0; i < pages; i++)
        count += in[i] & 1;
    return count;
}

TEST(populate)
{
    char *p = anon(8, RW, MAP_PRIVATE);

    CHECK_OK(madvise(p, 8 * PAGE, MADV_NOHUGEPAGE));
    CHECK_EQ(resident(p, 8), 0);
    CHECK_OK(madvise(p, 3 * PAGE, MADV_POPULATE_WRITE));
    CHECK(resident(p, 3) == 3);
    CHECK_OK(madvise(p + 3 * PAGE, 2 * PAGE, MADV_POPULATE_READ));
    CHECK(resident(p + 3 * PAGE, 2) == 2);
    CHECK_OK(mprotect(p + PAGE, PAGE, PROT_READ));
    CHECK_ERR(madvise(p, 3 * PAGE, MADV_POPULATE_WRITE), EINVAL);
    CHECK_OK(madvise(p, 3 * PAGE, MADV_POPULATE_READ));
    CHECK_OK(mprotect(p + PAGE, PAGE, PROT_NONE));
    CHECK_ERR(madvise(p, 3 * PAGE, MADV_POPULATE_READ), EINVAL);
    CHECK_OK(munmap(p + 6 * PAGE, PAGE));
    CHECK_ERR(madvise(p + 5 * PAGE, 3 * PAGE, MADV_POPULATE_READ), ENOMEM);
    CHECK_OK(munmap(p, 8 * PAGE));
}

TEST(populate_beyond_a_file)
{
    int fd = open("short", O_CREAT | O_RDWR, 0600);
    char *p;

    CHECK_OK(ftruncate(fd, PAGE + 1));
    p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    CHECK_OK(madvise(p, 2 * PAGE, MADV_POPULATE_WRITE));
    CHECK_ERR(madvise(p, 4 * PAGE, MADV_POPULATE_READ), EFAULT);
    CHECK_OK(madvise(p, 4 * PAGE, MADV_WILLNEED));
    CHECK_OK(munmap(p, 4 * PAGE));
    close(fd);
}

TEST(dontneed_and_free)
{
    char *p = anon(4, RW, MAP_PRIVATE), *s = anon(4, RW, MAP_SHARED);

    memset(p, 'p', 4 * PAGE);
    memset(s, 's', 4 * PAGE);
    CHECK_OK(madvise(p + PAGE, PAGE, MADV_DONTNEED));
    CHECK_EQ(p[PAGE], 0);
    CHECK_EQ(p[2 * PAGE], 'p');
    CHECK_OK(madvise(s, 4 * PAGE, MADV_DONTNEED));
    CHECK_EQ(s[0], 's');
    CHECK_OK(madvise(p, 4 * PAGE, MADV_FREE));
    CHECK(p[0] == 0 || p[0] == 'p');
    p[0] = 'q';
    CHECK_EQ(p[0], 'q');
    CHECK_ERR(madvise(s, 4 * PAGE, MADV_FREE), EINVAL);
    CHECK_OK(mprotect(p, 4 * PAGE, PROT_NONE));
    CHECK_OK(madvise(p, 4 * PAGE, MADV_DONTNEED));
    CHECK_OK(mprotect(p, 4 * PAGE, RW));
    CHECK_EQ(p[0], 0);
    CHECK_OK(munmap(p, 4 * PAGE));
    CHECK_OK(munmap(s, 4 * PAGE));
}

TEST(locked_memory)
{
    char *p = anon(4, RW, MAP_PRIVATE);

    p[PAGE] = 'x';
    CHECK_OK(mlock(p, 2 * PAGE));
    CHECK_ERR(madvise(p, 4 * PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERR(madvise(p, PAGE, MADV_FREE), EINVAL);
    CHECK_ERR(madvise(p, PAGE, MADV_COLD), EINVAL);
    CHECK_ERR(madvise(p, PAGE, MADV_PAGEOUT), EINVAL);
    CHECK_EQ(p[PAGE], 'x');
    CHECK_ERR(msync(p, PAGE, MS_INVALIDATE), EBUSY);
    CHECK_OK(msync(p + 2 * PAGE, PAGE, MS_INVALIDATE));
    CHECK_OK(munlock(p, 4 * PAGE));
    CHECK_OK(madvise(p, PAGE, MADV_COLD));
    CHECK_OK(madvise(p, 2 * PAGE, MADV_PAGEOUT));
    CHECK_OK(madvise(p, 4 * PAGE, MADV_DONTNEED));
    CHECK_EQ(p[PAGE], 0);
    CHECK_OK(munmap(p, 4 * PAGE));
}

TEST(removal)
{
    int fd = open("removal", O_CREAT | O_RDWR, 0600);
    char *p = anon(4, RW, MAP_PRIVATE), *s = anon(4, RW, MAP_SHARED);
    char *f, *copy, *ro;

    CHECK_OK(ftruncate(fd, 4 * PAGE));
    f = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    copy = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
    memset(f, 'f', 4 * PAGE);
    memset(s, 's', 4 * PAGE);
    copy[PAGE] = 'c';
    CHECK_ERR(madvise(p, PAGE, MADV_REMOVE), EINVAL);
    CHECK_ERR(madvise(copy, PAGE, MADV_REMOVE), EACCES);
    CHECK_OK(madvise(s + PAGE, PAGE, MADV_REMOVE));
    CHECK_EQ(s[PAGE], 0);
    CHECK_EQ(s[2 * PAGE], 's');
    CHECK_OK(madvise(f + PAGE, 2 * PAGE, MADV_REMOVE));
    CHECK_EQ(f[0], 'f');
    CHECK_EQ(f[PAGE], 0);
    CHECK_EQ(f[2 * PAGE], 0);
    CHECK_EQ(f[3 * PAGE], 'f');
    CHECK_EQ(copy[PAGE], 'c'); /* a private copy stays */
    CHECK_EQ(copy[2 * PAGE], 0);
    close(fd);
    fd = open("removal", O_RDONLY);
    ro = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK_ERR(madvise(ro, PAGE, MADV_REMOVE), EACCES);
    close(fd);
    munmap(ro, 4 * PAGE);
    munmap(f, 4 * PAGE);
    munmap(copy, 4 * PAGE);
    munmap(p, 4 * PAGE);
    munmap(s, 4 * PAGE);
}

TEST(order_of_errors)
{
    char *p = anon(4, RW, MAP_PRIVATE);

    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK_ERR(madvise(p, 0, 12345), EINVAL);
    CHECK_ERR(madvise(p + 1, 0, MADV_NORMAL), EINVAL);
    CHECK_OK(madvise((char *)-PAGE, 0, MADV_NORMAL));
    CHECK_OK(madvise(NULL, 0, MADV_DONTNEED));
    CHECK_ERR(madvise(NULL, PAGE, MADV_WILLNEED), ENOMEM);
    CHECK_ERR(madvise(p, 3 * PAGE, MADV_NORMAL), ENOMEM);
    CHECK_ERR(madvise(p, 3 * PAGE, MADV_HUGEPAGE), ENOMEM);
    CHECK_ERR(madvise(p, (size_t)-1, MADV_NORMAL), EINVAL);
    CHECK_ERR(madvise(p, -PAGE, MADV_NORMAL), EINVAL);
    p[2 * PAGE] = 'x'; /* the hole does not end the work */
    CHECK_ERR(madvise(p, 3 * PAGE, MADV_DONTNEED), ENOMEM);
    CHECK_EQ(p[2 * PAGE], 0);
    CHECK_OK(munmap(p, 4 * PAGE));
}

/* ---- mmap's corners ---- */

TEST(validated_flags)
{
    int fd = open("validated", O_CREAT | O_RDWR, 0600);
    void *p;

    CHECK_OK(ftruncate(fd, PAGE));
    p = mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE, fd, 0);
    CHECK(p != MAP_FAILED);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | UNKNOWN, fd, 0) ==
              MAP_FAILED &&
          errno == EOPNOTSUPP);
    CHECK(mmap(p, PAGE, RW, MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE, fd, 0) ==
              MAP_FAILED &&
          errno == EEXIST);
    CHECK(mmap((void *)0x30000, PAGE, RW,
               MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE, fd,
               0) == MAP_FAILED &&
          errno == EOPNOTSUPP);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0) ==
              MAP_FAILED &&
          errno == EINVAL);
    munmap(p, PAGE);
    p = mmap(NULL, PAGE, RW, MAP_SHARED | UNKNOWN, fd, 0);
    CHECK(p != MAP_FAILED); /* others ignore what they do not know */
    munmap(p, PAGE);
    close(fd);
}

TEST(a_low_hint_is_raised)
{
    void *p = mmap((void *)PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p == (void *)0x10000);
    munmap(p, PAGE);
    p = mmap((void *)0x20001, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p == (void *)0x20000);
    munmap(p, PAGE);
}

TEST(noreplace)
{
    char *p = anon(4, RW, MAP_PRIVATE);

    munmap(p + PAGE, PAGE);
    CHECK(mmap(p, 2 * PAGE, RW,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
               0) == MAP_FAILED &&
          errno == EEXIST);
    CHECK(mmap(p + PAGE, PAGE, RW,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
               0) == p + PAGE);
    CHECK(mmap(p + 1, PAGE, RW,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
               0) == MAP_FAILED &&
          errno == EINVAL);
    munmap(p, 4 * PAGE);
}

/* RLIMIT_DATA counts private writable memory. */
TEST(data_limit)
{
    struct rlimit old, tight;
    char *p;
    long now;

    CHECK_OK(getrlimit(RLIMIT_DATA, &old));
    tight = old;
    tight.rlim_cur = 64ul << 20;
    CHECK_OK(setrlimit(RLIMIT_DATA, &tight));
    CHECK(anon(64 * 256, RW, MAP_PRIVATE) == MAP_FAILED && errno == ENOMEM);
    p = anon(64 * 256, PROT_READ, MAP_PRIVATE);
    CHECK(p != MAP_FAILED);
    CHECK_ERR(mprotect(p, 64 * 256 * PAGE, RW), ENOMEM);
    CHECK_OK(mprotect(p, 16 * 256 * PAGE, RW));
    munmap(p, 64 * 256 * PAGE);
    p = anon(64 * 256, RW, MAP_SHARED);
    CHECK(p != MAP_FAILED);
    munmap(p, 64 * 256 * PAGE);
    now = syscall(SYS_brk, 0);
    CHECK_EQ(syscall(SYS_brk, now + (64l << 20)), now);
    CHECK_EQ(syscall(SYS_brk, now + (1l << 20)), now + (1l << 20));
    CHECK_EQ(syscall(SYS_brk, now), now);
    CHECK_OK(setrlimit(RLIMIT_DATA, &old));
}
