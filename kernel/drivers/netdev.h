/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdev.h - a network interface, between its driver and the protocols.
 *
 * What:      the contract of both sides. A driver looks for its device at
 *            the first netdev_get() and fills a struct netdev; nothing is
 *            started, and no buffer taken, before the protocols open it at the
 *            program's first internet socket. Frames are Ethernet's, without
 *            check sequence.
 * Ownership: a received frame is a chain of the driver's buffers, which are the
 *            protocols' until netdev_ops.give_back(). What transmit() is given
 *            stays the caller's, and unchanged, until netdev_events.sent().
 * Context:   under the protocols' lock; never sleeps. The interrupt handler
 *            only notes that there is work: what netdev_set_pending() was given
 *            is called, and the protocols poll() when it suits them. Events
 *            come out of poll() alone.
 * Errors:    -errno per function. What a device says is foreign: lengths and
 *            indices are checked, and a device that lies is stopped with a
 *            line on the console, the guest goes on without it.
 * Units:     bytes.
 */
#ifndef DRIVERS_NETDEV_H
#define DRIVERS_NETDEV_H

#include "core/types.h"

#define NETDEV_PARTS_MAX 18u /* of one frame to send: 64 KiB and its headers */

enum netdev_features {
    NETDEV_TX_CSUM = 1u << 0, /* fills in TCP's and UDP's checksums */
    NETDEV_TSO4 = 1u << 1,    /* cuts up TCP segments larger than the MTU */
    NETDEV_TSO6 = 1u << 2,
    NETDEV_RX_CSUM = 1u << 3, /* may say that a checksum is right */
};

enum netdev_gso {
    NETDEV_GSO_NONE = 0,
    NETDEV_GSO_TCP4 = 1,
    NETDEV_GSO_TCP6 = 2,
};

struct netdev_part {
    const void *data; /* kernel data, heap or direct map; contiguous */
    uint32_t len;
};

/* What a frame asks of the device that sends it; what one that came says. */
struct netdev_offload {
    bool csum_needed; /* sending: put the sum of [csum_start..end) ... */
    bool csum_valid;  /* received: TCP's or UDP's checksum need no check */
    uint16_t csum_start;
    uint16_t csum_offset; /* ... there, from csum_start */
    uint8_t gso;          /* enum netdev_gso */
    uint16_t gso_size;    /* payload bytes of each segment */
    uint16_t header_len;  /* Ethernet, IP and TCP headers, when gso */
};

/* One buffer of a received frame. */
struct netbuf {
    struct netbuf *next;
    uint8_t *data;
    uint32_t len;
    uint32_t room;     /* how much the whole of it would hold */
    uint64_t upper[8]; /* the protocols', while they own it */
};

struct netdev;

struct netdev_ops {
    /* Start the device and its receiving. -ENOMEM, -EIO */
    int (*open)(struct netdev *dev);
    /* Queue one frame; the device need not have been told when it returns.
     *   -ENOBUFS  no room until the next sent(): poll(), or arm() and wait
     *   -EIO      the device was stopped, nothing will ever be sent */
    int (*transmit)(struct netdev *dev, const struct netdev_part *parts,
                    unsigned count, const struct netdev_offload *offload,
                    void *cookie);
    /* Tell the device what was queued, unless it is looking anyway. */
    void (*flush)(struct netdev *dev);
    /* Hand over what arrived, `budget` frames at most, and what was sent.
     * -> the number of frames received */
    unsigned (*poll)(struct netdev *dev, unsigned budget);
    /* Ask for an interrupt at the next event. False: there is work already, and
     * no interrupt will come. Until this is called, none comes after the one
     * that made pending() be called. */
    bool (*arm)(struct netdev *dev);
    void (*give_back)(struct netdev *dev, struct netbuf *chain);
};

struct netdev_events {
    /* A frame; the chain is the callee's now. */
    void (*received)(struct netdev *dev, struct netbuf *chain,
                     const struct netdev_offload *offload);
    void (*sent)(struct netdev *dev, void *cookie);
    void (*link_changed)(struct netdev *dev);
};

struct netdev {
    const struct netdev_ops *ops;
    const struct netdev_events *events; /* set by the protocols before open */
    uint8_t mac[6];
    uint16_t mtu;      /* the largest IP packet, 1,500 unless it says more */
    uint32_t features; /* enum netdev_features; final before open */
    bool link_up;
    bool looks_at_halt; /* a CPU that halts makes it look, told or not */
    bool is_short;      /* of receive buffers: copy what is not read at once */
    void *upper;        /* the protocols' */
};

/* The interface, looked for at the first call; NULL: this machine has none. */
struct netdev *netdev_get(void);
/* What the protocols want called when an interrupt said that there is work:
 * by arch_irq_poll(), under the kernel lock alone, on any CPU. */
void netdev_set_pending(void (*pending)(struct netdev *dev));

#endif
