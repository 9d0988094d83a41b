/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disasm.c - see disasm.h.
 *
 * A line of objdump's is "  401000:\tmov    $0x3c,%eax", AT&T syntax: what is
 * written stands last. An operand that is not understood makes nothing known,
 * and of instructions not listed here the last register is taken as changed.
 */
#include "cli/disasm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/child.h"
#include "host/fault.h"
#include "host/path.h"

#define OPERAND_MAX  4u
#define CALLER_OWNED 0x0fc7u /* rax rcx rdx rsi rdi r8..r11 */
#define BIT(reg)     (1u << (reg))

struct line {
    const char *op; /* the mnemonic, of op_len bytes */
    size_t op_len;
    const char *operand[OPERAND_MAX]; /* of operand_len[i] bytes */
    size_t operand_len[OPERAND_MAX];
    unsigned count;
    bool is_repeated, is_locked;
    uint64_t mentioned; /* "# 401234 <...>": what a rip-relative one means */
};

static bool op_is(const struct line *l, const char *name)
{
    return l->op_len == strlen(name) && memcmp(l->op, name, l->op_len) == 0;
}

static bool op_begins(const struct line *l, const char *name)
{
    return l->op_len >= strlen(name) && memcmp(l->op, name, strlen(name)) == 0;
}

/* ---- operands ---- */

/* The register of an operand such as %eax; size_out: its bytes. -1: none. */
static int reg_of(const char *text, size_t len, unsigned *size_out)
{
    static const struct {
        const char name[5];
        uint8_t reg, size;
    } names[] = {
        { "al", 0, 1 },  { "cl", 1, 1 },  { "dl", 2, 1 },  { "bl", 3, 1 },
        { "ah", 0, 1 },  { "ch", 1, 1 },  { "dh", 2, 1 },  { "bh", 3, 1 },
        { "spl", 4, 1 }, { "bpl", 5, 1 }, { "sil", 6, 1 }, { "dil", 7, 1 },
        { "ax", 0, 2 },  { "cx", 1, 2 },  { "dx", 2, 2 },  { "bx", 3, 2 },
        { "sp", 4, 2 },  { "bp", 5, 2 },  { "si", 6, 2 },  { "di", 7, 2 },
        { "eax", 0, 4 }, { "ecx", 1, 4 }, { "edx", 2, 4 }, { "ebx", 3, 4 },
        { "esp", 4, 4 }, { "ebp", 5, 4 }, { "esi", 6, 4 }, { "edi", 7, 4 },
        { "rax", 0, 8 }, { "rcx", 1, 8 }, { "rdx", 2, 8 }, { "rbx", 3, 8 },
        { "rsp", 4, 8 }, { "rbp", 5, 8 }, { "rsi", 6, 8 }, { "rdi", 7, 8 },
    };
    size_t digits = 1;
    int reg = 0;

    if (len < 3 || text[0] != '%')
        return -1;
    text++;
    len--;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i].name) == len &&
            memcmp(names[i].name, text, len) == 0) {
            *size_out = names[i].size;
            return names[i].reg;
        }
    }
    if (text[0] != 'r')
        return -1; /* a segment's, a vector register */
    while (digits < len && text[digits] >= '0' && text[digits] <= '9')
        reg = 10 * reg + (text[digits++] - '0');
    if (digits == 1 || reg < 8 || reg >= (int)REG_COUNT)
        return -1;
    *size_out = len == digits         ? 8
                : text[digits] == 'd' ? 4
                : text[digits] == 'w' ? 2
                                      : 1;
    return reg;
}

static int operand_reg(const struct line *l, unsigned i, unsigned *size_out)
{
    return reg_of(l->operand[i], l->operand_len[i], size_out);
}

static bool is_memory(const struct line *l, unsigned i)
{
    return memchr(l->operand[i], '(', l->operand_len[i]) ||
           (l->operand[i][0] != '%' && l->operand[i][0] != '$');
}

/* ---- cutting a line ---- */

