/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net.c - see net.h.
 *
 * Receiving: the host's kernel writes straight into the guest's buffers. How
 * long a frame is it tells only afterwards, so as many chains as the longest
 * may take are got ready (the window), and the unused ones stay for the next
 * frame. What the guest had no buffers for lies in `spill` until it has.
 * Sending: the host's kernel reads from the guest's buffers, in the guest's
 * order; without room on the host's side all wait.
 */
#include "monitor/devices/net.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "abi/control.h"
#include "abi/hypercall.h"
#include "abi/monitor_net.h"
#include "monitor/backend/frames.h"
#include "monitor/capture.h"
#include "monitor/check.h"
#include "monitor/devices/net_watch.h"
#include "monitor/devices/queue.h"
#include "monitor/events.h"
#include "monitor/report.h"
#include "monitor/vm.h"

#define RX         0u
#define TX         1u
#define RX_BUDGET  64u /* frames at once: then the guest looks at them */
#define BIT(n)     (1ull << (n))
#define BRIEF_LEN  4096u
#define BRIEF_IOVS 4u  /* buffers for a frame while frames are brief ... */
#define LONG_COUNT 64u /* ... as so many have been */

struct rx_chain {
    uint16_t head;
    uint16_t iov_count;
    uint64_t len;
};

/* Chains taken from the queue, in order, for the frames to come. */
struct window {
    struct iovec iov[QUEUE_LEN_MAX + 1]; /* the last one: for `spill` */
    struct rx_chain chain[QUEUE_LEN_MAX];
    unsigned iov_count, chain_count;
    uint64_t len;
};

static struct {
    struct vm *vm;
    struct frames frames;
    unsigned mtu;
    uint64_t offered, accepted;
    struct monitor_net *record; /* in the guest's memory */
    uint32_t is_started;        /* atomic */
    /* CPU 0's thread has looked since the watcher did, which then need not:
     * it will soon again. In bulk two that move frames are better; atomic. */
    uint32_t was_pumped;

    pthread_mutex_t lock; /* over all that follows */
    bool is_broken;       /* by the guest, or its other side is gone */
    bool is_blocked;      /* the host has no room for what is to be sent */
    struct queue rx, tx;
    struct window window;
    /* A frame that the window is too short for: its length, and from where on
     * it lies in `spill`. 0: none. */
    uint64_t held_len, held_from;
    unsigned long_left; /* 0: frames are brief */
    struct {
        uint64_t received, sent, rx_dropped, tx_dropped, notified, looks;
        uint64_t received_len, sent_len;
    } count;
} net = { .frames = { .fd = -1 }, .lock = PTHREAD_MUTEX_INITIALIZER };

static uint8_t spill[FRAMES_LEN_MAX];

int net_init(struct vm *vm, const struct net_options *options,
             struct fault *fault)
{
    int err;

    if (options->fd < 0)
        return 0;
    err = frames_init(&net.frames, options->fd, fault);
    if (err)
        return err;
    net.vm = vm;
    net.mtu = options->mtu;
    net.offered = frames_features(&net.frames) | BIT(VIRTIO_F_VERSION_1) |
                  BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_NET_F_MAC) |
                  BIT(VIRTIO_NET_F_MTU) | BIT(VIRTIO_NET_F_STATUS) |
                  BIT(VIRTIO_NET_F_MRG_RXBUF);
    return 0;
}

int net_fd(void)
{
    return net.frames.fd;
}

int net_create_thread(struct fault *fault)
{
    return net.frames.fd < 0 ? 0 : net_watch_create(fault);
}

void net_fill_record(struct monitor_net *record, const uint8_t mac[6])
{
    *record = (struct monitor_net){
        .offered = net.offered,
        .mtu = (uint16_t)net.mtu,
        .status = VIRTIO_NET_S_LINK_UP,
        .queue_len_max = QUEUE_LEN_MAX,
    };
    memcpy(record->mac, mac, sizeof(record->mac));
    net.record = record;
}

/* ---- starting ---- */

static uint64_t read_once(const uint64_t *field)
{
    return __atomic_load_n(field, __ATOMIC_RELAXED);
}

static int attach(struct queue *q, unsigned idx)
{
    const struct monitor_net_queue *theirs = &net.record->queue[idx];
    struct monitor_net_queue where = {
        .desc_pa = read_once(&theirs->desc_pa),
        .avail_pa = read_once(&theirs->avail_pa),
        .used_pa = read_once(&theirs->used_pa),
        .len = read_once(&theirs->len),
    };

    return queue_init(q, &net.vm->mem, &where,
                      net.accepted & BIT(VIRTIO_RING_F_EVENT_IDX));
}

