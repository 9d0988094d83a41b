/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * etc.c - /etc/hosts, /etc/hostname and /etc/resolv.conf.
 */
#include "net/etc.h"

#include <linux/rtnetlink.h>

#include "core/config.h"
#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/special.h"
#include "net/abi.h"
#include "net/address.h"
#include "net/netif.h"

#pragma weak inet_wait_configured

/* Where nothing is known of the guest's address: Debian's habit, so that its
 * name has one all the same. */
#define OWN_ADDRESS_DEFAULT "127.0.1.1"

enum { HOSTS, HOSTNAME, RESOLV };

static struct etc_dns learnt;

/* The program has been given this file by its user. */
static bool is_kept(enum config_flags flag)
{
    struct config_cursor at = config_records;
    const void *payload;
    uint64_t flags = 0;
    size_t len;

    if (config_find(&at, CONFIG_FLAGS, &payload, &len))
        memcpy(&flags, payload, sizeof(flags));
    return flags & flag;
}

/* The name that the guest began with: sethostname() does not change files. */
static int put_hostname(struct text_file *t)
{
    struct config_cursor at = config_records;
    const void *payload;
    size_t len;

    if (!config_find(&at, CONFIG_HOSTNAME, &payload, &len))
        return text_printf(t, "%s", CONFIG_HOSTNAME_DEFAULT);
    return text_printf(t, "%.*s", (int)len, (const char *)payload);
}

/* ---- /etc/hostname ---- */

static int show_hostname(struct text_file *t, void *arg)
{
    int err;

    (void)arg;
    if (is_kept(CONFIG_KEEP_HOSTNAME))
        return -ENOENT;
    err = put_hostname(t);
    return err ? err : text_printf(t, "\n");
}

/* ---- /etc/hosts ---- */

/* The guest's own address, as the configuration or the interface has it. */
static bool find_own_address(struct netif_addr *out)
{
    struct config_cursor at = config_records;
    struct config_address a;
    const void *payload;
    size_t len;

    if (config_find(&at, CONFIG_ADDRESS, &payload, &len)) {
        memcpy(&a, payload, sizeof(a));
        out->family = a.family == 4 ? AF_INET : AF_INET6;
        memcpy(out->addr, a.addr, sizeof(out->addr));
        return true;
    }
    for (unsigned n = 0; netif_addr(n, out); n++)
        if (out->scope == RT_SCOPE_UNIVERSE)
            return true;
    return false;
}

static bool find_gateway(struct netif_route *out)
{
    struct config_cursor at = config_records;
    struct config_address a;
    const void *payload;
    unsigned n = 0;
    size_t len;

    if (config_find(&at, CONFIG_GATEWAY, &payload, &len)) {
        memcpy(&a, payload, sizeof(a));
        out->family = a.family == 4 ? AF_INET : AF_INET6;
        memcpy(out->gateway, a.addr, sizeof(out->gateway));
        return true;
    }
    while (netif_route_next(&n, out))
        if (out->dst_len == 0 && out->has_gateway)
            return true;
    return false;
}

/* "ADDRESS\tNAME"; a line for a router that there is not is left out. */
static int put_host(struct text_file *t, const char *line, size_t len)
{
    const size_t token_len = sizeof(CONFIG_HOST_GATEWAY) - 1;
    char text[ADDRESS_TEXT_LEN];
    struct netif_route r;

    if (len <= token_len || memcmp(line, CONFIG_HOST_GATEWAY, token_len) != 0)
        return text_printf(t, "%.*s\n", (int)len, line);
    if (!find_gateway(&r))
        return 0;
    return text_printf(t, "%s%.*s\n", address_format(text, r.family, r.gateway),
                       (int)(len - token_len), line + token_len);
}

