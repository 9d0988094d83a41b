/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdevice.c - interfaces as the C library and ioctls show them. Only the
 * loopback interface is on every machine.
 * covers: ioctl
 */
#include "check.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

TEST(getifaddrs)
{
    struct ifaddrs *all = NULL;
    unsigned found = 0;

    CHECK_EQ(getifaddrs(&all), 0);
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        if (strcmp(i->ifa_name, "lo") != 0 || !i->ifa_addr)
            continue;
        CHECK(i->ifa_flags & IFF_LOOPBACK);
        if (i->ifa_addr->sa_family == AF_INET) {
            struct sockaddr_in *addr = (void *)i->ifa_addr;
            struct sockaddr_in *mask = (void *)i->ifa_netmask;

            if (addr->sin_addr.s_addr != htonl(INADDR_LOOPBACK))
                continue;
            CHECK_EQ(ntohl(mask->sin_addr.s_addr), 0xff000000u);
            found |= 1;
        } else if (i->ifa_addr->sa_family == AF_PACKET) {
            found |= 2;
        }
    }
    CHECK_EQ(found, 3);
    freeifaddrs(all);
}

TEST(names_and_numbers_of_interfaces)
{
    struct if_nameindex *all = if_nameindex();
    char name[IF_NAMESIZE] = "";

    CHECK_EQ(if_nametoindex("lo"), 1);
    CHECK_EQ(if_nametoindex("nosuch"), 0);
    CHECK_EQ(errno, ENODEV);
    CHECK_STR(if_indextoname(1, name), "lo");
    CHECK(if_indextoname(99999, name) == NULL);
    CHECK_EQ(errno, ENXIO);
    CHECK(all != NULL);
    CHECK_EQ(all[0].if_index, 1);
    CHECK_STR(all[0].if_name, "lo");
    if_freenameindex(all);
}

static int interface_ioctl(int family, unsigned long cmd, const char *name,
                           struct ifreq *r)
{
    int fd = socket(family, SOCK_DGRAM, 0), result, error;

    strcpy(r->ifr_name, name);
    result = ioctl(fd, cmd, r);
    error = errno;
    close(fd);
    errno = error;
    return result;
}

TEST(ioctls_of_interfaces)
{
    struct ifreq r;

    memset(&r, 0, sizeof(r));
    CHECK_EQ(interface_ioctl(AF_UNIX, SIOCGIFINDEX, "lo", &r), 0);
    CHECK_EQ(r.ifr_ifindex, 1);
    CHECK_EQ(interface_ioctl(AF_UNIX, SIOCGIFMTU, "lo", &r), 0);
    CHECK_EQ(r.ifr_mtu, 65536);
    CHECK_EQ(interface_ioctl(AF_UNIX, SIOCGIFFLAGS, "lo", &r), 0);
    CHECK_EQ(r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING),
             IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
    CHECK_EQ(interface_ioctl(AF_UNIX, SIOCGIFHWADDR, "lo", &r), 0);
    CHECK_EQ(r.ifr_hwaddr.sa_family, 772);
    CHECK_EQ(interface_ioctl(AF_UNIX, SIOCGIFTXQLEN, "lo", &r), 0);
    CHECK_EQ(interface_ioctl(AF_UNIX, SIOCGIFMETRIC, "lo", &r), 0);
    CHECK_ERR(interface_ioctl(AF_UNIX, SIOCGIFMTU, "nosuch", &r), ENODEV);
    CHECK_ERR(interface_ioctl(AF_UNIX, SIOCGIFADDR, "lo", &r), ENOTTY);
}

static uint32_t address_of(const struct ifreq *r)
{
    return ntohl(((const struct sockaddr_in *)&r->ifr_addr)->sin_addr.s_addr);
}

TEST(ioctls_of_addresses)
{
    struct ifreq r, list[8];
    struct ifconf conf = { .ifc_len = sizeof(list) };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    memset(&r, 0, sizeof(r));
    CHECK_EQ(interface_ioctl(AF_INET, SIOCGIFADDR, "lo", &r), 0);
    CHECK_EQ(r.ifr_addr.sa_family, AF_INET);
    CHECK_EQ(address_of(&r), INADDR_LOOPBACK);
    CHECK_EQ(interface_ioctl(AF_INET, SIOCGIFNETMASK, "lo", &r), 0);
    CHECK_EQ(address_of(&r), 0xff000000);
    CHECK_EQ(interface_ioctl(AF_INET, SIOCGIFBRDADDR, "lo", &r), 0);
    CHECK_EQ(address_of(&r), 0);
    CHECK_EQ(interface_ioctl(AF_INET, SIOCGIFDSTADDR, "lo", &r), 0);
    CHECK_EQ(address_of(&r), INADDR_LOOPBACK);
    CHECK_ERR(interface_ioctl(AF_INET, SIOCGIFADDR, "nosuch", &r), ENODEV);
    conf.ifc_req = list;
    CHECK_EQ(ioctl(fd, SIOCGIFCONF, &conf), 0);
    CHECK(conf.ifc_len >= (int)sizeof(r) && conf.ifc_len % (int)sizeof(r) == 0);
    CHECK_STR(list[0].ifr_name, "lo");
    CHECK_EQ(address_of(&list[0]), INADDR_LOOPBACK);
    conf.ifc_len = sizeof(r) - 1;
    CHECK_EQ(ioctl(fd, SIOCGIFCONF, &conf), 0);
    CHECK_EQ(conf.ifc_len, 0);
    conf.ifc_req = NULL;
    CHECK_EQ(ioctl(fd, SIOCGIFCONF, &conf), 0);
    CHECK(conf.ifc_len >= (int)sizeof(r));
    r.ifr_ifindex = 1;
    CHECK_EQ(ioctl(fd, SIOCGIFNAME, &r), 0);
    CHECK_STR(r.ifr_name, "lo");
    r.ifr_ifindex = 9999;
    CHECK_ERR(ioctl(fd, SIOCGIFNAME, &r), ENODEV);
    CHECK_ERR(ioctl(fd, SIOCGIFNAME, bad_pointer()), EFAULT);
    close(fd);
}
