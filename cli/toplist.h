/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * toplist.h - guests looked at again and again, and a picture of them.
 *
 * What:      toplist_look() looks at every guest that runs, keeps what the look
 *            before found, and has the rates between the two; topview_text()
 *            makes lines of them.
 * Ownership: toplist_fini() frees what a list holds; texts are the caller's.
 * Errors:    0 or -errno with a fault. A guest that cannot be looked into is
 *            shown with what the host knows.
 */
#ifndef CLI_TOPLIST_H
#define CLI_TOPLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/registry.h"
#include "cli/usage.h"

struct fault;

struct toplist_guest {
    const struct guest *guest; /* in the list's `all` */
    struct usage now, before;
    bool has_before;
    struct usage_rates rates;
};

struct toplist {
    char **names; /* only these; the caller's */
    size_t name_count;
    struct guests all;
    struct toplist_guest *guest;
    size_t count;
};

int toplist_look(struct toplist *list, struct fault *fault);
void toplist_fini(struct toplist *list);

/* How it is shown. */
struct topview {
    unsigned columns; /* of the screen; 0: no limit, and no colours */
    unsigned sort;    /* which column */
    bool reverse, threads, help;
    bool only; /* the selected one */
    char selected[GUEST_ID_LEN + 1];
};

#define TOPVIEW_DEFAULT \
    {                   \
        .sort = 2       \
    }

/* By a column's name. -EINVAL: there is none of this name */
int topview_sort(struct topview *v, const char *name, struct fault *fault);
void topview_sort_next(struct topview *v, int step);
/* The next guest, or the one before, in the order of the picture. */
void topview_select(struct topview *v, const struct toplist *list, int step);
char *topview_text(const struct topview *v, const struct toplist *list);

#endif
