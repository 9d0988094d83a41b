/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu_tables.c - builds what cpu_tables.h describes.
 *
 * Runs in two places: on the host, filling a guest's memory, and in the guest
 * before paging is what it will be. So: no pointers in static data, no calls
 * outside of this file, addresses only through the caller's two ranges.
 */
#include "abi/cpu_tables.h"
#include "abi/hypercall.h"
#include "abi/monitor_net.h"

#define PAGE     4096ull
#define GIB      (1ull << 30)
#define LARGE    (2ull << 20)
#define SLOT_LEN (1ull << 39)

/* Offsets inside the descriptor page. */
#define GDT_OFF         0x000u
#define GDT_LEN         0x50u
#define TSS_OFF         0x080u
#define TSS_PORTS       0xd00u /* ports below this have a permission bit */
#define TSS_LEN         (104u + TSS_PORTS / 8 + 1)
#define IDT_OFF         0x400u
#define HALT_IDT_OFF    0x800u
#define FAULT_FRAME_OFF 0xc00u /* stub.S: where a page fault's iretq goes */
#define IDT_LEN         (KERNEL_VECTOR_MAX * 16u)

_Static_assert(TSS_OFF + TSS_LEN <= IDT_OFF, "TSS fits");

#define TABLE (CPU_PTE_P | CPU_PTE_W | CPU_PTE_U | CPU_PTE_A)

void cpu_layout_choose(uint64_t random, struct cpu_layout *out)
{
    /* Not 256: on PVM hosts no access through it ever succeeds. */
    uint64_t slot = 257 + (random & 127) % 127;
    uint64_t stub_slot = 384 + (random >> 7 & 127);
    uint64_t top = 0xffff000000000000ull;

    out->kernel_va = top + slot * SLOT_LEN + (random >> 14 & 255) * GIB +
                     (random >> 22 & 255) * LARGE;
    out->direct_va =
        top + slot * SLOT_LEN + 256 * GIB + (random >> 30 & 127) * GIB;
    out->stub_va = top + stub_slot * SLOT_LEN + (random >> 37 & 511) * GIB +
                   (random >> 46 & 511) * LARGE + (random >> 55 & 255) * PAGE;
}

/* `own` pages, in this order: kernel PDPT, kernel PD, stub data, PD of the
 * registers below 4 GiB, kernel PTs, direct map's PDs, further CPUs' areas. */
enum { OWN_PDPT, OWN_PD, OWN_STUB_DATA, OWN_MMIO_PD, OWN_PT };

static size_t kernel_pts(const struct cpu_tables *t)
{
    return (t->kernel->total_len + LARGE - 1) / LARGE;
}

static size_t areas_page(const struct cpu_tables *t)
{
    return OWN_PT + kernel_pts(t) + (t->direct_len + GIB - 1) / GIB;
}

size_t cpu_tables_own_pages(const struct cpu_tables *t)
{
    return areas_page(t) + (t->cpu_count - 1) * (size_t)CPU_AREA_PAGES;
}

uint64_t cpu_tables_areas_pa(const struct cpu_tables *t)
{
    return t->own_pa + areas_page(t) * PAGE;
}

/* What differs from one CPU to the next. */
struct cpu_place {
    uint64_t stub_va, data_pa, desc_pa;
    uint64_t stacks_va, percpu_va, stack_top_va;
    uint8_t *desc;
    struct stub_data *data;
};

static struct cpu_place place_of(const struct cpu_tables *t, unsigned cpu)
{
    const struct kernel_header *k = t->kernel;
    size_t page = areas_page(t) + (cpu - 1) * (size_t)CPU_AREA_PAGES;
    uint64_t area_va = t->layout.direct_va + t->own_pa + page * PAGE;
    uint64_t image_va = t->layout.kernel_va;

    if (cpu == 0)
        page = OWN_STUB_DATA;
    return (struct cpu_place){
        .stub_va = t->layout.stub_va + cpu * CPU_STUB_LEN,
        .data_pa = t->own_pa + page * PAGE,
        .data = (struct stub_data *)(void *)(t->own + page * PAGE),
        .desc_pa = t->fixed_pa + (4 + cpu) * PAGE,
        .desc = t->fixed + (4 + cpu) * PAGE,
        .stacks_va = cpu ? area_va + CPU_AREA_STACKS : image_va + k->stacks,
        .percpu_va = cpu ? area_va + CPU_AREA_PERCPU : image_va + k->percpu,
        .stack_top_va =
            cpu ? area_va + CPU_AREA_PAGES * PAGE : image_va + k->boot_stack,
    };
}

