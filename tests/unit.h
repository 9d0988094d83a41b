/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit.h - the whole unit-test framework: include it in a *_test.c.
 *
 * What:      TEST(name) { ... } registers itself; main() is in here and runs
 *            every test in a process of its own (so static state is fresh and
 *            a crash fails one test only), printing TAP.
 *              CHECK(cond)           CHECK_EQ(a, b)     integers, pointers
 *              CHECK_NE(a, b)        CHECK_STR_EQ(a, b) C strings
 *              CHECK_MEM_EQ(a, b, len)
 *              SKIP("reason")        ends the test, counted as skipped
 *            A failing check prints file:line and both values, and the test
 *            goes on; REQUIRE(cond) ends it.
 *            The file under test is #included, or named for the runner in a
 *            comment: unit: kernel/core/string.c (see tools/run-unit).
 * Run one:   ./foo_test name...; UNIT_NOFORK=1 keeps it in one process (gdb).
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNIT_TEST_MAX  512
#define UNIT_EXIT_FAIL 1
#define UNIT_EXIT_SKIP 77

struct unit_test {
    const char *name;
    void (*run)(void);
};

static struct unit_test unit_tests[UNIT_TEST_MAX];
static unsigned unit_count;
static unsigned unit_failures; /* of the running test */

static inline void unit_register(const char *name, void (*run)(void))
{
    if (unit_count == UNIT_TEST_MAX) {
        fprintf(stderr, "unit.h: raise UNIT_TEST_MAX\n");
        exit(2);
    }
    unit_tests[unit_count++] = (struct unit_test){ name, run };
}

#define TEST(name)                                                 \
    static void test_##name(void);                                 \
    __attribute__((constructor)) static void unit_add_##name(void) \
    {                                                              \
        unit_register(#name, test_##name);                         \
    }                                                              \
    static void test_##name(void)

/* A pass prints nothing; only the end of a process says that it is fine. */
static inline void unit_end(int status)
{
    fflush(stdout);
    exit(status);
}

#define SKIP(reason)                                               \
    do {                                                           \
        printf("# skip: %s\n", reason);                            \
        unit_end(unit_failures ? UNIT_EXIT_FAIL : UNIT_EXIT_SKIP); \
    } while (0)

#define CHECK(cond)                                                   \
    ((cond) ? (void)0                                                 \
            : (void)(unit_failures++, printf("# %s:%d: failed: %s\n", \
                                             __FILE__, __LINE__, #cond)))

#define REQUIRE(cond)                                                   \
    do {                                                                \
        if (!(cond)) {                                                  \
            printf("# %s:%d: failed: %s\n", __FILE__, __LINE__, #cond); \
            unit_end(UNIT_EXIT_FAIL);                                   \
        }                                                               \
    } while (0)

static inline void unit_compare(const char *file, int line, const char *what,
                                int same, uint64_t a, uint64_t b)
{
    if ((a == b) == same)
        return;
    unit_failures++;
    printf("# %s:%d: failed: %s: %" PRId64 " (0x%" PRIx64 ") and %" PRId64
           " (0x%" PRIx64 ")\n",
           file, line, what, (int64_t)a, a, (int64_t)b, b);
}

#define CHECK_EQ(a, b)                                               \
    unit_compare(__FILE__, __LINE__, #a " == " #b, 1, (uint64_t)(a), \
                 (uint64_t)(b))
#define CHECK_NE(a, b)                                               \
    unit_compare(__FILE__, __LINE__, #a " != " #b, 0, (uint64_t)(a), \
                 (uint64_t)(b))

static inline void unit_compare_text(const char *file, int line,
                                     const char *what, const char *a,
                                     const char *b)
{
    if (a && b && strcmp(a, b) == 0)
        return;
    unit_failures++;
    printf("# %s:%d: failed: %s: \"%s\" and \"%s\"\n", file, line, what,
           a ? a : "(null)", b ? b : "(null)");
}

#define CHECK_STR_EQ(a, b) \
    unit_compare_text(__FILE__, __LINE__, #a " == " #b, a, b)

static inline void unit_compare_bytes(const char *file, int line,
                                      const char *what, const void *a,
                                      const void *b, size_t len)
{
    const unsigned char *x = (const unsigned char *)a;
    const unsigned char *y = (const unsigned char *)b;

    for (size_t i = 0; i < len; i++) {
        if (x[i] == y[i])
            continue;
        unit_failures++;
        printf("# %s:%d: failed: %s: byte %zu is 0x%02x and 0x%02x\n", file,
               line, what, i, x[i], y[i]);
        return;
    }
}

#define CHECK_MEM_EQ(a, b, len) \
    unit_compare_bytes(__FILE__, __LINE__, #a " == " #b, a, b, len)

static inline int unit_run(const struct unit_test *t)
{
    int status;
    pid_t pid;

    unit_failures = 0;
    if (getenv("UNIT_NOFORK")) {
        t->run();
        return unit_failures ? UNIT_EXIT_FAIL : 0;
    }
    fflush(stdout);
    pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(2);
    }
    if (pid == 0) {
        t->run();
        unit_end(unit_failures ? UNIT_EXIT_FAIL : 0);
    }
    while (waitpid(pid, &status, 0) < 0)
        continue;
    if (WIFSIGNALED(status)) {
        printf("# killed by signal %d\n", WTERMSIG(status));
        return UNIT_EXIT_FAIL;
    }
    return WEXITSTATUS(status);
}

static inline int unit_is_chosen(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return 1;
    return argc <= 1;
}

int main(int argc, char **argv)
{
    unsigned failed = 0;

    printf("1..%u\n", unit_count);
    for (unsigned i = 0; i < unit_count; i++) {
        const char *name = unit_tests[i].name;
        int status;

        if (!unit_is_chosen(name, argc, argv))
            continue;
        status = unit_run(&unit_tests[i]);
        if (status == UNIT_EXIT_SKIP)
            printf("ok %u - %s # SKIP\n", i + 1, name);
        else
            printf("%sok %u - %s\n", status ? "not " : "", i + 1, name);
        if (status && status != UNIT_EXIT_SKIP)
            failed++;
    }
    return failed ? 1 : 0;
}

#endif
