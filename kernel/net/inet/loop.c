/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.c - the loopback interface: 127.0.0.0/8 and ::1.
 *
 * What is sent is queued, and delivered when the sender has done with lwIP.
 * The headers are copied, since the receiver changes them and the sender keeps
 * them for sending again; longer payload is lent: a pbuf that points to the
 * sender's, and holds it.
 */
#include "net/inet/loop.h"

#include "core/string.h"
#include "lwip/ip.h"
#include "lwip/pbuf.h"
#include "net/inet/inet.h"
#include "net/netif.h"

#define LOOP_MTU    65535u
#define COPY_MAX    512u /* less is copied */
#define HEADERS_MAX 128u /* IP's and TCP's with options: 40 + 60 */
#define QUEUE_MAX   1024u
#define CHECKS                                              \
    (NETIF_CHECKSUM_CHECK_IP | NETIF_CHECKSUM_CHECK_UDP |   \
     NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_ICMP | \
     NETIF_CHECKSUM_CHECK_ICMP6)

/* Payload that belongs to another pbuf. */
struct lent {
    struct pbuf_custom custom; /* first */
    struct pbuf *owner;        /* referenced */
};

struct netif inet_loop;
struct netif_stats loop_counters;
struct pbuf *loop_queue;
static struct pbuf **queue_end = &loop_queue;
static unsigned queue_count;

static void lent_free(struct pbuf *p)
{
    struct lent *l = (struct lent *)p;

    pbuf_free(l->owner);
    kfree(l);
}

/* A pbuf for the bytes of `p` (of the chain `owner`) from `skip` on. */
static struct pbuf *lend(struct pbuf *owner, const struct pbuf *p,
                         unsigned skip)
{
    struct lent *l = kmalloc(sizeof(*l));
    struct pbuf *out;

    if (!l)
        return NULL;
    l->custom.custom_free_function = lent_free;
    l->owner = owner;
    out = pbuf_alloced_custom(PBUF_RAW, (u16_t)(p->len - skip), PBUF_REF,
                              &l->custom, (uint8_t *)p->payload + skip,
                              (u16_t)(p->len - skip));
    pbuf_ref(owner);
    return out;
}

/* The same packet for the receiver. NULL: out of memory. */
static struct pbuf *copy_of(struct pbuf *p)
{
    unsigned head = p->tot_len <= COPY_MAX ? p->tot_len : HEADERS_MAX;
    struct pbuf *out = pbuf_alloc(PBUF_RAW, (u16_t)head, PBUF_RAM);
    unsigned skip = head;

    if (!out)
        return NULL;
    (void)pbuf_copy_partial(p, out->payload, (u16_t)head, 0);
    for (struct pbuf *q = p; q; q = q->next) {
        struct pbuf *rest;

        if (skip >= q->len) {
            skip -= q->len;
            continue;
        }
        rest = lend(p, q, skip);
        if (!rest) {
            pbuf_free(out);
            return NULL;
        }
        pbuf_cat(out, rest);
        skip = 0;
    }
    return out;
}

static err_t loop_send(struct pbuf *p)
{
    struct pbuf *copy;

    copy = queue_count < QUEUE_MAX ? copy_of(p) : NULL;
    if (!copy) {
        loop_counters.tx_dropped++;
        return ERR_MEM;
    }
    loop_counters.tx_packets++;
    loop_counters.tx_bytes += p->tot_len;
    copy->if_idx = p->if_idx;
    copy->queue_next = NULL;
    *queue_end = copy;
    queue_end = &copy->queue_next;
    queue_count++;
    return ERR_OK;
}

static err_t loop_send4(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
    (void)n;
    (void)to;
    return loop_send(p);
}

static err_t loop_send6(struct netif *n, struct pbuf *p, const ip6_addr_t *to)
{
    (void)n;
    (void)to;
    return loop_send(p);
}

/* lwIP accepts what is for an address of the interface, and 127.0.0.0/8 has
 * more of them than it can have: it has the one that is asked for. */
static void deliver_own(struct pbuf *p)
{
    const struct ip_hdr *h = p->payload;
    ip4_addr_t to;

    ip4_addr_copy(to, h->dest);
    if (IPH_V(h) == 4 && UNLIKELY(ip4_addr_isloopback(&to)))
        ip4_addr_copy(*ip_2_ip4(&inet_loop.ip_addr), to);
    (void)ip_input(p, &inet_loop);
    IP_ADDR4(&inet_loop.ip_addr, 127, 0, 0, 1);
}

/* A device's own multicast, back to those who joined the group there: it has
 * not been where checksums are made. */
static void deliver_of(struct netif *device, struct pbuf *p)
{
    u16_t flags = device->chksum_flags;

    device->chksum_flags &= (u16_t)~CHECKS;
    (void)ip_input(p, device);
    device->chksum_flags = flags;
}

static void deliver(struct pbuf *p)
{
    struct netif *device = netif_get_by_index(p->if_idx);

    if (UNLIKELY(device != NULL))
        deliver_of(device, p);
    else
        deliver_own(p);
}

void loop_deliver_all(void)
{
    while (loop_queue) {
        struct pbuf *p = loop_queue;

        loop_queue = p->queue_next;
        if (!loop_queue)
            queue_end = &loop_queue;
        queue_count--;
        loop_counters.rx_packets++;
        loop_counters.rx_bytes += p->tot_len;
        deliver(p);
    }
}

static err_t loop_init(struct netif *n)
{
    n->name[0] = 'l';
    n->name[1] = 'o';
    n->mtu = LOOP_MTU;
    n->output = loop_send4;
    n->output_ip6 = loop_send6;
    n->flags = NETIF_FLAG_LINK_UP | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    NETIF_SET_CHECKSUM_CTRL(n, NETIF_CHECKSUM_DISABLE_ALL);
    return ERR_OK;
}

void loop_begin(void)
{
    ip4_addr_t addr, mask, none;

    IP4_ADDR(&addr, 127, 0, 0, 1);
    IP4_ADDR(&mask, 255, 0, 0, 0);
    ip4_addr_set_zero(&none);
    netif_add(&inet_loop, &addr, &mask, &none, NULL, loop_init, ip_input);
    IP_ADDR6_HOST(&inet_loop.ip6_addr[0], 0, 0, 0, 1);
    netif_ip6_addr_set_state(&inet_loop, 0, IP6_ADDR_PREFERRED);
    netif_set_up(&inet_loop);
}
