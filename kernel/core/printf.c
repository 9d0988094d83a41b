/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf.c - formatting for messages and /proc files, see printf.h.
 */
#include "core/printf.h"
#include "core/string.h"

#define LINE_MAX 512u

void (*kprintf_sink)(const char *text, size_t len);

struct out {
    char *buf;
    size_t cap; /* bytes of buf, the NUL's included */
    size_t len; /* characters produced, written or not */
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->cap)
        o->buf[o->len] = c;
    o->len++;
}

static void pad(struct out *o, char c, int count)
{
    for (; count > 0; count--)
        put(o, c);
}

struct spec {
    bool left, zero, alt;
    int width, precision; /* -1: none */
    unsigned size;        /* 0 int, 1 long, ... */
};

static void put_field(struct out *o, const struct spec *s, const char *prefix,
                      const char *text, int len)
{
    int prefix_len = (int)strlen(prefix);
    int zeros = s->precision > len ? s->precision - len : 0;
    int fill;

    if (s->zero && !s->left && s->precision < 0 && s->width > len + prefix_len)
        zeros = s->width - len - prefix_len;
    fill = s->width - len - prefix_len - zeros;
    if (!s->left)
        pad(o, ' ', fill);
    for (; *prefix; prefix++)
        put(o, *prefix);
    pad(o, '0', zeros);
    for (int i = 0; i < len; i++)
        put(o, text[i]);
    if (s->left)
        pad(o, ' ', fill);
}

static void put_number(struct out *o, const struct spec *s, uint64_t v,
                       unsigned base, bool upper, const char *prefix)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    int at = sizeof(text);

    if (base == 16) { /* no division: this prints most addresses */
        for (; v; v >>= 4)
            text[--at] = digits[v & 15];
    } else {
        for (; v; v /= base)
            text[--at] = digits[v % base];
    }
    if (at == (int)sizeof(text) && s->precision != 0)
        text[--at] = '0';
    put_field(o, s, prefix, text + at, (int)sizeof(text) - at);
}

static const char *read_spec(const char *f, struct spec *s, va_list *args)
{
    *s = (struct spec){ .precision = -1 };
    for (;; f++) {
        if (*f == '-')
            s->left = true;
        else if (*f == '0')
            s->zero = true;
        else if (*f == '#')
            s->alt = true;
        else
            break;
    }
    if (*f == '*') {
        s->width = va_arg(*args, int);
        f++;
    }
    for (; *f >= '0' && *f <= '9'; f++)
        s->width = s->width * 10 + *f - '0';
    if (*f == '.') {
        s->precision = 0;
        f++;
        if (*f == '*') {
            s->precision = va_arg(*args, int);
            f++;
        }
        for (; *f >= '0' && *f <= '9'; f++)
            s->precision = s->precision * 10 + *f - '0';
    }
    for (; *f == 'l' || *f == 'z' || *f == 'h'; f++)
        if (*f != 'h')
            s->size++;
    return f;
}

static void put_string(struct out *o, struct spec *s, const char *text)
{
    size_t len;

    if (!text)
        text = "(null)";
    len =
        s->precision >= 0 ? strnlen(text, (size_t)s->precision) : strlen(text);
    s->precision = -1;
    s->zero = false;
    put_field(o, s, "", text, (int)len);
}

static void put_signed(struct out *o, const struct spec *s, int64_t v)
{
    if (v < 0)
        put_number(o, s, -(uint64_t)v, 10, false, "-");
    else
        put_number(o, s, (uint64_t)v, 10, false, "");
}

int vsnprintf(char *buf, size_t buf_len, const char *format, va_list list)
{
    struct out o = { buf, buf_len, 0 };
    struct spec s;
    uint64_t v;
    va_list args;
    char c;

    va_copy(args, list);
    for (const char *f = format; *f; f++) {
        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        f = read_spec(f + 1, &s, &args);
        switch (*f) {
        case 'c':
            c = (char)va_arg(args, int);
            put_field(&o, &s, "", &c, 1);
            break;
        case 's':
            put_string(&o, &s, va_arg(args, const char *));
            break;
        case 'd':
        case 'i':
            put_signed(&o, &s, s.size ? va_arg(args, long) : va_arg(args, int));
            break;
        case 'u':
        case 'x':
        case 'X':
        case 'o':
            v = s.size ? va_arg(args, unsigned long) : va_arg(args, unsigned);
            put_number(&o, &s, v,
                       *f == 'u'   ? 10
                       : *f == 'o' ? 8
                                   : 16,
                       *f == 'X', s.alt && *f == 'x' ? "0x" : "");
            break;
        case 'p':
            put_number(&o, &s, va_arg(args, uint64_t), 16, false, "0x");
            break;
        case '%':
            put(&o, '%');
            break;
        default:
            put(&o, '%');
            f--;
        }
    }
    va_end(args);
    if (buf_len > 0)
        buf[MIN(o.len, buf_len - 1)] = 0;
    return (int)o.len;
}

int snprintf(char *buf, size_t buf_len, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(buf, buf_len, format, args);
    va_end(args);
    return len;
}

void kprintf(const char *format, ...)
{
    char line[LINE_MAX];
    va_list args;
    size_t len;

    if (!kprintf_sink)
        return;
    memcpy(line, "samara: ", 8);
    va_start(args, format);
    len = 8 + (size_t)vsnprintf(line + 8, sizeof(line) - 9, format, args);
    va_end(args);
    len = MIN(len, sizeof(line) - 2);
    if (line[len - 1] != '\n')
        line[len++] = '\n';
    kprintf_sink(line, len);
}
