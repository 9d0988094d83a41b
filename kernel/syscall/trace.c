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
#include "process/signal.h"
#include "sched/thread.h"
#include "time/clock.h"

#define RING_ORDER 4u
#define LOOK_NS    1000000000ull
#define WAIT_NS    30000000000ull
#define FRAME_MASK 296u /* struct ucontext lies at rsp, and ends with it */

struct trace_control trace_control;

_Static_assert(sizeof(struct trace_ring) <= PAGE_SIZE << RING_ORDER, "order");
_Static_assert(TRACE_CALL_MAX == SYSCALL_MAX, "one place for each");

/* On its way into the ring. */
union draft {
    struct trace_record head;
    uint8_t bytes[TRACE_RECORD_MAX];
};

static struct timer look_timer;

static bool is_wanted(void)
{
    return trace_control.wanted != TRACE_OFF &&
           arch_cycles() <= trace_control.until_tsc;
}

/* The tool is gone, or has been too busy: everything as it was. */
static void give_up(void)
{
    trace_control.wanted = TRACE_OFF;
    trace_control.state = TRACE_OFF;
    syscall_untrace();
}

/* While there is a ring, somebody looks whether it is still of use: the traced
 * calls may never be made again. */
static void look_again(struct timer *t)
{
    struct trace_control *c = &trace_control;

    if (is_wanted()) {
        timer_arm(t, clock_mono_ns() + LOOK_NS);
        return;
    }
    give_up();
    page_free_order(page_pa((void *)c->ring), RING_ORDER);
    c->ring = 0;
}

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
            timer_init(&look_timer, look_again);
            timer_arm(&look_timer, clock_mono_ns() + LOOK_NS);
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

