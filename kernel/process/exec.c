/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec.c - find a program and load it with all it needs.
 *
 * A file is one of two things: a script, whose first line names the program to
 * run instead, or an ELF file, which may name an interpreter (the dynamic
 * linker) to be loaded beside it. Both are opened and checked before anything
 * is mapped.
 */
#include "core/errno.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "process/elf.h"
#include "process/image.h"
#include "sched/process.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

#pragma weak vdso_map /* a part: parts.def */

#define ANY_EXEC_BITS 0111u

/* A file with its first bytes, and what they say. */
struct candidate {
    struct file *file;
    size_t head_len;
    struct elf elf;
    uint8_t head[ELF_HEAD_LEN] __attribute__((aligned(8)));
};

static int fail(struct exec_failure *failure, int err, const char *subject,
                const char *why)
{
    strlcpy(failure->subject, subject, sizeof(failure->subject));
    failure->why = why;
    return err;
}

/* May it be executed? Linux: a regular file, and for root too one x bit. */
static int check_mode(const struct file *f, const char *path,
                      struct exec_failure *failure)
{
    if (!f->inode || !S_ISREG(f->inode->mode))
        return fail(failure, -EACCES, path, "is not a regular file");
    if (!(f->inode->mode & ANY_EXEC_BITS))
        return fail(failure, -EACCES, path,
                    "is not executable (chmod +x it before packing)");
    return 0;
}

static int open_candidate(struct candidate *c, const char *path,
                          struct exec_failure *failure)
{
    ssize_t got;
    int err = vfs_open(AT_FDCWD, path, O_RDONLY, 0, &c->file);

    if (err) {
        c->file = NULL;
        return fail(failure, err, path, NULL);
    }
    err = check_mode(c->file, path, failure);
    if (err)
        goto put_file;
    got = file_read_kernel(c->file, c->head, sizeof(c->head), 0);
    if (got < 0) {
        err = fail(failure, (int)got, path, "cannot be read");
        goto put_file;
    }
    c->head_len = (size_t)got;
    return 0;

put_file:
    file_put(c->file);
    c->file = NULL;
    return err;
}

static void close_candidate(struct candidate *c)
{
    if (c->file)
        file_put(c->file);
    c->file = NULL;
}

static int open_elf(struct candidate *c, const char *path,
                    struct exec_failure *failure)
{
    int err = elf_open(&c->elf, c->file, c->head, c->head_len);

    if (!err)
        return 0;
    /* The reason may lie in c, which is about to go. */
    strlcpy(failure->text, c->elf.why, sizeof(failure->text));
    return fail(failure, err, path, failure->text);
}

/* ---- scripts ---- */

/* Replace the script in c by its interpreter, whose path goes to args. */
static int follow_script(struct candidate *c, const char *path,
                         struct exec_args *args, struct exec_failure *failure)
{
    char *name, *arg;
    int err = script_parse((char *)c->head, c->head_len, &name, &arg);

    if (err)
        return fail(failure, err, path, "names no interpreter after #!");
    err = script_args(args, name, arg, path);
    if (err)
        return fail(failure, err, path, NULL);
    close_candidate(c);
    err = open_candidate(c, args->argv[0], failure);
    if (err == -ENOENT)
        return fail(failure, err, args->argv[0],
                    "is not in the image, but a script needs it; --add it");
    return err;
}

static int open_program(struct candidate *c, struct exec_args *args,
                        struct exec_failure *failure)
{
    const char *path = args->execfn;
    int err = open_candidate(c, path, failure);

    for (unsigned depth = 0; !err; depth++) {
        if (c->head_len < 2 || c->head[0] != '#' || c->head[1] != '!')
            return open_elf(c, path, failure);
        if (depth == EXEC_SCRIPT_MAX) {
            err = fail(failure, -ELOOP, path, "needs too many interpreters");
            break;
        }
        err = follow_script(c, path, args, failure);
        path = args->argv[0];
    }
    return err;
}

/* ---- the interpreter ---- */

static int open_interp(struct candidate *c, struct candidate *program,
                       const char *program_path, struct exec_failure *failure)
{
    char *path = kmalloc(PATH_MAX);
    int err;

    if (!path)
        return fail(failure, -ENOMEM, program_path, NULL);
    err = elf_interp(&program->elf, path);
    if (err) {
        err = fail(failure, err, program_path, program->elf.why);
        goto free_path;
    }
    err = open_candidate(c, path, failure);
    if (err == -ENOENT)
        err = fail(failure, err, path,
                   "is not in the image, but the program needs it as its "
                   "dynamic linker; --add it");
    if (!err)
        err = open_elf(c, path, failure);
free_path:
    kfree(path);
    return err;
}

/* ---- both into the space ---- */

static int map_one(struct candidate *c, struct space *s, uaddr_t base,
                   const char *path, struct elf_place *out,
                   struct exec_failure *failure)
{
    int err = elf_map(&c->elf, s, base, out);

    if (!err)
        return 0;
    strlcpy(failure->text, c->elf.why, sizeof(failure->text));
    return fail(failure, err, path, failure->text);
}

static int map_program(struct process *p, struct candidate *program,
                       struct candidate *interp, const char *path,
                       struct exec_image *out, struct exec_failure *failure)
{
    struct elf_place place, interp_place;
    long vdso;
    int err = map_one(program, p->space, space_pie_base(p->space), path, &place,
                      failure);

    if (err)
        return err;
    space_set_brk(p->space, place.end);
    out->entry = out->prog_entry = place.entry;
    out->phdr = place.phdr;
    out->phdr_count = program->elf.ehdr.e_phnum;
    out->interp_base = 0;
    if (interp->file) {
        err = map_one(interp, p->space, 0, path, &interp_place, failure);
        if (err)
            return err;
        out->entry = interp_place.entry;
        out->interp_base = interp_place.bias;
    }
    vdso = vdso_map ? vdso_map(p->space) : 0;
    /* Without it programs ask by system call: slower, not wrong. */
    out->vdso = vdso < 0 ? 0 : (uaddr_t)vdso;
    return 0;
}

static void set_exe(struct process *p, struct dentry *d)
{
    struct dentry *old = p->exe;

    p->exe = d ? dentry_get(d) : NULL;
    if (old)
        dentry_put(old);
}

int exec_load(struct process *p, struct exec_args *args, struct exec_image *out,
              struct exec_failure *failure)
{
    struct candidate program, interp; /* large: not all zeroed */
    const char *path;
    int err;

    program.file = interp.file = NULL;
    program.elf.phdrs_allocated = interp.elf.phdrs_allocated = NULL;
    program.elf.has_interp = false;
    failure->why = NULL;
    err = open_program(&program, args, failure);
    path = args->allocated ? args->argv[0] : args->execfn;
    if (!err && program.elf.has_interp)
        err = open_interp(&interp, &program, path, failure);
    if (!err)
        err = map_program(p, &program, &interp, path, out, failure);
    if (!err)
        set_exe(p, program.file->dentry);
    elf_close(&interp.elf);
    elf_close(&program.elf);
    close_candidate(&interp);
    close_candidate(&program);
    return err;
}
