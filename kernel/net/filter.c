/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.c - see filter.h. Numbers of instructions and what they do are those
 * of the BSD Packet Filter; what is refused is what Linux refuses, and three of
 * its extensions beyond: NLATTR, NLATTR_NEST and PAY_OFFSET.
 */
#include "net/filter.h"

#include "core/errno.h"
#include "core/string.h"

#define MEMORY BPF_MEMWORDS

/* ---- looking a program through ---- */

static const uint8_t known[] = {
    BPF_ALU | BPF_ADD | BPF_K,
    BPF_ALU | BPF_ADD | BPF_X,
    BPF_ALU | BPF_SUB | BPF_K,
    BPF_ALU | BPF_SUB | BPF_X,
    BPF_ALU | BPF_MUL | BPF_K,
    BPF_ALU | BPF_MUL | BPF_X,
    BPF_ALU | BPF_DIV | BPF_K,
    BPF_ALU | BPF_DIV | BPF_X,
    BPF_ALU | BPF_MOD | BPF_K,
    BPF_ALU | BPF_MOD | BPF_X,
    BPF_ALU | BPF_AND | BPF_K,
    BPF_ALU | BPF_AND | BPF_X,
    BPF_ALU | BPF_OR | BPF_K,
    BPF_ALU | BPF_OR | BPF_X,
    BPF_ALU | BPF_XOR | BPF_K,
    BPF_ALU | BPF_XOR | BPF_X,
    BPF_ALU | BPF_LSH | BPF_K,
    BPF_ALU | BPF_LSH | BPF_X,
    BPF_ALU | BPF_RSH | BPF_K,
    BPF_ALU | BPF_RSH | BPF_X,
    BPF_ALU | BPF_NEG,
    BPF_LD | BPF_W | BPF_ABS,
    BPF_LD | BPF_H | BPF_ABS,
    BPF_LD | BPF_B | BPF_ABS,
    BPF_LD | BPF_W | BPF_IND,
    BPF_LD | BPF_H | BPF_IND,
    BPF_LD | BPF_B | BPF_IND,
    BPF_LD | BPF_W | BPF_LEN,
    BPF_LD | BPF_IMM,
    BPF_LD | BPF_MEM,
    BPF_LDX | BPF_W | BPF_LEN,
    BPF_LDX | BPF_B | BPF_MSH,
    BPF_LDX | BPF_IMM,
    BPF_LDX | BPF_MEM,
    BPF_ST,
    BPF_STX,
    BPF_MISC | BPF_TAX,
    BPF_MISC | BPF_TXA,
    BPF_RET | BPF_K,
    BPF_RET | BPF_A,
    BPF_JMP | BPF_JA,
    BPF_JMP | BPF_JEQ | BPF_K,
    BPF_JMP | BPF_JEQ | BPF_X,
    BPF_JMP | BPF_JGE | BPF_K,
    BPF_JMP | BPF_JGE | BPF_X,
    BPF_JMP | BPF_JGT | BPF_K,
    BPF_JMP | BPF_JGT | BPF_X,
    BPF_JMP | BPF_JSET | BPF_K,
    BPF_JMP | BPF_JSET | BPF_X,
};

static bool is_known(uint16_t code)
{
    for (unsigned n = 0; n < ARRAY_LEN(known); n++)
        if (known[n] == code)
            return true;
    return false;
}

/* What lies beyond the packet, as loads at an absolute place name it. */
static bool is_extension(uint32_t k)
{
    switch ((int)k - SKF_AD_OFF) {
    case SKF_AD_PROTOCOL:
    case SKF_AD_PKTTYPE:
    case SKF_AD_IFINDEX:
    case SKF_AD_MARK:
    case SKF_AD_QUEUE:
    case SKF_AD_HATYPE:
    case SKF_AD_RXHASH:
    case SKF_AD_CPU:
    case SKF_AD_ALU_XOR_X:
    case SKF_AD_VLAN_TAG:
    case SKF_AD_VLAN_TAG_PRESENT:
    case SKF_AD_RANDOM:
    case SKF_AD_VLAN_TPID:
        return true;
    default:
        return false;
    }
}

static bool is_load_at(uint16_t code)
{
    return BPF_CLASS(code) == BPF_LD && BPF_MODE(code) == BPF_ABS;
}

static bool uses_memory(uint16_t code)
{
    return code == BPF_ST || code == BPF_STX || code == (BPF_LD | BPF_MEM) ||
           code == (BPF_LDX | BPF_MEM);
}

