/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * debug.h - the verbs that samara-debug carries out: their options.
 *
 * What:      symbols and call frames need libdw, which `samara` does not start
 *            with. So `samara` checks the options, and becomes samara-debug,
 *            which reads them again by the same tables.
 * Ownership: the lists are freed by their fini functions; the rest points into
 *            argv.
 */
#ifndef CLI_DEBUG_H
#define CLI_DEBUG_H

#include <stdbool.h>

#include "host/args.h"
#include "host/memory.h"

#define DEBUG_RATE     99u
#define DEBUG_RATE_MAX 1000u

struct debug_profile {
    unsigned rate, seconds; /* 0: the default; without end */
    unsigned tid;           /* 0: all */
    struct list outputs;
    bool threads, kernel, user, off_cpu, json, help;
};

struct debug_map {
    bool all, json, help;
};

extern const struct arg_option options_profile[];
extern const struct arg_option options_map[];

/* Parse argv; *first_out: the index of the first operand. */
int debug_profile_parse(struct debug_profile *o, int argc, char **argv,
                        int *first_out, struct fault *fault);
void debug_profile_fini(struct debug_profile *o);

#endif
