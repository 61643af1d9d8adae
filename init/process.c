// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes of the process that stay over the exec, one call each; and what guards crun-init until then. */
#include "init/init.h"
#include "sys/cred.h"

enum { N_SIGNALS = 64, NODES_WORDS = 16, CPUS = 8192 };

/* Not dumpable: nobody in the container may trace us or open our descriptors. Only where an ordinary user is about to
 * write our id maps this has to wait for BECOME_ROOT (or for the first namespace that is joined): /proc/PID/uid_map of
 * a process that is not dumpable belongs to the host's root, and the new user namespace has nobody else in it yet. */
int process_guard(struct init *init)
{
    bool wait = init->dumpable_later && sys_geteuid() != 0;
    int r = wait ? 0 : sys_prctl(PR_SET_DUMPABLE, 0, 0);

    if (!init->released)
        sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0);
    return r < 0 ? init_fail(init, r, "prctl", "PR_SET_DUMPABLE") : 0;
}

/* From here on the container lives without the runtime. */
int process_release(struct init *init)
{
    int r = init->released ? 0 : sys_prctl(PR_SET_PDEATHSIG, 0, 0);

    if (r < 0)
        return init_fail(init, r, "prctl", "PR_SET_PDEATHSIG");
    init->released = true;
    return 0;
}

/* exec resets handlers only, not what is ignored; crun-init has neither of its own. */
void process_reset_signals(const struct init *init)
{
    const struct sys_sigaction standard = { 0 };
    const uint64_t none = 0;

    for (int signal = 1; signal <= N_SIGNALS; signal++)
        if (init->ignored >> (signal - 1) & 1)
            sys_rt_sigaction(signal, &standard, NULL);
    sys_rt_sigprocmask(SIG_SETMASK, &none, NULL);
}

