/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_info.c - what a space looks like, for /proc and for messages; and the
 * objects' side: dropping mappings of pages that changed.
 */
#include <linux/mman.h>

#include "core/printf.h"
#include "core/string.h"
#include "mm/page.h"
#include "mm/region.h"

#define NAME_LEN    512u
#define NAME_COLUMN 73 /* where Linux puts it */

bool region_is_data(uint32_t prot, uint32_t flags)
{
    return prot & PROT_WRITE && !(flags & (REGION_SHARED | REGION_STACK));
}

bool space_data_fits_limit(const struct space *s, uint32_t prot, uint32_t flags,
                           uint64_t len)
{
    struct space_stat st;

    if (!region_is_data(prot, flags))
        return true;
    space_stat(s, &st);
    return st.data_pages * PAGE_SIZE + len <= s->data_limit;
}

void space_stat(const struct space *s, struct space_stat *out)
{
    memset(out, 0, sizeof(*out));
    out->mapped_pages = s->mapped_pages;
    out->resident_pages = s->resident_pages;
    out->peak_resident_pages = MAX(s->peak_pages, s->resident_pages);
    out->brk_start = s->brk_start;
    out->brk_end = s->brk_end;
    out->stack_start = s->stack_top;
    for (const struct region *r = s->head[0]; r; r = r->next[0]) {
        size_t pages = (r->end - r->start) >> PAGE_SHIFT;

        if (r->flags & REGION_STACK)
            out->stack_pages += pages;
        else if (region_is_data(r->prot, r->flags))
            out->data_pages += pages;
        else if (r->prot & PROT_EXEC && !(r->prot & PROT_WRITE))
            out->text_pages += pages;
        if (r->flags & REGION_SHARED)
            out->shared_pages += pages;
        if (r->flags & REGION_LOCKED)
            out->locked_pages += pages;
    }
}

void space_present(struct space *s, uaddr_t start, uaddr_t end,
                   struct space_present *out)
{
    const struct region *r = region_find(s, start);
    bool was_taken;

    memset(out, 0, sizeof(*out));
    if (r) {
        out->prot = r->prot;
        out->is_shared = r->flags & REGION_SHARED;
        out->is_locked = r->flags & REGION_LOCKED;
        out->grows_down = r->flags & REGION_STACK;
    }
    was_taken = space_enter(s);
    for (uint64_t va = pt_next(&s->pt, start, end); va < end;
         va = pt_next(&s->pt, va + PAGE_SIZE, end)) {
        unsigned flags;

        if (!pt_lookup(&s->pt, va, &flags))
            continue;
        out->pages++;
        out->own_pages += (flags & PT_OWN) != 0;
        out->dirty_pages += (flags & (PT_DIRTY | PT_OWN)) != 0;
        out->large_pages += (flags & PT_LARGE) != 0;
    }
    space_leave(s, was_taken);
}

size_t space_table_count(const struct space *s)
{
    return s->pt.table_count;
}

struct vm_object *space_shared_object(struct space *s, uaddr_t va,
                                      uint64_t *off_out)
{
    const struct region *r = s->shared_count ? region_find(s, va) : NULL;

    if (!r || va < r->start || !(r->flags & REGION_SHARED) || !r->obj)
        return NULL;
    *off_out = r->obj_off + (va - r->start);
    return r->obj;
}

static void region_name(const struct space *s, const struct region *r,
                        char *buf, size_t len)
{
    buf[0] = 0;
    if (r->name)
        strlcpy(buf, r->name, len);
    else if (r->obj && r->obj->ops->name)
        r->obj->ops->name(r->obj, buf, len);
    else if (r->start < s->stack_top && r->end >= s->stack_top)
        strlcpy(buf, "[stack]", len);
    else if (r->flags & REGION_HEAP)
        strlcpy(buf, "[heap]", len);
}

