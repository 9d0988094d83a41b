/* SPDX-License-Identifier: BSD-2-Clause */
/* dpkg.c - see dpkg.h. */
#include "cli/dpkg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/fault.h"
#include "host/file.h"

#define ADMIN_DIR      "/var/lib/dpkg"
#define STATUS_LEN_MAX (256u << 20)
#define LIST_LEN_MAX   (64u << 20)
#define BLANKS         " \t\n"

/* --- the database --- */

/* Does the paragraph's line begin with this field? Then its value. */
static const char *field_value(const char *line, const char *field)
{
    size_t len = strlen(field);

    if (strncasecmp(line, field, len) != 0 || line[len] != ':')
        return NULL;
    return line + len + 1 + strspn(line + len + 1, " \t");
}

static void text_add(char **into, const char *more)
{
    char *sum = mem_printf("%s%s%s", *into, **into ? "," : "", more);

    free(*into);
    *into = sum;
}

static void text_set(char **into, const char *value)
{
    free(*into);
    *into = mem_strdup(value);
}

static void package_fini(struct dpkg_package *p)
{
    free(p->name);
    free(p->arch);
    free(p->source);
    free(p->depends);
    free(p->provides);
    list_fini(&p->files);
}

/* A line of a paragraph; *installed is for the package as a whole. */
static void line_take(struct dpkg_package *p, const char *line, bool *installed)
{
    const char *v;

    if ((v = field_value(line, "Package")))
        text_set(&p->name, v);
    else if ((v = field_value(line, "Architecture")))
        text_set(&p->arch, v);
    else if ((v = field_value(line, "Source")))
        text_set(&p->source, v); /* perhaps with a version in parentheses */
    else if ((v = field_value(line, "Depends")) ||
             (v = field_value(line, "Pre-Depends")))
        text_add(&p->depends, v);
    else if ((v = field_value(line, "Provides")))
        text_add(&p->provides, v);
    else if ((v = field_value(line, "Priority")))
        p->is_base |= strcmp(v, "required") == 0 || strcmp(v, "important") == 0;
    else if ((v = field_value(line, "Essential")))
        p->is_base |= strcmp(v, "yes") == 0;
    else if ((v = field_value(line, "Status")))
        *installed = strstr(v, " installed") != NULL;
}

/* The paragraph at *text, which is cut into lines; moves *text behind it. */
static void paragraph_take(struct dpkg *db, char **text)
{
    struct dpkg_package p = { .name = mem_strdup(""),
                              .arch = mem_strdup(""),
                              .source = mem_strdup(""),
                              .depends = mem_strdup(""),
                              .provides = mem_strdup("") };
    bool installed = false;
    char *line;

    while ((line = strsep(text, "\n")) && *line != '\0')
        line_take(&p, line, &installed);
    if (!installed || p.name[0] == '\0') {
        package_fini(&p);
        return;
    }
    if (p.source[0] == '\0')
        text_set(&p.source, p.name);
    p.source[strcspn(p.source, " ")] = '\0';
    if ((db->count & (db->count - 1)) == 0)
        db->package = mem_resize(db->package, (2 * db->count + 1) * sizeof(p));
    db->package[db->count++] = p;
}

int dpkg_open(struct dpkg *db, struct fault *fault)
{
    const char *dir = getenv("DPKG_ADMINDIR");
    struct buf text = { 0 };
    char *path, *at;
    int err;

    *db = (struct dpkg){ .dir = dir && *dir ? dir : ADMIN_DIR };
    path = mem_printf("%s/status", db->dir);
    err = file_read_all(path, &text, STATUS_LEN_MAX, fault);
    buf_add(&text, "", 1);
    at = (char *)text.data;
    while (err == 0 && at && *at != '\0')
        paragraph_take(db, &at);
    if (err == -ENOENT)
        err = fault_set(fault, ENOENT,
                        "this host has no packages of Debian's (%s is not "
                        "there); name the files by --add",
                        path);
    buf_fini(&text);
    free(path);
    return err;
}

void dpkg_fini(struct dpkg *db)
{
    size_t i;

    for (i = 0; i < db->count; i++)
        package_fini(&db->package[i]);
    free(db->package);
    *db = (struct dpkg){ 0 };
}

/* --- who depends on whom --- */

/*
 * The next name of a list such as "libc6 (>= 2.36), awk:any | mawk", to be
 * freed; moves *at behind it and what belongs to it. *end_out says what follows
 * it: ',', '|' or '\0'. NULL at the end.
 */
static char *name_next(const char **at, char *end_out)
{
    const char *s = *at + strspn(*at, BLANKS ",|");
    size_t len = strcspn(s, BLANKS ":(,|[<");
    size_t whole = strcspn(s, ",|");

    if (s[0] == '\0')
        return NULL;
    *end_out = s[whole];
    *at = s + whole + (s[whole] != '\0');
    return mem_strndup(s, len);
}

