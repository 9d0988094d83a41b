/* SPDX-License-Identifier: BSD-2-Clause */
/* pageframes.c - see pageframes.h. */
#include "debug/pageframes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/image.h"
#include "host/fault.h"

#define RAM_MAX       (1ull << 40)
#define ALLOCATOR_LEN 1024u /* of it at most */
#define RANGE_MAX     16u
#define ENTRY_MAX     64u   /* bytes of a page's description */
#define CHUNK         1024u /* descriptions that are read at once */
#define ORDER_MAX     10u

/* ---- the row of pages ---- */

int frames_map_init(struct frames_map *m, struct core *core, bool is_loaded,
                    struct fault *fault)
{
    const struct control_hello *h = &core->in.hello;
    unsigned i;

    *m = (struct frames_map){ .core = core };
    for (i = 0; i < h->range_count; i++) {
        const struct control_range *r = &h->range[i];

        if (!r->writable && !is_loaded)
            continue;
        if (r->len > RAM_MAX || r->gpa > RAM_MAX || r->gpa % FRAME_LEN != 0 ||
            r->len % FRAME_LEN != 0)
            return fault_set(fault, EPROTO,
                             "the monitor of the guest '%s' makes no sense",
                             core->in.name);
        m->range[m->range_count++] =
            (struct frame_range){ r->gpa, r->len, m->count };
        m->count += r->len / FRAME_LEN;
    }
    m->kind = mem_alloc(m->count + 1);
    for (i = 0; i < h->range_count; i++)
        if (!h->range[i].writable)
            frames_map_set(m, h->range[i].gpa, h->range[i].len, FRAME_ROOT);
    return 0;
}

void frames_map_fini(struct frames_map *m)
{
    free(m->kind);
    m->kind = NULL;
}

size_t frames_map_index(const struct frames_map *m, uint64_t gpa)
{
    unsigned i;

    for (i = 0; i < m->range_count; i++)
        if (gpa >= m->range[i].gpa && gpa - m->range[i].gpa < m->range[i].len)
            return m->range[i].first + (gpa - m->range[i].gpa) / FRAME_LEN;
    return SIZE_MAX;
}

uint64_t frames_map_gpa(const struct frames_map *m, size_t index)
{
    unsigned i = m->range_count - 1;

    while (i > 0 && m->range[i].first > index)
        i--;
    return m->range[i].gpa + (index - m->range[i].first) * FRAME_LEN;
}

void frames_map_set(struct frames_map *m, uint64_t gpa, uint64_t len,
                    enum frame_kind kind)
{
    unsigned i;

    for (i = 0; i < m->range_count; i++) {
        const struct frame_range *r = &m->range[i];
        uint64_t from = gpa > r->gpa ? gpa : r->gpa;
        uint64_t end = len < UINT64_MAX - gpa ? gpa + len : UINT64_MAX;

        end = end < r->gpa + r->len ? end : r->gpa + r->len;
        if (from < end)
            memset(m->kind + r->first + (from - r->gpa) / FRAME_LEN, kind,
                   (end - from + FRAME_LEN - 1) / FRAME_LEN);
    }
}

/* ---- the allocator ---- */

struct allocator {
    struct records_pages r;
    uint8_t data[ALLOCATOR_LEN];
    uint64_t array;
    uint64_t base, count; /* frames */
};

static uint64_t number(const uint8_t *data, size_t len, uint16_t offset,
                       size_t width)
{
    uint64_t value = 0;

    if ((size_t)offset + width <= len)
        memcpy(&value, data + offset, width);
    return value;
}

static uint64_t field(const struct allocator *a, uint16_t offset, size_t width)
{
    return number(a->data, sizeof(a->data), offset, width);
}

static int allocator_read(struct frames_map *m, struct allocator *a,
                          struct fault *fault)
{
    struct inside *in = &m->core->in;
    int err = inside_read(in, in->records.pages, &a->r, sizeof(a->r), fault);

