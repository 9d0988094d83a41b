/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper.h - the process beside a guest in the background.
 *
 * What:      run -d forks one. It is the parent of the guest's process, reads
 *            its output into the log, lets `attach` take part over the socket
 *            `attach` in the guest's directory, notes how the guest ended, and
 *            ends with it. While it has work it holds a flock() on `keeper`.
 *            If it is killed, the guest goes on without anybody reading.
 *
 * The socket carries frames: struct keeper_frame, then len bytes.
 */
#ifndef CLI_KEEPER_H
#define CLI_KEEPER_H

#include <stdint.h>

struct fault;
struct options;
struct source;

enum keeper_frame_type {
    KEEPER_STDIN = 0,  /* to the guest; len 0: nothing */
    KEEPER_STDOUT = 1, /* from it */
    KEEPER_STDERR = 2,
    KEEPER_EXIT = 3,   /* the last one: uint32_t, its exit status */
    KEEPER_WINSIZE = 4 /* to it: struct winsize */
};

#define KEEPER_FRAME_MAX 65536u /* bytes after the header */

struct keeper_frame {
    uint8_t type;
    uint8_t zero[3];
    uint32_t len;
};

/* samara run -d: start the guest, print its id. 0, or the exit status of one
 * that could not start; -errno with a fault. */
int keeper_run(struct options *o, struct source *src, struct fault *fault);

#endif
