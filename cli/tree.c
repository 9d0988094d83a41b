/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.c - see tree.h. */
#include "cli/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/digest.h"
#include "host/fault.h"
#include "host/memory.h"
#include "host/path.h"

#define LINK_FOLLOW_MAX 40u /* as Linux */

static size_t slot_of(const struct tree *tree, const char *path)
{
    unsigned long h = 5381;
    const char *p;
    size_t i;

    for (p = path; *p != '\0'; p++)
        h = h * 33 + (unsigned char)*p;
    for (i = h & (tree->slot_count - 1);; i = (i + 1) & (tree->slot_count - 1))
        if (tree->slot[i] == 0 ||
            strcmp(tree->entry[tree->slot[i] - 1].path, path) == 0)
            return i;
}

static void slots_rebuild(struct tree *tree)
{
    size_t i;

    free(tree->slot);
    tree->slot_count = 256;
    while (tree->slot_count < 2 * tree->cap)
        tree->slot_count *= 2;
    tree->slot = mem_alloc(tree->slot_count * sizeof(tree->slot[0]));
    for (i = 0; i < tree->count; i++)
        tree->slot[slot_of(tree, tree->entry[i].path)] = i + 1;
}

const struct tree_entry *tree_find(const struct tree *tree, const char *path)
{
    size_t slot;

    if (tree->slot_count == 0)
        return NULL;
    slot = tree->slot[slot_of(tree, path)];
    return slot != 0 ? &tree->entry[slot - 1] : NULL;
}

static void entry_fini(struct tree_entry *e)
{
    free(e->path);
    free(e->from);
    free(e->text);
}

void tree_fini(struct tree *tree)
{
    size_t i;

    for (i = 0; i < tree->count; i++)
        entry_fini(&tree->entry[i]);
    free(tree->entry);
    free(tree->slot);
    memset(tree, 0, sizeof(*tree));
}

/* Every directory above path, unless something is there already. */
static void parents_put(struct tree *tree, const char *path)
{
    char *dir = path_dir(path);

    if (strcmp(dir, path) != 0 && !tree_find(tree, dir))
        tree_put_dir(tree, dir, 0755);
    free(dir);
}

/* The entry at path, new (with kind TREE_DIR and no content) or emptied. */
static struct tree_entry *entry_make(struct tree *tree, const char *path)
{
    const struct tree_entry *old;
    struct tree_entry *e;

    parents_put(tree, path);
    old = tree_find(tree, path);
    if (old) {
        e = &tree->entry[old - tree->entry];
        free(e->from);
        free(e->text);
        e->from = NULL;
        e->text = NULL;
        return e;
    }
    if (tree->count == tree->cap) {
        tree->cap = tree->cap != 0 ? 2 * tree->cap : 256;
        tree->entry =
            mem_resize(tree->entry, tree->cap * sizeof(tree->entry[0]));
        slots_rebuild(tree);
    }
    e = &tree->entry[tree->count++];
    memset(e, 0, sizeof(*e));
    e->path = mem_strdup(path);
    tree->slot[slot_of(tree, path)] = tree->count;
    return e;
}

void tree_put_dir(struct tree *tree, const char *path, mode_t mode)
{
    struct tree_entry *e;

    if (tree_find(tree, path))
        return;
    e = entry_make(tree, path);
    e->kind = TREE_DIR;
    e->st.st_mode = S_IFDIR | mode;
}

void tree_put_text(struct tree *tree, const char *path, const char *text)
{
    struct tree_entry *e;

    if (tree_find(tree, path))
        return;
    e = entry_make(tree, path);
    e->kind = TREE_TEXT;
    e->st.st_mode = S_IFREG | 0644;
    e->text = mem_strdup(text);
}

void tree_put_link(struct tree *tree, const char *path, const char *target)
{
    struct tree_entry *e;

    if (tree_find(tree, path))
        return;
    e = entry_make(tree, path);
    e->kind = TREE_LINK;
    e->st.st_mode = S_IFLNK | 0777;
    e->text = mem_strdup(target);
}

static int read_link(const char *path, char **target_out, struct fault *fault)
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof(target));

    if (n < 0 || (size_t)n == sizeof(target))
        return fault_sys(fault, n < 0 ? errno : ENAMETOOLONG,
                         "cannot read the link '%s'", path);
    *target_out = mem_strndup(target, (size_t)n);
    return 0;
}

