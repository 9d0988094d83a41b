/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp_files.c - threads on several CPUs fault in files of the image, while one
 * writes to the file, truncates it and unmaps it.
 *
 * Method: a flag is set behind each change. Who has seen it before it looks at
 * the page must see what changed; who has not may see either, and nothing else.
 * The files are the image's and unchanged when a round begins, since only then
 * are such faults resolved without the kernel lock.
 * covers: mmap munmap pwrite64 ftruncate madvise
 * run: --cpus 3 -m 64M --add /bin/gzip:/lent0 --add /bin/gzip:/lent1
 * run: --add /bin/gzip:/lent2 --add /bin/gzip:/lent3 --add /bin/gzip:/lent4
 * run: --add /bin/gzip:/lent5
 */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS 3
#define ROUNDS  6
#define PAGES   20u /* gzip has more */
#define KEPT    8u  /* of them are left by the truncation */
#define NEW     0x5eed5eed5eed5eedull

static uint64_t before[PAGES]; /* the first word of each page */
static atomic_bool is_written[PAGES], is_cut, is_over;
static atomic_int wrong, looks;
static const char *shared; /* one mapping for all */
static int fd;

static __thread sigjmp_buf *on_bus;

static void bus(int signo)
{
    (void)signo;
    siglongjmp(*on_bus, 1);
}

static void expect(bool good)
{
    if (!good)
        atomic_fetch_add(&wrong, 1);
}

/* The page's first word; false: SIGBUS. */
static bool look(const char *page, uint64_t *out)
{
    sigjmp_buf here;

    on_bus = &here;
    if (sigsetjmp(here, 1))
        return false;
    *out = *(const volatile uint64_t *)page;
    return true;
}

static void look_at(const char *map, unsigned i)
{
    bool must_be_new = atomic_load(&is_written[i]);
    bool must_be_gone = i >= KEPT && atomic_load(&is_cut);
    uint64_t seen = 0;

    atomic_fetch_add(&looks, 1);
    if (!look(map + i * PAGE, &seen)) {
        expect(i >= KEPT);
        return;
    }
    expect(!must_be_gone);
    expect(seen == NEW || (seen == before[i] && !must_be_new));
}

/* A page of one's own stays what it is, until the file ends before it. */
static void keep_one(char *map, unsigned i)
{
    sigjmp_buf here;

    on_bus = &here;
    if (sigsetjmp(here, 1)) {
        expect(i >= KEPT);
        return;
    }
    *(volatile uint64_t *)(map + i * PAGE) = i;
    expect(*(volatile uint64_t *)(map + i * PAGE) == i);
}

static void *reader(void *arg)
{
    unsigned i = (unsigned)(uintptr_t)arg * 7;

    while (!atomic_load(&is_over)) {
        char *own = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE, fd, 0);

        if (own == MAP_FAILED)
            return "mmap";
        for (unsigned n = 0; n < PAGES; n++, i += 3) {
            look_at(own, i % PAGES);
            look_at(shared, i % PAGES);
        }
        keep_one(own, i % PAGES);
        if (madvise((void *)(uintptr_t)shared, PAGES * PAGE, MADV_DONTNEED) ||
            munmap(own, PAGES * PAGE))
            return "munmap";
    }
    return NULL;
}

static void wait_for_looks(int more)
{
    int target = atomic_load(&looks) + more;

    while (atomic_load(&looks) < target)
        sched_yield();
}

static void open_file(int round)
{
    char name[16];

    snprintf(name, sizeof(name), "/lent%d", round);
    fd = open(name, O_RDWR);
    if (fd < 0) { /* not in a guest: a copy */
        static char bytes[PAGES * PAGE];
        int from = open("/bin/gzip", O_RDONLY);

        CHECK_EQ(read(from, bytes, sizeof(bytes)), (long)sizeof(bytes));
        close(from);
        fd = open(name + 1, O_CREAT | O_RDWR, 0644);
        CHECK_EQ(write(fd, bytes, sizeof(bytes)), (long)sizeof(bytes));
    }
    for (unsigned i = 0; i < PAGES; i++) {
        CHECK_EQ(pread(fd, &before[i], 8, i * PAGE), 8);
        atomic_store(&is_written[i], false);
    }
    atomic_store(&is_cut, false);
    atomic_store(&is_over, false);
}

static void change_file(void)
{
    const uint64_t word = NEW;

    for (unsigned i = 0; i < PAGES; i += 2) {
        CHECK_EQ(pwrite(fd, &word, 8, i * PAGE), 8);
        atomic_store(&is_written[i], true);
        wait_for_looks(20);
    }
    CHECK_EQ(ftruncate(fd, KEPT * PAGE), 0);
    atomic_store(&is_cut, true);
    wait_for_looks(200);
    atomic_store(&is_over, true);
}

/* Odd rounds truncate a file that was not written to. */
static void play(int round)
{
    pthread_t threads[THREADS];
    void *error;

    open_file(round);
    shared = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(shared != MAP_FAILED);
    for (long i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, reader, (void *)i), 0);
    wait_for_looks(500);
    if (round % 2) {
        CHECK_EQ(ftruncate(fd, KEPT * PAGE), 0);
        atomic_store(&is_cut, true);
        wait_for_looks(500);
        atomic_store(&is_over, true);
    } else {
        change_file();
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], &error), 0);
        CHECK(error == NULL);
    }
    CHECK_EQ(munmap((void *)(uintptr_t)shared, PAGES * PAGE), 0);
    close(fd);
}

TEST(faults_in_a_file_that_changes)
{
    struct sigaction action = { .sa_handler = bus };

    CHECK_EQ(sigaction(SIGBUS, &action, NULL), 0);
    for (int round = 0; round < ROUNDS; round++)
        play(round);
    CHECK_EQ(atomic_load(&wrong), 0);
}
