/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_regs.c - registers, in the order of the description that gdb is given.
 */
#include <errno.h>
#include <string.h>

#include "cli/gdb/server.h"
#include "host/memory.h"

#define CORE(name)                                \
    {                                             \
        offsetof(struct control_regs, name), 8, 0 \
    }
#define SHORT(name)                               \
    {                                             \
        offsetof(struct control_regs, name), 4, 0 \
    }
#define ST(n)                     \
    {                             \
        FX + 32 + 16 * (n), 10, 0 \
    }
#define XMM(n)                     \
    {                              \
        FX + 160 + 16 * (n), 16, 0 \
    }
/* Of the FXSAVE image: so many bytes there, and 4 for gdb. */
#define FPU(off, bytes)      \
    {                        \
        FX + (off), 4, bytes \
    }
#define FX     offsetof(struct control_regs, fx)
#define FTAG   28u
#define FX_SW  2u
#define FX_TAG 4u
#define FX_ST  32u

static const struct reg {
    uint16_t off; /* in struct control_regs */
    uint8_t len;  /* for gdb */
    uint8_t own;  /* there, if it is less */
} regs[] = {
    CORE(rax),
    CORE(rbx),
    CORE(rcx),
    CORE(rdx),
    CORE(rsi),
    CORE(rdi),
    CORE(rbp),
    CORE(rsp),
    CORE(r8),
    CORE(r9),
    CORE(r10),
    CORE(r11),
    CORE(r12),
    CORE(r13),
    CORE(r14),
    CORE(r15),
    CORE(rip),
    SHORT(rflags),
    SHORT(cs),
    SHORT(ss),
    SHORT(ds),
    SHORT(es),
    SHORT(fs),
    SHORT(gs),
    /* 24 */ ST(0),
    ST(1),
    ST(2),
    ST(3),
    ST(4),
    ST(5),
    ST(6),
    ST(7),
    /* 32: fctrl fstat ftag fiseg fioff foseg fooff fop */
    FPU(0, 2),
    FPU(2, 2),
    FPU(4, 1),
    FPU(12, 2),
    FPU(8, 4),
    FPU(20, 2),
    FPU(16, 4),
    FPU(6, 2),
    /* 40 */ XMM(0),
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
    FPU(24, 4),
    CORE(orig_rax),
    CORE(fs_base),
    CORE(gs_base),
};
#define REG_COUNT (sizeof(regs) / sizeof(regs[0]))
#define FTAG_REG  34u

#define XML_REG(name, bits, type) \
    "<reg name=\"" name "\" bitsize=\"" bits "\" type=\"" type "\"/>"
#define XML_ST(n)  XML_REG("st" n, "80", "i387_ext")
#define XML_INT(n) XML_REG(n, "64", "int64")
#define XML_SEG(n) XML_REG(n, "32", "int32")
#define XML_FPU(n) \
    "<reg name=\"" n "\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
#define XML_XMM(n) XML_REG("xmm" n, "128", "vec128")

