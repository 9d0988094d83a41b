/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu.c - see qemu.h.
 *
 * The machine is microvm with two serial ports: COM1 carries the guest's
 * standard output, COM2 the line of abi/link.h, each over a socket that this
 * process serves (link.c). The run configuration comes as initrd, in a memory
 * file. QEMU copies the image into the guest's RAM, so that is made larger by
 * the image's size: -m means the same on either machine. The RAM is a memory
 * file, and QEMU has its machine protocol on a third socket, so that tools can
 * look inside (qemu_control.c).
 */
#include "cli/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "abi/config.h"
#include "cli/launch.h"
#include "cli/link.h"
#include "cli/qemu_control.h"
#include "cli/registry.h"
#include "cli/source.h"
#include "host/clock.h"
#include "host/fault.h"
#include "host/path.h"
#include "image/image.h"

#define QEMU           "qemu-system-x86_64"
#define RAM_UNIT       (64ull << 10)
#define TSC_MEASURE_NS (20 * 1000 * 1000ull)

struct machine {
    char *program;
    enum accel accel;
    unsigned cpu_count;
    uint64_t ram_len;
    int config_fd;
    int out[2]; /* ours, QEMU's */
    int link[2];
    int qmp; /* QEMU's; ours is control's */
    const char *core_dir;
    struct qemu_control control;
};

/* A guest under TCG sees this host's TSC, and has nothing to measure it with
 * that is as good as the host's clock. */
static uint64_t tsc_khz(void)
{
    uint64_t start_ns = clock_ns(CLOCK_MONOTONIC_RAW);
    uint64_t start = __rdtsc();
    uint64_t ns;

    do {
        const struct timespec nap = { 0, 1000000 };

        nanosleep(&nap, NULL);
        ns = clock_ns(CLOCK_MONOTONIC_RAW) - start_ns;
    } while (ns < TSC_MEASURE_NS);
    return (__rdtsc() - start) * 1000000 / ns;
}

static int network_line(const struct net_options *o, const struct net_link *net,
                        struct list *argv, struct fault *fault)
{
    if (o->mode != NET_USER && o->mode != NET_TAP)
        return 0;
    list_add(argv, "-global");
    list_add(argv, "virtio-mmio.force-legacy=false"); /* virtio 1.0 */
    if (o->mode == NET_USER)
        return net_user_qemu(o, argv, fault);
    fcntl(net->fd, F_SETFD, 0); /* QEMU inherits it */
    list_add(argv, "-netdev");
    list_add_take(argv, mem_printf("tap,id=net,fd=%d,vhost=off", net->fd));
    list_add(argv, "-device");
    list_add_take(
        argv, mem_printf("virtio-net-device,netdev=net,host_mtu=%u", net->mtu));
    return 0;
}

/* A comma in a value is written twice. */
static void pcap_line(const char *file, struct list *argv)
{
    struct buf text = { 0 };
    static const char begin[] = "filter-dump,id=pcap,netdev=net,file=";

    if (!file)
        return;
    buf_add(&text, begin, sizeof(begin) - 1);
    for (; *file != '\0'; file++)
        buf_add(&text, *file == ',' ? ",," : file, *file == ',' ? 2 : 1);
    buf_add(&text, "", 1);
    list_add(argv, "-object");
    list_add_take(argv, (char *)text.data);
}

static void command_line(const struct machine *m, const char *image,
                         struct list *argv)
{
    const char *kvm = m->accel == ACCEL_KVM ? "kvm" : "tcg";
    /* Nested hypervisors offer that MSR and then refuse it; no guest of ours
     * reads it. */
    const char *cpu =
        m->accel == ACCEL_KVM ? "host,arch-capabilities=off" : "max";

