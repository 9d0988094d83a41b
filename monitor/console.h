/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.h - the host's side of the guest's stdin, stdout and stderr.
 *
 * What:      the hypercalls WRITE, READ, TTY and FDSTAT on descriptors 0 to 2,
 *            and the terminal's settings, which every end of the monitor puts
 *            back.
 * Ownership: the descriptors are the parent's too: their flags are not
 *            changed, so non-blocking is had by poll().
 * Context:   the run loop; console_exit() and console_tty_restore() also from
 *            signal handlers.
 * Errors:    results for the guest: -errno.
 */
#ifndef MONITOR_CONSOLE_H
#define MONITOR_CONSOLE_H

#include <stdint.h>
#include <sys/uio.h>

#include "monitor/vm.h"

/* Looks at the descriptors once. */
void console_init(void);

int64_t console_write(int fd, const struct iovec *iov, unsigned count);
int64_t console_read(const struct iovec *iov, unsigned count);
/* HYPERCALL_TTY; buf has len bytes, copied in and out. */
int64_t console_ioctl(int fd, uint64_t request, void *buf, size_t len);
void console_stat(struct hypercall_stat out[3]);

/* The terminal as we found it; as the guest last set it. */
void console_tty_restore(void);
void console_tty_again(void);
/* The end of the monitor. */
__attribute__((noreturn)) void console_exit(int status);

#endif