static int start(void)
{
    int err;

    net.accepted = read_once(&net.record->accepted);
    if ((net.accepted & ~net.offered) != 0 ||
        !(net.accepted & BIT(VIRTIO_F_VERSION_1)))
        return -EINVAL;
    err = attach(&net.rx, RX);
    if (err == 0)
        err = attach(&net.tx, TX);
    if (err == 0)
        err = frames_accept(&net.frames, net.accepted);
    if (err == 0)
        __atomic_store_n(&net.is_started, 1, __ATOMIC_RELEASE);
    return err;
}

static bool is_started(void)
{
    return __atomic_load_n(&net.is_started, __ATOMIC_ACQUIRE);
}

int64_t net_start(void)
{
    int64_t result = -EALREADY;

    if (net.frames.fd < 0)
        return -ENODEV;
    pthread_mutex_lock(&net.lock);
    if (!is_started())
        result = start();
    pthread_mutex_unlock(&net.lock);
    return result;
}

/* ---- trouble ---- */

static void lose(const char *why)
{
    net.is_broken = true;
    __atomic_store_n(&net.record->status, 0, __ATOMIC_RELEASE);
    report_message("the guest's network has ended: %s", why);
}

static void lose_queue(const char *which)
{
    char why[64];

    snprintf(why, sizeof(why), "its kernel has broken the %s queue", which);
    lose(why);
}

static void lose_host(void)
{
    lose("the host's side was closed or deleted");
}

static uint64_t iov_len(const struct iovec *iov, unsigned count)
{
    uint64_t len = 0;

    for (unsigned i = 0; i < count; i++)
        len += iov[i].iov_len;
    return len;
}

/* A frame of either way. */
static void note_len(uint64_t len)
{
    if (len > BRIEF_LEN)
        net.long_left = LONG_COUNT;
    else if (net.long_left > 0)
        net.long_left--;
}

/* ---- receiving ---- */

static int window_fill(struct window *w)
{
    while (w->len < FRAMES_LEN_MAX && w->chain_count < net.rx.len) {
        struct rx_chain *c = &w->chain[w->chain_count];
        struct iovec *iov = &w->iov[w->iov_count];
        int n = queue_take(&net.rx, true, iov, QUEUE_LEN_MAX - w->iov_count,
                           &c->head);

        if (n <= 0)
            return n;
        c->iov_count = (uint16_t)n;
        c->len = 0;
        for (int i = 0; i < n; i++)
            c->len += iov[i].iov_len;
        w->chain_count++;
        w->iov_count += (unsigned)n;
        w->len += c->len;
    }
    return 0;
}

/* The first `count` chains are used up. */
static void window_drop(struct window *w, unsigned count)
{
    unsigned iov_count = 0;

    ASSERT(count <= w->chain_count);
    for (unsigned i = 0; i < count; i++) {
        iov_count += w->chain[i].iov_count;
        w->len -= w->chain[i].len;
    }
    ASSERT(iov_count <= w->iov_count);
    w->chain_count -= count;
    w->iov_count -= iov_count;
    memmove(w->chain, w->chain + count, w->chain_count * sizeof(w->chain[0]));
    memmove(w->iov, w->iov + iov_count, w->iov_count * sizeof(w->iov[0]));
}

static void window_write(const struct window *w, uint64_t off, const void *src,
                         uint64_t len)
{
    const uint8_t *from = src;

    for (unsigned i = 0; len > 0 && i < w->iov_count; i++) {
        uint64_t room = w->iov[i].iov_len, n;

        if (off >= room) {
            off -= room;
            continue;
        }
        n = len < room - off ? len : room - off;
        memcpy((uint8_t *)w->iov[i].iov_base + off, from, n);
        from += n;
        len -= n;
        off = 0;
    }
}

/* A frame of len bytes lies in the window: show it to the guest. */
static void give_frame(struct window *w, uint64_t len)
{
    const uint64_t frame_len = len;
    uint16_t count = 0;
    uint64_t left = len;

    ASSERT(len > 0 && len <= w->len);
    while (left > 0) {
        uint64_t room = w->chain[count++].len;

        left -= left < room ? left : room;
    }
    if (count > 1 && !(net.accepted & BIT(VIRTIO_NET_F_MRG_RXBUF))) {
        net.count.rx_dropped++;
        return; /* the buffers serve for the next one */
    }
    window_write(w, offsetof(struct virtio_net_hdr_v1, num_buffers), &count,
                 sizeof(count));
    for (unsigned i = 0; i < count; i++) {
        uint64_t room = w->chain[i].len, n = len < room ? len : room;

        queue_put(&net.rx, w->chain[i].head, (uint32_t)n);
        len -= n;
    }
    window_drop(w, count);
    net.count.received++;
    net.count.received_len += frame_len - FRAMES_HEADER_LEN;
    note_len(frame_len);
}

