/* SPDX-License-Identifier: BSD-2-Clause */
/* guest.c - see guest.h. */
#include "cli/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/fault.h"
#include "host/file.h"
#include "host/memory.h"
#include "host/path.h"

/* ---- info ---- */

static uint64_t number(const char *value)
{
    return strtoull(value, NULL, 10);
}

static void take_line(struct guest *g, const char *key, const char *value)
{
    const struct {
        const char *key;
        char **into;
    } texts[] = {
        { "machine", &g->machine }, { "image", &g->image },
        { "command", &g->command }, { "ports", &g->ports },
        { "name", &g->name },
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strcmp(key, texts[i].key) == 0 && !*texts[i].into)
            *texts[i].into = mem_strdup(value);
    if (strcmp(key, "pid") == 0)
        g->pid = (pid_t)number(value);
    else if (strcmp(key, "child") == 0)
        g->child = (pid_t)number(value);
    else if (strcmp(key, "start") == 0)
        g->start_ns = number(value);
    else if (strcmp(key, "memory") == 0)
        g->ram_len = number(value);
    else if (strcmp(key, "cpus") == 0)
        g->cpu_count = (unsigned)number(value);
    else if (strcmp(key, "detached") == 0)
        g->is_detached = number(value) != 0;
    else if (strcmp(key, "tty") == 0)
        g->has_tty = number(value) != 0;
    else if (strcmp(key, "transient") == 0)
        g->is_transient = number(value) != 0;
    else if (strcmp(key, "exit") == 0) {
        g->exit_status = (int)(number(value) & 0xff);
        g->state = GUEST_EXITED;
    }
}

/* True if the text is a whole info, not one being written. */
static bool parse(struct guest *g, char *text)
{
    bool is_whole = false;
    char *line, *rest = text;

    while ((line = strsep(&rest, "\n"))) {
        char *value = strchr(line, ' ');

        if (strcmp(line, "ready") == 0)
            is_whole = true;
        if (!value)
            continue;
        *value++ = '\0';
        take_line(g, line, value);
    }
    return is_whole && g->pid > 0 && g->machine && g->image && g->command &&
           g->name;
}

char *guest_read_name(const char *dir)
{
    char *path = path_join(dir, "name");
    struct fault ignored;
    struct buf text = { 0 };
    char *name = NULL;

    if (file_read_all(path, &text, GUEST_INFO_MAX, &ignored) == 0 &&
        text.len > 0)
        name = mem_strndup((const char *)text.data, text.len);
    buf_fini(&text);
    free(path);
    return name;
}

/* ---- its state ---- */

/* Somebody holds the file's lock. */
static bool is_locked(int fd)
{
    if (flock(fd, LOCK_SH | LOCK_NB) != 0)
        return errno == EWOULDBLOCK;
    flock(fd, LOCK_UN);
    return false;
}

static bool is_stopped(pid_t pid)
{
    char *path = mem_printf("/proc/%ld/stat", (long)pid);
    struct fault ignored;
    struct buf text = { 0 };
    const char *after;
    bool stopped = false;

    if (file_read_all(path, &text, GUEST_INFO_MAX, &ignored) == 0) {
        buf_add(&text, "", 1);
        after = strrchr((const char *)text.data, ')'); /* of the name */
        stopped = after && after[1] == ' ' && (after[2] | 0x20) == 't';
    }
    buf_fini(&text);
    free(path);
    return stopped;
}

static void end_time(struct guest *g, int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0)
        g->end_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u +
                    (uint64_t)st.st_mtim.tv_nsec;
}

/* The lock is looked at before the text: a guest that ends between the two is
 * still running, rather than dead without its exit line. */
static int read_info(int fd, struct guest *out)
{
    char *text = mem_alloc(GUEST_INFO_MAX);
    bool runs = is_locked(fd);
    ssize_t n = pread(fd, text, GUEST_INFO_MAX - 1, 0);
    bool is_whole;

    out->state = GUEST_DEAD;
    is_whole = n > 0 && parse(out, text);
    free(text);
    if (!is_whole)
        return -ENOENT;
    if (runs)
        out->state = is_stopped(out->pid) ? GUEST_PAUSED : GUEST_RUNNING;
    else
        end_time(out, fd);
    return 0;
}

