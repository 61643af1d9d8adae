// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of containers: ids, the root, locks, state.json, the start socket, the status. Processes are forked and
 * killed at any moment here, for that is what the state has to survive.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "plan/blob.h"
#include "state/hook.h"
#include "state/id.h"
#include "state/state.h"

static char scratch[64];

/* A fresh, empty state root. */
static int fresh_root(void)
{
    static unsigned n;
    char path[128];
    struct error err = { 0 };
    _cleanup_free_ char *opened = NULL;
    int fd = -1;

    if (!scratch[0]) {
        strcpy(scratch, "/tmp/crun-test-state-XXXXXX");
        if (!mkdtemp(scratch))
            return -1;
    }
    snprintf(path, sizeof path, "%s/%u", scratch, n++);
    if (state_root_open(path, "crun", false, true, &fd, &opened, &err) < 0)
        printf("# %s\n", err.text);
    return fd;
}

static struct state sample(const char *id)
{
    return (struct state){ .id = id,
                           .oci_version = "1.3.0",
                           .bundle = "/b",
                           .rootfs = "/b/rootfs",
                           .created = "2026-01-02T03:04:05.000000006Z",
                           .owner = "root",
                           .cgroup_manager = "cgroupfs" };
}

static bool contains(const char *text, const char *part)
{
    if (strstr(text, part))
        return true;
    printf("# \"%s\" does not contain \"%s\"\n", text, part);
    return false;
}

static void ids_are_checked(void)
{
    static const char *const good[] = { "a", "A", "0", "_", "+", "-", "a.b", "a..", "-rf", "a_+-." };
    static const char *const bad[] = { "", ".", "..", ".a", "a/b", "../a", "a b", "a\n", "\xc3\xa9", "a~", "a:b", "/" };
    char longest[1026];
    struct error err = { 0 };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CHECK_INT(state_check_id(good[i], &err), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(state_check_id(bad[i], &err), -EINVAL);
    CHECK(!strchr(err.text, '\n'));
    memset(longest, 'x', 1025);
    longest[1025] = '\0';
    CHECK_INT(state_check_id(longest, &err), -EINVAL);
    CHECK(contains(err.text, "longer than 1024 characters"));
    CHECK_INT(state_check_id(longest + 1, &err), 0);
}

static void roots_are_private(void)
{
    _cleanup_close_ int base = fresh_root();
    _cleanup_free_ char *path = NULL;
    char wanted[200], link[200];
    struct error err = { 0 };
    struct stat st;
    int fd = -1;

    CHECK(base >= 0);
    CHECK(fstat(base, &st) == 0 && (st.st_mode & 07777) == 0700);

    snprintf(wanted, sizeof wanted, "%s/r/s/t//", scratch);
    CHECK_INT(state_root_open(wanted, "crun", false, false, &fd, &path, &err), -ENOENT);
    CHECK_STR(err.text, "");
    CHECK(stat(wanted, &st) < 0);
    CHECK_INT(state_root_open(wanted, "crun", false, true, &fd, &path, &err), 0);
    wanted[strlen(wanted) - 2] = '\0';
    CHECK_STR(path, wanted);
    fd_close(&fd);

    snprintf(link, sizeof link, "%s/link/", scratch);
    link[strlen(link) - 1] = '\0';
    CHECK(symlink(wanted, link) == 0);
    free(path);
    path = NULL;
    CHECK_INT(state_root_open(link, "crun", false, true, &fd, &path, &err), -ELOOP);
    CHECK(contains(err.text, "is a symbolic link"));
    strcat(link, "/");
    CHECK_INT(state_root_open(link, "crun", false, true, &fd, &path, &err), -ELOOP);

    CHECK(chmod(wanted, 0777) == 0);
    CHECK_INT(state_root_open(wanted, "crun", false, true, &fd, &path, &err), -EPERM);
    CHECK(contains(err.text, "may be written by others (mode 0777)"));
    if (geteuid() == 0) {
        CHECK(chmod(wanted, 0700) == 0 && chown(wanted, 1234, 0) == 0);
        CHECK_INT(state_root_open(wanted, "crun", false, true, &fd, &path, &err), -EPERM);
        CHECK(contains(err.text, "belongs to user 1234"));
    }
    CHECK_INT(fd, -1);
}

static void rootless_root_is_below_xdg_runtime_dir(void)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_close_ int fd = -1;
    char wanted[128];
    struct error err = { 0 };
    struct stat st;

    CHECK(setenv("XDG_RUNTIME_DIR", scratch, 1) == 0);
    CHECK_INT(state_root_open(NULL, "runc", true, true, &fd, &path, &err), 0);
    snprintf(wanted, sizeof wanted, "%s/runc", scratch);
    CHECK_STR(path, wanted);
    CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 01700);
}

