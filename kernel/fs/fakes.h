/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fakes.h - what kernel/fs stands on, for its unit tests on the host.
 *
 * What:      pages and heap from malloc(), one process with one thread, the
 *            program's memory is the test's own, a clock that ticks.
 * Ownership: included once, by the test's own source file.
 */
#ifndef FS_FAKES_H
#define FS_FAKES_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lock.h"
#include "core/panic.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/dentry.h"
#include "fs/pipe.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "process/signal.h"
#include "time/clock.h"

/* No pipes, but for the tests that bring them. */
#pragma weak pipe_of
#pragma weak pipe_from_file
struct pipe *pipe_of(const struct file *f)
{
    (void)f;
    return NULL;
}
ssize_t pipe_from_file(struct pipe *out, struct file *in, uint64_t *in_pos,
                       size_t len, bool nonblock)
{
    (void)out, (void)in, (void)in_pos, (void)len, (void)nonblock;
    return -22;
}

static size_t fake_pages_free = 1u << 20;
static size_t fake_pages_used;
static unsigned fake_signals_sent;
static unsigned fake_zaps;
static uint64_t fake_now_ns = 1700000000ull * NS_PER_SEC;

uint64_t page_direct_va;
struct spinlock kernel_lock;

static struct process fake_process;
static struct thread fake_thread = { .process = &fake_process };
struct thread *thread_current_ptr = &fake_thread;

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
    abort();
}

void kprintf(const char *format, ...)
{
    (void)format;
}

size_t strlcpy(char *dst, const char *src, size_t dst_len)
{
    size_t len = strlen(src);

    if (dst_len > 0) {
        size_t n = MIN(len, dst_len - 1);

        memcpy(dst, src, n);
        dst[n] = '\0';
    }
    return len;
}

void *kmalloc(size_t len)
{
    return malloc(len);
}

void *kmalloc_free(size_t len)
{
    return kmalloc(len);
}

void *kzalloc(size_t len)
{
    return calloc(1, len);
}

void *krealloc(void *old, size_t len)
{
    return realloc(old, len);
}

void kfree(void *p)
{
    free(p);
}

/* A page's reference count lies in the word before it. */
static unsigned *fake_refs(paddr_t pa)
{
    return (unsigned *)(uintptr_t)(pa + PAGE_SIZE);
}

paddr_t page_alloc(void)
{
    paddr_t pa;

    if (fake_pages_free == 0)
        return 0;
    fake_pages_free--;
    fake_pages_used++;
    pa = (uintptr_t)aligned_alloc(PAGE_SIZE, 2 * PAGE_SIZE);
    memset((void *)(uintptr_t)pa, 0xa5, PAGE_SIZE);
    *fake_refs(pa) = 1;
    return pa;
}

paddr_t page_alloc_zeroed(void)
{
    paddr_t pa = page_alloc();

    if (pa)
        memset((void *)(uintptr_t)pa, 0, PAGE_SIZE);
    return pa;
}

void page_set_kind(paddr_t pa, enum records_page_kind kind)
{
    (void)pa;
    (void)kind;
}

void page_get(paddr_t pa)
{
    ++*fake_refs(pa);
}

void page_put(paddr_t pa)
{
    if (--*fake_refs(pa) > 0)
        return;
    fake_pages_free++;
    fake_pages_used--;
    free((void *)(uintptr_t)pa);
}

size_t page_free_count(void)
{
    return fake_pages_free;
}

size_t page_total_count(void)
{
    return fake_pages_free + fake_pages_used;
}

void vm_object_init(struct vm_object *obj, const struct vm_object_ops *ops)
{
    obj->ops = ops;
    list_init(&obj->mappings);
}

bool vm_object_may_be_written(struct vm_object *obj)
{
    (void)obj;
    return false;
}

void vm_object_zap(struct vm_object *obj, uint64_t first, uint64_t count,
                   bool private_too)
{
    (void)obj, (void)first, (void)count, (void)private_too;
    fake_zaps++;
}

uint64_t thread_cpu_cycles(const struct thread *t)
{
    (void)t;
    return 0;
}

bool clock_is_running(void)
{
    return true;
}

uint64_t clock_real_about_ns(void)
{
    return fake_now_ns += 1000;
}

