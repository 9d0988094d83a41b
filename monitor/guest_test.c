/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_test.c - the whole monitor with tiny guests of its own, no kernel.
 *
 * Method: each test picks one of the ring-3 programs below as the entry of an
 * image that it writes to a temporary file, runs the monitor on it in a child
 * process, and looks at the exit status and what came out of stdout and
 * stderr. Every vector of the guest's IDT ends it with status 100 + vector,
 * but 0x20, the hypercall's, ends it with 42.
 */
/* unit: monitor/test_guests.S monitor/vm.c monitor/gmem.c monitor/boot.c
 * monitor/vcpu.c monitor/hypercall.c monitor/console.c monitor/control.c
 * monitor/debug.c monitor/capture.c monitor/crash.c monitor/sample.c
 * monitor/events.c
 * monitor/arch/x86_64/host.c monitor/arch/x86_64/regs.c
 * monitor/devices/net.c monitor/devices/net_watch.c monitor/devices/queue.c
 * monitor/backend/frames.c
 * monitor/record.c monitor/report.c monitor/sandbox.c monitor/arch/x86_64/cpu.c
 * monitor/arch/x86_64/tables.c abi/cpu_tables.c
 * host/calls.c host/fault.c host/args.c host/memory.c host/file.c host/sample.c
 * image/read.c image/symbols.c */
/* unit-flags: -fno-sanitize=address */
/* ASan's own system calls are not among those that the sandbox allows. */
#include "monitor/monitor.c"

#include <elf.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "abi/bootinfo.h"
#include "tests/unit.h"

#define TEXT_LEN  0x3000u
#define DATA_OFF  0x3000u
#define TOTAL_LEN 0xb000u
#define OUT_MAX   8192u

extern const char guest_begin[], guest_end[];

struct result {
    int status; /* exit status; -signal */
    char out[OUT_MAX], err[OUT_MAX];
};

static bool have_kvm(void)
{
    return access("/dev/kvm", R_OK | W_OK) == 0;
}

#define NEED_KVM()                                    \
    do {                                              \
        if (!have_kvm())                              \
            SKIP("/dev/kvm is missing or forbidden"); \
    } while (0)

static void fill_header(struct kernel_header *k, const char *entry)
{
    *k = (struct kernel_header){
        .magic = KERNEL_MAGIC,
        .abi = KERNEL_ABI,
        .text_len = TEXT_LEN,
        .data_off = DATA_OFF,
        .data_file_len = 8,
        .total_len = TOTAL_LEN,
        .entry = (uint32_t)(entry - guest_begin),
        .stub_off = 0x2000,
        .stub_syscall = 0x100,
        .stub_halt_irq = 0x200,
        .syscall_entry = 0x1000,
        .fault_entry = 0x1000,
        .vectors = 0x1000,
        .percpu = DATA_OFF,
        .stacks = DATA_OFF + 0x1000,
        .stack_len = 1024,
        .boot_stack = DATA_OFF + 0x3000,
    };
}

/* Writes a bare kernel; the path is static. */
static const char *write_image(const char *entry)
{
    static char path[64];
    struct {
        Elf64_Ehdr eh;
        Elf64_Phdr ph[3];
        uint32_t note[6];
    } head = {
        .eh = { .e_ident = ELFMAG "\2\1\1",
                .e_type = ET_EXEC,
                .e_machine = EM_X86_64,
                .e_version = 1,
                .e_phoff = sizeof(Elf64_Ehdr),
                .e_ehsize = sizeof(Elf64_Ehdr),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = 3 },
        .ph = { { .p_type = PT_LOAD,
                  .p_flags = PF_R | PF_X,
                  .p_offset = 4096,
                  .p_paddr = KERNEL_PA,
                  .p_filesz = TEXT_LEN,
                  .p_memsz = TEXT_LEN },
                { .p_type = PT_LOAD,
                  .p_flags = PF_R | PF_W,
                  .p_offset = 4096 + DATA_OFF,
                  .p_vaddr = DATA_OFF,
                  .p_paddr = KERNEL_PA + DATA_OFF,
                  .p_filesz = 8,
                  .p_memsz = TOTAL_LEN - DATA_OFF },
                { .p_type = PT_NOTE,
                  .p_flags = PF_R,
                  .p_offset = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr),
                  .p_filesz = 20,
                  .p_memsz = 20 } },
        .note = { 4, 4, 18, 0x006e6558 /* "Xen" */, KERNEL_PA + 0x100 },
    };
    static uint8_t text[TEXT_LEN];
    int fd;

    memcpy(text, guest_begin, TEXT_LEN);
    fill_header((struct kernel_header *)(void *)(text + KERNEL_HEADER_OFF),
                entry);
    strcpy(path, "/tmp/samara-guest-XXXXXX");
    fd = mkstemp(path);
    if (fd < 0 || pwrite(fd, &head, sizeof(head), 0) != sizeof(head) ||
        pwrite(fd, text, sizeof(text), 4096) != sizeof(text) ||
        pwrite(fd, "data....", 8, 4096 + DATA_OFF) != 8)
        exit(2);
    close(fd);
    return path;
}

