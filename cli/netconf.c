/* SPDX-License-Identifier: BSD-2-Clause */
/* netconf.c - see netconf.h. */
#include "cli/netconf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "host/fault.h"

#define RESOLV_CONF "/etc/resolv.conf"
/* systemd-resolved keeps the real servers here, for those who cannot reach the
 * stub that it has on a loopback address. */
#define RESOLVED_CONF    "/run/systemd/resolve/resolv.conf"
#define PREFIX_DEFAULT_4 24u
#define PREFIX_DEFAULT_6 64u
#define NAME_LEN_MAX     253u /* of a host or a domain: RFC 1035, 2.3.4 */
#define LINE_LEN_MAX     1024u

static struct run_config_net *net_of(void *into)
{
    return &((struct options *)into)->net;
}

static bool address_parse(const char *text, struct config_address *out)
{
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, out->addr) == 1)
        out->family = 4;
    else if (inet_pton(AF_INET6, text, out->addr) == 1)
        out->family = 6;
    return out->family != 0;
}

/* A word that may stand in a line of /etc/hosts or /etc/resolv.conf. */
static bool is_word(const char *s)
{
    size_t len = strlen(s);
    size_t i;

    for (i = 0; i < len; i++)
        if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f || s[i] == '#')
            return false;
    return len > 0 && len <= NAME_LEN_MAX;
}

int netconf_set_dns(void *into, const char *value, struct fault *fault)
{
    struct config_address ignored;

    if (!address_parse(value, &ignored))
        return fault_set(fault, EINVAL,
                         "option --dns: '%s' is no IP address; give a name "
                         "server's, such as 9.9.9.9",
                         value);
    list_add(&net_of(into)->dns, value);
    return 0;
}

int netconf_set_search(void *into, const char *value, struct fault *fault)
{
    if (!is_word(value))
        return fault_set(fault, EINVAL,
                         "option --dns-search: '%s' is no domain; give one "
                         "for each option, or . for none",
                         value);
    list_add(&net_of(into)->dns_search, value);
    return 0;
}

int netconf_set_option(void *into, const char *value, struct fault *fault)
{
    if (!is_word(value))
        return fault_set(fault, EINVAL,
                         "option --dns-option: '%s' is not one word; give "
                         "what follows \"options\" in resolv.conf, such as "
                         "ndots:2",
                         value);
    list_add(&net_of(into)->dns_options, value);
    return 0;
}

/* NAME:IP or NAME=IP; an IPv6 address may stand in brackets. */
int netconf_set_host(void *into, const char *value, struct fault *fault)
{
    size_t name_len = strcspn(value, ":=");
    char *name = mem_strndup(value, name_len);
    const char *ip = value[name_len] ? value + name_len + 1 : "";
    size_t ip_len = strlen(ip);
    struct config_address ignored;
    char *bare;
    int err = 0;

    if (ip[0] == '[' && ip[ip_len - 1] == ']')
        bare = mem_strndup(ip + 1, ip_len - 2);
    else
        bare = mem_strdup(ip);
    if (!is_word(name) || bare[0] == '\0')
        err = fault_set(fault, EINVAL,
                        "option --add-host: '%s' is not NAME:IP, such as "
                        "db:10.0.0.5",
                        value);
    else if (strcmp(bare, CONFIG_HOST_GATEWAY) != 0 &&
             !address_parse(bare, &ignored))
        err = fault_set(fault, EINVAL,
                        "option --add-host: '%s' is no IP address; give the "
                        "one of '%s', or host-gateway",
                        bare, name);
    else
        list_add_take(&net_of(into)->hosts, mem_printf("%s\t%s", bare, name));
    free(name);
    free(bare);
    return err;
}

static int put_once(struct config_address into[2],
                    const struct config_address *a, const char *option,
                    const char *value, struct fault *fault)
{
    if (into[a->family == 6].family)
        return fault_set(fault, EINVAL,
                         "option %s: '%s' is the second IPv%u address; the "
                         "guest has one interface, with one of each kind",
                         option, value, a->family);
    into[a->family == 6] = *a;
    return 0;
}

static bool prefix_parse(const char *text, unsigned max, uint8_t *out)
{
    unsigned n = 0;
    const char *p = text;

    for (; isdigit((unsigned char)*p) && n <= max; p++)
        n = n * 10 + (unsigned)(*p - '0');
    *out = (uint8_t)n;
    return p != text && *p == '\0' && n > 0 && n <= max;
}

/* Not the unspecified address, a multicast one or a loopback one. */
static bool is_unicast(const struct config_address *a)
{
    static const uint8_t zero[16];

    if (a->family == 4)
        return a->addr[0] != 0 && a->addr[0] != 127 && a->addr[0] < 224;
    return a->addr[0] != 0xff && memcmp(a->addr, zero, 15) != 0;
}

int netconf_set_address(void *into, const char *value, struct fault *fault)
{
    size_t len = strcspn(value, "/");
    char *text = mem_strndup(value, len);
    struct config_address a;
    bool is_good = address_parse(text, &a) && is_unicast(&a);

    a.prefix_len = a.family == 4 ? PREFIX_DEFAULT_4 : PREFIX_DEFAULT_6;
    if (is_good && value[len])
        is_good = prefix_parse(value + len + 1, a.family == 4 ? 32 : 128,
                               &a.prefix_len);
    free(text);
    if (!is_good)
        return fault_set(fault, EINVAL,
                         "option --ip: '%s' is no address of a host; give "
                         "one and its network's prefix length, such as "
                         "192.168.7.2/24",
                         value);
    if (a.family == 6 && a.prefix_len != PREFIX_DEFAULT_6)
        return fault_set(fault, EINVAL,
                         "option --ip: '%s' is in an IPv6 network that is not "
                         "a /%u; guests know no others",
                         value, PREFIX_DEFAULT_6);
    return put_once(net_of(into)->address, &a, "--ip", value, fault);
}

