/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * debug.c - see debug.h.
 *
 * `slot` is the CPU whose stop is at hand, plus 1. It waits there, as good as
 * parked, until CPU 0's thread lets the guest go on.
 */
#include "monitor/debug.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/control.h"
#include "abi/debug.h"
#include "monitor/arch/arch.h"
#include "monitor/control.h"
#include "monitor/events.h"

static struct {
    struct vm *vm;
    uint32_t is_attached; /* atomic */
    uint32_t is_waited;   /* atomic: the program is not to begin without one */
    uint32_t slot;        /* atomic; a futex */
    uint32_t is_news;     /* atomic: `event` is to be told */
    uint32_t told;        /* the slot whose event was told; 0: none */
    bool has_watches;
    struct control_event event;
    gpa_t gpa;
    uint64_t len;
} dbg;

void debug_init(struct vm *vm, bool is_waited)
{
    dbg.vm = vm;
    dbg.is_waited = is_waited;
}

static void wait_for_slot(struct vcpu *cpu, uint32_t taken)
{
    if (cpu->index == 0) {
        control_serve(); /* which lets go of it */
        return;
    }
    __atomic_store_n(&cpu->is_parked, 1, __ATOMIC_SEQ_CST);
    events_control_note(&dbg.vm->vcpu[0]);
    while (__atomic_load_n(&dbg.slot, __ATOMIC_SEQ_CST) == taken)
        syscall(SYS_futex, &dbg.slot, FUTEX_WAIT_PRIVATE, taken, NULL);
    __atomic_store_n(&cpu->is_parked, 0, __ATOMIC_SEQ_CST);
}

int64_t debug_call(struct vcpu *cpu, uint64_t reason, uint64_t thread)
{
    uint32_t taken = 0, mine = cpu->index + 1;
    bool is_start = reason == DEBUG_START &&
                    __atomic_load_n(&dbg.is_waited, __ATOMIC_SEQ_CST) != 0;

    if (!__atomic_load_n(&dbg.is_attached, __ATOMIC_SEQ_CST) && !is_start)
        return -ENOTCONN;
    if (!__atomic_compare_exchange_n(&dbg.slot, &taken, mine, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        wait_for_slot(cpu, taken);
        return -EAGAIN;
    }
    dbg.event = (struct control_event){ .reason = (uint32_t)reason,
                                        .cpu = cpu->index,
                                        .thread = thread };
    __atomic_store_n(&dbg.is_news, 1, __ATOMIC_SEQ_CST);
    wait_for_slot(cpu, mine);
    return 0;
}

int debug_attach(gpa_t gpa, uint64_t len)
{
    struct iovec all;

    if (__atomic_load_n(&dbg.is_attached, __ATOMIC_SEQ_CST))
        return -EBUSY;
    if (gmem_iovec(&dbg.vm->mem, gpa, len, true, &all) != 0)
        return -EFAULT;
    dbg.gpa = gpa;
    dbg.len = len;
    __atomic_store_n(&dbg.is_attached, 1, __ATOMIC_SEQ_CST);
    return 0;
}

int debug_watch(const struct control_watch *w)
{
    int err = 0;

    dbg.has_watches = w->control != 0;
    for (unsigned i = 0; err == 0 && i < dbg.vm->cpu_count; i++)
        err = arch_watch_set(&dbg.vm->vcpu[i], w);
    return err;
}

/* The other CPUs may be in the guest: KVM waits for them to leave it. */
static void watch_nothing(void)
{
    for (unsigned i = 0; i < dbg.vm->cpu_count; i++)
        events_interrupt(&dbg.vm->vcpu[i]);
    (void)debug_watch(&(struct control_watch){ .control = 0 });
}

void debug_detach(void)
{
    struct iovec all;

    __atomic_store_n(&dbg.is_attached, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&dbg.is_waited, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&dbg.is_news, 0, __ATOMIC_SEQ_CST);
    dbg.told = 0;
    if (gmem_iovec(&dbg.vm->mem, dbg.gpa, dbg.len, true, &all) == 0)
        memset(all.iov_base, 0, all.iov_len);
    if (dbg.has_watches)
        watch_nothing();
    debug_tell();
}

bool debug_take_event(struct control_event *out)
{
    if (!__atomic_load_n(&dbg.is_attached, __ATOMIC_SEQ_CST) ||
        !__atomic_exchange_n(&dbg.is_news, 0, __ATOMIC_SEQ_CST))
        return false;
    *out = dbg.event;
    dbg.told = out->cpu + 1;
    if (dbg.has_watches)
        out->hits = arch_watch_hits(&dbg.vm->vcpu[out->cpu]);
    return true;
}

bool debug_is_waited_for(void)
{
    return __atomic_load_n(&dbg.is_waited, __ATOMIC_SEQ_CST) &&
           __atomic_load_n(&dbg.slot, __ATOMIC_SEQ_CST) &&
           !__atomic_load_n(&dbg.is_attached, __ATOMIC_SEQ_CST);
}

/* Only who has been told of: another CPU may be coming with its stop just now,
 * and is to be told first. */
void debug_go(void)
{
    uint32_t slot = __atomic_load_n(&dbg.slot, __ATOMIC_SEQ_CST);
    bool is_attached = __atomic_load_n(&dbg.is_attached, __ATOMIC_SEQ_CST);

    if (slot == 0 ||
        (is_attached ? dbg.told != slot
                     : __atomic_load_n(&dbg.is_waited, __ATOMIC_SEQ_CST)))
        return;
    dbg.told = 0;
    __atomic_store_n(&dbg.is_waited, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&dbg.slot, 0, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &dbg.slot, FUTEX_WAKE_PRIVATE, CPU_MAX);
}

void debug_tell(void)
{
    for (unsigned i = 0; i < dbg.vm->cpu_count; i++)
        if (__atomic_load_n(&dbg.vm->vcpu[i].is_started, __ATOMIC_ACQUIRE) ||
            i == 0)
            events_raise(&dbg.vm->vcpu[i], HYPERCALL_EVENT_DEBUG);
}
