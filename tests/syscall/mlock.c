/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mlock.c - calls on mapped ranges that mostly check: locking, advice,
 * synchronising, residency.
 *
 * covers: munlock mlock2 mlockall munlockall msync mincore madvise
 */
#include "check.h"

#include <sys/mman.h>

static char *three_pages_with_a_hole(void)
{
    char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    CHECK_OK(munmap(p + PAGE, PAGE));
    return p;
}

TEST(locking)
{
    char *p = three_pages_with_a_hole();
    unsigned char there = 0;

    CHECK_OK(mlock(p, PAGE));
    CHECK_OK(mincore(p, PAGE, &there));
    CHECK_EQ(there & 1, 1); /* a locked page is present */
    CHECK_OK(munlock(p, PAGE));
    CHECK_OK(mlock(p + 1, 5)); /* rounded outwards */
    CHECK_OK(syscall(SYS_mlock2, p, PAGE, 0));
    CHECK_OK(syscall(SYS_mlock2, p, PAGE, 1)); /* on fault */
    CHECK_ERR(syscall(SYS_mlock2, p, PAGE, 2), EINVAL);
    CHECK_ERR(mlock(p, 3 * PAGE), ENOMEM);
    CHECK_ERR(munlock(p, 3 * PAGE), ENOMEM);
    CHECK_OK(mlock(p, 0));
    CHECK_ERR(syscall(SYS_mlockall, 0), EINVAL);
    CHECK_ERR(syscall(SYS_mlockall, 8), EINVAL);
    CHECK_ERR(syscall(SYS_mlockall, 4), EINVAL);
    CHECK_OK(munlockall());
    munmap(p, 3 * PAGE);
}

TEST(residency)
{
    char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char there[4] = { 9, 9, 9, 9 };

    p[PAGE] = 1;
    CHECK_OK(mincore(p, 4 * PAGE, there));
    CHECK_EQ(there[1] & 1, 1);
    CHECK_ERR(mincore(p + 1, PAGE, there), EINVAL);
    CHECK_ERR(mincore(p, 4 * PAGE, bad_pointer()), EFAULT);
    CHECK_OK(munmap(p + 2 * PAGE, PAGE));
    CHECK_ERR(mincore(p, 4 * PAGE, there), ENOMEM);
    CHECK_OK(mincore(p, 0, there));
    munmap(p, 4 * PAGE);
}

TEST(synchronising)
{
    char *p = three_pages_with_a_hole();

    CHECK_OK(msync(p, PAGE, MS_SYNC));
    CHECK_OK(msync(p, PAGE, MS_ASYNC | MS_INVALIDATE));
    CHECK_ERR(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    CHECK_ERR(msync(p, PAGE, 8), EINVAL);
    CHECK_ERR(msync(p + 1, PAGE, MS_SYNC), EINVAL);
    CHECK_ERR(msync(p, 3 * PAGE, MS_SYNC), ENOMEM);
    CHECK_ERR(msync(p + PAGE, PAGE, MS_SYNC), ENOMEM);
    CHECK_OK(msync(p, 0, MS_SYNC));
    munmap(p, 3 * PAGE);
}

TEST(advice)
{
    char *p = three_pages_with_a_hole();

    p[0] = 'x';
    CHECK_OK(madvise(p, PAGE, MADV_NORMAL));
    CHECK_OK(madvise(p, PAGE, MADV_WILLNEED));
    CHECK_EQ(p[0], 'x');
    CHECK_OK(madvise(p, PAGE, MADV_DONTNEED));
    CHECK_EQ(p[0], 0);
    CHECK_ERR(madvise(p, PAGE, 77), EINVAL);
    CHECK_ERR(madvise(p + 1, PAGE, MADV_NORMAL), EINVAL);
    CHECK_ERR(madvise(p, 3 * PAGE, MADV_DONTNEED), ENOMEM);
    CHECK_OK(madvise(p, 0, MADV_DONTNEED));
    CHECK_ERR(madvise(p, (size_t)-1, MADV_DONTNEED), EINVAL);
    munmap(p, 3 * PAGE);
}
