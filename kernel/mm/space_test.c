/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space_test.c - address spaces against a model that is plain bytes.
 *
 * Method: thousands of random mmap, munmap, mprotect, mremap, madvise, brk and
 * accesses in a window of pages. The model keeps, per page, what Linux would
 * have there: kind, protection, and the value that each page holds. Accesses
 * go through a TLB that forgets nothing until it is flushed, so a missing
 * flush is seen as one. Everything must be free again at the end.
 */
/* unit: kernel/mm/page.c kernel/mm/heap.c kernel/mm/region.c
 *       kernel/mm/space.c kernel/mm/space_change.c kernel/mm/space_fault.c
 *       kernel/mm/shared.c kernel/mm/space_advise.c kernel/mm/space_info.c kernel/arch/x86_64/pagetable.c
 *       kernel/arch/x86_64/page_zero.S */
#include "tests/unit.h"

#include "mm/fake_machine.h"

#include "core/errno.h"
#include "mm/heap.h"
#include "mm/object.h"
#include "mm/region.h"
#include "mm/user.h"
#include "random/pool.h"

#define RAM_LEN    (32ull << 20)
#define WINDOW_VA  0x7f0000200000ull /* across two last-level tables */
#define WINDOW     96u
#define FILE_PAGES 40u

void arch_rewrite_forget(uint64_t start, uint64_t end)
{
    (void)start, (void)end;
}

size_t strlcpy(char *dst, const char *src, size_t dst_len)
{
    return (size_t)snprintf(dst, dst_len, "%s", src);
}

/* "Images" lie in fake memory behind the RAM: the kernel's, of which only the
 * page of zeros is looked at, and the file's. */
#define FILE_IMAGE_OFF   (40ull << 20)
#define KERNEL_IMAGE_OFF (48ull << 20)
extern const uint8_t __executable_start[];

uint64_t arch_kernel_va(void)
{
    return (uint64_t)__executable_start;
}

uint64_t arch_kernel_pa(void)
{
    return FAKE_RAM_PA + KERNEL_IMAGE_OFF;
}

static uint64_t pool_state = 88172645463325252ull;

uint64_t pool_u64(void)
{
    pool_state ^= pool_state << 13;
    pool_state ^= pool_state >> 7;
    pool_state ^= pool_state << 17;
    return pool_state;
}

bool user_range_ok(uaddr_t p, size_t len)
{
    return p < ARCH_USER_MAX && len <= ARCH_USER_MAX - p;
}

int copy_to_user(uaddr_t dst, const void *src, size_t len)
{
    memcpy((void *)dst, src, len);
    return 0;
}

/* ---- a file: half of it in place as in an image, half in RAM ---- */

static struct file_model {
    struct vm_object object; /* first */
    int refs;
    paddr_t own[FILE_PAGES]; /* 0: the image's page */
    uint8_t *image;
    uint64_t size_pages;
} file;

static int file_page(struct vm_object *obj, uint64_t idx, bool want_write,
                     paddr_t *pa_out)
{
    struct file_model *f = (struct file_model *)obj;

    if (idx >= f->size_pages)
        return -ENXIO;
    if (want_write && !f->own[idx]) {
        f->own[idx] = page_alloc();
        if (!f->own[idx])
            return -ENOMEM;
        memcpy(page_ptr(f->own[idx]), f->image + idx * PAGE_SIZE, PAGE_SIZE);
        vm_object_zap(obj, idx, 1, false);
    }
    *pa_out = f->own[idx] ? f->own[idx] : page_pa(f->image + idx * PAGE_SIZE);
    page_get(*pa_out);
    return 0;
}

static int file_ready(struct vm_object *obj, uint64_t idx, paddr_t *pa_out)
{
    return idx % 3 == 0 ? -EAGAIN : file_page(obj, idx, false, pa_out);
}

static void file_ref(struct vm_object *obj)
{
    ((struct file_model *)obj)->refs++;
}

static void file_unref(struct vm_object *obj)
{
    ((struct file_model *)obj)->refs--;
}

static void file_name(struct vm_object *obj, char *buf, size_t buf_len)
{
    (void)obj;
    snprintf(buf, buf_len, "/some/file");
}

static const struct vm_object_ops file_ops = {
    .page = file_page,
    .ready = file_ready,
    .ref = file_ref,
    .unref = file_unref,
    .name = file_name,
};

/* ---- the model ---- */

