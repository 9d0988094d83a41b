/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox.h - gives up what running a guest does not need.
 *
 * What:      no new privileges, no core dumps, every descriptor closed but
 *            those named, and a seccomp filter with the few system calls of
 *            the run loop. Another one ends the process.
 * Errors:    -errno and a fault.
 */
#ifndef MONITOR_SANDBOX_H
#define MONITOR_SANDBOX_H

#include "monitor/gmem.h"

struct fault;

/* 0, 1 and 2 stay open too. */
MUST_CHECK int sandbox_enter(const int *keep_fds, unsigned keep_count,
                             struct fault *fault);

#endif