int netconf_set_gateway(void *into, const char *value, struct fault *fault)
{
    struct config_address a;

    if (!address_parse(value, &a) || !is_unicast(&a))
        return fault_set(fault, EINVAL,
                         "option --gateway: '%s' is no address of a router, "
                         "such as 192.168.7.1",
                         value);
    return put_once(net_of(into)->gateway, &a, "--gateway", value, fault);
}

static bool same_network(const struct config_address *a,
                         const struct config_address *b)
{
    unsigned bits = a->prefix_len;
    size_t i;

    for (i = 0; bits > 0; i++) {
        unsigned take = bits < 8 ? bits : 8;
        unsigned mask = 0xffu << (8 - take) & 0xff;

        if ((a->addr[i] ^ b->addr[i]) & mask)
            return false;
        bits -= take;
    }
    return true;
}

static bool is_link_local(const struct config_address *a)
{
    return a->family == 6 && a->addr[0] == 0xfe && (a->addr[1] & 0xc0) == 0x80;
}

int netconf_check(const struct run_config_net *given, struct fault *fault)
{
    size_t i;

    for (i = 0; i < 2; i++) {
        const struct config_address *g = &given->gateway[i];
        const struct config_address *a = &given->address[i];
        char text[INET6_ADDRSTRLEN] = "";

        if (!g->family || is_link_local(g))
            continue;
        inet_ntop(i == 0 ? AF_INET : AF_INET6, g->addr, text, sizeof(text));
        if (!a->family)
            return fault_set(fault, EINVAL,
                             "option --gateway: '%s' needs the guest's own "
                             "IPv%u address: --ip",
                             text, g->family);
        if (!same_network(a, g))
            return fault_set(fault, EINVAL,
                             "option --gateway: '%s' is not in the network "
                             "of --ip; give a router there, or --ip another "
                             "prefix length",
                             text);
    }
    return 0;
}

/* ---- into the configuration ---- */

static void list_copy(struct list *into, const struct list *from)
{
    size_t i;

    for (i = 0; i < from->count; i++)
        list_add(into, from->item[i]);
}

static void list_replace(struct list *into, const struct list *with)
{
    if (with->count == 0)
        return;
    list_fini(into);
    list_copy(into, with);
}

void netconf_apply(const struct run_config_net *given,
                   struct run_config_net *into)
{
    size_t i;

    list_replace(&into->dns, &given->dns);
    list_replace(&into->dns_search, &given->dns_search);
    list_replace(&into->dns_options, &given->dns_options);
    list_copy(&into->hosts, &given->hosts);
    for (i = 0; i < 2; i++) {
        if (given->address[i].family) {
            into->address[i] = given->address[i];
            into->gateway[i] = (struct config_address){ 0 };
        }
        if (given->gateway[i].family)
            into->gateway[i] = given->gateway[i];
    }
}

int netconf_no_network(const struct run_config_net *given,
                       struct run_config_net *into, struct fault *fault)
{
    if (given->address[0].family || given->address[1].family)
        return fault_set(fault, EINVAL,
                         "option --ip: the guest has no network to have an "
                         "address in; give it one: --net tap:NAME");
    memset(into->address, 0, sizeof(into->address));
    memset(into->gateway, 0, sizeof(into->gateway));
    return 0;
}

/* ---- what this host knows ---- */

/* A server that a guest can reach as well as this host can. */
static bool is_reachable(const char *server)
{
    struct config_address a;

    return address_parse(server, &a) && is_unicast(&a) && !is_link_local(&a);
}

static void take_line(char *line, struct run_config_net *into)
{
    char *save = NULL;
    char *key = strtok_r(line, " \t\r\n", &save);
    struct list *list = NULL;
    char *word;

    if (!key)
        return;
    if (strcmp(key, "nameserver") == 0)
        list = &into->dns;
    else if (strcmp(key, "search") == 0 || strcmp(key, "domain") == 0)
        list = &into->dns_search;
    else if (strcmp(key, "options") == 0)
        list = &into->dns_options;
    if (!list)
        return;
    if (list == &into->dns_search)
        list_fini(list); /* the last line counts */
    while ((word = strtok_r(NULL, " \t\r\n", &save)) != NULL) {
        if (word[0] == '#' || word[0] == ';')
            return;
        if (list == &into->dns ? is_reachable(word) : is_word(word))
            list_add(list, word);
    }
}

void netconf_read_resolv(const char *path, struct run_config_net *net)
{
    FILE *f = fopen(path, "re");
    char line[LINE_LEN_MAX];

    if (!f)
        return;
    while (fgets(line, sizeof(line), f))
        if (line[0] != '#' && line[0] != ';')
            take_line(line, net);
    fclose(f);
}

static void list_default(struct list *list, const struct list *host)
{
    if (list->count == 0)
        list_copy(list, host);
}

void netconf_host_defaults(struct run_config_net *net)
{
    const char *override = getenv("SAMARA_RESOLV_CONF");
    struct run_config_net host = { 0 };

    netconf_read_resolv(override ? override : RESOLV_CONF, &host);
    if (host.dns.count == 0 && !override) {
        struct run_config_net resolved = { 0 };

        netconf_read_resolv(RESOLVED_CONF, &resolved);
        list_copy(&host.dns, &resolved.dns);
        run_config_net_fini(&resolved);
    }
    list_default(&net->dns, &host.dns);
    list_default(&net->dns_search, &host.dns_search);
    list_default(&net->dns_options, &host.dns_options);
    run_config_net_fini(&host);
}
