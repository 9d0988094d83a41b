/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_memory.c - where a guest's memory went: see map.h.
 *
 * The kernel's heap has no kinds of its own: a piece is known by the table of
 * operations that one of its first words points to, else by its length.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest.h"
#include "debug/map.h"
#include "debug/pageframes.h"
#include "debug/stopped.h"
#include "debug/symbolise.h"
#include "host/fault.h"

#define CHUNK_PAGES 16u /* of the heap, read at once */
#define HEAP_BEGIN  8u  /* abi/records.h */
#define HEAP_END    (FRAME_LEN - 8u)
#define HEADER_LEN  8u
#define WORDS       8u    /* of a piece that are looked at */
#define NAME_CACHE  1024u /* a power of two */

static const char *const kind_names[FRAME_KIND_COUNT] = {
    [FRAME_BOOT] = "kernel: areas of CPUs, first page tables",
    [FRAME_ROOT] = "the image's root, loaded",
    [FRAME_TEXT] = "kernel: its text, loaded",
    [FRAME_KERNEL] = "kernel: its data",
    [FRAME_DESCRIPTIONS] = "kernel: descriptions of pages",
    [FRAME_FRESH] = "free, never used",
    [FRAME_FREE] = "free",
    [FRAME_PROGRAM] = "program: pages that are not mapped now",
    [FRAME_TABLE] = "page tables",
    [FRAME_HEAP] = "kernel: heap",
    [FRAME_BLOCK] = "kernel: heap, pages",
    [FRAME_FILE] = "files in memory",
    [FRAME_SHARED] = "program: shared memory",
    [FRAME_PIPE] = "pipes",
    [FRAME_NET] = "network: received frames",
    [FRAME_RING] = "kernel: rings of devices and tools",
    [FRAME_KSTACK] = "kernel: stacks of threads",
    [FRAME_ANONYMOUS] = "program: anonymous memory",
    [FRAME_BRK] = "program: heap (brk)",
    [FRAME_STACK] = "program: stacks",
    [FRAME_PRIVATE] = "program: pages of files that it has written",
};

struct named {
    uint64_t va;
    char *name; /* NULL: nothing begins there */
};

struct heap {
    struct core *core;
    struct symbolise *symbols; /* NULL: by lengths alone */
    struct named cache[NAME_CACHE];
    struct tally *out;
};

/* ---- the kernel's heap ---- */

/* The symbol that begins at va, if any. */
static const char *symbol_at(struct heap *h, uint64_t va)
{
    struct named *n = &h->cache[va * 0x9e3779b97f4a7c15ull >> 54];
    struct symbolise_place place;

    if (n->va == va)
        return n->name;
    free(n->name);
    *n = (struct named){ .va = va };
    if (symbolise_find(h->symbols, va, &place) && place.function &&
        place.function_off == 0)
        n->name = mem_strdup(place.function);
    return n->name;
}

_Static_assert(NAME_CACHE == 1u << (64 - 54), "as many as the hash gives");

/* data: what the piece holds. */
static void piece_add(struct heap *h, const uint8_t *data, uint32_t len)
{
    const struct control_hello *hello = &h->core->in.hello;
    const char *name = NULL;
    char text[160];
    unsigned i;

    for (i = 0; h->symbols && !name && i < WORDS && 8 * i + 8 <= len; i++) {
        uint64_t word;

        memcpy(&word, data + 8 * i, sizeof(word));
        if (word - hello->kernel_va < hello->kernel_len)
            name = symbol_at(h, word);
    }
    if (name)
        snprintf(text, sizeof(text), "%u bytes, %s", len, name);
    else
        snprintf(text, sizeof(text), "%u bytes", len);
    tally_add(h->out, text, len, 1);
}

