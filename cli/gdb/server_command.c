/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_command.c - gdb's `monitor ...`: what only Samara knows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gdb/server.h"
#include "cli/guest.h"
#include "cli/place.h"
#include "host/fault.h"
#include "host/memory.h"

#define LINE_MAX_LEN 1024u

static const char usage[] =
    "monitor help          this\n"
    "monitor threads       all threads, and what each does\n"
    "monitor kernel on     threads in system calls are shown in the kernel;\n"
    "                      then: maintenance flush register-cache\n"
    "monitor kernel off    ... where they made the call (the default)\n"
    "monitor kernel        where the kernel lies: for add-symbol-file\n";

static void show_threads(struct server *s)
{
    static const char *const states[] = { "running", "ready", "sleeping",
                                          "moving", "dead" };
    struct target *t = &s->target;
    struct buf text = { 0 };
    size_t i;

    if (target_threads(t, s->fault) != 0) {
        server_console(s, s->fault->text, strlen(s->fault->text));
        return;
    }
    buf_printf(&text, "%7s %-16s %3s %-9s %12s %10s\n", "TID", "NAME", "CPU",
               "STATE", "CALLS", "SWITCHES");
    for (i = 0; i < t->core.process.thread_count; i++) {
        const struct inside_thread *th = &t->core.process.thread[i];

        buf_printf(&text, "%7d %-16s %3u %-9s %12llu %10llu\n", th->tid,
                   th->name, th->cpu, th->state < 5 ? states[th->state] : "?",
                   (unsigned long long)th->calls,
                   (unsigned long long)th->switches);
    }
    server_console(s, (const char *)text.data, text.len);
    buf_fini(&text);
}

static void show_kernel(struct server *s)
{
    static struct fault fault;
    char *path = place_kernel(&fault);
    char *text =
        mem_printf("add-symbol-file %s -o 0x%llx\n", path ? path : "kernel.elf",
                   (unsigned long long)s->target.core.in.hello.kernel_va);

    server_console(s, text, strlen(text));
    free(text);
    free(path);
}

void server_command(struct server *s, const char *at)
{
    char line[LINE_MAX_LEN];

    if (!packet_string(&at, line, sizeof(line))) {
        server_error(s, -EINVAL);
        return;
    }
    if (strcmp(line, "help") == 0) {
        server_console(s, usage, strlen(usage));
    } else if (strcmp(line, "threads") == 0) {
        show_threads(s);
    } else if (strcmp(line, "kernel") == 0) {
        show_kernel(s);
    } else if (strcmp(line, "kernel on") == 0) {
        s->target.shows_kernel = true;
    } else if (strcmp(line, "kernel off") == 0) {
        s->target.shows_kernel = false;
    } else {
        static const char unknown[] = "unknown; monitor help lists commands\n";

        server_console(s, unknown, strlen(unknown));
    }
    server_ok(s);
}
