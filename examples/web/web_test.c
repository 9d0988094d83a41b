/* SPDX-License-Identifier: BSD-2-Clause */
/* web_test.c - requests good and bad, paths, ranges, dates, conditions. */
/* unit: examples/web/request.c examples/web/date.c examples/web/respond.c */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "examples/web/date.h"
#include "examples/web/respond.h"
#include "tests/unit.h"

static char buf[2 * HEAD_LEN_MAX];
static struct request request;
static struct response response;
static int root;

static int parse(const char *text)
{
    snprintf(buf, sizeof(buf), "%s", text);
    return request_parse(buf, strlen(text), &request);
}

#define HOST "Host: x\r\n"

TEST(requests)
{
    const char *text =
        "GET /a?b HTTP/1.1\r\n" HOST
        "RANGE:bytes=1-2 \t\r\nConnection: TE, close\r\n\r\nmore";

    CHECK_EQ(parse(text), (int)strlen(text) - 4);
    CHECK_EQ(request.method, METHOD_GET);
    CHECK_STR_EQ(request.target, "/a?b");
    CHECK_STR_EQ(request.range, "bytes=1-2");
    CHECK(!request.keep_alive);
    CHECK(!request.has_body);
    CHECK(parse("HEAD http://x/y HTTP/1.1\r\n" HOST "\r\n") > 0);
    CHECK_EQ(request.method, METHOD_HEAD);
    CHECK_STR_EQ(request.target, "/y");
    CHECK(request.keep_alive);
    CHECK(parse("GET / HTTP/1.0\r\n\r\n") > 0);
    CHECK(!request.keep_alive);
    CHECK(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n") > 0);
    CHECK(request.keep_alive);
    CHECK(parse("GET / HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n") > 0);
    CHECK(request.keep_alive);
    CHECK(parse("OPTIONS * HTTP/1.1\r\n" HOST "\r\n") > 0);
    CHECK_EQ(request.method, METHOD_OTHER);
    CHECK(parse("GET / HTTP/1.1\r\n" HOST "Content-Length: 00\r\n\r\n") > 0);
    CHECK(!request.has_body);
    CHECK(parse("GET / HTTP/1.1\r\n" HOST "Content-Length: 05\r\n\r\n") > 0);
    CHECK(request.has_body);
}

TEST(requests_in_pieces)
{
    const char *text = "GET / HTTP/1.1\r\n" HOST "\r\n";

    for (size_t len = 0; len < strlen(text); len++) {
        snprintf(buf, sizeof(buf), "%s", text);
        CHECK_EQ(request_parse(buf, len, &request), 0);
        CHECK_STR_EQ(buf, text);
    }
}

TEST(malformed_requests)
{
    static const char *const bad[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET  / HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1 \r\n" HOST "\r\n",
        "GET / http/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1\n" HOST "\r\n\r\n",
        "GET x HTTP/1.1\r\n" HOST "\r\n",
        "GET ftp://x/ HTTP/1.1\r\n" HOST "\r\n",
        "G(T / HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST HOST "\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n"
        "\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: b\nC: d\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: \x7f\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (parse(bad[i]) != -400)
            CHECK_STR_EQ(bad[i], "refused");
    CHECK_EQ(parse("GET / HTTP/2.0\r\n" HOST "\r\n"), -505);
    memcpy(buf, "GET / HTTP/1.1\r\nHost: \0\r\n\r\n", 28);
    CHECK_EQ(request_parse(buf, 28, &request), -400);
}

TEST(long_requests)
{
    memset(buf, 'a', sizeof(buf));
    memcpy(buf, "GET /", 5);
    CHECK_EQ(request_parse(buf, 100, &request), 0);
    CHECK_EQ(request_parse(buf, TARGET_LEN_MAX + 100, &request), -414);
    memcpy(buf + TARGET_LEN_MAX + 6, " HTTP/1.0\r\n\r\n", 14);
    CHECK_EQ(request_parse(buf, TARGET_LEN_MAX + 19, &request), -414);
    memset(buf, 'a', sizeof(buf));
    memcpy(buf, "GET / HTTP/1.0\r\nA: ", 19);
    CHECK_EQ(request_parse(buf, HEAD_LEN_MAX - 1, &request), 0);
    CHECK_EQ(request_parse(buf, HEAD_LEN_MAX, &request), -431);
    strcpy(buf, "GET / HTTP/1.0\r\n");
    for (unsigned i = 0; i <= FIELD_MAX; i++)
        strcat(buf, "A: b\r\n");
    strcat(buf, "\r\n");
    CHECK_EQ(request_parse(buf, strlen(buf), &request), -431);
}

static const char *path(const char *target)
{
    snprintf(buf, sizeof(buf), "%s", target);
    return request_path(buf);
}

TEST(paths)
{
    CHECK_STR_EQ(path("/"), ".");
    CHECK_STR_EQ(path("/?x=/../"), ".");
    CHECK_STR_EQ(path("//a///b/"), "a/b/");
    CHECK_STR_EQ(path("/a%20b%2fc%3F?d"), "a b/c?");
    CHECK_STR_EQ(path("/a.b/c.."), "a.b/c..");
    CHECK(!path("/.."));
    CHECK(!path("/a/../b"));
    CHECK(!path("/a/%2E%2e/b"));
    CHECK(!path("/%2f../b"));
    CHECK(!path("/./a"));
    CHECK(!path("/.git/config"));
    CHECK(!path("/%00"));
    CHECK(!path("/%"));
    CHECK(!path("/%4"));
    CHECK(!path("/%4g"));
    CHECK(!path("a"));
    CHECK(!path(""));
}

static int range(const char *text, unsigned long size, unsigned long first,
                 unsigned long len)
{
    unsigned long f, n;
    int status = request_range(text, size, &f, &n);

    if (status == 206 || status == 200) {
        CHECK_EQ(f, first);
        CHECK_EQ(n, len);
    }
    return status;
}

TEST(ranges)
{
    CHECK_EQ(range(NULL, 10, 0, 10), 200);
    CHECK_EQ(range("bytes=0-0", 10, 0, 1), 206);
    CHECK_EQ(range("bytes=2-5", 10, 2, 4), 206);
    CHECK_EQ(range("bytes=2-", 10, 2, 8), 206);
    CHECK_EQ(range("bytes=2-99", 10, 2, 8), 206);
    CHECK_EQ(range("bytes=-3", 10, 7, 3), 206);
    CHECK_EQ(range("bytes=-30", 10, 0, 10), 206);
    CHECK_EQ(range("bytes=10-", 10, 0, 0), 416);
    CHECK_EQ(range("bytes=-0", 10, 0, 0), 416);
    CHECK_EQ(range("bytes=0-", 0, 0, 0), 416);
    CHECK_EQ(range("bytes=5-2", 10, 0, 10), 200);
    CHECK_EQ(range("bytes=0-1,3-4", 10, 0, 10), 200);
    CHECK_EQ(range("bytes=a-b", 10, 0, 10), 200);
    CHECK_EQ(range("bytes=-", 10, 0, 10), 200);
    CHECK_EQ(range("bytes=99999999999999999999-", 10, 0, 10), 200);
    CHECK_EQ(range("lines=0-1", 10, 0, 10), 200);
}

TEST(dates)
{
    static const time_t times[] = { 0, 784111777, 951782400, 4102444799,
                                    1709164800 };
    char text[DATE_LEN + 1];
    time_t when;

    date_write(784111777, text);
    CHECK_STR_EQ(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct tm tm;
        char libc[64];

        date_write(times[i], text);
        strftime(libc, sizeof(libc), "%a, %d %b %Y %H:%M:%S GMT",
                 gmtime_r(&times[i], &tm));
        CHECK_STR_EQ(text, libc);
        CHECK(date_read(text, &when));
        CHECK_EQ(when, times[i]);
    }
    CHECK(!date_read("Mon, 06 Nov 1994 08:49:37 GMT", &when));
    CHECK(!date_read("Wed, 30 Feb 1994 08:49:37 GMT", &when));
    CHECK(!date_read("Sun, 06 Nov 1994 08:49:37 UTC", &when));
    CHECK(!date_read("Sunday, 06-Nov-94 08:49:37 GMT", &when));
    CHECK(!date_read("Sun, 06 Nov 1994 24:49:37 GMT", &when));
    CHECK(!date_read("", &when));
}

/* ---- files ---- */

static void site_make(void)
{
    char dir[] = "/tmp/web_test.XXXXXX";
    const struct timespec times[2] = { { 784111777, 0 }, { 784111777, 0 } };
    int fd;

    REQUIRE(mkdtemp(dir));
    root = open(dir, O_RDONLY | O_DIRECTORY);
    REQUIRE(mkdirat(root, "sub", 0755) == 0);
    REQUIRE(mkdirat(root, "a b", 0755) == 0);
    fd = openat(root, "index.html", O_CREAT | O_WRONLY, 0644);
    REQUIRE(write(fd, "0123456789", 10) == 10 && futimens(fd, times) == 0);
    close(fd);
    close(openat(root, "empty", O_CREAT | O_WRONLY, 0644));
    REQUIRE(symlinkat("../../etc/passwd", root, "out") == 0);
    REQUIRE(symlinkat("index.html", root, "in") == 0);
}

static void site_remove(void)
{
    static const char *const names[] = { "index.html", "empty", "out", "in" };
    char self[32], dir[PATH_MAX];
    ssize_t n;

    for (size_t i = 0; i < 4; i++)
        unlinkat(root, names[i], 0);
    unlinkat(root, "sub", AT_REMOVEDIR);
    unlinkat(root, "a b", AT_REMOVEDIR);
    snprintf(self, sizeof(self), "/proc/self/fd/%d", root);
    n = readlink(self, dir, sizeof(dir) - 1);
    REQUIRE(n > 0);
    dir[n] = '\0';
    rmdir(dir);
}

static int get(const char *target, const char *fields)
{
    char text[1024];

    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "%s\r\n", target,
             fields);
    REQUIRE(parse(text) > 0);
    respond(root, &request, &response);
    response
        .head[response.head_len < RESPONSE_HEAD_MAX ? response.head_len
                                                    : RESPONSE_HEAD_MAX - 1] =
        '\0';
    response_fini(&response);
    return response.status;
}

TEST(files)
{
    site_make();
    CHECK_EQ(get("/", ""), 200);
    CHECK_EQ(response.len, 10u);
    CHECK(strstr(response.head, "Content-Type: text/html"));
    CHECK(strstr(response.head,
                 "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
    CHECK_EQ(get("/index.html", "Range: bytes=-3\r\n"), 206);
    CHECK(strstr(response.head, "Content-Range: bytes 7-9/10\r\n"));
    CHECK_EQ(response.at, 7);
    CHECK_EQ(response.len, 3u);
    CHECK_EQ(get("/", "Range: bytes=10-\r\n"), 416);
    CHECK(strstr(response.head, "Content-Range: bytes */10\r\n"));
    CHECK_EQ(response.len, 0u);
    CHECK_EQ(get("/empty", ""), 200);
    CHECK_EQ(response.len, 0u);
    CHECK_EQ(get("/in", ""), 200);
    CHECK_EQ(get("/out", ""), 403);
    CHECK_EQ(get("/none", ""), 404);
    CHECK_EQ(get("/sub", ""), 301);
    CHECK_EQ(get("/a%20b?q", ""), 301);
    CHECK(strstr(response.head, "Location: /a%20b/\r\n"));
    CHECK_EQ(get("/sub/", ""), 404);
    CHECK_EQ(get("/index.html/", ""), 404);
    CHECK_EQ(get("/../x", ""), 400);
    site_remove();
}

TEST(conditions)
{
    char tag[64], fields[128];

    site_make();
    CHECK_EQ(get("/", ""), 200);
    sscanf(strstr(response.head, "ETag: "), "ETag: %63s", tag);
    snprintf(fields, sizeof(fields), "If-None-Match: \"x\", W/%s\r\n", tag);
    CHECK_EQ(get("/", fields), 304);
    CHECK_EQ(response.len, 0u);
    CHECK(!strstr(response.head, "Content-Length"));
    CHECK_EQ(get("/", "If-None-Match: *\r\n"), 304);
    CHECK_EQ(get("/", "If-None-Match: \"x\"\r\nIf-Modified-Since: "
                      "Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
             200);
    CHECK_EQ(get("/", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
             304);
    CHECK_EQ(get("/", "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n"),
             200);
    snprintf(fields, sizeof(fields), "Range: bytes=1-2\r\nIf-Range: %s\r\n",
             tag);
    CHECK_EQ(get("/", fields), 206);
    CHECK_EQ(get("/", "Range: bytes=1-2\r\nIf-Range: \"x\"\r\n"), 200);
    CHECK_EQ(get("/", "Range: bytes=1-2\r\nIf-Range: Sun, 06 Nov 1994 "
                      "08:49:37 GMT\r\n"),
             206);
    site_remove();
}
