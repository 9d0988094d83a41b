/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_tap.c - opening a tap that is there: one that is not would be made by
 * opening it, without an address and lost at the end, which nobody wants.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/net.h"
#include "host/fault.h"

#define DEVICE      "/dev/net/tun"
#define MTU_DEFAULT 1500

static int device_fault(int err, struct fault *fault)
{
    return fault_sys(fault, err,
                     err == ENOENT || err == ENODEV || err == ENXIO
                         ? "cannot open " DEVICE "; load the module tun, or "
                           "use --net user"
                         : "may not open " DEVICE "; ask for read and write "
                           "access to it, or use --net user");
}

static int attach_fault(const char *name, int err, struct fault *fault)
{
    switch (err) {
    case EPERM:
        return fault_set(fault, err,
                         "may not use the tap '%s': it belongs to somebody "
                         "else; make it with: ip tuntap add %s mode tap user "
                         "%u",
                         name, name, (unsigned)getuid());
    case EBUSY:
        return fault_set(fault, err,
                         "the tap '%s' is in use; end the guest or program "
                         "that has it, or give another",
                         name);
    case EINVAL:
        return fault_set(fault, err,
                         "the interface '%s' is no tap; make one with: ip "
                         "tuntap add NAME mode tap",
                         name);
    default:
        return fault_sys(fault, err, "cannot use the tap '%s'", name);
    }
}

static int attach(int fd, const char *name)
{
    const short flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    struct ifreq ifr = { .ifr_flags = flags };

    strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &ifr) == 0)
        return 0;
    if (errno != EINVAL)
        return errno;
    /* One that was made for several queues takes only who says so. */
    ifr.ifr_flags = flags | IFF_MULTI_QUEUE;
    return ioctl(fd, TUNSETIFF, &ifr) == 0 ? 0 : errno;
}

static unsigned mtu_get(const char *name)
{
    struct ifreq ifr = { 0 };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int err;

    strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
    err = fd < 0 ? -1 : ioctl(fd, SIOCGIFMTU, &ifr);
    if (fd >= 0)
        close(fd);
    return err == 0 && ifr.ifr_mtu > 0 ? (unsigned)ifr.ifr_mtu : MTU_DEFAULT;
}

int net_tap_open(const char *name, struct net_link *link, struct fault *fault)
{
    int err;

    if (if_nametoindex(name) == 0)
        return fault_set(fault, ENODEV,
                         "there is no interface '%s'; make it with: ip tuntap "
                         "add %s mode tap user %u, give it an address and "
                         "set it up",
                         name, name, (unsigned)getuid());
    link->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
    if (link->fd < 0)
        return device_fault(errno, fault);
    err = attach(link->fd, name);
    if (err) {
        close(link->fd);
        link->fd = -1;
        return attach_fault(name, err, fault);
    }
    link->mtu = mtu_get(name);
    return 0;
}
