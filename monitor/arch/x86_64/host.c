/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c - what the monitor must know of the host's KVM and has no capability.
 */
#include <fcntl.h>
#include <unistd.h>

#include "monitor/arch/arch.h"

/* The first character of a module's parameter; 0: there is none. */
static char parameter(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char c = 0;

    if (fd < 0)
        return 0;
    if (read(fd, &c, 1) != 1)
        c = 0;
    close(fd);
    return c;
}

/* Where /sys does not tell, the answer is what runs everywhere. */
bool arch_host_walks(void)
{
    char ept = parameter("/sys/module/kvm_intel/parameters/ept");
    char npt = parameter("/sys/module/kvm_amd/parameters/npt");

    if (ept == 0 && npt == 0)
        return access("/sys/module/kvm/parameters", F_OK) != 0;
    return (ept != 0 && ept != 'N') || (npt != 0 && npt != 'N');
}
