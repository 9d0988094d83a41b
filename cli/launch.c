/* SPDX-License-Identifier: BSD-2-Clause */
/* launch.c - see launch.h. */
#include "cli/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/companion.h"
#include "cli/crash_watch.h"
#include "cli/gdb/wait.h"
#include "cli/netconf.h"
#include "cli/options.h"
#include "cli/place.h"
#include "cli/qemu.h"
#include "cli/registry.h"
#include "cli/socket.h"
#include "cli/source.h"
#include "host/fault.h"
#include "host/file.h"
#include "monitor/monitor.h"

static int kvm_check(void)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

void launch_print(const struct list *argv)
{
    size_t i;

    for (i = 0; i < argv->count; i++) {
        const char *s = argv->item[i];
        const char *p;

        if (i > 0)
            putchar(' ');
        if (s[0] != '\0' &&
            s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789-_./,:=+@%")] == '\0') {
            fputs(s, stdout);
            continue;
        }
        putchar('\'');
        for (p = s; *p != '\0'; p++) {
            if (*p == '\'')
                fputs("'\\''", stdout);
            else
                putchar(*p);
        }
        putchar('\'');
    }
    putchar('\n');
}

int launch_memory_file(const void *data, size_t len, struct fault *fault)
{
    int fd = memfd_create("samara-config", MFD_ALLOW_SEALING);
    int err;

    if (fd < 0)
        return fault_sys(fault, errno, "cannot make a memory file");
    err = file_write_all(fd, data, len, "the run configuration", fault);
    if (err == 0 &&
        (lseek(fd, 0, SEEK_SET) != 0 ||
         fcntl(fd, F_ADD_SEALS,
               F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0))
        err = fault_sys(fault, errno, "cannot seal a memory file");
    if (err) {
        close(fd);
        return err;
    }
    return fd;
}

static void add_fd(struct list *argv, const char *option, int fd)
{
    if (fd < 0)
        return;
    list_add(argv, option);
    list_add_take(argv, mem_printf("%d", fd));
}

static void inherit(int fd)
{
    if (fd >= 0)
        fcntl(fd, F_SETFD, 0);
}

static int monitor_run(const struct options *o, const char *monitor,
                       struct source *src, const struct launch *how,
                       struct fault *fault)
{
    struct list argv = { 0 };
    struct buf config = { 0 };
    int fd, err;

    err = run_config_encode(&src->config, &config, fault);
    if (err)
        return err;
    fd = launch_memory_file(config.data, config.len, fault);
    buf_fini(&config);
    if (fd < 0)
        return fd;
    list_add(&argv, monitor);
    list_add(&argv, "-m");
    list_add_take(&argv, mem_printf("%llu", (unsigned long long)o->ram_len));
    if (o->cpu_count > 1) {
        list_add(&argv, "--cpus");
        list_add_take(&argv, mem_printf("%u", o->cpu_count));
    }
    add_fd(&argv, "--config-fd", fd);
    add_fd(&argv, "--info-fd", how->info_fd);
    add_fd(&argv, "--ready-fd", how->ready_fd);
    add_fd(&argv, "--control-fd", how->control_fd);
    if (o->gdb_wait)
        list_add(&argv, "--debug");
    add_fd(&argv, "--crash-fd", how->crash_fd);
    add_fd(&argv, "--net-fd", how->net.fd);
    if (how->net.fd >= 0) {
        list_add(&argv, "--net-mtu");
        list_add_take(&argv, mem_printf("%u", how->net.mtu));
    }
    if (how->companion_count > 0) {
        list_add(&argv, "--control-wait");
        list_add_take(&argv, mem_printf("%d", how->companion_count));
    }
    list_add(&argv, src->image);
    if (o->dry_run) {
        launch_print(&argv);
        list_fini(&argv);
        close(fd);
        return 0;
    }
    /* The default monitor is in this very program; another one, named by the
     * variable, is started. */
    if (!getenv("SAMARA_MONITOR"))
        exit(monitor_main((int)argv.count, argv.item));
    inherit(how->info_fd);
    inherit(how->ready_fd);
    inherit(how->control_fd);
    inherit(how->crash_fd);
    inherit(how->net.fd);
    execv(monitor, argv.item);
    err = fault_sys(fault, errno, "cannot start the monitor '%s'", monitor);
    list_fini(&argv);
    close(fd);
    return err;
}

/* Choose the machine. The monitor needs KVM; QEMU runs everywhere. */
static int choose(const struct options *o, char **monitor_out,
                  enum accel *accel_out, struct fault *fault)
{
    int kvm_err = o->accel == ACCEL_TCG ? ENOENT : kvm_check();

    *monitor_out = NULL;
    *accel_out = kvm_err == 0 ? ACCEL_KVM : ACCEL_TCG;
    if (o->vmm == VMM_MONITOR && o->accel == ACCEL_TCG)
        return fault_set(fault, EINVAL,
                         "the monitor has no --accel tcg; choose --vmm qemu");
    if (kvm_err != 0 && (o->accel == ACCEL_KVM || o->vmm == VMM_MONITOR))
        return fault_sys(fault, kvm_err,
                         "KVM was asked for, and /dev/kvm does not open (load "
                         "the module kvm, join the group kvm, or choose "
                         "--accel tcg)");
    if (kvm_err != 0 || o->vmm == VMM_QEMU)
        return 0;
    *monitor_out = place_monitor(fault);
    if (!*monitor_out && o->vmm == VMM_MONITOR)
        return -ENOENT;
    return 0;
}

void launch_ready(struct launch *how)
{
    const uint8_t byte = 1;

    if (how->ready_fd < 0)
        return;
    (void)!write(how->ready_fd, &byte, 1);
    close(how->ready_fd);
    how->ready_fd = -1;
}

/* The list of guests is a convenience for a guest in the foreground without a
 * name: it runs as well where no directory for the list can be had. */
/* "127.0.0.1:8080->80/tcp, ..."; NULL: none. The caller frees it. */
static char *ports_text(const struct net_options *net)
{
    char *all = NULL;
    size_t i;

    for (i = 0; i < net->forward_count; i++) {
        const struct net_forward *f = &net->forwards[i];
        char address[NET_ADDRESS_LEN];
        char *more;

        net_address_text(f, address);
        more = mem_printf("%s%s%s->%u/%s", all ? all : "", all ? ", " : "",
                          address, f->guest_port, f->is_udp ? "udp" : "tcp");
        free(all);
        all = more;
    }
    return all;
}

static int announce(const struct options *o, const struct source *src,
                    bool is_qemu, struct launch *how, struct fault *fault)
{
    char *own = NULL;
    char *ports = ports_text(&o->network);
    struct guest_facts facts = {
        .name = o->name,
        .exe = src->config.exe,
        .args = &src->config.args,
        .image = src->image,
        .ports = ports,
        .ram_len = o->ram_len,
        .cpu_count = o->cpu_count,
        .is_qemu = is_qemu,
        .is_detached = o->detach,
        .has_tty = o->detach && o->tty,
        .is_transient = !o->detach || o->remove,
    };
    int err = 0;

    if (!how->dir) {
        err = registry_create(o->name, &own, fault);
        how->dir = own;
    }
    if (err == 0) {
        how->info_fd = registry_announce(how->dir, &facts, fault);
        err = how->info_fd < 0 ? -fault->err : 0;
    }
    free(ports);
    if (err == 0) {
        how->control_fd = socket_listen(how->dir, "control", fault);
        err = how->control_fd < 0 ? how->control_fd : 0;
    }
    if (err == 0 && o->gdb_wait)
        err = gdb_wait_begin(how->dir, fault);
    if (err == 0 && !is_qemu) {
        how->crash_fd = crash_watch_start(how->dir, o->core_dir, fault);
        err = how->crash_fd < 0 ? how->crash_fd : 0;
    }
    if (err == 0 || o->name || o->detach || o->gdb_wait || o->core_dir)
        return err;
    if (o->verbose)
        fprintf(stderr, "samara: the guest is not listed: %s\n", fault->text);
    return 0;
}

static int network_open(struct options *o, struct source *src, bool is_qemu,
                        struct launch *how, struct fault *fault)
{
    int err = 0;

    how->net = (struct net_link){ .fd = -1 };
    switch (o->network.mode) {
    case NET_TAP:
        netconf_host_defaults(&src->config.net);
        return net_tap_open(o->network.tap, &how->net, fault);
    case NET_USER:
        net_user_config(&src->config.net);
        if (!o->dry_run)
            err = net_user_check(&o->network, fault);
        if (err == 0 && !is_qemu)
            err = net_user_open(&o->network, o->dry_run, &how->net, fault);
        return err;
    default:
        return netconf_no_network(&o->net, &src->config.net, fault);
    }
}

/* Under QEMU frames are QEMU's to write down (qemu.c). */
static int companions(const struct options *o, struct source *src, bool is_qemu,
                      struct launch *how, struct fault *fault)
{
    if (o->pcap && o->network.mode == NET_NONE)
        return fault_set(fault, EINVAL,
                         "--pcap: the guest has no network; give --net or -p");
    if ((is_qemu && !o->trace) || o->dry_run)
        return 0;
    if (how->control_fd < 0)
        return fault_set(fault, EACCES,
                         "--trace and --pcap need a guest that is listed; give "
                         "it a --name to see why it is not");
    if (is_qemu)
        src->config.flags |= CONFIG_TRACE;
    how->companion_count =
        companion_start(o, &src->config, how->dir, is_qemu, fault);
    return how->companion_count < 0 ? how->companion_count : 0;
}

int launch_guest(struct options *o, struct source *src, struct launch *how,
                 struct fault *fault)
{
    enum accel accel;
    char *monitor;
    int err = choose(o, &monitor, &accel, fault);

    if (err)
        return err;
    src->config.ram_len = o->ram_len;
    how->info_fd = -1;
    how->control_fd = -1;
    how->crash_fd = -1;
    err = network_open(o, src, !monitor, how, fault);
    if (err == 0 && !o->dry_run)
        err = announce(o, src, !monitor, how, fault);
    if (err == 0 && (o->trace || o->pcap))
        err = companions(o, src, !monitor, how, fault);
    if (err == 0 && monitor)
        err = monitor_run(o, monitor, src, how, fault);
    else if (err == 0)
        err = qemu_run(o, accel, src, how, fault);
    free(monitor);
    if (how->dir && !o->detach)
        registry_remove(how->dir);
    return err;
}