static uint64_t *own_table(const struct cpu_tables *t, size_t page)
{
    return (uint64_t *)(void *)(t->own + page * PAGE);
}

static uint64_t *fixed_table(const struct cpu_tables *t, size_t page)
{
    return (uint64_t *)(void *)(t->fixed + page * PAGE);
}

static uint64_t own_entry(const struct cpu_tables *t, size_t page)
{
    return (t->own_pa + page * PAGE) | TABLE;
}

static void build_kernel_map(const struct cpu_tables *t)
{
    const struct kernel_header *k = t->kernel;
    uint64_t va = t->layout.kernel_va;
    uint64_t *pdpt = own_table(t, OWN_PDPT);
    uint64_t *pd = own_table(t, OWN_PD);
    uint64_t *pt = own_table(t, OWN_PT); /* several follow one another */
    uint64_t pa = t->kernel_pa;
    size_t page = 0;

    pdpt[va >> 30 & 511] = own_entry(t, OWN_PD);
    for (size_t i = 0; i < kernel_pts(t); i++)
        pd[(va >> 21 & 511) + i] = own_entry(t, OWN_PT + i);
    for (; page < k->text_len / PAGE; page++, pa += PAGE)
        pt[page] = pa | CPU_PTE_P | CPU_PTE_U | CPU_PTE_A;
    page = k->data_off / PAGE;
    pa = t->kernel_pa + k->data_off;
    for (; page < k->total_len / PAGE; page++, pa += PAGE)
        pt[page] = pa | TABLE | CPU_PTE_D | CPU_PTE_NX;
}

static void build_direct_map(const struct cpu_tables *t)
{
    uint64_t *pdpt = own_table(t, OWN_PDPT);
    size_t first = OWN_PT + kernel_pts(t);
    uint64_t *pd = own_table(t, first); /* several, contiguous */
    size_t slot = t->layout.direct_va >> 30 & 511;
    size_t gibs = (t->direct_len + GIB - 1) / GIB;
    uint64_t flags = TABLE | CPU_PTE_D | CPU_PTE_PS | CPU_PTE_NX;

    for (size_t i = 0; i < gibs; i++)
        pdpt[slot + i] = own_entry(t, first + i);
    for (uint64_t pa = 0; pa < t->direct_len; pa += LARGE)
        pd[pa / LARGE] = pa | flags;
    if (!t->map_mmio)
        return;
    if (gibs < 4) {
        pdpt[slot + 3] = own_entry(t, OWN_MMIO_PD);
        pd = own_table(t, OWN_MMIO_PD) - 3 * 512;
    }
    for (uint64_t pa = 0xfe000000ull; pa < 4 * GIB; pa += LARGE)
        pd[pa / LARGE] = pa | flags | CPU_PTE_PCD;
}

/* All CPUs' fit into the one page table: cpu_layout_choose(). */
static void build_stub_map(const struct cpu_tables *t,
                           const struct cpu_place *c)
{
    uint64_t va = c->stub_va;
    uint64_t *pt = fixed_table(t, 3) + (va >> 12 & 511);
    uint64_t base = t->fixed_pa;

    fixed_table(t, 1)[va >> 30 & 511] = (base + 2 * PAGE) | TABLE;
    fixed_table(t, 2)[va >> 21 & 511] = (base + 3 * PAGE) | TABLE;
    pt[0] = (t->kernel_pa + t->kernel->stub_off) | CPU_PTE_P | CPU_PTE_U |
            CPU_PTE_A;
    pt[1] = c->data_pa | TABLE | CPU_PTE_D | CPU_PTE_NX;
    /* Writable only where `ltr` must still set the busy bit. */
    pt[2] = c->desc_pa | CPU_PTE_P | CPU_PTE_A | CPU_PTE_NX |
            (t->is_monitor ? 0 : CPU_PTE_W | CPU_PTE_D);
    if (t->lapic_pa)
        pt[3] = t->lapic_pa | CPU_PTE_P | CPU_PTE_W | CPU_PTE_A | CPU_PTE_D |
                CPU_PTE_PCD | CPU_PTE_NX;
}

/* The TSS has its 64-bit fields at addresses that are multiples of 4. */
struct unaligned64 {
    uint64_t value;
} __attribute__((packed));

static void put64(uint8_t *p, uint64_t v)
{
    ((struct unaligned64 *)(void *)p)->value = v;
}

