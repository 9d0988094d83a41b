/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_fuzz.c - what a guest may have in its memory when a core file is made.
 *
 * The input is that memory, again and again from address 0 on; registers come
 * from there as well. The whole file is made of it.
 */
/* unit: cli/core_edges.c cli/core_file.c cli/core_memory.c
 * cli/core_notes.c cli/core_regs.c cli/core_sites.c cli/frames.c
 * host/fault.c host/file.c host/memory.c */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/inside_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct core c;
    struct fault fault;
    int fd = memfd_create("core", MFD_CLOEXEC);

    if (fd < 0)
        return 0;
    fake_core(&c, data, len);
    if (core_gather(&c, &fault) == 0)
        (void)core_write(&c, fd, "core", &fault);
    core_fini(&c);
    close(fd);
    return 0;
}
