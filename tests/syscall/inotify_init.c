/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inotify_init.c - inotify(7): which events come, in which order, as text.
 *
 * covers: inotify_init1 inotify_add_watch inotify_rm_watch
 */
#include "check.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

#define EVENT_LEN sizeof(struct inotify_event)

static const struct {
    uint32_t bit;
    const char *name;
} bits[] = {
    { IN_ACCESS, "access" },
    { IN_MODIFY, "modify" },
    { IN_ATTRIB, "attrib" },
    { IN_CLOSE_WRITE, "close_write" },
    { IN_CLOSE_NOWRITE, "close" },
    { IN_OPEN, "open" },
    { IN_MOVED_FROM, "from" },
    { IN_MOVED_TO, "to" },
    { IN_CREATE, "create" },
    { IN_DELETE, "delete" },
    { IN_DELETE_SELF, "delete_self" },
    { IN_MOVE_SELF, "move_self" },
    { IN_Q_OVERFLOW, "overflow" },
    { IN_IGNORED, "ignored" },
    { IN_ISDIR, "dir" },
};

static char text[4096];

static void put(const char *word)
{
    strncat(text, word, sizeof(text) - strlen(text) - 1);
}

/* All events of fd: "WATCH:what+what(NAME) ...". Cookies must pair. */
static const char *events(int fd)
{
    static char buf[65536] __attribute__((aligned(8)));
    uint32_t cookie = 0;
    ssize_t n;

    text[0] = 0;
    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        for (ssize_t at = 0; at < n;) {
            struct inotify_event *e = (void *)(buf + at);
            char number[16];

            snprintf(number, sizeof(number), "%s%d:", text[0] ? " " : "",
                     e->wd);
            put(number);
            for (unsigned i = 0, any = 0; i < sizeof(bits) / sizeof(*bits);
                 i++) {
                if (!(e->mask & bits[i].bit))
                    continue;
                if (any++)
                    put("+");
                put(bits[i].name);
            }
            if (e->len) {
                put("(");
                put(e->name);
                put(")");
                CHECK_EQ(e->len, (strlen(e->name) + 1 + 15) / 16 * 16);
            }
            if (e->mask & IN_MOVED_FROM) {
                CHECK(e->cookie != 0);
                cookie = e->cookie;
            } else if (e->mask & IN_MOVED_TO && cookie) {
                CHECK_EQ(e->cookie, cookie);
            } else if (!(e->mask & IN_MOVED_TO)) {
                CHECK_EQ(e->cookie, 0);
            }
            at += (ssize_t)(EVENT_LEN + e->len);
        }
    }
    CHECK_ERR(n, EAGAIN);
    return text;
}

/* An instance that watches a fresh directory, as watch 1. */
static int watched(const char *dir, uint32_t mask)
{
    int fd = inotify_init1(IN_NONBLOCK);

    CHECK_OK(fd);
    if (mkdir(dir, 0755) != 0)
        CHECK_EQ(errno, EEXIST);
    CHECK_EQ(inotify_add_watch(fd, dir, mask), 1);
    return fd;
}

TEST(an_instance_is_made)
{
    int fd = inotify_init();

    CHECK_OK(fd);
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE), 0);
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    close(fd);
    fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(write(fd, "x", 1), EBADF);
    close(fd);
    CHECK_ERR(inotify_init1(1), EINVAL);
}

