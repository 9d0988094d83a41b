/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core.h - a core file of a stopped guest: what is gathered for it.
 *
 * What:      core_sites.c undoes what the kernel did to the program's code,
 *            core_memory.c finds regions and the pages that are present,
 *            core_regs.c each thread's registers, core_file.c writes the file.
 * Ownership: the caller's struct core; core_fini() frees what hangs on it. The
 *            guest is stopped meanwhile.
 * Errors:    0 or -errno with a fault. -EUCLEAN: what the guest's memory says
 *            contradicts itself. Everything read there is foreign: all lists
 *            and tables have a bound.
 * Units:     va: the guest's virtual addresses; _len bytes.
 */
#ifndef CLI_CORE_H
#define CLI_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/image.h"
#include "cli/frames.h"
#include "cli/inside.h"
#include "host/memory.h"

struct fault;

#define CORE_RUN_MAX    (4u << 20) /* rows of pages */
#define CORE_AUXV_WORDS 64u

struct core_site { /* a system call that is a jump now */
    uint64_t va, tramp;
    bool is_dead; /* a call again, but a thread may be in its trampoline */
    uint8_t tramp_len, moved_count, end_from;
    uint8_t moved[2 * RECORDS_MOVED_MAX];
    uint8_t old[RECORDS_CODE_LEN];
};

struct core_region {
    uint64_t start, end, offset;
    uint64_t ino; /* of the image's file; 0: none */
    uint32_t prot;
    bool has_object; /* what is not present is somewhere else */
};

struct core_run { /* pages in a row, here and there */
    uint64_t va, gpa, len;
};

struct core_death { /* of the program, by a signal */
    int32_t tid;    /* of the thread that got it */
    int32_t signo;
    uint8_t siginfo[128];
};

struct core_piece { /* a PT_LOAD */
    uint64_t va, len;
    uint32_t prot;
    bool has_data; /* all of it is in the file; else nothing */
};

struct core {
    struct inside in;
    struct inside_process process;
    const char *command;
    struct frames frames;           /* of the kernel; the caller's */
    const struct core_death *death; /* the caller's; NULL: it lives */
    uint64_t file_len; /* of the last one that was written, uncut */
    uint64_t len_max;  /* bytes of the file, the rest is cut; 0: no limit */
    uint64_t space_va;
    uint64_t auxv[CORE_AUXV_WORDS];
    struct kernel_header header;
    struct records_edge edge[RECORDS_EDGE_MAX];
    size_t edge_count;      /* 0: not read */
    struct core_site *site; /* by va */
    size_t site_count;
    uint16_t post; /* in every trampoline: behind the call */
    struct core_region *region;
    char **region_file; /* in the image; NULL: none, or not known */
    size_t region_count;
    struct core_run *run;
    size_t run_count;
    struct core_piece *piece;
    size_t piece_count;
};

/* All of the above but region_file, of a stopped guest. */
int core_gather(struct core *c, struct fault *fault);
/* Stop it, and gather; if it was stopped while its lists changed, again. */
int core_stop_and_gather(struct core *c, struct fault *fault);
/* region_file, by the guest's image; what is not found is said on stderr. */
void core_name_files(struct core *c, const char *image);
/* Forget what core_gather() found. */
void core_fini(struct core *c);

/* One word of the guest's. */
int core_word(struct core *c, uint64_t va, uint64_t *out, struct fault *fault);

int core_sites_read(struct core *c, struct fault *fault);
/* Where a program would have been on Linux: arch_linux_rip(). */
uint64_t core_linux_rip(const struct core *c, uint64_t rip);
/* data is what is at va: give it back the calls that are jumps. */
void core_sites_restore(const struct core *c, uint64_t va, uint8_t *data,
                        size_t len);

/* core_edges.c: edge and header. */
int core_edges_read(struct core *c, struct fault *fault);
/* Which one holds at rip; NULL: it is none of the ways in and out. */
const struct records_edge *core_edge(const struct core *c, uint64_t rip);
/* If the CPU is in the stub, or begins to handle an interrupt or a fault: back
 * to what it was doing before. */
int core_edges_interrupted(struct core *c, unsigned cpu, struct control_regs *r,
                           struct fault *fault);
/* From the CPU's registers to the program's, whose struct regs is at `regs`.
 * 1: they are; 0: it is in C code. */
int core_edges_program(struct core *c, unsigned cpu, uint64_t regs,
                       struct control_regs *r, struct fault *fault);

int core_regions_read(struct core *c, struct fault *fault);
int core_pages_find(struct core *c, struct fault *fault);

/* A thread's registers in the program. */
int core_regs(struct core *c, const struct inside_thread *t,
              struct control_regs *out, struct fault *fault);

/* The kernel's functions that a thread is in, innermost first, and its
 * registers in the program, from what was copied of it: kstack holds
 * s->kernel_len bytes. Result: addresses in pc, at most `max`. The rip of the
 * program is as Linux would have it, those of the kernel lie in a call. */
unsigned core_sample(const struct core *c, const struct control_sample *s,
                     const uint8_t *kstack, struct control_regs *out,
                     uint64_t *pc, unsigned max);
/* The same of a thread that is not on a CPU; kstack begins at its kernel_sp,
 * which is s->regs' rsp. */
unsigned core_sample_asleep(const struct core *c,
                            const struct control_sample *s,
                            const uint8_t *kstack, struct control_regs *out,
                            uint64_t *pc, unsigned max);

/* CONTROL_XSTATE_LEN bytes, and XCR0 in them. -ENOTSUP: the CPU has none. */
int core_xstate(struct core *c, const struct inside_thread *t, uint8_t *out,
                struct fault *fault);

/* The notes of PT_NOTE, one after the other. */
int core_notes(struct core *c, struct buf *out, struct fault *fault);
/* Into the empty file fd; `name` is its name for messages. */
int core_write(struct core *c, int fd, const char *name, struct fault *fault);
/* The same to a file of that name, which is there when it is complete. */
int core_save(struct core *c, const char *path, struct fault *fault);

#endif
