/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_fuzz.c - the monitor's way from an image file to a guest's memory.
 *
 * The input lies over a sound image's first two pages: ELF headers and the
 * kernel's own header. What image_open() lets pass, boot_prepare() must lay
 * out without leaving the memory that it mapped. KVM is left out.
 */
/* unit: monitor/gmem.c monitor/boot.c abi/cpu_tables.c image/read.c
 * host/fault.c host/file.c host/memory.c */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/monitor_net.h"
#include "host/fault.h"
#include "monitor/arch/arch.h"
#include "monitor/boot.h"
#include "monitor/check.h"
#include "monitor/devices/net.h"

#define RAM_LEN   (4ull << 20)
#define PAGE      4096u
#define TEXT_LEN  0x2000u
#define TOTAL_LEN 0xa000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

void check_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

static struct {
    void *host;
    uint64_t len;
} slots[GMEM_RANGE_MAX];

bool arch_host_walks(void)
{
    return false;
}

int vm_add_slot(struct vm *vm, gpa_t gpa, uint64_t len, void *host,
                enum vm_slot_kind kind, struct fault *fault)
{
    (void)fault;
    if (gpa % PAGE != 0 || len % PAGE != 0 || len == 0)
        abort(); /* KVM would refuse it */
    slots[vm->slot_count].host = host;
    slots[vm->slot_count].len = len;
    vm->slot_count++;
    gmem_add(&vm->mem, gpa, len, host, kind == VM_SLOT_RAM);
    return 0;
}

/* The device is not there; its record must be memory all the same. */
void net_fill_record(struct monitor_net *record, const uint8_t mac[6])
{
    memset(record, mac[0], sizeof(*record));
}

static void sound_image(uint8_t *image)
{
    Elf64_Ehdr eh = { .e_ident = ELFMAG "\2\1\1",
                      .e_type = ET_EXEC,
                      .e_machine = EM_X86_64,
                      .e_version = 1,
                      .e_phoff = sizeof(eh),
                      .e_ehsize = sizeof(eh),
                      .e_phentsize = sizeof(Elf64_Phdr),
                      .e_phnum = 3 };
    Elf64_Phdr ph[3] = {
        { PT_LOAD, PF_R | PF_X, PAGE, 0, KERNEL_PA, TEXT_LEN, TEXT_LEN, PAGE },
        { PT_LOAD, PF_R | PF_W, PAGE + TEXT_LEN, TEXT_LEN, KERNEL_PA + TEXT_LEN,
          8, TOTAL_LEN - TEXT_LEN, PAGE },
        { PT_NOTE, PF_R, sizeof(eh) + sizeof(ph), 0, 0, 20, 20, 4 },
    };
    uint32_t note[5] = { 4, 4, 18, 0x006e6558, KERNEL_PA };
    struct kernel_header k = {
        .magic = KERNEL_MAGIC,
        .abi = KERNEL_ABI,
        .text_len = TEXT_LEN,
        .data_off = TEXT_LEN,
        .data_file_len = 8,
        .total_len = TOTAL_LEN,
        .entry = 0x80,
        .stub_off = PAGE,
        .syscall_entry = 0x800,
        .fault_entry = 0x800,
        .vectors = 0x800,
        .percpu = TEXT_LEN,
        .stacks = TEXT_LEN + PAGE,
        .stack_len = 1024,
        .boot_stack = TEXT_LEN + 2 * PAGE,
    };

    memcpy(image, &eh, sizeof(eh));
    memcpy(image + sizeof(eh), ph, sizeof(ph));
    memcpy(image + sizeof(eh) + sizeof(ph), note, sizeof(note));
    memcpy(image + PAGE + KERNEL_HEADER_OFF, &k, sizeof(k));
}

/* Input: patches of a little-endian offset in the first two pages and four
 * bytes to store there. */
static void patch(uint8_t *image, const uint8_t *data, size_t len)
{
    for (; len >= 6; data += 6, len -= 6) {
        size_t at = (size_t)(data[0] | data[1] << 8) % (2 * PAGE - 4);

        memcpy(image + at, data + 2, 4);
    }
}

static int boot(int fd)
{
    static struct fault fault;
    struct boot_options options = { .ram_len = RAM_LEN, .config_fd = -1 };
    struct vm vm = { .tsc_khz = 1000000, .cpu_count = 2 };

    int err = image_open_fd_take(fd, "fuzz", &vm.image, &fault);

    if (err)
        return err;
    err = boot_prepare(&vm, &options, &fault);
    for (unsigned i = 0; i < vm.slot_count; i++)
        munmap(slots[i].host, slots[i].len);
    image_close(&vm.image);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t image[PAGE + TEXT_LEN + PAGE];
    int fd = memfd_create("image", MFD_CLOEXEC);

    memset(image, 0, sizeof(image));
    sound_image(image);
    patch(image, data, len);
    if (fd < 0 || write(fd, image, sizeof(image)) != (ssize_t)sizeof(image))
        abort();
    if (boot(fd) != 0 && len == 0)
        abort(); /* the image without patches is sound */
    return 0;
}
