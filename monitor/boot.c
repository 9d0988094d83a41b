/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot.c - see boot.h.
 *
 * RAM is private anonymous memory that is touched lazily. Measured on a nested
 * host, per page: first touch by the guest 4.4 us, by the monitor 1.3 and then
 * 0.7 by the guest. The host's huge pages cost 9 to 22 us per page used in a
 * small guest, since 2 MiB are zeroed for each, and 1 us in one that uses them
 * up: so the first part of RAM is without, and a small guest has only that
 * (docs/design/005-large-pages.md).
 */
#include "monitor/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "abi/bootinfo.h"
#include "abi/config.h"
#include "abi/monitor_net.h"
#include "host/fault.h"
#include "host/file.h"
#include "host/memory.h"
#include "monitor/arch/arch.h"
#include "monitor/check.h"
#include "monitor/devices/net.h"

/* The shared page: hypercall page, network, bootinfo, a small configuration. */
#define NET_OFF      1536u
#define BOOTINFO_OFF 2048u
#define CONFIG_OFF   2432u
#define MIN_FREE     (64ull << 10) /* less cannot start any program */

/* Any program touches the tables, and so much of the free pages behind them:
 * had from the host at once they take 0.2 ms less of a start. */
#define FIRST_LEN (48ull << 10)
_Static_assert(FIRST_LEN <= MIN_FREE, "it is there");
/* The first part of RAM, which has single pages: so much, and room for what
 * the guest keeps for each page. */
#define SMALL_LEN       (1ull << 20)
#define SMALL_LEN_SHARE 128u /* and this part of all */

_Static_assert(sizeof(struct hypercall_page) <= NET_OFF, "fits");
_Static_assert(NET_OFF + sizeof(struct monitor_net) <= BOOTINFO_OFF, "fits");
_Static_assert(BOOTINFO_OFF + sizeof(struct bootinfo) <= CONFIG_OFF, "fits");

struct boot {
    struct vm *vm;
    const struct boot_options *options;
    struct fault *fault;
    uint8_t *ram;
    struct buf config;
    struct image_segment root; /* file_len 0: none */
    int root_fd;
    uint64_t root_pa, root_map_len;
    gpa_t own_pa, shared_pa, config_pa, free_pa;
};

static uint64_t align_up(uint64_t x, uint64_t a)
{
    return (x + a - 1) & ~(a - 1);
}

/* The kernel checks every record; this only catches a wrong descriptor. */
static int config_check(struct boot *b)
{
    struct config_header h;

    if (b->config.len == 0)
        return 0;
    if (b->config.len >= sizeof(h)) {
        memcpy(&h, b->config.data, sizeof(h));
        if (h.magic == CONFIG_MAGIC && h.version == CONFIG_VERSION &&
            h.len == b->config.len)
            return 0;
    }
    return fault_set(b->fault, EINVAL,
                     "the run configuration is damaged (%zu bytes); build the "
                     "image again, or give --config-fd what samara wrote",
                     b->config.len);
}

static int config_read_fd(struct boot *b, int fd)
{
    uint8_t chunk[4096];
    ssize_t n;

    for (;;) {
        n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault_sys(b->fault, errno,
                             "cannot read the run configuration from "
                             "descriptor %d; pass an open one to --config-fd",
                             fd);
        if (n == 0)
            return 0;
        if (b->config.len + (size_t)n > IMAGE_CONFIG_LEN_MAX)
            return fault_set(b->fault, EFBIG,
                             "the run configuration has more than %u bytes; "
                             "pass fewer or shorter arguments",
                             IMAGE_CONFIG_LEN_MAX);
        buf_add(&b->config, chunk, (size_t)n);
    }
}

static int config_load(struct boot *b)
{
    const struct image *img = &b->vm->image;
    uint64_t len = img->header.config_len;
    int err = 0;

    if (b->options->config_fd >= 0) {
        err = config_read_fd(b, b->options->config_fd);
        close(b->options->config_fd);
    } else if (img->config.file_len != 0 && len <= img->config.file_len) {
        b->config.data = mem_alloc(len);
        b->config.len = len;
        err = file_read_at(img->fd, b->config.data, len, img->config.off,
                           "the image", b->fault);
    }
    return err ? err : config_check(b);
}

