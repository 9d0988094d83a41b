/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h - system calls as they happen: what the kernel writes for a tool.
 *
 * What:      the tool stops the guest, fills in struct trace_control (records.h
 *            says where it lies), puts records.traced into the tables of calls,
 *            behind each struct percpu, in the place of what it wants traced,
 *            and lets the guest go on. Those calls then write a record at their
 *            begin and one at their end, or only count; others, and all of them
 *            before and after, do nothing for it. The tool puts back what was
 *            there. If it does not come to that, the kernel does when until_tsc
 *            has passed.
 * Ownership: the guest writes, the tool reads; the oldest records are
 *            overwritten. Numbers without gaps tell a reader what it missed.
 * Errors:    without memory for the ring, state becomes TRACE_NO_MEMORY.
 * Units:     positions in the ring are bytes written since the start; tsc.
 */
#ifndef ABI_TRACE_H
#define ABI_TRACE_H

#include <stdint.h>

#define TRACE_CALL_MAX  464u
#define TRACE_RING_LEN  49152u /* of records; with the counts below 64 KiB */
#define TRACE_CHUNK_MAX 64u    /* bytes of memory in one chunk */
#define TRACE_ALIGN     8u

enum trace_mode {
    TRACE_OFF = 0,
    TRACE_RECORDS = 1, /* each call, in the ring */
    TRACE_COUNTS = 2,  /* sums alone */
    TRACE_NO_MEMORY = 3,
};

/* trace_control.capture: which memory goes into a record. */
#define TRACE_IN(arg)  (1u << (arg))       /* at the begin, arg 0 to 5 */
#define TRACE_OUT(arg) (1u << (6 + (arg))) /* at the end */
/* Before the kernel's first instruction the tool may say it so as well: with
 * `wanted` set, these calls are traced from the program's first on. */
#define TRACE_SELECTED (1u << 15)

struct trace_control {
    uint32_t wanted;    /* enum trace_mode, by the tool */
    uint32_t state;     /* enum trace_mode, by the kernel */
    uint64_t ring;      /* virtual address of struct trace_ring; 0: none yet */
    uint64_t until_tsc; /* by the tool, again and again */
    uint16_t capture[TRACE_CALL_MAX];
};

struct trace_count {
    uint64_t calls;
    uint64_t errors;
    uint64_t cycles;
};

struct trace_ring {
    uint64_t head;   /* position behind the newest record ... */
    uint64_t oldest; /* ... and of the oldest that is whole */
    uint64_t number; /* records written */
    uint64_t zero;
    struct trace_count count[TRACE_CALL_MAX];
    uint8_t data[TRACE_RING_LEN];
};

enum trace_kind {
    TRACE_BEGIN = 1,
    TRACE_END = 2,
    TRACE_PAD = 3, /* the rest of the ring, up to its end */
};

/* Then words (six arguments, or the result), then chunks. */
struct trace_record {
    uint16_t len; /* of all, a multiple of TRACE_ALIGN */
    uint8_t kind; /* enum trace_kind */
    uint8_t chunk_count;
    uint16_t call;
    uint16_t cpu; /* from 1 */
    int32_t tid;
    uint32_t zero;
    uint64_t number; /* from 0 */
    uint64_t tsc;
    uint64_t word[];
};

struct trace_chunk { /* with its data padded to TRACE_ALIGN */
    uint8_t arg;
    uint8_t zero;
    uint16_t len;
    uint8_t data[]; /* len bytes */
};

_Static_assert(sizeof(struct trace_control) == 24 + 2 * 464, "shared");
_Static_assert(sizeof(struct trace_ring) == 32 + 24 * 464 + 49152, "shared");
_Static_assert(sizeof(struct trace_record) == 32, "layout is shared");

#endif
