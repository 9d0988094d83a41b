/* SPDX-License-Identifier: BSD-2-Clause */
/* net_fake.h - slirp as net.c sees it, which does nothing but note what it is
 * given. For net_test.c and the fuzzer. */
#ifndef USERNET_NET_FAKE_H
#define USERNET_NET_FAKE_H

#include "usernet/net.c"

#include <fcntl.h>

static uint8_t taken[FRAME_LEN_MAX]; /* the last frame that slirp was given */
static int taken_len;
static unsigned taken_count;
static unsigned polled_count;        /* slirp_pollfds_poll() until now */
static unsigned polled_before_taken; /* and when it was given that frame */
static int guest_fd;                 /* the guest's end of the socket */

void slirp_input(Slirp *slirp, const uint8_t *frame, int len)
{
    (void)slirp;
    memcpy(taken, frame, (size_t)len);
    taken_len = len;
    taken_count++;
    polled_before_taken = polled_count;
}

Slirp *slirp_new(const SlirpConfig *config, const SlirpCb *cb, void *opaque)
{
    (void)config;
    (void)cb;
    (void)opaque;
    return (Slirp *)&net;
}

int slirp_add_hostxfwd(Slirp *slirp, const struct sockaddr *host,
                       socklen_t host_len, const struct sockaddr *guest,
                       socklen_t guest_len, int flags)
{
    (void)slirp;
    (void)host;
    (void)host_len;
    (void)guest;
    (void)guest_len;
    (void)flags;
    return 0;
}

void slirp_pollfds_fill(Slirp *slirp, uint32_t *timeout, SlirpAddPollCb add,
                        void *opaque)
{
    (void)slirp;
    (void)timeout;
    (void)add;
    (void)opaque;
}

void slirp_pollfds_poll(Slirp *slirp, int error, SlirpGetREventsCb get,
                        void *opaque)
{
    (void)slirp;
    (void)error;
    (void)get;
    (void)opaque;
    polled_count++;
}

static inline void fake_create(void)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0 ||
        fcntl(pair[1], F_SETFL, O_NONBLOCK) != 0 || net_init(pair[0]) != 0)
        abort();
    guest_fd = pair[1];
}

#endif
