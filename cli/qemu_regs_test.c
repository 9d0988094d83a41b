/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_regs_test.c - registers out of a text as QEMU 7.2 writes it.
 */
/* unit: cli/qemu_regs.c host/file.c host/fault.c host/memory.c */
#include <errno.h>
#include <string.h>

#include "cli/qemu_regs.h"
#include "host/fault.h"
#include "host/file.h"
#include "host/memory.h"
#include "tests/unit.h"

#define TEXT    "tests/fuzz/corpus/qemu/text"
#define AVX_OFF 576

static void text_read(struct buf *out)
{
    struct fault fault;

    CHECK_EQ(file_read_all(TEXT, out, 65536, &fault), 0);
    buf_add(out, "", 1);
}

TEST(general_registers_and_segments)
{
    struct buf text = { 0 };
    struct control_regs r;

    text_read(&text);
    CHECK_EQ(qemu_regs_parse((const char *)text.data, &r), 0);
    CHECK_EQ(r.rbx, 0xffffaeac8f26beb8);
    CHECK_EQ(r.r8, 0xffffaeac8f27a6c0);
    CHECK_EQ(r.rip, 0xffffe18ad368818b);
    CHECK_EQ(r.rflags, 0x246);
    CHECK_EQ(r.cs, 0x33);
    CHECK_EQ(r.cr3, 0x245000);
    buf_fini(&text);
}

/* FXSAVE has the stack's top first: register 7 with a top of 7. */
TEST(vectors_and_x87)
{
    struct buf text = { 0 };
    uint8_t area[CONTROL_XSTATE_LEN];
    uint64_t words[2], present;

    text_read(&text);
    CHECK_EQ(qemu_regs_xstate((const char *)text.data, area), 0);
    memcpy(words, area + 32, sizeof(words));
    CHECK_EQ(words[0], 1ull << 63);
    CHECK_EQ(words[1] & 0xffff, 0x3fff);
    memcpy(words, area + 160 + 16 * 5, sizeof(words));
    CHECK_EQ(words[0], 6);
    CHECK_EQ(words[1], 2);
    memcpy(words, area + AVX_OFF + 16 * 5, sizeof(words));
    CHECK_EQ(words[0], 3);
    CHECK_EQ(words[1], 4);
    memcpy(&present, area + CONTROL_XSTATE_XCR0, sizeof(present));
    CHECK_EQ(present, 7);
    buf_fini(&text);
}

TEST(another_text_is_refused)
{
    struct control_regs r;

    CHECK_EQ(qemu_regs_parse("EAX=00000000 EBX=00000000\n", &r), -EPROTO);
}
