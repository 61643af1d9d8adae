// SPDX-License-Identifier: GPL-2.0-or-later
/* Standing in for a process: exit status, signals, children, stop and continue; with real processes, no terminal. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "launch/launch.h"
#include "sys/process.h"

enum { DIFFERENT = 99 }; /* exit status of a check that failed in a child */

/* The process that is waited for: FUNCTION's result is its exit status; REPORT is a pipe to the test. */
struct process {
    int (*function)(int report);
    bool no_subreaper, late, no_terminal;
};

static void clear_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool same_mask(const sigset_t *one, const sigset_t *other)
{
    for (int number = 1; number < NSIG; number++)
        if (sigismember(one, number) != sigismember(other, number))
            return false;
    return true;
}

static pid_t start_process(const struct process *process, int report)
{
    pid_t pid = fork();

    if (pid == 0) {
        setsid();
        clear_signals();
        _exit(process->function(report));
    }
    return pid;
}

/* What crun is in reality: prepare, start, wait, and no trace afterwards. */
static int stand_in(const struct process *process, int report)
{
    int status = DIFFERENT, terminal = -1;
    struct foreground foreground;
    struct error err = { 0 };
    sigset_t before, after;
    pid_t pid;

    sigprocmask(SIG_SETMASK, NULL, &before);
    if (foreground_prepare(&foreground, !process->no_subreaper, &err) < 0)
        return DIFFERENT;
    pid = start_process(process, report);
    if (process->late)
        waitid(P_PID, (id_t) pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
    if (foreground_wait(&foreground, sys_pidfd_open(pid, 0), pid, &terminal, &status, &err) < 0)
        return DIFFERENT;
    raise(SIGTERM); /* while it cleans up */
    foreground_done(&foreground);
    sigprocmask(SIG_SETMASK, NULL, &after);
    if (!same_mask(&before, &after))
        return DIFFERENT;
    return waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG) < 0 && errno == ECHILD ? status : DIFFERENT;
}

/* In a process group of its own, as a shell's job; *RET_REPORT reads what the process reports. */
static pid_t start(const struct process *process, int *ret_report)
{
    int report[2];
    pid_t pid;

    if (pipe2(report, O_CLOEXEC) < 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        alarm(20);
        setpgid(0, 0);
        for (int fd = 0; fd <= STDERR_FILENO && process->no_terminal; fd++)
            dup2(report[1], fd);
        _exit(stand_in(process, report[1]));
    }
    close(report[1]);
    *ret_report = report[0];
    return pid;
}

static int end_of(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) < 0)
        return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int run(int (*function)(int), bool late)
{
    _cleanup_close_ int report = -1;

    return end_of(start(&(struct process){ .function = function, .late = late }, &report));
}

static int exit_0(int report)
{
    return 0;
}

static int exit_7(int report)
{
    return 7;
}

static int exit_255(int report)
{
    return 255;
}

static int killed(int report)
{
    raise(SIGKILL);
    return 0;
}

static int terminated(int report)
{
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
    return 0;
}

static void statuses(void)
{
    for (int late = 0; late < 2; late++) {
        CHECK_INT(run(exit_0, late), 0);
        CHECK_INT(run(exit_7, late), 7);
        CHECK_INT(run(exit_255, late), 255);
        CHECK_INT(run(killed, late), 128 + SIGKILL);
        CHECK_INT(run(terminated, late), 128 + SIGTERM);
    }
}

/* Reports 0 when ready, then each signal as one byte, until SIGTERM. */
static int report_signals(int report)
{
    unsigned char byte = 0;
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int number = 0; number != SIGTERM; byte = (unsigned char) number) {
        if (number >= 0 && write(report, &byte, 1) != 1)
            return DIFFERENT;
        number = sigwaitinfo(&all, NULL);
    }
    return write(report, &byte, 1) == 1 ? 3 : DIFFERENT;
}

static int next_report(int fd)
{
    unsigned char byte;

    return read(fd, &byte, 1) == 1 ? byte : -1;
}

static void signals_are_forwarded(void)
{
    const int numbers[] = { SIGHUP,   SIGINT,  SIGQUIT, SIGABRT, SIGUSR1, SIGUSR2,   SIGALRM,  SIGCONT,
                            SIGWINCH, SIGURG,  SIGXCPU, SIGIO,   SIGPWR,  SIGVTALRM, SIGRTMIN, SIGRTMIN + 5,
                            SIGRTMAX, SIGPIPE, SIGSEGV, SIGILL,  SIGTRAP, SIGBUS,    SIGFPE,   SIGSYS };
    _cleanup_close_ int report = -1;
    pid_t pid = start(&(struct process){ .function = report_signals }, &report);

    CHECK_INT(next_report(report), 0);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CHECK_INT(kill(pid, numbers[i]), 0);
        CHECK_INT(next_report(report), numbers[i]);
    }
    CHECK_INT(kill(pid, SIGCHLD), 0);
    CHECK_INT(kill(pid, SIGTERM), 0);
    CHECK_INT(next_report(report), SIGTERM);
    CHECK_INT(end_of(pid), 3);
}

