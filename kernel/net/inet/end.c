/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * end.c - the program is over, and with it in a moment the machine.
 *
 * Linux closes a process's sockets and goes on by itself: what was written
 * arrives, and the other end hears of the end. Here that has to happen before
 * the machine is off. It is waited for while the other ends acknowledge
 * something, QUIET_NS from one time to the next and END_NS in all.
 *
 * No thread runs any more, so nothing is waited for by sleeping: the kernel
 * lock is kept, and the device is looked at every LOOK_NS at least. Timers of
 * another CPU do not run then, so that what is lost is resent with one CPU
 * alone.
 */
#include "arch/arch.h"
#include "core/lock.h"
#include "lwip/priv/tcp_priv.h"
#include "net/inet/conn.h"
#include "net/inet/device.h"
#include "net/inet/inet.h"
#include "net/inet/tcp.h"
#include "sched/runq.h"
#include "time/clock.h"

#define LOOK_NS  1000000u
#define QUIET_NS 1000000000u
#define END_NS   5000000000ull

static void look(struct timer *t)
{
    (void)t; /* the CPU is awake */
}

/* Bytes on the way to others, FINs included. */
static bool count_left(struct conn *c, void *arg)
{
    uint32_t *left = arg;

    if (c->pcb && !c->is_local && (c->pcb->unsent || c->pcb->unacked))
        *left += c->pcb->snd_lbb - c->pcb->lastack;
    return true;
}

static uint32_t bytes_left(void)
{
    uint32_t left = 0;

    conn_for_each(count_left, &left);
    return left;
}

/* Let interrupts come, or the next look, whatever is first. */
static void rest(struct timer *timer)
{
    timer_arm(timer, clock_mono_ns() + LOOK_NS);
    inet_leave();
    if (!runq_idle_hook || !runq_idle_hook())
        arch_idle();
    arch_irq_poll();
    inet_enter();
}

static void wait_acknowledged(void)
{
    uint64_t now = clock_mono_ns(), end = now + END_NS, quiet = now + QUIET_NS;
    uint32_t left = bytes_left();
    struct timer timer;

    timer_init(&timer, look);
    while (left > 0 && now < MIN(end, quiet)) {
        uint32_t was = left;

        rest(&timer);
        (void)device_poll();
        now = clock_mono_ns();
        left = bytes_left();
        if (left != was)
            quiet = now + QUIET_NS;
    }
    timer_cancel(&timer);
}

void inet_end(void)
{
    (void)kernel_lock_enter(); /* for good */
    inet_enter();
    conn_end_all();
    (void)device_poll();
    wait_acknowledged();
    (void)device_poll();
    inet_leave();
}
