/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap.c - the memory calls in random order, judged by Linux.
 *
 * covers: mmap munmap mprotect mremap madvise mincore msync
 * covers: mlock mlock2 munlock
 *
 * Method: the same pseudo-random calls on a window of pages here and on Linux;
 * every result and the byte that each page then shows (or the signal that it
 * raises) goes into a hash. The hashes are printed, so they must be equal.
 */
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

/* Around the border between two last-level tables. */
#define MIDDLE     ((char *)0x200000200000ul)
#define SMALL      64u   /* pages of the window */
#define LARGE      1600u /* room for large pages */
#define FILE_PAGES 24u
#define STEPS      400u

static sigjmp_buf back;
static volatile int caught;
static uint64_t random_state, hash;
static unsigned pages;
static char *window;
static int fd;

static unsigned pick(unsigned n)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % n;
}

static void mix(long v)
{
    hash = (hash ^ (uint64_t)v) * 0x100000001b3ull;
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
    (void)context;
    caught = signo * 16 + info->si_code;
    siglongjmp(back, 1);
}

/* The byte at p, or what reading or writing it raises. */
static long touch(volatile char *p, bool write)
{
    if (sigsetjmp(back, 1))
        return -caught;
    if (write)
        *p = (char)pick(256);
    return (unsigned char)*p;
}

static int pick_prot(void)
{
    static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
                                 PROT_READ | PROT_WRITE,
                                 PROT_READ | PROT_EXEC };

    return prots[pick(5)];
}

static long result(long r)
{
    return r == -1 ? -errno : r;
}

static long do_map(char *at, size_t len)
{
    unsigned kind = pick(4);
    int flags = kind & 1 ? MAP_SHARED : MAP_PRIVATE;

    flags |= pick(4) == 0 ? MAP_FIXED_NOREPLACE : MAP_FIXED;
    if (kind < 2)
        return (long)mmap(at, len, pick_prot(), flags | MAP_ANONYMOUS, -1, 0);
    return (long)mmap(at, len, pick_prot(), flags, fd, pick(FILE_PAGES) * PAGE);
}

/* One page, which is one mapping's for certain: whether a longer range may
 * belong to several, and which neighbours count as one, differs between
 * versions of Linux. */
static long do_remap(char *at)
{
    static const int how[] = { 0, MREMAP_MAYMOVE | MREMAP_FIXED,
                               MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_FIXED,
                               MREMAP_MAYMOVE | MREMAP_FIXED |
                                   MREMAP_DONTUNMAP };
    int flags = how[pick(5)];
    size_t new_len = flags & MREMAP_DONTUNMAP ? PAGE : (1 + pick(12)) * PAGE;
    char *to = window + pick(pages - 12) * PAGE;

    if (!(flags & MREMAP_FIXED) && at + new_len > window + pages * PAGE)
        return 0; /* what lies beyond the window differs */
    return syscall(SYS_mremap, at, PAGE, new_len, flags, to);
}

static long do_advise(char *at, size_t len)
{
    static const int advice[] = { MADV_DONTNEED,   MADV_DONTNEED,
                                  MADV_DONTNEED,   MADV_WILLNEED,
                                  MADV_SEQUENTIAL, MADV_REMOVE,
                                  MADV_HUGEPAGE,   MADV_NOHUGEPAGE,
                                  MADV_COLD,       MADV_POPULATE_READ,
                                  MADV_WIPEONFORK, MADV_POPULATE_WRITE,
                                  MADV_NORMAL,     -7 };

    return madvise(at + (pick(20) == 0), len,
                   advice[pick(sizeof(advice) / sizeof(advice[0]))]);
}

/* The file under the mappings changes. */
static long do_file(void)
{
    char bytes[300];
    unsigned at = pick(FILE_PAGES * PAGE), len = pick(sizeof(bytes));

    memset(bytes, (int)pick(256), len);
    switch (pick(4)) {
    case 0:
        return ftruncate(fd, at);
    case 1:
        return ftruncate(fd, FILE_PAGES * PAGE);
    case 2:
        return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
                         1 + pick(5 * PAGE));
    default:
        return pwrite(fd, bytes, len, at);
    }
}

static long step(void)
{
    unsigned first = pick(pages);
    char *at = window + first * PAGE;
    size_t len = 1 + (pick(4) ? pick(10) : pick(pages * 2 / 3));

    len = (len < pages - first ? len : pages - first) * PAGE;
    switch (pick(16)) {
    case 0:
    case 1:
    case 2:
        return do_map(at, len);
    case 3:
        return munmap(at, len);
    case 4:
    case 5:
        return mprotect(at, len, pick_prot());
    case 6:
    case 7:
        return do_remap(at);
    case 8:
        return do_advise(at, len);
    case 9:
        return msync(at, len, pick(8));
    case 10:
        return pick(2) ? mlock(at, len) : munlock(at, len);
    case 11:
        return do_file();
    default:
        return touch(at + pick(PAGE), pick(2));
    }
}

