/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_net.c - /proc/net, /proc/sys/net and /sys/class/net as programs parse
 * them. Only the loopback interface is on every machine.
 */
#include "check.h"

#include <dirent.h>

static char text[1 << 16];

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
    CHECK_EQ(rx_bytes, tx_bytes);
    CHECK_EQ(rx_packets, tx_packets);
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
    CHECK_EQ(number("/sys/class/net/lo/statistics/rx_bytes"),
             number("/sys/class/net/lo/statistics/tx_bytes"));
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
    CHECK_EQ(number("/proc/sys/net/ipv6/conf/lo/disable_ipv6"), 0);
    CHECK_EQ(number("/proc/sys/net/ipv6/bindv6only"), 0);
    CHECK(number("/proc/sys/net/unix/max_dgram_qlen") >= 10);
}
