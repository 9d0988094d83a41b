/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - the verbs of the command; one file implements each.
 *
 * A verb gets its own argc and argv (argv[0] is the verb's name) and returns
 * an exit status >= 0, or -errno with a fault that main() prints.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

struct arg_option;
struct fault;

#define EXIT_OWN_FAILURE \
    125 /* as docker: Samara's failure, not the program's */

struct verb {
    const char *name;
    const char *usage; /* what follows the name */
    const char *help;  /* one line */
    const struct arg_option *options;
    int (*run)(int argc, char **argv, struct fault *fault);
};

extern const struct verb verb_table[]; /* ends with an entry without name */

const struct verb *verb_find(const char *name);

int verb_run(int argc, char **argv, struct fault *fault);
int verb_build(int argc, char **argv, struct fault *fault);
int verb_inspect(int argc, char **argv, struct fault *fault);
int verb_ps(int argc, char **argv, struct fault *fault);
int verb_port(int argc, char **argv, struct fault *fault);
int verb_logs(int argc, char **argv, struct fault *fault);
int verb_attach(int argc, char **argv, struct fault *fault);
int verb_stop(int argc, char **argv, struct fault *fault);
int verb_kill(int argc, char **argv, struct fault *fault);
int verb_wait(int argc, char **argv, struct fault *fault);
int verb_trace(int argc, char **argv, struct fault *fault);
int verb_core(int argc, char **argv, struct fault *fault);
int verb_profile(int argc, char **argv, struct fault *fault);
int verb_map(int argc, char **argv, struct fault *fault);
int verb_gdb(int argc, char **argv, struct fault *fault);
int verb_gdbserver(int argc, char **argv, struct fault *fault);
int verb_stats(int argc, char **argv, struct fault *fault);
int verb_top(int argc, char **argv, struct fault *fault);
int verb_metrics(int argc, char **argv, struct fault *fault);
int verb_pcap(int argc, char **argv, struct fault *fault);
int verb_pause(int argc, char **argv, struct fault *fault);
int verb_unpause(int argc, char **argv, struct fault *fault);
int verb_rename(int argc, char **argv, struct fault *fault);
int verb_rm(int argc, char **argv, struct fault *fault);
int verb_prune(int argc, char **argv, struct fault *fault);
int verb_version(int argc, char **argv, struct fault *fault);
int verb_help(int argc, char **argv, struct fault *fault);

/* Print a verb's help on stdout; returns 0. */
int verb_show_help(const char *name);

#endif
