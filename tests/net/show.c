/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show.c - what a program sees of its network: for tools/run-netconf.
 *
 * Each argument is a question; the answers go to stdout, one line each.
 *   addresses       those of eth0, without the link-local ones
 *   routes          the routers of last resort
 *   resolv, hosts   the file's lines
 *   name=NAME       the addresses that getaddrinfo() finds
 *   send=ADDR,PORT  a datagram there: "sent", or why not
 *   group=ADDR,PORT whether what is sent to that group comes back from eth0
 *   notified        wait until netlink tells of a new IPv4 address
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned bits_of(const uint8_t *mask, size_t len)
{
    unsigned bits = 0;

    for (size_t i = 0; i < len; i++)
        bits += (unsigned)__builtin_popcount(mask[i]);
    return bits;
}

static void show_addresses(void)
{
    struct ifaddrs *all = NULL;
    char text[INET6_ADDRSTRLEN];

    if (getifaddrs(&all) != 0)
        perror("getifaddrs");
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        const struct sockaddr_in *four = (void *)i->ifa_addr;
        const struct sockaddr_in6 *six = (void *)i->ifa_addr;
        const struct sockaddr_in *mask = (void *)i->ifa_netmask;
        const struct sockaddr_in6 *mask6 = (void *)i->ifa_netmask;

        if (strcmp(i->ifa_name, "eth0") != 0 || !i->ifa_addr)
            continue;
        if (four->sin_family == AF_INET)
            printf("inet %s/%u\n",
                   inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text)),
                   bits_of((const void *)&mask->sin_addr, 4));
        else if (four->sin_family == AF_INET6 &&
                 !IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr))
            printf("inet6 %s/%u\n",
                   inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text)),
                   bits_of((const void *)&mask6->sin6_addr, 16));
    }
    freeifaddrs(all);
}

static void show_routes(void)
{
    char line[256], via[64], name[32];
    unsigned dst, gateway, flags;
    FILE *f = fopen("/proc/net/route", "r");

    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "%31s %x %x %x", name, &dst, &gateway, &flags) == 4 &&
            dst == 0)
            printf("default %s %s\n", name,
                   inet_ntop(AF_INET, &gateway, via, sizeof(via)));
    if (f)
        fclose(f);
    f = fopen("/proc/net/ipv6_route", "r");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "%*32[0]%*1[ ]00 %*32s 00 %63s %*s %*s %*s %*s %31s",
                   via, name) == 2 &&
            strspn(via, "0") < 32)
            printf("default6 %s %.4s\n", name, via);
    if (f)
        fclose(f);
}

static void show_file(const char *path)
{
    char text[4096];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof(text), f) : 0;

    fwrite(text, 1, n, stdout);
    if (f)
        fclose(f);
}

static void show_name(const char *name)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *all = NULL;
    char text[INET6_ADDRSTRLEN];
    int err = getaddrinfo(name, NULL, &hints, &all);

    if (err)
        printf("%s: %s\n", name, gai_strerror(err));
    for (struct addrinfo *i = all; i; i = i->ai_next) {
        getnameinfo(i->ai_addr, i->ai_addrlen, text, sizeof(text), NULL, 0,
                    NI_NUMERICHOST);
        printf("%s is %s\n", name, text);
    }
    if (all)
        freeaddrinfo(all);
}

static void send_to(char *where)
{
    char *port = strchr(where, ',');
    struct addrinfo hints = { .ai_socktype = SOCK_DGRAM,
                              .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *to = NULL;
    int fd;

    *port++ = '\0';
    if (getaddrinfo(where, port, &hints, &to) != 0)
        return;
    fd = socket(to->ai_family, SOCK_DGRAM, 0);
    if (sendto(fd, "hello", 5, 0, to->ai_addr, to->ai_addrlen) == 5)
        printf("sent\n");
    else
        printf("not sent: %s\n", strerror(errno));
    close(fd);
    freeaddrinfo(to);
}

static void join(int fd, const struct addrinfo *to)
{
    const struct sockaddr_in *in = (const void *)to->ai_addr;
    const struct sockaddr_in6 *in6 = (const void *)to->ai_addr;
    struct ip_mreqn mreq = { .imr_multiaddr = in->sin_addr };
    struct ipv6_mreq mreq6 = { .ipv6mr_multiaddr = in6->sin6_addr };
    int one = 1;

    if (to->ai_family == AF_INET) {
        setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
    } else {
        setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &mreq6,
                   sizeof(mreq6));
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
    }
}

