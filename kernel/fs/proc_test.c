/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_test.c - /proc as programs parse it.
 *
 * Method: files are opened by walking the tree from its root as the VFS does,
 * so lookups are tested with the texts; figures come from fakes and must turn
 * up in the column or line where Linux puts them.
 */
/* unit-flags: -ffreestanding -Dsnprintf=kernel_snprintf
 * -Dvsnprintf=kernel_vsnprintf */
/* unit: kernel/fs/proc.c kernel/fs/proc_pid.c kernel/fs/proc_sys.c
 * kernel/fs/proc_maps.c kernel/fs/proc_memory.c kernel/fs/proc_mounts.c
 * kernel/fs/proc_net.c
 * kernel/fs/proc_status.c
 * kernel/fs/pseudo.c kernel/fs/text_file.c kernel/fs/dirent.c
 * kernel/core/printf.c */
#define waitq_wake_one unused_waitq_wake_one
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#define kprintf unused_kprintf
#include "fs/fakes.h"
#undef kprintf
#pragma GCC diagnostic pop

#include <linux/mman.h>

#include "core/errno.h"
#include "fs/proc.h"
#include "fs/special.h"
#include "mm/space.h"
#include "tests/unit.h"

#define TEXT_MAX 65536u

static struct superblock sb;
static struct inode *root;
static struct dentry *const some_dentry = (struct dentry *)&sb;

/* ---- what /proc asks of the kernel ---- */

uint64_t clock_mono_ns(void)
{
    return CLOCK_START_NS + 12340000000ull;
}

uint64_t clock_ns_of_cycles(uint64_t cycles)
{
    return cycles / 2; /* 2 GHz */
}

unsigned arch_cpu_count(void)
{
    return 1;
}
size_t arch_cpu_describe(unsigned cpu, uint64_t khz, char *buf, size_t buf_len)
{
    return (size_t)snprintf(buf, buf_len, "processor\t: %u\ncpu MHz\t\t: %lu\n",
                            cpu, khz / 1000);
}

struct thread *thread_find(int tid)
{
    return tid == 0 || tid == fake_thread.tid ? &fake_thread : NULL;
}

uint64_t process_cpu_ns(const struct process *p)
{
    (void)p;
    return 2 * NS_PER_SEC;
}

uint64_t thread_cpu_ns(const struct thread *t)
{
    (void)t;
    return NS_PER_SEC;
}

struct cpu_times process_times(struct process *p)
{
    (void)p;
    return (struct cpu_times){ 2 * NS_PER_SEC, 0 };
}

struct cpu_times thread_times(struct thread *t)
{
    (void)t;
    return (struct cpu_times){ NS_PER_SEC, 0 };
}

size_t thread_ready_count(void)
{
    return 1;
}

void space_stat(const struct space *s, struct space_stat *out)
{
    (void)s;
    *out = (struct space_stat){ .mapped_pages = 1000,
                                .resident_pages = 300,
                                .shared_pages = 100,
                                .text_pages = 50,
                                .data_pages = 70,
                                .stack_pages = 33,
                                .peak_resident_pages = 400,
                                .stack_start = 0x7ffc00000000 };
}

int space_maps_line(struct space *s, uaddr_t *va, char *buf, size_t buf_len)
{
    (void)s;
    if (*va >= 0x3000)
        return 0;
    *va = *va ? 0x3000 : 0x2000;
    return snprintf(buf, buf_len, "%08lx-%08lx r--p 00000000 00:00 0 \n",
                    *va - 0x1000, *va);
}

void space_present(struct space *s, uaddr_t start, uaddr_t end,
                   struct space_present *out)
{
    (void)s;
    *out = (struct space_present){ .prot = PROT_READ };
    if (start <= 0x1000 && end >= 0x2000)
        out->pages = 1;
    if (end == ARCH_USER_MAX)
        *out = (struct space_present){ .pages = 300, .own_pages = 200 };
}

size_t space_table_count(const struct space *s)
{
    (void)s;
    return 5;
}

unsigned fd_table_count(void)
{
    return 3;
}

unsigned fd_table_size(void)
{
    return 64;
}

struct superblock *vfs_mount_at(unsigned idx, struct dentry **path_out)
{
    *path_out = some_dentry;
    return idx == 0 ? &sb : NULL;
}

