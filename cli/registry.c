/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.c - see registry.h. The directory: making guests in it, listing and
 * removing them. What is done with one guest is in guest.c.
 */
#include "cli/registry.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/guest.h"
#include "host/clock.h"
#include "host/fault.h"
#include "host/file.h"
#include "host/path.h"

#define UNFINISHED_S 60 /* a directory without info is somebody's start */

/* ---- the runtime directory ---- */

static char *runtime_path(void)
{
    const char *own = getenv("SAMARA_RUNTIME_DIR");
    const char *xdg = getenv("XDG_RUNTIME_DIR");

    if (own && own[0] == '/')
        return mem_strdup(own);
    if (xdg && xdg[0] == '/')
        return path_join(xdg, "samara");
    if (getuid() == 0)
        return mem_strdup("/run/samara");
    return mem_printf("/tmp/samara-run-%u", (unsigned)getuid());
}

/* By /etc/passwd alone: this program is linked statically. */
static int refuse_foreign(const char *path, uid_t owner, struct fault *fault)
{
    FILE *f = fopen("/etc/passwd", "re");
    const struct passwd *p = NULL;

    while (f && (p = fgetpwent(f)) && p->pw_uid != owner)
        ;
    fault_set(fault, EPERM,
              "the guests in '%s' belong to the user %s (uid %u): nobody else "
              "can look into them or end them; your own are listed without "
              "SAMARA_RUNTIME_DIR",
              path, p ? p->pw_name : "without a name", (unsigned)owner);
    if (f)
        fclose(f);
    return -EPERM;
}

/* Whoever may write into it could pass anything off as a guest. */
static int runtime_check(const char *path, struct fault *fault)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return fault_sys(fault, errno,
                         "cannot look at the directory of guests '%s'", path);
    if (S_ISDIR(st.st_mode) && st.st_uid != getuid())
        return refuse_foreign(path, st.st_uid, fault);
    if (!file_is_own_dir(&st))
        return fault_set(fault, EPERM,
                         "'%s', where guests are listed, is not a directory "
                         "that belongs to this user alone; remove it, or set "
                         "SAMARA_RUNTIME_DIR to another",
                         path);
    return 0;
}

/* The caller frees *path_out, which is NULL after an error. */
static int runtime_open(char **path_out, struct fault *fault)
{
    struct stat st;
    int err = 0;

    *path_out = runtime_path();
    if (lstat(*path_out, &st) != 0)
        err = file_make_dirs(*path_out, 0700, fault);
    if (err == 0)
        err = runtime_check(*path_out, fault);
    if (err) {
        free(*path_out);
        *path_out = NULL;
    }
    return err;
}

/* Names and removals, one command at a time: closing the descriptor ends it.
 * -1 with a fault. */
static int runtime_lock(const char *runtime, struct fault *fault)
{
    char *path = path_join(runtime, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        fault_sys(fault, errno, "cannot lock '%s'", path);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    free(path);
    return fd;
}

/* ---- a new guest ---- */

static bool is_id(const char *name)
{
    return strlen(name) == GUEST_ID_LEN &&
           strspn(name, "0123456789abcdef") == GUEST_ID_LEN;
}

static bool name_is_valid(const char *name)
{
    size_t len = strlen(name);
    size_t i;

    if (len == 0 || len > GUEST_NAME_MAX || !isalnum((unsigned char)name[0]))
        return false;
    for (i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i]))
            return false;
    return true;
}

int registry_name_check(const char *name, struct fault *fault)
{
    if (name_is_valid(name))
        return 0;
    return fault_set(fault, EINVAL,
                     "'%s' is no name for a guest: 1 to %u letters, digits, "
                     "'_', '.' and '-', a letter or a digit first",
                     name, GUEST_NAME_MAX);
}

/* Also of a guest whose start has not come to its info. */
static bool dir_has_name(const char *dir, const char *name)
{
    struct guest g;
    char *own = NULL;
    bool has;

    if (guest_read(dir, &g) == 0) {
        has = strcmp(g.name, name) == 0;
        guest_fini(&g);
        return has;
    }
    own = guest_read_name(dir);
    has = own && strcmp(own, name) == 0;
    free(own);
    return has;
}

static int name_free_check(const char *runtime, const char *name,
                           struct fault *fault)
{
    DIR *d = opendir(runtime);
    const struct dirent *e;
    int err = 0;

    if (!d)
        return fault_sys(fault, errno, "cannot read the directory '%s'",
                         runtime);
    while (err == 0 && (e = readdir(d))) {
        char *dir;

        if (!is_id(e->d_name))
            continue;
        dir = path_join(runtime, e->d_name);
        if (dir_has_name(dir, name))
            err = fault_set(fault, EEXIST,
                            "the guest %s has the name '%s'; choose another, "
                            "or remove that one: samara rm %s",
                            e->d_name, name, name);
        free(dir);
    }
    closedir(d);
    return err;
}

