/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rewrite.c - system calls become jumps (DESIGN D2).
 *
 * A `syscall` instruction that trapped twice is overwritten, with the bytes
 * behind it, by a 5-byte jump to a trampoline of its own:
 *
 *     site:  e9 d0 d1 d2 d3        jmp trampoline
 *     trampoline:
 *            lea post(%rip), %rcx  what `syscall` leaves in rcx
 *            jmp *page_start(%rip) the kernel's syscall_jump_entry
 *     post:  the instructions that the jump covered, moved
 *            jmp site + 2 + their length
 *
 * The CPU just executed the site, so the instructions behind it are decoded
 * from a known start: no guess. What remains is that other code may jump to
 * one of the covered bytes. Therefore the trampoline's address is chosen such
 * that the displacement bytes at those places are opcodes which 64-bit mode
 * does not have: such a jump raises #UD there, the site gets its old bytes
 * back and traps for ever after. Nothing is pushed: the red zone stays intact.
 *
 * Why not on the first execution: many sites of a start run only once, and
 * each rewritten one may cost a private copy of its page.
 *
 * Ownership: records and trampolines live until the process ends; a dead one's
 *            trampoline stays, since a thread may still return through it.
 */
#include "abi/records.h"
#include "arch/x86_64/decode.h"
#include "arch/x86_64/trap.h"
#include "core/errno.h"
#include "core/list.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "mm/user.h"
#include "process/debug.h"
#include "sched/process.h"

#define JUMP_LEN    RECORDS_CODE_LEN
#define SYSCALL_LEN 2u
#define CODE_MAX    24u /* bytes looked at behind a site */
#define POST_OFF    13u
#define TRAMP_MAX   64u
#define MOVED_MAX   RECORDS_MOVED_MAX /* that can begin in three bytes */

#define AREA_LEN     65536ul
#define AREA_MAX     64u /* per process: then sites keep trapping */
#define GRANULE      16u /* trampolines are placed on multiples of it */
#define AREA_GRANULE (AREA_LEN / GRANULE)
#define BUCKET_COUNT RECORDS_SITE_BUCKETS
#define SEEN_COUNT   128u
#define SEEN_WAYS    4u /* SEEN_COUNT / SEEN_WAYS is 1 << (64 - 59) */
#define SITE_MAX     RECORDS_SITE_MAX
#define LATE_MAX     255u

struct area {
    struct list link;
    struct space *space;
    uint64_t va;
    uint16_t touched; /* bit n: page n has its entry pointer */
    uint8_t used[AREA_GRANULE / 8];
};

struct moved {    /* an instruction of the site and its copy */
    uint8_t from; /* offset from the site */
    uint8_t to;   /* offset in the trampoline */
};

struct site {
    struct site *next; /* in its bucket */
    struct space *space;
    uint64_t va;
    uint64_t tramp;
    uint8_t late_count; /* threads that came back from a trapped call */
    bool is_dead;       /* bytes restored: keeps trapping */
    uint8_t tramp_len, moved_count, end_from, end_to;
    uint8_t old[JUMP_LEN];
    struct moved moved[MOVED_MAX];
};

/* Keyed by space and address, so several processes can share the tables. */
static struct site *buckets[BUCKET_COUNT];
static struct list areas = LIST_INIT(areas);
static unsigned area_count, site_count;
static uint32_t seen[SEEN_COUNT]; /* sites that trapped once: hash tags */

/* Tools outside undo the jumps, too. */
extern const struct records_sites rewrite_records;
const struct records_sites rewrite_records = {
    .buckets = (uint64_t)buckets,
    .next = offsetof(struct site, next),
    .space = offsetof(struct site, space),
    .va = offsetof(struct site, va),
    .tramp = offsetof(struct site, tramp),
    .tramp_len = offsetof(struct site, tramp_len),
    .is_dead = offsetof(struct site, is_dead),
    .old = offsetof(struct site, old),
    .moved_count = offsetof(struct site, moved_count),
    .moved = offsetof(struct site, moved),
    .end_from = offsetof(struct site, end_from),
    .post = POST_OFF,
};

