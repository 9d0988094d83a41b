/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_crash.c - what the user is told when the program dies of a fault.
 *
 * One report: the signal, what was accessed and what lies there, whether it
 * looks like a stack overflow, and the way the program came here, each address
 * as file and offset, which is what addr2line wants. Registers go along for the
 * monitor, which knows symbols.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "core/printf.h"
#include "core/string.h"
#include "drivers/console.h"
#include "mm/space.h"
#include "mm/user.h"
#include "process/signal.h"
#include "process/symbol.h"
#include "sched/process.h"

#define TRACE_MAX    16u
#define MAP_LINE_LEN 512u
#define TEXT_LEN     3072u
#define STACK_NEAR   (256ul << 10) /* a frame larger than this is rare */
#define PF_WRITE     2u
#define PF_FETCH     16u
#define TRAP_PAGE    14u

struct text {
    char buf[TEXT_LEN];
    size_t len;
};

struct mapping { /* one line of /proc/self/maps */
    uint64_t start, end, offset;
    char perms[5];
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
    s += *s == '-';
    m->end = parse_hex(&s);
    s += *s == ' ';
    strlcpy(m->perms, s, sizeof(m->perms));
    s = skip_word(s);
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

static void add_symbol(struct text *t, const char *path, uint64_t file_off)
{
    char name[SYMBOL_NAME_MAX];
    uint64_t offset;

    if (symbol_find(path, file_off, name, &offset))
        text_add(t, "%s+0x%lx (%s+0x%lx)", name, offset, path, file_off);
    else
        text_add(t, "%s+0x%lx", path, file_off);
}

static void add_place(struct text *t, uint64_t va, struct mapping *m)
{
    if (!mapping_at(va, m) || va < m->start)
        text_add(t, "0x%lx, not mapped", va);
    else if (m->path[0] != '/')
        text_add(t, "0x%lx, %s", va, m->path[0] ? m->path : "anonymous memory");
    else
        add_symbol(t, m->path, va - m->start + m->offset);
}

/* Below a stack and near its pointer: the kernel's own gap below the main
 * stack, or the inaccessible page that thread libraries put below theirs. */
static bool is_stack_overflow(uint64_t addr, uint64_t sp, struct mapping *m)
{
    if (addr - (sp - STACK_NEAR) > 2 * STACK_NEAR || !mapping_at(addr, m))
        return false;
    if (addr < m->start)
        return strcmp(m->path, "[stack]") == 0;
    if (strncmp(m->perms, "---", 3) != 0)
        return false;
    return mapping_at(m->end, m) && sp < m->end;
}

static bool has_address(const struct signal_info *info)
{
    return info->code > 0 && info->code != SI_KERNEL &&
           (info->signo == SIGSEGV || info->signo == SIGBUS);
}

static void add_fault(struct text *t, const struct regs *regs,
                      const struct signal_info *info, struct mapping *m)
{
    const char *access = "access to";

    if (info->addr == arch_linux_rip(regs->rip) ||
        (info->trapno == TRAP_PAGE && (info->error & PF_FETCH)))
        access = "jump to";
    else if (info->trapno == TRAP_PAGE)
        access = info->error & PF_WRITE ? "write to" : "read of";
    if (is_stack_overflow(info->addr, regs->rsp, m)) {
        text_add(t, "stack overflow: %s 0x%lx, just below the stack\n", access,
                 info->addr);
        return;
    }
    text_add(t, "%s address 0x%lx", access, info->addr);
    if (!mapping_at(info->addr, m))
        text_add(t, ", above everything mapped\n");
    else if (info->addr >= m->start)
        text_add(t, " in %s (%s)%s\n", m->path[0] ? m->path : "memory",
                 m->perms,
                 info->signo == SIGBUS ? ": beyond the end of the file" : "");
    else if (info->addr < PAGE_SIZE)
        text_add(t, ": a null pointer\n");
    else
        text_add(t, ", where nothing is mapped; next above: 0x%lx %s\n",
                 m->start, m->path);
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
    if (has_address(info)) {
        text_add(&text, ": ");
        add_fault(&text, regs, info, &m);
    } else if (info->code <= 0 && info->pid != 0) {
        text_add(&text, ", sent by process %d\n", info->pid);
    } else {
        text_add(&text, "\n");
    }
    text_add(&text, "  thread %d at ", t->tid);
    add_place(&text, report.rip, &m);
    for (size_t i = 1; i < report.trace_count; i++) {
        text_add(&text, "\n  called from ");
        add_place(&text, report.trace[i], &m);
    }
    text_add(&text, "\n");
    report.trace_count = 0; /* told above, with names that only we know */
    console_report(text.buf, &report, false, info->signo);
}