static int dir_make(const char *runtime, char **dir_out, struct fault *fault)
{
    uint8_t random[GUEST_ID_LEN / 2];
    char id[GUEST_ID_LEN + 1];
    unsigned i;

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return fault_sys(fault, errno, "cannot get random bytes");
    for (i = 0; i < sizeof(random); i++)
        snprintf(id + 2 * i, 3, "%02x", random[i]);
    *dir_out = path_join(runtime, id);
    if (mkdir(*dir_out, 0700) == 0)
        return 0;
    fault_sys(fault, errno, "cannot make the directory '%s'", *dir_out);
    free(*dir_out);
    *dir_out = NULL;
    return -fault->err;
}

static int name_write(const char *dir, const char *name, struct fault *fault)
{
    char *path = path_join(dir, "name");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int err = 0;

    if (fd < 0)
        err = fault_sys(fault, errno, "cannot write '%s'", path);
    else
        err = file_write_all(fd, name, strlen(name), path, fault);
    if (fd >= 0)
        close(fd);
    free(path);
    return err;
}

/* Under the lock: the name belongs to the directory when it is let go. */
static int create_named(const char *runtime, const char *name, char **dir_out,
                        struct fault *fault)
{
    int lock = runtime_lock(runtime, fault);
    int err;

    if (lock < 0)
        return -fault->err;
    err = name_free_check(runtime, name, fault);
    if (err == 0)
        err = dir_make(runtime, dir_out, fault);
    if (err == 0)
        err = name_write(*dir_out, name, fault);
    close(lock);
    return err;
}

int registry_create(const char *name, char **dir_out, struct fault *fault)
{
    char *runtime;
    int err = runtime_open(&runtime, fault);

    *dir_out = NULL;
    if (err)
        return err;
    if (name) {
        err = registry_name_check(name, fault);
        if (err == 0)
            err = create_named(runtime, name, dir_out, fault);
    } else {
        err = dir_make(runtime, dir_out, fault);
    }
    free(runtime);
    return err;
}

/* A value is one line: whatever would break it is written as \xNN. */
static void put_escaped(FILE *to, const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (c < 0x20 || c == 0x7f || c == '\\')
            fprintf(to, "\\x%02x", c);
        else
            fputc(c, to);
    }
}

static void put_facts(FILE *to, const char *id, const struct guest_facts *f)
{
    size_t i;

    fprintf(to, "guest 1\npid %ld\nstart %llu\nmachine %s\nmemory %llu\n",
            (long)getpid(), (unsigned long long)clock_ns(CLOCK_REALTIME),
            f->is_qemu ? "qemu" : "monitor", (unsigned long long)f->ram_len);
    fprintf(to, "cpus %u\ndetached %d\ntty %d\ntransient %d\n", f->cpu_count,
            f->is_detached, f->has_tty, f->is_transient);
    if (f->name)
        fprintf(to, "name %s", f->name);
    else
        fprintf(to, "name %s-%.4s", path_base(f->exe), id);
    fputs("\nimage ", to);
    put_escaped(to, f->image);
    if (f->ports)
        fprintf(to, "\nports %s", f->ports);
    fputs("\ncommand ", to);
    for (i = 0; i < f->args->count; i++) {
        if (i > 0)
            fputc(' ', to);
        put_escaped(to, f->args->item[i]);
    }
    fputs("\nready\n", to);
}

int registry_announce(const char *dir, const struct guest_facts *facts,
                      struct fault *fault)
{
    char *path = path_join(dir, "info");
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);

    /* The lock comes first: info with a text, and unlocked, is an end. */
    if (!to || fd < 0 || flock(fd, LOCK_EX) != 0) {
        fault_sys(fault, errno, "cannot make '%s'", path);
        goto failed;
    }
    put_facts(to, path_base(dir), facts);
    fflush(to);
    if (file_write_all(fd, text, len, path, fault) != 0)
        goto failed;
    goto close_text;

failed:
    if (fd >= 0)
        close(fd);
    fd = -1;
close_text:
    if (to)
        fclose(to);
    free(text);
    free(path);
    return fd;
}

void registry_note(int info_fd, const char *key, long value)
{
    char line[64];
    int len = snprintf(line, sizeof(line), "%s %ld\n", key, value);

    if (info_fd >= 0)
        (void)!write(info_fd, line, (size_t)len);
}

void registry_remove(const char *dir)
{
    file_remove_tree(dir);
}

