/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reserve_small.c - addresses reserved in a piece that is larger than a small
 * guest's memory, as run times and stacks of threads are, and a page of them
 * touched.
 *
 * covers: mmap mprotect mremap
 * run: -m 6M
 */
#include "check.h"

#include <sys/mman.h>

#define LEN (8ul << 20)

TEST(mmap_of_more_than_there_is)
{
    char *p = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    p[LEN - 1] = 1;
    CHECK_OK(munmap(p, LEN));
}

TEST(mprotect_as_for_a_threads_stack)
{
    char *p =
        mmap(NULL, LEN + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    CHECK_OK(mprotect(p + PAGE, LEN, PROT_READ | PROT_WRITE));
    p[LEN] = 1;
    CHECK_EQ(p[LEN], 1);
    CHECK_OK(munmap(p, LEN + PAGE));
}

TEST(mremap_to_more_than_there_is)
{
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    p[0] = 1;
    p = mremap(p, PAGE, LEN, MREMAP_MAYMOVE);
    CHECK(p != MAP_FAILED);
    CHECK_EQ(p[0], 1);
    p[LEN - 1] = 2;
    CHECK_OK(munmap(p, LEN));
}
