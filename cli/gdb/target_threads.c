/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target_threads.c - threads, their registers, and which of them go on.
 *
 * Registers can be changed of a thread that has left the program with all of
 * them saved. One in a call is made to end that first, as a debugger on Linux
 * does by stopping it: the call is made again when it goes on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gdb/target.h"
#include "cli/gdb/target_link.h"
#include "host/fault.h"

#define WORD        8u
#define RESTART     512u /* ERESTARTSYS, as Linux shows what will begin again */
#define REGS_WORDS  21u  /* of struct regs, as of struct control_regs */
#define REGS_RAX    10u
#define REGS_RIP    16u
#define REGS_CS     17u
#define SYSCALL_LEN 2u
#define REGS_FLAGS  18u
#define REGS_SS     20u
#define REGS_ORIG   15u
/* CF PF AF ZF SF DF OF, AC and ID: what a program may choose. */
#define FLAGS_MINE 0x240cd5ull

/* Commands do not let the program run, so calls stay what they are. */
static int sites_read(struct target *t, struct fault *fault)
{
    int err;

    if (t->has_sites)
        return 0;
    free(t->core.site);
    t->core.site = NULL;
    t->core.site_count = 0;
    err = core_word(&t->core,
                    t->core.process.va + t->core.in.records.process_space,
                    &t->core.space_va, fault);
    if (err == 0)
        err = core_sites_read(&t->core, fault);
    t->has_sites = err == 0;
    return err;
}

int target_threads(struct target *t, struct fault *fault)
{
    int err = 0;

    if (!t->is_fresh) {
        inside_process_fini(&t->core.process);
        err = inside_process(&t->core.in, &t->core.process, fault);
        t->is_fresh = err == 0;
    }
    return err ? err : sites_read(t, fault);
}

const struct inside_thread *target_thread(struct target *t, int32_t tid)
{
    size_t i;

    for (i = 0; i < t->core.process.thread_count; i++)
        if (t->core.process.thread[i].tid == tid)
            return &t->core.process.thread[i];
    return NULL;
}

const struct inside_thread *target_thread_at(struct target *t, uint64_t va)
{
    size_t i;

    for (i = 0; va != 0 && i < t->core.process.thread_count; i++)
        if (t->core.process.thread[i].va == va)
            return &t->core.process.thread[i];
    return NULL;
}

/* ---- registers ---- */

/* Where its struct regs lies, and whether it is complete: records.h. */
static int frame_find(struct target *t, const struct inside_thread *thread,
                      uint64_t *regs_out, bool *whole_out, struct fault *fault)
{
    const struct records *r = &t->core.in.records;
    uint64_t top, below = 0;
    struct control_regs cpu;
    int err =
        core_word(&t->core, thread->va + r->thread_kstack_top, &top, fault);

    *regs_out = top - r->regs_len;
    if (err == 0)
        err = core_word(&t->core, *regs_out - WORD, &below, fault);
    *whole_out =
        below - t->core.in.hello.kernel_va < t->core.in.hello.kernel_len;
    if (err || !thread->on_cpu)
        return err;
    err = inside_regs(&t->core.in, thread->cpu - 1, &cpu, fault);
    if (cpu.rsp >= *regs_out || top - cpu.rsp > RECORDS_STACK_LEN)
        *whole_out = false; /* it is in the program */
    return err;
}

static int kernel_regs(struct target *t, const struct inside_thread *thread,
                       struct control_regs *out, struct fault *fault)
{
    uint64_t word[RECORDS_SWITCH_WORDS], sp;
    int err;

    if (thread->on_cpu)
        return inside_regs(&t->core.in, thread->cpu - 1, out, fault);
    err = core_word(&t->core, thread->va + t->core.in.records.thread_kernel_sp,
                    &sp, fault);
    if (err == 0)
        err = inside_read(&t->core.in, sp, word, sizeof(word), fault);
    if (err)
        return err;
    out->r15 = word[0];
    out->r14 = word[1];
    out->r13 = word[2];
    out->r12 = word[3];
    out->rbx = word[4];
    out->rbp = word[5];
    out->rip = word[6];
    out->rsp = sp + sizeof(word);
    out->rax = out->rcx = out->rdx = out->rsi = out->rdi = 0;
    out->r8 = out->r9 = out->r10 = out->r11 = 0;
    return 0;
}

