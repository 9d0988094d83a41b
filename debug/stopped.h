/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stopped.h - what is read of a guest while it stands still.
 *
 * Errors:    0 or -errno with a fault; -EUCLEAN: again and again what it says
 *            contradicts itself.
 */
#ifndef DEBUG_STOPPED_H
#define DEBUG_STOPPED_H

struct core;
struct fault;

typedef int stopped_fn(struct core *c, struct fault *fault);

/* Stop it and gather, into a core that is empty again before each try: a CPU
 * may stand where it changes a list, and is let go on then for a moment. The
 * guest is stopped when this returns. */
int stopped_gather(struct core *c, stopped_fn *gather, struct fault *fault);

#endif
