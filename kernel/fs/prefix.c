/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefix.c - the directories that the last walks went through, and where they
 * ended.
 *
 * Programs name the same directory again and again, often twice in a row, by
 * stat() and open(). So the text before a path's last component is kept with
 * the directory that it led to, and a walk that begins at the same place with
 * the same text is there at once; the longest such text counts. It holds as
 * long as no name has gone, moved or been mounted on (names_changed()): new
 * names cannot make a path that was found lead elsewhere. Only what root walks
 * is kept, who may search every directory; and nothing with symlinks, dots or
 * names that are never cached.
 *
 * Whole paths are kept alike, and compared where the program has them: what a
 * path just led to is found without copying it. Only what exists is kept.
 */
#include "fs/path.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/string.h"
#include "mm/user.h"

#define ENTRY_COUNT 4u
#define TEXT_LEN    64u
#define WORD        sizeof(uint64_t) /* what is shorter is walked as fast */

struct entry {
    struct dentry *start, *dentry; /* not held: names change as one goes */
    size_t len;                    /* 0: none */
    char text[TEXT_LEN];
};

struct table {
    struct entry entries[ENTRY_COUNT];
    unsigned latest;     /* entry that was kept, or found */
    unsigned generation; /* of all entries */
};

static struct table dirs, wholes;

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

    if (w->resolve || dirs.generation != names_generation || !cred_is_root())
        return;
    for (const struct entry *e = dirs.entries; e < dirs.entries + ENTRY_COUNT;
         e++) {
        if (e->start == w->at && e->len > len && begins_with(w->rest, e)) {
            best = e;
            len = e->len;
        }
    }
    if (!best || w->rest[len] == '\0' || w->rest[len] == '/')
        return;
    dentry_ref(best->dentry);
    dentry_unref(w->at);
    w->at = best->dentry;
    w->rest += len;
}

static void keep(struct table *t, struct dentry *start, const char *text,
                 size_t len, struct dentry *led_to)
{
    struct entry *e;

    if (len < WORD || len > TEXT_LEN || !cred_is_root())
        return;
    if (t->generation != names_generation)
        memset(t->entries, 0, sizeof(t->entries));
    t->generation = names_generation;
    t->latest = (t->latest + 1) % ENTRY_COUNT;
    e = &t->entries[t->latest];
    e->start = start;
    e->dentry = led_to;
    e->len = len;
    memcpy(e->text, text, len);
}

void prefix_keep(const struct walk *w, struct dentry *start, const char *text)
{
    if (!w->resolve)
        keep(&dirs, start, text, (size_t)(w->last - text), w->at);
}

void path_keep(const struct walk *w, struct dentry *d)
{
    if (d->inode && !S_ISLNK(d->inode->mode) && dentry_is_cached(d) &&
        !w->resolve)
        keep(&wholes, w->plain_start, w->plain,
             (size_t)(w->last - w->plain) + w->last_len + 1, d);
}

struct dentry *path_known(int dirfd, uaddr_t path)
{
    const struct fs_context *fs = thread_current()->fs;

    if (dirfd != AT_FDCWD || wholes.generation != names_generation ||
        (path & PAGE_MASK) > PAGE_SIZE - TEXT_LEN || path >= ARCH_USER_MAX ||
        !cred_is_root())
        return NULL;
    for (unsigned n = 0; n < ENTRY_COUNT; n++) {
        unsigned idx = (wholes.latest + n) % ENTRY_COUNT;
        const struct entry *e = &wholes.entries[idx];

        if (e->start != (e->text[0] == '/' ? fs->root : fs->cwd) ||
            !user_equal_bytes(path, (uint64_t)e->text, e->len))
            continue;
        wholes.latest = idx;
        e->dentry->used = true;
        return dentry_ref(e->dentry);
    }
    return NULL;
}
