/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_option.c - SOL_PACKET's options, and ioctls of AF_PACKET sockets.
 *
 * Every frame that comes to the device comes to the guest, so that to be
 * promiscuous, or in a group, needs nothing done: such requests are looked
 * through and taken. Rings to send by, fan-out and headers of virtio's are
 * refused, as a kernel without them does.
 */
#include <asm/ioctls.h>
#include <linux/sockios.h>

#include "core/errno.h"
#include "mm/user.h"
#include "net/inet/packet.h"
#include "time/clock.h"

/* ---- setting ---- */

static int check_membership(uaddr_t value, unsigned len)
{
    struct packet_mreq m;

    if (len < sizeof(m))
        return -EINVAL;
    if (copy_from_user(&m, value, sizeof(m)))
        return -EFAULT;
    if (m.mr_ifindex <= 0 || m.mr_ifindex > (int)UINT8_MAX ||
        !netif_get_by_index((u8_t)m.mr_ifindex))
        return -ENODEV;
    return m.mr_alen > ETH_ALEN ? -EINVAL : 0;
}

static int set_ring(struct packet_sock *ps, uaddr_t value, unsigned len)
{
    struct tpacket_req q;

    if (len < sizeof(q))
        return -EINVAL;
    if (copy_from_user(&q, value, sizeof(q)))
        return -EFAULT;
    return packet_ring_set(ps, &q);
}

static int set_number(struct packet_sock *ps, int name, uint32_t n)
{
    switch (name) {
    case PACKET_AUXDATA:
        ps->wants_aux = n;
        return 0;
    case PACKET_ORIGDEV: /* no interface is part of another */
        ps->wants_origin = n;
        return 0;
    case PACKET_IGNORE_OUTGOING:
        if (n > 1)
            return -EINVAL;
        ps->ignores_outgoing = n;
        return 0;
    case PACKET_QDISC_BYPASS: /* there are none */
        ps->bypasses = n;
        return 0;
    case PACKET_VERSION:
        if (!packet_ring_header_len((int)n))
            return -EINVAL;
        if (ps->ring)
            return -EBUSY;
        ps->version = (int)n;
        return 0;
    case PACKET_RESERVE:
        if (n > UINT16_MAX / 2) /* tp_mac is 16 bits */
            return -EINVAL;
        if (ps->ring)
            return -EBUSY;
        ps->reserve_len = n;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int packet_set_option(struct socket *s, int level, int name, uaddr_t value,
                      unsigned len)
{
    struct packet_sock *ps = packet_of(s);
    uint32_t n;
    int err;

    if (level != SOL_PACKET)
        return -ENOPROTOOPT;
    if (name == PACKET_ADD_MEMBERSHIP || name == PACKET_DROP_MEMBERSHIP)
        return check_membership(value, len);
    if (name == PACKET_RX_RING)
        return set_ring(ps, value, len);
    if (len < sizeof(n))
        return -EINVAL;
    if (user_get32(&n, value))
        return -EFAULT;
    inet_enter();
    err = set_number(ps, name, n);
    inet_leave();
    return err;
}

/* ---- getting ---- */

static struct tpacket_stats take_stats(struct packet_sock *ps)
{
    struct tpacket_stats st;

    inet_enter();
    st = ps->stats;
    ps->stats = (struct tpacket_stats){ 0 };
    inet_leave();
    st.tp_packets += st.tp_drops;
    return st;
}

/* How long a version's header is. */
static int get_header_len(uaddr_t value, unsigned len, int *out)
{
    uint32_t version;

    if (len < sizeof(version))
        return -EINVAL;
    if (user_get32(&version, value))
        return -EFAULT;
    *out = (int)packet_ring_header_len((int)version);
    return *out ? 0 : -EINVAL;
}

static int get_number(const struct packet_sock *ps, int name, int *out)
{
    switch (name) {
    case PACKET_AUXDATA:
        *out = ps->wants_aux;
        return 0;
    case PACKET_ORIGDEV:
        *out = ps->wants_origin;
        return 0;
    case PACKET_IGNORE_OUTGOING:
        *out = ps->ignores_outgoing;
        return 0;
    case PACKET_QDISC_BYPASS:
        *out = ps->bypasses;
        return 0;
    case PACKET_VERSION:
        *out = ps->version;
        return 0;
    case PACKET_RESERVE:
        *out = (int)ps->reserve_len;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int packet_get_option(struct socket *s, int level, int name, uaddr_t value,
                      unsigned *len)
{
    struct packet_sock *ps = packet_of(s);
    struct tpacket_stats st;
    int n, err;

    if (level != SOL_PACKET)
        return -ENOPROTOOPT;
    if (name == PACKET_STATISTICS) {
        st = take_stats(ps);
        *len = MIN(*len, (unsigned)sizeof(st));
        return copy_to_user(value, &st, *len);
    }
    err = name == PACKET_HDRLEN ? get_header_len(value, *len, &n)
                                : get_number(ps, name, &n);
    if (err)
        return err;
    *len = MIN(*len, (unsigned)sizeof(n));
    return copy_to_user(value, &n, *len);
}

/* ---- ioctls ---- */

/* When the frame came that was read last: struct timeval or timespec. */
static long get_stamp(const struct packet_sock *ps, uaddr_t arg, bool is_ns)
{
    uint64_t ns = ps->stamp_ns;
    uint64_t when[2] = { ns / NS_PER_SEC, ns % NS_PER_SEC };

    if (ns == 0)
        return -ENOENT;
    if (!is_ns)
        when[1] /= 1000;
    return copy_to_user(arg, when, sizeof(when)) ? -EFAULT : 0;
}

long packet_ioctl(struct socket *s, unsigned cmd, uaddr_t arg)
{
    const struct packet_sock *ps = packet_of(s);

    switch (cmd) {
    case SIOCOUTQ:
        return user_put32(arg, 0); /* what was sent is the device's */
    case FIONREAD:
        return user_put32(arg, ps->first ? ps->first->len : 0);
    case SIOCGSTAMP_OLD:
    case SIOCGSTAMPNS_OLD:
        return get_stamp(ps, arg, cmd == SIOCGSTAMPNS_OLD);
    default:
        return -ENOTTY; /* netif_ioctl() comes next */
    }
}
