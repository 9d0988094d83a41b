/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack_limit.c - the main stack grows as far as RLIMIT_STACK says now.
 *
 * covers: setrlimit getrlimit
 */
#include "check.h"

#include <sys/resource.h>

#define MIB (1ul << 20)

/* Use so much stack, a page at a time from the top. */
static __attribute__((noinline)) unsigned use_stack(size_t len)
{
    volatile char *here = __builtin_frame_address(0);
    unsigned sum = 0;

    for (size_t off = PAGE; off < len; off += PAGE) {
        /* below the stack pointer, as deep calls would touch it */
        here[-(long)off] = 1;
        sum += (unsigned)here[-(long)off];
    }
    return sum;
}

TEST(grows_to_a_raised_limit)
{
    struct rlimit limit;

    CHECK_OK(getrlimit(RLIMIT_STACK, &limit));
    limit.rlim_cur = 24 * MIB;
    CHECK_OK(setrlimit(RLIMIT_STACK, &limit));
    CHECK_EQ(use_stack(16 * MIB), 16 * MIB / PAGE - 1);
    CHECK_OK(getrlimit(RLIMIT_STACK, &limit));
    CHECK_EQ(limit.rlim_cur, 24 * MIB);
}
