/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deadline.h - timeouts of poll and its kin, as deadlines.
 *
 * Units:     deadlines in ns of CLOCK_MONOTONIC; 0: do not wait at all,
 *            WAIT_FOREVER: no timeout.
 * Errors:    -EFAULT, -EINVAL.
 */
#ifndef SYSCALL_DEADLINE_H
#define SYSCALL_DEADLINE_H

#include "core/types.h"

uint64_t deadline_of_ms(int timeout_ms);
/* 0 as address: none. */
MUST_CHECK int deadline_of_timespec(uaddr_t timeout, uint64_t *deadline_out);
MUST_CHECK int deadline_of_timeval(uaddr_t timeout, uint64_t *deadline_out);
/* An absolute one on CLOCK_REALTIME. */
MUST_CHECK int deadline_of_real(uaddr_t timeout, uint64_t *deadline_out);
/* What is left of it, as Linux writes it back; failure is ignored there. */
void deadline_put_left(uaddr_t timeout, uint64_t deadline);
void deadline_put_left_timeval(uaddr_t timeout, uint64_t deadline);

#endif