TEST(files_are_made_used_and_removed)
{
    int fd = watched("d", IN_ALL_EVENTS), f;
    char c[4];

    f = open("d/a", O_CREAT | O_RDWR, 0644);
    CHECK_STR(events(fd), "1:create(a) 1:open(a)");
    CHECK_EQ(write(f, "abc", 3), 3);
    CHECK_STR(events(fd), "1:modify(a)");
    CHECK_EQ(pread(f, c, 1, 0), 1);
    CHECK_STR(events(fd), "1:access(a)");
    CHECK_EQ(pread(f, c, 1, 3), 0); /* end of file */
    CHECK_STR(events(fd), "");
    CHECK_EQ(pwrite(f, "x", 0, 0), 0);
    CHECK_STR(events(fd), "");
    CHECK_OK(ftruncate(f, 1));
    CHECK_STR(events(fd), "1:modify(a)");
    CHECK_OK(truncate("d/a", 2));
    CHECK_STR(events(fd), "1:modify(a)");
    CHECK_OK(fchmod(f, 0600));
    CHECK_STR(events(fd), "1:attrib(a)");
    CHECK_OK(chmod("d/a", 0644));
    CHECK_STR(events(fd), "1:attrib(a)");
    CHECK_OK(chown("d/a", (uid_t)-1, getegid()));
    CHECK_STR(events(fd), "1:attrib(a)");
    CHECK_OK(utimensat(AT_FDCWD, "d/a", NULL, 0));
    CHECK_STR(events(fd), "1:attrib(a)");
    close(f);
    CHECK_STR(events(fd), "1:close_write(a)");
    f = open("d/a", O_RDONLY);
    close(f);
    CHECK_STR(events(fd), "1:open(a) 1:close(a)");
    f = open("d/a", O_WRONLY | O_TRUNC);
    close(f);
    events(fd); /* the order of these is another since Linux 6.9 */
    CHECK(strstr(text, "1:modify(a)") && strstr(text, "1:open(a)"));
    f = open("d/a", O_PATH);
    close(f);
    CHECK_STR(events(fd), "");
    CHECK_OK(unlink("d/a"));
    CHECK_STR(events(fd), "1:delete(a)");
    close(fd);
}

TEST(one_time_of_two_is_told_apart)
{
    struct timespec t[2] = { { 5, 0 }, { 0, UTIME_OMIT } };
    int fd = watched("d", IN_ALL_EVENTS);

    make_file("d/t", "x");
    events(fd);
    CHECK_OK(utimensat(AT_FDCWD, "d/t", t, 0));
    CHECK_STR(events(fd), "1:access(t)");
    t[1] = t[0];
    t[0].tv_nsec = UTIME_OMIT;
    CHECK_OK(utimensat(AT_FDCWD, "d/t", t, 0));
    CHECK_STR(events(fd), "1:modify(t)");
    t[1].tv_nsec = UTIME_OMIT;
    CHECK_OK(utimensat(AT_FDCWD, "d/t", t, 0));
    CHECK_STR(events(fd), "");
    CHECK_OK(unlink("d/t"));
    close(fd);
}

TEST(names_of_other_kinds)
{
    int fd = watched("d", IN_ALL_EVENTS);

    CHECK_OK(mkdir("d/sub", 0755));
    CHECK_STR(events(fd), "1:create+dir(sub)");
    CHECK_OK(symlink("nowhere", "d/s"));
    CHECK_STR(events(fd), "1:create(s)");
    CHECK_OK(mkfifo("d/f", 0600));
    CHECK_STR(events(fd), "1:create(f)");
    make_file("d/a", "");
    CHECK_STR(events(fd), "1:create(a) 1:open(a) 1:close_write(a)");
    CHECK_OK(link("d/a", "d/b"));
    CHECK_STR(events(fd), "1:create(b)");
    CHECK_OK(unlink("d/a"));
    CHECK_STR(events(fd), "1:delete(a)");
    CHECK_OK(unlink("d/b"));
    CHECK_OK(unlink("d/s"));
    CHECK_OK(unlink("d/f"));
    events(fd);
    CHECK_OK(rmdir("d/sub"));
    CHECK_STR(events(fd), "1:delete+dir(sub)");
    CHECK_ERR(unlink("d/a"), ENOENT);
    CHECK_ERR(mkdir("d", 0755), EEXIST);
    CHECK_STR(events(fd), "");
    close(fd);
}

