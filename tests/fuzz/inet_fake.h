/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_fake.h - what the internet protocols stand on, for their fuzzer.
 *
 * What:      timers over a time that the fuzzer moves, an interface with given
 *            addresses, a network device that looks at every byte it is sent
 *            and counts the buffers that it has lent.
 * Context:   included once.
 */
#ifndef TESTS_FUZZ_INET_FAKE_H
#define TESTS_FUZZ_INET_FAKE_H

#include "fs/io_fakes.h"

#include <malloc.h>

#include "drivers/netdev.h"
#include "fs/pseudo.h"
#include "inet_hooks.h"
#include "net/inet/device.h"
#include "net/inet/ifconfig.h"
#include "net/inet/timers.h"
#include "net/packet.h"
#include "random/pool.h"
#include "sched/runq.h"

static unsigned bufs_out; /* the driver's buffers that lwIP has */

bool (*runq_idle_hook)(void);
bool (*wait_look_hook)(void);
void (*process_end_hook)(void);

void inet_end(void)
{
}

void runq_halt_soon(void)
{
}

void epoll_file_released(struct file *f)
{
    (void)f;
}

int packet_mmap(struct file *f, int prot, int flags, struct vm_object **out)
{
    (void)f, (void)prot, (void)flags, (void)out;
    return -ENODEV;
}

void file_signal_owner(const struct file *f, int signo)
{
    (void)f;
    (void)signo;
}

long file_owner_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    (void)f;
    (void)cmd;
    (void)arg;
    return -ENOTTY;
}

bool netif_link_by_name(const char *name, struct netif_link *out)
{
    (void)name;
    (void)out;
    return false;
}

bool netif_link_by_index(unsigned index, struct netif_link *out)
{
    (void)index;
    (void)out;
    return false;
}

bool fd_has_room(void)
{
    return true;
}

struct file *fd_get(int fd)
{
    (void)fd;
    return NULL;
}

void pool_read(void *buf, size_t len)
{
    memset(buf, 0x5a, len);
}

