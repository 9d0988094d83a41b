/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait4.c - waiting when there is no child.
 *
 * covers: waitid
 */
#include "check.h"

#include <signal.h>
#include <sys/wait.h>

TEST(no_child)
{
    int status;
    siginfo_t info;

    CHECK_ERR(wait(&status), ECHILD);
    CHECK_ERR(waitpid(-1, &status, WNOHANG), ECHILD);
    CHECK_ERR(waitpid(1 << 20, &status, 0), ECHILD);
    CHECK_ERR(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
    CHECK_ERR(waitid(P_ALL, 0, &info, 0), EINVAL);
    CHECK_ERR(waitpid(-1, &status, 0x100000), EINVAL);
}
