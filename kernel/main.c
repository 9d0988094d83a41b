/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - the order of a boot, on one screen.
 *
 * The monitor, or arch's PVH entry, has prepared everything privileged; this
 * runs in ring 3 from its first line. Hooks are the only way in which a lower
 * layer reaches a higher one.
 */
#include "abi/bootinfo.h"
#include "arch/arch.h"
#include "core/config.h"
#include "core/errno.h"
#include "core/panic.h"
#include "core/printf.h"
#include "drivers/console.h"
#include "drivers/hypercall.h"
#include "fs/special.h"
#include "fs/vfs.h"
#include "mm/page.h"
#include "mm/space.h"
#include "process/debug.h"
#include "process/exec.h"
#include "process/signal.h"
#include "random/pool.h"
#include "sched/sample.h"
#include "sched/thread.h"
#include "syscall/syscall.h"
#include "syscall/trace.h"
#include "time/clock.h"

#define STATUS_FAILED 125 /* Samara's own failures, as the command has them */

NORETURN void kernel_main(struct bootinfo *boot);

static void report_panic(const char *text,
                         const struct hypercall_report *report)
{
    console_report(text, report, true, 0);
}

/* The image is damaged, or not ours: no fault of the kernel's. */
NORETURN static void refuse(const char *what, int err)
{
    kprintf("%s (error %d); make the image anew: samara build", what, -err);
    console_power_off(STATUS_FAILED);
}

void kernel_main(struct bootinfo *boot)
{
    struct run_config config = { 0 };
    const void *image;
    int err = -ENOENT;

    if (boot->magic != BOOTINFO_MAGIC || boot->version != BOOTINFO_VERSION)
        panic("bootinfo is not ours");
    arch_init(boot);
    syscall_init();
    page_init(boot);
    space_init(boot->pml4_pa);
    if (boot->config_len != 0)
        err = run_config_read(page_ptr(boot->config_pa), boot->config_len,
                              &config);
    if (config.flags & CONFIG_LINK)
        boot->flags |= BOOTINFO_LINK_COM2;
    if (config.flags & CONFIG_DEBUG)
        boot->flags |= BOOTINFO_DEBUG;
    console_init(boot);
    panic_hook = report_panic;
    console_signal_hook = signal_from_host;
    console_sample_hook = sample_start;
    thread_signal_hook = signal_deliver;
    hypercall_debug_hook = debug_event;
    debug_control.is_attached = boot->flags & BOOTINFO_DEBUG && debug_wait;
    if (boot->flags & BOOTINFO_DEBUG && !debug_wait)
        kprintf("the program waits for no debugger: this kernel was linked "
                "without 'debugger'");
    if (err)
        refuse("no usable run configuration", err);
    config_records = config.records;
    pool_init(boot->seed);
    clock_init(boot, config.tsc_khz, config.wall_ns);
    image = boot->root_len ? page_ptr(boot->root_pa) : NULL;
    err = vfs_init(image, boot->root_len, config.flags & CONFIG_READ_ONLY);
    if (err)
        refuse("the root file system cannot be mounted", err);
    if (UNLIKELY(config.flags & CONFIG_TRACE))
        trace_wait();
    process_start_first(&config);
}
