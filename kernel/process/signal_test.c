/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_test.c - signal queues, delivery and frames, run on the host.
 *
 * Method: the real signal code above one fake thread. Frames are built in an
 * array that stands for the program's stack and then read with the host's own
 * <ucontext.h> and <signal.h>, so Linux's layout is the judge.
 */
/* unit: kernel/process/signal.c kernel/process/signal_info.c
 *       kernel/process/signal_deliver.c kernel/process/signal_frame.c
 *       kernel/sched/wait.c */
/* unit-flags: -Wno-override-init */
#include "kernel/process/signal_fake.h"

#define FRAME_UC   8   /* after the return address */
#define FRAME_INFO 312 /* after the kernel's shorter ucontext */

/* The frame has the kernel's ucontext, whose mask is 8 bytes. */
_Static_assert(offsetof(ucontext_t, uc_sigmask) == 296, "the mask");
_Static_assert(offsetof(ucontext_t, uc_mcontext.gregs) == 40, "registers");
_Static_assert(offsetof(ucontext_t, uc_mcontext.fpregs) == 224, "fpstate");
_Static_assert(FRAME_INFO == FRAME_UC + 296 + 8, "siginfo follows the mask");
_Static_assert(sizeof(siginfo_t) == SIGNAL_INFO_LEN, "siginfo_t");
_Static_assert(offsetof(struct signal_action, flags) == 8, "kernel sigaction");
_Static_assert(offsetof(struct signal_action, mask) == 24, "kernel sigaction");

/* ---- set-up ---- */

static uint8_t stack[32768] __attribute__((aligned(16)));
static uint8_t alt_stack[32768] __attribute__((aligned(16)));
#define STACK_TOP ((uint64_t)(uintptr_t)(stack + sizeof(stack)))

static void boot(void)
{
    thread_current_ptr = &first;
    if (process.signal) { /* once more in the same test */
        signal_thread_fini(&second);
        list_remove(&second.process_link);
        signal_thread_fini(&first);
        kfree(second.signal);
        kfree(first.signal);
        second.signal = first.signal = NULL;
        kfree(process.signal);
    }
    list_init(&process.threads);
    process.pid = first.tid = 1;
    second.tid = 2;
    first.process = second.process = &process;
    process.rlimits[11].soft = 4;
    REQUIRE(signal_process_init(&process) == 0);
    REQUIRE(signal_thread_init(&first, NULL) == 0);
    REQUIRE(signal_thread_init(&second, &first) == 0);
    list_push_back(&process.threads, &first.process_link);
    list_push_back(&process.threads, &second.process_link);
    regs = (struct regs){ .rip = 0x401000,
                          .rsp = STACK_TOP - 1000,
                          .rax = 11,
                          .rbx = 12,
                          .r15 = 15,
                          .rflags = 0x10646,
                          .orig_rax = UINT64_MAX };
}

static void handle(int signo, uint64_t flags)
{
    struct signal_action a = { .handler = 0x500000,
                               .flags = flags | 0x04000000,
                               .restorer = 0x600000 };

    signal_action_set(signo, &a);
}

static int send(int signo, int code, uint64_t value)
{
    struct signal_info info = {
        .signo = signo, .code = code, .pid = 42, .uid = 7, .value = value
    };

    return signal_send_process(&process, &info);
}

static int status_of_death(void)
{
    exit_status = -1;
    if (setjmp(exit_jump) == 0)
        signal_deliver(&regs);
    return exit_status;
}

/* ---- queues ---- */

TEST(standard_signals_are_pending_once)
{
    struct signal_info info;

    boot();
    signal_set_blocked(UINT64_MAX);
    CHECK_EQ(send(SIGUSR1, SI_QUEUE, 1), 0);
    CHECK_EQ(send(SIGUSR1, SI_QUEUE, 2), 0);
    CHECK_EQ(signal_pending_set(), SIGNAL_BIT(SIGUSR1));
    CHECK(signal_dequeue(UINT64_MAX, &info));
    CHECK_EQ(info.value, 1);
    CHECK(!signal_dequeue(UINT64_MAX, &info));
    CHECK_EQ(process.signal->queued_count, 0);
}

