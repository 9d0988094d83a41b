/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls_auto.c - see calls_auto.h.
 *
 * A question is "what can this register hold before this instruction?". Its
 * answer is a number, or other questions: about the instruction before, about
 * those that jump here, and at the beginning of a function about its callers.
 * Whoever is reached otherwise, since its address is somewhere a value, has
 * callers that nobody can list, and asking there is the failure. Padding that
 * nothing leads to is no answer and no failure.
 */
#include "cli/calls_auto.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/disasm.h"
#include "cli/elf.h"
#include "host/fault.h"
#include "host/file.h"

#define PROGRAM_LEN_MAX (256u << 20)
#define TABLE_LEN_MAX   65536u /* entries of a table of jumps */

struct edge {
    size_t to, from; /* indices of instructions */
};

struct question {
    size_t at;
    unsigned reg;
};

struct search {
    const struct disasm *d;
    struct call_set *set;
    struct edge *edge; /* by `to` */
    size_t edge_count;
    bool *taken;   /* its address is a value somewhere */
    bool *returns; /* from here the function's end can be reached */
    bool *asked;   /* by instruction and register */
    struct question *open;
    size_t open_count, open_room;
    char *why; /* not NULL: it failed */
};

/* ---- failing ---- */

static void fail(struct search *s, const struct insn *in, const char *what)
{
    if (!s->why)
        s->why =
            mem_printf("at 0x%llx, in %.*s, %s", (unsigned long long)in->addr,
                       (int)strcspn(in->where, ">"), in->where, what);
}

static void question_push(struct search *s, size_t at, unsigned reg)
{
    if (s->open_count == s->open_room) {
        s->open_room = s->open_room ? 2 * s->open_room : 256;
        s->open = mem_resize(s->open, s->open_room * sizeof(*s->open));
    }
    s->open[s->open_count++] = (struct question){ at, reg };
}

/* ---- where control comes from ---- */

static int edge_order(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    return (x->to > y->to) - (x->to < y->to);
}

static void edges_make(struct search *s)
{
    const struct disasm *d = s->d;

    s->edge = mem_alloc((d->count + 1) * sizeof(*s->edge));
    for (size_t i = 0; i < d->count; i++) {
        const struct insn *in = &d->insn[i];
        size_t to;

        if (in->target == 0 || in->kind < INSN_BRANCH || in->kind > INSN_CALL)
            continue;
        to = disasm_find(d, in->target);
        if (to == d->count) { /* behind a lock prefix, as glibc jumps */
            to = disasm_find(d, in->target - 1);
            if (to < d->count && !d->insn[to].is_locked)
                to = d->count;
        }
        if (to < d->count)
            s->edge[s->edge_count++] = (struct edge){ to, i };
        else
            fail(s, in, "a jump goes into the middle of an instruction");
    }
    qsort(s->edge, s->edge_count, sizeof(*s->edge), edge_order);
}

