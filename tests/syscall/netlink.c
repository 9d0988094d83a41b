/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink.c - AF_NETLINK: names, groups, requests and their errors, lists.
 * Only what every machine has is looked at: the loopback interface.
 * covers: socket bind sendto recvfrom recvmsg getsockname
 */
#include "check.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#define ANSWER_MAX 32768

static union {
    struct nlmsghdr header;
    char bytes[ANSWER_MAX];
} answer;

struct request {
    struct nlmsghdr header;
    union {
        struct rtgenmsg any;
        struct ifinfomsg link;
        struct ifaddrmsg addr;
        struct rtmsg route;
    };
    char attrs[64];
};

static int route_socket(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    CHECK_OK(fd);
    return fd;
}

static struct request request(uint16_t type, uint16_t flags, size_t body_len)
{
    struct request r = { 0 };

    r.header.nlmsg_len = NLMSG_LENGTH(body_len);
    r.header.nlmsg_type = type;
    r.header.nlmsg_flags = NLM_F_REQUEST | flags;
    r.header.nlmsg_seq = 77;
    return r;
}

static void put_attr(struct request *r, uint16_t type, const void *data,
                     size_t len)
{
    struct rtattr *a = (void *)((char *)r + NLMSG_ALIGN(r->header.nlmsg_len));

    a->rta_type = type;
    a->rta_len = (unsigned short)RTA_LENGTH(len);
    memcpy(RTA_DATA(a), data, len);
    r->header.nlmsg_len =
        NLMSG_ALIGN(r->header.nlmsg_len) + (uint32_t)RTA_SPACE(len);
}

static ssize_t ask(int fd, const struct request *r)
{
    CHECK_EQ(send(fd, r, r->header.nlmsg_len, 0), r->header.nlmsg_len);
    return recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
}

/* The error of the answer, which must be one. */
static int error_of(int fd, const struct request *r)
{
    const struct nlmsgerr *e = NLMSG_DATA(&answer.header);
    ssize_t n = ask(fd, r);

    CHECK(n >= (ssize_t)NLMSG_LENGTH(sizeof(*e)));
    CHECK_EQ(answer.header.nlmsg_type, NLMSG_ERROR);
    CHECK_EQ(answer.header.nlmsg_seq, 77);
    CHECK_EQ(e->msg.nlmsg_type, r->header.nlmsg_type);
    return -e->error;
}

static const void *find_attr(const struct nlmsghdr *m, size_t body_len,
                             int type)
{
    const struct rtattr *a =
        (void *)((char *)NLMSG_DATA(m) + NLMSG_ALIGN(body_len));
    int left = (int)(m->nlmsg_len - NLMSG_LENGTH(NLMSG_ALIGN(body_len)));

    for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == type)
            return RTA_DATA(a);
    return NULL;
}

/* Ask for a list and hand each message to `each`. Result: how many. */
static int list(int fd, uint16_t type, uint8_t family,
                void (*each)(const struct nlmsghdr *m, void *arg), void *arg)
{
    struct request r = request(type, NLM_F_DUMP, sizeof(r.link));
    bool is_done = false;
    int count = 0;

    r.any.rtgen_family = family;
    CHECK_EQ(send(fd, &r, r.header.nlmsg_len, 0), r.header.nlmsg_len);
    while (!is_done) {
        ssize_t n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
        const struct nlmsghdr *m = &answer.header;
        unsigned left = n > 0 ? (unsigned)n : 0;

        CHECK(n > 0);
        is_done = n <= 0;
        for (; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
            CHECK_EQ(m->nlmsg_seq, 77);
            CHECK(m->nlmsg_flags & NLM_F_MULTI);
            if (m->nlmsg_type == NLMSG_DONE) {
                CHECK_EQ(*(int *)NLMSG_DATA(m), 0);
                is_done = true;
                break;
            }
            each(m, arg);
            count++;
        }
    }
    CHECK_ERR(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT), EAGAIN);
    return count;
}

TEST(kinds_of_socket)
{
    int fd;

    CHECK_ERR(socket(AF_NETLINK, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
    CHECK_ERR(socket(AF_NETLINK, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
    CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, 33), EPROTONOSUPPORT);
    CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, -1), EPROTONOSUPPORT);
    fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
    CHECK_OK(fd);
    CHECK_ERR(listen(fd, 1), EOPNOTSUPP);
    CHECK_ERR(accept(fd, NULL, NULL), EOPNOTSUPP);
    CHECK_ERR(shutdown(fd, SHUT_RDWR), EOPNOTSUPP);
    CHECK_ERR(socketpair(AF_NETLINK, SOCK_RAW, 0, (int[2]){ 0 }), EOPNOTSUPP);
    close(fd);
}