/* One object that is neither walked into nor followed. */
static int add_object(struct tree *tree, const char *from, const char *path,
                      const struct stat *st, struct fault *fault)
{
    char *target = NULL;
    struct tree_entry *e;
    int err = 0;

    if (tree->count >= TREE_ENTRY_MAX)
        return fault_set(fault, EFBIG,
                         "more than %u files to pack, at '%s'; add less",
                         TREE_ENTRY_MAX, from);
    if (S_ISLNK(st->st_mode))
        err = read_link(from, &target, fault);
    /* Devices and sockets mean nothing in a guest: /dev is the kernel's. */
    if (err || S_ISSOCK(st->st_mode) || S_ISCHR(st->st_mode) ||
        S_ISBLK(st->st_mode))
        return err;
    e = entry_make(tree, path);
    e->from = mem_strdup(from);
    e->text = target;
    e->st = *st;
    e->kind = S_ISLNK(st->st_mode)    ? TREE_LINK
              : S_ISDIR(st->st_mode)  ? TREE_DIR
              : S_ISFIFO(st->st_mode) ? TREE_FIFO
                                      : TREE_FILE;
    return 0;
}

static bool is_skipped(const struct tree *tree, const char *path)
{
    const char *base = path_base(path);
    const char *const *s;

    if (strcmp(base, ".") == 0 || strcmp(base, "..") == 0 ||
        strcmp(base, "lost+found") == 0)
        return true;
    for (s = tree->skipped; s && *s; s++)
        if (fnmatch(*s, path, FNM_PATHNAME) == 0)
            return true;
    return false;
}

struct walk {
    struct tree *tree;
    struct fault *fault;
    bool follow; /* bring in what links inside point to */
};

static int walk_add(const struct walk *w, const char *from, const char *path,
                    unsigned depth);

static int walk_dir(const struct walk *w, const char *from, const char *path,
                    unsigned depth)
{
    DIR *dir = opendir(from);
    struct dirent *d;
    int err = 0;

    if (!dir)
        return fault_sys(w->fault, errno, "cannot read the directory '%s'",
                         from);
    while (err == 0 && (d = readdir(dir)) != NULL) {
        char *sub_from, *sub_path;

        sub_from = path_join(from, d->d_name);
        sub_path = path_join(path, d->d_name);
        if (!is_skipped(w->tree, sub_from))
            err = walk_add(w, sub_from, sub_path, depth + 1);
        free(sub_from);
        free(sub_path);
    }
    closedir(dir);
    return err;
}

/* A link that leads out of a packed directory to a file would dangle. */
static int follow_link(const struct walk *w, const char *from)
{
    struct stat st;

    if (!w->follow || stat(from, &st) != 0 || !S_ISREG(st.st_mode))
        return 0;
    return tree_add_host(w->tree, from, w->fault);
}

static int walk_add(const struct walk *w, const char *from, const char *path,
                    unsigned depth)
{
    const struct tree_entry *old;
    struct stat st;
    int err;

    if (depth > TREE_DEPTH_MAX)
        return fault_set(w->fault, ELOOP,
                         "'%s' lies more than %u directories deep", from,
                         TREE_DEPTH_MAX);
    if (lstat(from, &st) != 0)
        return fault_sys(w->fault, errno, "cannot examine '%s'", from);
    old = tree_find(w->tree, path);
    if (!old || !S_ISDIR(st.st_mode) || old->kind != TREE_DIR || !old->from) {
        err = add_object(w->tree, from, path, &st, w->fault);
        if (err)
            return err;
    }
    if (S_ISLNK(st.st_mode))
        return follow_link(w, from);
    if (S_ISDIR(st.st_mode))
        return walk_dir(w, from, path, depth);
    return 0;
}

int tree_add_at(struct tree *tree, const char *from, const char *path,
                struct fault *fault)
{
    const struct walk w = { tree, fault, false };
    char *real = realpath(from, NULL); /* --add LINK means what it points to */
    int err;

    if (!real)
        return fault_sys(fault, errno, "cannot find '%s'", from);
    err = walk_add(&w, real, path, 0);
    free(real);
    return err;
}

static void host_dir_put(struct tree *tree, const char *path,
                         const struct stat *st)
{
    struct tree_entry *e;

    if (tree_find(tree, path))
        return;
    e = entry_make(tree, path);
    e->kind = TREE_DIR;
    e->st.st_mode = st->st_mode;
    e->st.st_uid = st->st_uid;
    e->st.st_gid = st->st_gid;
}

/*
 * Take the next component of *rest into *at. When it is a symbolic link, pack
 * the link and put its target in front of the rest. Sets *done at the end.
 */
