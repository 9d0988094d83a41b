/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvh.c - from QEMU's -kernel to ring 3: what the monitor does elsewhere.
 *
 * Runs in ring 0 from an identity map of the first GiB, before the kernel is
 * relocated: no pointers in static data, no other module's code. Reads Xen's
 * struct hvm_start_info, picks memory for the tables right behind the kernel,
 * lets abi/cpu_tables.c fill them, fills bootinfo, and leaves for good.
 */
#include "abi/bootinfo.h"
#include "abi/cpu_tables.h"
#include "arch/x86_64/stub.h"
#include "arch/x86_64/trap.h"

/* Xen's start info, xen/include/public/arch-x86/hvm/start_info.h. */
#define START_MAGIC 0x336ec578u
#define START_RAM   1u

struct start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules_pa, cmdline_pa, rsdp_pa, memmap_pa;
    uint32_t memmap_count, reserved;
};
struct start_memory {
    uint64_t pa, len;
    uint32_t type, reserved;
};
struct start_module {
    uint64_t pa, len, cmdline_pa, reserved;
};

#define USED_MAX  7u
#define LAPIC_PA  0xfee00000ull
#define BDA_WORD  0x413u /* BIOS data area: KiB of base memory; 0: no BIOS */
#define IDENTITY  (1ull << 30)
#define COM1      0x3f8u
#define BOOT_MARK 0x5361u

/* Of an image that firmware copies to address 0, too, the word is 0. */
_Static_assert(BDA_WORD + sizeof(uint16_t) <= KERNEL_HEADER_OFF,
               "the word lies in the room before the header");

_Static_assert(offsetof(struct cpu_state, cr3) == 0x08, "pvh_leave knows");
_Static_assert(offsetof(struct cpu_state, gdt_base) == 0x38, "pvh_leave knows");
_Static_assert(offsetof(struct cpu_state, gdt_limit) == 0x50, "and this");
_Static_assert(offsetof(struct cpu_state, gs_base) == 0x60, "and this");
_Static_assert(offsetof(struct cpu_state, rsp) == 0x70, "and this");
_Static_assert(sizeof(struct cpu_state) == 120, "ap_start knows");

/* At the end of the code that start-up interrupts begin at. */
struct ap_words {
    uint64_t cr3; /* the boot's tables: below 4 GiB */
    uint64_t cpu_count;
    uint64_t states_va; /* struct cpu_state[cpu_count] */
    uint64_t bootinfo_va;
    uint64_t entry_va; /* ap_enter */
};

/* One page: what the kernel is told, and the CPUs' first registers. */
struct boot_page {
    struct bootinfo info;
    struct cpu_state states[CPU_MAX];
};
_Static_assert(sizeof(struct boot_page) <= PAGE_SIZE, "one page");

struct boot_ranges {
    struct bootinfo_range used[USED_MAX];
    unsigned used_count;
    struct bootinfo *boot;
};

static void cpuid(uint32_t leaf, uint32_t r[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "a"(leaf), "c"(0));
}

static void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value),
                     "d"((uint32_t)(value >> 32)));
}

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

/* Nothing else works yet: a line on the first serial port, then a triple fault,
 * which ends QEMU where it may not reboot. */
NORETURN static void give_up(const char *why)
{
    static const uint8_t no_idt[10];

    for (const char *p = "samara: cannot start: "; *p; p++)
        out8(COM1, (uint8_t)*p);
    for (; *why; why++)
        out8(COM1, (uint8_t)*why);
    out8(COM1, '\n');
    __asm__ volatile("lidt %0; int3" ::"m"(no_idt));
    __builtin_unreachable();
}

static void use(struct boot_ranges *r, uint64_t pa, uint64_t len)
{
    uint64_t end = (pa + len + PAGE_MASK) & ~PAGE_MASK;
    unsigned i;

    if (len == 0 || r->used_count == USED_MAX)
        return;
    pa &= ~PAGE_MASK;
    for (i = r->used_count++; i > 0 && r->used[i - 1].pa > pa; i--)
        r->used[i] = r->used[i - 1];
    r->used[i].pa = pa;
    r->used[i].len = end - pa;
}

static void give(struct bootinfo *boot, uint64_t pa, uint64_t end)
{
    pa = (pa + PAGE_MASK) & ~PAGE_MASK;
    end &= ~PAGE_MASK;
    if (end <= pa || boot->range_count == BOOTINFO_RANGE_MAX)
        return;
    boot->free[boot->range_count].pa = pa;
    boot->free[boot->range_count++].len = end - pa;
}

/* One range of RAM, less what is used. */
static void give_unused(struct boot_ranges *r, uint64_t pa, uint64_t end)
{
    for (unsigned i = 0; i < r->used_count && pa < end; i++) {
        uint64_t used = r->used[i].pa, used_end = used + r->used[i].len;

        if (used_end <= pa || used >= end)
            continue;
        if (used > pa)
            give(r->boot, pa, used);
        pa = used_end;
    }
    if (pa < end)
        give(r->boot, pa, end);
}

/* Zeroed pages for tables, inside the identity map: from the first free range
 * with room. Those below the first MiB come last, and hold anything. */