uint64_t pool_u64(void)
{
    static uint64_t state = 88172645463325252ull;

    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

int text_printf(struct text_file *t, const char *fmt, ...)
{
    (void)t, (void)fmt;
    return 0;
}

int pseudo_parse(const char *text, long min, long max, long *out)
{
    (void)min, (void)max;
    *out = atol(text);
    return 0;
}

size_t kmalloc_len(void *p)
{
    return malloc_usable_size(p);
}

/* ---- timers ---- */

#define TIMERS_MAX 16u

static struct timer *timers[TIMERS_MAX];

void timer_init(struct timer *t, void (*expired)(struct timer *t))
{
    memset(t, 0, sizeof(*t));
    t->expired = expired;
}

void timer_cancel(struct timer *t)
{
    for (unsigned i = 0; i < TIMERS_MAX; i++)
        if (timers[i] == t)
            timers[i] = NULL;
    t->queue = NULL;
}

void timer_arm(struct timer *t, uint64_t deadline_ns)
{
    timer_cancel(t);
    t->deadline_ns = deadline_ns;
    t->queue = (void *)t;
    for (unsigned i = 0; i < TIMERS_MAX; i++) {
        if (!timers[i]) {
            timers[i] = t;
            return;
        }
    }
    abort();
}

/* Time goes by, and what is due is done in its order. */
static void advance(uint64_t ns)
{
    uint64_t end = fake_mono_ns + ns;

    for (;;) {
        struct timer *first = NULL;

        for (unsigned i = 0; i < TIMERS_MAX; i++)
            if (timers[i] &&
                (!first || timers[i]->deadline_ns < first->deadline_ns))
                first = timers[i];
        if (!first || first->deadline_ns > end)
            break;
        fake_mono_ns = MAX(fake_mono_ns, first->deadline_ns);
        timer_cancel(first);
        first->expired(first);
    }
    fake_mono_ns = end;
}

/* ---- addresses: given ---- */

void ifconfig_begin(void)
{
    ip4_addr_t a, m, g;
    ip6_addr_t a6;
    s8_t slot;

    IP4_ADDR(&a, 10, 0, 0, 2);
    IP4_ADDR(&m, 255, 255, 255, 0);
    IP4_ADDR(&g, 10, 0, 0, 1);
    netif_set_addr(&inet_device, &a, &m, &g);
    netif_create_ip6_linklocal_address(&inet_device, 1);
    inet_device.ip6_autoconfig_enabled = 1;
    memset(&a6, 0, sizeof(a6));
    IP6_ADDR(&a6, PP_HTONL(0xfd000000), 0, 0, PP_HTONL(2));
    netif_add_ip6_address(&inet_device, &a6, &slot);
    netif_ip6_addr_set_state(&inet_device, slot, IP6_ADDR_PREFERRED);
    netif_set_up(&inet_device);
    timers_link_needed(15);
}

bool ifconfig_wait(void)
{
    return false;
}

bool ifconfig_wait_asked(void)
{
    return false;
}

const ip6_addr_t *inet_gateway6(struct netif *n, const ip6_addr_t *dest)
{
    (void)n, (void)dest;
    return NULL;
}

void ifconfig_tell(void)
{
}

void dns_setserver(u8_t index, const ip_addr_t *server)
{
    (void)index, (void)server;
}

const ip_addr_t *dns_getserver(u8_t index)
{
    (void)index;
    return IP_ADDR_ANY;
}

/* ---- the device ---- */

static struct netdev dev;
static void *sent_cookies[64];
static unsigned sent_count;
static bool dev_is_armed; /* an interrupt would tell of what comes */
/* Who is shown each frame; NULL: nobody. */
static void (*on_sent)(const uint8_t *frame, size_t len);

static int dev_open(struct netdev *d)
{
    (void)d;
    return 0;
}

static void show_sent(const struct netdev_part *parts, unsigned count)
{
    static uint8_t frame[80000];
    size_t len = 0;

    for (unsigned i = 0; i < count; i++) {
        memcpy(frame + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    on_sent(frame, len);
}

/* Look at every byte: ASan says whether it is there. */
static int dev_transmit(struct netdev *d, const struct netdev_part *parts,
                        unsigned count, const struct netdev_offload *o,
                        void *cookie)
{
    volatile uint8_t sum = 0;

    (void)d;
    if (sent_count == ARRAY_LEN(sent_cookies))
        return -ENOBUFS;
    if (count > NETDEV_PARTS_MAX || (o->gso && o->gso_size == 0))
        abort();
    for (unsigned i = 0; i < count; i++)
        for (uint32_t n = 0; n < parts[i].len; n++)
            sum += ((const uint8_t *)parts[i].data)[n];
    if (on_sent)
        show_sent(parts, count);
    sent_cookies[sent_count++] = cookie;
    return 0;
}

static void dev_flush(struct netdev *d)
{
    (void)d;
}

static unsigned dev_poll(struct netdev *d, unsigned budget)
{
    (void)budget;
    dev_is_armed = false;
    while (sent_count > 0)
        d->events->sent(d, sent_cookies[--sent_count]);
    return 0;
}

static bool dev_arm(struct netdev *d)
{
    (void)d;
    dev_is_armed = true;
    return true;
}

static void dev_give_back(struct netdev *d, struct netbuf *b)
{
    (void)d;
    while (b) {
        struct netbuf *next = b->next;

        free(b->data);
        free(b);
        bufs_out--;
        b = next;
    }
}

static const struct netdev_ops dev_ops = {
    .open = dev_open,
    .transmit = dev_transmit,
    .flush = dev_flush,
    .poll = dev_poll,
    .arm = dev_arm,
    .give_back = dev_give_back,
};

struct netdev *netdev_get(void)
{
    dev.ops = &dev_ops;
    memcpy(dev.mac, "\x02\0\0\0\0\2", 6);
    dev.mtu = 1500;
    dev.features = NETDEV_TX_CSUM | NETDEV_TSO4 | NETDEV_TSO6 | NETDEV_RX_CSUM;
    dev.link_up = true;
    return &dev;
}

void netdev_set_pending(void (*pending)(struct netdev *d))
{
    (void)pending;
}

#endif
