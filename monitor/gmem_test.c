/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gmem_test.c - the door to guest memory, at its edges.
 *
 * Method: one writable and one read-only range of a page each; every access
 * that is not wholly inside one must be refused, sums that wrap included.
 */
#include "monitor/gmem.c"

#include "tests/unit.h"

#define PAGE 4096u
#define RAM  0x100000u
#define ROM  0x200000u

void check_failed(const char *file, int line, const char *what)
{
    printf("# %s:%d: %s\n", file, line, what);
    exit(UNIT_EXIT_FAIL);
}

static uint8_t ram[PAGE], rom[PAGE];

static struct gmem memory(void)
{
    struct gmem mem = { .range_count = 0 };

    gmem_add(&mem, RAM, PAGE, ram, true);
    gmem_add(&mem, ROM, PAGE, rom, false);
    return mem;
}

TEST(reads_and_writes_inside_a_range)
{
    struct gmem mem = memory();
    uint32_t out = 0;

    CHECK_EQ(gmem_write(&mem, RAM + PAGE - 4, "abcd", 4), 0);
    CHECK_MEM_EQ(ram + PAGE - 4, "abcd", 4);
    CHECK_EQ(gmem_read(&mem, RAM + PAGE - 4, &out, 4), 0);
    CHECK_MEM_EQ(&out, "abcd", 4);
    CHECK_EQ(gmem_read(&mem, ROM, &out, 4), 0);
}

TEST(refuses_what_is_not_wholly_inside)
{
    struct gmem mem = memory();
    uint8_t buf[PAGE + 1];

    CHECK_EQ(gmem_read(&mem, RAM + PAGE - 3, buf, 4), -EFAULT);
    CHECK_EQ(gmem_read(&mem, RAM - 1, buf, 2), -EFAULT);
    CHECK_EQ(gmem_read(&mem, RAM, buf, PAGE + 1), -EFAULT);
    CHECK_EQ(gmem_read(&mem, 0, buf, 1), -EFAULT);
    CHECK_EQ(gmem_read(&mem, RAM + PAGE, buf, 1), -EFAULT);
}

TEST(refuses_sums_that_wrap)
{
    struct gmem mem = memory();
    struct iovec iov;

    CHECK_EQ(gmem_iovec(&mem, RAM + 8, UINT64_MAX, false, &iov), -EFAULT);
    CHECK_EQ(gmem_iovec(&mem, RAM + 8, -(uint64_t)8, false, &iov), -EFAULT);
    CHECK_EQ(gmem_iovec(&mem, UINT64_MAX, 1, false, &iov), -EFAULT);
    CHECK_EQ(gmem_iovec(&mem, UINT64_MAX, UINT64_MAX, false, &iov), -EFAULT);
}

TEST(refuses_to_write_what_the_guest_may_not)
{
    struct gmem mem = memory();
    struct iovec iov;

    CHECK_EQ(gmem_write(&mem, ROM, "x", 1), -EFAULT);
    CHECK_EQ(gmem_iovec(&mem, ROM, 1, true, &iov), -EFAULT);
    CHECK_EQ(gmem_iovec(&mem, ROM, 1, false, &iov), 0);
    CHECK_EQ(iov.iov_base, rom);
}
