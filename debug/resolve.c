/* SPDX-License-Identifier: BSD-2-Clause */
/* resolve.c - names for what was sampled: see profile.h. */
#include <stdlib.h>
#include <string.h>

#include "cli/core.h"
#include "debug/guestfile.h"
#include "debug/jitmap.h"
#include "debug/profile.h"
#include "debug/sampler.h"
#include "debug/symbolise.h"
#include "host/fault.h"
#include "host/memory.h"
#include "host/path.h"

/* Functions by name and object, while they are gathered. */
struct naming {
    struct profile *p;
    struct symbolise *symbols;
    struct jitmap jit;
    size_t *bucket; /* index + 1; open addressing */
    size_t bucket_count;
    size_t function_room;
};

static int compare_u64(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

static int compare_i32(const void *a, const void *b)
{
    int32_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

/* ---- objects and functions ---- */

static size_t object_get(struct profile *p, const char *path)
{
    size_t i;

    for (i = 0; i < p->object_count; i++)
        if (strcmp(p->object[i], path) == 0)
            return i;
    p->object = mem_resize(p->object, (i + 1) * sizeof(p->object[0]));
    p->object[i] = mem_strdup(path);
    p->object_count++;
    return i;
}

static size_t name_hash(const char *name, size_t object)
{
    size_t h = object + 0x811c9dc5u;

    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 0x01000193u;
    return h;
}

/* Takes name. */
static size_t function_get(struct naming *n, char *name, size_t object,
                           const char *file)
{
    struct profile *p = n->p;
    size_t at = name_hash(name, object) & (n->bucket_count - 1);

    for (; n->bucket[at] != 0; at = (at + 1) & (n->bucket_count - 1)) {
        struct profile_function *f = &p->function[n->bucket[at] - 1];

        if (f->object != object || strcmp(f->name, name) != 0)
            continue;
        free(name);
        return n->bucket[at] - 1;
    }
    if (p->function_count == n->function_room) {
        n->function_room = n->function_room * 2 + 256;
        p->function =
            mem_resize(p->function, n->function_room * sizeof(p->function[0]));
    }
    p->function[p->function_count] = (struct profile_function){
        .name = name,
        .file = file ? mem_strdup(file) : NULL,
        .object = object,
    };
    n->bucket[at] = ++p->function_count;
    return p->function_count - 1;
}

/* Control characters, and what separates the columns of folded stacks. */
static char *clean(char *name)
{
    char *c;

    for (c = name; *c; c++)
        if ((uint8_t)*c < ' ' || *c == 0x7f || *c == ';')
            *c = '?';
    return name;
}

/* Without the version that libraries give their symbols. */
static char *function_name(const char *symbol)
{
    char *plain = mem_strndup(symbol, strcspn(symbol, "@"));
    char *name = symbolise_demangle(plain);

    free(plain);
    return name;
}

static size_t place_function(struct naming *n, const struct symbolise_place *pl)
{
    const char *object = pl->object      ? pl->object
                         : pl->is_mapped ? "[no file]"
                                         : "[unknown]";
    char *name = pl->function ? function_name(pl->function)
                 : pl->object && pl->object[0] == '/'
                     ? mem_printf("[%s]", path_base(pl->object))
                     : mem_strdup(object);
    char *clean_object = clean(mem_strdup(object));
    size_t i =
        function_get(n, clean(name), object_get(n->p, clean_object), pl->file);

    free(clean_object);
    return i;
}

/* ---- code made at run time ---- */

/* The program may have written what it is. */
static void jit_read(struct naming *n, struct sampler *s)
{
    char *name = mem_printf("perf-%d.map", s->core.process.pid);
    struct buf file = { 0 };
    struct fault ignored;

    if (guestfile_read(&s->core.in, "tmp", name, &file, &ignored) == 0)
        jitmap_parse(&file, &n->jit);
    buf_fini(&file);
    free(name);
}

static void jit_find(const struct naming *n, uint64_t pc,
                     struct symbolise_place *place)
{
    const struct jitmap_code *code =
        place->object ? NULL : jitmap_find(&n->jit, pc);

    if (!code)
        return;
    place->object = "[jit]";
    place->function = code->name;
}

/* ---- sites ---- */

static void sites_resolve(struct naming *n)
{
    struct profile *p = n->p;
    uint64_t *pc = mem_alloc((p->stacks.pc_count + 1) * sizeof(*pc));
    size_t i;

    if (p->stacks.pc_count > 0)
        memcpy(pc, p->stacks.pc, p->stacks.pc_count * sizeof(*pc));
    qsort(pc, p->stacks.pc_count, sizeof(*pc), compare_u64);
    p->site = mem_alloc((p->stacks.pc_count + 1) * sizeof(p->site[0]));
    for (i = 0; i < p->stacks.pc_count; i++) {
        struct symbolise_place place;

        if (i > 0 && pc[i] == pc[i - 1])
            continue;
        symbolise_find(n->symbols, pc[i], &place);
        jit_find(n, pc[i], &place);
        p->site[p->site_count++] = (struct profile_site){
            .pc = pc[i],
            .function = place_function(n, &place),
            .line = place.line,
        };
    }
    free(pc);
}

size_t profile_site_of(const struct profile *p, uint64_t pc)
{
    size_t low = 0, high = p->site_count - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (p->site[middle].pc < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- threads ---- */

size_t profile_thread_of(const struct profile *p, int32_t tid)
{
    const int32_t *t = bsearch(&tid, p->thread, p->thread_count,
                               sizeof(p->thread[0]), compare_i32);

    return (size_t)(t - p->thread);
}

static void threads_resolve(struct naming *n, const struct sampler *s)
{
    struct profile *p = n->p;
    size_t i, object = object_get(p, "[thread]"), count = 0;

    p->thread = mem_alloc((p->stacks.stack_count + 1) * sizeof(p->thread[0]));
    for (i = 0; i < p->stacks.stack_count; i++)
        p->thread[i] = p->stacks.stack[i].tid;
    qsort(p->thread, p->stacks.stack_count, sizeof(p->thread[0]), compare_i32);
    for (i = 0; i < p->stacks.stack_count; i++)
        if (i == 0 || p->thread[i] != p->thread[i - 1])
            p->thread[count++] = p->thread[i];
    p->thread_count = count;
    p->thread_function = mem_alloc((count + 1) * sizeof(size_t));
    for (i = 0; i < count; i++) {
        const char *name = sampler_thread_name(s, p->thread[i]);

        p->thread_function[i] = function_get(
            n, clean(mem_printf("%s/%d", name ? name : "thread", p->thread[i])),
            object, NULL);
    }
}

/* ---- counting ---- */

unsigned profile_row(const struct profile *p, const struct stack_seen *seen,
                     size_t *out)
{
    unsigned i, count = 0;

    if (p->threads)
        out[count++] = p->thread_function[profile_thread_of(p, seen->tid)];
    for (i = seen->count; i-- > 0;)
        out[count++] =
            p->site[profile_site_of(p, p->stacks.pc[seen->first + i])].function;
    return count;
}

static void count_functions(struct profile *p)
{
    static size_t row[PROFILE_DEPTH_MAX];
    size_t i;

    for (i = 0; i < p->stacks.stack_count; i++) {
        const struct stack_seen *seen = &p->stacks.stack[i];
        unsigned k, count = profile_row(p, seen, row);

        p->function[row[count - 1]].self += seen->samples;
        for (k = 0; k < count; k++) {
            struct profile_function *f = &p->function[row[k]];

            if (f->last_seen != i + 1) /* once, however often it recurs */
                f->total += seen->samples;
            f->last_seen = i + 1;
        }
    }
}

void profile_resolve(struct profile *p, struct sampler *s)
{
    struct naming n = { .p = p, .symbols = s->symbols, .bucket_count = 1024 };

    while (n.bucket_count < 2 * (p->stacks.pc_count + p->stacks.stack_count))
        n.bucket_count *= 2;
    n.bucket = mem_alloc(n.bucket_count * sizeof(n.bucket[0]));
    jit_read(&n, s);
    sites_resolve(&n);
    if (p->threads)
        threads_resolve(&n, s);
    count_functions(p);
    jitmap_fini(&n.jit);
    free(n.bucket);
}

void profile_fini(struct profile *p)
{
    size_t i;

    for (i = 0; i < p->object_count; i++)
        free(p->object[i]);
    for (i = 0; i < p->function_count; i++) {
        free(p->function[i].name);
        free(p->function[i].file);
    }
    free(p->object);
    free(p->function);
    free(p->site);
    free(p->thread);
    free(p->thread_function);
    stacks_fini(&p->stacks);
}
