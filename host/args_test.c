/* SPDX-License-Identifier: BSD-2-Clause */
/* args_test.c - the option parser and sizes. */
/* unit: host/args.c host/fault.c */
#include "host/args.h"

#include <errno.h>
#include <stdbool.h>

#include "host/fault.h"
#include "tests/unit.h"

static struct fault fault;
static const char *seen_m, *seen_v, *seen_o;
static struct into {
    char before;
    bool flag, after;
    const char *text;
} into;

static int set_m(void *arg, const char *value, struct fault *f)
{
    (void)arg;
    (void)f;
    seen_m = value;
    return 0;
}

static int set_v(void *arg, const char *value, struct fault *f)
{
    (void)arg;
    (void)f;
    CHECK(value == NULL);
    seen_v = "set";
    return 0;
}

static int set_o(void *arg, const char *value, struct fault *f)
{
    (void)arg;
    (void)f;
    seen_o = value;
    return 0;
}

static const struct arg_option table[] = {
    { 'm', "memory", "SIZE", "", ARG_SET(set_m) },
    { 'v', "verbose", NULL, "", ARG_SET(set_v) },
    { 'f', "flag", NULL, "", ARG_FLAG(struct into, flag) },
    { 't', "text", "WORD", "", ARG_TEXT(struct into, text) },
    { 0, "only", "[=WORDS]", "", ARG_SET(set_o) },
    ARG_END,
};

static int parse(const char *a, const char *b, const char *c)
{
    char *argv[] = { (char *)"run", (char *)a, (char *)b, (char *)c, NULL };
    int argc = c ? 4 : b ? 3 : 2;
    int first = 0;
    int err = args_parse(table, &into, argc, argv, &first, &fault);

    return err ? err : first;
}

TEST(forms)
{
    CHECK_EQ(parse("-m", "1", "x"), 3);
    CHECK_STR_EQ(seen_m, "1");
    CHECK_EQ(parse("-m2", "x", NULL), 2);
    CHECK_STR_EQ(seen_m, "2");
    CHECK_EQ(parse("--memory=3", "x", NULL), 2);
    CHECK_STR_EQ(seen_m, "3");
    CHECK_EQ(parse("--memory", "4", "x"), 3);
    CHECK_STR_EQ(seen_m, "4");
    CHECK_EQ(parse("-vm5", "x", NULL), 2);
    CHECK_STR_EQ(seen_m, "5");
    CHECK_STR_EQ(seen_v, "set");
    CHECK_EQ(into.flag, false);
    CHECK_EQ(parse("-fm6", "x", NULL), 2);
    CHECK_STR_EQ(seen_m, "6");
    CHECK_EQ(into.flag, true);
    CHECK(!into.before && !into.after);
    CHECK_EQ(parse("-fthere", "x", NULL), 2);
    CHECK_STR_EQ(into.text, "here");
    CHECK_EQ(parse("--text", "again", NULL), 3);
    CHECK_STR_EQ(into.text, "again");
    CHECK(!into.before && !into.after);
    CHECK_EQ(parse("x", "-m", NULL), 1);
    CHECK_EQ(parse("--", "-m", NULL), 2);
    CHECK_EQ(parse("-", "x", NULL), 1);
}

TEST(options_behind_operands)
{
    char *argv[] = { "verb", "x",  "-f", "y",  "-m", "7",
                     "z",    "--", "-q", "-m", NULL };
    int first = 0;

    into = (struct into){ 0 };
    CHECK_EQ(args_parse_anywhere(table, &into, 10, argv, &first, &fault), 0);
    CHECK_EQ(first, 5);
    CHECK(into.flag);
    CHECK_STR_EQ(seen_m, "7");
    CHECK_STR_EQ(argv[4], "--");
    CHECK_STR_EQ(argv[5], "x");
    CHECK_STR_EQ(argv[6], "y");
    CHECK_STR_EQ(argv[7], "z");
    CHECK_STR_EQ(argv[8], "-q");
    CHECK_STR_EQ(argv[9], "-m");
    argv[1] = "x";
    argv[2] = "-m";
    CHECK_EQ(args_parse_anywhere(table, &into, 3, argv, &first, &fault),
             -EINVAL);
    argv[2] = "--no-such";
    CHECK_EQ(args_parse_anywhere(table, &into, 3, argv, &first, &fault),
             -EINVAL);
    argv[2] = "-";
    CHECK_EQ(args_parse_anywhere(table, &into, 3, argv, &first, &fault), 0);
    CHECK_EQ(first, 1);
}

TEST(a_value_that_may_be_missing)
{
    seen_o = "none";
    CHECK_EQ(parse("--only", "x", NULL), 2);
    CHECK(!seen_o);
    CHECK_EQ(parse("--only=a b", "x", NULL), 2);
    CHECK_STR_EQ(seen_o, "a b");
    CHECK_EQ(parse("--only=", "x", NULL), 2);
    CHECK_STR_EQ(seen_o, "");
}

TEST(refused)
{
    CHECK_EQ(parse("-q", NULL, NULL), -EINVAL);
    CHECK_EQ(parse("--mem=1", NULL, NULL), -EINVAL);
    CHECK_EQ(parse("-m", NULL, NULL), -EINVAL);
    CHECK_EQ(parse("--verbose=1", NULL, NULL), -EINVAL);
    CHECK_EQ(parse("--flag=1", NULL, NULL), -EINVAL);
}

static uint64_t size(const char *s)
{
    uint64_t n = 0;

    return args_size("-m", s, &n, &fault) == 0 ? n : UINT64_MAX;
}

TEST(sizes)
{
    CHECK_EQ(size("0"), 0);
    CHECK_EQ(size("4096"), 4096);
    CHECK_EQ(size("1k"), 1024);
    CHECK_EQ(size("64M"), 64 << 20);
    CHECK_EQ(size("64MiB"), 64 << 20);
    CHECK_EQ(size("2gb"), 2ull << 30);
    CHECK_EQ(size(""), UINT64_MAX);
    CHECK_EQ(size("M"), UINT64_MAX);
    CHECK_EQ(size("-1"), UINT64_MAX);
    CHECK_EQ(size("1x"), UINT64_MAX);
    CHECK_EQ(size("1MM"), UINT64_MAX);
    CHECK_EQ(size("18446744073709551616"), UINT64_MAX);
    CHECK_EQ(size("9223372036854775807k"), UINT64_MAX);
}

TEST(counts)
{
    struct fault fault;
    unsigned n = 0;

    CHECK_EQ(args_count("--cpus", "1", 8, &n, &fault), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(args_count("--cpus", "08", 8, &n, &fault), 0);
    CHECK_EQ(n, 8);
    CHECK_EQ(args_count("--cpus", "9", 8, &n, &fault), -EINVAL);
    CHECK_EQ(args_count("--cpus", "0", 8, &n, &fault), -EINVAL);
    CHECK_EQ(args_count("--cpus", "", 8, &n, &fault), -EINVAL);
    CHECK_EQ(args_count("--cpus", "2x", 8, &n, &fault), -EINVAL);
    CHECK_EQ(args_count("--cpus", "-1", 8, &n, &fault), -EINVAL);
    CHECK_EQ(args_count("--cpus", "99999999999999999999", 8, &n, &fault),
             -EINVAL);
    CHECK_EQ(n, 8);
}
