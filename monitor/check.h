/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - assertions of the monitor: for its own mistakes only. What the
 * guest, an image or the user chose is checked and refused instead.
 */
#ifndef MONITOR_CHECK_H
#define MONITOR_CHECK_H

#define ASSERT(cond)                                 \
    do {                                             \
        if (__builtin_expect(!(cond), 0))            \
            check_failed(__FILE__, __LINE__, #cond); \
    } while (0)

/* Restores the terminal, says what happened, ends with status 125. */
__attribute__((noreturn)) void check_failed(const char *file, int line,
                                            const char *what);

#endif
