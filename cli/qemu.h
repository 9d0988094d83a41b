/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu.h - running a guest under QEMU.
 *
 * Errors:    the guest's exit status, or -errno with a fault.
 */
#ifndef CLI_QEMU_H
#define CLI_QEMU_H

#include "cli/options.h"

struct fault;
struct launch;
struct source;

int qemu_run(const struct options *o, enum accel accel, struct source *src,
             struct launch *how, struct fault *fault);

#endif
