/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space.h - an address space: the program's mappings and their page tables.
 *
 * What:      mmap and its family, brk, faults. Regions are kept in a balanced
 *            tree by address; neighbours of equal kind merge. Layout as
 *            Linux's: mmap top-down below the stack, brk above the program;
 *            stack, mmap base, brk and PIE base are randomised independently.
 * Ownership: created with the process, destroyed with it.
 * Context:   system calls and faults of a thread of the process, with the
 *            kernel lock. Which lock guards what inside: region.h.
 * Errors:    those of the manual page of the call, as -errno.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include "core/types.h"

struct vm_object;
struct space;
struct regs;

enum space_fault_result {
    SPACE_FAULT_OK = 0,
    SPACE_FAULT_MAPERR = 1, /* SIGSEGV, SEGV_MAPERR */
    SPACE_FAULT_ACCERR = 2, /* SIGSEGV, SEGV_ACCERR */
    SPACE_FAULT_BUS = 3,    /* SIGBUS, BUS_ADRERR */
    SPACE_FAULT_OOM = 4,    /* out of memory */
};

enum space_access { SPACE_READ, SPACE_WRITE, SPACE_EXEC };

/* Once, by main.c: the tables that the boot made. */
void space_init(uint64_t pml4_pa);
/* The top of all page tables, whose upper half is the kernel's. */
paddr_t space_pml4_pa(void);
/* The first space takes over the boot page tables' lower half. */
struct space *space_create(void) MUST_CHECK;
void space_destroy(struct space *space);

/* Beside MAP_*: the file is open for reading only, so a shared mapping of it
 * may never become writable. */
#define SPACE_MAP_NO_WRITE 0x40000000

/* mmap(2) with Linux's PROT_ and MAP_ values; obj NULL: anonymous.
 * Result: the address or -errno. Takes its own reference of obj. */
MUST_CHECK long space_map(struct space *s, uaddr_t hint, size_t len, int prot,
                          int flags, struct vm_object *obj, uint64_t obj_off);
MUST_CHECK int space_unmap(struct space *s, uaddr_t start, size_t len);
MUST_CHECK int space_protect(struct space *s, uaddr_t start, size_t len,
                             int prot);
MUST_CHECK long space_remap(struct space *s, uaddr_t old, size_t old_len,
                            size_t new_len, int flags, uaddr_t new_addr);
/* madvise(2), mincore(2), msync(2), mlock(2): -errno as their pages say. */
MUST_CHECK int space_advise(struct space *s, uaddr_t start, size_t len,
                            int advice);
MUST_CHECK int space_incore(struct space *s, uaddr_t start, size_t len,
                            uaddr_t vec);
MUST_CHECK int space_check_mapped(struct space *s, uaddr_t start, size_t len);
MUST_CHECK int space_sync(struct space *s, uaddr_t start, size_t len,
                          int flags);
MUST_CHECK int space_lock(struct space *s, uaddr_t start, size_t len, bool lock,
                          bool populate);
/* mlockall(2): now: what is mapped, future: what will be; neither: unlock. */
void space_lock_all(struct space *s, bool now, bool future, bool populate);
MUST_CHECK long space_brk(struct space *s, uaddr_t end);
void space_set_brk(struct space *s, uaddr_t start); /* by the ELF loader */
/* Random bases for this space: where the loader puts things. */
uaddr_t space_pie_base(const struct space *s);
/* Map the main stack: grows down on demand to limit bytes, with a guard gap.
 * Result: its top or -errno. */
MUST_CHECK long space_map_stack(struct space *s, size_t limit);
/* prctl(PR_SET_THP_DISABLE): large pages for what is mapped from now on? */
void space_set_large(struct space *s, bool enabled);
/* RLIMIT_STACK changed: how far stacks may grow from now on. */
void space_set_stack_limit(struct space *s, size_t limit);
/* RLIMIT_DATA: how much private writable memory there may be, in bytes. */
void space_set_data_limit(struct space *s, uint64_t limit);
/* Map kernel-owned pages (vDSO) read-only or executable, refs not counted. */
MUST_CHECK long space_map_pages(struct space *s, const paddr_t *pages,
                                size_t count, int prot, const char *name);
/* Resolve a fault at va. */
enum space_fault_result space_fault(struct space *s, uaddr_t va,
                                    enum space_access access);
/* The same without the kernel lock, if the space's own is enough: for private
 * memory that no object is behind, and for what objects have ready. False:
 * whatever else it is, nothing has happened, and space_fault() is to be asked.
 */
MUST_CHECK bool space_fault_alone(struct space *s, uaddr_t va,
                                  enum space_access access);
/* Write at most a page's bytes into the program's text: breaks copy-on-write,
 * keeps it unwritable. For the rewriter. is_live: other CPUs may be about to
 * execute these bytes, so they are stopped meanwhile. They may hold any lock
 * then, so nothing is allocated in that time. -EFAULT, -ENOMEM */
MUST_CHECK int space_poke(struct space *s, uaddr_t va, const void *src,
                          size_t len, bool is_live);
/* Map an executable page at exactly va if the whole range is free (for
 * trampolines; PROT_READ|PROT_EXEC), -EEXIST if it is not. */
MUST_CHECK int space_map_trampoline(struct space *s, uaddr_t va, size_t len);
/* True when no region touches [va, va+len). */
bool space_is_free(struct space *s, uaddr_t va, size_t len);

/* The page behind va if it is resident and the program may read it, else 0:
 * for output straight from its memory. */
paddr_t space_resident(struct space *s, uaddr_t va);

/* The object that a shared mapping shows at va, and where in it; NULL: va is
 * in no shared mapping. The object is borrowed from the mapping. */
struct vm_object *space_shared_object(struct space *s, uaddr_t va,
                                      uint64_t *off_out);

/* Figures for /proc and messages. */
struct space_stat {
    size_t mapped_pages, resident_pages, shared_pages, locked_pages;
    size_t stack_pages, data_pages, text_pages, peak_resident_pages;
    uaddr_t brk_start, brk_end, stack_start;
};
void space_stat(const struct space *s, struct space_stat *out);
/* What is present in [start, end), by looking at each page's entry. `own`: the
 * space alone has it, as anonymous memory and private copies; the others are
 * pages of files. */
struct space_present {
    size_t pages, own_pages, dirty_pages, large_pages; /* of 4 KiB, all */
    unsigned prot; /* PROT_* of the region at start, and ... */
    bool is_shared, is_locked, grows_down; /* ... what else it is */
};
void space_present(struct space *s, uaddr_t start, uaddr_t end,
                   struct space_present *out);
/* Pages that hold the space's page tables. */
size_t space_table_count(const struct space *s);
/* One line of /proc/self/maps for the first region that ends above *va; moves
 * *va to its end. Result: line length, 0 at the end. */
int space_maps_line(struct space *s, uaddr_t *va, char *buf, size_t buf_len);

#endif
