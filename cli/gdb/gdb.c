/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gdb.c - samara gdb: gdb on a guest; samara gdbserver: a guest for any gdb.
 *
 * gdb starts the server itself and talks to it through a pipe, so that the one
 * does not outlive the other, and nothing has to be cleaned up.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/gdb/server.h"
#include "cli/gdb/wait.h"
#include "cli/place.h"
#include "cli/registry.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"
#include "host/memory.h"

#define QUESTION_MS 5000

struct options_of_gdb {
    const char *listen, *gdb;
    bool is_pipe, kernel, help;
};

const struct arg_option options_gdb[] = {
    { 0, "gdb", "PROGRAM", "the debugger (gdb)",
      ARG_TEXT(struct options_of_gdb, gdb) },
    { 'k', "kernel", NULL, "show threads in system calls in the kernel",
      ARG_FLAG(struct options_of_gdb, kernel) },
    ARG_HELP(struct options_of_gdb),
    ARG_END,
};

const struct arg_option options_gdbserver[] = {
    { 'l', "listen", "PATH", "the UNIX socket (gdb in the guest's directory)",
      ARG_TEXT(struct options_of_gdb, listen) },
    { 0, "pipe", NULL, "one gdb, on stdin and stdout",
      ARG_FLAG(struct options_of_gdb, is_pipe) },
    ARG_HELP(struct options_of_gdb),
    ARG_END,
};

/* ---- gdb ---- */

static char *own_path(struct fault *fault)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (len < 0) {
        fault_sys(fault, errno, "cannot find this program");
        return NULL;
    }
    path[len] = '\0';
    return mem_strdup(path);
}

static void add_command(struct list *argv, char *command)
{
    list_add(argv, "-ex");
    list_add_take(argv, command);
}

/* Where the kernel lies is known only while the guest runs; its symbols are
 * those of the installed one, if that is the guest's. */
static int kernel_symbols(const struct guest *g, struct list *argv,
                          struct fault *fault)
{
    static struct target t;
    static struct fault ignored;
    char *path;
    int err = inside_open(&t.core.in, g, fault);

    if (err)
        return err;
    path = place_kernel(&ignored);
    if (path && frames_open(&t.core.frames, t.core.in.hello.build_id,
                            sizeof(t.core.in.hello.build_id)))
        add_command(argv,
                    mem_printf("add-symbol-file %s -o 0x%llx", path,
                               (unsigned long long)t.core.in.hello.kernel_va));
    else
        fprintf(stderr, "samara: the kernel is not the installed one; its "
                        "symbols are not known\n");
    add_command(argv, mem_strdup("monitor kernel on"));
    add_command(argv, mem_strdup("maintenance flush register-cache"));
    frames_fini(&t.core.frames);
    inside_close(&t.core.in);
    free(path);
    return 0;
}

static int gdb_start(const struct options_of_gdb *o, const struct guest *g,
                     char **more, struct fault *fault)
{
    struct list argv = { 0 };
    char *self = own_path(fault);
    int err = self ? 0 : -fault->err;

    if (err)
        return err;
    list_add(&argv, o->gdb ? o->gdb : "gdb");
    list_add(&argv, "-q");
    add_command(&argv, mem_strdup("set confirm off"));
    /* A kernel that hangs is given its time first. */
    add_command(&argv, mem_strdup("set remotetimeout 30"));
    add_command(&argv,
                mem_printf("target extended-remote | exec '%s' gdbserver "
                           "--pipe %s",
                           self, g->id));
    if (o->kernel)
        err = kernel_symbols(g, &argv, fault);
    add_command(&argv, mem_strdup("set confirm on"));
    while (*more)
        list_add(&argv, *more++);
    if (err == 0) {
        execvp(argv.item[0], argv.item);
        err = fault_sys(fault, errno, "cannot start '%s'; install gdb",
                        argv.item[0]);
    }
    list_fini(&argv);
    free(self);
    return err;
}

int verb_gdb(int argc, char **argv, struct fault *fault)
{
    struct options_of_gdb o = { 0 };
    struct guest g;
    int first, err = args_parse(options_gdb, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("gdb");
    if (err)
        return err;
    err = verb_guest(first < argc ? first + 1 : argc, argv, first, &g, fault);
    if (err)
        return err;
    first++;
    if (first < argc && strcmp(argv[first], "--") == 0)
        first++;
    err = gdb_start(&o, &g, argv + first, fault);
    guest_fini(&g);
    return err;
}

/* ---- the server ---- */

static int serve(const struct guest *g, int in_fd, int out_fd,
                 struct fault *fault)
{
    struct server *s = mem_alloc(sizeof(*s));
    int err;

    s->in_fd = in_fd;
    s->out_fd = out_fd;
    err = server_run(s, g, fault);
    free(s);
    return err;
}

static int listen_at(const char *path, struct fault *fault)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    if (strlen(path) >= sizeof(address.sun_path))
        return fault_set(fault, ENAMETOOLONG,
                         "'%s' is too long for a socket; name a shorter one "
                         "with --listen",
                         path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, 1) != 0) {
        int err = fault_sys(fault, errno, "cannot listen at '%s'", path);

        if (fd >= 0)
            close(fd);
        return err;
    }
    return fd;
}

