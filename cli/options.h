/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the options that run, build and inspect share.
 *
 * Ownership: strings point into argv; the lists are freed by options_fini().
 * Errors:    -EINVAL with a fault that names the option.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/net.h"
#include "host/args.h"
#include "host/memory.h"
#include "image/runconfig.h"

#define RAM_LEN_DEFAULT (512ull << 20)
#define RAM_LEN_MIN     (256ull << 10)
#define RAM_LEN_MAX     (1ull << 40)

enum vmm { VMM_ANY, VMM_MONITOR, VMM_QEMU };
enum accel { ACCEL_ANY, ACCEL_KVM, ACCEL_TCG };

struct options {
    uint64_t ram_len;
    unsigned cpu_count;
    struct list env;      /* K=V, or K alone: the host's value */
    struct list adds;     /* PATH[:DEST] */
    struct list packages; /* of Debian's */
    const char *cwd;
    const char *root;
    const char *hostname;
    struct run_config_net net; /* netconf.h */
    struct run_config_limits limits;
    struct net_options network;
    const char *output;
    const char *calls; /* NULL: all */
    const char *name;
    const char *trace; /* samara trace's options, from the start; NULL: none */
    const char *pcap;  /* where the network's frames go; NULL: nowhere */
    char *core_dir;    /* absolute; NULL: no core files */
    enum vmm vmm;
    enum accel accel;
    bool read_only;
    bool strip;
    bool dry_run;
    bool detach;
    bool interactive; /* in the background: stdin stays open for attach */
    bool tty;         /* in the background: a terminal of its own */
    bool remove;
    bool gdb_wait; /* the program begins when a debugger says so */
    bool verbose;
    bool help;
    bool json;
    bool files;
    const char *source;
    int argc; /* the program's arguments, after SOURCE */
    char **argv;
};

extern const struct arg_option options_run[];
extern const struct arg_option options_build[];
extern const struct arg_option options_inspect[];

/* Parse a verb's command line: argv[0] is the verb. SOURCE must be there
 * unless --help is. */
int options_parse(const struct arg_option *table, struct options *o, int argc,
                  char **argv, struct fault *fault);
void options_fini(struct options *o);

#endif
