/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside_process.c - the guest's process and threads, by its records.
 *
 * A structure is read whole where its members are wanted together: a read is a
 * round trip that interrupts the guest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/trace.h"
#include "cli/inside.h"
#include "host/fault.h"
#include "host/memory.h"

#define STRUCT_LEN   2048u /* of a thread, a process, a space: smaller all */
#define ORIG_RAX_OFF (15u * 8) /* in struct regs, as in Linux's pt_regs */

struct block {
    uint8_t data[STRUCT_LEN];
    size_t len;
};

static uint64_t word(const struct block *b, uint16_t offset)
{
    uint64_t value = 0;

    if ((size_t)offset + sizeof(value) <= b->len)
        memcpy(&value, b->data + offset, sizeof(value));
    return value;
}

static uint32_t half(const struct block *b, uint16_t offset)
{
    return (uint32_t)word(b, offset);
}

/* As much as the page holds; what is wanted lies in it, or reads as zero. */
static int block_read(struct inside *in, uint64_t va, struct block *out,
                      struct fault *fault)
{
    int err = -EFAULT;

    for (out->len = STRUCT_LEN; out->len >= 256 && err == -EFAULT;
         out->len -= err ? 256 : 0)
        err = inside_read(in, va, out->data, out->len, fault);
    return err;
}

