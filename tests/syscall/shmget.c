/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shmget.c - System V shared memory.
 *
 * covers: shmat shmdt shmctl
 */
#include "check.h"

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#define KEY 0x5a4d4101

static int segment(size_t len)
{
    int id = shmget(IPC_PRIVATE, len, IPC_CREAT | 0600);

    CHECK_OK(id);
    return id;
}

static struct shmid_ds status(int id)
{
    struct shmid_ds ds = { 0 };

    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    return ds;
}

TEST(two_attachments_show_the_same)
{
    int id = segment(2 * PAGE + 5);
    char *a = shmat(id, NULL, 0), *b = shmat(id, NULL, SHM_RDONLY);
    struct shmid_ds ds;

    CHECK(a != (void *)-1 && b != (void *)-1 && a != b);
    CHECK_EQ(a[2 * PAGE + 7], 0);
    strcpy(a + PAGE, "shared");
    CHECK_STR(b + PAGE, "shared");
    ds = status(id);
    CHECK_EQ(ds.shm_segsz, 2 * PAGE + 5);
    CHECK_EQ(ds.shm_nattch, 2);
    CHECK_EQ(ds.shm_cpid, getpid());
    CHECK_EQ(ds.shm_lpid, getpid());
    CHECK_EQ(ds.shm_perm.mode & 07777, 0600);
    CHECK_EQ(ds.shm_perm.cuid, geteuid());
    CHECK(ds.shm_atime > 0 && ds.shm_ctime > 0);
    CHECK_EQ(ds.shm_dtime, 0);
    CHECK_ERR(mprotect(b, PAGE, PROT_READ | PROT_WRITE), EACCES);
    CHECK_OK(shmdt(a));
    CHECK_ERR(shmdt(a), EINVAL);
    ds = status(id);
    CHECK_EQ(ds.shm_nattch, 1);
    CHECK(ds.shm_dtime > 0);
    CHECK_STR(b + PAGE, "shared");
    CHECK_OK(shmdt(b));
    b = shmat(id, NULL, 0); /* it is kept without attachments */
    CHECK_STR(b + PAGE, "shared");
    CHECK_OK(shmdt(b));
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    CHECK_ERR(shmctl(id, IPC_RMID, NULL), EINVAL);
    CHECK(shmat(id, NULL, 0) == (void *)-1 && errno == EINVAL);
}

TEST(a_removed_segment_lives_while_it_is_attached)
{
    int id = shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600);
    char *a = shmat(id, NULL, 0), *b;
    struct shmid_ds ds;

    CHECK_OK(id);
    strcpy(a, "still");
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    ds = status(id);
    CHECK_EQ(ds.shm_perm.mode & 07777, 01600); /* SHM_DEST */
    CHECK_EQ(ds.shm_perm.__key, IPC_PRIVATE);
    CHECK_ERR(shmget(KEY, PAGE, 0), ENOENT);
    b = shmat(id, NULL, 0);
    CHECK_STR(b, "still");
    CHECK_OK(shmdt(a));
    CHECK_OK(munmap(b, PAGE));
    CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
}

TEST(keys)
{
    int id = shmget(KEY, 3 * PAGE, IPC_CREAT | 0600);

    CHECK_OK(id);
    CHECK_EQ(shmget(KEY, 3 * PAGE, 0), id);
    CHECK_EQ(shmget(KEY, 1, IPC_CREAT | 0600), id);
    CHECK_EQ(shmget(KEY, 0, 0), id);
    CHECK_ERR(shmget(KEY, 3 * PAGE + 1, 0), EINVAL);
    CHECK_ERR(shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL), EEXIST);
    CHECK_ERR(shmget(KEY + 1, PAGE, 0), ENOENT);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    CHECK_ERR(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
    CHECK_ERR(shmget(IPC_PRIVATE, SIZE_MAX, 0600), EINVAL);
}

TEST(places)
{
    int id = segment(2 * PAGE);
    char *area =
        mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK_OK(munmap(area + PAGE, 4 * PAGE));
    CHECK(shmat(id, area + PAGE, 0) == area + PAGE);
    CHECK(shmat(id, area + PAGE, 0) == (void *)-1 && errno == EINVAL);
    CHECK(shmat(id, area + 4 * PAGE, 0) == (void *)-1 && errno == EINVAL);
    CHECK(shmat(id, area + 4 * PAGE, SHM_REMAP) == area + 4 * PAGE);
    CHECK(shmat(id, area + 7, 0) == (void *)-1 && errno == EINVAL);
    CHECK(shmat(id, area + 6 * PAGE + 7, SHM_RND | SHM_REMAP) ==
          area + 6 * PAGE);
    CHECK(shmat(id, NULL, SHM_REMAP) == (void *)-1 && errno == EINVAL);
    CHECK_EQ(status(id).shm_nattch, 3);
    area[4 * PAGE] = 'x';
    CHECK_EQ(area[6 * PAGE], 'x');
    CHECK_ERR(shmdt(area + 2 * PAGE), EINVAL); /* inside of one */
    CHECK_ERR(shmdt(area + 1), EINVAL);
    CHECK_ERR(shmdt(area), EINVAL); /* another kind of mapping */
    CHECK_OK(mprotect(area + 5 * PAGE, PAGE, PROT_READ)); /* in two now */
    CHECK_OK(shmdt(area + 4 * PAGE));
    CHECK_OK(shmdt(area + PAGE));
    CHECK_EQ(status(id).shm_nattch, 1);
    CHECK_OK(munmap(area + 7 * PAGE, PAGE));
    CHECK_EQ(area[6 * PAGE], 'x');
    CHECK_OK(shmdt(area + 6 * PAGE));
    CHECK_EQ(status(id).shm_nattch, 0);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    munmap(area, PAGE);
}

