/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c - see report.h. */
#include "cli/report.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "abi/hypercall.h"
#include "host/fault.h"
#include "image/image.h"
#include "image/symbols.h"

#define TRACE_MAX 16u

static void print_text(const uint8_t *text, size_t len)
{
    size_t i;

    fputs("samara: ", stderr);
    while (len > 0 && text[len - 1] == '\n')
        len--;
    for (i = 0; i < len; i++)
        fputc(isprint(text[i]) || text[i] == '\n' ? text[i] : '.', stderr);
    fputc('\n', stderr);
}

static void print_address(const struct symbols *symbols,
                          const struct image *img,
                          const struct hypercall_report *r, uint64_t address)
{
    uint64_t off = address - r->kernel_va;
    uint64_t within;
    const char *name = NULL;

    if (r->kernel_va != 0 && off < img->header.total_len)
        name = symbols_find(symbols, off, &within);
    if (name)
        fprintf(stderr, "    %016llx %s+0x%llx\n", (unsigned long long)address,
                name, (unsigned long long)within);
    else
        fprintf(stderr, "    %016llx\n", (unsigned long long)address);
}

static void print_registers(const struct hypercall_report *r)
{
    const struct {
        const char *name;
        uint64_t value;
    } regs[] = {
        { "rip", r->rip }, { "rsp", r->rsp },     { "flags", r->rflags },
        { "rax", r->rax }, { "rbx", r->rbx },     { "rcx", r->rcx },
        { "rdx", r->rdx }, { "rsi", r->rsi },     { "rdi", r->rdi },
        { "rbp", r->rbp }, { "r8", r->r8 },       { "r9", r->r9 },
        { "r10", r->r10 }, { "r11", r->r11 },     { "r12", r->r12 },
        { "r13", r->r13 }, { "r14", r->r14 },     { "r15", r->r15 },
        { "cr2", r->cr2 }, { "error", r->error }, { "cs", r->cs },
    };
    size_t i;

    for (i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
        fprintf(stderr, "  %5s %016llx%s", regs[i].name,
                (unsigned long long)regs[i].value, i % 3 == 2 ? "\n" : "");
}

void report_print(const char *image, const uint8_t *data, size_t len)
{
    const uint8_t *end = memchr(data, '\0', len);
    size_t text_len = end ? (size_t)(end - data) : len;
    struct hypercall_report r;
    struct symbols symbols = { 0 };
    struct fault ignored;
    struct image img;
    uint64_t i;

    print_text(data, text_len);
    if (!end || len - text_len - 1 < sizeof(r))
        return; /* no registers */
    memcpy(&r, end + 1, sizeof(r));
    print_registers(&r);
    if (image_open(image, &img, &ignored) != 0)
        return;
    symbols_load(&img, &symbols);
    fputs("  at\n", stderr);
    print_address(&symbols, &img, &r, r.rip);
    for (i = 0; i < r.trace_count && i < TRACE_MAX; i++)
        print_address(&symbols, &img, &r, r.trace[i]);
    symbols_fini(&symbols);
    image_close(&img);
}
