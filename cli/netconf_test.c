/* SPDX-License-Identifier: BSD-2-Clause */
/* netconf_test.c - what the network's options take, and what they refuse. */
/* unit: cli/netconf.c image/runconfig.c host/memory.c host/fault.c */
#include "cli/netconf.h"

#include <errno.h>
#include <unistd.h>

#include "cli/options.h"
#include "host/fault.h"
#include "tests/unit.h"

static struct fault fault;

TEST(name_servers)
{
    struct options o = { 0 };

    CHECK_EQ(netconf_set_dns(&o, "9.9.9.9", &fault), 0);
    CHECK_EQ(netconf_set_dns(&o, "2620:fe::fe", &fault), 0);
    CHECK_EQ(netconf_set_dns(&o, "dns.example", &fault), -EINVAL);
    CHECK_EQ(netconf_set_dns(&o, "", &fault), -EINVAL);
    CHECK_EQ(netconf_set_dns(&o, "1.2.3", &fault), -EINVAL);
    CHECK_EQ(o.net.dns.count, 2);
    CHECK_EQ(netconf_set_search(&o, ".", &fault), 0);
    CHECK_EQ(netconf_set_search(&o, "a b", &fault), -EINVAL);
    CHECK_EQ(netconf_set_option(&o, "ndots:2", &fault), 0);
    CHECK_EQ(netconf_set_option(&o, "x\ny", &fault), -EINVAL);
    run_config_net_fini(&o.net);
}

TEST(hosts)
{
    struct options o = { 0 };

    CHECK_EQ(netconf_set_host(&o, "db:10.0.0.5", &fault), 0);
    CHECK_EQ(netconf_set_host(&o, "v6:fd00::5", &fault), 0);
    CHECK_EQ(netconf_set_host(&o, "v6:[fd00::6]", &fault), 0);
    CHECK_EQ(netconf_set_host(&o, "eq=10.0.0.6", &fault), 0);
    CHECK_EQ(netconf_set_host(&o, "up:host-gateway", &fault), 0);
    REQUIRE(o.net.hosts.count == 5);
    CHECK_STR_EQ(o.net.hosts.item[0], "10.0.0.5\tdb");
    CHECK_STR_EQ(o.net.hosts.item[1], "fd00::5\tv6");
    CHECK_STR_EQ(o.net.hosts.item[2], "fd00::6\tv6");
    CHECK_STR_EQ(o.net.hosts.item[3], "10.0.0.6\teq");
    CHECK_STR_EQ(o.net.hosts.item[4], "host-gateway\tup");
    CHECK_EQ(netconf_set_host(&o, "db", &fault), -EINVAL);
    CHECK_EQ(netconf_set_host(&o, "db:", &fault), -EINVAL);
    CHECK_EQ(netconf_set_host(&o, ":10.0.0.5", &fault), -EINVAL);
    CHECK_EQ(netconf_set_host(&o, "d b:10.0.0.5", &fault), -EINVAL);
    CHECK_EQ(netconf_set_host(&o, "db:10.0.0.500", &fault), -EINVAL);
    CHECK_EQ(netconf_set_host(&o, "db:[", &fault), -EINVAL);
    CHECK_EQ(netconf_set_host(&o, "db:[]", &fault), -EINVAL);
    CHECK_EQ(o.net.hosts.count, 5);
    run_config_net_fini(&o.net);
}

TEST(addresses)
{
    struct options o = { 0 };

    CHECK_EQ(netconf_set_address(&o, "10.1.2.3", &fault), 0);
    CHECK_EQ(o.net.address[0].prefix_len, 24);
    CHECK_EQ(netconf_set_address(&o, "10.1.2.4/16", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "fd00::2/56", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "fd00::2/64", &fault), 0);
    CHECK_EQ(o.net.address[1].prefix_len, 64);
    CHECK_EQ(o.net.address[1].family, 6);
    o = (struct options){ 0 };
    CHECK_EQ(netconf_set_address(&o, "10.1.2.3/33", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "10.1.2.3/", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "10.1.2.3/0", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "10.1.2.3/8x", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "127.0.0.1", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "0.0.0.0", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "224.0.0.1", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "::1", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "ff02::1", &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "", &fault), -EINVAL);
    CHECK_EQ(o.net.address[0].family, 0);
}

TEST(gateways_lie_in_the_network)
{
    struct options o = { 0 };

    CHECK_EQ(netconf_set_gateway(&o, "192.168.7.1", &fault), 0);
    CHECK_EQ(netconf_check(&o.net, &fault), -EINVAL);
    CHECK_EQ(netconf_set_address(&o, "192.168.7.130/25", &fault), 0);
    CHECK_EQ(netconf_check(&o.net, &fault), -EINVAL);
    o.net.address[0].prefix_len = 24;
    CHECK_EQ(netconf_check(&o.net, &fault), 0);
    CHECK_EQ(netconf_set_gateway(&o, "fe80::1", &fault), 0);
    CHECK_EQ(netconf_check(&o.net, &fault), 0);
    CHECK_EQ(netconf_set_gateway(&o, "fe80::2", &fault), -EINVAL);
    CHECK_EQ(netconf_set_gateway(&o, "router", &fault), -EINVAL);
}

TEST(what_is_given_replaces)
{
    struct options o = { 0 };
    struct run_config_net net = { 0 };

    list_add(&net.dns, "1.1.1.1");
    list_add(&net.hosts, "1.1.1.1\ta");
    net.gateway[0].family = 4;
    netconf_apply(&o.net, &net);
    CHECK_STR_EQ(net.dns.item[0], "1.1.1.1");
    CHECK_EQ(net.gateway[0].family, 4);
    CHECK_EQ(netconf_set_dns(&o, "9.9.9.9", &fault), 0);
    CHECK_EQ(netconf_set_host(&o, "b:1.1.1.2", &fault), 0);
    CHECK_EQ(netconf_set_address(&o, "10.0.0.2", &fault), 0);
    netconf_apply(&o.net, &net);
    CHECK_EQ(net.dns.count, 1);
    CHECK_STR_EQ(net.dns.item[0], "9.9.9.9");
    CHECK_EQ(net.hosts.count, 2);
    CHECK_EQ(net.address[0].addr[3], 2);
    CHECK_EQ(net.gateway[0].family, 0); /* of another network */
    run_config_net_fini(&o.net);
    run_config_net_fini(&net);
}

TEST(this_hosts_resolv_conf)
{
    static const char text[] =
        "# a comment\n; another\nnameserver 127.0.0.53\n"
        "nameserver\t10.0.0.1\n nameserver ::1\nnameserver fe80::1%eth0\n"
        "nameserver fd00::53 # the router\nnameserver nonsense\n"
        "domain old.example\nsearch a.example b.example\n"
        "options edns0 trust-ad\nsortlist 1.2.3.4";
    char path[] = "/tmp/netconf-test-XXXXXX";
    struct run_config_net net = { 0 };
    int fd = mkstemp(path);

    REQUIRE(fd >= 0);
    CHECK_EQ(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    netconf_read_resolv(path, &net);
    unlink(path);
    REQUIRE(net.dns.count == 2);
    CHECK_STR_EQ(net.dns.item[0], "10.0.0.1");
    CHECK_STR_EQ(net.dns.item[1], "fd00::53");
    REQUIRE(net.dns_search.count == 2);
    CHECK_STR_EQ(net.dns_search.item[0], "a.example");
    CHECK_EQ(net.dns_options.count, 2);
    run_config_net_fini(&net);
    netconf_read_resolv(path, &net); /* none there any more */
    CHECK_EQ(net.dns.count, 0);
}