struct running {
    pid_t pid;
    int in, out, err;
    const char *path;
};

static struct running launch(const char *entry)
{
    struct running r = { .path = write_image(entry) };
    int in[2], out[2], err[2];

    if (pipe(in) || pipe(out) || pipe(err))
        exit(2);
    r.pid = fork();
    if (r.pid == 0) {
        char *argv[] = { (char *)"samara-monitor", (char *)"-m", (char *)"4M",
                         (char *)(uintptr_t)r.path, NULL };
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        close(in[1]);
        alarm(0);
        exit(monitor_main(4, argv));
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    r.in = in[1];
    r.out = out[0];
    r.err = err[0];
    return r;
}

static void read_all(int fd, char *to)
{
    size_t at = 0;
    ssize_t n;

    while (at < OUT_MAX - 1 && (n = read(fd, to + at, OUT_MAX - 1 - at)) > 0)
        at += (size_t)n;
    to[at] = '\0';
    close(fd);
}

static struct result finish(struct running *r)
{
    struct result res = { 0 };
    int status;

    if (r->in >= 0)
        close(r->in);
    read_all(r->out, res.out);
    read_all(r->err, res.err);
    waitpid(r->pid, &status, 0);
    res.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    unlink(r->path);
    return res;
}

static struct result run(const char *entry)
{
    struct running r = launch(entry);

