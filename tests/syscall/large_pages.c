/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * large_pages.c - memory large enough for pages of 2 MiB behaves as any other.
 *
 * covers: mmap munmap mprotect mremap madvise prctl
 *
 * Method: every page of a buffer holds a number of its own. Then a part of it
 * is unmapped, protected, moved or discarded, at offsets around where a large
 * page begins and ends, and every page is looked at again.
 */
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define LARGE (2ul << 20)
#define LEN   (4 * LARGE)
#define PAGES (LEN / PAGE)
#define RW    (PROT_READ | PROT_WRITE)

static sigjmp_buf back;

static void on_fault(int signo)
{
    (void)signo;
    siglongjmp(back, 1);
}

/* May the page be written? */
static bool is_writable(volatile char *p)
{
    if (sigsetjmp(back, 1))
        return false;
    signal(SIGSEGV, on_fault);
    *p = *p;
    signal(SIGSEGV, SIG_DFL);
    return true;
}

static uint32_t *word(char *buf, size_t page)
{
    return (uint32_t *)(void *)(buf + page * PAGE + page % 1000 * 4);
}

static char *map_filled(void)
{
    char *buf = mmap(NULL, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(buf != MAP_FAILED);
    madvise(buf, LEN, MADV_HUGEPAGE); /* so that Linux does it too */
    for (size_t i = 0; i < PAGES; i++)
        *word(buf, i) = (uint32_t)i + 1;
    return buf;
}

/* Pages [first, first+count) of the buffer hold what was written. */
static size_t count_wrong(char *buf, size_t first, size_t count)
{
    size_t wrong = 0;

    for (size_t i = first; i < first + count; i++)
        wrong += *word(buf, i) != (uint32_t)i + 1;
    return wrong;
}

/* Parts around the borders of the second large page. */
static const struct {
    size_t first, count;
} parts[] = {
    { 0, 1 },     { 511, 1 },    { 511, 2 },   { 512, 512 },
    { 513, 510 }, { 700, 1 },    { 512, 511 }, { 1023, 2 },
    { 1, 1500 },  { 512, 1024 }, { 1, 2046 },  { 100, 3 },
};
#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

TEST(a_part_is_unmapped)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        size_t first = parts[i].first, count = parts[i].count;
        char *buf = map_filled();

        CHECK_OK(munmap(buf + first * PAGE, count * PAGE));
        CHECK(!is_writable(buf + first * PAGE));
        CHECK(!is_writable(buf + (first + count - 1) * PAGE));
        CHECK_EQ(count_wrong(buf, 0, first), 0);
        CHECK_EQ(count_wrong(buf, first + count, PAGES - first - count), 0);
        CHECK_OK(munmap(buf, LEN));
    }
}

TEST(a_part_is_protected)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        size_t first = parts[i].first, count = parts[i].count;
        char *buf = map_filled();

        CHECK_OK(mprotect(buf + first * PAGE, count * PAGE, PROT_READ));
        CHECK(!is_writable(buf + first * PAGE));
        CHECK(is_writable(buf + (first + count) * PAGE));
        CHECK_EQ(count_wrong(buf, 0, PAGES), 0);
        CHECK_OK(mprotect(buf, LEN, PROT_NONE));
        CHECK(!is_writable(buf));
        CHECK_OK(mprotect(buf, LEN, RW));
        CHECK(is_writable(buf + first * PAGE));
        CHECK_EQ(count_wrong(buf, 0, PAGES), 0);
        CHECK_OK(munmap(buf, LEN));
    }
}

TEST(a_part_is_discarded)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        size_t first = parts[i].first, count = parts[i].count, left = 0;
        char *buf = map_filled();

        CHECK_OK(madvise(buf + first * PAGE, count * PAGE, MADV_DONTNEED));
        for (size_t k = first; k < first + count; k++)
            left += *word(buf, k) != 0;
        CHECK_EQ(left, 0);
        CHECK_EQ(count_wrong(buf, 0, first), 0);
        CHECK_EQ(count_wrong(buf, first + count, PAGES - first - count), 0);
        CHECK_OK(munmap(buf, LEN));
    }
}

TEST(a_part_is_moved)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        size_t first = parts[i].first, len = parts[i].count * PAGE;
        char *buf = map_filled(), *old = buf + first * PAGE;
        char *to =
            mmap(NULL, LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        CHECK(mremap(old, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
                     to + first % 2 * PAGE) == to + first % 2 * PAGE);
        CHECK(!is_writable(old));
        CHECK_EQ(*word(to + first % 2 * PAGE - old + buf, first),
                 (uint32_t)first + 1);
        CHECK(mremap(to + first % 2 * PAGE, len, len,
                     MREMAP_MAYMOVE | MREMAP_FIXED, old) == old);
        CHECK_EQ(count_wrong(buf, 0, PAGES), 0);
        CHECK_OK(munmap(buf, LEN));
        CHECK_OK(munmap(to, LEN));
    }
}

TEST(it_grows_and_shrinks)
{
    char *buf = map_filled();

    buf = mremap(buf, LEN, 3 * LEN, MREMAP_MAYMOVE);
    CHECK(buf != MAP_FAILED);
    CHECK_EQ(count_wrong(buf, 0, PAGES), 0);
    buf[3 * LEN - 1] = 1;
    CHECK(mremap(buf, 3 * LEN, LEN / 2 + PAGE, 0) == buf);
    CHECK_EQ(count_wrong(buf, 0, PAGES / 2 + 1), 0);
    CHECK_OK(munmap(buf, LEN / 2 + PAGE));
}

TEST(freed_memory_comes_back_as_zeros)
{
    for (int round = 0; round < 8; round++) {
        char *buf = map_filled();
        size_t dirty = 0;

        CHECK_OK(munmap(buf, LEN));
        buf = mmap(NULL, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        buf[LARGE + 5] = 0;
        for (size_t i = 0; i < LEN; i += 64)
            dirty += buf[i] != 0;
        CHECK_EQ(dirty, 0);
        CHECK_OK(munmap(buf, LEN));
    }
}

/* Which of the first pages are there after one of them was touched. */
static size_t resident_after_touch(char *buf)
{
    unsigned char in[512];
    char *at = (char *)(((uintptr_t)buf + LARGE - 1) & ~(LARGE - 1));
    size_t count = 0;

    at[0] = 1;
    CHECK_OK(mincore(at, LARGE, in));
    for (size_t i = 0; i < sizeof(in); i++)
        count += in[i] & 1;
    return count;
}

TEST(a_program_may_refuse)
{
    char *buf = mmap(NULL, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK_OK(madvise(buf, LEN, MADV_NOHUGEPAGE));
    CHECK(resident_after_touch(buf) < 512);
    CHECK_OK(munmap(buf, LEN));
    CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
    CHECK_OK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
    buf = mmap(NULL, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(buf, LEN, MADV_HUGEPAGE);
    CHECK(resident_after_touch(buf) < 512);
    CHECK_OK(munmap(buf, LEN));
    CHECK_OK(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
    CHECK_ERR(prctl(PR_SET_THP_DISABLE, 0, 0, 1, 0), EINVAL);
}
