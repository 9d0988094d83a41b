/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - messages, without the C library.
 */
#include "fuzz.h"

#include <sys/syscall.h>

static char *put_text(char *to, const char *text)
{
    while (*text)
        *to++ = *text++;
    return to;
}

static char *put_hex(char *to, uint64_t n)
{
    int shift = 60;

    to = put_text(to, "0x");
    while (shift > 0 && !(n >> shift))
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        *to++ = "0123456789abcdef"[n >> shift & 15];
    return to;
}

static char *put_decimal(char *to, uint64_t n)
{
    char digits[20];
    unsigned count = 0;

    do
        digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count)
        *to++ = digits[--count];
    return to;
}

static void put_out(const char *start, const char *end)
{
    call3(SYS_write, REPORT_FD, (long)start, end - start);
}

void report(const char *text)
{
    const char *end = text;

    while (*end)
        end++;
    put_out(text, end);
}

void report_number(uint64_t n)
{
    char digits[20];

    put_out(digits, put_decimal(digits, n));
}

void report_call(const struct slot *slot, const struct call *call)
{
    char line[256], *p = put_text(line, "thread ");

    p = put_decimal(p, (uint64_t)slot->tid);
    p = put_text(p, ": ");
    p = put_text(p, call->name);
    *p++ = '(';
    for (unsigned i = 0; i < call->count; i++) {
        if (i)
            p = put_text(p, ", ");
        p = put_hex(p, (uint64_t)slot->args[i]);
    }
    p = put_text(p, ")\n");
    put_out(line, p);
}
