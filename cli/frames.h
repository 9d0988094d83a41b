/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.h - where the kernel's C code saved its caller's registers.
 *
 * What:      DWARF's call frame information (DWARF 5, 6.4) of kernel.elf, as
 *            far as a compiler makes it of C: no expressions, and no register
 *            kept in another one.
 * Ownership: frames_fini() unmaps the file.
 * Errors:    what is not understood is as what is not there: false.
 * Units:     pc is relative to the kernel's start.
 */
#ifndef CLI_FRAMES_H
#define CLI_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAMES_REG_COUNT 17u /* the psABI's numbers: figure 3.36 */
#define FRAMES_RBX       3u
#define FRAMES_RBP       6u
#define FRAMES_RSP       7u
#define FRAMES_R12       12u
#define FRAMES_RIP       16u /* where to return to */

struct frames {
    const uint8_t *data; /* .debug_frame; NULL: there is none */
    size_t len;
    void *file;
    size_t file_len;
};

struct frames_rules {
    unsigned base;     /* register; with base_off: the frame's end (CFA) */
    int64_t base_off;  /* bytes */
    uint32_t is_saved; /* bit n: register n lies at the frame's end + ... */
    int64_t off[FRAMES_REG_COUNT];
};

/* Of the kernel with this build-id, if it is the installed one. */
bool frames_open(struct frames *f, const uint8_t *build_id, size_t len);
void frames_fini(struct frames *f);

/* The rules that hold before the instruction at pc. */
bool frames_find(const struct frames *f, uint64_t pc, struct frames_rules *out);

#endif
