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
 *            there, and sets `wanted` to TRACE_OFF and until_tsc to 0. If it
 *            does not come to that, the kernel does when until_tsc has passed.
 *            Within a second or so from then on the kernel gives the ring's
 *            memory back: `ring` is 0.
 * Ownership: the guest writes, the tool reads; the oldest records are
 *            overwritten. Numbers without gaps tell a reader what it missed.
 * Errors:    without memory for the ring, state becomes TRACE_NO_MEMORY.
 * Units:     positions in the ring are bytes written since the start; tsc.
 */
#ifndef ABI_TRACE_H
#define ABI_TRACE_H

#include <stdint.h>

#define TRACE_CALL_MAX   464u
#define TRACE_ARG_MAX    6u
#define TRACE_RING_LEN   49152u /* of records; with the counts below 64 KiB */
#define TRACE_RECORD_MAX 2048u  /* bytes; what does not fit is left out */
#define TRACE_OP_MAX     254u
#define TRACE_ALIGN      8u

enum trace_mode {
    TRACE_OFF = 0,
    TRACE_RECORDS = 1, /* each call, in the ring */
    TRACE_COUNTS = 2,  /* sums alone */
    TRACE_NO_MEMORY = 3,
};

/*
 * Which memory goes into a call's records: a row of these, each a chunk. At the
 * begin it is read as the call itself would, at the end only what is mapped.
 */
struct trace_op {
    uint8_t when;   /* enum trace_when */
    uint8_t from;   /* where it begins: enum trace_source */
    uint8_t len;    /* how many there are: the same, */
    uint8_t how;    /* enum trace_how */
    uint16_t scale; /* of so many bytes each */
    uint16_t max;   /* no more than so many */
};

enum trace_when {
    TRACE_AT_BEGIN = 1,
    TRACE_AT_END = 2, /* if it has succeeded, or was interrupted */
    TRACE_LAST = 128, /* of this row; or'ed to the others */
};

enum trace_source {
    TRACE_ARG = 0,    /* + 0 to 5. What begins there is the frame of those
                       * that follow */
    TRACE_MASK = 6,   /* of the signal's frame that rsp points to */
    TRACE_RESULT = 7, /* what the call returns */
    TRACE_ALL = 8,    /* max */
    TRACE_WORD = 16,  /* + 0 to 31: the frame's words */
};

enum trace_how {
    TRACE_BYTES = 0,
    TRACE_STRING = 1, /* no more than up to its NUL, included */
    /* For each struct iovec in the chunk before, a chunk of what it names, of
     * max bytes at most */
    TRACE_VECTOR = 2,
    /* In place of the memory its count of directory entries, 64 bits */
    TRACE_ENTRIES = 3,
    /* Or'ed: `len` is the lower half of its source, or a pointer to that */
    TRACE_INT = 64,
    TRACE_POINTED = 128,
};

struct trace_control {
    uint32_t wanted;    /* enum trace_mode, by the tool */
    uint32_t state;     /* enum trace_mode, by the kernel */
    uint64_t ring;      /* virtual address of struct trace_ring; 0: none yet */
    uint64_t until_tsc; /* by the tool, again and again */
    /* Of each call, its row's first op, and 1; 0: it has none */
    uint8_t row[TRACE_CALL_MAX];
    /* Before the kernel's first instruction, or while it waits for a tool, the
     * tool says so as well: with `wanted` set, the calls whose bits are set are
     * traced from the program's first on. */
    uint8_t selected[TRACE_CALL_MAX / 8];
    uint8_t zero[6];
    struct trace_op op[TRACE_OP_MAX];
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
    TRACE_PAD = 3,    /* the rest of the ring, up to its end */
    TRACE_SIGNAL = 4, /* `call` is its number; words: of siginfo_t the first */
    TRACE_KILLED = 5, /* `call`: by this one; no words */
};

/* Then words (six arguments, the result, or of a signal six), then chunks. */
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
    uint64_t va;
    uint32_t len;
    uint32_t zero;
    uint8_t data[]; /* len bytes */
};

_Static_assert(sizeof(struct trace_op) == 8, "layout is shared");
_Static_assert(sizeof(struct trace_control) == 24 + 464 + 64 + 8 * 254, "");
_Static_assert(sizeof(struct trace_ring) == 32 + 24 * 464 + 49152, "shared");
_Static_assert(sizeof(struct trace_record) == 32, "layout is shared");
_Static_assert(sizeof(struct trace_chunk) == 16, "layout is shared");

#endif
