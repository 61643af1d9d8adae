// SPDX-License-Identifier: LGPL-2.1-or-later
/* Signals: their names, to the first process by pidfd, to all through the cgroup. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "container/context.h"
#include "state/process.h"

enum { KILL_TIMEOUT_MS = 10000 };

/* ---- names ---- */

struct signal_name {
    const char *name;
    int number;
};

static const struct signal_name signal_names[] = {
    {"HUP",     SIGHUP   },
    { "INT",    SIGINT   },
    { "QUIT",   SIGQUIT  },
    { "ILL",    SIGILL   },
    { "TRAP",   SIGTRAP  },
    { "ABRT",   SIGABRT  },
    { "IOT",    SIGABRT  },
    { "BUS",    SIGBUS   },
    { "FPE",    SIGFPE   },
    { "KILL",   SIGKILL  },
    { "USR1",   SIGUSR1  },
    { "SEGV",   SIGSEGV  },
    { "USR2",   SIGUSR2  },
    { "PIPE",   SIGPIPE  },
    { "ALRM",   SIGALRM  },
    { "TERM",   SIGTERM  },
#ifdef SIGSTKFLT
    { "STKFLT", SIGSTKFLT},
#endif
    { "CHLD",   SIGCHLD  },
    { "CLD",    SIGCHLD  },
    { "CONT",   SIGCONT  },
    { "STOP",   SIGSTOP  },
    { "TSTP",   SIGTSTP  },
    { "TTIN",   SIGTTIN  },
    { "TTOU",   SIGTTOU  },
    { "URG",    SIGURG   },
    { "XCPU",   SIGXCPU  },
    { "XFSZ",   SIGXFSZ  },
    { "VTALRM", SIGVTALRM},
    { "PROF",   SIGPROF  },
    { "WINCH",  SIGWINCH },
    { "IO",     SIGIO    },
    { "POLL",   SIGIO    },
    { "PWR",    SIGPWR   },
    { "SYS",    SIGSYS   },
};

static int parse_number(const char *text, int lowest, int highest)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (end == text || *end || number < lowest || number > highest)
        return -EINVAL;
    return (int) number;
}

/* The kernel's real-time signals begin at 32; libc keeps two, and RTMIN is libc's as for kill(1). */
static int real_time(const char *name)
{
    int offset;

    if (strncasecmp(name, "RTMIN", 5) == 0) {
        offset = name[5] == '+' ? parse_number(name + 6, 0, 30) : name[5] ? -EINVAL : 0;
        return offset < 0 ? offset : 34 + offset;
    }
    if (strncasecmp(name, "RTMAX", 5) == 0) {
        offset = name[5] == '-' ? parse_number(name + 6, 0, 30) : name[5] ? -EINVAL : 0;
        return offset < 0 ? offset : 64 - offset;
    }
    return -EINVAL;
}

int crun_signal_number(const char *name)
{
    if (name[0] >= '0' && name[0] <= '9')
        return parse_number(name, 0, 64);
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    for (size_t i = 0; i < sizeof signal_names / sizeof signal_names[0]; i++)
        if (strcasecmp(signal_names[i].name, name) == 0)
            return signal_names[i].number;
    return real_time(name);
}

/* ---- sending ---- */

static int not_running(struct error *err)
{
    return error_set(err, -ESRCH, "container not running");
}

static const struct cgroup_dir *cgroup_with(const struct state *state, const char *controller)
{
    for (size_t i = 0; i < state->n_cgroups; i++) {
        const struct cgroup_dir *dir = &state->cgroups[i];

        if (!dir->v2 && dir->controllers && strstr(dir->controllers, controller))
            return dir;
    }
    return NULL;
}

/* The hierarchy whose list of processes is the container's. On v1 the freezer's: what is frozen must be thawed to die.
 * Beside v1 the v2 one may be missing, for nothing depends on it. */
const struct cgroup_dir *container_cgroup(const struct container *container)
{
    const struct state *state = &container->state;
    const struct cgroup_dir *dir = cgroup_with(state, "freezer");

    if (!dir)
        dir = cgroup_with(state, "pids");
    for (size_t i = 0; !dir && i < state->n_cgroups; i++)
        if (state->cgroups[i].v2 || i + 1 == state->n_cgroups)
            dir = &state->cgroups[i];
    return dir;
}

static int signal_first(const struct container *container, int signal, struct error *err)
{
    int r;

    if (!process_is_alive(&container->state))
        return not_running(err);
    r = state_signal(&container->state, signal);
    if (r == -ESRCH)
        return error_set(err, r, "no such process (os: process already finished)");
    return r < 0 ? error_errno(err, r, "signal %d to container \"%s\"", signal, container->state.id) : 0;
}