static void directories_are_made_once(void)
{
    _cleanup_close_ int root = fresh_root(), dir = -1, other = -1;
    struct error err = { 0 };

    CHECK_INT(state_dir_open(root, "a", LOCK_EX, &other, &err), -ENOENT);
    CHECK_STR(err.text, "container \"a\" does not exist");
    CHECK_INT(state_dir_make(root, "a", &dir, &err), 0);
    CHECK_INT(state_dir_make(root, "a", &other, &err), -EEXIST);
    CHECK_STR(err.text, "container with id \"a\" already exists");
    CHECK_INT(state_dir_make(root, "../a", &other, &err), -EINVAL);
    CHECK_INT(state_dir_open(root, "..", 0, &other, &err), -EINVAL);
    CHECK(fcntl(dir, F_GETFD) & FD_CLOEXEC);
    CHECK_INT(state_dir_remove(root, "a", dir, &err), 0);
    CHECK_INT(state_dir_open(root, "a", 0, &other, &err), -ENOENT);
}

static void planted_names_are_not_followed(void)
{
    _cleanup_close_ int root = fresh_root(), dir = -1;
    struct error err = { 0 };

    CHECK(symlinkat("/etc", root, "a") == 0);
    CHECK(state_dir_open(root, "a", LOCK_SH, &dir, &err) < 0);
    CHECK_INT(state_dir_make(root, "a", &dir, &err), -EEXIST);
    CHECK_INT(dir, -1);
}

