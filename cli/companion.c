/* SPDX-License-Identifier: BSD-2-Clause */
/* companion.c - see companion.h. */
#include "cli/companion.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/capture.h"
#include "cli/follow.h"
#include "cli/guest.h"
#include "cli/inside.h"
#include "cli/options.h"
#include "cli/socket.h"
#include "cli/table.h"
#include "cli/tracer.h"
#include "host/fault.h"
#include "host/memory.h"

#define FD 3 /* the only one that a companion keeps, beside 0, 1 and 2 */

/* What it is told of the guest that is to be. */
struct about {
    const struct options *o;
    const struct run_config *how;
    const char *dir;
    bool is_qemu;
};

typedef int companion_fn(const struct about *a, int fd, const char *name,
                         struct fault *fault);

static int trace(const struct about *a, int fd, const char *name,
                 struct fault *fault)
{
    static struct tracer t;
    int err = tracer_parse_text(&t, mem_strdup(a->o->trace), fault);

    t.ring.is_qemu = a->is_qemu;
    return err ? err : tracer_run_first(&t, fd, name, a->how, fault);
}

static int pcap(const struct about *a, int fd, const char *name,
                struct fault *fault)
{
    struct capture c = { .output = a->o->pcap, .guest = name };
    struct inside in;
    int err = inside_adopt(&in, fd, name, fault);

    if (err)
        return err;
    follow_begin();
    err = capture_begin(&in, &c, fault);
    if (err == 0)
        err = inside_go(&in, fault);
    if (err == 0)
        err = capture_follow(&in, &c, fault);
    inside_close(&in);
    if (err == 0 && c.lost > 0)
        fprintf(stderr,
                "samara: %llu frames are not in '%s': it was written "
                "too slowly\n",
                (unsigned long long)c.lost, a->o->pcap);
    return err;
}

/* Only the connection stays: what else is open is the guest's, and ends with
 * it. Ctrl-C is for the guest, whose end is ours. */
static __attribute__((noreturn)) void be(companion_fn *fn,
                                         const struct about *a, int fd)
{
    static struct fault fault;
    struct guest g;
    int err;

    if (fd != FD)
        dup3(fd, FD, O_CLOEXEC);
    close_range(FD + 1, ~0u, 0);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    err = guest_read(a->dir, &g);
    if (err == 0)
        err = fn(a, FD, g.name, &fault);
    else
        fault_sys(&fault, -err, "cannot read about the guest in '%s'", a->dir);
    if (err)
        fprintf(stderr, "samara: %s\n", fault.text);
    fflush(NULL);
    _exit(err ? EXIT_OWN_FAILURE : 0);
}

static int start(companion_fn *fn, const struct about *a, struct fault *fault)
{
    int fd = socket_connect(a->dir, "control", fault);
    pid_t pid;

    if (fd < 0)
        return fd;
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        be(fn, a, fd);
    close(fd);
    return pid < 0 ? fault_sys(fault, errno, "cannot start a process") : 1;
}

int companion_check(const struct options *o, struct fault *fault)
{
    static struct tracer t;
    char *text;
    int err;

    if (!o->trace)
        return 0;
    text = mem_strdup(o->trace);
    err = tracer_parse_text(&t, text, fault);
    free(text);
    return err;
}

int companion_start(const struct options *o, const struct run_config *how,
                    const char *dir, bool is_qemu, struct fault *fault)
{
    const struct about a = { o, how, dir, is_qemu };
    int count = 0, err = 0;

    if (o->trace)
        err = start(trace, &a, fault);
    count += err > 0;
    if (o->pcap && !is_qemu && err >= 0)
        err = start(pcap, &a, fault);
    count += o->pcap && !is_qemu && err > 0;
    return err < 0 ? err : count;
}
