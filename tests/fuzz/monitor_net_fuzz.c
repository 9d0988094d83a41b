/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor_net_fuzz.c - any memory of a guest, and any changes to it, under the
 * monitor's network device: it reads and writes nothing outside of the guest's
 * memory, comes back, and ends at most the guest's network.
 *
 * Method: the input begins with the queues' first bytes and goes on with steps:
 * change bytes of the guest's, receive a frame, notify, look. What a step names
 * is scaled such that most of it hits something.
 */
/* unit: monitor/gmem.c monitor/capture.c monitor/devices/queue.c
 * monitor/backend/frames.c host/fault.c */
#include "monitor/devices/net_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define STEP_LEN  4u
#define STEPS_MAX 512u
#define HEAD_LEN  6u

void check_failed(const char *file, int line, const char *what)
{
    (void)file;
    (void)line;
    (void)what;
    abort();
}

static uint8_t copies[CONTROL_DATA_MAX];

static void drain(void)
{
    static uint8_t buf[70000];

    while (recv(host_fd, buf, sizeof(buf), 0) > 0)
        continue;
}

static void host_sends(size_t len)
{
    static uint8_t frame[FRAMES_LEN_MAX + 64];

    (void)!send(host_fd, frame, len, 0);
}

/* Fields of the two queues that a guest's driver writes. */
static void poke(unsigned where, unsigned what, unsigned value)
{
    uint8_t *queue = ram + 0x4000 * (where & 1);
    unsigned idx = where >> 1 & 7;
    struct vring_desc *d = (struct vring_desc *)(void *)(queue + DESC) + idx;
    struct vring_avail *a = (struct vring_avail *)(void *)(queue + AVAIL);

    switch (what & 7) {
    case 0:
        d->addr = RAM + DATA + value * 64;
        d->flags = where & 1 ? 0 : VRING_DESC_F_WRITE;
        break;
    case 1:
        d->len = value;
        break;
    case 2:
        d->flags = (uint16_t)value;
        break;
    case 3:
        d->next = (uint16_t)value;
        break;
    case 4:
        a->ring[idx] = (uint16_t)(value & 15);
        a->idx++;
        break;
    case 5:
        a->idx = (uint16_t)value;
        break;
    case 6:
        d->addr += (uint64_t)value << 16;
        break;
    default:
        a->ring[8] = (uint16_t)value; /* used_event of a queue of 8 */
        break;
    }
}

static void step(const uint8_t s[STEP_LEN])
{
    unsigned value = s[2] | s[3] << 8;
    struct pollfd p;

    switch (s[0] & 7) {
    case 0:
    case 1:
    case 2:
        poke(s[0] >> 3, s[1], value);
        break;
    case 3:
        host_sends(value + (s[1] & 31));
        break;
    case 4:
        net_notified();
        break;
    case 5:
        (void)net_watched(s[1] & 1, &p);
        break;
    case 6:
        (void)net_pump(!(s[1] & 1), &p);
        break;
    default:
        drain();
        (void)capture_take(copies, sizeof(copies));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    unsigned queue_len;

    if (len < HEAD_LEN)
        return 0;
    memset(ram, 0, DATA);
    fake_create();
    queue_len = data[0] & 1 ? 8 : data[1];
    (void)fake_start(data[0] & 2 ? FEATURES : FEATURES & ~BIT(data[2] & 63),
                     queue_len);
    fake_vm.cpu_count = data[0] & 4 ? 2 : 1;
    if (data[0] & 8)
        (void)capture_start(data[3]);
    data += HEAD_LEN;
    len -= HEAD_LEN;
    for (unsigned i = 0; i < STEPS_MAX && len >= STEP_LEN; i++) {
        step(data);
        data += STEP_LEN;
        len -= STEP_LEN;
    }
    if (lost > 1)
        abort(); /* it ends once */
    capture_stop();
    fake_destroy();
    return 0;
}