static void run(unsigned seed)
{
    random_state = seed;
    window = MIDDLE - pages / 2 * PAGE;
    hash = 0xcbf29ce484222325ull;
    for (unsigned n = 0; n < STEPS; n++) {
        errno = 0;
        mix(result(step()));
        if (n % 10)
            continue;
        for (unsigned i = 0; i < pages; i += 1 + pick(pages / SMALL))
            mix(touch(window + i * PAGE + 5, false));
    }
    munmap(window, pages * PAGE);
    CHECK_OK(ftruncate(fd, FILE_PAGES * PAGE));
}

TEST(random_calls_give_what_linux_gives)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    char page[PAGE];

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    fd = open("window", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    for (unsigned i = 0; i < FILE_PAGES; i++) {
        memset(page, (int)(i + 1), sizeof(page));
        CHECK_EQ(write(fd, page, sizeof(page)), sizeof(page));
    }
    for (unsigned seed = 1; seed <= 40; seed++) {
        pages = seed % 5 ? SMALL : LARGE;
        run(seed);
        printf("# seed %u: %016lx\n", seed, hash);
    }
    close(fd);
}

TEST(dontunmap_leaves_an_empty_mapping)
{
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *q;

    p[0] = 1;
    p[PAGE] = 2;
    /* glibc hands the fifth argument on for MREMAP_FIXED only */
    q = (char *)syscall(SYS_mremap, p, 2 * PAGE, 2 * PAGE,
                        MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
    CHECK(q != MAP_FAILED && q != p);
    CHECK_EQ(q[0], 1);
    CHECK_EQ(q[PAGE], 2);
    CHECK_EQ(p[0], 0);
    CHECK_EQ(p[PAGE], 0);
    munmap(p, 2 * PAGE);
    munmap(q, 2 * PAGE);
}

/* Without MREMAP_FIXED the address is a hint, as mmap's. */
TEST(dontunmap_takes_a_hint)
{
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *room =
        mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *q;

    p[PAGE] = 2;
    munmap(room, 8 * PAGE);
    q = (char *)syscall(SYS_mremap, p, 2 * PAGE, 2 * PAGE,
                        MREMAP_MAYMOVE | MREMAP_DONTUNMAP, room + PAGE);
    CHECK(q == room + PAGE);
    CHECK_EQ(q[PAGE], 2);
    p[PAGE] = 3; /* what is in the way is not replaced */
    room = (char *)syscall(SYS_mremap, p, 2 * PAGE, 2 * PAGE,
                           MREMAP_MAYMOVE | MREMAP_DONTUNMAP, q);
    CHECK(room != q && room != p && room != MAP_FAILED);
    CHECK_EQ(room[PAGE], 3);
    CHECK_EQ(q[PAGE], 2);
    munmap(room, 2 * PAGE);
    munmap(p, 2 * PAGE);
    munmap(q, 2 * PAGE);
}

/* covers: munlockall mlockall */
TEST(lock_calls)
{
    char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char in[8] = { 0 };

    CHECK_EQ(mlock(p + 10, 2 * PAGE), 0);
    CHECK_EQ(mincore(p, 3 * PAGE, in), 0);
    CHECK_EQ(in[0] & in[1] & in[2] & 1, 1);
    CHECK_EQ(munlock(p, 8 * PAGE), 0);
    CHECK_EQ(syscall(SYS_mlock2, p, PAGE, 1), 0);
    CHECK_ERR(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERR(msync(p, PAGE, MS_INVALIDATE), EBUSY);
    CHECK_ERR(syscall(SYS_mlock2, p, PAGE, 2), EINVAL);
    CHECK_EQ(munmap(p + 4 * PAGE, PAGE), 0);
    CHECK_ERR(mlock(p, 8 * PAGE), ENOMEM);
    CHECK_ERR(munlock(p, 8 * PAGE), ENOMEM);
    CHECK_ERR(mlockall(0), EINVAL);
    CHECK_ERR(mlockall(64), EINVAL);
    CHECK_ERR(mlockall(MCL_ONFAULT), EINVAL);
    CHECK_EQ(munlockall(), 0);
    CHECK_EQ(madvise(p, PAGE, MADV_DONTNEED), 0);
    munmap(p, 8 * PAGE);
}
