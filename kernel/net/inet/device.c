/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device.c - the network device as an interface of lwIP's.
 *
 * Who looks at the device: a CPU that has nothing to run, before it halts;
 * whoever is about to sleep for a socket or for an epoll instance; and if
 * neither comes to pass, its interrupt. That is asked for when a CPU halts. A
 * program that is served by polling is not interrupted then, and the host need
 * not be asked to: either would cost more than the frame. For a program that
 * computes for long without a call, a timer looks after GUARD_NS, and asks for
 * interrupts as long as nobody polls.
 */
#include "net/inet/device.h"

#include "core/errno.h"
#include "core/panic.h"
#include "core/printf.h"
#include "core/string.h"
#include "drivers/netdev.h"
#include "inet_hooks.h"
#include "lwip/icmp6.h"
#include "lwip/ip.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/prot/tcp.h"
#include "mm/page.h"
#include "net/inet/conn.h"
#include "net/inet/frame_check.h"
#include "net/inet/inet.h"
#include "net/inet/loop.h"
#include "net/inet/neighbour.h"
#include "net/inet/offload.h"
#include "net/inet/timers.h"
#include "net/netif.h"
#include "netif/ethernet.h"
#include "sched/runq.h"
#include "time/clock.h"

#define BUDGET       64u
#define BATCH        16u  /* frames that the device is told of together */
#define WAITING_MAX  512u /* frames that found the device's queue full */
#define WAITING_LEN  (256u << 10) /* ... and bytes of which enough wait */
#define FREE_SHARE   8u           /* of all memory, that copies do not take */
#define GUARD_NS     2000000u
#define SMALL_PART   2048u /* bytes that do not keep ... */
#define SMALL_SHARE  4u    /* ... a buffer of more than so many times that */
#define ETHERNET_LEN SIZEOF_ETH_HDR
#define HEADERS_MAX  256u /* all headers of a frame together */
#define FRAGMENT_S   16u  /* how long fragments are waited for, and more */

struct netif inet_device;
struct netif_stats device_counters;
bool device_full;

static struct {
    struct netdev *dev; /* NULL: there is none */
    struct pbuf *waiting_first, **waiting_end;
    unsigned waiting_count;
    size_t waiting_len;
    bool is_armed;         /* an interrupt will come */
    bool is_idle;          /* ... that was asked for before a CPU halted */
    bool is_polling;       /* within device_poll() */
    unsigned untold_count; /* frames that the device was not told of */
    bool must_tick;        /* the time is not known to lwIP yet */
    bool has_polled;       /* since the guard looked last */
    struct timer guard;
} device;

/* ---- receiving ---- */

_Static_assert(sizeof(struct pbuf_custom) <=
                   sizeof(((struct netbuf *)0)->upper),
               "a pbuf fits into what a driver's buffer has for us");

static void rx_free(struct pbuf *p)
{
    struct netbuf *b = CONTAINER_OF(p, struct netbuf, upper);

    b->next = NULL;
    device.dev->ops->give_back(device.dev, b);
}

static struct pbuf *pbuf_of(struct netbuf *b)
{
    struct pbuf_custom *c = (struct pbuf_custom *)(void *)b->upper;

    c->custom_free_function = rx_free;
    return pbuf_alloced_custom(PBUF_RAW, (u16_t)b->len, PBUF_REF, c, b->data,
                               (u16_t)b->len);
}

/* lwIP reads an IP header before it knows that there is one, and headers from
 * the first pbuf alone. Devices write them so, but need not. NULL: dropped */
static struct pbuf *make_readable(struct pbuf *p)
{
    struct pbuf *whole;

    if (p->len < p->tot_len && p->len < HEADERS_MAX) {
        whole = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
        pbuf_free(p);
        if (!whole)
            return NULL;
        p = whole;
    }
    if (frame_is_sound(p->payload, p->len,
                       netif_ip4_addr(&inet_device)->addr) &&
        !neighbour_has_our_name6(p->payload))
        return p;
    pbuf_free(p);
    return NULL;
}

/* A fragment's header may stand behind others. */
static bool may_be_fragment6(uint8_t next_header)
{
    return next_header != IP6_NEXTH_TCP && next_header != IP6_NEXTH_UDP &&
           next_header != IP6_NEXTH_ICMP6;
}

