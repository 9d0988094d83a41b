/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex_waitv.c - waiting for any of several futexes.
 */
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>

/* Newer than musl. */
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#define FUTEX2_U32 2

static uint32_t words[3];
static struct futex_waitv list[3];

static long wait_any(unsigned count, const struct timespec *until)
{
    return syscall(SYS_futex_waitv, list, count, 0, until, CLOCK_MONOTONIC);
}

static void set_up(void)
{
    for (int i = 0; i < 3; i++) {
        words[i] = 0;
        list[i] = (struct futex_waitv){
            .val = 0,
            .uaddr = (uintptr_t)&words[i],
            .flags = FUTEX2_U32 | FUTEX_PRIVATE_FLAG,
        };
    }
}

static void *wake_second(void *arg)
{
    struct timespec t = { 0, 2000000 };

    (void)arg;
    for (int i = 0; i < 1000; i++) {
        nanosleep(&t, NULL);
        if (syscall(SYS_futex, &words[1], FUTEX_WAKE_PRIVATE, 1) == 1)
            break;
    }
    return NULL;
}

TEST(tells_which_was_woken)
{
    pthread_t t;

    set_up();
    pthread_create(&t, NULL, wake_second, NULL);
    CHECK_EQ(wait_any(3, NULL), 1);
    pthread_join(t, NULL);
}

TEST(a_changed_word_or_a_time)
{
    int64_t at = now_ns(CLOCK_MONOTONIC) + 20000000;
    struct timespec until = { at / 1000000000, at % 1000000000 };

    set_up();
    CHECK_ERR(wait_any(3, &until), ETIMEDOUT);
    CHECK(now_ns(CLOCK_MONOTONIC) >= at);
    words[2] = 1;
    CHECK_ERR(wait_any(3, NULL), EAGAIN);
}

TEST(errors)
{
    set_up();
    CHECK_ERR(wait_any(0, NULL), EINVAL);
    CHECK_ERR(wait_any(129, NULL), EINVAL);
    list[0].flags = 99;
    CHECK_ERR(wait_any(1, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_futex_waitv, bad_pointer(), 1, 0, NULL, 1), EFAULT);
}
