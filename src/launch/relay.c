// SPDX-License-Identifier: LGPL-2.1-or-later
/* Bytes between our standard streams and a container's terminal; see relay.h. */
#include "launch/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "launch/terminal.h"
#include "sys/files.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

enum {
    EOF_ROOM = 2,          /* end-of-file characters must always fit behind what was read */
    LEFT_AT_END = 1 << 16, /* more than a pseudo-terminal holds (a tty buffer of 8 KiB and a line discipline of 4) */
    LOOK_AGAIN_MS = 1000,
};

/* ---- buffers ---- */

static size_t pending(const struct relay_buffer *buffer)
{
    return buffer->end - buffer->start;
}

static size_t room(const struct relay_buffer *buffer)
{
    return sizeof buffer->data - EOF_ROOM - pending(buffer);
}

/* Move what is pending to the front, so that all room is behind it. */
static char *make_room(struct relay_buffer *buffer)
{
    size_t n = pending(buffer);

    if (buffer->start > 0)
        memmove(buffer->data, buffer->data + buffer->start, n);
    buffer->start = 0;
    buffer->end = n;
    return buffer->data + n;
}

static void drop(struct relay_buffer *buffer)
{
    buffer->start = buffer->end = 0;
}

static bool try_later(long r)
{
    return r == -EAGAIN || r == -EINTR;
}

/* ---- our own terminal ---- */

/* A terminal with job control belongs to one process group at a time; one that is not ours to control, to everybody. */
static bool in_background(int fd)
{
    pid_t owner = tcgetpgrp(fd);

    return owner >= 0 && owner != getpgrp();
}

/* In the background the kernel answers this call with SIGTTOU, which stops us until the shell brings us to the front:
 * let it, for setting the modes of a terminal that another job is using would spoil it. */
static int set_modes_in_turn(int fd, const struct termios *modes)
{
    sigset_t stop, old;
    int r;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    sigprocmask(SIG_UNBLOCK, &stop, &old);
    do
        r = tcsetattr(fd, TCSANOW, modes);
    while (r < 0 && errno == EINTR);
    if (sigismember(&old, SIGTTOU) == 1)
        sigprocmask(SIG_BLOCK, &stop, NULL);
    return r;
}

/* Raw: each key goes to the container. Output is left as it is where ours goes elsewhere: with standard output in a
 * pipeline, others write to this terminal. */
void relay_resume(struct relay *relay)
{
    struct termios raw = relay->modes;

    if (!relay->saved_modes || relay->master < 0)
        return;
    cfmakeraw(&raw);
    if (!terminal_is_ours())
        raw.c_oflag = relay->modes.c_oflag;
    relay->in_open = set_modes_in_turn(relay->in.fd, &raw) == 0 && !relay->ended;
    relay_resize(relay);
}

void relay_suspend(struct relay *relay)
{
    if (relay->saved_modes && !in_background(relay->in.fd))
        tcsetattr(relay->in.fd, TCSANOW, &relay->modes);
}

void relay_resize(struct relay *relay)
{
    if (relay->master >= 0)
        terminal_copy_size(relay->master);
}

/* ---- begin and end ---- */

static void open_streams(struct relay *relay)
{
    stream_open(&relay->in, STDIN_FILENO, O_RDONLY);
    stream_open(&relay->out, STDOUT_FILENO, O_WRONLY);
    relay->in_open = true;
    relay->in_terminal = relay->saved_modes = tcgetattr(relay->in.fd, &relay->modes) == 0;
}

/* All but the buffers themselves: their pages are not touched before they are needed. */
static void clear(struct relay *relay)
{
    memset(relay, 0, offsetof(struct relay, to_container));
    relay->to_container.start = relay->to_container.end = relay->to_us.start = relay->to_us.end = 0;
    memset(&relay->in_open, 0, sizeof *relay - offsetof(struct relay, in_open));
    relay->peer = relay->in.fd = relay->out.fd = -1;
}

int relay_init(struct relay *relay, int master, struct error *err)
{
    int flags;

    clear(relay);
    relay->master = master;
    if (master < 0)
        return 0;
    flags = fcntl(master, F_GETFL);
    if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0) {
        int r = -errno;

        fd_close(&relay->master);
        return error_errno(err, r, "the container's terminal");
    }
    relay->peer = sys_ioctl(master, TIOCGPTPEER, (void *) (uintptr_t) (O_RDWR | O_NOCTTY | O_CLOEXEC));
    open_streams(relay);
    relay_resize(relay);
    relay_resume(relay);
    return 0;
}

static void hang_up(struct relay *relay)
{
    fd_close(&relay->peer);
    fd_close(&relay->master);
    drop(&relay->to_container);
    relay->in_open = false;
}

void relay_done(struct relay *relay)
{
    relay_suspend(relay);
    relay->saved_modes = false;
    hang_up(relay);
    stream_close(&relay->in);
    stream_close(&relay->out);
}

/* ---- the container's side ---- */

