/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events.c - see events.h.
 *
 * The guest polls nothing while it runs, so an injection that cannot happen
 * now must be tried again: while anything is owed to the guest (a signal not
 * yet taken, an interrupt not yet acknowledged), the kick timer ticks. It also
 * closes the gap between a look at the notes and a system call that blocks.
 *
 * A CPU that sleeps in events_wait() is woken by its eventfd, any other by a
 * signal to its thread. is_waiting tells which, and is set before the last look
 * at the page, as the kicker sets the page before it looks at is_waiting.
 */
#include "monitor/events.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/fault.h"
#include "monitor/arch/arch.h"
#include "monitor/check.h"
#include "monitor/console.h"
#include "monitor/control.h"
#include "monitor/devices/net.h"
#include "monitor/report.h"

#define TICK_NS      20000000ull
#define STOP_NS      1000000000ull
#define NS_PER_SEC   1000000000ull
#define WALL_STEP_NS 1000000
#define SIGNAL_KICK  (SIGRTMIN + 1)

static struct {
    struct vcpu *first; /* CPU 0 */
    unsigned cpu_count;
    uint64_t tsc_khz;
    uint64_t signals;    /* noted; atomic */
    uint32_t stop_count; /* SIGINT, SIGTERM, SIGQUIT noted; atomic */
    int stop_signal;
    uint32_t winsz, suspend, control; /* noted; atomic */
    int64_t wall_offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC, last seen */
    uint64_t stop_tsc;   /* when the guest must have reacted; 0: none */
} ev;

static __thread struct vcpu *self; /* of this thread, for its handlers */

static uint64_t ns_to_tsc(uint64_t ns)
{
    return (uint64_t)((unsigned __int128)ns * ev.tsc_khz / 1000000u);
}

static uint64_t tsc_to_ns(uint64_t tsc)
{
    unsigned __int128 ns = (unsigned __int128)tsc * 1000000u / ev.tsc_khz;

    return ns > INT64_MAX / 2 ? INT64_MAX / 2 : (uint64_t)ns;
}

/* Make the host's timer fire no later than at tsc. */
static void arm(struct vcpu *cpu, uint64_t tsc)
{
    uint64_t now = arch_tsc(), ns;
    struct itimerspec when = { 0 };

    if (cpu->armed_tsc && cpu->armed_tsc <= tsc && cpu->armed_tsc > now)
        return;
    ns = tsc > now ? tsc_to_ns(tsc - now) : 0;
    when.it_value.tv_sec = (time_t)(ns / NS_PER_SEC);
    when.it_value.tv_nsec = (long)(ns % NS_PER_SEC);
    if (ns == 0)
        when.it_value.tv_nsec = 1;
    cpu->armed_tsc = tsc; /* first: it may fire at once, see note() */
    if (timer_settime(cpu->timer, 0, &when, NULL) != 0)
        cpu->armed_tsc = 0;
}