static size_t edges_of(const struct search *s, size_t to)
{
    size_t low = 0, high = s->edge_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (s->edge[middle].to < to)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- calls that come back ---- */

/* Does control go on behind the instruction? Not behind a call of exit(). */
static bool falls_through(const struct search *s, size_t at)
{
    const struct insn *in = &s->d->insn[at];
    size_t callee;

    if (in->kind != INSN_CALL)
        return in->kind < INSN_JUMP;
    callee = in->target ? disasm_find(s->d, in->target) : s->d->count;
    return callee == s->d->count || s->returns[callee];
}

static void returns_mark(struct search *s, size_t at)
{
    if (s->returns[at])
        return;
    s->returns[at] = true;
    question_push(s, at, 0);
}

/* Who leads to an instruction that leads to a return does so too; a call, if
 * what it calls comes back as well. */
static void returns_find(struct search *s)
{
    const struct disasm *d = s->d;

    for (size_t i = 0; i < d->count; i++)
        if (d->insn[i].kind == INSN_RETURN ||
            (d->insn[i].kind == INSN_JUMP && d->insn[i].target == 0))
            returns_mark(s, i);
    while (s->open_count > 0) {
        size_t at = s->open[--s->open_count].at;

        if (at > 0 && falls_through(s, at - 1))
            returns_mark(s, at - 1);
        for (size_t e = edges_of(s, at);
             e < s->edge_count && s->edge[e].to == at; e++) {
            size_t from = s->edge[e].from;

            if (d->insn[from].kind != INSN_CALL ||
                (from + 1 < d->count && s->returns[from + 1]))
                returns_mark(s, from);
        }
    }
}

/* ---- addresses as values ---- */

static void address_take(struct search *s, uint64_t addr)
{
    size_t at = disasm_find(s->d, addr);

    if (at < s->d->count)
        s->taken[at] = true;
}

/* Bytes of the program as they are loaded, for what is asked of one segment. */
struct segment {
    const uint8_t *bytes;
    uint64_t addr, len;
};

static uint64_t value_at(const uint8_t *at, size_t len)
{
    uint64_t value = 0;

    memcpy(&value, at, len);
    return value;
}

/* Pointers are aligned: compilers and linkers make no others. */
static void pointers_take(struct search *s, const struct segment *seg)
{
    for (uint64_t off = -seg->addr & 7; off + 8 <= seg->len; off += 8)
        address_take(s, value_at(seg->bytes + off, 8));
}

/* A table of jumps: 32-bit offsets from where it begins, as long as they lead
 * to instructions. */
static void table_take(struct search *s, const struct segment *seg,
                       uint64_t table)
{
    uint64_t off = table - seg->addr;

    for (unsigned i = 0; i < TABLE_LEN_MAX && off + 4 <= seg->len; i++) {
        int32_t rel = (int32_t)value_at(seg->bytes + off, 4);
        uint64_t addr = table + (uint64_t)(int64_t)rel;

        if (disasm_find(s->d, addr) == s->d->count)
            break;
        address_take(s, addr);
        off += 4;
    }
}

static void values_take(struct search *s, const struct segment *seg)
{
    pointers_take(s, seg);
    for (size_t i = 0; i < s->d->count; i++) {
        const struct insn *in = &s->d->insn[i];

        if (in->kind >= INSN_BRANCH && in->kind <= INSN_CALL)
            continue;
        if (in->target >= seg->addr && in->target - seg->addr < seg->len)
            table_take(s, seg, in->target);
    }
}

/* What of it is loaded, but for the file's own headers at its beginning, which
 * hold addresses that are nobody's values. */
static void segment_scan(struct search *s, const struct buf *file,
                         const Elf64_Phdr *ph, uint64_t headers_len)
{
    uint64_t skip = ph->p_offset < headers_len ? headers_len - ph->p_offset : 0;

    if (ph->p_type != PT_LOAD || ph->p_offset > file->len ||
        ph->p_filesz > file->len - ph->p_offset || skip >= ph->p_filesz)
        return;
    values_take(s,
                &(struct segment){ file->data + ph->p_offset + skip,
                                   ph->p_vaddr + skip, ph->p_filesz - skip });
}

static void segments_scan(struct search *s, const struct buf *file)
{
    Elf64_Ehdr eh;
    Elf64_Phdr ph;

    if (file->len < sizeof(eh))
        return;
    memcpy(&eh, file->data, sizeof(eh));
    address_take(s, eh.e_entry);
    for (unsigned i = 0; i < eh.e_phnum; i++) {
        uint64_t off = eh.e_phoff + i * sizeof(ph);

        if (off > file->len || file->len - off < sizeof(ph))
            break;
        memcpy(&ph, file->data + off, sizeof(ph));
        segment_scan(s, file, &ph,
                     eh.e_phoff == sizeof(eh)
                         ? sizeof(eh) + eh.e_phnum * sizeof(ph)
                         : sizeof(eh));
    }
}

static int values_find(struct search *s, const char *path, struct fault *fault)
{
    struct buf file = { 0 };
    int err = file_read_all(path, &file, PROGRAM_LEN_MAX, fault);

    if (err == 0)
        segments_scan(s, &file);
    for (size_t i = 0; err == 0 && i < s->d->count; i++) {
        const struct insn *in = &s->d->insn[i];

        if (in->target && (in->kind < INSN_BRANCH || in->kind > INSN_CALL))
            address_take(s, in->target);
    }
    buf_fini(&file);
    return err;
}

/* ---- questions ---- */

static void ask(struct search *s, size_t at, unsigned reg)
{
    bool *asked = &s->asked[at * REG_COUNT + reg];

    if (*asked)
        return;
    *asked = true;
    question_push(s, at, reg);
}

static void number_found(struct search *s, const struct insn *in, int64_t nr)
{
    if (nr < 0 || nr >= (int64_t)CALL_MAX)
        fail(s, in, "a constant is no number of a system call");
    else
        s->set->call[nr] = true;
}

/* `mov $n,%al`, which is all if eax was made 0 just before. */
static void low_answer(struct search *s, size_t at)
{
    const struct insn *low = &s->d->insn[at], *in = low;

    while (at-- > 0 && !s->taken[at + 1]) {
        size_t edge = edges_of(s, at + 1);

        in = &s->d->insn[at];
        if ((edge < s->edge_count && s->edge[edge].to == at + 1) ||
            in->kind >= INSN_SYSCALL)
            break;
        if (in->kind == INSN_CONST && in->dst == low->dst) {
            number_found(s, low, (in->imm & ~0xffll) | (low->imm & 0xff));
            return;
        }
        if (in->changes & 1u << low->dst)
            break;
    }
    fail(s, low, "a number's lowest byte is set, and not the rest");
}

/* What can the register hold behind this instruction? */
static void answer_behind(struct search *s, size_t at, unsigned reg)
{
    const struct insn *in = &s->d->insn[at];
    bool is_move =
        in->kind >= INSN_CONST && in->kind <= INSN_EITHER && in->dst == reg;

    if (is_move && in->kind == INSN_CONST) {
        number_found(s, in, in->imm);
    } else if (is_move && in->kind == INSN_LOW) {
        low_answer(s, at);
    } else if (is_move && in->kind == INSN_COPY) {
        ask(s, at, in->src);
    } else if (is_move && in->kind == INSN_EITHER) {
        ask(s, at, in->src);
        ask(s, at, reg);
    } else if (in->changes & 1u << reg) {
        fail(s, in, "the number of a system call is computed");
    } else {
        ask(s, at, reg);
    }
}

static void answer(struct search *s, struct question q)
{
    size_t edge = edges_of(s, q.at);
    bool is_reached = false;

    if (s->taken[q.at]) {
        fail(s, &s->d->insn[q.at],
             "the number of a system call comes from whoever has this "
             "function's address");
        return;
    }
    if (q.at > 0 && falls_through(s, q.at - 1)) {
        is_reached = true;
        answer_behind(s, q.at - 1, q.reg);
    }
    for (; edge < s->edge_count && s->edge[edge].to == q.at; edge++) {
        is_reached = true;
        ask(s, s->edge[edge].from, q.reg);
    }
    if (!is_reached && s->d->insn[q.at].kind != INSN_NOP)
        fail(s, &s->d->insn[q.at],
             "nothing is seen to lead here, where a system call's number "
             "comes from");
}

static void sites_ask(struct search *s)
{
    for (size_t i = 0; i < s->d->count && !s->why; i++) {
        if (s->d->insn[i].kind == INSN_LEGACY)
            fail(s, &s->d->insn[i], "there is a call of 32-bit programs");
        if (s->d->insn[i].kind == INSN_SYSCALL)
            ask(s, i, NUMBER_REG);
    }
    while (s->open_count > 0 && !s->why)
        answer(s, s->open[--s->open_count]);
}

/* ---- parts ---- */

/* Who can name files may name those of /dev and others; who can make sockets,
 * of all families. */
static void parts_add(struct call_set *set)
{
    bool has_paths = false;
    bool has_sockets = set->call[call_number("socket")] ||
                       set->call[call_number("socketpair")];

    for (unsigned nr = 0; nr < CALL_MAX; nr++)
        if (set->call[nr] && call_rows[nr].name &&
            strstr(call_rows[nr].args, "path"))
            has_paths = true;
    for (unsigned i = 0; call_parts[i].name && i < CALL_PART_MAX; i++)
        set->part[i] = call_parts[i].name[0] == '/'              ? has_paths
                       : strcmp(call_parts[i].name, "vDSO") == 0 ? true
                                                                 : has_sockets;
}

/* ---- the whole ---- */

static int program_search(const char *path, struct search *s,
                          struct fault *fault)
{
    struct disasm d;
    int err = disasm_read(path, &d, fault);

    if (err == 0) {
        s->d = &d;
        s->taken = mem_alloc(d.count + 1);
        s->asked = mem_alloc(d.count * REG_COUNT + 1);
        s->returns = mem_alloc(d.count + 1);
        edges_make(s);
        returns_find(s);
        err = values_find(s, path, fault);
        if (err == 0)
            sites_ask(s);
        if (err == 0 && !s->why)
            parts_add(s->set);
        free(s->edge);
        free(s->taken);
        free(s->asked);
        free(s->returns);
        free(s->open);
    }
    disasm_fini(&d);
    return err;
}

int calls_find(const char *path, struct call_set *set, bool *proven_out,
               char **why_out, struct fault *fault)
{
    struct search s = { .set = set };
    struct elf elf;
    int err;

    memset(set, 0, sizeof(*set));
    err = elf_read(path, &elf, fault);
    if (err)
        return err;
    if (elf.interp)
        s.why = mem_strdup("it is linked dynamically, and what its libraries "
                           "call is not looked at");
    else
        err = program_search(path, &s, fault);
    elf_fini(&elf);
    *proven_out = err == 0 && !s.why;
    *why_out = s.why;
    return err;
}