TEST(names)
{
    struct sockaddr_nl name = { .nl_family = AF_NETLINK }, other = name;
    socklen_t len = sizeof(other);
    int fd = route_socket(), second = route_socket();

    CHECK_EQ(getsockname(fd, (void *)&other, &len), 0);
    CHECK_EQ(len, sizeof(other));
    CHECK_EQ(other.nl_pid, 0);
    CHECK_ERR(bind(fd, (void *)&name, sizeof(name) - 1), EINVAL);
    name.nl_family = AF_INET;
    CHECK_ERR(bind(fd, (void *)&name, sizeof(name)), EINVAL);
    name.nl_family = AF_NETLINK;
    CHECK_EQ(bind(fd, (void *)&name, sizeof(name)), 0);
    CHECK_EQ(getsockname(fd, (void *)&other, &len), 0);
    CHECK_EQ(other.nl_pid, getpid());
    CHECK_EQ(other.nl_groups, 0);
    CHECK_ERR(bind(second, (void *)&other, sizeof(other)), EADDRINUSE);
    other.nl_pid++;
    CHECK_ERR(bind(fd, (void *)&other, sizeof(other)), EINVAL);
    CHECK_EQ(bind(second, (void *)&name, sizeof(name)), 0);
    CHECK_EQ(getsockname(second, (void *)&other, &len), 0);
    CHECK(other.nl_pid != 0 && other.nl_pid != (uint32_t)getpid());
    name.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR;
    name.nl_pid = (uint32_t)getpid();
    CHECK_EQ(bind(fd, (void *)&name, sizeof(name)), 0);
    CHECK_EQ(getsockname(fd, (void *)&other, &len), 0);
    CHECK_EQ(other.nl_groups, RTMGRP_LINK | RTMGRP_IPV4_IFADDR);
    CHECK_EQ(getpeername(fd, (void *)&other, &len), 0);
    CHECK_EQ(other.nl_pid, 0);
    close(fd);
    close(second);
}

TEST(options)
{
    int fd = route_socket(), one = 1, value = 0;
    unsigned groups[2] = { 0 };
    socklen_t len = sizeof(value);

    CHECK_EQ(setsockopt(fd, SOL_NETLINK, NETLINK_PKTINFO, &one, sizeof(one)),
             0);
    CHECK_EQ(getsockopt(fd, SOL_NETLINK, NETLINK_PKTINFO, &value, &len), 0);
    CHECK_EQ(value, 1);
    CHECK_EQ(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)),
             0);
    CHECK_EQ(setsockopt(fd, SOL_NETLINK, NETLINK_PKTINFO, &one, 2), 0);
    CHECK_EQ(getsockopt(fd, SOL_NETLINK, NETLINK_PKTINFO, &value, &len), 0);
    CHECK_EQ(value, 0);
    CHECK_ERR(setsockopt(fd, SOL_NETLINK, 31, &one, sizeof(one)), ENOPROTOOPT);
    CHECK_ERR(setsockopt(fd, IPPROTO_TCP, 1, &one, sizeof(one)), ENOPROTOOPT);
    value = RTNLGRP_IPV6_IFADDR;
    CHECK_EQ(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &value,
                        sizeof(value)),
             0);
    value = 0;
    CHECK_ERR(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &value,
                         sizeof(value)),
              EINVAL);
    len = sizeof(groups);
    CHECK_EQ(
        getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &len), 0);
    CHECK_EQ(groups[0], 1u << (RTNLGRP_IPV6_IFADDR - 1));
    close(fd);
}

static void find_loopback(const struct nlmsghdr *m, void *arg)
{
    const struct ifinfomsg *info = NLMSG_DATA(m);
    const char *name = find_attr(m, sizeof(*info), IFLA_IFNAME);
    const uint32_t *mtu = find_attr(m, sizeof(*info), IFLA_MTU);
    const uint8_t *mac = find_attr(m, sizeof(*info), IFLA_ADDRESS);

    CHECK_EQ(m->nlmsg_type, RTM_NEWLINK);
    if (!name || strcmp(name, "lo") != 0)
        return;
    CHECK_EQ(info->ifi_index, 1);
    CHECK_EQ(info->ifi_type, 772);
    CHECK(info->ifi_flags & IFF_LOOPBACK);
    CHECK(mtu && *mtu == 65536);
    CHECK(mac && memcmp(mac, "\0\0\0\0\0", 6) == 0);
    CHECK(find_attr(m, sizeof(*info), IFLA_STATS) != NULL);
    CHECK(find_attr(m, sizeof(*info), IFLA_STATS64) != NULL);
    CHECK(find_attr(m, sizeof(*info), IFLA_OPERSTATE) != NULL);
    (*(int *)arg)++;
}