TEST(a_watched_file_ends)
{
    int fd = watched("d", IN_ALL_EVENTS), f;

    make_file("d/a", "x");
    CHECK_EQ(inotify_add_watch(fd, "d/a", IN_ALL_EVENTS), 2);
    events(fd);
    CHECK_OK(unlink("d/a"));
    CHECK_STR(events(fd), "2:attrib 2:delete_self 2:ignored "
                          "1:delete(a)");
    CHECK_ERR(inotify_rm_watch(fd, 2), EINVAL);
    f = open("d/b", O_CREAT | O_RDWR, 0600);
    CHECK_EQ(inotify_add_watch(fd, "d/b", IN_ALL_EVENTS), 3);
    events(fd);
    CHECK_OK(unlink("d/b"));
    CHECK_STR(events(fd), "3:attrib 1:delete(b)");
    CHECK_EQ(write(f, "x", 1), 1); /* the name lives on in its events */
    CHECK_STR(events(fd), "1:modify(b) 3:modify");
    close(f);
    CHECK_STR(events(fd), "1:close_write(b) 3:close_write 3:delete_self "
                          "3:ignored");
    CHECK_OK(rmdir("d"));
    CHECK_STR(events(fd), "1:delete_self 1:ignored");
    close(fd);
}

TEST(excluded_once_unlinked)
{
    int fd = watched("d", IN_ALL_EVENTS | IN_EXCL_UNLINK);
    int f = open("d/b", O_CREAT | O_RDWR, 0600);

    CHECK_OK(unlink("d/b"));
    events(fd);
    CHECK_EQ(write(f, "x", 1), 1);
    CHECK_STR(events(fd), "");
    CHECK_OK(fchmod(f, 0644)); /* not a matter of the open file */
    CHECK_STR(events(fd), "1:attrib(b)");
    close(f);
    CHECK_STR(events(fd), "");
    close(fd);
}

TEST(names_move)
{
    int fd = watched("d", IN_ALL_EVENTS);

    CHECK_OK(mkdir("e", 0755));
    CHECK_EQ(inotify_add_watch(fd, "e", IN_ALL_EVENTS), 2);
    make_file("d/a", "x");
    make_file("e/old", "x");
    CHECK_EQ(inotify_add_watch(fd, "d/a", IN_ALL_EVENTS), 3);
    CHECK_EQ(inotify_add_watch(fd, "e/old", IN_ALL_EVENTS), 4);
    events(fd);
    CHECK_OK(rename("d/a", "d/b"));
    CHECK_STR(events(fd), "1:from(a) 1:to(b) 3:move_self");
    CHECK_OK(rename("d/b", "e/old"));
    CHECK_STR(events(fd), "1:from(b) 2:to(old) 4:attrib "
                          "3:move_self 4:delete_self 4:ignored");
    CHECK_OK(rename("e/old", "c"));
    CHECK_STR(events(fd), "2:from(old) 3:move_self");
    CHECK_OK(rename("c", "d/c"));
    CHECK_STR(events(fd), "1:to(c) 3:move_self");
    CHECK_OK(mkdir("e/sub", 0755));
    CHECK_EQ(inotify_add_watch(fd, "e/sub", IN_ALL_EVENTS), 5);
    events(fd);
    CHECK_OK(rename("e/sub", "d/sub"));
    CHECK_STR(events(fd), "2:from+dir(sub) 1:to+dir(sub) 5:move_self");
    CHECK_OK(syscall(SYS_renameat2, AT_FDCWD, "d/sub", AT_FDCWD, "d/c", 2));
    CHECK_STR(events(fd), "1:from+dir(sub) 1:to+dir(c) 5:move_self "
                          "1:from(c) 1:to(sub) 3:move_self");
    CHECK_OK(rename("d/sub", "d/sub"));
    CHECK_STR(events(fd), "");
    CHECK_OK(rmdir("d/c"));
    CHECK_OK(unlink("d/sub"));
    CHECK_OK(rmdir("e"));
    close(fd);
}