/* The next gdb; -ESRCH: the guest has ended before one came. */
static int next_gdb(int listen_fd, int guest_fd, struct fault *fault)
{
    struct pollfd p[2] = { { listen_fd, POLLIN, 0 }, { guest_fd, POLLIN, 0 } };
    int fd;

    while (poll(p, 2, -1) < 0)
        if (errno != EINTR)
            return fault_sys(fault, errno, "cannot wait for gdb");
    if (p[1].revents)
        return -ESRCH;
    fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    return fd >= 0 ? fd : fault_sys(fault, errno, "cannot accept gdb");
}

/* One gdb after the other, until the guest ends. */
static int serve_all(const struct guest *g, int listen_fd, struct fault *fault)
{
    int guest_fd = pidfd_open(g->pid, 0);
    int fd, err = 0;

    if (guest_fd < 0)
        return fault_sys(fault, errno, "the guest '%s' has ended", g->name);
    while (err == 0 && (fd = next_gdb(listen_fd, guest_fd, fault)) >= 0) {
        if (serve(g, fd, fd, fault) != 0)
            fprintf(stderr, "samara: %s\n", fault->text);
        close(fd);
    }
    close(guest_fd);
    return fd == -ESRCH ? 0 : fd;
}

/* gdb shows what is said on stderr when it reads an answer, and does not get so
 * far if it cannot write its question. */
static void question_take(void)
{
    struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
    char question[256];

    if (poll(&p, 1, QUESTION_MS) > 0)
        (void)!read(STDIN_FILENO, question, sizeof(question));
}

int verb_gdbserver(int argc, char **argv, struct fault *fault)
{
    struct options_of_gdb o = { 0 };
    struct guest g;
    char *path;
    int first, fd;
    int err =
        args_parse_anywhere(options_gdbserver, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("gdbserver");
    if (err == 0)
        err = verb_guest(argc, argv, first, &g, fault);
    if (err)
        return err;
    signal(SIGPIPE, SIG_IGN);
    if (o.is_pipe) {
        signal(SIGINT, SIG_IGN); /* Ctrl-C is gdb's to send */
        err = serve(&g, STDIN_FILENO, STDOUT_FILENO, fault);
        if (err)
            question_take();
        guest_fini(&g);
        return err;
    }
    path = o.listen ? mem_strdup(o.listen) : mem_printf("%s/gdb", g.dir);
    fd = listen_at(path, fault);
    err = fd < 0 ? fd : 0;
    if (err == 0) {
        printf("target remote %s\n", path);
        fflush(stdout);
        err = serve_all(&g, fd, fault);
        unlink(path);
        close(fd);
    }
    free(path);
    guest_fini(&g);
    return err;
}

/* ---- samara run --gdb-wait ---- */

static __attribute__((noreturn)) void wait_in_background(struct guest *g,
                                                         int listen_fd,
                                                         const char *path)
{
    static struct fault fault;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int i;

    setsid();
    signal(SIGPIPE, SIG_IGN);
    for (i = 0; i <= 2; i++)
        dup2(null, i);
    if (dup2(listen_fd, 3) == 3)
        closefrom(4);
    (void)serve_all(g, 3, &fault);
    unlink(path);
    _exit(0);
}

int gdb_wait_begin(const char *dir, struct fault *fault)
{
    struct guest g;
    char *path;
    int fd, err = guest_read(dir, &g);
    pid_t child;

    if (err)
        return fault_sys(fault, -err, "cannot read what '%s' says", dir);
    path = mem_printf("%s/gdb", dir);
    fd = listen_at(path, fault);
    if (fd >= 0) {
        fprintf(stderr,
                "samara: waiting for gdb: samara gdb %s, or in gdb: target "
                "remote %s\n",
                g.name, path);
        child = fork();
        if (child == 0)
            wait_in_background(&g, fd, path);
        err = child < 0 ? fault_sys(fault, errno, "cannot start a process") : 0;
        close(fd);
    }
    free(path);
    guest_fini(&g);
    return fd < 0 ? fd : err;
}
