/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image_fuzz.c - any bytes as an image: refused, or every segment lies inside
 * the file, and its configuration and symbols read without going astray.
 *
 * The first bytes are laid over a good image at places that the input chooses,
 * so that the checks behind the first one are reached too.
 */
/* unit: image/read.c image/runconfig.c image/symbols.c host/fault.c
 * host/file.c host/memory.c */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/config.h"
#include "host/fault.h"
#include "image/image.h"
#include "image/runconfig.h"
#include "image/symbols.h"

#define PAGE      4096u
#define FILE_LEN  (7 * PAGE)
#define PATCH_LEN 10u /* offset of 2 bytes, then 8 bytes to put there */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[10];
    uint32_t note[5];
} first;

static void load_set(unsigned i, uint32_t flags, uint64_t page, uint64_t pa,
                     uint64_t pages)
{
    first.ph[i] = (Elf64_Phdr){ .p_type = PT_LOAD,
                                .p_flags = flags,
                                .p_offset = page * PAGE,
                                .p_vaddr = i < 2 ? pa - KERNEL_PA : pa,
                                .p_paddr = pa,
                                .p_filesz = pages * PAGE,
                                .p_memsz = pages * PAGE,
                                .p_align = PAGE };
}

/* One page of text, of data, of root and of configuration; once more, low. */
static void good_make(uint8_t *file)
{
    static const uint32_t note[5] = { 4, 4, 18, 0x6e6558,
                                      KERNEL_LOW_END + 0x400 };
    const uint32_t erofs = 0xe0f5e1e2;
    const struct config_header config = { CONFIG_MAGIC, CONFIG_VERSION, 32, 1 };
    const struct config_record record = { CONFIG_EXE, 2 };
    struct kernel_header h = { .magic = KERNEL_MAGIC,
                               .abi = KERNEL_ABI,
                               .text_len = PAGE,
                               .data_off = PAGE,
                               .data_file_len = PAGE,
                               .total_len = 2 * PAGE,
                               .percpu = PAGE,
                               .stacks = PAGE,
                               .boot_stack = 2 * PAGE,
                               .root_pa = KERNEL_PA + 2 * PAGE,
                               .root_len = PAGE,
                               .config_pa = KERNEL_PA + 3 * PAGE,
                               .config_len = 32 };

    memcpy(first.eh.e_ident, ELFMAG "\2\1\1", 7);
    first.eh.e_type = ET_EXEC;
    first.eh.e_machine = EM_X86_64;
    first.eh.e_phoff = sizeof(first.eh);
    first.eh.e_phentsize = sizeof(Elf64_Phdr);
    first.eh.e_phnum = 10;
    first.eh.e_shoff = 5 * PAGE;
    first.eh.e_shentsize = sizeof(Elf64_Shdr);
    first.eh.e_shnum = 4;
    load_set(0, PF_R | PF_X, 1, KERNEL_PA, 1);
    load_set(1, PF_R | PF_W, 2, KERNEL_PA + PAGE, 1);
    load_set(2, PF_R, 3, KERNEL_PA + 2 * PAGE, 1);
    load_set(3, PF_R, 4, KERNEL_PA + 3 * PAGE, 1);
    load_set(4, PF_R | PF_X, 1, KERNEL_LOW_END, 1);
    for (unsigned i = 0; i < 4; i++)
        load_set(5 + i, first.ph[i].p_flags, 1 + i, KERNEL_LOW_PA + i * PAGE,
                 1);
    first.ph[9] = (Elf64_Phdr){ .p_type = PT_NOTE,
                                .p_offset = sizeof(first.eh) + sizeof(first.ph),
                                .p_filesz = sizeof(note) };
    memcpy(first.note, note, sizeof(note));
    memcpy(file, &first, sizeof(first));
    memcpy(file + PAGE + KERNEL_HEADER_OFF, &h, sizeof(h));
    memcpy(file + 3 * PAGE + 1024, &erofs, sizeof(erofs));
    memcpy(file + 4 * PAGE, &config, sizeof(config));
    memcpy(file + 4 * PAGE + 16, &record, sizeof(record));
    memcpy(file + 4 * PAGE + 24, "/x", 2);
    ((Elf64_Shdr *)(file + 5 * PAGE))[1] =
        (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
                      .sh_offset = 5 * PAGE + 1024,
                      .sh_size = 10 * sizeof(Elf64_Sym),
                      .sh_link = 2 };
    ((Elf64_Shdr *)(file + 5 * PAGE))[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
                                                         .sh_offset = 6 * PAGE,
                                                         .sh_size = 64 };
}

static void inside(const struct image *img, uint64_t off, uint64_t len)
{
    if (off > img->file_len || len > img->file_len - off)
        abort();
}

static void segment_check(const struct image *img,
                          const struct image_segment *seg)
{
    inside(img, seg->off, seg->file_len);
    if (seg->pa % PAGE != 0 || seg->mem_len < seg->file_len)
        abort();
}

/* Nothing is mapped that lies beyond the end of the file by a page. */
static void mapped_check(const struct image *img,
                         const struct image_segment *seg)
{
    segment_check(img, seg);
    if (seg->off % PAGE != 0 || seg->mem_len - seg->file_len >= PAGE)
        abort();
}

static void image_use(struct image *img)
{
    struct run_config rc = { 0 };
    struct fault fault;
    struct symbols symbols;
    uint64_t within;
    void *config;

    mapped_check(img, &img->text);
    segment_check(img, &img->data);
    mapped_check(img, &img->root);
    segment_check(img, &img->config);
    inside(img, img->symtab_off, img->symtab_len);
    inside(img, img->strtab_off, img->strtab_len);
    symbols_load(img, &symbols);
    symbols_find(&symbols, 0x400, &within);
    symbols_fini(&symbols);
    if (img->header.config_len > img->config.file_len)
        abort();
    config = malloc(img->header.config_len + 1);
    if (pread(img->fd, config, img->header.config_len,
              (off_t)img->config.off) == (ssize_t)img->header.config_len &&
        run_config_decode(config, img->header.config_len, &rc, &fault) == 0)
        run_config_fini(&rc);
    free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t file[FILE_LEN];
    static struct fault fault;
    struct image img;
    bool is_good = len == 1 && data[0] == 0;
    int fd = memfd_create("fuzz", 0);

    memset(file, 0, sizeof(file));
    good_make(file);
    if (len % 2 == 0) { /* all of it is the input's */
        (void)!write(fd, data, len);
    } else {
        for (; len > PATCH_LEN; data += PATCH_LEN, len -= PATCH_LEN) {
            size_t at = (size_t)(data[0] | data[1] << 8) % (FILE_LEN - 8);

            memcpy(file + at, data + 2, 8);
        }
        (void)!write(fd, file,
                     len == 1 || data[0] == 0 ? FILE_LEN
                                              : (size_t)data[0] * 100);
    }
    (void)image_recognise(fd);
    if (image_open_fd_take(fd, "fuzz", &img, &fault) == 0) {
        image_use(&img);
        image_close(&img);
    } else if (is_good) {
        abort(); /* the good image itself */
    } else if (fault.err == 0 || fault.text[0] == '\0') {
        abort();
    }
    return 0;
}
