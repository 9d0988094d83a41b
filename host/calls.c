/* SPDX-License-Identifier: BSD-2-Clause */
/* calls.c - see calls.h. */
#include "host/calls.h"

#include <stdio.h>
#include <string.h>

#include "abi/calls.h"

#define ROW(nr, name, args, flags, exists) \
    [nr] = { #name, #args, flags, exists },
#define FULL(nr, name, args, flags)    ROW(nr, name, args, flags, true)
#define PARTIAL(nr, name, args, flags) ROW(nr, name, args, flags, true)
#define NEVER(nr, name, args, flags)   ROW(nr, name, args, flags, false)

#define SYSCALL(nr, name, args, status, note) status(nr, name, args, 0)
#define SYSCALL_FREE(nr, name, args, status, note) \
    status(nr, name, args, CALL_FREE)
#define SYSCALL_REGS(nr, name, args, status, note) \
    status(nr, name, args, CALL_REGS)
#define SYSCALL_UNLOCKED(nr, name, args, status, note) \
    status(nr, name, args, CALL_UNLOCKED)
const struct call_row call_rows[CALL_MAX] = {
#include "syscall/table.def"
};

#define PART(name, symbol, note)         { name, #symbol, NULL, note },
#define STAND_IN(name, symbol, of, note) { name, #symbol, of, note },
const struct call_part call_parts[] = {
#include "syscall/parts.def"
    { NULL, NULL, NULL, NULL },
};

#define OPERATION(call, part, symbol) { #call, part, #symbol },
const struct call_operation call_operations[] = {
#include "syscall/operations.def"
    { NULL, NULL, NULL },
};

int call_number(const char *name)
{
    for (unsigned nr = 0; nr < CALL_MAX; nr++)
        if (call_rows[nr].name && strcmp(call_rows[nr].name, name) == 0)
            return (int)nr;
    return -1;
}

void call_report_left_out(uint64_t nr)
{
    const char *name =
        nr < CALL_MAX && call_rows[nr].exists ? call_rows[nr].name : NULL;

    if (!name)
        return; /* what there is in no kernel of ours is not missed */
    fprintf(stderr,
            "samara: the program made the system call %s, which the kernel of "
            "this image was linked without; it failed with ENOSYS. Add %s to "
            "--calls of 'samara build'\n",
            name, name);
}
