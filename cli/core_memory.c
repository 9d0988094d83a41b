/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_memory.c - which memory goes into a core file.
 *
 * What the guest's page tables hold of its regions, but for pages that are the
 * image's own: those are in the files, whose names are in the core file. The
 * first page of a file is there also then, for the build-id in it. Where a
 * region has nothing behind it, what is not present reads as zeros, so that
 * its holes are holes of the file, unless they are large. The kernel's page of
 * zeros, which is there for what was only read, may be present in any number
 * of places: it counts as a hole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cli/core.h"
#include "host/fault.h"

#define PAGE_LEN   4096u
#define REGION_LEN 512u /* of struct region, at most */
#define VA_END     (1ull << 47)
#define HOLE_MAX   (1ull << 30) /* bytes in the file */
#define RAM_MAX    (1ull << 40) /* of each range of memory */

#define PT_LEVELS  4u
#define PT_BITS    9u
#define PT_ENTRIES (1u << PT_BITS)
#define PT_PRESENT 1u
#define PT_WRITE   2u
#define PT_LARGE   0x80u
#define PT_ADDRESS 0x000ffffffffff000ull

static int damaged(const struct core *c, const char *what, struct fault *fault)
{
    return fault_set(fault, EUCLEAN, "the %s of the guest '%s' are damaged",
                     what, c->in.name);
}

/* ---- regions ---- */

static uint64_t word_at(const uint8_t *block, uint16_t offset)
{
    uint64_t value = 0;

    if (offset + sizeof(value) <= REGION_LEN)
        memcpy(&value, block + offset, sizeof(value));
    return value;
}

static int number_read(struct core *c, uint64_t va, uint64_t *ino_out,
                       struct fault *fault)
{
    const struct records *r = &c->in.records;
    uint64_t sb, type;
    uint8_t has_lower = 0;
    char text[6];
    int err = core_word(c, va + r->inode_sb, &sb, fault);

    *ino_out = 0;
    if (err == 0 && sb != 0)
        err = core_word(c, sb + r->sb_type, &type, fault);
    if (err || sb == 0)
        return err;
    err = inside_read(&c->in, type, text, sizeof(text), fault);
    if (err || (memcmp(text, "erofs", sizeof(text)) != 0 &&
                memcmp(text, "tmpfs", sizeof(text)) != 0))
        return err;
    err = inside_read(&c->in, va + r->inode_has_lower, &has_lower, 1, fault);
    if (err == 0 && has_lower)
        err = core_word(c, va + r->inode_number, ino_out, fault);
    return err;
}

/* The number of an inode of the image, also where /tmp shows it; 0: others,
 * and objects that are no inodes at all, as shared memory: what is read of them
 * may be no address. */
static int inode_read(struct core *c, uint64_t va, uint64_t *ino_out,
                      struct fault *fault)
{
    int err = number_read(c, va, ino_out, fault);

    if (err == -EFAULT)
        *ino_out = 0;
    return err == -EFAULT ? 0 : err;
}

static int region_read(struct core *c, uint64_t va, struct core_region *out,
                       uint64_t *next_out, struct fault *fault)
{
    const struct records *r = &c->in.records;
    uint8_t block[REGION_LEN] = { 0 };
    size_t len = r->region_next + sizeof(uint64_t);
    uint64_t object;
    int err;

    if (len > sizeof(block))
        return damaged(c, "records", fault);
    err = inside_read(&c->in, va, block, len, fault);
    if (err)
        return err;
    *out = (struct core_region){
        .start = word_at(block, r->region_start),
        .end = word_at(block, r->region_end),
        .offset = word_at(block, r->region_offset),
        .prot = (uint32_t)word_at(block, r->region_prot),
    };
    *next_out = word_at(block, r->region_next);
    object = word_at(block, r->region_object);
    out->has_object = object != 0;
    return object != 0 ? inode_read(c, object, &out->ino, fault) : 0;
}

static bool is_sane(const struct core_region *r, uint64_t from)
{
    return r->start >= from && r->start < r->end && r->end <= VA_END &&
           r->start % PAGE_LEN == 0 && r->end % PAGE_LEN == 0;
}

