/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring_fuzz.c - rings of samples in the memory of a guest that lies.
 *
 * The first byte says how many CPUs there are; the rest is the guest's memory,
 * from its struct sample_control on, over and over. It is another one with
 * each request, and a word of it changes under the reader. Whatever it is, the
 * answer must be one that a tool can take apart.
 */
/* unit: cli/qemu_ring.c */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/sample.h"
#include "cli/qemu_ring.h"

#define RAM_LEN 81920u
#define CONTROL 64u
#define RINGS   4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint8_t ram[RAM_LEN];
static unsigned reads;

int qemu_control_read(const struct qemu_control *c, uint64_t va, void *dst,
                      size_t len)
{
    (void)c;
    if (va > RAM_LEN || len > RAM_LEN - va)
        return -EFAULT;
    memcpy(dst, ram + va, len);
    ram[(size_t)++reads * 4099 % RAM_LEN] ^= (uint8_t)reads;
    return 0;
}

int qemu_control_write(const struct qemu_control *c, uint64_t va,
                       const void *src, size_t len)
{
    (void)c;
    if (va > RAM_LEN || len > RAM_LEN - va)
        return -EFAULT;
    memcpy(ram + va, src, len);
    return 0;
}

static void check(const uint8_t *out, size_t len)
{
    struct control_sample s;

    if (len > CONTROL_DATA_MAX)
        abort();
    for (; len >= sizeof(s); len -= s.kernel_len + s.program_len) {
        memcpy(&s, out, sizeof(s));
        len -= sizeof(s);
        if (s.kernel_len > len || s.program_len > len - s.kernel_len ||
            s.cpu >= CONTROL_CPU_MAX || s.state > CONTROL_SAMPLE_KEPT)
            abort();
        out += sizeof(s) + s.kernel_len + s.program_len;
    }
    if (len != 0)
        abort();
}

/* Half of the guests say where their rings are. */
static void fill(const uint8_t *data, size_t len, unsigned cpus, bool tells)
{
    struct sample_control control;
    size_t i;

    for (i = 0; i < RAM_LEN; i += len)
        memcpy(ram + i, data, len < RAM_LEN - i ? len : RAM_LEN - i);
    memcpy(&control, ram + CONTROL, sizeof(control));
    if (!tells)
        return;
    control.rings = RINGS;
    control.ring_len = SAMPLE_RINGS_LEN / cpus & ~7u;
    memcpy(ram + CONTROL, &control, sizeof(control));
    for (i = 0; i < cpus; i++)
        memcpy(ram + RINGS + i * control.ring_len, data,
               len < sizeof(struct sample_ring) ? len
                                                : sizeof(struct sample_ring));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t out[CONTROL_DATA_MAX];
    const struct control_sample_how how = { .control = CONTROL, .step_ns = 1 };
    struct qemu_control c = { .cpu_count = 1 };
    size_t i, out_len;

    if (len < 2)
        return 0;
    reads = 0;
    c.cpu_count = 1 + data[0] % CONTROL_CPU_MAX;
    for (i = 0; i < 2; i++) {
        fill(data + 1 + i % (len - 1), len - 1 - i % (len - 1), c.cpu_count,
             data[0] >= 128);
        out_len = 0;
        if (qemu_ring_sample(&c, &c.client[0], &how, out, &out_len))
            check(out, out_len);
        c.client[0].ring.is_refused = false;
    }
    qemu_ring_end(&c, &c.client[0]);
    return 0;
}
