/* SPDX-License-Identifier: BSD-2-Clause */
/* trace_names.c - see trace_show.h: flags and values with names. */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "cli/trace_show.h"

#define F TRACE_FLAG
#define V TRACE_VALUE
#define M TRACE_FIELD

static const struct trace_flag open_flags[] = {
    M(O_RDONLY, O_ACCMODE),
    M(O_WRONLY, O_ACCMODE),
    M(O_RDWR, O_ACCMODE),
    F(O_CREAT),
    F(O_EXCL),
    F(O_NOCTTY),
    F(O_TRUNC),
    F(O_APPEND),
    F(O_NONBLOCK),
    F(O_SYNC),
    F(O_DSYNC),
    F(O_ASYNC),
    F(O_DIRECT),
    { 0100000, 0100000, "O_LARGEFILE" },
    F(O_NOFOLLOW),
    F(O_NOATIME),
    F(O_CLOEXEC),
    F(O_PATH),
    F(O_TMPFILE),
    F(O_DIRECTORY),
    TRACE_FLAGS_END(NULL),
};
static const struct trace_flag access_modes[] = {
    V(F_OK), F(R_OK), F(W_OK), F(X_OK), TRACE_FLAGS_END("?_OK"),
};
static const struct trace_flag at_flags[] = {
    F(AT_STATX_FORCE_SYNC), F(AT_STATX_DONT_SYNC), F(AT_SYMLINK_NOFOLLOW),
    F(AT_REMOVEDIR),        F(AT_SYMLINK_FOLLOW),  F(AT_NO_AUTOMOUNT),
    F(AT_EMPTY_PATH),       F(AT_RECURSIVE),       TRACE_FLAGS_END("AT_???"),
};
static const struct trace_flag statx_flags[] = {
    M(AT_STATX_SYNC_AS_STAT, AT_STATX_SYNC_TYPE),
    M(AT_STATX_FORCE_SYNC, AT_STATX_SYNC_TYPE),
    M(AT_STATX_DONT_SYNC, AT_STATX_SYNC_TYPE),
    F(AT_SYMLINK_NOFOLLOW),
    F(AT_NO_AUTOMOUNT),
    F(AT_EMPTY_PATH),
    TRACE_FLAGS_END("AT_???"),
};
static const struct trace_flag eaccess_flags[] = {
    F(AT_SYMLINK_NOFOLLOW),
    F(AT_EACCESS),
    F(AT_EMPTY_PATH),
    TRACE_FLAGS_END("AT_???"),
};
static const struct trace_flag statx_mask[] = {
    F(STATX_ALL),    F(STATX_BASIC_STATS),
    F(STATX_TYPE),   F(STATX_MODE),
    F(STATX_NLINK),  F(STATX_UID),
    F(STATX_GID),    F(STATX_ATIME),
    F(STATX_MTIME),  F(STATX_CTIME),
    F(STATX_INO),    F(STATX_SIZE),
    F(STATX_BLOCKS), F(STATX_BTIME),
    F(STATX_MNT_ID), TRACE_FLAGS_END("STATX_???"),
};
static const struct trace_flag file_types[] = {
    M(S_IFREG, S_IFMT),  M(S_IFDIR, S_IFMT),    M(S_IFCHR, S_IFMT),
    M(S_IFBLK, S_IFMT),  M(S_IFIFO, S_IFMT),    M(S_IFLNK, S_IFMT),
    M(S_IFSOCK, S_IFMT), TRACE_FLAGS_END(NULL),
};
static const struct trace_flag prot_flags[] = {
    V(PROT_NONE), F(PROT_READ),      F(PROT_WRITE),
    F(PROT_EXEC), F(PROT_GROWSDOWN), TRACE_FLAGS_END("PROT_???"),
};
static const struct trace_flag map_flags[] = {
    M(MAP_SHARED, MAP_TYPE),
    M(MAP_PRIVATE, MAP_TYPE),
    M(MAP_SHARED_VALIDATE, MAP_TYPE),
    F(MAP_FIXED),
    F(MAP_ANONYMOUS),
    F(MAP_32BIT),
    F(MAP_NORESERVE),
    F(MAP_POPULATE),
    F(MAP_NONBLOCK),
    F(MAP_GROWSDOWN),
    F(MAP_DENYWRITE),
    F(MAP_EXECUTABLE),
    F(MAP_LOCKED),
    F(MAP_STACK),
    F(MAP_HUGETLB),
    F(MAP_FIXED_NOREPLACE),
    TRACE_FLAGS_END("MAP_???"),
};
static const struct trace_flag pkey_rights[] = {
    F(PKEY_DISABLE_ACCESS),
    F(PKEY_DISABLE_WRITE),
    TRACE_FLAGS_END("PKEY_???"),
};
static const struct trace_flag advice[] = {
    V(MADV_NORMAL),         V(MADV_RANDOM),
    V(MADV_SEQUENTIAL),     V(MADV_WILLNEED),
    V(MADV_DONTNEED),       V(MADV_FREE),
    V(MADV_REMOVE),         V(MADV_DONTFORK),
    V(MADV_DOFORK),         V(MADV_MERGEABLE),
    V(MADV_UNMERGEABLE),    V(MADV_HUGEPAGE),
    V(MADV_NOHUGEPAGE),     V(MADV_DONTDUMP),
    V(MADV_DODUMP),         V(MADV_WIPEONFORK),
    V(MADV_KEEPONFORK),     V(MADV_COLD),
    V(MADV_PAGEOUT),        V(MADV_POPULATE_READ),
    V(MADV_POPULATE_WRITE), TRACE_FLAGS_END("MADV_???"),
};
static const struct trace_flag mremap_flags[] = {
    F(MREMAP_MAYMOVE),
    F(MREMAP_FIXED),
    F(MREMAP_DONTUNMAP),
    TRACE_FLAGS_END("MREMAP_???"),
};
static const struct trace_flag msync_flags[] = {
    F(MS_ASYNC),
    F(MS_INVALIDATE),
    F(MS_SYNC),
    TRACE_FLAGS_END("MS_???"),
};
static const struct trace_flag mlock_flags[] = {
    F(MCL_CURRENT),
    F(MCL_FUTURE),
    F(MCL_ONFAULT),
    TRACE_FLAGS_END("MCL_???"),
};
static const struct trace_flag whence[] = {
    V(SEEK_SET),  V(SEEK_CUR),  V(SEEK_END),
    V(SEEK_DATA), V(SEEK_HOLE), TRACE_FLAGS_END("SEEK_???"),
};
static const struct trace_flag dup_flags[] = {
    F(O_CLOEXEC),
    F(O_NONBLOCK),
    TRACE_FLAGS_END("O_???"),
};
static const struct trace_flag pipe_flags[] = {
    F(O_NONBLOCK),
    F(O_CLOEXEC),
    F(O_DIRECT),
    TRACE_FLAGS_END(NULL),
};
static const struct trace_flag accept_flags[] = {
    F(SOCK_CLOEXEC),
    F(SOCK_NONBLOCK),
    TRACE_FLAGS_END("SOCK_???"),
};
static const struct trace_flag eventfd_flags[] = {
    F(EFD_SEMAPHORE),
    F(EFD_CLOEXEC),
    F(EFD_NONBLOCK),
    TRACE_FLAGS_END("EFD_???"),
};
static const struct trace_flag epoll_flags[] = {
    F(EPOLL_CLOEXEC),
    TRACE_FLAGS_END("EPOLL_???"),
};
static const struct trace_flag timerfd_flags[] = {
    F(TFD_CLOEXEC),
    F(TFD_NONBLOCK),
    TRACE_FLAGS_END("TFD_???"),
};
static const struct trace_flag timerfd_settime_flags[] = {
    F(TFD_TIMER_ABSTIME),
    F(TFD_TIMER_CANCEL_ON_SET),
    TRACE_FLAGS_END("TFD_???"),
};
static const struct trace_flag signalfd_flags[] = {
    { O_CLOEXEC, O_CLOEXEC, "SFD_CLOEXEC" },
    { O_NONBLOCK, O_NONBLOCK, "SFD_NONBLOCK" },
    TRACE_FLAGS_END("SFD_???"),
};
static const struct trace_flag inotify_init_flags[] = {
    F(IN_NONBLOCK),
    F(IN_CLOEXEC),
    TRACE_FLAGS_END("IN_???"),
};
static const struct trace_flag inotify_mask[] = {
    F(IN_ACCESS),
    F(IN_MODIFY),
    F(IN_ATTRIB),
    F(IN_CLOSE_WRITE),
    F(IN_CLOSE_NOWRITE),
    F(IN_OPEN),
    F(IN_MOVED_FROM),
    F(IN_MOVED_TO),
    F(IN_CREATE),
    F(IN_DELETE),
    F(IN_DELETE_SELF),
    F(IN_MOVE_SELF),
    F(IN_UNMOUNT),
    F(IN_Q_OVERFLOW),
    F(IN_IGNORED),
    F(IN_ONLYDIR),
    F(IN_DONT_FOLLOW),
    F(IN_EXCL_UNLINK),
    F(IN_MASK_CREATE),
    F(IN_MASK_ADD),
    F(IN_ISDIR),
    F(IN_ONESHOT),
    TRACE_FLAGS_END("IN_???"),
};
static const struct trace_flag memfd_flags[] = {
    F(MFD_CLOEXEC),
    F(MFD_ALLOW_SEALING),
    F(MFD_HUGETLB),
    TRACE_FLAGS_END("MFD_???"),
};
static const struct trace_flag random_flags[] = {
    F(GRND_NONBLOCK),
    F(GRND_RANDOM),
    F(GRND_INSECURE),
    TRACE_FLAGS_END("GRND_???"),
};
static const struct trace_flag fallocate_modes[] = {
    F(FALLOC_FL_KEEP_SIZE),           F(FALLOC_FL_PUNCH_HOLE),
    F(FALLOC_FL_COLLAPSE_RANGE),      F(FALLOC_FL_ZERO_RANGE),
    F(FALLOC_FL_INSERT_RANGE),        F(FALLOC_FL_UNSHARE_RANGE),
    TRACE_FLAGS_END("FALLOC_FL_???"),
};
static const struct trace_flag fadvice[] = {
    V(POSIX_FADV_NORMAL),
    V(POSIX_FADV_RANDOM),
    V(POSIX_FADV_SEQUENTIAL),
    V(POSIX_FADV_WILLNEED),
    V(POSIX_FADV_DONTNEED),
    V(POSIX_FADV_NOREUSE),
    TRACE_FLAGS_END("POSIX_FADV_???"),
};
static const struct trace_flag splice_flags[] = {
    F(SPLICE_F_MOVE),
    F(SPLICE_F_NONBLOCK),
    F(SPLICE_F_MORE),
    F(SPLICE_F_GIFT),
    TRACE_FLAGS_END("SPLICE_F_???"),
};
static const struct trace_flag xattr_flags[] = {
    F(XATTR_CREATE),
    F(XATTR_REPLACE),
    TRACE_FLAGS_END("XATTR_???"),
};
static const struct trace_flag rename_flags[] = {
    F(RENAME_NOREPLACE),
    F(RENAME_EXCHANGE),
    F(RENAME_WHITEOUT),
    TRACE_FLAGS_END("RENAME_??"),
};
static const struct trace_flag rwf_flags[] = {
    F(RWF_HIPRI),  F(RWF_DSYNC),  F(RWF_SYNC),
    F(RWF_NOWAIT), F(RWF_APPEND), TRACE_FLAGS_END("RWF_???"),
};
static const struct trace_flag flock_ops[] = {
    F(LOCK_SH), F(LOCK_EX), F(LOCK_UN), F(LOCK_NB), TRACE_FLAGS_END("LOCK_???"),
};
static const struct trace_flag close_range_flags[] = {
    { 2, 2, "CLOSE_RANGE_UNSHARE" },
    { 4, 4, "CLOSE_RANGE_CLOEXEC" },
    TRACE_FLAGS_END("CLOSE_RANGE_???"),
};
static const struct trace_flag clocks[] = {
    V(CLOCK_REALTIME),
    V(CLOCK_MONOTONIC),
    V(CLOCK_PROCESS_CPUTIME_ID),
    V(CLOCK_THREAD_CPUTIME_ID),
    V(CLOCK_MONOTONIC_RAW),
    V(CLOCK_REALTIME_COARSE),
    V(CLOCK_MONOTONIC_COARSE),
    V(CLOCK_BOOTTIME),
    V(CLOCK_REALTIME_ALARM),
    V(CLOCK_BOOTTIME_ALARM),
    V(CLOCK_TAI),
    TRACE_FLAGS_END("CLOCK_???"),
};
static const struct trace_flag timer_flags[] = {
    F(TIMER_ABSTIME),
    TRACE_FLAGS_END("TIMER_???"),
};
static const struct trace_flag itimers[] = {
    V(ITIMER_REAL),
    V(ITIMER_VIRTUAL),
    V(ITIMER_PROF),
    TRACE_FLAGS_END("ITIMER_???"),
};
static const struct trace_flag rlimits[] = {
    V(RLIMIT_CPU),
    V(RLIMIT_FSIZE),
    V(RLIMIT_DATA),
    V(RLIMIT_STACK),
    V(RLIMIT_CORE),
    V(RLIMIT_RSS),
    V(RLIMIT_NPROC),
    V(RLIMIT_NOFILE),
    V(RLIMIT_MEMLOCK),
    V(RLIMIT_AS),
    V(RLIMIT_LOCKS),
    V(RLIMIT_SIGPENDING),
    V(RLIMIT_MSGQUEUE),
    V(RLIMIT_NICE),
    V(RLIMIT_RTPRIO),
    V(RLIMIT_RTTIME),
    TRACE_FLAGS_END("RLIMIT_???"),
};
static const struct trace_flag usage_whos[] = {
    V(RUSAGE_SELF),
    { (uint32_t)RUSAGE_CHILDREN, UINT64_MAX, "RUSAGE_CHILDREN" },
    V(RUSAGE_THREAD),
    TRACE_FLAGS_END("RUSAGE_???"),
};
static const struct trace_flag priorities[] = {
    V(PRIO_PROCESS),
    V(PRIO_PGRP),
    V(PRIO_USER),
    TRACE_FLAGS_END("PRIO_???"),
};
static const struct trace_flag policies[] = {
    V(SCHED_OTHER),
    V(SCHED_FIFO),
    V(SCHED_RR),
    V(SCHED_BATCH),
    V(SCHED_IDLE),
    { 6, UINT64_MAX, "SCHED_DEADLINE" },
    TRACE_FLAGS_END("SCHED_???"),
};
static const struct trace_flag wait_options[] = {
    F(WNOHANG),
    F(WUNTRACED),
    F(WEXITED),
    F(WCONTINUED),
    F(WNOWAIT),
    { 0x40000000, 0x40000000, "__WALL" },
    TRACE_FLAGS_END("W???"),
};
static const struct trace_flag arch_codes[] = {
    { 0x1001, UINT64_MAX, "ARCH_SET_GS" },
    { 0x1002, UINT64_MAX, "ARCH_SET_FS" },
    { 0x1003, UINT64_MAX, "ARCH_GET_FS" },
    { 0x1004, UINT64_MAX, "ARCH_GET_GS" },
    { 0x3001, UINT64_MAX, "ARCH_CET_STATUS" },
    TRACE_FLAGS_END("ARCH_???"),
};
static const struct trace_flag barriers[] = {
    V(MEMBARRIER_CMD_QUERY),
    V(MEMBARRIER_CMD_GLOBAL),
    V(MEMBARRIER_CMD_GLOBAL_EXPEDITED),
    V(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED),
    V(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
    V(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED),
    V(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
    V(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
    TRACE_FLAGS_END("MEMBARRIER_CMD_???"),
};
static const struct trace_flag clone_flags[] = {
    F(CLONE_VM),
    F(CLONE_FS),
    F(CLONE_FILES),
    F(CLONE_SIGHAND),
    F(CLONE_PIDFD),
    F(CLONE_PTRACE),
    F(CLONE_VFORK),
    F(CLONE_PARENT),
    F(CLONE_THREAD),
    F(CLONE_NEWNS),
    F(CLONE_SYSVSEM),
    F(CLONE_SETTLS),
    F(CLONE_PARENT_SETTID),
    F(CLONE_CHILD_CLEARTID),
    F(CLONE_DETACHED),
    F(CLONE_UNTRACED),
    F(CLONE_CHILD_SETTID),
    F(CLONE_NEWPID),
    F(CLONE_IO),
    TRACE_FLAGS_END(NULL),
};
static const struct trace_flag ipc_flags[] = {
    F(IPC_CREAT),
    F(IPC_EXCL),
    F(IPC_NOWAIT),
    TRACE_FLAGS_END(NULL),
};
static const struct trace_flag ipc_commands[] = {
    V(IPC_RMID), V(IPC_SET), V(IPC_STAT), V(IPC_INFO),
    V(GETPID),   V(GETVAL),  V(GETALL),   V(GETNCNT),
    V(GETZCNT),  V(SETVAL),  V(SETALL),   TRACE_FLAGS_END("IPC_???"),
};
static const struct trace_flag shmat_flags[] = {
    F(SHM_RDONLY),
    F(SHM_RND),
    F(SHM_REMAP),
    TRACE_FLAGS_END("SHM_???"),
};
static const struct trace_flag poll_events[] = {
    F(POLLIN),     F(POLLPRI),
    F(POLLOUT),    F(POLLRDNORM),
    F(POLLWRNORM), F(POLLRDBAND),
    F(POLLWRBAND), F(POLLERR),
    F(POLLHUP),    F(POLLNVAL),
    F(POLLMSG),    F(POLLREMOVE),
    F(POLLRDHUP),  TRACE_FLAGS_END("POLL???"),
};
static const struct trace_flag epoll_events[] = {
    F(EPOLLIN),
    F(EPOLLPRI),
    F(EPOLLOUT),
    F(EPOLLRDNORM),
    F(EPOLLRDBAND),
    F(EPOLLWRNORM),
    F(EPOLLWRBAND),
    F(EPOLLMSG),
    F(EPOLLERR),
    F(EPOLLHUP),
    F(EPOLLRDHUP),
    F(EPOLLEXCLUSIVE),
    F(EPOLLWAKEUP),
    F(EPOLLONESHOT),
    { 1u << 31, 1u << 31, "EPOLLET" },
    TRACE_FLAGS_END("EPOLL???"),
};
static const struct trace_flag epoll_ops[] = {
    V(EPOLL_CTL_ADD),
    V(EPOLL_CTL_DEL),
    V(EPOLL_CTL_MOD),
    TRACE_FLAGS_END("EPOLL_CTL_???"),
};
static const struct trace_flag mask_hows[] = {
    V(SIG_BLOCK),
    V(SIG_UNBLOCK),
    V(SIG_SETMASK),
    TRACE_FLAGS_END("SIG_???"),
};
static const struct trace_flag action_flags[] = {
    { 0x4000000, 0x4000000, "SA_RESTORER" },
    F(SA_ONSTACK),
    F(SA_RESTART),
    F(SA_NODEFER),
    F(SA_RESETHAND),
    F(SA_SIGINFO),
    F(SA_NOCLDSTOP),
    F(SA_NOCLDWAIT),
    TRACE_FLAGS_END("SA_???"),
};
static const struct trace_flag stack_flags[] = {
    V(SS_ONSTACK),
    V(SS_DISABLE),
    { 1u << 31, 1u << 31, "SS_AUTODISARM" },
    TRACE_FLAGS_END("SS_???"),
};
#define NAMES(list)                                            \
    {                                                          \
        .name = #list, .show = trace_show_flags, .table = list \
    }
#define NAMES64(list)                                            \
    {                                                            \
        .name = #list, .show = trace_show_flags64, .table = list \
    }

const struct trace_type trace_types_names[] = {
    NAMES(open_flags),
    NAMES(access_modes),
    NAMES(at_flags),
    NAMES(statx_flags),
    NAMES(eaccess_flags),
    NAMES(statx_mask),
    NAMES(file_types),
    NAMES(prot_flags),
    NAMES(map_flags),
    NAMES(advice),
    NAMES(pkey_rights),
    NAMES(mremap_flags),
    NAMES(msync_flags),
    NAMES(mlock_flags),
    NAMES(whence),
    NAMES(dup_flags),
    NAMES(pipe_flags),
    NAMES(accept_flags),
    NAMES(eventfd_flags),
    NAMES(epoll_flags),
    NAMES(timerfd_flags),
    NAMES(timerfd_settime_flags),
    NAMES(signalfd_flags),
    NAMES(inotify_init_flags),
    NAMES(inotify_mask),
    NAMES(memfd_flags),
    NAMES(random_flags),
    NAMES(fallocate_modes),
    NAMES(fadvice),
    NAMES(splice_flags),
    NAMES(xattr_flags),
    NAMES(rename_flags),
    NAMES(rwf_flags),
    NAMES(flock_ops),
    NAMES(close_range_flags),
    NAMES(clocks),
    NAMES(timer_flags),
    NAMES(itimers),
    NAMES(rlimits),
    NAMES(usage_whos),
    NAMES(priorities),
    NAMES(policies),
    NAMES(wait_options),
    NAMES(arch_codes),
    NAMES(barriers),
    NAMES64(clone_flags),
    NAMES(ipc_flags),
    NAMES(ipc_commands),
    NAMES(shmat_flags),
    NAMES(poll_events),
    NAMES(epoll_events),
    NAMES(epoll_ops),
    NAMES(mask_hows),
    NAMES64(action_flags),
    NAMES(stack_flags),
    { 0 },
};
