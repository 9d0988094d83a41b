/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target_link.h - between the target*.c files.
 */
#ifndef CLI_GDB_TARGET_LINK_H
#define CLI_GDB_TARGET_LINK_H

#include "cli/gdb/target.h"

struct target_command {
    uint32_t nr; /* enum debug_command */
    uint64_t va;
    uint64_t len;     /* DEBUG_DATA_MAX at most */
    const void *data; /* to write; what is read is in t->control.data */
};

/* By the kernel; the program does not run meanwhile. */
int target_command(struct target *t, const struct target_command *c,
                   struct fault *fault);
/* What is watched by steps is noted as it is now. */
int target_watch_arm(struct target *t, struct fault *fault);
/* Let the thread run, 0: all of them; returns at once. */
int target_release(struct target *t, uint64_t only, struct fault *fault);
/* Let it run until it stops. */
int target_run_alone(struct target *t, uint64_t thread, struct fault *fault);

/* t->has_avx, of a stopped guest. */
void target_vectors_probe(struct target *t);
int target_vectors(struct target *t, const struct inside_thread *thread,
                   uint8_t out[16][16], struct fault *fault);
/* Vectors and fs_base of a thread that no CPU has but the one that carries out
 * commands. */
int target_vectors_set(struct target *t, const struct inside_thread *thread,
                       const struct target_regs *in, struct fault *fault);

#endif
