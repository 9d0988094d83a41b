/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer.h - what `samara trace` and `samara run --trace` have in common.
 *
 * What:      options, and following one guest: reading is tracering.c's, how a
 *            call looks trace_show.c's.
 * Ownership: the caller's struct, large and best static; strings are lent.
 * Errors:    0 or -errno with a fault; the guest's end is none.
 */
#ifndef CLI_TRACER_H
#define CLI_TRACER_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/trace_line.h"
#include "cli/tracering.h"

struct fault;
struct guest;
struct run_config;

struct tracer {
    struct tracering ring;
    struct trace_line line;
    bool shown[TRACE_CALL_MAX]; /* others are traced for what they tell */
    const char *filter, *output;
    unsigned tid; /* 0: all */
    bool summary; /* -c: and nothing else */
    bool as_well; /* -C */
    bool all;     /* -f: as if it were not so already */
    bool json, help;
    bool is_left; /* what comes is what is left */
    FILE *to;
};

/* As args_parse(); checks what the options say. */
int tracer_parse(struct tracer *t, int argc, char **argv, int *first_out,
                 struct fault *fault);
/* The same options as one text, with blanks between the words; it is changed.
 */
int tracer_parse_text(struct tracer *t, char *text, struct fault *fault);

/* A guest that runs, until Ctrl-C. */
int tracer_run(struct tracer *t, const struct guest *g, struct fault *fault);
/* From its program's first call on, to stderr: tracering_open_first(). how:
 * what the program is started with. */
int tracer_run_first(struct tracer *t, int fd, const char *name,
                     const struct run_config *how, struct fault *fault);

#endif
