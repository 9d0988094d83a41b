/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c - see fault.h. */
#include "host/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static __attribute__((format(printf, 3, 0))) size_t fault_format(
    struct fault *fault, int err, const char *fmt, va_list ap)
{
    int n;

    fault->err = err != 0 ? err : EIO;
    fault->exit_status = 0;
    n = vsnprintf(fault->text, sizeof(fault->text), fmt, ap);
    if (n < 0)
        n = 0;
    return (size_t)n < sizeof(fault->text) ? (size_t)n
                                           : sizeof(fault->text) - 1;
}

int fault_set(struct fault *fault, int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fault_format(fault, err, fmt, ap);
    va_end(ap);
    return -fault->err;
}

int fault_sys(struct fault *fault, int err, const char *fmt, ...)
{
    va_list ap;
    size_t len;

    va_start(ap, fmt);
    len = fault_format(fault, err, fmt, ap);
    va_end(ap);
    snprintf(fault->text + len, sizeof(fault->text) - len, ": %s",
             strerror(fault->err));
    return -fault->err;
}

int fault_exit(struct fault *fault, int exit_status)
{
    fault->exit_status = exit_status;
    return -fault->err;
}
