/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_crash.c - what is said when the program dies of a fault.
 *
 * Who runs the guest looks inside for a full report, with names and all
 * threads (debug/crash.c); this is for a machine where nobody does: the signal
 * and the way the program came here by frame pointers, each address as file and
 * offset, which is what addr2line wants. Registers and the siginfo_t go along.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "core/printf.h"
#include "core/string.h"
#include "drivers/console.h"
#include "mm/space.h"
#include "mm/user.h"
#include "process/signal.h"
#include "sched/process.h"

#define TRACE_MAX    16u
#define MAP_LINE_LEN 512u
#define TEXT_LEN     1024u

struct text {
    char buf[TEXT_LEN];
    size_t len;
};

struct mapping { /* one line of /proc/self/maps */
    uint64_t start, offset;
    const char *path;
    char line[MAP_LINE_LEN];
};

static void text_add(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);
static void text_add(struct text *t, const char *format, ...)
{
    size_t room = sizeof(t->buf) - t->len;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(t->buf + t->len, room, format, args);
    va_end(args);
    if (len > 0)
        t->len += MIN((size_t)len, room - 1);
}

static uint64_t parse_hex(const char **s)
{
    uint64_t value = 0;

    for (;; ++*s) {
        char c = **s;

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return value;
    }
}

static const char *skip_word(const char *s)
{
    while (*s && *s != ' ')
        s++;
    while (*s == ' ')
        s++;
    return s;
}

/* "start-end perms offset dev inode path\n", as our own space.c writes it. */
static void mapping_parse(struct mapping *m)
{
    const char *s = m->line;
    char *end = strchr(m->line, '\n');

    if (end)
        *end = '\0';
    m->start = parse_hex(&s);
    s = skip_word(skip_word(s));
    m->offset = parse_hex(&s);
    s = skip_word(skip_word(skip_word(s)));
    m->path = s;
}

/* The mapping that holds va, else the next above it. */
static bool mapping_at(uint64_t va, struct mapping *m)
{
    uaddr_t at = va;

    /* The first region that ends above va is the one asked for. */
    if (space_maps_line(process_current()->space, &at, m->line,
                        sizeof(m->line)) <= 0)
        return false;
    m->line[sizeof(m->line) - 1] = '\0';
    mapping_parse(m);
    return true;
}

static void add_place(struct text *t, uint64_t va, struct mapping *m)
{
    if (!mapping_at(va, m) || va < m->start)
        text_add(t, "0x%lx, not mapped", va);
    else if (m->path[0] != '/')
        text_add(t, "0x%lx, %s", va, m->path[0] ? m->path : "anonymous memory");
    else
        text_add(t, "%s+0x%lx", m->path, va - m->start + m->offset);
}

static bool has_address(const struct signal_info *info)
{
    return info->code > 0 && info->code != SI_KERNEL &&
           (info->signo == SIGSEGV || info->signo == SIGBUS);
}

/* Follow the program's frame pointers, if it keeps any: upwards only. */
static size_t backtrace(uint64_t rip, uint64_t rbp, uint64_t *out, size_t max)
{
    uint64_t frame[2]; /* the caller's rbp, the return address */
    size_t count = 0;

    out[count++] = rip;
    while (count < max && rbp % 8 == 0 &&
           copy_from_user(frame, rbp, sizeof(frame)) == 0 && frame[1] != 0) {
        out[count++] = frame[1];
        if (frame[0] <= rbp)
            break;
        rbp = frame[0];
    }
    return count;
}

static void report_fill(struct hypercall_report *r, const struct regs *regs,
                        const struct signal_info *info)
{
    _Static_assert(sizeof(*regs) == offsetof(struct hypercall_report, cr2),
                   "the report begins with the registers");
    memset(r, 0, sizeof(*r));
    memcpy(r, regs, sizeof(*regs));
    r->rip = arch_linux_rip(regs->rip);
    r->cr2 = info->addr;
    r->error = info->error;
    _Static_assert(sizeof(r->siginfo) == SIGNAL_INFO_LEN, "as a program's");
    signal_info_encode(info, r->siginfo);
    r->tid = thread_current()->tid;
    r->trace_count = backtrace(r->rip, regs->rbp, r->trace, TRACE_MAX);
}

/* Static, for a kernel stack is small and a program crashes once. */
void signal_report_crash(const struct regs *regs,
                         const struct signal_info *info)
{
    static struct text text;
    static struct mapping m;
    static struct hypercall_report report;
    struct thread *t = thread_current();

    report_fill(&report, regs, info);
    text_add(&text, "%s: killed by %s (signal %d)", t->name,
             signal_name(info->signo), info->signo);
    if (has_address(info))
        text_add(&text, ": access to address 0x%lx", info->addr);
    text_add(&text, "\n  thread %d at ", t->tid);
    add_place(&text, report.rip, &m);
    for (size_t i = 1; i < report.trace_count; i++) {
        text_add(&text, "\n  called from ");
        add_place(&text, report.trace[i], &m);
    }
    text_add(&text, "\n");
    report.trace_count = 0; /* told above, with names that only we know */
    console_report(text.buf, &report, false, info->signo);
}