    return finish(&r);
}

#define GUEST(name) extern const char guest_##name[]
#define CHECK_STATUS(name, wanted)                       \
    do {                                                 \
        GUEST(name);                                     \
        struct result res = run(guest_##name);           \
        CHECK_EQ(res.status, wanted);                    \
        if (res.status != (wanted))                      \
            fprintf(stderr, "# %s: %s", #name, res.err); \
    } while (0)
/* Ended by the monitor, with a report that says `why` and shows registers. */
#define CHECK_REPORT(name, why)                          \
    do {                                                 \
        GUEST(name);                                     \
        struct result res = run(guest_##name);           \
        CHECK_EQ(res.status, 125);                       \
        CHECK(strstr(res.err, why) != NULL);             \
        CHECK(strstr(res.err, "rip ffff") != NULL);      \
        CHECK(strstr(res.err, "code: ") != NULL);        \
        CHECK(strstr(res.err, "kernel+0x") != NULL);     \
        if (!strstr(res.err, why))                       \
            fprintf(stderr, "# %s: %s", #name, res.err); \
    } while (0)

TEST(a_guest_writes_and_exits)
{
    GUEST(hello);
    struct result res;

    NEED_KVM();
    res = run(guest_hello);
    CHECK_EQ(res.status, 7);
    CHECK_STR_EQ(res.out, "hello\n");
    CHECK_STR_EQ(res.err, "");
}

TEST(exceptions_reach_the_guests_own_handlers)
{
    NEED_KVM();
    CHECK_STATUS(ud2, 106);
    CHECK_STATUS(badport, 113); /* not in the I/O bitmap */
}

TEST(bad_memory_and_ports_end_with_a_report)
{
    NEED_KVM();
    CHECK_REPORT(nommio, "not memory");
    CHECK_REPORT(rotext, "read-only");
    CHECK_REPORT(badsize, "I/O port 0x510");
    CHECK_REPORT(triple, "triple fault");
}

TEST(the_user_half_of_the_top_table_can_be_written)
{
    NEED_KVM();
    CHECK_STATUS(pml4_good, 0);
}

TEST(nothing_that_ring_0_uses_can_be_written)
{
    NEED_KVM();
    CHECK_REPORT(pml4_kernel, "wrote to physical address 0x10800");
    CHECK_REPORT(pml4_image, "wrote to physical address 0x10018");
    CHECK_REPORT(pml4_large, "wrote to physical address 0x10018");
    CHECK_REPORT(gdt, "wrote to physical address 0x14030");
}

TEST(the_timer_interrupts_a_busy_guest)
{
    NEED_KVM();
    CHECK_STATUS(timer, 42);
}

TEST(a_wait_ends_at_its_deadline_and_not_before)
{
    NEED_KVM();
    CHECK_STATUS(wait, 0);
}

TEST(a_wait_does_not_sleep_over_an_event_noted_before)
{
    NEED_KVM();
    CHECK_STATUS(noted, 4);
}

TEST(bad_calls_get_an_error)
{
    NEED_KVM();
    CHECK_STATUS(nosys, ENOSYS);
    CHECK_STATUS(efault, EFAULT);
    CHECK_STATUS(wrap, EFAULT);
}

TEST(any_calls_leave_the_monitor_standing)
{
    NEED_KVM();
    CHECK_STATUS(random, 0);
}

TEST(a_signal_wakes_a_waiting_guest)
{
    GUEST(signal);
    struct running r;

    NEED_KVM();
    r = launch(guest_signal);
    usleep(300000);
    kill(r.pid, SIGUSR2);
    CHECK_EQ(finish(&r).status, SIGUSR2);
}

TEST(a_signal_interrupts_a_busy_guest)
{
    GUEST(loop);
    struct running r;

    NEED_KVM();
    r = launch(guest_loop);
    usleep(300000);
    kill(r.pid, SIGINT);
    CHECK_EQ(finish(&r).status, 42);
}

TEST(a_guest_that_ignores_two_signals_is_killed)
{
    GUEST(stubborn);
    struct running r;
    struct result res;

    NEED_KVM();
    r = launch(guest_stubborn);
    usleep(300000);
    kill(r.pid, SIGTERM);
    usleep(100000);
    kill(r.pid, SIGINT);
    res = finish(&r);
    CHECK_EQ(res.status, 128 + SIGINT);
    CHECK(strstr(res.err, "did not react to signal 2") != NULL);
}

TEST(stdin_is_passed_through)
{
    GUEST(echo);
    struct running r;
    struct result res;

    NEED_KVM();
    r = launch(guest_echo);
    CHECK_EQ(write(r.in, "one\n", 4), 4);
    usleep(100000);
    CHECK_EQ(write(r.in, "two\n", 4), 4);
    res = finish(&r);
    CHECK_EQ(res.status, 0);
    CHECK_STR_EQ(res.out, "one\ntwo\n");
}

TEST(a_full_pipe_blocks_but_yields_to_signals)
{
    GUEST(bigwrite);
    struct running r;
    struct result res;

    NEED_KVM();
    r = launch(guest_bigwrite);
    usleep(300000);
    kill(r.pid, SIGTERM); /* the pipe holds 64 KiB: a partial count */
    res = finish(&r);
    CHECK(res.status == 42 || res.status == 0);
}

TEST(a_closed_pipe_is_an_error)
{
    GUEST(bigwrite);
    struct running r;

    NEED_KVM();
    r = launch(guest_bigwrite);
    close(r.out);
    r.out = open("/dev/null", O_RDONLY);
    /* EPIPE, or a partial count when some was written before. */
    CHECK_NE(finish(&r).status, 0);
}

TEST(a_panic_is_printed)
{
    GUEST(panic);
    struct result res;

    NEED_KVM();
    res = run(guest_panic);
    CHECK_EQ(res.status, 125);
    CHECK_STR_EQ(res.err, "samara: the kernel panicked: hello\n");
}

TEST(descriptors_are_described)
{
    NEED_KVM();
    CHECK_STATUS(fdstat, 1); /* S_IFIFO >> 12 */
}