static int host_step(struct tree *tree, char **at, char **rest, unsigned *links,
                     struct fault *fault)
{
    size_t len = strcspn(*rest, "/");
    char *name = mem_strndup(*rest, len);
    char *here = path_clean(*at, name);
    char *left = mem_strdup(*rest + len + strspn(*rest + len, "/"));
    char *target = NULL;
    struct stat st;
    int err = 0;

    if (lstat(here, &st) != 0) {
        err = fault_sys(fault, errno, "cannot find '%s'", here);
    } else if (S_ISLNK(st.st_mode) && strcmp(name, "..") != 0) {
        err = add_object(tree, here, here, &st, fault);
        if (err == 0)
            err = read_link(here, &target, fault);
        if (err == 0 && ++*links > LINK_FOLLOW_MAX)
            err = fault_sys(fault, ELOOP, "cannot follow '%s'", here);
    } else if (S_ISDIR(st.st_mode)) {
        /* Passed through, not asked for: its time says nothing here. */
        host_dir_put(tree, here, &st);
    }
    free(*rest);
    if (target) { /* stay where we are, or begin again at the top */
        *rest = *left ? mem_printf("%s/%s", target, left) : mem_strdup(target);
        if (target[0] == '/') {
            free(*at);
            *at = mem_strdup("/");
            memmove(*rest, *rest + strspn(*rest, "/"),
                    strlen(*rest + strspn(*rest, "/")) + 1);
        }
        free(here);
        free(left);
    } else {
        free(*at);
        *at = here;
        *rest = left;
    }
    free(target);
    free(name);
    return err;
}

/* Pack what leads to path; *at_out, to be freed, is where that is. */
static int host_way(struct tree *tree, const char *path, char **at_out,
                    struct fault *fault)
{
    char *at = mem_strdup("/");
    char *clean = path_absolute(path);
    char *rest = mem_strdup(clean + 1);
    unsigned links = 0;
    int err = 0;

    while (err == 0 && *rest != '\0')
        err = host_step(tree, &at, &rest, &links, fault);
    *at_out = at;
    free(rest);
    free(clean);
    return err;
}

int tree_add_host(struct tree *tree, const char *path, struct fault *fault)
{
    const struct walk w = { tree, fault, true };
    const struct tree_entry *old;
    char *at;
    int err = host_way(tree, path, &at, fault);

    old = err == 0 ? tree_find(tree, at) : NULL;
    if (err == 0 && !(old && old->kind == TREE_FILE))
        err = walk_add(&w, at, at, 0);
    free(at);
    return err;
}

int tree_add_host_dir(struct tree *tree, const char *path, struct fault *fault)
{
    char *at;
    int err = host_way(tree, path, &at, fault);

    free(at);
    return err;
}

static int by_path(const void *a, const void *b)
{
    const struct tree_entry *x = a, *y = b;

    return strcmp(x->path, y->path);
}

void tree_sort(struct tree *tree)
{
    if (tree->count == 0)
        return;
    qsort(tree->entry, tree->count, sizeof(tree->entry[0]), by_path);
    slots_rebuild(tree);
}

/* People's numbers mean somebody else in a guest, if anybody. */
uid_t tree_uid(const struct tree *tree, const struct tree_entry *e)
{
    return tree->keep_owners && e->st.st_uid < TREE_PERSON_ID ? e->st.st_uid
                                                              : 0;
}

gid_t tree_gid(const struct tree *tree, const struct tree_entry *e)
{
    return tree->keep_owners && e->st.st_gid < TREE_PERSON_ID ? e->st.st_gid
                                                              : 0;
}

void tree_digest(const struct tree *tree, struct digest *digest)
{
    size_t i;

    for (i = 0; i < tree->count; i++) {
        const struct tree_entry *e = &tree->entry[i];
        long long facts[10] = { (long long)e->kind, e->st.st_mode };

        facts[8] = tree_uid(tree, e);
        facts[9] = tree_gid(tree, e);

        if (e->from) {
            facts[2] = e->kind == TREE_FILE ? e->st.st_size : 0;
            facts[3] = e->st.st_mtim.tv_sec;
            facts[4] = e->st.st_mtim.tv_nsec;
            facts[5] = (long long)e->st.st_ino;
            facts[6] = (long long)e->st.st_dev;
            facts[7] = e->kind == TREE_FILE ? e->st.st_ctim.tv_sec : 0;
        }
        digest_add_string(digest, e->path);
        digest_add_string(digest, e->text ? e->text : "");
        digest_add(digest, facts, sizeof(facts));
    }
}
