/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - serving abi/control.h: tools that look into the guest.
 *
 * What:      there is no thread for it, and nothing is done for it until a
 *            tool comes: its requests raise a signal, CPU 0's thread leaves the
 *            guest, answers all that is there, and goes on; or stays, while the
 *            guest is stopped. A reply that its reader does not take at once
 *            ends the connection: no tool can hold up the guest by being slow.
 * Ownership: static state; there is one guest.
 * Context:   CPU 0's thread, but for what is said to be any CPU's.
 * Errors:    a connection's are its own end.
 */
#ifndef MONITOR_CONTROL_H
#define MONITOR_CONTROL_H

#include <stdbool.h>

#include "monitor/vm.h"

struct fault;

#define CONTROL_CLIENT_MAX 4u

/* The socket listens already; -1: nobody may look. */
MUST_CHECK int control_init(struct vm *vm, int listen_fd, struct fault *fault);
/* The descriptor that is to stay open; -1: none. */
int control_fd(void);
/* A signal for us came: control_serve() is wanted. */
bool control_pending(void);
/* Answer; returns when the guest may run. */
void control_serve(void);
/* Before the guest's first instruction: wait for so many connections, each of
 * which finds the guest stopped as by CONTROL_STOP; returns when all have let
 * it go, or are gone. */
void control_wait_first(unsigned count);

/* Answer, with the guest stopped, until fd can be read or nobody has asked for
 * anything for a long time. */
void control_serve_until(int fd);

/* Any CPU, before it enters the guest: stay here while the guest is stopped. */
void control_park(struct vcpu *cpu);
/* Any CPU: the program has ended. Returns when nobody holds its memory; not at
 * all on another CPU than 0, whose thread then ends the guest. */
void control_end(struct vcpu *cpu, int status);

#endif
