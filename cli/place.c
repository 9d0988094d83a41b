/* SPDX-License-Identifier: BSD-2-Clause */
/* place.c - see place.h. */
#include "cli/place.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/fault.h"
#include "host/memory.h"
#include "host/path.h"

static char *find(const char *name, const char *variable, int access_mode,
                  struct fault *fault)
{
    const char *const where[] = { "", "../lib/samara/" };
    const char *override = getenv(variable);
    char self[PATH_MAX];
    ssize_t n;
    size_t i;

    if (override) {
        if (access(override, access_mode) == 0)
            return mem_strdup(override);
        fault_sys(fault, errno, "cannot use '%s' of the variable %s", override,
                  variable);
        return NULL;
    }
    n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = '\0';
    for (i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
        char *dir = path_dir(self);
        char *path = mem_printf("%s/%s%s", dir, where[i], name);
        char *clean = path_absolute(path);

        free(dir);
        free(path);
        if (access(clean, access_mode) == 0)
            return clean;
        free(clean);
    }
    fault_set(fault, ENOENT,
              "Samara's %s is neither beside '%s' nor in ../lib/samara; "
              "install it again, or set %s",
              name, self, variable);
    return NULL;
}

char *place_kernel(struct fault *fault)
{
    return find("kernel.elf", "SAMARA_KERNEL", R_OK, fault);
}

char *place_archive(struct fault *fault)
{
    return find("libkernel.a", "SAMARA_LIBKERNEL", R_OK, fault);
}

char *place_net(struct fault *fault)
{
    return find("samara-net", "SAMARA_NET", X_OK, fault);
}

char *place_debug(struct fault *fault)
{
    return find("samara-debug", "SAMARA_DEBUG", X_OK, fault);
}

char *place_monitor(struct fault *fault)
{
    return find("samara-monitor", "SAMARA_MONITOR", X_OK, fault);
}
