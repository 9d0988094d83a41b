/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_counters.c - what the protocols count: /proc/net/snmp and its like.
 *
 * Elsewhere on the machine others count, too: no figure is checked to be small.
 *
 * covers: openat read
 */
#include "check.h"
#include "inet.h"

#include <poll.h>

static char text[65536];

static const char *slurp(const char *path)
{
    int fd = open(path, O_RDONLY);
    size_t len = 0;
    ssize_t n;

    while (fd >= 0 && len < sizeof(text) - 1 &&
           (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = 0;
    if (fd >= 0)
        close(fd);
    return text;
}

/* By name, as tools look for it: a line of names, and one of values. */
static long long counter(const char *path, const char *group, const char *name)
{
    char *names = strstr((char *)(uintptr_t)slurp(path), group), *values, *n,
         *v;
    char *at_names, *at_values;

    if (!names)
        return -100;
    values = strchr(names, '\n') + 1;
    n = strtok_r(names, " \n", &at_names);
    v = strtok_r(values, " \n", &at_values);
    while (n && v && n < values && strcmp(n, name) != 0) {
        n = strtok_r(NULL, " \n", &at_names);
        v = strtok_r(NULL, " \n", &at_values);
    }
    return n && v && strcmp(n, name) == 0 ? atoll(v) : -101;
}

static long long snmp(const char *group, const char *name)
{
    return counter("/proc/net/snmp", group, name);
}

/* A line for each: the name, the value. */
static long long snmp6(const char *name)
{
    char *at = strstr((char *)(uintptr_t)slurp("/proc/net/snmp6"), name);

    return at ? atoll(at + strlen(name)) : -100;
}

TEST(connections)
{
    long long active = snmp("Tcp:", "ActiveOpens"),
              passive = snmp("Tcp:", "PassiveOpens"),
              in = snmp("Tcp:", "InSegs"), out = snmp("Tcp:", "OutSegs");
    int l = listener(8), c[5], s[5];

    CHECK(active >= 0 && passive >= 0 && in >= 0 && out >= 0);
    for (int i = 0; i < 5; i++) {
        c[i] = connect_to(port_of(l), 0);
        s[i] = accept(l, NULL, NULL);
        CHECK(s[i] >= 0);
    }
    CHECK(snmp("Tcp:", "CurrEstab") >= 10);
    CHECK(snmp("Tcp:", "ActiveOpens") >= active + 5);
    CHECK(snmp("Tcp:", "PassiveOpens") >= passive + 5);
    CHECK(snmp("Tcp:", "InSegs") >= in + 15);
    CHECK(snmp("Tcp:", "OutSegs") >= out + 15);
    for (int i = 0; i < 5; i++) {
        close(c[i]);
        close(s[i]);
    }
    close(l);
}

TEST(connections_that_end_badly)
{
    long long failed = snmp("Tcp:", "AttemptFails"),
              reset = snmp("Tcp:", "EstabResets"),
              resets_sent = snmp("Tcp:", "OutRsts");
    struct linger now = { 1, 0 };
    int l = listener(8), c, s;
    unsigned port = port_of(l);
    char buf[4];

    CHECK(failed >= 0 && reset >= 0 && resets_sent >= 0);
    c = connect_to(port, 0);
    s = accept(l, NULL, NULL);
    setsockopt(c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(c);
    CHECK_ERR(read(s, buf, sizeof(buf)), ECONNRESET);
    CHECK(snmp("Tcp:", "EstabResets") >= reset + 2); /* both ends are here */
    close(s);
    close(l);
    CHECK_ERR(connect_to(port, 0), ECONNREFUSED);
    CHECK(snmp("Tcp:", "AttemptFails") >= failed + 1);
    CHECK(snmp("Tcp:", "OutRsts") >= resets_sent + 1);
}

TEST(datagrams)
{
    struct sockaddr_in a = loopback(0);
    long long in = snmp("Udp:", "InDatagrams"), none = snmp("Udp:", "NoPorts"),
              out = snmp("Udp:", "OutDatagrams"),
              full = snmp("Udp:", "RcvbufErrors"),
              ip_in = snmp("Ip:", "InReceives"),
              delivered = snmp("Ip:", "InDelivers"),
              ip_out = snmp("Ip:", "OutRequests"),
              unreachable = snmp("Icmp:", "OutDestUnreachs");
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    static char big[1000];
    char buf[4];

    CHECK(in >= 0 && none >= 0 && out >= 0 && full >= 0 && ip_in >= 0 &&
          delivered >= 0 && ip_out >= 0 && unreachable >= 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    a.sin_port = htons((uint16_t)port_of(fd));
    CHECK_EQ(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)), 1);
    CHECK_EQ(recv(fd, buf, sizeof(buf), 0), 1);
    CHECK(snmp("Udp:", "InDatagrams") >= in + 1);
    CHECK(snmp("Udp:", "OutDatagrams") >= out + 1);
    CHECK(snmp("Ip:", "InReceives") >= ip_in + 1);
    CHECK(snmp("Ip:", "InDelivers") >= delivered + 1);
    CHECK(snmp("Ip:", "OutRequests") >= ip_out + 1);
    for (int i = 0; i < 1000; i++)
        (void)!sendto(fd, big, sizeof(big), 0, (struct sockaddr *)&a,
                      sizeof(a));
    CHECK(snmp("Udp:", "RcvbufErrors") > full);
    close(fd);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)), 1);
    CHECK(snmp("Udp:", "NoPorts") >= none + 1);
    CHECK(snmp("Icmp:", "OutDestUnreachs") >= unreachable + 1);
    close(fd);
}

TEST(datagrams_of_ipv6)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6,
                              .sin6_port = htons(9),
                              .sin6_addr = { .s6_addr = { [15] = 1 } } };
    long long out = snmp6("Udp6OutDatagrams"), in = snmp6("Ip6InReceives");
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    CHECK(out >= 0 && in >= 0);
    CHECK_EQ(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)), 1);
    CHECK(snmp6("Udp6OutDatagrams") >= out + 1);
    CHECK(snmp6("Ip6InReceives") >= in + 1);
    close(fd);
}

TEST(what_else_is_there)
{
    unsigned packets, dropped, squeezed;

    CHECK(counter("/proc/net/netstat", "TcpExt:", "TCPTimeouts") >= 0);
    CHECK(counter("/proc/net/netstat", "TcpExt:", "SyncookiesSent") >= 0);
    CHECK_EQ(sscanf(slurp("/proc/net/softnet_stat"), "%8x %8x %8x", &packets,
                    &dropped, &squeezed),
             3);
    CHECK(strstr(slurp("/proc/net/sockstat"), "TCP: inuse "));
}
