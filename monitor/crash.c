/* SPDX-License-Identifier: BSD-2-Clause */
/* crash.c - see crash.h. */
#include "monitor/crash.h"

#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "monitor/control.h"
#include "monitor/events.h"

#define NAP_NS 1000000 /* between two looks at what CPU 0's thread does */

enum state { NOTHING, WAITING, TOLD, NOT_TOLD };

static struct {
    int fd;
    uint32_t is_taken; /* atomic: one at a time */
    uint32_t state;    /* atomic: enum state */
    struct crash crash;
} all = { .fd = -1 };

void crash_init(int fd)
{
    all.fd = fd;
}

int crash_fd(void)
{
    return all.fd;
}

static bool tell(void)
{
    char byte;
    struct iovec iov = { &byte, 1 };

    if (write(all.fd, &all.crash, sizeof(all.crash)) !=
        (ssize_t)sizeof(all.crash))
        return false;
    control_serve_until(all.fd);
    return readv(all.fd, &iov, 1) == 1; /* as the sandbox has it */
}

void crash_serve(void)
{
    bool is_told;

    if (__atomic_load_n(&all.state, __ATOMIC_SEQ_CST) != WAITING)
        return;
    is_told = tell();
    __atomic_store_n(&all.state, is_told ? TOLD : NOT_TOLD, __ATOMIC_SEQ_CST);
}

/* Stopped as a parked CPU is, so that its registers can be read. */
static bool tell_elsewhere(struct vcpu *cpu)
{
    const struct timespec nap = { 0, NAP_NS };
    uint32_t state = WAITING;

    __atomic_store_n(&cpu->is_parked, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&all.state, state, __ATOMIC_SEQ_CST);
    while (state == WAITING) {
        events_control_note(&cpu->vm->vcpu[0]);
        ppoll(NULL, 0, &nap, NULL);
        state = __atomic_load_n(&all.state, __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&cpu->is_parked, 0, __ATOMIC_SEQ_CST);
    return state == TOLD;
}

bool crash_tell(struct vcpu *cpu, enum crash_kind kind, const char *text,
                const struct hypercall_report *regs)
{
    bool is_told;

    if (all.fd < 0 || control_fd() < 0 ||
        __atomic_exchange_n(&all.is_taken, 1, __ATOMIC_SEQ_CST))
        return false;
    all.crash = (struct crash){ .magic = CRASH_MAGIC,
                                .kind = kind,
                                .cpu = cpu->index,
                                .has_regs = regs != NULL };
    if (regs)
        all.crash.report = *regs;
    strncpy(all.crash.text, text, sizeof(all.crash.text) - 1);
    is_told = cpu->index == 0 ? tell() : tell_elsewhere(cpu);
    /* It ends with this: the process at the other end is gone. */
    all.fd = -1;
    return is_told;
}
