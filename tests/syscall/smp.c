/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp.c - threads on several CPUs: what one does to memory, to other threads
 * and to shared objects, the others see at once.
 *
 * Each test is right with any number of CPUs; with one it only proves less.
 * covers: sched_setaffinity membarrier
 * run: --cpus 3
 */
#include "check.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#define THREADS 4
#define ROUNDS  400
#define CHANGES 60 /* of memory, while all CPUs look */

static pthread_t threads[THREADS];

static void start_all(void *(*fn)(void *))
{
    for (long i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, fn, (void *)i), 0);
}

static void join_all(void)
{
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

/* ---- counting ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long plain_count;
static atomic_long atomic_count;

static void *count_under_mutex(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&mutex);
        plain_count++;
        pthread_mutex_unlock(&mutex);
        atomic_fetch_add(&atomic_count, 1);
    }
    return NULL;
}

TEST(a_mutex_excludes)
{
    start_all(count_under_mutex);
    join_all();
    CHECK_EQ(plain_count, 20000L * THREADS);
    CHECK_EQ(atomic_load(&atomic_count), 20000L * THREADS);
}

/* ---- a ring of threads that wake each other ---- */

static sem_t ring[THREADS];
static long ring_sum;

static void *pass_on(void *arg)
{
    long me = (long)arg;

    for (int i = 0; i < ROUNDS; i++) {
        while (sem_wait(&ring[me]) != 0)
            continue;
        ring_sum += me + 1;
        sem_post(&ring[(me + 1) % THREADS]);
    }
    return NULL;
}

TEST(a_token_goes_round)
{
    for (int i = 0; i < THREADS; i++)
        sem_init(&ring[i], 0, i == 0);
    ring_sum = 0;
    start_all(pass_on);
    join_all();
    CHECK_EQ(ring_sum, (long)ROUNDS * THREADS * (THREADS + 1) / 2);
}

/* ---- pipes with several ends ---- */

static int pipe_fds[2];
static atomic_long bytes_read;

static void *write_or_read(void *arg)
{
    char buf[512];

    if ((long)arg % 2 == 0) {
        memset(buf, 'x', sizeof(buf));
        for (int i = 0; i < ROUNDS; i++)
            if (write(pipe_fds[1], buf, sizeof(buf)) != sizeof(buf))
                return (void *)1;
        return NULL;
    }
    while (atomic_load(&bytes_read) < (long)(THREADS / 2) * ROUNDS * 512) {
        ssize_t n = read(pipe_fds[0], buf, sizeof(buf));

        if (n == 0)
            break;
        if (n > 0)
            atomic_fetch_add(&bytes_read, n);
        if (atomic_load(&bytes_read) == (long)(THREADS / 2) * ROUNDS * 512)
            close(pipe_fds[1]); /* the other reader ends */
    }
    return NULL;
}

TEST(every_byte_of_a_pipe_arrives_once)
{
    CHECK_OK(pipe(pipe_fds));
    atomic_store(&bytes_read, 0);
    start_all(write_or_read);
    join_all();
    CHECK_EQ(atomic_load(&bytes_read), (long)(THREADS / 2) * ROUNDS * 512);
    close(pipe_fds[0]);
}

/* ---- memory that goes away under others ---- */

static _Atomic(volatile char *) victim;
static atomic_int stop, faults, touches;
static __thread sigjmp_buf back;
static __thread volatile int may_fault;

static void on_fault(int signo)
{
    (void)signo;
    if (!may_fault)
        _exit(99);
    atomic_fetch_add(&faults, 1);
    siglongjmp(back, 1);
}

/* A page is read at its address until it faults. The freed page is given
 * another content elsewhere, so a stale translation shows. Nothing else is ever
 * mapped at that address: a thread may come back late to read there. */
static void *touch_victim(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop)) {
        volatile char *p = atomic_load(&victim);
        char is;

        if (!p)
            continue;
        if (sigsetjmp(back, 1) == 0) {
            may_fault = 1;
            is = *p; /* once: the next page may come between two looks */
            if (is != 0 && is != 'v')
                _exit(98);
            may_fault = 0;
            atomic_fetch_add(&touches, 1);
        }
        may_fault = 0;
    }
    return NULL;
}

