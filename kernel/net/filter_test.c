/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_test.c - what programs are refused, and what they find.
 */
/* unit: kernel/net/filter.c */
#include "tests/unit.h"

#include "net/filter.h"

static uint8_t bytes[64];
static uint16_t room[FILTER_LEN_MAX];
static struct sock_filter code[FILTER_LEN_MAX + 1];
static union {
    struct filter f;
    uint8_t space[sizeof(struct filter) + sizeof(code)];
} attached;

static bool is_sound(const struct sock_filter *c, unsigned len)
{
    return filter_is_sound(c, len, room);
}

static struct filter_view view(void)
{
    static struct netdev_part parts[3];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i + 1);
    parts[0] = (struct netdev_part){ bytes, 3 };
    parts[1] = (struct netdev_part){ bytes + 3, 20 };
    parts[2] = (struct netdev_part){ bytes + 23, 41 };
    return (struct filter_view){ .parts = parts,
                                 .part_count = 3,
                                 .end = 64,
                                 .network = 14,
                                 .has_link = true,
                                 .protocol = 0x86dd,
                                 .packet_type = 4,
                                 .if_index = 2,
                                 .vlan_tci = 7,
                                 .has_vlan = true };
}

static uint32_t run(const struct sock_filter *c, unsigned len,
                    const struct filter_view *v)
{
    if (!is_sound(c, len))
        return 0xdead;
    attached.f.len = len;
    memcpy(attached.f.code, c, len * sizeof(c[0]));
    return filter_run(&attached.f, v);
}

/* What A holds after these, which are followed by a return of it. */
#define RUN(...)                                                          \
    ({                                                                    \
        const struct sock_filter c_[] = { __VA_ARGS__,                    \
                                          BPF_STMT(BPF_RET | BPF_A, 0) }; \
        struct filter_view v_ = view();                                   \
        run(c_, sizeof(c_) / sizeof(c_[0]), &v_);                         \
    })
#define SOUND(...)                                                        \
    ({                                                                    \
        const struct sock_filter c_[] = { __VA_ARGS__,                    \
                                          BPF_STMT(BPF_RET | BPF_K, 1) }; \
        is_sound(c_, sizeof(c_) / sizeof(c_[0]));                         \
    })
#define LOAD(size, k) BPF_STMT(BPF_LD | (size) | BPF_ABS, (uint32_t)(k))
#define IMM(k)        BPF_STMT(BPF_LD | BPF_IMM, k)
#define X(k)          BPF_STMT(BPF_LDX | BPF_IMM, k)
#define ALU(op, k)    BPF_STMT(BPF_ALU | (op) | BPF_K, k)
#define ALU_X(op)     BPF_STMT(BPF_ALU | (op) | BPF_X, 0)

TEST(lengths)
{
    for (unsigned i = 0; i <= FILTER_LEN_MAX; i++)
        code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
    CHECK(!is_sound(code, 0));
    CHECK(!is_sound(code, 1));
    code[FILTER_LEN_MAX - 1].code = BPF_RET;
    CHECK(is_sound(code, FILTER_LEN_MAX));
    code[FILTER_LEN_MAX].code = BPF_RET;
    CHECK(!is_sound(code, FILTER_LEN_MAX + 1));
}

TEST(refused)
{
    CHECK(!SOUND(BPF_STMT(0xff, 0)));
    CHECK(!SOUND(BPF_STMT(BPF_LD | BPF_B | BPF_LEN, 0)));
    CHECK(!SOUND(BPF_STMT(BPF_JMP | BPF_JA, 1)));
    CHECK(!SOUND(BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff)));
    CHECK(SOUND(BPF_STMT(BPF_JMP | BPF_JA, 0)));
    CHECK(!SOUND(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0)));
    CHECK(!SOUND(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1)));
    CHECK(!SOUND(ALU(BPF_DIV, 0)));
    CHECK(!SOUND(ALU(BPF_MOD, 0)));
    CHECK(!SOUND(ALU(BPF_LSH, 32)));
    CHECK(SOUND(ALU(BPF_RSH, 31)));
    CHECK(!SOUND(BPF_STMT(BPF_ST, BPF_MEMWORDS)));
    CHECK(!SOUND(LOAD(BPF_W, SKF_AD_OFF + SKF_AD_NLATTR)));
    CHECK(!SOUND(LOAD(BPF_W, SKF_AD_OFF + 2)));
    CHECK(!SOUND(LOAD(BPF_W, -1)));
    CHECK(SOUND(LOAD(BPF_W, SKF_NET_OFF)));
}

/* A word is read that was written on one of two ways alone. */
TEST(memory_is_written_first)
{
    const struct sock_filter half[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
        BPF_STMT(BPF_ST, 3),
        BPF_STMT(BPF_LD | BPF_MEM, 3),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    const struct sock_filter both[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 2),
        BPF_STMT(BPF_ST, 3),
        BPF_STMT(BPF_JMP | BPF_JA, 1),
        BPF_STMT(BPF_STX, 3),
        BPF_STMT(BPF_LD | BPF_MEM, 3),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };

    CHECK(!is_sound(half, 4));
    CHECK(is_sound(both, 6));
    CHECK_EQ(RUN(IMM(9), BPF_STMT(BPF_ST, 15), IMM(1),
                 BPF_STMT(BPF_LD | BPF_MEM, 15)),
             9);
    CHECK_EQ(RUN(X(8), BPF_STMT(BPF_STX, 0), X(0),
                 BPF_STMT(BPF_LDX | BPF_MEM, 0),
                 BPF_STMT(BPF_MISC | BPF_TXA, 0)),
             8);
}

