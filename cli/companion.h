/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * companion.h - tools that are with a guest from before its first instruction:
 * run --trace and --pcap.
 *
 * What:      each is a process of its own, with a connection to the monitor
 *            that is to be; that one waits for all of them (--control-wait). A
 *            companion ends with the guest, and the guest waits for it then:
 *            what it has to say is said when `samara run` comes back. One that
 *            fails, or is killed, takes nothing else with it.
 * Errors:    0 or -errno with a fault; after the start a companion says itself
 *            what goes wrong.
 */
#ifndef CLI_COMPANION_H
#define CLI_COMPANION_H

#include <stdbool.h>

struct fault;
struct options;
struct run_config;

/* Do its options make sense? */
int companion_check(const struct options *o, struct fault *fault);
/* how: what it runs; dir: the guest's, where something listens at "control"
 * already. is_qemu: --pcap is not ours. -> how many were started */
int companion_start(const struct options *o, const struct run_config *how,
                    const char *dir, bool is_qemu, struct fault *fault);

#endif
