/* SPDX-License-Identifier: BSD-2-Clause */
/* runtime.c - see runtime.h. */
#include "cli/runtime.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/tree.h"
#include "host/fault.h"
#include "host/memory.h"
#include "host/path.h"

#define RULE_PATH_MAX 12u

struct rule {
    const char *when; /* fnmatch() pattern on a packed file's path */
    const char *add[RULE_PATH_MAX]; /* glob() patterns on the host; "~" is the
                                     * prefix: /opt/x for /opt/x/bin/python3.
                                     * With a slash at the end: the directory,
                                     * empty, whatever the host's holds */
};

/* Matching is by the file's path, and by those of links that lead to it. */
static const struct rule rules[] = {
    { "*/libc.so.6",
      { "/usr/lib/locale/C.utf8", "/lib/x86_64-linux-gnu/libgcc_s.so.1",
        "/etc/services", "/etc/protocols" } },
    /* Before 2.34 names were looked up by libraries of their own. */
    { "*/libc-2.*.so",
      { "/lib/x86_64-linux-gnu/libnss_files.so.2",
        "/lib/x86_64-linux-gnu/libnss_dns.so.2", "/lib64/libnss_files.so.2",
        "/lib64/libnss_dns.so.2" } },
    { "*/ld-musl-*.so.1", { "/etc/services", "/etc/protocols" } },
    { "*/bin/python3*",
      { "~/lib/python3*", "~/lib/libpython3*", "/etc/python3*" } },
    { "/usr/bin/perl*",
      { "/etc/perl", "/usr/lib/x86_64-linux-gnu/perl*", "/usr/share/perl*",
        "/usr/local/lib/x86_64-linux-gnu/perl*", "/usr/local/share/perl*" } },
    { "/usr/bin/ruby*",
      { "/usr/lib/ruby", "/usr/lib/x86_64-linux-gnu/ruby",
        "/usr/share/rubygems-integration", "/var/lib/gems" } },
    { "/usr/bin/php*",
      { "/etc/php", "/usr/lib/php", "/usr/share/php", "/usr/share/zoneinfo" } },
    { "/usr/bin/node*", { "/usr/share/nodejs", "/usr/lib/nodejs" } },
    { "/usr/bin/lua*",
      { "/usr/share/lua", "/usr/lib/x86_64-linux-gnu/lua",
        "/usr/local/share/lua", "/usr/local/lib/lua" } },
    { "/usr/bin/tclsh*", { "/usr/share/tcltk/tcl[0-9]*", "/usr/lib/tcltk" } },
    { "/usr/bin/guile*",
      { "/usr/share/guile", "/usr/lib/*/guile",
        "/usr/lib/x86_64-linux-gnu/gconv" } },
    { "/usr/bin/gawk", { "/usr/share/awk", "/usr/lib/x86_64-linux-gnu/gawk" } },
    { "*/bin/java", { "~/lib", "~/conf", "~/release", "/etc/java*" } },
    { "*/bin/vim.*", { "/usr/share/vim", "/etc/vim" } },
    { "*bin/nginx",
      { "/etc/nginx", "/usr/lib/nginx", "/usr/share/nginx", "/var/lib/nginx/",
        "/var/log/nginx/" } },
    { "*bin/lighttpd",
      { "/etc/lighttpd", "/usr/lib/lighttpd", "/usr/share/lighttpd",
        "/var/cache/lighttpd/", "/var/log/lighttpd/" } },
    { "*bin/haproxy", { "/etc/haproxy", "/var/lib/haproxy/" } },
    { "*bin/unbound", { "/etc/unbound", "/usr/share/dns" } },
    { "*bin/dnsmasq", { "/etc/dnsmasq*", "/usr/share/dnsmasq*" } },
    { "*bin/knotd", { "/var/lib/knot/" } },
    { "*bin/pdns_server", { "/usr/lib/x86_64-linux-gnu/pdns" } },
    { "*bin/mosquitto",
      { "/etc/mosquitto", "/var/lib/mosquitto/", "/var/log/mosquitto/" } },
    { "*/libssl.so.3", { "/etc/ssl/certs/ca-certificates.crt" } },
    { "*/libmagic.so.1", { "/usr/share/misc/magic.mgc", "/etc/magic*" } },
    { "*/libtinfo.so.*",
      { "/lib/terminfo", "/usr/share/terminfo/x/xterm*",
        "/usr/share/terminfo/s/screen*", "/usr/share/terminfo/t/tmux*" } },
    { "*/libreadline.so.*", { "/etc/inputrc" } },
    { "*/libcrypto.so.3",
      { "/usr/lib/ssl/openssl.cnf", "/etc/ssl/openssl.cnf",
        "/usr/lib/x86_64-linux-gnu/ossl-modules",
        "/usr/lib/x86_64-linux-gnu/engines-3" } },
    { "*/bin/iconv", { "/usr/lib/x86_64-linux-gnu/gconv" } },
};

