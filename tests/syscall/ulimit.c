/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ulimit.c - the resource limits that a guest was given begin its program.
 *
 * run: --hostname limits --ulimit nofile=100:200 --ulimit stack=16777216
 * run: --ulimit core=-1
 * covers: getrlimit
 */
#include "check.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static bool is_given(void)
{
    char name[65] = "";

    return gethostname(name, sizeof(name)) == 0 && strcmp(name, "limits") == 0;
}

TEST(limits_are_as_given)
{
    struct rlimit r;

    if (!is_given())
        return; /* Linux, whose limits are others */
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &r));
    CHECK_EQ(r.rlim_cur, 100);
    CHECK_EQ(r.rlim_max, 200);
    CHECK_OK(getrlimit(RLIMIT_STACK, &r));
    CHECK_EQ(r.rlim_cur, 16777216);
    CHECK_OK(getrlimit(RLIMIT_CORE, &r));
    CHECK(r.rlim_cur == RLIM_INFINITY);
}

TEST(and_are_heeded)
{
    int fd, last = -1;

    if (!is_given())
        return;
    while ((fd = dup(0)) >= 0)
        last = fd;
    CHECK_EQ(last, 99);
}