/* Intel SDM 3A, 3.4.5 and 7.2.3: segment and TSS descriptors. */
static void build_gdt(const struct cpu_tables *t, const struct cpu_place *c)
{
    uint8_t *gdt = c->desc + GDT_OFF;
    uint64_t tss_va = c->stub_va + 2 * PAGE + TSS_OFF;
    uint64_t type = t->is_monitor ? 0x8b : 0x89; /* busy : available */

    put64(gdt + 0x10, 0x00af9b000000ffffull); /* ring 0 code, 64-bit */
    put64(gdt + 0x18, 0x00cf93000000ffffull); /* ring 0 data */
    put64(gdt + 0x20, 0x00cffb000000ffffull); /* ring 3 code, 32-bit */
    put64(gdt + 0x28, 0x00cff3000000ffffull); /* ring 3 data */
    put64(gdt + 0x30, 0x00affb000000ffffull); /* ring 3 code, 64-bit */
    put64(gdt + 0x40, (TSS_LEN - 1) | (tss_va & 0xffffff) << 16 | type << 40 |
                          (tss_va >> 24 & 0xff) << 56);
    put64(gdt + 0x48, tss_va >> 32);
}

static void build_tss(const struct cpu_tables *t, const struct cpu_place *c)
{
    uint8_t *tss = c->desc + TSS_OFF;
    uint64_t stacks = c->stacks_va;
    uint8_t *bitmap = tss + 104;

    /* IST1.. at byte 36; each stack's top. RSP0 is the gate's too. */
    for (unsigned i = 0; i < 4; i++)
        put64(tss + 36 + 8 * i, stacks + (i + 1) * t->kernel->stack_len);
    put64(tss + 4, stacks + 4 * (uint64_t)t->kernel->stack_len);
    tss[102] = 104; /* I/O map base */
    bitmap[TSS_PORTS / 8] = 0xff;
    if (!t->is_monitor)
        return; /* a PC's driver ports, all below TSS_PORTS */
    for (unsigned i = 0; i < TSS_PORTS / 8; i++)
        bitmap[i] = 0xff;
    bitmap[HYPERCALL_PORT / 8] = 0; /* out %eax: four ports each */
    _Static_assert(HYPERCALL_PORT % 8 == 0, "the first four bits");
    _Static_assert(MONITOR_NET_PORT == HYPERCALL_PORT + 4, "the others");
}

/* Intel SDM 3A, 6.14.1: a 64-bit gate. */
static void put_gate(uint8_t *idt, unsigned vector, uint64_t target,
                     uint32_t selector, uint32_t ist, uint32_t type)
{
    put64(idt + vector * 16, (target & 0xffff) | (uint64_t)selector << 16 |
                                 (uint64_t)ist << 32 | (uint64_t)type << 40 |
                                 (target >> 16 & 0xffff) << 48);
    put64(idt + vector * 16 + 8, target >> 32);
}

static void build_idt(const struct cpu_tables *t, const struct cpu_place *c)
{
    const struct kernel_header *k = t->kernel;
    uint8_t *idt = c->desc + IDT_OFF;
    uint8_t *halt = c->desc + HALT_IDT_OFF;
    uint64_t vectors = t->layout.kernel_va + k->vectors;
    uint64_t stub = c->stub_va;

    /* Trap gates (0xf) to ring 3: IF is not the mask there. #OF (4) may be
     * raised by instruction. Interrupts on IST 1, others on 3. */
    for (unsigned v = 0; v < KERNEL_VECTOR_MAX; v++)
        put_gate(idt, v, vectors + 16 * v, CPU_USER_CS,
                 v >= 0x20 && v != CPU_SPURIOUS ? 1 : 3, v == 4 ? 0xef : 0x8f);
    /* Interrupt gates (0xe) into the stub. */
    put_gate(idt, 14, stub + k->stub_fault, CPU_KERNEL_CS, 2, 0x8e);
    put_gate(idt, CPU_GATE_VECTOR, stub + k->stub_gate, CPU_KERNEL_CS, 4, 0xee);
    for (unsigned v = 0x20; v < 0x30; v++)
        put_gate(halt, v, stub + k->stub_halt_irq + 16 * (v - 0x20),
                 CPU_KERNEL_CS, 0, 0x8e);
}

/* iretq's frame into the ring-3 half of a page fault. The CPU has pushed six
 * words on IST stack 2. Read-only memory: it decides where ring 0 goes. */
static void build_fault_frame(const struct cpu_tables *t,
                              const struct cpu_place *c)
{
    const struct kernel_header *k = t->kernel;
    uint8_t *frame = c->desc + FAULT_FRAME_OFF;

    put64(frame, t->layout.kernel_va + k->fault_entry);
    put64(frame + 8, CPU_USER_CS);
    put64(frame + 16, 0x202);
    put64(frame + 24, c->stacks_va + 2 * (uint64_t)k->stack_len - 48);
    put64(frame + 32, CPU_USER_SS);
}

