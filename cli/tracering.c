/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracering.c - see tracering.h.
 *
 * The ring is the guest's memory: it may change while it is read, on purpose
 * too. What is copied is only believed as far as the guest's word about what
 * is old, asked again after the copy, and every length is checked against the
 * copy.
 */
#include "cli/tracering.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest.h"
#include "host/fault.h"
#include "host/memory.h"

#define LEASE_S  5u
#define HEAD_LEN (sizeof(struct trace_ring) - TRACE_RING_LEN)

/* A call that is not over, by its thread. */
struct tracering_pending {
    struct tracering_pending *next;
    struct trace_event event;
    uint8_t data[2][TRACE_RECORD_MAX]; /* event.memory lies there */
};

/* ---- switching ---- */

static uint64_t lease(const struct tracering *t)
{
    return t->inside.hello.tsc + LEASE_S * 1000 * t->inside.hello.tsc_khz;
}

/* Each CPU's table: what it holds becomes `to`, where one is selected. */
static int tables_write(struct tracering *t, bool on, struct fault *fault)
{
    const struct records *r = &t->inside.records;
    uint64_t table[TRACE_CALL_MAX];
    unsigned cpu, i;
    int err = 0;

    memcpy(table, t->original, sizeof(table));
    for (i = 0; on && i < TRACE_CALL_MAX; i++)
        if (t->selected[i] && trace_call_get(i))
            table[i] = r->traced;
    for (cpu = 0; cpu < t->inside.hello.cpu_count && err == 0; cpu++) {
        uint64_t percpu = 0;

        err = inside_read(&t->inside, r->percpus + 8 * cpu, &percpu,
                          sizeof(percpu), fault);
        if (err == 0 && percpu != 0)
            err = inside_write(&t->inside, percpu + r->percpu_table, table,
                               sizeof(table), fault);
    }
    return err;
}

static int originals_read(struct tracering *t, struct fault *fault)
{
    const struct records *r = &t->inside.records;
    uint64_t percpu = 0;
    int err =
        inside_read(&t->inside, r->percpus, &percpu, sizeof(percpu), fault);

    if (err == 0)
        err = inside_read(&t->inside, percpu + r->percpu_table, t->original,
                          sizeof(t->original), fault);
    return err;
}

static void capture_fill(const struct tracering *t, struct trace_control *c)
{
    unsigned i;

    memset(c->selected, 0, sizeof(c->selected));
    for (i = 0; i < TRACE_CALL_MAX; i++)
        if (t->selected[i] && trace_call_get(i))
            c->selected[i / 8] |= (uint8_t)(1u << i % 8);
    trace_calls_capture(c, t->string_max);
}

static int counts_read(struct tracering *t, uint64_t ring,
                       struct trace_count *counts, struct fault *fault)
{
    return inside_read(&t->inside, ring + offsetof(struct trace_ring, count),
                       counts, sizeof(t->count), fault);
}

/* While the guest is stopped. */
static int switch_on(struct tracering *t, struct fault *fault)
{
    uint64_t at = t->inside.records.trace;
    struct {
        uint64_t head, oldest, number; /* of struct trace_ring */
    } before = { 0 };
    struct trace_control c;
    int err = inside_read(&t->inside, at, &c, sizeof(c), fault);

    if (err == 0 && c.wanted != TRACE_OFF && c.until_tsc > t->inside.hello.tsc)
        return fault_set(fault, EBUSY,
                         "the guest '%s' is being traced by another",
                         t->inside.name);
    if (err == 0)
        err = originals_read(t, fault);
    if (err)
        return err;
    c.wanted = t->mode;
    c.state = c.ring ? t->mode : TRACE_OFF;
    c.until_tsc = lease(t);
    capture_fill(t, &c);
    err = inside_write(&t->inside, at, &c, sizeof(c), fault);
    if (err == 0 && c.ring != 0)
        err = inside_read(&t->inside, c.ring, &before, sizeof(before), fault);
    if (err == 0 && c.ring != 0) /* another's, who has just gone */
        err = counts_read(t, c.ring, t->count_before, fault);
    t->position = before.head;
    t->number = before.number;
    if (err == 0)
        err = tables_write(t, true, fault);
    return err;
}

