/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifconfig.c - the interfaces' addresses: given by the run configuration, by
 * DHCP, by routers; told to netlink, ioctls and /proc/net.
 */
#include "net/inet/ifconfig.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "core/config.h"
#include "core/errno.h"
#include "core/string.h"
#include "inet_hooks.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/nd6.h"
#include "lwip/priv/nd6_priv.h"
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
#define LO_QUEUE_LEN  1000u
#define LO_MTU        65536u
#define METRIC_ROUTER 1024u /* Linux's for what a router advertised */

static ip_addr_t dns_servers[FAMILIES][DNS_COUNT_MAX];
static struct waitq changed = WAITQ_INIT(changed);
static bool waits_for_dhcp;
static ip6_addr_t static_gateway6;

/* ---- name servers ---- */

static void tell_servers(void)
{
    struct etc_dns dns = { 0 };

    for (unsigned i = 0; i < FAMILIES * DNS_COUNT_MAX; i++) {
        const ip_addr_t *a = &dns_servers[i / DNS_COUNT_MAX][i % DNS_COUNT_MAX];
        bool is_v6 = IP_IS_V6(a);

        if (ip_addr_isany(a) || dns.count == ETC_DNS_MAX)
            continue;
        dns.server[dns.count].family = is_v6 ? AF_INET6 : AF_INET;
        memcpy(dns.server[dns.count++].addr, ip_2_ip6(a)->addr, is_v6 ? 16 : 4);
    }
    if (etc_dns_learnt)
        etc_dns_learnt(&dns);
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
    tell_servers();
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
    memcpy(static_gateway6.addr, router.addr, sizeof(static_gateway6.addr));
    put_zone(&static_gateway6);
}

/* DHCP, a router or somebody here has changed something. */
static void status_changed(struct netif *n)
{
    struct netif_link link;
    struct netif_addr addr;

    (void)n;
    ways_forget();
    if (!ip4_addr_isany_val(*netif_ip4_addr(&inet_device)))
        waits_for_dhcp = false;
    waitq_wake_all(&changed);
    if (netif_notify_link && netif_link(1, &link))
        netif_notify_link(&link, false);
    for (unsigned i = 0; netif_notify_addr && netif_addr(i, &addr); i++)
        if (addr.index == netif_get_index(&inet_device))
            netif_notify_addr(&addr, false);
}

void ifconfig_begin(void)
{
    static char hostname[sizeof(process_current()->hostname)];
    struct config_address a4, a6;
    bool has4 = find(CONFIG_ADDRESS, 4, &a4),
         has6 = find(CONFIG_ADDRESS, 6, &a6);

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
    inet_begin();
    (void)ifconfig_wait();
}

/* ---- told ---- */

static struct netif *nth(unsigned n)
{
    inet_begin();
    if (n == 0)
        return &inet_loop;
    return n == 1 && device_exists() ? &inet_device : NULL;
}

static bool show_link(unsigned n, struct netif_link *out)
{
    const struct netif *i = nth(n);
    bool has_link;

    if (!i)
        return false;
    out->index = netif_get_index(i);
    out->tx_queue_len = LO_QUEUE_LEN;
    has_link = netif_is_link_up(i);
    out->flags = netif_is_up(i) ? IFF_UP : 0;
    if (netif_is_up(i) && has_link)
        out->flags |= IFF_RUNNING | IFF_LOWER_UP;
    if (i == &inet_loop) {
        strlcpy(out->name, "lo", sizeof(out->name));
        out->type = ARPHRD_LOOPBACK;
        out->flags |= IFF_LOOPBACK;
        out->mtu = LO_MTU;
        out->stats = loop_counters;
        return true;
    }
    strlcpy(out->name, "eth0", sizeof(out->name));
    out->type = ARPHRD_ETHER;
    out->flags |= IFF_BROADCAST | IFF_MULTICAST;
    out->mtu = i->mtu;
    memcpy(out->mac, i->hwaddr, sizeof(out->mac));
    out->stats = device_counters;
    return true;
}