static uint8_t *carve(struct bootinfo *boot, size_t pages)
{
    uint64_t len = pages * PAGE_SIZE;

    for (unsigned i = 0; i < boot->range_count; i++) {
        struct bootinfo_range *f = &boot->free[i];
        uint64_t pa = f->pa;

        if (f->len < len || pa + len > IDENTITY)
            continue;
        f->pa += len;
        f->len -= len;
        if (pa < KERNEL_PA || !(boot->flags & BOOTINFO_RAM_ZEROED))
            for (uint64_t *p = (uint64_t *)pa; (uint64_t)p < pa + len; p++)
                *p = 0;
        return (uint8_t *)pa;
    }
    give_up("no memory is left beside the image; raise -m");
}

static uint64_t read_memory_map(struct boot_ranges *r,
                                const struct start_info *si)
{
    const struct start_memory *m = (const void *)si->memmap_pa;
    uint64_t end = 0;

    for (uint32_t i = 0; i < si->memmap_count; i++) {
        uint64_t top = m[i].pa + m[i].len;

        if (m[i].type != START_RAM || top > CPU_TABLES_DIRECT_MAX)
            continue;
        r->boot->ram_len += m[i].len;
        end = top > end ? top : end;
        if (m[i].pa >= KERNEL_PA)
            give_unused(r, m[i].pa, top);
    }
    /* What firmware has used comes last: it holds anything but zeros. */
    for (uint32_t i = 0; i < si->memmap_count; i++)
        if (m[i].type == START_RAM && m[i].pa < KERNEL_PA)
            give_unused(r, m[i].pa < PAGE_SIZE ? PAGE_SIZE : m[i].pa,
                        m[i].pa + m[i].len);
    return end;
}

static uint64_t hardware_random(void)
{
    static uint64_t state;
    uint32_t r[4];
    uint64_t value = 0;

    cpuid(1, r);
    if (r[2] >> 30 & 1)
        __asm__ volatile("rdrand %0" : "=r"(value)::"cc");
    state = (state ^ value ^ arch_cycles()) * 0x9e3779b97f4a7c15ull;
    state ^= state >> 29;
    return state;
}

/* CR4 and XCR0 as far as the CPU goes, and the registers of `syscall`; sets
 * what the kernel is told of it. */
static void enable_features(const struct cpu_state *s, struct bootinfo *boot)
{
    uint64_t cr4 = s->cr4;
    uint32_t r[4], r7[4], x[4];

    cpuid(1, r);
    cpuid(7, r7);
    if (r7[1] & 1) {
        cr4 |= CPU_CR4_FSGSBASE;
        boot->flags |= BOOTINFO_FSGSBASE;
    }
    if (r7[2] >> 3 & 1)
        cr4 |= CPU_CR4_PKE;
    if (r[2] >> 26 & 1)
        cr4 |= CPU_CR4_OSXSAVE;
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4));
    if (r[2] >> 26 & 1) {
        cpuid(13, x);
        x[0] &= 0x2e7; /* x87 SSE AVX AVX-512 PKRU */
        __asm__ volatile("xsetbv" ::"c"(0), "a"(x[0]), "d"(0));
    }
    wrmsr(0xc0000081, s->star);
    wrmsr(0xc0000082, s->lstar);
    wrmsr(0xc0000084, s->sfmask);
    cpuid(0x40000000, x);
    if (r[2] >> 31 && x[0] >= 0x40000010) {
        cpuid(0x40000010, x);
        boot->tsc_khz = x[0];
    }
}

/* True when free memory may hold something else than zeros: a BIOS has been
 * at work, or we have (a reset keeps memory). */
static bool memory_is_used(void)
{
    volatile uint16_t *bda = (volatile uint16_t *)BDA_WORD;
    bool used;

    __asm__("" : "+r"(bda));
    used = *bda != 0;
    if (!used)
        *bda = BOOT_MARK;
    return used;
}

static void find_images(struct boot_ranges *r, const struct kernel_header *k,
                        const struct start_info *si)
{
    const struct start_module *m = (const void *)si->modules_pa;
    struct bootinfo *b = r->boot;
    uint64_t moved = b->kernel_pa - KERNEL_PA; /* modulo 2^64 */

    b->root_pa = k->root_pa ? k->root_pa + moved : 0;
    b->root_len = k->root_len;
    b->config_pa = k->config_pa ? k->config_pa + moved : 0;
    b->config_len = k->config_len;
    if (si->module_count > 0 && !b->root_len) {
        b->root_pa = m->pa;
        b->root_len = m->len;
    } else if (si->module_count > 0) {
        b->config_pa = m->pa;
        b->config_len = m->len;
    }
    use(r, b->root_pa, b->root_len);
    use(r, b->config_pa, b->config_len);
    use(r, k->config_pa + moved, k->config_len);
}

