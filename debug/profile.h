/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * profile.h - what was sampled, with names; and the forms it is written in.
 *
 * What:      each address that was seen is a site, each site is in a function,
 *            each function in an object. A stack is a row of sites. Threads
 *            that are told apart are functions at the root of their stacks.
 * Ownership: profile_fini() frees all; strings live as long.
 * Errors:    writing: 0 or -errno with a fault.
 * Units:     samples; times in ns.
 */
#ifndef DEBUG_PROFILE_H
#define DEBUG_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "debug/stacks.h"

struct buf;
struct fault;
struct sampler;

struct profile_function {
    char *name; /* readable; without a name that of its object in brackets */
    char *file; /* of the source, or NULL */
    size_t object;
    uint64_t self, total; /* samples in it; in it or what it calls */
    uint64_t last_seen;   /* stack that counted for total, + 1 */
};

struct profile_site {
    uint64_t pc;
    size_t function;
    int line;
};

struct profile {
    const char *guest;
    unsigned rate;
    bool threads, off_cpu;
    uint64_t start_ns, duration_ns;
    uint64_t idle, away, missed, cut; /* beside the samples */
    struct stacks stacks;
    char **object;
    size_t object_count;
    struct profile_function *function;
    size_t function_count;
    struct profile_site *site; /* by pc */
    size_t site_count;
    int32_t *thread; /* that samples have, sorted */
    size_t thread_count;
    size_t *thread_function; /* the root of each */
};

/* Names for all that p->stacks holds. */
void profile_resolve(struct profile *p, struct sampler *s);
void profile_fini(struct profile *p);

/* The functions of a stack, outermost first: how many. out has room for
 * PROFILE_DEPTH_MAX. */
#define PROFILE_DEPTH_MAX 513u
unsigned profile_row(const struct profile *p, const struct stack_seen *seen,
                     size_t *out);
/* Indices of functions, most samples of their own first; the caller frees. */
size_t *profile_order(const struct profile *p);
/* Indices; what is asked for has been sampled. */
size_t profile_site_of(const struct profile *p, uint64_t pc);
size_t profile_thread_of(const struct profile *p, int32_t tid);

void profile_table(const struct profile *p);
void profile_json(const struct profile *p);
/* Append the file's contents. */
void profile_folded(const struct profile *p, struct buf *out);
void profile_svg(const struct profile *p, struct buf *out);
void profile_pprof(const struct profile *p, struct buf *out);

#endif