TEST(loads)
{
    CHECK_EQ(RUN(LOAD(BPF_B, 0)), 1);
    CHECK_EQ(RUN(LOAD(BPF_H, 2)), 0x0304);
    CHECK_EQ(RUN(LOAD(BPF_W, 21)), 0x16171819);
    CHECK_EQ(RUN(LOAD(BPF_W, 60)), 0x3d3e3f40);
    CHECK_EQ(RUN(IMM(5), LOAD(BPF_W, 61)), 0);
    CHECK_EQ(RUN(IMM(5), LOAD(BPF_B, 0x7fffffff)), 0);
    CHECK_EQ(RUN(X(3), BPF_STMT(BPF_LD | BPF_B | BPF_IND, 4)), 8);
    CHECK_EQ(RUN(X(0xffffffff), BPF_STMT(BPF_LD | BPF_B | BPF_IND, 4)), 4);
    CHECK_EQ(RUN(BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0)), 64);
    CHECK_EQ(RUN(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 4),
                 BPF_STMT(BPF_MISC | BPF_TXA, 0)),
             20);
    CHECK_EQ(RUN(LOAD(BPF_B, SKF_NET_OFF)), 15);
    CHECK_EQ(RUN(LOAD(BPF_B, SKF_LL_OFF + 6)), 7);
    CHECK_EQ(RUN(IMM(5), LOAD(BPF_B, SKF_LL_OFF + 64)), 0);
    CHECK_EQ(RUN(IMM(5), X(0x80000000), BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0)),
             0);
}

/* The socket sees no more than it would get. */
TEST(a_view_begins_behind_the_link)
{
    const struct sock_filter c[] = { LOAD(BPF_B, 0),
                                     BPF_STMT(BPF_RET | BPF_A, 0) };
    struct filter_view v = view();

    v.start = 14;
    CHECK_EQ(run(c, 2, &v), 15);
    v.end = 14;
    CHECK_EQ(run(c, 2, &v), 0);
}

TEST(extensions)
{
    CHECK_EQ(RUN(LOAD(BPF_H, SKF_AD_OFF + SKF_AD_PROTOCOL)), 0x86dd);
    CHECK_EQ(RUN(LOAD(BPF_B, SKF_AD_OFF + SKF_AD_PKTTYPE)), 4);
    CHECK_EQ(RUN(LOAD(BPF_W, SKF_AD_OFF + SKF_AD_IFINDEX)), 2);
    CHECK_EQ(RUN(LOAD(BPF_B, SKF_AD_OFF + SKF_AD_VLAN_TAG)), 7);
    CHECK_EQ(RUN(LOAD(BPF_B, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)), 1);
    CHECK_EQ(RUN(IMM(6), X(3), LOAD(BPF_W, SKF_AD_OFF + SKF_AD_ALU_XOR_X)), 5);
}

TEST(sums)
{
    CHECK_EQ(RUN(IMM(7), ALU(BPF_ADD, 5)), 12);
    CHECK_EQ(RUN(IMM(7), ALU(BPF_SUB, 8)), 0xffffffff);
    CHECK_EQ(RUN(IMM(7), X(3), ALU_X(BPF_MUL)), 21);
    CHECK_EQ(RUN(IMM(7), X(3), ALU_X(BPF_DIV)), 2);
    CHECK_EQ(RUN(IMM(7), X(3), ALU_X(BPF_MOD)), 1);
    CHECK_EQ(RUN(IMM(7), X(0), ALU_X(BPF_DIV), IMM(9)), 0);
    CHECK_EQ(RUN(IMM(7), X(0), ALU_X(BPF_MOD), IMM(9)), 0);
    CHECK_EQ(RUN(IMM(7), ALU(BPF_AND, 3)), 3);
    CHECK_EQ(RUN(IMM(4), ALU(BPF_OR, 3)), 7);
    CHECK_EQ(RUN(IMM(7), ALU(BPF_XOR, 2)), 5);
    CHECK_EQ(RUN(IMM(1), X(33), ALU_X(BPF_LSH)), 2);
    CHECK_EQ(RUN(IMM(8), ALU(BPF_RSH, 3)), 1);
    CHECK_EQ(RUN(IMM(1), BPF_STMT(BPF_ALU | BPF_NEG, 0)), 0xffffffff);
}

TEST(jumps)
{
    static const struct {
        unsigned op;
        uint32_t a, k, want;
    } rows[] = {
        { BPF_JEQ, 5, 5, 1 },          { BPF_JEQ, 5, 6, 2 },
        { BPF_JGT, 6, 5, 1 },          { BPF_JGT, 5, 5, 2 },
        { BPF_JGE, 5, 5, 1 },          { BPF_JGE, 4, 5, 2 },
        { BPF_JSET, 6, 2, 1 },         { BPF_JSET, 5, 2, 2 },
        { BPF_JGT, 0xffffffff, 1, 1 },
    };
    struct filter_view v = view();

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct sock_filter c[] = {
            IMM(rows[i].a),
            X(rows[i].k),
            BPF_JUMP((uint16_t)(BPF_JMP | rows[i].op | (i % 2 ? BPF_X : BPF_K)),
                     rows[i].k, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, 1),
            BPF_STMT(BPF_RET | BPF_K, 2),
        };

        CHECK_EQ(run(c, 5, &v), rows[i].want);
    }
}