int core_regions_read(struct core *c, struct fault *fault)
{
    const struct records *r = &c->in.records;
    uint64_t count, at, from = 0;
    int err = core_word(c, c->space_va + r->space_count, &count, fault);

    if (err == 0)
        err = core_word(c, c->space_va + r->space_first, &at, fault);
    if (err)
        return err;
    if (count > INSIDE_REGION_MAX)
        return damaged(c, "regions", fault);
    c->region = mem_alloc((count + 1) * sizeof(c->region[0]));
    while (err == 0 && at != 0 && c->region_count < count) {
        struct core_region *region = &c->region[c->region_count];

        err = region_read(c, at, region, &at, fault);
        if (err == 0 && !is_sane(region, from))
            err = damaged(c, "regions", fault);
        from = region->end;
        c->region_count += err == 0;
    }
    if (err == 0 && (at != 0 || c->region_count != count))
        err = damaged(c, "regions", fault);
    return err;
}

/* ---- page tables ---- */

struct walk {
    struct core *core;
    uint64_t tables_left; /* to read, and ... */
    uint64_t bytes_left;  /* ... to keep */
    size_t run_room, piece_room;
    bool is_writable;   /* what walk_to() found last */
    uint64_t zeros_gpa; /* a page of zeros found last, or 0 */
    bool is_read[PT_LEVELS];
    uint64_t gpa[PT_LEVELS];
    uint64_t table[PT_LEVELS][PT_ENTRIES]; /* the last one of each level */
};

static int table_get(struct walk *w, unsigned level, uint64_t gpa,
                     struct fault *fault)
{
    int err;

    if (w->is_read[level] && w->gpa[level] == gpa)
        return 0;
    if (w->tables_left-- == 0)
        return damaged(w->core, "page tables", fault);
    w->is_read[level] = false;
    err = inside_read_pa(&w->core->in, gpa, w->table[level],
                         sizeof(w->table[level]), fault);
    w->is_read[level] = err == 0;
    w->gpa[level] = gpa;
    return err;
}

/* What is at va, and how much in a row at least; not present: false. */
static int walk_to(struct walk *w, uint64_t va, bool *present_out,
                   struct core_run *out, struct fault *fault)
{
    uint64_t table = w->core->in.pml4_gpa & PT_ADDRESS, entry = 0;
    unsigned level;

    *present_out = false;
    for (level = PT_LEVELS; level > 0; level--) {
        unsigned shift = 12 + PT_BITS * (level - 1);
        uint64_t offset = va & ((1ull << shift) - 1);
        int err = table_get(w, level - 1, table, fault);

        if (err)
            return err;
        entry = w->table[level - 1][va >> shift & (PT_ENTRIES - 1)];
        table = entry & PT_ADDRESS;
        *out =
            (struct core_run){ va, table + offset, (1ull << shift) - offset };
        if (!(entry & PT_PRESENT))
            return 0;
        if (level == 1 || entry & PT_LARGE)
            break;
    }
    out->gpa &= ~(uint64_t)(PAGE_LEN - 1);
    w->is_writable = entry & PT_WRITE;
    *present_out = true;
    return 0;
}

/* Cuts the run where the guest's memory ends. Result: is it memory at all;
 * *own_out: memory that the guest may write, and not the image's. */
static bool run_clip(const struct inside *in, struct core_run *run,
                     bool *own_out)
{
    unsigned i;

    for (i = 0; i < in->hello.range_count; i++) {
        const struct control_range *m = &in->hello.range[i];

        if (run->gpa < m->gpa || run->gpa - m->gpa >= m->len)
            continue;
        if (run->len > m->len - (run->gpa - m->gpa))
            run->len = m->len - (run->gpa - m->gpa);
        *own_out = m->writable != 0;
        return true;
    }
    return false;
}

/* ---- pieces ---- */

static int run_add(struct walk *w, const struct core_run *run,
                   struct fault *fault)
{
    struct core *c = w->core;
    struct core_run *last = c->run_count > 0 ? &c->run[c->run_count - 1] : NULL;

    if (run->len > w->bytes_left || c->run_count == CORE_RUN_MAX)
        return damaged(c, "page tables", fault);
    w->bytes_left -= run->len;
    if (last && last->va + last->len == run->va &&
        last->gpa + last->len == run->gpa) {
        last->len += run->len;
        return 0;
    }
    if (c->run_count == w->run_room) {
        w->run_room = w->run_room * 2 + 1024;
        c->run = mem_resize(c->run, w->run_room * sizeof(c->run[0]));
    }
    c->run[c->run_count++] = *run;
    return 0;
}