    list_add(argv, m->program);
    list_add(argv, "-M");
    list_add_take(argv, mem_printf("microvm,auto-kernel-cmdline=off%s",
                                   m->qmp >= 0 ? ",memory-backend=ram" : ""));
    list_add(argv, "-accel");
    list_add(argv, kvm);
    list_add(argv, "-cpu");
    list_add(argv, cpu);
    list_add(argv, "-m");
    list_add_take(argv,
                  mem_printf("%lluK", (unsigned long long)(m->ram_len >> 10)));
    if (m->cpu_count > 1) {
        list_add(argv, "-smp");
        list_add_take(argv, mem_printf("%u", m->cpu_count));
    }
    list_add(argv, "-kernel");
    list_add(argv, image);
    list_add(argv, "-initrd");
    list_add_take(argv, mem_printf("/dev/fd/%d", m->config_fd));
    list_add(argv, "-nodefaults");
    list_add(argv, "-no-user-config");
    list_add(argv, "-display");
    list_add(argv, "none");
    list_add(argv, "-no-reboot");
    list_add(argv, "-chardev");
    list_add_take(argv, mem_printf("socket,id=out,fd=%d", m->out[1]));
    list_add(argv, "-serial");
    list_add(argv, "chardev:out");
    list_add(argv, "-chardev");
    list_add_take(argv, mem_printf("socket,id=link,fd=%d", m->link[1]));
    list_add(argv, "-device");
    list_add(argv, "isa-serial,iobase=0x2f8,irq=3,chardev=link");
    if (m->qmp < 0)
        return;
    list_add(argv, "-object");
    list_add_take(argv, mem_printf("memory-backend-file,id=ram,size=%lluK,"
                                   "mem-path=/dev/fd/%d,share=on",
                                   (unsigned long long)(m->ram_len >> 10),
                                   m->control.ram_fd));
    list_add(argv, "-chardev");
    list_add_take(argv, mem_printf("socket,id=qmp,fd=%d", m->qmp));
    list_add(argv, "-mon");
    list_add(argv, "chardev=qmp,mode=control");
    list_add(argv, "-device");
    list_add(argv, "pvpanic");
    list_add(argv, "-action");
    list_add(argv, "panic=pause");
}

static int ram_choose(const struct options *o, const char *path,
                      size_t config_len, struct machine *m, struct fault *fault)
{
    struct image img;
    uint64_t extra;
    int err = image_open(path, &img, fault);

    if (err)
        return err;
    /* What the monitor maps beside the guest's memory lies in it here, and the
     * first MiB is the PC's. */
    extra = KERNEL_PA + img.header.text_len + img.root.mem_len +
            img.config.mem_len + config_len;
    m->control.kernel = img.header;
    if (img.build_id_len == sizeof(m->control.build_id))
        memcpy(m->control.build_id, img.build_id, img.build_id_len);
    image_close(&img);
    m->ram_len = (o->ram_len + extra + RAM_UNIT - 1) & ~(RAM_UNIT - 1);
    if (o->verbose)
        fprintf(stderr,
                "samara: QEMU gets %llu KiB: -m %llu KiB, and %llu KiB for "
                "the image and the PC's first MiB, which lie in RAM\n",
                (unsigned long long)(m->ram_len >> 10),
                (unsigned long long)(o->ram_len >> 10),
                (unsigned long long)(extra >> 10));
    return 0;
}

static int channels_open(struct machine *m, struct fault *fault)
{
    /* Ours close at exec; QEMU's are inherited. */
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, m->out) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, m->link) != 0 ||
        fcntl(m->out[0], F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(m->link[0], F_SETFD, FD_CLOEXEC) != 0)
        return fault_sys(fault, errno, "cannot make a pair of sockets");
    return 0;
}

/* What tools look inside by. */
static int control_open(struct machine *m, const struct options *o,
                        uint64_t tsc, int listen_fd, struct fault *fault)
{
    struct qemu_control *c = &m->control;
    int pair[2];

    if (listen_fd < 0)
        return 0;
    c->ram_fd = memfd_create("samara-ram", 0);
    if (c->ram_fd < 0 || ftruncate(c->ram_fd, (off_t)m->ram_len) != 0)
        return fault_sys(fault, errno, "cannot make the guest's memory");
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ||
        fcntl(pair[0], F_SETFD, FD_CLOEXEC) != 0)
        return fault_sys(fault, errno, "cannot make a pair of sockets");
    c->qmp.fd = pair[0];
    m->qmp = pair[1];
    if (o->network.mode == NET_USER || o->network.mode == NET_TAP)
        c->capture.fd = memfd_create("samara-frames", 0);
    c->listen_fd = listen_fd;
    c->ram_len = m->ram_len;
    c->cpu_count = o->cpu_count;
    c->tsc_khz = tsc;
    return 0;
}

