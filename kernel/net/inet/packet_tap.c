/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_tap.c - where frames pass by the sockets that want to see them.
 *
 * While there are such sockets, the device's driver calls these functions in
 * place of the protocols', and the protocols call these in place of the
 * driver's; the loopback's way out likewise. Nobody else asks whether there are
 * any, so frames cost nothing as long as there are none.
 */
#include "core/panic.h"
#include "core/string.h"
#include "net/if_abi.h"
#include "net/inet/device.h"
#include "net/inet/packet.h"
#include "time/clock.h"

#define TYPE_AT        12u   /* where Ethernet's header says what follows */
#define TYPE_LEAST     0x600 /* less is a length, of IEEE 802.3's */
#define LINK_HEADER(n) uint8_t n[PACKET_HEADER_LEN] __attribute__((aligned(2)))

static struct {
    bool is_on;
    struct netdev *dev;
    const struct netdev_ops *ops; /* the driver's */
    const struct netdev_events *events;
    struct netdev_ops tapped_ops;
    struct netdev_events tapped_events;
    netif_output_fn loop4; /* the loopback's */
    netif_output_ip6_fn loop6;
} tap;

/* ---- what a frame is ---- */

/* As eth_type_trans() has it; next: the two bytes behind the header. */
static uint16_t protocol_of(const uint8_t *header, uint16_t next)
{
    uint16_t type = (uint16_t)(header[TYPE_AT] << 8 | header[TYPE_AT + 1]);

    if (type >= TYPE_LEAST)
        return type;
    return next == 0xffff ? ETH_P_802_3 : ETH_P_802_2;
}

static uint8_t type_of(const struct netif *n, const uint8_t *to)
{
    static const uint8_t all[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };

    if (n != &inet_loop && memcmp(to, all, ETH_ALEN) == 0)
        return PACKET_BROADCAST;
    if (to[0] & 1)
        return PACKET_MULTICAST;
    return memcmp(to, n->hwaddr, ETH_ALEN) == 0 ? PACKET_HOST
                                                : PACKET_OTHERHOST;
}

void packet_view_init(struct packet_view *v, struct netif *n,
                      const uint8_t *header, bool is_outgoing)
{
    uint16_t next = 0;

    v->f.start = 0;
    v->f.network = PACKET_HEADER_LEN;
    v->f.has_link = true;
    v->f.has_vlan = false;
    v->f.vlan_tci = v->f.vlan_tpid = 0;
    if (filter_load(&v->f, PACKET_HEADER_LEN, &next, sizeof(next)))
        next = lwip_ntohs(next);
    v->f.protocol = protocol_of(header, next);
    v->f.link_type = n == &inet_loop ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
    v->f.packet_type = is_outgoing ? PACKET_OUTGOING : type_of(n, header);
    v->f.if_index = netif_get_index(n);
    v->f.random = (uint32_t)inet_random();
    v->from = (struct sockaddr_ll){
        .sll_family = AF_PACKET,
        .sll_protocol = lwip_htons(v->f.protocol),
        .sll_ifindex = (int)v->f.if_index,
        .sll_hatype = v->f.link_type,
        .sll_pkttype = v->f.packet_type,
        .sll_halen = ETH_ALEN,
    };
    memcpy(v->from.sll_addr, header + ETH_ALEN, ETH_ALEN);
    v->status = 0;
    v->stamp_ns = clock_real_about_ns();
    v->is_outgoing = is_outgoing;
    v->sender = 0;
}

/* ---- past the sockets ---- */

static bool wants(const struct packet_sock *ps, const struct packet_view *v)
{
    if (ps->number == 0 || (ps->index && ps->index != v->f.if_index))
        return false;
    if (v->is_outgoing)
        return ps->number == ETH_P_ALL && !ps->ignores_outgoing &&
               ps->id != v->sender;
    return ps->number == ETH_P_ALL || ps->number == v->f.protocol;
}

void packet_deliver(struct packet_view *v)
{
    LIST_FOR_EACH(it, &packet_all)
    {
        struct packet_sock *ps = LIST_ENTRY(it, struct packet_sock, all_link);
        uint32_t len;

        if (!wants(ps, v))
            continue;
        v->f.start = ps->s.type == SOCK_DGRAM ? v->f.network : 0;
        len = v->f.end - v->f.start;
        if (ps->s.filter)
            len = MIN(filter_run(ps->s.filter, &v->f), len);
        if (ps->s.filter && len == 0)
            continue;
        if (ps->ring)
            packet_ring_put(ps, v, len);
        else
            packet_queue(ps, v, len);
    }
}

/* ---- the device ---- */

/* A tag between the addresses and the type is told beside the frame: Linux
 * takes it out before anybody looks. parts has room for one more. */
static void take_tag(struct packet_view *v, struct netdev_part *parts,
                     const uint8_t *frame)
{
    const uint32_t skip = TYPE_AT + PACKET_TAG_LEN;
    uint16_t type = (uint16_t)(frame[TYPE_AT] << 8 | frame[TYPE_AT + 1]);

    if ((type != ETH_P_8021Q && type != ETH_P_8021AD) ||
        parts[0].len < skip + 2)
        return;
    for (unsigned n = v->f.part_count; n > 0; n--)
        parts[n] = parts[n - 1];
    parts[0].len = TYPE_AT;
    parts[1].data = frame + skip;
    parts[1].len -= skip;
    v->f.part_count++;
    v->f.end -= PACKET_TAG_LEN;
    v->f.has_vlan = true;
    v->f.vlan_tpid = type;
    v->f.vlan_tci = (uint16_t)(frame[TYPE_AT + 2] << 8 | frame[TYPE_AT + 3]);
    v->f.protocol = (uint16_t)(frame[skip] << 8 | frame[skip + 1]);
    v->from.sll_protocol = lwip_htons(v->f.protocol);
    v->status |= TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID;
}