TEST(directories_are_opened_and_listed)
{
    int fd = watched("d", IN_ALL_EVENTS), f;
    char buf[1024];

    CHECK_OK(mkdir("d/sub", 0755));
    CHECK_EQ(inotify_add_watch(fd, "d/sub", IN_ALL_EVENTS), 2);
    events(fd);
    f = open("d/sub", O_RDONLY | O_DIRECTORY);
    CHECK_STR(events(fd), "1:open+dir(sub) 2:open+dir");
    CHECK(syscall(SYS_getdents64, f, buf, sizeof(buf)) > 0);
    CHECK_STR(events(fd), "1:access+dir(sub) 2:access+dir");
    close(f);
    CHECK_STR(events(fd), "1:close+dir(sub) 2:close+dir");
    CHECK_OK(chmod("d/sub", 0700));
    CHECK_STR(events(fd), "1:attrib+dir(sub) 2:attrib+dir");
    CHECK_OK(rmdir("d/sub"));
    CHECK_STR(events(fd), "2:delete_self 2:ignored 1:delete+dir(sub)");
    close(fd);
}

TEST(a_directory_ends_although_names_were_missed_in_it)
{
    int fd = watched("ending", IN_DELETE_SELF);

    CHECK_ERR(access("ending/none", F_OK), ENOENT);
    CHECK_ERR(access("ending/nothing", F_OK), ENOENT);
    CHECK_OK(rmdir("ending"));
    CHECK_STR(events(fd), "1:delete_self 1:ignored");
    CHECK_OK(close(fd));
    fd = watched("ending", IN_DELETE_SELF);
    CHECK_OK(mkdir("coming", 0755));
    CHECK_ERR(access("ending/none", F_OK), ENOENT);
    CHECK_OK(rename("coming", "ending"));
    CHECK_STR(events(fd), "1:delete_self 1:ignored");
    CHECK_OK(close(fd));
    CHECK_OK(rmdir("ending"));
}

TEST(equal_events_are_one)
{
    int fd = watched("d", IN_ALL_EVENTS), f, left = -1;
    struct inotify_event e;

    f = open("d/a", O_CREAT | O_RDWR, 0644);
    events(fd);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(write(f, "x", 1), 1);
    CHECK_OK(ioctl(fd, FIONREAD, &left));
    CHECK_EQ(left, EVENT_LEN + 16);
    CHECK_ERR(read(fd, &e, sizeof(e)), EINVAL); /* the name has no room */
    CHECK_ERR(read(fd, &e, 0), EINVAL);
    CHECK_STR(events(fd), "1:modify(a)");
    CHECK_ERR(read(fd, &e, 0), EAGAIN);
    CHECK_OK(ioctl(fd, FIONREAD, &left));
    CHECK_EQ(left, 0);
    close(f);
    CHECK_OK(unlink("d/a"));
    close(fd);
}

TEST(names_are_padded)
{
    static const char *names[] = { "d/123456789012345", "d/1234567890123456" };
    int fd = watched("d", IN_CREATE), left = 0;

    make_file(names[0], "");
    CHECK_OK(ioctl(fd, FIONREAD, &left));
    CHECK_EQ(left, EVENT_LEN + 16);
    make_file(names[1], "");
    CHECK_OK(ioctl(fd, FIONREAD, &left));
    CHECK_EQ(left, 2 * EVENT_LEN + 16 + 32);
    CHECK_STR(events(fd), "1:create(123456789012345) "
                          "1:create(1234567890123456)");
    CHECK_OK(unlink(names[0]));
    CHECK_OK(unlink(names[1]));
    close(fd);
}

TEST(reading_takes_what_fits)
{
    char buf[EVENT_LEN + 16 + 8] __attribute__((aligned(8)));
    int fd = watched("d", IN_CREATE);

    make_file("d/a", "");
    make_file("d/b", "");
    CHECK_EQ(read(fd, buf, sizeof(buf)), EVENT_LEN + 16);
    CHECK_EQ(read(fd, buf, sizeof(buf)), EVENT_LEN + 16);
    CHECK_ERR(read(fd, buf, sizeof(buf)), EAGAIN);
    unlink("d/a");
    unlink("d/b");
    make_file("d/a", "");
    CHECK_ERR(read(fd, bad_pointer(), 4096), EFAULT);
    CHECK_STR(events(fd), ""); /* taken off before the copy */
    unlink("d/a");
    close(fd);
}

