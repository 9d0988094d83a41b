/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - what every system-call test includes.
 *
 * What:      a test is an ordinary Linux program. TEST(name) { ... } registers
 *            itself, main() is in here, runs each in turn and prints one line
 *            per test: "ok - name", "skip - name" or "not ok - name" after the
 *            reasons. tools/run-system runs it on Linux, which must pass, and
 *            then in a guest, which must print the same.
 * Rules:     no fork, no network, nothing printed that may differ between two
 *            runs. Files go into the working directory, which is empty, on a
 *            tmpfs, and gone afterwards.
 * Comments that the runner reads: covers: NAME...  system calls tested besides
 *            the one in the file's name;  run: OPTIONS  for samara run, of
 *            all such lines;
 *            args: WORDS;  stdin: TEXT;  variants: musl|glibc;
 *            status: N  the exit status, when not 0.
 */
#ifndef TESTS_SYSCALL_CHECK_H
#define TESTS_SYSCALL_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define TEST_MAX 128
#define PAGE     4096ul

struct test {
    const char *name;
    void (*run)(void);
};

static struct test tests[TEST_MAX];
static unsigned test_count;
static volatile unsigned test_failures; /* of the running test */
static const char *test_skip_reason;

static inline void test_register(const char *name, void (*run)(void))
{
    if (test_count == TEST_MAX)
        abort();
    tests[test_count++] = (struct test){ name, run };
}

#define TEST(name)                                                 \
    static void test_##name(void);                                 \
    __attribute__((constructor)) static void test_add_##name(void) \
    {                                                              \
        test_register(#name, test_##name);                         \
    }                                                              \
    static void test_##name(void)

/* Leave the test; it counts as skipped here and on the other side. */
#define SKIP(reason)                 \
    do {                             \
        test_skip_reason = (reason); \
        return;                      \
    } while (0)

static inline bool test_note(bool good, const char *file, int line,
                             const char *text)
{
    if (!good) {
        test_failures++;
        printf("# %s:%d: failed: %s\n", file, line, text);
    }
    return good;
}

#define CHECK(cond) test_note((cond), __FILE__, __LINE__, #cond)

static inline bool test_note_equal(long long got, long long want,
                                   const char *file, int line, const char *text)
{
    int error = errno;

    if (got == want)
        return true;
    test_failures++;
    printf("# %s:%d: failed: %s: got %lld, not %lld (errno %d)\n", file, line,
           text, got, want, error);
    return false;
}

#define CHECK_EQ(got, want)                                                  \
    test_note_equal((long long)(got), (long long)(want), __FILE__, __LINE__, \
                    #got)

static inline bool test_note_error(long long result, int want, const char *file,
                                   int line, const char *text)
{
    int error = errno;

    if (result == -1 && error == want)
        return true;
    test_failures++;
    if (result == -1)
        printf("# %s:%d: failed: %s: errno %d (%s), not %d\n", file, line, text,
               error, strerror(error), want);
    else
        printf("# %s:%d: failed: %s: result %lld, not -1 with errno %d\n", file,
               line, text, result, want);
    return false;
}

/* The call must fail with this errno / must not fail. */
#define CHECK_ERR(call, want) \
    test_note_error((long long)(call), (want), __FILE__, __LINE__, #call)

static inline bool test_note_ok(long long result, const char *file, int line,
                                const char *text)
{
    int error = errno;

    if (result != -1)
        return true;
    test_failures++;
    printf("# %s:%d: failed: %s: errno %d (%s)\n", file, line, text, error,
           strerror(error));
    return false;
}

#define CHECK_OK(call) \
    test_note_ok((long long)(call), __FILE__, __LINE__, #call)

static inline bool test_note_text(const char *got, const char *want,
                                  const char *file, int line, const char *text)
{
    if (got && strcmp(got, want) == 0)
        return true;
    test_failures++;
    printf("# %s:%d: failed: %s: \"%s\", not \"%s\"\n", file, line, text,
           got ? got : "(null)", want);
    return false;
}

#define CHECK_STR(got, want) \
    test_note_text((got), (want), __FILE__, __LINE__, #got)

/* The file `name` in the working directory holds `text` afterwards. */
static inline void make_file(const char *name, const char *text)
{
    int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);

    CHECK_OK(fd);
    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* A fresh pointer to `len` bytes that no access may touch: for EFAULT. */
static inline void *bad_pointer(void)
{
    return (void *)16;
}

static inline int64_t now_ns(clockid_t clock)
{
    struct timespec t = { 0 };

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* An empty directory of our own: the runner's, or a new one in /tmp. */
static inline void test_enter_directory(void)
{
    const char *given = getenv("TEST_DIR");
    char name[] = "/tmp/test.XXXXXX";

    if (given && chdir(given) == 0)
        return;
    mkdir("/tmp", 01777);
    if (!mkdtemp(name) || chdir(name) != 0)
        printf("# no working directory: %s\n", strerror(errno));
}

int main(int argc, char **argv)
{
    unsigned failed = 0;

    (void)argc;
    (void)argv;
    setvbuf(stdout, NULL, _IOLBF, 0);
    umask(022);
    test_enter_directory();
    for (unsigned i = 0; i < test_count; i++) {
        const char *word = "ok";

        test_failures = 0;
        test_skip_reason = NULL;
        tests[i].run();
        if (test_failures)
            word = "not ok";
        else if (test_skip_reason)
            word = "skip";
        printf("%s - %s\n", word, tests[i].name);
        failed += test_failures != 0;
    }
    return failed ? 1 : 0;
}

#endif
