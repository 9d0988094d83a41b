/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmap.c - mmap(2), munmap(2): anonymous and file memory, fixed places,
 * protection, errors.
 *
 * covers: munmap
 */
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

static sigjmp_buf back;
static volatile int last_signal, last_code;
static void *volatile last_address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    last_signal = sig;
    last_code = info->si_code;
    last_address = info->si_addr;
    siglongjmp(back, 1);
}

static void catch_faults(void)
{
    struct sigaction a = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

    sigaction(SIGSEGV, &a, NULL);
    sigaction(SIGBUS, &a, NULL);
}

/* The signal that touching the byte gives; 0 when it can be touched. */
static int touch(volatile char *p, bool write)
{
    catch_faults();
    last_signal = 0;
    if (sigsetjmp(back, 1) == 0) {
        if (write)
            *p = 1;
        else
            (void)*p;
    }
    return last_signal;
}

static void *anon(size_t len, int prot)
{
    return mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

TEST(anonymous_memory_is_zero_and_page_aligned)
{
    unsigned char *p = anon(5 * PAGE + 1, PROT_READ | PROT_WRITE);
    bool zero = true;

    CHECK(p != MAP_FAILED);
    CHECK_EQ((uintptr_t)p % PAGE, 0);
    for (size_t i = 0; i < 6 * PAGE; i++)
        zero = zero && p[i] == 0;
    CHECK(zero);
    memset(p, 7, 6 * PAGE);
    CHECK_OK(munmap(p, 5 * PAGE + 1));
    CHECK_EQ(touch((char *)p, false), SIGSEGV);
    CHECK_EQ(last_code, SEGV_MAPERR);
    CHECK(last_address == (void *)p);
}

TEST(protection_is_enforced)
{
    char *p = anon(PAGE, PROT_READ);

    CHECK_EQ(touch(p, false), 0);
    CHECK_EQ(touch(p, true), SIGSEGV);
    CHECK_EQ(last_code, SEGV_ACCERR);
    munmap(p, PAGE);
    p = anon(PAGE, PROT_NONE);
    CHECK_EQ(touch(p, false), SIGSEGV);
    CHECK_EQ(last_code, SEGV_ACCERR);
    munmap(p, PAGE);
}

TEST(unmapping_the_middle)
{
    char *p = anon(3 * PAGE, PROT_READ | PROT_WRITE);

    p[0] = p[2 * PAGE] = 'x';
    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK_EQ(touch(p + PAGE, false), SIGSEGV);
    CHECK_EQ(p[0], 'x');
    CHECK_EQ(p[2 * PAGE], 'x');
    CHECK_OK(munmap(p, 3 * PAGE)); /* a hole inside is fine */
}

TEST(fixed_replaces_and_noreplace_refuses)
{
    char *p = anon(3 * PAGE, PROT_READ | PROT_WRITE), *q;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;

    memset(p, 'a', 3 * PAGE);
    q = mmap(p + PAGE, PAGE, PROT_READ, flags | MAP_FIXED, -1, 0);
    CHECK(q == p + PAGE);
    CHECK_EQ(q[0], 0);
    CHECK_EQ(p[0], 'a');
    CHECK_EQ(p[2 * PAGE], 'a');
    CHECK_ERR(
        (long)mmap(p, PAGE, PROT_READ, flags | MAP_FIXED_NOREPLACE, -1, 0),
        EEXIST);
    /* A hint that is taken is not an error: another place is found. */
    q = mmap(p, PAGE, PROT_READ, flags, -1, 0);
    CHECK(q != MAP_FAILED && q != p);
    munmap(q, PAGE);
    munmap(p, 3 * PAGE);
    q = mmap(p, PAGE, PROT_READ, flags, -1, 0);
    CHECK(q == p); /* a free hint is taken */
    munmap(q, PAGE);
}

/* As SBCL asks for its spaces: a hint below 2 GiB is taken there, too. */
TEST(hints_go_with_map_32bit)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT;
    char *low = (char *)0x50000000, *high = (char *)0x80000000, *p, *q;

    p = mmap(low, 4 * PAGE, PROT_READ, flags, -1, 0);
    CHECK(p == low);
    q = mmap(low, 4 * PAGE, PROT_READ, flags, -1, 0);
    CHECK(q != MAP_FAILED && q != p && q + 4 * PAGE <= high);
    munmap(q, 4 * PAGE);
    q = mmap(high - PAGE, 2 * PAGE, PROT_READ, flags, -1, 0);
    CHECK(q != MAP_FAILED && q + 2 * PAGE <= high);
    munmap(q, 2 * PAGE);
    munmap(p, 4 * PAGE);
}

TEST(private_file_pages_are_copies)
{
    int fd = open("f", O_CREAT | O_RDWR | O_TRUNC, 0644);
    char *p, c;

    CHECK_EQ(write(fd, "hello world", 11), 11);
    p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(p != MAP_FAILED);
    CHECK(memcmp(p, "hello world", 11) == 0);
    CHECK_EQ(p[11], 0);
    CHECK_EQ(p[PAGE - 1], 0);
    p[0] = 'J';
    CHECK_EQ(pread(fd, &c, 1, 0), 1);
    CHECK_EQ(c, 'h');
    close(fd); /* the mapping keeps the file */
    CHECK_EQ(p[1], 'e');
    munmap(p, PAGE);
}