static void ignored_hangup_is_not_forwarded(void)
{
    _cleanup_close_ int report = -1;
    pid_t pid;

    signal(SIGHUP, SIG_IGN);
    pid = start(&(struct process){ .function = report_signals }, &report);
    signal(SIGHUP, SIG_DFL);
    CHECK_INT(next_report(report), 0);
    CHECK_INT(kill(pid, SIGHUP), 0);
    CHECK_INT(kill(pid, SIGTERM), 0);
    CHECK_INT(next_report(report), SIGTERM);
    CHECK_INT(end_of(pid), 3);
}

/* Without a terminal it is nobody's job. (With one: tests/unit/relay.c.) */
static void stop_signals_are_for_the_container(void)
{
    static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };
    _cleanup_close_ int report = -1;
    pid_t pid = start(&(struct process){ .function = report_signals, .no_terminal = true }, &report);
    int status;

    CHECK_INT(next_report(report), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(kill(pid, stops[i]), 0);
        CHECK_INT(next_report(report), stops[i]);
        CHECK_INT(kill(pid, SIGUSR1), 0);
        CHECK_INT(next_report(report), SIGUSR1);
        CHECK_INT(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
    }
    CHECK_INT(kill(pid, SIGTERM), 0);
    CHECK_INT(next_report(report), SIGTERM);
    CHECK_INT(end_of(pid), 3);
}

/* Children that end before and after their parent: all come to the one that stands in. */
static int leave_orphans(int report)
{
    for (int i = 0; i < 20; i++)
        if (fork() == 0) {
            if (fork() == 0)
                usleep(1000 * (unsigned) i);
            _exit(i);
        }
    usleep(10000);
    return 4;
}

static int wait_for_orphans(int report)
{
    leave_orphans(report);
    while (wait(NULL) > 0)
        ;
    usleep(50000);
    return 5;
}

static void orphans_are_reaped(void)
{
    CHECK_INT(run(wait_for_orphans, false), 5);
}

static void a_stranger_has_no_status(void)
{
    struct foreground foreground;
    struct error err = { 0 };
    int status = 77, terminal = -1, pids[2];
    pid_t middle, stranger;

    CHECK_INT(pipe(pids), 0);
    middle = fork();
    if (middle == 0) { /* the parent of the stranger, so that it is not our child */
        stranger = fork();
        if (stranger == 0) {
            usleep(100000);
            _exit(9);
        }
        if (write(pids[1], &stranger, sizeof stranger) < 0)
            _exit(1);
        waitpid(stranger, NULL, 0);
        _exit(0);
    }
    CHECK_INT(read(pids[0], &stranger, sizeof stranger), sizeof stranger);
    CHECK_INT(foreground_prepare(&foreground, false, &err), 0);
    CHECK_INT(foreground_wait(&foreground, sys_pidfd_open(stranger, 0), stranger, &terminal, &status, &err), -ECHILD);
    foreground_done(&foreground);
    CHECK_INT(status, 77);
    CHECK_INT(end_of(middle), 0);
    close(pids[0]);
    close(pids[1]);
}

/* Everything is pending when it is over, and nothing strikes. */
static int signals_at_the_end(int report)
{
    pid_t parent = getppid();

    kill(parent, SIGTERM);
    kill(parent, SIGPIPE);
    kill(parent, SIGINT);
    return 6;
}

static int blocks_all_and_signals(int report)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    return signals_at_the_end(report);
}

static void signals_at_the_end_do_not_strike(void)
{
    for (int i = 0; i < 20; i++) {
        CHECK_INT(run(blocks_all_and_signals, false), 6);
        CHECK_INT(run(signals_at_the_end, true), 6);
    }
}

static void all_is_given_back(void)
{
    struct foreground foreground;
    struct error err = { 0 };
    struct sigaction child;
    sigset_t before, after;
    int subreaper = -1;

    signal(SIGCHLD, SIG_IGN);
    sigprocmask(SIG_SETMASK, NULL, &before);
    CHECK_INT(foreground_prepare(&foreground, true, &err), 0);
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    CHECK_INT(subreaper, 1);
    foreground_done(&foreground);
    foreground_done(&foreground);
    sigprocmask(SIG_SETMASK, NULL, &after);
    CHECK(same_mask(&before, &after));
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    CHECK_INT(subreaper, 0);
    sigaction(SIGCHLD, NULL, &child);
    CHECK(child.sa_handler == SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
}

static const struct test tests[] = {
    {"exit statuses, of a process that has ended before too", statuses                          },
    { "signals are forwarded",                                signals_are_forwarded             },
    { "a hang-up that nohup ignores is not forwarded",        ignored_hangup_is_not_forwarded   },
    { "stop signals are for the container",                   stop_signals_are_for_the_container},
    { "orphans are reaped",                                   orphans_are_reaped                },
    { "a process that is not our child has no status",        a_stranger_has_no_status          },
    { "signals at the end do not strike",                     signals_at_the_end_do_not_strike  },
    { "mask, disposition and subreaper are given back",       all_is_given_back                 },
};

TEST_MAIN(tests)
