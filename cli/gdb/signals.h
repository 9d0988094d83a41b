/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals.h - gdb's numbers of signals, which are nobody else's.
 */
#ifndef CLI_GDB_SIGNALS_H
#define CLI_GDB_SIGNALS_H

/* 143: one that gdb does not know. */
unsigned signals_to_gdb(unsigned linux_signo);
/* 0: there is no such signal, or none at all. */
unsigned signals_from_gdb(unsigned gdb_signo);

#endif
