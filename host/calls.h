/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.h - names of system calls, and of the kernel's other parts.
 *
 * What:      the rows of kernel/syscall/table.def, parts.def, operations.def,
 *            for linking a kernel and for messages.
 * Ownership: everything is static.
 */
#ifndef HOST_CALLS_H
#define HOST_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#define CALL_MAX 464u /* numbers are below */

struct call_row {
    const char *name; /* NULL: Linux has no such call */
    const char *args; /* as table.def has them */
    uint32_t flags;   /* CALL_* */
    bool exists;      /* in Samara */
};

struct call_part {
    const char *name;
    const char *symbol;
    const char
        *of; /* NULL; or symbol is a stand-in's, for a part of this one */
    const char *note;
};

/* What a call leads to through tables (kernel/syscall/operations.def). */
struct call_operation {
    const char *call;
    const char *part; /* "": of none */
    const char *symbol;
};

extern const struct call_row call_rows[CALL_MAX]; /* by number */
extern const struct call_part call_parts[];       /* ends with a NULL name */
extern const struct call_operation call_operations[]; /* with a NULL call */

/* Its number, or -1. */
int call_number(const char *name);

/* Say on stderr that a program made a call that its kernel was linked without.
 * The number comes from the guest: any is taken. */
void call_report_left_out(uint64_t nr);

#endif
