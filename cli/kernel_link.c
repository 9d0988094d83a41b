/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel_link.c - see kernel_link.h. */
#include "cli/kernel_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/calls.h"
#include "cli/calls.h"
#include "cli/child.h"
#include "cli/place.h"
#include "host/fault.h"
#include "host/file.h"
#include "host/memory.h"
#include "host/path.h"

/* The kernel itself has the program make it, after a signal. */
#define CALL_RESTART 219u

static bool is_wanted(const struct call_set *set, unsigned nr)
{
    return call_rows[nr].exists && (set->call[nr] || nr == CALL_RESTART);
}

static bool part_is_named(const struct call_set *set, const char *name)
{
    for (unsigned i = 0; call_parts[i].name; i++)
        if (strcmp(call_parts[i].name, name) == 0)
            return set->part[i];
    return false;
}

/* The symbol of a part that is named; of one that is not, its stand-in's, where
 * the rest would bring the part. */
static bool part_is_linked(const struct call_set *set, unsigned i)
{
    if (!call_parts[i].of)
        return set->part[i];
    return part_is_named(set, call_parts[i].of) && !set->part[i];
}

static void operations_print(const struct call_set *set, FILE *f)
{
    for (const struct call_operation *o = call_operations; o->call; o++)
        if (is_wanted(set, (unsigned)call_number(o->call)) &&
            (!o->part[0] || part_is_named(set, o->part)))
            fprintf(f, "EXTERN(%s) op_%s = %s;\n", o->symbol, o->symbol,
                    o->symbol);
}

/*
 * The part of the linker's script that kernel/syscall/calls.ld.in is for the
 * kernel with everything: EXTERN brings what is named out of the archive, and
 * the table says where each handler is.
 */
static void script_print(const struct call_set *set, FILE *f)
{
    unsigned end = CALL_MAX, nr, i;

    for (nr = 0; nr < CALL_MAX; nr++)
        if (is_wanted(set, nr))
            fprintf(f, "EXTERN(sys_%s)\n", call_rows[nr].name);
    for (i = 0; call_parts[i].name; i++)
        if (part_is_linked(set, i))
            fprintf(f, "EXTERN(%s)\n", call_parts[i].symbol);
    operations_print(set, f);
    fputs("SECTIONS { .calls (READONLY) : ALIGN(4) { syscall_offsets = .;\n",
          f);
    while (!is_wanted(set, end - 1))
        end--;
    for (nr = 0; nr < end; nr++) {
        if (is_wanted(set, nr))
            fprintf(f, "LONG(sys_%s - syscall_offsets + 0x%x)\n",
                    call_rows[nr].name, call_rows[nr].flags);
        else
            fprintf(f, "LONG(%d)\n",
                    call_rows[nr].exists ? CALL_LEFT_OUT : CALL_NONE);
    }
    fputs("syscall_offsets_end = .;\n", f);
    fputs("} } INSERT AFTER .text;\n", f);
}

static int script_write(const struct call_set *set, const char *path,
                        struct fault *fault)
{
    FILE *f = fopen(path, "we");
    int failed;

    if (!f)
        return file_write_fault(fault, errno, path);
    script_print(set, f);
    failed = ferror(f);
    if (fclose(f) != 0 || failed)
        return file_write_fault(fault, errno, path);
    return 0;
}

/* All parts lie beside the archive. */
static int ld_run(const char *ld, const char *archive, const char *script,
                  const char *kernel, struct fault *fault)
{
    char *dir = path_dir(archive);
    char *args = mem_printf("@%s/link.args", dir);
    char *layout = mem_printf("%s/link.ld", dir);
    char *stand_in = mem_printf("%s/libstand_in.a", dir);
    /* Searched once: only what the script names comes of the stand-ins. */
    const char *const argv[] = { "ld",     args,    "-T", script, "-T", layout,
                                 stand_in, archive, "-o", kernel, NULL };
    struct child c = { .path = ld, .argv = argv };
    int err = child_run(&c, fault);

    if (err == 0 && c.status != 0)
        err = fault_set(fault, EIO,
                        "linking a kernel from '%s' failed (status %d): %s",
                        archive, c.status, c.text);
    free(stand_in);
    free(layout);
    free(args);
    free(dir);
    return err;
}

int kernel_link(const struct call_set *set, const char *path,
                struct fault *fault)
{
    const char *override = getenv("SAMARA_LD");
    char *ld =
        override ? mem_strdup(override) : path_search("ld", NULL, &(int){ 0 });
    char *archive = NULL, *script = mem_printf("%s.ld", path);
    int err = 0;

    if (!ld)
        err = fault_set(fault, ENOENT,
                        "linking a kernel with --calls needs the program ld; "
                        "install the package binutils");
    if (err == 0) {
        archive = place_archive(fault);
        err = archive ? script_write(set, script, fault) : -ENOENT;
    }
    if (err == 0)
        err = ld_run(ld, archive, script, path, fault);
    free(script);
    free(archive);
    free(ld);
    return err;
}
