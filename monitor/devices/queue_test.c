/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_test.c - the device's end of a queue, with a guest that lies.
 *
 * Method: the guest's memory is an array; the tests write descriptors and rings
 * there as a driver would, and as none should.
 */
/* unit: monitor/gmem.c */
#include "monitor/devices/queue.c"

#include "tests/unit.h"

#define RAM     0x100000u
#define RAM_LEN 0x10000u
#define ROM     0x200000u
#define ROM_LEN 4096u
#define LEN     8u
#define DESC    0x0u
#define AVAIL   0x1000u
#define USED    0x2000u
#define DATA    0x4000u
#define IOV_LEN 16u

static uint8_t ram[RAM_LEN] __attribute__((aligned(4096)));
static uint8_t rom[ROM_LEN];
static struct gmem mem;
static struct queue q;
static struct iovec iov[IOV_LEN];
static uint16_t head;

void check_failed(const char *file, int line, const char *what)
{
    printf("# %s:%d: %s\n", file, line, what);
    exit(UNIT_EXIT_FAIL);
}

static struct monitor_net_queue place(void)
{
    return (struct monitor_net_queue){ RAM + DESC, RAM + AVAIL, RAM + USED,
                                       LEN };
}

static void make(bool has_event_idx)
{
    struct monitor_net_queue where = place();

    mem = (struct gmem){ .range_count = 0 };
    gmem_add(&mem, RAM, RAM_LEN, ram, true);
    gmem_add(&mem, ROM, ROM_LEN, rom, false);
    CHECK_EQ(queue_init(&q, &mem, &where, has_event_idx), 0);
}

static void set_desc(unsigned i, uint64_t addr, uint32_t len, unsigned flags,
                     unsigned next)
{
    q.desc[i] =
        (struct vring_desc){ addr, len, (uint16_t)flags, (uint16_t)next };
}

static void offer(unsigned first)
{
    q.avail->ring[q.avail->idx & (LEN - 1)] = (uint16_t)first;
    q.avail->idx++;
}

static int take(bool writable)
{
    return queue_take(&q, writable, iov, IOV_LEN, &head);
}

TEST(places_that_are_none)
{
    struct {
        struct monitor_net_queue where;
        int err;
    } cases[] = {
        { { RAM, RAM + AVAIL, RAM + USED, 0 }, -EINVAL },
        { { RAM, RAM + AVAIL, RAM + USED, 7 }, -EINVAL },
        { { RAM, RAM + AVAIL, RAM + USED, 2 * QUEUE_LEN_MAX }, -EINVAL },
        { { RAM, RAM + AVAIL, RAM + USED, 1ull << 32 }, -EINVAL },
        { { RAM + 8, RAM + AVAIL, RAM + USED, LEN }, -EINVAL },
        { { RAM, RAM + AVAIL + 1, RAM + USED, LEN }, -EINVAL },
        { { RAM, RAM + AVAIL, RAM + USED + 2, LEN }, -EINVAL },
        { { RAM + RAM_LEN, RAM + AVAIL, RAM + USED, LEN }, -EFAULT },
        { { RAM + RAM_LEN - 16, RAM + AVAIL, RAM + USED, LEN }, -EFAULT },
        { { RAM, RAM + RAM_LEN - 16, RAM + USED, LEN }, -EFAULT },
        { { RAM, RAM + AVAIL, ROM, LEN }, -EFAULT },
        { { 0, RAM + AVAIL, RAM + USED, LEN }, -EFAULT },
        { { RAM, RAM + AVAIL, (uint64_t)-16, LEN }, -EFAULT },
    };

    make(true);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK_EQ(queue_init(&q, &mem, &cases[i].where, true), cases[i].err);
}

TEST(a_chain_comes_and_goes)
{
    make(true);
    CHECK_EQ(take(false), 0);
    set_desc(5, RAM + DATA, 12, VRING_DESC_F_NEXT, 2);
    set_desc(2, ROM, 100, VRING_DESC_F_NEXT, 7);
    set_desc(7, RAM + DATA + 64, 0, 0, 0); /* of no bytes: left out */
    offer(5);
    CHECK_EQ(take(false), 2);
    CHECK_EQ(head, 5);
    CHECK_EQ(iov[0].iov_base, (void *)(ram + DATA));
    CHECK_EQ(iov[0].iov_len, 12);
    CHECK_EQ(iov[1].iov_base, (void *)rom);
    CHECK_EQ(take(false), 0);
    queue_put(&q, head, 17);
    CHECK_EQ(q.used->idx, 0);
    queue_show(&q);
    CHECK_EQ(q.used->idx, 1);
    CHECK_EQ(q.used->ring[0].id, 5);
    CHECK_EQ(q.used->ring[0].len, 17);
}

