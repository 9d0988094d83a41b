/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_calls.h - how each system call's arguments are captured and shown.
 *
 * What:      made from kernel/syscall/table.def: the arguments' names and types
 *            say nearly all; a short table says which memory is written by the
 *            call, and which flags have names.
 * Ownership: static; NULL for a number that is no call.
 */
#ifndef CLI_TRACE_CALLS_H
#define CLI_TRACE_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/trace.h"

#define TRACE_ARG_MAX 6u

enum trace_type {
    TRACE_INT,      /* signed, 32 bits */
    TRACE_UNSIGNED, /* 32 bits */
    TRACE_LONG,     /* 64 bits */
    TRACE_POINTER,  /* shown as an address */
    TRACE_TEXT,     /* ... as a string */
    TRACE_BYTES,    /* ... as data */
    TRACE_TIME,     /* ... as struct timespec */
    TRACE_SOCKADDR,
    TRACE_FD_PAIR,
    TRACE_POLL,  /* ... as one struct pollfd and more */
    TRACE_STAT,  /* ... as struct stat: what kind, how long */
    TRACE_EPOLL, /* ... as one struct epoll_event and more */
    TRACE_DIRFD,
    TRACE_MODE,      /* octal */
    TRACE_OPEN_MODE, /* the same, where the flags before it make a file */
    TRACE_OFFSET,    /* hexadecimal */
    TRACE_FLAGS,
};

struct trace_flag {
    uint32_t value;
    const char *name;
};

struct trace_arg {
    enum trace_type type;
    const struct trace_flag *flags; /* TRACE_FLAGS: ends without a name */
};

struct trace_call {
    const char *name;
    unsigned arg_count;
    struct trace_arg arg[TRACE_ARG_MAX];
    uint16_t capture; /* abi/trace.h */
    const char *kind; /* strace's classes: "file", "network", ...; or "" */
};

const struct trace_call *trace_call_get(unsigned number);
/* False: it is the thread's last. */
bool trace_call_returns(const struct trace_call *call);

struct trace_bytes {
    const uint8_t *data; /* NULL: nothing was captured */
    size_t len;
};

/* One argument, as strace shows it. */
void trace_show_arg(FILE *to, const struct trace_arg *arg, uint64_t value,
                    const struct trace_bytes *bytes, uint64_t bytes_len);
void trace_show_string(FILE *to, const struct trace_bytes *bytes, size_t len);
/* "= 3", "= -1 ENOENT (No such file or directory)" */
void trace_show_result(FILE *to, const struct trace_call *call, int64_t result);

#endif
