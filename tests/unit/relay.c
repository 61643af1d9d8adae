// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The relay of a terminal in the foreground, over real pseudo-terminals: a "container" process on one, a stand-in that
 * runs foreground_wait, and the test at the other end of the stand-in's streams. And where a master goes.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "launch/launch.h"
#include "launch/relay.h"
#include "launch/terminal.h"
#include "sys/process.h"

enum { DIFFERENT = 99, MUCH = 10 << 20, BLOCK = 10000 };

/* What the three processes tell one another. */
struct shared {
    uint64_t digest; /* of what the container read */
    int64_t cpu_ms;  /* of the stand-in */
    volatile int step;
};

static struct shared *shared;

/* ---- bytes whose order matters ---- */

struct series {
    uint64_t state, digest;
    size_t left;
};

static struct series series_of(size_t size)
{
    return (struct series){ .state = 88172645463325252u, .digest = 14695981039346656037u, .left = size };
}

static void digest(uint64_t *value, const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *value = (*value ^ data[i]) * 1099511628211u;
}

static size_t series_next(struct series *series, unsigned char *data, size_t size)
{
    size_t n = size < series->left ? size : series->left;

    for (size_t i = 0; i < n; i++) {
        series->state ^= series->state << 13;
        series->state ^= series->state >> 7;
        series->state ^= series->state << 17;
        data[i] = (unsigned char) series->state;
    }
    digest(&series->digest, data, n);
    series->left -= n;
    return n;
}

static uint64_t digest_of(size_t size)
{
    struct series series = series_of(size);
    unsigned char block[BLOCK];

    while (series_next(&series, block, sizeof block) > 0)
        ;
    return series.digest;
}

static void write_series(int fd, size_t size)
{
    struct series series = series_of(size);
    unsigned char block[BLOCK];
    size_t n;

    while ((n = series_next(&series, block, sizeof block)) > 0)
        if (fd_write_all(fd, block, n) < 0)
            _exit(DIFFERENT);
}

/* Until the end, or LIMIT bytes; returns how many. */
static size_t read_digest(int fd, size_t limit, uint64_t *ret_digest)
{
    unsigned char block[BLOCK];
    size_t total = 0;
    ssize_t n;

    *ret_digest = series_of(0).digest;
    while (total < limit && (n = read(fd, block, sizeof block < limit - total ? sizeof block : limit - total)) > 0) {
        digest(ret_digest, block, (size_t) n);
        total += (size_t) n;
    }
    return total;
}

/* ---- the three processes ---- */

struct stage {
    int (*container)(void); /* on its own terminal; the result is the exit status */
    int in, out;            /* the stand-in's, closed here */
    bool late;              /* wait only after the container's process has ended */
    bool session;           /* `in` becomes the stand-in's controlling terminal */
    bool stranger;          /* the stand-in is a user who may not open its streams again */
};

static int open_terminal(int *ret_peer)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    *ret_peer = -1;
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return -1;
    *ret_peer = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    return master;
}

static pid_t start_container(const struct stage *stage, int master, int peer)
{
    pid_t pid = fork();
    sigset_t none;

    if (pid != 0)
        return pid;
    setsid();
    ioctl(peer, TIOCSCTTY, 0);
    close(master);
    for (int fd = 0; fd < 3; fd++)
        dup2(peer, fd);
    close(peer);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    _exit(stage->container());
}

static int64_t own_cpu_ms(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static int stand_in(const struct stage *stage)
{
    struct launch launch = { .terminal_fd = -1 };
    struct foreground foreground;
    struct error err = { 0 };
    int status = DIFFERENT, peer, master = open_terminal(&peer);
    int64_t cpu_ms;
    pid_t pid;

    if (master < 0 || foreground_prepare(&foreground, true, &err) < 0 || terminal_received(&launch, &master, &err) < 0)
        return DIFFERENT;
    pid = start_container(stage, launch.terminal_fd, peer);
    close(peer);
    if (stage->late)
        waitid(P_PID, (id_t) pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
    cpu_ms = own_cpu_ms();
    if (foreground_wait(&foreground, sys_pidfd_open(pid, 0), pid, &launch.terminal_fd, &status, &err) < 0)
        return DIFFERENT;
    shared->cpu_ms = own_cpu_ms() - cpu_ms;
    return launch.terminal_fd == -1 ? status : DIFFERENT;
}

static pid_t start(struct stage stage)
{
    pid_t pid;

    shared->step = 0;
    shared->digest = 0;
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        alarm(60);
        if (stage.session) {
            setsid();
            ioctl(stage.in, TIOCSCTTY, 0);
        }
        if (stage.in >= 0)
            dup2(stage.in, 0);
        if (stage.out >= 0)
            dup2(stage.out, 1);
        if (stage.stranger && setuid(65534) < 0)
            _exit(DIFFERENT);
        for (int fd = 3; fd < 64; fd++)
            close(fd);
        _exit(stand_in(&stage));
    }
    if (stage.in >= 0)
        close(stage.in);
    if (stage.out >= 0 && stage.out != stage.in)
        close(stage.out);
    return pid;
}

static int end_of(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) < 0)
        return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int null(int flags)
{
    return open("/dev/null", flags | O_CLOEXEC);
}