static unsigned prefix_of(const ip4_addr_t *mask)
{
    uint32_t inverse = ~lwip_ntohl(mask->addr);

    return inverse ? (unsigned)__builtin_clz(inverse) : 32;
}

static bool show_addr4(const struct netif *i, struct netif_addr *out)
{
    const ip4_addr_t *a = netif_ip4_addr(i);

    if (ip4_addr_isany_val(*a))
        return false;
    out->family = AF_INET;
    out->prefix_len = (uint8_t)prefix_of(netif_ip4_netmask(i));
    out->scope = i == &inet_loop ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    out->flags = IFA_F_PERMANENT;
    if (i == &inet_device && dhcp_supplied_address(i)) {
        const struct dhcp *d = netif_dhcp_data(i);
        uint32_t used_s = d->lease_used * DHCP_COARSE_TIMER_SECS;

        out->flags = 0;
        out->valid_s = out->preferred_s =
            d->offered_t0_lease - MIN(used_s, d->offered_t0_lease);
    }
    memcpy(out->addr, a, sizeof(*a));
    return true;
}

static bool show_addr6(const struct netif *i, s8_t slot, struct netif_addr *out)
{
    const ip6_addr_t *a = netif_ip6_addr(i, slot);
    u8_t state = netif_ip6_addr_state(i, slot);

    if (ip6_addr_isinvalid(state) || ip6_addr_isduplicated(state))
        return false;
    out->family = AF_INET6;
    out->prefix_len = i == &inet_loop ? 128 : 64;
    out->scope = i == &inet_loop           ? RT_SCOPE_HOST
                 : ip6_addr_islinklocal(a) ? RT_SCOPE_LINK
                 : ip6_addr_issitelocal(a) ? RT_SCOPE_SITE
                                           : RT_SCOPE_UNIVERSE;
    out->flags = netif_ip6_addr_isstatic(i, slot) ? IFA_F_PERMANENT : 0;
    if (ip6_addr_istentative(state))
        out->flags |= IFA_F_TENTATIVE;
    if (!netif_ip6_addr_isstatic(i, slot)) {
        out->valid_s = netif_ip6_addr_valid_life(i, slot);
        out->preferred_s = netif_ip6_addr_pref_life(i, slot);
    }
    memcpy(out->addr, a->addr, sizeof(out->addr));
    return true;
}

/* Those of all interfaces in a row, empty places left out. */
static bool show_addr(unsigned n, struct netif_addr *out)
{
    const struct netif *i;

    for (unsigned l = 0; (i = nth(l)) != NULL; l++) {
        for (s8_t slot = -1; slot < LWIP_IPV6_NUM_ADDRESSES; slot++) {
            out->index = netif_get_index(i);
            out->valid_s = out->preferred_s = NETIF_FOREVER;
            if ((slot < 0 ? show_addr4(i, out) : show_addr6(i, slot, out)) &&
                n-- == 0)
                return true;
        }
    }
    return false;
}

static bool show_gateway4(struct netif_route *out)
{
    const ip4_addr_t *g = netif_ip4_gw(&inet_device);

    if (ip4_addr_isany_val(*g))
        return false;
    out->family = AF_INET;
    out->protocol =
        dhcp_supplied_address(&inet_device) ? RTPROT_DHCP : RTPROT_BOOT;
    memcpy(out->gateway, g, sizeof(*g));
    return true;
}

static bool show_gateway6(unsigned n, struct netif_route *out)
{
    out->family = AF_INET6;
    out->metric = METRIC_ROUTER;
    if (!ip6_addr_isany(&static_gateway6) && n-- == 0) {
        out->protocol = RTPROT_BOOT;
        memcpy(out->gateway, static_gateway6.addr, sizeof(out->gateway));
        return true;
    }
    for (unsigned r = 0; r < LWIP_ND6_NUM_ROUTERS; r++) {
        const struct nd6_router_list_entry *e = &default_router_list[r];

        if (!e->neighbor_entry || e->invalidation_timer == 0 || n-- > 0)
            continue;
        out->protocol = RTPROT_RA;
        memcpy(out->gateway, e->neighbor_entry->next_hop_address.addr,
               sizeof(out->gateway));
        return true;
    }
    return false;
}

