/* SPDX-License-Identifier: BSD-2-Clause */
/* core_notes.c - what a core file says of process and threads: elf(5). */
#include <elf.h>
#include <signal.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/user.h>

#include "cli/core.h"
#include "host/fault.h"

#define PAGE_LEN 4096u

_Static_assert(sizeof(struct user_regs_struct) ==
                   offsetof(struct control_regs, cr2),
               "the first registers are the same");
_Static_assert(sizeof(struct user_fpregs_struct) ==
                   sizeof(((struct control_regs *)0)->fx),
               "FXSAVE's layout is both");

static void note_of(struct buf *out, const char name[8], uint32_t type,
                    const void *data, size_t len)
{
    static const char zeros[4];
    const Elf64_Nhdr head = { (Elf64_Word)strlen(name) + 1, (Elf64_Word)len,
                              type };

    buf_add(out, &head, sizeof(head));
    buf_add(out, name, 8);
    buf_add(out, data, len);
    buf_add(out, zeros, -len % 4);
}

static void note_add(struct buf *out, uint32_t type, const void *data,
                     size_t len)
{
    note_of(out, (const char[8]){ "CORE" }, type, data, len);
}

static void linux_note(struct buf *out, uint32_t type, const void *data,
                       size_t len)
{
    note_of(out, (const char[8]){ "LINUX" }, type, data, len);
}

/* Up to the last part that the CPU has: Intel SDM 1, 13.5. */
static size_t xstate_len(const uint8_t *xstate)
{
    uint64_t xcr0;

    memcpy(&xcr0, xstate + CONTROL_XSTATE_XCR0, sizeof(xcr0));
    if (xcr0 & 1u << 9)
        return 2696; /* protection keys */
    if (xcr0 & 0xe0)
        return 2688;             /* AVX-512 */
    return xcr0 & 4 ? 832 : 576; /* AVX, none */
}

/* strncpy() without its reputation: cut, and zeros behind. */
static void text_copy(char *to, size_t len, const char *from)
{
    memcpy(to, from, strnlen(from, len - 1));
}

static void process_note(const struct core *c, struct buf *out)
{
    struct elf_prpsinfo info = { .pr_sname = 'R' };

    info.pr_pid = c->process.pid;
    if (c->process.thread_count > 0)
        text_copy(info.pr_fname, sizeof(info.pr_fname),
                  c->process.thread[0].name);
    text_copy(info.pr_psargs, sizeof(info.pr_psargs), c->command);
    note_add(out, NT_PRPSINFO, &info, sizeof(info));
}

static void auxv_note(const struct core *c, struct buf *out)
{
    size_t words = 0;

    while (words + 2 <= CORE_AUXV_WORDS && c->auxv[words] != AT_NULL)
        words += 2;
    words += words + 2 <= CORE_AUXV_WORDS ? 2 : 0;
    note_add(out, NT_AUXV, c->auxv, words * sizeof(c->auxv[0]));
}

/* count, page size; start, end, offset in pages of each; the names. */
static void file_note(const struct core *c, struct buf *out)
{
    struct buf note = { 0 };
    uint64_t head[2] = { 0, PAGE_LEN };
    size_t i;

    for (i = 0; i < c->region_count; i++)
        head[0] += c->region_file[i] != NULL;
    buf_add(&note, head, sizeof(head));
    for (i = 0; i < c->region_count; i++) {
        const struct core_region *r = &c->region[i];
        const uint64_t entry[3] = { r->start, r->end, r->offset / PAGE_LEN };

        if (c->region_file[i])
            buf_add(&note, entry, sizeof(entry));
    }
    for (i = 0; i < c->region_count; i++)
        if (c->region_file[i])
            buf_add(&note, c->region_file[i], strlen(c->region_file[i]) + 1);
    note_add(out, NT_FILE, note.data, note.len);
    buf_fini(&note);
}

static int thread_notes(struct core *c, const struct inside_thread *t,
                        struct buf *out, struct fault *fault)
{
    struct elf_prstatus status = { .pr_fpvalid = 1 };
    struct control_regs regs;
    uint8_t xstate[CONTROL_XSTATE_LEN];
    struct fault ignored;
    int err = core_regs(c, t, &regs, fault);

    if (err)
        return err;
    if (c->death) {
        status.pr_info.si_signo = c->death->signo;
        status.pr_cursig = (short)c->death->signo;
    }
    status.pr_pid = t->tid;
    status.pr_ppid = 0;
    status.pr_pgrp = c->process.pid;
    status.pr_sid = c->process.pid;
    memcpy(&status.pr_reg, &regs, sizeof(status.pr_reg));
    note_add(out, NT_PRSTATUS, &status, sizeof(status));
    note_add(out, NT_FPREGSET, regs.fx, sizeof(regs.fx));
    if (core_xstate(c, t, xstate, &ignored) == 0)
        linux_note(out, NT_X86_XSTATE, xstate, xstate_len(xstate));
    return 0;
}

/* Who died comes first: that is how Linux tells. */
static size_t first_thread(const struct core *c)
{
    size_t i;

    for (i = 0; c->death && i < c->process.thread_count; i++)
        if (c->process.thread[i].tid == c->death->tid)
            return i;
    return 0;
}

/* As Linux orders them: the first thread, the process, the other threads. */
int core_notes(struct core *c, struct buf *out, struct fault *fault)
{
    size_t i, first = first_thread(c);
    int err = 0;

    if (c->process.thread_count > 0)
        err = thread_notes(c, &c->process.thread[first], out, fault);
    process_note(c, out);
    if (c->death)
        note_add(out, NT_SIGINFO, c->death->siginfo, sizeof(siginfo_t));
    auxv_note(c, out);
    file_note(c, out);
    for (i = 0; err == 0 && i < c->process.thread_count; i++)
        if (i != first)
            err = thread_notes(c, &c->process.thread[i], out, fault);
    return err;
}
