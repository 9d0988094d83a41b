/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefix.c - the directories that the last walks went through.
 *
 * Programs name the same directory again and again, often twice in a row, by
 * stat() and open(). So the text before a path's last component is kept with
 * the directory that it led to, and a walk that begins at the same place with
 * the same text is there at once; the longest such text counts. It holds as
 * long as no name has gone, moved or been mounted on (names_changed()): new
 * names cannot make a path that was found lead elsewhere. Only what root walks
 * is kept, who may search every directory; and nothing with symlinks, dots or
 * names that are never cached.
 */
#include "fs/path.h"

#include "core/string.h"

#define ENTRY_COUNT 4u
#define TEXT_LEN    64u
#define WORD        sizeof(uint64_t) /* what is shorter is walked as fast */

struct entry {
    struct dentry *start, *dir; /* not held: freeing one is a change of names */
    size_t len;                 /* 0: none */
    char text[TEXT_LEN];
};

static struct entry entries[ENTRY_COUNT];
static unsigned next_entry;
static unsigned kept_generation; /* of all entries */

unsigned names_generation;

static uint64_t word_at(const char *p)
{
    uint64_t word;

    __builtin_memcpy(&word, p, WORD);
    return word;
}

/* By words, the last of which overlaps. An entry has no NUL, so that the first
 * that differs is near the path's end at most, and in its page. */
__attribute__((no_sanitize("address"))) static bool begins_with(
    const char *path, const struct entry *e)
{
    size_t last = e->len - WORD;

    if (((uintptr_t)path & PAGE_MASK) > PAGE_SIZE - TEXT_LEN)
        return strncmp(path, e->text, e->len) == 0;
    for (size_t i = 0; i < last; i += WORD)
        if (word_at(path + i) != word_at(e->text + i))
            return false;
    return word_at(path + last) == word_at(e->text + last);
}

void prefix_find(struct walk *w)
{
    const struct entry *best = NULL;
    size_t len = 0;

    if (w->resolve || kept_generation != names_generation || !cred_is_root())
        return;
    for (const struct entry *e = entries; e < entries + ENTRY_COUNT; e++) {
        if (e->start == w->at && e->len > len && begins_with(w->rest, e)) {
            best = e;
            len = e->len;
        }
    }
    if (!best || w->rest[len] == '\0' || w->rest[len] == '/')
        return;
    dentry_ref(best->dir);
    dentry_unref(w->at);
    w->at = best->dir;
    w->rest += len;
}

void prefix_keep(const struct walk *w, struct dentry *start, const char *text)
{
    size_t len = (size_t)(w->last - text);
    struct entry *e = &entries[next_entry];

    if (len < WORD || len > TEXT_LEN || w->resolve || !cred_is_root())
        return;
    if (kept_generation != names_generation)
        memset(entries, 0, sizeof(entries));
    kept_generation = names_generation;
    next_entry = (next_entry + 1) % ENTRY_COUNT;
    e->start = start;
    e->dir = w->at;
    e->len = len;
    memcpy(e->text, text, len);
}
