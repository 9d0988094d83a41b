/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp_memory.c - threads on several CPUs in one address space: faults that meet
 * each other, and mmap, munmap, mprotect, mremap and madvise in their way.
 *
 * Method: every byte that is written is looked at again. A page that two faults
 * gave two threads shows as a lost store, one that was freed too early as
 * somebody else's bytes, a right that came late as a signal.
 * covers: mmap munmap mprotect mremap madvise
 * run: --cpus 3 -m 64M
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define THREADS 4
#define RW      (PROT_READ | PROT_WRITE)
#define LARGE   (2ul << 20)

static pthread_t threads[THREADS];
static pthread_barrier_t all;
static atomic_int wrong;

static void run_all(void *(*fn)(void *))
{
    atomic_store(&wrong, 0);
    pthread_barrier_init(&all, NULL, THREADS);
    for (long i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, fn, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&all);
    CHECK_EQ(atomic_load(&wrong), 0);
}

static void expect(bool good)
{
    if (!good)
        atomic_fetch_add(&wrong, 1);
}

static char *map(size_t len)
{
    char *p = mmap(NULL, len, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

/* A cheap series, one for each thread. */
static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* ---- the same pages, from all sides ---- */

#define MEET_ROUNDS 6

static char *_Atomic meeting;
static size_t meeting_len, step;
static bool reads_first;

/* Each thread writes a byte of its own into every page, in its own order. */
static void *meet(void *arg)
{
    size_t me = (size_t)arg, pages = meeting_len / step;

    for (int round = 1; round <= MEET_ROUNDS; round++) {
        if (me == 0)
            meeting = map(meeting_len);
        pthread_barrier_wait(&all);
        char *p = meeting;

        for (size_t i = 0; reads_first && i < pages; i++)
            expect(p[(i * 7 + me) % pages * step + me] == 0);
        for (size_t i = 0; i < pages; i++)
            p[(i * 5 + me * pages / THREADS) % pages * step + me] =
                (char)(round + (int)me);
        pthread_barrier_wait(&all);
        for (size_t i = 0; i < pages; i++)
            for (size_t k = 0; k < THREADS; k++)
                expect(p[i * step + k] == (char)(round + (int)k));
        pthread_barrier_wait(&all);
        if (me == 0)
            expect(munmap(p, meeting_len) == 0);
    }
    return NULL;
}

static void meet_in(size_t len, size_t page, bool read_first)
{
    meeting_len = len;
    step = page;
    reads_first = read_first;
    run_all(meet);
}

TEST(no_store_is_lost_where_faults_meet)
{
    meet_in(257 * PAGE, PAGE, false);
}

TEST(no_store_is_lost_where_pages_of_zeros_are_copied)
{
    meet_in(257 * PAGE, PAGE, true);
}

TEST(no_store_is_lost_in_large_pages)
{
    meet_in(8 * LARGE, 64 * PAGE, false);
    meet_in(4 * LARGE, 64 * PAGE, true);
}

/* ---- memory of each thread's own, and all that can be done with it ---- */

#define OWN_ROUNDS 20
#define OWN_PAGES  96
#define CHANGES    2

struct own {
    uint32_t state, seed;
    char *at;
    size_t pages;
    uint8_t zero[2 * OWN_PAGES]; /* discarded since it was written */
};

static uint32_t value_of(const struct own *o, size_t page)
{
    return o->seed ^ (uint32_t)page * 2654435761u;
}

static uint32_t *word(const struct own *o, size_t page)
{
    return (uint32_t *)(void *)(o->at + page * PAGE + page % 1000 * 4);
}

static void fill(struct own *o, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        *word(o, i) = value_of(o, i);
        o->zero[i] = 0;
    }
}

static void verify(const struct own *o)
{
    for (size_t i = 0; i < o->pages; i++)
        expect(*word(o, i) == (o->zero[i] ? 0 : value_of(o, i)));
}

static void discard(struct own *o, size_t first, size_t count)
{
    expect(madvise(o->at + first * PAGE, count * PAGE, MADV_DONTNEED) == 0);
    memset(o->zero + first, 1, count);
}

static void protect(struct own *o, size_t first, size_t count)
{
    char *p = o->at + first * PAGE;

    expect(mprotect(p, count * PAGE, PROT_READ) == 0);
    verify(o);
    expect(mprotect(p, count * PAGE, PROT_NONE) == 0);
    expect(mprotect(p, count * PAGE, RW) == 0);
}

/* To another place, twice as long; what is new is zeros. */
static void move(struct own *o)
{
    char *p =
        mremap(o->at, o->pages * PAGE, 2 * o->pages * PAGE, MREMAP_MAYMOVE);

    expect(p != MAP_FAILED);
    if (p == MAP_FAILED)
        return;
    o->at = p;
    memset(o->zero + o->pages, 1, o->pages);
    o->pages *= 2;
}

static void *work_on_own(void *arg)
{
    struct own o = { .state = (uint32_t)(uintptr_t)arg + 1 };

    for (int round = 0; round < OWN_ROUNDS; round++) {
        o.pages = 1 + next(&o.state) % OWN_PAGES;
        o.seed = next(&o.state) | 1u << 31;
        o.at = map(o.pages * PAGE);
        expect(o.at != NULL);
        if (!o.at)
            return NULL;
        memset(o.zero, 1, sizeof(o.zero));
        fill(&o, 0, o.pages);
        for (int i = 0; i < CHANGES; i++) {
            size_t first = next(&o.state) % o.pages;
            size_t count = 1 + next(&o.state) % (o.pages - first);

            if (next(&o.state) % 2)
                discard(&o, first, count);
            else
                protect(&o, first, count);
            verify(&o);
            if (next(&o.state) % 2)
                fill(&o, first, count);
        }
        if (round % 4 == 0)
            move(&o);
        verify(&o);
        expect(munmap(o.at, o.pages * PAGE) == 0);
    }
    return NULL;
}

TEST(what_others_do_beside_it_changes_nobodys_memory)
{
    run_all(work_on_own);
}

/* ---- rights that come and go while all write ---- */

#define FLIPS      40
#define FLIP_PAGES 16

static atomic_int *counters;
static atomic_long added;
static atomic_int stop;

/* Not now: the store is made again when the handler returns. */
static void not_now(int signo)
{
    (void)signo;
    sched_yield();
}

static void *add_or_flip(void *arg)
{
    size_t me = (size_t)arg;

    if (me == 0) {
        for (int i = 0; i < FLIPS; i++) {
            expect(mprotect(counters, FLIP_PAGES * PAGE, PROT_READ) == 0);
            expect(mprotect(counters, FLIP_PAGES * PAGE, RW) == 0);
            if (i % 8 == 0)
                sched_yield();
        }
        atomic_store(&stop, 1);
        return NULL;
    }
    for (size_t i = me; !atomic_load(&stop); i++) {
        atomic_fetch_add(&counters[i % FLIP_PAGES * (PAGE / sizeof(int))], 1);
        atomic_fetch_add(&added, 1);
    }
    return NULL;
}

TEST(a_store_that_was_refused_is_made_once)
{
    struct sigaction act = { .sa_handler = not_now }, old;
    long sum = 0;

    counters = (atomic_int *)(void *)map(FLIP_PAGES * PAGE);
    CHECK(counters != NULL);
    atomic_store(&stop, 0);
    atomic_store(&added, 0);
    CHECK_OK(sigaction(SIGSEGV, &act, &old));
    run_all(add_or_flip);
    CHECK_OK(sigaction(SIGSEGV, &old, NULL));
    for (size_t i = 0; i < FLIP_PAGES; i++)
        sum += atomic_load(&counters[i * (PAGE / sizeof(int))]);
    CHECK_EQ(sum, atomic_load(&added));
    CHECK_OK(munmap(counters, FLIP_PAGES * PAGE));
}

/* ---- memory that is thrown away while all write ---- */

#define DISCARDS 25

static uint64_t *thrown;

/* A word holds what some thread wrote there, or zero. */
static void *write_or_discard(void *arg)
{
    size_t me = (size_t)arg, words = meeting_len / sizeof(*thrown);
    uint32_t state = (uint32_t)me;

    if (me == 0) {
        for (int i = 0; i < DISCARDS; i++) {
            size_t at = next(&state) % (meeting_len / PAGE);

            expect(madvise((char *)thrown + at * PAGE, meeting_len - at * PAGE,
                           MADV_DONTNEED) == 0);
        }
        atomic_store(&stop, 1);
        return NULL;
    }
    while (!atomic_load(&stop)) {
        size_t i = next(&state) % words;
        uint64_t seen = __atomic_load_n(&thrown[i], __ATOMIC_RELAXED);

        expect(seen == 0 || seen == i + 1);
        __atomic_store_n(&thrown[i], i + 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void throw_away(size_t len)
{
    meeting_len = len;
    thrown = (uint64_t *)(void *)map(len);
    CHECK(thrown != NULL);
    atomic_store(&stop, 0);
    run_all(write_or_discard);
    CHECK_OK(madvise(thrown, len, MADV_DONTNEED));
    for (size_t i = 0; i < len / sizeof(*thrown); i += PAGE / 8)
        CHECK_EQ(thrown[i], 0);
    CHECK_OK(munmap(thrown, len));
}

TEST(a_discarded_page_holds_nothing_but_later_stores)
{
    throw_away(32 * PAGE);
    throw_away(3 * LARGE);
}
