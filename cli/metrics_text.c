/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics_text.c - see metrics.h: Prometheus' exposition format 0.0.4.
 *
 * Names follow Prometheus' conventions: base units, _total for what only rises.
 * A family's samples stand together, so each is one walk over the guests.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/metrics.h"
#include "cli/registry.h"
#include "cli/usage.h"
#include "host/clock.h"
#include "host/fault.h"

#define ANSWER_S 2u
#define PAGE_LEN 4096.0

struct look {
    const struct guest *guest;
    struct usage usage;
};

struct writer {
    FILE *to;
    const struct look *look;
    size_t count;
};

/* ---- the format ---- */

static void put_value(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            fputs("\\n", to);
        else if (*text == '"' || *text == '\\')
            fprintf(to, "\\%c", *text);
        else if (*text < ' ' || *text == 0x7f)
            fputc('?', to); /* what is no UTF-8 makes the whole text bad */
        else
            fputc(*text, to);
    }
}

static void family(const struct writer *w, const char *name, const char *type,
                   const char *help)
{
    fprintf(w->to, "# HELP samara_%s %s\n# TYPE samara_%s %s\n", name, help,
            name, type);
}

/* label NULL: the guest's name is the only one. */
static void sample(const struct writer *w, const char *name,
                   const struct look *l, const char *label, const char *is,
                   double value)
{
    fprintf(w->to, "samara_%s{guest=\"", name);
    put_value(w->to, l->guest->name);
    if (label) {
        fprintf(w->to, "\",%s=\"", label);
        put_value(w->to, is);
    }
    fprintf(w->to, "\"} %.15g\n", value);
}

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* ---- families with a number for each guest ---- */

#define GUEST(field)   ((double)l->guest->field)
#define USAGE(field)   ((double)l->usage.field)
#define PROCESS(field) ((double)l->usage.process.field)

enum which {
    CPUS,
    START,
    UP,
    INSIDE,
    SYSCALLS,
    QUEUE,
    DESCRIPTORS,
    MEMORY,
    MEMORY_FREE,
    MAPPED,
    RESIDENT,
    PEAK,
    FRAMES_IN,
    FRAMES_IN_DROPPED,
    FRAMES_OUT,
    FRAMES_OUT_DROPPED,
};

static double value_of(const struct look *l, enum which which)
{
    switch (which) {
    case CPUS:
        return GUEST(cpu_count);
    case START:
        return seconds(l->guest->start_ns);
    case UP:
        return l->guest->state == GUEST_RUNNING;
    case INSIDE:
        return l->usage.is_inside;
    case SYSCALLS:
        return PROCESS(calls);
    case QUEUE:
        return USAGE(ready);
    case DESCRIPTORS:
        return USAGE(fd_count);
    case MEMORY:
        return GUEST(ram_len);
    case MEMORY_FREE:
        return PROCESS(free_pages) * PAGE_LEN;
    case MAPPED:
        return PROCESS(mapped_pages) * PAGE_LEN;
    case RESIDENT:
        return PROCESS(resident_pages) * PAGE_LEN;
    case PEAK:
        return PROCESS(peak_pages) * PAGE_LEN;
    case FRAMES_IN:
        return USAGE(frames.rx_frames);
    case FRAMES_IN_DROPPED:
        return USAGE(frames.rx_dropped);
    case FRAMES_OUT:
        return USAGE(frames.tx_frames);
    case FRAMES_OUT_DROPPED:
        return USAGE(frames.tx_dropped);
    }
    return 0;
}

static const struct {
    enum which which;
    bool of_all; /* known of a guest that cannot be looked into as well */
    const char *name, *type, *help;
} plain[] = {
    { UP, true, "guest_up", "gauge", "1: it runs; 0: it is paused." },
    { INSIDE, true, "guest_visible", "gauge",
      "1: it could be looked into; 0: what it counts itself is missing." },
    { START, true, "guest_start_time_seconds", "gauge",
      "When it was started, since 1970." },
    { CPUS, true, "guest_cpus", "gauge", "Its virtual CPUs." },
    { MEMORY, true, "guest_memory_bytes", "gauge", "What it was given." },
    { MEMORY_FREE, false, "guest_memory_free_bytes", "gauge",
      "Of it, what nothing inside uses." },
    { MAPPED, false, "guest_memory_mapped_bytes", "gauge",
      "What its program has mapped." },
    { RESIDENT, false, "guest_memory_resident_bytes", "gauge",
      "Of it, what is there." },
    { PEAK, false, "guest_memory_resident_peak_bytes", "gauge",
      "The most that was there." },
    { SYSCALLS, false, "guest_syscalls_total", "counter",
      "System calls of its program." },
    { QUEUE, false, "guest_run_queue_threads", "gauge",
      "Threads that wait for a CPU." },
    { DESCRIPTORS, false, "guest_open_fds", "gauge", "Open descriptors." },
    { FRAMES_IN, false, "guest_frames_received_total", "counter",
      "Frames that its monitor handed to it." },
    { FRAMES_IN_DROPPED, false, "guest_frames_received_dropped_total",
      "counter", "Frames to it that its monitor dropped." },
    { FRAMES_OUT, false, "guest_frames_sent_total", "counter",
      "Frames that its monitor took from it." },
    { FRAMES_OUT_DROPPED, false, "guest_frames_sent_dropped_total", "counter",
      "Frames from it that its monitor dropped." },
};