enum kind { FREE, ANON, SHARED_ANON, PRIVATE_FILE, SHARED_FILE };

struct page_model {
    enum kind kind;
    int prot;
    unsigned idx; /* of the file */
    bool is_own;  /* a private file page that was written */
    uint8_t value;
};

static struct page_model model[WINDOW];
static uint8_t file_value[FILE_PAGES];
static struct space *space;

static uint64_t va_of(unsigned page)
{
    return WINDOW_VA - WINDOW / 2 * PAGE_SIZE + page * PAGE_SIZE;
}

static uint8_t *value_of(struct page_model *m)
{
    if (m->kind == SHARED_FILE || (m->kind == PRIVATE_FILE && !m->is_own))
        return &file_value[m->idx];
    return &m->value;
}

static enum space_fault_result model_access(unsigned page, bool write)
{
    struct page_model *m = &model[page];

    if (m->kind == FREE)
        return SPACE_FAULT_MAPERR;
    if (write ? !(m->prot & PROT_WRITE) : m->prot == PROT_NONE)
        return SPACE_FAULT_ACCERR;
    if ((m->kind == SHARED_FILE || (m->kind == PRIVATE_FILE && !m->is_own)) &&
        m->idx >= file.size_pages)
        return SPACE_FAULT_BUS;
    return SPACE_FAULT_OK;
}

static void compare_read(unsigned page)
{
    enum space_fault_result want = model_access(page, false), got;
    uint8_t *byte;

    got = fake_access(space, &space->pt, va_of(page), SPACE_READ, &byte);
    CHECK_EQ(got, want);
    if (got == SPACE_FAULT_OK && want == SPACE_FAULT_OK)
        CHECK_EQ(*byte, *value_of(&model[page]));
}

static void compare_write(unsigned page)
{
    enum space_fault_result want = model_access(page, true), got;
    uint8_t value = (uint8_t)(rand() | 1), *byte;

    got = fake_access(space, &space->pt, va_of(page), SPACE_WRITE, &byte);
    CHECK_EQ(got, want);
    if (got != SPACE_FAULT_OK || want != SPACE_FAULT_OK)
        return;
    *byte = value;
    if (model[page].kind == PRIVATE_FILE)
        model[page].is_own = true;
    *value_of(&model[page]) = value;
}

static int random_prot(void)
{
    static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_EXEC,
                                 PROT_READ | PROT_WRITE,
                                 PROT_READ | PROT_WRITE };

    return prots[rand() % 5];
}

static void do_map(unsigned first, unsigned count)
{
    enum kind kind = (enum kind)(1 + rand() % 4);
    int flags = MAP_FIXED, prot = random_prot();
    unsigned idx = (unsigned)rand() % (FILE_PAGES - count + 1);
    bool is_file = kind == PRIVATE_FILE || kind == SHARED_FILE;
    long at;

    flags |=
        kind == SHARED_ANON || kind == SHARED_FILE ? MAP_SHARED : MAP_PRIVATE;
    if (!is_file)
        flags |= MAP_ANONYMOUS;
    at =
        space_map(space, va_of(first), count * PAGE_SIZE, prot, flags,
                  is_file ? &file.object : NULL, is_file ? idx * PAGE_SIZE : 0);
    CHECK_EQ(at, va_of(first));
    for (unsigned i = 0; i < count; i++)
        model[first + i] = (struct page_model){ kind, prot, idx + i, 0, 0 };
}

static void do_unmap(unsigned first, unsigned count)
{
    CHECK_EQ(space_unmap(space, va_of(first), count * PAGE_SIZE), 0);
    for (unsigned i = 0; i < count; i++)
        model[first + i] = (struct page_model){ 0 };
}

static void do_protect(unsigned first, unsigned count)
{
    int prot = random_prot(), err, want = 0;

    for (unsigned i = 0; i < count; i++)
        if (model[first + i].kind == FREE)
            want = -ENOMEM;
    err = space_protect(space, va_of(first), count * PAGE_SIZE, prot);
    CHECK_EQ(err, want);
    /* As Linux, all up to the first hole is changed. */
    for (unsigned i = 0; i < count && model[first + i].kind != FREE; i++)
        model[first + i].prot = prot;
}

