// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The plan as it travels to crun-init: one sealed memfd of header, ops, data; offsets, no pointers. crun-init maps
 * it private and checks it whole (blob_check) before it looks at anything.
 *
 * Descriptors of crun-init: 0, 1, 2 and the preserved ones from 3 are the container's; from fd_base on they are ours,
 * close-on-exec from the first instruction:
 *     fd_base + BLOB_FD_PLAN     this blob
 *     fd_base + BLOB_FD_SYNC     seqpacket socket to the parent
 *     fd_base + BLOB_FD_LISTEN   listening socket that `start` connects to (create only)
 *     fd_base + BLOB_FD_SLOTS + n   slot n
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "plan/ops.h"

#define BLOB_MAGIC   0x6e757263u /* "crun" */
#define BLOB_VERSION 1u

enum blob_fd { BLOB_FD_PLAN, BLOB_FD_SYNC, BLOB_FD_LISTEN, BLOB_FD_SLOTS };

struct blob {
    uint32_t magic, version;
    uint32_t size;  /* of all: header, ops, data */
    uint32_t n_ops; /* struct op[] directly behind this header */
    uint32_t data;  /* offset of the data; its last byte is NUL */
    uint32_t n_slots;
    int32_t fd_base;
    uint32_t flags; /* enum blob_flags */
    uint32_t times; /* 1 + the slot of the file where init writes the times of its rows; 0: nobody asked */
    uint32_t reserved;
};

/* One for each row in that file, and one behind them for init's own start: ns of CLOCK_MONOTONIC, 0: not come there. */
struct row_times {
    int64_t begin, end;
};

enum blob_flags {
    BLOB_NO_NEW_MOUNT_API = 1 << 0, /* mount(2) only */
    BLOB_NO_OPENAT2 = 1 << 1,       /* walk paths by hand */
};

/* 0 if every op, string, list and slot lies inside the SIZE bytes at BLOB; otherwise 1 + the number of the op at fault
 * (or 1 for the header). Reads nothing outside. */
int blob_check(const struct blob *blob, size_t size);

static inline const struct op *blob_ops(const struct blob *blob)
{
    return (const struct op *) (blob + 1);
}

/* String REF, NULL for none. */
static inline const char *blob_str(const struct blob *blob, op_str ref)
{
    return ref ? (const char *) blob + ref : NULL;
}

/* LIST as a NULL-terminated array. Turned into pointers in place the first time: the blob must be a private,
 * writable mapping, and every list is asked for once. */
char **blob_list(struct blob *blob, struct op_list list);

static inline const void *blob_bytes(const struct blob *blob, struct op_bytes bytes)
{
    return (const char *) blob + bytes.offset;
}

/* ---- messages on the sync socket, one packet each ---- */

enum message_type {
    MESSAGE_REACHED = 1, /* init: has come to sync row ROW */
    MESSAGE_GO,          /* parent: go on from sync row ROW; may carry the state descriptor */
    MESSAGE_FAILED,      /* init: row ROW failed with CODE in CALL */
    MESSAGE_WARNING,     /* init: row ROW went on without what was asked */
    MESSAGE_TERMINAL,    /* init: carries the master of the terminal */
    MESSAGE_PID,         /* init: a refork; CODE is the new pid in the parent's namespace, its pidfd comes along */
    MESSAGE_MOUNTED,     /* init: a mount was added by ROW; DETAIL: the kernel's number of it, in decimal */
    MESSAGE_TREE,        /* parent: carries the tree of the bind mount that comes next */
    MESSAGE_LISTENER, /* init: its descriptor CODE is the listener of the seccomp filter; waits for GO, whose CODE may
                          * be LISTENER_SEND: then the same again, with the descriptor */
};

#define LISTENER_SEND 1

/* What crun-init calls itself (comm) while it waits for the start, and before it installs a filter that may kill it. Where
 * REFORK has pipes, the first process ends with the number of the second behind BLOB_NEXT_NAME. */
#define BLOB_WAITING_NAME  "crun/created"
#define BLOB_STARTING_NAME "crun/starting"
#define BLOB_FILTERED_NAME "crun/seccomp"
#define BLOB_NEXT_NAME     "crun/"

struct message {
    uint32_t type;
    uint32_t row;
    int32_t code; /* negative errno */
    uint64_t
        ignored; /* GO: signals that init was born ignoring, bit 0 is number 1; all of them where that is not known */
    char what[256];   /* FAILED, WARNING: the row's words, for readers that do not have the plan; "" if none */
    char call[24];    /* "open_tree", empty when it was no system call */
    char detail[468]; /* what it was done to, or a whole explanation when CALL is empty */
};