static void close_if(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void machine_fini(struct machine *m)
{
    close_if(m->config_fd);
    close_if(m->out[0]);
    close_if(m->out[1]);
    close_if(m->link[0]);
    close_if(m->link[1]);
    close_if(m->qmp);
    close_if(m->control.ram_fd);
    close_if(m->control.capture.fd);
    qemu_control_fini(&m->control);
    free(m->program);
}

/* QEMU gets no terminal signals (a process group of its own: they are for the
 * guest), no standard input, and does not outlive this process. */
static void child_exec(const struct list *argv, pid_t parent)
{
    int null = open("/dev/null", O_RDWR);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_NOT_RUNNABLE);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    execv(argv->item[0], argv->item);
    _exit(EXIT_NOT_RUNNABLE);
}

static int start(struct machine *m, const struct list *argv, struct source *src,
                 struct launch *how, struct fault *fault)
{
    pid_t parent = getpid();
    struct link link = { .image = src->image,
                         .out_fd = m->out[0],
                         .link_fd = m->link[0],
                         .control = &m->control,
                         .dir = how->dir,
                         .core_dir = m->core_dir };
    int err = link_prepare(&link, fault);

    if (err)
        return err;
    m->control.tsc_start = __rdtsc();
    link.child = fork();
    if (link.child < 0) {
        err = fault_sys(fault, errno, "cannot start '%s'", m->program);
        link_fini(&link);
        return err;
    }
    if (link.child == 0)
        child_exec(argv, parent);
    close(m->out[1]);
    close(m->link[1]);
    close_if(m->qmp);
    m->out[1] = -1;
    m->link[1] = -1;
    m->qmp = -1;
    registry_note(how->info_fd, "child", (long)link.child);
    launch_ready(how);
    err = link_serve(&link, fault);
    link_fini(&link);
    return err;
}

static char *qemu_find(struct fault *fault)
{
    const char *override = getenv("SAMARA_QEMU");
    int err = 0;
    char *path = path_search(override ? override : QEMU, NULL, &err);

    if (!path)
        fault_set(fault, err,
                  "no machine to run on: KVM is not in use (/dev/kvm), and "
                  "the program %s was not found; install the package "
                  "qemu-system-x86",
                  override ? override : QEMU);
    return path;
}

int qemu_run(const struct options *o, enum accel accel, struct source *src,
             struct launch *how, struct fault *fault)
{
    struct machine m = { .accel = accel,
                         .cpu_count = o->cpu_count,
                         .core_dir = o->core_dir,
                         .config_fd = -1,
                         .out = { -1, -1 },
                         .link = { -1, -1 },
                         .qmp = -1 };
    struct list argv = { 0 };
    struct buf config = { 0 };
    int err;

    qemu_control_init(&m.control);
    m.program = qemu_find(fault);
    if (!m.program)
        return -fault->err;
    src->config.flags |= CONFIG_LINK;
    if (o->gdb_wait) {
        src->config.flags |= CONFIG_DEBUG;
        m.control.is_waited_for = true;
    }
    src->config.wall_ns = clock_ns(CLOCK_REALTIME);
    src->config.tsc_khz = tsc_khz();
    err = run_config_encode(&src->config, &config, fault);
    if (err == 0)
        err = ram_choose(o, src->image, config.len, &m, fault);
    if (err == 0) {
        m.config_fd = launch_memory_file(config.data, config.len, fault);
        err = m.config_fd < 0 ? m.config_fd : channels_open(&m, fault);
    }
    if (err == 0)
        err = control_open(&m, o, src->config.tsc_khz, how->control_fd, fault);
    if (err == 0) {
        command_line(&m, src->image, &argv);
        err = network_line(&o->network, &how->net, &argv, fault);
        pcap_line(o->pcap, &argv);
    }
    if (err == 0) {
        if (o->dry_run)
            launch_print(&argv);
        else
            err = start(&m, &argv, src, how, fault);
    }
    list_fini(&argv);
    buf_fini(&config);
    machine_fini(&m);
    return err;
}