static struct space *current_space(void)
{
    return process_current()->space;
}

static unsigned bucket_of(uint64_t va)
{
    return (unsigned)(va * 0x9e3779b97f4a7c15ull >> 58);
}

static struct site *find_site(uint64_t va)
{
    struct site *s = buckets[bucket_of(va)];

    while (s && (s->va != va || s->space != current_space()))
        s = s->next;
    return s;
}

/* ---- moving the covered instructions ---- */

struct plan {
    uint8_t code[CODE_MAX]; /* the site's bytes */
    struct insn insn[MOVED_MAX];
    unsigned count;
    unsigned covered;   /* bytes from the site on that are decoded */
    bool falls_through; /* after the last of them */
    bool is_strict;     /* every covered byte must trap, not only the first */
};

static bool make_plan(uint64_t va, struct plan *p)
{
    size_t len = CODE_MAX;

    /* The page behind the site's may be unmapped: look at less then. */
    if (copy_from_user(p->code, va, len) != 0) {
        len = PAGE_SIZE - (va & PAGE_MASK);
        if (len < JUMP_LEN || len > CODE_MAX ||
            copy_from_user(p->code, va, len) != 0)
            return false;
    }
    if (p->code[0] != 0x0f || p->code[1] != 0x05)
        return false;
    p->count = 0;
    p->covered = SYSCALL_LEN;
    p->falls_through = true;
    p->is_strict = false;
    while (p->covered < JUMP_LEN && p->falls_through) {
        struct insn *i = &p->insn[p->count];

        if (!insn_decode(p->code + p->covered, len - p->covered, i))
            return false;
        if (p->count > 0) /* an instruction begins at the fourth byte or so */
            p->is_strict = true;
        p->covered += i->len;
        p->count++;
        p->falls_through = i->kind != INSN_JUMP && i->kind != INSN_RETURN;
    }
    if (p->covered < JUMP_LEN) /* foreign bytes behind a return */
        p->is_strict = true;
    return true;
}

static bool put_rel(uint8_t *at, uint64_t from_end, uint64_t target)
{
    int64_t rel = (int64_t)(target - from_end);
    int32_t rel32 = (int32_t)rel;

    memcpy(at, &rel32, sizeof(rel32));
    return rel == rel32;
}

/* Append one instruction's copy; `end` is where the original ended. */
static bool move_insn(const struct insn *i, const uint8_t *code, uint64_t end,
                      uint8_t *out, uint64_t out_va, unsigned *len)
{
    switch (i->kind) {
    case INSN_PLAIN:
    case INSN_RETURN:
        memcpy(out, code, i->len);
        *len = i->len;
        return true;
    case INSN_RIP:
        memcpy(out, code, i->len);
        *len = i->len;
        return put_rel(out + i->disp_off, out_va + i->len,
                       end + (uint64_t)(int64_t)i->rel);
    case INSN_JUMP:
        out[0] = 0xe9;
        *len = 5;
        return put_rel(out + 1, out_va + 5, end + (uint64_t)(int64_t)i->rel);
    case INSN_BRANCH:
        out[0] = 0x0f;
        out[1] = (uint8_t)(0x80 | i->condition);
        *len = 6;
        return put_rel(out + 2, out_va + 6, end + (uint64_t)(int64_t)i->rel);
    }
    return false;
}

