/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hypercall.c - the guest's side of abi/hypercall.h.
 *
 * An exit costs 1 to 100 us, so the rule here is to leave out those that
 * change nothing: a timer that is already early enough, a wait when something
 * is pending.
 */
#include "drivers/hypercall.h"

#include "abi/bootinfo.h"
#include "arch/arch.h"
#include "core/panic.h"
#include "drivers/console.h"
#include "drivers/console_backend.h"
#include "mm/page.h"
#include "sched/wait.h"
#include "time/clock.h"

#define SIGWINCH_NR 28

static struct {
    uint64_t kernel_va, kernel_pa, kernel_len;
    uint64_t net_pa;
} hc;

void (*hypercall_net_hook)(void);
void (*hypercall_debug_hook)(void);

static struct hypercall_cpu {
    struct hypercall_page *page; /* NULL: not on the monitor */
    uint64_t timer_tsc;          /* what the monitor has; 0: nothing armed */
    uint32_t noted;              /* events that hypercall_wait() brought */
} hc_cpus[ARCH_CPU_MAX];

static struct hypercall_cpu *mine(void)
{
    return &hc_cpus[arch_cpu_number() - 1];
}

static bool host_time(struct clock_reading *out)
{
    const struct hypercall_page *page = mine()->page;

    if (hypercall_call(HYPERCALL_TIME, 0, 0, 0) != 0)
        return false; /* an older monitor */
    out->tsc = page->arg0;
    out->real_ns = page->arg1;
    return true;
}

void hypercall_init(const struct bootinfo *boot)
{
    hc.kernel_va = boot->kernel_va;
    hc.kernel_pa = boot->kernel_pa;
    hc.kernel_len = boot->kernel_len;
    if (boot->platform != BOOTINFO_MONITOR || !boot->hypercall_pa)
        return;
    hc_cpus[0].page =
        (struct hypercall_page *)(boot->direct_va + boot->hypercall_pa);
    clock_host_hook = host_time;
    hc.net_pa = boot->net_pa;
}

struct monitor_net *hypercall_net(void)
{
    return hc.net_pa ? page_ptr(hc.net_pa) : NULL;
}

void hypercall_init_cpu(unsigned index, struct hypercall_page *page)
{
    if (hypercall_present())
        hc_cpus[index].page = page;
}

bool hypercall_present(void)
{
    return hc_cpus[0].page != NULL;
}

uint64_t hypercall_gpa(const void *ptr)
{
    uint64_t off = (uint64_t)ptr - hc.kernel_va;

    if (off < hc.kernel_len)
        return hc.kernel_pa + off;
    return page_pa(ptr);
}

void hypercall_set_iov(unsigned idx, uint64_t gpa, uint64_t len)
{
    struct hypercall_page *page = mine()->page;

    ASSERT(idx < HYPERCALL_IOV_MAX);
    page->iov[idx].gpa = gpa;
    page->iov[idx].len = len;
}

int64_t hypercall_call(uint32_t nr, uint64_t arg0, uint64_t arg1, uint64_t arg2)
{
    struct hypercall_page *page = mine()->page;

    page->arg0 = arg0;
    page->arg1 = arg1;
    page->arg2 = arg2;
    __asm__ volatile("" ::: "memory");
    arch_out32(HYPERCALL_PORT, nr);
    __asm__ volatile("" ::: "memory");
    return page->result;
}

int64_t hypercall_nested(uint32_t nr, uint64_t arg0, uint64_t arg1)
{
    struct hypercall_page *page = mine()->page;
    uint64_t arg[3] = { page->arg0, page->arg1, page->arg2 };
    int64_t result = page->result, own = hypercall_call(nr, arg0, arg1, 0);

    page->arg0 = arg[0];
    page->arg1 = arg[1];
    page->arg2 = arg[2];
    page->result = result;
    return own;
}

void hypercall_timer(uint64_t tsc)
{
    struct hypercall_cpu *cpu = mine();

    if (tsc == 0)
        return; /* an interrupt for nothing is cheaper than an exit now */
    if (cpu->timer_tsc && cpu->timer_tsc <= tsc)
        return;
    if (hypercall_call(HYPERCALL_TIMER, tsc, 0, 0) == 0)
        cpu->timer_tsc = tsc;
}

bool hypercall_pending(void)
{
    struct hypercall_cpu *cpu = mine();

    return cpu->noted != 0 ||
           __atomic_load_n(&cpu->page->events, __ATOMIC_RELAXED) != 0;
}

void hypercall_wait(void)
{
    uint32_t mask = HYPERCALL_EVENT_TIMER | HYPERCALL_EVENT_SIGNAL |
                    HYPERCALL_EVENT_WINSZ | HYPERCALL_EVENT_KICK |
                    HYPERCALL_EVENT_TIME | HYPERCALL_EVENT_NET |
                    HYPERCALL_EVENT_DEBUG | console_monitor_wanted();
    struct hypercall_cpu *cpu = mine();
    int64_t events;

    if (hypercall_pending())
        return;
    /* The armed timer is an event too, so there is no other limit. */
    events = hypercall_call(HYPERCALL_WAIT, cpu->timer_tsc, mask, 0);
    if (events > 0)
        cpu->noted |= (uint32_t)events;
    else
        cpu->noted |= HYPERCALL_EVENT_TIMER; /* the limit was reached */
}

static void pass_signals(void)
{
    uint64_t set =
        __atomic_exchange_n(&mine()->page->signals, 0, __ATOMIC_ACQ_REL);

    while (set) {
        int signo = __builtin_ctzll(set) + 1;

        set &= set - 1;
        if (console_signal_hook)
            console_signal_hook(signo);
    }
}

uint32_t hypercall_events(void)
{
    struct hypercall_cpu *cpu = mine();
    uint32_t events;

    if (cpu->page->irq_unacked)
        __atomic_store_n(&cpu->page->irq_unacked, 0, __ATOMIC_SEQ_CST);
    events = __atomic_exchange_n(&cpu->page->events, 0, __ATOMIC_SEQ_CST);
    events |= cpu->noted;
    cpu->noted = 0;
    /* The monitor's timer is one-shot; a later one must be armed anew. An
     * event noted by a wait's limit leaves it armed at a time that is past. */
    if (events & HYPERCALL_EVENT_TIMER)
        cpu->timer_tsc = 0;
    console_monitor_note(events);
    if (events & HYPERCALL_EVENT_SIGNAL)
        pass_signals();
    if (events & HYPERCALL_EVENT_TIME)
        clock_host_stepped();
    if ((events & HYPERCALL_EVENT_NET) && hypercall_net_hook)
        hypercall_net_hook();
    if ((events & HYPERCALL_EVENT_DEBUG) && hypercall_debug_hook)
        hypercall_debug_hook();
    if ((events & HYPERCALL_EVENT_WINSZ) && console_signal_hook)
        console_signal_hook(SIGWINCH_NR);
    return events;
}

void hypercall_polled(void)
{
    if (console_monitor_wanted())
        console_monitor_watch(0);
}
