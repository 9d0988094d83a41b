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
#define RECORDS_VERSION 15u

/* struct thread.state, as records tell it. */
enum records_thread_state {
    RECORDS_RUNNING = 0,
    RECORDS_READY = 1,
    RECORDS_SLEEPING = 2,
    RECORDS_MOVING = 3,
    RECORDS_DEAD = 4,
};

#define RECORDS_SITE_BUCKETS 64u
#define RECORDS_SITE_MAX     16384u /* rewritten system calls */
#define RECORDS_MOVED_MAX    3u     /* instructions moved for one of them */
#define RECORDS_CODE_LEN     5u

/* System calls of the program that are jumps to trampolines now: rewrite.c. */
struct records_sites {
    uint64_t buckets; /* RECORDS_SITE_BUCKETS pointers to the first site */
    /* A site */
    uint16_t next;        /* pointer */
    uint16_t space;       /* pointer: whose */
    uint16_t va;          /* uint64_t: of the call */
    uint16_t tramp;       /* uint64_t: of its trampoline, and ... */
    uint16_t tramp_len;   /* uint8_t */
    uint16_t is_dead;     /* uint8_t: it is a call again */
    uint16_t old;         /* uint8_t[RECORDS_CODE_LEN] that are a jump now */
    uint16_t moved_count; /* uint8_t */
    uint16_t moved;       /* offsets from va and tramp, an instruction each:
                           * two uint8_t, RECORDS_MOVED_MAX times */
    uint16_t end_from;    /* uint8_t: behind the last, from va */
    uint16_t post;        /* from here on in a trampoline the call is over */
    uint16_t zero;
};

/*
 * A thread in the kernel has its struct regs (arch.h) below kstack_top. Is the
 * word below it an address in the kernel, it is complete. Else it has a call's
 * number and the program's rip and rsp only, and that word holds the flags.
 * Below them lie, downwards, either an address in the kernel, or rdi, rsi, rdx,
 * r8, r9, r10 and the address, or the result, these and the address: in words,
 * where the stack pointer is when C code returns to that address. All other
 * registers are in the frames of C code.
 */
#define RECORDS_CALL_DIRECT 1u
#define RECORDS_CALL_LOCKED 7u
#define RECORDS_CALL_OVER   8u
#define RECORDS_STACK_LEN   16384u
/* At thread_kernel_sp: r15, r14, r13, r12, rbx, rbp, an address to return to,
 * all of C code. */
#define RECORDS_SWITCH_WORDS 7u

/* Counters of an interface: packets, bytes, errors, dropped, multicast of what
 * came; packets, bytes, errors, dropped of what went. uint64_t each. */
#define RECORDS_NET_WORDS 9u
/* Files of the root and in memory: reads, writes, bytes read, bytes written. */
#define RECORDS_FILE_WORDS  4u
#define RECORDS_FILE_STRIDE 8u /* words from one CPU's to the next */
#define RECORDS_FILE_CPUS   8u
#define RECORDS_MOUNT_MAX   32u
/* A thread's table of descriptors: uint32_t slots, a pointer to as many words;
 * those that are 0 are free. */
#define RECORDS_FDTABLE_CAP   4u
#define RECORDS_FDTABLE_SLOTS 16u

/*
 * On the kernel's ways in and out, which are not C code, the program's
 * registers are where the last edge at or before rip says: in the CPU's own,
 * but for those named. "Words" are those below the thread's struct regs, 1 the
 * first; args: rdi, rsi, rdx, r8, r9, r10 lie in six of them from there on; 0:
 * they are the CPU's. What C code returns to has an edge, too.
 */
enum records_edge_kind {
    RECORDS_EDGE_C = 0,      /* not such a way */
    RECORDS_EDGE_RCX = 1,    /* rip: in rcx */
    RECORDS_EDGE_R11 = 2,    /* rip: in rcx; rsp: in r11 */
    RECORDS_EDGE_BEGIN = 3,  /* rip, rsp: regs; flags: word 1; a call begins */
    RECORDS_EDGE_END = 4,    /* the same, and it is over: rax is the result */
    RECORDS_EDGE_SAVED = 5,  /* ..., the result is the word before args, or if
                              * that is word 1, the one behind them */
    RECORDS_EDGE_FLAGS = 6,  /* as END; flags: the CPU's */
    RECORDS_EDGE_REGS = 7,   /* struct regs is complete */
    RECORDS_EDGE_STUB = 8,   /* rip: stub_data.syscall_rcx; flags: r11 */
    RECORDS_EDGE_PUSHED = 9, /* the same; rsp: percpu_scratch */
    RECORDS_EDGE_IRQ = 10,   /* on an interrupt's stack, what the CPU pushed
                              * at its end; below it come a word, rax, rcx */
    RECORDS_EDGE_TRAP = 11,  /* the same with an error and a word */
    RECORDS_EDGE_FAULT = 12, /* the same; rax: stub_data.fault_rax till then */
};

struct records_edge {
    uint16_t from; /* from struct records.edge_base on */
    uint8_t kind;
    uint8_t args;
};
#define RECORDS_EDGE_MAX  64u
#define RECORDS_EDGE_LAST 0xffffu /* from: there are no more */

