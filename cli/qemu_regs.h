/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_regs.h - a CPU's registers out of QEMU's "info registers".
 *
 * Errors:    -EPROTO: a register is missing, the text is another QEMU's.
 */
#ifndef CLI_QEMU_REGS_H
#define CLI_QEMU_REGS_H

#include <stdint.h>

#include "abi/control.h"

int qemu_regs_parse(const char *text, struct control_regs *out);
/* What CONTROL_XSTATE_GET gives, of what the text has: x87, SSE, AVX and
 * AVX-512. */
int qemu_regs_xstate(const char *text, uint8_t out[CONTROL_XSTATE_LEN]);

#endif
