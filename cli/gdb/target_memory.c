/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target_memory.c - memory and breakpoints.
 *
 * What is present is read from outside. All else, and every change, is the
 * kernel's to do, which knows what a page is and makes private copies.
 * Rewritten calls and breakpoints are not seen.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/gdb/target.h"
#include "cli/gdb/target_link.h"
#include "host/fault.h"
#include "host/memory.h"

#define PAGE_LEN 4096u
#define VA_END   (1ull << 47)

static void hide_breaks(const struct target *t, uint64_t va, uint8_t *data,
                        size_t len)
{
    size_t i;

    for (i = 0; i < t->break_count; i++)
        if (!t->brk[i].is_due && t->brk[i].va - va < len)
            data[t->brk[i].va - va] = t->brk[i].old;
}

/* One page's part. */
static int read_part(struct target *t, uint64_t va, uint8_t *data, size_t len,
                     struct fault *fault)
{
    int err = inside_read(&t->core.in, va, data, len, fault);

    while (err == -EFAULT && len > 0 && va < VA_END) {
        size_t part = len < DEBUG_DATA_MAX ? len : DEBUG_DATA_MAX;

        err = target_command(
            t, &(struct target_command){ DEBUG_READ, va, part, NULL }, fault);
        if (err)
            return err;
        memcpy(data, t->control.data, part);
        data += part;
        va += part;
        len -= part;
        err = len > 0 ? -EFAULT : 0;
    }
    return err;
}

/* Where a thread in a call comes back to, as the program has it. */
static void show_returns(struct target *t, uint64_t va, uint8_t *data,
                         size_t len)
{
    size_t i;

    for (i = 0; i + sizeof(uint64_t) <= len; i += sizeof(uint64_t)) {
        uint64_t word;

        if ((va + i) % sizeof(uint64_t) != 0)
            continue;
        memcpy(&word, data + i, sizeof(word));
        if (word == 0 || word >= VA_END)
            continue;
        word = core_linux_rip(&t->core, word);
        memcpy(data + i, &word, sizeof(word));
    }
}

int target_read(struct target *t, uint64_t va, void *data, size_t len,
                struct fault *fault)
{
    uint8_t *at = data;
    int err = target_threads(t, fault);

    while (err == 0 && len > 0) {
        size_t part = PAGE_LEN - va % PAGE_LEN;

        part = part < len ? part : len;
        err = read_part(t, va, at, part, fault);
        if (err)
            break;
        if (va < VA_END)
            core_sites_restore(&t->core, va, at, part);
        else if (t->shows_kernel || t->in_kernel)
            show_returns(t, va, at, part);
        hide_breaks(t, va, at, part);
        at += part;
        va += part;
        len -= part;
    }
    return err;
}

static struct target_break *break_find(struct target *t, uint64_t va)
{
    size_t i;

    for (i = 0; i < t->break_count; i++)
        if (t->brk[i].va == va)
            return &t->brk[i];
    return NULL;
}

static int program_break_set(struct target *t, uint64_t va, uint8_t *old_out,
                             struct fault *fault)
{
    int err = target_read(t, va, old_out, 1, fault);

    return err ? err
               : target_command(
                     t,
                     &(struct target_command){ DEBUG_BREAK_SET, va, 0, NULL },
                     fault);
}

int target_break_set(struct target *t, uint64_t va, struct fault *fault)
{
    struct target_break b = { .va = va }, *was = break_find(t, va);
    int err;

    if (was) {
        was->is_unwanted = false;
        return 0;
    }
    if (t->break_count == TARGET_BREAK_MAX)
        return fault_set(fault, ENOSPC, "there are %u breakpoints already",
                         TARGET_BREAK_MAX);
    b.is_due = t->in_kernel && va < VA_END;
    if (b.is_due)
        err = 0;
    else if (target_is_kernel(t, va))
        err = target_kernel_break_set(t, va, &b.old, fault);
    else if (va >= VA_END)
        err = fault_set(fault, EFAULT, "nothing runs at 0x%llx",
                        (unsigned long long)va);
    else
        err = program_break_set(t, va, &b.old, fault);
    if (err)
        return err;
    t->has_sites = false;
    t->brk = mem_resize(t->brk, (t->break_count + 1) * sizeof(t->brk[0]));
    t->brk[t->break_count++] = b;
    return 0;
}

int target_break_clear(struct target *t, uint64_t va, struct fault *fault)
{
    struct target_break *b = break_find(t, va);
    int err;

    if (!b)
        return 0;
    if (t->in_kernel && !b->is_due && !target_is_kernel(t, va)) {
        b->is_unwanted = true;
        return 0;
    }
    if (b->is_due)
        err = 0;
    else if (target_is_kernel(t, va))
        err = target_kernel_break_clear(t, b, fault);
    else
        err = target_command(
            t, &(struct target_command){ DEBUG_BREAK_CLEAR, va, 0, NULL },
            fault);
    if (err == 0 || err == -ENOENT)
        *b = t->brk[--t->break_count];
    return err == -ENOENT ? 0 : err;
}

bool target_break_is_unwanted(struct target *t, uint64_t va)
{
    const struct target_break *b = break_find(t, va);

    return b && b->is_unwanted;
}

bool target_break_is_due(const struct target *t)
{
    size_t i;

    for (i = 0; i < t->break_count; i++)
        if (t->brk[i].is_due)
            return true;
    return false;
}

/* One at a time, since the last takes the place of one that goes. */
static bool settle_one(struct target *t, struct target_break *b)
{
    static struct fault fault;
    uint64_t va = b->va;
    int err = 0;

    if (b->is_unwanted)
        return target_break_clear(t, va, &fault) == 0;
    if (!b->is_due)
        return false;
    err = program_break_set(t, va, &b->old, &fault);
    b->is_due = false;
    if (err == 0)
        return true;
    fprintf(stderr, "samara: no breakpoint is at 0x%llx: %s\n",
            (unsigned long long)va, fault.text);
    *b = t->brk[--t->break_count];
    return true;
}

void target_break_settle(struct target *t)
{
    size_t i;

    for (i = 0; !t->in_kernel && i < t->break_count; i++)
        if (settle_one(t, &t->brk[i]))
            i = SIZE_MAX; /* from the first again */
}

/* Without breakpoints in what is written: they would be overwritten, and come
 * back as what was there before. */
static int write_part(struct target *t, uint64_t va, const uint8_t *data,
                      size_t len, struct fault *fault)
{
    uint64_t again[DEBUG_DATA_MAX];
    size_t i, count = 0;
    int err = 0;

    for (i = 0; err == 0 && i < t->break_count;) {
        uint64_t at = t->brk[i].va;

        if (at - va >= len) {
            i++;
            continue;
        }
        again[count++] = at;
        err = target_break_clear(t, at, fault);
    }
    if (err == 0)
        err = target_command(
            t, &(struct target_command){ DEBUG_WRITE, va, len, data }, fault);
    for (i = 0; err == 0 && i < count; i++)
        err = target_break_set(t, again[i], fault);
    t->has_sites = false;
    return err;
}

int target_write(struct target *t, uint64_t va, const void *data, size_t len,
                 struct fault *fault)
{
    const uint8_t *at = data;
    int err = 0;

    if (va >= VA_END || len > VA_END - va)
        return fault_set(fault, EFAULT, "0x%llx is not the program's",
                         (unsigned long long)va);
    while (err == 0 && len > 0) {
        size_t part = len < DEBUG_DATA_MAX ? len : DEBUG_DATA_MAX;

        err = write_part(t, va, at, part, fault);
        at += part;
        va += part;
        len -= part;
    }
    return err;
}
