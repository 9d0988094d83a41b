/* SPDX-License-Identifier: BSD-2-Clause */
/* pcap.c - samara pcap: what comes and goes on a guest's network. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/capture.h"
#include "cli/follow.h"
#include "cli/inside.h"
#include "cli/registry.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"

#define COUNT_MAX   1000000000u
#define SNAPLEN_MAX 65600u

struct pcap {
    struct capture capture;
    bool help;
};

static int set_count(void *into, const char *value, struct fault *fault)
{
    unsigned count = 0;
    int err = args_count("-c", value, COUNT_MAX, &count, fault);

    ((struct pcap *)into)->capture.count = count;
    return err;
}

static int set_snaplen(void *into, const char *value, struct fault *fault)
{
    return args_count("--snaplen", value, SNAPLEN_MAX,
                      &((struct pcap *)into)->capture.frame_max, fault);
}

const struct arg_option options_pcap[] = {
    { 'w', "write", "FILE", "to this file; -: standard output, as if not given",
      ARG_TEXT(struct pcap, capture.output) },
    { 'c', "count", "N", "end after so many frames", ARG_SET(set_count) },
    { 's', "snaplen", "BYTES", "keep so much of each frame (all)",
      ARG_SET(set_snaplen) },
    ARG_HELP(struct pcap),
    ARG_END,
};

static int pcap(struct capture *c, const struct guest *g, struct fault *fault)
{
    struct inside in;
    int err;

    if ((!c->output || strcmp(c->output, "-") == 0) && isatty(STDOUT_FILENO))
        return fault_set(fault, EINVAL,
                         "pcap writes no text; give -w FILE, or say: samara "
                         "pcap %s | tcpdump -nr -",
                         g->name);
    err = inside_open(&in, g, fault);
    if (err)
        return err;
    c->guest = g->name;
    follow_begin();
    err = capture_begin(&in, c, fault);
    if (err == 0)
        err = capture_follow(&in, c, fault);
    inside_close(&in);
    if (err == 0)
        fprintf(stderr, "samara: %llu frames captured, %llu dropped\n",
                (unsigned long long)c->seen, (unsigned long long)c->lost);
    return err;
}

int verb_pcap(int argc, char **argv, struct fault *fault)
{
    struct pcap o = { 0 };
    struct guest g;
    int first,
        err = args_parse_anywhere(options_pcap, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("pcap");
    if (err == 0)
        err = verb_guest(argc, argv, first, &g, fault);
    if (err)
        return err;
    err = pcap(&o.capture, &g, fault);
    guest_fini(&g);
    return err;
}
