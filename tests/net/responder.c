/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * responder.c - a guest that is nothing but a network driver: it answers ARP,
 * ping and UDP at 10.73.0.2, so that the driver can be tried, and its cost
 * counted, without protocols or a program.
 *
 * Linked into a kernel of its own in place of process_start_first(); see
 * tools/run-netdev. Answers go out in the buffers that the question came in.
 * UDP to port 7 is echoed, its checksum left to the device if that can; to port
 * 9 it is dropped; to port 17 its bytes' sum is the answer; to port 19 one TCP
 * segment of 32 KiB that the device has to cut up.
 */
#include "abi/config.h"
#include "arch/arch.h"
#include "core/printf.h"
#include "core/string.h"
#include "drivers/console.h"
#include "drivers/netdev.h"
#include "mm/page.h"
#include "process/exec.h"

#define BUDGET      64u
#define CHAIN_MAX   NETDEV_PARTS_MAX
#define DISCARD     9u
#define SUM         17u
#define SEGMENT     19u
#define ETHERNET    14u
#define IP          20u
#define UDP         8u /* header lengths */
#define TCP         20u
#define SEGMENT_LEN 32768u
#define MSS         1448u

NORETURN void __wrap_process_start_first(const struct run_config *config);

static const uint8_t my_ip[4] = { 10, 73, 0, 2 };
static bool has_work;
static paddr_t segment;

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t x = a[i];

        a[i] = b[i];
        b[i] = x;
    }
}

static uint32_t sum(const uint8_t *p, size_t len)
{
    uint32_t s = 0;

    for (size_t i = 0; i < len; i++)
        s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
    return s;
}

static uint16_t fold(uint32_t s)
{
    s = (s & 0xffff) + (s >> 16);
    return (uint16_t)(s + (s >> 16));
}

/* What the device adds the rest to (virtio 1.2, 5.1.6.2). */
static uint16_t pseudo_sum(const uint8_t *ip, unsigned protocol, unsigned len)
{
    return fold(sum(ip + 12, 8) + protocol + len);
}

static void send(struct netdev *dev, struct netbuf *chain,
                 const struct netdev_offload *offload)
{
    struct netdev_part parts[CHAIN_MAX];
    unsigned count = 0;

    for (struct netbuf *b = chain; b && count < CHAIN_MAX; b = b->next)
        parts[count++] = (struct netdev_part){ b->data, b->len };
    if (dev->ops->transmit(dev, parts, count, offload, chain) != 0)
        dev->ops->give_back(dev, chain);
}

static bool answer_arp(struct netdev *dev, uint8_t *f, uint32_t len)
{
    if (len < ETHERNET + 28 || get16(f + 20) != 1 ||
        memcmp(f + 38, my_ip, 4) != 0)
        return false;
    put16(f + 20, 2);
    swap(f + 22, f + 32, 10);
    memcpy(f + 22, dev->mac, 6);
    return true;
}

/* A TCP segment in place of an answer: headers from the question's. */
static void send_segment(struct netdev *dev, struct netbuf *b)
{
    struct netdev_offload offload = { .csum_needed = true,
                                      .csum_start = ETHERNET + IP,
                                      .csum_offset = 16,
                                      .gso = NETDEV_GSO_TCP4,
                                      .gso_size = MSS,
                                      .header_len = ETHERNET + IP + TCP };
    uint8_t *ip = b->data + ETHERNET, *tcp = ip + IP;
    struct netdev_part parts[2];

    memset(tcp + 4, 0, TCP - 4);
    tcp[12] = TCP / 4 << 4;
    tcp[13] = 0x10; /* ACK */
    ip[9] = 6;
    put16(ip + 2, IP + TCP + SEGMENT_LEN);
    put16(ip + 10, 0);
    put16(ip + 10, (uint16_t)~fold(sum(ip, IP)));
    put16(tcp + 16, pseudo_sum(ip, 6, TCP + SEGMENT_LEN));
    parts[0] = (struct netdev_part){ b->data, ETHERNET + IP + TCP };
    parts[1] = (struct netdev_part){ page_ptr(segment), SEGMENT_LEN };
    if (dev->ops->transmit(dev, parts, 2, &offload, b) != 0)
        dev->ops->give_back(dev, b);
}

/* The sum of a datagram's bytes, over all buffers of the frame. */
static uint16_t sum_chain(const struct netbuf *b)
{
    size_t skip = ETHERNET + IP + UDP, at = 0;
    uint32_t s = 0;

    for (; b; b = b->next, skip = 0)
        for (size_t i = skip; i < b->len; i++)
            s += at++ % 2 ? b->data[i] : (uint32_t)b->data[i] << 8;
    return fold(s);
}