TEST(control)
{
    int id = segment(PAGE), n;
    struct shmid_ds ds = status(id);
    struct shminfo limits;
    struct shm_info use;
    char *a = shmat(id, NULL, 0);

    a[0] = 1;
    ds.shm_perm.mode = 0640;
    ds.shm_perm.uid = 77;
    CHECK_OK(shmctl(id, IPC_SET, &ds));
    ds = status(id);
    CHECK_EQ(ds.shm_perm.mode & 07777, 0640);
    CHECK_EQ(ds.shm_perm.uid, 77);
    CHECK_EQ(ds.shm_perm.cuid, geteuid());
    CHECK_OK(shmctl(id, SHM_LOCK, NULL));
    CHECK_EQ(status(id).shm_perm.mode & 07777, 02640);
    CHECK_OK(shmctl(id, SHM_UNLOCK, NULL));
    CHECK_EQ(status(id).shm_perm.mode & 07777, 0640);
    n = shmctl(0, IPC_INFO, (struct shmid_ds *)&limits);
    CHECK(n >= 0);
    CHECK_EQ(limits.shmmni, 4096);
    CHECK_EQ(limits.shmmin, 1);
    CHECK_EQ(limits.shmmax, ULONG_MAX - (1ul << 24));
    n = shmctl(0, SHM_INFO, (struct shmid_ds *)&use);
    CHECK(n >= 0 && use.used_ids >= 1 && use.shm_tot >= 1 && use.shm_rss >= 1);
    for (int i = 0; i <= n; i++)
        if (shmctl(i, SHM_STAT, &ds) == id)
            n = -1;
    CHECK_EQ(n, -1);
    CHECK_ERR(shmctl(id, 99, NULL), EINVAL);
    CHECK_ERR(shmctl(-1, IPC_STAT, &ds), EINVAL);
    CHECK_ERR(shmctl(id, IPC_STAT, bad_pointer()), EFAULT);
    CHECK_ERR(shmctl(id, IPC_SET, bad_pointer()), EFAULT);
    CHECK_ERR(shmctl(0x7fff8000 | (id & 0x7fff), IPC_STAT, &ds), EINVAL);
    CHECK_OK(shmdt(a));
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

TEST(another_user_has_no_right)
{
    int id = segment(PAGE);
    struct shmid_ds ds;

    if (geteuid() != 0)
        SKIP("needs root");
    CHECK_OK(syscall(SYS_setresuid, -1, 12345, -1));
    CHECK_ERR(shmctl(id, IPC_STAT, &ds), EACCES);
    CHECK_ERR(shmctl(id, IPC_RMID, NULL), EPERM);
    CHECK(shmat(id, NULL, SHM_RDONLY) == (void *)-1 && errno == EACCES);
    CHECK_OK(syscall(SYS_setresuid, -1, 0, -1));
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

TEST(it_is_shown_in_proc)
{
    char line[512], want[64];
    int id = shmget(KEY, 12345, IPC_CREAT | 0644);
    char *a = shmat(id, NULL, 0);
    bool found = false;
    FILE *f;

    snprintf(want, sizeof(want), "%10d %10d   644 %21d", KEY, id, 12345);
    f = fopen("/proc/sysvipc/shm", "r");
    CHECK(f && fgets(line, sizeof(line), f));
    CHECK_STR(line, "       key      shmid perms                  size  cpid  "
                    "lpid nattch   uid   gid  cuid  cgid      atime      dtime "
                    "     ctime                   rss                  swap\n");
    while (f && fgets(line, sizeof(line), f))
        found |= strncmp(line, want, strlen(want)) == 0;
    CHECK(found);
    fclose(f);
    f = fopen("/proc/self/maps", "r");
    found = false;
    snprintf(want, sizeof(want), "/SYSV%08x (deleted)", KEY);
    while (f && fgets(line, sizeof(line), f))
        found |= strstr(line, want) != NULL;
    CHECK(found);
    fclose(f);
    CHECK_OK(shmdt(a));
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
