/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netconf.h - what a guest is told of its network: addresses, names, DNS.
 *
 * What:      the options of `run` and `build` that say it, as docker has them,
 *            and what this host knows where they say nothing.
 * Ownership: lists own their strings; run_config_net_fini() frees them.
 * Errors:    -EINVAL with a fault that names the option.
 */
#ifndef CLI_NETCONF_H
#define CLI_NETCONF_H

#include "host/args.h"
#include "image/runconfig.h"

struct fault;

/* A row of an option table's set function: into is struct options. */
int netconf_set_dns(void *into, const char *value, struct fault *fault);
int netconf_set_search(void *into, const char *value, struct fault *fault);
int netconf_set_option(void *into, const char *value, struct fault *fault);
int netconf_set_host(void *into, const char *value, struct fault *fault);
int netconf_set_address(void *into, const char *value, struct fault *fault);
int netconf_set_gateway(void *into, const char *value, struct fault *fault);

#define NETCONF_OPTIONS                                                     \
    { 0, "dns", "IP", "name server (this host's); may be repeated",         \
      ARG_SET(netconf_set_dns) },                                           \
        { 0, "dns-search", "DOMAIN",                                        \
          "domain to search (this host's); . is "                           \
          "none",                                                           \
          ARG_SET(netconf_set_search) },                                    \
        { 0, "dns-option", "OPTION", "option of resolv.conf (this host's)", \
          ARG_SET(netconf_set_option) },                                    \
        { 0, "add-host", "NAME:IP",                                         \
          "a line for /etc/hosts; IP may be "                               \
          "host-gateway",                                                   \
          ARG_SET(netconf_set_host) },                                      \
        { 0, "ip", "ADDR[/PREFIX]",                                         \
          "the guest's address, IPv4 or IPv6 "                              \
          "(by DHCP)",                                                      \
          ARG_SET(netconf_set_address) },                                   \
    {                                                                       \
        0, "gateway", "ADDR", "its router, IPv4 or IPv6",                   \
            ARG_SET(netconf_set_gateway)                                    \
    }

/* After all options were taken: do they fit together? */
int netconf_check(const struct run_config_net *given, struct fault *fault);
/* What was given takes the place of what an image's configuration says;
 * hosts are added to its. */
void netconf_apply(const struct run_config_net *given,
                   struct run_config_net *into);
/* A guest without an interface has no address, whatever its image says; that
 * one was given for this run is a mistake: -EINVAL. */
int netconf_no_network(const struct run_config_net *given,
                       struct run_config_net *into, struct fault *fault);
/* What is still not said of DNS is this host's: its resolv.conf, without the
 * servers that only this host can reach. */
void netconf_host_defaults(struct run_config_net *net);
/* The same from a file, for tests. */
void netconf_read_resolv(const char *path, struct run_config_net *net);

#endif