static int root_open(struct boot *b)
{
    struct stat st;

    b->root = b->vm->image.root;
    b->root_fd = b->vm->image.fd;
    if (!b->options->root_path)
        return 0;
    b->root_fd = open(b->options->root_path, O_RDONLY | O_CLOEXEC);
    if (b->root_fd < 0)
        return fault_sys(b->fault, errno, "cannot open the root image '%s'",
                         b->options->root_path);
    if (fstat(b->root_fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return fault_set(b->fault, EINVAL,
                         "the root image '%s' is not a file with content; "
                         "make one with mkfs.erofs",
                         b->options->root_path);
    b->root = (struct image_segment){ .mem_len = (uint64_t)st.st_size };
    return 0;
}

/* Where everything goes; touches nothing. */
static int layout(struct boot *b, struct cpu_tables *tables)
{
    struct vm *vm = b->vm;
    const struct kernel_header *k = &vm->image.header;
    uint64_t ram_end, config_pages = 0;

    vm->ram_pa = KERNEL_PA + k->data_off;
    vm->ram_len = b->options->ram_len & ~(VM_PAGE - 1);
    ram_end = vm->ram_pa + vm->ram_len;
    b->root_map_len = align_up(b->root.mem_len, VM_PAGE);
    b->root_pa = b->root_map_len ? align_up(ram_end, VM_LARGE) : 0;
    tables->direct_len =
        align_up(b->root_pa ? b->root_pa + b->root_map_len : ram_end, VM_LARGE);
    if (vm->ram_len > CPU_TABLES_DIRECT_MAX ||
        tables->direct_len > CPU_TABLES_DIRECT_MAX)
        return fault_set(b->fault, EINVAL,
                         "memory and root image need %llu bytes of address "
                         "space, and a guest has %llu; lower -m",
                         (unsigned long long)tables->direct_len,
                         (unsigned long long)CPU_TABLES_DIRECT_MAX);

    b->own_pa = KERNEL_PA + k->total_len;
    b->shared_pa = b->own_pa + cpu_tables_own_pages(tables) * VM_PAGE;
    b->config_pa = b->shared_pa + CONFIG_OFF;
    if (b->config.len > VM_PAGE - CONFIG_OFF) {
        b->config_pa = b->shared_pa + VM_PAGE;
        config_pages = align_up(b->config.len, VM_PAGE);
    }
    b->free_pa = b->shared_pa + VM_PAGE + config_pages;
    if (ram_end < b->free_pa + MIN_FREE)
        return fault_set(
            b->fault, ENOMEM,
            "-m %lluK is too little: the kernel alone takes %lluK;"
            " raise -m",
            (unsigned long long)(b->options->ram_len >> 10),
            (unsigned long long)((b->free_pa + MIN_FREE - vm->ram_pa) >> 10));
    return 0;
}

static int map_file(struct boot *b, int fd, const struct image_segment *seg,
                    gpa_t pa, const char *what)
{
    uint64_t len = align_up(seg->mem_len, VM_PAGE);
    void *host = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)seg->off);

    if (host == MAP_FAILED)
        return fault_sys(b->fault, errno,
                         "cannot map %s of the image (%llu bytes); copy the "
                         "image to a file system that can map files",
                         what, (unsigned long long)len);
    return vm_add_slot(b->vm, pa, len, host, VM_SLOT_IMAGE, b->fault);
}

static uint8_t *ram_at(const struct boot *b, gpa_t pa)
{
    ASSERT(pa >= b->vm->ram_pa && pa - b->vm->ram_pa < b->vm->ram_len);
    return b->ram + (pa - b->vm->ram_pa);
}

/* Reserve RAM such that large pages of the guest are large pages of the host
 * too. NULL: there are not so many addresses. */
