/* SPDX-License-Identifier: BSD-2-Clause */
/* files.c - system calls on files, as strace shows them: tools/run-trace. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <termios.h>
#include <utime.h>

#include "tests/trace/trace.h"

static void names(void)
{
    struct timespec times[2] = { { 1, 2 }, { 0, UTIME_OMIT } };
    char text[64];

    CALL(mkdir, "trace", 0755);
    CALL(chdir, "trace");
    CALL(openat, AT_FDCWD, "a", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    CALL(openat, AT_FDCWD, "nowhere", O_RDONLY | O_NONBLOCK | O_DIRECTORY);
    CALL(openat, 99, "a", O_WRONLY | O_APPEND | O_NOFOLLOW);
    CALL(symlink, "a", "b");
    CALL(symlinkat, "a", AT_FDCWD, "c");
    CALL(link, "a", "d");
    CALL(linkat, AT_FDCWD, "c", AT_FDCWD, "e", AT_SYMLINK_FOLLOW);
    CALL(rename, "d", "f");
    CALL(renameat2, AT_FDCWD, "f", AT_FDCWD, "e", RENAME_NOREPLACE);
    CALL(readlink, "b", text, sizeof(text));
    CALL(readlinkat, AT_FDCWD, "c", text, sizeof(text));
    CALL(access, "a", R_OK | W_OK);
    CALL(access, "a", F_OK);
    CALL(faccessat, AT_FDCWD, "zz", X_OK);
    CALL(chmod, "a", 0600);
    CALL(fchmodat, AT_FDCWD, "a", 0644);
    CALL(chown, "a", -1, -1);
    CALL(fchownat, AT_FDCWD, "b", 0, 0, AT_SYMLINK_NOFOLLOW);
    CALL(utimensat, AT_FDCWD, "a", times, AT_SYMLINK_NOFOLLOW);
    CALL(utimensat, AT_FDCWD, "a", NULL, 0);
    CALL(truncate, "a", 100);
    CALL(umask, 022);
    CALL(umask, 077);
    CALL(mknod, "fifo", S_IFIFO | 0600, 0);
    CALL(unlink, "f");
    CALL(unlink, "fifo");
    CALL(unlinkat, AT_FDCWD, "e", 0);
    CALL(getcwd, text, sizeof(text));
    CALL(getcwd, text, 2);
    CALL(setxattr, "a", "user.x", "value", 5, XATTR_CREATE);
    CALL(mkdirat, AT_FDCWD, "dir", 0700);
    CALL(unlinkat, AT_FDCWD, "dir", AT_REMOVEDIR);
    CALL(creat, "long name that is longer than thirty-two bytes", 0600);
    CALL(close, 4);
    CALL(unlink, "long name that is longer than thirty-two bytes");
}

static void contents(void)
{
    static const char data[] = "line\n\ttab \"quoted\" \\ \001\0028 \377 and "
                               "some more that nobody sees";
    struct iovec out[3] = { { (void *)data, 5 },
                            { (void *)data, 0 },
                            { (void *)data, 50 } };
    char a[40], b[8];
    struct iovec in[2] = { { a, sizeof(a) }, { b, sizeof(b) } };
    off_t at = 2;

    CALL(write, 3, data, 31);
    CALL(write, 3, data, 32);
    CALL(write, 3, data, sizeof(data));
    CALL(pwrite64, 3, data, 4, 0);
    CALL(lseek, 3, 0, SEEK_SET);
    CALL(lseek, 3, -5, SEEK_END);
    CALL(lseek, 3, 0, SEEK_CUR);
    CALL(lseek, 3, -50, SEEK_SET);
    CALL(pread64, 3, a, sizeof(a), 0);
    CALL(read, 3, a, sizeof(a));
    CALL(read, 3, a, sizeof(a));
    CALL(read, 99, a, sizeof(a));
    CALL(writev, 3, out, 3);
    CALL(readv, 3, in, 2);
    CALL(preadv, 3, in, 2, 3, 0);
    CALL(pwritev, 3, out, 1, 0, 0);
    CALL(readv, 99, in, 2);
    CALL(ftruncate, 3, 64);
    CALL(fallocate, 3, FALLOC_FL_KEEP_SIZE, 0, 128);
    CALL(fadvise64, 3, 0, 0, POSIX_FADV_SEQUENTIAL);
    CALL(fsync, 3);
    CALL(fdatasync, 3);
    CALL(openat, AT_FDCWD, "copy", O_WRONLY | O_CREAT, 0600);
    CALL(sendfile, 4, 3, &at, 10);
    CALL(sendfile, 4, 3, NULL, 10);
    CALL(copy_file_range, 3, &at, 4, NULL, 5, 0);
    CALL(unlink, "copy");
    CALL(close, 4);
    CALL(close, 99);
}

static void about(void)
{
    struct stat st;
    struct statx stx;
    struct statfs sfs;
    char entries[4096];

    CALL(stat, "a", &st);
    CALL(lstat, "b", &st);
    CALL(fstat, 3, &st);
    CALL(newfstatat, AT_FDCWD, "nothing", &st, AT_SYMLINK_NOFOLLOW);
    CALL(newfstatat, 3, "", &st, AT_EMPTY_PATH);
    CALL(stat, "/dev/null", &st);
    CALL(statx, AT_FDCWD, "a", AT_STATX_SYNC_AS_STAT, STATX_ALL, &stx);
    CALL(statx, AT_FDCWD, "zz", AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
         STATX_BASIC_STATS, &stx);
    CALL(statfs, "/nowhere", &sfs);
    CALL(openat, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CALL(getdents64, 4, entries, sizeof(entries));
    CALL(getdents64, 4, entries, sizeof(entries));
    CALL(fstat, 4, &st);
    CALL(close, 4);
}

static void descriptors(void)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    struct winsize ws;
    struct termios tio;
    int fds[2], n = 1;

    CALL(dup, 3);
    CALL(dup2, 3, 5);
    CALL(dup3, 3, 6, O_CLOEXEC);
    CALL(dup3, 3, 3, O_CLOEXEC);
    CALL(fcntl, 3, F_GETFD);
    CALL(fcntl, 3, F_SETFD, FD_CLOEXEC);
    CALL(fcntl, 5, F_GETFD);
    CALL(fcntl, 3, F_GETFL);
    CALL(fcntl, 3, F_SETFL, O_RDWR | O_NONBLOCK | O_APPEND);
    CALL(fcntl, 3, F_DUPFD, 10);
    CALL(fcntl, 3, F_DUPFD_CLOEXEC, 20);
    CALL(fcntl, 3, F_SETLK, &lock);
    CALL(fcntl, 3, F_GETLK, &lock);
    CALL(fcntl, 99, F_SETLKW, &lock);
    CALL(flock, 3, LOCK_EX | LOCK_NB);
    CALL(flock, 3, LOCK_UN);
    CALL(pipe2, fds, O_NONBLOCK | O_CLOEXEC);
    CALL(pipe, fds);
    CALL(pipe2, NULL, 0);
    CALL(fcntl, fds[0], F_GETPIPE_SZ);
    CALL(ioctl, fds[0], FIONBIO, &n);
    CALL(ioctl, fds[0], FIONREAD, &n);
    CALL(ioctl, fds[0], FIOCLEX);
    CALL(ioctl, fds[0], TCGETS, &tio);
    CALL(ioctl, fds[0], TIOCGWINSZ, &ws);
    CALL(read, fds[0], &n, 4);
    CALL(splice, fds[0], NULL, 3, NULL, 10, SPLICE_F_NONBLOCK);
    CALL(close_range, 4, ~0u, 0);
    CALL(inotify_init1, IN_NONBLOCK | IN_CLOEXEC);
    CALL(inotify_add_watch, 4, ".", IN_CREATE | IN_DELETE);
    CALL(inotify_rm_watch, 4, 1);
    CALL(memfd_create, "memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CALL(fcntl, 5, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
    CALL(fcntl, 5, F_GET_SEALS);
    CALL(close, 5);
    CALL(close, 4);
}

/* argv[1]: a directory, which is left as it was. */
int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) != 0)
        return 1;
    begin();
    names();
    contents();
    about();
    descriptors();
    CALL(unlink, "a");
    CALL(unlink, "b");
    CALL(unlink, "c");
    CALL(chdir, "..");
    CALL(rmdir, "trace");
    CALL(exit_group, 7);
}