/* The lease ends as well: calls that still come here go back by themselves. */
static int off_word(struct tracering *t, struct fault *fault)
{
    const uint64_t at = t->inside.records.trace, never = 0;
    const uint32_t off = TRACE_OFF;
    int err = inside_write(&t->inside, at, &off, sizeof(off), fault);

    return err ? err
               : inside_write(&t->inside,
                              at + offsetof(struct trace_control, until_tsc),
                              &never, sizeof(never), fault);
}

int tracering_open(struct tracering *t, const struct guest *g,
                   enum trace_mode mode, struct fault *fault)
{
    int err = inside_open(&t->inside, g, fault);

    if (err)
        return err;
    t->mode = mode;
    err = inside_hold(&t->inside, fault);
    if (err == 0)
        err = inside_stop(&t->inside, fault);
    if (err == 0)
        err = switch_on(t, fault);
    if (err == 0)
        err = inside_go(&t->inside, fault);
    t->renewed_tsc = t->inside.hello.tsc;
    if (err)
        inside_close(&t->inside);
    return err;
}

/* base: what the addresses in its records count from. */
static int first_on(struct tracering *t, uint64_t base, struct fault *fault)
{
    struct trace_control c = { .wanted = t->mode, .until_tsc = lease(t) };

    capture_fill(t, &c);
    return inside_write(&t->inside, base + t->inside.records.trace, &c,
                        sizeof(c), fault);
}

/* The kernel comes to it soon. */
static int records_wait(struct tracering *t, struct fault *fault)
{
    unsigned tries = 0;
    int err;

    do
        err = inside_records(&t->inside, fault);
    while (inside_again(err, &tries));
    return err;
}

/* It has not run, and so not moved itself. */
static int first_stopped(struct tracering *t, int fd, const char *name,
                         struct fault *fault)
{
    int err = inside_adopt(&t->inside, fd, name, fault);

    if (err)
        return err;
    err = inside_hold(&t->inside, fault);
    if (err == 0)
        err = first_on(t, t->inside.hello.kernel_va, fault);
    if (err == 0)
        err = inside_go(&t->inside, fault);
    return err ? err : records_wait(t, fault);
}

/* It runs, and waits for our wish (CONFIG_TRACE). */
static int first_waiting(struct tracering *t, int fd, const char *name,
                         struct fault *fault)
{
    int err = inside_adopt_started(&t->inside, fd, name, fault);

    if (err)
        return err;
    err = inside_hold(&t->inside, fault);
    if (err == 0)
        err = inside_stop(&t->inside, fault);
    if (err == 0)
        err = first_on(t, 0, fault);
    return err ? err : inside_go(&t->inside, fault);
}

int tracering_open_first(struct tracering *t, int fd, const char *name,
                         enum trace_mode mode, struct fault *fault)
{
    int err;

    t->mode = mode;
    t->is_first = true;
    err = t->is_qemu ? first_waiting(t, fd, name, fault)
                     : first_stopped(t, fd, name, fault);
    t->renewed_tsc = t->inside.hello.tsc;
    if (err)
        inside_close(&t->inside);
    return err;
}

/* ---- calls ---- */

static struct tracering_pending *pending_take(struct tracering *t, int32_t tid)
{
    struct tracering_pending **at;

    for (at = &t->pending; *at; at = &(*at)->next)
        if ((*at)->event.tid == tid) {
            struct tracering_pending *p = *at;

            *at = p->next;
            return p;
        }
    return NULL;
}

/* A record of the copy: its head, checked, and the bytes behind that. */
struct view {
    const uint8_t *rest;
    size_t rest_len;
    struct trace_record head;
};

static size_t word_count(uint8_t kind)
{
    switch (kind) {
    case TRACE_BEGIN:
    case TRACE_SIGNAL:
        return TRACE_ARG_MAX;
    case TRACE_END:
        return 1;
    default:
        return 0;
    }
}

static bool is_sound(const struct view *v)
{
    const struct trace_record *r = &v->head;
    bool is_call = r->kind == TRACE_BEGIN || r->kind == TRACE_END;

    return (is_call ? trace_call_get(r->call) != NULL
                    : r->kind == TRACE_SIGNAL || r->kind == TRACE_KILLED) &&
           v->rest_len >= word_count(r->kind) * sizeof(uint64_t) &&
           v->rest_len <= TRACE_RECORD_MAX;
}

