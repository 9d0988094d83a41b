/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread_clone.c - clone(2) and clone3(2) by hand: which flags go together,
 * what the new thread gets, names, ids, barriers.
 *
 * covers: clone clone3 set_tid_address membarrier prctl tgkill getcpu
 * covers: sched_setscheduler sched_getattr get_robust_list
 */
#include "check.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define CLONE_THREAD_ALL \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static long raw_clone(uint64_t flags, void *stack, void *ptid, void *ctid)
{
    return syscall(SYS_clone, flags, stack, ptid, ctid, 0);
}

TEST(flags_that_do_not_go_together)
{
    CHECK_ERR(raw_clone(CLONE_THREAD, NULL, NULL, NULL), EINVAL);
    CHECK_ERR(raw_clone(CLONE_THREAD | CLONE_VM, NULL, NULL, NULL), EINVAL);
    CHECK_ERR(raw_clone(CLONE_SIGHAND, NULL, NULL, NULL), EINVAL);
    CHECK_ERR(raw_clone(CLONE_FS | CLONE_NEWNS, NULL, NULL, NULL), EINVAL);
    CHECK_ERR(raw_clone(CLONE_FS | CLONE_NEWUSER, NULL, NULL, NULL), EINVAL);
    CHECK_ERR(raw_clone(CLONE_THREAD_ALL | CLONE_NEWPID, NULL, NULL, NULL),
              EINVAL);
    CHECK_ERR(raw_clone(CLONE_THREAD_ALL | CLONE_NEWUSER, NULL, NULL, NULL),
              EINVAL);
    CHECK_ERR(raw_clone(CLONE_NEWIPC | CLONE_SYSVSEM, NULL, NULL, NULL),
              EINVAL);
    CHECK_ERR(raw_clone(CLONE_PIDFD | CLONE_DETACHED, NULL, NULL, NULL),
              EINVAL);
    CHECK_ERR(raw_clone(CLONE_PIDFD | CLONE_PARENT_SETTID, NULL, NULL, NULL),
              EINVAL);
}

static long clone3(const struct clone_args *a)
{
    return syscall(SYS_clone3, a, sizeof(*a));
}

TEST(clone3_checks_its_arguments)
{
    static char stack[4096] __attribute__((aligned(16)));
    struct clone_args a = { .flags = CLONE_THREAD_ALL };

    a.exit_signal = SIGCHLD;
    CHECK_ERR(clone3(&a), EINVAL);
    a.exit_signal = 0;
    a.stack = (uintptr_t)stack;
    CHECK_ERR(clone3(&a), EINVAL);
    a.stack = 0;
    a.stack_size = 4096;
    CHECK_ERR(clone3(&a), EINVAL);
    a.stack = (uintptr_t)stack;
    a.flags |= CLONE_DETACHED;
    CHECK_ERR(clone3(&a), EINVAL);
    a.flags = CLONE_THREAD_ALL | 1ull << 40;
    CHECK_ERR(clone3(&a), EINVAL);
    a.flags = CLONE_THREAD_ALL | CLONE_CLEAR_SIGHAND;
    CHECK_ERR(clone3(&a), EINVAL);
    a.flags = CLONE_THREAD_ALL | SIGCHLD;
    CHECK_ERR(clone3(&a), EINVAL);
    a.flags = CLONE_THREAD_ALL;
    a.set_tid_size = 100;
    CHECK_ERR(clone3(&a), EINVAL);
    CHECK_ERR(syscall(SYS_clone3, &a, 10), EINVAL);
    CHECK_ERR(syscall(SYS_clone3, &a, 2 * PAGE), E2BIG);
    CHECK_ERR(syscall(SYS_clone3, bad_pointer(), sizeof(a)), EFAULT);
}

/* ---- a thread made by hand ---- */

static struct {
    volatile uint32_t parent_tid, child_tid, cleared, ran;
    volatile long tid;
} hand;

