/* SPDX-License-Identifier: BSD-2-Clause */
/* respond.c - see respond.h. */
#include "respond.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "date.h"

#define ETAG_LEN_MAX 40u
#define INDEX        "index.html"

/* openat2(2), which C libraries have no function for. */
#define RESOLVE_BENEATH 0x08u
struct open_how {
    uint64_t flags, mode, resolve;
};

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "200 OK";
    case 206:
        return "206 Partial Content";
    case 301:
        return "301 Moved Permanently";
    case 304:
        return "304 Not Modified";
    case 400:
        return "400 Bad Request";
    case 403:
        return "403 Forbidden";
    case 404:
        return "404 Not Found";
    case 405:
        return "405 Method Not Allowed";
    case 414:
        return "414 URI Too Long";
    case 416:
        return "416 Range Not Satisfiable";
    case 431:
        return "431 Request Header Fields Too Large";
    case 505:
        return "505 HTTP Version Not Supported";
    default:
        return "500 Internal Server Error";
    }
}

/* ---- the head, piece by piece ---- */

/* What does not fit is left out; only a redirection's path could be so long,
 * and that is looked at before. */
static void put(struct response *r, const char *text)
{
    size_t len = strlen(text);

    if (len <= RESPONSE_HEAD_MAX - r->head_len) {
        memcpy(r->head + r->head_len, text, len);
        r->head_len += len;
    }
}

