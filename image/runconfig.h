/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runconfig.h - the run configuration (abi/config.h) as a structure.
 *
 * Ownership: the struct owns its strings; run_config_fini() frees them.
 * Errors:    0 or -errno with a fault.
 */
#ifndef IMAGE_RUNCONFIG_H
#define IMAGE_RUNCONFIG_H

#include <stdint.h>

#include "abi/config.h"
#include "host/memory.h"

struct fault;

/* What the guest is told of its network. */
struct run_config_net {
    struct list dns;         /* addresses of name servers */
    struct list dns_search;  /* domains */
    struct list dns_options; /* of resolv.conf */
    struct list hosts;       /* lines of /etc/hosts: address, tab, name */
    /* Of IPv4 and of IPv6; family 0: not said. */
    struct config_address address[2];
    struct config_address gateway[2];
};

struct run_config_limits {
    uint32_t given; /* bit RLIMIT_*: of[RLIMIT_*] is set */
    struct config_rlimit of[CONFIG_RLIMITS];
};

struct run_config {
    char *exe; /* NULL: none */
    struct list args;
    struct list env;
    char *cwd;      /* NULL: the default */
    char *hostname; /* NULL: the default */
    uint64_t flags; /* enum config_flags */
    uint64_t umask;
    uint64_t rlimit_stack; /* 0 here and below: not said */
    uint64_t wall_ns;
    uint64_t tsc_khz;
    uint64_t ram_len;
    uint64_t arg_fixed; /* CONFIG_ARG_FIXED */
    struct run_config_net net;
    struct run_config_limits limits;
};

/* Append the encoded form. -E2BIG when it would exceed what a reader takes. */
int run_config_encode(const struct run_config *rc, struct buf *out,
                      struct fault *fault);

/* Decode; *rc must be all zero. -EINVAL on any damage. */
int run_config_decode(const void *data, size_t len, struct run_config *rc,
                      struct fault *fault);

void run_config_fini(struct run_config *rc);
void run_config_net_fini(struct run_config_net *net);

/* Set NAME=VALUE, in place of one of the same name or at the end. */
void run_config_setenv(struct run_config *rc, const char *assignment);

#endif
