/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * private_rows.c - page after page of a file's private mapping is written: what
 * was not written yet shows later changes of the file, what was does not.
 *
 * Method: a file of the image, since the kernel may copy its pages before they
 * are written once a row of writes has gone on for a while. Linux shows changes
 * in what was not written. Each part begins with a file that nobody changed.
 * covers: mmap pwrite64 ftruncate fallocate mprotect munmap mremap
 * run: --add /bin/bash:/row0 --add /bin/bash:/row1 --add /bin/bash:/row2
 * run: --add /bin/bash:/row3 --add /bin/bash:/row4 --cpus 2 -m 64M
 */
#include "check.h"

#include <linux/falloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define PAGES 200u /* bash has more */
#define LEN   (PAGES * PAGE)
#define ROW   40u /* pages that are written: enough that it is a row */
#define MARK  0x5a5aa5a5f00dfeedul
#define OTHER 0x0123456789abcdeful

static unsigned char before[LEN];
static int fd;

/* A file that nobody has changed, or not in a guest a copy. */
static void open_file(int part)
{
    char name[16];
    int from;

    snprintf(name, sizeof(name), "/row%d", part);
    fd = open(name, O_RDWR);
    if (fd < 0) {
        from = open("/bin/bash", O_RDONLY);
        CHECK_EQ(read(from, before, LEN), (long)LEN);
        close(from);
        fd = open(name + 1, O_CREAT | O_TRUNC | O_RDWR, 0644);
        CHECK_EQ(write(fd, before, LEN), (long)LEN);
        unlink(name + 1);
    }
    CHECK_EQ(pread(fd, before, LEN, 0), (long)LEN);
}

/* Words, since what a page holds before is no matter of the test's. */
static uint64_t *word(unsigned char *map, unsigned page)
{
    return (uint64_t *)(void *)(map + page * PAGE);
}

static void put(unsigned page, unsigned offset, uint64_t value)
{
    CHECK_EQ(pwrite(fd, &value, sizeof(value), page * PAGE + offset),
             (long)sizeof(value));
}

/* All pages are read, then every step-th of the first is written. */
static unsigned char *map_row(unsigned step)
{
    unsigned char *map =
        mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

    CHECK(map != MAP_FAILED);
    CHECK_EQ(memcmp(map, before, LEN), 0);
    for (unsigned i = 0; i < ROW * step; i += step)
        *word(map, i) = MARK + i;
    for (unsigned i = 0; i < PAGES; i++) {
        bool is_written = i < ROW * step && i % step == 0;

        CHECK_EQ(memcmp(map + i * PAGE + 8, before + i * PAGE + 8, PAGE - 8),
                 0);
        CHECK_EQ(*word(map, i), is_written ? MARK + i : *word(before, i));
    }
    return map;
}

/* The file changes, by a few bytes and by whole pages. */
TEST(private_row_write)
{
    static unsigned char page[PAGE];
    unsigned char *map;

    open_file(0);
    map = map_row(1);
    put(ROW - 1, 64, OTHER); /* written: not seen */
    CHECK_EQ(*word(map + 64, ROW - 1), *word(before + 64, ROW - 1));
    CHECK_EQ(*word(map, ROW - 1), MARK + ROW - 1);
    for (unsigned i = ROW; i < PAGES; i += 7) {
        put(i, 64, OTHER + i);
        CHECK_EQ(*word(map + 64, i), OTHER + i);
        CHECK_EQ(*word(map, i), *word(before, i));
        put(i, 64, MARK + i); /* and once more */
        CHECK_EQ(*word(map + 64, i), MARK + i);
        *word(map, i) = 1;
        put(i, 64, OTHER); /* written now */
        CHECK_EQ(*word(map + 64, i), MARK + i);
    }
    memset(page, 7, sizeof(page));
    for (unsigned i = ROW + 1; i < PAGES; i += 7) {
        CHECK_EQ(pwrite(fd, page, PAGE, i * PAGE), (long)PAGE);
        CHECK_EQ(memcmp(map + i * PAGE, page, PAGE), 0);
    }
    CHECK_EQ(munmap(map, LEN), 0);
    close(fd);
}