static int general_regs(struct target *t, const struct inside_thread *thread,
                        struct control_regs *out, struct fault *fault)
{
    bool is_whole = true;
    uint64_t regs;
    int err = core_regs(&t->core, thread, out, fault);

    if (err == 0 && (int64_t)out->orig_rax >= 0 &&
        out->rax == (uint64_t)-ENOSYS)
        out->rax = (uint64_t) - (int64_t)RESTART;
    if (err == 0 && target_is_in_kernel(t, thread))
        return target_kernel_regs(t, out, fault);
    if (err || !t->shows_kernel)
        return err;
    err = frame_find(t, thread, &regs, &is_whole, fault);
    /* A thread that has stopped for the debugger is where it stopped. */
    if (err == 0 && (!is_whole || !thread->on_cpu) && thread->va != t->own)
        err = kernel_regs(t, thread, out, fault);
    return err;
}

int target_regs(struct target *t, const struct inside_thread *thread,
                struct target_regs *out, struct fault *fault)
{
    int err = general_regs(t, thread, &out->r, fault);

    return err ? err : target_vectors(t, thread, out->ymmh, fault);
}

/* The call that it was in is to begin again: gdb has seen the thread behind it,
 * and finds it there still, in the way that Linux has it. */
static int show_restart(struct target *t, uint64_t at,
                        const struct control_regs *was, struct fault *fault)
{
    uint64_t word[REGS_WORDS];
    int err = inside_read(&t->core.in, at, word, sizeof(word), fault);

    if (err || word[REGS_RIP] + SYSCALL_LEN != was->rip)
        return err;
    word[REGS_RIP] = was->rip;
    word[REGS_ORIG] = word[REGS_RAX];
    word[REGS_RAX] = (uint64_t) - (int64_t)RESTART;
    return inside_write(&t->core.in, at, word, sizeof(word), fault);
}

static int interrupt(struct target *t, uint64_t thread, struct fault *fault)
{
    int err = target_command(
        t, &(struct target_command){ DEBUG_INTERRUPT, thread, 0, NULL }, fault);

    if (err == 0)
        err = target_run_alone(t, thread, fault);
    return err ? err : target_threads(t, fault);
}

/* It has all its registers in its struct regs when this returns. */
static int take(struct target *t, int32_t tid, uint64_t *regs_out,
                struct fault *fault)
{
    const struct inside_thread *thread = target_thread(t, tid);
    struct control_regs was;
    bool is_whole = false;
    int err;

    if (!thread)
        return fault_set(fault, ESRCH, "there is no thread %d", tid);
    err = frame_find(t, thread, regs_out, &is_whole, fault);
    if (err || is_whole)
        return err;
    err = core_regs(&t->core, thread, &was, fault);
    if (err == 0)
        err = interrupt(t, thread->va, fault);
    thread = target_thread(t, tid);
    if (err == 0 && !thread)
        err = fault_set(fault, ESRCH, "thread %d has ended", tid);
    if (err == 0)
        err = frame_find(t, thread, regs_out, &is_whole, fault);
    if (err == 0 && !is_whole)
        err = fault_set(fault, EBUSY, "thread %d does not leave its call", tid);
    if (err == 0 && (int64_t)was.orig_rax >= 0)
        err = show_restart(t, *regs_out, &was, fault);
    return err;
}

/* What is not in the struct regs: vectors, and where thread-local data lies.
 * Nothing can be done to those that a CPU has but by its own kernel code. */
static int rest_set(struct target *t, int32_t tid, const struct target_regs *in,
                    struct fault *fault)
{
    const struct inside_thread *thread = target_thread(t, tid);
    struct target_regs was;
    int err = thread ? target_regs(t, thread, &was, fault) : -ESRCH;