/* The run area is shared with the kernel, and with whoever kicks. */
static void exit_at_once(struct vcpu *cpu)
{
    __atomic_store_n(&cpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

/* This thread's own timer, or another CPU's thread. */
static void note_kick(int signo)
{
    (void)signo;
    if (!self)
        return;
    self->armed_tsc = 0; /* perhaps early by a rounding: arm() looks again */
    exit_at_once(self);
}

/* A signal of the host's; CPU 0's thread. */
static void note(int signo)
{
    struct itimerspec tick = { .it_value.tv_nsec = TICK_NS };
    int saved_errno = errno;

    if (signo == SIGWINCH) {
        __atomic_store_n(&ev.winsz, 1, __ATOMIC_RELAXED);
    } else if (signo == SIGTSTP) {
        __atomic_store_n(&ev.suspend, 1, __ATOMIC_RELAXED);
    } else if (signo == EVENTS_CONTROL_SIGNAL) {
        __atomic_store_n(&ev.control, 1, __ATOMIC_RELAXED);
    } else {
        __atomic_fetch_or(&ev.signals, 1ull << (signo - 1), __ATOMIC_RELAXED);
        if (signo == SIGINT || signo == SIGTERM || signo == SIGQUIT) {
            ev.stop_signal = signo;
            __atomic_fetch_add(&ev.stop_count, 1, __ATOMIC_RELAXED);
        }
    }
    exit_at_once(ev.first);
    /* What now blocks unseen is woken by the next tick. */
    timer_settime(ev.first->timer, 0, &tick, NULL);
    ev.first->armed_tsc = 0;
    errno = saved_errno;
}

static const int forwarded[] = { SIGINT,  SIGTERM, SIGHUP,   SIGQUIT, SIGUSR1,
                                 SIGUSR2, SIGALRM, SIGWINCH, SIGTSTP };
#define FORWARDED_COUNT (sizeof(forwarded) / sizeof(forwarded[0]))

static int install(struct fault *fault)
{
    struct sigaction act = { .sa_handler = note };
    struct sigaction old;

    sigfillset(&act.sa_mask);
    for (unsigned i = 0; i < FORWARDED_COUNT; i++) {
        /* nohup and background jobs: what was ignored stays ignored. */
        if (sigaction(forwarded[i], NULL, &old) == 0 &&
            old.sa_handler == SIG_IGN)
            continue;
        if (sigaction(forwarded[i], &act, NULL) != 0)
            return fault_sys(fault, errno, "cannot handle signal %d",
                             forwarded[i]);
    }
    if (sigaction(EVENTS_CONTROL_SIGNAL, &act, NULL) != 0)
        return fault_sys(fault, errno, "cannot handle the tools' signal");
    act.sa_handler = note_kick;
    if (sigaction(SIGNAL_KICK, &act, NULL) != 0)
        return fault_sys(fault, errno, "cannot handle the timer's signal");
    signal(SIGPIPE, SIG_IGN); /* writes answer -EPIPE */
    return 0;
}

void events_block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    for (unsigned i = 0; i < FORWARDED_COUNT; i++)
        sigaddset(&set, forwarded[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

int events_init_cpu(struct vcpu *cpu)
{
    struct sigevent how = { .sigev_notify = SIGEV_THREAD_ID,
                            .sigev_signo = SIGNAL_KICK };

    cpu->tid = (int)syscall(SYS_gettid);
    how._sigev_un._tid = cpu->tid;
    if (timer_create(CLOCK_MONOTONIC, &how, &cpu->timer) != 0)
        return -errno;
    self = cpu;
    return 0;
}

int events_init(struct vm *vm, struct fault *fault)
{
    sigset_t all;
    int err;

    ev.first = &vm->vcpu[0];
    ev.cpu_count = vm->cpu_count;
    ev.tsc_khz = vm->tsc_khz;
    err = events_init_cpu(ev.first);
    if (err)
        return fault_sys(fault, -err, "cannot create a timer");
    if (install(fault) != 0)
        return -fault->err;
    sigemptyset(&all); /* whatever the parent blocked */
    sigprocmask(SIG_SETMASK, &all, NULL);
    return 0;
}

void events_timer(struct vcpu *cpu, uint64_t tsc)
{
    cpu->timer_tsc = tsc;
    if (tsc)
        arm(cpu, tsc);
}

void events_raise(struct vcpu *to, uint32_t event)
{
    uint64_t one = 1;

    __atomic_fetch_or(&to->page->events, event, __ATOMIC_SEQ_CST);
    if (to == self)
        return; /* its next run begins with events_deliver() */
    if (__atomic_load_n(&to->is_waiting, __ATOMIC_SEQ_CST)) {
        /* A full counter wakes as well. */
        if (write(to->wake_fd, &one, sizeof(one)) < 0)
            ASSERT(errno == EAGAIN);
        return;
    }
    events_interrupt(to);
}

void events_interrupt(struct vcpu *cpu)
{
    exit_at_once(cpu);
    syscall(SYS_tgkill, getpid(), cpu->tid, SIGNAL_KICK);
}

bool events_control_noted(void)
{
    return __atomic_load_n(&ev.control, __ATOMIC_RELAXED) != 0;
}

int events_stop_signal(void)
{
    return __atomic_load_n(&ev.stop_count, __ATOMIC_RELAXED) ? ev.stop_signal
                                                             : 0;
}

void events_control_clear(void)
{
    __atomic_store_n(&ev.control, 0, __ATOMIC_SEQ_CST);
}

void events_control_note(const struct vcpu *first)
{
    syscall(SYS_tgkill, getpid(), first->tid, EVENTS_CONTROL_SIGNAL);
}

static bool timer_due(const struct vcpu *cpu)
{
    return cpu->timer_tsc != 0 && arch_tsc() >= cpu->timer_tsc;
}

static bool host_pending(void)
{
    return __atomic_load_n(&ev.signals, __ATOMIC_RELAXED) != 0 ||
           __atomic_load_n(&ev.winsz, __ATOMIC_RELAXED) != 0 ||
           __atomic_load_n(&ev.suspend, __ATOMIC_RELAXED) != 0 ||
           __atomic_load_n(&ev.control, __ATOMIC_RELAXED) != 0;
}

/* Stop like any program: with the terminal as it was. */
static void suspend(void)
{
    struct sigaction act = { .sa_handler = SIG_DFL }, old;
    sigset_t set;

    console_tty_restore();
    sigaction(SIGTSTP, &act, &old);
    raise(SIGTSTP); /* returns on SIGCONT */
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    sigaction(SIGTSTP, &old, NULL);
    console_tty_again();
    __atomic_store_n(&ev.winsz, 1, __ATOMIC_RELAXED); /* may have changed */
}

/* Was the wall clock set, or did the host sleep? A vCPU that was frozen comes
 * by here before it runs on. */
static bool wall_was_stepped(void)
{
    struct timespec real, mono;
    int64_t offset, moved;

    clock_gettime(CLOCK_REALTIME, &real);
    clock_gettime(CLOCK_MONOTONIC, &mono);
    offset = (real.tv_sec - mono.tv_sec) * (int64_t)NS_PER_SEC + real.tv_nsec -
             mono.tv_nsec;
    moved = ev.wall_offset ? offset - ev.wall_offset : 0;
    ev.wall_offset = offset;
    return moved > WALL_STEP_NS || moved < -WALL_STEP_NS;
}

/* The host's notes: events for the guest, its signals already in its page. */
static uint32_t take_host(struct vcpu *cpu)
{
    uint32_t events = 0;
    uint64_t signals;

    if (__atomic_exchange_n(&ev.suspend, 0, __ATOMIC_RELAXED))
        suspend();
    if (control_pending())
        control_serve();
    signals = __atomic_exchange_n(&ev.signals, 0, __ATOMIC_RELAXED);
    if (signals) {
        __atomic_fetch_or(&cpu->page->signals, signals, __ATOMIC_RELEASE);
        events |= HYPERCALL_EVENT_SIGNAL;
    }
    if (__atomic_exchange_n(&ev.winsz, 0, __ATOMIC_RELAXED))
        events |= HYPERCALL_EVENT_WINSZ;
    if (wall_was_stepped())
        events |= HYPERCALL_EVENT_TIME;
    return events;
}

static uint32_t take(struct vcpu *cpu)
{
    uint32_t events = cpu == ev.first ? take_host(cpu) : 0;

    if (timer_due(cpu)) {
        cpu->timer_tsc = 0;
        events |= HYPERCALL_EVENT_TIMER;
    }
    return events;
}

/*
 * A guest that was asked twice to stop and has not even looked is ended: its
 * kernel hangs. One that took the signals decides for itself.
 */
static bool stop_check(const struct vcpu *cpu)
{
    uint64_t stop =
        1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) | 1ull << (SIGQUIT - 1);
    uint64_t untaken =
        __atomic_load_n(&cpu->page->signals, __ATOMIC_RELAXED) & stop;

    if (!untaken) {
        __atomic_store_n(&ev.stop_count, 0, __ATOMIC_RELAXED);
        ev.stop_tsc = 0;
        return false;
    }
    if (__atomic_load_n(&ev.stop_count, __ATOMIC_RELAXED) < 2)
        return true;
    if (!ev.stop_tsc)
        ev.stop_tsc = arch_tsc() + ns_to_tsc(STOP_NS);
    if (arch_tsc() >= ev.stop_tsc) {
        report_message("the guest did not react to signal %d for a second, "
                       "and was killed",
                       ev.stop_signal);
        console_exit(128 + ev.stop_signal);
    }
    return true;
}

static bool inject(struct vcpu *cpu)
{
    struct kvm_interrupt irq = { .irq = HYPERCALL_VECTOR };

    if (!cpu->run->ready_for_interrupt_injection || !cpu->run->if_flag) {
        cpu->run->request_interrupt_window = 1;
        return false;
    }
    cpu->run->request_interrupt_window = 0;
    __atomic_store_n(&cpu->page->irq_unacked, 1, __ATOMIC_RELEASE);
    return ioctl(cpu->fd, KVM_INTERRUPT, &irq) == 0;
}

void events_deliver(struct vcpu *cpu)
{
    uint32_t events = take(cpu);
    bool owed = false;

    if (events)
        __atomic_fetch_or(&cpu->page->events, events, __ATOMIC_RELEASE);
    if (cpu == ev.first)
        owed = stop_check(cpu);
    if (__atomic_load_n(&cpu->page->events, __ATOMIC_SEQ_CST) != 0) {
        if (__atomic_load_n(&cpu->page->irq_unacked, __ATOMIC_ACQUIRE) == 0)
            inject(cpu);
        owed = true;
    } else {
        cpu->run->request_interrupt_window = 0;
    }
    if (cpu->timer_tsc)
        arm(cpu, cpu->timer_tsc);
    if (owed)
        arm(cpu, arch_tsc() + ns_to_tsc(TICK_NS));
}

/* ---- sleeping ---- */

static uint64_t sooner(uint64_t a_tsc, uint64_t b_tsc)
{
    if (!a_tsc || !b_tsc)
        return a_tsc | b_tsc;
    return a_tsc < b_tsc ? a_tsc : b_tsc;
}

static int sleep_until(struct pollfd *fds, nfds_t count, uint64_t tsc)
{
    struct timespec limit, *timeout = NULL;

    if (tsc) {
        uint64_t now = arch_tsc(), ns = tsc > now ? tsc_to_ns(tsc - now) : 0;

        limit.tv_sec = (time_t)(ns / NS_PER_SEC);
        limit.tv_nsec = (long)(ns % NS_PER_SEC);
        timeout = &limit;
    }
    /* A signal that came since the last look has armed a tick: no loss. */
    return ppoll(fds, count, timeout, NULL);
}

static uint32_t ready_events(const struct pollfd *fds)
{
    uint32_t events = 0;

    if (fds[0].revents)
        events |= HYPERCALL_EVENT_STDIN;
    if (fds[1].revents || fds[2].revents)
        events |= HYPERCALL_EVENT_STDOUT;
    return events;
}

static void drain(struct vcpu *cpu)
{
    uint64_t count;
    struct iovec iov = { &count, sizeof(count) };

    if (readv(cpu->wake_fd, &iov, 1) < 0)
        ASSERT(errno == EAGAIN);
}

/* What the page holds already and this call waits for: other CPUs' kicks, and
 * what was delivered just before the guest went to sleep. */
static uint32_t take_noted(struct vcpu *cpu, uint32_t mask)
{
    uint32_t wanted =
        __atomic_load_n(&cpu->page->events, __ATOMIC_SEQ_CST) & mask;

    if (wanted)
        __atomic_fetch_and(&cpu->page->events, ~wanted, __ATOMIC_SEQ_CST);
    return wanted;
}

/* CPU 0 hears of it: as what this call returns, or by being woken. */
static uint32_t news_of_net(const struct vcpu *cpu)
{
    if (cpu == ev.first)
        return HYPERCALL_EVENT_NET;
    events_raise(ev.first, HYPERCALL_EVENT_NET);
    return 0;
}

static int64_t wait_events(struct vcpu *cpu, uint64_t deadline_tsc,
                           uint32_t mask)
{
    struct pollfd fds[5] = {
        { .fd = mask & HYPERCALL_EVENT_STDIN ? 0 : -1, .events = POLLIN },
        { .fd = mask & HYPERCALL_EVENT_STDOUT ? 1 : -1, .events = POLLOUT },
        { .fd = mask & HYPERCALL_EVENT_STDOUT ? 2 : -1, .events = POLLOUT },
        { .fd = cpu->wake_fd, .events = POLLIN },
        { .fd = -1 },
    };
    uint32_t always = HYPERCALL_EVENT_TIMER | HYPERCALL_EVENT_SIGNAL |
                      HYPERCALL_EVENT_WINSZ | HYPERCALL_EVENT_TIME |
                      HYPERCALL_EVENT_NET;
    /* Nothing else needs a look at descriptors when there is an event. */
    bool asks_console = mask & (HYPERCALL_EVENT_STDIN | HYPERCALL_EVENT_STDOUT);

    for (;;) {
        uint32_t events = take(cpu) | take_noted(cpu, mask);
        int n = 0;

        if (net_pump(cpu == ev.first, &fds[4]))
            events |= news_of_net(cpu);
        if (events == 0 || asks_console)
            n = sleep_until(fds, 5,
                            events ? 1 : sooner(deadline_tsc, cpu->timer_tsc));

        events |= take(cpu); /* the timer: it need not interrupt the guest */
        if (n > 0)
            events |= ready_events(fds);
        if (n > 0 && fds[3].revents)
            drain(cpu);
        /* Unmasked ones are kept for the guest, which is not woken by them. */
        if (events & always & ~mask)
            __atomic_fetch_or(&cpu->page->events, events & always & ~mask,
                              __ATOMIC_RELEASE);
        if (events & mask)
            return events & mask;
        if (deadline_tsc && arch_tsc() >= deadline_tsc)
            return 0;
    }
}

int64_t events_wait(struct vcpu *cpu, uint64_t deadline_tsc, uint32_t mask)
{
    int64_t result;

    __atomic_store_n(&cpu->is_waiting, 1, __ATOMIC_SEQ_CST);
    result = wait_events(cpu, deadline_tsc, mask);
    __atomic_store_n(&cpu->is_waiting, 0, __ATOMIC_SEQ_CST);
    return result;
}

int events_poll(int fd, short how)
{
    struct pollfd p = { .fd = fd, .events = how };

    if (ev.cpu_count > 1)
        return poll(&p, 1, 0) > 0 ? 0 : -EINTR;
    while (!host_pending() && !timer_due(ev.first)) {
        int n = sleep_until(&p, 1, ev.first->timer_tsc);

        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
    return -EINTR;
}
