// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cgroup mechanism on this machine's real hierarchies, in cgroups named after this process, and in a pure v2 view (a
 * mount namespace of our own where cgroup2 is at /sys/fs/cgroup). Needs root: otherwise each test says why it is
 * skipped.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/host.h"
#include "plan/device_rules.h"
#include "plan/ops.h"
#include "test.h"

static struct arena arena;
static struct host host;
static const char *skip;

#define NEEDS(condition, why)                                                                                          \
    do {                                                                                                               \
        if (skip || !(condition)) {                                                                                    \
            printf("# SKIP %s\n", skip ? skip : (why));                                                                \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* A cgroup of our own in hierarchy H, SUFFIX below it. */
static struct cgroup_dir ours(const struct cgroup_hierarchy *h, const char *suffix)
{
    return (struct cgroup_dir){ h->mount_point, arena_printf(&arena, "/crun-unit-%d%s", (int) getpid(), suffix), h->v2,
                                h->controllers };
}

static const struct cgroup_hierarchy *find(const char *controller, bool v2)
{
    for (size_t i = 0; i < host.cgroup.n_hierarchies; i++)
        if (host.cgroup.hierarchies[i].v2 == v2 &&
            (v2 || strcmp(host.cgroup.hierarchies[i].controllers, controller) == 0))
            return &host.cgroup.hierarchies[i];
    return NULL;
}

static bool exists(const struct cgroup_dir *dir)
{
    return access(arena_printf(&arena, "%s%s", dir->mount, dir->path), F_OK) == 0;
}

static const char *read_value(const struct cgroup_dir *dir, const char *file)
{
    _cleanup_free_ char *text = NULL;

    if (file_read(AT_FDCWD, arena_printf(&arena, "%s%s/%s", dir->mount, dir->path, file), 65536, &text, NULL) < 0)
        return "(unreadable)";
    return arena_strdup(&arena, text);
}

/* A process that sleeps until it is killed. */
static pid_t sleeper(void)
{
    pid_t pid = fork();

    while (pid == 0)
        pause();
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Make, join, list, refuse when used, kill, remove: the same in every hierarchy. */
static void life(const struct cgroup_hierarchy *hierarchy)
{
    struct cgroup_dir top = ours(hierarchy, ""), dir = ours(hierarchy, "/a/b");
    bool cpuset = !hierarchy->v2 && strcmp(hierarchy->controllers, "cpuset") == 0, made = false;
    struct error err = { 0 };
    pid_t *pids = NULL, pid;
    size_t n = 0;

    printf("# %s\n", hierarchy->mount_point);
    CHECK_INT(cgroup_make(&dir, NULL, cpuset ? CGROUP_MAKE_CPUSET : 0, &made, &err), 0);
    CHECK(made && exists(&dir));
    CHECK_INT(cgroup_make(&dir, NULL, cpuset ? CGROUP_MAKE_CPUSET : 0, &made, &err), 0);
    CHECK(!made);
    pid = sleeper();
    CHECK_INT(cgroup_join(&dir, pid, &err), 0);
    CHECK_INT(cgroup_pids(&top, &pids, &n, &err), 0);
    CHECK_INT(n, 1);
    CHECK_INT(pids[0], pid);
    free(pids);
    CHECK_INT(cgroup_make(&dir, NULL, cpuset ? CGROUP_MAKE_CPUSET : 0, &made, &err), -EBUSY);
    CHECK(strstr(err.text, "container's cgroup is not empty"));
    CHECK_INT(cgroup_remove(&top, 50, &err), -EBUSY);
    CHECK(strstr(err.text, "it still has process "));
    CHECK_INT(cgroup_signal(&top, SIGKILL, &err), 0);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    CHECK_INT(cgroup_remove(&top, 5000, &err), 0);
    CHECK(!exists(&top));
    CHECK_INT(cgroup_remove(&top, 0, &err), 0);
    CHECK_INT(cgroup_pids(&top, &pids, &n, &err), 0);
    CHECK_INT(n, 0);
}

static void test_life(void)
{
    NEEDS(host.cgroup.n_hierarchies > 0, "no cgroup hierarchy is mounted");
    for (size_t i = 0; i < host.cgroup.n_hierarchies && !test_failed; i++)
        life(&host.cgroup.hierarchies[i]);
}

/* A sleeper that is not reaped until later: removal waits for the exit, not for the parent. */
static void test_remove_waits(void)
{
    const struct cgroup_hierarchy *hierarchy = find("pids", false) ? find("pids", false) : find("", true);
    struct cgroup_dir dir;
    struct error err = { 0 };
    pid_t pid, killer;
    bool made;

    NEEDS(hierarchy, "neither pids nor v2 is mounted");
    dir = ours(hierarchy, "");
    CHECK_INT(cgroup_make(&dir, NULL, 0, &made, &err), 0);
    pid = sleeper();
    CHECK_INT(cgroup_join(&dir, pid, &err), 0);
    killer = fork();
    if (killer == 0) {
        usleep(100000); /* the test's own delay: removal must still be waiting */
        kill(pid, SIGKILL);
        _exit(0);
    }
    CHECK_INT(cgroup_remove(&dir, 5000, &err), 0);
    CHECK(!exists(&dir));
    waitpid(pid, NULL, 0);
    waitpid(killer, NULL, 0);
}

/* Nested more deeply than there are descriptors, and longer than PATH_MAX. */
static void test_deep(void)
{
    const struct cgroup_hierarchy *hierarchy = find("", true) ? find("", true) : find("pids", false);
    struct cgroup_dir dir;
    struct error err = { 0 };
    pid_t *pids, pid;
    bool made;
    size_t n;
    int fd;

    NEEDS(hierarchy, "neither v2 nor pids is mounted");
    dir = ours(hierarchy, "");
    CHECK_INT(cgroup_make(&dir, NULL, 0, &made, &err), 0);
    fd = cgroup_open(&dir, &err);
    for (int i = 0; i < 1200; i++) {
        int next;

        CHECK_INT(mkdirat(fd, "nested", 0755), 0);
        next = openat(fd, "nested", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fd_close(&fd);
        fd = next;
    }
    pid = sleeper();
    CHECK_INT(file_write(fd, "cgroup.procs", arena_printf(&arena, "%d", (int) pid)), 0);
    fd_close(&fd);
    CHECK_INT(cgroup_pids(&dir, &pids, &n, &err), 0);
    CHECK_INT(n, 1);
    free(pids);
    CHECK_INT(cgroup_signal(&dir, SIGKILL, &err), 0);
    waitpid(pid, NULL, 0);
    CHECK_INT(cgroup_remove(&dir, 5000, &err), 0);
    CHECK(!exists(&dir));
}

static void freeze_and_kill(const struct cgroup_hierarchy *hierarchy)
{
    struct cgroup_dir dir = ours(hierarchy, "");
    struct error err = { 0 };
    pid_t pid;
    bool made;

    CHECK_INT(cgroup_make(&dir, NULL, 0, &made, &err), 0);
    CHECK(!cgroup_frozen(&dir));
    pid = sleeper();
    CHECK_INT(cgroup_join(&dir, pid, &err), 0);
    CHECK_INT(cgroup_freeze(&dir, true, &err), 0);
    CHECK(cgroup_frozen(&dir));
    CHECK_INT(cgroup_freeze(&dir, false, &err), 0);
    CHECK(!cgroup_frozen(&dir));
    CHECK_INT(cgroup_freeze(&dir, true, &err), 0);
    CHECK_INT(cgroup_signal(&dir, SIGKILL, &err), 0);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    CHECK_INT(cgroup_freeze(&dir, true, &err), 0);
    CHECK_INT(cgroup_make(&dir, NULL, 0, &made, &err), -EBUSY);
    CHECK(strstr(err.text, "container's cgroup unexpectedly frozen"));
    CHECK_INT(cgroup_remove(&dir, 5000, &err), 0);
}

static void test_freeze(void)
{
    NEEDS(find("freezer", false) || find("", true), "neither freezer nor v2 is mounted");
    if (find("freezer", false))
        freeze_and_kill(find("freezer", false));
    if (!test_failed && find("", true))
        freeze_and_kill(find("", true));
}

static void test_cpuset(void)
{
    const struct cgroup_hierarchy *hierarchy = find("cpuset", false);
    struct cgroup_dir top, dir;
    struct error err = { 0 };
    bool made;

    NEEDS(hierarchy, "no v1 cpuset hierarchy");
    top = ours(hierarchy, "");
    dir = ours(hierarchy, "/a");
    CHECK_INT(cgroup_make(&dir, NULL, CGROUP_MAKE_CPUSET, &made, &err), 0);
    CHECK_STR(read_value(&dir, "cpuset.cpus"),
              read_value(&(struct cgroup_dir){ dir.mount, "/", false, "" }, "cpuset.cpus"));
    CHECK_STR(read_value(&dir, "cpuset.mems"), read_value(&top, "cpuset.mems"));
    CHECK_INT(cgroup_remove(&top, 100, &err), 0);
}

static void test_write(void)
{
    const struct cgroup_hierarchy *hierarchy = find("pids", false);
    struct cgroup_dir dir;
    struct error err = { 0 };
    bool made;

    NEEDS(hierarchy, "no v1 pids hierarchy");
    dir = ours(hierarchy, "");
    CHECK_INT(cgroup_make(&dir, NULL, 0, &made, &err), 0);
    CHECK_INT(cgroup_write(&dir, "pids.max", "7", &err), 0);
    CHECK_STR(read_value(&dir, "pids.max"), "7\n");
    CHECK_INT(cgroup_write(&dir, "pids.max", "x", &err), -EINVAL);
    CHECK_STR(err.text,
              arena_printf(&arena, "write \"x\" to \"%s%s/pids.max\": invalid argument (it takes 0 to 4194304, or max)",
                           dir.mount, dir.path));
    CHECK_INT(cgroup_write(&dir, "pids.nothing", "1", &err), -ENOENT);
    CHECK_INT(cgroup_write(&dir, "../pids.max", "1", &err), -EINVAL);
    CHECK_INT(cgroup_remove(&dir, 100, &err), 0);
}

static void test_bad_paths(void)
{
    struct error err = { 0 };
    char deep[5000], name[300];
    bool made;

    memset(deep, 'a', sizeof deep);
    for (size_t i = 0; i < sizeof deep; i += 10)
        deep[i] = '/';
    deep[sizeof deep - 1] = '\0';
    memset(name, 'b', sizeof name);
    name[0] = '/';
    name[sizeof name - 1] = '\0';
    CHECK_INT(cgroup_make(&(struct cgroup_dir){ "/tmp", "/a/../b", true, "" }, NULL, 0, &made, &err), -EINVAL);
    CHECK_INT(cgroup_make(&(struct cgroup_dir){ "/tmp", "/..", true, "" }, NULL, 0, &made, &err), -EINVAL);
    CHECK_INT(cgroup_make(&(struct cgroup_dir){ "/tmp", "a", true, "" }, NULL, 0, &made, &err), -EINVAL);
    CHECK_INT(cgroup_make(&(struct cgroup_dir){ "/tmp", "/", true, "" }, NULL, 0, &made, &err), -EINVAL);
    CHECK_INT(cgroup_make(&(struct cgroup_dir){ "/tmp", deep, true, "" }, NULL, 0, &made, &err), -ENAMETOOLONG);
    CHECK_INT(cgroup_make(&(struct cgroup_dir){ "/tmp", name, true, "" }, NULL, 0, &made, &err), -ENAMETOOLONG);
    CHECK_INT(cgroup_remove(&(struct cgroup_dir){ "/tmp", "/a/../../b", true, "" }, 0, &err), -EINVAL);
}

/* ---- v2: controllers and their errors, with whatever controller this machine has on v2 ---- */

/* What the test has enabled at the top of the hierarchy is not left behind. */
static void restore(const struct cgroup_hierarchy *hierarchy, const char *name, const char *before)
{
    const struct cgroup_dir root = { hierarchy->mount_point, "/", true, NULL };

    if (!strstr(before, name))
        cgroup_write(&root, "cgroup.subtree_control", arena_printf(&arena, "-%s", name), NULL);
}

static void test_controllers(void)
{
    const struct cgroup_hierarchy *hierarchy = find("", true);
    struct cgroup_dir top, mid, dir, root = { "", "/", true, NULL };
    const char *before;
    struct error err = { 0 };
    const char *name;
    pid_t pid;
    bool made;

    NEEDS(hierarchy && hierarchy->controllers[0], "no v2 hierarchy with a controller");
    name = arena_strndup(&arena, hierarchy->controllers, strcspn(hierarchy->controllers, ","));
    root.mount = hierarchy->mount_point;
    before = read_value(&root, "cgroup.subtree_control");
    top = ours(hierarchy, "");
    mid = ours(hierarchy, "/m");
    dir = ours(hierarchy, "/m/c");
    CHECK_INT(cgroup_make(&dir, name, 0, &made, &err), 0);
    CHECK(strstr(read_value(&dir, "cgroup.controllers"), name));
    CHECK_STR(read_value(&dir, "cgroup.subtree_control"), "");
    CHECK_INT(cgroup_make(&dir, arena_printf(&arena, "%s ?nothing", name), 0, &made, &err), 0);
    CHECK_INT(cgroup_remove(&top, 100, &err), 0);

    CHECK_INT(cgroup_make(&dir, "nothing", 0, &made, &err), -ENOENT);
    CHECK(strstr(err.text, "no cgroup controller \"nothing\" is available in"));
    CHECK(!exists(&top)); /* what was made is gone again */

    CHECK_INT(cgroup_make(&mid, NULL, 0, &made, &err), 0);
    pid = sleeper();
    CHECK_INT(cgroup_join(&mid, pid, &err), 0);
    CHECK_INT(cgroup_make(&dir, name, 0, &made, &err), -EBUSY);
    CHECK(strstr(err.text, "has processes of its own"));
    CHECK(!exists(&dir) && exists(&mid));
    end(pid);
    CHECK_INT(cgroup_make(&dir, name, 0, &made, &err), 0);
    pid = sleeper();
    CHECK_INT(cgroup_join(&mid, pid, &err), -EBUSY);
    CHECK(strstr(err.text, "gives controllers to its children"));
    CHECK_INT(cgroup_remove(&dir, 100, &err), 0);
    CHECK_INT(cgroup_write(&mid, "cgroup.subtree_control", arena_printf(&arena, "-%s", name), &err), 0);
    CHECK_INT(cgroup_make(&dir, NULL, 0, &made, &err), 0);
    CHECK_INT(cgroup_write(&dir, "cgroup.type", "threaded", &err), 0);
    CHECK_INT(cgroup_join(&mid, pid, &err), 0);
    CHECK_INT(cgroup_remove(&top, 20, &err), -EBUSY);
    CHECK_INT(cgroup_signal(&top, SIGTERM, &err), 0);
    waitpid(pid, NULL, 0);
    CHECK_INT(cgroup_remove(&top, 1000, &err), 0);
    restore(hierarchy, name, before);
}

/* More than are held at a time, some of which end meanwhile. */
static void test_signal_many(void)
{
    enum { MANY = 150 };
    const struct cgroup_hierarchy *hierarchy = find("pids", false);
    struct cgroup_dir top, dir;
    struct rlimit few = { 40, 40 }, old;
    struct error err = { 0 };
    pid_t pids[MANY];
    bool made;
    int status;

    NEEDS(hierarchy, "no v1 hierarchy of pids");
    top = ours(hierarchy, "");
    dir = ours(hierarchy, "/many");
    CHECK_INT(cgroup_make(&dir, NULL, false, &made, &err), 0);
    for (int i = 0; i < MANY; i++) {
        pids[i] = sleeper();
        CHECK_INT(cgroup_join(&dir, pids[i], &err), 0);
    }
    end(pids[0]);
    getrlimit(RLIMIT_NOFILE, &old);
    few.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_NOFILE, &few);
    CHECK_INT(cgroup_signal(&dir, SIGTERM, &err), 0);
    setrlimit(RLIMIT_NOFILE, &old);
    for (int i = 1; i < MANY; i++) {
        CHECK_INT(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    }
    CHECK_INT(cgroup_remove(&top, 1000, &err), 0);
}

static void test_threaded(void)
{
    const struct cgroup_hierarchy *hierarchy = find("", true);
    struct cgroup_dir top, dir, below;
    struct error err = { 0 };
    pid_t *pids, pid;
    bool made;
    size_t n;

    NEEDS(hierarchy, "no v2 hierarchy");
    top = ours(hierarchy, "");
    dir = ours(hierarchy, "/t");
    below = ours(hierarchy, "/t/invalid");
    CHECK_INT(cgroup_make(&dir, NULL, 0, &made, &err), 0);
    CHECK_INT(cgroup_write(&dir, "cgroup.type", "threaded", &err), 0);
    CHECK_INT(cgroup_make(&below, NULL, 0, &made, &err), 0);
    pid = sleeper();
    CHECK_INT(cgroup_join(&below, pid, &err), -EOPNOTSUPP);
    CHECK(strstr(err.text, "domain invalid"));
    CHECK_INT(cgroup_join(&top, pid, &err), 0);
    CHECK_INT(cgroup_write(&dir, "cgroup.threads", arena_printf(&arena, "%d", (int) pid), &err), 0);
    CHECK_INT(cgroup_pids(&dir, &pids, &n, &err), 0);
    CHECK_INT(n, 1);
    CHECK_INT(pids[0], pid);
    free(pids);
    CHECK_INT(cgroup_signal(&top, SIGKILL, &err), 0);
    waitpid(pid, NULL, 0);
    CHECK_INT(cgroup_remove(&top, 1000, &err), 0);
    CHECK(!exists(&top));
}

/* ---- devices ---- */

/* In cgroup DIR: what is on the list can be made and opens, what is not neither. Exit status by bits. */
static int try_devices(const struct cgroup_dir *dir)
{
    char node[64];
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        snprintf(node, sizeof node, "/tmp/crun-unit-node-%d", (int) getpid());
        if (cgroup_join(dir, getpid(), NULL) < 0)
            _exit(64);
        status |= open("/dev/null", O_RDWR | O_CLOEXEC) >= 0 ? 1 : 0;
        status |= mknod(node, S_IFCHR | 0600, makedev(1, 1)) == 0 ? 2 : 0; /* mem */
        status |= open(node, O_RDONLY | O_CLOEXEC) >= 0 ? 4 : 0;
        unlink(node);
        status |= mknod(node, S_IFCHR | 0600, makedev(1, 11)) == 0 ? 8 : 0; /* kmsg */
        status |= open(node, O_WRONLY | O_CLOEXEC) >= 0 ? 16 : 0;
        status |= open(node, O_RDWR | O_CLOEXEC | O_NONBLOCK) >= 0 ? 32 : 0;
        unlink(node);
        _exit(status);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* kmsg for making and writing only, besides the defaults. */
static struct spec_device_rule kmsg = {
    true, 'c', {true,  1 },
      { true, 11},
      "wm"
};
static const struct spec_resources with_kmsg = { .devices = &kmsg, .n_devices = 1 };
#define EXPECTED_ACCESS (1 | 8 | 16)

static void test_devices_v1(void)
{
    const struct cgroup_hierarchy *hierarchy = find("devices", false);
    struct error err = { 0 };
    struct resource_rows rows = { .arena = &arena, .err = &err };
    struct device_rules rules;
    struct cgroup_dir dir;
    bool made;

    NEEDS(hierarchy, "no v1 devices hierarchy");
    dir = ours(hierarchy, "");
    CHECK_INT(device_rules_make(&with_kmsg, NULL, &arena, &rules, &err), 0);
    device_rules_v1(&rules, &rows);
    CHECK_INT(cgroup_make(&dir, NULL, 0, &made, &err), 0);
    for (size_t i = 0; i < rows.n; i++)
        CHECK_INT(cgroup_write(&dir, rows.rows[i].file, rows.rows[i].value, &err), 0);
    CHECK_INT(try_devices(&dir), EXPECTED_ACCESS);
    CHECK_INT(cgroup_remove(&dir, 1000, &err), 0);
}

static void test_devices_v2(void)
{
    const struct cgroup_hierarchy *hierarchy = find("", true);
    const struct bpf_code *code;
    struct device_rules rules;
    struct error err = { 0 };
    struct cgroup_dir dir;
    size_t n;
    bool made;
    int r;

    NEEDS(hierarchy, "no v2 hierarchy");
    dir = ours(hierarchy, "");
    CHECK_INT(device_rules_make(&with_kmsg, NULL, &arena, &rules, &err), 0);
    CHECK_INT(devices_bpf(&rules, &arena, &code, &n, &err), 0);
    CHECK_INT(cgroup_make(&dir, NULL, 0, &made, &err), 0);
    r = cgroup_attach_devices(&dir, code, n * sizeof *code, &err);
    printf("# %zu instructions: %s\n", n, r < 0 ? err.text : "attached");
    CHECK_INT(r, 0);
    CHECK_INT(try_devices(&dir), EXPECTED_ACCESS);
    CHECK_INT(cgroup_attach_devices(&dir, code, 8, &err), -EINVAL);
    CHECK(strstr(err.text, "(verifier: "));
    CHECK_INT(cgroup_remove(&dir, 1000, &err), 0);
}

/* Parallel containers that make and remove a common parent never fail. */
static void test_common_parent(void)
{
    const struct cgroup_hierarchy *hierarchy = find("pids", false) ? find("pids", false) : find("", true);
    struct cgroup_dir top;
    struct error err = { 0 };
    int failures = 0;

    NEEDS(hierarchy, "neither pids nor v2 is mounted");
    top = ours(hierarchy, "");
    for (int child = 0; child < 4; child++) {
        struct cgroup_dir dir = ours(hierarchy, arena_printf(&arena, "/p/%d", child));

        if (fork() == 0) {
            bool made;

            for (int i = 0; i < 200; i++)
                if (cgroup_make(&dir, NULL, 0, &made, &err) < 0 || cgroup_remove(&dir, 100, &err) < 0) {
                    printf("# %s\n", err.text);
                    fflush(stdout);
                    _exit(1);
                } else {
                    rmdir(arena_printf(&arena, "%s%s/p", top.mount, top.path));
                }
            _exit(0);
        }
    }
    for (int child = 0, status; child < 4; child++) {
        wait(&status);
        failures += status != 0;
    }
    CHECK_INT(failures, 0);
    CHECK_INT(cgroup_remove(&top, 1000, &err), 0);
}

/* Killed between mkdir and the mark: what the state says is removed, and without it only what is marked. */
static void above(const struct cgroup_hierarchy *hierarchy)
{
    struct cgroup_dir top = ours(hierarchy, ""), a = ours(hierarchy, "/a"), dir = ours(hierarchy, "/a/b/c");
    struct error err = { 0 };
    bool made;

    CHECK_INT(cgroup_look_above(&a, &arena, &err), 0);
    CHECK_STR(a.above, "/");
    CHECK_INT(mkdir(arena_printf(&arena, "%s%s", top.mount, top.path), 0755), 0);
    CHECK_INT(cgroup_look_above(&a, &arena, &err), 0);
    CHECK_INT(cgroup_look_above(&dir, &arena, &err), 0);
    CHECK_STR(dir.above, top.path);
    CHECK_INT(mkdir(arena_printf(&arena, "%s%s", a.mount, a.path), 0755), 0);
    dir.above = NULL;
    CHECK_INT(cgroup_remove(&dir, 0, &err), 0);
    CHECK(exists(&a));
    dir.above = top.path;
    CHECK_INT(cgroup_remove(&dir, 0, &err), 0);
    CHECK(!exists(&a) && exists(&top));
    dir.above = NULL;
    CHECK_INT(cgroup_make(&dir, NULL, 0, &made, &err), 0);
    CHECK_INT(cgroup_remove(&dir, 0, &err), 0);
    CHECK(!exists(&a) && exists(&top));
    CHECK_INT(cgroup_remove(&top, 0, &err), 0);
}

static void test_above(void)
{
    NEEDS(host.cgroup.n_hierarchies, "no cgroup hierarchies");
    for (size_t i = 0; i < host.cgroup.n_hierarchies; i++)
        above(&host.cgroup.hierarchies[i]);
}

/* The rest of the tests run with nothing but cgroup2 at /sys/fs/cgroup. */
static void test_unified_view(void)
{
    struct error err = { 0 };

    NEEDS(find("", true), "no v2 hierarchy");
    CHECK_INT(unshare(CLONE_NEWNS), 0);
    CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    umount2("/sys/fs/cgroup", MNT_DETACH);
    CHECK_INT(mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL), 0);
    CHECK_INT(host_probe(&host, HOST_CGROUP, &arena, &err), 0);
    CHECK_INT(host.cgroup.layout, CGROUP_LAYOUT_V2);
    CHECK_INT(host.cgroup.n_hierarchies, 1);
    CHECK_STR(host.cgroup.hierarchies[0].mount_point, "/sys/fs/cgroup");
    CHECK(host.clone_into_cgroup);
}

static const struct test tests[] = {
    {"make, join, list, kill, remove in every hierarchy", test_life         },
    { "removal waits for processes to exit",              test_remove_waits },
    { "nesting without end",                              test_deep         },
    { "freeze, thaw, kill frozen",                        test_freeze       },
    { "cpuset inherits",                                  test_cpuset       },
    { "write",                                            test_write        },
    { "bad paths",                                        test_bad_paths    },
    { "v2 controllers",                                   test_controllers  },
    { "a signal for many",                                test_signal_many  },
    { "v2 threaded",                                      test_threaded     },
    { "devices on v1",                                    test_devices_v1   },
    { "devices on v2",                                    test_devices_v2   },
    { "a common parent in parallel",                      test_common_parent},
    { "what lies above",                                  test_above        },
    { "a pure v2 view",                                   test_unified_view },
    { "unified: make, join, list, kill, remove",          test_life         },
    { "unified: freeze",                                  test_freeze       },
    { "unified: controllers",                             test_controllers  },
    { "unified: devices",                                 test_devices_v2   },
};

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (arena_init(&arena, ARENA_DEFAULT_SIZE, NULL) < 0 || host_probe(&host, HOST_CGROUP, &arena, NULL) < 0)
        return 1;
    if (host.euid != 0 || host.in_user_namespace)
        skip = "needs root";
    return test_main(tests, sizeof tests / sizeof tests[0]);
}
