/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_ring.c - PACKET_RX_RING: frames put into memory that the program has
 * mapped, which libpcap takes for granted.
 *
 * Versions 1 and 2 of it: slots of one length, each with a header whose status
 * says whose it is. The pages are there from the beginning; they are written to
 * where the kernel has them, one by one, since they need not lie in order.
 */
#include "core/errno.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "mm/shared.h"
#include "net/inet/packet.h"

#define FREE_SHARE 4u  /* of the memory that is free, what a ring may take */
#define ADDR_ROOM  16u /* that the link's header has, at least */

unsigned packet_ring_header_len(int version)
{
    switch (version) {
    case TPACKET_V1:
        return sizeof(struct tpacket_hdr);
    case TPACKET_V2:
        return sizeof(struct tpacket2_hdr);
    default:
        return 0;
    }
}

/* ---- memory ---- */

static uint64_t offset_of(const struct packet_ring *r, unsigned frame)
{
    return (uint64_t)(frame / r->frames_per_block) * r->block_len +
           (uint64_t)(frame % r->frames_per_block) * r->frame_len;
}

static void write(struct packet_ring *r, uint64_t at, const void *from,
                  uint32_t len)
{
    const uint8_t *bytes = from;

    while (len > 0) {
        uint32_t in_page = (uint32_t)(at & PAGE_MASK);
        uint32_t n = MIN(len, (uint32_t)PAGE_SIZE - in_page);

        memcpy(r->pages[at / PAGE_SIZE] + in_page, bytes, n);
        bytes += n;
        at += n;
        len -= n;
    }
}

/* Frames begin at multiples of 16, so their status is within a page. */
static void *status_at(const struct packet_ring *r, unsigned frame)
{
    uint64_t at = offset_of(r, frame);

    return r->pages[at / PAGE_SIZE] + (at & PAGE_MASK);
}

static uint64_t status_of(const struct packet_sock *ps, unsigned frame)
{
    const void *at = status_at(ps->ring, frame);

    if (ps->version == TPACKET_V1)
        return __atomic_load_n((const uint64_t *)at, __ATOMIC_ACQUIRE);
    return __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE);
}

static void set_status(const struct packet_sock *ps, unsigned frame,
                       uint32_t status)
{
    void *at = status_at(ps->ring, frame);

    if (ps->version == TPACKET_V1)
        __atomic_store_n((uint64_t *)at, status, __ATOMIC_RELEASE);
    else
        __atomic_store_n((uint32_t *)at, status, __ATOMIC_RELEASE);
}

/* ---- filling ---- */

bool packet_ring_has(const struct packet_sock *ps)
{
    const struct packet_ring *r = ps->ring;
    unsigned last = (r->head ? r->head : r->frame_count) - 1;

    return status_of(ps, last) != TP_STATUS_KERNEL;
}

/* Where in a slot the bytes begin, and what follows the link's header. */
static void place(const struct packet_sock *ps, const struct packet_view *v,
                  struct tpacket_auxdata *aux)
{
    unsigned header = TPACKET_ALIGN(packet_ring_header_len(ps->version)) +
                      sizeof(struct sockaddr_ll);
    unsigned link = v->f.network - v->f.start;

    if (ps->s.type == SOCK_DGRAM)
        aux->tp_net =
            (uint16_t)(TPACKET_ALIGN(header) + ADDR_ROOM + ps->reserve_len);
    else
        aux->tp_net = (uint16_t)(TPACKET_ALIGN(header + MAX(link, ADDR_ROOM)) +
                                 ps->reserve_len);
    aux->tp_mac = (uint16_t)(aux->tp_net - link);
}

/* Seconds and nanoseconds, or microseconds in version 1. */
static void put_header(struct packet_sock *ps, const struct packet_view *v,
                       const struct tpacket_auxdata *aux, uint64_t at)
{
    uint32_t s = (uint32_t)(v->stamp_ns / NS_PER_SEC);
    uint32_t ns = (uint32_t)(v->stamp_ns % NS_PER_SEC);
    /* All but the status, which tells the program. */
    struct tpacket2_hdr h2 = { 0,           aux->tp_len,      aux->tp_snaplen,
                               aux->tp_mac, aux->tp_net,      s,
                               ns,          aux->tp_vlan_tci, aux->tp_vlan_tpid,
                               { 0 } };
    struct tpacket_hdr h1 = { 0,           aux->tp_len, aux->tp_snaplen,
                              aux->tp_mac, aux->tp_net, s,
                              ns / 1000 };

    if (ps->version == TPACKET_V1)
        write(ps->ring, at, &h1, sizeof(h1));
    else
        write(ps->ring, at, &h2, sizeof(h2));
    at += TPACKET_ALIGN(packet_ring_header_len(ps->version));
    write(ps->ring, at, &v->from, sizeof(v->from));
}

static bool copy_in(struct packet_ring *r, uint64_t at,
                    const struct packet_view *v, uint32_t len)
{
    uint32_t done = 0;

    while (done < len) {
        uint32_t in_page = (uint32_t)(at & PAGE_MASK);
        uint32_t n = MIN(len - done, (uint32_t)PAGE_SIZE - in_page);

        if (!filter_load(&v->f, v->f.start + done,
                         r->pages[at / PAGE_SIZE] + in_page, n))
            return false;
        done += n;
        at += n;
    }
    return true;
}