/* True when the held frame is out of the way. */
static bool held_done(struct window *w)
{
    if (net.held_len == 0)
        return true;
    ASSERT(net.held_from < net.held_len);
    if (w->len >= net.held_len) {
        window_write(w, net.held_from, spill, net.held_len - net.held_from);
        give_frame(w, net.held_len);
    } else if (w->chain_count == net.rx.len) {
        net.count.rx_dropped++; /* all the buffers that it has are too few */
    } else {
        return false;
    }
    net.held_len = 0;
    return true;
}

/* Into the window and, behind it, `spill`. The host looks at each buffer for
 * each frame, so brief ones get few. -> as frames_receive(); *room_out: what
 * lies before `spill` */
static int64_t receive_into(struct window *w, uint64_t *room_out)
{
    bool is_brief = net.long_left == 0 && w->iov_count > BRIEF_IOVS;
    unsigned count = is_brief ? BRIEF_IOVS : w->iov_count;
    struct iovec behind = w->iov[count];
    int64_t n;

    *room_out = is_brief ? iov_len(w->iov, count) : w->len;
    w->iov[count] = (struct iovec){ spill, sizeof(spill) };
    n = frames_receive(&net.frames, w->iov, count + 1);
    if (capture_is_on() && n > (int64_t)FRAMES_HEADER_LEN &&
        n <= (int64_t)FRAMES_LEN_MAX)
        capture_frame(CONTROL_TO_GUEST, w->iov, (uint64_t)n);
    w->iov[count] = behind;
    return n;
}

/* -> 1 a frame, 0 none or no buffers for it, -EPIPE, -EINVAL */
static int receive_one(void)
{
    struct window *w = &net.window;
    uint64_t room;
    int64_t n;

    if (w->len < FRAMES_LEN_MAX && window_fill(w) != 0)
        return -EINVAL;
    if (w->chain_count == 0 || !held_done(w))
        return 0;
    ASSERT(w->iov_count <= QUEUE_LEN_MAX);
    n = receive_into(w, &room);
    if (n == -EAGAIN || n == -EPIPE)
        return n == -EAGAIN ? 0 : -EPIPE;
    if (n <= (int64_t)FRAMES_HEADER_LEN || n > (int64_t)FRAMES_LEN_MAX) {
        net.count.rx_dropped++;
        return 1;
    }
    if ((uint64_t)n <= room) {
        give_frame(w, (uint64_t)n);
        return 1;
    }
    net.held_len = (uint64_t)n;
    net.held_from = room;
    (void)held_done(w); /* else it waits for buffers */
    return 1;
}

static bool receive(void)
{
    int n = 1;

    for (unsigned i = 0; i < RX_BUDGET && n > 0; i++)
        n = receive_one();
    if (n == -EINVAL)
        lose_queue("receive");
    else if (n == -EPIPE)
        lose_host();
    return queue_show(&net.rx);
}

/* No frame can be received before the guest has made buffers available. */
static bool is_starved(void)
{
    return net.window.chain_count == 0 || net.held_len != 0;
}

/* ---- sending ---- */

static void sent(const struct iovec *iov, unsigned count)
{
    uint64_t len = iov_len(iov, count);

    net.count.sent++;
    note_len(len);
    if (len <= FRAMES_HEADER_LEN)
        return;
    net.count.sent_len += len - FRAMES_HEADER_LEN;
    if (capture_is_on())
        capture_frame(CONTROL_FROM_GUEST, iov, len);
}

/* -> 1 a frame went, or was refused for good; 0 none, or no room; -errno */
static int send_one(void)
{
    static struct iovec iov[QUEUE_LEN_MAX];
    uint16_t head;
    int n = queue_take(&net.tx, false, iov, QUEUE_LEN_MAX, &head);
    int err;

    if (n <= 0)
        return n;
    err = frames_send(&net.frames, iov, (unsigned)n);
    net.is_blocked = err == -EAGAIN;
    if (net.is_blocked) {
        queue_untake(&net.tx, 1);
        return 0;
    }
    if (err == 0)
        sent(iov, (unsigned)n);
    else
        net.count.tx_dropped++;
    queue_put(&net.tx, head, 0);
    return err == -EPIPE ? -EPIPE : 1;
}

static bool send_all(void)
{
    int n = 1;

    for (unsigned i = 0; i < net.tx.len && n > 0; i++)
        n = send_one();
    if (n == -EINVAL)
        lose_queue("send");
    else if (n == -EPIPE)
        lose_host();
    return queue_show(&net.tx);
}