TEST(masks_are_changed)
{
    int fd = watched("d", IN_CREATE);

    CHECK_EQ(inotify_add_watch(fd, "d", IN_DELETE | IN_MASK_ADD), 1);
    make_file("d/a", "");
    unlink("d/a");
    CHECK_STR(events(fd), "1:create(a) 1:delete(a)");
    CHECK_EQ(inotify_add_watch(fd, "d", IN_DELETE), 1);
    make_file("d/a", "");
    unlink("d/a");
    CHECK_STR(events(fd), "1:delete(a)");
    CHECK_ERR(inotify_add_watch(fd, "d", IN_DELETE | IN_MASK_CREATE), EEXIST);
    CHECK_ERR(
        inotify_add_watch(fd, "d", IN_DELETE | IN_MASK_CREATE | IN_MASK_ADD),
        EINVAL);
    CHECK_OK(inotify_rm_watch(fd, 1));
    CHECK_STR(events(fd), "1:ignored");
    CHECK_EQ(inotify_add_watch(fd, "d", IN_DELETE | IN_MASK_CREATE), 2);
    close(fd);
}

TEST(one_shot)
{
    int fd = watched("d", IN_CREATE | IN_ONESHOT);

    make_file("d/a", "");
    unlink("d/a");
    make_file("d/a", "");
    CHECK_STR(events(fd), "1:create(a) 1:ignored");
    CHECK_ERR(inotify_rm_watch(fd, 1), EINVAL);
    unlink("d/a");
    close(fd);
}

TEST(wrong_arguments)
{
    int fd = watched("d", IN_CREATE);

    make_file("plain", "");
    symlink("plain", "sym");
    CHECK_ERR(inotify_add_watch(fd, "d", 0), EINVAL);
    CHECK_ERR(inotify_add_watch(-1, "d", IN_CREATE), EBADF);
    CHECK_ERR(inotify_add_watch(0, "d", IN_CREATE), EINVAL);
    CHECK_ERR(inotify_add_watch(fd, "none", IN_CREATE), ENOENT);
    CHECK_ERR(inotify_add_watch(fd, bad_pointer(), IN_CREATE), EFAULT);
    CHECK_ERR(inotify_add_watch(fd, "plain", IN_OPEN | IN_ONLYDIR), ENOTDIR);
    CHECK_ERR(inotify_add_watch(fd, "plain/x", IN_OPEN), ENOTDIR);
    CHECK_EQ(inotify_add_watch(fd, "sym", IN_OPEN | IN_DONT_FOLLOW), 2);
    CHECK_EQ(inotify_add_watch(fd, "sym", IN_OPEN), 3);
    CHECK_EQ(inotify_add_watch(fd, "plain", IN_OPEN), 3);
    CHECK_ERR(inotify_rm_watch(-1, 1), EBADF);
    CHECK_ERR(inotify_rm_watch(0, 1), EINVAL);
    CHECK_ERR(inotify_rm_watch(fd, 0), EINVAL);
    CHECK_ERR(inotify_rm_watch(fd, 99), EINVAL);
    CHECK_OK(inotify_rm_watch(fd, 2));
    CHECK_STR(events(fd), "2:ignored");
    unlink("sym");
    unlink("plain");
    close(fd);
}

TEST(unreadable_files_are_not_watched)
{
    int fd = inotify_init1(IN_NONBLOCK);

    if (geteuid() != 0)
        SKIP("needs root");
    make_file("secret", "");
    CHECK_OK(chmod("secret", 0200));
    CHECK_OK(chmod(".", 0755));
    CHECK_OK(syscall(SYS_setfsuid, 12345));
    CHECK_ERR(inotify_add_watch(fd, "secret", IN_OPEN), EACCES);
    CHECK_OK(syscall(SYS_setfsuid, 0));
    unlink("secret");
    close(fd);
}

TEST(several_instances_hear_the_same)
{
    int a = watched("d", IN_CREATE), b = watched("d", IN_ALL_EVENTS);

    CHECK_OK(mkdir("d/s", 0755));
    CHECK_STR(events(a), "1:create+dir(s)");
    CHECK_STR(events(b), "1:create+dir(s)");
    close(a);
    CHECK_OK(rmdir("d/s"));
    CHECK_STR(events(b), "1:delete+dir(s)");
    close(b);
}

