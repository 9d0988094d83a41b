/* SPDX-License-Identifier: BSD-2-Clause */
/* usage.c - see usage.h. */
#include "cli/usage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/guest.h"
#include "cli/trace_calls.h"
#include "host/clock.h"
#include "host/fault.h"
#include "host/file.h"
#include "host/memory.h"

#define PROC_LEN_MAX (64u << 10)
#define FD_COUNT_MAX (1u << 20) /* no table of the kernel's is longer */
#define NS_PER_MS    1000000u

/* ---- what the host counts: the process that is the guest ---- */

static uint64_t field_len(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

static char *proc_read(pid_t pid, const char *file)
{
    char *path = mem_printf("/proc/%ld/%s", (long)pid, file);
    struct buf text = { 0 };
    struct fault ignored;

    if (file_read_all(path, &text, PROC_LEN_MAX, &ignored) != 0)
        text.len = 0;
    buf_add(&text, "", 1);
    free(path);
    return (char *)text.data;
}

static void stat_read(pid_t pid, struct usage_host *out)
{
    char *text = proc_read(pid, "stat");
    const char *at = strrchr(text, ')');
    unsigned long long minor, major, user, system, threads;
    uint64_t tick_ns = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);

    /* Fields 10, 12, 14, 15 and 20 of proc(5); the third follows the name. */
    if (at && sscanf(at + 1,
                     " %*c %*d %*d %*d %*d %*d %*u %llu %*u %llu %*u %llu %llu "
                     "%*d %*d %*d %*d %llu",
                     &minor, &major, &user, &system, &threads) == 5) {
        out->minor_faults = minor;
        out->major_faults = major;
        out->user_ns = user * tick_ns;
        out->system_ns = system * tick_ns;
        out->thread_count = (unsigned)threads;
    }
    free(text);
}

static void host_read(const struct guest *g, struct usage_host *out)
{
    pid_t pid = g->child > 0 ? g->child : g->pid;
    char *rollup = proc_read(pid, "smaps_rollup");

    *out = (struct usage_host){
        .rss_len = field_len(rollup, "\nRss:"),
        .pss_len = field_len(rollup, "\nPss:"),
        .private_len = field_len(rollup, "\nPrivate_Clean:") +
                       field_len(rollup, "\nPrivate_Dirty:"),
        .shared_len = field_len(rollup, "\nShared_Clean:") +
                      field_len(rollup, "\nShared_Dirty:"),
        .swap_len = field_len(rollup, "\nSwap:"),
    };
    free(rollup);
    stat_read(pid, out);
}

/* ---- what the guest counts ---- */

uint64_t usage_ns(const struct usage *u, uint64_t cycles)
{
    __extension__ unsigned __int128 wide = cycles;

    return u->tsc_khz ? (uint64_t)(wide * NS_PER_MS / u->tsc_khz) : 0;
}

static int net_read(struct inside *in, struct usage *u, uint64_t at,
                    const char *name, struct fault *fault)
{
    bool is_optional = at == in->records.net_device;
    uint64_t w[RECORDS_NET_WORDS];
    int err = at ? inside_read(in, at, w, sizeof(w), fault) : 0;

    /* A kernel with the network has these words, with or without a device. */
    if (err || at == 0 || (is_optional && w[0] == 0 && w[5] == 0))
        return err;
    u->net[u->net_count++] = (struct usage_net){
        .name = name,
        .rx_packets = w[0],
        .rx_bytes = w[1],
        .rx_errors = w[2],
        .rx_dropped = w[3],
        .tx_packets = w[5],
        .tx_bytes = w[6],
        .tx_errors = w[7],
        .tx_dropped = w[8],
    };
    return 0;
}

/* The descriptors of the first thread, which are all threads' with pthreads. */
static int descriptors_read(struct inside *in, struct usage *u,
                            struct fault *fault)
{
    uint64_t table, slots, part[CONTROL_DATA_MAX / sizeof(uint64_t)];
    uint32_t i, n, left = 0;
    int err;

    if (u->process.thread_count == 0)
        return 0;
    err = inside_read(in, u->process.thread[0].va + in->records.thread_files,
                      &table, sizeof(table), fault);
    if (err == 0 && table == 0)
        return 0; /* it has none yet */
    if (err == 0)
        err = inside_read(in, table + RECORDS_FDTABLE_CAP, &left, sizeof(left),
                          fault);
    if (err == 0)
        err = inside_read(in, table + RECORDS_FDTABLE_SLOTS, &slots,
                          sizeof(slots), fault);
    for (left = left < FD_COUNT_MAX ? left : FD_COUNT_MAX; err == 0 && left > 0;
         left -= n) {
        n = left < CONTROL_DATA_MAX / 8 ? left : CONTROL_DATA_MAX / 8;
        err = inside_read(in, slots, part, n * sizeof(part[0]), fault);
        for (i = 0; err == 0 && i < n; i++)
            u->fd_count += part[i] != 0;
        slots += n * sizeof(part[0]);
    }
    return err;
}

