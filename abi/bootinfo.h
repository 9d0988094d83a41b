/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootinfo.h - what the kernel is told when it starts.
 *
 * What:      one structure, filled by the monitor, or by the PVH entry code
 *            under QEMU and other hypervisors. The kernel proper reads only
 *            this; it cannot tell, and need not know, who filled it.
 * Ownership: lies in guest RAM that is in no free range; the kernel keeps it.
 * Errors:    the kernel panics on a wrong magic or version.
 * Units:     _pa guest-physical, _va virtual addresses, lengths in bytes.
 */
#ifndef ABI_BOOTINFO_H
#define ABI_BOOTINFO_H

#include <stdint.h>

#define BOOTINFO_MAGIC     0x746f6f4261726d53ull /* "SmraBoot" */
#define BOOTINFO_VERSION   2u
#define BOOTINFO_RANGE_MAX 8u

enum bootinfo_platform {
    BOOTINFO_MONITOR = 1, /* Samara's monitor: hypercalls, no devices */
    BOOTINFO_PVH = 2,     /* a PC: serial port, LAPIC, perhaps virtio */
};

enum bootinfo_flags {
    BOOTINFO_RAM_ZEROED = 1u << 0, /* free ranges above 1 MiB hold zeros */
    BOOTINFO_FSGSBASE = 1u << 2,   /* CR4.FSGSBASE is set */
    BOOTINFO_LINK_COM2 = 1u << 1,  /* the command talks over COM2: link.h */
    BOOTINFO_DEBUG = 1u << 3,      /* the program waits for a debugger */
};

struct bootinfo_range {
    uint64_t pa;
    uint64_t len;
};

struct bootinfo {
    uint64_t magic;
    uint32_t version;
    uint32_t platform; /* enum bootinfo_platform */
    uint32_t flags;    /* enum bootinfo_flags */
    uint32_t range_count;
    struct bootinfo_range free[BOOTINFO_RANGE_MAX]; /* whole pages, unused */
    uint64_t ram_len;                               /* all RAM, as -m gave it */
    uint64_t kernel_pa; /* first byte of the loaded kernel ... */
    uint64_t kernel_va; /* ... and where it is mapped */
    uint64_t kernel_len;
    uint64_t direct_va; /* pa is mapped, writable, at direct_va + pa */
    uint64_t direct_len;
    uint64_t stub_va; /* the ring-0 stub's region */
    uint64_t pml4_pa;
    uint64_t root_pa; /* EROFS image; 0: none */
    uint64_t root_len;
    uint64_t config_pa; /* run configuration, config.h; 0: none */
    uint64_t config_len;
    uint64_t hypercall_pa; /* shared page, hypercall.h; 0 unless MONITOR */
    uint64_t cpu_count;
    uint64_t cpu_areas_pa; /* of CPU 1 and on, cpu_tables.h */
    uint64_t tsc_khz;      /* 0: unknown, the kernel calibrates */
    uint64_t wall_tsc;     /* TSC value at which ... */
    uint64_t wall_ns;      /* ... CLOCK_REALTIME was this; 0: read the RTC */
    uint8_t seed[64];      /* random bytes from the host, for the pool */
    uint64_t net_pa;       /* struct monitor_net; 0: none, or not MONITOR */
};

_Static_assert(sizeof(struct bootinfo) == 368, "layout is shared");

#endif