/* Large, and used only to build or to test the run times themselves. */
static const char *const skipped[] = {
    "/usr/lib/python3*/config-*",       "/usr/lib/python3*/test",
    "/usr/local/lib/python3*/config-*", "/usr/local/lib/python3*/test",
    "/usr/lib/*/perl*/*/CORE",          "/usr/lib/jvm/*/lib/ct.sym",
    "/usr/lib/jvm/*/lib/src.zip",       NULL,
};

static char *pattern_expand(const char *pattern, const char *path)
{
    char *bin, *prefix, *expanded;

    if (pattern[0] != '~')
        return mem_strdup(pattern);
    bin = path_dir(path);
    prefix = path_dir(bin);
    expanded = path_join(prefix, pattern + 1);
    free(bin);
    free(prefix);
    return expanded;
}

/* The directory of a pattern that ends in a slash, with nothing in it: what a
 * program keeps there is not the guest's. */
static bool put_empty(struct tree *tree, const char *pattern)
{
    size_t len = strlen(pattern);
    char *path;

    if (pattern[len - 1] != '/')
        return false;
    path = mem_strdup(pattern);
    path[len - 1] = '\0';
    tree_put_dir(tree, path, 0755);
    free(path);
    return true;
}

static int rule_apply(struct tree *tree, const struct rule *rule,
                      const char *path, struct fault *fault)
{
    unsigned i;
    int err = 0;

    for (i = 0; i < RULE_PATH_MAX && rule->add[i] && err == 0; i++) {
        char *pattern = pattern_expand(rule->add[i], path);
        glob_t found;
        size_t k;

        if (!put_empty(tree, pattern) && glob(pattern, 0, NULL, &found) == 0) {
            for (k = 0; k < found.gl_pathc && err == 0; k++)
                err = tree_add_host(tree, found.gl_pathv[k], fault);
            globfree(&found);
        }
        free(pattern);
    }
    return err;
}

/* Does it add what lies beside the file? Then a link to it says nothing. */
static bool is_relative(const struct rule *rule)
{
    unsigned i;

    for (i = 0; i < RULE_PATH_MAX && rule->add[i]; i++)
        if (rule->add[i][0] == '~')
            return true;
    return false;
}

int runtime_add(struct tree *tree, const char *path, struct fault *fault)
{
    const struct tree_entry *e = tree_find(tree, path);
    bool is_link = e && e->kind == TREE_LINK;
    int err = 0;
    size_t i;

    tree->skipped = skipped;
    for (i = 0; i < sizeof(rules) / sizeof(rules[0]) && err == 0; i++) {
        /* A rule's own additions match it again: apply each once. */
        if (tree->rules_done & 1ull << i)
            continue;
        if (fnmatch(rules[i].when, path, 0) != 0 ||
            (is_link && is_relative(&rules[i])))
            continue;
        tree->rules_done |= 1ull << i;
        err = rule_apply(tree, &rules[i], path, fault);
    }
    tree->skipped = NULL;
    return err;
}
