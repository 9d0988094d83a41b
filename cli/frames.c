/* SPDX-License-Identifier: BSD-2-Clause */
/* frames.c - interprets call frame information: see frames.h. */
#include "cli/frames.h"

#include <string.h>

#define STATES_MAX 8u /* remembered ones */

enum {
    OP_ADVANCE = 0x40, /* or'ed with a number below 0x40 */
    OP_OFFSET = 0x80,
    OP_RESTORE = 0xc0,
    OP_NOP = 0,
    OP_ADVANCE1 = 2,
    OP_ADVANCE2 = 3,
    OP_ADVANCE4 = 4,
    OP_REMEMBER = 10,
    OP_RESTORE_STATE = 11,
    OP_BASE = 12,
    OP_BASE_REGISTER = 13,
    OP_BASE_OFFSET = 14,
};

/* Bytes to read; past the end they are zeros, and is_bad. */
struct reader {
    const uint8_t *at, *end;
    bool is_bad;
};

struct cie {
    uint64_t code_align;
    int64_t data_align;
    struct reader code;
};

struct fde {
    uint64_t cie_off;
    uint64_t begin, len;
    struct reader code;
};

static uint64_t get(struct reader *r, unsigned len)
{
    uint64_t value = 0;

    if ((size_t)(r->end - r->at) < len) {
        r->is_bad = true;
        r->at = r->end;
        return 0;
    }
    memcpy(&value, r->at, len);
    r->at += len;
    return value;
}

static uint64_t get_uleb(struct reader *r)
{
    uint64_t value = 0;
    unsigned shift;

    for (shift = 0; shift < 63; shift += 7) {
        uint8_t byte = (uint8_t)get(r, 1);

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    r->is_bad = true;
    return 0;
}

static int64_t get_sleb(struct reader *r)
{
    uint64_t value = 0;
    unsigned shift;

    for (shift = 0; shift < 63; shift += 7) {
        uint8_t byte = (uint8_t)get(r, 1);

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (byte & 0x40)
            value |= ~0ull << (shift + 7);
        return (int64_t)value;
    }
    r->is_bad = true;
    return 0;
}

/* The entry at off, without its length; *next_out: the following one's. */
static struct reader entry_at(const struct frames *f, uint64_t off,
                              uint64_t *next_out)
{
    struct reader r = { f->data, f->data + f->len, off >= f->len };
    uint64_t len;

    r.at = r.is_bad ? r.end : r.at + off;
    len = get(&r, 4);
    if (len > (uint64_t)(r.end - r.at))
        r.is_bad = true; /* of the 64-bit format, too */
    else
        r.end = r.at + len;
    *next_out = (uint64_t)(r.end - f->data);
    return r;
}

static bool cie_read(const struct frames *f, uint64_t off, struct cie *out)
{
    uint64_t next;
    struct reader r = entry_at(f, off, &next);
    bool is_cie = get(&r, 4) == 0xffffffff;
    bool is_known = get(&r, 1) == 1 && get(&r, 1) == 0; /* no augmentation */

    out->code_align = get_uleb(&r);
    out->data_align = get_sleb(&r);
    if (get_uleb(&r) != FRAMES_RIP)
        return false;
    out->code = r;
    return is_cie && is_known && !r.is_bad;
}

/* A function that was left out has its entry still, at 0. */
static bool fde_find(const struct frames *f, uint64_t pc, struct fde *out)
{
    uint64_t off = 0;

    while (off < f->len) {
        uint64_t next;
        struct reader r = entry_at(f, off, &next);

        out->cie_off = get(&r, 4);
        out->begin = get(&r, 8);
        out->len = get(&r, 8);
        out->code = r;
        if (!r.is_bad && out->cie_off != 0xffffffff && out->begin != 0 &&
            pc - out->begin < out->len)
            return true;
        off = next;
    }
    return false;
}

struct machine {
    const struct cie *cie;
    struct frames_rules now, first; /* first: as the CIE leaves them */
    struct frames_rules remembered[STATES_MAX];
    unsigned remembered_count;
    uint64_t pc, until;
};

static void rule_set(struct machine *m, struct reader *r, unsigned reg)
{
    int64_t off = (int64_t)(get_uleb(r) * (uint64_t)m->cie->data_align);

    if (reg >= FRAMES_REG_COUNT) {
        r->is_bad = true;
        return;
    }
    m->now.is_saved |= 1u << reg;
    m->now.off[reg] = off;
}

static void rule_restore(struct machine *m, struct reader *r, unsigned reg)
{
    if (reg >= FRAMES_REG_COUNT) {
        r->is_bad = true;
        return;
    }
    m->now.is_saved &= ~(1u << reg);
    m->now.is_saved |= m->first.is_saved & 1u << reg;
    m->now.off[reg] = m->first.off[reg];
}

static void state_restore(struct machine *m, struct reader *r)
{
    if (m->remembered_count == 0)
        r->is_bad = true;
    else
        m->now = m->remembered[--m->remembered_count];
}

static void state_remember(struct machine *m, struct reader *r)
{
    if (m->remembered_count == STATES_MAX)
        r->is_bad = true;
    else
        m->remembered[m->remembered_count++] = m->now;
}

static void advance(struct machine *m, uint64_t count)
{
    m->pc += count * m->cie->code_align;
}

static void step_other(struct machine *m, struct reader *r, unsigned op)
{
    switch (op) {
    case OP_NOP:
        break;
    case OP_ADVANCE1:
        advance(m, get(r, 1));
        break;
    case OP_ADVANCE2:
        advance(m, get(r, 2));
        break;
    case OP_ADVANCE4:
        advance(m, get(r, 4));
        break;
    case OP_REMEMBER:
        state_remember(m, r);
        break;
    case OP_RESTORE_STATE:
        state_restore(m, r);
        break;
    case OP_BASE:
        m->now.base = (unsigned)get_uleb(r);
        m->now.base_off = (int64_t)get_uleb(r);
        break;
    case OP_BASE_REGISTER:
        m->now.base = (unsigned)get_uleb(r);
        break;
    case OP_BASE_OFFSET:
        m->now.base_off = (int64_t)get_uleb(r);
        break;
    default:
        r->is_bad = true;
    }
}

/* Until the rules would change behind m->until. */
static bool run(struct machine *m, struct reader r)
{
    while (r.at < r.end && !r.is_bad) {
        unsigned op = (unsigned)get(&r, 1);
        unsigned low = op & 0x3f;

        if ((op & 0xc0) == OP_ADVANCE)
            advance(m, low);
        else if ((op & 0xc0) == OP_OFFSET)
            rule_set(m, &r, low);
        else if ((op & 0xc0) == OP_RESTORE)
            rule_restore(m, &r, low);
        else
            step_other(m, &r, op);
        if (m->pc > m->until)
            break; /* this was an advance */
    }
    return !r.is_bad;
}

bool frames_find(const struct frames *f, uint64_t pc, struct frames_rules *out)
{
    struct machine m = { .until = ~0ull };
    struct fde fde;
    struct cie cie;

    if (!f->data || !fde_find(f, pc, &fde) || !cie_read(f, fde.cie_off, &cie))
        return false;
    m.cie = &cie;
    if (!run(&m, cie.code))
        return false;
    m.first = m.now;
    m.pc = fde.begin;
    m.until = pc;
    if (!run(&m, fde.code))
        return false;
    *out = m.now;
    return (out->base == FRAMES_RSP || out->base == FRAMES_RBP) &&
           out->is_saved & 1u << FRAMES_RIP;
}
