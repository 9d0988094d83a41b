/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verbs.h - what samara-debug does; the command has the options (cli/debug.h).
 *
 * As in cli/table.h: an exit status >= 0, or -errno with a fault.
 */
#ifndef DEBUG_VERBS_H
#define DEBUG_VERBS_H

struct fault;

int debug_verb_map(int argc, char **argv, struct fault *fault);
/* Started by `samara run` alone: crash.c. */
int debug_verb_crash(int argc, char **argv, struct fault *fault);
int debug_verb_profile(int argc, char **argv, struct fault *fault);

#endif