TEST(shared_file_pages_are_the_file)
{
    int fd = open("f", O_RDWR);
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    char buf[8] = "";

    CHECK(p != MAP_FAILED && q != MAP_FAILED && p != q);
    memcpy(p, "JELLO", 5);
    CHECK(memcmp(q, "JELLO", 5) == 0);
    CHECK_EQ(pread(fd, buf, 5, 0), 5);
    CHECK_STR(buf, "JELLO");
    CHECK_EQ(pwrite(fd, "abcde", 5, 0), 5);
    CHECK(memcmp(q, "abcde", 5) == 0);
    CHECK_OK(msync(p, PAGE, MS_SYNC));
    munmap(p, PAGE);
    munmap(q, PAGE);
    close(fd);
}

TEST(shared_anonymous_memory)
{
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    CHECK_EQ(p[5], 0);
    p[5] = 1;
    CHECK_EQ(p[5], 1);
    munmap(p, PAGE);
}

TEST(beyond_the_end_of_a_file_is_a_bus_error)
{
    int fd = open("f", O_RDWR);
    char *p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

    CHECK_EQ(touch(p, false), 0);
    CHECK_EQ(touch(p + PAGE, false), SIGBUS);
    CHECK_EQ(last_code, BUS_ADRERR);
    CHECK_OK(ftruncate(fd, 2 * PAGE));
    CHECK_EQ(touch(p + PAGE, false), 0);
    CHECK_OK(ftruncate(fd, 11));
    CHECK_EQ(touch(p + PAGE, false), SIGBUS);
    munmap(p, 3 * PAGE);
    close(fd);
}

TEST(offsets)
{
    int fd = open("big", O_CREAT | O_RDWR, 0644);
    char *p;

    CHECK_EQ(pwrite(fd, "second", 6, PAGE), 6);
    p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
    CHECK(memcmp(p, "second", 6) == 0);
    munmap(p, PAGE);
    CHECK_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
    close(fd);
}

/* A file is looked at first, then the length, then what else there is. */
TEST(errors_in_their_order)
{
    int fd = open("f", O_RDONLY), path_only = open("f", O_PATH);
    int write_only = open("f", O_WRONLY), huge = MAP_PRIVATE | MAP_HUGETLB;
    size_t too_long = 1ul << 60;

    CHECK_ERR((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
    CHECK_ERR((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE, -1, 1), EINVAL);
    CHECK_ERR((long)mmap(NULL, too_long, PROT_READ, 0, -1, 0), EBADF);
    CHECK_ERR((long)mmap(NULL, 0, PROT_READ, 0, path_only, 0), EBADF);
    CHECK_ERR((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL);
    CHECK_ERR((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE, write_only, 0),
              EINVAL);
    CHECK_ERR((long)mmap(NULL, PAGE, PROT_READ, huge, -1, 0), EBADF);
    CHECK_ERR((long)mmap(NULL, PAGE, PROT_READ, huge, fd, 0), EINVAL);
    CHECK_ERR((long)mmap(NULL, too_long, PROT_READ, 0, write_only, 0), ENOMEM);
    CHECK_ERR((long)mmap(NULL, 2 * PAGE, PROT_READ, 0, fd, -PAGE), EOVERFLOW);
    CHECK_OK((long)mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, -PAGE));
    close(fd);
    close(path_only);
    close(write_only);
}

TEST(errors)
{
    int fd = open("f", O_RDONLY), write_only = open("f", O_WRONLY);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;

    CHECK_ERR((long)mmap(NULL, 0, PROT_READ, flags, -1, 0), EINVAL);
    CHECK_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
    CHECK_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, write_only, 0),
              EACCES);
    CHECK_ERR((long)mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
    CHECK_ERR((long)mmap((void *)1, PAGE, PROT_READ, flags | MAP_FIXED, -1, 0),
              EINVAL);
    CHECK_ERR((long)mmap(NULL, 1ul << 60, PROT_READ, flags, -1, 0), ENOMEM);
    CHECK_ERR(munmap((void *)1, PAGE), EINVAL);
    CHECK_ERR(munmap((void *)PAGE, 0), EINVAL);
    CHECK_OK(munmap((void *)(PAGE * 16), PAGE)); /* nothing there: fine */
    close(fd);
    close(write_only);
}

TEST(a_terabyte_of_reserved_addresses)
{
    size_t len = 1ul << 40;
    char *p = mmap(NULL, len, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(p != MAP_FAILED);
    CHECK_OK(mprotect(p + (len >> 1), PAGE, PROT_READ | PROT_WRITE));
    p[len >> 1] = 1;
    CHECK_OK(munmap(p, len));
}

TEST(executable_memory_runs)
{
    static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
    unsigned char *p = anon(PAGE, PROT_READ | PROT_WRITE);
    int (*f)(void);

    memcpy(p, code, sizeof(code)); /* mov $42, %eax; ret */
    CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
    memcpy(&f, &p, sizeof(f));
    CHECK_EQ(f(), 42);
    CHECK_EQ(touch((char *)p, true), SIGSEGV);
    munmap(p, PAGE);
}