static void make_raw(int fd)
{
    struct termios modes;

    tcgetattr(fd, &modes);
    cfmakeraw(&modes);
    tcsetattr(fd, TCSANOW, &modes);
}

static int may_change_user(void)
{
    return geteuid() == 0;
}

static void wait_step(int step)
{
    for (int i = 0; shared->step < step && i < 10000; i++)
        usleep(1000);
}

/* What is typed before the stand-in has our terminal raw is not the container's. */
static void wait_raw(int master)
{
    struct termios modes;

    for (int i = 0; i < 10000 && tcgetattr(master, &modes) == 0 && modes.c_lflag & ICANON; i++)
        usleep(1000);
}

/* ---- much of it ---- */

static int writes_much(void)
{
    make_raw(1);
    write_series(1, MUCH);
    return 3;
}

static void much_output(void)
{
    int out[2];
    uint64_t got;
    pid_t pid;

    for (int way = 0; way < 2 + may_change_user(); way++) {
        CHECK_INT(way == 1 ? socketpair(AF_UNIX, SOCK_STREAM, 0, out) : pipe2(out, O_CLOEXEC), 0);
        pid = start(
            (struct stage){ .container = writes_much, .in = null(O_RDONLY), .out = out[1], .stranger = way == 2 });
        CHECK_INT(read_digest(out[0], SIZE_MAX, &got), MUCH);
        CHECK(got == digest_of(MUCH));
        CHECK_INT(end_of(pid), 3);
        CHECK_INT(fcntl(out[0], F_GETFL) & O_NONBLOCK, 0);
        close(out[0]);
    }
}

static int reads_much(void)
{
    make_raw(0);
    shared->step = 1;
    return read_digest(0, MUCH, &shared->digest) == MUCH ? 4 : DIFFERENT;
}

static void much_input(void)
{
    int in[2];
    pid_t pid;

    for (int stranger = 0; stranger < 1 + may_change_user(); stranger++) {
        CHECK_INT(pipe2(in, O_CLOEXEC), 0);
        pid =
            start((struct stage){ .container = reads_much, .in = in[0], .out = null(O_WRONLY), .stranger = stranger });
        wait_step(1);
        write_series(in[1], MUCH);
        close(in[1]);
        CHECK_INT(end_of(pid), 4);
        CHECK(shared->digest == digest_of(MUCH));
    }
}

static int echoes(void)
{
    unsigned char block[BLOCK];
    size_t total = 0;

    make_raw(0);
    shared->step = 1;
    while (total < MUCH) {
        ssize_t n = read(0, block, sizeof block);

        if (n <= 0 || fd_write_all(1, block, (size_t) n) < 0)
            return DIFFERENT;
        total += (size_t) n;
    }
    return 5;
}

/* Both ways at once through a terminal of our own, typed and read by this one loop. */
static void both_ways(bool stranger)
{
    struct series series = series_of(MUCH);
    uint64_t got = series_of(0).digest;
    unsigned char typed[BLOCK], block[BLOCK];
    size_t have = 0, at = 0, total = 0;
    int peer, master = open_terminal(&peer);
    pid_t pid =
        start((struct stage){ .container = echoes, .in = peer, .out = peer, .session = true, .stranger = stranger });

    wait_step(1);
    wait_raw(master);
    fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
    while (total < MUCH) {
        struct pollfd set = { .fd = master, .events = POLLIN };
        ssize_t n;

        if (at == have) {
            have = series_next(&series, typed, sizeof typed);
            at = 0;
        }
        if (at < have)
            set.events |= POLLOUT;
        CHECK(poll(&set, 1, 10000) > 0);
        CHECK(set.revents != POLLHUP);
        n = set.revents & POLLOUT ? write(master, typed + at, have - at) : 0;
        at += n > 0 ? (size_t) n : 0;
        n = set.revents & POLLIN ? read(master, block, sizeof block) : 0;
        if (n > 0)
            digest(&got, block, (size_t) n);
        total += n > 0 ? (size_t) n : 0;
    }
    CHECK_INT(end_of(pid), 5);
    CHECK(got == digest_of(MUCH));
    close(master);
}

