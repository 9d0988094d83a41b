/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_ring.c - see qemu_ring.h.
 *
 * The rings are the guest's memory, which may lie. What was copied is believed
 * only if it was not old when the copy was done; every length is checked
 * against the copy, and each record leads on in a ring of our own size.
 */
#include "cli/qemu_ring.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "abi/link.h"
#include "abi/sample.h"
#include "host/clock.h"

#define PAGE_LEN    4096u
#define LEASE_S     5u
#define RENEW_NS    NS_PER_S
#define PATIENCE_NS (NS_PER_S / 2) /* and some steps: its kernel may hang */
/* Of those that come beside the records: idle CPUs, and the last one. */
#define HEADS_LEN ((CONTROL_CPU_MAX + 1) * sizeof(struct control_sample))
#define STACK_MAX 49152u

/* ---- memory that is not all in one page ---- */

static int copy(const struct qemu_control *c, uint64_t va, void *dst,
                size_t len)
{
    uint8_t *to = dst;

    while (len > 0) {
        size_t part = PAGE_LEN - va % PAGE_LEN;
        int err;

        part = part < len ? part : len;
        err = qemu_control_read(c, va, to, part);
        if (err)
            return err;
        va += part;
        to += part;
        len -= part;
    }
    return 0;
}

/* ---- switching ---- */

static uint64_t lease(const struct qemu_control *c)
{
    return __rdtsc() - c->tsc_start + LEASE_S * 1000 * c->tsc_khz;
}

/* Its words are the command's but for the rings'; `wanted` goes last. */
static int write_wish(const struct qemu_control *c, const struct qemu_ring *r,
                      uint32_t wanted)
{
    const struct sample_control wish = { .stack_len = STACK_MAX,
                                         .step_ns = r->step_ns,
                                         .until_tsc = lease(c) };
    const size_t from = offsetof(struct sample_control, stack_len);
    const size_t len = offsetof(struct sample_control, rings) - from;
    int err = qemu_control_write(c, r->control + from,
                                 (const uint8_t *)&wish + from, len);

    return err ? err
               : qemu_control_write(c, r->control, &wanted, sizeof(wanted));
}

static bool is_used_by_another(const struct qemu_control *c,
                               const struct qemu_client *cl)
{
    unsigned i;

    for (i = 0; i < QEMU_CONTROL_CLIENTS; i++)
        if (&c->client[i] != cl && c->client[i].fd >= 0 &&
            c->client[i].ring.is_on)
            return true;
    return false;
}

void qemu_ring_end(const struct qemu_control *c, struct qemu_client *cl)
{
    const uint32_t off = SAMPLE_OFF;

    if (cl->ring.is_on && !c->is_ended)
        (void)qemu_control_write(c, cl->ring.control, &off, sizeof(off));
    cl->ring.is_on = false;
}

/* The first time, and then as long as it is wanted. */
static int renew(struct qemu_control *c, struct qemu_ring *r, uint64_t now)
{
    int err;

    if (r->is_on && now - r->renewed_ns < RENEW_NS)
        return 0;
    r->renewed_ns = now;
    err = write_wish(c, r, SAMPLE_ON);
    if (err == 0 && c->tell)
        c->tell(c->tell_arg, LINK_SAMPLE);
    return err;
}

static void begin(struct qemu_ring *r, const struct control_sample_how *how,
                  uint64_t now)
{
    *r = (struct qemu_ring){ .control = how->control,
                             .step_ns = how->step_ns,
                             .heard_ns = now };
}

/* ---- reading ---- */

struct answer {
    uint8_t *out;
    size_t len;
    uint64_t lost;
};

static void add_head(struct answer *a, uint32_t cpu, uint32_t state,
                     uint64_t periods)
{
    const struct control_sample s = {
        .cpu = cpu,
        .state = state,
        .periods = periods < UINT32_MAX ? (uint32_t)periods : UINT32_MAX,
    };

    memcpy(a->out + a->len, &s, sizeof(s));
    a->len += sizeof(s);
}

/* One CPU's ring as its head was when it was looked at. */
struct view {
    uint64_t va;
    uint64_t data_len, record_max;
    struct sample_ring ring;
    unsigned cpu;
};

/* The guest's word about what is too old, now. */
static bool is_overwritten(const struct qemu_control *c, const struct view *v,
                           uint64_t position)
{
    uint64_t oldest;

    return copy(c, v->va + offsetof(struct sample_ring, oldest), &oldest,
                sizeof(oldest)) != 0 ||
           oldest > position;
}

/* The record at `position`, to where the answer ends. Its length; 0: it makes
 * no sense, or is gone. */