/* What stands behind the words is kept with the call. */
static void memory_keep(struct tracering_pending *p, unsigned which,
                        const struct view *v)
{
    size_t words = word_count(v->head.kind) * sizeof(uint64_t);

    memcpy(p->data[which], v->rest + words, v->rest_len - words);
    p->event.memory[which] =
        (struct trace_memory){ p->data[which], v->rest_len - words };
}

static struct trace_event event_of(const struct view *v, enum trace_what what)
{
    struct trace_event e = { .what = what,
                             .tid = v->head.tid,
                             .cpu = v->head.cpu,
                             .begin_tsc = v->head.tsc };

    if (what == TRACE_IS_CALL) {
        e.info = trace_call_get(v->head.call);
        e.number = v->head.call;
    } else {
        e.signo = v->head.call;
    }
    if (word_count(v->head.kind) == TRACE_ARG_MAX)
        memcpy(e.arg, v->rest, sizeof(e.arg));
    return e;
}

static void begin_take(struct tracering *t, const struct view *v,
                       tracering_fn *fn, void *arg)
{
    struct tracering_pending *p = pending_take(t, v->head.tid);

    if (!p)
        p = mem_alloc(sizeof(*p));
    p->event = event_of(v, TRACE_IS_CALL);
    memory_keep(p, TRACE_OF_BEGIN, v);
    p->next = t->pending;
    t->pending = p;
    fn(arg, &p->event);
}

static void end_take(struct tracering *t, const struct view *v,
                     tracering_fn *fn, void *arg)
{
    struct tracering_pending *p = pending_take(t, v->head.tid);

    /* Its begin came before us, or was overwritten. */
    if (!p || p->event.number != v->head.call) {
        free(p);
        return;
    }
    p->event.is_over = true;
    p->event.end_tsc = v->head.tsc;
    memcpy(&p->event.result, v->rest, sizeof(p->event.result));
    memory_keep(p, TRACE_OF_END, v);
    fn(arg, &p->event);
    free(p);
}

static void record_take(struct tracering *t, const struct view *v,
                        tracering_fn *fn, void *arg)
{
    const struct trace_record *r = &v->head;
    struct trace_event e;

    if (!is_sound(v))
        return;
    if (r->number > t->number)
        t->lost += r->number - t->number;
    t->number = r->number + 1;
    if (r->kind == TRACE_SIGNAL || r->kind == TRACE_KILLED) {
        e = event_of(v, r->kind == TRACE_SIGNAL ? TRACE_IS_SIGNAL
                                                : TRACE_IS_KILLED);
        fn(arg, &e);
        return;
    }
    if (!t->selected[r->call]) /* what another left switched on */
        return;
    if (r->kind == TRACE_BEGIN)
        begin_take(t, v, fn, arg);
    else
        end_take(t, v, fn, arg);
}

/* ---- the ring ---- */

/* Copy [from, to) of the ring to its place in t->data. */
static int copy(struct tracering *t, uint64_t ring, uint64_t from, uint64_t to,
                struct fault *fault)
{
    int err = 0;

    while (from < to && err == 0) {
        uint64_t at = from % TRACE_RING_LEN;
        uint64_t len = to - from;

        if (len > TRACE_RING_LEN - at)
            len = TRACE_RING_LEN - at;
        err = inside_read(&t->inside, ring + HEAD_LEN + at, t->data + at, len,
                          fault);
        from += len;
    }
    return err;
}

/* The head of the record at t->position; false: there is none, or it makes no
 * sense, and everything up to `head` is skipped. */
static bool record_at(struct tracering *t, uint64_t head, struct view *out)
{
    uint64_t at = t->position % TRACE_RING_LEN;
    size_t to_end = TRACE_RING_LEN - at;

    if (t->position >= head)
        return false;
    memset(&out->head, 0, sizeof(out->head));
    memcpy(&out->head, t->data + at,
           to_end < sizeof(out->head) ? to_end : sizeof(out->head));
    if (out->head.len < TRACE_ALIGN || out->head.len > to_end ||
        out->head.len > head - t->position) {
        t->position = head;
        return false;
    }
    out->rest = t->data + at + sizeof(out->head);
    out->rest_len = out->head.len < sizeof(out->head)
                        ? 0
                        : out->head.len - sizeof(out->head);
    return true;
}

static void records_take(struct tracering *t, uint64_t oldest, uint64_t head,
                         tracering_fn *fn, void *arg)
{
    struct view v;

    while (record_at(t, head, &v)) {
        uint64_t at = t->position;

        t->position += v.head.len;
        if (at >= oldest && v.head.len >= sizeof(v.head))
            record_take(t, &v, fn, arg);
    }
}