/* Cut to an answer of two bytes. */
static void answer_sum(struct netdev *dev, struct netbuf *b)
{
    uint8_t *ip = b->data + ETHERNET, *udp = ip + IP;

    put16(udp + UDP, sum_chain(b));
    put16(udp + 4, UDP + 2);
    put16(ip + 2, IP + UDP + 2);
    put16(ip + 10, 0);
    put16(ip + 10, (uint16_t)~fold(sum(ip, IP)));
    if (b->next)
        dev->ops->give_back(dev, b->next);
    b->next = NULL;
    b->len = ETHERNET + IP + UDP + 2;
}

/* True: the buffers have gone on. */
static bool answer_udp(struct netdev *dev, struct netbuf *b)
{
    uint8_t *ip = b->data + ETHERNET, *udp = ip + IP;
    struct netdev_offload offload = { 0 };
    unsigned port = get16(udp + 2);

    if (port == DISCARD)
        return false;
    swap(ip + 12, ip + 16, 4);
    swap(udp, udp + 2, 2);
    if (port == SEGMENT && b->len >= ETHERNET + IP + TCP) {
        send_segment(dev, b);
        return true;
    }
    if (port == SUM)
        answer_sum(dev, b);
    put16(udp + 6, 0); /* no checksum */
    if (dev->features & NETDEV_TX_CSUM) {
        offload = (struct netdev_offload){ .csum_needed = true,
                                           .csum_start = ETHERNET + IP,
                                           .csum_offset = 6 };
        put16(udp + 6, pseudo_sum(ip, 17, get16(udp + 4)));
    }
    send(dev, b, &offload);
    return true;
}

/* True: the buffers have gone on. */
static bool answer_ip(struct netdev *dev, struct netbuf *b)
{
    struct netdev_offload offload = { 0 };
    uint8_t *ip = b->data + ETHERNET, *p = ip + IP;

    if (b->len < ETHERNET + IP + UDP || ip[0] != 0x45 ||
        memcmp(ip + 16, my_ip, 4) != 0)
        return false;
    if (ip[9] == 17)
        return answer_udp(dev, b);
    if (ip[9] != 1 || p[0] != 8)
        return false;
    p[0] = 0; /* and so the checksum is 0x800 more */
    put16(p + 2, fold(get16(p + 2) + 0x800u));
    swap(ip + 12, ip + 16, 4);
    send(dev, b, &offload);
    return true;
}

static void received(struct netdev *dev, struct netbuf *chain,
                     const struct netdev_offload *offload)
{
    struct netdev_offload none = { 0 };
    uint8_t *f = chain->data;
    unsigned type = get16(f + 12);

    (void)offload;
    memcpy(f, f + 6, 6);
    memcpy(f + 6, dev->mac, 6);
    if (type == 0x800 && answer_ip(dev, chain))
        return;
    if (type == 0x806 && answer_arp(dev, f, chain->len))
        send(dev, chain, &none);
    else
        dev->ops->give_back(dev, chain);
}

static void sent(struct netdev *dev, void *cookie)
{
    dev->ops->give_back(dev, cookie);
}

static void link_changed(struct netdev *dev)
{
    kprintf("link %s", dev->link_up ? "up" : "down");
}

static void pending(struct netdev *dev)
{
    (void)dev;
    has_work = true;
}

static void stop(int signo)
{
    console_power_off(128 + signo);
}

static const struct netdev_events events = { received, sent, link_changed };

void __wrap_process_start_first(const struct run_config *config)
{
    struct netdev *dev = netdev_get();

    (void)config;
    segment = page_alloc_order(3);
    if (!dev || !segment) {
        kprintf("no network device");
        console_power_off(1);
    }
    console_signal_hook = stop;
    netdev_set_pending(pending);
    dev->events = &events;
    if (dev->ops->open(dev) != 0)
        console_power_off(1);
    kprintf("ready mtu %u features %x link %s", dev->mtu, dev->features,
            dev->link_up ? "up" : "down");
    for (;;) {
        unsigned frames = dev->ops->poll(dev, BUDGET);

        dev->ops->flush(dev);
        if (frames > 0 || !dev->ops->arm(dev))
            continue;
        while (!has_work) {
            if (!arch_irq_pending())
                arch_idle();
            arch_irq_poll();
        }
        has_work = false;
    }
}