TEST(realtime_signals_queue_in_order_up_to_the_limit)
{
    struct signal_info info;

    boot();
    signal_set_blocked(UINT64_MAX);
    second.signal->blocked = UINT64_MAX;
    for (uint64_t i = 0; i < 4; i++)
        CHECK_EQ(send(40, SI_QUEUE, i), 0);
    CHECK_EQ(send(40, SI_QUEUE, 4), -EAGAIN);
    for (uint64_t i = 0; i < 4; i++) {
        CHECK(signal_dequeue(UINT64_MAX, &info));
        CHECK_EQ(info.value, i);
        CHECK_EQ(info.signo, 40);
    }
    CHECK_EQ(signal_pending_set(), 0);
}

TEST(a_blocked_signal_goes_to_another_thread)
{
    boot();
    handle(SIGUSR1, 0);
    signal_set_blocked(SIGNAL_BIT(SIGUSR1));
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    CHECK(second.interrupted);
    CHECK(!first.interrupted);
}

TEST(blocking_hands_a_pending_signal_on)
{
    boot();
    handle(SIGUSR1, 0);
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    CHECK(first.interrupted);
    CHECK(!second.interrupted);
    signal_set_blocked(SIGNAL_BIT(SIGUSR1));
    CHECK(!first.interrupted);
    CHECK(second.interrupted);
}

TEST(kill_and_stop_cannot_be_blocked)
{
    boot();
    signal_set_blocked(UINT64_MAX);
    CHECK_EQ(signal_blocked(), ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP)));
}

TEST(ignored_signals_vanish)
{
    struct signal_action ignore = { .handler = 1 };

    boot();
    CHECK_EQ(send(SIGCHLD, SI_USER, 0), 0);
    CHECK_EQ(signal_pending_set(), 0);
    signal_set_blocked(SIGNAL_BIT(SIGUSR1));
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    CHECK_EQ(signal_pending_set(), SIGNAL_BIT(SIGUSR1));
    signal_action_set(SIGUSR1, &ignore);
    CHECK_EQ(signal_pending_set(), 0);
}

TEST(faults_go_before_lower_numbers)
{
    struct signal_info info;
    struct signal_info fault = { .signo = SIGSEGV,
                                 .code = SEGV_MAPERR,
                                 .addr = 64 };

    boot();
    handle(SIGHUP, 0);
    handle(SIGSEGV, 0);
    CHECK_EQ(send(SIGHUP, SI_USER, 0), 0);
    signal_force(&fault);
    CHECK(signal_dequeue(UINT64_MAX, &info));
    CHECK_EQ(info.signo, SIGSEGV);
    CHECK_EQ(info.addr, 64);
}

/* ---- delivery ---- */

TEST(default_actions)
{
    boot();
    CHECK_EQ(send(SIGTERM, SI_USER, 0), 0);
    CHECK_EQ(status_of_death(), 128 + SIGTERM);
    CHECK_EQ(reports, 0);
    CHECK_EQ(send(SIGABRT, SI_TKILL, 0), 0);
    CHECK_EQ(status_of_death(), 128 + SIGABRT);
    CHECK_EQ(reports, 1);
    CHECK_EQ(send(SIGTSTP, SI_USER, 0), 0);
    CHECK_EQ(status_of_death(), -1); /* stopped, and continued by the host */
    CHECK(!process.signal->stopped);
}

TEST(a_blocked_or_ignored_fault_kills)
{
    struct signal_action ignore = { .handler = 1 };
    struct signal_info fault = { .signo = SIGSEGV, .code = SEGV_MAPERR };

    boot();
    handle(SIGSEGV, 0);
    signal_set_blocked(SIGNAL_BIT(SIGSEGV));
    signal_force(&fault);
    CHECK_EQ(status_of_death(), 128 + SIGSEGV);
    signal_action_set(SIGSEGV, &ignore);
    signal_force(&fault);
    CHECK_EQ(status_of_death(), 128 + SIGSEGV);
    CHECK_EQ(reports, 2);
}

