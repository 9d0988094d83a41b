/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * offload.c - what of a frame the device does: sums, and cutting up.
 */
#include "net/inet/offload.h"

#include "lwip/prot/ethernet.h"
#include "lwip/prot/ieee.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/tcp.h"
#include "lwip/prot/udp.h"
#include "net/inet/device.h"
#include "net/inet/dgram.h"

#define ETHERNET_LEN SIZEOF_ETH_HDR

/* Where the transport header begins; 0: nothing for the device to sum. */
static unsigned transport_of(const uint8_t *f, unsigned len, uint8_t *protocol)
{
    unsigned type = (unsigned)f[12] << 8 | f[13];
    const uint8_t *ip = f + ETHERNET_LEN;

    if (type == ETHTYPE_IP && len >= ETHERNET_LEN + IP_HLEN) {
        if ((ip[6] & 0x3f) || ip[7])
            return 0; /* a fragment: the sum was made before */
        *protocol = ip[9];
        return ETHERNET_LEN + 4u * (ip[0] & 0xf);
    }
    if (type == ETHTYPE_IPV6 && len >= ETHERNET_LEN + IP6_HLEN) {
        *protocol = ip[6];
        return ETHERNET_LEN + IP6_HLEN;
    }
    return 0;
}

/* The sum of the pseudo header, to which the device adds the rest. */
static uint16_t pseudo_sum(const uint8_t *f, uint8_t protocol, unsigned len)
{
    const uint8_t *ip = f + ETHERNET_LEN;
    bool is_v4 = f[12] == 0x08;
    const uint8_t *addrs = ip + (is_v4 ? 12 : 8);
    uint64_t sum = (uint64_t)lwip_htons((uint16_t)len) + lwip_htons(protocol);
    uint32_t word;

    for (unsigned i = 0; i < (is_v4 ? 8u : 32u); i += sizeof(word)) {
        __builtin_memcpy(&word, addrs + i, sizeof(word));
        sum += word;
    }
    return offload_fold(sum);
}

void offload_segment(const struct pbuf *p, unsigned at, unsigned header_len,
                     struct netdev_offload *o)
{
    const uint8_t *f = p->payload;

    o->csum_needed = true;
    o->csum_start = (uint16_t)at;
    o->csum_offset = offsetof(struct tcp_hdr, chksum);
    o->header_len = (uint16_t)(at + header_len);
    /* lwIP has cut something off the front: what is left is large, too. */
    if (p->tot_len - ETHERNET_LEN <= inet_device.mtu)
        return;
    o->gso = f[12] == 0x08 ? NETDEV_GSO_TCP4 : NETDEV_GSO_TCP6;
    o->gso_size =
        p->flags & INET_PBUF_GSO
            ? p->gso_size
            : (uint16_t)(inet_device.mtu + ETHERNET_LEN - o->header_len);
}

void offload_sums(struct pbuf *p, struct netdev_offload *o)
{
    uint8_t *f = p->payload, protocol = 0;
    unsigned at = transport_of(f, p->len, &protocol), field;
    uint16_t sum;

    if (protocol == IP_PROTO_TCP)
        field = offsetof(struct tcp_hdr, chksum);
    else if (protocol == IP_PROTO_UDP)
        field = offsetof(struct udp_hdr, chksum);
    else
        return;
    if (at == 0 || p->len < at + field + sizeof(sum))
        return;
    sum = pseudo_sum(f, protocol, p->tot_len - at);
    __builtin_memcpy(f + at + field, &sum, sizeof(sum));
    if (protocol == IP_PROTO_TCP) {
        offload_segment(p, at, 4u * (f[at + 12] >> 4), o);
        return;
    }
    o->csum_needed = true;
    o->csum_start = (uint16_t)at;
    o->csum_offset = (uint16_t)field;
}
