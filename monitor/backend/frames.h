/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.h - the host's side of the network device: a descriptor of frames.
 *
 * What:      a tap, or a socket that keeps messages apart. Each read or write
 *            is one Ethernet frame behind a struct virtio_net_hdr_v1, which
 *            both speak, so that nothing is looked at here.
 * Ownership: the descriptor is the device's until the process ends.
 * Context:   never sleeps: the descriptor does not block.
 * Errors:    -EAGAIN   nothing to read, no room to write: poll for it
 *            -EPIPE    the other side is gone
 *            -EIO      this frame was refused, another may not be
 */
#ifndef MONITOR_BACKEND_FRAMES_H
#define MONITOR_BACKEND_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define FRAMES_HEADER_LEN 12u /* struct virtio_net_hdr_v1 */
/* The longest: a TCP segment that is still to be cut, and its headers. */
#define FRAMES_LEN_MAX (FRAMES_HEADER_LEN + 14u + 4u + 65535u)

struct fault;

struct frames {
    int fd; /* -1: none */
    bool is_tap;
};

/* Does not block from now on. What it is it says itself.
 *   -EINVAL  with a fault: neither a tap with such headers nor a socket */
int frames_init(struct frames *f, int fd, struct fault *fault);
/* Feature bits (VIRTIO_NET_F_*) that frames may make use of, either way. */
uint64_t frames_features(const struct frames *f);
/* What the guest accepted of them: nothing else may come. -EIO */
int frames_accept(const struct frames *f, uint64_t features);
/* -> bytes; a longer message is cut. */
int64_t frames_receive(const struct frames *f, const struct iovec *iov,
                       unsigned count);
int frames_send(const struct frames *f, const struct iovec *iov,
                unsigned count);

#endif