const char server_target_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
    "<target><architecture>i386:x86-64</architecture>"
    "<osabi>GNU/Linux</osabi>"
    "<feature name=\"org.gnu.gdb.i386.core\">"
    "<flags id=\"i386_eflags\" size=\"4\">"
    "<field name=\"CF\" start=\"0\" end=\"0\"/>"
    "<field name=\"\" start=\"1\" end=\"1\"/>"
    "<field name=\"PF\" start=\"2\" end=\"2\"/>"
    "<field name=\"AF\" start=\"4\" end=\"4\"/>"
    "<field name=\"ZF\" start=\"6\" end=\"6\"/>"
    "<field name=\"SF\" start=\"7\" end=\"7\"/>"
    "<field name=\"TF\" start=\"8\" end=\"8\"/>"
    "<field name=\"IF\" start=\"9\" end=\"9\"/>"
    "<field name=\"DF\" start=\"10\" end=\"10\"/>"
    "<field name=\"OF\" start=\"11\" end=\"11\"/>"
    "<field name=\"AC\" start=\"18\" end=\"18\"/>"
    "<field name=\"ID\" start=\"21\" end=\"21\"/></flags>" XML_INT(
        "rax") XML_INT("rbx") XML_INT("rcx") XML_INT("rdx") XML_INT("rsi")
        XML_INT("rdi") XML_REG("rbp", "64", "data_ptr") XML_REG(
            "rsp", "64", "data_ptr") XML_INT("r8") XML_INT("r9") XML_INT("r10")
            XML_INT("r11") XML_INT("r12") XML_INT("r13") XML_INT("r14") XML_INT(
                "r15") XML_REG("rip", "64", "code_ptr") XML_REG("eflags", "32",
                                                                "i386_eflags")
                XML_SEG("cs") XML_SEG("ss") XML_SEG("ds") XML_SEG("es") XML_SEG(
                    "fs") XML_SEG("gs") XML_ST("0") XML_ST("1") XML_ST("2")
                    XML_ST("3") XML_ST("4") XML_ST("5") XML_ST("6") XML_ST(
                        "7") XML_FPU("fctrl") XML_FPU("fstat") XML_FPU("ftag")
                        XML_FPU("fiseg") XML_FPU("fioff") XML_FPU("foseg") XML_FPU("fooff") XML_FPU(
                            "fop") "</feature><feature "
                                   "name=\"org.gnu.gdb.i386.sse\">"
                                   "<vector id=\"v4f\" type=\"ieee_single\" "
                                   "count=\"4\"/>"
                                   "<vector id=\"v2d\" type=\"ieee_double\" "
                                   "count=\"2\"/>"
                                   "<vector id=\"v16i8\" type=\"int8\" "
                                   "count=\"16\"/>"
                                   "<vector id=\"v8i16\" type=\"int16\" "
                                   "count=\"8\"/>"
                                   "<vector id=\"v4i32\" type=\"int32\" "
                                   "count=\"4\"/>"
                                   "<vector id=\"v2i64\" type=\"int64\" "
                                   "count=\"2\"/>"
                                   "<union id=\"vec128\"><field "
                                   "name=\"v4_float\" type=\"v4f\"/>"
                                   "<field name=\"v2_double\" type=\"v2d\"/>"
                                   "<field name=\"v16_int8\" type=\"v16i8\"/>"
                                   "<field name=\"v8_int16\" type=\"v8i16\"/>"
                                   "<field name=\"v4_int32\" type=\"v4i32\"/>"
                                   "<field name=\"v2_int64\" type=\"v2i64\"/>"
                                   "<field name=\"uint128\" "
                                   "type=\"uint128\"/></union>"
                                   "<flags id=\"i386_mxcsr\" size=\"4\">"
                                   "<field name=\"IE\" start=\"0\" end=\"0\"/>"
                                   "<field name=\"DE\" start=\"1\" end=\"1\"/>"
                                   "<field name=\"ZE\" start=\"2\" end=\"2\"/>"
                                   "<field name=\"OE\" start=\"3\" end=\"3\"/>"
                                   "<field name=\"UE\" start=\"4\" end=\"4\"/>"
                                   "<field name=\"PE\" start=\"5\" "
                                   "end=\"5\"/></flags>" XML_XMM("0") XML_XMM(
                                       "1") XML_XMM("2") XML_XMM("3")
                                       XML_XMM("4") XML_XMM("5") XML_XMM(
                                           "6") XML_XMM("7") XML_XMM("8")
                                           XML_XMM("9") XML_XMM("10") XML_XMM(
                                               "11") XML_XMM("12") XML_XMM("13")
                                               XML_XMM("14") XML_XMM(
                                                   "15") "<reg name=\"mxcsr\" "
                                                         "bitsize=\"32\" "
                                                         "type=\"i386_mxcsr\" "
                                                         "group=\"vector\"/>"
                                                         "</feature><feature "
                                                         "name=\"org.gnu.gdb."
                                                         "i386."
                                                         "linux\">" XML_INT(
                                                             "orig_rax") "</"
                                                                         "featu"
                                                                         "re><"
                                                                         "featu"
                                                                         "re "
                                                                         "name="
                                                                         "\"org"
                                                                         ".gnu."
                                                                         "gdb."
                                                                         "i386."
                                                                         "segme"
                                                                         "nts\""
                                                                         ">" XML_INT(
                                                                             "f"
                                                                             "s"
                                                                             "_"
                                                                             "b"
                                                                             "a"
                                                                             "s"
                                                                             "e")
                                                                             XML_INT(
                                                                                 "gs_base") "</feature></target>";

/* ---- the x87's tags: a bit for each register in FXSAVE's image, two bits in
 * gdb's: 0 valid, 1 zero, 2 special, 3 empty (Intel SDM 1, 8.1.7 and 10.5) ---- */

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

static void reg_get(const struct control_regs *r, unsigned n, uint8_t out[16])
{
    const struct reg *reg = &regs[n];
    uint32_t tags;

    memset(out, 0, 16);
    memcpy(out, (const uint8_t *)r + reg->off, reg->own ? reg->own : reg->len);
    if (n != FTAG_REG)
        return;
    tags = tags_get(r->fx);
    memcpy(out, &tags, sizeof(tags));
}

static void reg_set(struct control_regs *r, unsigned n, const uint8_t in[16])
{
    const struct reg *reg = &regs[n];
    uint32_t tags;

    memcpy(&tags, in, sizeof(tags));
    if (n == FTAG_REG)
        tags_set(r->fx, tags);
    else
        memcpy((uint8_t *)r + reg->off, in, reg->own ? reg->own : reg->len);
}

static int fetch(struct server *s, struct control_regs *out)
{
    const struct inside_thread *thread = server_thread(s);

    if (!thread)
        return -ESRCH;
    return target_regs(&s->target, thread, out, s->fault);
}

void server_regs_read(struct server *s)
{
    struct control_regs r;
    uint8_t value[16];
    unsigned i;
    int err = fetch(s, &r);

    if (err) {
        server_error(s, err);
        return;
    }
    for (i = 0; i < REG_COUNT; i++) {
        reg_get(&r, i, value);
        packet_hex(&s->reply, value, regs[i].len);
    }
}

static void store(struct server *s, const struct control_regs *r)
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
    struct control_regs r;
    uint8_t value[16];
    unsigned i;
    int err = fetch(s, &r);

    for (i = 0; err == 0 && i < REG_COUNT; i++) {
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
    struct control_regs r;
    uint8_t value[16];
    uint64_t n;
    int err = fetch(s, &r);

    if (err == 0 && (!packet_number(&at, &n) || n >= REG_COUNT))
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
    struct control_regs r;
    uint8_t value[16] = { 0 };
    uint64_t n;
    int err = fetch(s, &r);

    if (err == 0 && (!packet_number(&at, &n) || n >= REG_COUNT ||
                     *at++ != '=' || !packet_bytes(&at, value, regs[n].len)))
        err = -EINVAL;
    if (err) {
        server_error(s, err);
        return;
    }
    reg_set(&r, (unsigned)n, value);
    store(s, &r);
}
