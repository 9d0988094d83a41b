/* SPDX-License-Identifier: BSD-2-Clause */
/* map.c - samara map: what an image, or a guest and its image, consist of. */
#include "debug/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/debug.h"
#include "cli/print.h"
#include "cli/registry.h"
#include "debug/verbs.h"
#include "host/fault.h"
#include "image/image.h"

static void begin(const struct debug_map *o, const char *what, const char *name)
{
    if (!o->json)
        return;
    printf("{\"%s\": ", what);
    print_json_string(stdout, name);
}

static void put(const struct debug_map *o, struct tally *t)
{
    if (o->json)
        tally_print_json(t);
    else if (t->total > 0)
        tally_print(t, o->all);
}

static void put_image(const struct debug_map *o, struct map_image *m)
{
    put(o, &m->file);
    put(o, &m->kernel);
    put(o, &m->data);
    put(o, &m->root);
}

static void end(const struct debug_map *o)
{
    if (o->json)
        printf("}\n");
}

static int show_image(const char *path, const struct debug_map *o,
                      struct fault *fault)
{
    struct map_image m;
    int err = map_image(path, &m, fault);

    if (err)
        return err;
    begin(o, "path", path);
    put_image(o, &m);
    end(o);
    map_image_fini(&m);
    return 0;
}

/* The image of a guest may be gone by now; its memory is there still. */
static int show_guest(const struct guest *g, const struct debug_map *o,
                      struct fault *fault)
{
    struct map_memory m;
    struct map_image image;
    int err = map_memory(g, &m, fault);

    if (err)
        return err;
    begin(o, "guest", g->name);
    put(o, &m.memory);
    put(o, &m.heap);
    map_memory_fini(&m);
    err = map_image(g->image, &image, fault);
    if (err == 0)
        put_image(o, &image);
    else
        fprintf(stderr, "samara: no map of the image: %s\n", fault->text);
    end(o);
    if (err == 0)
        map_image_fini(&image);
    return 0;
}

/* What has a slash, or is there, is a file; guests' names have none. */
static int show_file(const char *path, const struct debug_map *o,
                     struct fault *fault)
{
    bool is_image;
    int fd;

    if (!strchr(path, '/') && access(path, F_OK) != 0)
        return -fault->err; /* as the search for a guest has it */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fault_sys(fault, errno, "cannot read '%s'", path);
    is_image = image_recognise(fd);
    close(fd);
    if (!is_image)
        return fault_set(fault, EINVAL,
                         "'%s' is no image; samara build makes one of it",
                         path);
    return show_image(path, o, fault);
}

int debug_verb_map(int argc, char **argv, struct fault *fault)
{
    struct debug_map o = { 0 };
    struct guest g;
    int first, err = args_parse(options_map, &o, argc, argv, &first, fault);

    if (err == 0 && argc - first != 1)
        err = fault_set(fault, EINVAL,
                        "map takes one image, or one guest by name or id");
    if (err)
        return err;
    if (registry_find(argv[first], &g, fault) == 0) {
        err = show_guest(&g, &o, fault);
        guest_fini(&g);
        return err;
    }
    return show_file(argv[first], &o, fault);
}