static void read_master(struct relay *relay)
{
    struct relay_buffer *buffer = &relay->to_us;
    long n;

    if (relay->master < 0 || room(buffer) == 0)
        return;
    n = sys_read(relay->master, make_room(buffer), room(buffer));
    if (n > 0 && !relay->out_lost)
        buffer->end += (size_t) n;
    if (n > 0 && relay->ended)
        relay->left -= (size_t) n < relay->left ? (size_t) n : relay->left;
    if (n <= 0 && n != -EINTR && relay->ended)
        relay->left = 0;
    if (n <= 0 && !try_later(n))
        relay->silent = true;
}

static void write_master(struct relay *relay)
{
    struct relay_buffer *buffer = &relay->to_container;
    long n;

    if (relay->master < 0 || pending(buffer) == 0)
        return;
    n = sys_write(relay->master, buffer->data + buffer->start, pending(buffer));
    if (n > 0)
        buffer->start += (size_t) n;
    else if (!try_later(n))
        relay->silent = true;
}

/* What is there, as far as it fits; the rest when there is room again. */
static void drain(struct relay *relay)
{
    while (relay->left > 0 && relay->master >= 0 && room(&relay->to_us) > 0)
        read_master(relay);
}

/* ---- our side ---- */

/* A terminal that takes input as it comes has no end of file: the character would be data. */
static void type_end_of_file(struct relay *relay)
{
    struct relay_buffer *buffer = &relay->to_container;
    struct termios modes;

    if (tcgetattr(relay->master, &modes) < 0 || !(modes.c_lflag & ICANON) || modes.c_cc[VEOF] == _POSIX_VDISABLE)
        return;
    make_room(buffer);
    for (int i = 0; i <= relay->middle; i++)
        buffer->data[buffer->end++] = (char) modes.c_cc[VEOF];
}

/* In the background a terminal refuses to be read; relay_resume tries again. */
static void input_ended(struct relay *relay)
{
    relay->in_open = false;
    if (!relay->in_terminal)
        type_end_of_file(relay);
    else if (!in_background(relay->in.fd))
        hang_up(relay);
}

static void read_in(struct relay *relay)
{
    struct relay_buffer *buffer = &relay->to_container;
    long n;

    if (!relay->in_open || room(buffer) == 0)
        return;
    n = stream_read(&relay->in, make_room(buffer), room(buffer));
    if (n > 0) {
        buffer->end += (size_t) n;
        relay->middle = buffer->data[buffer->end - 1] != '\n';
    } else if (!try_later(n)) {
        input_ended(relay);
    }
}

/* Output that was closed from the start, or a full disk, is not the container's fault: it goes on. */
static void output_failed(struct relay *relay, long r)
{
    relay->out_lost = (int) r;
    drop(&relay->to_us);
    if (r == -EPIPE || r == -EIO || r == -ECONNRESET)
        hang_up(relay);
}

static void write_out(struct relay *relay)
{
    struct relay_buffer *buffer = &relay->to_us;
    long n;

    if (pending(buffer) == 0)
        return;
    n = stream_write(&relay->out, buffer->data + buffer->start, pending(buffer));
    if (n >= 0)
        buffer->start += (size_t) n;
    else if (!try_later(n))
        output_failed(relay, n);
}

/* ---- the loop ---- */

static void wait_for(struct pollfd *ret, int fd, int events)
{
    *ret = (struct pollfd){ .fd = events ? fd : -1, .events = (short) events };
}

int relay_poll_set(const struct relay *relay, struct pollfd ret[RELAY_FDS])
{
    bool alive = relay->master >= 0 && !relay->ended;
    bool look = alive && !relay->silent;
    int take = look && room(&relay->to_us) ? POLLIN : 0, give = look && pending(&relay->to_container) ? POLLOUT : 0;

    wait_for(&ret[RELAY_IN], relay->in.fd, alive && relay->in_open && room(&relay->to_container) ? POLLIN : 0);
    wait_for(&ret[RELAY_OUT], relay->out.fd, pending(&relay->to_us) ? POLLOUT : 0);
    wait_for(&ret[RELAY_MASTER], relay->master, take | give);
    return alive && relay->silent ? LOOK_AGAIN_MS : -1;
}

void relay_move(struct relay *relay, const struct pollfd polled[RELAY_FDS])
{
    relay->silent = false;
    if (polled[RELAY_OUT].revents)
        write_out(relay);
    if (polled[RELAY_MASTER].revents & ~POLLIN)
        write_master(relay);
    if (polled[RELAY_MASTER].revents & ~POLLOUT)
        read_master(relay);
    if (polled[RELAY_IN].revents)
        read_in(relay);
    if (relay->ended)
        drain(relay);
}

void relay_end(struct relay *relay)
{
    relay->ended = true;
    relay->in_open = false;
    relay->left = relay->master >= 0 ? LEFT_AT_END : 0;
    drop(&relay->to_container);
    drain(relay);
}

bool relay_finished(const struct relay *relay)
{
    return pending(&relay->to_us) == 0 && (relay->left == 0 || relay->master < 0);
}

void relay_abandon(struct relay *relay)
{
    relay->left = 0;
    drop(&relay->to_us);
}
