/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysctl.c - /proc/sys/net: what programs look up of the network's limits.
 *
 * Read-only, as in a container, but for what switches TCP fast open. Figures
 * are the kernel's own.
 */
#include "core/errno.h"
#include "fs/pseudo.h"
#include "fs/special.h"
#include "net/inet_info.h"

/* A part (parts.def): absent in kernels without TCP fast open. */
#pragma weak fast_show_mode
#pragma weak fast_store_mode
#pragma weak fast_show_keys
#pragma weak fast_store_keys

static const char core_texts[] = "default_qdisc pfifo_fast\n"
                                 "optmem_max 20480\n"
                                 "rmem_default 212992\n"
                                 "rmem_max 212992\n"
                                 "somaxconn 4096\n"
                                 "wmem_default 212992\n"
                                 "wmem_max 212992\n";

static const char ipv4_conf_texts[] = "accept_redirects 0\n"
                                      "forwarding 0\n"
                                      "rp_filter 0\n";

static const struct pseudo_node ipv4_confs[] = {
    PSEUDO_TEXTS("all", ipv4_conf_texts),
    PSEUDO_TEXTS("default", ipv4_conf_texts),
    PSEUDO_TEXTS("eth0", ipv4_conf_texts),
    PSEUDO_TEXTS("lo", ipv4_conf_texts),
};

static const char ipv4_texts[] = "icmp_echo_ignore_all 0\n"
                                 "icmp_echo_ignore_broadcasts 1\n"
                                 "ip_default_ttl 64\n"
                                 "ip_forward 0\n"
                                 "ip_local_port_range 32768\t60999\n"
                                 "ip_local_reserved_ports \n"
                                 "ip_nonlocal_bind 0\n"
                                 "ip_unprivileged_port_start 1024\n"
                                 "ping_group_range 0\t2147483647\n"
                                 "tcp_adv_win_scale 1\n"
                                 "tcp_allowed_congestion_control reno cubic\n"
                                 "tcp_available_congestion_control reno cubic\n"
                                 "tcp_congestion_control cubic\n"
                                 "tcp_ecn 0\n"
                                 "tcp_fastopen_blackhole_timeout_sec 0\n"
                                 "tcp_fin_timeout 60\n"
                                 "tcp_keepalive_intvl 75\n"
                                 "tcp_keepalive_probes 9\n"
                                 "tcp_keepalive_time 7200\n"
                                 "tcp_max_syn_backlog 4096\n"
                                 "tcp_max_tw_buckets 2048\n"
                                 "tcp_mtu_probing 0\n"
                                 "tcp_notsent_lowat 4294967295\n"
                                 "tcp_orphan_retries 0\n"
                                 "tcp_retries2 15\n"
                                 "tcp_rmem 4096\t131072\t6291456\n"
                                 "tcp_sack 1\n"
                                 "tcp_syn_retries 6\n"
                                 "tcp_syncookies 1\n"
                                 "tcp_timestamps 1\n"
                                 "tcp_tw_reuse 0\n"
                                 "tcp_window_scaling 1\n"
                                 "tcp_wmem 4096\t87040\t4194304\n";

static int show_fast_mode(struct text_file *t, void *inode)
{
    return fast_show_mode ? fast_show_mode(t, inode) : text_printf(t, "0\n");
}

static int store_fast_mode(void *inode, char *text)
{
    return fast_store_mode ? fast_store_mode(inode, text) : -EOPNOTSUPP;
}

static int show_fast_keys(struct text_file *t, void *inode)
{
    return fast_show_keys ? fast_show_keys(t, inode) : -EOPNOTSUPP;
}

static int store_fast_keys(void *inode, char *text)
{
    return fast_store_keys ? fast_store_keys(inode, text) : -EOPNOTSUPP;
}

static const struct pseudo_node ipv4_nodes[] = {
    PSEUDO_DIR("conf", ipv4_confs),
    PSEUDO_STORE("tcp_fastopen", show_fast_mode, store_fast_mode),
    PSEUDO_SPECIAL("tcp_fastopen_key", S_IFREG | 0600, .show = show_fast_keys,
                   .store = store_fast_keys),
};

static const char ipv6_conf_texts[] = "accept_ra 1\n"
                                      "disable_ipv6 0\n"
                                      "forwarding 0\n"
                                      "use_tempaddr 0\n";

static const struct pseudo_node ipv6_confs[] = {
    PSEUDO_TEXTS("all", ipv6_conf_texts),
    PSEUDO_TEXTS("default", ipv6_conf_texts),
    PSEUDO_TEXTS("eth0", ipv6_conf_texts),
    PSEUDO_TEXTS("lo", ipv6_conf_texts),
};

static const char ipv6_texts[] = "bindv6only 0\n"
                                 "ip_nonlocal_bind 0\n";

static const struct pseudo_node ipv6_nodes[] = {
    PSEUDO_DIR("conf", ipv6_confs),
};

static const char unix_texts[] = "max_dgram_qlen 10\n";

const struct pseudo_node net_sysctl_nodes[] = {
    PSEUDO_TEXTS("core", core_texts),
    PSEUDO_SPECIAL("ipv4", S_IFDIR | 0555, .children = ipv4_nodes,
                   .child_count = ARRAY_LEN(ipv4_nodes), .texts = ipv4_texts),
    PSEUDO_SPECIAL("ipv6", S_IFDIR | 0555, .children = ipv6_nodes,
                   .child_count = ARRAY_LEN(ipv6_nodes), .texts = ipv6_texts),
    PSEUDO_TEXTS("unix", unix_texts),
    { .name = NULL },
};
