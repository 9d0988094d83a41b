/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_net.c - /proc/net, /proc/sys/net and /sys/class/net as programs parse
 * them. Only the loopback interface is on every machine.
 */
#include "check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

static char text[1 << 22]; /* a busy machine has many sockets */

static const char *slurp(const char *path)
{
    int fd = open(path, O_RDONLY);
    size_t len = 0;
    ssize_t n = 0;

    CHECK_OK(fd);
    while (len < sizeof(text) - 1 &&
           (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = '\0';
    return text;
}

static long number(const char *path)
{
    return strtol(slurp(path), NULL, 0);
}

/* The first line of a file is exactly this, blanks at its end apart, and has
 * this length, newline included. */
static void check_header(const char *path, size_t len, const char *want)
{
    char *end;

    slurp(path);
    end = strchr(text, '\n');
    CHECK(end != NULL);
    if (!end)
        return;
    CHECK_EQ(end + 1 - text, len);
    while (end > text && end[-1] == ' ')
        end--;
    *end = '\0';
    CHECK_STR(text, want);
}

TEST(headers_of_sockets)
{
    check_header("/proc/net/tcp", 150,
                 "  sl  local_address rem_address   st tx_queue rx_queue tr "
                 "tm->when retrnsmt   uid  timeout inode");
    check_header("/proc/net/udp", 128,
                 "   sl  local_address rem_address   st tx_queue rx_queue tr "
                 "tm->when retrnsmt   uid  timeout inode ref pointer drops");
    check_header("/proc/net/tcp6", 145,
                 "  sl  local_address                         remote_address"
                 "                        st tx_queue rx_queue tr tm->when "
                 "retrnsmt   uid  timeout inode");
    check_header("/proc/net/udp6", 163,
                 "  sl  local_address                         remote_address"
                 "                        st tx_queue rx_queue tr tm->when "
                 "retrnsmt   uid  timeout inode ref pointer drops");
    check_header("/proc/net/raw", 115,
                 "  sl  local_address rem_address   st tx_queue rx_queue tr "
                 "tm->when retrnsmt   uid  timeout inode ref pointer drops");
    check_header("/proc/net/packet", 64,
                 "sk               RefCnt Type Proto  Iface R Rmem   User   "
                 "Inode");
}

TEST(headers_of_routes)
{
    check_header("/proc/net/route", 128,
                 "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\t"
                 "Mask\t\tMTU\tWindow\tIRTT");
    check_header("/proc/net/arp", 79,
                 "IP address       HW type     Flags       HW address"
                 "            Mask     Device");
}

/* Joined by two sockets, left by both. */
TEST(groups)
{
    struct ip_mreqn four = { .imr_ifindex = 1 };
    struct ipv6_mreq six = { .ipv6mr_interface = 1 };
    int a[2], b[2];

    check_header("/proc/net/igmp", 60,
                 "Idx\tDevice    : Count Querier\tGroup    Users Timer\t"
                 "Reporter");
    CHECK_EQ(inet_pton(AF_INET, "239.1.2.3", &four.imr_multiaddr), 1);
    CHECK_EQ(inet_pton(AF_INET6, "ff02::1234", &six.ipv6mr_multiaddr), 1);
    for (int i = 0; i < 2; i++) {
        a[i] = socket(AF_INET, SOCK_DGRAM, 0);
        b[i] = socket(AF_INET6, SOCK_DGRAM, 0);
        CHECK_OK(setsockopt(a[i], IPPROTO_IP, IP_ADD_MEMBERSHIP, &four,
                            sizeof(four)));
        CHECK_OK(
            setsockopt(b[i], IPPROTO_IPV6, IPV6_JOIN_GROUP, &six, sizeof(six)));
    }
    CHECK(strstr(slurp("/proc/net/igmp"), "\t\t\t\t030201EF     2 "));
    CHECK(strstr(slurp("/proc/net/igmp6"),
                 "1    lo              ff02000000000000"
                 "0000000000001234     2 "));
    CHECK(strstr(slurp("/proc/net/igmp6"),
                 "1    lo              ff02000000000000"
                 "0000000000000001     1 "));
    for (int i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
    }
    CHECK(!strstr(slurp("/proc/net/igmp"), "030201EF"));
    CHECK(!strstr(slurp("/proc/net/igmp6"), "1234 "));
}

static int bound(int family, int type, unsigned *port_out)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6,
                                .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in four = { .sin_family = AF_INET };
    struct sockaddr *a = family == AF_INET ? (void *)&four : (void *)&six;
    socklen_t len = family == AF_INET ? sizeof(four) : sizeof(six);
    int fd = socket(family, type, 0);

    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_OK(fd);
    CHECK_EQ(bind(fd, a, len), 0);
    CHECK_EQ(getsockname(fd, a, &len), 0);
    *port_out = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
    return fd;
}

/* What a line says of a socket, as netstat and psutil take it apart. */
struct row {
    char local[80], remote[80];
    unsigned local_port, remote_port, state, uid;
    unsigned long tx_queue, rx_queue, inode;
};

static bool find_row(const char *path, unsigned port, unsigned state,
                     struct row *r)
{
    for (char *line = strchr(slurp(path), '\n'); line && line[1];
         line = strchr(line + 1, '\n')) {
        if (sscanf(line + 1,
                   "%*d: %79[0-9A-F]:%X %79[0-9A-F]:%X %X %lX:%lX %*X:%*X "
                   "%*X %u %*d %lu",
                   r->local, &r->local_port, r->remote, &r->remote_port,
                   &r->state, &r->tx_queue, &r->rx_queue, &r->uid,
                   &r->inode) == 9 &&
            r->local_port == port && r->state == state)
            return true;
    }
    return false;
}

static unsigned long inode_of(int fd)
{
    struct stat st;

    CHECK_EQ(fstat(fd, &st), 0);
    return st.st_ino;
}

TEST(tcp_sockets)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    unsigned port, other;
    int listener = bound(AF_INET, SOCK_STREAM, &port);
    int client = bound(AF_INET, SOCK_STREAM, &other), server;
    struct row r;

    CHECK(!find_row("/proc/net/tcp", port, 7, &r)); /* only bound */
    CHECK_EQ(listen(listener, 5), 0);
    CHECK(find_row("/proc/net/tcp", port, 10, &r));
    CHECK_STR(r.local, "0100007F");
    CHECK_STR(r.remote, "00000000");
    CHECK_EQ(r.remote_port, 0);
    CHECK_EQ(r.inode, inode_of(listener));
    CHECK_EQ(r.uid, geteuid());
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)port);
    CHECK_EQ(connect(client, (void *)&a, sizeof(a)), 0);
    CHECK(find_row("/proc/net/tcp", port, 10, &r));
    CHECK_EQ(r.rx_queue, 1); /* it waits to be accepted */
    server = accept(listener, NULL, NULL);
    CHECK_OK(server);
    CHECK_EQ(write(client, "hello", 5), 5);
    CHECK(find_row("/proc/net/tcp", other, 1, &r));
    CHECK_EQ(r.remote_port, port);
    CHECK_EQ(r.inode, inode_of(client));
    CHECK(find_row("/proc/net/tcp", port, 1, &r));
    CHECK_EQ(r.rx_queue, 5);
    CHECK_EQ(r.inode, inode_of(server));
    close(server);
    close(client);
    close(listener);
    CHECK(!find_row("/proc/net/tcp", port, 10, &r));
}

