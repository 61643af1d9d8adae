// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * May the filter of an exec be installed before the process is born in the container's pid namespace? Then that process is
 * filtered from its first moment, and nobody has to keep CAP_SYS_ADMIN for it: what crun-init still does must be allowed,
 * call by call. A filter that refuses, kills, asks or only notes one of them is installed last of all, as at a start.
 */
#include "plan/early_filter.h"

#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "plan/filter_run.h"
#include "plan/limits.h"
#include "plan/scheduler.h"
#include "sys/process.h"

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#endif
#ifdef __s390x__
#define CLONE_ARGS 0, CLONE_PARENT | SIGCHLD
#else
#define CLONE_ARGS CLONE_PARENT | SIGCHLD, 0
#endif

static bool privileged(const struct plan_input *input)
{
    return !input->spec->process->no_new_privileges;
}

static bool has_terminal(const struct plan_input *input)
{
    return input->spec->process->terminal;
}

static bool has_process_limit(const struct plan_input *input)
{
    const struct spec_process *process = input->spec->process;

    for (size_t i = 0; i < process->n_rlimits; i++)
        if (limit_resource(process->rlimits[i].type) == RLIMIT_NPROC)
            return true;
    return false;
}

static bool has_late_scheduler(const struct plan_input *input)
{
    return scheduler_is_not_inherited(input->spec->process->scheduler);
}

static bool has_timeline(const struct plan_input *input)
{
    return input->timeline;
}

/* Up to the end of the first process, then those of the one that is born. */
static const struct call {
    const char *name;
    long number;
    uint64_t args[2]; /* those of the bit set KNOWN */
    unsigned known;
    bool (*needed)(const struct plan_input *input); /* NULL: always */
} calls[] = {
    {"capset",         SYS_capset,        { 0 },                 0, privileged        },
    { "capset",        SYS_capset,        { 0 },                 0, has_late_scheduler},
    { "prctl",         SYS_prctl,         { PR_CAP_AMBIENT, 0 }, 1, privileged        },
    { "close",         SYS_close,         { 0 },                 0, NULL              },
    { "clone",         SYS_clone,         { CLONE_ARGS },        3, NULL              },
    { "prctl",         SYS_prctl,         { PR_SET_NAME, 0 },    1, NULL              },
    { "exit_group",    SYS_exit_group,    { 0 },                 0, NULL              },
    { "read",          SYS_read,          { 0 },                 0, NULL              },
    { "setsid",        SYS_setsid,        { 0 },                 0, NULL              },
    { "ioctl",         SYS_ioctl,         { 0, TIOCSCTTY },      3, has_terminal      },
    { "getpid",        SYS_getpid,        { 0 },                 0, NULL              },
    { "prlimit64",     SYS_prlimit64,     { 0, RLIMIT_NPROC },   3, has_process_limit },
    { "sched_setattr", SYS_sched_setattr, { 0 },                 0, has_late_scheduler},
    { "clock_gettime", SYS_clock_gettime, { 0 },                 0, has_timeline      },
    { "execve",        SYS_execve,        { 0 },                 0, NULL              },
    { "write",         SYS_write,         { 0 },                 0, NULL              },
};

static bool allows(const struct plan_input *input, const struct call *call)
{
    const struct seccomp_data data = {
        .nr = (int) call->number, .arch = input->seccomp_arch, .args = {call->args[0], call->args[1]}
    };
    size_t n = input->seccomp_size / sizeof(struct sock_filter);
    uint32_t action;

    return filter_run(input->seccomp_program, n, &data, call->known, &action) && action == SECCOMP_RET_ALLOW;
}

bool plan_filter_has_listener(const struct planner *planner)
{
    return planner->input->seccomp_size && planner->input->seccomp_flags & SYS_SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

bool plan_filter_may_be_early(struct planner *planner)
{
    const struct plan_input *input = planner->input;

    if (!input->seccomp_size || !input->seccomp_arch)
        return false;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        const struct call *call = &calls[i];

        if ((!call->needed || call->needed(input)) && !allows(input, call)) {
            plan_note(planner,
                      "linux.seccomp: installed in the container's pid namespace, for it does not allow "
                      "crun-init's %s",
                      call->name);
            return false;
        }
    }
    return true;
}
