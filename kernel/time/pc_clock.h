/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pc_clock.h - the PC's own clocks, read when no one else tells the time.
 *
 * Context:   anywhere; measuring takes about 10 ms, reading the RTC some us.
 * Errors:    0: no such device, or it gives nonsense.
 * Units:     kHz; ns since the epoch.
 */
#ifndef TIME_PC_CLOCK_H
#define TIME_PC_CLOCK_H

#include "core/types.h"

MUST_CHECK uint64_t pc_measure_tsc_khz(void);
MUST_CHECK uint64_t pc_read_rtc_ns(void);

/* The RTC's registers as they stand, for the decoder's test. */
struct rtc_regs {
    uint8_t second, minute, hour, day, month, year, century, status_b;
};
/* Seconds since the epoch, 0 when a field is out of range. */
uint64_t rtc_decode(const struct rtc_regs *r);

#endif