TEST(list_of_links)
{
    int fd = route_socket(), found = 0;

    CHECK(list(fd, RTM_GETLINK, AF_UNSPEC, find_loopback, &found) > 0);
    CHECK_EQ(found, 1);
    close(fd);
}

static void find_own(const struct nlmsghdr *m, void *arg)
{
    const struct ifaddrmsg *info = NLMSG_DATA(m);
    const struct in_addr *local = find_attr(m, sizeof(*info), IFA_LOCAL);
    const uint32_t *flags = find_attr(m, sizeof(*info), IFA_FLAGS);

    CHECK_EQ(m->nlmsg_type, RTM_NEWADDR);
    CHECK_EQ(info->ifa_family, AF_INET);
    if (!local || local->s_addr != htonl(INADDR_LOOPBACK))
        return;
    CHECK_EQ(info->ifa_index, 1);
    CHECK_EQ(info->ifa_prefixlen, 8);
    CHECK_EQ(info->ifa_scope, RT_SCOPE_HOST);
    CHECK(flags && *flags == IFA_F_PERMANENT);
    CHECK(find_attr(m, sizeof(*info), IFA_ADDRESS) != NULL);
    CHECK(find_attr(m, sizeof(*info), IFA_BROADCAST) == NULL);
    CHECK_STR(find_attr(m, sizeof(*info), IFA_LABEL), "lo");
    (*(int *)arg)++;
}

TEST(list_of_addresses)
{
    int fd = route_socket(), found = 0;

    CHECK(list(fd, RTM_GETADDR, AF_INET, find_own, &found) > 0);
    CHECK_EQ(found, 1);
    close(fd);
}

static void find_local(const struct nlmsghdr *m, void *arg)
{
    const struct rtmsg *info = NLMSG_DATA(m);
    const struct in_addr *dst = find_attr(m, sizeof(*info), RTA_DST);
    const uint32_t *table = find_attr(m, sizeof(*info), RTA_TABLE);

    CHECK_EQ(m->nlmsg_type, RTM_NEWROUTE);
    CHECK(table != NULL);
    if (!dst || dst->s_addr != htonl(INADDR_LOOPBACK) ||
        info->rtm_dst_len != 32)
        return;
    CHECK_EQ(info->rtm_type, RTN_LOCAL);
    CHECK_EQ(info->rtm_scope, RT_SCOPE_HOST);
    CHECK_EQ(info->rtm_protocol, RTPROT_KERNEL);
    CHECK_EQ(*table, RT_TABLE_LOCAL);
    (*(int *)arg)++;
}

TEST(list_of_routes)
{
    int fd = route_socket(), found = 0;

    CHECK(list(fd, RTM_GETROUTE, AF_INET, find_local, &found) >= 3);
    CHECK_EQ(found, 1);
    close(fd);
}

TEST(one_link)
{
    struct request r = request(RTM_GETLINK, 0, sizeof(r.link));
    int fd = route_socket(), found = 0;

    r.link.ifi_index = 1;
    CHECK(ask(fd, &r) > 0);
    find_loopback(&answer.header, &found);
    CHECK_EQ(found, 1);
    CHECK_EQ(answer.header.nlmsg_flags, 0);
    CHECK_EQ(answer.header.nlmsg_pid, getpid());
    r = request(RTM_GETLINK, 0, sizeof(r.link));
    put_attr(&r, IFLA_IFNAME, "lo", 3);
    CHECK(ask(fd, &r) > 0);
    find_loopback(&answer.header, &found);
    CHECK_EQ(found, 2);
    r = request(RTM_GETLINK, 0, sizeof(r.link));
    put_attr(&r, IFLA_IFNAME, "nosuch", 7);
    CHECK_EQ(error_of(fd, &r), ENODEV);
    r = request(RTM_GETLINK, 0, sizeof(r.link));
    CHECK_EQ(error_of(fd, &r), EINVAL);
    r.link.ifi_index = 99999;
    CHECK_EQ(error_of(fd, &r), ENODEV);
    close(fd);
}