    if (err == 0)
        err = inside_read(in, a->r.allocator, a->data, sizeof(a->data), fault);
    if (err)
        return err;
    a->array = field(a, a->r.array, 8);
    a->base = field(a, a->r.base, 4);
    a->count = field(a, a->r.count, 4);
    if (a->r.page_len < 8 || a->r.page_len > ENTRY_MAX ||
        a->r.range_max > RANGE_MAX)
        return fault_set(fault, EUCLEAN,
                         "the records of pages of the guest '%s' are damaged",
                         in->name);
    return 0;
}

/* Free, or the head of a block that was handed out: so many pages. */
static uint64_t page_set(struct frames_map *m, const struct allocator *a,
                         const uint8_t *entry, uint64_t gpa)
{
    uint64_t kind = number(entry, a->r.page_len, a->r.page_kind, 2);
    uint64_t order = number(entry, a->r.page_len, a->r.page_order, 1);

    if (number(entry, a->r.page_len, a->r.page_refs, 4) == 0) {
        frames_map_set(m, gpa, FRAME_LEN, FRAME_FREE);
        return 1;
    }
    if (order > ORDER_MAX)
        order = 0;
    if (kind > RECORDS_PAGE_RING)
        kind = RECORDS_PAGE_PROGRAM;
    frames_map_set(m, gpa, (uint64_t)FRAME_LEN << order,
                   FRAME_PROGRAM + (enum frame_kind)kind);
    return 1ull << order;
}

_Static_assert(FRAME_RING - FRAME_PROGRAM == RECORDS_PAGE_RING, "in a row");

/* What the array says of the pages in [gpa, end). */
static int described_set(struct frames_map *m, const struct allocator *a,
                         uint64_t gpa, uint64_t end, struct fault *fault)
{
    static uint8_t entries[CHUNK * ENTRY_MAX];
    uint64_t frame = gpa / FRAME_LEN, last = end / FRAME_LEN;
    int err = 0;

    if (frame < a->base || last > a->base + a->count)
        return fault_set(fault, EUCLEAN,
                         "the pages of the guest '%s' are damaged",
                         m->core->in.name);
    while (err == 0 && frame < last) {
        uint64_t n = last - frame < CHUNK ? last - frame : CHUNK, i;

        err = inside_read(&m->core->in,
                          a->array + (frame - a->base) * a->r.page_len, entries,
                          n * a->r.page_len, fault);
        for (i = 0; err == 0 && i < n;)
            i += page_set(m, a, entries + i * a->r.page_len,
                          (frame + i) * FRAME_LEN);
        frame += err ? 0 : i;
    }
    return err;
}

struct range {
    uint64_t gpa, end;
};

static struct range range_get(const struct allocator *a, uint16_t ranges,
                              unsigned i)
{
    uint16_t at = (uint16_t)(ranges + 16 * i);
    uint64_t gpa = field(a, at, 8) & ~(uint64_t)(FRAME_LEN - 1);
    uint64_t len = field(a, (uint16_t)(at + 8), 8);

    if (gpa > RAM_MAX || len > RAM_MAX)
        gpa = len = 0;
    return (struct range){ gpa, gpa + len };
}

int frames_map_allocator(struct frames_map *m, struct fault *fault)
{
    struct inside *in = &m->core->in;
    struct kernel_header header;
    struct allocator a;
    uint64_t gpa;
    size_t len;
    unsigned i, count;
    int err = inside_read_pa(in, KERNEL_PA + KERNEL_HEADER_OFF, &header,
                             sizeof(header), fault);

    if (err == 0)
        err = allocator_read(m, &a, fault);
    if (err)
        return err;
    frames_map_set(m, KERNEL_PA, header.text_len, FRAME_TEXT);
    if (inside_translate(in, in->hello.kernel_va + header.data_off, &gpa, &len,
                         fault) == 0)
        frames_map_set(m, gpa, header.total_len - (uint64_t)header.data_off,
                       FRAME_KERNEL);
    count = (unsigned)field(&a, a.r.range_count, 4);
    for (i = 0; err == 0 && i < count && i < a.r.range_max; i++) {
        struct range all = range_get(&a, a.r.all, i);
        struct range fresh = range_get(&a, a.r.fresh, i);

        if (fresh.gpa < all.gpa || fresh.end > all.end)
            fresh.gpa = fresh.end = all.end;
        frames_map_set(m, fresh.gpa, fresh.end - fresh.gpa, FRAME_FRESH);
        err = described_set(m, &a, all.gpa, fresh.gpa, fault);
        if (err == 0)
            err = described_set(m, &a, fresh.end, all.end, fault);
    }
    if (err == 0 && inside_translate(in, a.array, &gpa, &len, fault) == 0)
        frames_map_set(m, gpa, a.count * a.r.page_len, FRAME_DESCRIPTIONS);
    return err;
}