static uint8_t *reserve_ram(const struct vm *vm)
{
    uint64_t off = vm->ram_pa & (VM_LARGE - 1);
    uint64_t small = SMALL_LEN + vm->ram_len / SMALL_LEN_SHARE;
    uint64_t before;
    uint8_t *p = mmap(NULL, vm->ram_len + VM_LARGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    before = (off - (uintptr_t)p) & (VM_LARGE - 1);
    if (before > 0)
        munmap(p, before);
    p += before;
    munmap(p + vm->ram_len, VM_LARGE - before);
    small = align_up(small, VM_PAGE);
    if (vm->ram_len > small) /* a host that has none: as well */
        (void)madvise(p + small, vm->ram_len - small, MADV_HUGEPAGE);
    return p;
}

static int map_ram(struct boot *b)
{
    struct vm *vm = b->vm;
    const struct image_segment *data = &vm->image.data;

    b->ram = reserve_ram(vm);
    if (!b->ram)
        return fault_sys(b->fault, errno,
                         "cannot reserve %lluM of memory for the guest; lower "
                         "-m or raise the limit on address space (ulimit -v)",
                         (unsigned long long)(vm->ram_len >> 20));
    /* Refused before Linux 5.14: then they come one by one. */
    (void)madvise(ram_at(b, b->own_pa), b->free_pa - b->own_pa + FIRST_LEN,
                  MADV_POPULATE_WRITE);
    /* The kernel relocates itself: it writes to nearly every page of its
     * data, so copies beat private file mappings, which fault twice. */
    if (data->file_len != 0) {
        int err = file_read_at(vm->image.fd, b->ram, data->file_len, data->off,
                               "the image", b->fault);
        if (err) {
            munmap(b->ram, vm->ram_len);
            return err;
        }
    }
    return vm_add_slot(vm, vm->ram_pa, vm->ram_len, b->ram, VM_SLOT_RAM,
                       b->fault);
}

static void fill_bootinfo(struct boot *b, const struct cpu_tables *tables,
                          const uint8_t *seed)
{
    struct vm *vm = b->vm;
    struct bootinfo *info =
        (struct bootinfo *)(void *)(ram_at(b, b->shared_pa) + BOOTINFO_OFF);
    struct timespec now;

    *info = (struct bootinfo){
        .magic = BOOTINFO_MAGIC,
        .version = BOOTINFO_VERSION,
        .platform = BOOTINFO_MONITOR,
        .flags = BOOTINFO_RAM_ZEROED,
        .range_count = 1,
        .free = { { b->free_pa, vm->ram_pa + vm->ram_len - b->free_pa } },
        .ram_len = b->options->ram_len,
        .kernel_pa = KERNEL_PA,
        .kernel_va = tables->layout.kernel_va,
        .kernel_len = vm->image.header.total_len,
        .direct_va = tables->layout.direct_va,
        .direct_len = tables->direct_len,
        .stub_va = tables->layout.stub_va,
        .pml4_pa = VM_FIXED_PA,
        .cpu_count = vm->cpu_count,
        .cpu_areas_pa = cpu_tables_areas_pa(tables),
        .root_pa = b->root_pa,
        .root_len = b->root.mem_len,
        .config_pa = b->config.len ? b->config_pa : 0,
        .config_len = b->config.len,
        .hypercall_pa = b->shared_pa,
        .tsc_khz = vm->tsc_khz,
        .net_pa = vm->has_net ? b->shared_pa + NET_OFF : 0,
    };
    memcpy(info->seed, seed, sizeof(info->seed));
    if (vm->cr4_features & CPU_CR4_FSGSBASE)
        info->flags |= BOOTINFO_FSGSBASE;
    if (b->options->is_debugged)
        info->flags |= BOOTINFO_DEBUG;
    clock_gettime(CLOCK_REALTIME, &now);
    info->wall_tsc = __rdtsc(); /* the guest's TSC is the host's, cpu.c */
    info->wall_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Locally administered, and no group's: IEEE 802, 8.2. */
static void fill_net(struct boot *b, uint8_t mac[6])
{
    mac[0] = (uint8_t)((mac[0] & ~1u) | 2u);
    net_fill_record(
        (struct monitor_net *)(void *)(ram_at(b, b->shared_pa) + NET_OFF), mac);
}

static struct hypercall_page *hypercall_page(const struct boot *b,
                                             const struct cpu_tables *t,
                                             unsigned cpu)
{
    gpa_t pa = b->shared_pa;

    if (cpu > 0)
        pa = cpu_tables_areas_pa(t) +
             (cpu - 1) * (uint64_t)CPU_AREA_PAGES * VM_PAGE +
             CPU_AREA_HYPERCALL;
    return (struct hypercall_page *)(void *)ram_at(b, pa);
}

static int fill(struct boot *b, struct cpu_tables *tables)
{
    struct cpu_state states[CPU_MAX];
    struct vm *vm = b->vm;
    struct {
        uint64_t layout;
        uint8_t seed[64];
        uint8_t mac[6];
    } random;

    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return fault_sys(b->fault, errno, "no random bytes from the host");
    cpu_layout_choose(random.layout, &tables->layout);
    tables->own = ram_at(b, b->own_pa);
    tables->own_pa = b->own_pa;
    if (cpu_tables_build(tables, states) != 0)
        return fault_set(b->fault, EINVAL,
                         "the image's kernel is damaged: its header does not "
                         "fit together; build the image again");
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        vm->vcpu[i].state = states[i];
        vm->vcpu[i].state.cr4 |= vm->cr4_features;
        vm->vcpu[i].page = hypercall_page(b, tables, i);
    }
    vm->kernel_va = tables->layout.kernel_va;
    vm->direct_va = tables->layout.direct_va;
    vm->bootinfo_va = vm->direct_va + b->shared_pa + BOOTINFO_OFF;
    if (b->config.len)
        memcpy(ram_at(b, b->config_pa), b->config.data, b->config.len);
    fill_bootinfo(b, tables, random.seed);
    if (vm->has_net)
        fill_net(b, random.mac);
    explicit_bzero(&random, sizeof(random));
    return 0;
}

/* Page tables, descriptors: what ring 0 runs is decided here alone, where the
 * host leaves that choice. */
static int map_fixed(struct boot *b, struct cpu_tables *tables)
{
    uint64_t len = CPU_TABLES_FIXED_PAGES(b->vm->cpu_count) * VM_PAGE;

    b->vm->fixed = mmap(NULL, len, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b->vm->fixed == MAP_FAILED)
        return fault_sys(b->fault, errno, "cannot allocate page tables");
    tables->fixed = b->vm->fixed;
    tables->fixed_pa = VM_FIXED_PA;
    return vm_add_slot(b->vm, VM_FIXED_PA, len, b->vm->fixed,
                       arch_host_walks() ? VM_SLOT_TABLES : VM_SLOT_IMAGE,
                       b->fault);
}

int boot_prepare(struct vm *vm, const struct boot_options *options,
                 struct fault *fault)
{
    struct boot b = { .vm = vm, .options = options, .fault = fault };
    struct cpu_tables tables = {
        .kernel = &vm->image.header,
        .kernel_pa = KERNEL_PA,
        .cpu_count = vm->cpu_count,
        .is_monitor = true,
    };
    int err;

    if ((err = config_load(&b)) != 0 || (err = root_open(&b)) != 0 ||
        (err = layout(&b, &tables)) != 0 ||
        (err = map_fixed(&b, &tables)) != 0 ||
        (err = map_file(&b, vm->image.fd, &vm->image.text, KERNEL_PA,
                        "the kernel")) != 0 ||
        (err = map_ram(&b)) != 0 || (err = fill(&b, &tables)) != 0)
        return err;
    buf_fini(&b.config);
    if (b.root_map_len == 0)
        return 0;
    return map_file(&b, b.root_fd, &b.root, b.root_pa, "the root");
}
