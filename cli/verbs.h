/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verbs.h - what the verbs that act on running guests share.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "host/args.h"

struct fault;
struct guest;

extern const struct arg_option options_ps[];
extern const struct arg_option options_port[];
extern const struct arg_option options_logs[];
extern const struct arg_option options_attach[];
extern const struct arg_option options_stats[];
extern const struct arg_option options_top[];
extern const struct arg_option options_metrics[];
extern const struct arg_option options_pcap[];
extern const struct arg_option options_trace[];
extern const struct arg_option options_core[];
extern const struct arg_option options_gdb[];
extern const struct arg_option options_gdbserver[];
extern const struct arg_option options_stop[];
extern const struct arg_option options_kill[];
extern const struct arg_option options_control[]; /* --help alone */
extern const struct arg_option options_rm[];
extern const struct arg_option options_prune[];

/* The one guest that a verb takes: argv[first] and nothing behind it. */
int verb_guest(int argc, char **argv, int first, struct guest *out,
               struct fault *fault);
/* -EINVAL: no guest is named. */
int verb_guests_check(const char *verb, int count, struct fault *fault);
/* Do something to each guest that is named, and print its name; what fails is
 * said and the next one tried. The exit status. */
typedef int verb_action_fn(struct guest *g, const void *arg,
                           struct fault *fault);
int verb_each(int count, char **names, verb_action_fn *action, const void *arg,
              struct fault *fault);
/* SIGTERM, and after so many seconds SIGKILL; returns when it has ended. */
int guest_stop(struct guest *g, unsigned seconds, struct fault *fault);

#endif
