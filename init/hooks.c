// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hooks in the container's namespaces: the state document on standard input, and an end by status, signal or time.
 * A hook gets the standard streams and nothing else of ours, and its standard error is kept for the message, or read for it
 * again where somebody wants it in a file. That it could not be executed comes back through a pipe that a successful exec closes. The texts are those of the parent's
 * hooks (src/launch/hooks.c).
 */
#include "init/init.h"
#include "sys/memory.h"

enum { TAIL = 300 };

struct hook {
    struct init *init;
    const struct op_hook *op;
    int errors_fd;    /* what it says can be read here; -1: nowhere */
    long errors_from; /* what others had said before */
    int pid, pid_fd, pipe_fd;
};

static void __attribute__((noreturn)) run(const struct hook *hook, char **args, char **env)
{
    const struct init *init = hook->init;
    int r = 0;

    if (init->state_fd >= 0) {
        sys_lseek(init->state_fd, 0, SEEK_SET);
        r = sys_dup3(init->state_fd, 0, 0);
    }
    if (r >= 0 && hook->op->output >= 0)
        r = sys_dup3(slot_fd(init, hook->op->output), 1, 0);
    if (r >= 0 && hook->op->errors >= 0)
        r = sys_dup3(slot_fd(init, hook->op->errors), 2, 0);
    else if (r >= 0 && hook->errors_fd >= 0)
        r = sys_dup3(hook->errors_fd, 2, 0);
    process_close_on_exec(3, (int) init->blob->fd_base);
    process_reset_signals(init);
    sys_setsid();
    sys_umask(init->umask);
    if (r >= 0)
        r = sys_execve(blob_str(init->blob, hook->op->path), args, env);
    sys_write(hook->pipe_fd, &r, sizeof r);
    sys_exit_group(127);
}

static int wait_exec(const struct hook *hook)
{
    int code = 0;

    return sys_read(hook->pipe_fd, &code, sizeof code) == sizeof code ? code : 0;
}

/* The time is over: kill it, with what it has started in its session, and say so after it has gone. */
static int wait_end(const struct hook *hook)
{
    struct timespec left = { .tv_sec = (time_t) hook->op->timeout };
    struct pollfd poll = { .fd = hook->pid_fd, .events = POLLIN };
    int r = hook->op->timeout > 0 ? sys_ppoll(&poll, 1, &left) : 1;

    if (r == 0)
        sys_kill(-hook->pid, SIGKILL);
    return r == 0 ? -ETIMEDOUT : 0;
}

/* Its descriptor only writes; a FIFO's or a device's words are gone. */
static void open_errors(struct hook *hook)
{
    int fd = hook->op->errors >= 0 ? slot_fd(hook->init, hook->op->errors) : -1;
    struct stat st;

    if (fd < 0) {
        hook->errors_fd = sys_memfd_create("crun-hook-stderr", MFD_CLOEXEC);
    } else if (sys_fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        hook->errors_fd = path_reopen(hook->init, fd, O_RDONLY);
        hook->errors_from = (long) st.st_size;
    }
}

/* The last words of the hook, without line ends. */
static void put_tail(const struct hook *hook, struct text *text)
{
    char tail[TAIL];
    long end = hook->errors_fd < 0 ? 0 : sys_lseek(hook->errors_fd, 0, SEEK_END);
    long start = end - TAIL > hook->errors_from ? end - TAIL : hook->errors_from;
    long n = end <= start ? 0 : sys_pread(hook->errors_fd, tail, (size_t) (end - start), start);

    while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == ' '))
        n--;
    if (n <= 0)
        return;
    text_put(text, ", stderr: ");
    text_put_bytes(text, tail, (size_t) n);
}

static int explain(const struct hook *hook, int code, const char *how, long long number, const char *unit)
{
    char detail[sizeof hook->init->failure.detail];
    struct text text = text_init(detail, sizeof detail);

    text_put(&text, "\"");
    text_put(&text, init_str(hook->init, hook->op->path));
    text_put(&text, "\": ");
    text_put(&text, how);
    text_put_number(&text, number);
    text_put(&text, unit);
    put_tail(hook, &text);
    return init_explain(hook->init, code, detail);
}

static int tell_end(const struct hook *hook, int late, const siginfo_t *info)
{
    if (late < 0)
        return explain(hook, late, "timed out after ", hook->op->timeout, " s");
    if (info->si_code != CLD_EXITED)
        return explain(hook, -ECANCELED, "killed by signal ", info->si_status, "");
    return info->si_status ? explain(hook, -ECANCELED, "exit status ", info->si_status, "") : 0;
}

static int wait_hook(const struct hook *hook)
{
    int failed = wait_exec(hook), late = wait_end(hook), r;
    siginfo_t info;

    memset(&info, 0, sizeof info);
    do
        r = sys_waitid(SYS_P_PID, hook->pid, &info, WEXITED);
    while (r == -EINTR);
    if (failed < 0)
        return init_fail(hook->init, failed, "execve", blob_str(hook->init->blob, hook->op->path));
    return r < 0 ? init_fail(hook->init, r, "waitid", NULL) : tell_end(hook, late, &info);
}

int init_hook(struct init *init, const struct op_hook *op)
{
    char **args = blob_list(init->blob, op->args), **env = blob_list(init->blob, op->env);
    struct hook hook = { .init = init, .op = op, .errors_fd = -1, .pid_fd = -1 };
    int pipe_fds[2], r = sys_pipe2(pipe_fds, O_CLOEXEC);

    if (r < 0)
        return init_fail(init, r, "pipe2", NULL);
    open_errors(&hook);
    hook.pid = sys_clone(CLONE_PIDFD | SIGCHLD, &hook.pid_fd);
    hook.pipe_fd = pipe_fds[hook.pid == 0];
    if (hook.pid == 0)
        run(&hook, args, env);
    sys_close(pipe_fds[1]);
    r = hook.pid < 0 ? init_fail(init, hook.pid, "clone", NULL) : wait_hook(&hook);
    sys_close(pipe_fds[0]);
    close_fdp(&hook.pid_fd);
    close_fdp(&hook.errors_fd);
    return r;
}
