/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_input.h - a fuzzer's input, byte by byte, and packets' headers from it.
 *
 * What:      the bytes that are left, and headers that are right but for what
 *            the input changes.
 * Context:   included once.
 */
#ifndef TESTS_FUZZ_INET_INPUT_H
#define TESTS_FUZZ_INET_INPUT_H

#include "tests/fuzz/inet_stack.h"

#include "lwip/inet_chksum.h"
#include "lwip/prot/ethernet.h"
#include "lwip/prot/ieee.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"

#define ETH 14u

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t byte(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

static size_t bytes(struct input *in, uint8_t *out, size_t max)
{
    size_t n = MIN(max, in->left);

    memcpy(out, in->at, n);
    in->at += n;
    in->left -= n;
    return n;
}

static void ethernet(uint8_t *f, unsigned type)
{
    memcpy(f, dev.mac, 6);
    memcpy(f + 6, "\x02\0\0\0\0\1", 6);
    f[12] = (uint8_t)(type >> 8);
    f[13] = (uint8_t)type;
}

/* An IPv4 header with a right checksum; byte by byte it may be changed. */
static size_t header4(uint8_t *f, struct input *in, unsigned protocol,
                      size_t payload_len)
{
    struct ip_hdr h = { 0 };
    uint8_t odd = byte(in);

    ethernet(f, ETHTYPE_IP);
    IPH_VHL_SET(&h, 4, 5);
    IPH_LEN_SET(&h, lwip_htons((u16_t)(IP_HLEN + payload_len)));
    IPH_TTL_SET(&h, 64);
    IPH_PROTO_SET(&h, (u8_t)protocol);
    IPH_ID_SET(&h, 7);
    if (odd & 0x80) /* a fragment */
        IPH_OFFSET_SET(&h, lwip_htons((u16_t)((odd & 0x7f) << 6)));
    h.src.addr = lwip_htonl(0x0a000001);
    h.dest.addr = lwip_htonl(0x0a000002);
    IPH_CHKSUM_SET(&h, inet_chksum(&h, IP_HLEN));
    memcpy(f + ETH, &h, IP_HLEN);
    return ETH + IP_HLEN;
}

static size_t header6(uint8_t *f, struct input *in, unsigned next,
                      size_t payload_len)
{
    struct ip6_hdr h = { 0 };

    ethernet(f, ETHTYPE_IPV6);
    IP6H_VTCFL_SET(&h, 6, 0, 0);
    IP6H_PLEN_SET(&h, (u16_t)payload_len);
    IP6H_NEXTH_SET(&h, (u8_t)next);
    IP6H_HOPLIM_SET(&h, 255);
    h.src.addr[0] = h.dest.addr[0] = PP_HTONL(0xfd000000);
    h.src.addr[3] = PP_HTONL(1);
    h.dest.addr[3] = PP_HTONL(2);
    if (byte(in) & 1) { /* from the router's link-local address, to all */
        h.src.addr[0] = PP_HTONL(0xfe800000);
        h.dest.addr[0] = PP_HTONL(0xff020000);
        h.dest.addr[3] = PP_HTONL(1);
    }
    memcpy(f + ETH, &h, IP6_HLEN);
    return ETH + IP6_HLEN;
}

#endif
