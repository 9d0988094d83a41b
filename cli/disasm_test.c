/* SPDX-License-Identifier: BSD-2-Clause */
/* disasm_test.c - what objdump's lines are taken to mean. */
/* unit: cli/child.c host/fault.c host/memory.c host/path.c */
#include "cli/disasm.c"
#include "tests/unit.h"

static struct disasm d;

static const struct insn *parse(const char *line)
{
    char text[256];

    disasm_fini(&d);
    d = (struct disasm){ 0 };
    snprintf(text, sizeof(text), "\n0000000000401000 <f>:\n  401000:\t%s\n",
             line);
    buf_add(&d.text, text, strlen(text) + 1);
    text_parse(&d);
    REQUIRE(d.count == 1);
    return d.insn;
}

static void changes(const char *line, unsigned mask)
{
    const struct insn *in = parse(line);

    if (in->changes != mask)
        CHECK_STR_EQ(line, "changes something else");
    CHECK_EQ(in->changes, mask);
}

TEST(lines)
{
    const struct insn *in = parse("mov    $0x3c,%eax");

    CHECK_EQ(in->addr, 0x401000u);
    CHECK_EQ(in->kind, INSN_CONST);
    CHECK_EQ(in->imm, 0x3c);
    CHECK_EQ(in->dst, NUMBER_REG);
    CHECK_MEM_EQ(in->where, "f>", 2);
}

TEST(values)
{
    CHECK_EQ(parse("xor    %r9d,%r9d")->kind, INSN_CONST);
    CHECK_EQ(d.insn->dst, 9u);
    CHECK_EQ(parse("xor    %eax,%edx")->kind, INSN_OTHER);
    CHECK_EQ(parse("mov    %rdi,%rax")->kind, INSN_COPY);
    CHECK_EQ(d.insn->src, 7u);
    CHECK_EQ(parse("movslq %edi,%rax")->kind, INSN_COPY);
    CHECK_EQ(parse("mov    $0x38,%al")->kind, INSN_LOW);
    CHECK_EQ(parse("mov    $0x38,%ah")->kind, INSN_OTHER);
    CHECK_EQ(parse("mov    $0x38,%ax")->kind, INSN_OTHER);
    CHECK_EQ(parse("mov    %di,%ax")->kind, INSN_OTHER);
    CHECK_EQ(parse("mov    0x8(%rsp),%rax")->kind, INSN_OTHER);
    CHECK_EQ(parse("cmovne %ecx,%eax")->kind, INSN_EITHER);
    CHECK_EQ(parse("movzbl %dil,%eax")->kind, INSN_OTHER);
    CHECK_EQ(parse("mov    $0x1,%r8b")->kind, INSN_LOW);
    CHECK_EQ(parse("movabs $0x3c,%rax")->kind, INSN_CONST);
}

TEST(flow)
{
    CHECK_EQ(parse("call   401234 <g+0x4>")->kind, INSN_CALL);
    CHECK_EQ(d.insn->target, 0x401234u);
    CHECK_EQ(parse("call   *0x8(%rax)")->target, 0u);
    CHECK_EQ(parse("jmp    *%rax")->kind, INSN_JUMP);
    CHECK_EQ(d.insn->target, 0u);
    CHECK_EQ(parse("notrack jmp *%rax")->kind, INSN_JUMP);
    CHECK_EQ(parse("bnd jmp 401234 <g>")->target, 0x401234u);
    CHECK_EQ(parse("jne    401002 <f+0x2>")->kind, INSN_BRANCH);
    CHECK_EQ(parse("repz ret")->kind, INSN_RETURN);
    CHECK_EQ(parse("ret")->kind, INSN_RETURN);
    CHECK_EQ(parse("hlt")->kind, INSN_END);
    CHECK_EQ(parse("syscall")->kind, INSN_SYSCALL);
    CHECK_EQ(parse("int    $0x80")->kind, INSN_LEGACY);
    CHECK_EQ(parse("xchg   %ax,%ax")->kind, INSN_NOP);
    CHECK_EQ(parse("cs nopw 0x0(%rax,%rax,1)")->kind, INSN_NOP);
    CHECK(parse("lock cmpxchg %edx,(%rdi)")->is_locked);
    CHECK_EQ(parse("lea    0x2ef(%rip),%rdi        # 404000 <t>")->target,
             0x404000u);
    CHECK_EQ(parse("mov    $0x404000,%esi")->target, 0x404000u);
}

TEST(changed_registers)
{
    changes("add    %rax,%rdx", BIT(2));
    changes("add    %rax,(%rdx)", 0);
    changes("cmp    %rax,%rdx", 0);
    changes("test   %eax,%eax", 0);
    changes("push   %rax", 0);
    changes("pop    %r11", BIT(11));
    changes("movss  %xmm0,%xmm1", 0);
    changes("movb   $0x0,0x247664(%rip)        # 64d1a3 <x>", 0);
    changes("rep stos %rax,%es:(%rdi)", BIT(0) | BIT(1) | BIT(6) | BIT(7));
    changes("movsb  %ds:(%rsi),%es:(%rdi)", BIT(0) | BIT(1) | BIT(6) | BIT(7));
    changes("mul    %rcx", BIT(0) | BIT(2) | BIT(1));
    changes("imul   %rcx,%rbx", BIT(3));
    changes("imul   $0x18,%rdi,%r8", BIT(8));
    changes("cpuid", BIT(0) | BIT(1) | BIT(2) | BIT(3));
    changes("cltd", BIT(0) | BIT(1) | BIT(2) | BIT(3));
    changes("xchg   %ecx,(%rdi)", BIT(1));
    changes("xchg   %ebx,%ecx", BIT(1) | BIT(3));
    changes("lock xadd %r8d,(%rdi)", BIT(8));
    changes("lock cmpxchg %edx,(%rdi)", BIT(0) | BIT(2));
    changes("call   401234 <g>", CALLER_OWNED);
    changes("syscall", BIT(0) | BIT(1) | BIT(11));
    changes("cvttsd2si %xmm0,%rbx", BIT(0) | BIT(1) | BIT(2) | BIT(3));
    changes("movq   %xmm0,%rbx", BIT(3));
    changes("pcmpistri $0x1a,%xmm1,%xmm0", BIT(0) | BIT(1) | BIT(2) | BIT(3));
    changes("leave", BIT(5));
}
