/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor_net.h - the network device of Samara's monitor.
 *
 * What:      a virtio network device (virtio 1.2, 5.1) without registers: each
 *            access to one would be an exit. What a driver reads there is in
 *            one record in the guest's RAM (bootinfo.net_pa; 0: no device),
 *            what it writes is put into the same record and taken over by one
 *            hypercall, HYPERCALL_NET_START. Then there are only the split
 *            queues, one port and one event.
 *              To the device: `out %eax, $MONITOR_NET_PORT`, eax = the queue
 *            that has new buffers; as seldom as the queue's avail_event or
 *            flags ask for.
 *              To the guest: HYPERCALL_EVENT_NET on CPU 0, as seldom as
 *            used_event or flags ask for; and when `status` changed.
 * Ownership: the record is the guest's RAM; the monitor writes it before the
 *            start, and `status` later. It reads what the guest chose once.
 *            Queues and what lies in them are lent until the guest ends.
 * Errors:    of HYPERCALL_NET_START:
 *              -ENODEV    there is no device
 *              -EINVAL    a feature that was not offered, VIRTIO_F_VERSION_1
 *                         left out, a length that is no power of two or too
 *                         large, an address not aligned as 2.7 asks for
 *              -EFAULT    a queue that is not in RAM
 *              -EALREADY  it was started
 * Units:     _pa guest-physical, len in descriptors. Little endian.
 */
#ifndef ABI_MONITOR_NET_H
#define ABI_MONITOR_NET_H

#include <stdint.h>

#define MONITOR_NET_PORT      0x514u
#define MONITOR_NET_QUEUES    2u /* 0 receives, 1 sends */
#define MONITOR_NET_QUEUE_MAX 1024u

struct monitor_net_queue {
    uint64_t desc_pa; /* len * 16 bytes */
    uint64_t avail_pa;
    uint64_t used_pa;
    uint64_t len;
};

struct monitor_net {
    uint64_t offered; /* feature bits: virtio 1.2, 5.1.3 and 6 */
    uint8_t mac[6];
    uint16_t mtu;
    uint32_t status; /* VIRTIO_NET_S_LINK_UP */
    uint32_t queue_len_max;
    uint64_t accepted; /* from here on the guest's */
    struct monitor_net_queue queue[MONITOR_NET_QUEUES];
};

_Static_assert(sizeof(struct monitor_net) == 96, "layout is shared");

#endif
