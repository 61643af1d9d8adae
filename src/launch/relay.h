// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A relay between our standard input and output and the master of a container's terminal, for the foreground.
 *
 *     standard input ──▶ to_container ──▶ master ──▶ to_us ──▶ standard output
 *
 * It is driven by its caller's poll loop: relay_poll_set says what to wait for, relay_move moves what can be moved.
 * Nothing here waits, and nothing is waited for that could not be used (no room, nothing to write), so neither a full
 * nor a silent side costs processor time.
 *
 * How things end:
 * - Our input ends (pipe, file, /dev/null): the container's terminal gets its end-of-file character, as typed, twice
 *   after an unfinished line (the first only ends the line). A program that reads to the end then ends.
 * - Our own terminal hangs up, or nobody reads our output any more: the master is closed, and the kernel hangs up the
 *   container's terminal, as if its window had been closed.
 * - Our output takes no more (a full disk): what else comes is dropped, and the error is kept for the end.
 * - The container's processes close their terminal while the process lives: nothing ends, another may open it again.
 *   We hold its other end open, so that the master does not report a hang-up all the time.
 * - The process ends (relay_end): what is in the terminal is read to the last byte and written out. Others may go on
 *   writing to it in the background; what they write later is not waited for.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "base/error.h"
#include "launch/stream.h"

struct relay_buffer {
    size_t start, end;
    char data[16384];
};

struct relay {
    int master; /* -1: no terminal, or hung up */
    int peer;   /* its other end, held open; -1 if the kernel cannot */
    struct stream in, out;
    struct relay_buffer to_container, to_us;
    bool in_open, in_terminal;
    int out_lost;     /* the error of a write, after which output is dropped; 0: none */
    bool silent;      /* the other end is closed, and we could not hold it open: look again after a while */
    bool middle;      /* what went to the container ended within a line */
    bool ended;       /* relay_end was called */
    size_t left;      /* bytes that may still be in the terminal after that */
    bool saved_modes; /* of our own terminal, in */
    struct termios modes;
};

enum { RELAY_IN, RELAY_OUT, RELAY_MASTER, RELAY_FDS };

/* MASTER is taken over; -1: every call is valid and does nothing. Our terminal becomes raw. */
int relay_init(struct relay *relay, int master, struct error *err);
/* Put our terminal back as it was, close the master. */
void relay_done(struct relay *relay);

/* Our window has another size. */
void relay_resize(struct relay *relay);
/* Before we stop, and after we went on: our terminal's modes as they were, and raw again. */
void relay_suspend(struct relay *relay);
void relay_resume(struct relay *relay);

/* Entries with fd -1 are not to be waited for. The time after which to call relay_move in any case, or -1. */
int relay_poll_set(const struct relay *relay, struct pollfd ret[RELAY_FDS]);
void relay_move(struct relay *relay, const struct pollfd polled[RELAY_FDS]);

/* The process has ended: take what is left. Poll and move go on until relay_finished. */
void relay_end(struct relay *relay);
bool relay_finished(const struct relay *relay);
/* Drop what is left. */
void relay_abandon(struct relay *relay);