/* Words before the mnemonic that do not matter here. */
static bool is_prefix(const struct line *l)
{
    static const char *const words[] = {
        "lock", "bnd", "notrack", "data16", "cs",       "ds",  "es",
        "ss",   "fs",  "gs",      "addr32", "xacquire", "rex", "xrelease"
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (op_is(l, words[i]) || (i == 12 && op_begins(l, "rex.")))
            return true;
    return false;
}

static const char *word_cut(struct line *l, const char *at)
{
    l->op = at;
    l->op_len = strcspn(at, " \n");
    at += l->op_len;
    return at + strspn(at, " ");
}

/* At commas that are not in parentheses. */
static void operands_cut(struct line *l, const char *at)
{
    const char *end = at + strcspn(at, "\n#<");
    unsigned depth = 0;
    const char *begin = at;

    while (end > at && end[-1] == ' ')
        end--;
    for (; at < end; at++) {
        depth += *at == '(';
        depth -= *at == ')' && depth > 0;
        if (*at != ',' || depth > 0)
            continue;
        if (l->count == OPERAND_MAX - 1)
            break;
        l->operand[l->count] = begin;
        l->operand_len[l->count++] = (size_t)(at - begin);
        begin = at + 1;
    }
    if (begin < end) {
        l->operand[l->count] = begin;
        l->operand_len[l->count++] = (size_t)(end - begin);
    }
}

static void line_cut(struct line *l, const char *at)
{
    const char *comment = at + strcspn(at, "\n#");

    *l = (struct line){ 0 };
    do {
        at = word_cut(l, at);
        if (op_begins(l, "rep"))
            l->is_repeated = true;
        if (op_is(l, "lock"))
            l->is_locked = true;
    } while (l->op_len > 0 && (is_prefix(l) || op_begins(l, "rep")) &&
             *at != '\n');
    operands_cut(l, at);
    if (*comment == '#')
        l->mentioned = strtoull(comment + 1, NULL, 16);
}

/* ---- what an instruction does ---- */

/* movs, stos and so on: with segments in their operands. */
static bool is_string(const struct line *l)
{
    for (unsigned i = 0; i < l->count; i++)
        if (l->operand_len[i] > 5 && (memcmp(l->operand[i], "%es:(", 5) == 0 ||
                                      memcmp(l->operand[i], "%ds:(", 5) == 0))
            return true;
    return false;
}

/* All general registers among the operands. */
static unsigned all_operands(const struct line *l)
{
    unsigned all = 0, size;

    for (unsigned i = 0; i < l->count; i++) {
        int reg = operand_reg(l, i, &size);

        all |= reg >= 0 ? BIT(reg) : 0;
    }
    return all;
}

/* Registers that change without being the last operand. */
static unsigned hidden_changes(const struct line *l)
{
    if (l->is_repeated || is_string(l))
        return BIT(0) | BIT(1) | BIT(6) | BIT(7);
    if (op_begins(l, "cmpxchg")) /* 8b and 16b: of rdx, too */
        return BIT(0) | BIT(2);
    if (op_begins(l, "xchg") || op_begins(l, "xadd") || op_begins(l, "mulx"))
        return all_operands(l);
    if (op_begins(l, "cmp") || op_begins(l, "cmov") || op_begins(l, "xor") ||
        op_begins(l, "inc") || (op_begins(l, "imul") && l->count > 1))
        return 0;
    if (op_begins(l, "c") || op_begins(l, "x") || op_begins(l, "rd") ||
        op_begins(l, "in") || op_begins(l, "pcmp") || op_begins(l, "vpcmp") ||
        op_begins(l, "lahf"))
        return BIT(0) | BIT(1) | BIT(2) | BIT(3); /* cpuid, cltd, xgetbv ... */
    if (op_begins(l, "mul") || op_begins(l, "div") || op_begins(l, "idiv") ||
        op_begins(l, "imul"))
        return BIT(0) | BIT(2);
    if (op_begins(l, "leave") || op_begins(l, "enter"))
        return BIT(5);
    return 0;
}

static bool writes_nothing(const struct line *l)
{
    return (op_begins(l, "cmp") && !op_begins(l, "cmpxchg")) ||
           op_begins(l, "test") || op_begins(l, "push") ||
           op_begins(l, "nop") || op_begins(l, "endbr");
}

/* A move whose outcome can be followed. */
static void value_parse(const struct line *l, struct insn *in)
{
    unsigned size = 0, from_size = 0;
    int dst, src;

    if (l->count != 2 || (dst = operand_reg(l, 1, &size)) < 0)
        return;
    src = operand_reg(l, 0, &from_size);
    in->dst = (uint8_t)dst;
    in->src = (uint8_t)(src < 0 ? 0 : src);
    if (op_begins(l, "xor") && src == dst && size >= 4) {
        in->kind = INSN_CONST;
        in->imm = 0;
    } else if (op_begins(l, "mov") && l->operand[0][0] == '$') {
        in->imm = (int64_t)strtoull(l->operand[0] + 1, NULL, 0);
        in->kind = size >= 4                              ? INSN_CONST
                   : size == 1 && l->operand[1][2] != 'h' ? INSN_LOW
                                                          : INSN_OTHER;
    } else if ((op_is(l, "mov") || op_is(l, "movslq") || op_is(l, "movl") ||
                op_is(l, "movq")) &&
               src >= 0 && size >= 4 && from_size >= 4) {
        in->kind = INSN_COPY;
    } else if (op_begins(l, "cmov") && src >= 0 && size >= 4) {
        in->kind = INSN_EITHER;
    }
}

/* Where control goes, if it does. */
static bool flow_parse(const struct line *l, struct insn *in)
{
    bool is_direct = l->count > 0 && l->operand[0][0] != '*';
    uint64_t target = is_direct ? strtoull(l->operand[0], NULL, 16) : 0;

    if (op_begins(l, "jmp"))
        in->kind = INSN_JUMP;
    else if (op_begins(l, "call"))
        in->kind = INSN_CALL;
    else if (op_begins(l, "j") || op_begins(l, "loop"))
        in->kind = INSN_BRANCH;
    else if (op_begins(l, "ret"))
        in->kind = INSN_RETURN;
    else if (op_begins(l, "hlt") || op_begins(l, "ud2"))
        in->kind = INSN_END;
    else if (op_is(l, "syscall"))
        in->kind = INSN_SYSCALL;
    else if (op_begins(l, "int") || op_begins(l, "sysenter"))
        in->kind = op_is(l, "int3") ? INSN_END : INSN_LEGACY;
    else
        return false;
    if (in->kind == INSN_JUMP || in->kind == INSN_CALL ||
        in->kind == INSN_BRANCH)
        in->target = target;
    if (in->kind == INSN_CALL)
        in->changes = CALLER_OWNED;
    if (in->kind == INSN_SYSCALL)
        in->changes = BIT(0) | BIT(1) | BIT(11);
    return true;
}

static void insn_parse(const char *text, struct insn *in)
{
    struct line l;
    unsigned size;
    int last;

    line_cut(&l, text);
    if (flow_parse(&l, in)) {
        if (op_begins(&l, "loop"))
            in->changes = BIT(1);
        return;
    }
    in->kind = INSN_OTHER;
    in->is_locked = l.is_locked;
    if (op_begins(&l, "nop") ||
        (op_is(&l, "xchg") && strncmp(l.operand[0], "%ax,%ax", 7) == 0)) {
        in->kind = INSN_NOP;
        return;
    }
    in->changes = (uint16_t)hidden_changes(&l);
    if (l.count > 0 && !writes_nothing(&l)) {
        last = operand_reg(&l, l.count - 1, &size);
        if (last >= 0)
            in->changes |= (uint16_t)BIT(last);
    }
    value_parse(&l, in);
    if (l.mentioned)
        in->target = l.mentioned;
    else if (l.count > 0 && l.operand[0][0] == '$' && !is_memory(&l, 0))
        in->target = strtoull(l.operand[0] + 1, NULL, 0);
}

/* ---- the whole ---- */

static void insn_add(struct disasm *d, size_t *room, const struct insn *in)
{
    if (d->count == *room) {
        *room = *room ? 2 * *room : 4096;
        d->insn = mem_resize(d->insn, *room * sizeof(*d->insn));
    }
    d->insn[d->count++] = *in;
}

static void text_parse(struct disasm *d)
{
    const char *at = (const char *)d->text.data, *where = "?>", *next;
    size_t room = 0;

    for (; at && *at != '\0'; at = next) {
        char *end;
        struct insn in = { .addr = strtoull(at, &end, 16) };

        next = strchr(at, '\n');
        next = next ? next + 1 : NULL;
        if (end == at)
            continue;
        if (end[0] == ' ' && end[1] == '<')
            where = end + 2;
        if (end[0] != ':' || end[1] != '\t')
            continue;
        in.where = where;
        insn_parse(end + 2, &in);
        insn_add(d, &room, &in);
    }
}

int disasm_read(const char *path, struct disasm *d, struct fault *fault)
{
    const char *const argv[] = { "objdump", "-d", "-w", "--no-show-raw-insn",
                                 path,      NULL };
    char *objdump = path_search("objdump", NULL, &(int){ 0 });
    struct child c = { .path = objdump,
                       .argv = argv,
                       .env = "LC_ALL=C",
                       .out = &d->text,
                       .out_len_max = DISASM_TEXT_MAX };
    int err;

    *d = (struct disasm){ 0 };
    if (!objdump)
        return fault_set(fault, ENOENT,
                         "--calls auto needs the program objdump; install the "
                         "package binutils");
    err = child_run(&c, fault);
    if (err == 0 && c.status != 0)
        err = fault_set(fault, EIO, "objdump failed on '%s' (status %d)", path,
                        c.status);
    if (err == 0) {
        buf_add(&d->text, "", 1);
        text_parse(d);
    }
    free(objdump);
    return err;
}

void disasm_fini(struct disasm *d)
{
    free(d->insn);
    buf_fini(&d->text);
}

size_t disasm_find(const struct disasm *d, uint64_t addr)
{
    size_t low = 0, high = d->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (d->insn[middle].addr < addr)
            low = middle + 1;
        else
            high = middle;
    }
    return low < d->count && d->insn[low].addr == addr ? low : d->count;
}