static void interrupted_call(long result, uint64_t flags)
{
    boot();
    regs.orig_rax = 202;
    regs.rax = (uint64_t)result;
    handle(SIGUSR1, flags);
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    signal_deliver(&regs);
}

static const ucontext_t *frame_context(void)
{
    return (const ucontext_t *)(regs.rsp + FRAME_UC);
}

TEST(a_handler_without_sa_restart_gives_eintr)
{
    interrupted_call(-ERESTARTSYS, 0);
    CHECK_EQ(frame_context()->uc_mcontext.gregs[REG_RAX], -EINTR);
    CHECK_EQ(frame_context()->uc_mcontext.gregs[REG_RIP], 0x401000);
}

TEST(a_handler_with_sa_restart_restarts)
{
    interrupted_call(-ERESTARTSYS, SA_RESTART);
    CHECK_EQ(frame_context()->uc_mcontext.gregs[REG_RAX], 202);
    CHECK_EQ(frame_context()->uc_mcontext.gregs[REG_RIP], 0x401000 - 2);
}

TEST(sleeping_calls_never_restart_over_a_handler)
{
    interrupted_call(-ERESTARTNOHAND, SA_RESTART);
    CHECK_EQ(frame_context()->uc_mcontext.gregs[REG_RAX], -EINTR);
}

TEST(without_a_handler_the_call_goes_on)
{
    boot();
    regs.orig_rax = 35;
    regs.rax = (uint64_t)-ERESTART_RESTARTBLOCK;
    signal_deliver(&regs);
    CHECK_EQ(regs.rax, 219);
    CHECK_EQ(regs.rip, 0x401000 - 2);
    signal_deliver(&regs); /* not twice */
    CHECK_EQ(regs.rip, 0x401000 - 2);
}

TEST(results_that_are_none_of_ours_stay)
{
    boot();
    regs.orig_rax = 0;
    regs.rax = 512;
    signal_deliver(&regs);
    CHECK_EQ(regs.rax, 512);
    CHECK_EQ(regs.rip, 0x401000);
}

/* ---- frames ---- */

TEST(a_frame_is_laid_out_as_linux_does)
{
    struct regs before;
    const ucontext_t *uc;
    const siginfo_t *info;
    const uint8_t *fp;
    uint32_t magic;

    boot();
    before = regs;
    handle(SIGUSR1, SA_SIGINFO);
    process.signal->actions[SIGUSR1 - 1].mask = SIGNAL_BIT(SIGUSR2);
    signal_set_blocked(SIGNAL_BIT(SIGHUP));
    CHECK_EQ(send(SIGUSR1, SI_QUEUE, 0x1122334455667788), 0);
    signal_deliver(&regs);

    CHECK_EQ(regs.rip, 0x500000);
    CHECK_EQ(regs.rsp % 16, 8);
    CHECK_EQ(regs.rdi, SIGUSR1);
    CHECK_EQ(regs.rsi, regs.rsp + FRAME_INFO);
    CHECK_EQ(regs.rdx, regs.rsp + FRAME_UC);
    CHECK_EQ(regs.rax, 0);
    CHECK_EQ(regs.rflags & 0x10500, 0);
    CHECK_EQ(*(uint64_t *)regs.rsp, 0x600000);
    CHECK_EQ(signal_blocked(),
             SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2));

    uc = frame_context();
    info = (const siginfo_t *)(regs.rsp + FRAME_INFO);
    fp = (const uint8_t *)uc->uc_mcontext.fpregs;
    CHECK_EQ(uc->uc_flags, 7);
    CHECK_EQ(uc->uc_stack.ss_flags, SS_DISABLE);
    CHECK_EQ(uc->uc_mcontext.gregs[REG_RSP], before.rsp);
    CHECK_EQ(uc->uc_mcontext.gregs[REG_RIP], before.rip);
    CHECK_EQ(uc->uc_mcontext.gregs[REG_RBX], 12);
    CHECK_EQ(uc->uc_mcontext.gregs[REG_R15], 15);
    CHECK_EQ(uc->uc_mcontext.gregs[REG_EFL], before.rflags);
    CHECK_EQ(uc->uc_mcontext.gregs[REG_CSGSFS], 0x002b000000000033);
    CHECK_EQ(*(uint64_t *)&uc->uc_sigmask, SIGNAL_BIT(SIGHUP));
    CHECK_EQ(info->si_signo, SIGUSR1);
    CHECK_EQ(info->si_code, SI_QUEUE);
    CHECK_EQ(info->si_pid, 42);
    CHECK_EQ(info->si_uid, 7);
    CHECK_EQ((uint64_t)info->si_value.sival_ptr, 0x1122334455667788);
    CHECK_EQ((uintptr_t)fp % 64, 0);
    CHECK((uint64_t)fp + 836 <= before.rsp - 128); /* the red zone is whole */
    memcpy(&magic, fp + 464, 4);
    CHECK_EQ(magic, 0x46505853);
    memcpy(&magic, fp + 468, 4);
    CHECK_EQ(magic, 836);
    memcpy(&magic, fp + 832, 4);
    CHECK_EQ(magic, 0x46505845);
}

