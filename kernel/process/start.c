/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.c - the first process, from nothing to its first instruction.
 *
 * It is what a container shows: pid 1 without a parent, root, alone in its
 * session. Whatever keeps it from starting ends in one line on stderr and the
 * exit status that a shell would give: 127 not found, 126 cannot be run.
 */
#include <asm/resource.h>
#include <linux/fcntl.h>

#include "core/errno.h"
#include "core/printf.h"
#include "core/string.h"
#include "drivers/console.h"
#include "fs/special.h"
#include "fs/vfs.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "process/debug.h"
#include "process/exec.h"
#include "process/image.h"
#include "time/clock.h"

#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND  127
#define MEMLOCK_LEN       (8ul << 20)
#define MSGQUEUE_LEN      819200u
#define SIGPENDING_COUNT  4096u
#define USER_CS           0x33
#define USER_SS           0x2b
#define USER_RFLAGS       0x202 /* interrupts on, bit 1 is always set */

NORETURN static void give_up(int status)
{
    console_power_off(status);
}

static const char *errno_text(int err)
{
    switch (-err) {
    case ENOENT:
        return "is not in the image; --add it";
    case ENOTDIR:
        return "is not in the image: a part of its path is no directory";
    case EACCES:
    case EPERM:
        return "may not be opened";
    case ELOOP:
        return "is behind a loop of symbolic links";
    case ENAMETOOLONG:
        return "has too long a name";
    case ENOMEM:
        return "does not fit into memory; raise -m";
    case E2BIG:
        return "has too long a list of arguments and variables";
    default:
        return NULL;
    }
}

/* "cannot run 'x': it ..."; the subject differs when an interpreter is at
 * fault. */
NORETURN static void refuse(const char *exe, int err,
                            const struct exec_failure *failure)
{
    const char *why = failure->why ? failure->why : errno_text(err);
    bool is_missing = err == -ENOENT || err == -ENOTDIR;

    if (!why)
        kprintf("cannot run '%s': error %d", exe, -err);
    else if (strcmp(failure->subject, exe) == 0)
        kprintf("cannot run '%s': it %s", exe, why);
    else
        kprintf("cannot run '%s': '%s' %s", exe, failure->subject, why);
    give_up(is_missing ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN);
}

NORETURN static void refuse_setup(const char *what, int err)
{
    kprintf("cannot start the program: %s (error %d)%s", what, -err,
            err == -ENOMEM ? "; raise -m" : "");
    give_up(STATUS_CANNOT_RUN);
}

static void set_limits(struct process *p, const struct run_config *config)
{
    struct config_cursor c = config->records;
    struct config_rlimit r;
    const void *payload;
    size_t len;

    static const struct {
        uint8_t which;
        uint64_t soft, hard;
    } limits[] = {
        { RLIMIT_NOFILE, FD_MAX, FD_MAX }, /* as containers have it */
        { RLIMIT_MEMLOCK, MEMLOCK_LEN, MEMLOCK_LEN },
        { RLIMIT_MSGQUEUE, MSGQUEUE_LEN, MSGQUEUE_LEN },
        { RLIMIT_SIGPENDING, SIGPENDING_COUNT, SIGPENDING_COUNT },
        { RLIMIT_NICE, 0, 0 },
        { RLIMIT_RTPRIO, 0, 0 },
    };

    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        p->rlimits[i] = (struct rlimit64){ RLIM_INFINITY, RLIM_INFINITY };
    for (unsigned i = 0; i < ARRAY_LEN(limits); i++)
        p->rlimits[limits[i].which] =
            (struct rlimit64){ limits[i].soft, limits[i].hard };
    p->rlimits[RLIMIT_STACK].soft = config->stack_limit;
    while (config_find(&c, CONFIG_RLIMIT, &payload, &len)) {
        memcpy(&r, payload, sizeof(r));
        p->rlimits[r.which] = (struct rlimit64){ r.soft, r.hard };
    }
    p->rlimits[RLIMIT_NOFILE].hard =
        MIN(p->rlimits[RLIMIT_NOFILE].hard, (uint64_t)FD_MAX);
    p->rlimits[RLIMIT_NOFILE].soft =
        MIN(p->rlimits[RLIMIT_NOFILE].soft, p->rlimits[RLIMIT_NOFILE].hard);
}

