/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree.h - the list of files that an image's root will hold.
 *
 * What:      maps a path in the guest to where its content comes from. Nothing
 *            is copied here: the list is enough to name the image in the cache
 *            and, when it is not there, to stage it (stage.h).
 * Ownership: the tree owns its entries and strings.
 * Errors:    0 or -errno with a fault that names the host's file.
 */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct fault;
struct digest;

#define TREE_ENTRY_MAX 1000000u /* files in one root */
#define TREE_DEPTH_MAX 64u      /* directories below each other */
#define TREE_PERSON_ID 1000u    /* the first of a person: adduser(8) */

enum tree_kind {
    TREE_DIR,
    TREE_FILE, /* content of the host's file `from` */
    TREE_TEXT, /* content is `text` */
    TREE_LINK, /* symbolic link to `text` */
    TREE_FIFO,
};

struct tree_entry {
    char *path; /* in the guest; absolute and clean */
    char *from; /* on the host; NULL when made up */
    char *text;
    enum tree_kind kind;
    struct stat st; /* of `from`; mode and owner only when made up */
};

struct tree {
    struct tree_entry *entry;
    size_t count;
    size_t cap;
    size_t *slot; /* hash table over paths: index + 1, 0 is free */
    size_t slot_count;
    bool keep_owners; /* of the host's system accounts; else all is root's */
    const char *const *skipped;    /* fnmatch() patterns left out, or NULL */
    unsigned long long rules_done; /* runtime.c: bit n, rule n */
};

void tree_fini(struct tree *tree);
const struct tree_entry *tree_find(const struct tree *tree, const char *path);

/* Add made-up entries; one that is there already stays as it is. Parents come
 * by themselves. */
void tree_put_dir(struct tree *tree, const char *path, mode_t mode);
void tree_put_text(struct tree *tree, const char *path, const char *text);
void tree_put_link(struct tree *tree, const char *path, const char *target);

/*
 * Add the host's file or directory (with all below) at its own path, and the
 * symbolic links on the way to it, as they are: /lib64/ld.so brings in /lib64
 * -> usr/lib64 and /usr/lib64/ld.so.
 *   -ENOENT  there is no such file; the fault says so
 */
int tree_add_host(struct tree *tree, const char *path, struct fault *fault);

/* The host's directory alone, without what it holds. */
int tree_add_host_dir(struct tree *tree, const char *path, struct fault *fault);

/* As tree_add_host(), at another place: `from` and what lies below it appears
 * at path. Replaces what is there. */
int tree_add_at(struct tree *tree, const char *from, const char *path,
                struct fault *fault);

/* The owner and group of an entry in the image. */
uid_t tree_uid(const struct tree *tree, const struct tree_entry *e);
gid_t tree_gid(const struct tree *tree, const struct tree_entry *e);

/* Feed everything that decides the root's content into the digest. */
void tree_digest(const struct tree *tree, struct digest *digest);

/* Sort by path, parents first. Indices and pointers change. */
void tree_sort(struct tree *tree);

#endif