TEST(extended_attributes_and_copies)
{
    int fd = watched("d", IN_ALL_EVENTS), in, out;

    make_file("d/in", "some bytes");
    in = open("d/in", O_RDONLY);
    out = open("d/out", O_CREAT | O_RDWR, 0600);
    events(fd);
    if (setxattr("d/in", "trusted.x", "1", 1, 0) == 0)
        CHECK_STR(events(fd), "1:attrib(in)");
    CHECK_EQ(sendfile(out, in, NULL, 5), 5);
    CHECK_STR(events(fd), "1:access(in) 1:modify(out)");
    CHECK_EQ(copy_file_range(in, NULL, out, NULL, 5, 0), 5);
    CHECK_STR(events(fd), "1:access(in) 1:modify(out)");
    CHECK_OK(fallocate(out, 0, 0, 100));
    CHECK_STR(events(fd), "1:modify(out)");
    close(in);
    close(out);
    unlink("d/in");
    unlink("d/out");
    close(fd);
}

static void *makes_a_file(void *arg)
{
    (void)arg;
    usleep(20000);
    make_file("d/later", "");
    return NULL;
}

TEST(waiting_for_events)
{
    int fd = inotify_init(), ep = epoll_create1(0);
    struct epoll_event e = { .events = EPOLLIN };
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char buf[256];
    pthread_t id;

    CHECK_EQ(inotify_add_watch(fd, "d", IN_CREATE), 1);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
    pthread_create(&id, NULL, makes_a_file, NULL);
    CHECK_EQ(epoll_wait(ep, &e, 1, 10000), 1);
    pthread_join(id, NULL);
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN);
    CHECK_EQ(read(fd, buf, sizeof(buf)), EVENT_LEN + 16);
    unlink("d/later");
    pthread_create(&id, NULL, makes_a_file, NULL);
    CHECK_EQ(read(fd, buf, sizeof(buf)), EVENT_LEN + 16);
    pthread_join(id, NULL);
    unlink("d/later");
    close(ep);
    close(fd);
}

static unsigned number_in(const char *path)
{
    FILE *f = fopen(path, "r");
    unsigned n = 0;

    CHECK(f != NULL);
    if (f && fscanf(f, "%u", &n) != 1)
        n = 0;
    if (f)
        fclose(f);
    return n;
}

TEST(a_full_queue_overflows_once)
{
    unsigned max = number_in("/proc/sys/fs/inotify/max_queued_events");
    int fd = watched("d", IN_ATTRIB), left = 0;
    char *buf = malloc((max + 1) * (EVENT_LEN + 16));
    struct inotify_event last;

    CHECK(max >= 16384);
    make_file("d/a", "");
    make_file("d/b", "");
    for (unsigned i = 0; i < max + 10; i++)
        CHECK_OK(chmod(i % 2 ? "d/a" : "d/b", 0644));
    CHECK_OK(ioctl(fd, FIONREAD, &left));
    CHECK_EQ(left, max * (EVENT_LEN + 16) + EVENT_LEN);
    CHECK_EQ(read(fd, buf, (max + 1) * (EVENT_LEN + 16)), left);
    memcpy(&last, buf + max * (EVENT_LEN + 16), sizeof(last));
    CHECK_EQ(last.wd, -1);
    CHECK_EQ(last.mask, IN_Q_OVERFLOW);
    CHECK_EQ(last.len, 0);
    CHECK_OK(chmod("d/a", 0600));
    CHECK_STR(events(fd), "1:attrib(a)");
    unlink("d/a");
    unlink("d/b");
    free(buf);
    close(fd);
}

TEST(instances_are_limited)
{
    unsigned max = number_in("/proc/sys/fs/inotify/max_user_instances");
    int fds[129], n = 0;

    CHECK(number_in("/proc/sys/fs/inotify/max_user_watches") >= 8192);
    if (max != 128)
        SKIP("the limit was raised");
    while (n < 129 && (fds[n] = inotify_init()) >= 0)
        n++;
    CHECK_EQ(errno, EMFILE);
    CHECK(n <= 128);
    while (n > 0)
        close(fds[--n]);
}
