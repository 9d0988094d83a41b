/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_sites.c - the program's system calls that the kernel made jumps.
 *
 * A debugger has the program's file, in which they are calls: code is shown as
 * it is there, and who waits in a trampoline as waiting behind the call.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/core.h"
#include "host/fault.h"

#define SITE_LEN 128u /* of struct site at most */

static int compare_va(const void *a, const void *b)
{
    const struct core_site *x = a, *y = b;

    return x->va < y->va ? -1 : x->va > y->va;
}

static uint64_t word_at(const uint8_t *site, uint16_t offset)
{
    uint64_t value = 0;

    if (offset + sizeof(value) <= SITE_LEN)
        memcpy(&value, site + offset, sizeof(value));
    return value;
}

static void bytes_at(const uint8_t *site, uint16_t offset, uint8_t *out,
                     size_t len)
{
    memset(out, 0, len);
    if (offset + len <= SITE_LEN)
        memcpy(out, site + offset, len);
}

/* False: it is not of this space, or never was a jump. */
static bool site_parse(const struct core *c, const struct records_sites *r,
                       const uint8_t *site, struct core_site *out)
{
    uint8_t is_dead;

    bytes_at(site, r->is_dead, &is_dead, 1);
    out->va = word_at(site, r->va);
    out->tramp = word_at(site, r->tramp);
    out->is_dead = is_dead != 0;
    if (word_at(site, r->space) != c->space_va ||
        (is_dead && (out->va == 0 || out->tramp == 0)))
        return false;
    bytes_at(site, r->tramp_len, &out->tramp_len, 1);
    bytes_at(site, r->moved_count, &out->moved_count, 1);
    bytes_at(site, r->end_from, &out->end_from, 1);
    bytes_at(site, r->moved, out->moved, sizeof(out->moved));
    bytes_at(site, r->old, out->old, sizeof(out->old));
    return out->moved_count <= RECORDS_MOVED_MAX;
}

/* All of the kernel's sites count for the limit, ours or not. */
static int bucket_read(struct core *c, const struct records_sites *r,
                       uint64_t at, size_t *left, struct fault *fault)
{
    int err = 0;

    while (err == 0 && at != 0 && *left > 0) {
        uint8_t site[SITE_LEN];

        err = inside_read(&c->in, at, site, sizeof(site), fault);
        if (err)
            break;
        (*left)--;
        if (site_parse(c, r, site, &c->site[c->site_count]))
            c->site_count++;
        at = word_at(site, r->next);
    }
    return err;
}

int core_sites_read(struct core *c, struct fault *fault)
{
    struct records_sites r;
    uint64_t bucket[RECORDS_SITE_BUCKETS];
    size_t left = RECORDS_SITE_MAX;
    unsigned i;
    int err = inside_read(&c->in, c->in.records.sites, &r, sizeof(r), fault);

    if (err == 0)
        err = inside_read(&c->in, r.buckets, bucket, sizeof(bucket), fault);
    if (err)
        return err;
    c->site = mem_alloc(left * sizeof(c->site[0]));
    c->post = r.post;
    for (i = 0; err == 0 && i < RECORDS_SITE_BUCKETS; i++)
        err = bucket_read(c, &r, bucket[i], &left, fault);
    qsort(c->site, c->site_count, sizeof(c->site[0]), compare_va);
    return err;
}

uint64_t core_linux_rip(const struct core *c, uint64_t rip)
{
    const struct core_site *s = c->site;
    size_t i;

    for (i = 0; i < c->site_count; i++, s++)
        if (rip - s->tramp < s->tramp_len)
            break;
    if (i == c->site_count)
        return rip;
    if (rip - s->tramp < c->post)
        return s->va;
    for (i = 0; i < s->moved_count; i++)
        if (rip - s->tramp == s->moved[2 * i + 1])
            return s->va + s->moved[2 * i];
    return s->va + s->end_from;
}

void core_sites_restore(const struct core *c, uint64_t va, uint8_t *data,
                        size_t len)
{
    size_t low = 0, high = c->site_count;
    unsigned i;

    /* The first site that ends behind va. */
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (c->site[middle].va + RECORDS_CODE_LEN <= va)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < c->site_count && c->site[low].va < va + len; low++)
        for (i = 0; !c->site[low].is_dead && i < RECORDS_CODE_LEN; i++)
            if (c->site[low].va + i - va < len)
                data[c->site[low].va + i - va] = c->site[low].old[i];
}
