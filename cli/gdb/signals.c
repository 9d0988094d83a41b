/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c - see signals.h. gdb's include/gdb/signals.def numbers them. */
#include "cli/gdb/signals.h"

#include <stddef.h>
#include <stdint.h>

#define UNKNOWN  143u
#define RT_FIRST 33u /* of Linux; gdb's are in a row from here on */
#define RT_LAST  63u
#define RT_GDB   45u
#define RT_32    77u
#define RT_64    78u

/* By Linux's number. */
static const uint8_t standard[32] = {
    0,  1,  2,  3,  4,  5,  6,  10, /* HUP INT QUIT ILL TRAP ABRT BUS */
    8,  9,  30, 11, 31, 13, 14, 15, /* FPE KILL USR1 SEGV USR2 PIPE ALRM TERM */
    0,  20, 19, 17, 18, 21, 22, 16, /* CHLD CONT STOP TSTP TTIN TTOU URG */
    24, 25, 26, 27, 28, 23, 32, 12, /* XCPU XFSZ VTALRM PROF WINCH IO PWR SYS */
};

unsigned signals_to_gdb(unsigned linux_signo)
{
    if (linux_signo < 32 && standard[linux_signo] != 0)
        return standard[linux_signo];
    if (linux_signo == 32)
        return RT_32;
    if (linux_signo >= RT_FIRST && linux_signo <= RT_LAST)
        return linux_signo - RT_FIRST + RT_GDB;
    return linux_signo == 64 ? RT_64 : UNKNOWN;
}

unsigned signals_from_gdb(unsigned gdb_signo)
{
    unsigned i;

    for (i = 1; i <= 64; i++)
        if (signals_to_gdb(i) == gdb_signo && gdb_signo != UNKNOWN)
            return i;
    return 0;
}
