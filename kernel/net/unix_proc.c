/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_proc.c - /proc/net/unix.
 */
#include <linux/net.h>

#include "fs/special.h"
#include "net/unix.h"

/* '@' stands for the NULs of an abstract name. */
static int put_name(struct text_file *t, const struct unix_name *name)
{
    size_t len = name->len - UNIX_PATH_OFFSET;
    bool is_abstract = name->sun.sun_path[0] == '\0';
    int err = text_printf(t, " ");

    if (!is_abstract)
        len--; /* the NUL at the end */
    for (size_t i = 0; i < len && !err; i++)
        err = text_printf(t, "%c", name->sun.sun_path[i] ?: '@');
    return err;
}

static unsigned show_state(const struct unix_sock *u)
{
    bool is_connected = u->state == UNIX_CONNECTED;

    if (u->s.file)
        return is_connected ? SS_CONNECTED : SS_UNCONNECTED;
    return is_connected ? SS_CONNECTING : SS_DISCONNECTING;
}

int unix_show(struct text_file *t)
{
    int err = text_printf(t, "Num       RefCount Protocol Flags    Type St "
                             "Inode Path\n");

    LIST_FOR_EACH(it, &unix_all)
    {
        const struct unix_sock *u = LIST_ENTRY(it, struct unix_sock, all_link);

        if (err)
            break;
        err = text_printf(t, "%016x: %08X %08X %08X %04X %02X %5lu", 0,
                          u->s.refs + 1, 0,
                          u->s.is_listening ? __SO_ACCEPTCON : 0, u->s.type,
                          show_state(u), u->s.inode.ino);
        if (!err && u->name)
            err = put_name(t, u->name);
        if (!err)
            err = text_printf(t, "\n");
    }
    return err;
}