unsigned vfs_mount_id(const struct superblock *s)
{
    return VFS_ROOT_ID + (s != &sb);
}

int dentry_path(struct dentry *d, char *buf, size_t buf_len)
{
    CHECK(d == some_dentry);
    return snprintf(buf, buf_len, "/a b");
}

struct dentry *dentry_get(struct dentry *d)
{
    return d;
}

int chrdev_open(struct inode *i, struct file *f)
{
    (void)i, (void)f;
    return -ENXIO;
}

void inode_init(struct inode *i, struct superblock *s,
                const struct inode_ops *ops, const struct file_ops *file_ops,
                uint64_t ino, uint32_t mode)
{
    i->sb = s;
    i->ops = ops;
    i->file_ops = file_ops;
    i->ino = ino;
    i->mode = mode;
    i->refs = 1;
}

void inode_stamp(struct inode *i)
{
    (void)i;
}

void pool_read(void *buf, size_t len)
{
    memset(buf, 0xff, len);
}

int proc_fd_lookup(struct pseudo_inode *dir, const char *name, size_t name_len,
                   struct inode **out)
{
    (void)dir, (void)name, (void)name_len, (void)out;
    return -ENOENT;
}

int proc_fdinfo_lookup(struct pseudo_inode *dir, const char *name,
                       size_t name_len, struct inode **out)
{
    return proc_fd_lookup(dir, name, name_len, out);
}

size_t proc_fd_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                    uint8_t *type_out)
{
    (void)dir, (void)pos, (void)name, (void)type_out;
    return 0;
}

size_t proc_fdinfo_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                        uint8_t *type_out)
{
    return proc_fd_next(dir, pos, name, type_out);
}

/* ---- the walk ---- */

const struct pseudo_node proc_ipc_nodes[PROC_IPC_COUNT];

static char strings[] = "prog\0-x\0A=1";

static void start(void)
{
    struct process *p = &fake_process;

    thread_current_ptr = &fake_thread;
    p->pid = fake_thread.tid = 7;
    p->ppid = 3;
    p->thread_count = 1;
    p->minor_faults = 11;
    p->arg_start = (uaddr_t)strings;
    p->arg_end = p->arg_start + 8;
    p->env_start = p->arg_end;
    p->env_end = p->env_start + 4;
    p->exe = some_dentry;
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        p->rlimits[i] = (struct rlimit64){ UINT64_MAX, 4096 };
    list_init(&p->threads);
    list_push_back(&p->threads, &fake_thread.process_link);
    strcpy(fake_thread.name, "a prog");
    fake_thread.state = THREAD_RUNNING;
    fake_thread.fs = calloc(1, sizeof(struct fs_context));
    fake_thread.fs->umask = 022;
    REQUIRE(procfs_mount(&sb, &root) == 0);
    CHECK(sb.uncached);
}

static void put(struct inode *i)
{
    if (i != root)
        i->ops->evict(i);
}

static struct inode *walk(const char *path)
{
    struct inode *at = root, *next;

    while (*path) {
        size_t len = strcspn(path, "/");
        int err = at->ops->lookup(at, path, len, &next);

        put(at);
        if (err)
            return NULL;
        at = next;
        path += len + (path[len] == '/');
    }
    return at;
}

/* The whole text; NUL-terminated. Length, or -1: no such name. */
static ssize_t text_of(const char *path, char *text)
{
    struct inode *i = walk(path);
    struct file f = { .inode = i };
    struct io_vec vec;
    struct io io;
    ssize_t n;

    if (!i)
        return -1;
    if (i->ops->open(i, &f) != 0) {
        put(i);
        return -1;
    }
    io_init_kernel(&io, &vec, text, TEXT_MAX - 1);
    n = f.ops->read(&f, &io, &f.pos);
    text[n] = '\0';
    f.ops->release(&f);
    put(i);
    return n;
}

static char text[TEXT_MAX];

