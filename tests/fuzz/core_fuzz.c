/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_fuzz.c - what a guest may have in its memory when a core file is made.
 *
 * The input is that memory, again and again from address 0 on; registers come
 * from there as well. The whole file is made of it.
 */
/* unit: cli/core_file.c cli/core_memory.c cli/core_notes.c cli/core_regs.c
 * cli/core_sites.c cli/frames.c host/fault.c host/file.c host/memory.c */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/core.h"
#include "host/fault.h"

#define RAM_LEN    (1u << 20)
#define THREAD_MAX 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct {
    const uint8_t *data;
    size_t len;
} input;

static void take(uint64_t at, void *into, size_t len)
{
    uint8_t *to = into;
    size_t i;

    for (i = 0; i < len; i++)
        to[i] = input.len > 0 ? input.data[(at + i) % input.len] : 0;
}

int inside_read_pa(struct inside *in, uint64_t gpa, void *data, size_t len,
                   struct fault *fault)
{
    if (gpa > RAM_LEN || len > RAM_LEN - gpa)
        return fault_set(fault, EFAULT, "'%s' has no such memory", in->name);
    take(gpa, data, len);
    return 0;
}

int inside_read(struct inside *in, uint64_t va, void *data, size_t len,
                struct fault *fault)
{
    (void)in;
    (void)fault;
    take(va, data, len);
    return 0;
}

int inside_regs(struct inside *in, unsigned cpu, struct control_regs *out,
                struct fault *fault)
{
    return inside_read(in, cpu * sizeof(*out), out, sizeof(*out), fault);
}

int inside_process(struct inside *in, struct inside_process *out,
                   struct fault *fault)
{
    size_t i;

    (void)in;
    (void)fault;
    *out = (struct inside_process){ .pid = 1, .va = 64 };
    out->thread = mem_alloc(THREAD_MAX * sizeof(out->thread[0]));
    out->thread_count = THREAD_MAX;
    for (i = 0; i < THREAD_MAX; i++)
        out->thread[i] = (struct inside_thread){
            .va = i * 128, .tid = (int32_t)i, .cpu = 1, .on_cpu = i % 2 != 0
        };
    return 0;
}

void inside_process_fini(struct inside_process *p)
{
    free(p->thread);
    p->thread = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct core c;
    struct fault fault;
    int fd = memfd_create("core", MFD_CLOEXEC);

    if (fd < 0)
        return 0;
    input.data = data;
    input.len = len;
    c = (struct core){ .command = "program" };
    c.in.name = "guest";
    c.frames = (struct frames){ .data = data, .len = len };
    take(0, &c.in.records, sizeof(c.in.records));
    c.in.hello.range_count = 2;
    c.in.hello.range[0] = (struct control_range){ 0, RAM_LEN / 2, 1 };
    c.in.hello.range[1] = (struct control_range){ RAM_LEN / 2, RAM_LEN / 2, 0 };
    c.in.hello.kernel_len = 4096;
    c.in.pml4_gpa = 4096;
    if (core_gather(&c, &fault) == 0)
        (void)core_write(&c, fd, "core", &fault);
    core_fini(&c);
    close(fd);
    return 0;
}
