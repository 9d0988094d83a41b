/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.c - the lock of the internet protocols, and what waits for another.
 *
 * Frames come in without the kernel lock, and some of what they bring about is
 * that lock's: SIGURG, what netlink tells of addresses, the name servers in
 * /etc/resolv.conf. It is noted and done by a timer that is due at once, since
 * timers run under the kernel lock; or, by a call that has that lock and whose
 * result is expected to be seen, before it returns.
 */
#include "net/inet/device.h"
#include "net/inet/ifconfig.h"
#include "net/inet/inet.h"
#include "net/inet/tcp.h"
#include "time/clock.h"

/* A part (parts.def): absent in kernels without MSG_OOB. */
#pragma weak tcp_urgent_tell

struct spinlock inet_lock __attribute__((aligned(64))) =
    SPINLOCK_INIT(LOCK_INET);

static void expired(struct timer *t)
{
    (void)t;
    inet_tell();
}

static struct timer timer = { .expired = expired };

COLD void inet_enter(void)
{
    spin_lock(&inet_lock);
}

COLD void inet_leave(void)
{
    spin_unlock(&inet_lock);
}

bool inet_look(void)
{
    bool has_come;

    spin_lock(&inet_lock);
    has_come = device_look();
    spin_unlock(&inet_lock);
    return has_come;
}

int inet_sleep(struct waitq *q, struct socket_wait *w)
{
    return device_look() ? 0 : socket_sleep(q, w);
}

COLD void inet_put_off(void)
{
    if (!timer_is_armed(&timer))
        timer_arm(&timer, clock_mono_ns());
}

COLD void inet_tell(void)
{
    ifconfig_tell();
    if (tcp_urgent_tell)
        tcp_urgent_tell();
}
