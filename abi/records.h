/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * records.h - where things lie in the kernel, for tools that look from outside.
 *
 * What:      one structure in the kernel's data; its place is in struct
 *            kernel_header (image.h). It holds a few addresses and the offsets
 *            of members in the kernel's own structures, so that nothing is
 *            kept twice and nothing costs the guest anything.
 * Ownership: the guest's memory: whoever reads it bounds every list that it
 *            follows and checks every value, since a guest may lie on purpose.
 * Errors:    a reader refuses another magic or version, and names both.
 * Units:     addresses are the kernel's virtual ones; offsets in bytes.
 */
#ifndef ABI_RECORDS_H
#define ABI_RECORDS_H

#include <stdint.h>

#define RECORDS_MAGIC   0x73647263655261b5ull
#define RECORDS_VERSION 2u

/* struct thread.state, as records tell it. */
enum records_thread_state {
    RECORDS_RUNNING = 0,
    RECORDS_READY = 1,
    RECORDS_SLEEPING = 2,
    RECORDS_MOVING = 3,
    RECORDS_DEAD = 4,
};

struct records {
    uint64_t magic;
    uint32_t version;
    uint32_t len;           /* of this structure */
    uint64_t percpus;       /* array of pointers to struct percpu, 8 of them */
    uint64_t trace;         /* struct trace_control, trace.h */
    uint64_t traced;        /* what the tables of calls hold while tracing */
    uint64_t page_counters; /* pointer to two uint64_t: pages free, pages */

    /* struct percpu */
    uint16_t percpu_thread; /* pointer: whose stack this CPU is on */
    uint16_t percpu_table;  /* TRACE_CALL_MAX pointers: its table of calls */

    /* struct thread */
    uint16_t thread_process;     /* pointer */
    uint16_t thread_link;        /* in process_threads */
    uint16_t thread_tid;         /* int32_t */
    uint16_t thread_state;       /* uint32_t */
    uint16_t thread_cpu;         /* uint32_t, from 1 */
    uint16_t thread_on_cpu;      /* uint8_t: that CPU is on its stack */
    uint16_t thread_name;        /* char[16] */
    uint16_t thread_kernel_sp;   /* while it is not on a CPU */
    uint16_t thread_kstack_top;  /* its registers lie below: regs_len */
    uint16_t thread_fs_base;     /* while it is not on a CPU */
    uint16_t thread_cycles;      /* uint64_t: CPU time up to switched_in */
    uint16_t thread_switched_in; /* uint64_t: TSC */
    uint16_t thread_timed;       /* uint64_t: of it in the kernel, one part */
    uint16_t thread_estimated;   /* uint64_t: ... and the other */
    uint16_t thread_switches;    /* uint64_t */
    uint16_t thread_calls;       /* uint64_t: system calls; but so many have
                                  * not been made yet as the int32_t at
                                  * kstack_top says */
    uint16_t regs_len;

    /* struct process */
    uint16_t process_pid;          /* int32_t */
    uint16_t process_threads;      /* list of struct thread */
    uint16_t process_thread_count; /* uint64_t */
    uint16_t process_space;        /* pointer */
    uint16_t process_dead_cycles;  /* uint64_t: of threads that have ended */
    uint16_t process_dead_system;
    uint16_t process_dead_calls;
    uint16_t process_minor_faults; /* uint64_t */
    uint16_t process_major_faults;
    uint16_t process_exe;   /* pointer to a dentry */
    uint16_t process_auxv;  /* 64 words */
    uint16_t process_start; /* uint64_t, ns */

    /* struct space */
    uint16_t space_first;    /* pointer to the first region */
    uint16_t space_count;    /* uint64_t: regions */
    uint16_t space_mapped;   /* uint64_t: pages */
    uint16_t space_resident; /* uint64_t: pages */
    uint16_t space_peak;     /* uint64_t: pages */
    uint16_t space_brk;      /* two uint64_t: start, end */

    /* struct region */
    uint16_t region_start, region_end;  /* uint64_t */
    uint16_t region_prot, region_flags; /* uint32_t */
    uint16_t region_object;             /* pointer to an inode, or NULL */
    uint16_t region_offset;             /* uint64_t */
    uint16_t region_name;               /* pointer to text, or NULL */
    uint16_t region_next;               /* pointer */

    /* struct inode */
    uint16_t inode_number; /* uint64_t */
};

_Static_assert(sizeof(struct records) == 144, "layout is shared");

#endif
