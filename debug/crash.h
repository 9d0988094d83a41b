/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash.h - the report on a program, or kernel, that came to a bad end.
 *
 * What:      crash.c gathers it from the guest, which stands still, and writes
 *            the core file; crash_report.c says it on stderr.
 * Ownership: what is in struct crash_scene is crash.c's.
 * Errors:    what cannot be found out is left out of the report.
 */
#ifndef DEBUG_CRASH_H
#define DEBUG_CRASH_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/crash.h"
#include "cli/core.h"

struct symbolise;

#define CRASH_FRAME_MAX 512u

struct crash_scene {
    struct crash crash;
    struct core core;
    struct symbolise *symbols;          /* NULL: the image cannot be read */
    bool is_gathered;                   /* core is filled in */
    const struct inside_thread *thread; /* whose end it is; NULL: not known */
    struct control_regs regs;           /* of the program, if has_regs */
    bool has_regs;
    uint64_t pc[CRASH_FRAME_MAX]; /* innermost first, each in its function */
    size_t pc_count;
};

/* All but what became of the core file. */
void crash_report(const struct crash_scene *s);
/* Instructions around the one at rip. */
void crash_code(const struct crash_scene *s, uint64_t rip);

#endif
