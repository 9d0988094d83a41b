/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rseq.c - restartable sequences: glibc registers one for each thread.
 */
#include "check.h"

#include <linux/rseq.h>

TEST(registration)
{
    static struct rseq area __attribute__((aligned(32)));
    long r = syscall(SYS_rseq, &area, sizeof(area), 0, 0x53053053);

    if (r == -1 && (errno == EBUSY || errno == EINVAL || errno == EPERM))
        SKIP("the libc has registered its own");
    CHECK_OK(r);
    CHECK(area.cpu_id != (uint32_t)RSEQ_CPU_ID_UNINITIALIZED);
    CHECK_ERR(syscall(SYS_rseq, &area, sizeof(area), 0, 0x53053053), EBUSY);
    CHECK_ERR(syscall(SYS_rseq, &area, sizeof(area), 1, 0x1234), EPERM);
    CHECK_OK(syscall(SYS_rseq, &area, sizeof(area), 1, 0x53053053));
}
