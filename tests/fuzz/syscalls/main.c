/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - random system calls with hostile arguments, from several threads.
 *
 *   syscalls [-v] SEED [CALLS [THREADS]]
 *
 * Runs as a guest only: on Linux it would do its harm to the host. CALLS is per
 * thread. The status is 0 when all calls came back, and 3 with a line when one
 * did not, though its thread was signalled again and again. -v shows every call
 * before it is made.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LOOK_NS    2000000 /* between two looks at the threads */
#define MAKE_LOOKS 64u
#define KICK_IDLE  3u   /* looks without a call before a kick */
#define STORM_IDLE 100u /* looks before the timers are ended */
#define TIMERS_MAX 256u
#ifndef STUCK_IDLE
#define STUCK_IDLE 10000u /* looks: 20 s, and longer on a slow machine */
#endif

static uint64_t parse(const char *text)
{
    uint64_t n = 0;

    while (*text >= '0' && *text <= '9')
        n = n * 10 + (uint64_t)(*text++ - '0');
    return n;
}

/* Map a page of the arena anew, whatever became of it. */
static void arena_mend(uint64_t addr, uint64_t len)
{
    const long args[ARGS_MAX] = { (long)addr,
                                  (long)len,
                                  PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                                  -1,
                                  0 };

    system_call(SYS_mmap, args);
}

static void prepare(void)
{
    const struct rlimit files = { 128, 4096 };
    const long limits[ARGS_MAX] = { 0, RLIMIT_NOFILE, (long)&files, 0, 0, 0 };
    const uint64_t all = ~0ull;
    const long mask[ARGS_MAX] = { 0, (long)&all, 0, 8, 0, 0 };

    call3(SYS_dup2, 1, REPORT_FD, 0);
    guard_init();
    calls_init();
    system_call(SYS_prlimit64, limits);
    call3(SYS_mkdir, (long)"/tmp", 01777, 0);
    call3(SYS_mkdir, (long)"/tmp/d", 0777, 0);
    call3(SYS_mkdir, (long)"/tmp/d/e", 0777, 0);
    call3(SYS_symlink, (long)"/tmp/loop", (long)"/tmp/loop", 0);
    call3(SYS_chdir, (long)"/tmp", 0, 0);
    arena_mend(ARENA, ARENA_LEN);
    signals_init();
    system_call(SYS_rt_sigprocmask, mask);
}

static void made_two(struct slot *slot, enum family family, const int fds[2])
{
    made_add(slot, family, fds[0]);
    made_add(slot, family, fds[1]);
}

static int open_file(const char *path, int flags)
{
    return (int)call3(SYS_open, (long)path, flags | O_NONBLOCK, 0666);
}

/* A descriptor of each family, or two, to begin with and from time to time:
 * they get lost. Nobody would wake this thread: what has the name by now may
 * be a FIFO, which must not be waited for. */
static void make_descriptors(struct slot *slot)
{
    int fds[2] = { -1, -1 };
    const long pair[ARGS_MAX] = { AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
                                  (long)fds };

    made_add(slot, FAMILY_FILE, open_file("/tmp/a", O_RDWR | O_CREAT));
    made_add(slot, FAMILY_FILE, (int)call3(SYS_memfd_create, (long)"m", 2, 0));
    made_add(slot, FAMILY_DIR, open_file("/tmp", O_RDONLY));
    made_add(slot, FAMILY_DIR, open_file("/tmp/d", O_RDONLY));
    made_add(slot, FAMILY_EPOLL, (int)call3(SYS_epoll_create1, 0, 0, 0));
    made_add(slot, FAMILY_TIMER, (int)call3(SYS_timerfd_create, 1, 0, 0));
    made_add(slot, FAMILY_NOTIFY, (int)call3(SYS_inotify_init1, 0, 0, 0));
    if (call3(SYS_pipe2, (long)fds, 0, 0) == 0)
        made_two(slot, FAMILY_PIPE, fds);
    if (system_call(SYS_socketpair, pair) == 0)
        made_two(slot, FAMILY_SOCKET, fds);
}

static const struct call *call_of(unsigned nr)
{
    unsigned i = 0;

    while (i + 1 < calls_count && calls[i].nr != nr)
        i++;
    return &calls[i];
}

/* Timers of a few ns leave threads time for nothing but signals, without end,
 * on Linux too. */
static void timers_end(void)
{
    const uint64_t never[4] = { 0 };

    for (long which = 0; which < 3; which++)
        call3(SYS_setitimer, which, (long)never, 0);
    for (long id = 0; id < (long)TIMERS_MAX; id++)
        call3(SYS_timer_delete, id, 0, 0);
}

/* Wake a thread that sleeps; end all when it does not wake. */
static void look_after(struct slot *slot)
{
    if (slot->state == SLOT_GONE) {
        slot->state = SLOT_FREE;
        slot->idle = 0;
    }
    if (slot->state == SLOT_FREE) {
        /* A limit that the program set may forbid threads: then it is over. */
        if (slot->done < calls_each && worker_start(slot) != 0 &&
            slot->idle++ > KICK_IDLE)
            slot->done = calls_each;
        return;
    }
    if (slot->done != slot->seen) {
        slot->seen = slot->done;
        slot->idle = 0;
        return;
    }
    slot->idle++;
    if (slot->idle % KICK_IDLE == 0)
        call3(SYS_tkill, slot->tid, KICK_SIGNAL, 0);
    if (slot->idle % STORM_IDLE == 0)
        timers_end();
    if (slot->idle > STUCK_IDLE) {
        report("stuck: ");
        report_call(slot, call_of(slot->current));
        call3(SYS_exit_group, 3, 0, 0);
    }
}

static bool all_done(void)
{
    for (unsigned i = 0; i < thread_count; i++) {
        if (slots[i]->done < calls_each)
            return false;
    }
    return true;
}

static void supervise(void)
{
    struct slot own = { .random = seed };
    const int64_t nap[2] = { 0, LOOK_NS };

    make_descriptors(&own);
    while (!all_done()) {
        call3(SYS_nanosleep, (long)nap, 0, 0);
        for (unsigned i = 0; i < thread_count; i++)
            look_after(slots[i]);
        if (random_below(&own, MAKE_LOOKS) == 0) {
            /* Make room: some of them are lost by now. */
            for (unsigned i = 0; i < 24; i++)
                call3(SYS_close, 3 + (long)random_below(&own, 125), 0, 0);
            make_descriptors(&own);
        }
        arena_mend(ARENA + random_below(&own, ARENA_PAGES) * PAGE_LEN,
                   PAGE_LEN);
    }
}

int main(int argc, char **argv)
{
    is_verbose = argc > 1 && text_equal(argv[1], "-v");
    argc -= is_verbose;
    argv += is_verbose;
    seed = argc > 1 ? parse(argv[1]) : 1;
    if (argc > 2)
        calls_each = (unsigned)parse(argv[2]);
    if (argc > 3)
        thread_count = (unsigned)parse(argv[3]);
    if (thread_count > THREADS_MAX)
        thread_count = THREADS_MAX;
    prepare();
    report("seed ");
    report_number(seed);
    report("\n");
    constants_init();
    for (unsigned i = 0; i < thread_count; i++)
        worker_start(slots[i]);
    constants_init(); /* once more, with the threads' ids */
    supervise();
    report("done\n");
    call3(SYS_exit_group, 0, 0, 0);
    return 0;
}
