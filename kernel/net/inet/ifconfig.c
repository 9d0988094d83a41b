/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifconfig.c - addresses, routes and servers: given, and told.
 */
#include "core/string.h"
#include "inet_hooks.h"
#include "net/inet/inet.h"

#define DNS_COUNT_MAX 3u

static ip_addr_t dns_servers[DNS_COUNT_MAX];

void dns_setserver(u8_t index, const ip_addr_t *server)
{
    if (index >= DNS_COUNT_MAX)
        return;
    if (server)
        dns_servers[index] = *server;
    else
        memset(&dns_servers[index], 0, sizeof(dns_servers[index]));
}

const ip_addr_t *dns_getserver(u8_t index)
{
    return index < DNS_COUNT_MAX ? &dns_servers[index] : IP_ADDR_ANY;
}
