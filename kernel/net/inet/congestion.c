/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * congestion.c - how much a TCP connection may have under way: CUBIC.
 *
 * RFC 9438, as Linux has it by default. On short paths, where a guest mostly
 * is, its Reno-friendly part decides, and it differs from NewReno by giving up
 * three tenths of the window at a loss instead of half. On long ones it comes
 * back to the old window in seconds, not minutes. "reno" (RFC 5681) is there
 * for programs that ask for it.
 */
#include "core/panic.h"
#include "inet_hooks.h"
#include "net/inet/sender.h"

#define INITIAL_PACKETS 10u /* RFC 6928 */
#define NO_THRESHOLD    0x7fffffffu
#define CWND_MAX        0x3fffffffu
#define AHEAD_MAX_MS    60000 /* of K: beyond, the cube says nothing new */

void congestion_begin(struct sender *s, unsigned mss)
{
    s->cwnd = INITIAL_PACKETS * mss;
    s->ssthresh = NO_THRESHOLD;
}

/* The whole cube root. */
static uint32_t cube_root(uint64_t x)
{
    uint64_t root = 0;

    for (int bit = 20; bit >= 0; bit--) {
        uint64_t next = root | 1ull << bit;

        if (next * next * next <= x)
            root = next;
    }
    return (uint32_t)root;
}

/* Avoidance begins: K = cbrt((W_max - cwnd) / C), C = 0.4 packets/s^3. */
static void epoch_begin(struct sender *s, unsigned mss)
{
    uint32_t below = s->w_max > s->cwnd ? s->w_max - s->cwnd : 0;

    s->epoch_us = inet_now_us | 1;
    s->origin = s->cwnd + below;
    s->k_ms = cube_root((uint64_t)below * 2500000000u / mss);
    s->w_est = s->cwnd;
}

/* W_cubic(t + RTT), at most half again the window there is. */
static uint32_t cubic_target(const struct sender *s, unsigned mss)
{
    uint32_t t_ms = (inet_now_us - s->epoch_us + s->min_rtt_us) / 1000;
    int64_t d = MIN(MAX((int64_t)t_ms - s->k_ms, -(int64_t)AHEAD_MAX_MS),
                    (int64_t)AHEAD_MAX_MS);
    int64_t target = s->origin + d * d * d / 1000000 * mss / 2500;

    return (uint32_t)MIN(MAX(target, (int64_t)s->cwnd),
                         (int64_t)s->cwnd + s->cwnd / 2);
}

static void avoid(struct sender *s, uint32_t acked, unsigned mss)
{
    uint64_t part = (uint64_t)acked * mss;
    uint32_t target;

    if (s->is_reno) {
        s->cwnd += (uint32_t)(part / s->cwnd);
        return;
    }
    if (s->epoch_us == 0)
        epoch_begin(s, mss);
    /* alpha = 3 (1 - beta) / (1 + beta) */
    s->w_est += (uint32_t)(part * 9 / ((uint64_t)17 * s->cwnd));
    target = cubic_target(s, mss);
    s->cwnd += (uint32_t)((uint64_t)(target - s->cwnd) * acked / s->cwnd);
    s->cwnd = MAX(s->cwnd, s->w_est);
}

void congestion_acked(struct sender *s, uint32_t acked, unsigned mss)
{
    acked = MIN(acked, s->cwnd);
    if (s->cwnd < s->ssthresh)
        s->cwnd += acked;
    else
        avoid(s, acked, mss);
    s->cwnd = MIN(s->cwnd, CWND_MAX);
    s->cwnd_most = MAX(s->cwnd_most, s->cwnd);
}

void congestion_lost(struct sender *s, unsigned mss)
{
    uint32_t left = s->is_reno ? s->cwnd / 2 : s->cwnd / 10 * 7;

    /* A flow that has less than before makes room for others. */
    s->w_max = s->cwnd < s->w_max ? s->cwnd / 20 * 17 : s->cwnd;
    s->epoch_us = 0;
    s->ssthresh = MAX(left, 2 * mss);
}
