/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_query.c - what gdb asks about: features, threads, the program's file.
 */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gdb/server.h"
#include "cli/gdb/signals.h"
#include "cli/guest.h"
#include "cli/rootlist.h"
#include "host/fault.h"
#include "host/memory.h"
#include "image/image.h"

/* ---- objects, of which gdb reads a piece at a time ---- */

/* "annex:offset,length" */
static void piece(struct server *s, const char *at, const void *data,
                  size_t len)
{
    uint64_t offset, wanted;

    at = strchr(at, ':');
    if (!at || (at++, !packet_number(&at, &offset)) || *at++ != ',' ||
        !packet_number(&at, &wanted)) {
        server_error(s, -EINVAL);
        return;
    }
    if (offset > len)
        offset = len;
    if (wanted > len - offset)
        wanted = len - offset;
    if (wanted > PACKET_MAX / 2 - 2)
        wanted = PACKET_MAX / 2 - 2;
    buf_add(&s->reply, offset + wanted < len ? "m" : "l", 1);
    buf_add(&s->reply, (const uint8_t *)data + offset, wanted);
}

static void xml_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text) || !isprint((unsigned char)*text))
            buf_printf(out, "&#%u;", (unsigned)(unsigned char)*text);
        else
            buf_add(out, text, 1);
    }
}

static void threads_xml(struct server *s, const char *at)
{
    struct buf xml = { 0 };
    size_t i;
    int err = target_threads(&s->target, s->fault);

    if (err) {
        server_error(s, err);
        return;
    }
    buf_printf(&xml, "<?xml version=\"1.0\"?><threads>");
    for (i = 0; i < s->target.core.process.thread_count; i++) {
        const struct inside_thread *t = &s->target.core.process.thread[i];

        buf_printf(&xml, "<thread id=\"%x\" core=\"%u\" name=\"",
                   (unsigned)t->tid, t->cpu - 1);
        xml_text(&xml, t->name);
        buf_printf(&xml, "\"/>");
    }
    buf_printf(&xml, "</threads>");
    piece(s, at, xml.data, xml.len);
    buf_fini(&xml);
}

static int auxv_read(struct server *s, uint64_t auxv[CORE_AUXV_WORDS])
{
    struct target *t = &s->target;
    int err = target_threads(t, s->fault);

    if (err)
        return err;
    return inside_read(&t->core.in,
                       t->core.process.va + t->core.in.records.process_auxv,
                       auxv, CORE_AUXV_WORDS * sizeof(auxv[0]), s->fault);
}

static void auxv_object(struct server *s, const char *at)
{
    uint64_t auxv[CORE_AUXV_WORDS];
    int err = auxv_read(s, auxv);

    if (err)
        server_error(s, err);
    else
        piece(s, at, auxv, sizeof(auxv));
}

/* The image's file that lies at va. The caller frees; NULL: none does. */
static char *file_at(struct server *s, uint64_t va)
{
    struct core *c = &s->target.core;
    struct rootlist_name name = { 0 };
    struct image img;
    size_t i;

    free(c->region);
    c->region = NULL;
    c->region_count = 0;
    if (core_regions_read(c, s->fault) != 0)
        return NULL;
    for (i = 0; i < c->region_count; i++)
        if (va - c->region[i].start < c->region[i].end - c->region[i].start)
            name.ino = c->region[i].ino;
    if (name.ino == 0 ||
        image_open(s->target.guest->image, &img, s->fault) != 0)
        return NULL;
    (void)rootlist_find(&img, s->target.guest->image, &name, 1, s->fault);
    image_close(&img);
    return name.path;
}

/* The program's file is the one that holds its program headers. */
static void exec_file(struct server *s, const char *at)
{
    uint64_t auxv[CORE_AUXV_WORDS];
    char *path = NULL;
    size_t i;
    int err = auxv_read(s, auxv);

    for (i = 0; err == 0 && i + 1 < CORE_AUXV_WORDS; i += 2)
        if (auxv[i] == AT_PHDR && !path)
            path = file_at(s, auxv[i + 1]);
    if (path)
        piece(s, at, path, strlen(path));
    else
        server_error(s, err ? err : -ENOENT);
    free(path);
}

