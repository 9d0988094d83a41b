/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inspect.c - samara inspect: what an image holds, what a program needs.
 *
 * One list of facts is gathered, then printed for people or as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "abi/config.h"
#include "cli/options.h"
#include "cli/rootlist.h"
#include "cli/source.h"
#include "cli/table.h"
#include "host/fault.h"
#include "image/image.h"

struct printer {
    bool json;
    bool is_first;
};

static void put_json(const char *s)
{
    putchar('"');
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

/* Names come from images of strangers: no control characters to terminals. */
static void put_plain(const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (c < 0x20 || c == 0x7f)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
}

static void put_key(struct printer *p, const char *key)
{
    if (p->json)
        printf("%s\n  \"%s\": ", p->is_first ? "" : ",", key);
    else
        printf("%-12s ", key);
    p->is_first = false;
}

static void put_string(struct printer *p, const char *key, const char *s)
{
    if (!s)
        return;
    put_key(p, key);
    if (p->json) {
        put_json(s);
    } else {
        put_plain(s);
        putchar('\n');
    }
}

static void put_number(struct printer *p, const char *key, uint64_t n)
{
    put_key(p, key);
    printf("%llu%s", (unsigned long long)n, p->json ? "" : "\n");
}

static void put_list(struct printer *p, const char *key,
                     const struct list *list)
{
    size_t i;

    if (!p->json) {
        for (i = 0; i < list->count; i++)
            put_string(p, i == 0 ? key : "", list->item[i]);
        return;
    }
    put_key(p, key);
    putchar('[');
    for (i = 0; i < list->count; i++) {
        if (i > 0)
            fputs(", ", stdout);
        put_json(list->item[i]);
    }
    putchar(']');
}

static void put_config(struct printer *p, const struct run_config *rc)
{
    put_string(p, "program", rc->exe);
    put_list(p, "arguments", &rc->args);
    put_list(p, "environment", &rc->env);
    put_string(p, "directory", rc->cwd ? rc->cwd : "/");
    put_string(p, "hostname", rc->hostname);
    if (rc->flags & CONFIG_READ_ONLY)
        put_string(p, "root", "read-only");
}

/* What the root holds, file by file. */
static int put_root(struct printer *p, const struct image *img,
                    const char *path, struct fault *fault)
{
    struct list lines = { 0 };
    uint64_t bytes;
    int err = rootlist_get(img, path, !p->json, &lines, &bytes, fault);

    if (err == 0) {
        put_number(p, "file_count", lines.count);
        put_number(p, "file_bytes", bytes);
        put_list(p, "files", &lines);
    }
    list_fini(&lines);
    return err;
}

static int put_image(struct printer *p, const char *path, bool files,
                     struct fault *fault)
{
    char id[2 * IMAGE_BUILD_ID_MAX + 1] = "";
    struct image img;
    uint32_t i;
    int err = image_open(path, &img, fault);

    if (err)
        return err;
    for (i = 0; i < img.build_id_len; i++)
        snprintf(id + 2 * i, 3, "%02x", img.build_id[i]);
    put_number(p, "bytes", img.file_len);
    put_string(p, "kernel", id);
    put_number(p, "kernel_abi", img.header.abi);
    put_number(p, "kernel_bytes", img.text.file_len + img.data.file_len);
    put_number(p, "root_bytes", img.root.file_len);
    put_number(p, "loaded_bytes", image_loaded_len(&img));
    if (files)
        err = put_root(p, &img, path, fault);
    image_close(&img);
    return err;
}

static void put_tree(struct printer *p, const struct tree *tree, bool files)
{
    struct list names = { 0 };
    uint64_t bytes = 0;
    size_t i;

    for (i = 0; i < tree->count; i++) {
        const struct tree_entry *e = &tree->entry[i];

        if (e->kind == TREE_FILE)
            bytes += (uint64_t)e->st.st_size;
        if (e->kind == TREE_LINK)
            list_add_take(&names, mem_printf("%s -> %s", e->path, e->text));
        else
            list_add(&names, e->path);
    }
    put_number(p, "file_count", tree->count);
    put_number(p, "file_bytes", bytes);
    if (files)
        put_list(p, "files", &names);
    list_fini(&names);
}

static int inspect(const struct options *o, struct fault *fault)
{
    struct printer p = { o->json, true };
    struct source src = { 0 };
    int err = source_open(o, &src, fault);

    if (err)
        goto close_source;
    if (o->json)
        putchar('{');
    put_string(&p, "kind", src.is_image ? "image" : "program");
    if (src.is_image)
        err = put_image(&p, src.image, o->files, fault);
    if (err == 0)
        put_config(&p, &src.config);
    if (err == 0 && !src.is_image) {
        put_string(&p, "interpreter", src.interp);
        put_list(&p, "libraries", &src.libraries);
        put_tree(&p, &src.tree, o->files);
    }
    if (o->json)
        printf("\n}\n");

close_source:
    source_fini(&src);
    return err;
}

int verb_inspect(int argc, char **argv, struct fault *fault)
{
    struct options o;
    int err = options_parse(options_inspect, &o, argc, argv, fault);

    if (err == 0)
        err = o.help ? verb_show_help("inspect") : inspect(&o, fault);
    options_fini(&o);
    return err;
}
