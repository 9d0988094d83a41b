/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters.c - /proc/net/snmp, snmp6 and netstat: what the protocols count.
 *
 * Names are Linux's, and tools find a counter by its name: those that nothing
 * here counts are left out, rather than shown as 0.
 */
#include "fs/vfs.h"
#include "lwip/stats.h"
#include "net/abi.h"
#include "net/inet/inet.h"
#include "net/inet_info.h"

#define FORWARDING_OFF 2
#define RTO_OTHER      1 /* than those that RFC 1213 knows */

struct counter {
    const char *name;
    int64_t value;
};

/* A line of names, and one of values. */
static int put_group(struct text_file *t, const char *group,
                     const struct counter *c, unsigned count)
{
    int err = text_printf(t, "%s:", group);

    for (unsigned n = 0; !err && n < count; n++)
        err = text_printf(t, " %s", c[n].name);
    if (!err)
        err = text_printf(t, "\n%s:", group);
    for (unsigned n = 0; !err && n < count; n++)
        err = text_printf(t, " %ld", (long)c[n].value);
    return err ? err : text_printf(t, "\n");
}

static int put_ip(struct text_file *t)
{
    const struct stats_mib2 *m = &lwip_stats.mib2;
    const struct counter ip[] = {
        { "Forwarding", FORWARDING_OFF },
        { "DefaultTTL", IP_DEFAULT_TTL },
        { "InReceives", m->ipinreceives + inet_counters.predicted },
        { "InHdrErrors", m->ipinhdrerrors },
        { "InAddrErrors", m->ipinaddrerrors },
        { "ForwDatagrams", m->ipforwdatagrams },
        { "InUnknownProtos", m->ipinunknownprotos },
        { "InDiscards", m->ipindiscards },
        { "InDelivers", m->ipindelivers + inet_counters.predicted },
        { "OutRequests", m->ipoutrequests },
        { "OutDiscards", m->ipoutdiscards },
        { "OutNoRoutes", m->ipoutnoroutes },
        { "ReasmReqds", m->ipreasmreqds },
        { "ReasmOKs", m->ipreasmoks },
        { "ReasmFails", m->ipreasmfails },
    };

    return put_group(t, "Ip", ip, ARRAY_LEN(ip));
}

static int put_icmp(struct text_file *t)
{
    const struct stats_mib2 *m = &lwip_stats.mib2;
    const struct counter icmp[] = {
        { "InMsgs", m->icmpinmsgs },
        { "InErrors", m->icmpinerrors },
        { "InDestUnreachs", m->icmpindestunreachs },
        { "InTimeExcds", m->icmpintimeexcds },
        { "InParmProbs", m->icmpinparmprobs },
        { "InSrcQuenchs", m->icmpinsrcquenchs },
        { "InRedirects", m->icmpinredirects },
        { "InEchos", m->icmpinechos },
        { "InEchoReps", m->icmpinechoreps },
        { "InTimestamps", m->icmpintimestamps },
        { "InTimestampReps", m->icmpintimestampreps },
        { "InAddrMasks", m->icmpinaddrmasks },
        { "InAddrMaskReps", m->icmpinaddrmaskreps },
        { "OutMsgs", m->icmpoutmsgs },
        { "OutErrors", m->icmpouterrors },
        { "OutDestUnreachs", m->icmpoutdestunreachs },
        { "OutTimeExcds", m->icmpouttimeexcds },
        { "OutEchoReps", m->icmpoutechoreps },
    };

    return put_group(t, "Icmp", icmp, ARRAY_LEN(icmp));
}

static bool count_established(const struct inet_info *s, void *arg)
{
    unsigned *count = arg;

    *count += s->type == SOCK_STREAM &&
              (s->state == INET_ESTABLISHED || s->state == INET_CLOSE_WAIT);
    return true;
}