static void put_plain(const struct writer *w)
{
    size_t i, k;

    for (k = 0; k < sizeof(plain) / sizeof(plain[0]); k++) {
        family(w, plain[k].name, plain[k].type, plain[k].help);
        for (i = 0; i < w->count; i++)
            if (plain[k].of_all || w->look[i].usage.is_inside)
                sample(w, plain[k].name, &w->look[i], NULL, NULL,
                       value_of(&w->look[i], plain[k].which));
    }
}

/* ---- families with a label of their own ---- */

static void put_info(const struct writer *w)
{
    size_t i;

    family(w, "guest_info", "gauge", "What it is; always 1.");
    for (i = 0; i < w->count; i++) {
        const struct guest *g = w->look[i].guest;

        fputs("samara_guest_info{guest=\"", w->to);
        put_value(w->to, g->name);
        fprintf(w->to, "\",id=\"%s\",machine=\"", g->id);
        put_value(w->to, g->machine);
        fputs("\",command=\"", w->to);
        put_value(w->to, g->command);
        fputs("\"} 1\n", w->to);
    }
}

static void put_cpu(const struct writer *w)
{
    size_t i;

    family(w, "guest_cpu_seconds_total", "counter",
           "Processor time as it counts it, in its program and its kernel.");
    for (i = 0; i < w->count; i++) {
        const struct look *l = &w->look[i];
        uint64_t all = l->usage.cpu_ns, kernel = l->usage.kernel_ns;

        if (!l->usage.is_inside)
            continue;
        sample(w, "guest_cpu_seconds_total", l, "mode", "user",
               seconds(all > kernel ? all - kernel : 0));
        sample(w, "guest_cpu_seconds_total", l, "mode", "kernel",
               seconds(kernel));
    }
    family(w, "guest_host_cpu_seconds_total", "counter",
           "Processor time of its process on this host.");
    for (i = 0; i < w->count; i++) {
        const struct look *l = &w->look[i];

        sample(w, "guest_host_cpu_seconds_total", l, "mode", "user",
               seconds(l->usage.host.user_ns));
        sample(w, "guest_host_cpu_seconds_total", l, "mode", "system",
               seconds(l->usage.host.system_ns));
    }
}

static void put_memory(const struct writer *w)
{
    static const char name[] = "guest_host_memory_bytes";
    size_t i;

    family(w, name, "gauge",
           "Memory of its process on this host: resident, of it private and "
           "shared, and its share (PSS).");
    for (i = 0; i < w->count; i++) {
        const struct usage_host *h = &w->look[i].usage.host;

        sample(w, name, &w->look[i], "kind", "resident", (double)h->rss_len);
        sample(w, name, &w->look[i], "kind", "private", (double)h->private_len);
        sample(w, name, &w->look[i], "kind", "shared", (double)h->shared_len);
        sample(w, name, &w->look[i], "kind", "share", (double)h->pss_len);
        sample(w, name, &w->look[i], "kind", "swap", (double)h->swap_len);
    }
}

static void put_threads(const struct writer *w)
{
    size_t i;

    family(w, "guest_threads", "gauge", "Threads by state.");
    for (i = 0; i < w->count; i++) {
        const struct usage *u = &w->look[i].usage;

        if (!u->is_inside)
            continue;
        sample(w, "guest_threads", &w->look[i], "state", "running",
               (double)u->running);
        sample(w, "guest_threads", &w->look[i], "state", "ready",
               (double)u->ready);
        sample(w, "guest_threads", &w->look[i], "state", "sleeping",
               (double)u->sleeping);
    }
    family(w, "guest_page_faults_total", "counter", "Page faults by kind.");
    for (i = 0; i < w->count; i++) {
        const struct look *l = &w->look[i];

        if (!l->usage.is_inside)
            continue;
        sample(w, "guest_page_faults_total", l, "kind", "minor",
               PROCESS(minor_faults));
        sample(w, "guest_page_faults_total", l, "kind", "major",
               PROCESS(major_faults));
    }
}