static void do_discard(unsigned first, unsigned count)
{
    int want = 0;

    for (unsigned i = 0; i < count; i++)
        if (model[first + i].kind == FREE)
            want = -ENOMEM;
    CHECK_EQ(
        space_advise(space, va_of(first), count * PAGE_SIZE, MADV_DONTNEED),
        want);
    for (unsigned i = 0; i < count; i++) {
        model[first + i].is_own = false;
        if (model[first + i].kind != SHARED_ANON)
            model[first + i].value = 0;
    }
}

/* True when the pages are one region's: same kind, file pages in a row. */
static bool is_one_run(unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct page_model *m = &model[first + i], *f = &model[first];

        if (m->kind == FREE || m->kind != f->kind || m->prot != f->prot ||
            m->kind == SHARED_ANON ||
            (m->kind > SHARED_ANON && m->idx != f->idx + i))
            return false;
    }
    return true;
}

static void do_remap_fixed(unsigned from, unsigned count, unsigned to)
{
    struct page_model old[WINDOW];
    bool overlap = from < to + count && to < from + count;
    long at, want = overlap ? -EINVAL : (long)va_of(to);

    if (!is_one_run(from, count))
        return;
    at = space_remap(space, va_of(from), count * PAGE_SIZE, count * PAGE_SIZE,
                     MREMAP_MAYMOVE | MREMAP_FIXED, va_of(to));
    CHECK_EQ(at, want);
    if (at != want || overlap)
        return;
    memcpy(old, model, sizeof(old));
    for (unsigned i = 0; i < count; i++)
        model[from + i] = (struct page_model){ 0 };
    for (unsigned i = 0; i < count; i++)
        model[to + i] = old[from + i];
}

static void do_remap_grow(unsigned first, unsigned count)
{
    unsigned more = 1 + (unsigned)rand() % 3;
    struct page_model m = model[first + count - 1];
    bool room = first + count + more <= WINDOW;
    long at;

    if (!is_one_run(first, count) || !room)
        return;
    if (m.kind == PRIVATE_FILE || m.kind == SHARED_FILE)
        return; /* may leave the file model's range */
    for (unsigned i = 0; i < more; i++)
        room = room && model[first + count + i].kind == FREE;
    at = space_remap(space, va_of(first), count * PAGE_SIZE,
                     (count + more) * PAGE_SIZE, 0, 0);
    CHECK_EQ(at, room ? (long)va_of(first) : -ENOMEM);
    for (unsigned i = 0; room && i < more; i++)
        model[first + count + i] =
            (struct page_model){ m.kind, m.prot, 0, 0, 0 };
}

/* The file's page changes by write(2). */
static void do_file_write(void)
{
    unsigned idx = (unsigned)rand() % FILE_PAGES;
    paddr_t pa;

    if (file_page(&file.object, idx, true, &pa) != 0)
        return;
    file_value[idx] = (uint8_t)rand();
    *(uint8_t *)page_ptr(pa) = file_value[idx];
    page_put(pa);
}

static void check_space(void)
{
    size_t mapped = 0, resident = 0, want = 0;
    uint64_t end = 0;

    for (struct region *r = space->head[0]; r; r = r->next[0]) {
        CHECK(r->start >= end && r->start < r->end);
        end = r->end;
        mapped += (r->end - r->start) / PAGE_SIZE;
        for (uint64_t va = r->start; va < r->end; va += PAGE_SIZE)
            resident += pt_lookup(&space->pt, va, NULL) != 0;
    }
    for (unsigned i = 0; i < WINDOW; i++)
        want += model[i].kind != FREE;
    CHECK_EQ(mapped, want);
    CHECK_EQ(space->mapped_pages, want);
    CHECK_EQ(space->resident_pages, resident);
    CHECK_EQ(fake_tlb_stale(&space->pt), 0);
}

static void start(void)
{
    struct bootinfo boot = fake_boot(RAM_LEN, true);
    paddr_t pml4;

    page_init(&boot);
    pml4 = page_alloc_zeroed();
    space_init(pml4);
    space = space_create();
    REQUIRE(space != NULL);
    vm_object_init(&file.object, &file_ops);
    file.size_pages = FILE_PAGES;
    file.image = fake_ram + FILE_IMAGE_OFF;
    for (unsigned i = 0; i < FILE_PAGES; i++) {
        memset(file.image + i * PAGE_SIZE, 0, PAGE_SIZE);
        file.image[i * PAGE_SIZE] = file_value[i] = (uint8_t)(100 + i);
    }
}

