/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.h - one guest as its directory shows it (registry.h says how).
 *
 * Ownership: guest_fini() frees what a struct guest holds.
 * Context:   the guest may end, be renamed or removed at any time; what is in
 *            the struct is what the last look found.
 * Errors:    0 or -errno with a fault, where there is a fault.
 * Units:     _ns since 1970.
 */
#ifndef CLI_GUEST_H
#define CLI_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct fault;

#define GUEST_ID_LEN   12u         /* hexadecimal digits */
#define GUEST_INFO_MAX (64u << 10) /* bytes of info; more is not ours */

enum guest_state {
    GUEST_RUNNING,
    GUEST_PAUSED,
    GUEST_EXITED, /* exit_status is known */
    GUEST_DEAD,   /* it ended, and nobody could say how */
};

struct guest {
    char *dir;
    char id[GUEST_ID_LEN + 1];
    char *name;
    enum guest_state state;
    pid_t pid;   /* whose end is the guest's: the monitor, or QEMU's parent */
    pid_t child; /* QEMU; 0: none */
    uint64_t start_ns, end_ns;
    int exit_status;
    uint64_t ram_len;
    unsigned cpu_count;
    char *machine; /* "monitor" or "qemu" */
    char *image;
    char *command;
    char *ports; /* as docker shows them; NULL: none */
    bool is_detached;
    bool has_tty;      /* of its own: run -d -t */
    bool is_transient; /* --rm, or in the foreground: goes with its end */
};

/* -ENOENT: there is no guest in dir, or it has not come to its info. */
int guest_read(const char *dir, struct guest *out);
void guest_fini(struct guest *g);
/* Read it again, with the same fault for one that is gone. */
int guest_refresh(struct guest *g, struct fault *fault);
/* The name that was given, NULL: none; the caller frees it. */
char *guest_read_name(const char *dir);
/* Its keeper still has work to do. */
bool guest_is_kept(const struct guest *g);
const char *guest_state_name(enum guest_state state);

/*
 * Send a signal to the guest's own process, whatever became of its number.
 *   -ESRCH  it has ended
 */
int guest_signal(const struct guest *g, int signo, struct fault *fault);
/*
 * Wait for the end, and look again. timeout_ms < 0: without limit.
 *   -ETIMEDOUT  it goes on; without a fault
 */
int guest_wait(struct guest *g, int timeout_ms, struct fault *fault);

#endif
