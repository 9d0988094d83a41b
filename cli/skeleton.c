/* SPDX-License-Identifier: BSD-2-Clause */
/* skeleton.c - see skeleton.h. */
#include "cli/skeleton.h"

#include <stddef.h>
#include <unistd.h>

#include "cli/tree.h"

static const struct {
    const char *path;
    mode_t mode;
} dirs[] = {
    { "/", 0755 },        { "/dev", 0755 },      { "/proc", 0555 },
    { "/sys", 0555 },     { "/run", 0755 },      { "/tmp", 01777 },
    { "/root", 0700 },    { "/home", 0755 },     { "/var", 0755 },
    { "/etc", 0755 },     { "/var/tmp", 01777 }, { "/var/cache", 0755 },
    { "/var/lib", 0755 }, { "/var/log", 0755 },
};
#define MOUNT_POINT_COUNT 6u /* so many of them even in a complete root */

static const struct {
    const char *path;
    const char *text;
} files[] = {
    { "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
                     "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
                     "bin:x:2:2:bin:/bin:/usr/sbin/nologin\n"
                     "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
                     "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n" },
    { "/etc/group", "root:x:0:\ndaemon:x:1:\nbin:x:2:\ntty:x:5:\n"
                    "www-data:x:33:\nnogroup:x:65534:\n" },
    { "/etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n" },
    { "/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n"
                            "hosts: files dns\nservices: files\n"
                            "protocols: files\n" },
    { "/etc/resolv.conf", "" },
    { "/etc/shells", "/bin/sh\n" },
};

/* Links of a merged /usr, where this host has them: scripts say /bin/sh. */
static const char *const merged[] = { "/bin", "/sbin", "/lib", "/lib64" };

static int merged_add(struct tree *tree, struct fault *fault)
{
    char target[256];
    size_t i;

    (void)fault;
    for (i = 0; i < sizeof(merged) / sizeof(merged[0]); i++) {
        ssize_t n = readlink(merged[i], target, sizeof(target) - 1);
        const struct tree_entry *e = tree_find(tree, merged[i]);

        if (n <= 0 || e)
            continue;
        target[n] = '\0';
        tree_put_link(tree, merged[i], target);
    }
    return 0;
}

int skeleton_add(struct tree *tree, bool is_complete, struct fault *fault)
{
    size_t count =
        is_complete ? MOUNT_POINT_COUNT : sizeof(dirs) / sizeof(dirs[0]);
    int err = 0;
    size_t i;

    for (i = 0; i < count; i++)
        tree_put_dir(tree, dirs[i].path, dirs[i].mode);
    if (is_complete)
        return 0;
    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        tree_put_text(tree, files[i].path, files[i].text);
    tree_put_link(tree, "/var/run", "/run");
    tree_put_link(tree, "/etc/mtab", "../proc/self/mounts");
    if (access("/etc/localtime", R_OK) == 0)
        err = tree_add_host(tree, "/etc/localtime", fault);
    if (err == 0)
        err = merged_add(tree, fault);
    return err;
}
