/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * neighbour.c - what lwIP is to believe of neighbours, and whom it asks for.
 *
 * A SYN from an address on the link that nobody has is answered, so its sender
 * is asked for. lwIP's tables have few rows, and the neighbour that was heard
 * of longest ago gives way to the one that is asked for: a flood of such SYNs,
 * which may come from far away, has all of them forgotten before their own
 * answers come. So while many are asked for, what answers a packet at once goes
 * to the hardware address that the packet came from, and nobody is asked.
 *
 * Those who ask for us have rows of the table, too, but not all of them. IPv6's
 * keeps routers, and who is known to be reachable, by itself.
 */
#include "net/inet/neighbour.h"

#include "core/string.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/ip.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/prot/etharp.h"
#include "lwip/prot/iana.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/nd6.h"
#include "lwip/sys.h"
#include "net/inet/device.h"
#include "net/inet/timers.h"
#include "netif/ethernet.h"

#define ASKED_MAX 8u /* in so much time: more is a flood */
#define ASKED_MS  1000u
#define ARP_S     6u

/* ---- whom to ask for ---- */

static struct {
    struct eth_addr source; /* of the frame that is being received */
    uint32_t since_ms;
    unsigned count; /* asked for since, or would have been */
} asked;

void neighbour_frame_from(const uint8_t *ethernet_header)
{
    __builtin_memcpy(&asked.source, ethernet_header + ETH_HWADDR_LEN,
                     ETH_HWADDR_LEN);
}

static COLD void count_asked(void)
{
    uint32_t now_ms = sys_now();

    if (now_ms - asked.since_ms >= ASKED_MS) {
        /* A flood that goes on is one at once. */
        asked.count =
            asked.count >= ASKED_MAX && now_ms - asked.since_ms < 2 * ASKED_MS
                ? ASKED_MAX - 1
                : 0;
        asked.since_ms = now_ms;
    }
    asked.count++;
}

/* ARP, or ICMPv6's neighbour solicitation: to be repeated if none answers. */
static bool asks_for_neighbour(const uint8_t *f, unsigned len)
{
    const unsigned type = SIZEOF_ETH_HDR + IP6_HLEN;

    if (f[12] == 0x08)
        return f[13] == 0x06;
    return f[12] == 0x86 && len > type && f[SIZEOF_ETH_HDR + 6] == 58 &&
           f[type] == ICMP6_TYPE_NS;
}

void neighbour_look(const uint8_t *f, unsigned len)
{
    if (LIKELY(!asks_for_neighbour(f, len)))
        return;
    timers_link_needed(ARP_S);
    count_asked();
}

static bool is_flood(void)
{
    return UNLIKELY(asked.count >= ASKED_MAX) &&
           sys_now() - asked.since_ms < 2 * ASKED_MS;
}

/* Send it to where the frame came from that it answers, if it does. */
static COLD err_t send_back(struct netif *n, struct pbuf *p, uint16_t type)
{
    count_asked();
    return ethernet_output(n, p, (const struct eth_addr *)n->hwaddr,
                           &asked.source, type);
}

static bool answers_device(void)
{
    return ip_current_input_netif() == &inet_device;
}

static bool is_known4(struct netif *n, const ip4_addr_t *to)
{
    const ip4_addr_t *found;
    struct eth_addr *at;

    return etharp_find_addr(n, to, &at, &found) >= 0;
}

static bool is_known6(const ip6_addr_t *to)
{
    for (unsigned i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++)
        if (neighbor_cache[i].state > ND6_INCOMPLETE &&
            ip6_addr_cmp(to, &neighbor_cache[i].next_hop_address))
            return true;
    return false;
}

err_t neighbour_output4(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
    if (UNLIKELY(is_flood()) && answers_device() && !ip_current_is_v6() &&
        ip4_addr_cmp(to, ip4_current_src_addr()) && !is_known4(n, to))
        return send_back(n, p, ETHTYPE_IP);
    return etharp_output(n, p, to);
}

/* To lwIP "::", whom errors about packets from nowhere would go to, is a free
 * row of its table, and what waits there waits for ever. */
