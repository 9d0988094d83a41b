/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * no_dhcp.c - what the rest calls of DHCP, in a kernel without that part: the
 * addresses must be given with --ip.
 */
#include "core/printf.h"
#include "lwip/dhcp.h"

extern const char no_dhcp;
const char no_dhcp = 0; /* what a link asks for */

err_t dhcp_start(struct netif *netif)
{
    (void)netif;
    kprintf("this image's kernel was linked without DHCP: give the guest an "
            "address with --ip, or add DHCP to --calls of samara build");
    return ERR_VAL;
}

void dhcp_network_changed(struct netif *netif)
{
    (void)netif;
}

void dhcp_coarse_tmr(void)
{
}

void dhcp_fine_tmr(void)
{
}

u8_t dhcp_supplied_address(const struct netif *netif)
{
    (void)netif;
    return 0;
}
