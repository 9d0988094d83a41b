/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * time.c - reading and setting clocks: clock_gettime(2), gettimeofday(2),
 * time(2), adjtimex(2) and their kin.
 *
 * Programs normally read clocks in the vDSO. The first call that arrives here
 * lets it answer from then on (clock_publish).
 */
#include <linux/capability.h>
#include <linux/time.h>
#include <linux/timex.h>

#include "core/errno.h"
#include "mm/user.h"
#include "process/clocks.h"
#include "sched/process.h"
#include "syscall/syscall.h"
#include "time/timespec.h"

/* What Linux shows of a clock that nobody disciplines. */
#define UNSYNC_ERROR_US  16000000
#define UNSYNC_TOLERANCE 32768000
#define UNSYNC_TICK_US   10000
#define UNSYNC_CONSTANT  2
#define SETTABLE_NS_MAX \
    (8277292036ull * NS_PER_SEC) /* as Linux: room for \
                                                        * 30 years' uptime */

static int put_timespec(uaddr_t out, uint64_t ns)
{
    struct __kernel_timespec ts = timespec_of_ns(ns);

    return copy_to_user(out, &ts, sizeof(ts));
}

long sys_clock_gettime(int clock, uaddr_t out)
{
    uint64_t now;
    int err = clock_read(process_current(), clock, &now);

    if (err)
        return err;
    clock_publish();
    return put_timespec(out, now);
}

/* All clocks come from the TSC, and all are as fine as a ns can tell. */
COLD long sys_clock_getres(int clock, uaddr_t out)
{
    uint64_t now;
    int err = clock_read(process_current(), clock, &now);

    if (err || out == 0)
        return err;
    return put_timespec(out, 1);
}

static int set_real(uint64_t ns)
{
    if (ns > SETTABLE_NS_MAX || ns < clock_mono_ns())
        return -EINVAL; /* Linux too refuses a boot before 1970 */
    if (!process_has_cap(process_current(), CAP_SYS_TIME))
        return -EPERM;
    clock_set_real_ns(ns);
    return 0;
}

COLD long sys_clock_settime(int clock, uaddr_t value)
{
    struct __kernel_timespec ts;
    uint64_t ns;
    int err;

    /* CPU time of a thread or process by its id is refused in other words
     * than one's own by name. */
    if (clock < 0)
        return clock_read(process_current(), clock, &ns) ? -EINVAL : -EPERM;
    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    if (copy_from_user(&ts, value, sizeof(ts)) != 0)
        return -EFAULT;
    err = timespec_to_ns(&ts, &ns);
    return err ? err : set_real(ns);
}

long sys_gettimeofday(uaddr_t tv, uaddr_t tz)
{
    const struct timezone utc = { 0, 0 };
    struct __kernel_old_timeval now;

    clock_publish();
    if (tv) {
        now = timeval_of_ns(clock_real_ns());
        if (copy_to_user(tv, &now, sizeof(now)) != 0)
            return -EFAULT;
    }
    if (tz && copy_to_user(tz, &utc, sizeof(utc)) != 0)
        return -EFAULT;
    return 0;
}

COLD long sys_settimeofday(uaddr_t tv, uaddr_t tz)
{
    struct __kernel_old_timeval now;
    struct timezone zone;
    uint64_t ns = 0;

    if (tv) {
        if (copy_from_user(&now, tv, sizeof(now)) != 0)
            return -EFAULT;
        if (timeval_to_ns(&now, &ns) != 0)
            return -EINVAL;
    }
    if (tz) {
        if (copy_from_user(&zone, tz, sizeof(zone)) != 0)
            return -EFAULT;
        if (zone.tz_minuteswest > 15 * 60 || zone.tz_minuteswest < -15 * 60)
            return -EINVAL;
    }
    return tv ? set_real(ns) : 0;
}

long sys_time(uaddr_t out)
{
    uint64_t sec;

    clock_publish();
    sec = clock_real_ns() / NS_PER_SEC;
    if (out && user_put64(out, sec) != 0)
        return -EFAULT;
    return (long)sec;
}

static COLD long read_timex(uaddr_t buf)
{
    struct timex t;
    uint64_t now;

    if (copy_from_user(&t, buf, sizeof(t)) != 0)
        return -EFAULT;
    /* One old request reads only, though it has mode bits. */
    if (t.modes != 0 && t.modes != ADJ_OFFSET_SS_READ)
        return -EPERM;
    now = clock_real_ns();
    t = (struct timex){
        .modes = t.modes,
        .maxerror = UNSYNC_ERROR_US,
        .esterror = UNSYNC_ERROR_US,
        .status = STA_UNSYNC,
        .constant = UNSYNC_CONSTANT,
        .precision = 1,
        .tolerance = UNSYNC_TOLERANCE,
        .tick = UNSYNC_TICK_US,
    };
    t.time.tv_sec = (long)(now / NS_PER_SEC);
    t.time.tv_usec = (long)(now % NS_PER_SEC / 1000);
    if (copy_to_user(buf, &t, sizeof(t)) != 0)
        return -EFAULT;
    return TIME_ERROR;
}

long sys_adjtimex(uaddr_t buf)
{
    return read_timex(buf);
}

COLD long sys_clock_adjtime(int clock, uaddr_t buf)
{
    uint64_t now;

    if (clock_read(process_current(), clock, &now) != 0)
        return -EINVAL;
    return clock == CLOCK_REALTIME ? read_timex(buf) : -EOPNOTSUPP;
}