static struct process *create_process(const struct run_config *config)
{
    struct process *p = kzalloc(sizeof(*p));

    if (!p)
        return NULL;
    p->pid = p->pgid = p->sid = 1;
    p->dumpable = true;
    p->ram_len = config->ram_len;
    p->start_ns = CLOCK_START_NS;
    list_init(&p->threads);
    set_limits(p, config);
    strlcpy(p->hostname, config->hostname, sizeof(p->hostname));
    strlcpy(p->domainname, "(none)", sizeof(p->domainname));
    p->space = space_create();
    return p->space ? p : NULL;
}

static void enter_cwd(struct thread *t, const char *path)
{
    struct dentry *d, *old = t->fs->cwd;
    int err;

    if (strcmp(path, "/") == 0)
        return;
    err = path_lookup(AT_FDCWD, path, PATH_FOLLOW | PATH_DIRECTORY, &d);
    if (err) {
        kprintf("cannot enter the working directory '%s': it %s", path,
                errno_text(err) ? errno_text(err) : "cannot be used");
        give_up(STATUS_CANNOT_RUN);
    }
    t->fs->cwd = d;
    dentry_put(old);
}

static void create_thread(struct process *p, const struct run_config *config)
{
    struct thread *t = thread_init_first(p);
    int err;

    if (!t)
        refuse_setup("no room for its thread", -ENOMEM);
    t->files = fdtable_create();
    t->fs = fs_context_create();
    if (!t->files || !t->fs)
        refuse_setup("no room for its files", -ENOMEM);
    t->fs->umask = config->umask;
    err = tty_install_std();
    if (err)
        refuse_setup("no stdin, stdout and stderr", err);
    enter_cwd(t, config->cwd);
}

/* The thread's name: the last part of the program's path. */
static void set_name(struct thread *t, const char *exe)
{
    const char *slash = strrchr(exe, '/');

    strlcpy(t->name, slash ? slash + 1 : exe, sizeof(t->name));
}

static void init_args(struct exec_args *args, const struct run_config *config)
{
    args->execfn = config->exe;
    args->argv = config->argv;
    args->envp = config->envp;
    args->argc = config->argc;
    args->envc = config->envc;
    args->strings = config->strings;
    args->strings_len = config->strings_len;
    args->allocated = NULL;
}

NORETURN static void start(struct process *p, struct exec_args *args)
{
    struct exec_failure failure;
    struct exec_image image;
    struct regs regs = { .cs = USER_CS,
                         .ss = USER_SS,
                         .rflags = USER_RFLAGS,
                         .orig_rax = UINT64_MAX };
    const char *exe = args->execfn;
    uaddr_t sp;
    long top;
    int err;

    err = exec_load(p, args, &image, &failure);
    if (err)
        refuse(exe, err, &failure);
    strlcpy(failure.subject, exe, sizeof(failure.subject));
    failure.why = NULL;
    top = space_map_stack(p->space, p->rlimits[RLIMIT_STACK].soft);
    err = top < 0 ? (int)top : stack_build(p, args, &image, (uaddr_t)top, &sp);
    if (err)
        refuse(exe, err == -EFAULT ? -ENOMEM : err, &failure);
    exec_args_free(args);
    regs.rip = image.entry;
    regs.rsp = sp;
    if (debug_is_attached())
        debug_wait();
    arch_enter_user(&regs);
}

void process_start_first(const struct run_config *config)
{
    struct process *p = create_process(config);
    struct exec_args args;

    if (!p)
        refuse_setup("no room for its process", -ENOMEM);
    create_thread(p, config);
    set_name(thread_current(), config->exe);
    init_args(&args, config);
    start(p, &args);
}