static int ring_take(struct tracering *t, uint64_t ring, tracering_fn *fn,
                     void *arg, struct fault *fault)
{
    uint64_t before[2], after[2]; /* head, oldest */
    int err = inside_read(&t->inside, ring, before, sizeof(before), fault);

    if (err)
        return err;
    if (before[0] < before[1] || before[0] - before[1] > TRACE_RING_LEN ||
        before[0] < t->position)
        return fault_set(fault, EPROTO,
                         "the trace of the guest '%s' is damaged",
                         t->inside.name);
    if (t->position < before[1])
        t->position = before[1];
    err = copy(t, ring, t->position, before[0], fault);
    if (err == 0)
        err = inside_read(&t->inside, ring, after, sizeof(after), fault);
    if (err)
        return err;
    /* What has been overwritten meanwhile is not whole in the copy. */
    if (t->position < after[1])
        t->position = after[1] < before[0] ? after[1] : before[0];
    records_take(t, after[1], before[0], fn, arg);
    return 0;
}

static int counts_take(struct tracering *t, uint64_t ring, struct fault *fault)
{
    unsigned i;
    int err = counts_read(t, ring, t->count, fault);

    for (i = 0; i < TRACE_CALL_MAX; i++) {
        t->count[i].calls -= t->count_before[i].calls;
        t->count[i].errors -= t->count_before[i].errors;
        t->count[i].cycles -= t->count_before[i].cycles;
    }
    return err;
}

static int renew(struct tracering *t, struct fault *fault)
{
    uint64_t until = lease(t);
    uint64_t at =
        t->inside.records.trace + offsetof(struct trace_control, until_tsc);
    int err;

    if (t->inside.hello.tsc - t->renewed_tsc < t->inside.hello.tsc_khz * 1000)
        return 0;
    err = inside_stop(&t->inside, fault);
    if (err == 0)
        err = inside_write(&t->inside, at, &until, sizeof(until), fault);
    if (err == 0)
        err = inside_go(&t->inside, fault);
    t->renewed_tsc = t->inside.hello.tsc;
    return err;
}

/* We were away for longer than the lease. */
static int begin_again(struct tracering *t, struct fault *fault)
{
    int err = inside_stop(&t->inside, fault);

    if (err == 0)
        err = switch_on(t, fault);
    if (err == 0)
        err = inside_go(&t->inside, fault);
    t->renewed_tsc = t->inside.hello.tsc;
    t->is_first = false;
    t->lapses++;
    return err;
}

int tracering_poll(struct tracering *t, tracering_fn *fn, void *arg,
                   struct fault *fault)
{
    struct trace_control c;
    int err = inside_hello(&t->inside, fault);

    if (err == 0)
        err = inside_read(&t->inside, t->inside.records.trace, &c,
                          offsetof(struct trace_control, row), fault);
    if (err == 0 && c.state == TRACE_NO_MEMORY)
        err = fault_set(fault, ENOMEM,
                        "the guest '%s' has no 64 KiB left to write its trace "
                        "to; raise -m",
                        t->inside.name);
    t->ring = err == 0 ? c.ring : 0;
    if (err == 0 && c.wanted != (uint32_t)t->mode && !t->inside.hello.is_ended)
        return begin_again(t, fault);
    if (t->ring != 0)
        err = t->mode == TRACE_COUNTS ? counts_take(t, c.ring, fault)
                                      : ring_take(t, c.ring, fn, arg, fault);
    if (err)
        return err;
    return t->inside.hello.is_ended ? -ESHUTDOWN : renew(t, fault);
}

void tracering_end(struct tracering *t, tracering_fn *fn, void *arg)
{
    struct tracering_pending *p;
    struct fault ignored; /* it may be gone */

    if (t->ring != 0)
        (void)counts_take(t, t->ring, &ignored);
    if (inside_stop(&t->inside, &ignored) == 0 &&
        (t->is_first || tables_write(t, false, &ignored) == 0))
        (void)off_word(t, &ignored);
    while ((p = t->pending)) {
        t->pending = p->next;
        fn(arg, &p->event);
        free(p);
    }
}

void tracering_close(struct tracering *t)
{
    inside_close(&t->inside);
}
