/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_sample.c - CONTROL_SAMPLE for a guest under QEMU.
 *
 * QEMU tells registers of a machine that stands still only, and as text: so
 * the guest is stopped for each sample, for as long as that takes. Only the
 * registers are waited for.
 */
#include <errno.h>
#include <string.h>
#include <x86intrin.h>

#include "cli/qemu_control.h"
#include "host/sample.h"

static int read_va(void *arg, uint64_t va, void *dst, size_t len)
{
    return qemu_control_read(arg, va, dst, len);
}

/* A CPU that does not run 64-bit code yet has nothing to do, either. */
static int sample_one(struct qemu_control *c, unsigned cpu,
                      const struct control_sample_how *how, uint8_t *out,
                      size_t *len)
{
    const struct sample_memory memory = { read_va, c };
    size_t room = CONTROL_DATA_MAX / c->cpu_count;
    struct control_sample s = { .cpu = cpu, .periods = 1 };
    struct control_regs regs;
    bool is_idle = false;
    int err = qemu_control_regs(c, cpu, &regs, &is_idle);

    if (err && err != -EPROTO)
        return err;
    if (err == 0 && !is_idle) {
        s.state = CONTROL_SAMPLE_RUNNING;
        s.tsc = __rdtsc() - c->tsc_start;
        memcpy(s.regs, &regs, sizeof(s.regs));
        sample_fill(&s, how, &memory, out + *len + sizeof(s), room - sizeof(s));
    }
    memcpy(out + *len, &s, sizeof(s));
    *len += sizeof(s) + s.kernel_len + s.program_len;
    return 0;
}

int qemu_sample(struct qemu_control *c, const struct control_sample_how *how,
                uint8_t *out, size_t *len_out)
{
    unsigned i;
    int go, err = qmp_command_later(&c->qmp, "stop");

    *len_out = 0;
    for (i = 0; err == 0 && i < c->cpu_count; i++)
        err = sample_one(c, i, how, out, len_out);
    go = qmp_command_later(&c->qmp, "cont");
    return err ? err : go;
}