/* One of a way's two numbers, for read and write. */
static void put_ways(const struct writer *w, const char *name, const char *help,
                     size_t offset)
{
    size_t i;

    family(w, name, "counter", help);
    for (i = 0; i < w->count; i++) {
        const struct look *l = &w->look[i];
        const uint64_t *value =
            (const void *)((const char *)&l->usage + offset);

        if (!l->usage.is_inside)
            continue;
        sample(w, name, l, "way", "read", (double)value[USAGE_READ]);
        sample(w, name, l, "way", "write", (double)value[USAGE_WRITE]);
    }
}

static void put_io(const struct writer *w)
{
    put_ways(w, "guest_io_operations_total",
             "Calls of read(2), write(2) and their kind.",
             offsetof(struct usage, io_calls));
    put_ways(w, "guest_io_bytes_total", "Bytes that these moved.",
             offsetof(struct usage, io_len));
    put_ways(w, "guest_file_operations_total",
             "Of them, on files of the root and in memory.",
             offsetof(struct usage, file_calls));
    put_ways(w, "guest_file_bytes_total", "Bytes that these moved.",
             offsetof(struct usage, file_len));
}

static void put_net_family(const struct writer *w, const char *name,
                           const char *help, size_t offset)
{
    size_t i;
    unsigned k;

    family(w, name, "counter", help);
    for (i = 0; i < w->count; i++) {
        const struct usage *u = &w->look[i].usage;

        for (k = 0; u->is_inside && k < u->net_count; k++) {
            const struct usage_net *n = &u->net[k];

            sample(w, name, &w->look[i], "device", n->name,
                   (double)*(const uint64_t *)(const void *)((const char *)n +
                                                             offset));
        }
    }
}

static void put_net(const struct writer *w)
{
    static const struct {
        const char *name, *help;
        size_t offset;
    } families[] = {
        { "receive_packets", "Packets that an interface received.",
          offsetof(struct usage_net, rx_packets) },
        { "receive_bytes", "Bytes that an interface received.",
          offsetof(struct usage_net, rx_bytes) },
        { "receive_drop", "Packets that came and were dropped.",
          offsetof(struct usage_net, rx_dropped) },
        { "transmit_packets", "Packets that an interface sent.",
          offsetof(struct usage_net, tx_packets) },
        { "transmit_bytes", "Bytes that an interface sent.",
          offsetof(struct usage_net, tx_bytes) },
        { "transmit_drop", "Packets that were to be sent and were dropped.",
          offsetof(struct usage_net, tx_dropped) },
    };
    size_t i;

    for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        char name[64];

        snprintf(name, sizeof(name), "guest_network_%s_total",
                 families[i].name);
        put_net_family(w, name, families[i].help, families[i].offset);
    }
}

/* ---- all ---- */

static void put_all(const struct writer *w)
{
    fprintf(w->to,
            "# HELP samara_guests Guests that run or are paused.\n"
            "# TYPE samara_guests gauge\nsamara_guests %zu\n",
            w->count);
    put_info(w);
    put_plain(w);
    put_cpu(w);
    put_memory(w);
    put_threads(w);
    put_io(w);
    put_net(w);
}

char *metrics_text(struct fault *fault)
{
    struct guests all;
    struct writer w = { 0 };
    struct look *looks;
    char *text = NULL;
    size_t i, len;

    if (registry_list(&all, fault) != 0)
        return NULL;
    looks = mem_alloc((all.count + 1) * sizeof(looks[0]));
    for (i = 0; i < all.count; i++) {
        if (all.guest[i].state >= GUEST_EXITED)
            continue;
        looks[w.count].guest = &all.guest[i];
        (void)usage_read(&all.guest[i], ANSWER_S, &looks[w.count].usage, fault);
        w.count++;
    }
    w.look = looks;
    w.to = open_memstream(&text, &len);
    if (w.to) {
        put_all(&w);
        fclose(w.to);
    }
    for (i = 0; i < w.count; i++)
        usage_fini(&looks[i].usage);
    free(looks);
    guests_fini(&all);
    return text;
}
