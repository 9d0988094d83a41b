/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_net.c - /proc/net, /proc/sys/net and /sys/class/net: what the layer
 * above tells of the network, as far as it is there.
 */
#include "core/errno.h"
#include "fs/proc.h"
#include "fs/special.h"

/* Parts (parts.def): absent in kernels without them. */
#pragma weak unix_show
#pragma weak net_proc_nodes
#pragma weak net_sysctl_nodes
#pragma weak net_class_lookup
#pragma weak net_class_next

static int show_unix(struct text_file *t, void *inode)
{
    (void)inode;
    return unix_show ? unix_show(t) : 0;
}

const struct pseudo_node proc_net_nodes[PROC_NET_COUNT] = {
    PSEUDO_FILE("unix", show_unix),
};

int proc_net_lookup(struct pseudo_inode *dir, const char *name, size_t name_len,
                    struct inode **out)
{
    return pseudo_table_lookup(net_proc_nodes, dir, name, name_len, out);
}

size_t proc_net_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                     uint8_t *type_out)
{
    (void)dir;
    return pseudo_table_next(net_proc_nodes, pos, name, type_out);
}

int proc_sysctl_net_lookup(struct pseudo_inode *dir, const char *name,
                           size_t name_len, struct inode **out)
{
    return pseudo_table_lookup(net_sysctl_nodes, dir, name, name_len, out);
}

size_t proc_sysctl_net_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                            uint8_t *type_out)
{
    (void)dir;
    return pseudo_table_next(net_sysctl_nodes, pos, name, type_out);
}

int sys_class_net_lookup(struct pseudo_inode *dir, const char *name,
                         size_t name_len, struct inode **out)
{
    return net_class_lookup ? net_class_lookup(dir, name, name_len, out)
                            : -ENOENT;
}

size_t sys_class_net_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                          uint8_t *type_out)
{
    return net_class_next ? net_class_next(dir, pos, name, type_out) : 0;
}
