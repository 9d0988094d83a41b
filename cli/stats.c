/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c - samara stats: what guests use, as the host and they themselves
 * count it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/inside.h"
#include "cli/print.h"
#include "cli/registry.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"
#include "host/file.h"

#define PAGE_LEN     4096u
#define STAT_LEN_MAX (64u << 10)

struct stats {
    bool json, threads, help;
};

const struct arg_option options_stats[] = {
    { 0, "threads", NULL, "each thread, too", ARG_FLAG(struct stats, threads) },
    { 0, "json", NULL, "for programs: a JSON object a guest",
      ARG_FLAG(struct stats, json) },
    ARG_HELP(struct stats),
    ARG_END,
};

/* ---- what the host counts: the monitor's process ---- */

struct host_use {
    uint64_t rss_len, pss_len, private_len;
    uint64_t cpu_ms;
};

static uint64_t field_kib(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

static char *proc_read(pid_t pid, const char *file)
{
    char *path = mem_printf("/proc/%ld/%s", (long)pid, file);
    struct buf text = { 0 };
    struct fault ignored;

    if (file_read_all(path, &text, STAT_LEN_MAX, &ignored) != 0)
        text.len = 0;
    buf_add(&text, "", 1);
    free(path);
    return (char *)text.data;
}

static uint64_t cpu_ms(const char *stat)
{
    const char *at = strrchr(stat, ')');
    unsigned long long user = 0, system = 0;
    long ticks = sysconf(_SC_CLK_TCK);

    /* Fields 14 and 15 of proc(5); the third follows the name. */
    if (!at ||
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
               &user, &system) != 2)
        return 0;
    return (user + system) * 1000 / (uint64_t)ticks;
}

static void host_read(pid_t pid, struct host_use *out)
{
    char *rollup = proc_read(pid, "smaps_rollup");
    char *stat = proc_read(pid, "stat");

    out->rss_len = field_kib(rollup, "\nRss:");
    out->pss_len = field_kib(rollup, "\nPss:");
    out->private_len = field_kib(rollup, "\nPrivate_Clean:") +
                       field_kib(rollup, "\nPrivate_Dirty:");
    out->cpu_ms = cpu_ms(stat);
    free(rollup);
    free(stat);
}

/* ---- showing it ---- */

static uint64_t to_ms(const struct inside *in, uint64_t cycles)
{
    return in->hello.tsc_khz ? cycles / in->hello.tsc_khz : 0;
}

static const char *thread_state(const struct inside_thread *t)
{
    static const char *const names[] = { "running", "ready", "sleeping",
                                         "moving", "dead" };

    return t->state <= RECORDS_DEAD ? names[t->state] : "damaged";
}

static void show_threads(const struct inside *in,
                         const struct inside_process *p)
{
    size_t i;

    printf("  %7s  %-16s  %-8s  %3s  %10s  %10s  %10s  %s\n", "TID", "NAME",
           "STATE", "CPU", "CPU MS", "KERNEL MS", "CALLS", "SWITCHES");
    for (i = 0; i < p->thread_count; i++) {
        const struct inside_thread *t = &p->thread[i];

        printf("  %7d  %-16s  %-8s  %3u  %10llu  %10llu  %10llu  %llu\n",
               t->tid, t->name, thread_state(t), t->cpu,
               (unsigned long long)to_ms(in, t->cycles),
               (unsigned long long)to_ms(in, t->kernel_cycles),
               (unsigned long long)t->calls, (unsigned long long)t->switches);
    }
}

static void json_threads(const struct inside *in,
                         const struct inside_process *p)
{
    size_t i;

    printf(",\n  \"threads\": [");
    for (i = 0; i < p->thread_count; i++) {
        const struct inside_thread *t = &p->thread[i];

        printf("%s\n    {\"tid\": %d, \"name\": ", i > 0 ? "," : "", t->tid);
        print_json_string(stdout, t->name);
        printf(", \"state\": \"%s\", \"cpu\": %u, \"cpu_ms\": %llu, "
               "\"kernel_ms\": %llu, \"calls\": %llu, \"switches\": %llu}",
               thread_state(t), t->cpu,
               (unsigned long long)to_ms(in, t->cycles),
               (unsigned long long)to_ms(in, t->kernel_cycles),
               (unsigned long long)t->calls, (unsigned long long)t->switches);
    }
    printf("]");
}

static size_t count_state(const struct inside_process *p, uint32_t state)
{
    size_t i, count = 0;

    for (i = 0; i < p->thread_count; i++)
        count += p->thread[i].state == state;
    return count;
}

static void show(const struct guest *g, const struct inside *in,
                 const struct inside_process *p, const struct stats *o)
{
    struct host_use host = { 0 };
    struct printer out;

    host_read(g->pid, &host);
    print_begin(&out, o->json);
    print_string(&out, "name", g->name);
    print_string(&out, "id", g->id);
    print_number(&out, "cpu_ms", to_ms(in, p->cycles));
    print_number(&out, "kernel_ms", to_ms(in, p->kernel_cycles));
    print_number(&out, "host_cpu_ms", host.cpu_ms);
    print_number(&out, "calls", p->calls);
    print_number(&out, "minor_faults", p->minor_faults);
    print_number(&out, "major_faults", p->major_faults);
    print_number(&out, "threads_count", p->thread_count);
    print_number(&out, "running", count_state(p, RECORDS_RUNNING));
    print_number(&out, "ready", count_state(p, RECORDS_READY));
    print_number(&out, "memory", g->ram_len);
    print_number(&out, "free", p->free_pages * PAGE_LEN);
    print_number(&out, "mapped", p->mapped_pages * PAGE_LEN);
    print_number(&out, "resident", p->resident_pages * PAGE_LEN);
    print_number(&out, "peak", p->peak_pages * PAGE_LEN);
    print_number(&out, "host_resident", host.rss_len);
    print_number(&out, "host_share", host.pss_len);
    print_number(&out, "host_private", host.private_len);
    if (o->threads && o->json)
        json_threads(in, p);
    print_end(&out);
    if (o->threads && !o->json)
        show_threads(in, p);
}

static int stats_one(const struct guest *g, const struct stats *o,
                     struct fault *fault)
{
    struct inside_process p;
    struct inside in;
    int err = inside_open(&in, g, fault);

    if (err)
        return err;
    err = inside_process(&in, &p, fault);
    if (err == 0) {
        show(g, &in, &p, o);
        inside_process_fini(&p);
    }
    inside_close(&in);
    return err;
}

/* Those that run; who has ended meanwhile, or runs under QEMU, is left out. */
static int stats_all(const struct stats *o, struct fault *fault)
{
    struct guests all;
    size_t i;
    int err = registry_list(&all, fault);

    if (err)
        return err;
    for (i = 0; i < all.count; i++)
        if (all.guest[i].state == GUEST_RUNNING &&
            stats_one(&all.guest[i], o, fault) != 0)
            fprintf(stderr, "samara: %s\n", fault->text);
    guests_fini(&all);
    return 0;
}

int verb_stats(int argc, char **argv, struct fault *fault)
{
    struct stats o = { 0 };
    int first, err = args_parse(options_stats, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("stats");
    if (err == 0 && first == argc)
        return stats_all(&o, fault);
    for (; err == 0 && first < argc; first++) {
        struct guest g;

        err = registry_find(argv[first], &g, fault);
        if (err)
            break;
        err = stats_one(&g, &o, fault);
        guest_fini(&g);
    }
    return err;
}