/* The trampoline's bytes for the address s->tramp. */
static bool build_trampoline(const struct plan *p, struct site *s,
                             uint8_t out[TRAMP_MAX])
{
    static const uint8_t head[POST_OFF] = { 0x48, 0x8d, 0x0d, 6,   0,
                                            0,    0,    0xff, 0x25 };
    uint64_t page = s->tramp & ~PAGE_MASK;
    unsigned at = POST_OFF, from = SYSCALL_LEN, len;

    memcpy(out, head, sizeof(head));
    if (!put_rel(out + 9, s->tramp + POST_OFF, page))
        return false;
    for (unsigned i = 0; i < p->count; i++) {
        s->moved[i] = (struct moved){ (uint8_t)from, (uint8_t)at };
        if (!move_insn(&p->insn[i], p->code + from,
                       s->va + from + p->insn[i].len, out + at, s->tramp + at,
                       &len))
            return false;
        from += p->insn[i].len;
        at += len;
    }
    s->moved_count = (uint8_t)p->count;
    s->end_from = (uint8_t)from;
    s->end_to = (uint8_t)at;
    if (p->falls_through) {
        out[at] = 0xe9;
        if (!put_rel(out + at + 1, s->tramp + at + 5, s->va + from))
            return false;
        at += 5;
    }
    s->tramp_len = (uint8_t)at;
    return true;
}

static unsigned trampoline_len_max(const struct plan *p)
{
    unsigned len = POST_OFF + 5;

    for (unsigned i = 0; i < p->count; i++)
        len += MAX(p->insn[i].len, 6u);
    return len;
}

/* ---- finding a place ---- */

/* Would a jump from the site to `tramp` have the trapping bytes it needs? */
static bool place_fits(const struct plan *p, uint64_t va, uint64_t tramp)
{
    int64_t rel = (int64_t)(tramp - (va + JUMP_LEN));

    if (rel != (int32_t)rel || !insn_is_trapping((uint8_t)(rel >> 8)))
        return false;
    return !p->is_strict || (insn_is_trapping((uint8_t)(rel >> 16)) &&
                             insn_is_trapping((uint8_t)(rel >> 24)));
}

static bool granules_free(const struct area *a, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        if (a->used[i / 8] >> (i % 8) & 1)
            return false;
    return true;
}

/* A free place in the pages of `a` that are (touched) or are not in use. */
static uint64_t find_in_area(const struct area *a, const struct plan *p,
                             uint64_t va, bool touched)
{
    unsigned need = (trampoline_len_max(p) + GRANULE - 1) / GRANULE;
    unsigned per_page = PAGE_SIZE / GRANULE;

    for (unsigned page = 0; page < AREA_LEN / PAGE_SIZE; page++) {
        if ((a->touched >> page & 1) != touched)
            continue;
        /* granule 0 holds the entry's address */
        for (unsigned g = 1; g + need <= per_page; g++) {
            unsigned at = page * per_page + g;
            uint64_t tramp = a->va + at * GRANULE;

            if (!place_fits(p, va, tramp)) {
                /* Nor does what has the same upper bytes. */
                g += (0xff - ((tramp - va - JUMP_LEN) & 0xff)) / GRANULE;
                continue;
            }
            if (granules_free(a, at, need))
                return tramp;
        }
    }
    return 0;
}

/* Map a new area such that the upper two displacement bytes trap. */
static struct area *create_area(const struct plan *p, uint64_t va)
{
    struct space *space = current_space();
    struct area *a;

    if (area_count >= AREA_MAX)
        return NULL;
    a = kzalloc(sizeof(*a));
    if (!a)
        return NULL;
    a->space = space;
    for (unsigned hi = INSN_TRAPPING; hi-- > 0;) {
        for (unsigned mid = 0; mid < INSN_TRAPPING; mid++) {
            int64_t rel = (int32_t)((uint32_t)insn_trapping[hi] << 24 |
                                    (uint32_t)insn_trapping[mid] << 16);
            uint64_t at = (va + JUMP_LEN + (uint64_t)rel + 0xffff) & ~0xfffful;

            if (at < ARCH_USER_MIN || at + AREA_LEN > ARCH_USER_MAX ||
                !space_is_free(space, at, AREA_LEN))
                continue;
            a->va = at;
            if (find_in_area(a, p, va, false) == 0)
                continue;
            if (space_map_trampoline(space, at, AREA_LEN) != 0)
                continue;
            area_count++;
            list_push_back(&areas, &a->link);
            return a;
        }
    }
    kfree(a);
    return NULL;
}