static void name_copy(const struct block *b, uint16_t offset, char *out)
{
    size_t i;

    memset(out, 0, INSIDE_NAME_LEN + 1);
    if ((size_t)offset + INSIDE_NAME_LEN > b->len)
        return;
    for (i = 0; i < INSIDE_NAME_LEN && b->data[offset + i] != '\0'; i++) {
        uint8_t c = b->data[offset + i];

        out[i] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
}

/* Cycles since it was switched in belong to it as well. */
static uint64_t thread_cycles(const struct inside *in, const struct block *b,
                              bool on_cpu)
{
    uint64_t cycles = word(b, in->records.thread_cycles);
    uint64_t since = word(b, in->records.thread_switched_in);

    if (on_cpu && since < in->hello.tsc)
        cycles += in->hello.tsc - since;
    return cycles;
}

/* From the call's number in its struct regs to the word behind the stack: how
 * many calls were counted that have not been made. */
static void thread_call(struct inside *in, uint64_t top,
                        struct inside_thread *out)
{
    uint8_t data[256];
    uint64_t number;
    int32_t left;
    size_t len = in->records.regs_len - ORIG_RAX_OFF;
    struct fault ignored;

    out->call = -1;
    if (in->records.regs_len < ORIG_RAX_OFF || len > sizeof(data) - 8 ||
        inside_read(in, top - len, data, len + sizeof(left), &ignored) != 0)
        return;
    memcpy(&number, data, sizeof(number));
    memcpy(&left, data + len, sizeof(left));
    if (out->state == RECORDS_SLEEPING && number < TRACE_CALL_MAX)
        out->call = (int)number;
    if (left > 0 && (uint64_t)left <= out->calls)
        out->calls -= (uint64_t)left;
}

static void io_add(const struct block *b, unsigned at,
                   uint64_t sum[INSIDE_IO_WORDS])
{
    for (unsigned i = 0; i < INSIDE_IO_WORDS; i++)
        sum[i] += word(b, (uint16_t)(at + i * 8));
}

static int thread_read(struct inside *in, uint64_t va,
                       struct inside_thread *out, struct fault *fault)
{
    const struct records *r = &in->records;
    struct block b;
    int err = block_read(in, va, &b, fault);

    if (err)
        return err;
    *out = (struct inside_thread){
        .va = va,
        .tid = (int32_t)half(&b, r->thread_tid),
        .state = half(&b, r->thread_state),
        .cpu = half(&b, r->thread_cpu),
        .on_cpu = (half(&b, r->thread_on_cpu) & 0xff) != 0,
        .switches = word(&b, r->thread_switches),
        .calls = word(&b, r->thread_calls),
        .kernel_cycles =
            word(&b, r->thread_timed) + word(&b, r->thread_estimated),
    };
    io_add(&b, r->thread_io, out->io);
    name_copy(&b, r->thread_name, out->name);
    out->cycles =
        thread_cycles(in, &b, out->on_cpu && out->state == RECORDS_RUNNING);
    thread_call(in, word(&b, r->thread_kstack_top), out);
    return 0;
}

/* Some CPU's current thread leads to the process. */
static int process_find(struct inside *in, uint64_t *va_out,
                        struct fault *fault)
{
    const struct records *r = &in->records;
    uint64_t percpu = 0, thread = 0, process = 0;
    int err = inside_read(in, r->percpus, &percpu, sizeof(percpu), fault);

    if (err == 0)
        err = inside_read(in, percpu + r->percpu_thread, &thread,
                          sizeof(thread), fault);
    if (err == 0 && thread != 0)
        err = inside_read(in, thread + r->thread_process, &process,
                          sizeof(process), fault);
    if (err == 0 && process == 0)
        err = inside_too_early(in, fault);
    *va_out = process;
    return err;
}

/* Until it has an address space it is being made. */
static int process_read(struct inside *in, uint64_t *va_out, struct block *out,
                        struct fault *fault)
{
    int err = process_find(in, va_out, fault);

    if (err == 0)
        err = block_read(in, *va_out, out, fault);
    if (err == 0 && word(out, in->records.process_space) == 0)
        err = inside_too_early(in, fault);
    return err;
}

static int compare_tid(const void *a, const void *b)
{
    const struct inside_thread *x = a, *y = b;

    return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* The list changes under us unless the guest is stopped: an end that is not
 * found within the bound is taken as one. */
static int threads_read(struct inside *in, struct inside_process *p,
                        uint64_t count, struct fault *fault)
{
    const struct records *r = &in->records;
    uint64_t head = p->va + r->process_threads;
    uint64_t limit = count < INSIDE_THREAD_MAX ? count : INSIDE_THREAD_MAX;
    uint64_t at = 0;
    int err = inside_read(in, head, &at, sizeof(at), fault);

    p->thread = mem_alloc((limit + 1) * sizeof(p->thread[0]));
    while (err == 0 && at != head && p->thread_count < limit) {
        struct inside_thread *t = &p->thread[p->thread_count];

        err = thread_read(in, at - r->thread_link, t, fault);
        if (err == 0)
            err = inside_read(in, at, &at, sizeof(at), fault);
        if (err == 0)
            p->thread_count++;
    }
    qsort(p->thread, p->thread_count, sizeof(p->thread[0]), compare_tid);
    return err;
}

static int space_read(struct inside *in, uint64_t va, struct inside_process *p,
                      struct fault *fault)
{
    const struct records *r = &in->records;
    struct block b;
    int err = block_read(in, va, &b, fault);

    if (err)
        return err;
    p->region_count = word(&b, r->space_count);
    p->mapped_pages = word(&b, r->space_mapped);
    p->resident_pages = word(&b, r->space_resident);
    p->peak_pages = word(&b, r->space_peak);
    return 0;
}

static int pages_read(struct inside *in, struct inside_process *p,
                      struct fault *fault)
{
    uint64_t at, counters[2];
    int err =
        inside_read(in, in->records.page_counters, &at, sizeof(at), fault);

    if (err == 0)
        err = inside_read(in, at, counters, sizeof(counters), fault);
    if (err == 0) {
        p->free_pages = counters[0];
        p->all_pages = counters[1];
    }
    return err;
}

int inside_process(struct inside *in, struct inside_process *out,
                   struct fault *fault)
{
    const struct records *r = &in->records;
    struct block b;
    size_t i, k;
    unsigned tries = 0;
    int err;

    *out = (struct inside_process){ 0 };
    do
        err = process_read(in, &out->va, &b, fault);
    while (inside_again(err, &tries));
    if (err)
        return err;
    out->pid = (int32_t)half(&b, r->process_pid);
    out->start_ns = word(&b, r->process_start);
    out->cycles = word(&b, r->process_dead_cycles);
    out->kernel_cycles = word(&b, r->process_dead_system);
    out->calls = word(&b, r->process_dead_calls);
    io_add(&b, r->process_io, out->io);
    out->minor_faults = word(&b, r->process_minor_faults);
    out->major_faults = word(&b, r->process_major_faults);
    err = space_read(in, word(&b, r->process_space), out, fault);
    if (err == 0)
        err = pages_read(in, out, fault);
    if (err == 0)
        err = threads_read(in, out, word(&b, r->process_thread_count), fault);
    for (i = 0; i < out->thread_count; i++) {
        out->cycles += out->thread[i].cycles;
        out->kernel_cycles += out->thread[i].kernel_cycles;
        out->calls += out->thread[i].calls;
        for (k = 0; k < INSIDE_IO_WORDS; k++)
            out->io[k] += out->thread[i].io[k];
    }
    if (err)
        inside_process_fini(out);
    return err;
}

void inside_process_fini(struct inside_process *p)
{
    free(p->thread);
    p->thread = NULL;
    p->thread_count = 0;
}
