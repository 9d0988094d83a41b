/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hypercall.c - see hypercall.h.
 *
 * The page belongs to the guest, another CPU of which may change it at any
 * time: each field is read once, into a local that is then checked.
 */
#include "monitor/hypercall.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "host/calls.h"
#include "monitor/arch/arch.h"
#include "monitor/check.h"
#include "monitor/console.h"
#include "monitor/control.h"
#include "monitor/crash.h"
#include "monitor/debug.h"
#include "monitor/devices/net.h"
#include "monitor/events.h"
#include "monitor/report.h"
#include "monitor/vcpu.h"

#define TTY_LEN_MAX  256u
#define TEXT_LEN_MAX 1024u
#define FD_MAX       2u
#define TIME_TRIES   4u

struct call {
    uint64_t arg0, arg1;
};

static uint64_t read_once(const uint64_t *field)
{
    return __atomic_load_n(field, __ATOMIC_ACQUIRE);
}

static struct hypercall_iov iov_get(const struct vcpu *cpu, unsigned idx)
{
    ASSERT(idx < HYPERCALL_IOV_MAX);
    return (struct hypercall_iov){ read_once(&cpu->page->iov[idx].gpa),
                                   read_once(&cpu->page->iov[idx].len) };
}

static int iovs_get(const struct vcpu *cpu, uint64_t count, bool writable,
                    struct iovec out[HYPERCALL_IOV_MAX])
{
    if (count > HYPERCALL_IOV_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < count; i++) {
        struct hypercall_iov iov = iov_get(cpu, i);
        int err =
            gmem_iovec(&cpu->vm->mem, iov.gpa, iov.len, writable, &out[i]);

        if (err)
            return err;
    }
    return 0;
}

static int64_t do_write(struct vcpu *cpu, const struct call *c)
{
    struct iovec iov[HYPERCALL_IOV_MAX];
    int err;

    if (c->arg0 != 1 && c->arg0 != 2)
        return -EBADF;
    err = iovs_get(cpu, c->arg1, false, iov);
    return err ? err : console_write((int)c->arg0, iov, (unsigned)c->arg1);
}

static int64_t do_read(struct vcpu *cpu, const struct call *c)
{
    struct iovec iov[HYPERCALL_IOV_MAX];
    int err = iovs_get(cpu, c->arg1, true, iov);

    return err ? err : console_read(iov, (unsigned)c->arg1);
}

static int64_t do_tty(struct vcpu *cpu, const struct call *c)
{
    struct hypercall_iov iov = iov_get(cpu, 0);
    uint8_t buf[TTY_LEN_MAX] __attribute__((aligned(8)));
    int64_t result;
    int err;

    if (c->arg0 > FD_MAX)
        return -EBADF;
    if (iov.len > sizeof(buf))
        iov.len = sizeof(buf);
    err = gmem_read(&cpu->vm->mem, iov.gpa, buf, iov.len);
    if (err)
        return err;
    result = console_ioctl((int)c->arg0, c->arg1, buf, iov.len);
    if (result >= 0) {
        err = gmem_write(&cpu->vm->mem, iov.gpa, buf, iov.len);
        if (err)
            return err;
    }
    return result;
}

static int64_t do_fdstat(struct vcpu *cpu)
{
    struct hypercall_stat stat[3];
    struct hypercall_iov iov = iov_get(cpu, 0);

    if (iov.len < sizeof(stat))
        return -EINVAL;
    console_stat(stat);
    return gmem_write(&cpu->vm->mem, iov.gpa, stat, sizeof(stat));
}

/* Of a few readings the one that took least is the best. */
static void do_time(struct vcpu *cpu)
{
    uint64_t best = UINT64_MAX, tsc = 0, ns = 0;

    for (unsigned i = 0; i < TIME_TRIES; i++) {
        uint64_t before = arch_tsc(), took;
        struct timespec t;

        clock_gettime(CLOCK_REALTIME, &t);
        took = arch_tsc() - before;
        if (took >= best)
            continue;
        best = took;
        tsc = before + took / 2;
        ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
    }
    __atomic_store_n(&cpu->page->arg0, tsc, __ATOMIC_RELAXED);
    __atomic_store_n(&cpu->page->arg1, ns, __ATOMIC_RELAXED);
}

