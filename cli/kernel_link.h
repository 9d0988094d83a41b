/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_link.h - a kernel with only what one image names.
 *
 * What:      the linker of this host joins what is needed of libkernel.a. A
 *            call that is left out says so when it is made (table.c).
 * Errors:    0 or -errno; the fault says what is not installed, or what the
 *            linker said.
 */
#ifndef CLI_KERNEL_LINK_H
#define CLI_KERNEL_LINK_H

struct call_set;
struct fault;

/* Write the kernel at path; what else is written is path with a suffix. */
int kernel_link(const struct call_set *set, const char *path,
                struct fault *fault);

#endif