static bool provides(const struct dpkg_package *p, const char *name)
{
    const char *at = p->provides;
    bool found = false;
    char end;
    char *s;

    while (!found && (s = name_next(&at, &end))) {
        found = strcmp(s, name) == 0;
        free(s);
    }
    return found;
}

/* By its own name, as in "libc6" or "libc6:amd64", or else one that stands for
 * it. */
static struct dpkg_package *find(const struct dpkg *db, const char *name)
{
    size_t len = strcspn(name, ":");
    size_t i;

    for (i = 0; i < db->count; i++) {
        const struct dpkg_package *p = &db->package[i];

        if (strncmp(p->name, name, len) == 0 && p->name[len] == '\0' &&
            (name[len] == '\0' || strcmp(p->arch, name + len + 1) == 0))
            return &db->package[i];
    }
    for (i = 0; i < db->count; i++)
        if (provides(&db->package[i], name))
            return &db->package[i];
    return NULL;
}

/* Programs and libraries that every system has come along if they are used.
 * Time zones are opened by name. */
static bool is_left_to_base(const struct dpkg_package *p)
{
    return p->is_base && strcmp(p->name, "tzdata") != 0;
}

/* Of alternatives the first that is there; what is not there is what the user
 * has chosen to do without. */
static void dependencies_find(const struct dpkg *db,
                              const struct dpkg_package *p, struct list *names)
{
    const char *at = p->depends;
    bool satisfied = false;
    char end;
    char *name;

    while ((name = name_next(&at, &end))) {
        const struct dpkg_package *d = satisfied ? NULL : find(db, name);

        if (d && !is_left_to_base(d) && !d->is_taken)
            list_add_take(names, mem_printf("%s:%s", d->name, d->arch));
        satisfied = end == '|' && (satisfied || d);
        free(name);
    }
}

/* --- files --- */

static int files_read(const struct dpkg *db, const struct dpkg_package *p,
                      struct list *files, struct fault *fault)
{
    char *path = mem_printf("%s/info/%s.list", db->dir, p->name);
    int err;

    /* One that may be there for several architectures. */
    if (access(path, F_OK) != 0) {
        free(path);
        path = mem_printf("%s/info/%s:%s.list", db->dir, p->name, p->arch);
    }
    err = file_read_lines(path, files, LIST_LEN_MAX, fault);
    free(path);
    return err;
}

static bool is_config_dir(const char *path)
{
    struct stat st;

    return strncmp(path, "/etc/", 5) == 0 && stat(path, &st) == 0 &&
           S_ISDIR(st.st_mode);
}

/* Strike out those of the directories that the package has as well. */
static int strike_shared(const struct dpkg *db, const struct dpkg_package *p,
                         struct list *dirs, struct fault *fault)
{
    struct list files = { 0 };
    int err = files_read(db, p, &files, fault);
    size_t i, k;

    for (i = 0; i < files.count; i++) {
        if (strncmp(files.item[i], "/etc/", 5) != 0)
            continue;
        for (k = 0; k < dirs->count; k++)
            if (strcmp(dirs->item[k], files.item[i]) == 0)
                dirs->item[k][0] = '\0';
    }
    list_fini(&files);
    return err;
}

static int configs_find(const struct dpkg *db, const char *source,
                        struct list *configs, struct fault *fault)
{
    struct list dirs = { 0 };
    size_t i, k;
    int err = 0;

    for (i = 0; i < db->count; i++) {
        const struct list *files = &db->package[i].files;

        if (strcmp(db->package[i].source, source) != 0)
            continue;
        for (k = 0; k < files->count; k++)
            if (is_config_dir(files->item[k]))
                list_add(&dirs, files->item[k]);
    }
    for (i = 0; i < db->count && err == 0 && dirs.count > 0; i++)
        if (strcmp(db->package[i].source, source) != 0)
            err = strike_shared(db, &db->package[i], &dirs, fault);
    for (i = 0; i < dirs.count; i++)
        if (dirs.item[i][0] != '\0')
            list_add(configs, dirs.item[i]);
    list_fini(&dirs);
    return err;
}

int dpkg_take(struct dpkg *db, const char *name, struct list *configs,
              struct fault *fault)
{
    const struct dpkg_package *first = find(db, name);
    struct list names = { 0 };
    size_t i;
    int err = 0;

    if (!first)
        return fault_set(fault, ENOENT,
                         "the package '%s' is not installed here; apt install "
                         "it, or name the files by --add",
                         name);
    list_add(&names, name);
    for (i = 0; i < names.count && err == 0; i++) {
        struct dpkg_package *p = find(db, names.item[i]);

        if (p->is_taken)
            continue;
        p->is_taken = true;
        err = files_read(db, p, &p->files, fault);
        dependencies_find(db, p, &names);
    }
    list_fini(&names);
    if (err == 0)
        err = configs_find(db, first->source, configs, fault);
    return err;
}