static bool is_jump_sound(const struct sock_filter *i, unsigned left)
{
    if (BPF_OP(i->code) == BPF_JA)
        return i->k < left;
    return i->jt < left && i->jf < left;
}

/* left: how many instructions come after it */
static bool is_sound(const struct sock_filter *i, unsigned left)
{
    unsigned op = BPF_OP(i->code);

    if (!is_known(i->code))
        return false;
    if (BPF_CLASS(i->code) == BPF_JMP)
        return is_jump_sound(i, left);
    if (BPF_CLASS(i->code) == BPF_ALU && BPF_SRC(i->code) == BPF_K) {
        if (op == BPF_DIV || op == BPF_MOD)
            return i->k != 0;
        if (op == BPF_LSH || op == BPF_RSH)
            return i->k < 32;
    }
    if (is_load_at(i->code) && i->k >= (uint32_t)SKF_AD_OFF)
        return is_extension(i->k);
    return !uses_memory(i->code) || i->k < MEMORY;
}

/* All that comes to `pc`, or behind it, has written these words at least. */
static void arrive(uint16_t *first, unsigned pc, uint16_t written)
{
    first[pc] &= written;
}

/* Nothing is read from memory that was not written on every way to it. first[]:
 * what has been written where an instruction is jumped to. */
static bool is_memory_sound(const struct sock_filter *code, unsigned len,
                            uint16_t *first)
{
    uint16_t written = 0;

    memset(first, 0xff, len * sizeof(first[0]));
    for (unsigned pc = 0; pc < len; pc++) {
        const struct sock_filter *i = &code[pc];

        written &= first[pc];
        if (i->code == BPF_ST || i->code == BPF_STX) {
            written |= (uint16_t)(1u << i->k);
        } else if (uses_memory(i->code)) {
            if (!(written >> i->k & 1))
                return false;
        } else if (BPF_CLASS(i->code) == BPF_JMP) {
            if (BPF_OP(i->code) == BPF_JA) {
                arrive(first, pc + 1 + i->k, written);
            } else {
                arrive(first, pc + 1 + i->jt, written);
                arrive(first, pc + 1 + i->jf, written);
            }
            written = 0xffff;
        }
    }
    return true;
}

bool filter_is_sound(const struct sock_filter *code, unsigned len,
                     uint16_t *first)
{
    if (len == 0 || len > FILTER_LEN_MAX ||
        BPF_CLASS(code[len - 1].code) != BPF_RET)
        return false;
    for (unsigned pc = 0; pc < len; pc++)
        if (!is_sound(&code[pc], len - pc - 1))
            return false;
    return is_memory_sound(code, len, first);
}

/* ---- loading ---- */

bool filter_load(const struct filter_view *v, uint64_t at, void *out,
                 uint32_t len)
{
    uint8_t *to = out;

    for (unsigned n = 0; n < v->part_count && len > 0; n++) {
        const struct netdev_part *p = &v->parts[n];
        uint32_t take;

        if (at >= p->len) {
            at -= p->len;
            continue;
        }
        take = MIN(len, p->len - (uint32_t)at);
        memcpy(to, (const uint8_t *)p->data + at, take);
        to += take;
        len -= take;
        at = 0;
    }
    return len == 0;
}

/* Negative offsets count from the headers. */
static bool place_of(const struct filter_view *v, int32_t off, uint64_t *out)
{
    if (off >= 0) {
        *out = (uint64_t)v->start + (uint32_t)off;
        return true;
    }
    if (off >= SKF_NET_OFF) {
        *out = (uint64_t)v->network + (uint32_t)(off - SKF_NET_OFF);
        return true;
    }
    *out = (uint32_t)(off - SKF_LL_OFF);
    return off >= SKF_LL_OFF && v->has_link;
}

static bool load(const struct filter_view *v, uint16_t code, uint32_t off,
                 uint32_t *out)
{
    static const uint8_t sizes[] = { [BPF_W >> 3] = 4,
                                     [BPF_H >> 3] = 2,
                                     [BPF_B >> 3] = 1 };
    uint32_t size = sizes[BPF_SIZE(code) >> 3];
    uint8_t b[4];
    uint64_t at;

    if (!place_of(v, (int32_t)off, &at) || at + size > v->end ||
        !filter_load(v, at, b, size))
        return false;
    *out = 0;
    for (uint32_t n = 0; n < size; n++)
        *out = *out << 8 | b[n];
    return true;
}