static void piece_add(struct walk *w, const struct core_piece *like,
                      uint64_t end)
{
    struct core *c = w->core;

    if (like->va == end)
        return;
    if (c->piece_count == w->piece_room) {
        w->piece_room = w->piece_room * 2 + 256;
        c->piece = mem_resize(c->piece, w->piece_room * sizeof(c->piece[0]));
    }
    c->piece[c->piece_count] = *like;
    c->piece[c->piece_count++].len = end - like->va;
}

/* The piece at hand ends with its data, if it has any; nothing is in the file
 * from there to `end`, where the next begins. */
static void piece_cut(struct walk *w, struct core_piece *p, uint64_t data_end,
                      uint64_t end)
{
    if (p->has_data) {
        piece_add(w, p, data_end);
        p->va = data_end;
    }
    p->has_data = false;
    piece_add(w, p, end);
    p->va = end;
}

/* Is the run, in a region without an object, the page of zeros? */
static int zeros_find(struct walk *w, const struct core_run *run, bool *is_out,
                      struct fault *fault)
{
    static const uint8_t zeros[PAGE_LEN];
    uint8_t page[PAGE_LEN];
    int err = 0;

    *is_out = run->gpa == w->zeros_gpa;
    if (*is_out || w->is_writable || run->len > PAGE_LEN)
        return 0;
    err = inside_read_pa(&w->core->in, run->gpa, page, sizeof(page), fault);
    *is_out = err == 0 && memcmp(page, zeros, sizeof(page)) == 0;
    if (*is_out)
        w->zeros_gpa = run->gpa;
    return err;
}

static bool is_wanted(const struct core_region *r, uint64_t va, bool is_own)
{
    return is_own || r->ino == 0 || (va == r->start && r->offset == 0);
}

/* The next run of the region from va on, until something else begins. */
static int run_next(struct walk *w, const struct core_region *r, uint64_t va,
                    bool *wanted_out, struct core_run *run, struct fault *fault)
{
    bool is_own = false, is_zeros = false;
    int err = walk_to(w, va, wanted_out, run, fault);

    if (err == 0 && *wanted_out && !r->has_object)
        err = zeros_find(w, run, &is_zeros, fault);
    if (err)
        return err;
    *wanted_out = *wanted_out && !is_zeros;
    if (run->len > r->end - va)
        run->len = r->end - va;
    if (*wanted_out)
        *wanted_out = run_clip(&w->core->in, run, &is_own);
    if (*wanted_out && !is_own && run->len > PAGE_LEN)
        run->len = PAGE_LEN;
    run->len = (run->len + PAGE_LEN - 1) & ~(uint64_t)(PAGE_LEN - 1);
    *wanted_out = *wanted_out && is_wanted(r, va, is_own);
    return 0;
}

static int region_walk(struct walk *w, const struct core_region *r,
                       struct fault *fault)
{
    uint64_t hole_max = r->has_object ? 0 : HOLE_MAX;
    struct core_piece piece = { .va = r->start, .prot = r->prot };
    uint64_t va = r->start, data_end = r->start;

    while (va < r->end) {
        struct core_run run;
        bool wanted;
        int err = run_next(w, r, va, &wanted, &run, fault);

        if (err == 0 && wanted)
            err = run_add(w, &run, fault);
        if (err)
            return err;
        va += run.len;
        if (!wanted)
            continue;
        if (run.va - data_end > hole_max)
            piece_cut(w, &piece, data_end, run.va);
        piece.has_data = true;
        data_end = va;
    }
    if (!piece.has_data || r->end - data_end > hole_max)
        piece_cut(w, &piece, data_end, r->end);
    else
        piece_add(w, &piece, r->end);
    return 0;
}

/* The guest's memory bounds how many tables there can be, and how much data:
 * a page may be mapped several times, but not without end. */
static uint64_t ram_len(const struct inside *in)
{
    uint64_t len = 0;
    unsigned i;

    for (i = 0; i < in->hello.range_count; i++)
        if (in->hello.range[i].len < RAM_MAX)
            len += in->hello.range[i].len;
    return len;
}

int core_pages_find(struct core *c, struct fault *fault)
{
    struct walk *w = mem_alloc(sizeof(*w));
    uint64_t ram = ram_len(&c->in);
    size_t i;
    int err = 0;

    w->core = c;
    w->tables_left = ram / PAGE_LEN + 2 * (uint64_t)c->region_count;
    w->bytes_left = 4 * ram;
    for (i = 0; err == 0 && i < c->region_count; i++)
        err = region_walk(w, &c->region[i], fault);
    free(w);
    return err;
}
