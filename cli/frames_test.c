/* SPDX-License-Identifier: BSD-2-Clause */
/* frames_test.c - rules at each instruction of a function, as gcc says them. */
#include "cli/frames.c"
#include "tests/unit.h"

#define BEGIN 0x1000u

/* A CIE; then push %rbp; mov %rsp,%rbp; push %r12; ...; leave; ret; ... */
static const uint8_t section[] = {
    0x14, 0,    0,    0,    0xff, 0xff, 0xff, 0xff, 1,    0,    1, 0x78,
    0x10, 0x0c, 7,    8,    0x90, 1,    0,    0,    0,    0,    0, 0,

    0x2c, 0,    0,    0,    0,    0,    0,    0,    0,    0x10, 0, 0,
    0,    0,    0,    0,    0x40, 0,    0,    0,    0,    0,    0, 0,
    0x41, 0x0e, 0x10, 0x86, 2,    0x43, 0x0d, 6,    0x42, 0x8c, 3, 2,
    0x20, 0x0a, 0xcc, 0xc6, 0x0c, 7,    8,    0x41, 0x0b, 0,    0, 0
};

static const struct frames all = { .data = section, .len = sizeof(section) };

static void rules_at(unsigned offset, unsigned base, int64_t off,
                     uint32_t is_saved)
{
    struct frames_rules r;

    REQUIRE(frames_find(&all, BEGIN + offset, &r));
    CHECK_EQ(r.base, base);
    CHECK_EQ(r.base_off, off);
    CHECK_EQ(r.is_saved, is_saved | 1u << FRAMES_RIP);
    CHECK_EQ(r.off[FRAMES_RIP], -8);
}

TEST(prologue)
{
    rules_at(0, FRAMES_RSP, 8, 0);
    rules_at(1, FRAMES_RSP, 16, 1u << FRAMES_RBP);
    rules_at(4, FRAMES_RBP, 16, 1u << FRAMES_RBP);
    rules_at(6, FRAMES_RBP, 16, 1u << FRAMES_RBP | 1u << FRAMES_R12);
}

TEST(offsets)
{
    struct frames_rules r;

    REQUIRE(frames_find(&all, BEGIN + 6, &r));
    CHECK_EQ(r.off[FRAMES_RBP], -16);
    CHECK_EQ(r.off[FRAMES_R12], -24);
}

/* Behind a return in the middle, the state before its epilogue is back. */
TEST(epilogue)
{
    rules_at(0x25, FRAMES_RBP, 16, 1u << FRAMES_RBP | 1u << FRAMES_R12);
    rules_at(0x26, FRAMES_RSP, 8, 0);
    rules_at(0x27, FRAMES_RBP, 16, 1u << FRAMES_RBP | 1u << FRAMES_R12);
    rules_at(0x3f, FRAMES_RBP, 16, 1u << FRAMES_RBP | 1u << FRAMES_R12);
}

TEST(no_function)
{
    struct frames_rules r;

    CHECK(!frames_find(&all, BEGIN - 1, &r));
    CHECK(!frames_find(&all, BEGIN + 0x40, &r));
    CHECK(!frames_find(&(struct frames){ 0 }, BEGIN, &r));
}

/* Whatever is cut off, nothing is read behind the end. */
TEST(cut)
{
    struct frames_rules r;
    size_t len;

    for (len = 0; len < sizeof(section); len++) {
        uint8_t *copy = malloc(len + 1);
        const struct frames f = { .data = copy, .len = len };

        REQUIRE(copy);
        memcpy(copy, section, len);
        CHECK(!frames_find(&f, BEGIN + 4, &r));
        free(copy);
    }
}
