/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefix.c - the directories that the last walks went through.
 *
 * Programs name the same directory again and again, often twice in a row, by
 * stat() and open(). So the text before a path's last component is kept with
 * the directory that it led to, and a walk that begins at the same place with
 * the same text is there at once. It holds as long as no name has gone, moved
 * or been mounted on (names_changed()): new names cannot make a path that was
 * found lead elsewhere. Only what root walks is kept, who may search every
 * directory; and nothing with symlinks, dots or names that are never cached.
 */
#include "fs/path.h"

#include "core/string.h"

#define ENTRY_COUNT 4u
#define TEXT_LEN    64u

static struct {
    struct dentry *start, *dir; /* not held: freeing one is a change of names */
    unsigned generation;
    unsigned len; /* 0: none */
    char text[TEXT_LEN];
} entries[ENTRY_COUNT];

unsigned names_generation;

/* The last slash of a string, NULL: it has none. Also where it ends. */
static const char *last_slash(const char *p, const char **end_out)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7full;
    const char *slash = NULL;

    for (;; p += 8) {
        uint64_t word = path_word(p), end = string_bytes_equal(word, 0);
        uint64_t x = word ^ '/' * 0x0101010101010101ull;
        uint64_t found = ~(((x & low) + low) | x | low); /* exact for each */

        if (end)
            found &= (end & -end) - 1;
        if (found)
            slash = p + (63 - __builtin_clzll(found)) / 8;
        if (end) {
            *end_out = p + __builtin_ctzll(end) / 8;
            return slash;
        }
    }
}

static unsigned entry_of(const char *text, size_t len)
{
    return (unsigned)(len ^ (uint8_t)text[len - 2]) % ENTRY_COUNT;
}

bool prefix_find(struct walk *w)
{
    const char *end, *slash;
    size_t len;
    unsigned n;

    if (w->resolve || !cred_is_root())
        return false;
    slash = last_slash(w->rest, &end);
    if (!slash || slash + 1 == end || slash == w->rest)
        return false;
    len = (size_t)(slash + 1 - w->rest);
    n = entry_of(w->rest, len);
    if (entries[n].len != len || entries[n].start != w->at ||
        entries[n].generation != names_generation ||
        memcmp(entries[n].text, w->rest, len) != 0)
        return false;
    dentry_ref(entries[n].dir);
    dentry_unref(w->at);
    w->at = entries[n].dir;
    w->rest = slash + 1;
    return true;
}

void prefix_keep(const struct walk *w, struct dentry *start, const char *text)
{
    size_t len = (size_t)(w->last - text);
    unsigned n;

    if (len < 2 || len > TEXT_LEN || w->resolve || !cred_is_root())
        return;
    n = entry_of(text, len);
    entries[n].start = start;
    entries[n].dir = w->at;
    entries[n].generation = names_generation;
    entries[n].len = (unsigned)len;
    memcpy(entries[n].text, text, len);
}
