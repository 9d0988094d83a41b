/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash_watch.h - a process beside the guest that tells of its bad end.
 *
 * What:      abi/crash.h, the other side. It waits outside of the monitor's
 *            sandbox, does nothing until there is something to tell, and then
 *            becomes `samara-debug crash`. It ends with the guest.
 * Ownership: the descriptor is the caller's; it closes at exec.
 * Errors:    -errno with a fault.
 */
#ifndef CLI_CRASH_WATCH_H
#define CLI_CRASH_WATCH_H

struct fault;

/* dir: the guest's. core_dir: NULL: no core file. Result: the socket. */
int crash_watch_start(const char *dir, const char *core_dir,
                      struct fault *fault);
/* A directory for core files, absolute; the caller frees it. NULL: it is
 * none. */
char *crash_watch_core_dir(const char *path, struct fault *fault);

#endif
