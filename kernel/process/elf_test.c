/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf_test.c - the ELF loader on headers made by hand.
 *
 * Method: a PIE of two segments as ld makes it (text; data with bss) is loaded
 * into a fake space that remembers the mappings; then each field is spoilt in
 * turn and must be refused with the right error and a reason.
 */
/* unit: kernel/process/elf.c kernel/core/printf.c */
/* unit-flags: -Dsnprintf=kernel_snprintf -Dvsnprintf=kernel_vsnprintf */
#include "tests/unit.h"

#include "tests/fuzz/elf_fake.h"

#define PHDR_MAX 4u
#define BASE     0x555555554000ul

static struct {
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr[PHDR_MAX];
    char interp[64];
    uint8_t rest[0x4000];
} image;

static struct elf e;
static struct elf_place place;

static void make_image(void)
{
    memset(&image, 0, sizeof(image));
    memcpy(image.ehdr.e_ident, ELFMAG, SELFMAG);
    image.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
    image.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
    image.ehdr.e_type = ET_DYN;
    image.ehdr.e_machine = EM_X86_64;
    image.ehdr.e_entry = 0x1040;
    image.ehdr.e_phoff = sizeof(Elf64_Ehdr);
    image.ehdr.e_phentsize = sizeof(Elf64_Phdr);
    image.ehdr.e_phnum = 2;
    image.phdr[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
                                  .p_flags = PF_R | PF_X,
                                  .p_filesz = 0x1800,
                                  .p_memsz = 0x1800,
                                  .p_align = 0x1000 };
    image.phdr[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
                                  .p_flags = PF_R | PF_W,
                                  .p_offset = 0x2e10,
                                  .p_vaddr = 0x3e10,
                                  .p_filesz = 0x220,
                                  .p_memsz = 0x3000,
                                  .p_align = 0x1000 };
    image.phdr[2] =
        (Elf64_Phdr){ .p_type = PT_INTERP,
                      .p_offset = offsetof(__typeof__(image), interp),
                      .p_filesz = 8 };
    strcpy(image.interp, "/lib/ld");
}

static int open_image(size_t len)
{
    fake_open((const uint8_t *)&image, len);
    return elf_open(&e, &fake_file, &image, MIN(len, ELF_HEAD_LEN));
}

static int load(uaddr_t base)
{
    int err = open_image(sizeof(image));

    if (err == 0)
        err = elf_map(&e, NULL, base, &place);
    elf_close(&e);
    return err;
}

TEST(a_pie_is_mapped_as_linux_does)
{
    make_image();
    REQUIRE(load(BASE) == 0);
    CHECK_EQ(place.bias, BASE);
    CHECK_EQ(place.entry, BASE + 0x1040);
    CHECK_EQ(place.phdr, BASE + sizeof(Elf64_Ehdr));
    CHECK_EQ(place.end, BASE + 0x7000);
    CHECK_EQ(fake_map_count, 3);
    CHECK_EQ(fake_maps[0].start, BASE);
    CHECK_EQ(fake_maps[0].len, 0x2000);
    CHECK_EQ(fake_maps[0].prot, PROT_READ | PROT_EXEC);
    CHECK_EQ(fake_maps[1].start, BASE + 0x3000);
    CHECK_EQ(fake_maps[1].len, 0x2000);
    CHECK_EQ(fake_maps[1].off, 0x2000);
    CHECK_EQ(fake_maps[1].prot, PROT_READ | PROT_WRITE);
    CHECK_EQ(fake_zero_start, BASE + 0x4030);
    CHECK_EQ(fake_zero_len, 0xfd0);
    CHECK_EQ(fake_maps[2].start, BASE + 0x5000);
    CHECK_EQ(fake_maps[2].len, 0x2000);
    CHECK(!fake_maps[2].is_file);
}

TEST(a_fixed_program_stays_where_it_is)
{
    make_image();
    image.ehdr.e_type = ET_EXEC;
    image.phdr[0].p_vaddr = 0x400000;
    image.phdr[1].p_vaddr = 0x403e10;
    image.ehdr.e_entry = 0x401040;
    REQUIRE(load(BASE) == 0);
    CHECK_EQ(place.bias, 0);
    CHECK_EQ(place.entry, 0x401040);
    CHECK_EQ(place.phdr, 0x400040);
    CHECK_EQ(fake_maps[0].start, 0x400000);
}

TEST(large_alignment_is_kept)
{
    make_image();
    image.phdr[1].p_align = 0x200000;
    REQUIRE(load(BASE) == 0);
    CHECK_EQ(place.bias % 0x200000, 0);
    CHECK(place.bias >= BASE);
    REQUIRE(load(0) == 0);
    CHECK_EQ(place.bias % 0x200000, 0);
    CHECK(place.bias >= FAKE_ROOM);
}

