/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap.c - kernel memory in any size.
 *
 * Small objects come from slabs: a page cut into objects of one size class,
 * the free ones linked through their first word. Which class a page serves and
 * how many of its objects are in use is kept beside the page (page_tag), so
 * objects carry no header. A page whose last object is freed goes back, unless
 * it is the class's only one. Larger requests are blocks of whole pages.
 */
#include "mm/heap.h"

#include "core/panic.h"
#include "core/string.h"
#include "mm/page.h"

#define TAG_LARGE 0xffu

static const uint16_t class_len[] = {
    32, 64, 96, 128, 192, 256, 512, 1024, 2048
};
#define CLASS_COUNT ARRAY_LEN(class_len)
#define SMALL_MAX   2048u

struct object {
    struct object *next;
};

/* Free objects of each class, from any of its pages. */
static struct object *free_objects[CLASS_COUNT];
static uint32_t slab_count[CLASS_COUNT];

static unsigned class_of(size_t len)
{
    unsigned c = 0;

    while (class_len[c] < len)
        c++;
    return c;
}

static paddr_t page_of_object(const void *p)
{
    return page_pa(p) & ~PAGE_MASK;
}

/* Cut a fresh page into objects, last one first: low addresses go out first. */
static bool grow(unsigned class)
{
    paddr_t pa = page_alloc();
    unsigned len = class_len[class];

    if (!pa)
        return false;
    *page_tag(pa) = (uint8_t) class;
    *page_count_word(pa) = 0;
    slab_count[class]++;
    for (unsigned off = (PAGE_SIZE / len - 1) * len;; off -= len) {
        struct object *o = (struct object *)((char *)page_ptr(pa) + off);

        o->next = free_objects[class];
        free_objects[class] = o;
        if (off == 0)
            return true;
    }
}

static void *alloc_large(size_t len)
{
    unsigned order = 0;
    paddr_t pa;

    while (order <= PAGE_ORDER_MAX && (PAGE_SIZE << order) < len)
        order++;
    pa = page_alloc_order(order);
    if (!pa)
        return NULL;
    *page_tag(pa) = TAG_LARGE;
    return page_ptr(pa);
}

void *kmalloc(size_t len)
{
    struct object *o;
    unsigned class;

    if (len > SMALL_MAX)
        return alloc_large(len);
    class = class_of(len);
    if (!free_objects[class] && !grow(class))
        return NULL;
    o = free_objects[class];
    free_objects[class] = o->next;
    ++*page_count_word(page_of_object(o));
    return o;
}

void *kzalloc(size_t len)
{
    void *p = kmalloc(len);

    if (p)
        memset(p, 0, len);
    return p;
}

/* All objects of the page are on the free list: take them off. */
static void release_page(unsigned class, paddr_t pa)
{
    struct object **link = &free_objects[class];

    while (*link) {
        if (page_of_object(*link) == pa)
            *link = (*link)->next;
        else
            link = &(*link)->next;
    }
    slab_count[class]--;
    page_put(pa);
}

void kfree(void *p)
{
    struct object *o = p;
    paddr_t pa;
    unsigned class;

    if (!p)
        return;
    pa = page_of_object(p);
    class = *page_tag(pa);
    if (class == TAG_LARGE) {
        page_free_order(pa, page_order(pa));
        return;
    }
    ASSERT(class < CLASS_COUNT);
    ASSERT_OP(*page_count_word(pa), >, 0);
    o->next = free_objects[class];
    free_objects[class] = o;
    if (--*page_count_word(pa) == 0 && slab_count[class] > 1)
        release_page(class, pa);
}

static size_t usable_len(const void *p)
{
    paddr_t pa = page_of_object(p);
    unsigned class = *page_tag(pa);

    return class == TAG_LARGE ? PAGE_SIZE << page_order(pa) : class_len[class];
}

void *krealloc(void *old, size_t len)
{
    void *p;

    if (!old)
        return kmalloc(len);
    if (len <= usable_len(old))
        return old;
    p = kmalloc(len);
    if (!p)
        return NULL;
    memcpy(p, old, usable_len(old));
    kfree(old);
    return p;
}