static void look_at(const struct netbuf *chain,
                    const struct netdev_offload *offload)
{
    struct netdev_part parts[PACKET_PARTS_MAX + 1];
    struct packet_view v = { .f.parts = parts };

    for (const struct netbuf *b = chain; b; b = b->next) {
        if (v.f.part_count == PACKET_PARTS_MAX)
            return;
        parts[v.f.part_count++] = (struct netdev_part){ b->data, b->len };
        v.f.end += b->len;
    }
    if (parts[0].len < PACKET_HEADER_LEN)
        return;
    packet_view_init(&v, &inet_device, parts[0].data, false);
    take_tag(&v, parts, parts[0].data);
    /* The device says that the sum is right, or that there is none yet, by one
     * bit (drivers/netdev.h): who checks sums is to leave it alone. */
    if (offload->csum_valid)
        v.status |= TP_STATUS_CSUMNOTREADY;
    packet_deliver(&v);
}

static void received(struct netdev *dev, struct netbuf *chain,
                     const struct netdev_offload *offload)
{
    look_at(chain, offload);
    tap.events->received(dev, chain, offload);
}

static int transmit(struct netdev *dev, const struct netdev_part *parts,
                    unsigned count, const struct netdev_offload *offload,
                    void *cookie)
{
    const struct pbuf *p = cookie;
    struct packet_view v = { .f.parts = parts, .f.part_count = count };
    int err = tap.ops->transmit(dev, parts, count, offload, cookie);

    if (err || parts[0].len < PACKET_HEADER_LEN)
        return err;
    /* The driver has the frame, and tells that it is done with it no sooner
     * than it is asked. */
    v.f.end = p->tot_len;
    packet_view_init(&v, &inet_device, parts[0].data, true);
    if (offload->csum_needed)
        v.status |= TP_STATUS_CSUMNOTREADY;
    if (p->flags & INET_PBUF_AS_IS)
        v.sender = p->sent_us;
    packet_deliver(&v);
    return 0;
}

/* ---- the loopback ---- */

/* It has no link's header, so one of zeros is put before. What goes out comes
 * in at once. */
static void look_at_own(const struct pbuf *p, bool is_v6)
{
    LINK_HEADER(header) = { 0 };
    struct netdev_part parts[PACKET_PARTS_MAX];
    struct packet_view v = { .f.parts = parts, .f.part_count = 1 };

    if (p->if_idx != NETIF_NO_INDEX)
        return; /* a device's group, back to who joined it */
    header[TYPE_AT] = is_v6 ? 0x86 : 0x08;
    header[TYPE_AT + 1] = is_v6 ? 0xdd : 0;
    parts[0] = (struct netdev_part){ header, sizeof(header) };
    for (const struct pbuf *q = p; q; q = q->next) {
        if (v.f.part_count == PACKET_PARTS_MAX)
            return;
        parts[v.f.part_count++] = (struct netdev_part){ q->payload, q->len };
    }
    v.f.end = PACKET_HEADER_LEN + p->tot_len;
    packet_view_init(&v, &inet_loop, header, true);
    v.status |= TP_STATUS_CSUMNOTREADY;
    packet_deliver(&v);
    packet_view_init(&v, &inet_loop, header, false);
    v.status |= TP_STATUS_CSUMNOTREADY;
    packet_deliver(&v);
}

static err_t loop4(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
    look_at_own(p, false);
    return tap.loop4(n, p, to);
}

static err_t loop6(struct netif *n, struct pbuf *p, const ip6_addr_t *to)
{
    look_at_own(p, true);
    return tap.loop6(n, p, to);
}

err_t packet_loop6(struct pbuf *p)
{
    return (tap.is_on ? tap.loop6 : inet_loop.output_ip6)(&inet_loop, p,
                                                          IP6_ADDR_ANY6);
}

/* ---- standing in the way ---- */

static void begin(void)
{
    tap.loop4 = inet_loop.output;
    tap.loop6 = inet_loop.output_ip6;
    inet_loop.output = loop4;
    inet_loop.output_ip6 = loop6;
    tap.dev = device_exists() ? netdev_get() : NULL;
    if (!tap.dev)
        return;
    tap.ops = tap.dev->ops;
    tap.tapped_ops = *tap.ops;
    tap.tapped_ops.transmit = transmit;
    tap.dev->ops = &tap.tapped_ops;
    tap.events = tap.dev->events;
    tap.tapped_events = *tap.events;
    tap.tapped_events.received = received;
    tap.dev->events = &tap.tapped_events;
}

static void end(void)
{
    inet_loop.output = tap.loop4;
    inet_loop.output_ip6 = tap.loop6;
    if (!tap.dev)
        return;
    tap.dev->ops = tap.ops;
    tap.dev->events = tap.events;
}

void packet_tap_update(void)
{
    bool is_wanted = false;

    LIST_FOR_EACH(it, &packet_all)
    {
        is_wanted |= LIST_ENTRY(it, struct packet_sock, all_link)->number != 0;
    }
    if (is_wanted == tap.is_on)
        return;
    tap.is_on = is_wanted;
    if (is_wanted)
        begin();
    else
        end();
}
