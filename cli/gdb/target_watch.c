/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target_watch.c - watchpoints, by the CPU's debug registers: Intel SDM 3B,
 * 17.2. Each covers 1, 2, 4 or 8 bytes at a multiple of that.
 */
#include <errno.h>
#include <string.h>

#include "cli/gdb/target.h"
#include "cli/gdb/target_link.h"
#include "cli/inside.h"
#include "host/fault.h"

#define REG_COUNT 4u
#define FIELD(n)  (16 + 4 * (n))
#define ENABLE(n) (3ull << 2 * (n))
#define WRITES    1ull
#define ACCESSES  3ull
#define VA_END    (1ull << 47)

static bool is_used(const struct control_watch *w, unsigned n)
{
    return (w->control & ENABLE(n)) != 0;
}

/* DR7's field of a register: what stops, and how many bytes. */
static uint64_t field_of(uint64_t len, enum target_watch_kind kind)
{
    uint64_t code = len == 8 ? 2 : len - 1;

    return (kind == TARGET_WRITES ? WRITES : ACCESSES) | code << 2;
}

static uint64_t field_get(const struct control_watch *w, unsigned n)
{
    return w->control >> FIELD(n) & 15;
}

/* The largest piece that a register can cover. */
static uint64_t piece_len(uint64_t va, uint64_t len)
{
    uint64_t piece = 8;

    while (piece > len || va % piece != 0)
        piece /= 2;
    return piece;
}

static bool piece_add(struct target *t, const struct target_watch *piece)
{
    unsigned n;

    for (n = 0; n < REG_COUNT; n++) {
        if (is_used(&t->watch, n))
            continue;
        t->watch.address[n] = piece->va;
        t->watch.control |= ENABLE(n) | field_of(piece->len, piece->kind)
                                            << FIELD(n);
        t->watch_kind[n] = (uint8_t)piece->kind;
        return true;
    }
    return false;
}

static bool piece_remove(struct target *t, const struct target_watch *piece)
{
    uint64_t field = field_of(piece->len, piece->kind);
    unsigned n;

    for (n = 0; n < REG_COUNT; n++) {
        if (!is_used(&t->watch, n) || t->watch.address[n] != piece->va ||
            field_get(&t->watch, n) != field || t->watch_kind[n] != piece->kind)
            continue;
        t->watch.control &= ~(ENABLE(n) | 15ull << FIELD(n));
        t->watch.address[n] = 0;
        break;
    }
    return true;
}

/* ---- by steps ---- */

int target_watch_arm(struct target *t, struct fault *fault)
{
    unsigned n;
    int err = 0;

    t->control.soft_count = 0;
    t->control.soft_hits = 0;
    for (n = 0; t->is_soft && err == 0 && n < REG_COUNT; n++) {
        struct debug_soft *soft = &t->control.soft[t->control.soft_count];
        uint64_t code = field_get(&t->watch, n) >> 2;

        if (!is_used(&t->watch, n))
            continue;
        *soft = (struct debug_soft){ .va = t->watch.address[n],
                                     .len = code == 2 ? 8 : code + 1 };
        err = target_read(t, soft->va, soft->old, soft->len, fault);
        t->control.soft_count++;
    }
    return err;
}

/* Which register stands for the first that has changed. */
static bool soft_hit(const struct target *t, uint64_t *va_out)
{
    unsigned n;

    for (n = 0; n < t->control.soft_count; n++) {
        if (!(t->control.soft_hits >> n & 1))
            continue;
        *va_out = t->control.soft[n].va;
        return true;
    }
    return false;
}

/* Not all hosts have debug registers that do anything. Have the kernel write to
 * what one watches, and see. */
static int probe(struct target *t, struct fault *fault)
{
    struct control_watch w = {
        .address[0] = t->control_va + offsetof(struct debug_control, data)
    };
    struct control_regs regs;
    int err;

    if (t->is_probed)
        return 0;
    err = target_threads(t, fault);
    if (err == 0 && t->core.process.thread_count == 0)
        err = fault_set(fault, ESRCH, "there is no thread");
    if (err == 0)
        err = core_regs(&t->core, &t->core.process.thread[0], &regs, fault);
    w.control = ENABLE(0) | field_of(8, TARGET_WRITES) << FIELD(0);
    if (err == 0)
        err = inside_watch(&t->core.in, &w, fault);
    if (err == -ENOTSUP) { /* QEMU has no way to set them */
        t->is_soft = t->is_probed = true;
        return 0;
    }
    if (err)
        return err;
    t->control.was_hit = 0;
    err = target_command(
        t, &(struct target_command){ DEBUG_READ, regs.rsp & ~15ull, 8, NULL },
        fault);
    t->is_soft = t->control.was_hit == 0;
    t->control.was_hit = 0;
    t->is_probed = err == 0;
    return err;
}

static int pieces(struct target *t, const struct target_watch *w, bool is_set,
                  struct fault *fault)
{
    struct target_watch piece = *w;
    uint64_t end = w->va + w->len;

    for (; piece.va < end; piece.va += piece.len) {
        piece.len = piece_len(piece.va, end - piece.va);
        if (!(is_set ? piece_add(t, &piece) : piece_remove(t, &piece)))
            return fault_set(fault, ENOSPC,
                             "the CPU can watch %u words of 8 bytes at once",
                             REG_COUNT);
    }
    return 0;
}

int target_watch(struct target *t, const struct target_watch *w, bool is_set,
                 struct fault *fault)
{
    struct control_watch was = t->watch;
    int err = probe(t, fault);

    if (err)
        return err;
    if (t->is_soft && w->kind != TARGET_WRITES)
        return fault_set(fault, ENOTSUP,
                         "the guest '%s' has no debug registers that do "
                         "anything, so what is read cannot be watched (rwatch, "
                         "awatch); what is written can (watch)",
                         t->core.in.name);
    if (w->len == 0 || w->len > REG_COUNT * 8 || w->va >= VA_END)
        return fault_set(fault, ENOSPC, "too much to watch");
    err = pieces(t, w, is_set, fault);
    if (err == 0 && !t->is_soft)
        err = inside_watch(&t->core.in, &t->watch, fault);
    if (err)
        t->watch = was;
    t->control.is_watched = !t->is_soft && t->watch.control != 0;
    return err;
}

bool target_watch_hit(struct target *t, uint64_t *va_out,
                      enum target_watch_kind *kind_out)
{
    static struct fault ignored;
    unsigned n;

    *kind_out = TARGET_WRITES;
    if (t->control.soft_count > 0 &&
        inside_read(&t->core.in,
                    t->control_va + offsetof(struct debug_control, soft_hits),
                    &t->control.soft_hits, sizeof(t->control.soft_hits),
                    &ignored) == 0 &&
        soft_hit(t, va_out))
        return true;
    for (n = 0; n < REG_COUNT; n++) {
        if (!(t->hits >> n & 1) || !is_used(&t->watch, n))
            continue;
        *va_out = t->watch.address[n];
        *kind_out = t->watch_kind[n];
        return true;
    }
    return false;
}