static void random_step(void)
{
    unsigned first = (unsigned)rand() % WINDOW;
    unsigned count = 1 + (unsigned)rand() % 12;

    count = MIN(count, WINDOW - first);
    switch (rand() % 16) {
    case 0:
    case 1:
        do_map(first, count);
        break;
    case 2:
        do_unmap(first, count);
        break;
    case 3:
        do_protect(first, count);
        break;
    case 4:
        do_discard(first, count);
        break;
    case 5:
        do_remap_fixed(first, count, (unsigned)rand() % (WINDOW - count + 1));
        break;
    case 6:
        do_remap_grow(first, count);
        break;
    case 7:
        do_file_write();
        break;
    case 8:
    case 9:
    case 10:
    case 11:
        compare_write(first);
        break;
    default:
        compare_read(first);
    }
}

static void random_run(unsigned seed)
{
    size_t before;

    start();
    before = page_free_count();
    srand(seed);
    for (unsigned step = 0; step < 20000 && unit_failures < 10; step++) {
        random_step();
        check_space();
        if (unit_failures)
            printf("# seed %u, step %u\n", seed, step);
        if (step % 500 == 0)
            for (unsigned i = 0; i < WINDOW; i++)
                compare_read(i);
    }
    do_unmap(0, WINDOW);
    check_space();
    for (unsigned i = 0; i < FILE_PAGES; i++)
        if (file.own[i])
            page_put(file.own[i]);
    CHECK_EQ(file.refs, 0);
    CHECK_EQ(space->resident_pages, 0);
    /* tables of the window and a heap page or two may stay */
    CHECK(page_free_count() + 8 >= before);
}

TEST(random_operations_1)
{
    random_run(1);
}

TEST(random_operations_2)
{
    random_run(2);
}

TEST(random_operations_3)
{
    random_run(3);
}

/* ---- placement ---- */

TEST(placement_is_top_down_and_never_overlaps)
{
    enum { N = 300 };
    static struct {
        uint64_t at;
        size_t len;
    } live[N];
    unsigned count = 0;

    start();
    srand(5);
    for (unsigned step = 0; step < 20000; step++) {
        unsigned i = (unsigned)rand() % N;

        if (i >= count) {
            size_t len = (1 + (size_t)rand() % 40) * PAGE_SIZE;
            int prot = rand() % 2 ? PROT_READ : PROT_NONE;
            long at = space_map(space, 0, len, prot,
                                MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);

            REQUIRE(at > 0);
            CHECK((uint64_t)at + len <= space->mmap_base);
            for (unsigned k = 0; k < count; k++)
                CHECK(live[k].at >= (uint64_t)at + len ||
                      live[k].at + live[k].len <= (uint64_t)at);
            live[count].at = (uint64_t)at;
            live[count++].len = len;
        } else {
            CHECK_EQ(space_unmap(space, live[i].at, live[i].len), 0);
            live[i] = live[--count];
        }
    }
    /* holes were used again: all lies within a small multiple of what lives */
    for (unsigned k = 0; k < count; k++)
        CHECK(live[k].at > space->mmap_base - N * 40 * PAGE_SIZE);
}

static long map_anon(uint64_t at, size_t len, int prot, int flags)
{
    return space_map(space, at, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags,
                     NULL, 0);
}

TEST(errors_of_mmap)
{
    start();
    CHECK_EQ(map_anon(0, 0, PROT_READ, 0), -EINVAL);
    CHECK_EQ(map_anon(0, SIZE_MAX, PROT_READ, 0), -ENOMEM);
    CHECK_EQ(map_anon(0, SIZE_MAX - 8192, PROT_READ, 0), -ENOMEM);
    CHECK_EQ(map_anon(0x10001, 4096, PROT_READ, MAP_FIXED), -EINVAL);
    CHECK_EQ(map_anon(ARCH_USER_MAX, 4096, PROT_READ, MAP_FIXED), -ENOMEM);
    CHECK_EQ(map_anon(0, 4096, PROT_READ, MAP_FIXED), -EPERM);
    CHECK_EQ(map_anon(0, RAM_LEN + 4096, PROT_READ | PROT_WRITE, 0), -ENOMEM);
    CHECK_EQ(map_anon(0x200000, 8192, PROT_READ, MAP_FIXED), 0x200000);
    CHECK_EQ(map_anon(0x201000, 8192, PROT_READ, MAP_FIXED_NOREPLACE), -EEXIST);
    CHECK_EQ(map_anon(0x202000, 8192, PROT_READ, MAP_FIXED_NOREPLACE),
             0x202000);
    CHECK_EQ(space_unmap(space, 0x201800, 4096), -EINVAL);
    CHECK_EQ(space_unmap(space, 0x201000, 0), -EINVAL);
    CHECK_EQ(space_unmap(space, ARCH_USER_MAX, 4096), -EINVAL);
    CHECK_EQ(space_unmap(space, 0x50000000, 4096), 0);
}