static void much_both_ways(void)
{
    both_ways(false);
    if (!test_failed && may_change_user())
        both_ways(true);
}

/* ---- the end ---- */

static int writes_little(void)
{
    make_raw(1);
    write_series(1, 4000);
    return 6;
}

static void output_of_an_ended_process(void)
{
    for (int late = 0; late < 2; late++)
        for (int i = 0; i < 50; i++) {
            uint64_t got;
            int out[2];
            pid_t pid;

            CHECK_INT(pipe2(out, O_CLOEXEC), 0);
            pid =
                start((struct stage){ .container = writes_little, .in = null(O_RDONLY), .out = out[1], .late = late });
            CHECK_INT(read_digest(out[0], SIZE_MAX, &got), 4000);
            CHECK(got == digest_of(4000));
            CHECK_INT(end_of(pid), 6);
            close(out[0]);
        }
}

/* Leaves a child that goes on writing to the terminal, also when that hangs up for its session. */
static int leaves_a_writer(void)
{
    if (fork() == 0) {
        signal(SIGHUP, SIG_IGN);
        alarm(2);
        while (write(1, "more\n", 5) > 0)
            ;
        _exit(0);
    }
    usleep(50000);
    return 7;
}

static void a_writer_in_the_background(void)
{
    time_t begin = time(NULL);
    int out = null(O_WRONLY);

    CHECK_INT(end_of(start((struct stage){ .container = leaves_a_writer, .in = null(O_RDONLY), .out = out })), 7);
    CHECK(time(NULL) - begin < 2);
}

static void a_sleeping_reader_costs_nothing(void)
{
    uint64_t got;
    int out[2];
    pid_t pid;

    CHECK_INT(pipe2(out, O_CLOEXEC), 0);
    pid = start((struct stage){ .container = writes_much, .in = null(O_RDONLY), .out = out[1] });
    usleep(1000000);
    close(out[0]);
    CHECK_INT(end_of(pid), 128 + SIGHUP); /* nobody reads any more: the terminal hangs up */
    CHECK(shared->cpu_ms < 50);

    CHECK_INT(pipe2(out, O_CLOEXEC), 0);
    pid = start((struct stage){ .container = writes_little, .in = null(O_RDONLY), .out = out[1], .late = true });
    usleep(100000);
    CHECK_INT(read_digest(out[0], SIZE_MAX, &got), 4000);
    CHECK_INT(end_of(pid), 6);
    close(out[0]);
}

/* The process has ended, its output does not fit: TERM ends the wait for the reader. */
static void a_signal_ends_the_wait_for_a_reader(void)
{
    int out[2];
    pid_t pid;

    CHECK_INT(pipe2(out, O_CLOEXEC), 0);
    fcntl(out[1], F_SETPIPE_SZ, 4096);
    CHECK_INT(write(out[1], (char[4096]){ 0 }, 4096), 4096);
    pid = start((struct stage){ .container = writes_little, .in = null(O_RDONLY), .out = out[1] });
    usleep(200000);
    CHECK_INT(waitpid(pid, NULL, WNOHANG), 0);
    CHECK_INT(kill(pid, SIGTERM), 0);
    CHECK_INT(end_of(pid), 6);
    CHECK(shared->cpu_ms < 50);
    close(out[0]);
}

/* ---- input ---- */

/* As cat(1): how many bytes there are before the end. */
static int reads_to_the_end(void)
{
    char text[64];
    ssize_t n = read(0, text, sizeof text), total = n;

    while (n > 0) {
        n = read(0, text + total, sizeof text - (size_t) total);
        total += n;
    }
    return n == 0 ? (int) total : DIFFERENT;
}