TEST(sigreturn_brings_everything_back)
{
    struct regs before;

    boot();
    before = regs;
    handle(SIGUSR1, 0);
    signal_set_blocked(SIGNAL_BIT(SIGHUP));
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    signal_deliver(&regs);
    regs.rsp += 8; /* the handler's ret */
    regs.rbx = regs.r15 = 0;
    CHECK_EQ(signal_frame_pop(&regs), 0);
    CHECK_EQ(regs.rip, before.rip);
    CHECK_EQ(regs.rsp, before.rsp);
    CHECK_EQ(regs.rbx, 12);
    CHECK_EQ(regs.r15, 15);
    CHECK_EQ(regs.rflags, (before.rflags & 0x50dd5) | 0x202);
    CHECK_EQ(signal_blocked(), SIGNAL_BIT(SIGHUP));
    CHECK_EQ(loaded[0], 0xa5);
    CHECK_EQ(loaded[831], 0xa5);
}

static void broken_frame(void)
{
    boot();
    handle(SIGUSR1, 0);
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    signal_deliver(&regs);
}

static ucontext_t *writable_context(void)
{
    return (ucontext_t *)(regs.rsp + FRAME_UC);
}

TEST(sigreturn_refuses_what_would_fault_in_the_kernel)
{
    broken_frame();
    writable_context()->uc_mcontext.gregs[REG_RIP] = 0x800000000000;
    regs.rsp += 8;
    CHECK_EQ(signal_frame_pop(&regs), -EFAULT);
    broken_frame();
    writable_context()->uc_mcontext.gregs[REG_CSGSFS] = 0x10;
    regs.rsp += 8;
    CHECK_EQ(signal_frame_pop(&regs), -EFAULT);
    broken_frame();
    writable_context()->uc_mcontext.gregs[REG_EFL] = -1;
    regs.rsp += 8;
    CHECK_EQ(signal_frame_pop(&regs), 0);
    CHECK_EQ(regs.rflags & 0x3000, 0); /* no IOPL */
    regs.rsp = 64;
    CHECK_EQ(signal_frame_pop(&regs), -EFAULT);
}

TEST(a_frame_that_cannot_be_written_kills)
{
    boot();
    handle(SIGUSR1, 0);
    handle(SIGSEGV, 0);
    regs.rsp = 2000;
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    CHECK_EQ(status_of_death(), 128 + SIGSEGV);
}

