/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables_test.c - which stores to the fixed pages are granted, and the walk of
 * guest page tables, foreign ones included.
 */
/* unit: monitor/gmem.c */
#include "monitor/arch/x86_64/tables.c"

#include "tests/unit.h"

#define RAM_PA  0x200000ull
#define RAM_LEN 0x10000ull

void check_failed(const char *file, int line, const char *what)
{
    printf("# %s:%d: %s\n", file, line, what);
    exit(UNIT_EXIT_FAIL);
}

static uint64_t fixed[5 * 512], ram[RAM_LEN / 8];

static struct vm machine(void)
{
    struct vm vm = { .fixed = (uint8_t *)fixed,
                     .ram_pa = RAM_PA,
                     .ram_len = RAM_LEN };

    memset(fixed, 0, sizeof(fixed));
    memset(ram, 0, sizeof(ram));
    gmem_add(&vm.mem, VM_FIXED_PA, sizeof(fixed), fixed, false);
    gmem_add(&vm.mem, RAM_PA, RAM_LEN, ram, true);
    return vm;
}

static int store(struct vm *vm, uint64_t off, uint64_t entry)
{
    return arch_fixed_write(vm, VM_FIXED_PA + off, &entry, 8);
}

TEST(grants_a_user_entry_once)
{
    struct vm vm = machine();

    CHECK_EQ(store(&vm, 255 * 8, RAM_PA | 7), 0);
    CHECK_EQ(fixed[255], RAM_PA | 0x27); /* accessed is set for the CPU */
    CHECK_EQ(store(&vm, 255 * 8, RAM_PA | 0x27), 0);
    CHECK_EQ(store(&vm, 255 * 8, (RAM_PA + 4096) | 7), -EPERM);
    CHECK_EQ(fixed[255], RAM_PA | 0x27);
}

TEST(refuses_the_kernel_half_and_other_pages)
{
    struct vm vm = machine();

    CHECK_EQ(store(&vm, 256 * 8, RAM_PA | 7), -EPERM);
    CHECK_EQ(store(&vm, 511 * 8, RAM_PA | 7), -EPERM);
    CHECK_EQ(store(&vm, 4096, RAM_PA | 7), -EPERM);
    CHECK_EQ(store(&vm, -(uint64_t)8, RAM_PA | 7), -EPERM);
    CHECK_EQ(store(&vm, 4, RAM_PA | 7), -EPERM); /* across two entries */
}

TEST(refuses_other_flags_and_lengths)
{
    struct vm vm = machine();
    uint32_t half = 7;

    for (unsigned bit = 0; bit < 64; bit++) {
        bool is_address = bit >= 12 && bit < 52;

        if (!is_address && bit != 5)
            CHECK_EQ(store(&vm, 0, (RAM_PA | 7) ^ 1ull << bit), -EPERM);
    }
    CHECK_EQ(arch_fixed_write(&vm, VM_FIXED_PA, &half, 4), -EPERM);
    CHECK_EQ(fixed[0], 0);
}

TEST(refuses_tables_outside_of_ram)
{
    struct vm vm = machine();

    CHECK_EQ(store(&vm, 0, VM_FIXED_PA | 7), -EPERM);
    CHECK_EQ(store(&vm, 0, (RAM_PA - 4096) | 7), -EPERM);
    CHECK_EQ(store(&vm, 0, (RAM_PA + RAM_LEN) | 7), -EPERM);
    CHECK_EQ(store(&vm, 0, (RAM_PA + RAM_LEN - 4096) | 7), 0);
}

TEST(translates_small_and_large_pages)
{
    struct vm vm = machine();
    gpa_t gpa = 0;

    fixed[0] = RAM_PA | 7;
    ram[0] = (RAM_PA + 4096) | 7;       /* PDPT[0] -> PD */
    ram[512] = 0x40000000 | 0x87;       /* PD[0]: 2 MiB */
    ram[513] = (RAM_PA + 2 * 4096) | 7; /* PD[1] -> PT */
    ram[1024 + 3] = 0x12345000 | 1;     /* PT[3] */
    ram[1] = 0x80000000 | 0x87;         /* PDPT[1]: 1 GiB */
    CHECK_EQ(arch_translate(&vm, VM_FIXED_PA, 0x1abcde, &gpa), 0);
    CHECK_EQ(gpa, 0x401abcde);
    CHECK_EQ(arch_translate(&vm, VM_FIXED_PA, 0x203123, &gpa), 0);
    CHECK_EQ(gpa, 0x12345123);
    CHECK_EQ(arch_translate(&vm, VM_FIXED_PA, 0x41234567, &gpa), 0);
    CHECK_EQ(gpa, 0x81234567);
    CHECK_EQ(arch_translate(&vm, VM_FIXED_PA, 0x204000, &gpa), -EFAULT);
    CHECK_EQ(arch_translate(&vm, 0x123456789000, 0, &gpa), -EFAULT);
}