TEST(the_route_to_ourselves)
{
    struct request r = request(RTM_GETROUTE, 0, sizeof(r.route));
    const struct rtmsg *info = NLMSG_DATA(&answer.header);
    const uint32_t *oif;
    int fd = route_socket();

    r.route.rtm_family = AF_INET;
    r.route.rtm_dst_len = 32;
    put_attr(&r, RTA_DST, (uint8_t[]){ 127, 0, 0, 1 }, 4);
    CHECK(ask(fd, &r) > 0);
    CHECK_EQ(answer.header.nlmsg_type, RTM_NEWROUTE);
    CHECK_EQ(info->rtm_type, RTN_LOCAL);
    CHECK_EQ(info->rtm_dst_len, 32);
    CHECK_EQ(info->rtm_table, RT_TABLE_MAIN);
    CHECK_EQ(info->rtm_flags & RTM_F_CLONED, RTM_F_CLONED);
    oif = find_attr(&answer.header, sizeof(*info), RTA_OIF);
    CHECK(oif && *oif == 1);
    CHECK(find_attr(&answer.header, sizeof(*info), RTA_PREFSRC) != NULL);
    close(fd);
}

TEST(acknowledgements)
{
    struct request r = request(RTM_GETLINK, NLM_F_ACK, sizeof(r.link));
    int fd = route_socket(), found = 0;

    r.link.ifi_index = 1;
    CHECK(ask(fd, &r) > 0);
    find_loopback(&answer.header, &found);
    CHECK_EQ(found, 1);
    CHECK_EQ(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT),
             NLMSG_LENGTH(sizeof(struct nlmsgerr)));
    CHECK_EQ(answer.header.nlmsg_type, NLMSG_ERROR);
    CHECK_EQ(answer.header.nlmsg_flags, NLM_F_CAPPED);
    CHECK_EQ(((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error, 0);
    r = request(NLMSG_NOOP, NLM_F_ACK, 4);
    CHECK_EQ(error_of(fd, &r), 0);
    close(fd);
}

TEST(bad_requests)
{
    struct request r = request(RTM_MAX + 1, 0, sizeof(r.link));
    struct sockaddr_nl to = { .nl_family = AF_INET };
    int fd = route_socket();

    CHECK_EQ(error_of(fd, &r), EOPNOTSUPP);
    CHECK_EQ(
        answer.header.nlmsg_len,
        NLMSG_ALIGN(NLMSG_LENGTH(sizeof(struct nlmsgerr)) + sizeof(r.link)));
    r = request(RTM_GETLINK, 0, sizeof(r.link)); /* not a request */
    r.header.nlmsg_flags = 0;
    CHECK_EQ(ask(fd, &r), -1);
    r = request(RTM_GETLINK, 0, 0); /* without a family */
    CHECK_EQ(ask(fd, &r), -1);
    r = request(RTM_GETLINK, 0, sizeof(r.link)); /* longer than what came */
    CHECK_EQ(send(fd, &r, sizeof(r.header), 0), sizeof(r.header));
    CHECK_ERR(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT), EAGAIN);
    r.header.nlmsg_len = 3;
    CHECK_EQ(send(fd, &r, sizeof(r), 0), sizeof(r));
    CHECK_ERR(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT), EAGAIN);
    CHECK_ERR(sendto(fd, &r, sizeof(r), 0, (void *)&to, sizeof(to)), EINVAL);
    to.nl_family = AF_NETLINK;
    CHECK_ERR(sendto(fd, &r, sizeof(r), 0, (void *)&to, 4), EINVAL);
    CHECK_ERR(send(fd, &r, sizeof(r), MSG_OOB), EOPNOTSUPP);
    CHECK_ERR(send(fd, bad_pointer(), 64, 0), EFAULT);
    close(fd);
}

TEST(several_requests_in_one_packet)
{
    struct request two[2] = { request(RTM_GETLINK, 0, sizeof(two->link)),
                              request(RTM_GETLINK, 0, sizeof(two->link)) };
    char both[2 * NLMSG_LENGTH(sizeof(struct ifinfomsg))];
    int fd = route_socket(), found = 0;

    two[0].link.ifi_index = 1;
    memcpy(both, &two[0], sizeof(both) / 2);
    memcpy(both + sizeof(both) / 2, &two[1], sizeof(both) / 2);
    CHECK_EQ(send(fd, both, sizeof(both), 0), sizeof(both));
    CHECK(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) > 0);
    find_loopback(&answer.header, &found);
    CHECK_EQ(found, 1);
    CHECK(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) > 0);
    CHECK_EQ(answer.header.nlmsg_type, NLMSG_ERROR);
    close(fd);
}

