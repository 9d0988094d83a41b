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
#include "net/inet/neighbour_queue.h"
#include "time/clock.h"

#define NS_PER_US        1000ull
#define NS_PER_MS        1000000ull
#define FAST_NS          (TCP_FAST_INTERVAL * NS_PER_MS)
#define SLOW_NS          (TCP_SLOW_INTERVAL * NS_PER_MS)
#define LINK_NS          (DHCP_FINE_TIMER_MSECS * NS_PER_MS)
#define GROUP_NS         (100 * NS_PER_MS) /* IGMP's tick, and MLD's */
#define DHCP_NS          (DHCP_COARSE_TIMER_MSECS * NS_PER_MS)
#define LINK_TICKS_PER_S 2u
#define DHCP_FINE_S      5u
#define GROUP_S          5u /* reports are made within, and repeated */
#define CATCH_UP_S       10u
#define CATCH_UP_MAX_S   1800u      /* more than anything in a table lives */
#define LATER_REST_NS    NS_PER_SEC /* keep-alives: looked at once a second */

static void tcp_expired(struct timer *t);
static void later_expired(struct timer *t);
static void link_expired(struct timer *t);
static void dhcp_expired(struct timer *t);

static struct timer tcp_timer = { .expired = tcp_expired };
static struct timer later_timer = { .expired = later_expired };
static struct timer link_timer = { .expired = link_expired };
static struct timer dhcp_timer = { .expired = dhcp_expired };
u32_t inet_now_us;
static uint32_t now_ms, last_second_ms; /* 0: there was none */
static uint32_t owed_s; /* of second(), from before the timer was armed */
static unsigned link_ticks_left, link_tick, group_ticks_left;
static unsigned link_step = 1; /* ticks from one expiry to the next */
static bool waits_for_answer;  /* DHCP */

u32_t sys_now(void)
{
    return now_ms;
}

/* Ticks begin at 1: lwIP takes a time of 0 for none. */
void inet_tick(void)
{
    static uint64_t since_ns; /* when now_ms began */
    uint64_t now_ns = clock_mono_ns(), ms;

    inet_now_us = (uint32_t)(now_ns / NS_PER_US);
    if (now_ns - since_ns < NS_PER_MS)
        return;
    ms = now_ns / NS_PER_MS;
    since_ns = ms * NS_PER_MS;
    now_ms = (uint32_t)ms;
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

    inet_enter();
    inet_tick();
    is_slow = !is_slow;
    conn_timer_run(is_slow);
    inet_flush();
    if (conn_timer_wanted())
        timer_arm(t, clock_mono_ns() + FAST_NS);
    inet_leave();
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
    inet_enter();
    inet_tick();
    conn_later_run();
    inet_flush();
    if (conn_later_first(&tick))
        timers_later_needed(tick);
    inet_leave();
}

/* ---- below TCP ---- */

/* Half a second while groups or DHCP are busy, else a whole one. */
static void link_arm(void)
{
    link_step = waits_for_answer || group_ticks_left > 0 ? 1 : 2;
    timer_arm(&link_timer, clock_mono_ns() + link_step * LINK_NS);
}

/* Nobody looked since then. */
static void note_missed(void)
{
    if (last_second_ms)
        owed_s += (now_ms - last_second_ms) / 1000;
    last_second_ms = now_ms;
}

void timers_link_needed(unsigned seconds)
{
    unsigned ticks = seconds * LINK_TICKS_PER_S;

    if (link_ticks_left < ticks)
        link_ticks_left = ticks;
    if (!timer_is_armed(&link_timer)) {
        note_missed();
        link_arm();
    }
}

void timers_groups_needed(void)
{
    group_ticks_left = GROUP_S * LINK_TICKS_PER_S;
    timers_link_needed(GROUP_S);
}

/* A second of ARP, neighbours and fragments. */
static void second(void)
{
    etharp_tmr();
    neighbour_queue_is_shut = true;
    nd6_tmr();
    neighbour_queue_is_shut = false;
    ip_reass_tmr();
    ip6_reass_tmr();
}

static void groups_run(void)
{
    if (group_ticks_left == 0)
        return;
    group_ticks_left -= MIN(group_ticks_left, link_step);
    for (unsigned i = 0; i < link_step * LINK_NS / GROUP_NS; i++) {
        igmp_tmr();
        mld6_tmr();
    }
}

static void link_expired(struct timer *t)
{
    (void)t;
    inet_enter();
    inet_tick();
    groups_run();
    if (waits_for_answer)
        dhcp_fine_tmr();
    link_tick += link_step;
    if (link_tick % LINK_TICKS_PER_S == 0 || link_step > 1) {
        second();
        last_second_ms = now_ms;
    }
    inet_flush();
    link_ticks_left -= MIN(link_ticks_left, link_step);
    if (link_ticks_left > 0)
        link_arm();
    else
        waits_for_answer = false;
    inet_leave();
}

/* Not while a neighbour is being asked for: who has just begun to wait would
 * grow as old as those who were there before. */
void timers_link_catch_up(void)
{
    uint32_t missed_s;

    if (timer_is_armed(&link_timer) ||
        owed_s + (now_ms - last_second_ms) / 1000 < CATCH_UP_S)
        return;
    note_missed();
    missed_s = MIN(owed_s, CATCH_UP_MAX_S);
    owed_s = 0;
    for (; missed_s > 0; missed_s--)
        second();
    inet_flush();
}

void timers_dhcp_needed(unsigned seconds)
{
    waits_for_answer = true;
    timers_link_needed(seconds);
    if (!timer_is_armed(&dhcp_timer))
        timer_arm(&dhcp_timer, clock_mono_ns() + DHCP_NS);
}

static void dhcp_expired(struct timer *t)
{
    inet_enter();
    inet_tick();
    dhcp_coarse_tmr();
    timer_arm(t, clock_mono_ns() + DHCP_NS);
    timers_dhcp_needed(DHCP_FINE_S); /* for the answer, if it asked */
    inet_flush();
    inet_leave();
}