static void put_pseudo_descriptor(uint8_t *p, uint64_t base, uint32_t limit)
{
    p[0] = (uint8_t)limit;
    p[1] = (uint8_t)(limit >> 8);
    for (unsigned i = 0; i < 8; i++)
        p[2 + i] = (uint8_t)(base >> (8 * i));
}

static void build_stub_data(const struct cpu_tables *t,
                            const struct cpu_place *c)
{
    struct stub_data *d = c->data;
    uint64_t desc_va = c->stub_va + 2 * PAGE;

    d->syscall_entry = t->layout.kernel_va + t->kernel->syscall_entry;
    d->breakpoint_entry =
        t->layout.kernel_va + t->kernel->vectors + 16 * CPU_GATE_VECTOR;
    put_pseudo_descriptor(d->idt, desc_va + IDT_OFF, IDT_LEN - 1);
    put_pseudo_descriptor(d->halt_idt, desc_va + HALT_IDT_OFF, IDT_LEN - 1);
}

static bool header_fits(const struct kernel_header *k)
{
    uint64_t len = k->total_len;

    return k->magic == KERNEL_MAGIC && k->abi == KERNEL_ABI &&
           len % PAGE == 0 && len <= 16 * LARGE && k->text_len % PAGE == 0 &&
           k->data_off % PAGE == 0 && k->text_len <= k->data_off &&
           k->data_off < len && k->entry < k->text_len &&
           k->stub_off % PAGE == 0 && k->stub_off < k->text_len &&
           k->stub_syscall < PAGE && k->stub_fault < PAGE &&
           k->stub_gate < PAGE && k->stub_halt_irq <= PAGE - 256 &&
           k->syscall_entry < k->text_len && k->fault_entry < k->text_len &&
           k->cpu_entry < k->text_len && 4ull * k->stack_len <= PAGE &&
           (uint64_t)k->vectors + 16 * KERNEL_VECTOR_MAX <= k->text_len &&
           k->percpu < len && k->boot_stack <= len &&
           k->stacks + 4ull * k->stack_len <= len && k->stack_len % 16 == 0 &&
           k->data_file_len <= len - k->data_off;
}

static struct cpu_state state_of(const struct cpu_tables *t,
                                 const struct cpu_place *c, unsigned cpu)
{
    const struct kernel_header *k = t->kernel;
    uint64_t desc_va = c->stub_va + 2 * PAGE;

    return (struct cpu_state){
        .cr0 = 0x80010033, /* PG WP NE ET MP PE */
        .cr3 = t->fixed_pa,
        .cr4 = 0x620,  /* OSXMMEXCPT OSFXSR PAE */
        .efer = 0xd01, /* NXE LMA LME SCE */
        .star = 0x0023001000000000ull,
        .lstar = c->stub_va + k->stub_syscall,
        .sfmask = 0x44700, /* AC NT DF IF TF */
        .gdt_base = desc_va + GDT_OFF,
        .gdt_limit = GDT_LEN - 1,
        .idt_base = desc_va + IDT_OFF,
        .idt_limit = IDT_LEN - 1,
        .tss_base = desc_va + TSS_OFF,
        .tss_limit = TSS_LEN - 1,
        .gs_base = c->percpu_va,
        .rip = t->layout.kernel_va + (cpu ? k->cpu_entry : k->entry),
        .rsp = c->stack_top_va,
    };
}

int cpu_tables_build(const struct cpu_tables *t, struct cpu_state *out)
{
    uint64_t *pml4 = fixed_table(t, 0);

    if (!header_fits(t->kernel) || t->direct_len > CPU_TABLES_DIRECT_MAX ||
        t->cpu_count == 0 || t->cpu_count > CPU_MAX)
        return -1;
    pml4[t->layout.kernel_va >> 39 & 511] = own_entry(t, OWN_PDPT);
    pml4[t->layout.stub_va >> 39 & 511] = (t->fixed_pa + PAGE) | TABLE;
    build_kernel_map(t);
    build_direct_map(t);
    for (unsigned cpu = 0; cpu < t->cpu_count; cpu++) {
        struct cpu_place c = place_of(t, cpu);

        build_stub_map(t, &c);
        build_gdt(t, &c);
        build_tss(t, &c);
        build_idt(t, &c);
        build_fault_frame(t, &c);
        build_stub_data(t, &c);
        out[cpu] = state_of(t, &c, cpu);
    }
    return 0;
}