/* The interface a datagram came by; where IPv4 would be answered from. */
static void show_info(struct msghdr *m)
{
    char name[IF_NAMESIZE] = "?", text[INET6_ADDRSTRLEN] = "";

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        const struct in_pktinfo *info = (const void *)CMSG_DATA(c);
        const struct in6_pktinfo *info6 = (const void *)CMSG_DATA(c);

        if (c->cmsg_level == IPPROTO_IP)
            inet_ntop(AF_INET, &info->ipi_spec_dst, text, sizeof(text));
        if_indextoname(c->cmsg_level == IPPROTO_IP ? (unsigned)info->ipi_ifindex
                                                   : info6->ipi6_ifindex,
                       name);
    }
    printf("heard on %s %s\n", name, text);
}

static void hear_group(char *where)
{
    struct addrinfo hints = { .ai_socktype = SOCK_DGRAM,
                              .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *to = NULL;
    char bytes[16], control[256], *port = strchr(where, ',');
    struct iovec iov = { bytes, sizeof(bytes) };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control) };
    struct sockaddr_in6 any = { 0 }; /* IPv4's has the port there, too */
    struct pollfd p = { .events = POLLIN };
    int sender;

    *port++ = '\0';
    if (getaddrinfo(where, port, &hints, &to) != 0)
        return;
    p.fd = socket(to->ai_family, SOCK_DGRAM, 0);
    sender = socket(to->ai_family, SOCK_DGRAM, 0);
    join(p.fd, to);
    any.sin6_family = (sa_family_t)to->ai_family;
    any.sin6_port = htons((uint16_t)atoi(port));
    if (bind(p.fd, (void *)&any, to->ai_addrlen) != 0)
        perror("bind");
    if (sendto(sender, "hello", 5, 0, to->ai_addr, to->ai_addrlen) != 5)
        printf("not sent: %s\n", strerror(errno));
    else if (poll(&p, 1, 10000) == 1 && recvmsg(p.fd, &m, 0) == 5)
        show_info(&m);
    else
        printf("nothing heard\n");
    close(sender);
    close(p.fd);
    freeaddrinfo(to);
}

static void wait_for_address(void)
{
    struct sockaddr_nl name = { .nl_family = AF_NETLINK,
                                .nl_groups = RTMGRP_IPV4_IFADDR };
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    int begun = socket(AF_INET, SOCK_DGRAM, 0); /* the network begins */
    struct pollfd p = { .fd = fd, .events = POLLIN };
    union {
        struct nlmsghdr header;
        char bytes[4096];
    } m;

    if (bind(fd, (void *)&name, sizeof(name)) != 0)
        perror("bind");
    while (poll(&p, 1, 20000) == 1 && recv(fd, &m, sizeof(m), 0) > 0) {
        const struct ifaddrmsg *a = NLMSG_DATA(&m.header);

        if (m.header.nlmsg_type == RTM_NEWADDR && a->ifa_family == AF_INET) {
            printf("a new address of interface %u\n", a->ifa_index);
            break;
        }
    }
    close(begun);
    close(fd);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *a = argv[i];

        if (strcmp(a, "addresses") == 0)
            show_addresses();
        else if (strcmp(a, "routes") == 0)
            show_routes();
        else if (strcmp(a, "resolv") == 0)
            show_file("/etc/resolv.conf");
        else if (strcmp(a, "hosts") == 0)
            show_file("/etc/hosts");
        else if (strcmp(a, "notified") == 0)
            wait_for_address();
        else if (strncmp(a, "name=", 5) == 0)
            show_name(a + 5);
        else if (strncmp(a, "group=", 6) == 0)
            hear_group(a + 6);
        else if (strncmp(a, "send=", 5) == 0)
            send_to(a + 5);
        else
            sleep((unsigned)atoi(a));
    }
    return 0;
}
