/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pc_clock.c - the 8254 timer and the MC146818 clock of a PC.
 *
 * The TSC is measured against counter 2 of the 8254 (1.193182 MHz), which
 * runs free in mode 0 while its gate (port 0x61, bit 0) is open. A port access
 * may cost 100 us in a guest, so the counter is read by the latch command, and
 * the TSC is taken right before and after that command: the error is the width
 * of that window, not the time of a polling loop.
 *
 * The counter wraps in 55 ms, and the host may be elsewhere for longer than
 * that. So it is looked at again and again, and what counts are the times
 * between looks that are not much longer than the shortest one.
 */
#include "time/pc_clock.h"

#include "arch/arch.h"

#define PIT_HZ        1193182ull
#define PIT_COUNTER_2 0x42
#define PIT_COMMAND   0x43
#define PIT_GATE      0x61
#define PIT_MODE_0    0xb0   /* counter 2, low and high byte, mode 0 */
#define PIT_LATCH     0x80   /* counter 2 */
#define PIT_SPAN      11932u /* ticks to measure over: 10 ms */
#define PIT_PAUSES    64u    /* between two looks; 0.3 to 30 us */
#define PIT_STUCK_MAX 500u   /* equal readings: there is no such chip */
#define PIT_FIRST     8u     /* looks that only tell how long one takes */
#define PIT_AWAY      8u     /* times as long: the host was elsewhere */
#define PIT_AWAY_MAX  1000u

#define RTC_INDEX      0x70
#define RTC_DATA       0x71
#define RTC_NMI_OFF    0x80
#define RTC_STATUS_A   0x0a
#define RTC_STATUS_B   0x0b
#define RTC_CENTURY    0x32
#define RTC_UPDATING   0x80
#define RTC_BINARY     0x04
#define RTC_24_HOURS   0x02
#define RTC_PM         0x80
#define RTC_POLL_MAX   100000u
#define RTC_REREAD_MAX 8u

struct pit_look {
    uint64_t tsc; /* middle of the window */
    uint16_t count;
};

/* After a pause: a look is three exits in a guest, or 70 instructions to
 * emulate. */
static struct pit_look pit_look(void)
{
    struct pit_look l;

    for (unsigned i = 0; i < PIT_PAUSES; i++)
        arch_pause();
    l.tsc = arch_cycles();
    arch_out8(PIT_COMMAND, PIT_LATCH);
    l.tsc += (arch_cycles() - l.tsc) / 2;
    l.count = arch_in8(PIT_COUNTER_2);
    l.count |= (uint16_t)(arch_in8(PIT_COUNTER_2) << 8);
    return l;
}

/* 0: the counter stands still, or the host is elsewhere all the time. */
static uint64_t pit_measure(void)
{
    struct pit_look last = pit_look();
    uint64_t least = UINT64_MAX, tsc = 0, ticks = 0;
    unsigned stuck = 0, away = 0;

    for (unsigned i = 0; ticks < PIT_SPAN; i++) {
        struct pit_look l = pit_look();
        uint64_t took = l.tsc - last.tsc;
        uint16_t ran = (uint16_t)(last.count - l.count);

        last = l;
        least = MIN(least, took);
        stuck = ran == 0 ? stuck + 1 : 0;
        if (stuck > PIT_STUCK_MAX || away > PIT_AWAY_MAX)
            return 0;
        if (i < PIT_FIRST)
            continue;
        if (took > PIT_AWAY * least) {
            away++;
            continue;
        }
        tsc += took;
        ticks += ran;
    }
    return tsc * PIT_HZ / ticks / 1000;
}

uint64_t pc_measure_tsc_khz(void)
{
    uint8_t gate = arch_in8(PIT_GATE);
    uint64_t khz;

    arch_out8(PIT_GATE, (gate & 0xfc) | 1); /* gate open, speaker off */
    arch_out8(PIT_COMMAND, PIT_MODE_0);
    arch_out8(PIT_COUNTER_2, 0xff);
    arch_out8(PIT_COUNTER_2, 0xff);
    khz = pit_measure();
    arch_out8(PIT_GATE, gate);
    return khz;
}

/* ---- the wall clock ---- */

static uint8_t rtc_read(uint8_t index)
{
    arch_out8(RTC_INDEX, index | RTC_NMI_OFF);
    return arch_in8(RTC_DATA);
}

static struct rtc_regs rtc_read_regs(void)
{
    struct rtc_regs r;
    unsigned polls = 0;

    while ((rtc_read(RTC_STATUS_A) & RTC_UPDATING) && ++polls < RTC_POLL_MAX)
        continue;
    r.second = rtc_read(0);
    r.minute = rtc_read(2);
    r.hour = rtc_read(4);
    r.day = rtc_read(7);
    r.month = rtc_read(8);
    r.year = rtc_read(9);
    r.century = rtc_read(RTC_CENTURY);
    r.status_b = rtc_read(RTC_STATUS_B);
    return r;
}

static unsigned rtc_number(const struct rtc_regs *r, uint8_t value)
{
    if (r->status_b & RTC_BINARY)
        return value;
    return (value >> 4) * 10u + (value & 15u);
}

static unsigned rtc_hour(const struct rtc_regs *r)
{
    unsigned hour;

    if (r->status_b & RTC_24_HOURS)
        return rtc_number(r, r->hour);
    hour = rtc_number(r, r->hour & ~RTC_PM) % 12;
    return r->hour & RTC_PM ? hour + 12 : hour;
}

/* Days from 1970-01-01 to the given date of the Gregorian calendar; the year
 * is taken to begin in March, so that the leap day comes last. */
static uint64_t days_of_date(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month > 2 ? year : year - 1;
    unsigned month_from_march = (month + 9) % 12;

    return 365ull * y + y / 4 - y / 100 + y / 400 +
           (153 * month_from_march + 2) / 5 + day - 1 - 719468;
}

uint64_t rtc_decode(const struct rtc_regs *r)
{
    unsigned second = rtc_number(r, r->second);
    unsigned minute = rtc_number(r, r->minute), hour = rtc_hour(r);
    unsigned day = rtc_number(r, r->day), month = rtc_number(r, r->month);
    unsigned year = rtc_number(r, r->year);
    unsigned century = rtc_number(r, r->century);

    /* Register 0x32 is a convention, not a standard. */
    if (century < 19 || century > 29)
        century = 20;
    year += century * 100;
    if (second > 60 || minute > 59 || hour > 23 || day < 1 || day > 31 ||
        month < 1 || month > 12 || year < 1970)
        return 0;
    return days_of_date(year, month, day) * 86400 + hour * 3600ull +
           minute * 60ull + second;
}

uint64_t pc_read_rtc_ns(void)
{
    struct rtc_regs r = rtc_read_regs(), again;

    for (unsigned i = 0; i < RTC_REREAD_MAX; i++) {
        again = rtc_read_regs();
        if (__builtin_memcmp(&r, &again, sizeof(r)) == 0)
            return rtc_decode(&r) * NS_PER_SEC;
        r = again; /* the second turned over in between */
    }
    return 0;
}
