/* SPDX-License-Identifier: BSD-2-Clause */
/* profile.c - samara profile: samples a guest, and shows what came of it. */
#include "debug/profile.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/debug.h"
#include "cli/registry.h"
#include "debug/sampler.h"
#include "debug/verbs.h"
#include "host/clock.h"
#include "host/fault.h"
#include "host/file.h"

#define LOOK_NS     NS_PER_S /* between two looks at regions and threads */
#define ASLEEP_RATE 19u      /* the guest is stopped for each of these */

struct session {
    const struct debug_profile *options;
    struct sampler sampler;
    struct profile profile;
    uint64_t step_ns, look_ns; /* look_ns: when the next look may be */
};

static volatile sig_atomic_t is_over;

static void on_signal(int signo)
{
    (void)signo;
    is_over = 1;
}

static void catch_signals(void)
{
    struct sigaction act = { .sa_handler = on_signal };

    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
}

/* ---- sampling ---- */

static void take(void *arg, const struct sample *s)
{
    struct session *e = arg;
    const struct debug_profile *o = e->options;
    unsigned first = o->user ? s->kernel_count : 0;
    unsigned end = o->kernel ? s->kernel_count : s->count;

    if ((o->tid != 0 && (unsigned)s->tid != o->tid) || first == end)
        return;
    e->profile.cut += s->is_cut;
    stacks_add(&e->profile.stacks, s->tid, s->pc + first, end - first,
               s->periods);
}

static int look_again(struct session *e, uint64_t now, struct fault *fault)
{
    int err;

    if (!e->sampler.wants_look || now < e->look_ns)
        return 0;
    e->look_ns = now + LOOK_NS;
    err = sampler_look(&e->sampler, fault);
    /* It changed all the time: what is known has to do. */
    return err == -EUCLEAN || err == -EFAULT ? 0 : err;
}

/* Until the next sample is due; those that were due before are missed. */
static void wait_next(struct session *e, uint64_t *due)
{
    struct timespec at;
    uint64_t now = clock_ns(CLOCK_MONOTONIC);

    *due += e->step_ns;
    if (*due <= now) {
        uint64_t late = (now - *due) / e->step_ns + 1;

        e->profile.missed += late;
        *due += late * e->step_ns;
    }
    at.tv_sec = (time_t)(*due / NS_PER_S);
    at.tv_nsec = (long)(*due % NS_PER_S);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static int sample_all(struct session *e, struct fault *fault)
{
    const struct debug_profile *o = e->options;
    uint64_t start = clock_ns(CLOCK_MONOTONIC), due = start;
    uint64_t end = o->seconds ? start + o->seconds * NS_PER_S : UINT64_MAX;
    int err = 0;

    e->look_ns = start + LOOK_NS / 4;
    while (err == 0 && !is_over && due < end) {
        err = o->off_cpu ? sampler_take_asleep(&e->sampler, take, e, fault)
                         : sampler_take(&e->sampler, take, e, fault);
        if (err == 0)
            err = look_again(e, clock_ns(CLOCK_MONOTONIC), fault);
        if (err == 0)
            wait_next(e, &due);
    }
    e->profile.duration_ns = clock_ns(CLOCK_MONOTONIC) - start;
    return err;
}

/* The guest's end is the end of the profile, too, and so is its pause. */
static int session_run(struct session *e, struct fault *fault)
{
    struct fault ignored;
    int err = sample_all(e, fault);

    if (e->sampler.is_kept) /* not when they were asked for */
        e->profile.missed = e->sampler.lost;
    e->profile.idle = e->sampler.idle;
    e->profile.away = e->sampler.away;
    if (err && err != -ESRCH && err != -ECONNRESET && err != -ETIMEDOUT)
        return err;
    if (err)
        fprintf(stderr, "samara: %s\n", fault->text);
    if (e->sampler.wants_look)
        (void)sampler_look(&e->sampler, &ignored);
    return 0;
}

/* ---- output ---- */

struct profile_output {
    const struct buf *data;
    const char *path;
};

static int put_profile(int fd, void *arg, struct fault *fault)
{
    const struct profile_output *o = arg;

    return file_write_all(fd, o->data->data, o->data->len, o->path, fault);
}

static int write_file(const char *path, const struct buf *data,
                      struct fault *fault)
{
    struct profile_output o = { data, path };

    return file_replace(path, 0644, put_profile, &o, fault);
}

static int write_one(const struct profile *p, const char *path,
                     struct fault *fault)
{
    const char *end = strrchr(path, '.'); /* the options are checked */
    struct buf data = { 0 };
    int err;

    if (strcmp(end, ".svg") == 0)
        profile_svg(p, &data);
    else if (strcmp(end, ".folded") == 0)
        profile_folded(p, &data);
    else
        profile_pprof(p, &data);
    err = write_file(path, &data, fault);
    if (err == 0)
        fprintf(stderr, "samara: wrote '%s'\n", path);
    buf_fini(&data);
    return err;
}

static int show(const struct session *e, struct fault *fault)
{
    const struct list *outputs = &e->options->outputs;
    size_t i;
    int err = 0;

    if (e->options->json)
        profile_json(&e->profile);
    else
        profile_table(&e->profile);
    fflush(stdout);
    for (i = 0; err == 0 && i < outputs->count; i++)
        err = write_one(&e->profile, outputs->item[i], fault);
    return err;
}

/* ---- the verb ---- */

static int profile_guest(const struct guest *g, const struct debug_profile *o,
                         struct fault *fault)
{
    static struct session e;
    unsigned rate = o->rate != 0 ? o->rate
                    : o->off_cpu ? ASLEEP_RATE
                                 : DEBUG_RATE;
    int err;

    e.options = o;
    e.step_ns = NS_PER_S / rate;
    e.profile = (struct profile){
        .guest = g->name,
        .rate = rate,
        .threads = o->threads,
        .off_cpu = o->off_cpu,
        .start_ns = clock_ns(CLOCK_REALTIME),
    };
    err = sampler_open(&e.sampler, g, e.step_ns, fault);
    if (err)
        return err;
    catch_signals();
    err = session_run(&e, fault);
    if (err == 0) {
        profile_resolve(&e.profile, &e.sampler);
        sampler_close(&e.sampler); /* the guest need not wait for us */
        err = show(&e, fault);
    } else {
        sampler_close(&e.sampler);
    }
    profile_fini(&e.profile);
    return err;
}

int debug_verb_profile(int argc, char **argv, struct fault *fault)
{
    struct debug_profile o;
    struct guest g;
    int first, err = debug_profile_parse(&o, argc, argv, &first, fault);

    if (err == 0 && argc - first != 1)
        err = fault_set(fault, EINVAL,
                        "profile takes one guest, by name or id; samara ps "
                        "lists them");
    if (err == 0)
        err = registry_find(argv[first], &g, fault);
    if (err == 0) {
        err = profile_guest(&g, &o, fault);
        guest_fini(&g);
    }
    debug_profile_fini(&o);
    return err;
}