TEST(stat_has_linuxs_columns)
{
    char *p = text;
    unsigned fields = 1;

    start();
    CHECK(text_of("7/stat", text) > 0);
    for (p = strrchr(text, ')'); *p; p++)
        fields += *p == ' ';
    CHECK_EQ(fields, 51); /* after the name, which may hold anything: 3..52 */
    CHECK(strncmp(text, "7 (a prog) R 3 ", 15) == 0);
    p = strrchr(text, ')') + 2;
    for (unsigned i = 3; i < 10; i++)
        p = strchr(p, ' ') + 1;
    CHECK_EQ(strtoul(p, NULL, 10), 11); /* 10: minor faults */
    for (unsigned i = 10; i < 14; i++)
        p = strchr(p, ' ') + 1;
    CHECK_EQ(strtoul(p, NULL, 10), 200); /* 14: user time, in 1/100 s */
    for (unsigned i = 14; i < 24; i++)
        p = strchr(p, ' ') + 1;
    CHECK_EQ(strtoul(p, NULL, 10), 300); /* 24: resident pages */
    for (unsigned i = 24; i < 28; i++)
        p = strchr(p, ' ') + 1;
    CHECK_EQ(strtoul(p, NULL, 10), 0x7ffc00000000); /* 28: stack */
}

TEST(status_and_statm)
{
    start();
    CHECK(text_of("7/status", text) > 0);
    CHECK(strstr(text, "Name:\ta prog\nUmask:\t0022\nState:\tR (running)\n"));
    CHECK(strstr(text, "\nPid:\t7\nPPid:\t3\n"));
    CHECK(strstr(text, "\nVmRSS:\t    1200 kB\n"));
    CHECK(strstr(text, "\nThreads:\t1\n"));
    CHECK(text_of("7/statm", text) > 0);
    CHECK_STR_EQ(text, "1000 300 100 50 0 103 0\n"); /* 100: files */
}

TEST(strings_keep_their_nuls)
{
    start();
    CHECK_EQ(text_of("7/cmdline", text), 8);
    CHECK_MEM_EQ(text, "prog\0-x\0", 8);
    CHECK_EQ(text_of("7/environ", text), 4);
    CHECK_MEM_EQ(text, "A=1\0", 4);
}

TEST(maps_and_smaps)
{
    start();
    CHECK(text_of("7/maps", text) > 0);
    CHECK_STR_EQ(text, "00001000-00002000 r--p 00000000 00:00 0 \n"
                       "00002000-00003000 r--p 00000000 00:00 0 \n");
    CHECK(text_of("7/smaps", text) > 0);
    CHECK(strstr(text, "Rss:                   4 kB\n"));
    CHECK(strstr(text, "Rss:                   0 kB\n"));
    CHECK(strstr(text, "KernelPageSize:        4 kB\nMMUPageSize:"));
    CHECK(strstr(text, "THPeligible:    0\nVmFlags: rd mr mw me ac \n"));
    CHECK(text_of("7/smaps_rollup", text) > 0);
    CHECK(strncmp(text, "00001000-00003000 ---p 00000000 00:00 0 ", 40) == 0);
    CHECK(strstr(text, "[rollup]\nRss:                   4 kB\nPss: "));
    CHECK(!strstr(text, "Size"));
}

/* What write() does, with the text that it gives. */
static int store(const char *path, const char *what)
{
    struct inode *i = walk(path);
    struct file f = { .inode = i };
    struct io_vec vec;
    struct io io;
    ssize_t n;

    REQUIRE(i != NULL);
    REQUIRE(i->ops->open(i, &f) == 0);
    io_init_kernel(&io, &vec, (void *)(uintptr_t)what, strlen(what));
    n = f.ops->write(&f, &io, &f.pos);
    f.ops->release(&f);
    put(i);
    return (int)n;
}

TEST(files_that_are_written)
{
    start();
    CHECK_EQ(store("7/comm", "a name that is longer than fits\n"), 32);
    CHECK_STR_EQ(fake_thread.name, "a name that is ");
    CHECK_EQ(store("7/task/7/comm", "short\n"), 6);
    CHECK_STR_EQ(fake_thread.name, "short\n"); /* as Linux keeps it */
    CHECK_EQ(store("7/oom_score_adj", "-17\n"), 4);
    CHECK_EQ(fake_process.oom_score_adj, -17);
    CHECK_EQ(store("7/oom_score_adj", "1001"), -EINVAL);
    CHECK_EQ(store("7/oom_score_adj", "1x"), -EINVAL);
    CHECK_EQ(store("7/oom_score_adj", ""), -EINVAL);
    CHECK_EQ(store("7/oom_score_adj", "99999999999999999999"), -ERANGE);
    CHECK_EQ(store("7/stat", "1"), -EIO);
    CHECK_EQ(text_of("7/oom_score_adj", text), 4);
    CHECK_STR_EQ(text, "-17\n");
}

