/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console_backend.h - what carries the console's bytes, seen by console.c.
 *
 * What:      one table of functions per carrier; console.h says what each
 *            does. Two carriers: console_monitor.c and console_serial.c.
 */
#ifndef DRIVERS_CONSOLE_BACKEND_H
#define DRIVERS_CONSOLE_BACKEND_H

#include "drivers/console.h"

struct console_backend {
    ssize_t (*write)(unsigned fd, struct io *io);
    ssize_t (*read)(struct io *io);
    void (*write_text)(const char *text, size_t len);
    unsigned (*poll)(unsigned fd);
    void (*stat)(struct hypercall_stat out[3]);
    int (*tty)(unsigned fd, uint32_t cmd, void *buf, size_t len);
    void (*report)(const char *text, const struct hypercall_report *report,
                   bool is_panic, int signo);
    bool (*left_out)(unsigned nr); /* false: nobody knows names */
    void (*power_off)(int status); /* may return: then arch_power_off() */
};

extern const struct console_backend console_monitor;
extern const struct console_backend console_serial;

/* Program the ports; has_link: the command listens on COM2. */
void console_serial_init(bool has_link);
/* HYPERCALL_EVENT_STDIN and _STDOUT as far as somebody waits for them, and an
 * answer is not known yet; and what to do when they came. */
uint32_t console_monitor_wanted(void);
void console_monitor_note(uint32_t events);
/* See to it that the host is asked even if no CPU sleeps; needless unless more
 * threads want to run than the number, which are about to sleep. */
void console_monitor_watch(size_t sleeping);

#endif
