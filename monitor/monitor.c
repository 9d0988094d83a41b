/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor.c - one process, one guest. Options, the order of the start, and the
 * only place that prints a fault.
 */
#include "monitor/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "host/args.h"
#include "host/fault.h"
#include "monitor/arch/arch.h"
#include "monitor/boot.h"
#include "monitor/check.h"
#include "monitor/console.h"
#include "monitor/control.h"
#include "monitor/crash.h"
#include "monitor/debug.h"
#include "monitor/devices/net.h"
#include "monitor/devices/net_watch.h"
#include "monitor/events.h"
#include "monitor/record.h"
#include "monitor/report.h"
#include "monitor/sandbox.h"
#include "monitor/vcpu.h"
#include "monitor/vm.h"

#define RAM_LEN_DEFAULT (256ull << 20)

struct options {
    struct boot_options boot;
    const char *kvm_path;
    const char *image_path;
    unsigned cpu_count;
    int info_fd, ready_fd, control_fd, crash_fd;
    struct net_options net;
    unsigned control_wait;
    bool verbose, dump_exits, help;
};

static int set_memory(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    return args_size("-m", value, &o->boot.ram_len, fault);
}

static int parse_fd(const char *option, const char *value, int *fd_out,
                    struct fault *fault)
{
    char *end;
    long fd = strtol(value, &end, 10);

    if (*value == '\0' || *end != '\0' || fd < 0 || fd > 1 << 20)
        return fault_set(fault, EINVAL,
                         "%s '%s' is not a descriptor; give the number of an "
                         "open one",
                         option, value);
    *fd_out = (int)fd;
    return 0;
}

static int set_config_fd(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    return parse_fd("--config-fd", value, &o->boot.config_fd, fault);
}

static int set_info_fd(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    return parse_fd("--info-fd", value, &o->info_fd, fault);
}

static int set_control_fd(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    return parse_fd("--control-fd", value, &o->control_fd, fault);
}

static int set_control_wait(void *into, const char *value, struct fault *fault)
{
    return args_count("--control-wait", value, CONTROL_CLIENT_MAX,
                      &((struct options *)into)->control_wait, fault);
}

static int set_crash_fd(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    return parse_fd("--crash-fd", value, &o->crash_fd, fault);
}

static int set_ready_fd(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;

    return parse_fd("--ready-fd", value, &o->ready_fd, fault);
}

static int set_net_fd(void *into, const char *value, struct fault *fault)
{
    return parse_fd("--net-fd", value, &((struct options *)into)->net.fd,
                    fault);
}

static int set_net_mtu(void *into, const char *value, struct fault *fault)
{
    struct options *o = into;
    int err = args_count("--net-mtu", value, NET_MTU_MAX, &o->net.mtu, fault);

    if (err == 0 && o->net.mtu < NET_MTU_MIN)
        err = fault_set(fault, EINVAL,
                        "--net-mtu: IP needs packets of %u bytes, not %s",
                        NET_MTU_MIN, value);
    return err;
}

static int set_cpus(void *into, const char *value, struct fault *fault)
{
    return args_count("--cpus", value, CPU_MAX,
                      &((struct options *)into)->cpu_count, fault);
}

static const struct arg_option table[] = {
    { 'm', "memory", "SIZE", "memory of the guest (256M)",
      ARG_SET(set_memory) },
    { 0, "cpus", "N", "virtual CPUs (1)", ARG_SET(set_cpus) },
    { 0, "config-fd", "N", "read the run configuration from here",
      ARG_SET(set_config_fd) },
    { 0, "info-fd", "N", "note the guest's exit status here",
      ARG_SET(set_info_fd) },
    { 0, "control-fd", "N", "a socket that listens for tools",
      ARG_SET(set_control_fd) },
    { 0, "control-wait", "N", "start when the first N of them have said go",
      ARG_SET(set_control_wait) },
    { 0, "debug", NULL, "the program waits for a debugger",
      ARG_FLAG(struct options, boot.is_debugged) },
    { 0, "crash-fd", "N", "a socket to who reports a crash",
      ARG_SET(set_crash_fd) },
    { 0, "ready-fd", "N", "write a byte here when it starts",
      ARG_SET(set_ready_fd) },
    { 0, "net-fd", "N", "a tap, or a socket of frames", ARG_SET(set_net_fd) },
    { 0, "net-mtu", "BYTES", "its longest IP packet (1500)",
      ARG_SET(set_net_mtu) },
    { 0, "kvm", "PATH", "KVM's device (/dev/kvm)",
      ARG_TEXT(struct options, kvm_path) },
    { 0, "root", "FILE", "an EROFS file as the root",
      ARG_TEXT(struct options, boot.root_path) },
    { 'v', "verbose", NULL, "say how long the start took",
      ARG_FLAG(struct options, verbose) },
    { 0, "dump-exits", NULL, "count the guest's exits",
      ARG_FLAG(struct options, dump_exits) },
    { 'h', "help", NULL, "this", ARG_FLAG(struct options, help) },
    ARG_END,
};