TEST(huge_reservations_cost_nothing)
{
    size_t before;
    uint8_t *byte;
    long at;

    start();
    before = page_free_count();
    at = map_anon(0, 64ull << 40, PROT_READ | PROT_WRITE, MAP_NORESERVE);
    CHECK(at > 0);
    CHECK(map_anon(0, 16ull << 40, PROT_NONE, 0) > 0);
    CHECK(map_anon(0, 64ull << 40, PROT_NONE, 0) < 0); /* 47 bits are full */
    CHECK(page_free_count() + 1 >= before);
    CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at + (32ull << 40),
                         SPACE_WRITE, &byte),
             SPACE_FAULT_OK);
    CHECK_EQ(space_unmap(space, (uint64_t)at, 64ull << 40), 0);
    CHECK_EQ(space->resident_pages, 0);
}

TEST(hints_and_32bit)
{
    long at;

    start();
    CHECK_EQ(map_anon(0x123456789000, 4096, PROT_READ, 0), 0x123456789000);
    at = map_anon(0x123456789000, 4096, PROT_READ, 0);
    CHECK(at > 0 && at != 0x123456789000);
    at = map_anon(0, 1 << 20, PROT_READ, MAP_32BIT);
    CHECK(at > 0 && at + (1 << 20) <= 1l << 31);
}

/* ---- the stack, brk ---- */

TEST(stack_grows_to_its_limit_and_keeps_a_gap)
{
    const size_t limit = 1 << 20;
    uint8_t *byte;
    uint64_t top;
    long at;

    start();
    at = space_map_stack(space, limit);
    REQUIRE(at > 0);
    top = (uint64_t)at;
    for (uint64_t va = top - 8; va > top - limit; va -= 3 * PAGE_SIZE)
        CHECK_EQ(fake_access(space, &space->pt, va, SPACE_WRITE, &byte),
                 SPACE_FAULT_OK);
    CHECK_EQ(fake_access(space, &space->pt, top - limit - PAGE_SIZE,
                         SPACE_WRITE, &byte),
             SPACE_FAULT_MAPERR);
    CHECK(map_anon(0, 4096, PROT_READ, 0) < (long)(top - limit - 256 * 4096));
}

TEST(stack_stops_above_a_neighbour)
{
    uint8_t *byte;
    uint64_t top;

    start();
    top = (uint64_t)space_map_stack(space, 64 << 20);
    CHECK_EQ(map_anon(top - (8 << 20), 4096, PROT_READ, MAP_FIXED),
             top - (8 << 20));
    CHECK_EQ(
        fake_access(space, &space->pt, top - (6 << 20), SPACE_WRITE, &byte),
        SPACE_FAULT_OK);
    CHECK_EQ(fake_access(space, &space->pt, top - (8 << 20) + 8192, SPACE_WRITE,
                         &byte),
             SPACE_FAULT_MAPERR);
}

TEST(brk_grows_and_shrinks)
{
    uint64_t base, end;
    uint8_t *byte;

    start();
    space_set_brk(space, 0x555555555000);
    base = (uint64_t)space_brk(space, 0);
    CHECK(base >= 0x555555555000);
    CHECK_EQ(space_brk(space, base - 1), base);
    end = base + 100000;
    CHECK_EQ(space_brk(space, end), end);
    for (uint64_t va = base; va < end; va += 1000) {
        CHECK_EQ(fake_access(space, &space->pt, va, SPACE_WRITE, &byte),
                 SPACE_FAULT_OK);
        *byte = 7;
    }
    CHECK_EQ(space_brk(space, base + 10), base + 10);
    CHECK_EQ(fake_access(space, &space->pt, base + 8192, SPACE_READ, &byte),
             SPACE_FAULT_MAPERR);
    CHECK_EQ(space_brk(space, end), end);
    CHECK_EQ(fake_access(space, &space->pt, base + 8192, SPACE_READ, &byte),
             SPACE_FAULT_OK);
    CHECK_EQ(*byte, 0); /* new memory, not the old bytes */
    CHECK_EQ(space_brk(space, base + (1ull << 40)), end);
    /* what lies in the way stops it */
    CHECK(map_anon(base + (1 << 20), 4096, PROT_READ, MAP_FIXED) > 0);
    CHECK_EQ(space_brk(space, base + (2 << 20)), end);
}