TEST(receiving)
{
    struct request r = request(RTM_GETLINK, 0, sizeof(r.link));
    struct sockaddr_nl from = { 0 };
    char control[64];
    struct iovec io = { &answer, 16 };
    struct msghdr m = { .msg_name = &from,
                        .msg_namelen = sizeof(from),
                        .msg_iov = &io,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control) };
    int fd = route_socket(), one = 1;
    struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
    ssize_t full;

    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLOUT);
    r.link.ifi_index = 1;
    CHECK_EQ(send(fd, &r, r.header.nlmsg_len, 0), r.header.nlmsg_len);
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN | POLLOUT);
    full = recv(fd, &answer, sizeof(answer), MSG_PEEK);
    CHECK_EQ(full, answer.header.nlmsg_len);
    CHECK_EQ(recv(fd, &answer, 16, MSG_PEEK | MSG_TRUNC), full);
    CHECK_EQ(setsockopt(fd, SOL_NETLINK, NETLINK_PKTINFO, &one, sizeof(one)),
             0);
    CHECK_EQ(recvmsg(fd, &m, 0), 16);
    CHECK_EQ(m.msg_flags, MSG_TRUNC);
    CHECK_EQ(m.msg_namelen, sizeof(from));
    CHECK_EQ(from.nl_family, AF_NETLINK);
    CHECK_EQ(from.nl_pid, 0);
    CHECK_EQ(CMSG_FIRSTHDR(&m)->cmsg_type, NETLINK_PKTINFO);
    CHECK_ERR(recv(fd, &answer, 16, MSG_DONTWAIT), EAGAIN);
    close(fd);
}

/* More answers than the socket has room for are lost, and it says so once. */
TEST(too_many_answers)
{
    struct request r = request(RTM_GETLINK, 0, sizeof(r.link));
    int fd = route_socket(), size = 1, error = 0;
    socklen_t len = sizeof(error);

    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
    r.link.ifi_index = 1;
    for (int i = 0; i < 64; i++)
        send(fd, &r, r.header.nlmsg_len, 0);
    CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
    CHECK_EQ(error, ENOBUFS);
    CHECK(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) > 0);
    close(fd);
}

/* A listener of our own, as ss finds it. */
TEST(list_of_sockets)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 want;
    } r = { { sizeof(r), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 77,
              0 },
            { .sdiag_family = AF_INET,
              .sdiag_protocol = IPPROTO_TCP,
              .idiag_states = 1u << 10 } };
    struct sockaddr_in a = { .sin_family = AF_INET };
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bool is_done = false, found = false;
    socklen_t len = sizeof(a);
    struct stat st;

    CHECK_EQ(bind(listener, (void *)&a, len), 0);
    CHECK_EQ(listen(listener, 7), 0);
    CHECK_EQ(getsockname(listener, (void *)&a, &len), 0);
    CHECK_EQ(fstat(listener, &st), 0);
    CHECK_EQ(send(fd, &r, sizeof(r), 0), sizeof(r));
    while (!is_done) {
        ssize_t n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
        const struct nlmsghdr *m = &answer.header;
        unsigned left = n > 0 ? (unsigned)n : 0;

        is_done = n <= 0;
        for (; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
            const struct inet_diag_msg *d = NLMSG_DATA(m);

            is_done = is_done || m->nlmsg_type != SOCK_DIAG_BY_FAMILY;
            if (is_done || d->id.idiag_sport != a.sin_port)
                continue;
            CHECK_EQ(d->idiag_family, AF_INET);
            CHECK_EQ(d->idiag_state, 10);
            CHECK_EQ(d->idiag_inode, st.st_ino);
            CHECK_EQ(d->idiag_rqueue, 0);
            found = true;
        }
    }
    CHECK(found);
    r.want.sdiag_protocol = 99;
    CHECK_EQ(send(fd, &r, sizeof(r), 0), sizeof(r));
    CHECK(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) > 0);
    CHECK_EQ(answer.header.nlmsg_type, NLMSG_DONE);
    CHECK_EQ(*(int *)NLMSG_DATA(&answer.header), -ENOENT);
    r.want.sdiag_family = AF_IRDA;
    CHECK_EQ(send(fd, &r, sizeof(r), 0), sizeof(r));
    CHECK(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) > 0);
    CHECK_EQ(answer.header.nlmsg_type, NLMSG_ERROR);
    CHECK_EQ(((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error, -ENOENT);
    close(fd);
    close(listener);
}
