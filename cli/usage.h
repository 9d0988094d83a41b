/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage.h - what one guest uses: as this host counts it, and as it does itself.
 *
 * What:      one look, and the difference of two. The host's half comes from
 *            /proc and is the truth; the guest's half is read from its memory
 *            through its monitor and is what its kernel says. The guest keeps
 *            these counters anyway, and does nothing for a look but leave the
 *            CPU for the answer.
 * Ownership: usage_fini() frees what a look found.
 * Errors:    0 or -errno with a fault, which is about the guest's half: the
 *            host's is there in any case, as far as the guest's process is.
 * Units:     _ns, bytes; rates a second.
 */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/inside.h"

struct fault;
struct guest;

#define USAGE_NET_MAX 2u

enum usage_io { USAGE_READ, USAGE_WRITE, USAGE_WAYS };

struct usage_net {
    const char *name; /* "lo", "eth0" */
    uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped;
    uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
};

struct usage_host {
    uint64_t user_ns, system_ns;
    uint64_t rss_len, pss_len, private_len, shared_len, swap_len;
    uint64_t minor_faults, major_faults;
    unsigned thread_count;
};

struct usage {
    uint64_t at_ns; /* of CLOCK_MONOTONIC */
    struct usage_host host;
    bool is_inside; /* the rest is there */
    struct inside_process process;
    uint64_t cpu_ns, kernel_ns; /* of it in the kernel */
    uint64_t running, ready, sleeping;
    uint64_t tsc_khz;
    uint64_t fd_count;
    /* All of read(2), write(2) and the like; of them, files of the root and in
     * memory. */
    uint64_t io_calls[USAGE_WAYS], io_len[USAGE_WAYS];
    uint64_t file_calls[USAGE_WAYS], file_len[USAGE_WAYS];
    struct usage_net net[USAGE_NET_MAX];
    unsigned net_count;
    struct control_counters frames; /* of the network, as the monitor saw it */
};

/* seconds: how long each answer of the guest's monitor may take. */
int usage_read(const struct guest *g, unsigned seconds, struct usage *out,
               struct fault *fault);
void usage_fini(struct usage *u);

uint64_t usage_ns(const struct usage *u, uint64_t cycles);
/* "running", ... "damaged": what it says is none of these */
const char *usage_thread_state(const struct inside_thread *t);
/* The name of the system call that it sleeps in; "": none */
const char *usage_thread_call(const struct inside_thread *t);
const struct inside_thread *usage_thread(const struct usage *u, int32_t tid);

struct usage_rates {
    double cpu, kernel, host_cpu; /* 1: one CPU's all */
    double calls, faults;
    double rx_len, tx_len, rx_packets, tx_packets; /* without the loopback */
    double file_len[USAGE_WAYS];
};

/* From one look to the next at the same guest; before NULL: since its start,
 * that many ns ago. */
void usage_rates(const struct usage *now, const struct usage *before,
                 uint64_t since_ns, struct usage_rates *out);

#endif