static void put_number(struct response *r, unsigned long value)
{
    char text[24];
    size_t at = sizeof(text) - 1;

    text[at] = '\0';
    do
        text[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    put(r, text + at);
}

static void put_field(struct response *r, const char *name, const char *value)
{
    put(r, name);
    put(r, ": ");
    put(r, value);
    put(r, "\r\n");
}

static void head_begin(struct response *r, int status)
{
    char date[DATE_LEN + 1];

    r->status = status;
    r->head_len = 0;
    put(r, "HTTP/1.1 ");
    put(r, reason_of(status));
    put(r, "\r\n");
    date_write(time(NULL), date);
    put_field(r, "Date", date);
    put_field(r, "Server", "samara-web");
    if (!r->keep_alive)
        put_field(r, "Connection", "close");
}

static void put_length(struct response *r, unsigned long len)
{
    put(r, "Content-Length: ");
    put_number(r, len);
    put(r, "\r\n");
}

/* An answer without a file: its reason is its body. */
static void head_end_with_reason(struct response *r, bool is_head)
{
    const char *reason = reason_of(r->status);

    put_field(r, "Content-Type", "text/plain; charset=utf-8");
    put_length(r, strlen(reason) + 1);
    put(r, "\r\n");
    if (!is_head) {
        put(r, reason);
        put(r, "\n");
    }
}

static void fail(struct response *r, int status, bool is_head)
{
    head_begin(r, status);
    if (status == 405)
        put_field(r, "Allow", "GET, HEAD");
    head_end_with_reason(r, is_head);
}

void respond_error(int status, struct response *out)
{
    *out = (struct response){ .fd = -1 };
    fail(out, status, false);
}

void response_fini(struct response *response)
{
    if (response->fd >= 0)
        close(response->fd);
    response->fd = -1;
}

/* ---- the file ---- */

static const char *type_of(const char *path)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        { ".html", "text/html; charset=utf-8" },
        { ".css", "text/css; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".mjs", "text/javascript; charset=utf-8" },
        { ".txt", "text/plain; charset=utf-8" },
        { ".md", "text/markdown; charset=utf-8" },
        { ".csv", "text/csv; charset=utf-8" },
        { ".xml", "application/xml" },
        { ".json", "application/json" },
        { ".wasm", "application/wasm" },
        { ".pdf", "application/pdf" },
        { ".zip", "application/zip" },
        { ".gz", "application/gzip" },
        { ".png", "image/png" },
        { ".jpg", "image/jpeg" },
        { ".jpeg", "image/jpeg" },
        { ".gif", "image/gif" },
        { ".svg", "image/svg+xml" },
        { ".webp", "image/webp" },
        { ".ico", "image/x-icon" },
        { ".woff2", "font/woff2" },
        { ".mp4", "video/mp4" },
        { ".webm", "video/webm" },
        { ".mp3", "audio/mpeg" },
    };
    const char *suffix = strrchr(path, '.');

    for (size_t i = 0; suffix && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcasecmp(suffix, types[i].suffix) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* Links may lead anywhere below the root, and nowhere else. */
static int open_below(int dir, const char *path)
{
    struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                            .resolve = RESOLVE_BENEATH };

    return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

static int status_of(int err)
{
    switch (err) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return 404;
    case EACCES:
    case EPERM:
    case EXDEV: /* a link that leads out */
        return 403;
    default:
        return 500;
    }
}

/* Open a path, and the index of a directory. 0, or the status. */
static int file_open(int root, const char **path, struct response *r,
                     struct stat *st)
{
    size_t len = strlen(*path);
    bool as_dir = strcmp(*path, ".") == 0 || (*path)[len - 1] == '/';
    int fd = open_below(root, *path);

    if (fd >= 0 && as_dir) {
        int index = open_below(fd, INDEX);

        close(fd);
        fd = index;
        *path = INDEX;
    }
    if (fd < 0)
        return status_of(errno);
    r->fd = fd;
    if (fstat(fd, st) != 0)
        return 500;
    if (S_ISDIR(st->st_mode))
        return as_dir ? 404 : 301;
    return S_ISREG(st->st_mode) ? 0 : 403;
}

/* ---- conditions ---- */

/* From the time of the last change and the size: strong enough for files that
 * are replaced, not written into. */
static void etag_write(const struct stat *st, char out[ETAG_LEN_MAX])
{
    uint64_t parts[] = { (uint64_t)st->st_mtim.tv_sec,
                         (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_size };
    char *at = out;

    *at++ = '"';
    for (unsigned i = 0; i < 3; i++) {
        unsigned shift = 60;

        while (shift > 0 && parts[i] >> shift == 0)
            shift -= 4;
        for (;; shift -= 4) {
            *at++ = "0123456789abcdef"[parts[i] >> shift & 15];
            if (shift == 0)
                break;
        }
        *at++ = i < 2 ? '-' : '"';
    }
    *at = '\0';
}

/* Is the tag in a list of tags, weak ones too? */
static bool list_has_tag(const char *list, const char *tag)
{
    size_t len = strlen(tag);

    if (strcmp(list, "*") == 0)
        return true;
    while ((list = strchr(list, '"')) != NULL) {
        const char *end = strchr(list + 1, '"');

        if (strncmp(list, tag, len) == 0)
            return true;
        if (!end)
            break;
        list = end + 1;
    }
    return false;
}

static bool is_unchanged(const struct request *q, const char *etag,
                         time_t changed)
{
    time_t since;

    if (q->if_none_match)
        return list_has_tag(q->if_none_match, etag);
    return q->if_modified_since && date_read(q->if_modified_since, &since) &&
           changed <= since;
}

/* Is the range wanted of this very file? */
static bool range_holds(const struct request *q, const char *etag,
                        time_t changed)
{
    time_t when;

    if (!q->if_range)
        return true;
    if (q->if_range[0] == '"')
        return strcmp(q->if_range, etag) == 0;
    return date_read(q->if_range, &when) && when == changed;
}

/* ---- the answer ---- */

static void put_range(struct response *r, unsigned long size)
{
    put(r, "Content-Range: bytes ");
    if (r->status == 206) {
        put_number(r, (unsigned long)r->at);
        put(r, "-");
        put_number(r, (unsigned long)r->at + r->len - 1);
    } else {
        put(r, "*");
    }
    put(r, "/");
    put_number(r, size);
    put(r, "\r\n");
}

static void file_respond(const struct request *q, const char *path,
                         const struct stat *st, struct response *r)
{
    unsigned long size = (unsigned long)st->st_size, first, len;
    char etag[ETAG_LEN_MAX], date[DATE_LEN + 1];
    bool is_head = q->method == METHOD_HEAD;
    int status;

    etag_write(st, etag);
    date_write(st->st_mtim.tv_sec, date);
    status = request_range(
        range_holds(q, etag, st->st_mtim.tv_sec) && !is_head ? q->range : NULL,
        size, &first, &len);
    if (is_unchanged(q, etag, st->st_mtim.tv_sec))
        status = 304;
    head_begin(r, status);
    r->at = (off_t)first;
    r->len = len;
    put_field(r, "ETag", etag);
    put_field(r, "Last-Modified", date);
    put_field(r, "Accept-Ranges", "bytes");
    if (status == 206 || status == 416)
        put_range(r, size);
    if (status == 416) {
        head_end_with_reason(r, is_head);
    } else {
        put_field(r, "Content-Type", type_of(path));
        if (status != 304)
            put_length(r, len);
        put(r, "\r\n");
    }
    if (is_head || (status != 200 && status != 206))
        r->len = 0;
}

static void put_path(struct response *r, const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"
                                "rstuvwxyz0123456789-._~/";
    static const char digits[] = "0123456789ABCDEF";

    for (; *path != '\0'; path++) {
        unsigned char c = (unsigned char)*path;
        const char as_is[] = { *path, '\0' };
        const char encoded[] = { '%', digits[c >> 4], digits[c & 15], '\0' };

        put(r, strchr(plain, *path) ? as_is : encoded);
    }
}

/* A directory without its slash: relative links in it would be wrong. */
static void redirect(const struct request *q, const char *path,
                     struct response *r)
{
    if (strlen(path) > RESPONSE_HEAD_MAX / 6) { /* each may become three */
        fail(r, 404, q->method == METHOD_HEAD);
        return;
    }
    head_begin(r, 301);
    put(r, "Location: /");
    put_path(r, path);
    put(r, "/\r\n");
    head_end_with_reason(r, q->method == METHOD_HEAD);
}

void respond(int root, struct request *request, struct response *out)
{
    bool is_head = request->method == METHOD_HEAD;
    struct stat st;
    const char *path;
    int status;

    *out = (struct response){ .fd = -1,
                              .keep_alive =
                                  request->keep_alive && !request->has_body };
    if (request->method == METHOD_OTHER) {
        fail(out, 405, false);
        return;
    }
    path = request_path(request->target);
    status = path ? file_open(root, &path, out, &st) : 400;
    if (status == 0)
        file_respond(request, path, &st, out);
    else if (status == 301)
        redirect(request, path, out);
    else
        fail(out, status, is_head);
    if (out->len == 0)
        response_fini(out);
}
