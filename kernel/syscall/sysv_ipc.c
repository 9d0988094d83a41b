/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysv_ipc.c - System V IPC, svipc(7): shared memory, semaphores, messages.
 */
#include <linux/sem.h>

#include "core/errno.h"
#include "ipc/msg.h"
#include "ipc/sem.h"
#include "ipc/shm.h"
#include "mm/heap.h"
#include "mm/user.h"
#include "sched/wait.h"
#include "syscall/deadline.h"
#include "syscall/syscall.h"

#define OPS_FAST_COUNT 16u
#define SHM_LOCK       11
#define SHM_UNLOCK     12
#define SHM_HUGETLB    04000

long sys_shmget(int key, size_t len, int flags)
{
    if (flags & SHM_HUGETLB)
        return -ENOMEM; /* none are reserved */
    return ipc_get(&shm_kind, key, len, flags);
}

long sys_shmat(int id, uaddr_t addr, int flags)
{
    return shm_attach(id, addr, flags);
}

long sys_shmdt(uaddr_t addr)
{
    return shm_detach(addr);
}

long sys_shmctl(int id, int cmd, uaddr_t buf)
{
    if (cmd == SHM_LOCK || cmd == SHM_UNLOCK)
        return shm_lock(id, cmd == SHM_LOCK);
    return ipc_control(&shm_kind, id, cmd, buf);
}

long sys_semget(int key, int count, int flags)
{
    if (count < 0 || (unsigned)count > SEM_SET_MAX)
        return -EINVAL;
    return ipc_get(&sem_kind, key, (size_t)count, flags);
}

static long operate(int id, uaddr_t user, size_t count, uint64_t deadline)
{
    struct sembuf fast[OPS_FAST_COUNT], *ops = fast;
    long err;

    if (count < 1 || id < 0)
        return -EINVAL;
    if (count > SEM_OPERATIONS_MAX)
        return -E2BIG;
    if (count > OPS_FAST_COUNT)
        ops = kmalloc(count * sizeof(*ops));
    if (!ops)
        return -ENOMEM;
    err = copy_from_user(ops, user, count * sizeof(*ops));
    if (!err)
        err = sem_operate(id, ops, (unsigned)count, deadline);
    if (ops != fast)
        kfree(ops);
    return err;
}

long sys_semop(int id, uaddr_t ops, size_t count)
{
    return operate(id, ops, (unsigned)count, WAIT_FOREVER);
}

long sys_semtimedop(int id, uaddr_t ops, size_t count, uaddr_t timeout)
{
    uint64_t deadline;
    int err = deadline_of_timespec(timeout, &deadline);

    return err ? err : operate(id, ops, (unsigned)count, deadline);
}

long sys_semctl(int id, int num, int cmd, uaddr_t arg)
{
    return sem_control(id, num, cmd, arg);
}

long sys_msgget(int key, int flags)
{
    return ipc_get(&msg_kind, key, 0, flags);
}

long sys_msgsnd(int id, uaddr_t msg, size_t len, int flags)
{
    uint64_t type;

    if (user_get64(&type, msg) != 0)
        return -EFAULT;
    return msg_send(id, (long)type, msg + sizeof(type), len, flags);
}

long sys_msgrcv(int id, uaddr_t msg, size_t len, long type, int flags)
{
    return msg_receive(id, msg, len, type, flags);
}

long sys_msgctl(int id, int cmd, uaddr_t buf)
{
    return ipc_control(&msg_kind, id, cmd, buf);
}