TEST(a_chain_that_was_untaken_comes_again)
{
    make(true);
    set_desc(0, RAM + DATA, 12, VRING_DESC_F_WRITE, 0);
    offer(0);
    CHECK_EQ(take(true), 1);
    queue_untake(&q, 1);
    CHECK_EQ(take(true), 1);
    CHECK_EQ(take(true), 0);
}

TEST(indices_wrap_around)
{
    make(true);
    set_desc(3, RAM + DATA, 1, 0, 0);
    for (unsigned i = 0; i < 0x10000u + 5; i++) {
        offer(3);
        if (take(false) != 1)
            break;
        queue_put(&q, head, 0);
        queue_show(&q);
    }
    CHECK_EQ(q.used->idx, 5);
    CHECK_EQ(q.avail_idx, 5);
}

TEST(more_offered_than_the_queue_holds)
{
    make(true);
    q.avail->idx = LEN + 1;
    CHECK_EQ(take(false), -EINVAL);
    q.avail->idx = 0xffff; /* back by one */
    CHECK_EQ(take(false), -EINVAL);
}

TEST(chains_that_are_none)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
        uint16_t flags, next;
    } cases[] = {
        { RAM + DATA, 4, VRING_DESC_F_NEXT, 0 },   /* a loop */
        { RAM + DATA, 4, VRING_DESC_F_NEXT, LEN }, /* beyond the table */
        { RAM + DATA, 4, VRING_DESC_F_NEXT, 0xffff },
        { RAM + DATA, 4, VRING_DESC_F_WRITE, 0 },     /* the other direction */
        { RAM + DATA, 16, VRING_DESC_F_INDIRECT, 0 }, /* not offered */
        { RAM + DATA, 4, 8, 0 },                      /* no such flag */
        { RAM + DATA, 0, 0, 0 },                      /* nothing at all */
        { RAM + RAM_LEN - 3, 4, 0, 0 },               /* half outside */
        { RAM + DATA, 0xffffffffu, 0, 0 },
        { (uint64_t)-2, 4, 0, 0 }, /* the sum wraps */
        { 0, 1, 0, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(ram, 0, sizeof(ram));
        make(true);
        set_desc(0, cases[i].addr, cases[i].len, cases[i].flags, cases[i].next);
        offer(0);
        CHECK_EQ(take(false), -EINVAL);
    }
}

TEST(a_head_beyond_the_table)
{
    make(true);
    offer(LEN);
    CHECK_EQ(take(false), -EINVAL);
}

TEST(buffers_to_write_are_ram)
{
    make(true);
    set_desc(0, ROM, 4, VRING_DESC_F_WRITE, 0);
    offer(0);
    CHECK_EQ(take(true), -EINVAL);
}

TEST(a_chain_longer_than_the_callers_vector)
{
    make(true);
    set_desc(0, RAM + DATA, 4, VRING_DESC_F_NEXT, 1);
    set_desc(1, RAM + DATA, 4, 0, 0);
    offer(0);
    CHECK_EQ(queue_take(&q, false, iov, 1, &head), -EINVAL);
}

/* 2.7.7.2: told when used_event is among those shown since the last time. */
TEST(tells_by_event_index)
{
    make(true);
    q.avail->ring[LEN] = 1; /* used_event */
    queue_put(&q, 0, 0);
    CHECK_EQ(queue_show(&q), false);
    CHECK_EQ(queue_show(&q), false);
    queue_put(&q, 0, 0);
    queue_put(&q, 0, 0);
    CHECK_EQ(queue_show(&q), true);
    queue_put(&q, 0, 0);
    CHECK_EQ(queue_show(&q), false);
}

TEST(tells_by_flag)
{
    make(false);
    queue_put(&q, 0, 0);
    CHECK_EQ(queue_show(&q), true);
    q.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
    queue_put(&q, 0, 0);
    CHECK_EQ(queue_show(&q), false);
}

TEST(asks_by_event_index)
{
    uint16_t *event;

    make(true);
    event = (uint16_t *)(void *)&q.used->ring[LEN];
    set_desc(0, RAM + DATA, 4, 0, 0);
    CHECK_EQ(queue_ask(&q), true);
    CHECK_EQ(*event, 0);
    CHECK_EQ(vring_need_event(*event, 1, 0), 1);
    offer(0);
    CHECK_EQ(queue_ask(&q), false);
    CHECK_EQ(take(false), 1);
    queue_ask_none(&q);
    CHECK_EQ(vring_need_event(*event, 2, 1), 0);
    /* ... nor when the guest looks for several chains at once, of which some
     * have been taken. */
    offer(0);
    CHECK_EQ(take(false), 1);
    queue_ask_none(&q);
    CHECK_EQ(vring_need_event(*event, 3, 0), 0);
}

TEST(asks_by_flag)
{
    make(false);
    queue_ask_none(&q);
    CHECK_EQ(q.used->flags, VRING_USED_F_NO_NOTIFY);
    CHECK_EQ(queue_ask(&q), true);
    CHECK_EQ(q.used->flags, 0);
}
