/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * abi.h - the numbers and structures of socket calls that Linux's UAPI headers
 * leave to the C library.
 *
 * What:      constants and layouts as every x86-64 program has them compiled
 *            in; option names and ioctls come from <asm/socket.h>.
 */
#ifndef NET_ABI_H
#define NET_ABI_H

#include <asm/socket.h> /* SOL_SOCKET, SO_* */
#include <linux/socket.h>

#include "core/types.h"

#define AF_UNSPEC  0
#define AF_UNIX    1
#define AF_INET    2
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_PACKET  17

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#define SOL_ICMPV6     58
#define SOL_RAW        255
#define SOCK_TYPE_BITS 0xf /* of socket()'s type; flags above */
#define SOCK_CLOEXEC   02000000
#define SOCK_NONBLOCK  04000

#define SCM_RIGHTS      1
#define SCM_CREDENTIALS 2

#define MSG_OOB          0x1u
#define MSG_PEEK         0x2u
#define MSG_CTRUNC       0x8u
#define MSG_TRUNC        0x20u
#define MSG_DONTWAIT     0x40u
#define MSG_WAITALL      0x100u
#define MSG_ERRQUEUE     0x2000u
#define MSG_MORE         0x8000u
#define MSG_NOSIGNAL     0x4000u
#define MSG_WAITFORONE   0x10000u
#define MSG_FASTOPEN     0x20000000u
#define MSG_CMSG_CLOEXEC 0x40000000u

struct abi_msghdr {
    uaddr_t name;
    uint32_t name_len;
    uint32_t pad;
    uaddr_t iov;
    uint64_t iov_count;
    uaddr_t control;
    uint64_t control_len;
    uint32_t flags;
    uint32_t pad2;
};
_Static_assert(sizeof(struct abi_msghdr) == 56, "struct msghdr");

struct abi_mmsghdr {
    struct abi_msghdr msg;
    uint32_t len;
    uint32_t pad;
};
_Static_assert(sizeof(struct abi_mmsghdr) == 64, "struct mmsghdr");

struct abi_cmsghdr {
    uint64_t len; /* of header and data, without padding */
    int32_t level, type;
};
_Static_assert(sizeof(struct abi_cmsghdr) == 16, "struct cmsghdr");

#endif