/* As the CPU's topology leaf tells, or the old one (Intel SDM 2A, CPUID). */
static unsigned count_cpus(void)
{
    uint32_t r[4], n;

    cpuid(0, r);
    n = 1;
    if (r[0] >= 0xb) {
        __asm__ volatile("cpuid"
                         : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                         : "a"(0xb), "c"(1));
        n = r[1] & 0xffff;
    }
    if (n <= 1) {
        cpuid(1, r);
        n = r[3] >> 28 & 1 ? r[1] >> 16 & 0xff : 1;
    }
    return n < 1 ? 1 : n > CPU_MAX ? CPU_MAX : n;
}

/* What the other CPUs will find when the kernel asks for them. Their numbers
 * are their local APICs' ids. */
static void prepare_cpus(const struct cpu_tables *t, struct boot_page *page,
                         const struct cpu_state *states)
{
    size_t words_off = (size_t)(ap_words - ap_start);
    uint8_t *to = (uint8_t *)AP_START_PA;
    uint64_t page_va = t->layout.direct_va + (uint64_t)page;
    unsigned slot = t->layout.kernel_va >> 39 & 511;
    struct ap_words words = {
        .cr3 = (uint64_t)boot_pml4,
        .cpu_count = t->cpu_count,
        .states_va = page_va + offsetof(struct boot_page, states),
        .bootinfo_va = page_va,
        .entry_va = (uint64_t)ap_enter - t->kernel_pa + t->layout.kernel_va,
    };

    __asm__("" : "+r"(to));
    for (unsigned i = 0; i < t->cpu_count; i++)
        page->states[i] = states[i];
    for (size_t i = 0; i < words_off; i++)
        to[i] = (uint8_t)ap_start[i];
    *(struct ap_words *)(void *)(to + words_off) = words;
    boot_pml4[slot] = ((const uint64_t *)(const void *)t->fixed)[slot];
}

void pvh_cpu_main(const struct cpu_state *s, uint64_t bootinfo_va)
{
    struct bootinfo ignored;

    enable_features(s, &ignored);
    pvh_enter(s, bootinfo_va);
}

void pvh_main(uint64_t start_info_pa, const uint8_t *kernel)
{
    const struct start_info *si = (const void *)start_info_pa;
    const struct kernel_header *k = (const void *)(kernel + KERNEL_HEADER_OFF);
    struct bootinfo boot = { .magic = BOOTINFO_MAGIC,
                             .version = BOOTINFO_VERSION,
                             .platform = BOOTINFO_PVH,
                             .kernel_pa = (uint64_t)kernel,
                             .kernel_len = k->total_len };
    struct boot_ranges ranges = { .boot = &boot };
    struct cpu_tables t = { .kernel = k,
                            .kernel_pa = (uint64_t)kernel,
                            .cpu_count = count_cpus(),
                            .lapic_pa = LAPIC_PA,
                            .map_mmio = true };
    struct cpu_state states[CPU_MAX];
    struct boot_page *page;

    if (si->magic != START_MAGIC)
        give_up("the boot loader does not speak PVH");
    /* Where the copy runs, a part of the image lies at KERNEL_PA, too. */
    if (!memory_is_used() && boot.kernel_pa == KERNEL_PA)
        boot.flags |= BOOTINFO_RAM_ZEROED;
    use(&ranges, boot.kernel_pa, boot.kernel_len);
    if (t.cpu_count > 1)
        use(&ranges, AP_START_PA, PAGE_SIZE);
    find_images(&ranges, k, si);
    t.direct_len = read_memory_map(&ranges, si);
    if (boot.root_pa + boot.root_len > t.direct_len ||
        boot.config_pa + boot.config_len > t.direct_len)
        give_up("the image does not fit into memory; raise -m");
    cpu_layout_choose(hardware_random(), &t.layout);
    t.fixed = carve(&boot, CPU_TABLES_FIXED_PAGES(t.cpu_count));
    t.fixed_pa = (uint64_t)t.fixed;
    t.own = carve(&boot, cpu_tables_own_pages(&t) + 1);
    t.own_pa = (uint64_t)t.own;
    if (cpu_tables_build(&t, states) != 0)
        give_up("the kernel's header is damaged; build the image anew");

    boot.kernel_va = t.layout.kernel_va;
    boot.direct_va = t.layout.direct_va;
    boot.direct_len = t.direct_len;
    boot.stub_va = t.layout.stub_va;
    boot.pml4_pa = t.fixed_pa;
    boot.cpu_count = t.cpu_count;
    boot.cpu_areas_pa = cpu_tables_areas_pa(&t);
    for (unsigned i = 0; i < sizeof(boot.seed) / 8; i++)
        ((uint64_t *)(void *)boot.seed)[i] = hardware_random();
    enable_features(&states[0], &boot);
    out8(0x21, 0xff); /* both 8259s: masked */
    out8(0xa1, 0xff);

    page = (void *)(t.own + cpu_tables_own_pages(&t) * PAGE_SIZE);
    page->info = boot;
    if (t.cpu_count > 1)
        prepare_cpus(&t, page, states);
    /* until the jump to the kernel's own address */
    *(uint64_t *)(void *)t.fixed = (uint64_t)boot_pdpt | 7;
    pvh_leave(&states[0], (uint64_t *)(void *)t.fixed,
              t.layout.kernel_va - t.kernel_pa,
              t.layout.direct_va + (uint64_t)page);
}
