/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image.S - the vDSO's bytes, page-aligned: the program maps this very page.
 * What is left of it has constants of the kernel (link.ld), no secrets.
 */
    .section .rodata.vdso, "a"
    .balign 4096
    .globl vdso_image
    .hidden vdso_image
vdso_image:
    .incbin "vdso.so"
    .globl vdso_image_end
    .hidden vdso_image_end
vdso_image_end:

    .section .note.GNU-stack, "", @progbits
