/* SPDX-License-Identifier: BSD-2-Clause */
/* request.c - see request.h. */
#include "request.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

struct fields { /* what must not be there twice, or be looked at together */
    const char *host, *length, *encoding, *connection;
};

/* ---- characters ---- */

static bool is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_visible(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f;
}

static char *token_end(char *at)
{
    while (is_token(*at))
        at++;
    return at;
}

/* ---- the request line ---- */

/* "http://host/path", which servers must take: its path. NULL: neither. */
static char *target_path(char *target)
{
    if (target[0] == '/')
        return target;
    if (strncasecmp(target, "http://", 7) != 0)
        return NULL;
    return strchr(target + 7, '/');
}

/* METHOD SP target SP HTTP/1.x; 0 or -status. */
static int line_parse(char *line, struct request *out)
{
    char *method_end = token_end(line);
    char *target = method_end + 1, *end = target, *version;

    if (method_end == line || *method_end != ' ')
        return -400;
    while (is_visible(*end))
        end++;
    if (end - target > (ptrdiff_t)TARGET_LEN_MAX)
        return -414;
    if (end == target || *end != ' ')
        return -400;
    version = end + 1;
    *method_end = *end = '\0';
    if (strncmp(version, "HTTP/", 5) != 0 || strlen(version) != 8 ||
        version[6] != '.')
        return -400;
    out->is_1_0 = strcmp(version, "HTTP/1.0") == 0;
    if (!out->is_1_0 && strcmp(version, "HTTP/1.1") != 0)
        return -505;
    out->method = strcmp(line, "GET") == 0    ? METHOD_GET
                  : strcmp(line, "HEAD") == 0 ? METHOD_HEAD
                                              : METHOD_OTHER;
    out->target = target_path(target);
    if (!out->target && out->method != METHOD_OTHER)
        return -400;
    return 0;
}

/* ---- fields ---- */

static bool keep_once(const char **into, const char *value)
{
    if (*into)
        return false;
    *into = value;
    return true;
}

static bool field_keep(struct request *r, struct fields *f, const char *name,
                       const char *value)
{
    if (strcasecmp(name, "host") == 0)
        return keep_once(&f->host, value);
    if (strcasecmp(name, "content-length") == 0)
        return keep_once(&f->length, value);
    if (strcasecmp(name, "transfer-encoding") == 0)
        f->encoding = value;
    else if (strcasecmp(name, "connection") == 0)
        f->connection = value;
    else if (strcasecmp(name, "range") == 0)
        r->range = value;
    else if (strcasecmp(name, "if-range") == 0)
        r->if_range = value;
    else if (strcasecmp(name, "if-none-match") == 0)
        r->if_none_match = value;
    else if (strcasecmp(name, "if-modified-since") == 0)
        r->if_modified_since = value;
    return true;
}

/* name ":" value, blanks around the value taken off. */
static bool field_parse(char *line, struct request *r, struct fields *f)
{
    char *colon = token_end(line), *value = colon + 1, *end;

    if (colon == line || *colon != ':')
        return false;
    *colon = '\0';
    value += strspn(value, " \t");
    for (end = value; *end != '\0'; end++)
        if (!is_visible(*end) && *end != ' ' && *end != '\t')
            return false;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    return field_keep(r, f, line, value);
}

/* Is the word in a list such as "close, TE"? */
static bool list_has(const char *list, const char *word)
{
    size_t len = strlen(word);

    while (list && *list != '\0') {
        list += strspn(list, ", \t");
        if (strncasecmp(list, word, len) == 0 &&
            strchr(", \t", list[len])) /* the zero at the end, too */
            return true;
        list += strcspn(list, ",");
    }
    return false;
}

static bool fields_check(struct request *r, const struct fields *f)
{
    if (!f->host && !r->is_1_0)
        return false;
    if (f->length && (f->length[0] == '\0' ||
                      f->length[strspn(f->length, "0123456789")] != '\0'))
        return false;
    r->has_body = f->encoding ||
                  (f->length && strspn(f->length, "0") != strlen(f->length));
    r->keep_alive = r->is_1_0 ? list_has(f->connection, "keep-alive")
                              : !list_has(f->connection, "close");
    return true;
}

