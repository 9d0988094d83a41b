/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * records.c - what tools outside are told of the kernel: abi/records.h.
 *
 * All of it is known to the compiler and the linker. Whoever changes what one
 * of these members means changes RECORDS_VERSION.
 */
#include <asm/resource.h>

#include "abi/records.h"
#include "arch/x86_64/percpu.h"
#include "fs/memfs.h"
#include "fs/vfs.h"
#include "mm/page.h"
#include "mm/region.h"
#include "net/netif.h"
#include "process/debug.h"
#include "sched/process.h"
#include "sched/sample.h"
#include "syscall/trace.h"

extern struct records records;
extern const uint8_t syscall_jump_entry[]; /* entry.S */
extern const struct records_edge entry_edges[];
extern const uint8_t __stop_code[], __stop_code_end[]; /* link.ld */
extern const struct records_sites rewrite_records;     /* rewrite.c */
extern const struct records_pages page_records;        /* page.c */

_Static_assert(THREAD_SLEEPING == (int)RECORDS_SLEEPING, "as the tools know");
_Static_assert(THREAD_DEAD == (int)RECORDS_DEAD, "as the tools know");
_Static_assert(ARCH_KSTACK_LEN == RECORDS_STACK_LEN, "as the tools know");
_Static_assert(VFS_MOUNT_MAX == RECORDS_MOUNT_MAX, "as the tools know");
_Static_assert(offsetof(struct inode, object) == 0, "an object is an inode");
_Static_assert(sizeof(struct netif_stats) == 8 * RECORDS_NET_WORDS, "words");
/* Parts: absent in kernels without them. */
#pragma weak device_counters
#pragma weak loop_counters
#pragma weak mem_counters

#define THREAD(member)  offsetof(struct thread, member)
#define PROCESS(member) offsetof(struct process, member)
#define SPACE(member)   offsetof(struct space, member)
#define REGION(member)  offsetof(struct region, member)

/* header.S refers to it. */
struct records records = {
    .magic = RECORDS_MAGIC,
    .version = RECORDS_VERSION,
    .len = sizeof(struct records),
    .percpus = (uint64_t)percpus,
    .trace = (uint64_t)&trace_control,
    .traced = (uint64_t)syscall_traced,
    .page_counters = (uint64_t)&page_counters,
    .sites = (uint64_t)&rewrite_records,
    .percpu_thread = offsetof(struct percpu, thread),
    .percpu_table = PERCPU_TABLE,
    .thread_process = THREAD(process),
    .thread_link = THREAD(process_link),
    .thread_tid = THREAD(tid),
    .thread_state = THREAD(state),
    .thread_cpu = THREAD(cpu),
    .thread_on_cpu = THREAD(on_cpu),
    .thread_name = THREAD(name),
    .thread_kernel_sp = THREAD(arch.kernel_sp),
    .thread_kstack_top = THREAD(arch.kstack_top),
    .thread_fs_base = THREAD(arch.fs_base),
    .thread_cycles = THREAD(cpu_cycles),
    .thread_switched_in = THREAD(switched_in),
    .thread_timed = THREAD(timed_cycles),
    .thread_estimated = THREAD(estimated_cycles),
    .thread_switches = THREAD(switch_count),
    .thread_calls = THREAD(call_count),
    .thread_xstate = THREAD(arch.xstate),
    .regs_len = sizeof(struct regs),
    .process_pid = PROCESS(pid),
    .process_threads = PROCESS(threads),
    .process_thread_count = PROCESS(thread_count),
    .process_space = PROCESS(space),
    .process_dead_cycles = PROCESS(dead_threads_cycles),
    .process_dead_system = PROCESS(dead_threads_system),
    .process_dead_calls = PROCESS(dead_threads_calls),
    .process_minor_faults = PROCESS(minor_faults),
    .process_major_faults = PROCESS(major_faults),
    .process_exe = PROCESS(exe),
    .process_auxv = PROCESS(auxv),
    .process_start = PROCESS(start_ns),
    .space_first = SPACE(head[0]),
    .space_count = SPACE(region_count),
    .space_mapped = SPACE(mapped_pages),
    .space_resident = SPACE(resident_pages),
    .space_peak = SPACE(peak_pages),
    .space_brk = SPACE(brk_start),
    .region_start = REGION(start),
    .region_end = REGION(end),
    .region_prot = REGION(prot),
    .region_flags = REGION(flags),
    .region_object = REGION(obj),
    .region_offset = REGION(obj_off),
    .region_name = REGION(name),
    .region_next = REGION(next[0]),
    .inode_number = offsetof(struct inode, ino),
    .inode_sb = offsetof(struct inode, sb),
    .sb_type = offsetof(struct superblock, type),
    .thread_files = THREAD(files),
    .process_io = PROCESS(io),
    .thread_io = THREAD(io),
    .net_loop = (uint64_t)&loop_counters,
    .net_device = (uint64_t)&device_counters,
    .files = (uint64_t)mem_counters,
    .process_core_limit = PROCESS(rlimits[RLIMIT_CORE].soft),
    .process_dumpable = PROCESS(dumpable),
    .percpu_stub_data = PERCPU_STUB_DATA,
    .percpu_scratch = PERCPU_SCRATCH,
    .edge_base = (uint64_t)syscall_jump_entry,
    .edges = (uint64_t)entry_edges,
    .pages = (uint64_t)&page_records,
    .inode_has_lower = offsetof(struct mem_inode, has_lower),
    .thread_debug = THREAD(debug),
    .thread_kicked = THREAD(kicked),
    .percpu_work = PERCPU_WORK,
    .work_bits = WORK_TODO,
    .debug_control = (uint64_t)&debug_control,
    .debug_part = (uint64_t)debug_event,
    .stop_code = (uint64_t)__stop_code,
    .stop_code_end = (uint64_t)__stop_code_end,
    .mounts = (uint64_t)vfs_mounts,
    .dentry_inode = offsetof(struct dentry, inode),
    .dentry_covers = offsetof(struct dentry, covers),
    .dentry_name = offsetof(struct dentry, name),
    .dentry_name_len = offsetof(struct dentry, name_len),
    .inode_size = offsetof(struct inode, size),
    .inode_buckets = offsetof(struct mem_inode, dir.buckets),
    .inode_bucket_count = offsetof(struct mem_inode, dir.bucket_count),
    .inode_pages = offsetof(struct mem_inode, pages.root),
    .inode_height = offsetof(struct mem_inode, pages.height),
    .dirent_next = offsetof(struct mem_dirent, next),
    .dirent_inode = offsetof(struct mem_dirent, inode),
    .dirent_name_len = offsetof(struct mem_dirent, name_len),
    .dirent_name = offsetof(struct mem_dirent, name),
    .sample = (uint64_t)&sample_control,
};