TEST(an_unmapped_page_is_gone_on_every_cpu)
{
    struct sigaction act = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
    struct sigaction old;
    char *places =
        mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(places != MAP_FAILED);
    atomic_store(&stop, 0);
    atomic_store(&touches, 0);
    CHECK_OK(sigaction(SIGSEGV, &act, &old));
    start_all(touch_victim);
    for (int i = 0; i < CHANGES; i++) {
        char *p = mmap(places, PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        int before = atomic_load(&touches);
        char *other;

        CHECK(p != MAP_FAILED);
        *p = 'v';
        atomic_store(&victim, p);
        for (int n = 0; n < 100 && atomic_load(&touches) == before; n++)
            sched_yield();
        /* Away in one step, so that nothing else comes to this place. */
        CHECK(mmap(p, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                   -1, 0) == p);
        /* The freed page, most likely, with another content. */
        other = mmap(places + PAGE, PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        CHECK(other == places + PAGE);
        memset(other, '!', PAGE);
        atomic_store(&victim, NULL);
    }
    atomic_store(&stop, 1);
    join_all();
    CHECK_OK(sigaction(SIGSEGV, &old, NULL));
}

/* After mprotect() has returned no store may succeed any more. */
static volatile char *guarded;
static atomic_int is_guarded, late_stores;

static void *store_guarded(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop)) {
        if (sigsetjmp(back, 1) != 0)
            continue;
        may_fault = 1;
        int before = atomic_load(&is_guarded);
        *guarded = 1;
        if (before && atomic_load(&is_guarded) == before)
            atomic_fetch_add(&late_stores, 1);
        may_fault = 0;
    }
    return NULL;
}

TEST(a_protected_page_refuses_stores_on_every_cpu)
{
    struct sigaction act = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
    struct sigaction old;
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    guarded = p;
    atomic_store(&stop, 0);
    atomic_store(&is_guarded, 0);
    CHECK_OK(sigaction(SIGSEGV, &act, &old));
    start_all(store_guarded);
    for (int i = 1; i <= CHANGES; i++) {
        CHECK_OK(mprotect(p, PAGE, PROT_READ));
        atomic_store(&is_guarded, i);
        sched_yield();
        atomic_store(&is_guarded, 0);
        CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
        sched_yield();
    }
    atomic_store(&stop, 1);
    join_all();
    CHECK_EQ(atomic_load(&late_stores), 0);
    CHECK_OK(sigaction(SIGSEGV, &old, NULL));
    CHECK_OK(munmap(p, PAGE));
}

/* ---- faults of several threads in one region ---- */

#define SHARED_PAGES 512
static char *shared;

static void *fill_pages(void *arg)
{
    for (long i = 0; i < SHARED_PAGES; i++)
        __atomic_fetch_add((long *)(void *)(shared + i * PAGE), 1 + (long)arg,
                           __ATOMIC_SEQ_CST);
    return NULL;
}

