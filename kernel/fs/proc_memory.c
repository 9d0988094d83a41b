/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_memory.c - /proc/meminfo and /proc/vmstat.
 *
 * What Linux lists and this kernel has not (swap, dirty pages, huge pages set
 * aside) is there as 0, since programs look lines up by name.
 */
#include "arch/arch.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/proc.h"
#include "mm/page.h"
#include "mm/space.h"
#include "sched/process.h"

#define PAGE_KIB       (PAGE_SIZE / 1024)
#define VMALLOC_KIB    34359738367ul /* Linux's, a constant there too */
#define LARGE_PAGE_KIB 2048u
#define FIGURE_COLUMN  24 /* where a figure ends, unless it is longer */
#define NAME_LEN       15u

enum figure {
    NONE,
    TOTAL,
    FREE,
    FILES,
    ANON,
    LARGE,
    LOCKED,
    KERNEL,
    STACKS,
    TABLES,
    HALF,
    MAPPED,
    VMALLOC,
    COUNT, /* not KiB: a number of huge pages, 0 */
    HUGE_SIZE,
    FIGURE_COUNT
};

static const struct {
    char name[20];
    uint8_t figure;
} lines[] = {
    { "MemTotal:", TOTAL },
    { "MemFree:", FREE },
    { "MemAvailable:", FREE },
    { "Buffers:", NONE },
    { "Cached:", FILES },
    { "SwapCached:", NONE },
    { "Active:", ANON },
    { "Inactive:", FILES },
    { "Active(anon):", ANON },
    { "Inactive(anon):", NONE },
    { "Active(file):", NONE },
    { "Inactive(file):", FILES },
    { "Unevictable:", NONE },
    { "Mlocked:", LOCKED },
    { "SwapTotal:", NONE },
    { "SwapFree:", NONE },
    { "Dirty:", NONE },
    { "Writeback:", NONE },
    { "AnonPages:", ANON },
    { "Mapped:", FILES },
    { "Shmem:", NONE },
    { "KReclaimable:", NONE },
    { "Slab:", KERNEL },
    { "SReclaimable:", NONE },
    { "SUnreclaim:", KERNEL },
    { "KernelStack:", STACKS },
    { "PageTables:", TABLES },
    { "NFS_Unstable:", NONE },
    { "Bounce:", NONE },
    { "WritebackTmp:", NONE },
    { "CommitLimit:", HALF },
    { "Committed_AS:", MAPPED },
    { "VmallocTotal:", VMALLOC },
    { "VmallocUsed:", NONE },
    { "VmallocChunk:", NONE },
    { "Percpu:", NONE },
    { "HardwareCorrupted:", NONE },
    { "AnonHugePages:", LARGE },
    { "ShmemHugePages:", NONE },
    { "HugePages_Total:", COUNT },
    { "HugePages_Free:", COUNT },
    { "HugePages_Rsvd:", COUNT },
    { "HugePages_Surp:", COUNT },
    { "Hugepagesize:", HUGE_SIZE },
    { "Hugetlb:", NONE },
};

/* Pages of files come from the image, which is no part of the memory; what
 * was written of them, and all else that is neither free nor the program's
 * own, is the kernel's. */
static void measure(size_t kib[FIGURE_COUNT])
{
    const struct process *p = process_current();
    struct space_present present;
    struct space_stat s;

    space_stat(p->space, &s);
    space_present(p->space, 0, ARCH_USER_MAX, &present);
    kib[NONE] = 0;
    kib[TOTAL] = page_total_count() * PAGE_KIB;
    kib[FREE] = page_free_count() * PAGE_KIB;
    kib[ANON] = present.own_pages * PAGE_KIB;
    kib[FILES] = (present.pages - present.own_pages) * PAGE_KIB;
    kib[LARGE] = present.large_pages * PAGE_KIB;
    kib[LOCKED] = s.locked_pages * PAGE_KIB;
    kib[STACKS] = p->thread_count * (ARCH_KSTACK_LEN / 1024);
    kib[TABLES] = space_table_count(p->space) * PAGE_KIB;
    kib[KERNEL] = kib[TOTAL] - kib[FREE];
    kib[KERNEL] -= MIN(kib[KERNEL], kib[ANON] + kib[STACKS] + kib[TABLES]);
    kib[HALF] = kib[TOTAL] / 2;
    kib[MAPPED] = s.mapped_pages * PAGE_KIB;
    kib[VMALLOC] = VMALLOC_KIB;
    kib[COUNT] = 0;
    kib[HUGE_SIZE] = LARGE_PAGE_KIB;
}

int proc_show_meminfo(struct text_file *t, void *inode)
{
    size_t kib[FIGURE_COUNT];
    int err = 0;

    (void)inode;
    measure(kib);
    for (size_t i = 0; !err && i < ARRAY_LEN(lines); i++) {
        int width = FIGURE_COLUMN - (int)MAX(strlen(lines[i].name), NAME_LEN);

        err = text_printf(t, "%-*s %*zu%s\n", (int)NAME_LEN, lines[i].name,
                          width - 1, kib[lines[i].figure],
                          lines[i].figure == COUNT ? "" : " kB");
    }
    return err;
}

/* The lines that vmstat(1), sar(1) and monitoring agents look for. */
int proc_show_vmstat(struct text_file *t, void *inode)
{
    const struct process *p = process_current();
    size_t kib[FIGURE_COUNT];

    (void)inode;
    measure(kib);
    return text_printf(
        t,
        "nr_free_pages %zu\nnr_inactive_anon 0\nnr_active_anon %zu\n"
        "nr_inactive_file %zu\nnr_active_file 0\nnr_unevictable 0\n"
        "nr_mlock %zu\nnr_anon_pages %zu\nnr_mapped %zu\n"
        "nr_file_pages %zu\nnr_dirty 0\nnr_writeback 0\n"
        "nr_slab_reclaimable 0\nnr_slab_unreclaimable %zu\n"
        "nr_page_table_pages %zu\nnr_kernel_stack %zu\nnr_shmem 0\n"
        "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault %lu\n"
        "pgmajfault %lu\noom_kill 0\n",
        kib[FREE] / PAGE_KIB, kib[ANON] / PAGE_KIB, kib[FILES] / PAGE_KIB,
        kib[LOCKED] / PAGE_KIB, kib[ANON] / PAGE_KIB, kib[FILES] / PAGE_KIB,
        kib[FILES] / PAGE_KIB, kib[KERNEL] / PAGE_KIB, kib[TABLES] / PAGE_KIB,
        kib[STACKS], p->minor_faults + p->major_faults, p->major_faults);
}
