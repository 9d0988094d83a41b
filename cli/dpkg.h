/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dpkg.h - which files the Debian packages of this host brought.
 *
 * What:      reads the database of dpkg: its file `status`, in the format of
 *            deb-control(5), and info/NAME.list. It lies in $DPKG_ADMINDIR, as
 *            for dpkg, or in /var/lib/dpkg.
 * Ownership: dpkg_fini() frees.
 * Errors:    0 or -errno with a fault that names the package.
 */
#ifndef CLI_DPKG_H
#define CLI_DPKG_H

#include <stdbool.h>
#include <stddef.h>

#include "host/memory.h"

struct fault;

struct dpkg_package {
    char *name;
    char *arch;
    char *source;      /* what it was built from; its own name as a rule */
    char *depends;     /* Pre-Depends and Depends */
    char *provides;    /* both in the form of the field; may be empty */
    bool is_base;      /* every system has it */
    bool is_taken;     /* by dpkg_take() ... */
    struct list files; /* ... and what it brought then, directories as well */
};

struct dpkg {
    const char *dir;
    struct dpkg_package *package; /* those that are installed */
    size_t count;
};

int dpkg_open(struct dpkg *db, struct fault *fault);
void dpkg_fini(struct dpkg *db);

/*
 * Take the package, those that it depends on, and so on, unless they are taken.
 * What every system has is passed over, but for `name` itself. The directories
 * below /etc that belong to packages of the same source, and to no others, are
 * appended to configs: all that they hold is this program's, whoever made it.
 *   -ENOENT  it is not installed
 */
int dpkg_take(struct dpkg *db, const char *name, struct list *configs,
              struct fault *fault);

#endif
