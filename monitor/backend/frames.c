/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.c - see frames.h.
 *
 * libc's readv() and writev() are places to cancel a thread at, which they
 * prepare for each time; nobody is cancelled here.
 */
#include "monitor/backend/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/fault.h"
#include "monitor/check.h"

#define BIT(n) (1ull << (n))

_Static_assert(sizeof(struct virtio_net_hdr_v1) == FRAMES_HEADER_LEN, "1.2");

static int tap_init(struct frames *f, struct fault *fault)
{
    struct ifreq ifr = { 0 };
    int len = FRAMES_HEADER_LEN;

    if (ioctl(f->fd, TUNGETIFF, &ifr) != 0)
        return fault_sys(fault, errno,
                         "descriptor %d of the network is neither a tap nor a "
                         "socket",
                         f->fd);
    if ((ifr.ifr_flags & (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)) !=
        (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
        return fault_set(fault, EINVAL,
                         "the interface of descriptor %d is no tap with "
                         "virtio headers; open it with IFF_TAP, IFF_NO_PI and "
                         "IFF_VNET_HDR",
                         f->fd);
    if (ioctl(f->fd, TUNSETVNETHDRSZ, &len) != 0)
        return fault_sys(fault, errno, "the tap refuses headers of %d bytes",
                         len);
    f->is_tap = true;
    return 0;
}

int frames_init(struct frames *f, int fd, struct fault *fault)
{
    socklen_t len = sizeof(int);
    int type = 0, flags = fcntl(fd, F_GETFL);

    *f = (struct frames){ .fd = fd };
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return fault_sys(fault, errno, "descriptor %d of the network is bad",
                         fd);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
        return tap_init(f, fault);
    if (type != SOCK_SEQPACKET)
        return fault_set(fault, EINVAL,
                         "the socket of the network, descriptor %d, does not "
                         "keep frames apart; make a pair of SOCK_SEQPACKET",
                         fd);
    return 0;
}

/* The other side of the socket completes checksums and makes none that need
 * completion, but it cuts nothing up: its frames are as long as IP has them. */
uint64_t frames_features(const struct frames *f)
{
    uint64_t features = BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM);

    if (f->is_tap)
        features |= BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) |
                    BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6);
    return features;
}

int frames_accept(const struct frames *f, uint64_t features)
{
    unsigned offload = 0;

    if (!f->is_tap)
        return 0;
    if (features & BIT(VIRTIO_NET_F_GUEST_CSUM)) {
        offload |= TUN_F_CSUM;
        if (features & BIT(VIRTIO_NET_F_GUEST_TSO4))
            offload |= TUN_F_TSO4;
        if (features & BIT(VIRTIO_NET_F_GUEST_TSO6))
            offload |= TUN_F_TSO6;
    }
    return ioctl(f->fd, TUNSETOFFLOAD, offload) == 0 ? 0 : -EIO;
}

static int failure(int err)
{
    switch (err) {
    case EAGAIN:
    case EINTR:
        return -EAGAIN;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
    case EBADFD: /* the tap was deleted */
        return -EPIPE;
    default:
        return -EIO;
    }
}

int64_t frames_receive(const struct frames *f, const struct iovec *iov,
                       unsigned count)
{
    long n = syscall(SYS_readv, f->fd, iov, (long)count);

    if (n > 0)
        return n;
    return n == 0 ? -EPIPE : failure(errno);
}

int frames_send(const struct frames *f, const struct iovec *iov, unsigned count)
{
    long n = syscall(SYS_writev, f->fd, iov, (long)count);

    return n >= 0 ? 0 : failure(errno);
}
