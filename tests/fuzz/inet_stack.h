/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_stack.h - the internet protocols on the host, above inet_fake.h.
 *
 * What:      what is compiled with a test that includes this (tools/run-unit,
 *            tools/run-fuzz), and how a frame gets to the device.
 * Context:   included once, first.
 */
#ifndef TESTS_FUZZ_INET_STACK_H
#define TESTS_FUZZ_INET_STACK_H

/* lwIP shifts bytes into an int's sign, which our compilers define. */
/* unit-flags: -ffreestanding -fno-sanitize=shift-base -Ikernel/net/inet/port
 * -isystem build/lwip/src/include -Ibuild/lwip/src */
/* unit: kernel/fs/inode.c kernel/net/control.c kernel/net/option.c
 * kernel/net/socket.c kernel/net/inet/addr.c kernel/net/inet/conn.c
 * kernel/net/inet/board.c kernel/net/inet/congestion.c kernel/net/inet/cookie.c
 * kernel/net/inet/defer.c kernel/net/inet/device.c kernel/net/inet/disorder.c
 * kernel/net/inet/fast_connect.c kernel/net/inet/fast_open.c
 * kernel/net/inet/fast_option.c kernel/net/inet/dgram.c
 * kernel/net/inet/icmp.c kernel/net/inet/frame_check.c kernel/net/inet/loop.c
 * kernel/net/inet/lock.c kernel/net/inet/option.c kernel/net/inet/ip_option.c
 * kernel/net/inet/icmp6_check.c kernel/net/inet/neighbour.c
 * kernel/net/inet/neighbour_queue.c
 * kernel/net/inet/membership.c kernel/net/inet/membership_filter.c
 * kernel/net/inet/dgram_control.c kernel/net/inet/dgram_error.c
 * kernel/net/inet/dgram_whole.c kernel/net/inet/udp_cork.c
 * kernel/net/inet/port.c kernel/net/inet/predict.c
 * kernel/net/inet/predict_out.c kernel/net/inet/offload.c
 * kernel/net/inet/raw.c kernel/net/inet/raw_option.c
 * kernel/net/inet/resend.c kernel/net/inet/sender.c
 * kernel/net/inet/stack.c kernel/net/inet/tcp.c kernel/net/inet/tcp_check.c
 * kernel/net/inet/tcp_listen.c kernel/net/inet/tcp_option.c
 * kernel/net/inet/tcp_limits.c kernel/net/inet/tcp_urgent.c
 * kernel/net/inet/tcp_receive.c kernel/net/inet/tcp_segment.c
 * kernel/net/inet/tcp_send.c kernel/net/inet/timers.c kernel/net/inet/udp.c
 * tests/fuzz/inet_ip.c tests/fuzz/inet_nd6.c tests/fuzz/inet_below.c
 * build/lwip/src/core/def.c build/lwip/src/core/inet_chksum.c
 * build/lwip/src/core/init.c build/lwip/src/core/ip.c
 * build/lwip/src/core/mem.c build/lwip/src/core/memp.c
 * build/lwip/src/core/netif.c build/lwip/src/core/pbuf.c
 * build/lwip/src/core/stats.c
 * build/lwip/src/core/tcp.c build/lwip/src/core/tcp_in.c
 * build/lwip/src/core/tcp_out.c build/lwip/src/core/udp.c
 * build/lwip/src/core/ipv4/dhcp.c build/lwip/src/core/ipv4/etharp.c
 * build/lwip/src/core/ipv4/igmp.c
 * build/lwip/src/core/ipv4/ip4_addr.c build/lwip/src/core/ipv4/ip4_frag.c
 * build/lwip/src/core/ipv6/ethip6.c
 * build/lwip/src/core/ipv6/inet6.c build/lwip/src/core/ipv6/ip6_addr.c
 * build/lwip/src/core/ipv6/ip6_frag.c build/lwip/src/core/ipv6/mld6.c */
#include "tests/fuzz/inet_fake.h"

#include "net/inet/conn.h"
#include "net/inet/device.h"
#include "net/inet/dgram.h"
#include "net/inet/icmp.h"

static void deliver(const uint8_t *frame, size_t len, size_t split)
{
    struct netdev_offload o = { .csum_valid = true };
    struct netbuf *first = NULL, **end = &first;

    split = MAX(split, (size_t)1);
    for (size_t at = 0; at < len; at += split) {
        struct netbuf *b = calloc(1, sizeof(*b));

        b->len = (uint32_t)MIN(split, len - at);
        b->data = malloc(b->len);
        memcpy(b->data, frame + at, b->len);
        *end = b;
        end = &b->next;
        bufs_out++;
    }
    if (!first)
        return;
    dev.events->received(&dev, first, &o);
    (void)device_poll();
}

#endif
