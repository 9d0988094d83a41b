/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_regs.c - registers, and their description for gdb.
 */
#include <errno.h>
#include <string.h>

#include "cli/gdb/server.h"
#include "host/memory.h"

#define FX     offsetof(struct target_regs, r.fx)
#define FX_SW  2u
#define FX_TAG 4u
#define FX_ST  32u

/* Each register of gdb's, in its order. */
#define REG(name, type)                                         \
    {                                                           \
#name, type, offsetof(struct target_regs, r.name), 8, 0 \
    }
#define INT(name) REG(name, "int64")
#define SHORT(name, as, type)                                \
    {                                                        \
        as, type, offsetof(struct target_regs, r.name), 4, 0 \
    }
#define SEGMENT(name) SHORT(name, #name, "int32")
#define ST(n)                                             \
    {                                                     \
        "st" #n, "i387_ext", FX + FX_ST + 16 * (n), 10, 0 \
    }
#define XMM(n)                                         \
    {                                                  \
        "xmm" #n, "vec128", FX + 160 + 16 * (n), 16, 0 \
    }
#define YMMH(n)                                                               \
    {                                                                         \
        "ymm" #n "h", "uint128", offsetof(struct target_regs, ymmh[n]), 16, 0 \
    }
/* Of the FXSAVE image: so many bytes there, and 4 for gdb. */
#define FPU(name, off, bytes)             \
    {                                     \
        name, "int", FX + (off), 4, bytes \
    }

static const struct reg {
    const char *name, *type;
    uint16_t off; /* in struct target_regs */
    uint8_t len;  /* for gdb */
    uint8_t own;  /* there, if it is less */
} regs[] = {
    INT(rax),
    INT(rbx),
    INT(rcx),
    INT(rdx),
    INT(rsi),
    INT(rdi),
    REG(rbp, "data_ptr"),
    REG(rsp, "data_ptr"),
    INT(r8),
    INT(r9),
    INT(r10),
    INT(r11),
    INT(r12),
    INT(r13),
    INT(r14),
    INT(r15),
    REG(rip, "code_ptr"),
    SHORT(rflags, "eflags", "i386_eflags"),
    SEGMENT(cs),
    SEGMENT(ss),
    SEGMENT(ds),
    SEGMENT(es),
    SEGMENT(fs),
    SEGMENT(gs),
    ST(0),
    ST(1),
    ST(2),
    ST(3),
    ST(4),
    ST(5),
    ST(6),
    ST(7),
    FPU("fctrl", 0, 2),
    FPU("fstat", 2, 2),
    FPU("ftag", 4, 1),
    FPU("fiseg", 12, 2),
    FPU("fioff", 8, 4),
    FPU("foseg", 20, 2),
    FPU("fooff", 16, 4),
    FPU("fop", 6, 2),
    XMM(0),
    XMM(1),
    XMM(2),
    XMM(3),
    XMM(4),
    XMM(5),
    XMM(6),
    XMM(7),
    XMM(8),
    XMM(9),
    XMM(10),
    XMM(11),
    XMM(12),
    XMM(13),
    XMM(14),
    XMM(15),
    FPU("mxcsr", 24, 4),
    INT(orig_rax),
    INT(fs_base),
    INT(gs_base),
    YMMH(0),
    YMMH(1),
    YMMH(2),
    YMMH(3),
    YMMH(4),
    YMMH(5),
    YMMH(6),
    YMMH(7),
    YMMH(8),
    YMMH(9),
    YMMH(10),
    YMMH(11),
    YMMH(12),
    YMMH(13),
    YMMH(14),
    YMMH(15),
};
#define REG_COUNT (sizeof(regs) / sizeof(regs[0]))
#define FTAG_REG  34u
#define AVX_REG   60u

/* "Standard Target Features" of gdb's manual, G.5: where each begins. */
static const struct feature {
    unsigned first;
    const char *name;
} features[] = {
    { 0, "core" },      { 40, "sse" },      { 57, "linux" },
    { 58, "segments" }, { AVX_REG, "avx" }, /* the last */
};
#define FEATURE_COUNT (sizeof(features) / sizeof(features[0]))

static unsigned reg_count(const struct server *s)
{
    return s->target.has_avx ? REG_COUNT : AVX_REG;
}

static void flags_xml(struct buf *out, const char *id, const char *bits)
{
    unsigned n;

    buf_printf(out, "<flags id=\"%s\" size=\"4\">", id);
    for (n = 0; bits[2 * n] != '\0'; n++)
        if (bits[2 * n] != ' ')
            buf_printf(out, "<field name=\"%.2s\" start=\"%u\" end=\"%u\"/>",
                       bits + 2 * n, n, n);
    buf_printf(out, "</flags>");
}

static void vector_xml(struct buf *out)
{
    static const struct {
        const char *id, *type, *field;
        unsigned count;
    } parts[] = { { "v4f", "ieee_single", "v4_float", 4 },
                  { "v2d", "ieee_double", "v2_double", 2 },
                  { "v16i8", "int8", "v16_int8", 16 },
                  { "v8i16", "int16", "v8_int16", 8 },
                  { "v4i32", "int32", "v4_int32", 4 },
                  { "v2i64", "int64", "v2_int64", 2 } };
    unsigned i;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        buf_printf(out, "<vector id=\"%s\" type=\"%s\" count=\"%u\"/>",
                   parts[i].id, parts[i].type, parts[i].count);
    buf_printf(out, "<union id=\"vec128\">");
    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        buf_printf(out, "<field name=\"%s\" type=\"%s\"/>", parts[i].field,
                   parts[i].id);
    buf_printf(out, "<field name=\"uint128\" type=\"uint128\"/></union>");
}