/* Fragments wait for others, and somebody must give up waiting. A neighbour may
 * say that it is elsewhere now. */
static void look_at(const struct pbuf *p)
{
    const uint8_t *f = p->payload;

    if (f[12] == 0x08 && f[13] == 0x06)
        ways_forget();
    if (p->len < ETHERNET_LEN + IP_HLEN)
        return;
    if ((f[12] == 0x08 && f[13] == 0 &&
         ((f[ETHERNET_LEN + 6] & 0x3f) || f[ETHERNET_LEN + 7])) ||
        (f[12] == 0x86 && f[13] == 0xdd &&
         may_be_fragment6(f[ETHERNET_LEN + 6])))
        timers_link_needed(FRAGMENT_S);
}

/* While there is memory: the device is to have its buffers back whether what
 * came in them is read or not. */
static struct pbuf *copied(struct pbuf *p)
{
    struct pbuf *q = NULL;

    if (page_free_count() > page_total_count() / FREE_SHARE)
        q = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
    if (!q)
        return p;
    pbuf_free(p);
    return q;
}

bool device_is_short(void)
{
    return device.dev && device.dev->is_short;
}

/* A little in a large buffer: better in memory of its own, which whoever does
 * not read it holds. */
static struct pbuf *pbuf_of_part(struct netbuf *b)
{
    struct pbuf *p = pbuf_of(b), *q = NULL;

    if (b->len <= SMALL_PART && b->room > SMALL_SHARE * SMALL_PART)
        q = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
    if (!q)
        return p;
    pbuf_free(p);
    return q;
}

static void received(struct netdev *dev, struct netbuf *chain,
                     const struct netdev_offload *offload)
{
    /* A sum that was right has the addresses and the length of IP in it. */
    const u16_t checks = NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP |
                         NETIF_CHECKSUM_CHECK_IP;
    struct pbuf *p = NULL;
    uint32_t len = 0;

    for (const struct netbuf *b = chain; b; b = b->next)
        len += b->len;
    if (len > UINT16_MAX) { /* more than a pbuf can count */
        device_counters.rx_dropped++;
        device.dev->ops->give_back(device.dev, chain);
        return;
    }
    while (chain) {
        struct netbuf *next = chain->next;
        struct pbuf *q = pbuf_of_part(chain);

        if (p)
            pbuf_cat(p, q);
        else
            p = q;
        chain = next;
    }
    if (UNLIKELY(dev->is_short))
        p = copied(p);
    device_counters.rx_packets++;
    device_counters.rx_bytes += p->tot_len;
    if (device.must_tick)
        inet_tick();
    device.must_tick = false;
    if (offload->csum_valid && !dev->is_short && predict_input(p))
        return;
    p = make_readable(p);
    if (!p) {
        device_counters.rx_dropped++;
        return;
    }
    look_at(p);
    neighbour_frame_from(p->payload);
    if (offload->csum_valid)
        inet_device.chksum_flags &= (u16_t)~checks;
    else
        inet_device.chksum_flags |= checks;
    if (inet_device.input(p, &inet_device) != ERR_OK)
        pbuf_free(p);
}

/* ---- sending ---- */

bool device_cuts(bool is_v6)
{
    return device.dev &&
           (device.dev->features & (is_v6 ? NETDEV_TSO6 : NETDEV_TSO4));
}

err_t inet_ip4_frag(struct pbuf *p, struct netif *n, const ip4_addr_t *dest)
{
    const struct ip_hdr *h = p->payload;

    if (n == &inet_device && device_cuts(false) && IPH_PROTO(h) == IP_PROTO_TCP)
        return n->output(n, p, dest);
    return ip4_frag(p, n, dest);
}

err_t inet_ip6_frag(struct pbuf *p, struct netif *n, const ip6_addr_t *dest)
{
    const struct ip6_hdr *h = p->payload;

    if (n == &inet_device && device_cuts(true) &&
        IP6H_NEXTH(h) == IP6_NEXTH_TCP)
        return n->output_ip6(n, p, dest);
    return ip6_frag(p, n, dest);
}

/* -> as netdev_ops.transmit(). On success the device holds a reference. */
static int transmit(struct pbuf *p, const struct netdev_part *parts,
                    unsigned count, const struct netdev_offload *offload)
{
    int err = device.dev->ops->transmit(device.dev, parts, count, offload, p);

    if (err)
        return err;
    device_counters.tx_packets++;
    device_counters.tx_bytes += p->tot_len;
    device.untold_count++;
    return 0;
}

