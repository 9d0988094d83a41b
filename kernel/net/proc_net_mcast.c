/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_net_mcast.c - /proc/net/igmp and igmp6: multicast groups.
 */
#include "fs/pseudo.h"
#include "net/abi.h"
#include "net/inet_info.h"
#include "net/netif.h"

#define HZ         100u  /* of the timers shown */
#define GROUP_AUTO 0x0cu /* what Linux has for groups that it needs itself */

static unsigned count_of(unsigned index, uint8_t family)
{
    struct netif_group g;
    unsigned n = 0;

    while (netif_group_of(index, family, n, &g))
        n++;
    return n;
}

static int put_ip4(struct text_file *t, const struct netif_link *l)
{
    struct netif_group g;
    int err = text_printf(t, "%u\t%-10s: %5u %7s\n", l->index, l->name,
                          count_of(l->index, AF_INET), "V3");

    for (unsigned n = 0; !err && netif_group_of(l->index, AF_INET, n, &g); n++)
        err = text_printf(t, "\t\t\t\t%02X%02X%02X%02X %5u %u:%08X\t\t0\n",
                          g.addr[3], g.addr[2], g.addr[1], g.addr[0], g.users,
                          g.timer_s > 0, g.timer_s * HZ);
    return err;
}

int proc_net_show_igmp(struct text_file *t, void *inode)
{
    struct netif_link l;
    int err = text_printf(t, "Idx\tDevice    : Count Querier\tGroup    Users "
                             "Timer\tReporter\n");

    (void)inode;
    for (unsigned n = 0; !err && netif_link(n, &l); n++)
        if (count_of(l.index, AF_INET) > 0)
            err = put_ip4(t, &l);
    return err;
}

static int put_ip6(struct text_file *t, const struct netif_link *l,
                   const struct netif_group *g)
{
    int err = text_printf(t, "%-4u %-15s ", l->index, l->name);

    for (unsigned i = 0; !err && i < 16; i++)
        err = text_printf(t, "%02x", g->addr[i]);
    if (!err)
        err = text_printf(t, " %5u %08X %u\n", g->users, GROUP_AUTO,
                          g->timer_s * HZ);
    return err;
}

int proc_net_show_igmp6(struct text_file *t, void *inode)
{
    struct netif_group g;
    struct netif_link l;
    int err = 0;

    (void)inode;
    for (unsigned i = 0; netif_link(i, &l); i++)
        for (unsigned n = 0; !err && netif_group_of(l.index, AF_INET6, n, &g);
             n++)
            err = put_ip6(t, &l, &g);
    return err;
}
