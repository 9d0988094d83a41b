/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c - see options.h. */
#include "cli/options.h"
#include "cli/crash_watch.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/cpu_tables.h"
#include "cli/companion.h"
#include "cli/netconf.h"
#include "cli/registry.h"
#include "cli/ulimit.h"
#include "host/fault.h"

#define HOSTNAME_LEN_MAX 64u /* as Linux */

static int set_memory(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;
    int err = args_size("-m", value, &o->ram_len, fault);

    if (err)
        return err;
    if (o->ram_len < RAM_LEN_MIN || o->ram_len > RAM_LEN_MAX)
        return fault_set(fault, EINVAL,
                         "option -m: a guest takes from %lluK to %lluG of "
                         "memory, not '%s'; give a unit, such as 64M",
                         RAM_LEN_MIN >> 10, RAM_LEN_MAX >> 30, value);
    o->ram_len &= ~4095ull;
    return 0;
}

static int set_cpus(void *into, const char *value, struct fault *fault)
{
    return args_count("--cpus", value, CPU_MAX,
                      &((struct options *)into)->cpu_count, fault);
}

static int set_env(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    if (value[0] == '=' || value[0] == '\0')
        return fault_set(fault, EINVAL,
                         "option -e: '%s' has no name; write NAME=VALUE, or "
                         "NAME for this host's value",
                         value);
    list_add(&o->env, value);
    return 0;
}

static int set_cwd(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    if (value[0] != '/')
        return fault_set(fault, EINVAL,
                         "option -w: '%s' is not absolute; it is a directory "
                         "inside the guest, such as /tmp",
                         value);
    o->cwd = value;
    return 0;
}

static int set_add(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    if (value[0] == '\0')
        return fault_set(fault, EINVAL, "option --add needs a path");
    list_add(&o->adds, value);
    return 0;
}

static int set_package(void *into, const char *value, struct fault *fault)
{
    if (value[0] == '\0' || strchr(value, '/'))
        return fault_set(fault, EINVAL,
                         "option --package: '%s' is no package's name; files "
                         "are for --add",
                         value);
    list_add(&((struct options *)into)->packages, value);
    return 0;
}

static int set_hostname(void *into, const char *value, struct fault *fault)
{
    size_t i, len = strlen(value);

    for (i = 0; i < len && (unsigned char)value[i] > ' '; i++)
        continue;
    if (len == 0 || len > HOSTNAME_LEN_MAX || i < len)
        return fault_set(fault, EINVAL,
                         "option --hostname: a name has 1 to %u characters, "
                         "and none of them is a blank",
                         HOSTNAME_LEN_MAX);
    ((struct options *)into)->hostname = value;
    return 0;
}

static int set_output(void *into, const char *value, struct fault *fault)
{
    if (value[0] == '\0')
        return fault_set(fault, EINVAL, "option -o needs a file name");
    ((struct options *)into)->output = value;
    return 0;
}

static int set_calls(void *into, const char *value, struct fault *fault)
{
    if (value[0] == '\0')
        return fault_set(fault, EINVAL,
                         "option --calls needs the names of system calls, or "
                         "@FILE");
    ((struct options *)into)->calls = value;
    return 0;
}

static int set_vmm(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    if (strcmp(value, "monitor") == 0)
        o->vmm = VMM_MONITOR;
    else if (strcmp(value, "qemu") == 0)
        o->vmm = VMM_QEMU;
    else
        return fault_set(fault, EINVAL,
                         "option --vmm: '%s' is unknown; choose monitor or "
                         "qemu",
                         value);
    return 0;
}

static int set_accel(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    if (strcmp(value, "kvm") == 0)
        o->accel = ACCEL_KVM;
    else if (strcmp(value, "tcg") == 0)
        o->accel = ACCEL_TCG;
    else
        return fault_set(fault, EINVAL,
                         "option --accel: '%s' is unknown; choose kvm or tcg",
                         value);
    return 0;
}

static int set_name(void *into, const char *value, struct fault *fault)
{
    ((struct options *)into)->name = value;
    return registry_name_check(value, fault);
}

static int set_trace(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    o->trace = value ? value : "";
    return companion_check(o, fault);
}

static int set_pcap(void *into, const char *value, struct fault *fault)
{
    if (value[0] == '\0' || strcmp(value, "-") == 0)
        return fault_set(fault, EINVAL,
                         "option --pcap needs a file: standard output is the "
                         "program's");
    ((struct options *)into)->pcap = value;
    return 0;
}

static int set_core_dir(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    free(o->core_dir);
    o->core_dir = crash_watch_core_dir(value, fault);
    return o->core_dir ? 0 : -fault->err;
}

#define OPTIONS_SOURCE                                                     \
    { 0, "add", "PATH[:DEST]", "put this file or directory in too",        \
      ARG_SET(set_add) },                                                  \
        { 0, "package", "NAME", "put an installed Debian package in, too", \
          ARG_SET(set_package) },                                          \
    {                                                                      \
        0, "root", "DIR", "SOURCE is a path inside DIR, all of it packed", \
            ARG_TEXT(struct options, root)                                 \
    }