/* The child runs on its own stack and touches nothing of libc's. */
static long start_by_hand(uint64_t flags, void *stack_top)
{
    register long r10 __asm__("r10") = (long)&hand.child_tid;
    register long r8 __asm__("r8") = 0;
    long result;

    __asm__ volatile("syscall\n"
                     "test %%eax, %%eax\n"
                     "jnz 1f\n"
                     "movl $1, %[ran]\n"
                     "mov %[gettid], %%eax\n"
                     "syscall\n"
                     "mov %%rax, %[tid]\n"
                     "xor %%edi, %%edi\n"
                     "mov %[exit], %%eax\n"
                     "syscall\n"
                     "1:"
                     : "=a"(result), [ran] "=m"(hand.ran), [tid] "=m"(hand.tid)
                     : "a"((long)SYS_clone), "D"(flags), "S"(stack_top),
                       "d"(&hand.parent_tid), "r"(r10),
                       "r"(r8), [gettid] "i"(SYS_gettid), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory");
    return result;
}

TEST(ids_are_stored_and_cleared)
{
    char *stack = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long tid;

    hand.child_tid = 77;
    tid = start_by_hand(CLONE_THREAD_ALL | CLONE_PARENT_SETTID |
                            CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
                            CLONE_SYSVSEM,
                        stack + 16 * PAGE);
    CHECK(tid > 0);
    CHECK_EQ(hand.parent_tid, tid);
    while (hand.child_tid != 0) {
        uint32_t seen = hand.child_tid;

        if (seen)
            syscall(SYS_futex, &hand.child_tid, FUTEX_WAIT, seen, NULL);
    }
    CHECK_EQ(hand.ran, 1);
    CHECK_EQ(hand.tid, tid);
    while (syscall(SYS_tgkill, getpid(), tid, 0) == 0)
        usleep(1000);
    CHECK_EQ(errno, ESRCH);
    munmap(stack, 16 * PAGE);
}

/* ---- names ---- */

static volatile int stage;
static volatile long other_tid;
static char other_name[64];

static void *named(void *arg)
{
    other_tid = syscall(SYS_gettid);
    prctl(PR_SET_NAME, "a name that is too long");
    stage = 1;
    while (stage == 1)
        usleep(1000);
    prctl(PR_GET_NAME, other_name);
    return arg;
}

static void read_comm(long tid, char *out, size_t len)
{
    char path[64];
    int fd;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/self/task/%ld/comm", tid);
    fd = open(path, O_RDWR);
    n = read(fd, out, len - 1);
    out[n > 0 ? n : 0] = '\0';
    if (stage == 1)
        CHECK_EQ(write(fd, "renamed", 7), 7);
    close(fd);
}

TEST(threads_have_names)
{
    char text[64];
    pthread_t t;

    pthread_create(&t, NULL, named, NULL);
    while (stage == 0)
        usleep(1000);
    read_comm(other_tid, text, sizeof(text));
    CHECK_STR(text, "a name that is \n");
    stage = 2;
    pthread_join(t, NULL);
    CHECK_STR(other_name, "renamed");
    CHECK_ERR(prctl(PR_SET_NAME, bad_pointer()), EFAULT);
}

/* ---- barriers, CPUs ---- */

#define GET_REGISTRATIONS (1 << 9) /* MEMBARRIER_CMD_*, of Linux 6.3 */

static long membarrier(int command, unsigned flags, int cpu)
{
    return syscall(SYS_membarrier, command, flags, cpu);
}

TEST(barriers)
{
    long all = membarrier(MEMBARRIER_CMD_QUERY, 0, 0);

    CHECK(all & MEMBARRIER_CMD_GLOBAL);
    CHECK(all & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    CHECK(all & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
    CHECK(all & GET_REGISTRATIONS);
    CHECK_EQ(membarrier(GET_REGISTRATIONS, 0, 0), 0);
    CHECK_ERR(membarrier(GET_REGISTRATIONS, 1, 0), EINVAL);
    CHECK_EQ(membarrier(MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
    CHECK_EQ(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0), 0);
    CHECK_EQ(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0), 0);
    CHECK_EQ(membarrier(GET_REGISTRATIONS, 0, 0),
             MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
    CHECK_ERR(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), EPERM);
    CHECK_EQ(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), 0);
    CHECK_EQ(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), 0);
    CHECK_ERR(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0),
              EPERM);
    CHECK_EQ(
        membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0),
        0);
    CHECK_EQ(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), 0);
    CHECK_EQ(membarrier(GET_REGISTRATIONS, 0, 0),
             MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
                 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
                 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
    if (all & MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ) {
        CHECK_ERR(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0),
                  EPERM);
        CHECK_EQ(
            membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0),
            0);
        CHECK_EQ(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
                            MEMBARRIER_CMD_FLAG_CPU, 0),
                 0);
    }
    CHECK_ERR(membarrier(MEMBARRIER_CMD_GLOBAL, 1, 0), EINVAL);
    CHECK_ERR(membarrier(1 << 30, 0, 0), EINVAL);
}

TEST(where_we_run)
{
    unsigned cpu = 99, node = 99;

    CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
    CHECK(cpu < 64);
    CHECK_EQ(node, 0);
    CHECK_OK(syscall(SYS_getcpu, NULL, NULL, NULL));
    CHECK_ERR(syscall(SYS_getcpu, bad_pointer(), NULL, NULL), EFAULT);
}

/* ---- robust lists ---- */

struct node {
    struct robust_list link;
    uint32_t lock;
};

static struct {
    struct robust_list_head head;
    struct node nodes[3];
    struct node pending, unlocked;
} robust;

static void *dies_with_a_list(void *arg)
{
    uint32_t tid = (uint32_t)syscall(SYS_gettid);
    struct robust_list_head *got;
    size_t len;

    robust.head.futex_offset = offsetof(struct node, lock);
    robust.head.list.next = &robust.nodes[0].link;
    for (int i = 0; i < 3; i++) {
        robust.nodes[i].lock = tid | (i == 1 ? FUTEX_WAITERS : 0);
        robust.nodes[i].link.next =
            i < 2 ? &robust.nodes[i + 1].link : &robust.head.list;
    }
    robust.nodes[2].lock = 1; /* another's by now */
    robust.pending.lock = tid;
    robust.head.list_op_pending = &robust.pending.link;
    CHECK_OK(syscall(SYS_set_robust_list, &robust.head, sizeof(robust.head)));
    CHECK_OK(syscall(SYS_get_robust_list, 0, &got, &len));
    CHECK(got == &robust.head);
    CHECK_EQ(len, sizeof(robust.head));
    syscall(SYS_exit, 0);
    return arg;
}

TEST(robust_lists_by_hand)
{
    pthread_attr_t attr;
    pthread_t t;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_create(&t, &attr, dies_with_a_list, NULL);
    while (!(__atomic_load_n(&robust.pending.lock, __ATOMIC_SEQ_CST) &
             FUTEX_OWNER_DIED))
        usleep(1000);
    CHECK_EQ(robust.nodes[0].lock, FUTEX_OWNER_DIED);
    CHECK_EQ(robust.nodes[1].lock, FUTEX_OWNER_DIED | FUTEX_WAITERS);
    CHECK_EQ(robust.nodes[2].lock, 1);
    CHECK_EQ(robust.pending.lock, FUTEX_OWNER_DIED);
}