static uint64_t find_place(const struct plan *p, uint64_t va,
                           struct area **area_out)
{
    uint64_t at;

    for (int touched = 1; touched >= 0; touched--) {
        LIST_FOR_EACH(it, &areas)
        {
            struct area *a = LIST_ENTRY(it, struct area, link);

            if (a->space != current_space())
                continue;
            at = find_in_area(a, p, va, touched);
            if (at) {
                *area_out = a;
                return at;
            }
        }
    }
    *area_out = create_area(p, va);
    return *area_out ? find_in_area(*area_out, p, va, false) : 0;
}

static int touch_page(struct area *a, uint64_t tramp)
{
    unsigned page = (unsigned)((tramp - a->va) / PAGE_SIZE);
    uint64_t entry = (uint64_t)syscall_jump_entry;
    int err;

    if (a->touched >> page & 1)
        return 0;
    err =
        space_poke(a->space, tramp & ~PAGE_MASK, &entry, sizeof(entry), false);
    if (err == 0)
        a->touched |= (uint16_t)(1u << page);
    return err;
}

/* ---- rewriting and undoing ---- */

static int write_site(struct site *s, struct area *a, const struct plan *p)
{
    uint8_t tramp[TRAMP_MAX], jump[JUMP_LEN] = { 0xe9 };
    unsigned first, count;
    int err;

    if (!build_trampoline(p, s, tramp) ||
        !put_rel(jump + 1, s->va + JUMP_LEN, s->tramp))
        return -ERANGE;
    err = touch_page(a, s->tramp);
    if (err == 0)
        err = space_poke(s->space, s->tramp, tramp, s->tramp_len, false);
    if (err == 0)
        err = space_poke(s->space, s->va, jump, sizeof(jump), true);
    if (err != 0)
        return err;
    first = (unsigned)((s->tramp - a->va) / GRANULE);
    count = (s->tramp_len + GRANULE - 1) / GRANULE;
    for (unsigned i = first; i < first + count; i++)
        a->used[i / 8] |= (uint8_t)(1u << (i % 8));
    return 0;
}

/* A few sites share a set, the latest first: were there one place for them, two
 * that take turns would push each other out for ever. */
static bool trapped_before(uint64_t va)
{
    uint64_t hash = va * 0x9e3779b97f4a7c15ull;
    uint32_t *set = &seen[(hash >> 59) * SEEN_WAYS];
    uint32_t tag = (uint32_t)(hash >> 20) | 1;

    for (unsigned i = 0; i < SEEN_WAYS; i++)
        if (set[i] == tag)
            return true;
    for (unsigned i = SEEN_WAYS - 1; i > 0; i--)
        set[i] = set[i - 1];
    set[0] = tag;
    return false;
}

void rewrite_site(struct regs *regs)
{
    uint64_t va = regs->rip - SYSCALL_LEN;
    struct area *area;
    struct site *s;
    struct plan plan;

    /* A debugger sees code as it is in the file, and breakpoints in it. */
    if (debug_is_attached() || !trapped_before(va) || site_count >= SITE_MAX ||
        find_site(va) || !make_plan(va, &plan))
        return;
    s = kzalloc(sizeof(*s));
    if (!s)
        return;
    s->space = current_space();
    s->va = va;
    memcpy(s->old, plan.code, sizeof(s->old));
    s->tramp = find_place(&plan, va, &area);
    /* A site that cannot be rewritten is remembered too: it keeps trapping,
     * but is not looked at again. */
    if (s->tramp == 0 || write_site(s, area, &plan) != 0)
        s->is_dead = true;
    else
        regs->rip = s->tramp + POST_OFF;
    s->next = buckets[bucket_of(va)];
    buckets[bucket_of(va)] = s;
    site_count++;
}

static void undo(struct site *s)
{
    if (s->is_dead)
        return;
    s->is_dead = true;
    /* Fails only when the page is gone, and then nothing is left to undo. */
    if (space_poke(s->space, s->va, s->old, sizeof(s->old), true) != 0)
        return;
}