TEST(load_averages)
{
    uint64_t load[3];

    start();
    proc_load(load); /* 2 s of 10 were used: 0.2, and that not for long */
    CHECK(load[0] > 0 && load[0] < 2048 / 5);
    CHECK(load[0] > load[1] && load[1] > load[2]);
}

TEST(limits_are_in_columns)
{
    start();
    CHECK(text_of("7/limits", text) > 0);
    CHECK(strstr(text, "Max open files            unlimited            "
                       "4096                 files     \n"));
}

TEST(machine)
{
    start();
    CHECK(text_of("uptime", text) > 0);
    CHECK_STR_EQ(text, "22.34 20.34\n");
    CHECK(text_of("cpuinfo", text) > 0);
    CHECK(strstr(text, "cpu MHz\t\t: 2000\n"));
    CHECK(text_of("meminfo", text) > 0);
    CHECK(strncmp(text, "MemTotal:        4194304 kB\n", 28) == 0);
    CHECK(strstr(text, "\nVmallocTotal:   34359738367 kB\n"));
    CHECK(strstr(text, "\nHardwareCorrupted:     0 kB\n"));
    CHECK(strstr(text, "\nHugePages_Total:       0\n"));
    CHECK(text_of("sys/fs/file-nr", text) > 0);
    CHECK_STR_EQ(text, "3\t0\t9223372036854775807\n");
    CHECK(text_of("stat", text) > 0);
    CHECK(strncmp(text, "cpu  200 0 0 2034 ", 18) == 0);
    CHECK(text_of("7/mounts", text) > 0);
    CHECK_STR_EQ(text, "proc /a b proc rw,relatime 0 0\n");
    CHECK(text_of("sys/kernel/random/uuid", text) > 0);
    CHECK_STR_EQ(text, "ffffffff-ffff-4fff-bfff-ffffffffffff\n");
}

TEST(links)
{
    struct inode *i;
    char buf[32];

    start();
    i = walk("self");
    REQUIRE(i != NULL);
    CHECK_EQ(i->ops->readlink(i, buf, sizeof(buf)), 1);
    CHECK_EQ(buf[0], '7');
    CHECK(i->ops->follow == NULL);
    put(i);
    i = walk("7/exe");
    REQUIRE(i != NULL);
    CHECK_EQ(i->ops->readlink(i, buf, sizeof(buf)), 4);
    CHECK_EQ(i->ops->readlink(i, buf, 2), 2);
    CHECK(i->ops->follow != NULL);
    put(i);
}

TEST(names_that_are_not_there)
{
    start();
    CHECK_EQ(text_of("8/stat", text), -1);
    CHECK_EQ(text_of("07/stat", text), -1);
    CHECK_EQ(text_of("7x/stat", text), -1);
    CHECK_EQ(text_of("99999999999999999999/stat", text), -1);
    CHECK_EQ(text_of("7/task/8/stat", text), -1);
    CHECK(text_of("7/task/7/stat", text) > 0);
    CHECK_EQ(text_of("nothing", text), -1);
}

/* Small buffers, so that a listing takes many calls. */
TEST(listing_is_complete_in_pieces)
{
    struct inode *i;
    struct file f = { 0 };
    unsigned count = 0;
    bool has_pid = false;

    start();
    i = walk("");
    f.inode = i;
    for (;;) {
        uint8_t buf[64];
        struct io_vec vec;
        struct io io;
        size_t done;

        io_init_kernel(&io, &vec, buf, sizeof(buf));
        CHECK_EQ(i->file_ops->readdir(&f, &io), 0);
        done = sizeof(buf) - io.left;
        if (done == 0)
            break;
        for (size_t off = 0; off < done;) {
            uint16_t len;

            memcpy(&len, buf + off + 16, 2);
            has_pid |= strcmp((char *)buf + off + 19, "7") == 0;
            off += len;
            count++;
        }
    }
    CHECK(has_pid);
    CHECK_EQ(count, 2 + 21 + 1);
}
