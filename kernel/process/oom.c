/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oom.c - the end of a program that touched more memory than there is.
 */
#include <asm/signal.h>

#include "core/printf.h"
#include "drivers/console.h"
#include "mm/fault.h"
#include "mm/page.h"
#include "mm/space.h"
#include "process/exec.h"

#define TEXT_LEN      320u
#define STATUS_KILLED (128 + SIGKILL) /* as Linux's own out-of-memory killer */

void fault_out_of_memory(void)
{
    struct process *p = process_current();
    uint64_t all = p->ram_len ? p->ram_len : page_total_count() * PAGE_SIZE;
    uint64_t used = (page_total_count() - page_free_count()) * PAGE_SIZE;
    uint64_t tables = space_table_count(p->space) * PAGE_SIZE;
    uint64_t own, others;
    struct space_stat st;
    char text[TEXT_LEN];

    space_stat(p->space, &st);
    /* The page of zeros is resident in any number of places. */
    own = MIN(st.resident_pages * PAGE_SIZE, used - MIN(used, tables));
    others = used - own;
    snprintf(text, sizeof(text),
             "out of memory: %s has %lu MiB mapped and needs more than the "
             "%lu KiB of it that are there; files, threads and tables take "
             "%lu KiB; -m is %lu MiB. Raise it: samara run -m %luM",
             thread_current()->name, st.mapped_pages >> 8, own >> 10,
             others >> 10, all >> 20, MAX(all >> 19, 1ul));
    console_report(text, NULL, false, SIGKILL);
    /* In the middle of anything: connections are left alone. */
    process_exit(STATUS_KILLED);
}