static size_t copy_record(const struct qemu_control *c, const struct view *v,
                          uint64_t position, struct answer *a)
{
    uint64_t va = v->va + sizeof(v->ring) + position % v->data_len;
    struct control_sample s;
    size_t stacks;

    if (copy(c, va, &s, sizeof(s)) != 0 || s.kernel_len > v->record_max ||
        s.program_len > v->record_max)
        return 0;
    stacks = (size_t)s.kernel_len + s.program_len;
    if (sizeof(s) + stacks > v->record_max)
        return 0;
    s.cpu = v->cpu;
    s.state = CONTROL_SAMPLE_RUNNING;
    memcpy(a->out + a->len, &s, sizeof(s));
    if (copy(c, va + sizeof(s), a->out + a->len + sizeof(s), stacks) != 0 ||
        is_overwritten(c, v, position))
        return 0;
    return sizeof(s) + stacks;
}

/* Where the record that would be at `position` is. */
static uint64_t skip_pad(const struct qemu_control *c, const struct view *v,
                         uint64_t position)
{
    uint64_t at = position % v->data_len;
    uint32_t cpu = 0;

    (void)copy(c, v->va + sizeof(v->ring) + at, &cpu, sizeof(cpu));
    return cpu == SAMPLE_PAD ? position + (v->data_len - at) : position;
}

/* Whatever has come and fits. What was overwritten is counted. */
static void take_records(const struct qemu_control *c, const struct view *v,
                         struct qemu_ring *r, struct answer *a)
{
    const size_t room = CONTROL_DATA_MAX - HEADS_LEN;
    uint64_t *position = &r->position[v->cpu];
    uint64_t *seen = &r->seen[v->cpu];
    size_t len = 1;

    while (*position < v->ring.head && len > 0) {
        uint64_t at = skip_pad(c, v, *position);

        if (a->len + v->record_max > room)
            return;
        len = copy_record(c, v, at, a);
        a->len += len;
        *position = at + ((len + 7) & ~7ull);
        *seen += len > 0;
    }
    if (*position == v->ring.head)
        return;
    a->lost += v->ring.count > *seen ? v->ring.count - *seen : 0;
    *position = v->ring.head;
    *seen = v->ring.count;
}

static void take_cpu(const struct qemu_control *c,
                     const struct sample_control *control, unsigned cpu,
                     struct qemu_ring *r, struct answer *a)
{
    struct view v = { .va = control->rings + cpu * control->ring_len,
                      .data_len = SAMPLE_DATA_LEN(control->ring_len),
                      .record_max = SAMPLE_RECORD_MAX(control->ring_len),
                      .cpu = cpu };

    if (copy(c, v.va, &v.ring, sizeof(v.ring)) != 0)
        return;
    if (v.ring.idle > r->idle[cpu])
        add_head(a, cpu, CONTROL_SAMPLE_IDLE, v.ring.idle - r->idle[cpu]);
    r->idle[cpu] = v.ring.idle;
    take_records(c, &v, r, a);
}

/* What it says of its rings may be. */
static bool is_sound(const struct sample_control *s)
{
    return s->ring_len <= SAMPLE_RINGS_LEN && s->ring_len % 8 == 0 &&
           s->ring_len >= SAMPLE_RINGS_LEN / CONTROL_CPU_MAX / 2;
}

/* New rings begin anew. */
static void follow(struct qemu_ring *r, uint64_t rings)
{
    if (r->rings == rings)
        return;
    memset(r->position, 0, sizeof(r->position));
    memset(r->seen, 0, sizeof(r->seen));
    memset(r->idle, 0, sizeof(r->idle));
    r->rings = rings;
}

/* Nothing has come for longer than there can be nothing. */
static bool is_stuck(const struct qemu_ring *r, uint64_t now)
{
    return now - r->heard_ns > PATIENCE_NS + 2 * r->step_ns;
}

static int take_all(const struct qemu_control *c, struct qemu_ring *r,
                    uint64_t now, struct answer *a)
{
    struct sample_control control;
    unsigned cpu;
    int err = copy(c, r->control, &control, sizeof(control));

    if (err)
        return err;
    follow(r, control.rings);
    if (control.rings == 0)
        return control.wanted == SAMPLE_NO_MEMORY || is_stuck(r, now) ? -ENOMEM
                                                                      : 0;
    if (!is_sound(&control))
        return -EPROTO;
    for (cpu = 0; cpu < c->cpu_count && cpu < CONTROL_CPU_MAX; cpu++)
        take_cpu(c, &control, cpu, r, a);
    if (a->len > 0)
        r->heard_ns = now;
    return is_stuck(r, now) ? -ETIMEDOUT : 0;
}

bool qemu_ring_sample(struct qemu_control *c, struct qemu_client *cl,
                      const struct control_sample_how *how, uint8_t *out,
                      size_t *len_out)
{
    struct qemu_ring *r = &cl->ring;
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    struct answer a = { .out = out };
    int err;

    if (how->control == 0 || how->step_ns == 0 || r->is_refused ||
        is_used_by_another(c, cl))
        return false;
    if (!r->is_on)
        begin(r, how, now);
    err = renew(c, r, now);
    r->is_on = err == 0;
    if (err == 0)
        err = take_all(c, r, now, &a);
    if (err) {
        qemu_ring_end(c, cl);
        r->is_refused = true;
        return false;
    }
    add_head(&a, 0, CONTROL_SAMPLE_KEPT, a.lost);
    *len_out = a.len;
    return true;
}
