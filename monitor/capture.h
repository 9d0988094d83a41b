/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture.h - copies of the network's frames, for a tool that wants them.
 *
 * What:      a ring of CAPTURE_RING_LEN bytes, which is there only between
 *            capture_start() and capture_stop(). Frames go in as they move, as
 *            abi/control.h has them; what finds no room is counted, so that no
 *            tool can hold up the guest by being slow.
 * Ownership: static state; one capture at a time.
 * Context:   any thread; a lock of its own, which is taken last.
 * Errors:    -errno as listed.
 */
#ifndef MONITOR_CAPTURE_H
#define MONITOR_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "abi/control.h"
#include "monitor/check.h"

#define CAPTURE_RING_LEN (4u << 20)

extern uint32_t capture_state; /* capture.c's own; atomic */

/* All that a frame costs while nobody captures. */
static inline bool capture_is_on(void)
{
    return __atomic_load_n(&capture_state, __ATOMIC_RELAXED) != 0;
}

/*
 * At most frame_max bytes of each frame; 0: all.
 *   -EBUSY   somebody captures already
 *   -ENOMEM
 */
int capture_start(uint64_t frame_max);
void capture_stop(void);
/* A frame behind its virtio header, len bytes with that, in as many pieces as
 * that takes. */
void capture_frame(enum control_direction direction, const struct iovec *iov,
                   uint64_t len);
/* A struct control_frames and what fits behind it into room bytes. -> bytes */
size_t capture_take(void *out, size_t room);

#endif
