/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.h - the host's stdin, stdout and stderr, whatever carries them.
 *
 * What:      one interface, two backends: hypercalls on Samara's monitor,
 *            serial ports elsewhere (COM1, with the command's link on COM2
 *            where bootinfo says so). Descriptors are the host's 0, 1 and 2.
 * Ownership: bytes are copied before a call returns.
 * Context:   read and write from a thread's system call, they never sleep;
 *            write_text, report and power_off from anywhere.
 * Errors:    -EAGAIN nothing now, wait on console_waitq(); -EPIPE the reader
 *            is gone; -EFAULT, -EIO; others as the host gives them.
 */
#ifndef DRIVERS_CONSOLE_H
#define DRIVERS_CONSOLE_H

#include "abi/hypercall.h"
#include "core/types.h"
#include "mm/user.h"

struct bootinfo;
struct waitq;
struct termios;
struct winsize;

/* Choose the backend and become kprintf()'s sink. */
void console_init(const struct bootinfo *boot);

/* Write as much as goes at once; advances io. Bytes, or an error if none. */
MUST_CHECK ssize_t console_write(unsigned fd, struct io *io);
/* Bytes, 0 at end of file, -EAGAIN. */
MUST_CHECK ssize_t console_read(struct io *io);
/* Text of the kernel's own, to stderr. */
void console_write_text(const char *text, size_t len);
/* EPOLLIN (and EPOLLHUP) for fd 0, EPOLLOUT for 1 and 2. */
unsigned console_poll(unsigned fd);
/* Woken when input or room for output may have come: false 0, true 1 and 2.
 * While a thread waits for input the backend watches for it. */
struct waitq *console_waitq(bool output);
/* Before sleeping on it, or registering there. */
void console_watch(void);

/* What the host's descriptor is. Asked of the host once, on first use. */
const struct hypercall_stat *console_stat(unsigned fd);

/* A terminal ioctl of the host's descriptor; buf is what its argument points
 * to (struct termios, winsize, int). -ENOTTY, -EINVAL when not carried */
MUST_CHECK int console_tty(unsigned fd, uint32_t cmd, void *buf, size_t len);

/* Where signals from the host go: signal_from_host(), registered by main.c. */
extern void (*console_signal_hook)(int signo);
/* LINK_SAMPLE of abi/link.h; may be NULL. */
extern void (*console_sample_hook)(void);

/* ---- the end ---- */

/* A crash of the program (is_panic false, returns) or of the kernel: hand text
 * and registers, or NULL, to the host, which tells the user. */
void console_report(const char *text, const struct hypercall_report *report,
                    bool is_panic, int signo);
/* The program made a call that this kernel was linked without: hand out its
 * number, for the host to name it on stderr. */
void console_left_out(unsigned nr);
/* Hand out the exit status (0..255) and power off. */
NORETURN void console_power_off(int status);

#endif
