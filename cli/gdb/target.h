/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target.h - a guest under a debugger: its threads, registers and memory, and
 * how it runs and stops. What gdb calls these things is server.c's business.
 *
 * What:      a connection to the monitor that is the guest's one debugger
 *            (CONTROL_DEBUG). While the guest is stopped, one of its CPUs is in
 *            the kernel's stop (abi/debug.h), and carries out commands: the
 *            guest runs for that, but none of the program.
 * Ownership: the caller's struct; target_close() lets the guest go on, without
 *            breakpoints. So does the monitor when this process is gone.
 * Errors:    0 or -errno with a fault. -ESHUTDOWN: the guest has ended.
 *            -EIO: the kernel does not answer; memory and registers can be
 *            read, and no more.
 */
#ifndef CLI_GDB_TARGET_H
#define CLI_GDB_TARGET_H

#include "abi/debug.h"
#include "cli/core.h"

struct fault;
struct guest;

#define TARGET_BREAK_MAX 4096u
#define TARGET_ASKED     DEBUG_ASKED
#define TARGET_PAGE_MAX  32u

struct target_break {
    uint64_t va;
    uint8_t old;
    /* While the kernel stands still nobody can do it: */
    bool is_unwanted; /* to be cleared */
    bool is_due;      /* to be set; `old` is not known */
};

struct target {
    struct core core; /* in, process, sites; of the last stop */
    const struct guest *guest;
    struct debug_control control; /* what the kernel is to have */
    uint64_t control_va, part_va;
    bool is_running, is_ended;
    bool has_kernel; /* a CPU waits for commands */
    bool has_avx;
    bool shows_kernel;   /* registers of threads in calls: the kernel's */
    bool in_kernel;      /* the kernel itself has stopped */
    unsigned kernel_cpu; /* on this CPU, from 0 */
    uint64_t page[TARGET_PAGE_MAX]; /* of its text, that are the guest's own */
    size_t page_count;
    uint64_t left_out; /* a breakpoint in the kernel, which was told */
    bool settles;      /* it runs to be stopped where breakpoints can be set */
    bool is_fresh;     /* process is of this stop */
    bool has_sites;    /* and so are the sites */
    unsigned reason;   /* enum debug_reason */
    uint64_t thread;   /* that stopped; 0: none in particular */
    uint64_t own;      /* whose stop a CPU is in */
    int32_t status;    /* of a guest that has ended */
    int32_t last_signal; /* that the program got */
    struct control_watch watch;
    uint8_t watch_kind[4]; /* enum target_watch_kind, of its registers */
    uint32_t hits;         /* of its registers, when it stopped */
    bool is_probed;
    bool is_soft; /* they do nothing here: the kernel steps instead */
    struct target_break *brk;
    size_t break_count;
};

/* Connect, and stop the guest. -EBUSY: it has a debugger. */
int target_open(struct target *t, const struct guest *g, struct fault *fault);
void target_close(struct target *t);

/* How threads are to go on. */
struct target_go {
    uint64_t only;   /* this thread alone; 0: all */
    uint64_t step;   /* this thread, by an instruction; 0: none */
    uint64_t signal; /* this thread gets signo */
    int32_t signo;
};
int target_go(struct target *t, const struct target_go *how,
              struct fault *fault);
/* What the monitor says while it runs. *stopped_out: reason, thread, or
 * is_ended tell why. */
int target_hear(struct target *t, bool *stopped_out, struct fault *fault);
/* Stop it, and wait until it has. */
int target_stop(struct target *t, struct fault *fault);

/* Of a stopped guest: */

int target_threads(struct target *t, struct fault *fault);
/* In core.process; NULL: there is none. */
const struct inside_thread *target_thread(struct target *t, int32_t tid);
const struct inside_thread *target_thread_at(struct target *t, uint64_t va);
struct target_regs {
    struct control_regs r;
    uint8_t ymmh[16][16]; /* the upper halves, if the CPU has them */
};
int target_regs(struct target *t, const struct inside_thread *thread,
                struct target_regs *out, struct fault *fault);
/* -EPERM: it shows the kernel's. */
int target_regs_set(struct target *t, int32_t tid, const struct target_regs *in,
                    struct fault *fault);
int target_read(struct target *t, uint64_t va, void *data, size_t len,
                struct fault *fault);
int target_write(struct target *t, uint64_t va, const void *data, size_t len,
                 struct fault *fault);
/* In the program, or in the kernel. -EPERM: not here; -ENOMEM: not while the
 * kernel stands still. */
int target_break_set(struct target *t, uint64_t va, struct fault *fault);
int target_break_clear(struct target *t, uint64_t va, struct fault *fault);
/* Set and clear what could not be before, if it can be now. */
void target_break_settle(struct target *t);
/* Whether any is to be set. */
bool target_break_is_due(const struct target *t);
/* The stop was at one of these. */
bool target_break_is_unwanted(struct target *t, uint64_t va);
enum target_watch_kind { TARGET_WRITES, TARGET_READS, TARGET_ACCESSES };

/* Such accesses to [va, va + len) stop their thread; the CPU does not tell
 * reads from writes, so TARGET_READS is as TARGET_ACCESSES.
 * -ENOSPC: the CPU has not so many registers for it; -ENOTSUP: none for it. */
struct target_watch {
    uint64_t va, len;
    enum target_watch_kind kind;
};
int target_watch(struct target *t, const struct target_watch *w, bool is_set,
                 struct fault *fault);
/* The address that was hit, and as what it is watched; false: none was. */
bool target_watch_hit(struct target *t, uint64_t *va_out,
                      enum target_watch_kind *kind_out);

#endif
