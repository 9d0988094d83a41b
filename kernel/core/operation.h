/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operation.h - operations in tables that not every kernel has.
 *
 * What:      a table of operations refers to all of them, whoever calls them.
 *            OPERATION(f) is f where a system call is linked that leads to it
 *            (syscall/operations.def), else NULL: the link says which, and so
 *            f is left out with what it uses. OPERATION_OF(f) declares it,
 *            after f itself, which must not be static.
 * Context:   initialisers of tables. Their callers need not look: they are
 *            reached only by the calls that the rows name.
 */
#ifndef CORE_OPERATION_H
#define CORE_OPERATION_H

#ifdef SAMARA_GUEST
#define OPERATION_OF(f) \
    extern __typeof__(f) op_##f __attribute__((weak, visibility("hidden")))
#define OPERATION(f) op_##f
#else /* a unit test, which has no such link */
#define OPERATION_OF(f) extern __typeof__(f) f
#define OPERATION(f)    f
#endif

#endif
