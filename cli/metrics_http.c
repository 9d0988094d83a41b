/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics_http.c - see metrics.h: HTTP, RFC 9112, as far as a server needs it
 * that has one resource and no use for a body.
 */
#include <stdio.h>
#include <string.h>

#include "cli/metrics.h"
#include "host/memory.h"

#define TARGET     "/metrics"
#define MEDIA_TYPE "text/plain; version=0.0.4; charset=utf-8"

static const struct {
    int status;
    const char *reason;
    const char *text;
} answers[] = {
    { 200, "OK", "" },
    { 400, "Bad Request", "This is no HTTP request.\n" },
    { 404, "Not Found", "The metrics are at " TARGET ".\n" },
    { 405, "Method Not Allowed", "GET and HEAD are answered.\n" },
    { 431, "Request Header Fields Too Large", "The request is too long.\n" },
    { 503, "Service Unavailable", "The guests cannot be listed.\n" },
    { 505, "HTTP Version Not Supported", "HTTP/1.0 and 1.1 are spoken.\n" },
};

/* A line, without its end, and what follows. NULL: it is not whole. A bare LF
 * ends one as well (RFC 9112, 2.2). */
static const char *line_end(const char *at, const char *end, size_t *len_out)
{
    const char *lf = memchr(at, '\n', (size_t)(end - at));

    if (!lf)
        return NULL;
    *len_out = (size_t)(lf - at);
    if (*len_out > 0 && lf[-1] == '\r')
        (*len_out)--;
    return lf + 1;
}

static bool is_token(const char *word, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        if (word[i] <= ' ' || word[i] >= 0x7f)
            return false;
    return len > 0;
}

static bool is_word(const char *word, size_t len, const char *is)
{
    return len == strlen(is) && memcmp(word, is, len) == 0;
}

/* "GET /metrics?x HTTP/1.1" */
static int first_line(const char *line, size_t len, struct metrics_request *out)
{
    const char *end = line + len;
    const char *target = memchr(line, ' ', len);
    const char *version, *query;
    size_t method_len, target_len;

    if (!target)
        return 400;
    method_len = (size_t)(target++ - line);
    version = memchr(target, ' ', (size_t)(end - target));
    if (!version)
        return 400;
    target_len = (size_t)(version++ - target);
    if (!is_token(line, method_len) || !is_token(target, target_len) ||
        end - version != 8 || memcmp(version, "HTTP/", 5) != 0)
        return 400;
    if (memcmp(version, "HTTP/1.", 7) != 0)
        return 505;
    out->is_head = is_word(line, method_len, "HEAD");
    if (!out->is_head && !is_word(line, method_len, "GET"))
        return 405;
    query = memchr(target, '?', target_len);
    if (query)
        target_len = (size_t)(query - target);
    return is_word(target, target_len, TARGET) ? 200 : 404;
}

int metrics_request(const char *data, size_t len, struct metrics_request *out)
{
    const char *end = data + len, *line = data, *next;
    int status = 0;
    size_t n;

    *out = (struct metrics_request){ 0 };
    for (; (next = line_end(line, end, &n)); line = next) {
        if (status == 0)
            status = first_line(line, n, out);
        else if (n == 0)
            return status;
        else if (!memchr(line, ':', n))
            status = 400;
        if (status == 400)
            return status;
    }
    return len >= METRICS_REQUEST_MAX ? 431 : 0;
}

char *metrics_answer(int status, const struct metrics_request *r,
                     const char *text, size_t *len_out)
{
    char *answer;
    size_t i = 0;

    while (answers[i].status != status &&
           i + 1 < sizeof(answers) / sizeof(answers[0]))
        i++;
    if (status != 200 || !text)
        text = answers[i].text;
    answer = mem_printf("HTTP/1.1 %d %s\r\n"
                        "Content-Type: %s\r\n"
                        "Content-Length: %zu\r\n"
                        "%s"
                        "Connection: close\r\n\r\n%s",
                        answers[i].status, answers[i].reason,
                        status == 200 ? MEDIA_TYPE : "text/plain", strlen(text),
                        status == 405 ? "Allow: GET, HEAD\r\n" : "",
                        r->is_head ? "" : text);
    *len_out = strlen(answer);
    return answer;
}
