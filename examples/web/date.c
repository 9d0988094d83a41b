/* SPDX-License-Identifier: BSD-2-Clause */
/* date.c - see date.h. */
#include "date.h"

#include <string.h>

#define DAY_S 86400

static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970 began with one */
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Days from 1970-01-01 to a day of the proleptic Gregorian calendar. Years are
 * counted from March, so that a leap day is the last of its year. */
static long days_from(long year, long month, long day)
{
    long y = month <= 2 ? year - 1 : year;
    long day_of_year =
        (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static void digits_put(char *at, unsigned count, long value)
{
    while (count-- > 0) {
        at[count] = (char)('0' + value % 10);
        value /= 10;
    }
}

void date_write(time_t when, char out[DATE_LEN + 1])
{
    long day = (long)(when / DAY_S), second = (long)(when % DAY_S);
    long year = 1970 + day / 366, month = 1;

    while (days_from(year + 1, 1, 1) <= day)
        year++;
    while (month < 12 && days_from(year, month + 1, 1) <= day)
        month++;
    memcpy(out, "Day, 00 Mon 0000 00:00:00 GMT", DATE_LEN + 1);
    memcpy(out, days + 3 * (day % 7), 3);
    memcpy(out + 8, months + 3 * (month - 1), 3);
    digits_put(out + 5, 2, day - days_from(year, month, 1) + 1);
    digits_put(out + 12, 4, year);
    digits_put(out + 17, 2, second / 3600);
    digits_put(out + 20, 2, second / 60 % 60);
    digits_put(out + 23, 2, second % 60);
}

/* -1: not all digits. */
static long digits_get(const char *at, unsigned count)
{
    long value = 0;

    for (; count > 0; count--, at++) {
        if (*at < '0' || *at > '9')
            return -1;
        value = 10 * value + (*at - '0');
    }
    return value;
}

bool date_read(const char *text, time_t *out)
{
    long day, month, year, hour, minute, second;
    char again[DATE_LEN + 1];

    if (strlen(text) != DATE_LEN)
        return false;
    day = digits_get(text + 5, 2);
    year = digits_get(text + 12, 4);
    hour = digits_get(text + 17, 2);
    minute = digits_get(text + 20, 2);
    second = digits_get(text + 23, 2);
    for (month = 1; month <= 12; month++)
        if (memcmp(text + 8, months + 3 * (month - 1), 3) == 0)
            break;
    if (day < 1 || month > 12 || year < 1970 || hour < 0 || minute < 0 ||
        second < 0)
        return false;
    *out = days_from(year, month, day) * DAY_S + hour * 3600 + minute * 60 +
           second;
    date_write(*out,
               again); /* the right day of the week, no 30th of February */
    return memcmp(text, again, DATE_LEN) == 0;
}