/* Ends the line at *at, moves behind it. False: a CR or LF by itself. */
static bool line_cut(char **at)
{
    char *end = strchr(*at, '\n');

    if (!end || end == *at || end[-1] != '\r')
        return false;
    end[-1] = '\0';
    *at = end + 1;
    return true;
}

/* Behind the empty line, or NULL: it has not come yet. */
static char *head_end(char *buf, size_t len)
{
    char *end = memmem(buf, len, "\r\n\r\n", 4);

    return end ? end + 4 : NULL;
}

/* What is too long already, before all has come. */
static int too_long(const char *buf, size_t len)
{
    const char *line_end = memchr(buf, '\n', len);

    if (!line_end && len > TARGET_LEN_MAX + 32)
        return -414;
    return len >= HEAD_LEN_MAX ? -431 : 0;
}

int request_parse(char *buf, size_t len, struct request *out)
{
    struct fields fields = { 0 };
    char *at = buf, *end = head_end(buf, len);
    unsigned count = 0;
    int status;

    *out = (struct request){ 0 };
    if (!end)
        return too_long(buf, len);
    if (end - buf > (ptrdiff_t)HEAD_LEN_MAX)
        return -431;
    if (memchr(buf, '\0', (size_t)(end - buf)))
        return -400;
    end[-2] = '\0'; /* the empty line */
    if (!line_cut(&at))
        return -400;
    status = line_parse(buf, out);
    while (status == 0 && at < end - 2) {
        char *line = at;

        if (++count > FIELD_MAX)
            return -431;
        if (!line_cut(&at) || !field_parse(line, out, &fields))
            return -400;
    }
    if (status == 0 && !fields_check(out, &fields))
        status = -400;
    return status ? status : (int)(end - buf);
}

/* ---- the path ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *request_path(char *target)
{
    char *from = target, *to = target;

    for (; *from != '\0' && *from != '?' && *from != '#'; from++) {
        int high, low;

        *to = *from;
        if (*from == '%') {
            high = hex_digit(from[1]);
            low = high < 0 ? -1 : hex_digit(from[2]);
            if (low < 0 || (high | low) == 0)
                return NULL;
            *to = (char)(high << 4 | low);
            from += 2;
        }
        /* A slash's segment before is complete: empty ones mean nothing. */
        if (*to == '.' && (to == target || to[-1] == '/'))
            return NULL;
        if (*to != '/' || to == target || to[-1] != '/')
            to++;
    }
    *to = '\0';
    if (target[0] != '/')
        return NULL;
    return target[1] != '\0' ? target + 1 : ".";
}

/* ---- ranges ---- */

/* Digits at *at; false: none, or too many. */
static bool number_take(const char **at, unsigned long *out)
{
    const char *begin = *at;

    for (*out = 0; **at >= '0' && **at <= '9'; ++*at) {
        if (*out > (ULONG_MAX - 9) / 10)
            return false;
        *out = 10 * *out + (unsigned long)(**at - '0');
    }
    return *at > begin;
}

int request_range(const char *range, unsigned long size, unsigned long *first,
                  unsigned long *len)
{
    unsigned long last = ULONG_MAX;
    const char *at;

    *first = 0;
    *len = size;
    if (!range || strncasecmp(range, "bytes=", 6) != 0)
        return 200;
    at = range + 6;
    if (*at == '-') { /* the last so many */
        at++;
        if (!number_take(&at, &last) || *at != '\0')
            return 200;
        if (last == 0 || size == 0)
            return 416;
        *len = last < size ? last : size;
        *first = size - *len;
        return 206;
    }
    if (!number_take(&at, first) || *at++ != '-' ||
        (*at != '\0' && !number_take(&at, &last)) || *at != '\0' ||
        last < *first) {
        *first = 0;
        return 200; /* several ranges, or what is none */
    }
    if (*first >= size)
        return 416;
    *len = (last < size ? last + 1 : size) - *first;
    return 206;
}
