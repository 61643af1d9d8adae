// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where the master of a container's terminal goes when crun-init has made it.
 *
 * To a console socket: one message, the name of the terminal as payload and the master beside it (SCM_RIGHTS), then the
 * connection is closed. Engines read the name into a small buffer, as a string without a NUL.
 *
 * To the foreground: it is made fit for our own side before the container's process runs, so that no byte is treated
 * otherwise than the next. Who adds the carriage returns? When our standard input and output are one terminal, the
 * container's terminal does, as its programs believe, and ours is raw (relay.c). Otherwise it does not: ONLCR is cleared,
 * for the reader of a pipe or a file wants the lines as they were written, and a terminal that is there for output only
 * adds them itself. That one is not made raw: its keys are not the container's, and others may write to it.
 */
#include "launch/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "launch/send.h"
#include "sys/files.h"

static void name_of(int master, char *ret_name, size_t size)
{
    unsigned number = 0;

    if (sys_ioctl(master, TIOCGPTN, &number) < 0)
        snprintf(ret_name, size, "/dev/ptmx");
    else
        snprintf(ret_name, size, "/dev/pts/%u", number);
}

/* On a master these calls reach the other end, the container's. */
static void keep_lines(int master)
{
    struct termios modes;

    if (tcgetattr(master, &modes) < 0)
        return;
    modes.c_oflag &= ~(tcflag_t) ONLCR;
    tcsetattr(master, TCSANOW, &modes);
}

/* A terminal by the number of its device: /dev/tty is any. Where it has none (a sandbox), two are taken for one. */
static bool is_terminal(int fd, unsigned *ret_number)
{
    *ret_number = 0;
    sys_ioctl(fd, TIOCGDEV, ret_number);
    return isatty(fd);
}

bool terminal_is_ours(void)
{
    unsigned in, out;

    return is_terminal(STDIN_FILENO, &in) && is_terminal(STDOUT_FILENO, &out) && in == out;
}

int terminal_received(struct launch *launch, int *fd, struct error *err)
{
    char name[32];
    int r;

    if (*fd < 0)
        return error_set(err, -EPROTO, "crun-init sent no terminal");
    if (!launch->console_socket) {
        terminal_copy_size(*fd);
        if (!terminal_is_ours())
            keep_lines(*fd);
        fd_close(&launch->terminal_fd);
        launch->terminal_fd = take_fd(fd);
        return 0;
    }
    name_of(*fd, name, sizeof name);
    r = descriptor_send(launch->console_socket, name, *fd, launch->cancel, err);
    if (r < 0)
        return error_prefix(err, "--console-socket");
    fd_close(fd);
    launch->terminal_sent = true;
    return 0;
}

void terminal_copy_size(int master)
{
    struct winsize size;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (sys_ioctl(fd, TIOCGWINSZ, &size) < 0)
            continue;
        if (size.ws_row && size.ws_col)
            sys_ioctl(master, TIOCSWINSZ, &size);
        return;
    }
}