#define OPTIONS_GUEST                                                       \
    { 'e', "env", "NAME[=VALUE]", "set a variable; NAME: the host's value", \
      ARG_SET(set_env) },                                                   \
        { 'w', "workdir", "DIR", "working directory in the guest (/)",      \
          ARG_SET(set_cwd) },                                               \
        { 0, "hostname", "NAME", "the guest's name (samara)",               \
          ARG_SET(set_hostname) },                                          \
        { 0, "ulimit", "NAME=SOFT[:HARD]",                                  \
          "a resource limit; may be repeated", ARG_SET(ulimit_set) },       \
        NETCONF_OPTIONS,                                                    \
    {                                                                       \
        0, "read-only", NULL, "refuse writes to the root",                  \
            ARG_FLAG(struct options, read_only)                             \
    }
#define OPTIONS_LAST                            \
    { 'v', "verbose", NULL, "say what is done", \
      ARG_FLAG(struct options, verbose) },      \
        ARG_HELP(struct options), ARG_END

const struct arg_option options_run[] = {
    { 'm', "memory", "SIZE", "memory of the guest (512M)",
      ARG_SET(set_memory) },
    { 0, "cpus", "N", "CPUs of the guest, 1 to 8 (1)", ARG_SET(set_cpus) },
    NET_OPTIONS,
    OPTIONS_GUEST,
    OPTIONS_SOURCE,
    { 0, "vmm", "VMM", "monitor or qemu (monitor when KVM works)",
      ARG_SET(set_vmm) },
    { 0, "accel", "ACCEL", "kvm or tcg (kvm when it works)",
      ARG_SET(set_accel) },
    { 0, "dry-run", NULL, "print the command line, do not start",
      ARG_FLAG(struct options, dry_run) },
    { 'd', "detach", NULL, "in the background; prints the guest's id",
      ARG_FLAG(struct options, detach) },
    { 0, "gdb-wait", NULL, "wait for samara gdb before the first instruction",
      ARG_FLAG(struct options, gdb_wait) },
    { 0, "name", "NAME", "what the guest is called in other verbs",
      ARG_SET(set_name) },
    { 0, "core-dir", "DIR", "if the program crashes, leave a core file there",
      ARG_SET(set_core_dir) },
    { 0, "rm", NULL, "with -d: forget the guest when it ends",
      ARG_FLAG(struct options, remove) },
    { 'i', "interactive", NULL, "with -d: keep stdin open, for attach",
      ARG_FLAG(struct options, interactive) },
    { 't', "tty", NULL, "with -d: a terminal of its own",
      ARG_FLAG(struct options, tty) },
    { 0, "trace", "[=OPTIONS]", "system calls on stderr: as samara trace",
      ARG_SET(set_trace) },
    { 0, "pcap", "FILE", "capture what is on its network", ARG_SET(set_pcap) },
    OPTIONS_LAST,
};

const struct arg_option options_build[] = {
    { 'o', "output", "FILE", "the image to write (SOURCE's name + .img)",
      ARG_SET(set_output) },
    { 0, "calls", "auto|NAME,...|@FILE",
      "link a kernel with these system calls only", ARG_SET(set_calls) },
    { 0, "strip", NULL, "leave the kernel's symbols out",
      ARG_FLAG(struct options, strip) },
    OPTIONS_GUEST,
    OPTIONS_SOURCE,
    OPTIONS_LAST,
};

const struct arg_option options_inspect[] = {
    { 0, "files", NULL, "list the files of the root",
      ARG_FLAG(struct options, files) },
    { 0, "json", NULL, "for programs: JSON", ARG_FLAG(struct options, json) },
    OPTIONS_SOURCE,
    OPTIONS_LAST,
};

int options_parse(const struct arg_option *table, struct options *o, int argc,
                  char **argv, struct fault *fault)
{
    int first;
    int err;

    *o = (struct options){ .ram_len = RAM_LEN_DEFAULT, .cpu_count = 1 };
    if (table == options_inspect) /* has no program's arguments */
        err = args_parse_anywhere(table, o, argc, argv, &first, fault);
    else
        err = args_parse(table, o, argc, argv, &first, fault);
    if (err || o->help)
        return err;
    if (first >= argc || argv[first][0] == '\0')
        return fault_set(fault, EINVAL,
                         "%s: which program or image? Say: samara %s SOURCE "
                         "[ARG...], or samara help %s",
                         argv[0], argv[0], argv[0]);
    err = netconf_check(&o->net, fault);
    if (err == 0)
        err = net_check(&o->network,
                        o->net.address[0].family || o->net.address[1].family,
                        fault);
    if (err)
        return err;
    o->source = argv[first];
    o->argc = argc - first - 1;
    o->argv = argv + first + 1;
    return 0;
}

void options_fini(struct options *o)
{
    list_fini(&o->env);
    list_fini(&o->adds);
    list_fini(&o->packages);
    run_config_net_fini(&o->net);
    net_fini(&o->network);
    free(o->core_dir);
}
