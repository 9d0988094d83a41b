/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal_info.c - what signals are called, do by default, and carry.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "core/string.h"
#include "process/signal.h"

static const char names[32][10] = {
    "0",       "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",    "SIGTRAP",
    "SIGABRT", "SIGBUS",  "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV",
    "SIGUSR2", "SIGPIPE", "SIGALRM",   "SIGTERM", "SIGSTKFLT", "SIGCHLD",
    "SIGCONT", "SIGSTOP", "SIGTSTP",   "SIGTTIN", "SIGTTOU",   "SIGURG",
    "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH",  "SIGIO",
    "SIGPWR",  "SIGSYS",
};

const char *signal_name(int signo)
{
    if (signo < 0 || signo >= (int)ARRAY_LEN(names))
        return "SIGRT";
    return names[signo];
}

enum signal_default signal_default_action(int signo)
{
    switch (signo) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
        return SIGNAL_IGNORE;
    case SIGCONT:
        return SIGNAL_CONTINUE;
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        return SIGNAL_STOP;
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS:
        return SIGNAL_CRASH;
    default:
        return SIGNAL_DIE;
    }
}

/* Which part of siginfo_t's union a signal uses. */
enum info_layout { INFO_SENDER, INFO_TIMER, INFO_FAULT, INFO_POLL };

static enum info_layout layout_of(int signo, int code)
{
    if (code == SI_TIMER)
        return INFO_TIMER;
    if (code == SI_SIGIO)
        return INFO_POLL;
    if (code <= 0 || code == SI_KERNEL)
        return INFO_SENDER;
    if (signo == SIGIO || signo >= SIGRTMIN)
        return INFO_POLL;
    return signo == SIGCHLD ? INFO_SENDER : INFO_FAULT;
}

static void put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof(value));
}

static void put64(uint8_t *at, uint64_t value)
{
    memcpy(at, &value, sizeof(value));
}

void signal_info_encode(const struct signal_info *info,
                        uint8_t out[SIGNAL_INFO_LEN])
{
    memset(out, 0, SIGNAL_INFO_LEN);
    put32(out, (uint32_t)info->signo);
    put32(out + 4, (uint32_t)info->err);
    put32(out + 8, (uint32_t)info->code);
    switch (layout_of(info->signo, info->code)) {
    case INFO_SENDER:
        put32(out + 16, (uint32_t)info->pid);
        put32(out + 20, info->uid);
        put64(out + 24, info->value);
        break;
    case INFO_TIMER:
        put32(out + 16, (uint32_t)info->timer_id);
        put32(out + 20, (uint32_t)info->overrun);
        put64(out + 24, info->value);
        break;
    case INFO_FAULT:
        put64(out + 16, info->addr);
        break;
    case INFO_POLL:
        put64(out + 16, info->addr);
        put32(out + 24, (uint32_t)info->value);
        break;
    }
}

static uint32_t get32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static uint64_t get64(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

void signal_info_decode(const uint8_t in[SIGNAL_INFO_LEN],
                        struct signal_info *out)
{
    *out = (struct signal_info){
        .signo = (int)get32(in),
        .err = (int)get32(in + 4),
        .code = (int)get32(in + 8),
    };
    switch (layout_of(out->signo, out->code)) {
    case INFO_SENDER:
        out->pid = (int)get32(in + 16);
        out->uid = get32(in + 20);
        out->value = get64(in + 24);
        break;
    case INFO_TIMER:
        out->timer_id = (int)get32(in + 16);
        out->overrun = (int)get32(in + 20);
        out->value = get64(in + 24);
        break;
    case INFO_FAULT:
        out->addr = get64(in + 16);
        break;
    case INFO_POLL:
        out->addr = get64(in + 16);
        out->value = get32(in + 24);
        break;
    }
}
