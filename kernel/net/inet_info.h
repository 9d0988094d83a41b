/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_info.h - internet sockets, for those who show them.
 *
 * What:      one structure per socket, which the protocols fill in and the
 *            files of /proc/net print.
 * Ownership: copied.
 * Context:   under the kernel lock; nothing sleeps.
 */
#ifndef NET_INET_INFO_H
#define NET_INET_INFO_H

#include "core/types.h"

struct text_file;

enum { /* Linux's TCP_* that are asked for */
       INET_ESTABLISHED = 1,
       INET_CLOSE_WAIT = 8,
};

struct inet_info {
    uint8_t family; /* AF_INET, AF_INET6 */
    uint8_t type;   /* SOCK_STREAM, SOCK_DGRAM, SOCK_RAW */
    uint8_t state;  /* Linux's TCP_*: 1 ESTABLISHED ... 10 LISTEN, 7 CLOSE */
    uint16_t local_port, remote_port; /* of raw sockets: the protocol */
    uint8_t local[16], remote[16];    /* network order */
    uint32_t tx_queue, rx_queue;      /* bytes; of a listener: waiting, most */
    uint32_t uid;
    uint64_t inode; /* 0: it has no file */
    unsigned refs;
    uint32_t drops;
    bool is_orphan, is_time_wait;
};

/* Call `each` for every socket until it gives false. Absent in kernels without
 * the protocols. */
void inet_for_each(bool (*each)(const struct inet_info *s, void *arg),
                   void *arg);

/* proc_net_inet.c: the files of /proc/net. */
int proc_net_show_tcp(struct text_file *t, void *inode);
int proc_net_show_tcp6(struct text_file *t, void *inode);
int proc_net_show_udp(struct text_file *t, void *inode);
int proc_net_show_udp6(struct text_file *t, void *inode);
int proc_net_show_raw(struct text_file *t, void *inode);
int proc_net_show_raw6(struct text_file *t, void *inode);
int proc_net_show_sockstat(struct text_file *t, void *inode);
int proc_net_show_sockstat6(struct text_file *t, void *inode);
/* inet/counters.c, a part; absent in kernels without the protocols. */
int proc_net_show_snmp(struct text_file *t, void *inode);
int proc_net_show_snmp6(struct text_file *t, void *inode);
int proc_net_show_netstat(struct text_file *t, void *inode);
/* inet/fast_option.c, a part: files of /proc/sys/net/ipv4. */
int fast_show_mode(struct text_file *t, void *inode);
int fast_store_mode(void *inode, char *text);
int fast_show_keys(struct text_file *t, void *inode);
int fast_store_keys(void *inode, char *text);
/* proc_net_mcast.c */
int proc_net_show_igmp(struct text_file *t, void *inode);
int proc_net_show_igmp6(struct text_file *t, void *inode);

#endif