/* From FIRST to below END; one by one before Linux 5.9 and where it is blocked. */
void process_close_on_exec(int first, int end)
{
    if (end <= first || sys_close_range((unsigned) first, (unsigned) end - 1, CLOSE_RANGE_CLOEXEC) >= 0)
        return;
    for (int fd = first; fd < end; fd++)
        sys_fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A process that leads a session already has what is asked for. */
int init_session(struct init *init, const struct op_session *op)
{
    int r = sys_setsid();

    if (r < 0 && r != -EPERM)
        return init_fail(init, r, "setsid", NULL);
    return op->terminal ? terminal_control(init, 0) : 0;
}

/* A sandbox, or a kernel without keyrings, or a full quota is no reason not to run. */
int init_keyring(struct init *init, const struct op_keyring *op)
{
    int r = sys_keyctl(SYS_KEYCTL_JOIN_SESSION_KEYRING, init_str(init, op->name));

    if (r == -EPERM || r == -ENOSYS || r == -EDQUOT || r == -EACCES)
        init_warn(init, r, "keyctl", init_str(init, op->name));
    else if (r < 0)
        return init_fail(init, r, "keyctl", init_str(init, op->name));
    return 0;
}

int init_hostname(struct init *init, const struct op_hostname *op)
{
    const char *name = init_str(init, op->name);
    int r = sys_sethostname(name, strlen(name));

    return r < 0 ? init_fail(init, r, "sethostname", name) : 0;
}

int init_domainname(struct init *init, const struct op_domainname *op)
{
    const char *name = init_str(init, op->name);
    int r = sys_setdomainname(name, strlen(name));

    return r < 0 ? init_fail(init, r, "setdomainname", name) : 0;
}

int init_personality(struct init *init, const struct op_personality *op)
{
    int r = sys_personality((unsigned long) op->value);

    return r < 0 ? init_fail(init, r, "personality", NULL) : 0;
}

/* The kernel asks for it in the initial user namespace: root of a user namespace has it not. */
static int refused_rank(struct init *init, int code, const char *call, const char *hint)
{
    init_fail(init, code, call, NULL);
    if (code == -EPERM)
        init_hint(init, hint);
    return code;
}

int init_scheduler(struct init *init, const struct op_scheduler *op)
{
    const struct sys_sched_attr attr = {
        .size = sizeof attr,
        .policy = (uint32_t) op->policy,
        .flags = (uint64_t) op->flags,
        .nice = (int32_t) op->nice,
        .priority = (uint32_t) op->priority,
        .runtime = (uint64_t) op->runtime,
        .deadline = (uint64_t) op->deadline,
        .period = (uint64_t) op->period,
    };
    int r = sys_sched_setattr(0, &attr);

    if (r < 0)
        refused_rank(init, r, "sched_setattr",
                     "(it takes CAP_SYS_NICE on the host, or a high enough RLIMIT_NICE or RLIMIT_RTPRIO, and for "
                     "real-time policies a cgroup that has time for them: linux.resources.cpu.realtimeRuntime on v1)");
    if (r == -EOPNOTSUPP)
        init_hint(init, "(this kernel clamps no utilization: it is built without CONFIG_UCLAMP_TASK)");
    return r;
}

int init_io_priority(struct init *init, const struct op_io_priority *op)
{
    int r = sys_ioprio_set(SYS_IOPRIO_WHO_PROCESS, 0, (int) op->value);

    return r < 0 ? refused_rank(init, r, "ioprio_set", "(it takes CAP_SYS_NICE on the host)") : 0;
}

/* The kernel remembers what the caller was bound to, and lets a cpuset only narrow it (since Linux 6.2). A sandbox that
 * blocks the call changes nothing that was asked for. */
static void free_affinity(void)
{
    unsigned char all[CPUS / 8];

    memset(all, 0xff, sizeof all);
    sys_sched_setaffinity(0, sizeof all, all);
}

int init_affinity(struct init *init, const struct op_affinity *op)
{
    int r;

    if (!op->mask.size) {
        free_affinity();
        return 0;
    }
    r = sys_sched_setaffinity(0, op->mask.size, blob_bytes(init->blob, op->mask));
    if (r == 0)
        return 0;
    init_fail(init, r, "sched_setaffinity", NULL);
    if (r == -EINVAL)
        init_hint(init, "(none of these CPUs is there, or in the container's cpuset)");
    return r;
}

/* The kernel reads whole words, and takes one bit less than it is told. */
int init_memory_policy(struct init *init, const struct op_memory_policy *op)
{
    uint64_t nodes[NODES_WORDS] = { 0 };
    int r;

    if (op->nodes.size > sizeof nodes)
        return init_fail(init, -EINVAL, "set_mempolicy", NULL);
    memcpy(nodes, blob_bytes(init->blob, op->nodes), op->nodes.size);
    r = sys_set_mempolicy((int) op->mode, op->nodes.size ? (void *) nodes : NULL,
                          op->nodes.size ? sizeof nodes * 8 + 1 : 0);
    if (r < 0)
        init_fail(init, r, "set_mempolicy", NULL);
    if (r == -EINVAL)
        init_hint(init, "(has this host, and the container's cpuset, memory at one of the nodes? see "
                        "/sys/devices/system/node/has_memory)");
    return r;
}

int init_umask(struct init *init, const struct op_umask *op)
{
    init->umask = (unsigned) op->mask & 07777; /* ours stays 0 until the exec */
    return 0;
}

int init_rlimit(struct init *init, const struct op_rlimit *op)
{
    const struct sys_rlimit limit = { .soft = (uint64_t) op->soft, .hard = (uint64_t) op->hard };
    int r = sys_prlimit64(0, (unsigned) op->resource, &limit, NULL);

    return r < 0 ? init_fail(init, r, "prlimit64", NULL) : 0;
}

/* A pipe, or a file for output. Never a device: /dev/null is everybody's. */
static bool is_given(int fd, mode_t mode)
{
    return S_ISFIFO(mode) || (S_ISREG(mode) && (sys_fcntl(fd, F_GETFL, 0) & O_ACCMODE) != O_RDONLY);
}

/* Those that are the caller's own. */
int init_stream_owner(struct init *init, const struct op_stream_owner *op)
{
    struct stat st;

    for (int fd = 0; fd < 3; fd++) {
        int r = sys_fstat(fd, &st);

        if (r < 0 || !is_given(fd, st.st_mode) || st.st_uid != sys_geteuid())
            continue;
        r = sys_fchown(fd, (uint32_t) op->uid, (uint32_t) op->gid);
        if (r < 0 && r != -EPERM && r != -EROFS && r != -EINVAL)
            return init_fail(init, r, "fchown", NULL);
    }
    return 0;
}