static void end_of_input(void)
{
    static const struct {
        const char *text;
        int size;
    } cases[] = {
        {"",         0},
        { "foo\n",   4},
        { "foo",     3},
        { "foo\nba", 6}
    };

    CHECK_INT(
        end_of(start((struct stage){ .container = reads_to_the_end, .in = null(O_RDONLY), .out = null(O_WRONLY) })), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int in[2];
        pid_t pid;

        CHECK_INT(pipe2(in, O_CLOEXEC), 0);
        CHECK_INT(fd_write_all(in[1], cases[i].text, strlen(cases[i].text)), 0);
        close(in[1]);
        pid = start((struct stage){ .container = reads_to_the_end, .in = in[0], .out = null(O_WRONLY) });
        CHECK_INT(end_of(pid), cases[i].size);
    }
}

static int reads_nothing(void)
{
    make_raw(0);
    shared->step = 1;
    usleep(700000);
    return 8;
}

/* More than fits anywhere; the writer's end is full, too. */
static void a_full_container_costs_nothing(void)
{
    int in[2];
    pid_t pid;

    CHECK_INT(pipe2(in, O_CLOEXEC), 0);
    fcntl(in[1], F_SETFL, O_WRONLY | O_NONBLOCK);
    pid = start((struct stage){ .container = reads_nothing, .in = in[0], .out = null(O_WRONLY) });
    wait_step(1);
    for (int i = 0; i < 200; i++) {
        char block[4096] = { 'x' };

        if (write(in[1], block, sizeof block) < 0)
            usleep(1000);
    }
    CHECK_INT(end_of(pid), 8);
    CHECK(shared->cpu_ms < 50);
    close(in[1]);
}

static int closes_its_terminal(void)
{
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    usleep(700000);
    if (open("/dev/tty", O_RDWR) != 0)
        return DIFFERENT;
    return write(0, "again\n", 6) == 6 ? 9 : DIFFERENT;
}

static void nobody_has_the_terminal_open(void)
{
    char text[64] = { 0 };
    int out[2];
    pid_t pid;

    CHECK_INT(pipe2(out, O_CLOEXEC), 0);
    pid = start((struct stage){ .container = closes_its_terminal, .in = null(O_RDONLY), .out = out[1] });
    CHECK_INT(end_of(pid), 9);
    CHECK(read(out[0], text, sizeof text - 1) > 0);
    CHECK_STR(text, "again\n"); /* no carriage return into a pipe */
    CHECK(shared->cpu_ms < 50);
    close(out[0]);
}

/* Where the kernel does not let us hold the other end: nothing to poll for, looked at again after a while. */
static int without_peer(void)
{
    int peer, master = open_terminal(&peer);
    struct pollfd set[RELAY_FDS];
    struct error err = { 0 };
    struct relay relay;
    char name[64];

    snprintf(name, sizeof name, "%s", ptsname(master));
    if (dup2(null(O_RDWR), 0) < 0 || relay_init(&relay, master, &err) < 0)
        return 1;
    relay.in_open = false;
    fd_close(&relay.peer);
    close(peer);
    if (relay_poll_set(&relay, set) != -1 || poll(set, RELAY_FDS, 0) != 1)
        return 2;
    relay_move(&relay, set);
    if (relay_poll_set(&relay, set) != 1000 || poll(set, RELAY_FDS, 0) != 0)
        return 3;
    peer = open(name, O_RDWR | O_NOCTTY);
    relay_move(&relay, set);
    if (write(peer, "x", 1) != 1 || relay_poll_set(&relay, set) != -1 || poll(set, RELAY_FDS, 1000) != 1)
        return 4;
    relay_move(&relay, set);
    relay_done(&relay);
    return relay.to_us.end == 1 ? 0 : 5;
}

static void a_kernel_that_gives_no_peer(void)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0)
        _exit(without_peer());
    CHECK_INT(end_of(pid), 0);
}

/* ---- our own terminal ---- */

static volatile sig_atomic_t resized;

static void on_winch(int number)
{
    resized = 1;
}

static bool has_size(int rows, int columns)
{
    struct winsize size;

    return ioctl(0, TIOCGWINSZ, &size) == 0 && size.ws_row == rows && size.ws_col == columns;
}

static int watches_its_size(void)
{
    sigset_t winch, old;

    sigemptyset(&winch);
    sigaddset(&winch, SIGWINCH);
    sigprocmask(SIG_BLOCK, &winch, &old);
    signal(SIGWINCH, on_winch);
    if (!has_size(33, 77))
        return DIFFERENT;
    shared->step = 1;
    while (!resized)
        sigsuspend(&old);
    return has_size(40, 100) ? 11 : DIFFERENT;
}

