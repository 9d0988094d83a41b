/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot.h - lays out guest memory and fills what a kernel finds at its start.
 *
 * What:      from low to high: the fixed pages (read-only), the kernel's text
 *            (the image file, read-only), RAM (kernel data, bss, own pages,
 *            the page that holds hypercall page, bootinfo and configuration,
 *            free), and the root image (the file, read-only). What a boot
 *            touches lies side by side: the first touch of a page is the
 *            dearest thing in a boot.
 * Ownership: mappings live as long as the process.
 * Errors:    -errno and a fault that says what to do.
 */
#ifndef MONITOR_BOOT_H
#define MONITOR_BOOT_H

#include "monitor/vm.h"

struct boot_options {
    uint64_t ram_len;
    int config_fd;         /* -1: the image's default */
    const char *root_path; /* an EROFS file for a bare kernel; or NULL */
    bool is_debugged;      /* the program waits for a debugger */
};

/* vm->image is open. Adds all memory slots and fills each
 * CPU's state and page. */
MUST_CHECK int boot_prepare(struct vm *vm, const struct boot_options *options,
                            struct fault *fault);

#endif
