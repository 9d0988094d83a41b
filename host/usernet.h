/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usernet.h - what the command and samara-net, the user-mode network, agree on.
 *
 * What:      samara-net SOCKET [PROTOCOL,ADDRESS,PORT,GUEST_PORT]...
 *            SOCKET is a descriptor's number: one end of a pair of
 *            SOCK_SEQPACKET. The first message is samara-net's own: one byte
 *            USERNET_READY once all ports listen, or a text that says why not,
 *            and then it ends. All others are frames behind a struct
 *            virtio_net_hdr_v1. It ends when the other end is closed.
 * Units:     addresses as text; the guest has the ones below, whatever else it
 *            calls its own is not reached.
 */
#ifndef HOST_USERNET_H
#define HOST_USERNET_H

#define USERNET_READY    '+'
#define USERNET_TEXT_MAX 256u

/* The customary ones of such networks: QEMU's, slirp's. */
#define USERNET_NETWORK   "10.0.2.0"
#define USERNET_MASK      "255.255.255.0"
#define USERNET_PREFIX    24u
#define USERNET_GUEST     "10.0.2.15"
#define USERNET_GATEWAY   "10.0.2.2" /* also: this host's loopback */
#define USERNET_DNS       "10.0.2.3" /* this host's name server */
#define USERNET_NETWORK_6 "fec0::"
#define USERNET_PREFIX_6  64u
#define USERNET_GUEST_6   "fec0::15"
#define USERNET_GATEWAY_6 "fec0::2"
#define USERNET_DNS_6     "fec0::3"

/* Nothing between the two has a limit of its own, so that segments are as long
 * as IP and slirp (65,521) let them be. */
#define USERNET_MTU 65520u

#endif
