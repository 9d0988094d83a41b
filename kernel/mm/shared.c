/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared.c - see shared.h. The pages hang in a radix tree of page-sized nodes,
 * as high as the object's length asks for; what was never touched costs none.
 */
#include "mm/shared.h"

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/page.h"

#define FANOUT_SHIFT 9u
#define FANOUT       (1u << FANOUT_SHIFT)
#define HEIGHT_MAX   4u /* 2^36 pages: more than addresses reach */

struct shared {
    struct vm_object object;
    unsigned refs;
    unsigned height; /* levels of nodes; 1: the root's entries are pages */
    uint64_t page_count;
    uint64_t number;  /* shown as inode */
    uint64_t present; /* pages that exist */
    paddr_t root;     /* 0: nothing yet */
};

static uint64_t last_number;

static struct shared *shared_of(struct vm_object *obj)
{
    return CONTAINER_OF(obj, struct shared, object);
}

/* Where the page's address is kept. NULL: not there, or out of memory. */
static uint64_t *find_slot(struct shared *m, uint64_t idx, bool create)
{
    uint64_t *slot = &m->root;

    for (unsigned level = m->height; level > 0; level--) {
        uint64_t *node;

        if (*slot == 0 && create)
            *slot = page_alloc_zeroed();
        if (*slot == 0)
            return NULL;
        page_set_kind(*slot, RECORDS_PAGE_SHARED);
        node = page_ptr(*slot);
        slot = &node[idx >> ((level - 1) * FANOUT_SHIFT) & (FANOUT - 1)];
    }
    return slot;
}

static int shared_page(struct vm_object *obj, uint64_t idx, bool want_write,
                       paddr_t *pa_out)
{
    struct shared *m = shared_of(obj);
    uint64_t *slot;

    (void)want_write;
    if (idx >= m->page_count)
        return -ENXIO;
    slot = find_slot(m, idx, true);
    if (slot && *slot == 0) {
        *slot = page_alloc_zeroed();
        m->present += *slot != 0;
        if (*slot != 0)
            page_set_kind(*slot, RECORDS_PAGE_SHARED);
    }
    if (!slot || *slot == 0)
        return -ENOMEM;
    *pa_out = *slot;
    page_get(*slot);
    return 0;
}

static void shared_ref(struct vm_object *obj)
{
    shared_of(obj)->refs++;
}

/* Give back all pages and nodes, depth first, without recursion. */
static void free_tree(struct shared *m)
{
    struct {
        uint64_t *node;
        unsigned next;
    } path[HEIGHT_MAX];
    unsigned depth = 1;

    if (m->root == 0)
        return;
    path[0].node = page_ptr(m->root);
    path[0].next = 0;
    while (depth > 0) {
        uint64_t *node = path[depth - 1].node;
        uint64_t child;

        if (path[depth - 1].next == FANOUT) {
            page_put(page_pa(node));
            depth--;
            continue;
        }
        child = node[path[depth - 1].next++];
        if (child == 0)
            continue;
        if (depth == m->height) {
            page_put(child);
            continue;
        }
        path[depth].node = page_ptr(child);
        path[depth].next = 0;
        depth++;
    }
}

static void shared_unref(struct vm_object *obj)
{
    struct shared *m = shared_of(obj);

    ASSERT(m->refs > 0);
    if (--m->refs > 0)
        return;
    free_tree(m);
    kfree(m);
}

static void shared_name(struct vm_object *obj, char *buf, size_t buf_len)
{
    (void)obj;
    strlcpy(buf, "/dev/zero (deleted)", buf_len);
}

static void shared_id(struct vm_object *obj, struct vm_object_id *out)
{
    *out = (struct vm_object_id){ .dev = 1, .ino = shared_of(obj)->number };
}

static int shared_remove(struct vm_object *obj, uint64_t first, uint64_t count)
{
    struct shared *m = shared_of(obj);
    uint64_t end = MIN(first + count, m->page_count);

    vm_object_zap(obj, first, count, true);
    for (uint64_t idx = first; idx < end; idx++) {
        uint64_t *slot = find_slot(m, idx, false);

        if (!slot) { /* nothing up to the end of the lowest node */
            idx |= FANOUT - 1;
            continue;
        }
        if (*slot) {
            page_put(*slot);
            m->present--;
        }
        *slot = 0;
    }
    return 0;
}

static const struct vm_object_ops shared_ops = {
    .page = shared_page,
    .remove = shared_remove,
    .ref = shared_ref,
    .unref = shared_unref,
    .name = shared_name,
    .id = shared_id,
    .is_memory = true,
};

uint64_t shared_page_count(struct vm_object *obj)
{
    return shared_of(obj)->present;
}

struct vm_object *shared_create(uint64_t page_count)
{
    struct shared *m = kzalloc(sizeof(*m));

    if (!m)
        return NULL;
    vm_object_init(&m->object, &shared_ops);
    m->refs = 1;
    m->page_count = page_count;
    m->number = ++last_number;
    m->height = 1;
    while (m->height < HEIGHT_MAX &&
           page_count > 1ull << (m->height * FANOUT_SHIFT))
        m->height++;
    return &m->object;
}
