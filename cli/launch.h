/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * launch.h - starting a guest: which machine, with what command line.
 *
 * Errors:    0 or -errno with a fault. launch_guest() does not return when
 *            the monitor takes the process over; with QEMU it returns the
 *            guest's exit status, >= 0.
 */
#ifndef CLI_LAUNCH_H
#define CLI_LAUNCH_H

#include "cli/net.h"
#include "host/memory.h"

struct fault;
struct options;
struct source;

/* How the guest is listed (registry.h), and who hears of its start. */
struct launch {
    const char *dir; /* its directory, if it is in the background */
    int ready_fd;    /* gets a byte when the guest runs; -1: nobody waits */
    /* launch_guest()'s own: */
    int info_fd;
    int crash_fd;   /* to who reports a crash; -1: nobody does */
    int control_fd; /* where the monitor listens for tools; -1: it does not */
    int companion_count; /* companion.h */
    struct net_link net;
};

/* src->image is there; the configuration says what to run. */
int launch_guest(struct options *o, struct source *src, struct launch *how,
                 struct fault *fault);
/* The guest is about to run: lets go of ready_fd. */
void launch_ready(struct launch *how);

/* Print a command line so that a shell reads the same words. */
void launch_print(const struct list *argv);

/* A sealed memory file that holds data; a child may inherit it. */
int launch_memory_file(const void *data, size_t len, struct fault *fault);

#endif