/* ---- everybody ---- */

static int compare_start(const void *a, const void *b)
{
    const struct guest *x = a, *y = b;

    return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

/* A start that never came to its info. */
static bool is_abandoned(const char *dir)
{
    struct stat st;

    return stat(dir, &st) == 0 && time(NULL) - st.st_mtime > UNFINISHED_S;
}

static void add_dir(struct guests *out, const char *dir)
{
    struct guest g;

    if (guest_read(dir, &g) != 0) {
        if (is_abandoned(dir))
            registry_remove(dir);
        return;
    }
    if (g.is_transient && g.state >= GUEST_EXITED && !guest_is_kept(&g)) {
        registry_remove(dir);
        guest_fini(&g);
        return;
    }
    out->guest =
        mem_resize(out->guest, (out->count + 1) * sizeof(out->guest[0]));
    out->guest[out->count++] = g;
}

int registry_list(struct guests *out, struct fault *fault)
{
    const struct dirent *e;
    char *runtime;
    DIR *d;
    int err = runtime_open(&runtime, fault);

    *out = (struct guests){ 0 };
    if (err)
        return err;
    d = opendir(runtime);
    if (!d)
        err =
            fault_sys(fault, errno, "cannot read the directory '%s'", runtime);
    while (d && (e = readdir(d))) {
        char *dir = path_join(runtime, e->d_name);

        if (is_id(e->d_name))
            add_dir(out, dir);
        free(dir);
    }
    if (d)
        closedir(d);
    free(runtime);
    if (out->count > 1)
        qsort(out->guest, out->count, sizeof(out->guest[0]), compare_start);
    return err;
}

void guests_fini(struct guests *guests)
{
    size_t i;

    for (i = 0; i < guests->count; i++)
        guest_fini(&guests->guest[i]);
    free(guests->guest);
    *guests = (struct guests){ 0 };
}

static bool matches(const struct guest *g, const char *who)
{
    return strncmp(g->id, who, strlen(who)) == 0;
}

int registry_find(const char *who, struct guest *out, struct fault *fault)
{
    struct guest *found = NULL;
    unsigned count = 0;
    struct guests all;
    size_t i;
    int err = registry_list(&all, fault);

    if (err)
        return err;
    for (i = 0; i < all.count && count == 0; i++)
        if (strcmp(all.guest[i].name, who) == 0) {
            found = &all.guest[i];
            count = 1;
        }
    for (i = 0; i < all.count && !(found && strcmp(found->name, who) == 0); i++)
        if (who[0] != '\0' && matches(&all.guest[i], who)) {
            found = &all.guest[i];
            count++;
        }
    if (count == 1) {
        *out = *found;
        *found = (struct guest){ 0 };
    } else if (count > 1) {
        err = fault_set(fault, ENOTUNIQ,
                        "'%s' is the beginning of %u guests' ids; give more "
                        "of it (samara ps -a)",
                        who, count);
    } else {
        err = fault_set(fault, ENOENT,
                        "no guest has the name or id '%s'; samara ps -a lists "
                        "them all",
                        who);
    }
    guests_fini(&all);
    return err;
}

/* Removal and names go through here: the lock of a guest's directory. */
static int guest_lock(char **runtime_out, struct fault *fault)
{
    int lock;

    if (runtime_open(runtime_out, fault) != 0)
        return -1;
    lock = runtime_lock(*runtime_out, fault);
    if (lock < 0) {
        free(*runtime_out);
        *runtime_out = NULL;
    }
    return lock;
}

int guest_remove(const struct guest *g, struct fault *fault)
{
    struct guest now;
    char *runtime;
    int lock = guest_lock(&runtime, fault);
    int err = 0;

    if (lock < 0)
        return -fault->err;
    if (guest_read(g->dir, &now) == 0) {
        if (now.state < GUEST_EXITED || guest_is_kept(&now))
            err = fault_set(fault, EBUSY,
                            "the guest '%s' is %s; stop it first (samara stop "
                            "%s), or use rm -f",
                            g->name, guest_state_name(now.state), g->name);
        guest_fini(&now);
    }
    if (err == 0)
        registry_remove(g->dir);
    free(runtime);
    close(lock);
    return err;
}

int guest_rename(const struct guest *g, const char *name, struct fault *fault)
{
    char *runtime;
    int lock;
    int err = registry_name_check(name, fault);

    if (err)
        return err;
    lock = guest_lock(&runtime, fault);
    if (lock < 0)
        return -fault->err;
    err = name_free_check(runtime, name, fault);
    if (err == 0)
        err = name_write(g->dir, name, fault);
    free(runtime);
    close(lock);
    return err;
}
