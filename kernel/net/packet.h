/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - AF_PACKET, as the rest of the kernel sees it: a part, all of whose
 * functions are reached weakly or as operations.
 *
 * Context:   as net/socket.h.
 */
#ifndef NET_PACKET_H
#define NET_PACKET_H

#include "core/operation.h"
#include "net/socket.h"

/* mmap() of a socket: the ring of an AF_PACKET one. -ENODEV, -EINVAL */
int packet_mmap(struct file *f, int prot, int flags, struct vm_object **out);
OPERATION_OF(packet_mmap);
/* /proc/net/packet's lines. */
int packet_show(struct text_file *t);
/* Wake who waits to send: the device is not full any more. */
void packet_tell_room(void);

#endif
