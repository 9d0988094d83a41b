/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - why something failed, in words for the person who ran it.
 *
 * What:      library code fills a struct fault and returns a negative errno;
 *            only main() prints it. The text says what failed, on which
 *            object, why, and what to do next, on one line.
 * Ownership: the caller's storage; nothing in it is allocated.
 * Context:   any; the first fault that was set is kept only if the caller
 *            returns at once, a later fault_set() replaces it.
 * Errors:    none of its own; too long a text is cut.
 */
#ifndef HOST_FAULT_H
#define HOST_FAULT_H

#define FAULT_TEXT_MAX 4608u /* bytes: room for a PATH_MAX name and words */

struct fault {
    int err;         /* positive errno; 0: nothing went wrong */
    int exit_status; /* what the command should exit with; 0: its default */
    char text[FAULT_TEXT_MAX];
};

/* Record a failure whose text says everything. Returns -err. */
int fault_set(struct fault *fault, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, and ": " with the system's words for err follow. Returns -err. */
int fault_sys(struct fault *fault, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Set the exit status that goes with the failure. Returns -fault->err. */
int fault_exit(struct fault *fault, int exit_status);

#endif