bool device_send_segment(struct pbuf *p, unsigned tcp_header_len)
{
    struct netdev_part part = { p->payload, p->len };
    struct netdev_offload offload = { 0 };

    if (device.waiting_first)
        return false;
    offload_segment(p, ETHERNET_LEN + IP_HLEN, tcp_header_len, &offload);
    if (transmit(p, &part, 1, &offload))
        return false;
    pbuf_ref(p);
    return true;
}

static int give(struct pbuf *p)
{
    struct netdev_part parts[NETDEV_PARTS_MAX];
    struct netdev_offload offload = { 0 };
    unsigned count = 0;

    for (const struct pbuf *q = p; q; q = q->next)
        if (q->len > 0)
            parts[count++] = (struct netdev_part){ q->payload, q->len };
    if (device.dev->features & NETDEV_TX_CSUM && !(p->flags & INET_PBUF_AS_IS))
        offload_sums(p, &offload);
    return transmit(p, parts, count, &offload);
}

static void sent(struct netdev *dev, void *cookie)
{
    (void)dev;
    pbuf_free(cookie);
}

/* What did not fit into the device's queue before. */
static NOINLINE void give_waiting(void)
{
    while (device.waiting_first) {
        struct pbuf *p = device.waiting_first;
        int err = give(p);

        if (err == -ENOBUFS)
            return;
        device.waiting_first = p->queue_next;
        if (!device.waiting_first)
            device.waiting_end = &device.waiting_first;
        device.waiting_count--;
        device.waiting_len -= p->tot_len;
        if (err)
            pbuf_free(p);
        if (device_full && device.waiting_count <= WAITING_MAX / 2 &&
            device.waiting_len <= WAITING_LEN / 2) {
            device_full = false;
            inet_tell_room();
        }
    }
}

COLD bool device_hold_senders(void)
{
    return device_full |= device.waiting_first != NULL;
}

static void tell(void)
{
    if (device.untold_count == 0)
        return;
    device.untold_count = 0;
    device.dev->ops->flush(device.dev);
    if (device.dev->looks_at_halt)
        runq_halt_soon();
}

/* Nobody will be interrupted: look again some time, whatever the CPU does. */
static void guard_begin(void)
{
    if (device.dev && !device.is_armed && !timer_is_armed(&device.guard))
        timer_arm(&device.guard, clock_mono_ns() + GUARD_NS);
}

/* lwIP's way down. The frame is held, not copied, unless it has too many
 * pieces for the device. */
static err_t send_frame(struct netif *n, struct pbuf *p)
{
    const uint8_t *f = p->payload;
    int err = -ENOBUFS;

    (void)n;
    neighbour_look(f, p->len);
    if (device.dev->features & NETDEV_TX_CSUM && !(p->flags & INET_PBUF_AS_IS))
        way_learn(f, p->len);
    if (pbuf_clen(p) >= NETDEV_PARTS_MAX) {
        p = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
        if (!p)
            return ERR_MEM;
    } else {
        pbuf_ref(p);
    }
    if (UNLIKELY(device.waiting_first))
        give_waiting();
    if (!device.waiting_first)
        err = give(p);
    if (!err)
        return ERR_OK;
    device.is_armed = false; /* it was not for what is sent */
    guard_begin();
    if (err != -ENOBUFS || device.waiting_count >= WAITING_MAX) {
        device_counters.tx_dropped++;
        pbuf_free(p);
        return err == -ENOBUFS ? ERR_MEM : ERR_IF;
    }
    p->queue_next = NULL;
    *device.waiting_end = p;
    device.waiting_end = &p->queue_next;
    device.waiting_count++;
    device.waiting_len += p->tot_len;
    device_full |= device.waiting_count >= WAITING_MAX ||
                   device.waiting_len >= WAITING_LEN;
    tell();
    return ERR_OK;
}

bool device_may_defer(void)
{
    return timer_is_armed(&device.guard);
}

void device_flush(void)
{
    if (device.untold_count >= BATCH || !device_may_defer())
        tell();
}

/* ---- looking ---- */

