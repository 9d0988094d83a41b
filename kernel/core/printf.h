/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf.h - formatted text for messages and /proc files.
 *
 * What:      the usual conversions without floating point:
 *            %c %s %d %i %u %x %X %p %% with - 0 width .precision, l, ll, z.
 * Errors:    unknown conversions are printed as they stand.
 */
#ifndef CORE_PRINTF_H
#define CORE_PRINTF_H

#include <stdarg.h>

#include "core/types.h"

/* As C's: result is the length that would have been written. */
int snprintf(char *buf, size_t buf_len, const char *format, ...)
    PRINTF_LIKE(3, 4);
int vsnprintf(char *buf, size_t buf_len, const char *format, va_list args);

/* A message of the kernel's own, to the host's stderr. One line, no prefix
 * needed ("samara: " is added). Safe in any context. */
void kprintf(const char *format, ...) PRINTF_LIKE(1, 2);

/* Set by the console driver: where kprintf() and panic() write. */
extern void (*kprintf_sink)(const char *text, size_t len);

#endif