/* info may be of a directory that is being removed, or gone already. */
static int read_open(const char *dir, int info, struct guest *out)
{
    char *name;
    int err;

    *out = (struct guest){ 0 };
    snprintf(out->id, sizeof(out->id), "%s", path_base(dir));
    err = read_info(info, out);
    if (err) {
        guest_fini(out);
        return err;
    }
    name = guest_read_name(dir);
    if (name) {
        free(out->name);
        out->name = name;
    }
    out->dir = mem_strdup(dir);
    return 0;
}

static int info_open(const char *dir)
{
    char *path = path_join(dir, "info");
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    free(path);
    return fd;
}

int guest_read(const char *dir, struct guest *out)
{
    int fd = info_open(dir);
    int err = -ENOENT;

    if (fd >= 0) {
        err = read_open(dir, fd, out);
        close(fd);
    }
    return err;
}

int guest_refresh(struct guest *g, struct fault *fault)
{
    struct guest now;

    if (guest_read(g->dir, &now) != 0)
        return fault_set(fault, ENOENT, "the guest '%s' is gone", g->name);
    guest_fini(g);
    *g = now;
    return 0;
}

void guest_fini(struct guest *g)
{
    free(g->dir);
    free(g->name);
    free(g->machine);
    free(g->image);
    free(g->command);
    free(g->ports);
    *g = (struct guest){ 0 };
}

bool guest_is_kept(const struct guest *g)
{
    char *path;
    bool kept;
    int fd;

    if (!g->is_detached)
        return false;
    path = path_join(g->dir, "keeper");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd < 0)
        return false;
    kept = is_locked(fd);
    close(fd);
    return kept;
}

const char *guest_state_name(enum guest_state state)
{
    static const char *const names[] = { "running", "paused", "exited",
                                         "dead" };

    return names[state];
}

/* ---- acting on it ---- */

/* A handle on the guest's process: taken before its lock is seen to be held,
 * so the number cannot have been given to another. -1: it has ended. */
static int process_open(const struct guest *g, int info)
{
    int pidfd = info >= 0 ? pidfd_open(g->pid, 0) : -1;

    if (pidfd >= 0 && !is_locked(info)) {
        close(pidfd);
        pidfd = -1;
    }
    return pidfd;
}

int guest_signal(const struct guest *g, int signo, struct fault *fault)
{
    int info = info_open(g->dir);
    int pidfd = process_open(g, info);
    int err = 0;

    if (info >= 0)
        close(info);
    if (pidfd < 0)
        return fault_set(fault, ESRCH, "the guest '%s' is not running",
                         g->name);
    /* QEMU is the child of what answers for the guest, in a group of its own,
     * and dies with it; but it has to be stopped and continued as well. */
    if (g->child > 0 && (signo == SIGSTOP || signo == SIGCONT))
        (void)!kill(g->child, signo);
    if (pidfd_send_signal(pidfd, signo, NULL, 0) != 0)
        err = fault_sys(fault, errno, "cannot send signal %d to the guest '%s'",
                        signo, g->name);
    close(pidfd);
    return err;
}

/* The keeper writes down the rest, and the status of one that was killed. */
static void keeper_wait(const struct guest *g)
{
    char *path = path_join(g->dir, "keeper");
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    free(path);
    if (fd < 0)
        return;
    while (flock(fd, LOCK_SH) != 0 && errno == EINTR)
        ;
    close(fd);
}

int guest_wait(struct guest *g, int timeout_ms, struct fault *fault)
{
    int info = info_open(g->dir);
    struct pollfd p = { process_open(g, info), POLLIN, 0 };
    struct guest now;
    int n = 1;

    if (info < 0)
        return guest_refresh(g, fault);
    if (p.fd >= 0) {
        do
            n = poll(&p, 1, timeout_ms);
        while (n < 0 && errno == EINTR);
        close(p.fd);
    }
    if (n > 0 && g->is_detached)
        keeper_wait(g);
    /* Somebody may have removed it by now: what is open still tells. */
    if (n > 0 && read_open(g->dir, info, &now) == 0) {
        guest_fini(g);
        *g = now;
    }
    close(info);
    return n > 0 ? 0 : -ETIMEDOUT;
}