TEST(the_interpreter_goes_where_there_is_room)
{
    make_image();
    REQUIRE(load(0) == 0);
    CHECK_EQ(place.bias, FAKE_ROOM);
}

TEST(a_segment_of_zeros_only)
{
    make_image();
    image.phdr[1].p_filesz = 0;
    REQUIRE(load(BASE) == 0);
    CHECK_EQ(fake_map_count, 2);
    CHECK_EQ(fake_maps[1].start, BASE + 0x3000);
    CHECK_EQ(fake_maps[1].len, 0x4000);
    CHECK(!fake_maps[1].is_file);
}

TEST(headers_far_off_are_read)
{
    make_image();
    image.ehdr.e_phoff = 0x2000;
    memcpy((uint8_t *)&image + 0x2000, image.phdr, sizeof(image.phdr));
    memset(image.phdr, 0xff, sizeof(image.phdr));
    CHECK_EQ(load(BASE), 0);
    CHECK_EQ(place.phdr, 0); /* in no segment */
}

TEST(the_interpreter_is_named)
{
    char path[PATH_MAX];

    make_image();
    image.ehdr.e_phnum = 3;
    REQUIRE(open_image(sizeof(image)) == 0);
    CHECK(e.has_interp);
    CHECK_EQ(elf_interp(&e, path), 0);
    CHECK_STR_EQ(path, "/lib/ld");
    e.interp_len = 7; /* without its NUL */
    CHECK_EQ(elf_interp(&e, path), -ENOEXEC);
    e.interp_len = PATH_MAX + 1;
    CHECK_EQ(elf_interp(&e, path), -ENOEXEC);
    e.interp_len = 8;
    e.interp_off = sizeof(image) - 4;
    CHECK_EQ(elf_interp(&e, path), -ENOEXEC);
}

/* Spoil one field, expect one error, and some reason. */
#define SPOILT(field, value, err)                 \
    do {                                          \
        make_image();                             \
        field = value;                            \
        CHECK_EQ(open_image(sizeof(image)), err); \
        CHECK(e.why != NULL);                     \
        elf_close(&e);                            \
    } while (0)

TEST(spoilt_headers)
{
    SPOILT(image.ehdr.e_ident[0], 'X', -ENOEXEC);
    SPOILT(image.ehdr.e_ident[EI_CLASS], ELFCLASS32, -ENOEXEC);
    SPOILT(image.ehdr.e_ident[EI_DATA], ELFDATA2MSB, -ENOEXEC);
    SPOILT(image.ehdr.e_machine, 183, -ENOEXEC);
    CHECK(strstr(e.why, "183") != NULL);
    SPOILT(image.ehdr.e_type, ET_REL, -ENOEXEC);
    SPOILT(image.ehdr.e_phnum, 0, -ENOEXEC);
    SPOILT(image.ehdr.e_phnum, 1171, -ENOEXEC);
    SPOILT(image.ehdr.e_phentsize, 32, -ENOEXEC);
    SPOILT(image.ehdr.e_phoff, UINT64_MAX, -ENOEXEC);
    SPOILT(image.ehdr.e_phoff, sizeof(image), -ENOEXEC);
    SPOILT(image.ehdr.e_entry, ARCH_USER_MAX, -EINVAL);
}

TEST(spoilt_segments)
{
    SPOILT(image.phdr[0].p_filesz, 0x1801, -EINVAL);
    SPOILT(image.phdr[0].p_memsz, UINT64_MAX, -EINVAL);
    SPOILT(image.phdr[1].p_vaddr, UINT64_MAX - 0x11ef, -EINVAL);
    SPOILT(image.phdr[1].p_vaddr, 0x3e11, -EINVAL);
    SPOILT(image.phdr[1].p_offset, UINT64_MAX - 0x11ef, -ENOEXEC);
    SPOILT(image.phdr[1].p_offset, 0x7fffe10, -ENOEXEC);
    SPOILT(image.phdr[1].p_align, 1ul << 40, -EINVAL);
    SPOILT(image.ehdr.e_type, ET_EXEC, -EPERM); /* at address 0 */
    make_image();
    image.phdr[0].p_type = image.phdr[1].p_type = PT_NOTE;
    CHECK_EQ(open_image(sizeof(image)), -EINVAL);
}

TEST(every_truncation_is_refused)
{
    make_image();
    for (size_t len = 0; len < 0x3030; len++) {
        int err = open_image(len);

        CHECK_EQ(err, -ENOEXEC);
        elf_close(&e);
    }
    CHECK_EQ(open_image(0x3030), 0);
}