static int put_tcp(struct text_file *t, unsigned established)
{
    const struct stats_mib2 *m = &lwip_stats.mib2;
    const struct stats_proto *tcp = &lwip_stats.tcp;
    const struct counter c[] = {
        { "RtoAlgorithm", RTO_OTHER },
        { "RtoMin", 200 },
        { "RtoMax", 120000 },
        { "MaxConn", -1 },
        { "ActiveOpens", m->tcpactiveopens },
        { "PassiveOpens", m->tcppassiveopens },
        { "AttemptFails", inet_counters.failed },
        { "EstabResets", inet_counters.reset },
        { "CurrEstab", established },
        { "InSegs", tcp->recv + inet_counters.predicted },
        { "OutSegs", tcp->xmit },
        { "RetransSegs", inet_counters.resent },
        { "InErrs", tcp->lenerr + tcp->chkerr },
        { "OutRsts", m->tcpoutrsts },
        { "InCsumErrors", tcp->chkerr },
    };

    return put_group(t, "Tcp", c, ARRAY_LEN(c));
}

int proc_net_show_snmp(struct text_file *t, void *inode)
{
    const struct inet_counters *u = &inet_counters;
    const struct counter udp[] = {
        { "InDatagrams", u->udp_in[0] },
        { "NoPorts", u->udp_no_port[0] },
        { "InErrors", u->udp_bad[0] + u->udp_full[0] },
        { "OutDatagrams", u->udp_out[0] },
        { "RcvbufErrors", u->udp_full[0] },
    };
    unsigned established = 0;
    int err = put_ip(t);

    (void)inode;
    inet_for_each(count_established, &established);
    if (!err)
        err = put_icmp(t);
    if (!err)
        err = put_tcp(t, established);
    return err ? err : put_group(t, "Udp", udp, ARRAY_LEN(udp));
}

int proc_net_show_snmp6(struct text_file *t, void *inode)
{
    const struct inet_counters *u = &inet_counters;
    const struct counter c[] = {
        { "Ip6InReceives", lwip_stats.ip6.recv },
        { "Ip6OutRequests", lwip_stats.ip6.xmit },
        { "Icmp6InMsgs", lwip_stats.icmp6.recv },
        { "Icmp6OutMsgs", lwip_stats.icmp6.xmit },
        { "Udp6InDatagrams", u->udp_in[1] },
        { "Udp6NoPorts", u->udp_no_port[1] },
        { "Udp6InErrors", u->udp_bad[1] + u->udp_full[1] },
        { "Udp6OutDatagrams", u->udp_out[1] },
        { "Udp6RcvbufErrors", u->udp_full[1] },
    };
    int err = 0;

    (void)inode;
    for (unsigned n = 0; !err && n < ARRAY_LEN(c); n++)
        err = text_printf(t, "%-32s\t%ld\n", c[n].name, (long)c[n].value);
    return err;
}

int proc_net_show_netstat(struct text_file *t, void *inode)
{
    const struct counter c[] = {
        { "SyncookiesSent", inet_counters.cookies_sent },
        { "SyncookiesRecv", inet_counters.cookies_taken },
        { "TCPHPHits", inet_counters.predicted },
        { "TCPTimeouts", inet_counters.timeouts },
        { "TCPLossProbes", inet_counters.probes },
        { "TCPDSACKOldSent", inet_counters.twice_old },
        { "TCPDSACKOfoSent", inet_counters.twice_early },
        { "TCPDSACKRecv", inet_counters.repeats_told },
        { "TCPAbortOnTimeout", inet_counters.timed_out },
        { "TCPFastOpenActive", inet_counters.fast_active },
        { "TCPFastOpenActiveFail", inet_counters.fast_active_failed },
        { "TCPFastOpenPassive", inet_counters.fast_passive },
        { "TCPFastOpenPassiveFail", inet_counters.fast_passive_failed },
        { "TCPFastOpenListenOverflow", inet_counters.fast_overflows },
        { "TCPFastOpenCookieReqd", inet_counters.fast_asked },
        { "TCPFastOpenPassiveAltKey", inet_counters.fast_other_key },
    };

    (void)inode;
    return put_group(t, "TcpExt", c, ARRAY_LEN(c));
}