static int files_read(struct inside *in, struct usage *u, struct fault *fault)
{
    const struct records *r = &in->records;
    uint64_t each[RECORDS_FILE_CPUS][RECORDS_FILE_STRIDE] = { 0 };
    uint64_t files[RECORDS_FILE_WORDS] = { 0 };
    const uint64_t *io = u->process.io;
    size_t i;
    int err = 0;

    if (r->files)
        err = inside_read(in, r->files, each, sizeof(each), fault);
    if (err)
        return err;
    for (i = 0; i < RECORDS_FILE_CPUS * RECORDS_FILE_WORDS; i++)
        files[i % RECORDS_FILE_WORDS] +=
            each[i / RECORDS_FILE_WORDS][i % RECORDS_FILE_WORDS];
    memcpy(u->io_len, io, sizeof(u->io_len));
    memcpy(u->io_calls, io + 2, sizeof(u->io_calls));
    memcpy(u->file_calls, files, sizeof(u->file_calls));
    memcpy(u->file_len, files + 2, sizeof(u->file_len));
    return 0;
}

static void states_count(struct usage *u)
{
    size_t i;

    for (i = 0; i < u->process.thread_count; i++) {
        uint32_t state = u->process.thread[i].state;

        u->running += state == RECORDS_RUNNING;
        u->ready += state == RECORDS_READY || state == RECORDS_MOVING;
        u->sleeping += state == RECORDS_SLEEPING;
    }
}

static int guest_half(struct inside *in, struct usage *u, struct fault *fault)
{
    int err = inside_process(in, &u->process, fault);

    if (err)
        return err;
    u->tsc_khz = in->hello.tsc_khz;
    u->cpu_ns = usage_ns(u, u->process.cycles);
    u->kernel_ns = usage_ns(u, u->process.kernel_cycles);
    states_count(u);
    err = net_read(in, u, in->records.net_loop, "lo", fault);
    if (err == 0)
        err = net_read(in, u, in->records.net_device, "eth0", fault);
    if (err == 0)
        err = files_read(in, u, fault);
    if (err == 0)
        err = descriptors_read(in, u, fault);
    if (err)
        usage_fini(u);
    /* QEMU does not count them. */
    else if (inside_counters(in, &u->frames, fault) != 0)
        u->frames = (struct control_counters){ 0 };
    return err;
}

int usage_read(const struct guest *g, unsigned seconds, struct usage *out,
               struct fault *fault)
{
    struct inside in;
    int err;

    *out = (struct usage){ .at_ns = clock_ns(CLOCK_MONOTONIC) };
    host_read(g, &out->host);
    err = inside_open_within(&in, g, seconds, fault);
    if (err)
        return err;
    err = guest_half(&in, out, fault);
    out->is_inside = err == 0;
    inside_close(&in);
    return err;
}

void usage_fini(struct usage *u)
{
    inside_process_fini(&u->process);
}

/* ---- threads ---- */

const char *usage_thread_state(const struct inside_thread *t)
{
    static const char *const names[] = { "running", "ready", "sleeping",
                                         "moving", "dead" };

    return t->state <= RECORDS_DEAD ? names[t->state] : "damaged";
}

const char *usage_thread_call(const struct inside_thread *t)
{
    const struct trace_call *call =
        t->call >= 0 ? trace_call_get((unsigned)t->call) : NULL;

    return call ? call->name : "";
}

const struct inside_thread *usage_thread(const struct usage *u, int32_t tid)
{
    size_t low = 0, high = u->process.thread_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (u->process.thread[middle].tid == tid)
            return &u->process.thread[middle];
        if (u->process.thread[middle].tid < tid)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- rates ---- */

/* A counter that went back is the guest's lie, or another guest's. */
static double rate(uint64_t now, uint64_t before, double seconds)
{
    return now > before ? (double)(now - before) / seconds : 0;
}

static struct usage_net net_sum(const struct usage *u)
{
    struct usage_net sum = { 0 };
    unsigned i;

    for (i = 0; i < u->net_count; i++) {
        const struct usage_net *n = &u->net[i];

        if (strcmp(n->name, "lo") == 0)
            continue;
        sum.rx_bytes += n->rx_bytes;
        sum.tx_bytes += n->tx_bytes;
        sum.rx_packets += n->rx_packets;
        sum.tx_packets += n->tx_packets;
    }
    return sum;
}

void usage_rates(const struct usage *now, const struct usage *before,
                 uint64_t since_ns, struct usage_rates *out)
{
    static const struct usage none;
    const struct usage *b = before ? before : &none;
    uint64_t ns = before ? now->at_ns - before->at_ns : since_ns;
    double s = ns > 0 ? (double)ns / (double)NS_PER_S : 1;
    struct usage_net net = net_sum(now), net_before = net_sum(b);
    unsigned i;

    *out = (struct usage_rates){
        .cpu = rate(now->cpu_ns, b->cpu_ns, s) / (double)NS_PER_S,
        .kernel = rate(now->kernel_ns, b->kernel_ns, s) / (double)NS_PER_S,
        .host_cpu = rate(now->host.user_ns + now->host.system_ns,
                         b->host.user_ns + b->host.system_ns, s) /
                    (double)NS_PER_S,
        .calls = rate(now->process.calls, b->process.calls, s),
        .faults = rate(now->process.minor_faults + now->process.major_faults,
                       b->process.minor_faults + b->process.major_faults, s),
        .rx_len = rate(net.rx_bytes, net_before.rx_bytes, s),
        .tx_len = rate(net.tx_bytes, net_before.tx_bytes, s),
        .rx_packets = rate(net.rx_packets, net_before.rx_packets, s),
        .tx_packets = rate(net.tx_packets, net_before.tx_packets, s),
    };
    for (i = 0; i < USAGE_WAYS; i++)
        out->file_len[i] = rate(now->file_len[i], b->file_len[i], s);
}
