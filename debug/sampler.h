/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sampler.h - stacks of a guest that runs, from outside.
 *
 * What:      sampler_take() asks the monitor once what each CPU is doing
 *            (CONTROL_SAMPLE) and unwinds what comes: the kernel's part, then
 *            the program's. sampler_look() stops the guest for some ms to read
 *            its regions, threads and rewritten calls.
 * Ownership: sampler_close() frees, and lets the guest go on.
 * Errors:    0 or -errno with a fault. -ESRCH: the guest has ended; what was
 *            sampled is good.
 * Units:     addresses are the guest's virtual ones.
 */
#ifndef DEBUG_SAMPLER_H
#define DEBUG_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/core.h"

struct guest;
struct symbolise;

#define SAMPLER_FRAME_MAX 512u
#define SAMPLER_STACK_LEN 49152u /* of the program's stack, at most */

struct sample {
    int32_t tid;
    unsigned cpu;
    unsigned kernel_count; /* of pc; the rest are the program's */
    unsigned count;
    uint32_t periods; /* samples that this one stands for */
    bool is_cut;      /* the stack goes on beyond what was copied */
    uint64_t pc[SAMPLER_FRAME_MAX]; /* innermost first, each in its function */
};

typedef void sampler_fn(void *arg, const struct sample *s);

struct sampler {
    struct core core;
    struct symbolise *symbols;
    struct control_sample_how how;
    bool wants_look;     /* something was seen that the last look has not */
    uint64_t idle, away; /* CPUs that were found so */
    bool is_kept;        /* the guest samples itself, whenever it is asked, */
    uint64_t lost;       /* and so many were not taken in time */
};

int sampler_open(struct sampler *s, const struct guest *g, uint64_t step_ns,
                 struct fault *fault);
void sampler_close(struct sampler *s);
int sampler_look(struct sampler *s, struct fault *fault);
/* Each CPU that runs, now. */
int sampler_take(struct sampler *s, sampler_fn *take, void *arg,
                 struct fault *fault);
/* Each thread that sleeps, now; the guest is stopped meanwhile. */
int sampler_take_asleep(struct sampler *s, sampler_fn *take, void *arg,
                        struct fault *fault);
/* As the last look found it; NULL: not known. */
const char *sampler_thread_name(const struct sampler *s, int32_t tid);

#endif
