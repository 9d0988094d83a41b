/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash.c - samara-debug crash: tells of a bad end, and writes a core file.
 *
 * `samara run` starts it when there is something to tell (cli/crash_watch.c).
 * The guest stands still until a byte has been written to descriptor 3, from
 * which a struct crash comes first. Nobody waits for what it returns.
 */
#include "debug/crash.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli/guest.h"
#include "debug/symbolise.h"
#include "debug/unwind.h"
#include "debug/verbs.h"
#include "host/clock.h"
#include "host/fault.h"
#include "host/path.h"

#define SOCKET_FD     3
#define PAGE_LEN      4096u
#define STACK_LEN_MAX (1u << 20) /* read for the backtrace */
#define GAP_MAX       (1u << 20) /* below a stack */

/* ---- what is known ---- */

static int crash_receive(struct crash *out, struct fault *fault)
{
    uint8_t *at = (uint8_t *)out;
    size_t len = sizeof(*out);

    while (len > 0) {
        ssize_t n = recv(SOCKET_FD, at, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fault_set(fault, EPROTO, "crash is samara run's own verb");
        at += n;
        len -= (size_t)n;
    }
    out->text[sizeof(out->text) - 1] = '\0';
    if (out->magic != CRASH_MAGIC)
        return fault_set(fault, EPROTO, "the report is of another version");
    return 0;
}

/* By what the kernel said; or the one on whose stack the CPU is. */
static const struct inside_thread *thread_find(const struct crash_scene *s)
{
    const struct inside_process *p = &s->core.process;
    int32_t tid = s->crash.has_regs ? s->crash.report.tid : 0;
    size_t i;

    for (i = 0; i < p->thread_count; i++) {
        const struct inside_thread *t = &p->thread[i];

        if (tid != 0 ? t->tid == tid : t->on_cpu && t->cpu == s->crash.cpu + 1)
            return t;
    }
    return NULL;
}

static void symbols_open(struct crash_scene *s, const struct guest *g)
{
    const struct control_hello *h = &s->core.in.hello;
    struct core *c = &s->core;
    struct symbolise_region *r;
    struct fault ignored;
    size_t i;

    if (symbolise_open(g->image, &s->symbols, &ignored) != 0)
        return;
    symbolise_kernel(s->symbols, h->kernel_va, h->kernel_len, h->build_id);
    r = mem_alloc((c->region_count + 1) * sizeof(r[0]));
    for (i = 0; i < c->region_count; i++)
        r[i] = (struct symbolise_region){ c->region[i].start, c->region[i].end,
                                          c->region[i].offset, c->region[i].ino,
                                          c->region[i].prot };
    symbolise_regions(s->symbols, r, c->region_count);
    free(r);
}

/* After an overflow the stack pointer is below the stack: what is there has
 * not been written yet. */
static uint64_t stack_begin(const struct core *c, uint64_t sp)
{
    size_t i;

    for (i = 0; i < c->region_count; i++) {
        const struct core_region *r = &c->region[i];

        if (r->end > sp && r->prot != 0)
            return r->start > sp && r->start - sp < GAP_MAX ? r->start : sp;
    }
    return sp;
}

/* As far as it is mapped; the caller frees. */
static uint8_t *stack_copy(struct crash_scene *s, uint64_t sp, size_t *len_out)
{
    uint8_t *data = mem_alloc(STACK_LEN_MAX);
    struct fault ignored;
    size_t len = 0;

    while (len < STACK_LEN_MAX) {
        size_t part = PAGE_LEN - (size_t)((sp + len) % PAGE_LEN);

        part = part < STACK_LEN_MAX - len ? part : STACK_LEN_MAX - len;
        if (inside_read(&s->core.in, sp + len, data + len, part, &ignored))
            break;
        len += part;
    }
    *len_out = len;
    return data;
}

static void backtrace(struct crash_scene *s)
{
    uint64_t sp = stack_begin(&s->core, s->regs.rsp);
    size_t len;
    uint8_t *data = stack_copy(s, sp, &len);
    const struct unwind_stack stack = { sp, data, len, NULL };

    if (s->symbols)
        s->pc_count =
            unwind(s->symbols, &s->regs, &stack, s->pc, CRASH_FRAME_MAX);
    free(data);
}

/* Sites are the same as in the kernel's report: rip as Linux would have it. */
static void scene_gather(struct crash_scene *s, const struct guest *g)
{
    struct fault fault;
    int err = core_stop_and_gather(&s->core, &fault);

    s->is_gathered = err == 0;
    if (err)
        fprintf(stderr,
                "samara: of the guest's memory is not known what it "
                "holds: %s\n",
                fault.text);
    else
        s->thread = thread_find(s);
    symbols_open(s, g);
    if (!s->thread)
        return;
    s->has_regs = core_regs(&s->core, s->thread, &s->regs, &fault) == 0;
    if (s->has_regs)
        backtrace(s);
}

/* ---- the core file ---- */

/* NULL: there is to be one. */
static const char *why_no_core(struct crash_scene *s)
{
    const struct records *r = &s->core.in.records;
    struct fault ignored;
    uint64_t limit = 0;
    uint8_t dumpable = 0;

    if (!s->is_gathered)
        return "the guest's memory contradicts itself";
    if (core_word(&s->core, s->core.process.va + r->process_core_limit, &limit,
                  &ignored) != 0 ||
        inside_read(&s->core.in, s->core.process.va + r->process_dumpable,
                    &dumpable, 1, &ignored) != 0)
        return "the guest's records are damaged";
    if (dumpable != 1)
        return "the program forbids it (prctl PR_SET_DUMPABLE)";
    if (limit < PAGE_LEN)
        return "the program's limit is less (RLIMIT_CORE)";
    s->core.len_max = limit == UINT64_MAX ? 0 : limit;
    return NULL;
}

/* Of the guest's words only letters and digits. */
static char *plain(const char *text)
{
    char *copy = mem_strndup(text, 63);
    char *c;

    for (c = copy; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
              (*c >= '0' && *c <= '9') || *c == '-' || *c == '_' ||
              (*c == '.' && c > copy)))
            *c = '_';
    return copy;
}