static int signal_all(const struct container *container, int signal, struct error *err)
{
    const struct cgroup_dir *cgroup = container_cgroup(container);
    int r = cgroup && signal == SIGKILL ? cgroup_check_outside(cgroup, err) : 0;

    if (r < 0)
        return r;
    if (cgroup)
        return cgroup_signal(cgroup, signal, err);
    r = signal_first(container, signal, err);
    return r == -ESRCH ? 0 : r;
}

/* What a v1 freezer holds dies only when it is let go. */
static int kill_first(const struct container *container, struct error *err)
{
    const struct cgroup_dir *cgroup = container_cgroup(container);
    bool thaw = cgroup && !cgroup->v2 && container_status(container) == STATE_PAUSED;
    int r = signal_first(container, SIGKILL, err);

    return r >= 0 && thaw ? cgroup_freeze(cgroup, false, err) : r;
}

/* With a config.json, but without a state, it may run or not have been made. Whoever makes or removes it has the lock. */
static bool is_without_state(const struct container *container)
{
    return container->half_made && flock(container->dir_fd, LOCK_SH | LOCK_NB) == 0 &&
           state_dir_has_config(container->dir_fd) &&
           faccessat(container->dir_fd, STATE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

static int check_known(const struct container *container, struct error *err)
{
    if (!is_without_state(container))
        return 0;
    return error_set(err, -ENOENT,
                     "container \"%s\": its " STATE_FILE " is missing, so that its processes are not known (delete "
                     "--force kills and removes what its config.json tells of)",
                     container->state.id);
}

void container_warn_of_others(struct crun_context *context, const struct container *container)
{
    const struct state *state = &container->state;

    if (!container_cgroup(container) && !state->own_pid_namespace && !container->half_made)
        log_write(
            context->log, LOG_LEVEL_WARNING,
            "container \"%s\" has neither a cgroup nor a pid namespace of its own: processes that its first one has "
            "started are not known, and may be left",
            state->id);
}

int crun_kill(struct crun_context *context, const char *id, int signal, bool all, struct crun_error *error)
{
    _cleanup_(container_close) struct container container;
    struct error *err = own_error(error);
    int r = container_open(context, id, 0, &container, err);

    if (r >= 0)
        r = check_known(&container, err);
    if (r < 0)
        return r;
    if (all) {
        container_warn_of_others(context, &container);
        return signal_all(&container, signal, err);
    }
    r = signal == SIGKILL ? kill_first(&container, err) : signal_first(&container, signal, err);
    /* Without a pid namespace of its own nothing else ends the processes that the first one left. */
    if (signal == SIGKILL && !container.state.own_pid_namespace && !container.half_made) {
        int all_r = signal_all(&container, signal, err);

        r = r == -ESRCH && container.state.n_cgroups == 0 ? r : all_r;
    }
    return r;
}

int container_kill_all(const struct container *container, struct error *err)
{
    _cleanup_close_ int pidfd = state_pidfd(&container->state);
    int r = state_signal(&container->state, SIGKILL);

    if (container_cgroup(container)) /* the first process is in it too */
        r = cgroup_signal(container_cgroup(container), SIGKILL, err);
    else if (r < 0 && r != -ESRCH)
        error_errno(err, r, "kill container \"%s\"", container->state.id);
    if (r < 0 && r != -ESRCH)
        return r;
    /* The first process of a pid namespace cannot end before all others in it are reaped, by whoever is their parent. */
    if (state_wait_gone(&container->state, pidfd, KILL_TIMEOUT_MS) == -ETIMEDOUT)
        return error_set(err, -EBUSY,
                         "container init still running (is a process of its pid namespace not reaped by its "
                         "parent outside?)");
    return 0;
}

int crun_pids(struct crun_context *context, const char *id, int **ret_pids, size_t *ret_n, struct crun_error *error)
{
    _cleanup_(container_close) struct container container;
    struct error *err = own_error(error);
    const struct cgroup_dir *cgroup;
    int r = container_open(context, id, 0, &container, err);

    if (r < 0)
        return r;
    cgroup = container_cgroup(&container);
    if (cgroup)
        return cgroup_pids(cgroup, ret_pids, ret_n, err);
    *ret_pids = calloc(1, sizeof **ret_pids);
    if (!*ret_pids)
        return error_errno(err, -ENOMEM, "list processes");
    *ret_n = container_status(&container) != STATE_STOPPED;
    **ret_pids = container.state.pid;
    return 0;
}