static bool show_router(unsigned n, struct netif_route *out)
{
    struct netif_route v4 = { 0 };
    bool has_v4;

    if (!nth(1))
        return false;
    out->index = netif_get_index(&inet_device);
    has_v4 = show_gateway4(&v4);
    if (has_v4 && n == 0) {
        v4.index = out->index;
        *out = v4;
        return true;
    }
    return show_gateway6(n - has_v4, out);
}

static bool show_neighbour4(unsigned n, struct netif_neighbour *out)
{
    struct eth_addr *mac;
    struct netif *i;
    ip4_addr_t *a;

    for (size_t slot = 0; slot < ARP_TABLE_SIZE; slot++) {
        if (!etharp_get_entry(slot, &a, &i, &mac) || n-- > 0)
            continue;
        out->index = netif_get_index(i);
        out->family = AF_INET;
        out->state = NUD_REACHABLE;
        memcpy(out->addr, a, sizeof(*a));
        memcpy(out->mac, mac, sizeof(out->mac));
        return true;
    }
    return false;
}

static bool show_neighbour(unsigned n, struct netif_neighbour *out)
{
    struct netif_neighbour v4;
    unsigned count4 = 0;

    if (!nth(1))
        return false;
    if (show_neighbour4(n, out))
        return true;
    while (show_neighbour4(count4, &v4))
        count4++;
    n -= count4;
    for (unsigned slot = 0; slot < LWIP_ND6_NUM_NEIGHBORS; slot++) {
        const struct nd6_neighbor_cache_entry *e = &neighbor_cache[slot];

        if (e->state == ND6_NO_ENTRY || n-- > 0)
            continue;
        out->index = netif_get_index(e->netif);
        out->family = AF_INET6;
        out->state = e->state == ND6_INCOMPLETE  ? NUD_INCOMPLETE
                     : e->state == ND6_REACHABLE ? NUD_REACHABLE
                                                 : NUD_STALE;
        memcpy(out->addr, e->next_hop_address.addr, sizeof(out->addr));
        memcpy(out->mac, e->lladdr, sizeof(out->mac));
        return true;
    }
    return false;
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
            memcmp(static_gateway6.addr, r->gateway, sizeof(r->gateway)) == 0;
        if (is_there == add)
            return add ? -EEXIST : -ESRCH;
        memset(&static_gateway6, 0, sizeof(static_gateway6));
        if (!add)
            return 0;
        memcpy(static_gateway6.addr, r->gateway, sizeof(r->gateway));
        put_zone(&static_gateway6);
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

static int change_link(unsigned index, uint32_t flags, uint32_t mtu)
{
    struct netif *n = netif_get_by_index((u8_t)index);

    if (mtu != n->mtu && n != &inet_loop)
        return -EOPNOTSUPP;
    if (flags & IFF_UP)
        netif_set_up(n);
    else
        netif_set_down(n);
    inet_flush();
    return 0;
}

/* ---- for IPv6, which lwIP has no static routes for ---- */

const ip6_addr_t *inet_gateway6(struct netif *n, const ip6_addr_t *dest)
{
    (void)dest;
    if (n != &inet_device || ip6_addr_isany(&static_gateway6))
        return NULL;
    return &static_gateway6;
}

const struct netif_ops inet_netif_ops = {
    .link = show_link,
    .addr = show_addr,
    .gateway = show_router,
    .neighbour = show_neighbour,
    .group = inet_show_group,
    .change_addr = change_addr,
    .change_gateway = change_gateway,
    .change_link = change_link,
};