/* ---- both ---- */

/*
 * With the lock held. While the watcher is on, it or a CPU that goes to sleep
 * will see what the guest adds; else the guest is to notify. No chain is missed
 * between the two: the watcher is off before it takes the lock for its last
 * look, which asks; whoever finds it on later knows that it was woken.
 */
static void ask_tx(bool is_watched)
{
    if (is_watched)
        queue_ask_none(&net.tx);
    else if (!net.is_blocked && !queue_ask(&net.tx))
        net_watch_begin(); /* it was added to just now */
}

static void ask(bool is_watched)
{
    ask_tx(is_watched);
    if (!is_starved())
        queue_ask_none(&net.rx);
    else if (!queue_ask(&net.rx))
        net_watch_begin();
}

static uint64_t moved_count(void)
{
    return __atomic_load_n(&net.count.received, __ATOMIC_RELAXED) +
           __atomic_load_n(&net.count.sent, __ATOMIC_RELAXED);
}

/* With the lock held. True when the guest is to be told. */
static bool move(bool receives)
{
    bool tell;

    if (net.is_broken)
        return false;
    net.count.looks++;
    tell = send_all();
    if (receives && !net.is_broken)
        tell = receive() || tell;
    return tell || net.is_broken;
}

void net_notified(void)
{
    bool tell;

    if (!is_started())
        return;
    pthread_mutex_lock(&net.lock);
    net.count.notified++;
    net_watch_begin();
    tell = move(true);
    if (!net.is_broken)
        ask(true);
    pthread_mutex_unlock(&net.lock);
    if (tell)
        events_raise(&net.vm->vcpu[0], HYPERCALL_EVENT_NET);
}

/* What there is to wait for before anything can be moved. */
static void fill_poll(struct pollfd *p)
{
    if (net.is_broken)
        return;
    p->events =
        (short)((is_starved() ? 0 : POLLIN) | (net.is_blocked ? POLLOUT : 0));
    if (p->events)
        p->fd = net.frames.fd;
}

uint64_t net_watched(bool is_last, struct pollfd *p)
{
    const struct vcpu *first = &net.vm->vcpu[0];
    bool tell = false;

    *p = (struct pollfd){ .fd = -1 };
    if (!is_started())
        return 0;
    /* CPU 0's thread sees the descriptor itself while it waits. */
    if (!is_last && net.vm->cpu_count == 1 &&
        __atomic_load_n(&first->is_waiting, __ATOMIC_SEQ_CST))
        return moved_count();
    if (__atomic_exchange_n(&net.was_pumped, 0, __ATOMIC_RELAXED) && !is_last)
        return moved_count();
    pthread_mutex_lock(&net.lock);
    tell = move(true);
    if (!net.is_broken)
        ask(!is_last);
    fill_poll(p);
    pthread_mutex_unlock(&net.lock);
    if (tell)
        events_raise(&net.vm->vcpu[0], HYPERCALL_EVENT_NET);
    return moved_count();
}

bool net_pump(bool is_first, struct pollfd *p)
{
    uint64_t before = moved_count();
    bool tell;

    *p = (struct pollfd){ .fd = -1 };
    if (!is_started())
        return false;
    pthread_mutex_lock(&net.lock);
    tell = move(is_first);
    if (is_first)
        __atomic_store_n(&net.was_pumped, net.long_left == 0, __ATOMIC_RELAXED);
    /* CPU 0's thread may be asleep and not know that the host has no room. */
    if (before != moved_count() || (!is_first && net.is_blocked))
        net_watch_begin();
    if (!net.is_broken)
        (is_first ? ask : ask_tx)(net_watch_is_on());
    if (is_first)
        fill_poll(p);
    pthread_mutex_unlock(&net.lock);
    return tell;
}

void net_counters(struct control_counters *out)
{
    pthread_mutex_lock(&net.lock);
    *out = (struct control_counters){
        .rx_frames = net.count.received,
        .rx_bytes = net.count.received_len,
        .rx_dropped = net.count.rx_dropped,
        .tx_frames = net.count.sent,
        .tx_bytes = net.count.sent_len,
        .tx_dropped = net.count.tx_dropped,
    };
    pthread_mutex_unlock(&net.lock);
}

void net_dump(void)
{
    if (!is_started())
        return;
    report_message("network: received %lu, sent %lu, dropped %lu; notified "
                   "%lu times, looked %lu times",
                   net.count.received, net.count.sent,
                   net.count.rx_dropped + net.count.tx_dropped,
                   net.count.notified, net.count.looks);
}
