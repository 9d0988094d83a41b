/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * groups.c - the multicast groups that interfaces have joined, for those who
 * show them. lwIP keeps them, but for one that every IPv6 interface is in.
 */
#include "core/string.h"
#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "net/abi.h"
#include "net/inet/device.h"
#include "net/inet/inet.h"
#include "net/netif.h"

#define TICKS_PER_S 10u /* of IGMP's and MLD's timers */

static void fill_in(struct netif_group *out, unsigned users, unsigned ticks)
{
    out->users = users;
    out->timer_s = (ticks + TICKS_PER_S - 1) / TICKS_PER_S;
}

static bool of_ip4(struct netif *i, unsigned n, struct netif_group *out)
{
    const struct igmp_group *g = netif_igmp_data(i);

    while (g && n-- > 0)
        g = g->next;
    if (!g)
        return false;
    out->family = AF_INET;
    memcpy(out->addr, &g->group_address, sizeof(g->group_address));
    fill_in(out, g->use ? g->use : 1, g->timer);
    return true;
}

static bool of_ip6(struct netif *i, unsigned n, struct netif_group *out)
{
    static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
    const struct mld_group *g = netif_mld6_data(i);

    out->family = AF_INET6;
    if (n == 0) {
        memcpy(out->addr, all_nodes, sizeof(all_nodes));
        fill_in(out, 1, 0);
        return true;
    }
    while (g && --n > 0)
        g = g->next;
    if (!g)
        return false;
    memcpy(out->addr, g->group_address.addr, sizeof(out->addr));
    fill_in(out, g->use, g->timer);
    return true;
}

bool inet_show_group(unsigned index, uint8_t family, unsigned n,
                     struct netif_group *out)
{
    struct netif *i = netif_get_by_index((u8_t)index);

    if (!i)
        return false;
    out->index = index;
    return family == AF_INET ? of_ip4(i, n, out) : of_ip6(i, n, out);
}
