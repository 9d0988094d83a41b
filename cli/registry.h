/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.h - the guests of this user: a directory each, and no daemon.
 *
 * What:      $XDG_RUNTIME_DIR/samara/ID/ (root: /run/samara/ID/) holds info,
 *            lines of "key value" that the guest's own process writes at its
 *            start; `name`, if it was renamed; and what keeper.h adds. The
 *            process of the guest holds an exclusive flock() on info, and adds
 *            "exit STATUS" at its end: so who looks needs to trust no process
 *            id, and a guest that was killed is seen to be gone. What a guest
 *            in the foreground leaves is removed by whoever sees it next.
 * Ownership: lists and guests are the caller's to free, by their fini.
 * Context:   any number of commands at once: what could collide, names and
 *            removal, happens under a flock() on the directory's `lock`.
 * Errors:    0 or -errno with a fault; -ENOENT when no guest has that name.
 * Units:     _ns since 1970.
 */
#ifndef CLI_REGISTRY_H
#define CLI_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/guest.h"
#include "host/memory.h"

struct fault;

#define GUEST_NAME_MAX 63u

struct guests {
    struct guest *guest; /* oldest first */
    size_t count;
};

/* What a new guest says about itself. */
struct guest_facts {
    const char *name; /* NULL: one is made of the program's name */
    const char *exe;
    const struct list *args;
    const char *image;
    const char *ports;
    uint64_t ram_len;
    unsigned cpu_count;
    bool is_qemu, is_detached, has_tty, is_transient;
};

/* -EINVAL: a guest cannot be called that. */
int registry_name_check(const char *name, struct fault *fault);
/*
 * A directory of its own for a guest to be. With a name: not while another has
 * it.
 *   -EEXIST  the name is taken
 *   -EINVAL  it is none
 */
int registry_create(const char *name, char **dir_out, struct fault *fault);
/*
 * Called by the process that will be the guest: write info and lock it.
 * The descriptor stays open to the end; whoever ends it notes the exit status
 * there. -1 with a fault.
 */
int registry_announce(const char *dir, const struct guest_facts *facts,
                      struct fault *fault);
/* One more line: "child PID", "exit STATUS". Failures are not reported. */
void registry_note(int info_fd, const char *key, long value);
/* The guest never started, or is to leave nothing. */
void registry_remove(const char *dir);

/* Everybody; on the way, what transient guests left is removed. */
int registry_list(struct guests *out, struct fault *fault);
void guests_fini(struct guests *guests);

/* By name, or by the beginning of its id if only one has it. */
int registry_find(const char *who, struct guest *out, struct fault *fault);
/* Remove what is left of a guest that has ended. -EBUSY: it has not. */
int guest_remove(const struct guest *g, struct fault *fault);
int guest_rename(const struct guest *g, const char *name, struct fault *fault);

#endif
