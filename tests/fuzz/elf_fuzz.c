/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf_fuzz.c - any bytes as a program: refused with a reason, or mapped inside
 * the program's half, from inside the file.
 */
/* unit: kernel/process/elf.c kernel/core/printf.c */
/* unit-flags: -Dsnprintf=kernel_snprintf -Dvsnprintf=kernel_vsnprintf */
#include "tests/fuzz/elf_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_maps(const struct elf_place *place)
{
    for (unsigned i = 0; i < fake_map_count; i++) {
        const struct fake_map *m = &fake_maps[i];

        if (m->start + m->len > ARCH_USER_MAX || m->start < ARCH_USER_MIN)
            abort();
        if (m->is_file && m->off >= fake_len)
            abort();
        if (m->start + m->len > place->end)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t head[ELF_HEAD_LEN] __attribute__((aligned(8)));
    static char path[PATH_MAX];
    size_t head_len = MIN(len, sizeof(head));
    struct elf_place place;
    struct elf e;
    int err;

    fake_open(data, len);
    memcpy(head, data, head_len);
    err = elf_open(&e, &fake_file, head, head_len);
    if (err == 0 && e.has_interp) {
        err = elf_interp(&e, path);
        if (err == 0 && strlen(path) >= sizeof(path))
            abort();
    }
    if (err == 0) {
        /* As a program, then as an interpreter. */
        if (elf_map(&e, NULL, 0x555555554000, &place) == 0)
            check_maps(&place);
        else if (!e.why)
            abort();
        e.why = NULL;
        fake_map_count = 0;
        if (elf_map(&e, NULL, 0, &place) == 0)
            check_maps(&place);
    } else if (!e.why) {
        abort();
    }
    elf_close(&e);
    return 0;
}
