/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.h - a guest for gdb: its remote protocol on one connection.
 *
 * What:      server.c has the loop and stops, server_go.c how threads go on,
 *            server_memory.c memory and breakpoints, server_query.c what gdb
 *            asks about, server_regs.c registers, server_files.c the image's
 *            files, server_command.c what only Samara has.
 * Ownership: a struct server is the caller's, as are the descriptors.
 * Errors:    to gdb: E and an errno, or an empty reply for what there is not.
 */
#ifndef CLI_GDB_SERVER_H
#define CLI_GDB_SERVER_H

#include "cli/gdb/packet.h"
#include "cli/gdb/rootfile.h"
#include "cli/gdb/target.h"

struct fault;
struct guest;

#define SERVER_FILES 16u

struct server {
    struct target target;
    struct rootfiles *root; /* NULL: none */
    int in_fd, out_fd;
    struct packet_reader reader;
    struct buf reply; /* to the packet at hand */
    struct buf sent;  /* the last one, in its frame */
    struct rootfile_info file[SERVER_FILES];
    bool is_open[SERVER_FILES];
    bool has_no_acks;
    bool is_over;  /* gdb is gone */
    bool is_left;  /* the guest has ended, or was let go: only files are left */
    bool is_quiet; /* no reply to this packet, or not yet */
    bool has_swbreak;
    int32_t tid;                     /* Hg: whose registers are meant */
    uint64_t range_start, range_end; /* step until it is left */
    struct target_go range_go;
    struct fault *fault; /* of the packet at hand */
};

/* Until gdb is gone. 0: it let the guest go on, or ended it. */
int server_run(struct server *s, const struct guest *g, struct fault *fault);

/* ---- between the server*.c files; each appends to s->reply ---- */

/* An error's reply. */
void server_error(struct server *s, int err);
void server_ok(struct server *s);
/* Either: err is 0 or -errno. */
void server_result(struct server *s, int err);
/* Says it on gdb's console. */
void server_console(struct server *s, const char *text, size_t len);
/* Thread that a registers' packet means; NULL: there is none. */
const struct inside_thread *server_thread(struct server *s);
/* Why the guest has stopped, as gdb is told. */
void server_stop_reply(struct server *s);
int server_send(struct server *s);
/* "0": any; "-1": all; else one. */
bool server_thread_id(const char **at, int32_t *out);
void server_cont(struct server *s, const char *at);     /* vCont;... */
void server_cont_old(struct server *s, const char *at); /* c, C, s, S */
/* What gdb is not told of: the program's start, where it was there before, and
 * a step within the range that it wants to have left, which is followed by the
 * next, and a breakpoint that could not be cleared while the kernel stood
 * still. */
bool server_goes_on(struct server *s);

void server_query(struct server *s, const char *at);       /* q..., Q... */
void server_file(struct server *s, const char *at);        /* vFile:... */
void server_command(struct server *s, const char *at);     /* qRcmd */
void server_memory_read(struct server *s, const char *at); /* m */
void server_memory_write(struct server *s, const char *at, bool is_binary);
void server_point(struct server *s, const char *at); /* Z, z */
void server_regs_read(struct server *s);             /* g */
void server_regs_write(struct server *s, const char *at);
void server_reg_read(struct server *s, const char *at); /* p */
void server_reg_write(struct server *s, const char *at);
/* The description of all registers. */
void server_target_xml(const struct server *s, struct buf *out);

#endif
