/* SPDX-License-Identifier: BSD-2-Clause */
/* capture.c - see capture.h. */
#include "monitor/capture.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "host/clock.h"
#include "monitor/backend/frames.h"

#define ALIGN_LEN 8u

uint32_t capture_state;

static struct {
    pthread_mutex_t lock; /* over all that follows */
    uint8_t *ring;        /* NULL: none */
    uint64_t frame_max;
    uint64_t head, tail; /* bytes written and read since the start */
    uint64_t dropped;
} cap = { .lock = PTHREAD_MUTEX_INITIALIZER };

int capture_start(uint64_t frame_max)
{
    void *ring;

    if (capture_is_on())
        return -EBUSY;
    ring = mmap(NULL, CAPTURE_RING_LEN, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ring == MAP_FAILED)
        return -ENOMEM;
    pthread_mutex_lock(&cap.lock);
    cap.ring = ring;
    cap.frame_max = frame_max > 0 ? frame_max : UINT64_MAX;
    cap.head = cap.tail = cap.dropped = 0;
    __atomic_store_n(&capture_state, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&cap.lock);
    return 0;
}

void capture_stop(void)
{
    pthread_mutex_lock(&cap.lock);
    __atomic_store_n(&capture_state, 0, __ATOMIC_RELAXED);
    if (cap.ring)
        munmap(cap.ring, CAPTURE_RING_LEN);
    cap.ring = NULL;
    pthread_mutex_unlock(&cap.lock);
}

/* ---- the ring ---- */

static size_t part_at(uint64_t position, uint64_t len)
{
    uint64_t to_end = CAPTURE_RING_LEN - position % CAPTURE_RING_LEN;

    return len < to_end ? len : to_end;
}

static void put(const void *data, uint64_t len)
{
    const uint8_t *from = data;

    while (len > 0) {
        size_t n = part_at(cap.head, len);

        memcpy(cap.ring + cap.head % CAPTURE_RING_LEN, from, n);
        cap.head += n;
        from += n;
        len -= n;
    }
}

static void put_iov(const struct iovec *iov, uint64_t skip, uint64_t len)
{
    for (; len > 0; iov++) {
        uint64_t n = iov->iov_len;

        if (skip >= n) {
            skip -= n;
            continue;
        }
        n = n - skip < len ? n - skip : len;
        put((const uint8_t *)iov->iov_base + skip, n);
        len -= n;
        skip = 0;
    }
}

static void put_frame(enum control_direction direction, const struct iovec *iov,
                      uint64_t len)
{
    static const uint8_t zeros[ALIGN_LEN];
    struct control_frame f = {
        .ns = clock_ns(CLOCK_REALTIME),
        .len = (uint32_t)len,
        .kept = (uint32_t)(len < cap.frame_max ? len : cap.frame_max),
        .direction = direction,
    };
    uint64_t pad = -f.kept & (ALIGN_LEN - 1);
    uint64_t room = CAPTURE_RING_LEN - (cap.head - cap.tail);

    if (sizeof(f) + f.kept + pad > room) {
        cap.dropped++;
        return;
    }
    put(&f, sizeof(f));
    put_iov(iov, FRAMES_HEADER_LEN, f.kept);
    put(zeros, pad);
}

void capture_frame(enum control_direction direction, const struct iovec *iov,
                   uint64_t len)
{
    ASSERT(len >= FRAMES_HEADER_LEN && len <= UINT32_MAX);
    pthread_mutex_lock(&cap.lock);
    if (cap.ring)
        put_frame(direction, iov, len - FRAMES_HEADER_LEN);
    pthread_mutex_unlock(&cap.lock);
}

size_t capture_take(void *out, size_t room)
{
    uint8_t *to = (uint8_t *)out + sizeof(struct control_frames);
    struct control_frames head = { 0 };

    ASSERT(room > sizeof(head));
    room -= sizeof(head);
    pthread_mutex_lock(&cap.lock);
    head.dropped = cap.dropped;
    while (cap.ring && cap.tail < cap.head && head.len < room) {
        uint64_t want = cap.head - cap.tail;
        size_t n =
            part_at(cap.tail, want < room - head.len ? want : room - head.len);

        memcpy(to + head.len, cap.ring + cap.tail % CAPTURE_RING_LEN, n);
        cap.tail += n;
        head.len += n;
    }
    pthread_mutex_unlock(&cap.lock);
    memcpy(out, &head, sizeof(head));
    return sizeof(head) + head.len;
}
