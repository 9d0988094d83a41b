/* SPDX-License-Identifier: BSD-2-Clause */
/* path_test.c - names, joined and cleaned. */
/* unit: host/path.c host/memory.c */
#include "host/path.h"

#include "tests/unit.h"

static void cleans_to(const char *cwd, const char *path, const char *want)
{
    char *got = path_clean(cwd, path);

    CHECK_STR_EQ(got, want);
    free(got);
}

TEST(clean)
{
    cleans_to("/", "", "/");
    cleans_to("/a", "", "/a");
    cleans_to("/a/b", "../c", "/a/c");
    cleans_to("/", "../../x", "/x");
    cleans_to("/a", "/b//./c/", "/b/c");
    cleans_to("/a", "/b/..", "/");
    cleans_to("/a", "...", "/a/...");
    cleans_to("/", "/a/b/../../..", "/");
}

TEST(join)
{
    char *p = path_join("/a/", "/b");

    CHECK_STR_EQ(p, "/a/b");
    free(p);
    p = path_join("/", "b");
    CHECK_STR_EQ(p, "/b");
    free(p);
}

TEST(parts)
{
    char *dir = path_dir("/x");

    CHECK_STR_EQ(dir, "/");
    free(dir);
    dir = path_dir("x");
    CHECK_STR_EQ(dir, ".");
    free(dir);
    CHECK_STR_EQ(path_base("/a/b"), "b");
    CHECK_STR_EQ(path_base("b"), "b");
}

TEST(below)
{
    CHECK(path_below("/", "/x"));
    CHECK(path_below("/a", "/a"));
    CHECK(path_below("/a", "/a/b"));
    CHECK(!path_below("/a", "/ab"));
}

TEST(search)
{
    int err = 0;
    char *p = path_search("sh", "/nowhere:/bin", &err);

    CHECK_STR_EQ(p, "/bin/sh");
    free(p);
    CHECK(path_search("no-such-program", "/bin", &err) == NULL);
    CHECK(path_search("", "/bin", &err) == NULL);
}
