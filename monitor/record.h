/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.h - telling the command how the guest fares.
 *
 * What:      two descriptors that the command may hand over: one that learns
 *            that the guest is about to run, and the guest's info file, whose
 *            lock this process holds by having it open, and which gets the line
 *            "exit STATUS" at the end (cli/registry.h).
 * Context:   record_exit() also from signal handlers.
 * Errors:    failures to write are not reported.
 */
#ifndef MONITOR_RECORD_H
#define MONITOR_RECORD_H

/* -1: none. */
void record_init(int info_fd, int ready_fd);
/* The descriptor that is to stay open; -1: none. */
int record_fd(void);
/* The next thing is the guest's first instruction. */
void record_ready(void);
void record_exit(int status);

#endif
