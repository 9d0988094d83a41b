/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - see table.h. */
#include "cli/table.h"

#include <stddef.h>
#include <string.h>

#include "cli/debug.h"
#include "cli/options.h"
#include "cli/verbs.h"

const struct verb verb_table[] = {
    { "run", "[OPTION]... SOURCE [ARG]...",
      "run a program or an image in a virtual machine", options_run, verb_run },
    { "build", "[OPTION]... SOURCE [ARG]...",
      "make an image of a program and all it needs", options_build,
      verb_build },
    { "inspect", "[OPTION]... SOURCE|GUEST",
      "show what an image holds, a program needs, a guest is", options_inspect,
      verb_inspect },
    { "ps", "[OPTION]...", "list the guests", options_ps, verb_ps },
    { "port", "GUEST [PORT[/udp]]", "show where a guest's ports are reached",
      options_port, verb_port },
    { "logs", "[OPTION]... GUEST", "show what a guest in the background wrote",
      options_logs, verb_logs },
    { "attach", "[OPTION]... GUEST", "take part in a guest in the background",
      options_attach, verb_attach },
    { "stop", "[OPTION]... GUEST...", "end guests: SIGTERM, then SIGKILL",
      options_stop, verb_stop },
    { "kill", "[OPTION]... GUEST...", "send guests a signal", options_kill,
      verb_kill },
    { "wait", "GUEST...", "wait for guests' ends, print their exit statuses",
      options_control, verb_wait },
    { "trace", "[OPTION]... GUEST", "show the system calls of a guest",
      options_trace, verb_trace },
    { "stats", "[OPTION]... [GUEST...]", "show what guests use", options_stats,
      verb_stats },
    { "top", "[OPTION]... [GUEST]...", "show what guests use, again and again",
      options_top, verb_top },
    { "metrics", "[OPTION]...", "serve what guests use to Prometheus",
      options_metrics, verb_metrics },
    { "profile", "[OPTION]... GUEST", "show where a guest spends its time",
      options_profile, verb_profile },
    { "pcap", "[OPTION]... GUEST", "capture what is on a guest's network",
      options_pcap, verb_pcap },
    { "map", "[OPTION]... IMAGE|GUEST",
      "show what an image and a guest's memory consist of", options_map,
      verb_map },
    { "core", "[OPTION]... GUEST", "write a core file of a running guest",
      options_core, verb_core },
    { "gdb", "[OPTION]... GUEST [-- ARG...]", "debug a guest's program",
      options_gdb, verb_gdb },
    { "gdbserver", "[OPTION]... GUEST", "let any gdb debug a guest's program",
      options_gdbserver, verb_gdbserver },
    { "pause", "GUEST...", "stop guests' time", options_control, verb_pause },
    { "unpause", "GUEST...", "let paused guests go on", options_control,
      verb_unpause },
    { "rename", "GUEST NAME", "give a guest another name", options_prune,
      verb_rename },
    { "rm", "[OPTION]... GUEST...", "forget guests that have ended", options_rm,
      verb_rm },
    { "prune", "", "forget all guests that have ended", options_prune,
      verb_prune },
    { "version", "", "show the version", NULL, verb_version },
    { "help", "[VERB]", "show help", NULL, verb_help },
    { NULL, NULL, NULL, NULL, NULL },
};

const struct verb *verb_find(const char *name)
{
    const struct verb *v;

    for (v = verb_table; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}