int space_maps_line(struct space *s, uaddr_t *va, char *buf, size_t buf_len)
{
    struct region *r = region_find(s, *va);
    struct vm_object_id id = { 0 };
    char name[NAME_LEN];
    int len;

    if (!r)
        return 0;
    *va = r->end;
    region_name(s, r, name, sizeof(name));
    if (r->obj && r->obj->ops->id)
        r->obj->ops->id(r->obj, &id);
    len = snprintf(
        buf, buf_len, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", r->start,
        r->end, r->prot & PROT_READ ? 'r' : '-',
        r->prot & PROT_WRITE ? 'w' : '-', r->prot & PROT_EXEC ? 'x' : '-',
        r->flags & REGION_SHARED ? 's' : 'p', r->obj ? r->obj_off : 0,
        (unsigned)(id.dev >> 8 & 0xfff), (unsigned)(id.dev & 0xff), id.ino);
    if ((size_t)len >= buf_len)
        return (int)buf_len - 1;
    len += snprintf(buf + len, buf_len - (size_t)len, "%*s%s\n",
                    name[0] && len < NAME_COLUMN ? NAME_COLUMN - len : 0, "",
                    name);
    return (int)MIN((size_t)len, buf_len - 1);
}

void vm_object_init(struct vm_object *obj, const struct vm_object_ops *ops)
{
    obj->ops = ops;
    obj->no_write = false;
    obj->copied_from = 0;
    list_init(&obj->mappings);
}

bool vm_object_may_be_written(struct vm_object *obj)
{
    LIST_FOR_EACH(it, &obj->mappings)
    {
        const struct region *r = LIST_ENTRY(it, struct region, obj_link);

        if ((r->flags & (REGION_SHARED | REGION_NO_WRITE)) == REGION_SHARED)
            return true;
    }
    return false;
}

/* Is the page at va, the mapping's own, still what the file showed before it
 * changed? Then it was copied ahead of writes that did not come, or came to
 * nothing. Other CPUs may write to it now: a fault gives the right back. */
static NOINLINE COLD bool is_unwritten(const struct region *r, uint64_t va,
                                       paddr_t pa)
{
    paddr_t from = r->obj->copied_from;

    if (from == 0)
        return false;
    from += r->obj_off + (va - r->start);
    if (pt_map(&r->space->pt, va, pa,
               (region_pt_flags(r->prot) & ~(unsigned)PT_WRITE) | PT_OWN) != 0)
        return false;
    arch_tlb_flush_page(va);
    return memcmp(page_ptr(pa), page_ptr(from), PAGE_SIZE) == 0;
}

/* A copy that a private mapping made stays when the file merely changes. All
 * others go at once, for one flush. */
static void zap_pages(struct region *r, uint64_t va, uint64_t end,
                      bool private_too)
{
    struct pt *pt = &r->space->pt;
    unsigned flags;
    paddr_t pa;

    if (private_too || r->flags & REGION_SHARED) {
        region_zap(r->space, va, end);
        return;
    }
    for (va = pt_next(pt, va, end); va < end;
         va = pt_next(pt, va + PAGE_SIZE, end)) {
        pa = pt_lookup(pt, va, &flags);
        if (pa && (!(flags & PT_OWN) || is_unwritten(r, va, pa)))
            region_zap(r->space, va, va + PAGE_SIZE);
    }
}

void vm_object_zap(struct vm_object *obj, uint64_t first, uint64_t count,
                   bool private_too)
{
    LIST_FOR_EACH(it, &obj->mappings)
    {
        struct region *r = LIST_ENTRY(it, struct region, obj_link);
        uint64_t base = r->obj_off >> PAGE_SHIFT;
        uint64_t pages = (r->end - r->start) >> PAGE_SHIFT;
        uint64_t from = MAX(first, base), to = base + pages;
        bool was_taken = space_enter(r->space);

        if (first + count > first && first + count < to)
            to = first + count;
        if (from < to)
            zap_pages(r, r->start + (from - base) * PAGE_SIZE,
                      r->start + (to - base) * PAGE_SIZE, private_too);
        space_leave(r->space, was_taken);
    }
}
