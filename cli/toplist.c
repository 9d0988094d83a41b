/* SPDX-License-Identifier: BSD-2-Clause */
/* toplist.c - see toplist.h: the looks. */
#include "cli/toplist.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/clock.h"
#include "host/fault.h"

#define ANSWER_S 2u /* for each answer: the others are to be seen, too */

static bool is_wanted(const struct toplist *list, const struct guest *g)
{
    size_t i;

    if (g->state >= GUEST_EXITED)
        return false;
    for (i = 0; i < list->name_count; i++)
        if (strcmp(list->names[i], g->name) == 0 ||
            strncmp(list->names[i], g->id, strlen(list->names[i])) == 0)
            return true;
    return list->name_count == 0;
}

/* Who is named must be there at the beginning. */
static int names_check(const struct toplist *list, struct fault *fault)
{
    size_t i;
    int err = 0;

    for (i = 0; i < list->name_count && err == 0; i++) {
        struct guest g;

        err = registry_find(list->names[i], &g, fault);
        if (err == 0)
            guest_fini(&g);
    }
    return err;
}

static struct toplist_guest *find(struct toplist_guest *in, size_t count,
                                  const char *id)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (strcmp(in[i].guest->id, id) == 0)
            return &in[i];
    return NULL;
}

static void look(struct toplist_guest *t, struct toplist_guest *old)
{
    uint64_t now_ns = clock_ns(CLOCK_REALTIME);
    struct fault ignored; /* the host's half is there */

    (void)usage_read(t->guest, ANSWER_S, &t->now, &ignored);
    if (old) {
        t->before = old->now;
        t->has_before = true;
        old->now = (struct usage){ 0 };
    }
    usage_rates(&t->now,
                t->has_before && t->before.is_inside == t->now.is_inside
                    ? &t->before
                    : NULL,
                now_ns > t->guest->start_ns ? now_ns - t->guest->start_ns : 0,
                &t->rates);
}

static void guests_free(struct toplist_guest *guest, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        usage_fini(&guest[i].now);
        usage_fini(&guest[i].before);
    }
    free(guest);
}

int toplist_look(struct toplist *list, struct fault *fault)
{
    struct toplist old = *list;
    int err = old.guest ? 0 : names_check(list, fault);
    size_t i;

    if (err == 0)
        err = registry_list(&list->all, fault);
    if (err) {
        list->all = old.all;
        return err;
    }
    list->guest = mem_alloc((list->all.count + 1) * sizeof(list->guest[0]));
    list->count = 0;
    for (i = 0; i < list->all.count; i++) {
        struct toplist_guest *t = &list->guest[list->count];

        if (!is_wanted(list, &list->all.guest[i]))
            continue;
        t->guest = &list->all.guest[i];
        look(t, find(old.guest, old.count, t->guest->id));
        list->count++;
    }
    guests_free(old.guest, old.count);
    guests_fini(&old.all);
    return 0;
}

void toplist_fini(struct toplist *list)
{
    guests_free(list->guest, list->count);
    guests_fini(&list->all);
    list->guest = NULL;
    list->count = 0;
}
