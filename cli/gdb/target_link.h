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
/* Let the kernel run, none of the program, until it can do something. */
int target_release_to_settle(struct target *t, struct fault *fault);
/* Let it run until it stops. */
int target_run_alone(struct target *t, uint64_t thread, struct fault *fault);

/* ---- target_kernel.c ---- */

bool target_is_kernel(const struct target *t, uint64_t va);
int target_kernel_break_set(struct target *t, uint64_t va, uint8_t *old_out,
                            struct fault *fault);
int target_kernel_break_clear(struct target *t, const struct target_break *b,
                              struct fault *fault);
/* Whether the kernel has stopped while it was doing this thread's work. */
bool target_is_in_kernel(const struct target *t,
                         const struct inside_thread *thread);
/* General registers then. */
int target_kernel_regs(struct target *t, struct control_regs *out,
                       struct fault *fault);
/* When it goes on, by an instruction if the thread is the one that stopped. */
int target_kernel_step(struct target *t, uint64_t thread, struct fault *fault);

/* ---- target_vectors.c ---- */

/* t->has_avx, of a stopped guest. */
void target_vectors_probe(struct target *t);
int target_vectors(struct target *t, const struct inside_thread *thread,
                   uint8_t out[16][16], struct fault *fault);
/* Vectors and fs_base of a thread that no CPU has but the one that carries out
 * commands. */
int target_vectors_set(struct target *t, const struct inside_thread *thread,
                       const struct target_regs *in, struct fault *fault);

#endif
