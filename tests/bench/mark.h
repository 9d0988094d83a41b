/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mark.h - marks in a guest program, for the plugin icount.c to see.
 *
 * What:      MARK(id) is one instruction, `mov $number, %eax`; id is a
 *            constant below 256. It costs one instruction and changes eax.
 */
#ifndef TESTS_BENCH_MARK_H
#define TESTS_BENCH_MARK_H

#define MARK_MAGIC 0x5ea4a700u
#define MARK_MASK  0xffffff00u

#define MARK(id)                                     \
    __asm__ volatile("movl %0, %%eax"                \
                     :                               \
                     : "i"((int)(MARK_MAGIC + (id))) \
                     : "eax", "memory")

#endif
