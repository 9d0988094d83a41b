/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers.c - when lwIP's timers run.
 *
 * lwIP asks to be called at fixed intervals for ever. A guest that sleeps must
 * not wake up for that, so each of its timers is stopped when nobody waits for
 * it. tcp_ticks is set from the clock whenever lwIP is entered, so that what it
 * measures is right although ticks were left out.
 */
#include "net/inet/timers.h"

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "net/inet/conn.h"
#include "net/inet/inet.h"
#include "time/clock.h"

#define NS_PER_MS     1000000ull
#define FAST_NS       (TCP_FAST_INTERVAL * NS_PER_MS)
#define SLOW_NS       (TCP_SLOW_INTERVAL * NS_PER_MS)
#define LINK_NS       (100 * NS_PER_MS)
#define LATER_REST_NS NS_PER_SEC /* keep-alives are looked at once a second */

static void tcp_expired(struct timer *t);
static void later_expired(struct timer *t);
static void link_expired(struct timer *t);

static struct timer tcp_timer = { .expired = tcp_expired };
static struct timer later_timer = { .expired = later_expired };
static struct timer link_timer = { .expired = link_expired };
static uint32_t now_ms;
static unsigned link_ticks_left, link_tick;

u32_t sys_now(void)
{
    return now_ms;
}

/* Ticks begin at 1: lwIP takes a time of 0 for none. */
void inet_tick(void)
{
    uint64_t now_ns = clock_mono_ns();

    now_ms = (uint32_t)(now_ns / NS_PER_MS);
    tcp_ticks = (uint32_t)(now_ns / SLOW_NS) + 1;
}

static uint64_t time_of_tick(uint32_t tick)
{
    int32_t ticks = (int32_t)(tick - tcp_ticks);

    return clock_mono_ns() + (ticks > 0 ? (uint64_t)ticks * SLOW_NS : 0);
}

/* ---- TCP ---- */

void timers_tcp_needed(void)
{
    if (!timer_is_armed(&tcp_timer))
        timer_arm(&tcp_timer, clock_mono_ns() + FAST_NS);
}

/* lwIP says so for each new pcb; conn.c knows better. */
void tcp_timer_needed(void)
{
}

static void tcp_expired(struct timer *t)
{
    static bool is_slow;

    inet_tick();
    is_slow = !is_slow;
    conn_timer_run(is_slow);
    inet_flush();
    if (conn_timer_wanted())
        timer_arm(t, clock_mono_ns() + FAST_NS);
}

void timers_later_needed(uint32_t tick)
{
    uint64_t when = time_of_tick(tick) + LATER_REST_NS;

    if (!timer_is_armed(&later_timer) || when < later_timer.deadline_ns)
        timer_arm(&later_timer, when);
}

static void later_expired(struct timer *t)
{
    uint32_t tick;

    (void)t;
    inet_tick();
    conn_later_run();
    inet_flush();
    if (conn_later_first(&tick))
        timers_later_needed(tick);
}

/* ---- below TCP ---- */

void timers_link_needed(unsigned seconds)
{
    unsigned ticks = seconds * 10;

    if (link_ticks_left < ticks)
        link_ticks_left = ticks;
    if (!timer_is_armed(&link_timer))
        timer_arm(&link_timer, clock_mono_ns() + LINK_NS);
}

static void link_expired(struct timer *t)
{
    inet_tick();
    igmp_tmr(); /* each 100 ms, as MLD's */
    mld6_tmr();
    link_tick++;
    if (link_tick % 5 == 0)
        dhcp_fine_tmr();
    if (link_tick % 10 == 0) {
        etharp_tmr();
        nd6_tmr();
        ip_reass_tmr();
        ip6_reass_tmr();
    }
    inet_flush();
    if (--link_ticks_left > 0)
        timer_arm(t, clock_mono_ns() + LINK_NS);
}
