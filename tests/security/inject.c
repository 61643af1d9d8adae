// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command of the runtime and makes one of its system calls fail, or kills it there.
 *
 *     inject [OPTION...] -- COMMAND...
 *
 *     --report FILE     one line a call of every traced process: PROCESS NUMBER PROGRAM NAME FIRST-ARGUMENT
 *                       THIRD-ARGUMENT TIME (CLOCK_MONOTONIC, nanoseconds)
 *     --process P       count the calls of the P-th traced process (0: the command itself, 1: what it cloned first, ...)
 *     --at N            at its N-th system call ...
 *     --name NAME       ... if it is this one; otherwise at the next of this name
 *     --fail ERRNO      ... do not do it, and return -ERRNO (a number)
 *     --after ERRNO     ... do it, and return -ERRNO all the same (close(2) has closed even when it fails)
 *     --kill            ... kill the process before it
 *     --attach PID      trace this process too, as number 1 (the waiting init of a created container)
 *     --timeout SECONDS then report where everybody stands, kill the command, and say "hang"
 *
 * Traced are the command and what it clones, each until it executes something that is neither the command nor
 * crun-init nor crun-systemd: hooks, helpers and the container's process run untouched. What is left when the command has ended runs on
 * by itself. The last lines of the report say what happened:
 *
 *     injected P N NAME | not-injected
 *     hang P NAME
 *     signal P NUMBER       a traced process died of a signal that was not ours
 *     exit STATUS           of the command, 128 + N after signal N
 *
 * ptrace (not a seccomp notification): nothing is inherited by the payload, and a tracer does not change what the
 * program is allowed to do.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRACED_MAX = 64, FAILED = 120 };
enum injection { INJECT_NOTHING, INJECT_FAIL, INJECT_AFTER, INJECT_KILL };

struct traced {
    pid_t pid; /* 0: gone */
    unsigned calls;
    bool inside; /* between entry and exit of a call */
    bool pending;
    char program[16];
    long call;
};

struct injector {
    struct traced traced[TRACED_MAX];
    unsigned n;
    FILE *report;
    struct stat command; /* the file of the runtime */
    long process, at, code, attach;
    const char *name; /* of the call, NULL: any */
    enum injection injection;
    bool injected;
};

static volatile sig_atomic_t time_is_over;

static void on_alarm(int signal)
{
    (void) signal;
    time_is_over = 1;
}

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("inject: ", stderr);
    vfprintf(stderr, format, args);
    fprintf(stderr, ": %s\n", strerror(errno));
    va_end(args);
    exit(FAILED);
}

/* ---- registers ---- */

#if defined(__x86_64__)
typedef struct user_regs_struct registers;
static long call_number(const registers *r)
{
    return (long) r->orig_rax;
}
static unsigned long first_argument(const registers *r)
{
    return r->rdi;
}
static unsigned long third_argument(const registers *r)
{
    return r->rdx;
}
static void set_result(registers *r, long value)
{
    r->rax = (unsigned long) value;
}
static void skip_call(pid_t pid, registers *r)
{
    struct iovec data = { r, sizeof *r };

    r->orig_rax = (unsigned long) -1;
    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &data);
}
#elif defined(__aarch64__)
typedef struct user_regs_struct registers;
static long call_number(const registers *r)
{
    return (long) r->regs[8];
}
static unsigned long first_argument(const registers *r)
{
    return r->regs[0];
}
static unsigned long third_argument(const registers *r)
{
    return r->regs[2];
}
static void set_result(registers *r, long value)
{
    r->regs[0] = (unsigned long) value;
}
static void skip_call(pid_t pid, registers *r)
{
    int none = -1;
    struct iovec data = { &none, sizeof none };

    (void) r;
    ptrace(PTRACE_SETREGSET, pid, 0x404 /* NT_ARM_SYSTEM_CALL */, &data);
}
#else
#error "inject knows x86-64 and aarch64"
#endif

static bool get_registers(pid_t pid, registers *r)
{
    struct iovec data = { r, sizeof *r };

    return ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &data) == 0;
}

static void put_result(pid_t pid, registers *r, long value)
{
    struct iovec data = { r, sizeof *r };

    set_result(r, value);
    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &data);
}

/* ---- who is traced ---- */

static struct traced *find(struct injector *in, pid_t pid)
{
    for (unsigned i = 0; i < in->n; i++)
        if (in->traced[i].pid == pid)
            return &in->traced[i];
    return NULL;
}

static struct traced *add(struct injector *in, pid_t pid, const char *program)
{
    struct traced *t = &in->traced[in->n];

