/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec.h - how the program starts and ends.
 *
 * What:      the run configuration, and the two ends of the first process.
 * Ownership: run_config_read()'s strings lie in one allocation that lives as
 *            long as the kernel: kfree(argv) frees it.
 * Context:   boot, then a thread's system call.
 * Errors:    as listed per function.
 * Units:     _len in bytes, _ns nanoseconds.
 */
#ifndef PROCESS_EXEC_H
#define PROCESS_EXEC_H

#include "core/config.h"
#include "sched/process.h"

/* The run configuration, decoded from config.h's records; strings are copies
 * with a NUL. argv and envp end with NULL; their strings follow each other in
 * `strings`, argv's first, as they will lie on the program's stack. */
struct run_config {
    const char *exe;
    char **argv;
    char **envp;
    size_t argc, envc;
    const char *strings;
    size_t strings_len;
    const char *cwd;
    const char *hostname;
    uint64_t flags; /* enum config_flags */
    uint32_t umask;
    uint64_t stack_limit;
    uint64_t tsc_khz, wall_ns, ram_len;
    struct config_cursor records; /* all of them, checked */
};

/* Decode and check a configuration of len bytes. -EINVAL, -ENOMEM */
MUST_CHECK int run_config_read(const void *blob, size_t len,
                               struct run_config *out);

/* The program ends: every thread, then the machine. */
NORETURN void process_exit(int status);
/* exit_group from any thread. */
NORETURN void process_exit_group(int status);

/* Load the program and its interpreter and enter it. Bad ELF: one message on
 * stderr and exit status 126 or 127, as a shell gives. */
NORETURN void process_start_first(const struct run_config *config);

#endif