static void siginfo(struct server *s, const char *at)
{
    struct target *t = &s->target;
    uint8_t info[DEBUG_SIGINFO_LEN];
    int err = t->reason == DEBUG_SIGNAL ? 0 : -ENODATA;

    if (err == 0)
        err =
            inside_read(&t->core.in,
                        t->control_va + offsetof(struct debug_control, siginfo),
                        info, sizeof(info), s->fault);
    if (err)
        server_error(s, err);
    else
        piece(s, at, info, sizeof(info));
}

static void description(struct server *s, const char *at)
{
    struct buf xml = { 0 };

    server_target_xml(s, &xml);
    piece(s, at, xml.data, xml.len);
    buf_fini(&xml);
}

static void object(struct server *s, const char *at)
{
    if (packet_word(&at, "features:read:target.xml"))
        description(s, at);
    else if (packet_word(&at, "threads:read:"))
        threads_xml(s, at);
    else if (packet_word(&at, "auxv:read:"))
        auxv_object(s, at);
    else if (packet_word(&at, "exec-file:read:"))
        exec_file(s, at);
    else if (packet_word(&at, "siginfo:read:"))
        siginfo(s, at);
}

/* ---- the rest ---- */

static void supported(struct server *s, const char *at)
{
    s->has_swbreak = strstr(at, "swbreak+") != NULL;
    buf_printf(&s->reply,
               "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;"
               "qXfer:threads:read+;qXfer:auxv:read+;qXfer:exec-file:read+;"
               "qXfer:siginfo:read+;QPassSignals+;swbreak+;vContSupported+",
               PACKET_MAX);
}

static void thread_list(struct server *s)
{
    size_t i;
    int err = target_threads(&s->target, s->fault);

    if (err) {
        server_error(s, err);
        return;
    }
    for (i = 0; i < s->target.core.process.thread_count; i++)
        buf_printf(&s->reply, "%c%x", i == 0 ? 'm' : ',',
                   (unsigned)s->target.core.process.thread[i].tid);
}

static void pass_signals(struct server *s, const char *at)
{
    uint64_t set = 0, number;

    while (packet_number(&at, &number)) {
        unsigned signo = signals_from_gdb((unsigned)number);

        if (signo != 0)
            set |= 1ull << (signo - 1);
        if (*at == ';')
            at++;
    }
    s->target.control.pass = set;
    server_ok(s);
}

/* What a thread is called beside its name. */
static void extra_info(struct server *s, const char *at)
{
    static const char *const states[] = { "running", "ready", "sleeping",
                                          "moving", "dead" };
    const struct inside_thread *t;
    struct buf text = { 0 };
    uint64_t tid;

    if (!packet_number(&at, &tid) ||
        target_threads(&s->target, s->fault) != 0 ||
        !(t = target_thread(&s->target, (int32_t)tid))) {
        server_error(s, -ESRCH);
        return;
    }
    buf_printf(&text, "%s", t->state < 5 ? states[t->state] : "?");
    packet_hex(&s->reply, text.data, text.len);
    buf_fini(&text);
}

void server_query(struct server *s, const char *at)
{
    const struct inside_thread *t;

    if (packet_word(&at, "qSupported")) {
        supported(s, at);
    } else if (packet_word(&at, "qXfer:")) {
        object(s, at);
    } else if (packet_word(&at, "qRcmd,")) {
        server_command(s, at);
    } else if (packet_word(&at, "QPassSignals:")) {
        pass_signals(s, at);
    } else if (strcmp(at, "qfThreadInfo") == 0) {
        thread_list(s);
    } else if (strcmp(at, "qsThreadInfo") == 0) {
        buf_printf(&s->reply, "l");
    } else if (packet_word(&at, "qThreadExtraInfo,")) {
        extra_info(s, at);
    } else if (strcmp(at, "qC") == 0) {
        t = server_thread(s);
        buf_printf(&s->reply, "QC%x", t ? (unsigned)t->tid : 1u);
    } else if (packet_word(&at, "qAttached")) {
        buf_printf(&s->reply, "1");
    } else if (packet_word(&at, "qSymbol:")) {
        server_ok(s);
    } else if (strcmp(at, "QStartNoAckMode") == 0) {
        s->has_no_acks = true;
        server_ok(s);
    }
}