/* Whatever it holds, its parts sum up to a page. */
static void row_add(struct heap *h, const uint8_t *page)
{
    uint32_t at = HEAP_BEGIN, len_used, len;

    tally_add(h->out, "lengths of pieces", FRAME_LEN - HEAP_END + HEAP_BEGIN,
              0);
    while (at < HEAP_END) {
        memcpy(&len_used, page + at, sizeof(len_used));
        len = len_used & ~3u;
        if (len <= HEADER_LEN || len > HEAP_END - at) {
            tally_add(h->out, "damaged", HEAP_END - at, 0);
            return;
        }
        tally_add(h->out, "lengths of pieces", HEADER_LEN, 0);
        if ((len_used & 3) == 1)
            piece_add(h, page + at + HEADER_LEN, len - HEADER_LEN);
        else
            tally_add(h->out, "free pieces", len - HEADER_LEN, 1);
        at += len;
    }
}

static int heap_read(struct heap *h, const struct frames_map *m,
                     struct fault *fault)
{
    static uint8_t pages[CHUNK_PAGES * FRAME_LEN];
    size_t i = 0, n, k;
    int err = 0;

    while (err == 0 && i < m->count) {
        uint64_t gpa = frames_map_gpa(m, i);

        for (n = 0; n < CHUNK_PAGES && i + n < m->count &&
                    m->kind[i + n] == FRAME_HEAP &&
                    frames_map_gpa(m, i + n) == gpa + n * FRAME_LEN;)
            n++;
        if (n > 0)
            err =
                inside_read_pa(&h->core->in, gpa, pages, n * FRAME_LEN, fault);
        for (k = 0; err == 0 && k < n; k++)
            row_add(h, pages + k * FRAME_LEN);
        i += n > 0 ? n : 1;
    }
    for (i = 0; i < NAME_CACHE; i++)
        free(h->cache[i].name);
    return err;
}

/* ---- all of it ---- */

static void kinds_add(const struct frames_map *m, struct tally *t)
{
    uint64_t count[FRAME_KIND_COUNT] = { 0 };
    size_t i;

    for (i = 0; i < m->count; i++)
        count[m->kind[i]]++;
    for (i = 0; i < FRAME_KIND_COUNT; i++)
        tally_add(t, kind_names[i], count[i] * FRAME_LEN, 0);
}

/* The guest is stopped. */
static int stopped_map(struct core *c, struct symbolise *symbols,
                       bool is_loaded, struct map_memory *out,
                       struct fault *fault)
{
    static struct heap heap;
    struct frames_map m;
    int err = frames_map_init(&m, c, is_loaded, fault);

    heap = (struct heap){ .core = c, .symbols = symbols, .out = &out->heap };
    if (err == 0)
        err = frames_map_allocator(&m, fault);
    if (err == 0)
        err = frames_map_program(&m, fault);
    if (err == 0)
        err = heap_read(&heap, &m, fault);
    if (err == 0)
        kinds_add(&m, &out->memory);
    frames_map_fini(&m);
    return err;
}

int map_memory(const struct guest *g, struct map_memory *out,
               struct fault *fault)
{
    static struct core c;
    struct symbolise *symbols = NULL;
    const struct control_hello *h = &c.in.hello;
    struct fault ignored;
    int err = inside_open(&c.in, g, fault);

    *out = (struct map_memory){
        .memory = { .name = "memory", .title = "The guest's memory" },
        .heap = { .name = "heap",
                  .title = "The kernel's heap in it, by what pieces begin with "
                           "or their length" },
    };
    if (err)
        return err;
    if (symbolise_open(g->image, &symbols, &ignored) == 0)
        symbolise_kernel(symbols, h->kernel_va, h->kernel_len, h->build_id);
    frames_open(&c.frames, h->build_id, sizeof(h->build_id));
    err = stopped_gather(&c, core_gather, fault);
    if (err == 0)
        err = stopped_map(&c, symbols, strcmp(g->machine, "monitor") != 0, out,
                          fault);
    inside_close(&c.in);
    frames_fini(&c.frames);
    core_fini(&c);
    symbolise_close(symbols);
    if (err)
        map_memory_fini(out);
    return err;
}

void map_memory_fini(struct map_memory *m)
{
    tally_fini(&m->memory);
    tally_fini(&m->heap);
}
