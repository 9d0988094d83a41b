/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_ring.h - CONTROL_SAMPLE for a guest whose kernel samples itself:
 * abi/sample.h.
 *
 * What:      the first request of a connection switches that on, each takes
 *            what has come since the one before, the connection's end switches
 *            it off. One connection at a time.
 * Context:   qemu_control.c's: the guest runs meanwhile.
 * Errors:    none: who is told false asks QEMU (qemu_sample.c).
 */
#ifndef CLI_QEMU_RING_H
#define CLI_QEMU_RING_H

#include "cli/qemu_control.h"

/* False: the kernel has no such part, no memory for it, or is in use so. out
 * has room for CONTROL_DATA_MAX bytes. */
bool qemu_ring_sample(struct qemu_control *c, struct qemu_client *cl,
                      const struct control_sample_how *how, uint8_t *out,
                      size_t *len_out);
void qemu_ring_end(const struct qemu_control *c, struct qemu_client *cl);

#endif
