/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device.h - the network device as an interface of lwIP's.
 *
 * What:      frames come up as pbufs that point to the driver's buffers, and
 *            go down as pbufs that are held until they are sent.
 * Context:   as inet.h; device_poll() must not be called from within lwIP.
 */
#ifndef NET_INET_DEVICE_H
#define NET_INET_DEVICE_H

#include "lwip/netif.h"
#include "net/socket.h"

extern struct netif inet_device;

/* Look for the device, open it, make it an interface. */
void device_begin(void);
bool device_exists(void);
/* It takes TCP segments of several packets. */
bool device_cuts(bool is_v6);
/* What is queued may wait: it is told to the device before anybody sleeps, or
 * by a timer if nobody does. */
bool device_may_defer(void);
/* Few receive buffers are left: who does not read gets nothing more. */
bool device_is_short(void);
/* So many frames wait, or bytes, that who sends datagrams waits, too. */
extern bool device_full;
static inline bool device_is_full(void)
{
    return device_full;
}
/* Memory ran out: it is full until some of what waits was sent. False: nothing
 * waits. */
bool device_hold_senders(void);
/* A TCP segment over IPv4 in one pbuf, all headers and the sum of the pseudo
 * header in place. False: it was not taken, and is the caller's as before. */
bool device_send_segment(struct pbuf *p, unsigned tcp_header_len) MUST_CHECK;
/* Tell the device what was queued since the last time, unless that may wait. */
void device_flush(void);
/* Take what has arrived. True: something had. No interrupt will tell of what
 * comes next: the caller looks again, or sleeps. */
bool device_poll(void);
/* Until it takes more of what goes to n. -EAGAIN, -EINTR and the like */
static inline int device_await_room(const struct netif *n, struct socket *s,
                                    struct socket_wait *w)
{
    while (UNLIKELY(device_is_full()) && n == &inet_device) {
        int err = device_poll() ? 0 : socket_sleep(&s->writable, w);

        if (err)
            return err;
    }
    return 0;
}
/* The same before a thread sleeps: a timer looks on if no CPU does. */
bool device_look(void);
/* Take what has arrived, on behalf of nobody who will look again: a timer may
 * have interrupted a program that computes. An interrupt still comes. */
void device_catch_up(void);

#endif
