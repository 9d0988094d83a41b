/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * screen.h - the terminal as a screen: whole pictures out, single keys in.
 *
 * What:      the alternate screen, without echo and lines. Whatever ends the
 *            program but SIGKILL puts the terminal back: signals are taken
 *            while it waits for a key, and exit() does the rest.
 * Ownership: one screen a process; static state.
 * Errors:    0 or -errno with a fault. -ENOTTY: stdin or stdout is no terminal.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stddef.h>
#include <stdint.h>

struct fault;

enum screen_key {
    SCREEN_NONE = 0, /* the time is over */
    /* 1 to 255: that character */
    SCREEN_UP = 256,
    SCREEN_DOWN,
    SCREEN_LEFT,
    SCREEN_RIGHT,
    SCREEN_REDRAW, /* another size, or we were in the background */
    SCREEN_END,    /* a signal, or the terminal is gone */
};

int screen_open(struct fault *fault);
void screen_close(void);
/* Columns and lines, as they are now. */
void screen_size(unsigned *columns_out, unsigned *lines_out);
/* Lines, each ended by '\n', of which as many are shown as there is room for.
 * The text may hold SGR sequences; it must not be wider than the screen. */
void screen_show(const char *text);
/* Wait until the clock shows so much (CLOCK_MONOTONIC). */
int screen_key(uint64_t until_ns);

#endif