void packet_ring_put(struct packet_sock *ps, const struct packet_view *v,
                     uint32_t len)
{
    struct packet_ring *r = ps->ring;
    struct tpacket_auxdata aux = packet_aux(v, len);
    uint64_t at = offset_of(r, r->head);
    unsigned frame = r->head;

    place(ps, v, &aux);
    if (status_of(ps, frame) != TP_STATUS_KERNEL) {
        ps->stats.tp_drops++;
        ps->dropped++;
        waitq_wake_all(&ps->s.readable);
        return;
    }
    if (aux.tp_mac + len > r->frame_len)
        len = aux.tp_mac < r->frame_len ? r->frame_len - aux.tp_mac : 0;
    aux.tp_snaplen = len;
    if (!copy_in(r, at + aux.tp_mac, v, len))
        return;
    put_header(ps, v, &aux, at);
    if (ps->stats.tp_drops)
        aux.tp_status |= TP_STATUS_LOSING;
    r->head = frame + 1 == r->frame_count ? 0 : frame + 1;
    ps->stats.tp_packets++;
    ps->stamp_ns = v->stamp_ns;
    set_status(ps, frame, aux.tp_status);
    waitq_wake_all(&ps->s.readable);
}

/* ---- making and giving up ---- */

static void free_ring(struct packet_ring *r)
{
    for (unsigned n = 0; r->pages && n < r->page_count; n++)
        if (r->pages[n])
            page_put(page_pa(r->pages[n]));
    kfree(r->pages);
    if (r->object)
        r->object->ops->unref(r->object);
    kfree(r);
}

static int fill_ring(struct packet_ring *r)
{
    paddr_t pa;

    r->pages = kzalloc(r->page_count * sizeof(r->pages[0]));
    r->object = shared_create(r->page_count);
    if (!r->pages || !r->object)
        return -ENOMEM;
    for (unsigned n = 0; n < r->page_count; n++) {
        int err = r->object->ops->page(r->object, n, true, &pa);

        if (err)
            return err;
        r->pages[n] = page_ptr(pa);
    }
    return 0;
}

static int check(const struct packet_sock *ps, const struct tpacket_req *q)
{
    unsigned least = TPACKET_ALIGN(packet_ring_header_len(ps->version)) +
                     sizeof(struct sockaddr_ll) + ps->reserve_len;
    unsigned in_block;

    if ((int)q->tp_block_size <= 0 || q->tp_block_size & PAGE_MASK ||
        q->tp_frame_size < least || q->tp_frame_size & (TPACKET_ALIGNMENT - 1))
        return -EINVAL;
    in_block = q->tp_block_size / q->tp_frame_size;
    if (in_block == 0 || in_block > UINT32_MAX / q->tp_block_nr ||
        in_block * q->tp_block_nr != q->tp_frame_nr)
        return -EINVAL;
    if ((uint64_t)q->tp_block_size / PAGE_SIZE * q->tp_block_nr >
        page_free_count() / FREE_SHARE)
        return -ENOMEM;
    return 0;
}

static int make(const struct packet_sock *ps, const struct tpacket_req *q,
                struct packet_ring **out)
{
    struct packet_ring *r;
    int err = check(ps, q);

    if (err)
        return err;
    r = kzalloc(sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->block_len = q->tp_block_size;
    r->frame_len = q->tp_frame_size;
    r->frame_count = q->tp_frame_nr;
    r->frames_per_block = q->tp_block_size / q->tp_frame_size;
    r->page_count = (unsigned)(q->tp_block_size / PAGE_SIZE * q->tp_block_nr);
    err = fill_ring(r);
    if (err)
        free_ring(r);
    else
        *out = r;
    return err;
}

int packet_ring_set(struct packet_sock *ps, const struct tpacket_req *q)
{
    struct packet_ring *r = NULL;
    int err;

    if (ps->ring && !list_is_empty(&ps->ring->object->mappings))
        return -EBUSY;
    if (q->tp_block_nr && ps->ring)
        return -EBUSY;
    if (!q->tp_block_nr && q->tp_frame_nr)
        return -EINVAL;
    if (q->tp_block_nr) {
        err = make(ps, q, &r);
        if (err)
            return err;
    }
    inet_enter();
    packet_ring_drop(ps);
    packet_queue_drop(ps);
    ps->ring = r;
    inet_leave();
    return 0;
}

void packet_ring_drop(struct packet_sock *ps)
{
    if (ps->ring)
        free_ring(ps->ring);
    ps->ring = NULL;
}

int packet_mmap(struct file *f, int prot, int flags, struct vm_object **out)
{
    struct socket *s = socket_of(f);

    (void)prot;
    (void)flags;
    if (s->family != AF_PACKET)
        return -ENODEV;
    if (!packet_of(s)->ring)
        return -EINVAL;
    *out = packet_of(s)->ring->object;
    return 0;
}
