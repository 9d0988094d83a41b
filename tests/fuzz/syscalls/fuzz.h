/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz.h - a program that makes random system calls with hostile arguments.
 *
 * What:      several threads call what kernel/syscall/table.def lists. What an
 *            argument is, its type and name there tell. Nothing that the
 *            kernel answers is judged: a kernel that panics, faults or stops
 *            answering is what is looked for; so the program must not end by
 *            its own doing. guard.c refuses the calls that would.
 * Ownership: the kernel may write only to the arena and to what a call mapped:
 *            no pointer argument leads into the program's own memory, except
 *            to constants. So the program's state stays whole.
 * Context:   threads have neither thread-local storage nor the C library: the
 *            calls they make take such things away. A thread finds its state by
 *            its stack, which begins a slot of SLOT_LEN bytes.
 * Units:     lengths in bytes.
 */
#ifndef FUZZ_SYSCALLS_FUZZ_H
#define FUZZ_SYSCALLS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARGS_MAX     6
#define THREADS_MAX  16u
#define SLOT_LEN     0x10000u
#define FOCUS_COUNT  12u
#define PAGE_LEN     4096u
#define ARENA        0x100000000000u
#define ARENA_PAGES  256u
#define ARENA_LEN    (ARENA_PAGES * PAGE_LEN)
#define MAPPED_MAX   64u
#define REPORT_FD    900 /* messages go here; no call may name it */
#define KICK_SIGNAL  12  /* wakes a thread that sleeps; nobody else's */
#define ALTSTACK_LEN 0x4000u

/* Signals that faults raise: where one is blocked, the fault ends the program.
 * To be used with signal.h. */
#define BIT(signo) (1ull << ((signo)-1))
#define FAULTS                                                               \
    (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGFPE) | BIT(SIGTRAP) | \
     BIT(SIGSYS))

/* What a thread does next. */
enum slot_state {
    SLOT_FREE,
    SLOT_RUNS,
    SLOT_GONE, /* its thread is about to end */
};

/* A thread's state, at the start of its slot; the stack is at the end. */
struct slot {
    uint64_t random;
    volatile uint32_t state;   /* enum slot_state */
    volatile uint32_t done;    /* calls so far */
    volatile uint32_t current; /* the number of the last call */
    uint32_t seen;             /* `done` when main last looked */
    uint32_t idle;             /* looks since it changed */
    int tid;
    unsigned lives; /* how often a thread began here */
    uint16_t focus[FOCUS_COUNT];
    long args[ARGS_MAX]; /* of the last call */
    void *landing[5];    /* where a fault leads, for __builtin_longjmp */
    char altstack[ALTSTACK_LEN] __attribute__((aligned(16)));
};

/* What an argument is, from its type and name. */
enum kind {
    KIND_NUMBER, /* flags, modes, operations */
    KIND_FD,
    KIND_LEN,
    KIND_OFFSET,
    KIND_PID,
    KIND_SIGNAL,
    KIND_CLOCK,
    KIND_MS,      /* a time to wait */
    KIND_ADDRESS, /* memory, nothing in it matters */
    KIND_PATH,
    KIND_NAME,      /* of an attribute */
    KIND_QUEUE,     /* the name of a message queue */
    KIND_SOCKADDR,  /* of AF_UNIX or AF_INET */
    KIND_MESSAGE,   /* struct msghdr, or several */
    KIND_TIME,      /* one or two struct timespec or alike */
    KIND_VECTOR,    /* addresses and lengths in turn */
    KIND_WORDS,     /* any structure */
    KIND_MASK,      /* of signals: only constant ones */
    KIND_MASK_PAIR, /* pselect6's: address and length */
    KIND_ACTION,    /* of a signal: only constant ones */
    KIND_STACK,
    KIND_EVENT,    /* struct sigevent: only constant ones */
    KIND_CONSTANT, /* a structure that the kernel keeps: zeros */
};

/* What made a descriptor, and what a call wants one of. */
enum family {
    FAMILY_ANY,
    FAMILY_FILE,
    FAMILY_DIR,
    FAMILY_PIPE,
    FAMILY_SOCKET,
    FAMILY_EPOLL,
    FAMILY_TIMER,
    FAMILY_NOTIFY,
    FAMILY_QUEUE,
    FAMILY_COUNT,
};

struct call {
    uint16_t nr;
    bool never; /* the table says: not supported */
    bool rare;  /* takes rights or room away, for all calls that follow */
    uint8_t makes, wants; /* enum family */
    const char *name;
    const char *text; /* "(int fd, uaddr_t buf, size_t len)" */
    unsigned count;   /* of arguments */
    uint8_t kind[ARGS_MAX];
    const uint64_t *hint[ARGS_MAX]; /* good values, the count first; or NULL */
};

/* ---- calls.c ---- */
extern struct call calls[];
extern const unsigned calls_count;
/* Read the table: kinds and hints of all. Call it once, before all else. */
void calls_init(void);
/* The index of a call by its name; of the first call if there is none. */
unsigned call_find(const char *name);
bool text_equal(const char *a, const char *b);

/* ---- args.c ---- */
uint64_t random_next(struct slot *slot);
/* A number below `bound`. */
uint64_t random_below(struct slot *slot, uint64_t bound);
/* Fill slot->args for the call, and the memory that they point to. This may
 * fault; the landing is where that ends. */
void args_make(struct slot *slot, const struct call *call);
/* Remember what a call mapped, for later calls to use. */
void mapped_add(struct slot *slot, uint64_t addr);
/* The same of a descriptor. */
void made_add(struct slot *slot, enum family family, int fd);
/* Make constants for KIND_MASK and its like. */
void constants_init(void);

/* ---- guard.c ---- */
/* Note every mapping of the program as its own; before the arena exists. */
void guard_init(void);
/* May the call be made, or would the program end by its own wish? */
bool guard_allows(const struct call *call, const long *args);

/* ---- worker.c ---- */
extern struct slot *const slots[THREADS_MAX];
extern unsigned calls_each, thread_count;
extern uint64_t seed;
extern bool is_verbose;
long system_call(long nr, const long *args);
/* The same, with up to three arguments. */
long call3(long nr, long a, long b, long c);
/* Install the handlers of all signals. */
void signals_init(void);
/* Begin a thread in a slot. 0 or -errno. */
long worker_start(struct slot *slot);
/* The handler of every signal, and its way back. */
void handler(int signo, void *info, void *context);
void handler_return(void);

/* ---- report.c ---- */
void report(const char *text);
void report_number(uint64_t n);
/* "thread 3: pread64(0x1, ...)" */
void report_call(const struct slot *slot, const struct call *call);

#endif
