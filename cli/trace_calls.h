/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_calls.h - system calls as strace shows them.
 *
 * What:      names and numbers of arguments come from kernel/syscall/table.def;
 *            what the arguments are, from a table of types for each call, which
 *            also says what of the guest's memory is to be captured.
 * Ownership: static; NULL for a number that is no call.
 */
#ifndef CLI_TRACE_CALLS_H
#define CLI_TRACE_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/trace.h"

#define TRACE_STRING_DEFAULT 32u
#define TRACE_STRING_MAX     1024u

struct trace_type;

struct trace_call {
    const char *name;
    unsigned arg_count;
    const struct trace_type *type[TRACE_ARG_MAX];
};

const struct trace_call *trace_call_get(unsigned number);
/* False: it is the thread's last. */
bool trace_call_returns(const struct trace_call *call);
/* Is it one of strace's class: "file", "network", ...? */
bool trace_call_is(const struct trace_call *call, const char *kind);
/* What is captured for each call; string_max: bytes of data. */
void trace_calls_capture(struct trace_control *c, unsigned string_max);

/* What a record holds behind its words: chunks, unchecked. */
struct trace_memory {
    const uint8_t *data;
    size_t len;
};
enum { TRACE_OF_BEGIN, TRACE_OF_END };

enum trace_what {
    TRACE_IS_CALL,   /* begun, or over */
    TRACE_IS_SIGNAL, /* arg: the first words of siginfo_t */
    TRACE_IS_KILLED, /* the program, by this signal */
};

/* Good for the time of a callback. */
struct trace_event {
    enum trace_what what;
    const struct trace_call *info; /* of a call */
    unsigned number;               /* info is trace_call_get() of it */
    unsigned signo;                /* else */
    int32_t tid;
    uint32_t cpu;
    uint64_t begin_tsc, end_tsc;
    uint64_t arg[TRACE_ARG_MAX];
    struct trace_memory memory[2]; /* of the begin, of the end */
    int64_t result;
    bool is_over;
};

/* The argument i, behind a comma or not; false: there are no more. */
bool trace_show_arg(FILE *to, const struct trace_event *e, unsigned i,
                    bool with_comma, unsigned string_max);
/* Is it filled in by the call, and only then shown? */
bool trace_arg_is_late(const struct trace_event *e, unsigned i);
/* "3", "-1 ENOENT (No such file or directory)" */
void trace_show_result(FILE *to, const struct trace_event *e,
                       unsigned string_max);
/* " = ..." of a call that never comes back is "?". */
void trace_show_signal(FILE *to, const struct trace_event *e);

#endif