bool device_poll(void)
{
    unsigned count = 0, n;
    bool was_full = device_full;

    if (!device.dev || device.is_polling)
        return false;
    conn_send_deferred();
    device.is_polling = true;
    device.has_polled = true;
    device.is_armed = false;
    do {
        device.must_tick = true;
        n = device.dev->ops->poll(device.dev, BUDGET);
        count += n;
        if (UNLIKELY(device.waiting_first))
            give_waiting();
        loop_deliver();
    } while (n == BUDGET);
    tell();
    device.is_polling = false;
    if (count > 0)
        timers_link_catch_up();
    return count > 0 || was_full > device_full;
}

static void arm(bool is_idle)
{
    while (!device.is_armed) {
        if (device.dev->ops->arm(device.dev)) {
            device.is_armed = true;
            device.is_idle = is_idle;
        } else {
            (void)device_poll();
        }
    }
}

void device_catch_up(void)
{
    bool was_armed = device.is_armed;

    (void)device_poll();
    if (was_armed)
        arm(device.is_idle);
}

/* The interrupt came, with the kernel lock alone. If it found the CPU at work,
 * nobody polls: the next one is welcome. Else whom it woke will be back, and
 * poll. */
static void pending(struct netdev *dev)
{
    bool was_idle;

    (void)dev;
    inet_enter();
    was_idle = device.is_idle;
    device.is_idle = false;
    (void)device_poll();
    if (!was_idle)
        arm(false);
    else
        guard_begin();
    inet_leave();
}

/* A thread is about to sleep for a socket. Another one may run for long. */
bool device_look(void)
{
    bool has_come = device_poll();

    guard_begin();
    return has_come;
}

static void guard_expired(struct timer *t)
{
    inet_enter();
    conn_send_deferred();
    tell();
    if (!device.is_armed && !device.has_polled) {
        (void)device_poll();
        arm(false);
    } else if (!device.is_armed) {
        device.has_polled = false;
        timer_arm(t, clock_mono_ns() + GUARD_NS);
    }
    inet_leave();
}

static bool poll_and_arm(void)
{
    if (device.is_armed) {
        device.is_idle = true;
        return false;
    }
    /* Whoever slept has looked just now: what came since, arming tells. */
    conn_send_deferred();
    tell();
    while (!device.dev->ops->arm(device.dev))
        if (device_poll())
            return true;
    device.is_armed = true;
    device.is_idle = true;
    return false;
}

/* A CPU has nothing to run and would halt. True: now it may have. */
static bool idle_poll(void)
{
    bool has_come;

    spin_lock(&inet_lock);
    has_come = poll_and_arm();
    spin_unlock(&inet_lock);
    return has_come;
}

/* ---- the interface ---- */

static void link_changed(struct netdev *dev)
{
    if (dev->link_up)
        netif_set_link_up(&inet_device);
    else
        netif_set_link_down(&inet_device);
}

static const struct netdev_events events = {
    .received = received,
    .sent = sent,
    .link_changed = link_changed,
};

static err_t device_init(struct netif *n)
{
    const struct netdev *dev = device.dev;

    n->name[0] = 'e';
    n->name[1] = 'n';
    n->mtu = dev->mtu;
    n->hwaddr_len = sizeof(dev->mac);
    memcpy(n->hwaddr, dev->mac, sizeof(dev->mac));
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
               NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    if (dev->link_up)
        n->flags |= NETIF_FLAG_LINK_UP;
    n->output = neighbour_output4;
    n->output_ip6 = neighbour_output6;
    n->linkoutput = send_frame;
    if (dev->features & NETDEV_TX_CSUM)
        NETIF_SET_CHECKSUM_CTRL(
            n, NETIF_CHECKSUM_ENABLE_ALL &
                   ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP));
    return ERR_OK;
}

bool device_exists(void)
{
    return device.dev;
}

void device_begin(void)
{
    struct netdev *dev = netdev_get();

    if (!dev)
        return;
    dev->events = &events;
    device.waiting_end = &device.waiting_first;
    timer_init(&device.guard, guard_expired);
    if (dev->ops->open(dev)) {
        kprintf("the network interface does not open; going on without");
        return;
    }
    device.dev = dev;
    netif_add_noaddr(&inet_device, NULL, device_init, ethernet_input);
    netif_set_default(&inet_device);
    netdev_set_pending(pending);
    runq_idle_hook = idle_poll;
    wait_look_hook = inet_look;
    guard_begin();
}
