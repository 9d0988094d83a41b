/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_line.h - a trace as lines, laid out as strace lays them out.
 *
 * What:      a call appears when it begins; if another thread's line comes
 *            before its end, it is "<unfinished ...>" and "resumed" later.
 *            Threads have names once there is more than one.
 * Ownership: the caller's struct, zeroed, with `to` and the options filled in.
 * Units:     tsc.
 */
#ifndef CLI_TRACE_LINE_H
#define CLI_TRACE_LINE_H

#include "cli/trace_calls.h"

#define TRACE_THREAD_MAX 256u /* that are told at the end */

struct trace_line {
    FILE *to;
    bool is_file;  /* each line begins with its thread */
    bool relative; /* -r */
    bool spent;    /* -T */
    unsigned time; /* -t, -tt, -ttt */
    unsigned string_max;
    uint64_t khz;
    uint64_t tsc_0, real_ns_0; /* the same moment */
    /* The rest is trace_line.c's. */
    uint64_t last_tsc;
    unsigned column;
    int32_t open; /* whose call is the unfinished line; 0: nobody's */
    int32_t thread[TRACE_THREAD_MAX];
    unsigned thread_count;
    bool is_exiting;
    int status, signo;
};

/* A thread that is known before it makes a call. */
void trace_line_thread(struct trace_line *l, int32_t tid);
/* How the program began: execve's line. */
void trace_line_begin(struct trace_line *l, const char *exe,
                      const char *const *argv, size_t argc, size_t envc);
/* is_shown: false: it only tells about threads */
void trace_line_event(struct trace_line *l, const struct trace_event *e,
                      bool is_shown);
/* A call that nobody has seen the end of. */
void trace_line_left(struct trace_line *l, const struct trace_event *e,
                     bool is_shown);
/* is_over: the program has ended */
void trace_line_end(struct trace_line *l, bool is_over);

#endif
