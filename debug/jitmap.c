/* SPDX-License-Identifier: BSD-2-Clause */
/* jitmap.c - see jitmap.h. */
#include "debug/jitmap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/memory.h"

#define LEN_MAX   (1ull << 30) /* of one function */
#define LOOKS_MAX 4096u        /* at those that may reach up to an address */

static bool line_parse(char *line, struct jitmap_code *out)
{
    char *end;

    out->start = strtoull(line, &end, 16);
    if (end == line || *end != ' ')
        return false;
    line = end;
    out->len = strtoull(line, &end, 16);
    if (end == line || *end != ' ' || out->len == 0 || out->len > LEN_MAX)
        return false;
    out->name = end + strspn(end, " ");
    return *out->name != '\0';
}

static int compare(const void *a, const void *b)
{
    const struct jitmap_code *x = a, *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

void jitmap_parse(const struct buf *file, struct jitmap *out)
{
    size_t room = 0, line = 0;
    char *rest, *text;

    *out = (struct jitmap){ 0 };
    if (file->len == 0)
        return;
    rest = out->text = mem_strndup((const char *)file->data, file->len);
    while ((text = strsep(&rest, "\n"))) {
        struct jitmap_code code = { .line = line++ };

        if (!line_parse(text, &code))
            continue;
        if (out->count == room) {
            room = room * 2 + 1024;
            out->code = mem_resize(out->code, room * sizeof(out->code[0]));
        }
        out->code[out->count++] = code;
        if (code.len > out->len_max)
            out->len_max = code.len;
    }
    if (out->count > 0)
        qsort(out->code, out->count, sizeof(out->code[0]), compare);
}

void jitmap_fini(struct jitmap *m)
{
    free(m->text);
    free(m->code);
    *m = (struct jitmap){ 0 };
}

const struct jitmap_code *jitmap_find(const struct jitmap *m, uint64_t va)
{
    const struct jitmap_code *best = NULL;
    size_t low = 0, high = m->count;
    unsigned looks = 0;

    while (low < high) { /* the first that starts above va */
        size_t middle = (low + high) / 2;

        if (m->code[middle].start <= va)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low > 0 && looks < LOOKS_MAX; looks++) {
        const struct jitmap_code *c = &m->code[--low];

        if (va - c->start >= m->len_max)
            break;
        if (va - c->start < c->len && (!best || c->line > best->line))
            best = c;
    }
    return best;
}