/* What a page was handed out for. */
enum records_page_kind {
    RECORDS_PAGE_PROGRAM = 0, /* anonymous memory, and what is none of these */
    RECORDS_PAGE_TABLE = 1,
    RECORDS_PAGE_HEAP = 2,  /* a row of blocks: see below */
    RECORDS_PAGE_BLOCK = 3, /* one kmalloc() of a page and more */
    RECORDS_PAGE_FILE = 4,  /* of a file in memory */
    RECORDS_PAGE_SHARED = 5,
    RECORDS_PAGE_PIPE = 6,
    RECORDS_PAGE_FRAME = 7, /* received from a network */
    RECORDS_PAGE_RING = 8,  /* of a device, or for a tool */
};

/*
 * The page allocator: mm/page.c. Pages that `fresh` ranges hold were never
 * handed out, and nothing describes them; those of order > 0 are described by
 * their first one. A row of the heap begins with 8 bytes; then each block is a
 * uint32_t, its length in bytes with bit 0 set while it is in use, or bits 0
 * and 1 while it is kept for whoever wants as much next, the length of the
 * block before, and what it holds. The last 8 bytes end the row.
 */
struct records_pages {
    uint64_t allocator;   /* what the next offsets are in */
    uint16_t array;       /* pointer: a description of each page, from ... */
    uint16_t base;        /* uint32_t: ... this frame on, and ... */
    uint16_t count;       /* uint32_t: ... so many */
    uint16_t all;         /* range_max ranges: uint64_t address, length */
    uint16_t fresh;       /* as many, each within the one of `all` */
    uint16_t range_count; /* uint32_t */
    uint16_t range_max;
    /* A page's description */
    uint16_t page_len;
    uint16_t page_refs;    /* uint32_t; 0: free */
    uint16_t page_order;   /* uint8_t */
    uint16_t page_is_free; /* uint8_t: it is the first of so many free ones */
    uint16_t page_kind;    /* uint16_t: enum records_page_kind */
};

struct records {
    uint64_t magic;
    uint32_t version;
    uint32_t len;           /* of this structure */
    uint64_t percpus;       /* array of pointers to struct percpu, 8 of them */
    uint64_t trace;         /* struct trace_control, trace.h */
    uint64_t traced;        /* what the tables of calls hold while tracing */
    uint64_t page_counters; /* pointer to two uint64_t: pages free, pages */
    uint64_t sites;         /* struct records_sites */

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
    uint16_t thread_xstate;      /* pointer: XSAVE's area, while it is not on a
                                  * CPU; NULL: none yet */
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
    uint16_t inode_number; /* uint64_t: in an image, as its EROFS has it */
    uint16_t inode_sb;     /* pointer */
    uint16_t sb_type;      /* pointer to text: "erofs" for the image's root */

    uint16_t thread_files; /* pointer: its table of descriptors */
    uint16_t process_io;   /* uint64_t: bytes read, written; calls for either:
                            * of threads that have ended */

    /* Addresses; 0: this kernel has no such thing */
    uint64_t net_loop, net_device; /* RECORDS_NET_WORDS */
    uint64_t files;                /* RECORDS_FILE_*; to be added up */

    /* struct process, again */
    uint16_t process_core_limit; /* uint64_t: RLIMIT_CORE, soft */
    uint16_t process_dumpable;   /* uint8_t */
    uint16_t percpu_stub_data;   /* struct stub_data, cpu_tables.h */
    uint16_t percpu_scratch;     /* uint64_t */
    uint64_t edge_base;          /* an address in the kernel's text */
    uint64_t edges;              /* struct records_edge, rising */

    uint64_t pages; /* struct records_pages */
    /* Of an inode that a region refers to, if its sb_type is "erofs" or
     * "tmpfs": uint8_t, the number is that of a file of the image */
    uint16_t inode_has_lower;
    uint16_t thread_io; /* as process_io */
    uint16_t zero[2];

    /* debug.h */
    uint16_t thread_debug;  /* struct debug_thread */
    uint16_t thread_kicked; /* uint8_t: it passes there on its way out */
    uint16_t percpu_work;   /* uint32_t, and the bits that have the CPU pass */
    uint16_t work_bits;
    uint64_t debug_control;            /* struct debug_control */
    uint64_t debug_part;               /* 0: the kernel was linked without it */
    uint64_t stop_code, stop_code_end; /* no breakpoints here */

    /* What is mounted: RECORDS_MOUNT_MAX pointers to dentries, then NULL */
    uint64_t mounts;
    /* A dentry, here the root of a mount */
    uint16_t dentry_inode;    /* pointer */
    uint16_t dentry_covers;   /* pointer to the dentry that it is mounted on */
    uint16_t dentry_name;     /* pointer to text, and ... */
    uint16_t dentry_name_len; /* ... uint16_t, its length */
    /* An inode of a file system in memory */
    uint16_t inode_size;    /* uint64_t */
    uint16_t inode_buckets; /* pointer to pointers to the first dirent, ... */
    uint16_t inode_bucket_count; /* uint32_t: ... so many */
    uint16_t inode_pages;        /* uint64_t: an entry, ... */
    uint16_t inode_height;       /* uint32_t: so many nodes of 64 entries above
                                  * the entries of pages, which are physical
                                  * addresses; 0 and 1: no page */
    /* A dirent of it */
    uint16_t dirent_next;     /* pointer */
    uint16_t dirent_inode;    /* pointer */
    uint16_t dirent_name_len; /* uint8_t */
    uint16_t dirent_name;
    uint16_t zero2[3];

    uint64_t sample; /* struct sample_control, sample.h; 0: no such part */
};

_Static_assert(sizeof(struct records_sites) == 32, "layout is shared");
_Static_assert(sizeof(struct records_pages) == 32, "layout is shared");
_Static_assert(sizeof(struct records) == 312, "layout is shared");

#endif