static void window_size(void)
{
    int peer, master = open_terminal(&peer);
    pid_t pid;

    CHECK_INT(ioctl(master, TIOCSWINSZ, &(struct winsize){ .ws_row = 33, .ws_col = 77 }), 0);
    pid = start((struct stage){ .container = watches_its_size, .in = peer, .out = peer, .session = true });
    wait_step(1);
    usleep(50000); /* the stand-in is in its loop */
    CHECK_INT(ioctl(master, TIOCSWINSZ, &(struct winsize){ .ws_row = 40, .ws_col = 100 }), 0);
    CHECK_INT(end_of(pid), 11);
    close(master);
}

static bool same_modes(const struct termios *one, const struct termios *other)
{
    return one->c_iflag == other->c_iflag && one->c_oflag == other->c_oflag && one->c_lflag == other->c_lflag &&
           one->c_cflag == other->c_cflag && memcmp(one->c_cc, other->c_cc, sizeof one->c_cc) == 0;
}

static int waits_for_a_line(void)
{
    char line[16];

    shared->step = 1;
    return read(0, line, sizeof line) == 3 && memcmp(line, "ab\n", 3) == 0 ? 12 : DIFFERENT;
}

static void modes_are_given_back(void)
{
    struct termios before = { 0 }, during, after = { 0 };
    int peer, master = open_terminal(&peer);
    char text[16] = { 0 };
    pid_t pid;

    CHECK_INT(tcgetattr(master, &before), 0);
    pid = start((struct stage){ .container = waits_for_a_line, .in = dup(peer), .out = dup(peer), .session = true });
    wait_step(1);
    wait_raw(master);
    CHECK_INT(tcgetattr(master, &during), 0);
    CHECK_INT(during.c_lflag & ICANON, 0);
    CHECK_INT(during.c_oflag & OPOST, 0);
    CHECK_INT(write(master, "ab\r", 3), 3);
    CHECK_INT(end_of(pid), 12);
    CHECK_INT(tcgetattr(master, &after), 0);
    CHECK(same_modes(&before, &after));
    CHECK_INT(fcntl(peer, F_GETFL) & O_NONBLOCK, 0);
    CHECK_INT(read(master, text, sizeof text - 1), 4); /* the container's terminal echoed it */
    CHECK_STR(text, "ab\r\n");
    close(peer);
    close(master);
}

static int waits_forever(void)
{
    shared->step = 1;
    while (pause() < 0)
        ;
    return DIFFERENT;
}

static void our_terminal_hangs_up(void)
{
    for (int session = 0; session < 2; session++) {
        int peer, master = open_terminal(&peer);
        pid_t pid = start((struct stage){ .container = waits_forever, .in = peer, .out = peer, .session = session });

        wait_step(1);
        usleep(20000);
        close(master);
        CHECK_INT(end_of(pid), 128 + SIGHUP);
        CHECK(shared->cpu_ms < 50);
    }
}

/* A shell's job: stopped it leaves the terminal as it was, in front again it is raw again. */
static int shell(int master)
{
    struct termios before = { 0 }, now = { 0 };
    pid_t pid, pgid;
    int status;

    setsid();
    ioctl(0, TIOCSCTTY, 0);
    signal(SIGTTOU, SIG_IGN);
    tcgetattr(master, &before);
    pid = fork();
    if (pid == 0) {
        struct stage stage = { .container = waits_forever };

        signal(SIGTTOU, SIG_DFL);
        setpgid(0, 0);
        close(master);
        _exit(stand_in(&stage)); /* still in the background */
    }
    pgid = pid;
    if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTTOU)
        return 1;
    if (tcgetattr(master, &now) < 0 || !same_modes(&before, &now))
        return 2;
    for (int i = 0; i < 3; i++) {
        tcsetpgrp(0, pgid);
        kill(-pgid, SIGCONT);
        wait_raw(master);
        kill(pid, SIGTSTP);
        if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTSTP)
            return 3;
        if (tcgetattr(master, &now) < 0 || !same_modes(&before, &now))
            return 4;
        tcsetpgrp(0, getpgrp());
    }
    kill(-pgid, SIGTERM);
    kill(-pgid, SIGCONT);
    tcsetpgrp(0, pgid);
    kill(-pgid, SIGCONT);
    do
        if (waitpid(pid, &status, WUNTRACED) != pid)
            return 5;
        else if (WIFSTOPPED(status))
            kill(-pgid, SIGCONT);
    while (WIFSTOPPED(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM ? 0 : 6;
}

static void job_control(void)
{
    int peer, master = open_terminal(&peer);
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        alarm(20);
        dup2(peer, 0);
        dup2(peer, 1);
        close(peer);
        _exit(shell(master));
    }
    close(peer);
    CHECK_INT(end_of(pid), 0);
    close(master);
}