    if (in->n == TRACED_MAX)
        return NULL;
    in->n++;
    *t = (struct traced){ .pid = pid };
    snprintf(t->program, sizeof t->program, "%s", program);
    return t;
}

static long number_of(const struct injector *in, const struct traced *t)
{
    return t - in->traced;
}

static const char *name_of(long call)
{
    static char name[64];
    char *found = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int) call);

    snprintf(name, sizeof name, "%s", found ? found : "?");
    free(found);
    return name;
}

/* After an execve: still one of ours? */
static bool is_ours(struct injector *in, struct traced *t)
{
    static const char *const ours[] = { "crun-init", "crun-systemd" };
    char link[64], exe[256];
    struct stat st;
    ssize_t n;

    snprintf(link, sizeof link, "/proc/%d/exe", (int) t->pid);
    n = readlink(link, exe, sizeof exe - 1);
    exe[n < 0 ? 0 : n] = '\0';
    for (unsigned i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strstr(exe, ours[i])) {
            snprintf(t->program, sizeof t->program, "%s", ours[i]);
            return true;
        }
    return stat(link, &st) == 0 && st.st_dev == in->command.st_dev && st.st_ino == in->command.st_ino;
}

/* ---- calls ---- */

static long long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void inject_at_entry(struct injector *in, struct traced *t, registers *r)
{
    fprintf(in->report, "injected %ld %u %s\n", number_of(in, t), t->calls, name_of(call_number(r)));
    in->injected = true;
    if (in->injection == INJECT_KILL) {
        kill(t->pid, SIGKILL);
        return;
    }
    if (in->injection == INJECT_FAIL)
        skip_call(t->pid, r);
    t->pending = true;
}

static bool is_the_one(const struct injector *in, const struct traced *t)
{
    return !in->injected && in->injection != INJECT_NOTHING && number_of(in, t) == in->process &&
           t->calls >= (unsigned long) in->at && (!in->name || strcmp(in->name, name_of(t->call)) == 0);
}

static void at_call(struct injector *in, struct traced *t)
{
    registers r;

    if (!get_registers(t->pid, &r))
        return;
    t->inside = !t->inside;
    if (t->inside) {
        t->call = call_number(&r);
        t->calls++;
        fprintf(in->report, "%ld %u %s %s %ld %ld %lld\n", number_of(in, t), t->calls, t->program, name_of(t->call),
                (long) first_argument(&r), (long) third_argument(&r), now());
        if (is_the_one(in, t))
            inject_at_entry(in, t, &r);
    } else if (t->pending) {
        t->pending = false;
        put_result(t->pid, &r, -in->code);
    }
}

/* An execve that succeeded starts the new program with the exit of the call. */
static bool at_exec(struct injector *in, struct traced *t)
{
    if (is_ours(in, t))
        return true;
    ptrace(PTRACE_DETACH, t->pid, NULL, NULL);
    t->pid = 0;
    return false;
}

static void at_clone(struct injector *in, struct traced *t)
{
    unsigned long pid = 0;
    struct traced *child;

    ptrace(PTRACE_GETEVENTMSG, t->pid, NULL, &pid);
    child = find(in, (pid_t) pid);
    if (child)
        snprintf(child->program, sizeof child->program, "%s", t->program); /* seen before this event */
    else
        add(in, (pid_t) pid, t->program);
}

/* One stop of PID; it runs on afterwards. */
static void stopped(struct injector *in, pid_t pid, int status)
{
    struct traced *t = find(in, pid);
    int signal = WSTOPSIG(status), event = status >> 16, deliver = 0;

    if (!t)
        t = add(in, pid, "?"); /* seen before its parent's event */
    if (!t)
        return;
    if (signal == (SIGTRAP | 0x80))
        at_call(in, t);
    else if (event == PTRACE_EVENT_EXEC && !at_exec(in, t))
        return;
    else if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK)
        at_clone(in, t);
    else if (event == 0)
        deliver = signal;
    else if (event == PTRACE_EVENT_STOP && (signal == SIGSTOP || signal == SIGTSTP)) {
        ptrace(PTRACE_LISTEN, pid, NULL, NULL);
        return;
    }
    ptrace(PTRACE_SYSCALL, pid, NULL, (void *) (long) deliver);
}

static void ended(struct injector *in, pid_t pid, int status)
{
    struct traced *t = find(in, pid);

    if (!t)
        return;
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        fprintf(in->report, "signal %ld %d\n", number_of(in, t), WTERMSIG(status));
    t->pid = 0;
}

/* ---- together ---- */

static void hang(struct injector *in, pid_t command)
{
    for (unsigned i = 0; i < in->n; i++)
        if (in->traced[i].pid)
            fprintf(in->report, "hang %u %s\n", i, in->traced[i].calls ? name_of(in->traced[i].call) : "?");
    kill(command, SIGKILL);
}