/* DIR/PROGRAM.GUEST.PID.TIME.core */
static char *core_path(const char *dir, const struct guest *g)
{
    char *command = mem_strndup(g->command, strcspn(g->command, " "));
    char *program = plain(path_base(command)), *name = plain(g->name);
    time_t now = time(NULL);
    struct tm tm;
    char stamp[32];
    char *path;

    gmtime_r(&now, &tm);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
    path = mem_printf("%s/%s.%s.%ld.%s.core", dir, program, name, (long)g->pid,
                      stamp);
    free(command);
    free(program);
    free(name);
    return path;
}

static void core_leave(struct crash_scene *s, const struct guest *g,
                       const char *dir)
{
    const char *why = why_no_core(s);
    struct core_death death = { .tid = s->thread ? s->thread->tid : 0 };
    uint64_t start = clock_ns(CLOCK_MONOTONIC);
    struct fault fault;
    char *path;

    if (why) {
        fprintf(stderr, "samara: no core file: %s\n", why);
        return;
    }
    if (s->crash.kind == CRASH_SIGNAL) {
        memcpy(death.siginfo, s->crash.report.siginfo, sizeof(death.siginfo));
        memcpy(&death.signo, death.siginfo, sizeof(death.signo));
    } else {
        death.signo = s->crash.kind == CRASH_MEMORY ? SIGKILL : SIGABRT;
        memcpy(death.siginfo, &death.signo, sizeof(death.signo));
    }
    s->core.death = &death;
    core_name_files(&s->core, g->image);
    path = core_path(dir, g);
    if (core_save(&s->core, path, &fault) != 0)
        fprintf(stderr, "samara: no core file: %s\n", fault.text);
    else if (s->core.len_max != 0 && s->core.file_len > s->core.len_max)
        fprintf(stderr,
                "samara: core file, cut where the program's limit has it "
                "(RLIMIT_CORE): %s\n",
                path);
    else
        fprintf(stderr,
                "samara: core file: %s (%.2f s); gdb PROGRAM FILE opens it\n",
                path, (double)(clock_ns(CLOCK_MONOTONIC) - start) / NS_PER_S);
    free(path);
}

/* ---- the verb ---- */

static int scene_tell(struct crash_scene *s, const struct guest *g,
                      const char *core_dir, struct fault *fault)
{
    int err = inside_open(&s->core.in, g, fault);

    if (err)
        return err;
    s->core.command = g->command;
    frames_open(&s->core.frames, s->core.in.hello.build_id,
                sizeof(s->core.in.hello.build_id));
    scene_gather(s, g);
    crash_report(s);
    if (core_dir)
        core_leave(s, g, core_dir);
    else
        fputs("samara: for a core file, which gdb opens, run it with "
              "--core-dir DIR\n",
              stderr);
    inside_close(&s->core.in);
    if (s->symbols)
        symbolise_close(s->symbols);
    frames_fini(&s->core.frames);
    core_fini(&s->core);
    return 0;
}

int debug_verb_crash(int argc, char **argv, struct fault *fault)
{
    static struct crash_scene s;
    struct guest g;
    int err = crash_receive(&s.crash, fault);

    if (err == 0 && (argc < 2 || guest_read(argv[1], &g) != 0))
        err = fault_set(fault, ENOENT, "there is no such guest");
    if (err)
        return err;
    err = scene_tell(&s, &g, argc > 2 ? argv[2] : NULL, fault);
    guest_fini(&g);
    if (err == 0)
        (void)!write(SOCKET_FD, "", 1);
    return err;
}