/* The ring may have gone while the draft was made, which may have slept. */
static void put(union draft *d)
{
    struct trace_ring *r = (struct trace_ring *)trace_control.ring;
    size_t to_end;

    if (!r)
        return;
    to_end = TRACE_RING_LEN - r->head % TRACE_RING_LEN;
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

static const struct regs *current_regs(void)
{
    return (const struct regs *)thread_current()->arch.kstack_top - 1;
}

static void add_word(union draft *d, uint64_t word)
{
    memcpy((uint8_t *)d + d->head.len, &word, sizeof(word));
    d->head.len += sizeof(word);
}

/* What a call's row of ops is applied to. */
struct capture {
    union draft *d;
    const uint64_t *saved_args;
    uint8_t when;
    long result;
    const struct trace_chunk *frame, *last;
};

static uint64_t arg_of(const struct capture *c, unsigned arg)
{
    static const uint8_t place[] = { 5, 4, 3, 0, 2, 1 }; /* r10 is the 4th */

    return c->saved_args[place[arg % TRACE_ARG_MAX]];
}

/* At the end of a call tracing does not bring in what the call has not. */
static size_t copy(const struct capture *c, void *to, uint64_t va, size_t len)
{
    struct thread *t = thread_current();
    size_t left;

    if (va < ARCH_USER_MIN)
        return 0;
    t->must_not_fault = c->when == TRACE_AT_END;
    left = copy_from_user_partial(to, va, len);
    t->must_not_fault = false;
    return len - left;
}

/* Where a chunk's data go; *room_out: how much there may be. */
static uint8_t *chunk_data(const struct capture *c, size_t *room_out)
{
    size_t used = c->d->head.len + sizeof(struct trace_chunk);

    *room_out = used < TRACE_RECORD_MAX ? TRACE_RECORD_MAX - used : 0;
    return c->d->bytes + used;
}

static void chunk_add(struct capture *c, uint64_t va, size_t len)
{
    struct trace_chunk *chunk =
        (struct trace_chunk *)(c->d->bytes + c->d->head.len);

    if (len == 0)
        return;
    *chunk = (struct trace_chunk){ .va = va, .len = (uint32_t)len };
    c->d->head.chunk_count++;
    c->d->head.len += (uint16_t)((sizeof(*chunk) + len + TRACE_ALIGN - 1) &
                                 ~(size_t)(TRACE_ALIGN - 1));
    c->last = chunk;
}

/* Page by page: what follows a string may not be there. */
static void add(struct capture *c, uint64_t va, size_t max, bool is_string)
{
    size_t room, done = 0, got, want;
    uint8_t *data = chunk_data(c, &room);
    const uint8_t *nul = NULL;

    do {
        want = PAGE_SIZE - (va + done) % PAGE_SIZE;
        want = MIN(want, MIN(max, room) - done);
        got = copy(c, data + done, va + done, want);
        if (is_string)
            nul = memchr(data + done, 0, got);
        done += got;
    } while (got > 0 && got == want && !nul);
    chunk_add(c, va, nul ? (size_t)(nul - data) + 1 : done);
}

static void add_entries(struct capture *c, uint64_t va, uint64_t len)
{
    uint64_t count = 0, at = 0;
    uint16_t step;
    size_t room;
    uint8_t *data = chunk_data(c, &room);

    while (at < len && copy(c, &step, va + at + 16, sizeof(step)) == 2 &&
           step) {
        at += step;
        count++;
    }
    if (room < sizeof(count))
        return;
    memcpy(data, &count, sizeof(count));
    chunk_add(c, va, sizeof(count));
}

static void add_vector(struct capture *c, size_t max)
{
    const struct trace_chunk *vec = c->last;
    uint64_t one[2];

    for (size_t at = 0; vec && at + sizeof(one) <= vec->len; at += 16) {
        memcpy(one, vec->data + at, sizeof(one));
        add(c, one[0], MIN(one[1], max), false);
    }
}

static uint64_t value(const struct capture *c, unsigned source)
{
    uint64_t word = 0;
    size_t at = 8 * ((size_t)source - TRACE_WORD);

    if (source < TRACE_ARG_MAX)
        return arg_of(c, source);
    if (source == TRACE_MASK)
        return current_regs()->rsp + FRAME_MASK;
    if (source == TRACE_RESULT)
        return c->result > 0 ? (uint64_t)c->result : 0;
    if (source < TRACE_WORD)
        return UINT64_MAX;
    if (c->frame && at + sizeof(word) <= c->frame->len)
        memcpy(&word, c->frame->data + at, sizeof(word));
    return word;
}

static void op_apply(struct capture *c, const struct trace_op *op)
{
    const struct trace_chunk *before = c->last;
    uint64_t va = value(c, op->from), len = value(c, op->len);
    unsigned how = op->how & (TRACE_INT - 1);
    uint32_t small = 0;

    if (op->how & TRACE_POINTED)
        len = copy(c, &small, len, sizeof(small)) == 4 ? small : 0;
    if (op->how & TRACE_INT)
        len = (uint32_t)len;
    if (how == TRACE_VECTOR)
        add_vector(c, op->max);
    else if (how == TRACE_ENTRIES)
        add_entries(c, va, len);
    else
        add(c, va, MIN(len, op->max) * op->scale, how == TRACE_STRING);
    if (c->last == before)
        c->last = NULL;
    if (op->from < TRACE_ARG_MAX && how != TRACE_VECTOR)
        c->frame = c->last;
}

static void capture(struct capture *c, uint64_t call)
{
    unsigned at = trace_control.row[call];

    for (; at != 0 && at <= TRACE_OP_MAX; at++) {
        const struct trace_op *op = &trace_control.op[at - 1];

        if (op->when & c->when)
            op_apply(c, op);
        if (op->when & TRACE_LAST)
            return;
    }
}

/* ---- records ---- */

static NOINLINE void record(uint64_t call, const uint64_t saved[6],
                            uint64_t tsc, uint8_t when, long result)
{
    union draft d;
    struct capture c = { &d, saved, when, result, NULL, NULL };

    draft_init(&d, when == TRACE_AT_BEGIN ? TRACE_BEGIN : TRACE_END, call, tsc);
    for (unsigned i = 0; when == TRACE_AT_BEGIN && i < TRACE_ARG_MAX; i++)
        add_word(&d, arg_of(&c, i));
    if (when == TRACE_AT_END)
        add_word(&d, (uint64_t)result);
    /* What is left of a sleep is there when that was interrupted, too. */
    if (result >= 0 || result <= -ERESTARTSYS)
        capture(&c, call);
    put(&d);
}

void signal_traced(const struct signal_info *info, bool is_deadly)
{
    uint64_t bytes[SIGNAL_INFO_LEN / 8];
    union draft d;

    if (trace_control.wanted != TRACE_RECORDS)
        return;
    draft_init(&d, is_deadly ? TRACE_KILLED : TRACE_SIGNAL,
               (uint64_t)info->signo, arch_cycles());
    signal_info_encode(info, (uint8_t *)bytes);
    for (unsigned i = 0; !is_deadly && i < TRACE_ARG_MAX; i++)
        add_word(&d, bytes[i]);
    put(&d);
}

/* Nothing else runs yet, so nobody is kept from running. */
void trace_wait(void)
{
    uint64_t end = clock_mono_ns() + WAIT_NS;

    while (__atomic_load_n(&trace_control.wanted, __ATOMIC_ACQUIRE) ==
               TRACE_OFF &&
           clock_mono_ns() < end)
        __builtin_ia32_pause();
    syscall_init();
}

/* ---- what entry.S calls ---- */

void trace_begin(const uint64_t saved[6])
{
    uint64_t call = current_regs()->orig_rax;
    uint64_t now = arch_cycles();
    struct trace_ring *r;

    thread_current()->traced_tsc = now;
    if (now > trace_control.until_tsc)
        give_up();
    if (trace_control.wanted == TRACE_OFF)
        return;
    r = ring_get();
    ASSERT(call < TRACE_CALL_MAX);
    if (r && trace_control.wanted == TRACE_RECORDS)
        record(call, saved, now, TRACE_AT_BEGIN, 0);
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
    struct trace_ring *r = (struct trace_ring *)trace_control.ring;
    uint64_t now = arch_cycles();

    if (!r)
        return;
    if (call >=
        TRACE_CALL_MAX) /* no call any more, that another begins again */
        call = 15 /* rt_sigreturn */;
    count(r, call, result, now - thread_current()->traced_tsc);
    if (trace_control.wanted == TRACE_RECORDS)
        record(call, saved, now, TRACE_AT_END, result);
}