/* It becomes shorter and longer again, and has a hole. */
TEST(private_row_space)
{
    unsigned char *map;

    open_file(1);
    map = map_row(1);
    CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       (ROW - 2) * PAGE, 4 * PAGE),
             0);
    CHECK_EQ(*word(map, ROW - 1), MARK + ROW - 1);
    CHECK_EQ(*word(map, ROW), 0ul);
    CHECK_EQ(*word(map, ROW + 1), 0ul);
    CHECK_EQ(*word(map, ROW + 2), *word(before, ROW + 2));
    CHECK_EQ(ftruncate(fd, (ROW + 10) * PAGE + 100), 0);
    CHECK_EQ(memcmp(map + (ROW + 10) * PAGE, before + (ROW + 10) * PAGE, 100),
             0);
    CHECK_EQ(map[(ROW + 10) * PAGE + 100], 0);
    CHECK_EQ(ftruncate(fd, LEN), 0);
    CHECK_EQ(*word(map, ROW + 11), 0ul);
    CHECK_EQ(*word(map, ROW + 60), 0ul);
    CHECK_EQ(munmap(map, LEN), 0);
    close(fd);
}

/* A row with gaps; a part of the mapping is gone, one moved, one read-only. */
TEST(private_row_parts)
{
    unsigned char *map, *moved;

    open_file(2);
    map = map_row(3);
    moved = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(moved != MAP_FAILED);
    CHECK_EQ(munmap(map + 10 * PAGE, 5 * PAGE), 0);
    CHECK(mremap(map + 130 * PAGE, 8 * PAGE, 8 * PAGE,
                 MREMAP_MAYMOVE | MREMAP_FIXED, moved) == moved);
    CHECK_EQ(mprotect(map + 122 * PAGE, 4 * PAGE, PROT_READ), 0);
    for (unsigned i = 16; i < PAGES; i++)
        put(i, 64, OTHER + i);
    for (unsigned i = 16; i < PAGES; i++) {
        unsigned char *at = i >= 130 && i < 138 ? moved - 130 * PAGE : map;
        bool is_written = i < 3 * ROW && i % 3 == 0;

        CHECK_EQ(*word(at + 64, i),
                 is_written ? *word(before + 64, i) : OTHER + i);
    }
    CHECK_EQ(munmap(map, LEN), 0);
    CHECK_EQ(munmap(moved, 8 * PAGE), 0);
    close(fd);
}

/* Through a shared mapping of the same file. */
TEST(private_row_shared)
{
    unsigned char *map, *shared;

    open_file(3);
    map = map_row(2);
    shared = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(shared != MAP_FAILED);
    for (unsigned i = 1; i < PAGES; i += 2) {
        *word(shared + 128, i) = OTHER + i;
        CHECK_EQ(*word(map + 128, i), OTHER + i);
    }
    for (unsigned i = 0; i < 2 * ROW; i += 2) {
        *word(shared + 128, i) = OTHER + i;
        CHECK_EQ(*word(map + 128, i), *word(before + 128, i));
    }
    CHECK_EQ(munmap(shared, LEN), 0);
    CHECK_EQ(munmap(map, LEN), 0);
    close(fd);
}

static atomic_uint count;
static unsigned char *map_of_both;

/* Counts in the mapping, which must not lose a write. */
static void *write_on(void *arg)
{
    uint64_t *at = word(map_of_both + 256, ROW + 20);

    (void)arg;
    for (unsigned i = 1; i <= 200000; i++) {
        __atomic_store_n(at, i, __ATOMIC_RELAXED);
        if (__atomic_load_n(at, __ATOMIC_RELAXED) != i)
            break;
        atomic_store(&count, i);
    }
    return NULL;
}

/* One thread writes to the mapping as another changes the file. */
TEST(private_row_both)
{
    pthread_t thread;

    open_file(4);
    map_of_both = map_row(1);
    CHECK_EQ(pthread_create(&thread, NULL, write_on, NULL), 0);
    while (atomic_load(&count) == 0)
        sched_yield();
    for (unsigned i = ROW + 40; i > ROW; i--)
        put(i, 64, OTHER);
    pthread_join(thread, NULL);
    CHECK_EQ(atomic_load(&count), 200000u);
    CHECK_EQ(*word(map_of_both + 256, ROW + 20), 200000ul);
    CHECK_EQ(munmap(map_of_both, LEN), 0);
    close(fd);
}