TEST(a_page_faulted_by_all_is_one_page)
{
    for (int round = 0; round < 8; round++) {
        shared = mmap(NULL, SHARED_PAGES * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(shared != MAP_FAILED);
        start_all(fill_pages);
        join_all();
        for (long i = 0; i < SHARED_PAGES; i++)
            CHECK_EQ(*(long *)(void *)(shared + i * PAGE),
                     THREADS * (THREADS + 1) / 2);
        CHECK_OK(munmap(shared, SHARED_PAGES * PAGE));
    }
}

static void *allocate_and_free(void *arg)
{
    unsigned seed = (unsigned)(long)arg + 1;

    for (int i = 0; i < 200; i++) {
        size_t len = (size_t)rand_r(&seed) % 200000 + 1;
        char *p = malloc(len);

        if (!p)
            return (void *)1;
        p[0] = (char)i;
        p[len - 1] = (char)i;
        free(p);
    }
    return NULL;
}

TEST(everyone_allocates)
{
    start_all(allocate_and_free);
    join_all();
}

/* ---- code behind a call that several enter at once ---- */

/* getpid's call; what a kernel may do to it covers the bytes behind. */
static const unsigned char call_and_return[8] = { 0x0f, 0x05, 0x90, 0x90,
                                                  0x90, 0x90, 0xc3, 0xc3 };
#define SITES 200

static unsigned char *sites;
static atomic_int turn, arrived;

static long go_to(const unsigned char *code)
{
    long result = SYS_getpid;

    __asm__ volatile("call *%[code]"
                     : "+a"(result)
                     : [code] "r"(code)
                     : "rcx", "r11", "cc", "memory");
    return result;
}

static void *go_behind_calls(void *arg)
{
    (void)arg;
    for (int i = 0; i < SITES; i++) {
        for (int n = 1; atomic_load(&turn) <= i; n++)
            if (n % 10000 == 0)
                sched_yield();
        if (go_to(sites + i * 64 + 3) != SYS_getpid)
            _exit(97);
        atomic_fetch_add(&arrived, 1);
    }
    return NULL;
}

TEST(several_threads_jump_behind_a_call_at_once)
{
    sites = mmap(NULL, SITES * 64, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(sites != MAP_FAILED);
    for (int i = 0; i < SITES; i++)
        memcpy(sites + i * 64, call_and_return, sizeof(call_and_return));
    CHECK_OK(mprotect(sites, SITES * 64, PROT_READ | PROT_EXEC));
    atomic_store(&turn, 0);
    atomic_store(&arrived, 0);
    start_all(go_behind_calls);
    for (int i = 0; i < SITES; i++) {
        for (int n = 0; n < 3; n++)
            CHECK_EQ(go_to(sites + i * 64), getpid());
        atomic_fetch_add(&turn, 1);
        while (atomic_load(&arrived) < THREADS * (i + 1))
            sched_yield();
    }
    join_all();
    CHECK_OK(munmap(sites, SITES * 64));
}

/* ---- threads that come and go ---- */

static void *nothing(void *arg)
{
    return arg;
}

static void *make_threads(void *arg)
{
    (void)arg;
    for (long i = 0; i < 100; i++) {
        pthread_t t;
        void *result;

        if (pthread_create(&t, NULL, nothing, (void *)i) != 0 ||
            pthread_join(t, &result) != 0 || result != (void *)i)
            return (void *)1;
    }
    return NULL;
}

TEST(threads_make_threads)
{
    start_all(make_threads);
    for (int i = 0; i < THREADS; i++) {
        void *result;

        CHECK_EQ(pthread_join(threads[i], &result), 0);
        CHECK_EQ((long)result, 0);
    }
}

/* ---- signals from one CPU to another ---- */

static atomic_int signalled;

static void on_usr1(int signo)
{
    (void)signo;
    atomic_fetch_add(&signalled, 1);
}

static void *spin(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop))
        continue;
    return NULL;
}

TEST(a_signal_reaches_a_thread_that_spins)
{
    struct sigaction act = { .sa_handler = on_usr1 };

    CHECK_OK(sigaction(SIGUSR1, &act, NULL));
    atomic_store(&stop, 0);
    atomic_store(&signalled, 0);
    start_all(spin);
    for (int i = 0; i < 20; i++) {
        int before = atomic_load(&signalled);

        CHECK_EQ(pthread_kill(threads[i % THREADS], SIGUSR1), 0);
        while (atomic_load(&signalled) == before)
            sched_yield();
    }
    atomic_store(&stop, 1);
    join_all();
    CHECK_EQ(atomic_load(&signalled), 20);
}

/* ---- moving about ---- */

static void *wander(void *arg)
{
    cpu_set_t all, one;
    int count, wrong = 0;

    (void)arg;
    if (sched_getaffinity(0, sizeof(all), &all) != 0)
        return (void *)1;
    count = CPU_COUNT(&all);
    for (int i = 0; i < 100; i++) {
        int nth = i % count, cpu = -1;

        do
            cpu++;
        while (!CPU_ISSET(cpu, &all) || nth-- > 0);
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        if (sched_setaffinity(0, sizeof(one), &one) != 0)
            return (void *)1;
        wrong += sched_getcpu() != cpu;
    }
    return (void *)(long)wrong;
}

TEST(a_thread_runs_where_it_was_sent)
{
    start_all(wander);
    for (int i = 0; i < THREADS; i++) {
        void *result;

        CHECK_EQ(pthread_join(threads[i], &result), 0);
        CHECK_EQ((long)result, 0);
    }
}

TEST(membarrier_returns)
{
    CHECK_OK(
        syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0));
    atomic_store(&stop, 0);
    start_all(spin);
    for (int i = 0; i < 20; i++)
        CHECK_OK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
    atomic_store(&stop, 1);
    join_all();
}

/* ---- time-outs that race with wakes ---- */

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void *wait_briefly(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++) {
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 50000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        pthread_mutex_lock(&mutex);
        pthread_cond_timedwait(&cond, &mutex, &until);
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

TEST(time_outs_race_with_wakes)
{
    start_all(wait_briefly);
    join_all();
}
