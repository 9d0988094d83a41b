/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifconfig.c - the interfaces' addresses: given by the run configuration, by
 * DHCP, by routers; told to netlink, ioctls and /proc/net.
 */
#include "net/inet/ifconfig.h"

#include "core/config.h"
#include "core/errno.h"
#include "core/string.h"
#include "inet_hooks.h"
#include "lwip/dhcp.h"
#include "lwip/nd6.h"
#include "net/etc.h"
#include "net/if_abi.h"
#include "net/inet/conn.h"
#include "net/inet/device.h"
#include "net/inet/inet.h"
#include "net/inet/timers.h"
#include "net/netif.h"
#include "sched/process.h"
#include "sched/wait.h"
#include "time/clock.h"

/* Absent in kernels without the files of /etc, and without netlink. */
#pragma weak etc_dns_learnt
#pragma weak netif_notify_link
#pragma weak netif_notify_addr

#define FAMILIES      2u /* DHCP's servers, and those of routers */
#define DNS_COUNT_MAX 3u /* of each */
#define WAIT_NS       (10 * NS_PER_SEC)
#define DHCP_S        60u /* lwIP's retries are done by then */
#define SLAAC_S       15u /* three router solicitations */
#define DAD_S         3u
#define PREFIX6_LEN   64

static ip_addr_t dns_servers[FAMILIES][DNS_COUNT_MAX];
static struct waitq changed = { LIST_INIT(changed.waiters), &inet_lock };
static bool waits_for_dhcp;
static bool is_status_new, are_servers_new; /* to be told */
static bool tell_follows;
ip6_addr_t ifconfig_gateway6;

static void put_off(void)
{
    if (!tell_follows)
        inet_put_off();
}

/* ---- name servers ---- */

static void list_servers(struct etc_dns *dns)
{
    for (unsigned i = 0; i < FAMILIES * DNS_COUNT_MAX; i++) {
        const ip_addr_t *a = &dns_servers[i / DNS_COUNT_MAX][i % DNS_COUNT_MAX];
        bool is_v6 = IP_IS_V6(a);

        if (ip_addr_isany(a) || dns->count == ETC_DNS_MAX)
            continue;
        dns->server[dns->count].family = is_v6 ? AF_INET6 : AF_INET;
        memcpy(dns->server[dns->count++].addr, ip_2_ip6(a)->addr,
               is_v6 ? 16 : 4);
    }
}

/* DHCP and routers number their servers from 0, each for itself; only a
 * router's are taken back. */
void dns_setserver(u8_t index, const ip_addr_t *server)
{
    bool is_v6 = !server || IP_IS_V6(server);

    if (index >= DNS_COUNT_MAX)
        return;
    if (server)
        dns_servers[is_v6][index] = *server;
    else
        ip_addr_set_any(true, &dns_servers[is_v6][index]);
    are_servers_new = true;
    put_off();
}

/* For nd6.c, which looks for the one that a router takes back. */
const ip_addr_t *dns_getserver(u8_t index)
{
    return index < DNS_COUNT_MAX ? &dns_servers[1][index] : IP6_ADDR_ANY;
}

/* ---- from the configuration ---- */

/* One record of this type and family. */
static bool find(enum config_type type, uint8_t family,
                 struct config_address *out)
{
    struct config_cursor at = config_records;
    const void *payload;
    size_t len;

    while (config_find(&at, type, &payload, &len)) {
        if (len < sizeof(*out))
            continue;
        memcpy(out, payload, sizeof(*out));
        if (out->family == family)
            return true;
    }
    return false;
}

/* A link-local address is the device's. */
static void put_zone(ip6_addr_t *a)
{
    if (ip6_addr_lacks_zone(a, IP6_UNICAST))
        ip6_addr_set_zone(a, netif_get_index(&inet_device));
}

static void mask_of(unsigned prefix_len, ip4_addr_t *out)
{
    out->addr = prefix_len ? lwip_htonl(~0u << (32 - MIN(prefix_len, 32u))) : 0;
}

static void give_v4(const struct config_address *a)
{
    struct config_address router;
    ip4_addr_t addr, mask, gateway = { 0 };

    memcpy(&addr, a->addr, sizeof(addr));
    mask_of(a->prefix_len, &mask);
    if (find(CONFIG_GATEWAY, 4, &router))
        memcpy(&gateway, router.addr, sizeof(gateway));
    netif_set_addr(&inet_device, &addr, &mask, &gateway);
}

