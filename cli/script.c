/* SPDX-License-Identifier: BSD-2-Clause */
/* script.c - see script.h. */
#include "cli/script.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/path.h"

#define LINE_LEN_MAX 255u /* as Linux: BINPRM_BUF_SIZE - 1 */
#define BLANKS       " \t"

/* "env [-S] NAME ARG...": every word counts. Others have one argument. */
static void split_env(char *rest, struct list *words)
{
    char *save = NULL;
    char *word = strtok_r(rest, BLANKS, &save);

    if (word && strcmp(word, "-S") == 0)
        word = strtok_r(NULL, BLANKS, &save);
    for (; word; word = strtok_r(NULL, BLANKS, &save))
        list_add(words, word);
}

bool script_read(const char *path, struct list *words)
{
    char line[LINE_LEN_MAX + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *interp, *rest, *end;
    ssize_t n;

    if (fd < 0)
        return false;
    n = pread(fd, line, LINE_LEN_MAX, 0);
    close(fd);
    if (n < 3 || line[0] != '#' || line[1] != '!')
        return false;
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    interp = line + 2 + strspn(line + 2, BLANKS);
    rest = interp + strcspn(interp, BLANKS);
    if (*rest != '\0')
        *rest++ = '\0';
    rest += strspn(rest, BLANKS);
    for (end = rest + strlen(rest); end > rest && strchr(BLANKS, end[-1]);)
        *--end = '\0';
    if (*interp == '\0')
        return false;
    if (strcmp(path_base(interp), "env") == 0 && *rest != '\0') {
        split_env(rest, words);
        return words->count > 0;
    }
    list_add(words, interp);
    if (*rest != '\0')
        list_add(words, rest);
    return true;
}