static int trace(struct injector *in, pid_t command)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);

        if (pid < 0 && errno == EINTR && time_is_over) {
            hang(in, command);
            time_is_over = 0;
            continue;
        }
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            die("waitpid");
        if (WIFSTOPPED(status)) {
            stopped(in, pid, status);
            continue;
        }
        ended(in, pid, status);
        if (pid == command)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

static const long options =
    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

/* The command stands still until it is traced; its own name and arguments are never ours. */
static pid_t start(struct injector *in, char **argv)
{
    int gate[2];
    pid_t pid;
    char byte = 0;

    if (stat(argv[0], &in->command) < 0)
        die("%s", argv[0]);
    if (pipe2(gate, O_CLOEXEC) < 0)
        die("pipe2");
    pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        if (read(gate[0], &byte, 1) == 1)
            execv(argv[0], argv);
        _exit(127);
    }
    if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD) < 0)
        die("PTRACE_SEIZE");
    if (write(gate[1], "", 1) != 1)
        die("write");
    close(gate[0]);
    close(gate[1]);
    return pid;
}

/* Up to and with the first execve nothing is counted. */
static void await_exec(struct injector *in, pid_t pid)
{
    int status;

    if (waitpid(pid, &status, __WALL) < 0 || !WIFSTOPPED(status) || status >> 16 != PTRACE_EVENT_EXEC)
        die("the command was not executed");
    if (ptrace(PTRACE_SETOPTIONS, pid, NULL, options) < 0)
        die("PTRACE_SETOPTIONS");
    add(in, pid, "crun")->inside = true; /* the exit of execve comes next */
}

static void attach(struct injector *in)
{
    if (in->attach <= 0)
        return;
    if (ptrace(PTRACE_SEIZE, in->attach, NULL, options) < 0)
        die("PTRACE_SEIZE %ld", in->attach);
    if (ptrace(PTRACE_INTERRUPT, in->attach, NULL, NULL) < 0)
        die("PTRACE_INTERRUPT");
    add(in, (pid_t) in->attach, "crun-init");
}

static long number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end) {
        fprintf(stderr, "inject: not a number: %s\n", text);
        exit(FAILED);
    }
    return value;
}

static void set(struct injector *in, enum injection injection, const char *code)
{
    in->injection = injection;
    in->code = code ? number(code) : 0;
}

static char **parse(struct injector *in, int argc, char **argv)
{
    static const struct option names[] = {
        {"report",           required_argument, NULL, 'r' },
        { "process",              required_argument, NULL, 'p' },
        { "at",                 required_argument, NULL, 'n' },
        { "name",required_argument, NULL, 'N' },
        { "fail",               required_argument, NULL, 'f' },
        { "after",              required_argument, NULL, 'a' },
        { "kill",              no_argument, NULL, 'k' },
        { "attach",                 required_argument, NULL, 'A' },
        { "timeout",              required_argument, NULL, 't' },
        { 0              },
    };
    int option;

    while ((option = getopt_long(argc, argv, "+", names, NULL)) != -1)
        switch (option) {
        case 'r':
            in->report = fopen(optarg, "we");
            if (!in->report)
                die("%s", optarg);
            break;
        case 'p':
            in->process = number(optarg);
            break;
        case 'n':
            in->at = number(optarg);
            break;
        case 'N':
            in->name = optarg;
            break;
        case 'f':
            set(in, INJECT_FAIL, optarg);
            break;
        case 'a':
            set(in, INJECT_AFTER, optarg);
            break;
        case 'k':
            set(in, INJECT_KILL, NULL);
            break;
        case 'A':
            in->attach = number(optarg);
            break;
        case 't':
            alarm((unsigned) number(optarg));
            break;
        default:
            exit(FAILED);
        }
    if (!in->report || !argv[optind]) {
        fputs("usage: inject --report FILE [OPTION...] -- COMMAND...\n", stderr);
        exit(FAILED);
    }
    return argv + optind;
}

int main(int argc, char **argv)
{
    struct injector in = { .report = NULL };
    struct sigaction action = { .sa_handler = on_alarm };
    char **command;
    pid_t pid;
    int status;

    sigaction(SIGALRM, &action, NULL);
    command = parse(&in, argc, argv);
    pid = start(&in, command);
    await_exec(&in, pid);
    attach(&in);
    ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
    status = trace(&in, pid);
    if (!in.injected)
        fputs("not-injected\n", in.report);
    fprintf(in.report, "exit %d\n", status);
    fclose(in.report);
    return status;
}