err_t neighbour_output6(struct netif *n, struct pbuf *p, const ip6_addr_t *to)
{
    if (UNLIKELY(ip6_addr_isany(to)))
        return ERR_RTE;
    if (UNLIKELY(is_flood()) && answers_device() && ip_current_is_v6() &&
        ip6_addr_cmp(to, ip6_current_src_addr()) && !is_known6(to))
        return send_back(n, p, ETHTYPE_IPV6);
    return ethip6_output(n, p, to);
}

/* ---- who asks for us ---- */

/* Whoever asks for us gets a row of lwIP's table in place of the one heard of
 * longest ago, which may be the router's. So strangers have half of them, until
 * those are forgotten by their age. */
static bool is_room_for_strangers(void)
{
    struct eth_addr *at;
    struct netif *n;
    ip4_addr_t *a;
    unsigned used = 0;

    for (size_t i = 0; i < ARP_TABLE_SIZE; i++)
        used += (unsigned)etharp_get_entry(i, &a, &n, &at);
    return used < ARP_TABLE_SIZE / 2;
}

static bool asks_for_us(const struct etharp_hdr *h, const struct netif *n)
{
    return h->opcode == PP_HTONS(ARP_REQUEST) &&
           h->hwtype == PP_HTONS(LWIP_IANA_HWTYPE_ETHERNET) &&
           h->proto == PP_HTONS(ETHTYPE_IP) && h->hwlen == ETH_HWADDR_LEN &&
           h->protolen == sizeof(ip4_addr_t) &&
           !ip4_addr_isany_val(*netif_ip4_addr(n)) &&
           memcmp(&h->dipaddr, netif_ip4_addr(n), sizeof(ip4_addr_t)) == 0;
}

static COLD void answer(const struct etharp_hdr *question, struct netif *n)
{
    struct pbuf *p = pbuf_alloc(PBUF_LINK, SIZEOF_ETHARP_HDR, PBUF_RAM);
    struct etharp_hdr *h;

    if (!p)
        return;
    h = p->payload;
    *h = *question;
    h->opcode = PP_HTONS(ARP_REPLY);
    h->dhwaddr = question->shwaddr;
    h->dipaddr = question->sipaddr;
    __builtin_memcpy(&h->shwaddr, n->hwaddr, ETH_HWADDR_LEN);
    h->sipaddr = question->dipaddr;
    (void)ethernet_output(n, p, &h->shwaddr, &h->dhwaddr, ETHTYPE_ARP);
    pbuf_free(p);
}

/* lwIP makes no row for who speaks to somebody else, and keeps those up to date
 * that there are. Sockets may hold the frame, too, and read it later. */
static COLD void hear(struct pbuf *p, struct netif *n)
{
    struct etharp_hdr *h = p->payload;
    const struct ip4_addr_wordaligned to = h->dipaddr;

    pbuf_ref(p);
    memset(&h->dipaddr, 0, sizeof(h->dipaddr));
    etharp_input(p, n);
    h->dipaddr = to;
    pbuf_free(p);
}

/* Nobody is believed what he was not asked for (Linux's arp_accept of 0). */
void inet_arp_input(struct pbuf *p, struct netif *n)
{
    const struct etharp_hdr *h = p->payload;
    bool is_for_us = asks_for_us(h, n);

    if (is_for_us && is_room_for_strangers()) {
        etharp_input(p, n);
        return;
    }
    if (is_for_us)
        answer(h, n);
    hear(p, n);
}

/* ---- what to believe ---- */

static void address_at(const struct pbuf *p, size_t at, ip6_addr_t *out,
                       const struct netif *inp)
{
    ip6_addr_p_t packed = { { 0 } };

    (void)pbuf_copy_partial(p, &packed, sizeof(packed), (u16_t)at);
    ip6_addr_copy_from_packed(*out, packed);
    ip6_addr_assign_zone(out, IP6_UNICAST, inp);
}

static bool is_ours(const ip6_addr_t *a, const struct netif *inp)
{
    for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(inp, i)) &&
            ip6_addr_cmp(a, netif_ip6_addr(inp, i)))
            return true;
    return false;
}

