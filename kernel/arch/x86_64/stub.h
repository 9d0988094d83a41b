/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stub.h - the ring-0 stub, as the rest of the kernel sees it.
 *
 * What:      offsets of its entries, and the operations of its gate. The gate
 *            is a privilege boundary: every argument is checked in the stub.
 *            Call: int3 with r11d = STUB_MAGIC + operation, arguments in rdi
 *            and rsi; rax, rcx, rdx change. A breakpoint, since some hosts
 *            that run ring 3 natively refuse every other software interrupt;
 *            one of the program's own goes on to ring 3.
 */
#ifndef ARCH_STUB_H
#define ARCH_STUB_H

/* Where the entries lie inside the stub's page, the kernel's first, behind
 * what else is there (link.ld). */
#define STUB_AT       0x600
#define STUB_SYSCALL  0x600
#define STUB_FAULT    0x640
#define STUB_GATE     0x680
#define STUB_HALT_IRQ 0x800

#define STUB_MAGIC 0x53616d61

/* Operations. */
#define STUB_FLUSH_PAGE 0 /* rdi: virtual address */
#define STUB_FLUSH_ALL  1
#define STUB_FS_BASE    2 /* rdi: canonical address */
#define STUB_APIC_WRITE 3 /* rdi: register 0xb0, 0x320, 0x380 or 0x3e0; esi */
#define STUB_HALT       4 /* until an interrupt; notes it in the stub's data */
#define STUB_APIC_READ  5 /* rdi: register 0x390; -> eax */
#define STUB_UNMASK     6 /* interrupts on; every other register is kept */
#define STUB_IPI        7 /* rdi: local APIC id, 0..255; esi: one of these */
#define STUB_IPI_KICK   0 /* vector 0x2e */
#define STUB_IPI_START  1 /* all others begin at AP_START_PA: start.S */

#define AP_START_PA 0x8000 /* below 1 MiB, one page: pvh.c fills it */

#endif
