/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - what a fault that cannot be resolved leads to.
 */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "core/types.h"

/* No page for the current program: say what it asked for and what -m is, and
 * end it with status 137. */
NORETURN void fault_out_of_memory(void);

#endif