uint64_t clock_real_ns(void)
{
    return fake_now_ns += 1000;
}

int file_set_owner(struct file *f, int who)
{
    f->owner_pid = who;
    return 0;
}

int signal_send_thread(struct thread *t, const struct signal_info *info)
{
    (void)t, (void)info;
    fake_signals_sent++;
    return 0;
}

void waitq_init(struct waitq *q)
{
    list_init(&q->waiters);
}

int waitq_sleep(struct waitq *q, uint64_t deadline_ns)
{
    (void)q, (void)deadline_ns;
    return -512;
}

void waitq_wake_waiters(struct waitq *q)
{
    (void)q;
}

/* ---- the program's memory: ours; the first page faults ---- */

static bool bad_address(uaddr_t p)
{
    return p < PAGE_SIZE;
}

int copy_from_user(void *dst, uaddr_t src, size_t len)
{
    if (len > 0 && bad_address(src))
        return -14;
    memcpy(dst, (const void *)src, len);
    return 0;
}

bool user_equal_bytes(uint64_t p, uint64_t kernel, size_t len)
{
    return !bad_address(p) &&
           strncmp((const char *)p, (const char *)kernel, len) == 0;
}

int copy_to_user(uaddr_t dst, const void *src, size_t len)
{
    if (len > 0 && bad_address(dst))
        return -14;
    memcpy((void *)dst, src, len);
    return 0;
}

int user_get32(uint32_t *dst, uaddr_t src)
{
    return copy_from_user(dst, src, 4);
}

int user_get64(uint64_t *dst, uaddr_t src)
{
    return copy_from_user(dst, src, 8);
}

int user_put32(uaddr_t dst, uint32_t value)
{
    return copy_to_user(dst, &value, 4);
}

int user_put64(uaddr_t dst, uint64_t value)
{
    return copy_to_user(dst, &value, 8);
}

ssize_t user_string(char *dst, uaddr_t src, size_t max)
{
    size_t len;

    if (bad_address(src))
        return -14;
    len = strnlen((const char *)src, max);
    if (len == max)
        return -36;
    memcpy(dst, (const char *)src, len + 1);
    return (ssize_t)len;
}

void io_init(struct io *io, const struct io_vec *vec, size_t count)
{
    *io = (struct io){ .vec = vec, .vec_count = count };
    for (size_t i = 0; i < count; i++)
        io->left += vec[i].len;
}

void io_init_kernel(struct io *io, struct io_vec *one, void *buf, size_t len)
{
    one->base = (uaddr_t)buf;
    one->len = len;
    io_init(io, one, 1);
    io->is_kernel = true;
}

static size_t fake_io(struct io *io, const void *src, void *dst, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t n = MIN(io->vec->len - io->vec_off, len - done);
        uint8_t *at = (uint8_t *)(io->vec->base + io->vec_off);

        if (n > 0 && bad_address((uaddr_t)at))
            break;
        if (src)
            memcpy(at, (const uint8_t *)src + done, n);
        else if (dst)
            memcpy((uint8_t *)dst + done, at, n);
        else
            memset(at, 0, n);
        done += n;
        io->left -= n;
        io->vec_off += n;
        if (io->vec_off == io->vec->len) {
            io->vec++;
            io->vec_off = 0;
        }
    }
    return done;
}

size_t io_put(struct io *io, const void *src, size_t len)
{
    return fake_io(io, src, NULL, len);
}

size_t io_get(struct io *io, void *dst, size_t len)
{
    return fake_io(io, NULL, dst, len);
}

size_t io_zero(struct io *io, size_t len)
{
    return fake_io(io, NULL, NULL, len);
}

/* One process as the kernel would set it up, at the root. */
static void fake_start(uint32_t uid)
{
    struct process *p = &fake_process;

    thread_current_ptr = &fake_thread;
    p->pid = 1;
    p->uid = p->euid = p->suid = p->fsuid = uid;
    p->gid = p->egid = p->sgid = p->fsgid = uid;
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        p->rlimits[i] = (struct rlimit64){ UINT64_MAX, UINT64_MAX };
    fake_thread.files = fdtable_create();
    fake_thread.fs = fs_context_create();
}

#endif
