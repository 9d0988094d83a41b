/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_fake.h - the network device alone: a guest that is an array, with its
 * queues at known places, and a socket as the host's side. For net_test.c and
 * the fuzzer.
 */
#ifndef MONITOR_DEVICES_NET_FAKE_H
#define MONITOR_DEVICES_NET_FAKE_H

#include "monitor/devices/net.c"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/fault.h"

#define RAM     0x100000u
#define RAM_LEN 0x80000u
/* Offsets in the guest's memory; queue `i`'s lie 0x4000 * i further. */
#define DESC   0x0u
#define AVAIL  0x1000u
#define USED   0x2000u
#define RECORD 0x8000u
#define DATA   0x10000u
#define FEATURES                                              \
    (BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_EVENT_IDX) | \
     BIT(VIRTIO_NET_F_MRG_RXBUF) | BIT(VIRTIO_NET_F_CSUM) |   \
     BIT(VIRTIO_NET_F_GUEST_CSUM))

static uint8_t ram[RAM_LEN] __attribute__((aligned(4096)));
static struct vm fake_vm;
static int host_fd; /* what the device sends comes out here */
static unsigned raised, watches, lost;

void events_raise(struct vcpu *to, uint32_t event)
{
    (void)to;
    raised |= event;
}

void net_watch_begin(void)
{
    watches++;
}

bool net_watch_is_on(void)
{
    return watches > 0;
}

int net_watch_create(struct fault *fault)
{
    (void)fault;
    return 0;
}

void report_message(const char *fmt, ...)
{
    (void)fmt;
    lost++;
}

static struct monitor_net *fake_record(void)
{
    return (struct monitor_net *)(void *)(ram + RECORD);
}

/* A device, not started; the guest's memory is left as it is. */
static void fake_create(void)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
    struct fault fault;
    struct net_options options = { .mtu = NET_MTU_DEFAULT };
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
        abort();
    host_fd = pair[1];
    if (fcntl(host_fd, F_SETFL, O_NONBLOCK) != 0)
        abort();
    fake_vm = (struct vm){ .cpu_count = 1 };
    gmem_add(&fake_vm.mem, RAM, RAM_LEN, ram, true);
    options.fd = pair[0];
    if (net_init(&fake_vm, &options, &fault) != 0)
        abort();
    net_fill_record(fake_record(), mac);
}

/* As a driver does it. -> HYPERCALL_NET_START's result */
static int64_t fake_start(uint64_t features, unsigned len)
{
    struct monitor_net *r = fake_record();

    for (unsigned i = 0; i < 2; i++)
        r->queue[i] =
            (struct monitor_net_queue){ RAM + 0x4000 * i + DESC,
                                        RAM + 0x4000 * i + AVAIL,
                                        RAM + 0x4000 * i + USED, len };
    r->accepted = features;
    return net_start();
}

static inline void fake_destroy(void)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    close(net.frames.fd);
    close(host_fd);
    memset(&net, 0, sizeof(net));
    net.frames.fd = -1;
    net.lock = lock;
    raised = watches = lost = 0;
}

#endif