    if (err || (was.r.fs_base == in->r.fs_base &&
                memcmp(was.r.fx, in->r.fx, sizeof(was.r.fx)) == 0 &&
                memcmp(was.ymmh, in->ymmh, sizeof(was.ymmh)) == 0))
        return err;
    if (thread->on_cpu && thread->va != t->own)
        err = interrupt(t, thread->va, fault);
    thread = target_thread(t, tid);
    if (err == 0 && !thread)
        err = fault_set(fault, ESRCH, "thread %d has ended", tid);
    return err ? err : target_vectors_set(t, thread, in, fault);
}

int target_regs_set(struct target *t, int32_t tid, const struct target_regs *in,
                    struct fault *fault)
{
    uint64_t word[REGS_WORDS], old[REGS_WORDS], at = 0;
    unsigned reason = t->reason;
    uint64_t thread = t->thread;
    int err;

    if (t->shows_kernel || t->in_kernel)
        return fault_set(fault, EPERM,
                         "registers of the kernel are not to be changed");
    err = target_threads(t, fault);
    if (err == 0)
        err = take(t, tid, &at, fault);
    if (err == 0)
        err = rest_set(t, tid, in, fault);
    t->reason = reason;
    t->thread = thread;
    if (err == 0)
        err = inside_read(&t->core.in, at, old, sizeof(old), fault);
    if (err)
        return err;
    memcpy(word, &in->r, sizeof(word));
    word[REGS_CS] = old[REGS_CS];
    word[REGS_SS] = old[REGS_SS];
    word[REGS_FLAGS] =
        (old[REGS_FLAGS] & ~FLAGS_MINE) | (word[REGS_FLAGS] & FLAGS_MINE);
    return inside_write(&t->core.in, at, word, sizeof(word), fault);
}

/* ---- going on ---- */

static int debug_write(struct target *t, uint64_t thread, size_t offset,
                       const void *data, size_t len, struct fault *fault)
{
    return inside_write(&t->core.in,
                        thread + t->core.in.records.thread_debug + offset, data,
                        len, fault);
}
#define DEBUG_WRITE_TO(t, thread, member, value, fault)                  \
    debug_write(t, thread, offsetof(struct debug_thread, member), value, \
                sizeof(*(value)), fault)

/* Signals that threads have stopped for are lost but for the one that is
 * wanted. */
static int signals_set(struct target *t, const struct target_go *how,
                       struct fault *fault)
{
    const struct records *r = &t->core.in.records;
    size_t i;
    int err = 0;

    for (i = 0; err == 0 && i < t->core.process.thread_count; i++) {
        uint64_t va = t->core.process.thread[i].va;
        struct debug_thread d;
        int32_t signo = va == how->signal ? how->signo : 0;

        err = inside_read(&t->core.in, va + r->thread_debug, &d, sizeof(d),
                          fault);
        if (err == 0 && d.signo != signo)
            err = DEBUG_WRITE_TO(t, va, signo, &signo, fault);
    }
    return err;
}

static int step_set(struct target *t, uint64_t thread, struct fault *fault)
{
    const uint8_t yes = 1;
    int err = DEBUG_WRITE_TO(t, thread, wants_step, &yes, fault);

    if (err == 0)
        err =
            inside_write(&t->core.in, thread + t->core.in.records.thread_kicked,
                         &yes, sizeof(yes), fault);
    return err;
}

int target_go(struct target *t, const struct target_go *how,
              struct fault *fault)
{
    const struct inside_thread *thread;
    uint64_t at;
    int err = target_threads(t, fault);

    if (err == 0 && how->signo != 0) {
        thread = target_thread_at(t, how->signal);
        err = thread ? take(t, thread->tid, &at, fault) : -ESRCH;
        t->last_signal = how->signo;
    }
    if (err == 0)
        target_break_settle(t);
    if (err == 0)
        err = signals_set(t, how, fault);
    if (err == 0)
        err = target_kernel_step(t, how->step, fault);
    if (err == 0 && how->step)
        err = step_set(t, how->step, fault);
    t->settles = t->in_kernel && !how->step && target_break_is_due(t);
    if (err == 0 && t->settles)
        return target_release_to_settle(t, fault);
    return err ? err : target_release(t, how->only, fault);
}