TEST(other_sockets)
{
    unsigned port4, port6, tcp6;
    int udp = bound(AF_INET, SOCK_DGRAM, &port4);
    int udp6 = bound(AF_INET6, SOCK_DGRAM, &port6);
    int listener = bound(AF_INET6, SOCK_STREAM, &tcp6);
    struct row r;

    CHECK(find_row("/proc/net/udp", port4, 7, &r));
    CHECK_STR(r.local, "0100007F");
    CHECK_EQ(r.inode, inode_of(udp));
    CHECK(find_row("/proc/net/udp6", port6, 7, &r));
    CHECK_STR(r.local, "00000000000000000000000001000000");
    CHECK_EQ(listen(listener, 1), 0);
    CHECK(find_row("/proc/net/tcp6", tcp6, 10, &r));
    CHECK_EQ(r.inode, inode_of(listener));
    close(udp);
    close(udp6);
    close(listener);
}

/* As net-tools' ifconfig and netstat -i read it. */
TEST(interfaces)
{
    unsigned long long rx_bytes, rx_packets, tx_bytes, tx_packets, other;
    const char *line;

    slurp("/proc/net/dev");
    CHECK(strncmp(text, "Inter-|   Receive", 17) == 0);
    line = strstr(text, "\n    lo: ");
    CHECK(line != NULL);
    CHECK_EQ(sscanf(line ? line : "",
                    "\n    lo: %llu %llu %llu %llu %llu %llu %llu %llu %llu "
                    "%llu",
                    &rx_bytes, &rx_packets, &other, &other, &other, &other,
                    &other, &other, &tx_bytes, &tx_packets),
             10);
    CHECK((rx_bytes == 0) == (rx_packets == 0));
    CHECK((tx_bytes == 0) == (tx_packets == 0));
}