/* ---- console socket ---- */

static int listen_at(const char *dir, const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), here = open(".", O_RDONLY | O_CLOEXEC);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    if (chdir(dir) < 0 || bind(fd, (struct sockaddr *) &address, sizeof address) < 0 || listen(fd, 1) < 0)
        return -1;
    if (fchdir(here) < 0)
        return -1;
    close(here);
    return fd;
}

static void check_socket(const char *dir, const char *name)
{
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))), path[512], text[64] = { 0 };
    struct iovec data = { .iov_base = text, .iov_len = sizeof text - 1 };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    struct launch launch = { .terminal_fd = -1, .console_socket = path };
    int peer, master = open_terminal(&peer), listener = listen_at(dir, name), fd, got;
    struct error err = { 0 };
    char expected[64];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    snprintf(expected, sizeof expected, "%s", ptsname(master));
    CHECK(listener >= 0);
    CHECK_INT(terminal_received(&launch, &master, &err), 0);
    CHECK(launch.terminal_sent);
    CHECK_INT(master, -1);
    CHECK_INT(launch.terminal_fd, -1);
    fd = accept(listener, NULL, NULL);
    CHECK(recvmsg(fd, &message, MSG_CMSG_CLOEXEC) > 0);
    CHECK_STR(text, expected);
    memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof got);
    CHECK_STR(ptsname(got), expected);
    CHECK_INT(read(fd, text, 1), 0);
    close(got);
    close(fd);
    close(listener);
    close(peer);
    unlink(path);
}

static void to_a_console_socket(void)
{
    char dir[] = "/tmp/crun-test-XXXXXX", longer[256];

    CHECK(mkdtemp(dir));
    check_socket(dir, "s");
    if (test_failed)
        return;
    snprintf(longer, sizeof longer, "%s/%0150d", dir, 1);
    CHECK_INT(mkdir(longer, 0700), 0);
    check_socket(longer, "socket-with-a-name-of-some-length-that-is-itself-no-trouble");
    CHECK_INT(rmdir(longer), 0);
    CHECK_INT(rmdir(dir), 0);
}

static void no_console_socket_there(void)
{
    struct launch launch = { .terminal_fd = -1, .console_socket = "/nowhere/s" };
    int peer, master = open_terminal(&peer);
    struct error err = { 0 };

    CHECK_INT(terminal_received(&launch, &master, &err), -ENOENT);
    CHECK_STR(err.text, "--console-socket: \"/nowhere/s\" does not exist");
    CHECK(master >= 0);
    close(master);
    close(peer);
}

static const struct test tests[] = {
    {"10 MB of output, through pipes and a socket",        much_output                        },
    { "10 MB of input",                                    much_input                         },
    { "10 MB both ways at once",                           much_both_ways                     },
    { "output of a process that has ended",                output_of_an_ended_process         },
    { "a writer in the background is not waited for",      a_writer_in_the_background         },
    { "a sleeping reader costs nothing, its end hangs up", a_sleeping_reader_costs_nothing    },
    { "a signal ends the wait for a reader",               a_signal_ends_the_wait_for_a_reader},
    { "the end of the input ends the container's",         end_of_input                       },
    { "a full container costs nothing",                    a_full_container_costs_nothing     },
    { "a terminal that nobody has open costs nothing",     nobody_has_the_terminal_open       },
    { "a kernel that gives no peer",                       a_kernel_that_gives_no_peer        },
    { "window size",                                       window_size                        },
    { "modes are given back",                              modes_are_given_back               },
    { "our terminal hangs up",                             our_terminal_hangs_up              },
    { "job control",                                       job_control                        },
    { "to a console socket",                               to_a_console_socket                },
    { "no console socket there",                           no_console_socket_there            },
};

int main(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    return test_main(tests, sizeof tests / sizeof tests[0]);
}
