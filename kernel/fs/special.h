/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * special.h - files that are not data: devices, FIFOs, terminals, /dev, /proc
 * and /sys.
 *
 * What:      what the VFS calls when it opens a special inode of any file
 *            system, and what it needs to mount the three pseudo ones.
 * Ownership: as for inode_ops.open: f is the VFS's, its inode already set.
 *            *_mount gives one reference of the root directory's inode.
 * Context:   a thread's system call; fifo_open() may sleep.
 */
#ifndef FS_SPECIAL_H
#define FS_SPECIAL_H

#include "fs/vfs.h"

/* Open a character device by inode->rdev: sets f->ops, f->private.
 * -ENXIO: no such device */
MUST_CHECK int chrdev_open(struct inode *i, struct file *f);
/* Open a FIFO: waits for the other end as open(2) says.
 * -ENXIO (O_WRONLY|O_NONBLOCK without a reader), -ERESTARTSYS, -ENOMEM
 * Keeps its state in inode->private while it is open anywhere. */
MUST_CHECK int fifo_open(struct inode *i, struct file *f);

/* Give the current thread descriptors 0, 1 and 2: the host's. */
MUST_CHECK int tty_install_std(void);

/* A file of /etc that is made when a path first leads to it or /etc is listed:
 * lazy_file.c. */
struct text_file;
struct lazy_file {
    const char *name;
    /* Its text; arg is NULL. May sleep. -ENOENT: there shall be none, what the
     * image has stays. */
    int (*show)(struct text_file *t, void *arg);
    bool is_made;        /* once, for good: the program may remove it */
    struct inode *inode; /* referenced; NULL: not made, or not to be */
    uint64_t mtime_ns;   /* as it was made; a program's change shows in it */
};
/* All of them, the last without a name. The layer that knows brings
 * them; absent in kernels without it. */
extern struct lazy_file etc_files[];
/* Its text is another now: the file follows if the program has not written
 * to it. */
void lazy_file_changed(struct lazy_file *file);

/* The text of /proc/net/unix; absent in kernels without AF_UNIX. */
int unix_show(struct text_file *t);

/* Called at the first walk into /dev, /proc, /sys, never before: fill in sb
 * (dev, type, statfs, uncached) and give the root directory. */
MUST_CHECK int devfs_mount(struct superblock *sb, struct inode **root_out);
MUST_CHECK int procfs_mount(struct superblock *sb, struct inode **root_out);
MUST_CHECK int sysfs_mount(struct superblock *sb, struct inode **root_out);
MUST_CHECK int cgroupfs_mount(struct superblock *sb, struct inode **root_out);

/* What /proc/PID/status tells of a thread's signals. The process layer knows,
 * and has the function. */
struct thread;
struct proc_signals {
    uint64_t pending, shared_pending, blocked, ignored, caught;
    size_t queued;
    uint64_t queue_max;
};
void signal_describe(const struct thread *t, struct proc_signals *out);

/* Open files without a name; flags as the call's, checked by it. */
MUST_CHECK int pipe_create(unsigned flags, struct file *ends_out[2]);
/* Make f another end of old's pipe, as its flags say. -ENXIO: not a pipe */
MUST_CHECK int pipe_reopen(struct file *old, struct file *f);
MUST_CHECK int eventfd_create(uint32_t count, unsigned flags,
                              struct file **out);
MUST_CHECK int timerfd_create(int clock, unsigned flags, struct file **out);

/* struct itimerspec64, decoded; 0 value: disarmed. */
struct timerfd_time {
    uint64_t interval_ns, value_ns;
};
/* -EINVAL: f is no timerfd. old NULL: not wanted. flags: TFD_TIMER_* */
MUST_CHECK int timerfd_set(struct file *f, int flags,
                           const struct timerfd_time *new_time,
                           struct timerfd_time *old);
MUST_CHECK int timerfd_get(struct file *f, struct timerfd_time *out);

/* What /proc/self/fd shows for a descriptor of the console; NULL: another
 * kind of file. */
const char *tty_link_text(const struct file *f);

/* Device numbers: Linux's. */
#define DEV_MAJOR(rdev)        ((unsigned)((rdev) >> 8) & 0xfffu)
#define DEV_MINOR(rdev)        ((unsigned)((rdev)&0xffu))
#define DEV_MAKE(major, minor) ((uint64_t)(major) << 8 | (minor))

#endif
