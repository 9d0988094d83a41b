/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_maps.c - /proc/PID/maps, smaps, smaps_rollup.
 *
 * Only one process maps anything, so each page's share is all of it: Pss is
 * Rss. A page that the process alone has is private; one of a file is shared
 * with the file, as Linux counts a page that the page cache holds too, and
 * clean, since a file's page that was written is the file.
 */
#include <linux/mman.h>

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/proc.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "sched/process.h"

#define PAGE_KIB      (PAGE_SIZE / 1024)
#define MAPS_LINE_MAX (PATH_MAX + 128u)

/* The figures of a region, in the order of the names in figures[]. */
struct details {
    size_t len, rss, own, dirty, file, file_dirty, large, locked, anon_dirty;
};

/* In Linux's order. What has no figure here is 0: there is no swap. */
static const struct {
    char name[17];
    uint8_t off; /* of a size_t in struct details, plus 1; 0: none */
    bool in_rollup;
} figures[] = {
#define FIGURE(name, member) (name), offsetof(struct details, member) + 1
    { FIGURE("Size:", len), false },
    { "KernelPageSize:", 0, false },
    { "MMUPageSize:", 0, false },
    { FIGURE("Rss:", rss), true },
    { FIGURE("Pss:", rss), true },
    { FIGURE("Pss_Dirty:", dirty), true },
    { FIGURE("Shared_Clean:", file), true },
    { "Shared_Dirty:", 0, true },
    { FIGURE("Private_Clean:", file_dirty), true },
    { FIGURE("Private_Dirty:", own), true },
    { FIGURE("Referenced:", rss), true },
    { FIGURE("Anonymous:", own), true },
    { "LazyFree:", 0, true },
    { FIGURE("AnonHugePages:", large), true },
    { "ShmemPmdMapped:", 0, true },
    { "FilePmdMapped:", 0, true },
    { "Shared_Hugetlb:", 0, true },
    { "Private_Hugetlb:", 0, true },
    { "Swap:", 0, true },
    { "SwapPss:", 0, true },
    { FIGURE("Locked:", locked), true },
};

static int put_figures(struct text_file *t, const struct details *d,
                       bool is_rollup)
{
    int err = 0;

    for (size_t i = 0; !err && i < ARRAY_LEN(figures); i++) {
        size_t pages = 0;

        if (is_rollup && !figures[i].in_rollup)
            continue;
        if (figures[i].off)
            memcpy(&pages, (const char *)d + figures[i].off - 1, sizeof(pages));
        else if (!figures[i].in_rollup)
            pages = 1; /* a page's size, that is */
        err =
            text_printf(t, "%-16s%8zu kB\n", figures[i].name, pages * PAGE_KIB);
    }
    return err;
}

static int put_flags(struct text_file *t, const struct space_present *p)
{
    int err = text_printf(
        t, "THPeligible:    0\nVmFlags: %s%s%s%smr mw me %s%s",
        p->prot & PROT_READ ? "rd " : "", p->prot & PROT_WRITE ? "wr " : "",
        p->prot & PROT_EXEC ? "ex " : "", p->is_shared ? "sh " : "",
        p->is_shared ? "ms " : "", p->grows_down ? "gd " : "");

    return err ? err : text_printf(t, "%sac \n", p->is_locked ? "lo " : "");
}

static void details_add(struct details *d, uaddr_t start, uaddr_t end,
                        const struct space_present *p)
{
    d->len += (end - start) / PAGE_SIZE;
    d->rss += p->pages;
    d->own += p->own_pages;
    d->dirty += p->dirty_pages;
    d->file += p->pages - p->own_pages;
    d->large += p->large_pages;
    d->locked += p->is_locked ? p->pages : 0;
}

static uint64_t hex_prefix(const char *s)
{
    uint64_t value = 0;

    for (; (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'f'); s++)
        value = value << 4 | (uint64_t)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
    return value;
}

enum maps_kind { MAPS, SMAPS, ROLLUP };

/* One region: its line, its details, or an addition to the sum. */
static int put_region(struct text_file *t, enum maps_kind kind,
                      const char *line, uaddr_t end, struct details *sum)
{
    uaddr_t start = hex_prefix(line);
    struct details own = { 0 };
    struct space_present p;
    int err = 0;

    if (kind != ROLLUP)
        err = proc_put_bytes(t, line, strlen(line));
    if (err || kind == MAPS)
        return err;
    space_present(process_current()->space, start, end, &p);
    details_add(kind == ROLLUP ? sum : &own, start, end, &p);
    if (kind == ROLLUP)
        return 0;
    err = put_figures(t, &own, false);
    return err ? err : put_flags(t, &p);
}

static int put_rollup(struct text_file *t, uaddr_t start, uaddr_t end,
                      const struct details *sum)
{
    int err = text_printf(t, "%08lx-%08lx ---p 00000000 00:00 0 %*s[rollup]\n",
                          start, end, 23, "");

    return err ? err : put_figures(t, sum, true);
}

static int put_maps(struct text_file *t, enum maps_kind kind)
{
    char *line = kmalloc(MAPS_LINE_MAX);
    struct details sum = { 0 };
    uaddr_t va = 0, first = 0;
    int err = 0;

    if (!line)
        return -ENOMEM;
    while (!err) {
        int len =
            space_maps_line(process_current()->space, &va, line, MAPS_LINE_MAX);

        if (len <= 0)
            break;
        first = first ? first : hex_prefix(line);
        err = put_region(t, kind, line, va, &sum);
    }
    kfree(line);
    if (!err && kind == ROLLUP)
        err = put_rollup(t, first, va, &sum);
    return err;
}

int proc_show_maps(struct text_file *t, void *inode)
{
    (void)inode;
    return put_maps(t, MAPS);
}

int proc_show_smaps(struct text_file *t, void *inode)
{
    (void)inode;
    return put_maps(t, SMAPS);
}

int proc_show_smaps_rollup(struct text_file *t, void *inode)
{
    (void)inode;
    return put_maps(t, ROLLUP);
}
