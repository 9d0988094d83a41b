/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c - samara stats: what guests use, as the host and they themselves
 * count it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/print.h"
#include "cli/registry.h"
#include "cli/table.h"
#include "cli/usage.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/clock.h"
#include "host/fault.h"

#define PAGE_LEN    4096u
#define ANSWER_S    10u
#define DELAY_S_MAX 86400u
#define NS_PER_MS   1000000u

struct stats {
    unsigned delay_s; /* 0: totals alone */
    bool json, threads, help;
};

static int set_delay(void *into, const char *value, struct fault *fault)
{
    return args_count("-d", value, DELAY_S_MAX,
                      &((struct stats *)into)->delay_s, fault);
}

const struct arg_option options_stats[] = {
    { 0, "threads", NULL, "each thread, too", ARG_FLAG(struct stats, threads) },
    { 'd', "delay", "SECONDS", "look twice, so long apart: rates as well",
      ARG_SET(set_delay) },
    { 0, "json", NULL, "for programs: a JSON object a guest",
      ARG_FLAG(struct stats, json) },
    ARG_HELP(struct stats),
    ARG_END,
};

/* ---- threads and interfaces ---- */

static unsigned long long ms(uint64_t ns)
{
    return ns / NS_PER_MS;
}

static void show_threads(const struct usage *u)
{
    const struct inside_process *p = &u->process;
    size_t i;

    printf("  %7s  %-16s  %-8s  %3s  %10s  %10s  %10s  %10s  %s\n", "TID",
           "NAME", "STATE", "CPU", "CPU MS", "KERNEL MS", "CALLS", "SWITCHES",
           "IN");
    for (i = 0; i < p->thread_count; i++) {
        const struct inside_thread *t = &p->thread[i];

        printf("  %7d  %-16s  %-8s  %3u  %10llu  %10llu  %10llu  %10llu  %s\n",
               t->tid, t->name, usage_thread_state(t), t->cpu,
               ms(usage_ns(u, t->cycles)), ms(usage_ns(u, t->kernel_cycles)),
               (unsigned long long)t->calls, (unsigned long long)t->switches,
               usage_thread_call(t));
    }
}

static void json_threads(const struct usage *u)
{
    const struct inside_process *p = &u->process;
    size_t i;

    printf(",\n  \"threads\": [");
    for (i = 0; i < p->thread_count; i++) {
        const struct inside_thread *t = &p->thread[i];

        printf("%s\n    {\"tid\": %d, \"name\": ", i > 0 ? "," : "", t->tid);
        print_json_string(stdout, t->name);
        printf(", \"state\": \"%s\", \"cpu\": %u, \"cpu_ms\": %llu, "
               "\"kernel_ms\": %llu, \"calls\": %llu, \"switches\": %llu, "
               "\"in\": \"%s\"}",
               usage_thread_state(t), t->cpu, ms(usage_ns(u, t->cycles)),
               ms(usage_ns(u, t->kernel_cycles)), (unsigned long long)t->calls,
               (unsigned long long)t->switches, usage_thread_call(t));
    }
    printf("]");
}

/* "eth0_rx_packets ..." for people and programs alike. */
static void show_net(struct printer *out, const struct usage *u)
{
    unsigned i, k;

    for (i = 0; i < u->net_count; i++) {
        const struct usage_net *n = &u->net[i];
        const struct {
            const char *key;
            uint64_t value;
        } facts[] = {
            { "rx_packets", n->rx_packets }, { "rx_bytes", n->rx_bytes },
            { "rx_errors", n->rx_errors },   { "rx_dropped", n->rx_dropped },
            { "tx_packets", n->tx_packets }, { "tx_bytes", n->tx_bytes },
            { "tx_errors", n->tx_errors },   { "tx_dropped", n->tx_dropped },
        };

        for (k = 0; k < sizeof(facts) / sizeof(facts[0]); k++) {
            char key[32];

            snprintf(key, sizeof(key), "%s_%s", n->name, facts[k].key);
            print_number(out, key, facts[k].value);
        }
    }
    print_number(out, "frames_in", u->frames.rx_frames);
    print_number(out, "frames_in_dropped", u->frames.rx_dropped);
    print_number(out, "frames_out", u->frames.tx_frames);
    print_number(out, "frames_out_dropped", u->frames.tx_dropped);
}

/* ---- the rest ---- */

static void show_work(struct printer *out, const struct usage *u)
{
    const struct inside_process *p = &u->process;

    print_number(out, "cpu_ms", ms(u->cpu_ns));
    print_number(out, "kernel_ms", ms(u->kernel_ns));
    print_number(out, "host_cpu_ms", ms(u->host.user_ns + u->host.system_ns));
    print_number(out, "calls", p->calls);
    print_number(out, "minor_faults", p->minor_faults);
    print_number(out, "major_faults", p->major_faults);
    print_number(out, "threads_count", p->thread_count);
    print_number(out, "running", u->running);
    print_number(out, "ready", u->ready);
    print_number(out, "descriptors", u->fd_count);
}

static void show_memory(struct printer *out, const struct guest *g,
                        const struct usage *u)
{
    const struct inside_process *p = &u->process;

    print_number(out, "memory", g->ram_len);
    print_number(out, "free", p->free_pages * PAGE_LEN);
    print_number(out, "mapped", p->mapped_pages * PAGE_LEN);
    print_number(out, "resident", p->resident_pages * PAGE_LEN);
    print_number(out, "peak", p->peak_pages * PAGE_LEN);
    print_number(out, "host_resident", u->host.rss_len);
    print_number(out, "host_share", u->host.pss_len);
    print_number(out, "host_private", u->host.private_len);
    print_number(out, "host_shared", u->host.shared_len);
    print_number(out, "host_swap", u->host.swap_len);
}