static int options_parse(struct options *o, int argc, char **argv,
                         struct fault *fault)
{
    int first, err = args_parse(table, o, argc, argv, &first, fault);

    if (err || o->help)
        return err;
    if (argc - first != 1)
        return fault_set(fault, EINVAL,
                         "%s; usage: samara-monitor [OPTION...] IMAGE",
                         argc == first ? "no image is named"
                                       : "more than one image is named");
    o->image_path = argv[first];
    return 0;
}

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static int compare_fds(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int close_sandbox(const struct vm *vm, struct fault *fault)
{
    int keep[6 + 2 * CPU_MAX];
    unsigned count = 0;

    keep[count++] = vm->image.fd;
    if (record_fd() >= 0)
        keep[count++] = record_fd();
    if (control_fd() >= 0)
        keep[count++] = control_fd();
    if (crash_fd() >= 0)
        keep[count++] = crash_fd();
    if (net_fd() >= 0) {
        keep[count++] = net_fd();
        keep[count++] = net_watch_fd();
    }
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        keep[count++] = vm->vcpu[i].fd;
        if (vm->vcpu[i].wake_fd >= 0)
            keep[count++] = vm->vcpu[i].wake_fd;
    }
    qsort(keep, count, sizeof(keep[0]), compare_fds);
    return sandbox_enter(keep, count, fault);
}

/* The kernel of the image runs as soon as this returns. */
static int start(struct vm *vm, const struct options *o, struct fault *fault)
{
    int err;

    vm->cpu_count = o->cpu_count;
    vm->has_net = o->net.fd >= 0;
    debug_init(vm, o->boot.is_debugged);
    if ((err = image_open(o->image_path, &vm->image, fault)) != 0 ||
        (err = vm_open(vm, o->kvm_path, fault)) != 0 ||
        (err = net_init(vm, &o->net, fault)) != 0 ||
        (err = vm_create(vm, fault)) != 0 ||
        (err = arch_prepare(vm, fault)) != 0 ||
        (err = boot_prepare(vm, &o->boot, fault)) != 0 ||
        (err = arch_start(vm, fault)) != 0 ||
        (err = events_init(vm, fault)) != 0 ||
        (err = control_init(vm, o->control_fd, fault)) != 0 ||
        (err = vcpu_create_threads(vm, fault)) != 0 ||
        (err = net_create_thread(fault)) != 0)
        return err;
    vm_seal(vm);
    record_ready();
    return close_sandbox(vm, fault);
}

/* A closed 0, 1 or 2 must not become one of our descriptors. */
static void hold_standard_fds(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            _exit(REPORT_STATUS);
}

int monitor_main(int argc, char **argv)
{
    static struct vm vm;
    static struct fault fault;
    struct options o = { .boot = { .ram_len = RAM_LEN_DEFAULT,
                                   .config_fd = -1 },
                         .kvm_path = "/dev/kvm",
                         .cpu_count = 1,
                         .net = { -1, NET_MTU_DEFAULT },
                         .info_fd = -1,
                         .control_fd = -1,
                         .crash_fd = -1,
                         .ready_fd = -1 };
    uint64_t begin_us = now_us();

    console_init();
    hold_standard_fds();
    report_init();
    if (options_parse(&o, argc, argv, &fault) != 0 || o.help) {
        if (!o.help)
            goto failed;
        args_help(stdout, table);
        return 0;
    }
    record_init(o.info_fd, o.ready_fd);
    crash_init(o.crash_fd);
    if (o.dump_exits)
        vcpu_count_exits();
    if (start(&vm, &o, &fault) != 0)
        goto failed;
    if (o.verbose)
        report_message("%s: ready after %lu us, %lu MiB; kernel 0x%lx, "
                       "direct map 0x%lx, stub 0x%lx",
                       o.image_path, now_us() - begin_us, o.boot.ram_len >> 20,
                       vm.kernel_va, vm.direct_va,
                       (uint64_t)(vm.vcpu[0].state.lstar & ~(VM_PAGE - 1)));
    if (o.control_wait > 0)
        control_wait_first(o.control_wait);
    vcpu_run(&vm.vcpu[0]);

failed:
    report_message("%s", fault.text);
    record_exit(REPORT_STATUS);
    return REPORT_STATUS;
}
