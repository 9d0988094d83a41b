/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inspect.c - samara inspect: what an image holds, what a program needs.
 *
 * One list of facts is gathered, then printed for people or as JSON.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/config.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/registry.h"
#include "cli/rootlist.h"
#include "cli/source.h"
#include "cli/table.h"
#include "host/fault.h"
#include "image/image.h"

static void put_config(struct printer *p, const struct run_config *rc)
{
    print_string(p, "program", rc->exe);
    print_list(p, "arguments", &rc->args);
    print_list(p, "environment", &rc->env);
    print_string(p, "directory", rc->cwd ? rc->cwd : "/");
    print_string(p, "hostname", rc->hostname);
    if (rc->flags & CONFIG_READ_ONLY)
        print_string(p, "root", "read-only");
}

/* What the root holds, file by file. */
static int put_root(struct printer *p, const struct image *img,
                    const char *path, struct fault *fault)
{
    struct list lines = { 0 };
    uint64_t bytes;
    int err = rootlist_get(img, path, !p->json, &lines, &bytes, fault);

    if (err == 0) {
        print_number(p, "file_count", lines.count);
        print_number(p, "file_bytes", bytes);
        print_list(p, "files", &lines);
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
    print_number(p, "bytes", img.file_len);
    print_string(p, "kernel", id);
    print_number(p, "kernel_abi", img.header.abi);
    print_number(p, "kernel_bytes", img.text.file_len + img.data.file_len);
    print_number(p, "root_bytes", img.root.file_len);
    print_number(p, "loaded_bytes", image_loaded_len(&img));
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
    print_number(p, "file_count", tree->count);
    print_number(p, "file_bytes", bytes);
    if (files)
        print_list(p, "files", &names);
    list_fini(&names);
}

static int inspect_source(const struct options *o, struct fault *fault)
{
    struct printer p;
    struct source src = { 0 };
    int err = source_open(o, &src, fault);

    if (err)
        goto close_source;
    print_begin(&p, o->json);
    print_string(&p, "kind", src.is_image ? "image" : "program");
    if (src.is_image)
        err = put_image(&p, src.image, o->files, fault);
    if (err == 0)
        put_config(&p, &src.config);
    if (err == 0 && !src.is_image) {
        print_string(&p, "interpreter", src.interp);
        print_list(&p, "libraries", &src.libraries);
        put_tree(&p, &src.tree, o->files);
    }
    print_end(&p);

close_source:
    source_fini(&src);
    return err;
}

static void put_guest(const struct guest *g, bool json)
{
    struct printer p;

    print_begin(&p, json);
    print_string(&p, "kind", "guest");
    print_string(&p, "id", g->id);
    print_string(&p, "name", g->name);
    print_string(&p, "state", guest_state_name(g->state));
    if (g->state < GUEST_EXITED)
        print_number(&p, "pid", (uint64_t)g->pid);
    if (g->state == GUEST_EXITED)
        print_number(&p, "exit_status", (uint64_t)g->exit_status);
    print_time(&p, "started", g->start_ns);
    print_time(&p, "ended", g->end_ns);
    print_string(&p, "machine", g->machine);
    print_number(&p, "cpus", g->cpu_count);
    print_number(&p, "memory", g->ram_len);
    print_string(&p, "image", g->image);
    print_string(&p, "command", g->command);
    print_string(&p, "ports", g->ports);
    print_bool(&p, "detached", g->is_detached);
    print_string(&p, "directory", g->dir);
    print_end(&p);
}

/* A guest of that name goes before a program: ./NAME means the file. */
static int inspect(const struct options *o, struct fault *fault)
{
    bool is_path = o->root || strchr(o->source, '/');
    struct guest g;
    int err = is_path ? -ENOENT : registry_find(o->source, &g, fault);

    if (err == 0) {
        put_guest(&g, o->json);
        guest_fini(&g);
        return 0;
    }
    if (err == -EPERM && access(o->source, F_OK) != 0)
        return err;
    return inspect_source(o, fault);
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