static uint32_t extension(const struct filter_view *v, uint32_t k, uint32_t a,
                          uint32_t x)
{
    switch ((int)k - SKF_AD_OFF) {
    case SKF_AD_PROTOCOL:
        return v->protocol;
    case SKF_AD_PKTTYPE:
        return v->packet_type;
    case SKF_AD_IFINDEX:
        return v->if_index;
    case SKF_AD_HATYPE:
        return v->link_type;
    case SKF_AD_ALU_XOR_X:
        return a ^ x;
    case SKF_AD_VLAN_TAG:
        return v->vlan_tci;
    case SKF_AD_VLAN_TAG_PRESENT:
        return v->has_vlan;
    case SKF_AD_VLAN_TPID:
        return v->vlan_tpid;
    case SKF_AD_RANDOM:
        return v->random;
    default: /* marks, queues, hashes; the CPU is any */
        return 0;
    }
}

/* ---- running ---- */

static bool calculate(unsigned op, uint32_t *a, uint32_t by)
{
    switch (op) {
    case BPF_ADD:
        *a += by;
        return true;
    case BPF_SUB:
        *a -= by;
        return true;
    case BPF_MUL:
        *a *= by;
        return true;
    case BPF_DIV:
        *a = by ? *a / by : 0;
        return by;
    case BPF_MOD:
        *a = by ? *a % by : 0;
        return by;
    case BPF_AND:
        *a &= by;
        return true;
    case BPF_OR:
        *a |= by;
        return true;
    case BPF_XOR:
        *a ^= by;
        return true;
    case BPF_LSH:
        *a <<= by & 31;
        return true;
    case BPF_RSH:
        *a >>= by & 31;
        return true;
    default:
        *a = -*a;
        return true;
    }
}

static bool compare(unsigned op, uint32_t a, uint32_t with)
{
    switch (op) {
    case BPF_JEQ:
        return a == with;
    case BPF_JGT:
        return a > with;
    case BPF_JGE:
        return a >= with;
    default:
        return (a & with) != 0;
    }
}

struct machine {
    uint32_t a, x, memory[MEMORY];
    const struct filter_view *v;
};

/* Into A or X, by ways of their own. False: the packet has no such place. */
static bool load_to(const struct machine *m, const struct sock_filter *i,
                    uint32_t *to)
{
    switch (BPF_MODE(i->code)) {
    case BPF_IMM:
        *to = i->k;
        return true;
    case BPF_MEM:
        *to = m->memory[i->k];
        return true;
    case BPF_LEN:
        *to = m->v->end - m->v->start;
        return true;
    case BPF_IND:
        return load(m->v, i->code, m->x + i->k, to);
    case BPF_MSH: /* the length of an IPv4 header */
        if (!load(m->v, BPF_B, i->k, to))
            return false;
        *to = (*to & 0xf) << 2;
        return true;
    default:
        if (i->k < (uint32_t)SKF_AD_OFF)
            return load(m->v, i->code, i->k, to);
        *to = extension(m->v, i->k, m->a, m->x);
        return true;
    }
}

/* All but jumps and the end. False: there is nothing to get. */
static bool step(struct machine *m, const struct sock_filter *i)
{
    switch (BPF_CLASS(i->code)) {
    case BPF_LD:
        return load_to(m, i, &m->a);
    case BPF_LDX:
        return load_to(m, i, &m->x);
    case BPF_ST:
        m->memory[i->k] = m->a;
        return true;
    case BPF_STX:
        m->memory[i->k] = m->x;
        return true;
    case BPF_ALU:
        return calculate(BPF_OP(i->code), &m->a,
                         BPF_SRC(i->code) == BPF_X ? m->x : i->k);
    default:
        if (BPF_MISCOP(i->code) == BPF_TAX)
            m->x = m->a;
        else
            m->a = m->x;
        return true;
    }
}

uint32_t filter_run(const struct filter *f, const struct filter_view *v)
{
    struct machine m = { .v = v };
    const struct sock_filter *i = f->code;

    for (;; i++) {
        if (BPF_CLASS(i->code) == BPF_RET)
            return BPF_RVAL(i->code) == BPF_A ? m.a : i->k;
        if (BPF_CLASS(i->code) != BPF_JMP) {
            if (!step(&m, i))
                return 0;
        } else if (BPF_OP(i->code) == BPF_JA) {
            i += i->k;
        } else {
            uint32_t with = BPF_SRC(i->code) == BPF_X ? m.x : i->k;

            i += compare(BPF_OP(i->code), m.a, with) ? i->jt : i->jf;
        }
    }
}
