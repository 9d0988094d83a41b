/* SPDX-License-Identifier: BSD-2-Clause */
/* path.c - see path.h. */
#include "host/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/memory.h"

char *path_join(const char *dir, const char *name)
{
    size_t len = strlen(dir);

    while (len > 0 && dir[len - 1] == '/')
        len--;
    while (*name == '/')
        name++;
    return mem_printf("%.*s/%s", (int)len, dir, name);
}

char *path_clean(const char *cwd, const char *path)
{
    char *in = path[0] == '/' ? mem_strdup(path) : path_join(cwd, path);
    char *out = mem_alloc(strlen(in) + 2);
    size_t len = 0;
    char *save = NULL;
    char *part;

    for (part = strtok_r(in, "/", &save); part;
         part = strtok_r(NULL, "/", &save)) {
        if (strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0) {
            while (len > 0 && out[--len] != '/')
                continue;
            out[len] = '\0';
            continue;
        }
        out[len++] = '/';
        memcpy(out + len, part, strlen(part) + 1);
        len += strlen(part);
    }
    if (len == 0)
        memcpy(out, "/", 2);
    free(in);
    return out;
}

char *path_absolute(const char *path)
{
    char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
    char *clean = path_clean(cwd ? cwd : "/", path);

    free(cwd);
    return clean;
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return mem_strdup(".");
    if (slash == path)
        return mem_strdup("/");
    return mem_strndup(path, (size_t)(slash - path));
}

bool path_below(const char *dir, const char *path)
{
    size_t len = strlen(dir);

    if (len == 1)
        return true; /* the root directory */
    return strncmp(dir, path, len) == 0 &&
           (path[len] == '/' || path[len] == '\0');
}

static bool is_executable(const char *path, int *err_out)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        if (errno == EACCES || errno == ELOOP || errno == ENAMETOOLONG)
            *err_out = errno;
        return false;
    }
    if (!S_ISREG(st.st_mode) || access(path, X_OK) != 0) {
        *err_out = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
        return false;
    }
    return true;
}

char *path_search(const char *name, const char *list, int *err_out)
{
    *err_out = ENOENT;
    if (name[0] == '\0')
        return NULL;
    if (strchr(name, '/'))
        return is_executable(name, err_out) ? mem_strdup(name) : NULL;
    if (!list)
        list = getenv("PATH");
    if (!list)
        list = "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        size_t len = strcspn(list, ":");
        char *dir = len > 0 ? mem_strndup(list, len) : mem_strdup(".");
        char *path = path_join(dir, name);
        int err = ENOENT;

        free(dir);
        if (is_executable(path, &err))
            return path;
        free(path);
        if (err == EACCES)
            *err_out = EACCES;
        if (list[len] == '\0')
            return NULL;
        list += len + 1;
    }
}
