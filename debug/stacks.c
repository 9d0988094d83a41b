/* SPDX-License-Identifier: BSD-2-Clause */
/* stacks.c - see stacks.h. */
#include "debug/stacks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/memory.h"

#define BUCKETS_FIRST 1024u

/* FNV-1a, by words. */
static uint64_t hash(int32_t tid, const uint64_t *pc, unsigned count)
{
    uint64_t h = 0xcbf29ce484222325ull ^ (uint32_t)tid;
    unsigned i;

    for (i = 0; i < count; i++) {
        h = (h ^ pc[i]) * 0x100000001b3ull;
        h ^= h >> 29;
    }
    return h;
}

static bool is_same(const struct stacks *s, const struct stack_seen *seen,
                    int32_t tid, const uint64_t *pc, unsigned count)
{
    return seen->tid == tid && seen->count == count &&
           memcmp(s->pc + seen->first, pc, count * sizeof(*pc)) == 0;
}

/* Where it is, or where it would be. */
static size_t bucket_find(const struct stacks *s, int32_t tid,
                          const uint64_t *pc, unsigned count)
{
    size_t at = hash(tid, pc, count) & (s->bucket_count - 1);

    while (s->bucket[at] != 0 &&
           !is_same(s, &s->stack[s->bucket[at] - 1], tid, pc, count))
        at = (at + 1) & (s->bucket_count - 1);
    return at;
}

static void grow(struct stacks *s)
{
    size_t i;

    free(s->bucket);
    s->bucket_count = s->bucket_count ? s->bucket_count * 2 : BUCKETS_FIRST;
    s->bucket = mem_alloc(s->bucket_count * sizeof(s->bucket[0]));
    for (i = 0; i < s->stack_count; i++) {
        const struct stack_seen *seen = &s->stack[i];

        s->bucket[bucket_find(s, seen->tid, s->pc + seen->first, seen->count)] =
            (uint32_t)i + 1;
    }
}

static void make_room(struct stacks *s, unsigned count)
{
    if (s->pc_room < s->pc_count + count) {
        s->pc_room = s->pc_room * 2 + count + BUCKETS_FIRST;
        s->pc = mem_resize(s->pc, s->pc_room * sizeof(s->pc[0]));
    }
    if (s->stack_room == s->stack_count) {
        s->stack_room = s->stack_room * 2 + BUCKETS_FIRST;
        s->stack = mem_resize(s->stack, s->stack_room * sizeof(s->stack[0]));
    }
}

void stacks_add(struct stacks *s, int32_t tid, const uint64_t *pc,
                unsigned count, uint64_t samples)
{
    size_t at;

    s->samples += samples;
    if (s->bucket_count < 2 * (s->stack_count + 1))
        grow(s);
    at = bucket_find(s, tid, pc, count);
    if (s->bucket[at] != 0) {
        s->stack[s->bucket[at] - 1].samples += samples;
        return;
    }
    if (count > STACKS_PC_MAX - s->pc_count) {
        s->samples -= samples;
        s->lost += samples;
        return;
    }
    make_room(s, count);
    memcpy(s->pc + s->pc_count, pc, count * sizeof(*pc));
    s->stack[s->stack_count++] =
        (struct stack_seen){ s->pc_count, count, tid, samples };
    s->pc_count += count;
    s->bucket[at] = (uint32_t)s->stack_count;
}

void stacks_fini(struct stacks *s)
{
    free(s->pc);
    free(s->stack);
    free(s->bucket);
    memset(s, 0, sizeof(*s));
}
