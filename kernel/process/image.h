/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image.h - a program on its way into an address space.
 *
 * What:      what exec.c, stack.c and start.c tell each other: the arguments,
 *            what was loaded where, and the stack that the program starts on.
 * Ownership: struct exec_args borrows its strings unless `allocated` is set.
 * Context:   the thread that will run the program.
 * Errors:    -errno of execve(2).
 * Units:     addresses and lengths in bytes.
 */
#ifndef PROCESS_IMAGE_H
#define PROCESS_IMAGE_H

#include "core/types.h"

struct space;
struct process;

/* argv and envp end with NULL; all strings lie in one block, argv's first, in
 * order, without gaps: so they are copied to the stack in one go. */
struct exec_args {
    const char *execfn; /* the path that was asked for */
    char **argv;
    char **envp;
    size_t argc, envc;
    const char *strings;
    size_t strings_len;
    void *allocated;
};

struct exec_image {
    uaddr_t entry;       /* where the first instruction lies */
    uaddr_t prog_entry;  /* AT_ENTRY */
    uaddr_t interp_base; /* AT_BASE */
    uaddr_t phdr;
    unsigned phdr_count;
    uaddr_t vdso; /* 0: none */
};

#define EXEC_ARG_LEN_MAX  131072ul /* one string, with its NUL, as Linux */
#define EXEC_ARGS_LEN_MIN 131072ul /* all of them, whatever the limit */
#define EXEC_ARGS_LEN_MAX (6ul << 20)
#define EXEC_SCRIPT_MAX   5u /* scripts whose interpreter is a script */
#define EXEC_SCRIPT_LEN   256u

/* A reason that completes "cannot run 'x': it ...", or NULL when none fits
 * better than the error's own text. `subject` is what the reason is about. */
struct exec_failure {
    const char *why;
    char subject[256];
    char text[96];
};

/* Find the program, follow #! lines, load it, its interpreter and the vDSO.
 * Changes args when scripts add arguments; records exe in p.
 *   -ENOENT -EACCES -ENOEXEC -ELOOP -EINVAL -ENOMEM ... and failure filled */
MUST_CHECK int exec_load(struct process *p, struct exec_args *args,
                         struct exec_image *out, struct exec_failure *failure);
void exec_args_free(struct exec_args *args);

/* Interpret a "#!" line in head (head_len bytes of the file). name_out and
 * arg_out (NULL: none) point into head, which is changed.
 *   -ENOEXEC  no interpreter is named, or its name is cut off */
MUST_CHECK int script_parse(char *head, size_t head_len, char **name_out,
                            char **arg_out);
/* argv becomes interp, [arg], path, argv[1..]. -ENOMEM */
MUST_CHECK int script_args(struct exec_args *args, const char *interp,
                           const char *arg, const char *path);

/* Write the initial stack below top; the stack pointer to *sp_out. Records
 * argument bounds and the auxiliary vector in p.
 *   -E2BIG  the strings pass Linux's limits   -ENOMEM  -EFAULT */
MUST_CHECK int stack_build(struct process *p, const struct exec_args *args,
                           const struct exec_image *image, uaddr_t top,
                           uaddr_t *sp_out);

/* Map the vDSO and its data. Result: its address or -errno. */
MUST_CHECK long vdso_map(struct space *s);

#endif
