/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c - see trace.h.
 *
 * The kernel lock is held, so there is one writer. The reader looks at head and
 * oldest before and after it copies: what lies between is whole.
 */
#include "syscall/trace.h"

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/page.h"
#include "mm/user.h"
#include "sched/thread.h"

#define ARG_COUNT  6u
#define RING_ORDER 4u
#define RECORD_MAX                         \
    (sizeof(struct trace_record) + 6 * 8 + \
     6 * (sizeof(struct trace_chunk) + TRACE_CHUNK_MAX))

struct trace_control trace_control;

_Static_assert(sizeof(struct trace_ring) <= PAGE_SIZE << RING_ORDER, "order");
_Static_assert(TRACE_CALL_MAX == SYSCALL_MAX, "one place for each");

/* On its way into the ring. */
union draft {
    struct trace_record head;
    uint8_t bytes[RECORD_MAX];
};

static struct trace_ring *ring_get(void)
{
    struct trace_control *c = &trace_control;
    paddr_t pa;

    if (!c->ring && c->state != TRACE_NO_MEMORY) {
        pa = page_alloc_order(RING_ORDER);
        if (pa) {
            page_set_kind(pa, RECORDS_PAGE_RING);
            memset(page_ptr(pa), 0, sizeof(struct trace_ring));
            c->ring = (uint64_t)page_ptr(pa);
        }
        c->state = pa ? c->wanted : TRACE_NO_MEMORY;
    }
    return (struct trace_ring *)c->ring;
}

/* ---- the ring ---- */

static struct trace_record *record_at(struct trace_ring *r, uint64_t position)
{
    return (struct trace_record *)(r->data + position % TRACE_RING_LEN);
}

/* Room for len bytes behind head: forget the oldest, whole records. */
static void make_room(struct trace_ring *r, size_t len)
{
    uint64_t oldest = r->oldest;

    while (r->head + len - oldest > TRACE_RING_LEN)
        oldest += record_at(r, oldest)->len;
    __atomic_store_n(&r->oldest, oldest, __ATOMIC_SEQ_CST);
}

static void put(struct trace_ring *r, union draft *d)
{
    size_t to_end = TRACE_RING_LEN - r->head % TRACE_RING_LEN;

    if (d->head.len > to_end) {
        struct trace_record pad = { .len = (uint16_t)to_end,
                                    .kind = TRACE_PAD };

        make_room(r, to_end);
        /* Of a place that is shorter than a head, the length says enough. */
        memcpy(record_at(r, r->head), &pad, MIN(to_end, sizeof(pad)));
        r->head += to_end;
    }
    make_room(r, d->head.len);
    d->head.number = r->number++;
    memcpy(record_at(r, r->head), d, d->head.len);
    __atomic_store_n(&r->head, r->head + d->head.len, __ATOMIC_SEQ_CST);
}

static void draft_init(union draft *d, enum trace_kind kind, uint64_t call,
                       uint64_t tsc)
{
    const struct thread *t = thread_current();

    d->head = (struct trace_record){
        .len = sizeof(struct trace_record),
        .kind = (uint8_t)kind,
        .call = (uint16_t)call,
        .cpu = (uint16_t)arch_cpu_number(),
        .tid = t->tid,
        .tsc = tsc,
    };
}

static void add_word(union draft *d, uint64_t word)
{
    memcpy((uint8_t *)d + d->head.len, &word, sizeof(word));
    d->head.len += sizeof(word);
}

/* What is mapped already: tracing must not bring in pages that the program
 * has not touched. */
static void add_chunk(union draft *d, unsigned arg, uint64_t from)
{
    struct trace_chunk *chunk =
        (struct trace_chunk *)((uint8_t *)d + d->head.len);
    struct thread *t = thread_current();
    size_t left;

    if (from < ARCH_USER_MIN || from >= ARCH_USER_MAX)
        return;
    t->must_not_fault = true;
    left = copy_from_user_partial(chunk->data, from, TRACE_CHUNK_MAX);
    t->must_not_fault = false;
    if (left == TRACE_CHUNK_MAX)
        return;
    chunk->arg = (uint8_t)arg;
    chunk->zero = 0;
    chunk->len = (uint16_t)(TRACE_CHUNK_MAX - left);
    d->head.chunk_count++;
    d->head.len += (uint16_t)(4 + TRACE_CHUNK_MAX - left + TRACE_ALIGN - 1) &
                   ~(TRACE_ALIGN - 1);
}

/* ---- what entry.S calls ---- */

static const struct regs *current_regs(void)
{
    return (const struct regs *)thread_current()->arch.kstack_top - 1;
}

/* The tool is gone, or has been too busy: everything as it was. */
static void give_up(void)
{
    trace_control.wanted = TRACE_OFF;
    trace_control.state = TRACE_OFF;
    syscall_untrace();
}

static uint64_t arg_of(const uint64_t saved[6], unsigned arg)
{
    static const uint8_t place[] = { 5, 4, 3, 0, 2, 1 }; /* r10 is the 4th */

    return saved[place[arg]];
}

void trace_begin(const uint64_t saved[6])
{
    uint64_t call = current_regs()->orig_rax;
    uint64_t now = arch_cycles();
    struct trace_ring *r = ring_get();
    unsigned capture;
    union draft d;

    thread_current()->traced_tsc = now;
    if (now > trace_control.until_tsc)
        give_up();
    if (!r || trace_control.wanted != TRACE_RECORDS)
        return;
    ASSERT(call < TRACE_CALL_MAX);
    capture = trace_control.capture[call];
    draft_init(&d, TRACE_BEGIN, call, now);
    for (unsigned i = 0; i < ARG_COUNT; i++)
        add_word(&d, arg_of(saved, i));
    for (unsigned i = 0; i < ARG_COUNT; i++)
        if (capture & TRACE_IN(i))
            add_chunk(&d, i, arg_of(saved, i));
    put(r, &d);
}

static void count(struct trace_ring *r, uint64_t call, long result,
                  uint64_t cycles)
{
    struct trace_count *c = &r->count[call];

    c->calls++;
    c->errors += result < 0 && result > -4096;
    c->cycles += cycles;
}

void trace_end(const uint64_t saved[6], long result)
{
    uint64_t call = current_regs()->orig_rax;
    struct trace_ring *r = ring_get();
    uint64_t now = arch_cycles();
    unsigned capture;
    union draft d;

    if (!r || call >= TRACE_CALL_MAX) /* rt_sigreturn: another's number */
        return;
    count(r, call, result, now - thread_current()->traced_tsc);
    if (trace_control.wanted != TRACE_RECORDS)
        return;
    capture = trace_control.capture[call];
    draft_init(&d, TRACE_END, call, now);
    add_word(&d, (uint64_t)result);
    for (unsigned i = 0; result >= 0 && i < ARG_COUNT; i++)
        if (capture & TRACE_OUT(i))
            add_chunk(&d, i, arg_of(saved, i));
    put(r, &d);
}