/* Without asking around first whether somebody else has it: it was given. */
static void give_v6(const struct config_address *a)
{
    struct config_address router;
    ip6_addr_t addr;
    s8_t index;

    memset(&addr, 0, sizeof(addr));
    memcpy(addr.addr, a->addr, sizeof(addr.addr));
    if (netif_add_ip6_address(&inet_device, &addr, &index) == ERR_OK)
        netif_ip6_addr_set_state(&inet_device, index, IP6_ADDR_PREFERRED);
    if (!find(CONFIG_GATEWAY, 6, &router))
        return;
    memcpy(ifconfig_gateway6.addr, router.addr, sizeof(ifconfig_gateway6.addr));
    put_zone(&ifconfig_gateway6);
}

/* DHCP, a router or somebody here has changed something. */
static void status_changed(struct netif *n)
{
    (void)n;
    ways_forget();
    if (!ip4_addr_isany_val(*netif_ip4_addr(&inet_device)))
        waits_for_dhcp = false;
    waitq_wake_all(&changed);
    if (!netif_notify_link)
        return;
    is_status_new = true;
    put_off();
}

static void tell_status(void)
{
    struct netif_link link;
    struct netif_addr addr;

    if (netif_link(1, &link))
        netif_notify_link(&link, false);
    for (unsigned i = 0; netif_addr(i, &addr); i++)
        if (addr.index == netif_get_index(&inet_device))
            netif_notify_addr(&addr, false);
}

void ifconfig_tell_follows(bool does)
{
    tell_follows = does;
    if (!does && (is_status_new || are_servers_new))
        inet_put_off();
}

void ifconfig_tell(void)
{
    struct etc_dns dns = { 0 };
    bool has_status, has_servers;

    inet_enter();
    has_status = is_status_new;
    has_servers = are_servers_new;
    is_status_new = are_servers_new = tell_follows = false;
    list_servers(&dns);
    inet_leave();
    if (has_servers && etc_dns_learnt)
        etc_dns_learnt(&dns);
    if (has_status)
        tell_status();
}

void ifconfig_begin(void)
{
    static char hostname[sizeof(process_current()->hostname)];
    struct config_address a4, a6;
    bool has4 = find(CONFIG_ADDRESS, 4, &a4),
         has6 = find(CONFIG_ADDRESS, 6, &a6);

    tell_follows = true;
    strlcpy(hostname, process_current()->hostname, sizeof(hostname));
    netif_set_hostname(&inet_device, hostname);
    netif_set_status_callback(&inet_device, status_changed);
    netif_create_ip6_linklocal_address(&inet_device, 1);
    inet_device.ip6_autoconfig_enabled = !has6;
    timers_link_needed(has6 ? DAD_S : SLAAC_S);
    timers_groups_needed();
    if (has6)
        give_v6(&a6);
    if (has4)
        give_v4(&a4);
    netif_set_up(&inet_device);
    /* A guest that was given an IPv6 address only is asked to have no other. */
    if (has4 || has6)
        return;
    waits_for_dhcp = dhcp_start(&inet_device) == ERR_OK;
    timers_dhcp_needed(DHCP_S);
}

bool ifconfig_wait(void)
{
    uint64_t deadline = clock_mono_ns() + WAIT_NS;
    bool waited = waits_for_dhcp;

    while (waits_for_dhcp) {
        int err = waitq_sleep(&changed, deadline);

        if (err == -ETIMEDOUT)
            waits_for_dhcp = false; /* nobody else need wait as long */
        else if (err)
            break; /* a signal: this call goes on with what there is */
    }
    return waited;
}

static bool is_asking(void)
{
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_istentative(netif_ip6_addr_state(&inet_device, i)))
            return true;
    return false;
}

bool ifconfig_wait_asked(void)
{
    uint64_t deadline = clock_mono_ns() + DAD_S * NS_PER_SEC;
    bool waited = is_asking();

    while (is_asking() && waitq_sleep(&changed, deadline) == 0) {
    }
    return waited;
}

void inet_wait_configured(void)
{
    inet_enter();
    inet_begin();
    (void)ifconfig_wait();
    inet_leave();
    inet_tell();
}

/* ---- changed ---- */