/* ---- files ---- */

TEST(truncated_file_gives_sigbus)
{
    uint8_t *byte;
    long at;

    start();
    at = space_map(space, 0, FILE_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE, &file.object, 0);
    REQUIRE(at > 0);
    for (unsigned i = 0; i < FILE_PAGES; i++)
        CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at + i * PAGE_SIZE,
                             i % 2 ? SPACE_WRITE : SPACE_READ, &byte),
                 SPACE_FAULT_OK);
    file.size_pages = 10;
    vm_object_zap(&file.object, 10, UINT64_MAX - 10, true);
    CHECK_EQ(fake_tlb_stale(&space->pt), 0);
    for (unsigned i = 0; i < FILE_PAGES; i++)
        CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at + i * PAGE_SIZE,
                             SPACE_READ, &byte),
                 i < 10 ? SPACE_FAULT_OK : SPACE_FAULT_BUS);
}

TEST(poke_is_private_and_stays_unwritable)
{
    uint8_t *byte, bytes[16];
    long at;

    start();
    at = space_map(space, 0, 2 * PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE,
                   &file.object, 0);
    REQUIRE(at > 0);
    memset(bytes, 0xcc, sizeof(bytes));
    CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at, SPACE_EXEC, &byte),
             SPACE_FAULT_OK);
    CHECK_EQ(space_poke(space, (uint64_t)at + PAGE_SIZE - 8, bytes, 16), 0);
    CHECK_EQ(fake_tlb_stale(&space->pt), 0);
    CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at + PAGE_SIZE - 1,
                         SPACE_EXEC, &byte),
             SPACE_FAULT_OK);
    CHECK_EQ(*byte, 0xcc);
    CHECK_EQ(file.image[PAGE_SIZE - 1], 0);
    CHECK_EQ(fake_access(space, &space->pt, (uint64_t)at, SPACE_WRITE, &byte),
             SPACE_FAULT_ACCERR);
    CHECK_EQ(space_poke(space, (uint64_t)at + 2 * PAGE_SIZE - 8, bytes, 16),
             -EFAULT);
    CHECK_EQ(space_poke(space, 0x10000, bytes, 1), -EFAULT);
}

TEST(running_out_of_memory_is_said)
{
    uint8_t *byte;
    enum space_fault_result result = SPACE_FAULT_OK;
    size_t before;
    long at;

    start();
    before = page_free_count();
    at = map_anon(0, 2 * RAM_LEN, PROT_READ | PROT_WRITE, MAP_NORESERVE);
    REQUIRE(at > 0);
    for (uint64_t off = 0; off < 2 * RAM_LEN && result == SPACE_FAULT_OK;
         off += PAGE_SIZE)
        result = fake_access(space, &space->pt, (uint64_t)at + off, SPACE_WRITE,
                             &byte);
    CHECK_EQ(result, SPACE_FAULT_OOM);
    CHECK_EQ(space_unmap(space, (uint64_t)at, 2 * RAM_LEN), 0);
    CHECK(page_free_count() + 4 >= before);
}

TEST(maps_lines_as_linux_prints_them)
{
    char line[256], want[256];
    uaddr_t va = 0;

    start();
    CHECK_EQ(map_anon(0x10000000, 8192, PROT_READ | PROT_WRITE, MAP_FIXED),
             0x10000000);
    CHECK_EQ(space_map(space, 0x20000000, 4096, PROT_READ | PROT_EXEC,
                       MAP_FIXED | MAP_PRIVATE, &file.object, 0x3000),
             0x20000000);
    CHECK(space_maps_line(space, &va, line, sizeof(line)) > 0);
    CHECK_STR_EQ(line, "10000000-10002000 rw-p 00000000 00:00 0 \n");
    CHECK_EQ(va, 0x10002000);
    CHECK(space_maps_line(space, &va, line, sizeof(line)) > 0);
    snprintf(want, sizeof(want), "%-73s/some/file\n",
             "20000000-20001000 r-xp 00003000 00:00 0 ");
    CHECK_STR_EQ(line, want);
    CHECK_EQ(space_maps_line(space, &va, line, sizeof(line)), 0);
}
