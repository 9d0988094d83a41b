/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * program_fuzz.c - any bytes as the program that the command is to pack: its
 * ELF reader refuses them or gives names; and as a #! line.
 */
/* unit: cli/elf.c cli/script.c host/fault.c host/file.c host/memory.c
 * host/path.c */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/elf.h"
#include "cli/script.h"
#include "host/fault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fault fault;
    struct list words = { 0 };
    struct elf elf;
    char path[64];
    int fd = memfd_create("fuzz", 0);

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    (void)!write(fd, data, len);
    fault.err = 0;
    if (elf_read(path, &elf, &fault) == 0)
        elf_fini(&elf);
    else if (fault.err == 0)
        abort();
    if (script_read(path, &words) && words.count == 0)
        abort();
    list_fini(&words);
    close(fd);
    return 0;
}
