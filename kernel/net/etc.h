/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * etc.h - /etc/hosts, /etc/hostname and /etc/resolv.conf.
 *
 * What:      the files that tell a program of its network, as docker makes
 *            them: from the run configuration, and where that says nothing of
 *            DNS, from what the network told (DHCP, router advertisements).
 *            They are made when a program first looks (fs/special.h).
 * Ownership: etc_dns_learnt() copies.
 * Context:   a thread's system call. Making resolv.conf may sleep, when only
 *            the network can say what belongs there.
 */
#ifndef NET_ETC_H
#define NET_ETC_H

#include "core/types.h"

#define ETC_DNS_MAX    4u
#define ETC_DOMAIN_MAX 256u

struct etc_dns {
    unsigned count;
    struct {
        uint8_t family; /* AF_INET, AF_INET6 */
        uint8_t addr[16];
    } server[ETC_DNS_MAX];
    char domain[ETC_DOMAIN_MAX]; /* to search in; "": none. Blanks separate */
};

/* All that the network said up to now, in place of what it said before:
 * resolv.conf follows. May come from any context under the kernel lock. */
void etc_dns_learnt(const struct etc_dns *dns);

/* The protocols': start them, and wait for a while until they know what the
 * network says. Absent in kernels without them. */
void inet_wait_configured(void);

#endif