/* ---- the program ---- */

static const struct core_region *region_at(const struct core *c, uint64_t va)
{
    size_t low = 0, high = c->region_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (c->region[middle].end <= va)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->region_count && c->region[low].start <= va ? &c->region[low]
                                                               : NULL;
}

/* The regions that stack pointers point into. */
static uint8_t *stacks_find(struct core *c)
{
    uint8_t *is_stack = mem_alloc(c->region_count + 1);
    struct fault ignored;
    size_t i;

    for (i = 0; i < c->process.thread_count; i++) {
        const struct core_region *r;
        struct control_regs regs;

        if (core_regs(c, &c->process.thread[i], &regs, &ignored) != 0)
            continue;
        r = region_at(c, regs.rsp);
        if (r && !r->has_object)
            is_stack[r - c->region] = 1;
    }
    return is_stack;
}

/* Each page in its turn, since only those of the program's are meant. */
static void run_set(struct frames_map *m, const struct core_run *run,
                    enum frame_kind kind)
{
    uint64_t at;

    for (at = 0; at < run->len; at += FRAME_LEN) {
        size_t i = frames_map_index(m, run->gpa + at);

        if (i != SIZE_MAX && m->kind[i] == FRAME_PROGRAM)
            m->kind[i] = (uint8_t)kind;
    }
}

static void kernel_stacks_set(struct frames_map *m)
{
    struct core *c = m->core;
    struct fault ignored;
    size_t i;

    for (i = 0; i < c->process.thread_count; i++) {
        uint64_t top, gpa;
        size_t len;

        if (core_word(c,
                      c->process.thread[i].va + c->in.records.thread_kstack_top,
                      &top, &ignored) == 0 &&
            inside_translate(&c->in, top - 1, &gpa, &len, &ignored) == 0 &&
            frames_map_index(m, gpa) != SIZE_MAX &&
            m->kind[frames_map_index(m, gpa)] == FRAME_BLOCK)
            /* Blocks of the allocator are aligned to their length. */
            frames_map_set(m, gpa & ~(uint64_t)(CONTROL_SAMPLE_KSTACK - 1),
                           CONTROL_SAMPLE_KSTACK, FRAME_KSTACK);
    }
}

int frames_map_program(struct frames_map *m, struct fault *fault)
{
    struct core *c = m->core;
    uint64_t brk[2];
    uint8_t *is_stack;
    size_t i;
    int err = inside_read(&c->in, c->space_va + c->in.records.space_brk, brk,
                          sizeof(brk), fault);

    if (err)
        return err;
    is_stack = stacks_find(c);
    for (i = 0; i < c->run_count; i++) {
        const struct core_run *run = &c->run[i];
        const struct core_region *r = region_at(c, run->va);
        enum frame_kind kind = FRAME_ANONYMOUS;

        if (r && is_stack[r - c->region])
            kind = FRAME_STACK;
        else if (r && r->has_object)
            kind = FRAME_PRIVATE;
        else if (run->va >= brk[0] && run->va < brk[1])
            kind = FRAME_BRK;
        run_set(m, run, kind);
    }
    free(is_stack);
    kernel_stacks_set(m);
    return 0;
}