static void show_files(struct printer *out, const struct usage *u)
{
    print_number(out, "reads", u->io_calls[USAGE_READ]);
    print_number(out, "read_bytes", u->io_len[USAGE_READ]);
    print_number(out, "writes", u->io_calls[USAGE_WRITE]);
    print_number(out, "written_bytes", u->io_len[USAGE_WRITE]);
    print_number(out, "file_reads", u->file_calls[USAGE_READ]);
    print_number(out, "file_read_bytes", u->file_len[USAGE_READ]);
    print_number(out, "file_writes", u->file_calls[USAGE_WRITE]);
    print_number(out, "file_written_bytes", u->file_len[USAGE_WRITE]);
}

static void print_rate(struct printer *out, const char *key, double rate)
{
    print_number(out, key, (uint64_t)(rate + 0.5));
}

static void show_rates(struct printer *out, const struct usage *now,
                       const struct usage *before)
{
    struct usage_rates r;

    usage_rates(now, before, 0, &r);
    print_rate(out, "cpu_ms_per_s", r.cpu * 1000);
    print_rate(out, "kernel_ms_per_s", r.kernel * 1000);
    print_rate(out, "host_cpu_ms_per_s", r.host_cpu * 1000);
    print_rate(out, "calls_per_s", r.calls);
    print_rate(out, "faults_per_s", r.faults);
    print_rate(out, "rx_bytes_per_s", r.rx_len);
    print_rate(out, "tx_bytes_per_s", r.tx_len);
    print_rate(out, "file_read_bytes_per_s", r.file_len[USAGE_READ]);
    print_rate(out, "file_written_bytes_per_s", r.file_len[USAGE_WRITE]);
}

static void show(const struct guest *g, const struct usage *u,
                 const struct usage *before, const struct stats *o)
{
    struct printer out;

    print_begin(&out, o->json);
    print_string(&out, "name", g->name);
    print_string(&out, "id", g->id);
    show_work(&out, u);
    show_memory(&out, g, u);
    show_files(&out, u);
    show_net(&out, u);
    if (before)
        show_rates(&out, u, before);
    if (o->threads && o->json)
        json_threads(u);
    print_end(&out);
    if (o->threads && !o->json)
        show_threads(u);
}

/* ---- the verb ---- */

static int stats_one(const struct guest *g, const struct usage *before,
                     const struct stats *o, struct fault *fault)
{
    struct usage u;
    int err = usage_read(g, ANSWER_S, &u, fault);

    if (err)
        return err;
    show(g, &u, before, o);
    usage_fini(&u);
    return 0;
}

/* Everybody is looked at, then everybody again. */
static int stats_each(const struct guests *all, const struct stats *o,
                      bool must_all, struct fault *fault)
{
    const struct timespec nap = { (time_t)o->delay_s, 0 };
    struct usage *before = mem_alloc((all->count + 1) * sizeof(before[0]));
    size_t i;
    int err = 0;

    for (i = 0; o->delay_s && i < all->count && err == 0; i++)
        if (usage_read(&all->guest[i], ANSWER_S, &before[i], fault) != 0 &&
            must_all)
            err = -fault->err;
    if (o->delay_s && err == 0)
        nanosleep(&nap, NULL);
    for (i = 0; i < all->count && err == 0; i++) {
        err = stats_one(&all->guest[i], before[i].is_inside ? &before[i] : NULL,
                        o, fault);
        if (err && !must_all) {
            fprintf(stderr, "samara: %s\n", fault->text);
            err = 0;
        }
    }
    for (i = 0; i < all->count; i++)
        usage_fini(&before[i]);
    free(before);
    return err;
}

/* Those that run; who has ended meanwhile, or runs under QEMU, is left out. */
static int stats_all(const struct stats *o, struct fault *fault)
{
    struct guests all, run = { 0 };
    size_t i;
    int err = registry_list(&all, fault);

    if (err)
        return err;
    run.guest = mem_alloc((all.count + 1) * sizeof(run.guest[0]));
    for (i = 0; i < all.count; i++)
        if (all.guest[i].state == GUEST_RUNNING)
            run.guest[run.count++] = all.guest[i];
    err = stats_each(&run, o, false, fault);
    free(run.guest);
    guests_fini(&all);
    return err;
}

static int stats_named(char **names, size_t count, const struct stats *o,
                       struct fault *fault)
{
    struct guests named = { .guest = mem_alloc(count * sizeof(struct guest)) };
    int err = 0;

    while (named.count < count && err == 0) {
        err =
            registry_find(names[named.count], &named.guest[named.count], fault);
        named.count += err == 0;
    }
    if (err == 0)
        err = stats_each(&named, o, true, fault);
    guests_fini(&named);
    return err;
}

int verb_stats(int argc, char **argv, struct fault *fault)
{
    struct stats o = { 0 };
    int first,
        err = args_parse_anywhere(options_stats, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("stats");
    if (err)
        return err;
    if (first == argc)
        return stats_all(&o, fault);
    return stats_named(argv + first, (size_t)(argc - first), &o, fault);
}
