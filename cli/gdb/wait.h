/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait.h - a guest whose program waits for gdb: samara run --gdb-wait.
 */
#ifndef CLI_GDB_WAIT_H
#define CLI_GDB_WAIT_H

struct fault;

/*
 * By the process that will be the guest in `dir`, once it is announced: says on
 * stderr where gdb finds it, and leaves a process behind that serves there
 * until the guest ends.
 */
int gdb_wait_begin(const char *dir, struct fault *fault);

#endif
