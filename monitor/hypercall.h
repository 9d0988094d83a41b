/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hypercall.h (monitor) - answers the calls of abi/hypercall.h.
 *
 * Context:   the CPU's own thread; calls that reach the host's descriptors are
 *            made one at a time.
 * Errors:    go to the guest as the call's result; no call ends the guest but
 *            EXIT and PANIC.
 */
#ifndef MONITOR_HYPERCALL_H
#define MONITOR_HYPERCALL_H

#include <stdint.h>

#include "monitor/vm.h"

void hypercall_handle(struct vcpu *cpu, uint32_t nr);

#endif