TEST(the_alternate_stack)
{
    struct signal_thread *s;
    uint64_t alt = (uint64_t)(uintptr_t)alt_stack;

    boot();
    s = first.signal;
    CHECK_EQ(signal_stack_set(s, alt, 4, sizeof(alt_stack), 0), -EINVAL);
    CHECK_EQ(signal_stack_set(s, alt, 0, 100, 0), -ENOMEM);
    CHECK_EQ(signal_stack_set(s, alt, 0, sizeof(alt_stack), 0), 0);
    handle(SIGUSR1, SA_ONSTACK | SA_NODEFER);
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    signal_deliver(&regs);
    CHECK(regs.rsp > alt && regs.rsp < alt + sizeof(alt_stack));
    CHECK_EQ(signal_stack_flags(s, regs.rsp), SS_ONSTACK);
    CHECK_EQ(signal_stack_set(s, alt, 0, 9999, regs.rsp), -EPERM);
    CHECK_EQ(signal_blocked(), 0);
    /* A second one goes on where the first is. */
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    signal_deliver(&regs);
    CHECK(regs.rsp < alt + sizeof(alt_stack) - 1200);
    CHECK_EQ(frame_context()->uc_stack.ss_sp, alt_stack);
}

TEST(autodisarm_takes_the_stack_away_until_sigreturn)
{
    struct signal_thread *s;
    uint64_t alt = (uint64_t)(uintptr_t)alt_stack;

    boot();
    s = first.signal;
    CHECK_EQ(signal_stack_set(s, alt, 1u << 31, sizeof(alt_stack), 0), 0);
    handle(SIGUSR1, SA_ONSTACK);
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    signal_deliver(&regs);
    CHECK(regs.rsp > alt && regs.rsp < alt + sizeof(alt_stack));
    CHECK_EQ(s->alt_flags, SS_DISABLE);
    regs.rsp += 8;
    CHECK_EQ(signal_frame_pop(&regs), 0);
    CHECK_EQ(s->alt_flags, 1u << 31);
    CHECK_EQ(s->alt_sp, alt);
}

TEST(resethand_and_suspend_masks)
{
    boot();
    handle(SIGUSR1, SA_RESETHAND);
    signal_set_blocked(SIGNAL_BIT(SIGUSR1));
    CHECK_EQ(send(SIGUSR1, SI_USER, 0), 0);
    second.signal->blocked = UINT64_MAX;
    signal_mask_swap(0);
    CHECK(first.interrupted);
    CHECK_EQ(signal_mask_restore(-ERESTARTNOHAND), -ERESTARTNOHAND);
    regs.orig_rax = 130;
    regs.rax = (uint64_t)-ERESTARTNOHAND;
    signal_deliver(&regs);
    CHECK_EQ(frame_context()->uc_mcontext.gregs[REG_RAX], -EINTR);
    CHECK_EQ(*(const uint64_t *)&frame_context()->uc_sigmask,
             SIGNAL_BIT(SIGUSR1));
    CHECK_EQ(process.signal->actions[SIGUSR1 - 1].handler, 0);
    regs.rsp += 8;
    CHECK_EQ(signal_frame_pop(&regs), 0);
    CHECK_EQ(signal_blocked(), SIGNAL_BIT(SIGUSR1));
}

TEST(a_swapped_mask_comes_back_at_once_when_nothing_came)
{
    boot();
    signal_set_blocked(SIGNAL_BIT(SIGUSR1));
    signal_mask_swap(0);
    CHECK_EQ(signal_blocked(), 0);
    CHECK_EQ(signal_mask_restore(3), 3);
    CHECK_EQ(signal_blocked(), SIGNAL_BIT(SIGUSR1));
}

TEST(siginfo_of_faults_timers_and_io)
{
    struct signal_info fault = { .signo = SIGSEGV,
                                 .code = SEGV_ACCERR,
                                 .addr = 0x1234567890 };
    struct signal_info timer = { .signo = SIGALRM,
                                 .code = SI_TIMER,
                                 .timer_id = 3,
                                 .overrun = 4,
                                 .value = 5 };
    struct signal_info back;
    siginfo_t out;

    signal_info_encode(&fault, (uint8_t *)&out);
    CHECK_EQ(out.si_addr, 0x1234567890);
    signal_info_encode(&timer, (uint8_t *)&out);
    CHECK_EQ(out.si_timerid, 3);
    CHECK_EQ(out.si_overrun, 4);
    CHECK_EQ(out.si_value.sival_int, 5);
    signal_info_decode((const uint8_t *)&out, &back);
    CHECK_EQ(back.overrun, 4);
    CHECK_EQ(back.value, 5);
}