/* Removal takes whatever is there, but never through a link. */
static void removal_is_complete_and_stays_inside(void)
{
    _cleanup_close_ int root = fresh_root(), dir = -1, kept = -1;
    struct error err = { 0 };

    CHECK(mkdirat(root, "outside", 0700) == 0 && mkdirat(root, "outside/x", 0700) == 0);
    CHECK_INT(state_dir_make(root, "a", &dir, &err), 0);
    CHECK(mkdirat(dir, "notify", 0700) == 0 && mkdirat(dir, "notify/d", 0700) == 0);
    CHECK(symlinkat("../../outside", dir, "notify/l") == 0 && symlinkat("../outside", dir, "l") == 0);
    kept = openat(dir, ".state.json.new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK(kept >= 0 && mkfifoat(dir, "fifo", 0600) == 0);
    CHECK_INT(state_write(dir, &(struct state){ .id = "a" }, &err), 0);
    CHECK_INT(state_dir_remove(root, "a", dir, &err), 0);
    CHECK(faccessat(root, "a", F_OK, 0) < 0 && faccessat(root, "outside/x", F_OK, 0) == 0);
}

static void ids_are_listed_sorted(void)
{
    _cleanup_close_ int root = fresh_root();
    char longest[1025];
    struct error err = { 0 };
    char **ids;
    size_t n;
    const char *made[] = { "b", "a", "c.d", longest };

    memset(longest, 'z', 1024);
    longest[1024] = '\0';
    for (size_t i = 0; i < 4; i++) {
        _cleanup_close_ int dir = -1;
        struct state state = sample(made[i]);

        CHECK_INT(state_dir_make(root, made[i], &dir, &err), 0);
        CHECK_INT(state_write(dir, &state, &err), 0);
    }
    CHECK(mkdirat(root, ".hidden", 0700) == 0 && symlinkat("a", root, "s") == 0 && mkfifoat(root, "f", 0600) == 0);
    CHECK_INT(state_ids(root, &ids, &n, &err), 0);
    CHECK_INT(n, 4);
    CHECK_STR(ids[0], "a");
    CHECK_STR(ids[1], "b");
    CHECK_STR(ids[2], "c.d");
    CHECK_STR(ids[3], longest);
    for (size_t i = 0; i < n; i++)
        free(ids[i]);
    free(ids);
}

static void state_comes_back_as_written(void)
{
    _cleanup_close_ int root = fresh_root(), dir = -1;
    struct cgroup_dir cgroups[] = {
        {"/sys/fs/cgroup/memory",   "/user/a", false, "memory"},
        { "/sys/fs/cgroup/unified", "/user/a", true,  NULL    }
    };
    const char *keys[] = { "k", "\xc3\xa9\"\\\n", "" }, *values[] = { "", "\x01\xff", "v" };
    struct state wrote = sample("a"), got;
    struct arena arena;
    struct error err = { 0 };

    wrote.pid = 2147483647;
    wrote.pid_start_time = INT64_MAX;
    wrote.creating = wrote.own_pid_namespace = true;
    wrote.owner_uid = UINT32_MAX;
    wrote.cgroups = cgroups;
    wrote.n_cgroups = 2;
    wrote.annotation_keys = keys;
    wrote.annotation_values = values;
    wrote.n_annotations = 3;
    CHECK_INT(arena_init(&arena, ARENA_DEFAULT_SIZE, &err), 0);
    CHECK_INT(state_dir_make(root, "a", &dir, &err), 0);
    CHECK_INT(state_read(dir, "a", &got, &arena, &err), -ENOENT);
    CHECK(err.code == 0 && !got.id);
    CHECK_INT(state_write(dir, &wrote, &err), 0);
    CHECK_INT(state_read(dir, "a", &got, &arena, &err), 0);
    CHECK_STR(got.id, "a");
    CHECK_STR(got.created, wrote.created);
    CHECK(got.pid == wrote.pid && got.pid_start_time == wrote.pid_start_time && got.owner_uid == UINT32_MAX);
    CHECK(got.creating && got.own_pid_namespace && !got.detached && !got.scope && !got.pid_file);
    CHECK_INT(got.n_cgroups, 2);
    CHECK_STR(got.cgroups[0].controllers, "memory");
    CHECK(got.cgroups[1].v2 && !got.cgroups[1].controllers);
    CHECK_INT(got.n_annotations, 3);
    CHECK_STR(got.annotation_keys[1], keys[1]);
    CHECK_STR(got.annotation_values[1], "\x01\xef\xbf\xbd");
    arena_done(&arena);
}

#define REST                                                                                                           \
    ",\"ociVersion\":\"1\",\"bundle\":\"/b\",\"rootfs\":\"/r\",\"created\":\"c\",\"owner\":\"o\","                     \
    "\"cgroupManager\":\"cgroupfs\"}"

static void added_mounts_come_back_as_written(void)
{
    const struct plan_added_mount written[] = {
        {"/a b\n/c", 18446744073709551615u},
        { "/x",      0                    }
    };
    _cleanup_close_ int root = fresh_root(), dir = -1;
    struct plan_added_mount *read;
    struct arena arena;
    size_t n;

    CHECK_INT(arena_init(&arena, ARENA_DEFAULT_SIZE, NULL), 0);
    CHECK_INT(state_dir_make(root, "mounts", &dir, NULL), 0);
    CHECK_INT(state_mounts_read(dir, &arena, &read, &n, NULL), 0);
    CHECK_INT(n, 0);
    CHECK_INT(state_mounts_write(dir, written, 2, NULL), 0);
    CHECK_INT(state_mounts_read(dir, &arena, &read, &n, NULL), 0);
    CHECK_INT(n, 2);
    CHECK_STR(read[0].destination, written[0].destination);
    CHECK(read[0].id == written[0].id);
    CHECK_STR(read[1].destination, "/x");
    CHECK_INT(file_replace(dir, STATE_MOUNTS, "12 x\0", 5, 0600), 0);
    CHECK_INT(state_mounts_read(dir, &arena, &read, &n, NULL), -EINVAL);
    CHECK_INT(state_dir_remove(root, "mounts", dir, NULL), 0);
    arena_done(&arena);
}

static void damaged_states_are_located(void)
{
    static const char *const cases[][2] = {
        {"",                                                                           "state.json:1:1: empty file"                         },
        { "{\n\"id\": \"a\",",                                                         "state.json:2:"                                      },
        { "{\n  \"id\": tru }",                                                        "state.json:2:"                                      },
        { "[]",                                                                        "state.json:1:1: "                                   },
        { "{}",                                                                        "required, but missing"                              },
        { "{\"id\":\"b\"" REST,                                                        "state.json:1:7: id: is not the id of this container"},
        { "{\"id\":\"a\",\n\"pid\":-1" REST,                                           "state.json:2:7: pid: "                              },
        { "{\"id\":\"a\",\"pid\":4294967297" REST,                                     "pid: "                                              },
        { "{\"id\":\"a\",\"pid\":\"1\"" REST,                                          "pid: expected an integer"                           },
        { "{\"id\":\"a\",\"annotations\":{\"x\":1}" REST,                              "annotations"                                        },
        { "{\"id\":\"a\",\"cgroups\":[{\"mount\":\"/m\",\"path\":\"/a/../..\"}]" REST, "cgroups[0].path: "                                  },
        { "{\"id\":\"a\",\"cgroups\":[{\"mount\":\"/m\",\"path\":\"..\"}]" REST,       "cgroups[0].path: "                                  },
        { "{\"id\":\"a\",\"cgroups\":[{\"mount\":\"/m\"}]" REST,                       "cgroups[0]"                                         },
    };
    struct arena arena;
    struct state state;

    CHECK_INT(arena_init(&arena, ARENA_DEFAULT_SIZE, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = { 0 };

        CHECK_INT(state_parse(cases[i][0], strlen(cases[i][0]), "a", &state, &arena, &err), -EINVAL);
        CHECK(contains(err.text, cases[i][1]));
    }
    arena_done(&arena);
}

/* Cut anywhere, a state is refused or (white space at its end) whole: never half of it. */
static void truncated_states_are_refused(void)
{
    static const char text[] = "{\"id\":\"a\",\"pid\":12" REST;
    struct arena arena;
    struct state state;

    CHECK_INT(arena_init(&arena, ARENA_DEFAULT_SIZE, NULL), 0);
    CHECK_INT(state_parse(text, strlen(text), "a", &state, &arena, NULL), 0);
    for (size_t n = 0; n < strlen(text); n++) {
        _cleanup_free_ char *part = strndup(text, n);

        CHECK_INT(state_parse(part, n, "a", &state, &arena, NULL), -EINVAL);
    }
    arena_done(&arena);
}

static void odd_files_are_refused(void)
{
    _cleanup_close_ int root = fresh_root(), dir = -1, huge = -1;
    struct error err = { 0 };
    struct arena arena;
    struct state state;

    CHECK_INT(arena_init(&arena, ARENA_DEFAULT_SIZE, NULL), 0);
    CHECK_INT(state_dir_make(root, "a", &dir, &err), 0);
    CHECK(mkfifoat(dir, STATE_FILE, 0600) == 0);
    CHECK_INT(state_read(dir, "a", &state, &arena, &err), -EINVAL);
    CHECK(unlinkat(dir, STATE_FILE, 0) == 0 && symlinkat("/etc/hostname", dir, STATE_FILE) == 0);
    CHECK(state_read(dir, "a", &state, &arena, &err) < 0);
    CHECK(unlinkat(dir, STATE_FILE, 0) == 0);
    huge = openat(dir, STATE_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(huge >= 0 && ftruncate(huge, (16 << 20) + 1) == 0);
    CHECK_INT(state_read(dir, "a", &state, &arena, &err), -EINVAL);
    CHECK_STR(err.text, "container \"a\": state.json: larger than 16 MiB");
    CHECK(ftruncate(huge, 16 << 20) == 0);
    CHECK_INT(state_read(dir, "a", &state, &arena, &err), -EINVAL);
    arena_done(&arena);
}

static void pause_briefly(unsigned microseconds)
{
    nanosleep(&(struct timespec){ .tv_nsec = microseconds * 1000L }, NULL);
}

/* Write states of very different sizes without end. */
static void write_for_ever(int root)
{
    _cleanup_close_ int dir = -1;
    struct state state = sample("a");
    char *large = malloc(100001);
    const char *key = "k", *value;

    memset(large, 'x', 100000);
    large[100000] = '\0';
    state.annotation_keys = &key;
    state.annotation_values = &value;
    state.n_annotations = 1;
    if (state_dir_open(root, "a", LOCK_EX, &dir, NULL) < 0)
        _exit(1);
    for (state.pid = 1;; state.pid++) {
        value = state.pid % 2 ? large : "";
        if (state_write(dir, &state, NULL) < 0)
            _exit(1);
    }
}

static void killed_writers_leave_a_whole_state(void)
{
    _cleanup_close_ int root = fresh_root(), dir = -1;
    struct state state = sample("a");
    struct error err = { 0 };

    CHECK_INT(state_dir_make(root, "a", &dir, &err), 0);
    CHECK_INT(state_write(dir, &state, &err), 0);
    fd_close(&dir);
    for (unsigned i = 0; i < 200; i++) {
        pid_t pid = fork();
        struct arena arena;
        int r;

        if (pid == 0)
            write_for_ever(root);
        pause_briefly(200 + (i * 7919) % 3000);
        CHECK(kill(pid, SIGKILL) == 0);
        CHECK(waitpid(pid, &r, 0) == pid && WIFSIGNALED(r));
        CHECK_INT(arena_init(&arena, ARENA_DEFAULT_SIZE, NULL), 0);
        CHECK_INT(state_dir_open(root, "a", LOCK_EX, &dir, &err), 0);
        r = state_read(dir, "a", &state, &arena, &err);
        if (r < 0)
            printf("# %s\n", err.text);
        CHECK_INT(r, 0);
        CHECK(state.pid == 0 || state.n_annotations == 1);
        CHECK(state.pid == 0 || strlen(state.annotation_values[0]) == (state.pid % 2 ? 100000u : 0u));
        arena_done(&arena);
        fd_close(&dir);
    }
}

/* While we hold the lock nobody else may: a file that only one can make tells. */
static int hold_alone(int dir)
{
    _cleanup_close_ int fd = openat(dir, "held", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    pause_briefly(20);
    return unlinkat(dir, "held", 0) < 0 ? -errno : 0;
}

/* One process of the race: makes, opens, removes, a thousand times in its own order. */
static int race(int root, unsigned seed)
{
    struct error err;

    for (unsigned i = 0; i < 1000; i++) {
        _cleanup_close_ int dir = -1;
        int r =
            rand_r(&seed) % 2 ? state_dir_make(root, "a", &dir, &err) : state_dir_open(root, "a", LOCK_EX, &dir, &err);

        if (r == -EEXIST || r == -ENOENT)
            continue;
        if (r == 0)
            r = hold_alone(dir);
        if (r == 0 && rand_r(&seed) % 2)
            r = state_dir_remove(root, "a", dir, &err);
        if (r < 0)
            return -r;
    }
    return 0;
}

static void locks_exclude_also_across_removal(void)
{
    enum { PROCESSES = 6 };
    _cleanup_close_ int root = fresh_root();
    pid_t pids[PROCESSES];
    int status;

    for (unsigned i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(race(root, i + 1));
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        CHECK(waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status));
        CHECK_INT(WEXITSTATUS(status), 0);
    }
}

/* A child that only waits to be killed. */
static pid_t start_idle(void)
{
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

static void end_process(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void processes_are_told_by_start_time(void)
{
    struct state state = sample("a");
    siginfo_t info;
    int fd;

    state.pid = start_idle();
    state.pid_start_time = process_start_time(state.pid);
    CHECK(state.pid_start_time > 0);
    fd = state_pidfd(&state);
    CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
    close(fd);
    state.pid_start_time++;
    CHECK_INT(state_pidfd(&state), -ESRCH);
    state.pid_start_time--;
    kill(state.pid, SIGKILL);
    CHECK(waitid(P_PID, (id_t) state.pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK_INT(state_pidfd(&state), -ESRCH);
    end_process(state.pid);
    CHECK_INT(state_pidfd(&state), -ESRCH);
    CHECK_INT(process_start_time(state.pid), 0);
    state.pid = 0;
    CHECK_INT(state_pidfd(&state), -ESRCH);
    state.pid = -1;
    CHECK_INT(state_pidfd(&state), -ESRCH);
}

/* A group of two that is noted; *RET_CHILD is not ours, but is reaped by us when its parent has ended. */
static pid_t start_hook(int dir, bool poststop, pid_t *ret_child)
{
    int ends[2];
    pid_t pid;

    if (pipe(ends) < 0 || (pid = fork()) < 0)
        return -1;
    if (pid == 0) {
        pid_t child;

        setsid();
        hook_note(dir, poststop);
        child = fork();
        if (child != 0 && write(ends[1], &child, sizeof child) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    if (read(ends[0], ret_child, sizeof *ret_child) != (ssize_t) sizeof *ret_child)
        *ret_child = -1;
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static int signal_that_ended(pid_t pid)
{
    int status = 0;

    return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

static bool runs(pid_t pid)
{
    siginfo_t info = { 0 };

    return waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

static void hooks_are_ended_with_their_group(void)
{
    _cleanup_close_ int root = fresh_root(), dir = -1;
    pid_t hook, child;

    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    CHECK_INT(state_dir_make(root, "a", &dir, NULL), 0);
    hook_end(dir, HOOK_END_ANY); /* none is noted */
    hook = start_hook(dir, true, &child);
    hook_end(dir, HOOK_END_LAUNCH);
    CHECK(runs(hook));
    hook_end(dir, HOOK_END_ANY);
    CHECK_INT(signal_that_ended(hook), SIGKILL);
    CHECK_INT(signal_that_ended(child), SIGKILL);
    hook = start_hook(dir, false, &child);
    hook_end(dir, HOOK_END_LAUNCH);
    CHECK_INT(signal_that_ended(hook), SIGKILL);
    CHECK_INT(signal_that_ended(child), SIGKILL);
    hook_forget(dir);
    CHECK(faccessat(dir, STATE_HOOK, F_OK, 0) < 0);
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

/* What FORMAT makes of the pid and start time of a process that leads its group. */
static bool survives(int dir, const char *format)
{
    _cleanup_close_ int fd = openat(dir, STATE_HOOK, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    pid_t stranger = start_idle();
    bool survived;

    setpgid(stranger, stranger);
    dprintf(fd, format, stranger, (unsigned long long) process_start_time(stranger) + 1);
    hook_end(dir, HOOK_END_ANY);
    survived = runs(stranger) && !hook_is_caller(dir);
    end_process(stranger);
    return survived;
}

static void strangers_and_damage_are_no_hooks(void)
{
    static const char *const formats[] = { "%d %llu h\n", "%d", "", "-1 1 h", "1 %llu h", "0 0 h", "99999999999 1 h" };
    _cleanup_close_ int root = fresh_root(), dir = -1;

    CHECK_INT(state_dir_make(root, "a", &dir, NULL), 0);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        CHECK(survives(dir, formats[i]));
}

/* In a process of the hook's, from DEPTH generations below. */
static bool called(int dir, unsigned depth, bool own_session)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0 && depth > 0)
        _exit(called(dir, depth - 1, own_session));
    if (pid == 0 && own_session)
        setsid();
    if (pid == 0)
        _exit(hook_is_caller(dir));
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void callers_are_told(void)
{
    _cleanup_close_ int root = fresh_root(), dir = -1;
    int status;
    pid_t hook;

    CHECK_INT(state_dir_make(root, "a", &dir, NULL), 0);
    CHECK(!hook_is_caller(dir));
    hook = fork();
    if (hook == 0) {
        setsid();
        hook_note(dir, false);
        _exit(called(dir, 0, false) && called(dir, 2, false) && called(dir, 1, true) ? 0 : 1);
    }
    CHECK(waitpid(hook, &status, 0) == hook && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(!hook_is_caller(dir));
}

static void locks_need_not_be_waited_for(void)
{
    _cleanup_close_ int root = fresh_root(), dir = -1, other = -1;
    struct error err = { 0 };

    CHECK_INT(state_dir_make(root, "a", &dir, &err), 0);
    CHECK_INT(state_dir_open(root, "a", LOCK_EX | LOCK_NB, &other, &err), -EWOULDBLOCK);
    CHECK_INT(state_dir_explain(dir, "a", &err), err.code);
    CHECK(!state_dir_is_doomed(dir));
    state_dir_doom(dir);
    CHECK(state_dir_is_doomed(dir));
    error_set(&err, -EIO, "why");
    CHECK_INT(state_dir_explain(dir, "a", &err), -EIO);
    CHECK_STR(err.text, "container \"a\" was deleted meanwhile: why");
    CHECK_INT(state_dir_remove(root, "a", dir, &err), 0);
}

static void ignored_signals_are_told(void)
{
    const uint64_t these = (uint64_t) 1 << (SIGUSR2 - 1) | (uint64_t) 1 << (SIGPIPE - 1) | (uint64_t) 1 << 63;
    uint64_t before = process_ignored(getpid());
    pid_t pid;

    CHECK(before != ALL_SIGNALS);
    for (int number = 1; number <= 64; number++)
        if (these >> (number - 1) & 1)
            signal(number, SIG_IGN);
    pid = start_idle();
    CHECK(process_ignored(pid) == (before | these));
    end_process(pid);
    CHECK(process_ignored(pid) == ALL_SIGNALS);
    for (int number = 1; number <= 64; number++)
        if (these >> (number - 1) & 1)
            signal(number, SIG_DFL);
}

static pid_t start_named(const char *name)
{
    int ready[2];
    char byte;
    pid_t pid;

    if (pipe(ready) < 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NAME, name);
        while (write(ready[1], "", 1) != 1)
            ;
        for (;;)
            pause();
    }
    while (read(ready[0], &byte, 1) != 1)
        ;
    close(ready[0]);
    close(ready[1]);
    return pid;
}

/* The name alone is anybody's, and so is a socket that nobody listens on. */
static void waiting_is_told_by_name_and_socket(void)
{
    static const char *const others[] = { "crun/create", "crun/created)", "(crun/created)", "sh" };
    _cleanup_close_ int root = fresh_root(), dir = -1, listener = -1;
    struct state state = sample("a");
    struct error err = { 0 };

    CHECK_INT(state_dir_make(root, "a", &dir, &err), 0);
    state.pid = start_named(BLOB_WAITING_NAME);
    state.pid_start_time = process_start_time(state.pid);
    CHECK_INT(state_status(dir, &state), STATE_RUNNING);
    CHECK_INT(state_listen(dir, &listener, &err), 0);
    fd_close(&listener);
    CHECK_INT(state_status(dir, &state), STATE_CREATED);
    end_process(state.pid);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        state.pid = start_named(others[i]);
        state.pid_start_time = process_start_time(state.pid);
        CHECK_INT(state_status(dir, &state), STATE_RUNNING);
        end_process(state.pid);
    }
}

static void status_is_what_is_there(void)
{
    _cleanup_close_ int root = fresh_root(), dir = -1, listener = -1;
    struct state state = sample("a");
    struct error err = { 0 };

    CHECK_INT(state_dir_make(root, "a", &dir, &err), 0);
    state.creating = true;
    CHECK_INT(state_status(dir, &state), STATE_CREATING);
    state.pid = start_idle();
    state.pid_start_time = process_start_time(state.pid);
    CHECK_INT(state_status(dir, &state), STATE_CREATING);
    state.creating = false;
    CHECK_INT(state_listen(dir, &listener, &err), 0);
    for (unsigned i = 0; i < 100; i++) /* more than the queue of the socket takes */
        CHECK_INT(state_status(dir, &state), STATE_CREATED);
    fd_close(&listener);
    CHECK_INT(state_status(dir, &state), STATE_RUNNING);
    CHECK(unlinkat(dir, STATE_SOCKET, 0) == 0);
    CHECK_INT(state_status(dir, &state), STATE_RUNNING);
    end_process(state.pid);
    CHECK_INT(state_status(dir, &state), STATE_STOPPED);
    state.creating = true;
    CHECK_INT(state_status(dir, &state), STATE_STOPPED);
    CHECK_STR(state_status_name(STATE_PAUSED), "paused");
}

/* Listen, connect, send a byte, and see it refused when nobody listens; 0 or the line that failed. */
static int talk(int root)
{
    _cleanup_close_ int dir = -1, listener = -1, client = -1, server = -1;
    char byte = 0;

    if (state_dir_make(root, "a", &dir, NULL) < 0)
        return __LINE__;
    if (state_connect(dir, &client) != -ENOENT)
        return __LINE__;
    if (state_listen(dir, &listener, NULL) < 0)
        return __LINE__;
    if (state_connect(dir, &client) < 0)
        return __LINE__;
    server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (send(client, "x", 1, 0) != 1 || recv(server, &byte, 1, 0) != 1 || byte != 'x')
        return __LINE__;
    fd_close(&listener);
    fd_close(&client);
    if (state_connect(dir, &client) != -ECONNREFUSED)
        return __LINE__;
    if (state_listen(dir, &listener, NULL) < 0) /* over a dead one */
        return __LINE__;
    return 0;
}

static void start_socket_works_below_long_paths(void)
{
    _cleanup_close_ int base = fresh_root();
    _cleanup_close_ int root = -1;
    char name[201];

    memset(name, 'd', 200);
    name[200] = '\0';
    CHECK(mkdirat(base, name, 0700) == 0);
    root = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(root >= 0);
    CHECK_INT(talk(root), 0);
}

/* In a mount namespace of its own, with something else at /proc. */
static int talk_without_proc(int root)
{
    char cwd[128], now[128];

    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/proc", "tmpfs", 0, NULL) < 0)
        return -1;
    if (!getcwd(cwd, sizeof cwd) || talk(root) != 0)
        return 1;
    return getcwd(now, sizeof now) && strcmp(cwd, now) == 0 ? 0 : 2;
}

static void start_socket_works_without_proc(void)
{
    _cleanup_close_ int root = fresh_root();
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(talk_without_proc(root) & 0xff);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    if (WEXITSTATUS(status) == 0xff)
        printf("# SKIP: no new mount namespace here\n");
    else
        CHECK_INT(WEXITSTATUS(status), 0);
}

static void documents_are_those_of_the_specification(void)
{
    const char *keys[] = { "k\"" }, *values[] = { "v" };
    struct state state = sample("a");
    struct error err = { 0 };
    char *json;

    state.pid = 42;
    CHECK_INT(state_document(&state, STATE_CREATED, false, false, &json, &err), 0);
    CHECK_STR(json, "{\"ociVersion\":\"1.3.0\",\"id\":\"a\",\"pid\":42,\"status\":\"created\",\"bundle\":\"/b\"}");
    free(json);
    state.annotation_keys = keys;
    state.annotation_values = values;
    state.n_annotations = 1;
    CHECK_INT(state_document(&state, STATE_STOPPED, false, false, &json, &err), 0);
    CHECK_STR(json, "{\"ociVersion\":\"1.3.0\",\"id\":\"a\",\"status\":\"stopped\",\"bundle\":\"/b\","
                    "\"annotations\":{\"k\\\"\":\"v\"}}");
    free(json);
    CHECK_INT(state_document(&state, STATE_STOPPED, true, false, &json, &err), 0);
    CHECK_STR(json, "{\"ociVersion\":\"1.3.0\",\"id\":\"a\",\"pid\":0,\"status\":\"stopped\",\"bundle\":\"/b\","
                    "\"rootfs\":\"/b/rootfs\",\"created\":\"2026-01-02T03:04:05.000000006Z\","
                    "\"annotations\":{\"k\\\"\":\"v\"},\"owner\":\"root\"}");
    free(json);
}

static void remove_scratch(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    if (system(command) != 0)
        printf("# %s is left\n", scratch);
}

static const struct test tests[] = {
    {"ids are checked",                           ids_are_checked                         },
    { "roots are private",                        roots_are_private                       },
    { "rootless root is below XDG_RUNTIME_DIR",   rootless_root_is_below_xdg_runtime_dir  },
    { "directories are made once",                directories_are_made_once               },
    { "planted names are not followed",           planted_names_are_not_followed          },
    { "removal is complete and stays inside",     removal_is_complete_and_stays_inside    },
    { "ids are listed sorted",                    ids_are_listed_sorted                   },
    { "state comes back as written",              state_comes_back_as_written             },
    { "added mounts come back as written",        added_mounts_come_back_as_written       },
    { "damaged states are located",               damaged_states_are_located              },
    { "truncated states are refused",             truncated_states_are_refused            },
    { "odd files are refused",                    odd_files_are_refused                   },
    { "killed writers leave a whole state",       killed_writers_leave_a_whole_state      },
    { "locks exclude, also across removal",       locks_exclude_also_across_removal       },
    { "processes are told by start time",         processes_are_told_by_start_time        },
    { "hooks are ended with their group",         hooks_are_ended_with_their_group        },
    { "strangers and damage are no hooks",        strangers_and_damage_are_no_hooks       },
    { "callers are told",                         callers_are_told                        },
    { "locks need not be waited for",             locks_need_not_be_waited_for            },
    { "waiting is told by name and socket",       waiting_is_told_by_name_and_socket      },
    { "ignored signals are told",                 ignored_signals_are_told                },
    { "status is what is there",                  status_is_what_is_there                 },
    { "start socket works below long paths",      start_socket_works_below_long_paths     },
    { "start socket works without /proc",         start_socket_works_without_proc         },
    { "documents are those of the specification", documents_are_those_of_the_specification},
    { "the scratch directory is removed",         remove_scratch                          },
};

TEST_MAIN(tests)