/* A name with a domain is followed by the name alone. */
static int put_own_name(struct text_file *t)
{
    struct config_cursor at = config_records;
    const char *dot;
    const void *payload;
    int err = put_hostname(t);
    size_t len;

    if (err || !config_find(&at, CONFIG_HOSTNAME, &payload, &len))
        return err;
    dot = memchr(payload, '.', len);
    if (!dot || dot == payload)
        return 0;
    return text_printf(t, " %.*s", (int)(dot - (const char *)payload),
                       (const char *)payload);
}

static int show_hosts(struct text_file *t, void *arg)
{
    struct config_cursor at = config_records;
    char text[ADDRESS_TEXT_LEN] = OWN_ADDRESS_DEFAULT;
    struct netif_addr own;
    const void *payload;
    size_t len;
    int err;

    (void)arg;
    if (is_kept(CONFIG_KEEP_HOSTS))
        return -ENOENT;
    err = text_printf(t, "127.0.0.1\tlocalhost\n"
                         "::1\tlocalhost ip6-localhost ip6-loopback\n"
                         "fe00::\tip6-localnet\nff00::\tip6-mcastprefix\n"
                         "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
    while (!err && config_find(&at, CONFIG_HOST, &payload, &len))
        err = put_host(t, payload, len);
    if (find_own_address(&own))
        address_format(text, own.family, own.addr);
    if (!err)
        err = text_printf(t, "%s\t", text);
    if (!err)
        err = put_own_name(t);
    return err ? err : text_printf(t, "\n");
}

/* ---- /etc/resolv.conf ---- */

static bool has_record(enum config_type type)
{
    struct config_cursor at = config_records;
    const void *payload;
    size_t len;

    return config_find(&at, type, &payload, &len);
}

/* All records of a type, on one line or each on its own. "." stands for no
 * domain at all. */
static int put_records(struct text_file *t, enum config_type type,
                       const char *key, bool one_line)
{
    struct config_cursor at = config_records;
    const void *payload;
    bool any = false;
    int err = 0;
    size_t len;

    while (!err && config_find(&at, type, &payload, &len)) {
        if (len == 1 && *(const char *)payload == '.')
            continue;
        err = text_printf(t, "%s %.*s%s", any && one_line ? "" : key, (int)len,
                          (const char *)payload, one_line ? "" : "\n");
        any = true;
    }
    return !err && any && one_line ? text_printf(t, "\n") : err;
}

static int put_learnt_servers(struct text_file *t)
{
    char text[ADDRESS_TEXT_LEN];
    int err = 0;

    for (unsigned i = 0; !err && i < learnt.count; i++) {
        uint8_t family = learnt.server[i].family;
        const uint8_t *addr = learnt.server[i].addr;
        bool is_link_local =
            family == AF_INET6 && addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;

        err = text_printf(t, "nameserver %s%s\n",
                          address_format(text, family, addr),
                          is_link_local ? "%eth0" : "");
    }
    return err;
}

static int show_resolv(struct text_file *t, void *arg)
{
    bool is_told = has_record(CONFIG_DNS);
    int err;

    (void)arg;
    if (is_kept(CONFIG_KEEP_RESOLV))
        return -ENOENT;
    if (!is_told && inet_wait_configured)
        inet_wait_configured();
    err = is_told ? put_records(t, CONFIG_DNS, "nameserver", false)
                  : put_learnt_servers(t);
    if (!err && has_record(CONFIG_DNS_SEARCH))
        err = put_records(t, CONFIG_DNS_SEARCH, "search", true);
    else if (!err && learnt.domain[0])
        err = text_printf(t, "search %s\n", learnt.domain);
    return err ? err : put_records(t, CONFIG_DNS_OPTION, "options", true);
}

/* ---- all of them ---- */

struct lazy_file etc_files[] = {
    [HOSTS] = { .name = "hosts", .show = show_hosts },
    [HOSTNAME] = { .name = "hostname", .show = show_hostname },
    [RESOLV] = { .name = "resolv.conf", .show = show_resolv },
    { .name = NULL },
};

void etc_dns_learnt(const struct etc_dns *dns)
{
    learnt = *dns;
    lazy_file_changed(&etc_files[RESOLV]);
}