static void feature_xml(struct buf *out, unsigned n)
{
    static const char flags[] = "CF  PF  AF  ZFSFTFIFDFOF            AC    ID";
    unsigned i;
    unsigned end = n + 1 < FEATURE_COUNT ? features[n + 1].first : REG_COUNT;

    buf_printf(out, "<feature name=\"org.gnu.gdb.i386.%s\">", features[n].name);
    if (n == 0)
        flags_xml(out, "i386_eflags", flags);
    if (n == 1)
        vector_xml(out);
    for (i = features[n].first; i < end; i++)
        buf_printf(out, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>",
                   regs[i].name, 8u * regs[i].len, regs[i].type);
    buf_printf(out, "</feature>");
}

void server_target_xml(const struct server *s, struct buf *out)
{
    unsigned n, count = FEATURE_COUNT - (s->target.has_avx ? 0 : 1);

    buf_printf(out, "<?xml version=\"1.0\"?>"
                    "<!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
                    "<architecture>i386:x86-64</architecture>"
                    "<osabi>GNU/Linux</osabi>");
    for (n = 0; n < count; n++)
        feature_xml(out, n);
    buf_printf(out, "</target>");
}

/* ---- the x87's tags: a bit for each register in FXSAVE's image, two bits in
 * gdb's: 0 valid, 1 zero, 2 special, 3 empty: Intel SDM 1, 8.1.7, 10.5 ---- */

static unsigned tag_of(const uint8_t *st)
{
    uint64_t mantissa;
    unsigned exponent = (unsigned)(st[8] | st[9] << 8) & 0x7fff;

    memcpy(&mantissa, st, sizeof(mantissa));
    if (exponent == 0x7fff)
        return 2;
    if (exponent == 0)
        return mantissa == 0 ? 1 : 2;
    return mantissa >> 63 ? 0 : 2;
}

static uint32_t tags_get(const uint8_t *fx)
{
    unsigned top = fx[FX_SW + 1] >> 3 & 7, i;
    uint32_t tags = 0;

    for (i = 0; i < 8; i++) {
        unsigned tag = 3;

        if (fx[FX_TAG] >> i & 1)
            tag = tag_of(fx + FX_ST + 16 * ((i - top) & 7));
        tags |= tag << 2 * i;
    }
    return tags;
}

static void tags_set(uint8_t *fx, uint32_t tags)
{
    unsigned i;

    fx[FX_TAG] = 0;
    for (i = 0; i < 8; i++)
        if ((tags >> 2 * i & 3) != 3)
            fx[FX_TAG] |= (uint8_t)(1u << i);
}

static void reg_get(const struct target_regs *r, unsigned n, uint8_t out[16])
{
    const struct reg *reg = &regs[n];
    uint32_t tags;

    memset(out, 0, 16);
    memcpy(out, (const uint8_t *)r + reg->off, reg->own ? reg->own : reg->len);
    if (n != FTAG_REG)
        return;
    tags = tags_get(r->r.fx);
    memcpy(out, &tags, sizeof(tags));
}

static void reg_set(struct target_regs *r, unsigned n, const uint8_t in[16])
{
    const struct reg *reg = &regs[n];
    uint32_t tags;

    memcpy(&tags, in, sizeof(tags));
    if (n == FTAG_REG)
        tags_set(r->r.fx, tags);
    else
        memcpy((uint8_t *)r + reg->off, in, reg->own ? reg->own : reg->len);
}

static int fetch(struct server *s, struct target_regs *out)
{
    const struct inside_thread *thread = server_thread(s);

    if (!thread)
        return -ESRCH;
    return target_regs(&s->target, thread, out, s->fault);
}

void server_regs_read(struct server *s)
{
    struct target_regs r;
    uint8_t value[16];
    unsigned i;
    int err = fetch(s, &r);

    if (err) {
        server_error(s, err);
        return;
    }
    for (i = 0; i < reg_count(s); i++) {
        reg_get(&r, i, value);
        packet_hex(&s->reply, value, regs[i].len);
    }
}

static void store(struct server *s, const struct target_regs *r)
{
    const struct inside_thread *thread = server_thread(s);
    int err =
        thread ? target_regs_set(&s->target, thread->tid, r, s->fault) : -ESRCH;

    if (err)
        server_error(s, err);
    else
        server_ok(s);
}

void server_regs_write(struct server *s, const char *at)
{
    struct target_regs r;
    uint8_t value[16];
    unsigned i;
    int err = fetch(s, &r);

    for (i = 0; err == 0 && i < reg_count(s); i++) {
        if (!packet_bytes(&at, value, regs[i].len))
            err = -EINVAL;
        else
            reg_set(&r, i, value);
    }
    if (err)
        server_error(s, err);
    else
        store(s, &r);
}

void server_reg_read(struct server *s, const char *at)
{
    struct target_regs r;
    uint8_t value[16];
    uint64_t n;
    int err = fetch(s, &r);

    if (err == 0 && (!packet_number(&at, &n) || n >= reg_count(s)))
        err = -EINVAL;
    if (err) {
        server_error(s, err);
        return;
    }
    reg_get(&r, (unsigned)n, value);
    packet_hex(&s->reply, value, regs[n].len);
}

void server_reg_write(struct server *s, const char *at)
{
    struct target_regs r;
    uint8_t value[16] = { 0 };
    uint64_t n;
    int err = fetch(s, &r);

    if (err == 0 && (!packet_number(&at, &n) || n >= reg_count(s) ||
                     *at++ != '=' || !packet_bytes(&at, value, regs[n].len)))
        err = -EINVAL;
    if (err) {
        server_error(s, err);
        return;
    }
    reg_set(&r, (unsigned)n, value);
    store(s, &r);
}