TEST(addresses)
{
    slurp("/proc/net/if_inet6");
    CHECK(strstr(text, "00000000000000000000000000000001 01 80 10 80       "
                       "lo\n") != NULL);
    slurp("/proc/net/ipv6_route");
    CHECK(strstr(text, "00000000000000000000000000000001 80 "
                       "00000000000000000000000000000000 00 "
                       "00000000000000000000000000000000 00000000 ") != NULL);
}

TEST(sums)
{
    unsigned used, in_use;

    slurp("/proc/net/sockstat");
    CHECK_EQ(
        sscanf(text, "sockets: used %u\nTCP: inuse %u orphan", &used, &in_use),
        2);
    CHECK(strstr(text, "\nUDP: inuse ") && strstr(text, "\nRAW: inuse ") &&
          strstr(text, "\nFRAG: inuse 0 memory 0\n"));
    slurp("/proc/net/sockstat6");
    CHECK(strncmp(text, "TCP6: inuse ", 12) == 0);
}

TEST(a_directory_for_each_interface)
{
    struct dirent *d;
    bool found = false;
    DIR *dir = opendir("/sys/class/net");

    CHECK(dir != NULL);
    while (dir && (d = readdir(dir)) != NULL)
        found = found || strcmp(d->d_name, "lo") == 0;
    CHECK(found);
    if (dir)
        closedir(dir);
    CHECK_STR(slurp("/sys/class/net/lo/address"), "00:00:00:00:00:00\n");
    CHECK_STR(slurp("/sys/class/net/lo/broadcast"), "00:00:00:00:00:00\n");
    CHECK_STR(slurp("/sys/class/net/lo/operstate"), "unknown\n");
    CHECK_STR(slurp("/sys/class/net/lo/flags"), "0x9\n");
    CHECK_STR(slurp("/sys/class/net/lo/carrier"), "1\n");
    CHECK_EQ(number("/sys/class/net/lo/ifindex"), 1);
    CHECK_EQ(number("/sys/class/net/lo/mtu"), 65536);
    CHECK_EQ(number("/sys/class/net/lo/type"), 772);
    CHECK_EQ(number("/sys/class/net/lo/addr_len"), 6);
    CHECK(number("/sys/class/net/lo/statistics/rx_bytes") >= 0);
    CHECK_EQ(number("/sys/class/net/lo/statistics/collisions"), 0);
    CHECK_ERR(open("/sys/class/net/nosuch", O_RDONLY), ENOENT);
}

TEST(limits)
{
    int low, high, least, usual, most;

    CHECK(number("/proc/sys/net/core/somaxconn") >= 128);
    CHECK(number("/proc/sys/net/core/rmem_max") >= 65536);
    CHECK_EQ(sscanf(slurp("/proc/sys/net/ipv4/ip_local_port_range"), "%d %d",
                    &low, &high),
             2);
    CHECK(low >= 1024 && low < high && high < 65536);
    CHECK_EQ(sscanf(slurp("/proc/sys/net/ipv4/tcp_rmem"), "%d %d %d", &least,
                    &usual, &most),
             3);
    CHECK(least <= usual && usual <= most);
    CHECK(number("/proc/sys/net/ipv4/tcp_keepalive_time") > 0);
    CHECK_EQ(number("/proc/sys/net/ipv4/tcp_adv_win_scale"), 1);
    CHECK_EQ(number("/proc/sys/net/ipv6/conf/lo/disable_ipv6"), 0);
    CHECK_EQ(number("/proc/sys/net/ipv6/bindv6only"), 0);
    CHECK(number("/proc/sys/net/unix/max_dgram_qlen") >= 10);
}
