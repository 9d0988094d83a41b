/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mprotect.c - mprotect(2), mremap(2), madvise(2), mincore(2), brk(2),
 * mlock(2), msync(2).
 *
 * covers: mremap madvise brk msync mincore mlock munlock mlockall munlockall
 * covers: mlock2
 */
#include "check.h"

#include <sys/mman.h>

static char *anon(size_t len)
{
    return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0);
}

/* Whether the kernel can read it, without a signal of ours. */
static bool readable(const void *p)
{
    int fds[2];
    bool good;

    if (pipe(fds) != 0)
        return false;
    good = write(fds[1], p, 1) == 1;
    close(fds[0]);
    close(fds[1]);
    return good;
}

TEST(rights_come_and_go)
{
    char *p = anon(3 * PAGE);

    memset(p, 'x', 3 * PAGE);
    CHECK_OK(mprotect(p + PAGE, PAGE, PROT_NONE));
    CHECK(readable(p));
    CHECK(!readable(p + PAGE));
    CHECK(readable(p + 2 * PAGE));
    CHECK_OK(mprotect(p, 3 * PAGE, PROT_READ | PROT_WRITE));
    CHECK_EQ(p[PAGE], 'x');
    CHECK_OK(mprotect(p, 0, PROT_READ));
    munmap(p, 3 * PAGE);
}

TEST(mprotect_errors)
{
    char *p = anon(2 * PAGE);
    int fd;

    CHECK_ERR(syscall(SYS_mprotect, p + 1, PAGE, PROT_READ), EINVAL);
    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK_ERR(mprotect(p, 2 * PAGE, PROT_READ), ENOMEM);
    CHECK_ERR(mprotect(p, PAGE, 0x80000000u), EINVAL);
    munmap(p, PAGE);
    make_file("f", "x");
    fd = open("f", O_RDONLY);
    p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK_ERR(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
    munmap(p, PAGE);
    close(fd);
}

TEST(mremap_grows_and_shrinks)
{
    char *p = anon(4 * PAGE), *q;

    memset(p, 'm', 4 * PAGE);
    q = mremap(p, 4 * PAGE, 2 * PAGE, 0);
    CHECK(q == p);
    CHECK(!readable(p + 2 * PAGE));
    q = mremap(p, 2 * PAGE, 3 * PAGE, 0);
    CHECK(q == p); /* the room behind is free */
    CHECK_EQ(q[2 * PAGE], 0);
    q = mremap(p, 3 * PAGE, 500 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED);
    CHECK_EQ(q[2 * PAGE - 1], 'm');
    CHECK_EQ(q[499 * PAGE], 0);
    munmap(q, 500 * PAGE);
}

TEST(mremap_to_a_fixed_place)
{
    char *p = anon(2 * PAGE), *place = anon(4 * PAGE), *q;

    p[0] = 'A';
    p[PAGE] = 'B';
    q = mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
               place + PAGE);
    CHECK(q == place + PAGE);
    CHECK_EQ(q[0], 'A');
    CHECK_EQ(q[PAGE], 'B');
    CHECK(!readable(p));
    CHECK_ERR((long)mremap(q, PAGE, PAGE, MREMAP_FIXED, place), EINVAL);
    CHECK_ERR((long)mremap(q + 1, PAGE, PAGE, 0), EINVAL);
    CHECK_ERR((long)mremap(q, PAGE, 0, 0), EINVAL);
    CHECK_ERR((long)mremap((void *)(PAGE * 16), PAGE, 2 * PAGE, 0), EFAULT);
    munmap(place, 4 * PAGE);
}

TEST(mremap_moves_a_blocked_mapping_only_if_allowed)
{
    char *p = anon(3 * PAGE), *q;

    CHECK_OK(munmap(p + PAGE, PAGE));
    p[2 * PAGE] = 'k';
    CHECK_ERR((long)mremap(p, PAGE, 3 * PAGE, 0), ENOMEM);
    p[0] = 'w';
    q = mremap(p, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED && q != p);
    CHECK_EQ(q[0], 'w');
    munmap(q, 3 * PAGE);
    munmap(p + 2 * PAGE, PAGE);
}

TEST(dontneed_gives_zeros_again)
{
    char *p = anon(4 * PAGE);

    memset(p, 'd', 4 * PAGE);
    CHECK_OK(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED));
    CHECK_EQ(p[0], 'd');
    CHECK_EQ(p[PAGE], 0);
    CHECK_EQ(p[3 * PAGE - 1], 0);
    CHECK_EQ(p[3 * PAGE], 'd');
    CHECK_OK(madvise(p, PAGE, MADV_WILLNEED));
    CHECK_OK(madvise(p, PAGE, MADV_SEQUENTIAL));
    CHECK_OK(madvise(p, PAGE, MADV_FREE));
    CHECK_ERR(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERR(madvise(p, PAGE, 12345), EINVAL);
    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK_ERR(madvise(p, 4 * PAGE, MADV_DONTNEED), ENOMEM);
    munmap(p, 4 * PAGE);
}

TEST(dontneed_on_a_private_file_page_reads_the_file_again)
{
    int fd;
    char *p;

    make_file("g", "file");
    fd = open("g", O_RDWR);
    p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    memcpy(p, "mine", 4);
    CHECK_OK(madvise(p, PAGE, MADV_DONTNEED));
    CHECK(memcmp(p, "file", 4) == 0);
    munmap(p, PAGE);
    close(fd);
}

TEST(the_break_moves)
{
    char *old = (char *)syscall(SYS_brk, 0);
    char *more = (char *)syscall(SYS_brk, old + 10 * PAGE);

    CHECK(more == old + 10 * PAGE);
    CHECK_EQ(old[PAGE], 0);
    old[PAGE] = 'b';
    CHECK((char *)syscall(SYS_brk, old) == old);
    CHECK((char *)syscall(SYS_brk, old + 10 * PAGE) == more);
    CHECK_EQ(old[PAGE], 0); /* what was given back comes back empty */
    CHECK((char *)syscall(SYS_brk, 1) == more); /* refused: unchanged */
    CHECK((char *)syscall(SYS_brk, old) == old);
}

TEST(mincore_tells_what_is_mapped)
{
    char *p = anon(2 * PAGE);
    unsigned char v[2];

    p[0] = 1;
    CHECK_OK(mincore(p, 2 * PAGE, v));
    CHECK_EQ(v[0] & 1, 1);
    CHECK_ERR(mincore(p + 1, PAGE, v), EINVAL);
    munmap(p, 2 * PAGE);
    CHECK_ERR(mincore(p, PAGE, v), ENOMEM);
}

TEST(locking_and_syncing)
{
    char *p = anon(2 * PAGE);

    CHECK_OK(mlock(p, PAGE));
    CHECK_OK(munlock(p, PAGE));
    CHECK_ERR(mlock((void *)(PAGE * 16), PAGE), ENOMEM);
    CHECK_OK(msync(p, PAGE, MS_ASYNC));
    CHECK_ERR(msync(p, PAGE, MS_ASYNC | MS_SYNC), EINVAL);
    CHECK_ERR(msync(p + 1, PAGE, MS_SYNC), EINVAL);
    munmap(p, 2 * PAGE);
    CHECK_ERR(msync(p, PAGE, MS_SYNC), ENOMEM);
}