/* Nobody else has our addresses, as for IPv4 (frame_check.c). One that is not
 * known to be ours yet may be another's, who tells so in its name. */
bool neighbour_has_our_name6(const uint8_t *frame)
{
    const uint8_t *packet = frame + SIZEOF_ETH_HDR;
    ip6_addr_p_t packed;
    ip6_addr_t from, to;

    if (LIKELY(frame[12] != 0x86 || frame[13] != 0xdd))
        return false;
    __builtin_memcpy(&packed, packet + offsetof(struct ip6_hdr, src),
                     sizeof(packed));
    ip6_addr_copy_from_packed(from, packed);
    ip6_addr_assign_zone(&from, IP6_UNICAST, &inet_device);
    __builtin_memcpy(&packed, packet + offsetof(struct ip6_hdr, dest),
                     sizeof(packed));
    ip6_addr_copy_from_packed(to, packed);
    return ip6_addr_isloopback(&from) || ip6_addr_isloopback(&to) ||
           is_ours(&from, &inet_device);
}

/* Our own question whether somebody has an address, which a hub gives back: no
 * other host wants it (RFC 4862, 5.4.3). */
static bool is_own_question(const struct netif *inp)
{
    return ip6_addr_isany(ip6_current_src_addr()) &&
           memcmp(&asked.source, inp->hwaddr, ETH_HWADDR_LEN) == 0;
}

/* Somebody has an address that is ours since nobody objected to it. lwIP would
 * give it up for good. */
static bool claims_ours(const struct pbuf *p, const struct netif *inp)
{
    ip6_addr_t target;

    address_at(p, offsetof(struct na_header, target_address), &target, inp);
    return is_ours(&target, inp);
}

static const struct nd6_destination_cache_entry *way_to(const ip6_addr_t *to)
{
    for (unsigned i = 0; i < LWIP_ND6_NUM_DESTINATIONS; i++)
        if (ip6_addr_cmp(to, &destination_cache[i].destination_addr))
            return &destination_cache[i];
    return NULL;
}

/* RFC 4861, 8.1: only who is the first hop now may name another, and what that
 * is has a form. */
static bool is_wrong_redirect(const struct pbuf *p, const struct netif *inp)
{
    const struct nd6_destination_cache_entry *way;
    ip6_addr_t to, target;

    address_at(p, offsetof(struct redirect_header, destination_address), &to,
               inp);
    address_at(p, offsetof(struct redirect_header, target_address), &target,
               inp);
    way = way_to(&to);
    return !way || !ip6_addr_cmp(&way->next_hop_addr, ip6_current_src_addr()) ||
           (!ip6_addr_islinklocal(&target) && !ip6_addr_cmp(&target, &to));
}

/* RFC 8201, 4: less than any link has, or more than is known already; or about
 * a packet that is none of ours. */
static bool is_wrong_mtu(const struct pbuf *p, const struct netif *inp)
{
    const size_t quoted = sizeof(struct icmp6_hdr);
    const struct nd6_destination_cache_entry *way;
    ip6_addr_t from, to;
    uint32_t mtu = 0;

    (void)pbuf_copy_partial(p, &mtu, sizeof(mtu),
                            offsetof(struct icmp6_hdr, data));
    mtu = lwip_ntohl(mtu);
    address_at(p, quoted + offsetof(struct ip6_hdr, src), &from, inp);
    address_at(p, quoted + offsetof(struct ip6_hdr, dest), &to, inp);
    way = way_to(&to);
    return !way || mtu < IP6_MIN_MTU_LENGTH || mtu >= way->pmtu ||
           !is_ours(&from, inp);
}

bool neighbour_is_forged(const struct pbuf *p, const struct netif *inp)
{
    switch (*(const uint8_t *)p->payload) {
    case ICMP6_TYPE_NS:
        return is_own_question(inp);
    case ICMP6_TYPE_NA:
        return claims_ours(p, inp);
    case ICMP6_TYPE_RD:
        return is_wrong_redirect(p, inp);
    case ICMP6_TYPE_PTB:
        return is_wrong_mtu(p, inp);
    default:
        return false;
    }
}
