/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioprio_set.c - I/O priorities: checked, remembered, and made of nice.
 *
 * covers: ioprio_get
 */
#include <sys/resource.h>

#include "check.h"

#define WHO_PROCESS        1
#define BEST_EFFORT        2
#define PRIO(class, level) ((class) << 13 | (level))

static long get(int which, int who)
{
    return syscall(SYS_ioprio_get, which, who);
}

static long set(int which, int who, int prio)
{
    return syscall(SYS_ioprio_set, which, who, prio);
}

TEST(what_is_set_is_told)
{
    CHECK_OK(set(WHO_PROCESS, 0, PRIO(BEST_EFFORT, 7)));
    CHECK_EQ(get(WHO_PROCESS, 0), PRIO(BEST_EFFORT, 7));
    CHECK_EQ(get(WHO_PROCESS, getpid()), PRIO(BEST_EFFORT, 7));
    CHECK_OK(set(WHO_PROCESS, 0, PRIO(3, 0))); /* idle */
    CHECK_EQ(get(WHO_PROCESS, 0), PRIO(3, 0));
    CHECK_OK(set(WHO_PROCESS, 0, PRIO(BEST_EFFORT, 0)));
}

TEST(errors)
{
    CHECK_ERR(set(WHO_PROCESS, 0, PRIO(4, 0)), EINVAL);
    CHECK_ERR(set(WHO_PROCESS, 0, PRIO(0, 1)), EINVAL);
    CHECK_ERR(set(WHO_PROCESS, 999999, PRIO(BEST_EFFORT, 0)), ESRCH);
    CHECK_ERR(set(0, 0, PRIO(BEST_EFFORT, 0)), EINVAL);
    CHECK_ERR(get(4, 0), EINVAL);
    CHECK_ERR(get(WHO_PROCESS, 999999), ESRCH);
}
