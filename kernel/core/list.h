/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.h - doubly linked lists that live inside the objects they link.
 *
 * What:      a struct list is both a head and a link; a head that points to
 *            itself is empty.
 * Ownership: the list owns nothing. An object removes itself before it dies.
 * Context:   anywhere; the caller serialises.
 */
#ifndef CORE_LIST_H
#define CORE_LIST_H

#include "core/types.h"

struct list {
    struct list *next;
    struct list *prev;
};

#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }
#define LIST_ENTRY(p, type, member) CONTAINER_OF(p, type, member)
/* The body may remove `it` itself, nothing else. */
#define LIST_FOR_EACH(it, head)                                               \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
         it = it##_next, it##_next = it->next)

static inline void list_init(struct list *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_insert_before(struct list *pos, struct list *link)
{
    struct list *prev = pos->prev;

    link->prev = prev;
    link->next = pos;
    prev->next = link;
    pos->prev = link;
}

static inline void list_push_back(struct list *head, struct list *link)
{
    list_insert_before(head, link);
}

static inline void list_push_front(struct list *head, struct list *link)
{
    list_insert_before(head->next, link);
}

/* Leaves `link` empty, so that removing it twice does no harm. */
static inline void list_remove(struct list *link)
{
    struct list *prev = link->prev, *next = link->next;

    prev->next = next;
    next->prev = prev;
    list_init(link);
}

static inline struct list *list_pop_front(struct list *head)
{
    struct list *first = head->next;

    if (first == head)
        return NULL;
    list_remove(first);
    return first;
}

#endif
