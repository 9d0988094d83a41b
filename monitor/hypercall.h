/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hypercall.h (monitor) - answers the calls of abi/hypercall.h.
 *
 * Errors:    go to the guest as the call's result; no call ends the guest but
 *            EXIT and PANIC.
 */
#ifndef MONITOR_HYPERCALL_H
#define MONITOR_HYPERCALL_H

#include <stdint.h>

#include "monitor/vm.h"

void hypercall_handle(struct vm *vm, uint32_t nr);

#endif
