/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * if_abi.h - the structures of netdevice(7): what <linux/if.h>,
 * <linux/if_arp.h> and <linux/route.h> would say, if they did not bring in the
 * C library's headers.
 */
#ifndef NET_IF_ABI_H
#define NET_IF_ABI_H

#include "core/types.h"

#define IFF_UP          0x1u
#define IFF_BROADCAST   0x2u
#define IFF_LOOPBACK    0x8u
#define IFF_POINTOPOINT 0x10u
#define IFF_RUNNING     0x40u
#define IFF_NOARP       0x80u
#define IFF_PROMISC     0x100u
#define IFF_ALLMULTI    0x200u
#define IFF_MULTICAST   0x1000u
#define IFF_SETTABLE    (IFF_UP | IFF_PROMISC | IFF_ALLMULTI)
#define IFF_LOWER_UP    0x10000u /* not in the 16 bits of the ioctls */

#define ARPHRD_ETHER    1
#define ARPHRD_LOOPBACK 772

#define IF_OPER_UNKNOWN 0 /* RFC 2863's states */
#define IF_OPER_DOWN    2
#define IF_OPER_UP      6

#define RTF_UP      0x1u
#define RTF_GATEWAY 0x2u
#define RTF_HOST    0x4u

struct abi_sockaddr_in {
    uint16_t family;
    uint16_t port;
    uint8_t addr[4];
    uint8_t zero[8];
};
_Static_assert(sizeof(struct abi_sockaddr_in) == 16, "struct sockaddr");

struct abi_ifreq {
    char name[16];
    union {
        struct abi_sockaddr_in addr;
        struct {
            uint16_t family;
            uint8_t data[14];
        } hwaddr;
        int16_t flags;
        int32_t value; /* index, metric, MTU, queue length */
        char new_name[16];
        uint8_t map[24];
    };
};
_Static_assert(sizeof(struct abi_ifreq) == 40, "struct ifreq");

struct abi_ifconf {
    int32_t len;
    uint32_t pad;
    uaddr_t buf;
};
_Static_assert(sizeof(struct abi_ifconf) == 16, "struct ifconf");

struct abi_in6_ifreq {
    uint8_t addr[16];
    uint32_t prefix_len;
    int32_t index;
};
_Static_assert(sizeof(struct abi_in6_ifreq) == 24, "struct in6_ifreq");

struct abi_rtentry {
    uint64_t pad1;
    struct abi_sockaddr_in dst, gateway, mask;
    uint16_t flags;
    int16_t pad2;
    uint64_t pad3;
    uint64_t pad4;
    int16_t metric; /* one more than it is */
    uaddr_t dev;
    uint64_t mtu, window;
    uint16_t irtt;
};
_Static_assert(sizeof(struct abi_rtentry) == 120, "struct rtentry");

struct abi_in6_rtmsg {
    uint8_t dst[16], src[16], gateway[16];
    uint32_t type;
    uint16_t dst_len, src_len;
    uint32_t metric;
    uint64_t info;
    uint32_t flags;
    int32_t index;
};
_Static_assert(sizeof(struct abi_in6_rtmsg) == 80, "struct in6_rtmsg");

struct abi_arpreq {
    struct abi_sockaddr_in addr;
    struct {
        uint16_t family;
        uint8_t data[14];
    } hwaddr;
    int32_t flags;
    struct abi_sockaddr_in mask;
    char dev[16];
};
_Static_assert(sizeof(struct abi_arpreq) == 68, "struct arpreq");

#endif
