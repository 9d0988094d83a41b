/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.c - picks what carries the console and passes calls on to it.
 */
#include "drivers/console.h"

#include "abi/bootinfo.h"
#include "arch/arch.h"
#include "core/panic.h"
#include "core/printf.h"
#include "drivers/console_backend.h"
#include "drivers/hypercall.h"
#include "sched/wait.h"

static const struct console_backend *backend;
static struct waitq input = WAITQ_INIT(input);
static struct waitq output = WAITQ_INIT(output);
static struct hypercall_stat stats[3];
static bool stats_known;

void (*console_signal_hook)(int signo);
void (*console_sample_hook)(void);

void console_init(const struct bootinfo *boot)
{
    hypercall_init(boot);
    if (hypercall_present()) {
        backend = &console_monitor;
    } else {
        backend = &console_serial;
        console_serial_init(boot->flags & BOOTINFO_LINK_COM2);
    }
    kprintf_sink = console_write_text;
}

ssize_t console_write(unsigned fd, struct io *io)
{
    ASSERT_OP(fd, <=, 2);
    return backend->write(fd, io);
}

ssize_t console_read(struct io *io)
{
    return backend->read(io);
}

void console_write_text(const char *text, size_t len)
{
    if (backend)
        backend->write_text(text, len);
}

unsigned console_poll(unsigned fd)
{
    return backend->poll(fd);
}

struct waitq *console_waitq(bool is_output)
{
    return is_output ? &output : &input;
}

void console_watch(void)
{
    if (hypercall_present())
        console_monitor_watch(1);
}

const struct hypercall_stat *console_stat(unsigned fd)
{
    ASSERT_OP(fd, <=, 2);
    if (!stats_known) {
        backend->stat(stats);
        stats_known = true;
    }
    return &stats[fd];
}

int console_tty(unsigned fd, uint32_t cmd, void *buf, size_t len)
{
    return backend->tty(fd, cmd, buf, len);
}

void console_report(const char *text, const struct hypercall_report *report,
                    bool is_panic, int signo)
{
    if (backend)
        backend->report(text, report, is_panic, signo);
}

void console_left_out(unsigned nr)
{
    if (!backend->left_out(nr))
        kprintf("this image's kernel was linked without system call %u, which "
                "the program made: add it to --calls of samara build",
                nr);
}

void console_power_off(int status)
{
    if (backend)
        backend->power_off(status & 0xff);
    arch_power_off(status & 0xff);
}
