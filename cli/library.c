/* SPDX-License-Identifier: BSD-2-Clause */
/* library.c - see library.h. */
#include "cli/library.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/elf.h"
#include "host/fault.h"
#include "host/file.h"
#include "host/path.h"

#define CACHE_LEN_MAX  (64u << 20)
#define CACHE_MAGIC    "glibc-ld.so.cache1.1"
#define CACHE_X86_64   0x0303u /* ELF, libc 6, x86-64 */
#define MUSL_PATH_FILE "/etc/ld-musl-x86_64.path"
#define LIB_TOKEN      "lib/x86_64-linux-gnu" /* $LIB on Debian */

/* The layout of /etc/ld.so.cache (glibc, sysdeps/generic/dl-cache.h). */
struct cache_header {
    char magic[20];
    uint32_t count;
    uint32_t strings_len;
    uint32_t unused[5];
};

struct cache_entry {
    int32_t flags;
    uint32_t name; /* offsets from the start of the file */
    uint32_t path;
    uint32_t os_version;
    uint64_t hwcap;
};

static void defaults_add(struct library_search *ls, const char *search)
{
    const char *p = search;

    while (*p != '\0') {
        size_t len = strcspn(p, ":\n");

        if (len > 0)
            list_add_take(&ls->defaults, mem_strndup(p, len));
        p += len + strspn(p + len, ":\n");
    }
}

void library_init(struct library_search *ls, const char *interp)
{
    struct fault ignored;

    memset(ls, 0, sizeof(*ls));
    ls->is_musl = interp && strstr(path_base(interp), "musl");
    if (ls->is_musl) {
        struct buf file = { 0 };

        if (file_read_all(MUSL_PATH_FILE, &file, CACHE_LEN_MAX, &ignored) == 0)
            buf_add(&file, "", 1);
        defaults_add(ls, file.len > 0 ? (char *)file.data
                                      : "/lib:/usr/local/lib:/usr/lib");
        buf_fini(&file);
        return;
    }
    defaults_add(ls, "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:"
                     "/lib64:/usr/lib64:/lib:/usr/lib");
}

void library_fini(struct library_search *ls)
{
    buf_fini(&ls->cache);
    list_fini(&ls->defaults);
}

/* Is it there, and for this machine? The loader skips what is not. */
static bool is_usable(const char *path)
{
    struct fault ignored;
    struct elf elf;

    if (access(path, R_OK) != 0 || elf_read(path, &elf, &ignored) != 0)
        return false;
    elf_fini(&elf);
    return true;
}

static char *replace(char *s, const char *token, const char *with)
{
    char *at;

    while ((at = strstr(s, token)) != NULL) {
        char *longer =
            mem_printf("%.*s%s%s", (int)(at - s), s, with, at + strlen(token));

        free(s);
        s = longer;
    }
    return s;
}

char *library_expand(const char *search, const char *path)
{
    char *dir = path_dir(path);
    char *s = mem_strdup(search);

    if (!strchr(dir, '$')) { /* or it would never end */
        s = replace(s, "${ORIGIN}", dir);
        s = replace(s, "$ORIGIN", dir);
    }
    s = replace(s, "${LIB}", LIB_TOKEN);
    s = replace(s, "$LIB", LIB_TOKEN);
    free(dir);
    return s;
}

/* The first usable one in a colon-separated list of directories. */
static char *find_along(const char *search, const char *name)
{
    const char *p = search;

    while (p && *p != '\0') {
        size_t len = strcspn(p, ":");
        char *dir = mem_strndup(p, len);
        char *path = path_join(dir, name);

        free(dir);
        if (len > 0 && is_usable(path))
            return path;
        free(path);
        p += len + strspn(p + len, ":");
    }
    return NULL;
}

static const char *cache_string(const struct library_search *ls, uint32_t off)
{
    if (off >= ls->cache.len ||
        !memchr(ls->cache.data + off, '\0', ls->cache.len - off))
        return "";
    return (const char *)ls->cache.data + off;
}

static char *find_in_cache(struct library_search *ls, const char *name)
{
    struct cache_header header;
    struct fault ignored;
    uint32_t i;

    if (!ls->cache_read) {
        ls->cache_read = true;
        if (file_read_all("/etc/ld.so.cache", &ls->cache, CACHE_LEN_MAX,
                          &ignored) != 0)
            return NULL;
    }
    if (ls->cache.len < sizeof(header))
        return NULL;
    memcpy(&header, ls->cache.data, sizeof(header));
    if (memcmp(header.magic, CACHE_MAGIC, sizeof(header.magic)) != 0)
        return NULL;
    for (i = 0; i < header.count; i++) {
        size_t at = sizeof(header) + i * sizeof(struct cache_entry);
        struct cache_entry e;
        const char *path;

        if (ls->cache.len - sizeof(header) < sizeof(e) ||
            at > ls->cache.len - sizeof(e))
            return NULL;
        memcpy(&e, ls->cache.data + at, sizeof(e));
        /* Variants for newer CPUs (hwcap) stay out: an image runs anywhere. */
        if (e.flags != (int32_t)CACHE_X86_64 || e.hwcap != 0 ||
            strcmp(cache_string(ls, e.name), name) != 0)
            continue;
        path = cache_string(ls, e.path);
        if (is_usable(path))
            return mem_strdup(path);
    }
    return NULL;
}

static char *find_in_defaults(const struct library_search *ls, const char *name)
{
    size_t i;

    for (i = 0; i < ls->defaults.count; i++) {
        char *path = path_join(ls->defaults.item[i], name);

        if (is_usable(path))
            return path;
        free(path);
    }
    return NULL;
}

char *library_find(struct library_search *ls, const char *name,
                   const char *path, const struct elf *elf, const char *rpaths)
{
    char *search, *found = NULL;

    if (strchr(name, '/')) {
        search = library_expand(name, path);
        if (is_usable(search))
            return search;
        free(search);
        return NULL;
    }
    if (!elf->runpath && rpaths)
        found = find_along(rpaths, name);
    if (!found && elf->runpath) {
        search = library_expand(elf->runpath, path);
        found = find_along(search, name);
        free(search);
    }
    if (!found && !ls->is_musl) {
        char *standard = find_in_defaults(ls, name);

        found = find_in_cache(ls, name);
        if (found && !standard)
            ls->cache_used = true;
        if (!found)
            return standard;
        free(standard);
    }
    if (!found)
        found = find_in_defaults(ls, name);
    return found;
}
