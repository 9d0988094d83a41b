/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink_fuzz.c - any bytes as a program's requests of netlink: nothing is
 * read beyond them, and what comes back is made of whole messages.
 *
 * The first byte says which options the socket has and whether it is root's.
 * Interfaces and addresses are invented, and changes to them always work.
 */
/* unit: kernel/net/nl_reply.c kernel/net/nl_request.c kernel/net/rtnetlink.c
 * kernel/net/rt_show.c kernel/net/rt_change.c kernel/net/netif.c
 * kernel/net/sock_diag.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mm/heap.h"
#include "net/if_abi.h"
#include "net/inet_info.h"
#include "net/netlink.h"
#include "sched/process.h"

#define LINKS 2u
#define ADDRS 5u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct thread *thread_current_ptr;
static struct process process;
static struct thread thread = { .process = &process };

void *kmalloc(size_t len)
{
    return malloc(len);
}

void kfree(void *p)
{
    free(p);
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    size_t len = strlen(from);

    if (size) {
        size_t n = len < size ? len : size - 1;

        memcpy(to, from, n);
        to[n] = '\0';
    }
    return len;
}

void panic(const char *format, ...)
{
    (void)format;
    abort();
}

void socket_wake(struct socket *s)
{
    (void)s;
}

/* ---- the interfaces ---- */

static bool fake_link(unsigned n, struct netif_link *out)
{
    if (n >= LINKS)
        return false;
    out->index = n + 1;
    strlcpy(out->name, n == 0 ? "lo" : "eth0", sizeof(out->name));
    out->flags = n == 0 ? IFF_UP | IFF_LOOPBACK : IFF_UP | IFF_LOWER_UP;
    out->mtu = 1500;
    return true;
}

static bool fake_addr(unsigned n, struct netif_addr *out)
{
    if (n >= ADDRS)
        return false;
    out->index = n < 2 ? 1 : 2;
    out->family = n % 2 ? AF_INET6 : AF_INET;
    out->prefix_len = (uint8_t)(n * 7 + 1); /* within IPv4's 32 */
    out->scope = n < 2 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    memset(out->addr, (int)n, sizeof(out->addr));
    return true;
}

static bool fake_gateway(unsigned n, struct netif_route *out)
{
    out->index = 2;
    out->family = n % 2 ? AF_INET6 : AF_INET;
    out->gateway[0] = (uint8_t)n;
    return n < 2;
}

static bool fake_neighbour(unsigned n, struct netif_neighbour *out)
{
    out->index = 2;
    out->family = n % 2 ? AF_INET6 : AF_INET;
    out->state = (uint16_t)(1u << n);
    return n < 8;
}

/* What is changed has been checked. */
static int fake_change_addr(const struct netif_addr *a, bool add)
{
    if ((a->family != AF_INET && a->family != AF_INET6) ||
        a->prefix_len > 8 * netif_addr_len(a->family))
        abort();
    (void)add;
    return 0;
}

static int fake_change_gateway(const struct netif_route *r, bool add)
{
    if ((r->family != AF_INET && r->family != AF_INET6) || r->dst_len != 0 ||
        !r->has_gateway || (add && (r->index == 0 || r->index > LINKS)))
        abort();
    return 0;
}

static int fake_change_link(unsigned index, uint32_t flags, uint32_t mtu)
{
    (void)flags, (void)mtu;
    if (index == 0 || index > LINKS)
        abort();
    return 0;
}

const struct netif_ops inet_netif_ops = {
    .link = fake_link,
    .addr = fake_addr,
    .gateway = fake_gateway,
    .neighbour = fake_neighbour,
    .change_addr = fake_change_addr,
    .change_gateway = fake_change_gateway,
    .change_link = fake_change_link,
};

void inet_for_each(bool (*each)(const struct inet_info *s, void *arg),
                   void *arg)
{
    struct inet_info s = { .local_port = 80 };

    for (unsigned i = 0; i < 60; i++) {
        s.family = i % 2 ? AF_INET6 : AF_INET;
        s.type = (uint8_t)(1 + i % 3);
        s.state = (uint8_t)(1 + i % 11);
        if (!each(&s, arg))
            return;
    }
}

/* ---- the answers ---- */

void netlink_deliver_take(struct netlink_sock *n, struct netlink_packet *p)
{
    uint32_t at = 0;

    if (p->len == 0 || p->len > p->cap)
        abort();
    while (at < p->len) {
        const struct nlmsghdr *m = (const void *)(p->data + at);

        if (m->nlmsg_len < NLMSG_HDRLEN || m->nlmsg_len % 4 ||
            m->nlmsg_len > p->len - at || m->nlmsg_pid != n->portid)
            abort();
        at += m->nlmsg_len;
    }
    kfree(p);
}

void netlink_multicast_take(struct netlink_packet *p)
{
    kfree(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct netlink_sock n = { .portid = 5 };
    uint8_t *copy;

    if (len == 0)
        return 0;
    thread_current_ptr = &thread;
    process.euid = data[0] & 1;
    n.options = data[0] & 2 ? 1u << NETLINK_GET_STRICT_CHK : 0;
    n.options |= data[0] & 4 ? 1u << NETLINK_CAP_ACK : 0;
    copy = malloc(len - 1); /* of the right size, and aligned as the kernel's */
    memcpy(copy, data + 1, len - 1);
    netlink_requests(&n, copy, len - 1,
                     data[0] & 8 ? sock_diag_handle : rtnetlink_handle);
    free(copy);
    return 0;
}