/* The live site that covers rip with other than its first byte. */
static struct site *covering_site(uint64_t rip)
{
    for (uint64_t off = SYSCALL_LEN; off < JUMP_LEN; off++) {
        struct site *s = find_site(rip - off);

        if (s && !s->is_dead)
            return s;
    }
    return NULL;
}

/*
 * A thread whose call trapped before the site was rewritten comes back to the
 * byte behind `syscall`: it goes on in the trampoline. Code that jumps there,
 * or to another covered byte, gets the old bytes back.
 */
bool rewrite_undo_at(struct regs *regs)
{
    struct site *s = covering_site(regs->rip);

    if (!s)
        return false;
    if (regs->rip == s->va + SYSCALL_LEN && s->late_count < LATE_MAX) {
        s->late_count++;
        regs->rip = s->tramp + POST_OFF;
        return true;
    }
    undo(s);
    return true;
}

/* Between the fault and the kernel lock another CPU, which ran into the same
 * site, may have given it its old bytes back. The site may even be forgotten
 * by now, so every undefined instruction is executed twice. */
bool rewrite_try_again(const struct regs *regs)
{
    struct arch_thread *t = &thread_current()->arch;

    if (arch_cpu_count() == 1 || t->undefined_at == regs->rip)
        return false;
    t->undefined_at = regs->rip;
    return true;
}

static struct site *site_of_trampoline(uint64_t rip)
{
    for (unsigned i = 0; i < BUCKET_COUNT; i++)
        for (struct site *s = buckets[i]; s; s = s->next)
            if (s->tramp && rip >= s->tramp && rip < s->tramp + s->tramp_len &&
                s->space == current_space())
                return s;
    return NULL;
}

static bool in_an_area(uint64_t rip)
{
    LIST_FOR_EACH(it, &areas)
    {
        const struct area *a = LIST_ENTRY(it, struct area, link);

        if (rip - a->va < AREA_LEN && a->space == current_space())
            return true;
    }
    return false;
}

bool rewrite_undo_step(struct regs *regs)
{
    struct site *s =
        in_an_area(regs->rip) ? site_of_trampoline(regs->rip) : NULL;

    if (!s || regs->rip >= s->tramp + POST_OFF)
        return false;
    undo(s);
    regs->rip = s->va;
    return true;
}

uint64_t arch_linux_rip(uint64_t rip)
{
    struct site *s;

    if (!in_an_area(rip))
        return rip;
    s = site_of_trampoline(rip);
    if (!s)
        return rip;
    if (rip < s->tramp + POST_OFF)
        return s->va; /* the call has not begun */
    for (unsigned i = 0; i < s->moved_count; i++)
        if (rip == s->tramp + s->moved[i].to)
            return s->va + s->moved[i].from;
    return s->va + s->end_from;
}

uint64_t arch_real_rip(uint64_t rip)
{
    struct site *s = covering_site(rip);

    if (!s)
        return rip;
    for (unsigned i = 0; i < s->moved_count; i++)
        if (rip == s->va + s->moved[i].from)
            return s->tramp + s->moved[i].to;
    if (rip == s->va + s->end_from)
        return s->tramp + s->end_to;
    undo(s);
    return rip;
}

static void undo_within(uint64_t start, uint64_t end, bool is_gone)
{
    for (unsigned i = 0; site_count > 0 && i < BUCKET_COUNT; i++) {
        for (struct site *s = buckets[i]; s; s = s->next) {
            if (s->va + JUMP_LEN <= start || s->va >= end ||
                s->space != current_space())
                continue;
            undo(s);
            if (is_gone)
                s->va = 0; /* other code may come to lie there */
        }
    }
}

void arch_rewrite_forget(uint64_t start, uint64_t end)
{
    undo_within(start, end, true);
}

void arch_rewrite_undo(uint64_t start, uint64_t end)
{
    undo_within(start, end, false);
}
