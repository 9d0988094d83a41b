/* SPDX-License-Identifier: BSD-2-Clause */
/* package.c - see package.h. */
#include "cli/package.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/dpkg.h"
#include "cli/tree.h"
#include "host/fault.h"
#include "host/file.h"
#include "host/memory.h"
#include "host/path.h"

#define NOBODY              65534u /* and nogroup */
#define ACCOUNTS_LEN_MAX    (1u << 20)
#define ALTERNATIVE_LEN_MAX (1u << 20)

/* For people, and for systems with more than one program. */
static const char *const left_out[] = {
    "/usr/share/doc",   "/usr/share/man",
    "/usr/share/info",  "/usr/share/lintian",
    "/usr/share/bug",   "/usr/share/doc-base",
    "/usr/lib/systemd", "/lib/systemd",
    "/etc/init.d",      "/etc/logrotate.d",
    "/etc/cron.d",      "/etc/apparmor.d",
    "/usr/share/menu",  "/usr/share/bash-completion",
};

static bool is_left_out(const char *path)
{
    size_t i;

    for (i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
        if (path_below(left_out[i], path))
            return true;
    return false;
}

/* One path of a package's list. What is not there was taken away on purpose, or
 * lies elsewhere, by dpkg-divert(1); a link may wait for a package that is not
 * installed. Of what a link to a directory shows, nothing is this package's. */
static int path_add(struct tree *tree, const char *path, struct fault *fault)
{
    struct stat st;

    if (path[0] != '/' || is_left_out(path) || stat(path, &st) != 0)
        return 0;
    if (S_ISDIR(st.st_mode))
        return tree_add_host_dir(tree, path, fault);
    return tree_add_host(tree, path, fault);
}

/* --- accounts --- */

/* NAME:PASSWORD:ID:REST, without the password; others, and people's, are passed
 * over. */
static void account_add(struct buf *text, char *line)
{
    const char *name = strsep(&line, ":");
    const char *password = line ? strsep(&line, ":") : NULL;
    const char *id = line ? strsep(&line, ":") : NULL;
    unsigned long number;
    char *end;

    if (!id || !line || !password)
        return;
    number = strtoul(id, &end, 10);
    if (end == id || *end != '\0' ||
        (number >= TREE_PERSON_ID && number != NOBODY))
        return;
    buf_printf(text, "%s:x:%s:%s\n", name, id, line);
}

/* /etc/passwd or /etc/group, unless the tree has one. */
static int accounts_put(struct tree *tree, const char *path,
                        struct fault *fault)
{
    struct list lines = { 0 };
    struct buf text = { 0 };
    int err = file_read_lines(path, &lines, ACCOUNTS_LEN_MAX, fault);
    size_t i;

    for (i = 0; i < lines.count; i++)
        account_add(&text, lines.item[i]);
    buf_add(&text, "", 1);
    if (err == 0)
        tree_put_text(tree, path, (const char *)text.data);
    list_fini(&lines);
    buf_fini(&text);
    return err;
}

/* What all that were taken brought. */
static int files_add(struct tree *tree, const struct dpkg *db,
                     struct fault *fault)
{
    size_t i, k;
    int err = 0;

    for (i = 0; i < db->count; i++)
        for (k = 0; k < db->package[i].files.count && err == 0; k++)
            err = path_add(tree, db->package[i].files.item[k], fault);
    return err;
}

/* --- alternatives --- */

/* One of the links, if what it leads to is in the tree. */
static int link_add(struct tree *tree, const char *link, struct fault *fault)
{
    char *end = realpath(link, NULL);
    int err = 0;

    if (end && tree_find(tree, end) && !is_left_out(link))
        err = tree_add_host(tree, link, fault);
    free(end);
    return err;
}

/* A file of update-alternatives(1): a mode, a link, names and links that go
 * with it, an empty line. The rest is what there is to choose from. */
static int alternative_add(struct tree *tree, const char *path,
                           struct fault *fault)
{
    struct list lines = { 0 };
    int err = file_read_lines(path, &lines, ALTERNATIVE_LEN_MAX, fault);
    size_t i;

    for (i = 1; i < lines.count && err == 0; i += 2) {
        err = link_add(tree, lines.item[i], fault);
        if (i + 1 < lines.count && lines.item[i + 1][0] == '\0')
            break;
    }
    list_fini(&lines);
    return err;
}

/* The names by which others know a file, such as /usr/bin/java: links that no
 * package's list has. */
static int alternatives_add(struct tree *tree, const struct dpkg *db,
                            struct fault *fault)
{
    char *dir = mem_printf("%s/alternatives", db->dir);
    struct dirent **entry;
    int i, err = 0, count = scandir(dir, &entry, NULL, alphasort);

    for (i = 0; i < count; i++) {
        char *path = mem_printf("%s/%s", dir, entry[i]->d_name);

        if (err == 0 && entry[i]->d_name[0] != '.')
            err = alternative_add(tree, path, fault);
        free(path);
        free(entry[i]);
    }
    if (count >= 0)
        free(entry);
    free(dir);
    return err;
}

int packages_add(struct tree *tree, const struct list *names,
                 struct fault *fault)
{
    struct list configs = { 0 };
    struct dpkg db;
    size_t i;
    int err;

    if (names->count == 0)
        return 0;
    /* Services that give up being root own their files. */
    tree->keep_owners = geteuid() == 0;
    err = dpkg_open(&db, fault);
    for (i = 0; i < names->count && err == 0; i++)
        err = dpkg_take(&db, names->item[i], &configs, fault);
    if (err == 0)
        err = files_add(tree, &db, fault);
    if (err == 0)
        err = alternatives_add(tree, &db, fault);
    for (i = 0; i < configs.count && err == 0; i++)
        if (!is_left_out(configs.item[i]))
            err = tree_add_host(tree, configs.item[i], fault);
    if (err == 0)
        err = accounts_put(tree, "/etc/passwd", fault);
    if (err == 0)
        err = accounts_put(tree, "/etc/group", fault);
    list_fini(&configs);
    dpkg_fini(&db);
    return err;
}
