/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside.h - looking into a running guest: memory, CPUs, threads, regions.
 *
 * What:      a connection to the guest's monitor (abi/control.h), and the
 *            kernel's records (abi/records.h) followed through it. Nothing is
 *            stopped unless inside_stop() is called, so what several reads say
 *            need not fit together; nothing that the guest says is believed
 *            beyond being shown, and every list has a bound.
 * Ownership: the caller's struct; inside_close() lets a stopped guest go on.
 * Errors:    0 or -errno with a fault. -EFAULT: an address that is not mapped.
 * Units:     va: the guest's virtual addresses.
 */
#ifndef CLI_INSIDE_H
#define CLI_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/control.h"
#include "abi/records.h"

struct fault;
struct guest;

#define INSIDE_CPU_MAX    8u
#define INSIDE_THREAD_MAX 32768u
#define INSIDE_REGION_MAX 65536u
#define INSIDE_NAME_LEN   16u

struct inside {
    int fd;
    const char *name; /* the guest's, for messages; the caller's */
    struct control_hello hello;
    struct records records;
    uint64_t pml4_gpa;
};

#define INSIDE_IO_WORDS 4u /* bytes read, written; calls for either */

struct inside_thread {
    uint64_t va; /* its struct thread */
    int32_t tid;
    uint32_t state; /* enum records_thread_state */
    uint32_t cpu;   /* from 1 */
    bool on_cpu;
    int call; /* the system call that it sleeps in; -1: none */
    char name[INSIDE_NAME_LEN + 1]; /* printable */
    uint64_t cycles, kernel_cycles, switches, calls;
    uint64_t io[INSIDE_IO_WORDS];
};

struct inside_process {
    int32_t pid;
    uint64_t va;
    uint64_t start_ns;
    uint64_t cycles, kernel_cycles, calls; /* threads that ended included */
    uint64_t io[INSIDE_IO_WORDS];
    uint64_t minor_faults, major_faults;
    uint64_t region_count, mapped_pages, resident_pages, peak_pages;
    uint64_t free_pages, all_pages;
    struct inside_thread *thread;
    size_t thread_count;
};

int inside_open(struct inside *in, const struct guest *g, struct fault *fault);
/* The same, for who cannot wait as long as that does for each answer. */
int inside_open_within(struct inside *in, const struct guest *g,
                       unsigned seconds, struct fault *fault);
/*
 * A connection that was made while the guest's monitor waited for it: nothing
 * of the guest has run, and it is stopped. Of its records only the offsets hold
 * good, and addresses are counted from where the kernel lies: add kernel_va.
 */
int inside_adopt(struct inside *in, int fd, const char *name,
                 struct fault *fault);
/* The same for a guest under QEMU, which is started meanwhile: when its kernel
 * has come to its records, all is as inside_open() finds it. */
int inside_adopt_started(struct inside *in, int fd, const char *name,
                         struct fault *fault);
/* For one of these that has been let go: its records as inside_open() finds
 * them. -EAGAIN: the kernel has not come so far. */
int inside_records(struct inside *in, struct fault *fault);
void inside_close(struct inside *in);
/* -EAGAIN, and not for too long yet: the guest is starting, ask once more. A
 * moment has passed then. tries: 0 at first. */
bool inside_again(int err, unsigned *tries);
/* -EAGAIN, with its line. */
int inside_too_early(const struct inside *in, struct fault *fault);

/* No CPU of the guest runs until inside_go() or inside_close(). */
int inside_stop(struct inside *in, struct fault *fault);
int inside_go(struct inside *in, struct fault *fault);
/* When the program ends, its memory is kept until inside_close(). */
int inside_hold(struct inside *in, struct fault *fault);
/* Ask again what time it is there, and whether it has ended: in->hello. */
int inside_hello(struct inside *in, struct fault *fault);

int inside_read_pa(struct inside *in, uint64_t gpa, void *data, size_t len,
                   struct fault *fault);
int inside_read(struct inside *in, uint64_t va, void *data, size_t len,
                struct fault *fault);
/* Of a stopped guest, where it may write. */
int inside_write(struct inside *in, uint64_t va, const void *data, size_t len,
                 struct fault *fault);
/* What the monitor itself counts. */
int inside_counters(struct inside *in, struct control_counters *out,
                    struct fault *fault);
/* Keep copies of the network's frames: CONTROL_CAPTURE. */
int inside_capture(struct inside *in, uint64_t frame_max, struct fault *fault);
/* Those that came since: at most CONTROL_DATA_MAX bytes. */
int inside_frames(struct inside *in, void *data, size_t *len_out,
                  struct fault *fault);
/* Where va is mapped, and how much behind it on the same page. */
int inside_translate(struct inside *in, uint64_t va, uint64_t *gpa_out,
                     size_t *len_out, struct fault *fault);
/* Registers of a CPU of a stopped guest. */
/* The debug registers of all its CPUs, by its debugger. */
int inside_watch(struct inside *in, const struct control_watch *w,
                 struct fault *fault);
int inside_regs_set(struct inside *in, unsigned cpu,
                    const struct control_regs *regs, struct fault *fault);
int inside_regs(struct inside *in, unsigned cpu, struct control_regs *out,
                struct fault *fault);
int inside_regs_set(struct inside *in, unsigned cpu,
                    const struct control_regs *regs, struct fault *fault);

/* The same, its vector registers: CONTROL_XSTATE_GET. */
int inside_xstate(struct inside *in, unsigned cpu,
                  uint8_t out[CONTROL_XSTATE_LEN], struct fault *fault);

/* What each CPU is doing: CONTROL_SAMPLE's reply, CONTROL_DATA_MAX bytes at
 * most. -EBUSY: somebody has stopped the guest. */
int inside_sample(struct inside *in, const struct control_sample_how *how,
                  uint8_t *data, size_t *len_out, struct fault *fault);

/* The process and all its threads, lowest id first. */
int inside_process(struct inside *in, struct inside_process *out,
                   struct fault *fault);
void inside_process_fini(struct inside_process *p);

#endif
