/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c - samara stop, kill, wait, pause, unpause: one guest or several.
 *
 * Each verb takes names or ids, tries all of them, and fails if one did.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cli/registry.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"

#define STOP_SECONDS     10u
#define STOP_SECONDS_MAX 86400u
#define KILL_WAIT_MS     10000
#define STATE_NAP_NS     1000000
#define STATE_LOOKS      1000

struct control {
    unsigned stop_seconds;
    int signo;
    bool help;
};

static int set_time(void *into, const char *value, struct fault *fault)
{
    struct control *c = into;

    if (strcmp(value, "0") == 0) {
        c->stop_seconds = 0;
        return 0;
    }
    return args_count("-t", value, STOP_SECONDS_MAX, &c->stop_seconds, fault);
}

static int signal_number(const char *name)
{
    char *end;
    long n = strtol(name, &end, 10);
    int i;

    if (end != name && *end == '\0')
        return n > 0 && n < NSIG ? (int)n : 0;
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    for (i = 1; i < NSIG; i++) {
        const char *abbreviation = sigabbrev_np(i);

        if (abbreviation && strcasecmp(abbreviation, name) == 0)
            return i;
    }
    return 0;
}

static int set_signal(void *into, const char *value, struct fault *fault)
{
    struct control *c = into;

    c->signo = signal_number(value);
    if (c->signo != 0)
        return 0;
    return fault_set(fault, EINVAL,
                     "option -s: '%s' is no signal; give a name or a number, "
                     "such as TERM, HUP or 9",
                     value);
}

const struct arg_option options_stop[] = {
    { 't', "time", "SECONDS", "after so long, kill it (10)",
      ARG_SET(set_time) },
    ARG_HELP(struct control),
    ARG_END,
};
const struct arg_option options_kill[] = {
    { 's', "signal", "SIGNAL", "which one (KILL)", ARG_SET(set_signal) },
    ARG_HELP(struct control),
    ARG_END,
};
const struct arg_option options_control[] = { ARG_HELP(struct control),
                                              ARG_END };

/* ---- what is done to one guest ---- */

/* A stopped process takes no signal but this. */
static int wake(const struct guest *g, struct fault *fault)
{
    return g->state == GUEST_PAUSED ? guest_signal(g, SIGCONT, fault) : 0;
}

int guest_stop(struct guest *g, unsigned seconds, struct fault *fault)
{
    int err;

    if (g->state >= GUEST_EXITED)
        return 0;
    err = wake(g, fault);
    if (err == 0)
        err = guest_signal(g, SIGTERM, fault);
    if (err == 0)
        err = guest_wait(g, (int)seconds * 1000, fault);
    if (err == -ETIMEDOUT) {
        (void)guest_signal(g, SIGKILL, fault);
        err = guest_wait(g, KILL_WAIT_MS, fault);
    }
    /* Ended in between, or gone as well, as foreground guests go: that is what
     * was wanted. */
    return err == -ESRCH || err == -ENOENT ? 0 : err;
}

static int do_stop(struct guest *g, const void *arg, struct fault *fault)
{
    const struct control *c = arg;

    return guest_stop(g, c->stop_seconds, fault);
}

static int do_kill(struct guest *g, const void *arg, struct fault *fault)
{
    const struct control *c = arg;

    return guest_signal(g, c->signo, fault);
}

/* A signal takes its time: who asks next is to find it paused. */
static int do_pause(struct guest *g, const void *arg, struct fault *fault)
{
    const struct timespec nap = { 0, STATE_NAP_NS };
    int i, err;

    (void)arg;
    if (g->state == GUEST_PAUSED)
        return fault_set(fault, EALREADY, "the guest '%s' is paused already",
                         g->name);
    err = guest_signal(g, SIGSTOP, fault);
    for (i = 0; err == 0 && i < STATE_LOOKS && g->state == GUEST_RUNNING; i++) {
        nanosleep(&nap, NULL);
        err = guest_refresh(g, fault);
    }
    return err;
}

static int do_unpause(struct guest *g, const void *arg, struct fault *fault)
{
    (void)arg;
    if (g->state == GUEST_RUNNING)
        return fault_set(fault, EALREADY, "the guest '%s' is not paused",
                         g->name);
    return guest_signal(g, SIGCONT, fault);
}

/* ---- the verbs ---- */

int verb_guest(int argc, char **argv, int first, struct guest *out,
               struct fault *fault)
{
    if (argc - first != 1)
        return fault_set(fault, EINVAL,
                         "%s takes one guest, by name or id; samara ps -a "
                         "lists them",
                         argv[0]);
    return registry_find(argv[first], out, fault);
}

int verb_each(int count, char **names, verb_action_fn *action, const void *arg,
              struct fault *fault)
{
    int status = 0;
    int i;

    for (i = 0; i < count; i++) {
        struct guest g;
        int err = registry_find(names[i], &g, fault);

        if (err == 0) {
            err = action(&g, arg, fault);
            guest_fini(&g);
        }
        if (err == 0) {
            puts(names[i]);
            continue;
        }
        fflush(stdout);
        fprintf(stderr, "samara: %s\n", fault->text);
        status = EXIT_OWN_FAILURE;
    }
    return status;
}

int verb_guests_check(const char *verb, int count, struct fault *fault)
{
    if (count > 0)
        return 0;
    return fault_set(fault, EINVAL,
                     "%s: which guest? Give names or ids; samara ps lists them",
                     verb);
}

static int run(int argc, char **argv, const struct arg_option *table,
               verb_action_fn *action, struct fault *fault)
{
    struct control c = { .stop_seconds = STOP_SECONDS, .signo = SIGKILL };
    int first, err = args_parse_anywhere(table, &c, argc, argv, &first, fault);

    if (err)
        return err;
    if (c.help)
        return verb_show_help(argv[0]);
    err = verb_guests_check(argv[0], argc - first, fault);
    return err ? err : verb_each(argc - first, argv + first, action, &c, fault);
}

int verb_stop(int argc, char **argv, struct fault *fault)
{
    return run(argc, argv, options_stop, do_stop, fault);
}

int verb_kill(int argc, char **argv, struct fault *fault)
{
    return run(argc, argv, options_kill, do_kill, fault);
}

int verb_pause(int argc, char **argv, struct fault *fault)
{
    return run(argc, argv, options_control, do_pause, fault);
}

int verb_unpause(int argc, char **argv, struct fault *fault)
{
    return run(argc, argv, options_control, do_unpause, fault);
}

/* Prints each one's status; exits with 0, as docker's does. */
static int wait_one(const char *who, struct fault *fault)
{
    struct guest g;
    int err = registry_find(who, &g, fault);

    if (err)
        return err;
    err = guest_wait(&g, -1, fault);
    if (err == 0 && g.state == GUEST_EXITED)
        printf("%d\n", g.exit_status);
    else if (err == 0)
        err = fault_set(fault, EIO,
                        "the guest '%s' has ended, and nobody could note how",
                        g.name);
    guest_fini(&g);
    return err;
}

int verb_wait(int argc, char **argv, struct fault *fault)
{
    struct control c = { 0 };
    int first, err = args_parse_anywhere(options_control, &c, argc, argv,
                                         &first, fault);

    if (err == 0 && c.help)
        return verb_show_help("wait");
    if (err == 0)
        err = verb_guests_check(argv[0], argc - first, fault);
    for (; err == 0 && first < argc; first++)
        err = wait_one(argv[first], fault);
    return err;
}
