/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit.c - the end of the process, which is the end of the machine.
 *
 * One process runs, the kernel is not preemptible, and the monitor gives all
 * memory back at once: so nothing is torn down but what others see, its
 * connections. Other threads simply never run again.
 */
#include "core/panic.h"
#include "drivers/console.h"
#include "process/exec.h"

void process_exit(int status)
{
    ASSERT(status >= 0 && status <= 255);
    console_power_off(status);
}

void (*process_end_hook)(void);

void process_exit_group(int status)
{
    struct process *p = process_current();

    p->exiting = true;
    p->exit_status = status & 0xff;
    if (process_end_hook)
        process_end_hook();
    process_exit(p->exit_status);
}
