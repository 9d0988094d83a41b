/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched_setattr.c - scheduling policies, parameters, affinity: the raw calls.
 *
 * covers: sched_getattr sched_setparam sched_getparam sched_setscheduler
 * covers: sched_getscheduler sched_get_priority_min sched_get_priority_max
 * covers: sched_rr_get_interval sched_setaffinity sched_getaffinity
 * covers: getpriority setpriority get_robust_list set_robust_list
 */
#include "check.h"

#include <sched.h>
#include <sys/resource.h>

struct attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};

TEST(the_range_of_priorities)
{
    CHECK_EQ(syscall(SYS_sched_get_priority_min, SCHED_OTHER), 0);
    CHECK_EQ(syscall(SYS_sched_get_priority_max, SCHED_OTHER), 0);
    CHECK_EQ(syscall(SYS_sched_get_priority_min, SCHED_FIFO), 1);
    CHECK_EQ(syscall(SYS_sched_get_priority_max, SCHED_RR), 99);
    CHECK_EQ(syscall(SYS_sched_get_priority_max, SCHED_BATCH), 0);
    CHECK_ERR(syscall(SYS_sched_get_priority_max, 99), EINVAL);
    CHECK_ERR(syscall(SYS_sched_get_priority_min, -1), EINVAL);
}

TEST(reading_what_we_are)
{
    struct attr a;
    struct sched_param p = { .sched_priority = 77 };
    struct timespec t;

    memset(&a, 0xff, sizeof(a));
    CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
    CHECK_OK(syscall(SYS_sched_getparam, 0, &p));
    CHECK_EQ(p.sched_priority, 0);
    CHECK_OK(syscall(SYS_sched_getattr, 0, &a, 48, 0));
    CHECK_EQ(a.size, 48);
    CHECK_EQ(a.policy, SCHED_OTHER);
    CHECK_EQ(a.nice, 0);
    CHECK_EQ(a.priority, 0);
    CHECK_OK(syscall(SYS_sched_rr_get_interval, 0, &t));
    CHECK(t.tv_sec == 0);
}

TEST(changing_policy_and_nice)
{
    struct attr a = { .size = 48, .policy = SCHED_BATCH, .nice = 5 };
    struct sched_param p = { .sched_priority = 0 };

    CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
    CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
    CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
    memset(&a, 0, sizeof(a));
    CHECK_OK(syscall(SYS_sched_getattr, 0, &a, 48, 0));
    CHECK_EQ(a.nice, 5);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 100)); /* clipped */
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
}

TEST(scheduling_errors)
{
    struct attr a = { .size = 48, .policy = SCHED_OTHER };
    struct sched_param p = { .sched_priority = 1 };

    CHECK_ERR(syscall(SYS_sched_getscheduler, -1), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getscheduler, 999999), ESRCH);
    CHECK_ERR(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getparam, 999999, &p), ESRCH);
    CHECK_ERR(syscall(SYS_sched_getparam, 0, bad_pointer()), EFAULT);
    CHECK_ERR(syscall(SYS_sched_setparam, 0, &p), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setparam, -1, &p), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setscheduler, 0, 99, &p), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setscheduler, 0, -1, &p), EINVAL);
    p.sched_priority = 100;
    CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setscheduler, 999999, SCHED_FIFO, &p), ESRCH);
    CHECK_ERR(syscall(SYS_sched_getattr, 0, &a, 40, 0), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getattr, 0, &a, 48, 1), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getattr, 0, NULL, 48, 0), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getattr, 999999, &a, 48, 0), ESRCH);
    CHECK_ERR(syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 1), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setattr, 999999, &a, 0), ESRCH);
    a.policy = 99;
    CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
    a.policy = SCHED_OTHER;
    a.size = 40;
    CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), E2BIG);
    CHECK_ERR(syscall(SYS_sched_rr_get_interval, -1, &p), EINVAL);
    CHECK_ERR(syscall(SYS_sched_rr_get_interval, 999999, &p), ESRCH);
    CHECK_ERR(syscall(SYS_sched_rr_get_interval, 0, bad_pointer()), EFAULT);
    CHECK_ERR(syscall(SYS_getpriority, 9, 0), EINVAL);
    CHECK_ERR(syscall(SYS_getpriority, PRIO_PROCESS, 999999), ESRCH);
    CHECK_ERR(syscall(SYS_setpriority, 9, 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_setpriority, PRIO_PROCESS, 999999, 0), ESRCH);
}

TEST(affinity_errors)
{
    unsigned long mask[16] = { 0 };

    CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 1, mask), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 12, mask), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getaffinity, 999999, 128, mask), ESRCH);
    CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 128, bad_pointer()), EFAULT);
    CHECK_ERR(syscall(SYS_sched_setaffinity, 0, 128, mask), EINVAL); /* none */
    CHECK_ERR(syscall(SYS_sched_setaffinity, 0, 128, bad_pointer()), EFAULT);
    CHECK(syscall(SYS_sched_getaffinity, 0, 128, mask) > 0);
    CHECK_OK(syscall(SYS_sched_setaffinity, 0, 128, mask));
    CHECK_ERR(syscall(SYS_sched_setaffinity, 999999, 128, mask), ESRCH);
}

TEST(robust_lists)
{
    struct {
        void *next;
        long off;
        void *pending;
    } head = { &head, 0, NULL };
    void *old, *got;
    size_t old_len, len;

    CHECK_OK(syscall(SYS_get_robust_list, 0, &old, &old_len));
    CHECK_OK(syscall(SYS_set_robust_list, &head, sizeof(head)));
    CHECK_OK(syscall(SYS_get_robust_list, 0, &got, &len));
    CHECK(got == &head);
    CHECK_EQ(len, 24);
    CHECK_ERR(syscall(SYS_set_robust_list, &head, 16), EINVAL);
    CHECK_ERR(syscall(SYS_get_robust_list, 999999, &got, &len), ESRCH);
    CHECK_ERR(syscall(SYS_get_robust_list, 0, bad_pointer(), &len), EFAULT);
    CHECK_OK(syscall(SYS_set_robust_list, old, 24));
}