static int change_addr4(const struct netif_addr *a, bool add)
{
    ip4_addr_t addr, mask, none = { 0 };

    memcpy(&addr, a->addr, sizeof(addr));
    if (ip4_addr_cmp(&addr, netif_ip4_addr(&inet_device))) {
        if (add)
            return -EEXIST;
        netif_set_addr(&inet_device, &none, &none, &none);
        return 0;
    }
    if (!add)
        return -EADDRNOTAVAIL;
    if (!ip4_addr_isany_val(*netif_ip4_addr(&inet_device)))
        return -ENOBUFS; /* lwIP's interfaces have one */
    mask_of(a->prefix_len, &mask);
    netif_set_addr(&inet_device, &addr, &mask, &none);
    return 0;
}

static int change_addr6(const struct netif_addr *a, bool add)
{
    ip6_addr_t addr;
    s8_t slot;

    memset(&addr, 0, sizeof(addr));
    memcpy(addr.addr, a->addr, sizeof(addr.addr));
    put_zone(&addr);
    slot = netif_get_ip6_addr_match(&inet_device, &addr);
    if (add && a->prefix_len != PREFIX6_LEN)
        return -EOPNOTSUPP; /* lwIP takes each network for such a one */
    if (slot >= 0 && add)
        return -EEXIST;
    if (slot < 0 && !add)
        return -EADDRNOTAVAIL;
    if (!add) {
        netif_ip6_addr_set_state(&inet_device, slot, IP6_ADDR_INVALID);
        return 0;
    }
    timers_link_needed(DAD_S);
    timers_groups_needed();
    return netif_add_ip6_address(&inet_device, &addr, &slot) == ERR_OK
               ? 0
               : -ENOBUFS;
}

static int change_addr(const struct netif_addr *a, bool add)
{
    int err;

    if (!device_exists() || a->index != netif_get_index(&inet_device))
        return -EOPNOTSUPP;
    err = a->family == AF_INET ? change_addr4(a, add) : change_addr6(a, add);
    inet_flush();
    return err;
}

static int change_gateway(const struct netif_route *r, bool add)
{
    ip4_addr_t gateway, none = { 0 };
    bool is_there;

    if (!device_exists())
        return -ENETUNREACH;
    if (r->family == AF_INET6) {
        is_there =
            memcmp(ifconfig_gateway6.addr, r->gateway, sizeof(r->gateway)) == 0;
        if (is_there == add)
            return add ? -EEXIST : -ESRCH;
        memset(&ifconfig_gateway6, 0, sizeof(ifconfig_gateway6));
        if (!add)
            return 0;
        memcpy(ifconfig_gateway6.addr, r->gateway, sizeof(r->gateway));
        put_zone(&ifconfig_gateway6);
        return 0;
    }
    memcpy(&gateway, r->gateway, sizeof(gateway));
    is_there = ip4_addr_cmp(&gateway, netif_ip4_gw(&inet_device));
    if (is_there == add)
        return add ? -EEXIST : -ESRCH;
    if (add && !ip4_addr_netcmp(&gateway, netif_ip4_addr(&inet_device),
                                netif_ip4_netmask(&inet_device)))
        return -ENETUNREACH;
    netif_set_gw(&inet_device, add ? &gateway : &none);
    ways_forget();
    return 0;
}

uint16_t ifconfig_shown_flags[2];

static int change_link(unsigned index, uint32_t flags, uint32_t mtu)
{
    struct netif *n = netif_get_by_index((u8_t)index);

    if (mtu != n->mtu && n != &inet_loop)
        return -EOPNOTSUPP;
    if (flags & IFF_UP)
        netif_set_up(n);
    else
        netif_set_down(n);
    ifconfig_shown_flags[n != &inet_loop] =
        (uint16_t)(flags & (IFF_PROMISC | IFF_ALLMULTI));
    inet_flush();
    return 0;
}

/* ---- for struct netif_ops ---- */

static void enter(void)
{
    inet_enter();
    inet_begin();
    ifconfig_tell_follows(true);
}

static int leave(int err)
{
    inet_leave();
    inet_tell();
    return err;
}

int ifconfig_change_addr(const struct netif_addr *a, bool add)
{
    enter();
    return leave(change_addr(a, add));
}

int ifconfig_change_gateway(const struct netif_route *r, bool add)
{
    enter();
    return leave(change_gateway(r, add));
}

int ifconfig_change_link(unsigned index, uint32_t flags, uint32_t mtu)
{
    enter();
    return leave(change_link(index, flags, mtu));
}

/* ---- for IPv6, which lwIP has no static routes for ---- */

const ip6_addr_t *inet_gateway6(struct netif *n, const ip6_addr_t *dest)
{
    (void)dest;
    if (n != &inet_device || ip6_addr_isany(&ifconfig_gateway6))
        return NULL;
    return &ifconfig_gateway6;
}