/* Text and registers of a panic or crash; either may be missing. Without the
 * lock, since CPU 0 may have to serve who tells of it. */
static void do_report(struct vcpu *cpu, bool is_panic)
{
    struct hypercall_iov text_iov = iov_get(cpu, 0), regs_iov = iov_get(cpu, 1);
    struct hypercall_report regs = { 0 };
    char text[TEXT_LEN_MAX + 1] = "";
    bool have_regs;

    if (text_iov.len > TEXT_LEN_MAX)
        text_iov.len = TEXT_LEN_MAX;
    if (gmem_read(&cpu->vm->mem, text_iov.gpa, text, text_iov.len) != 0)
        strcpy(text, "(its text lies outside of memory)");
    /* Older kernels' ends earlier. */
    if (regs_iov.len > sizeof(regs))
        regs_iov.len = sizeof(regs);
    have_regs =
        regs_iov.len >= offsetof(struct hypercall_report, siginfo) &&
        gmem_read(&cpu->vm->mem, regs_iov.gpa, &regs, regs_iov.len) == 0;
    if (crash_tell(cpu,
                   is_panic    ? CRASH_PANIC
                   : have_regs ? CRASH_SIGNAL
                               : CRASH_MEMORY,
                   text, have_regs ? &regs : NULL))
        return;
    report_text(cpu->vm, is_panic ? "the kernel panicked: " : "", text,
                have_regs ? &regs : NULL);
}

static int64_t do_kick(struct vcpu *cpu, uint64_t set)
{
    for (unsigned i = 0; i < cpu->vm->cpu_count; i++)
        if (set >> i & 1)
            events_raise(&cpu->vm->vcpu[i], HYPERCALL_EVENT_KICK);
    return 0;
}

/* What uses the host's descriptors, or prints. */
static int64_t host_call(struct vcpu *cpu, uint32_t nr, const struct call *c)
{
    switch (nr) {
    case HYPERCALL_WRITE:
        return do_write(cpu, c);
    case HYPERCALL_READ:
        return do_read(cpu, c);
    case HYPERCALL_EXIT:
        console_exit((int)(c->arg0 & 0xff));
    case HYPERCALL_TTY:
        return do_tty(cpu, c);
    case HYPERCALL_FDSTAT:
        return do_fdstat(cpu);
    case HYPERCALL_LEFT_OUT:
        call_report_left_out(c->arg0);
        return 0;
    default:
        return -ENOSYS;
    }
}

void hypercall_handle(struct vcpu *cpu, uint32_t nr)
{
    static pthread_mutex_t host_lock = PTHREAD_MUTEX_INITIALIZER;
    const struct call c = { read_once(&cpu->page->arg0),
                            read_once(&cpu->page->arg1) };
    int64_t result = 0;

    switch (nr) {
    case HYPERCALL_WAIT:
        result = events_wait(cpu, c.arg0, (uint32_t)c.arg1);
        break;
    case HYPERCALL_TIMER:
        events_timer(cpu, c.arg0);
        break;
    case HYPERCALL_CPU_START:
        result = vcpu_start(cpu->vm, c.arg0);
        break;
    case HYPERCALL_YIELD:
        sched_yield();
        break;
    case HYPERCALL_KICK:
        result = do_kick(cpu, c.arg0);
        break;
    case HYPERCALL_TIME:
        do_time(cpu);
        break;
    case HYPERCALL_NET_START:
        result = net_start();
        break;
    case HYPERCALL_DEBUG:
        result = debug_call(cpu, c.arg0, c.arg1);
        break;
    case HYPERCALL_PANIC:
        do_report(cpu, true);
        console_exit(REPORT_STATUS);
    case HYPERCALL_CRASH:
        do_report(cpu, false);
        break;
    case HYPERCALL_EXIT:
        control_end(cpu, (int)(c.arg0 & 0xff));
        __attribute__((fallthrough));
    default:
        pthread_mutex_lock(&host_lock);
        result = host_call(cpu, nr, &c);
        pthread_mutex_unlock(&host_lock);
        break;
    }
    __atomic_store_n(&cpu->page->result, result, __ATOMIC_RELEASE);
}
