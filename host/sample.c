/* SPDX-License-Identifier: BSD-2-Clause */
/* sample.c - see sample.h. */
#include "host/sample.h"

#define PAGE_LEN 4096u
#define SP_WORD  19u /* rsp's place in struct control_regs, */
#define IP_WORD  16u /* and rip's */

/* As far as it is mapped: how many bytes that is. */
static size_t read_va(const struct sample_memory *m, uint64_t va, uint8_t *dst,
                      size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t part = PAGE_LEN - ((va + done) & (PAGE_LEN - 1));

        part = part < len - done ? part : len - done;
        if (m->read(m->arg, va + done, dst + done, part) != 0)
            break;
        done += part;
    }
    return done;
}

static uint64_t word(const struct sample_memory *m, uint64_t va)
{
    uint64_t value;

    return read_va(m, va, (uint8_t *)&value, sizeof(value)) == sizeof(value)
               ? value
               : 0;
}

void sample_fill(struct control_sample *s, const struct control_sample_how *how,
                 const struct sample_memory *m, uint8_t *stack, size_t room)
{
    uint64_t sp = s->regs[SP_WORD];

    s->program_sp = sp;
    (void)read_va(m, s->regs[IP_WORD], s->code, sizeof(s->code));
    s->thread = word(m, how->percpu[s->cpu] + how->percpu_thread);
    s->tid = (int32_t)word(m, s->thread + how->thread_tid);
    s->kstack_top = word(m, s->thread + how->thread_kstack_top);
    if (sp < s->kstack_top && s->kstack_top - sp <= CONTROL_SAMPLE_KSTACK) {
        size_t len = s->kstack_top - sp;

        s->kernel_len =
            (uint32_t)read_va(m, sp, stack, len < room ? len : room);
        s->program_sp = word(m, s->kstack_top - how->top_rsp);
    }
    room -= s->kernel_len;
    if (room > how->stack_len)
        room = how->stack_len;
    s->program_len =
        (uint32_t)read_va(m, s->program_sp, stack + s->kernel_len, room);
}
