// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hooks in the container's namespaces: the state document on standard input, and an end by status, signal or time.
 * A hook gets the standard streams and nothing else of ours. That it could not be executed comes back through a pipe
 * that a successful exec closes.
 */
#include "init/init.h"

struct hook {
    struct init *init;
    const struct op_hook *op;
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
    if (init->blob->fd_base > 3)
        sys_close_range(3, (unsigned) init->blob->fd_base - 1, CLOSE_RANGE_CLOEXEC);
    process_reset_signals();
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

/* The time is over: kill it, and say so after it has gone. */
static int wait_end(const struct hook *hook)
{
    struct timespec left = { .tv_sec = (time_t) hook->op->timeout };
    struct pollfd poll = { .fd = hook->pid_fd, .events = POLLIN };
    int r = hook->op->timeout > 0 ? sys_ppoll(&poll, 1, &left) : 1;

    if (r == 0)
        sys_pidfd_send_signal(hook->pid_fd, SIGKILL);
    return r == 0 ? -ETIMEDOUT : 0;
}

static int tell_end(const struct hook *hook, int late, const siginfo_t *info)
{
    struct text text;
    char detail[64];

    if (late < 0)
        return init_explain(hook->init, late, "timed out");
    if (info->si_code == CLD_EXITED && info->si_status == 0)
        return 0;
    text = text_init(detail, sizeof detail);
    text_put(&text, info->si_code == CLD_EXITED ? "exit status " : "signal ");
    text_put_number(&text, info->si_status);
    return init_explain(hook->init, -ECANCELED, detail);
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
    struct hook hook = { .init = init, .op = op, .pid_fd = -1 };
    int pipe_fds[2], r = sys_pipe2(pipe_fds, O_CLOEXEC);

    if (r < 0)
        return init_fail(init, r, "pipe2", NULL);
    hook.pid = sys_clone(CLONE_PIDFD | SIGCHLD, &hook.pid_fd);
    hook.pipe_fd = pipe_fds[hook.pid == 0];
    if (hook.pid == 0)
        run(&hook, args, env);
    sys_close(pipe_fds[1]);
    r = hook.pid < 0 ? init_fail(init, hook.pid, "clone", NULL) : wait_hook(&hook);
    sys_close(pipe_fds[0]);
    close_fdp(&hook.pid_fd);
    return r;
}
