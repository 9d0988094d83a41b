/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_show.h - between the files that show calls as strace does.
 *
 * What:      each argument has a type: how it is shown, and what of the guest's
 *            memory is captured for it. A type is found by its name, in the
 *            tables at the end.
 * Ownership: all static. What was captured is the guest's: it is copied before
 *            it is taken apart, and reaches a terminal quoted.
 */
#ifndef CLI_TRACE_SHOW_H
#define CLI_TRACE_SHOW_H

#include "cli/trace_calls.h"

struct trace_view {
    FILE *to;
    const struct trace_event *e;
    unsigned phase; /* whose memory is looked at: TRACE_OF_BEGIN, _END */
    unsigned string_max;
    bool even_failed; /* a call that has failed has filled something in */
};

struct trace_type;
/* arg: which one; of a member in a structure TRACE_ARG_MAX. */
typedef void trace_show_fn(const struct trace_view *v,
                           const struct trace_type *t, uint64_t value,
                           unsigned arg);

struct trace_type {
    const char *name;
    trace_show_fn *show;
    const void *table; /* struct trace_flag, trace_member */
    uint16_t len;      /* of a structure: captured as a whole */
    uint8_t when;      /* enum trace_when; at the end: shown then, too */
    /* Or this is captured: arguments count from this one */
    const struct trace_op *ops;
};

/* A bit, or with a wider mask a value of a field; with all bits set in the
 * mask it stands alone. */
struct trace_flag {
    uint64_t value, mask; /* mask 0: the last, its name is for what has none */
    const char *name;
};

/* Of a structure. Without a type: text, as it is. */
struct trace_member {
    const char *name;
    uint16_t at;
    uint8_t len; /* 0: the type wants the address */
    const char *type;
};

#define TRACE_FLAG(x) \
    {                 \
        x, x, #x      \
    }
#define TRACE_VALUE(x)    \
    {                     \
        x, UINT64_MAX, #x \
    }
#define TRACE_FIELD(x, mask) \
    {                        \
        x, mask, #x          \
    }
#define TRACE_FLAGS_END(unknown) \
    {                            \
        0, 0, unknown            \
    }

/* ---- reading: what was captured at va, and how much of it ---- */
const uint8_t *trace_find(const struct trace_view *v, uint64_t va,
                          size_t *len_out);
bool trace_read(const struct trace_view *v, uint64_t va, void *to, size_t len);

/* ---- showing ---- */
void trace_show(const struct trace_view *v, const char *type, uint64_t value);
void trace_show_data(const struct trace_view *v, uint64_t va, uint64_t len);
void trace_show_bytes(FILE *to, const uint8_t *data, size_t len);
void trace_show_names(FILE *to, const struct trace_flag *flags, uint64_t value);
/* NULL if the value has none. */
const char *trace_name(const struct trace_flag *flags, uint64_t value);
const char *trace_signal_name(unsigned signo, char text[16]);
void trace_show_siginfo(FILE *to, const uint64_t words[TRACE_ARG_MAX]);
/* {a=..., b=...} */
void trace_show_members(const struct trace_view *v,
                        const struct trace_member *m, uint64_t va);

trace_show_fn trace_show_int, trace_show_long, trace_show_unsigned,
    trace_show_unsigned_long, trace_show_hex, trace_show_pointer,
    trace_show_octal, trace_show_flags, trace_show_flags64, trace_show_struct,
    trace_show_text, trace_show_string, trace_show_pair;

/* Each ends with a type without a name. */
extern const struct trace_type trace_types_plain[], trace_types_names[],
    trace_types_structs[], trace_types_sockets[], trace_types_sets[],
    trace_types_command[], trace_types_sockopt[];
/* NULL: none of that name. */
const struct trace_type *trace_type_get(const char *name, size_t len);

#endif
