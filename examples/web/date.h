/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * date.h - dates as HTTP has them, "Sun, 06 Nov 1994 08:49:37 GMT".
 *
 * What:      the one form that is written today (RFC 9110, 5.6.7). The two
 *            obsolete ones are not read: a condition with one does not hold.
 */
#ifndef EXAMPLES_WEB_DATE_H
#define EXAMPLES_WEB_DATE_H

#include <stdbool.h>
#include <time.h>

#define DATE_LEN 29u

/* The zero at the end included. */
void date_write(time_t when, char out[DATE_LEN + 1]);
bool date_read(const char *text, time_t *out);

#endif
