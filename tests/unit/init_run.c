// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crun-init without its parent: plans made by hand, run in new namespaces on a busybox root file system, with the
 * answers of the parent queued beforehand. Every case that touches paths or mounts is run in several ways: as
 * the kernel offers it, and without openat2, mount_setattr, or any of the calls that mount by descriptor. Needs root; without it every case is skipped.
 */
#include "init_script.h"

/* ---- cases ---- */

static void add_usual_mounts(void)
{
    add_mount("proc", "/proc", NULL);
    add_mount("tmpfs", "/dev", "mode=755");
    add_mount("devpts", "/dev/pts", "ptmxmode=0666")->mount.options = LIST("newinstance", "ptmxmode=0666", "mode=0620");
    add_mount("tmpfs", "/dev/shm", "size=64k")->mount.attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    add_mount("mqueue", "/dev/mqueue", NULL);
    add_mount("sysfs", "/sys", NULL)->mount.attr = MOUNT_ATTR_RDONLY;
    add_device("/dev/null", 1, 3);
    add_device("/dev/zero", 1, 5);
    add(OP_SYMLINK)->symlink.target = str("/proc/self/fd");
    script.ops[script.blob.n_ops - 1].symlink.path = str("/dev/fd");
}

static void usual_container(void)
{
    struct outcome out;
    struct op *op;

    begin(NEW);
    add(OP_SESSION);
    add(OP_KEYRING)->keyring.name = str("_ses.test");
    add_root();
    add_usual_mounts();
    add_bind("/etc/hostname", "/etc/hostname", BIND_RECURSIVE)->bind.set = MOUNT_ATTR_RDONLY;
    add_bind("/usr/share", "/new/share", BIND_RECURSIVE);
    add(OP_PIVOT);
    add(OP_READONLY_PATH)->readonly_path.path = str("/proc/sys");
    add(OP_READONLY_PATH)->readonly_path.path = str("/proc/missing");
    add(OP_MASK_PATH)->mask_path.path = str("/proc/version");
    add(OP_MASK_PATH)->mask_path.path = str("/proc/keys");
    add(OP_MASK_PATH)->mask_path.path = str("/proc/scsi");
    add(OP_MASK_PATH)->mask_path.path = str("/sys/firmware");
    add(OP_MASK_PATH)->mask_path.path = str("/sys/kernel");
    op = add(OP_SYSCTL);
    op->sysctl.file = str("kernel/shmmni");
    op->sysctl.value = str("1234");
    add(OP_HOSTNAME)->hostname.name = str("inside");
    add(OP_ROOT_READONLY);
    add(OP_UMASK)->umask.mask = 027;
    add(OP_BOUNDING)->bounding.last = 40;
    add(OP_GROUPS)->groups.gids = (struct op_bytes){ put((uint32_t[]){ 7, 8 }, 8), 8 };
    op = add(OP_IDENTITY);
    op->identity.uid = 1000;
    op->identity.gid = 1001;
    add(OP_CAPABILITIES)->capabilities.last = 40;
    add(OP_NO_NEW_PRIVS);
    add(OP_CWD)->cwd.path = str("/etc");
    add(OP_HOME)->home.uid = 1000;
    op = add(OP_RLIMIT);
    op->rlimit.resource = RLIMIT_NOFILE;
    op->rlimit.soft = 77;
    op->rlimit.hard = 88;
    add_exec("id -u; id -g; id -G; pwd; echo $HOME; hostname; umask; ulimit -n; grep Cap /proc/self/status;"
             "grep NoNew /proc/self/status; cat /proc/sys/kernel/shmmni; ls -l /proc/self/fd | wc -l;"
             "stat -c %t:%T /proc/version; stat -c %F%a /sys/firmware; ls /sys/kernel; ls -d /new/share;"
             "(echo 1 >/etc/hostname) 2>&1 | grep -c Read-only; (echo 1 >/proc/sys/kernel/shmmni) 2>&1 | grep -c "
             "Read-only; (touch /x) 2>&1 | grep -c Read-only; stat -c %a:%F /dev/null; stat -c %a /dev/shm");
    out = run();
    CHECK_INT(out.failure.code, 0);
    printf("# %s\n", strstr(out.output, "1000") ? "ran" : out.output);
    CHECK_STR(out.output, "1000\n1001\n1001 7 8\n/etc\n/home/user\ninside\n0027\n77\nCapInh:\t0000000000000000\n"
                          "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
                          "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n1234\n5\n1:3\ndirectory755\n/new/share\n1\n1\n1\n"
                          "666:character special file\n1777\n");
}

static void test_usual(void)
{
    WITH_ROOTFS(usual_container());
}

static void expect_failure(const char *text, int code)
{
    struct outcome out = run();

    CHECK(out.failure.type == MESSAGE_FAILED);
    CHECK_STR(out.failure.detail, text);
    CHECK_INT(out.failure.code, code);
}

static void failures(void)
{
    begin(NEW);
    add_root();
    add(OP_PIVOT);
    add(OP_EXEC)->exec.args = LIST("no-such-command");
    expect_failure("executable file not found in $PATH", -ENOENT);
    begin(NEW);
    add_root();
    add(OP_PIVOT);
    add(OP_FIND)->find.name = str("/etc/passwd");
    expect_failure("\"/etc/passwd\"", -EACCES);
    begin(NEW);
    add_root();
    add_bind("/no/such/source", "/mnt", 0);
    expect_failure("source \"/no/such/source\" does not exist", -ENOENT);
    begin(NEW);
    add_root();
    add(OP_PIVOT);
    expect_failure("the plan ends without executing anything", -EINVAL);
}

static void test_failures(void)
{
    WITH_ROOTFS(failures());
}

static void option_failure(void)
{
    struct outcome out;

    begin(NEW);
    add_root();
    add_mount("tmpfs", "/mnt", "size=banana");
    out = run();
    CHECK_INT(out.failure.code, -EINVAL);
    CHECK(by_mount_call() || strstr(out.failure.detail, "Bad value for 'size'"));
}

static void test_option_failure(void)
{
    WITH_ROOTFS(option_failure());
}

/* Targets through links that point outside; everything lands inside. */
static void hostile_links(void)
{
    struct outcome out;
    char command[160];

    shell("cd %s && ln -s %s up && ln -s ../../../../../../../..%s rel && ln -s %s/file dangling && "
          "ln -s ../../../../dev dev && ln -s loop loop && ln -s /proc/self/cwd/../../.. magic",
          rootfs, outside, outside, outside);
    begin(NEW);
    add_root();
    add_mount("tmpfs", "/up/a", NULL);
    add_mount("tmpfs", "/rel/b/../c", NULL);
    add_bind("/etc/hostname", "/dangling", 0);
    add_bind("/usr/share", "/../../../up/d", 0);
    add_device("/up/null", 1, 3);
    add_device("/rel/../../../../../zero", 1, 5);
    add(OP_SYMLINK)->symlink.target = str("x");
    script.ops[script.blob.n_ops - 1].symlink.path = str("/up/link");
    add_mount("proc", "/proc", NULL);
    add(OP_PIVOT);
    snprintf(command, sizeof command, "ls %s; ls -d /zero; readlink /up/link", outside);
    add_exec(command);
    out = run();
    CHECK(outside_is_empty());
    CHECK_STR(out.output, "a\nb\nc\nd\nfile\nlink\nnull\n/zero\nx\n");
    begin(NEW);
    add_root();
    add_mount("tmpfs", "/loop/x", NULL);
    expect_failure("\"/loop/x\"", -ELOOP);
}

static void test_hostile_links(void)
{
    WITH_ROOTFS(hostile_links());
}

static void plain_dirs(void)
{
    shell("ln -s etc %s/proc", rootfs);
    begin(NEW);
    add_root();
    add_mount("proc", "/proc", NULL);
    expect_failure("must be mounted on ordinary directory", -ELOOP);
}

static void test_plain_dirs(void)
{
    WITH_ROOTFS(plain_dirs());
}

/* /dev/null of the image is a file: masks must not show it. */
static void false_null(void)
{
    struct outcome out;

    shell("mkdir %s/dev && echo bad >%s/dev/null && echo secret >%s/secret && ln -s secret %s/alias", rootfs, rootfs,
          rootfs, rootfs);
    begin(NEW);
    add_root();
    add(OP_PIVOT);
    add(OP_MASK_PATH)->mask_path.path = str("/alias");
    add_exec("cat /secret; stat -c %t:%T /secret");
    out = run();
    if (by_mount_call())
        CHECK_STR(out.failure.detail, "/dev/null is not character device 1:3");
    else
        CHECK_STR(out.output, "1:3\n");
    begin(NEW);
    add_root();
    add_device("/dev/null", 1, 3);
    expect_failure("something else stands in the place of the device", -EEXIST);
}

static void test_false_null(void)
{
    WITH_ROOTFS(false_null());
}

/* A working directory that is a descriptor of ours leads nowhere. */
static void magic_cwd(void)
{
    struct outcome out;

    begin(NEW);
    script.blob.n_slots = 1;
    script.slots[0] = high(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    add_root();
    add_mount("proc", "/proc", NULL);
    add(OP_PIVOT);
    add(OP_CWD)->cwd.path = str("/proc/self/fd/13");
    add_exec("pwd; ls");
    out = run();
    close(script.slots[0]);
    /* Refused, or the text of the link walked inside the root. */
    if (out.failure.type != MESSAGE_FAILED)
        CHECK_STR(out.output, "/\nbin\netc\nproc\n");
}

static void test_magic_cwd(void)
{
    WITH_ROOTFS(magic_cwd());
}

static void missing_cwd(void)
{
    struct outcome out;

    begin(NEW);
    add_root();
    add(OP_PIVOT);
    add(OP_CWD)->cwd.path = str("/a/b/c");
    script.ops[script.blob.n_ops - 1].cwd.create = 1;
    add(OP_HOME)->home.uid = 4711;
    add_exec("pwd; echo $HOME; echo $A; umask");
    umask(022);
    out = run();
    CHECK_STR(out.output, "/a/b/c\n/\nb\n0022\n");
}

static void test_missing_cwd(void)
{
    WITH_ROOTFS(missing_cwd());
}

static void tmpfs_modes(void)
{
    struct outcome out;
    struct op *op;

    shell("mkdir -p %s/old/sub && chmod 0705 %s/old && echo text >%s/old/sub/file && ln -s sub %s/old/link && "
          "chown -h 5:6 %s/old/sub/file && chmod 4711 %s/old/sub/file",
          rootfs, rootfs, rootfs, rootfs, rootfs, rootfs);
    begin(NEW);
    add_root();
    op = add_mount("tmpfs", "/old", NULL);
    op->mount.flags = MOUNT_KEEP_MODE | MOUNT_COPY_UP;
    add_mount("tmpfs", "/fresh", NULL)->mount.flags = MOUNT_KEEP_MODE;
    add(OP_PIVOT);
    add_exec("stat -c %a /old /fresh; cat /old/link/file; stat -c %a:%u:%g /old/sub/file; stat -f -c %T /old");
    out = run();
    CHECK_STR(out.output, "705\n1777\ntext\n4711:5:6\ntmpfs\n");
}

static void test_tmpfs_modes(void)
{
    WITH_ROOTFS(tmpfs_modes());
}

static void root_mount(void)
{
    struct outcome out;

    begin(NEW);
    add_root();
    add_mount("tmpfs", "/", NULL);
    add_bind("/bin/busybox", "/bin/sh", 0);
    add(OP_PIVOT);
    add_exec("echo /*");
    out = run();
    CHECK_STR(out.output, "/bin\n");
}

static void test_root_mount(void)
{
    WITH_ROOTFS(root_mount());
}

static void attributes(void)
{
    struct outcome out;
    struct op *op;

    begin(NEW);
    add_root();
    op = add_bind("/usr", "/usr", BIND_RECURSIVE);
    op->bind.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME;
    op->bind.clear = MOUNT_ATTR__ATIME;
    op = add(OP_REMOUNT);
    op->remount.target = str("/usr");
    op->remount.set = MOUNT_ATTR_NODEV;
    op->remount.clear = MOUNT_ATTR_NOSUID;
    op = add(OP_PROPAGATE);
    op->propagate.target = str("/usr");
    op->propagate.flags = MS_SHARED;
    add_mount("proc", "/proc", NULL);
    add(OP_PIVOT);
    add_exec("grep ' /usr ' /proc/self/mountinfo | { read a b c d e f g h; echo $f ${g%%:*}; }");
    out = run();
    CHECK_STR(out.output, "ro,nodev,noatime shared\n");
}

static void test_attributes(void)
{
    WITH_ROOTFS(attributes());
}

static void move_and_chroot(void)
{
    static const enum pivot_mode modes[] = { PIVOT_MOVE, PIVOT_CHROOT };

    for (int i = 0; i < 2; i++) {
        struct outcome out;

        begin(NEW);
        add_root();
        add_mount("proc", "/proc", NULL);
        add(OP_PIVOT)->pivot.mode = modes[i];
        add(OP_MASK_PATH)->mask_path.path = str("/proc/scsi");
        add_exec("echo /*");
        out = run();
        CHECK_STR(out.output, "/bin /etc /proc\n");
    }
}

static void test_move_and_chroot(void)
{
    WITH_ROOTFS(move_and_chroot());
}

static void terminal(void)
{
    struct outcome out;
    struct op *op;
    char text[256] = { 0 };
    ssize_t n, used = 0;

    begin(NEW);
    add(OP_SESSION);
    add_root();
    add_usual_mounts();
    op = add(OP_TERMINAL);
    op->terminal.width = 91;
    op->terminal.height = 37;
    op->terminal.uid = 1000;
    add(OP_PIVOT);
    add_device("/dev/tty", 5, 0);
    add_exec("tty; stat -c %u:%a /dev/console; echo ok >/dev/tty; mount | grep -c console");
    out = run();
    CHECK(out.terminal_fd >= 0);
    while ((n = read(out.terminal_fd, text + used, sizeof text - 1 - (size_t) used)) > 0)
        used += n;
    close(out.terminal_fd);
    CHECK_STR(text, "/dev/pts/0\r\n1000:620\r\nok\r\n1\r\n");
}

static void false_console(void)
{
    shell("ln -s /etc/passwd %s/console; mkdir -p %s/dev/pts; ln -s ../etc/passwd %s/dev/console", rootfs, rootfs,
          rootfs);
    begin(NEW);
    add(OP_SESSION);
    add_root();
    add_mount("devpts", "/dev/pts", "newinstance");
    add(OP_TERMINAL);
    expect_failure("/dev/console is a symbolic link", -ELOOP);
}

static void test_terminal(void)
{
    WITH_ROOTFS(terminal());
    WITH_ROOTFS(false_console());
}

static void user_namespace(void)
{
    struct outcome out;
    struct op *op;

    shell("chown -R 100000:100000 %s", rootfs);
    begin(NEW | CLONE_NEWUSER);
    add(OP_SYNC)->sync.mode = SYNC_INIT_WAITS;
    add(OP_BECOME_ROOT)->become_root.groups = 1;
    add_root();
    add_mount("proc", "/proc", NULL);
    add_mount("tmpfs", "/dev", "mode=755");
    op = add(OP_DEVICE_BIND);
    op->device_bind.path = str("/dev/null");
    op->device_bind.mode = S_IFCHR;
    op->device_bind.major = 1;
    op->device_bind.minor = 3;
    add_device("/dev/zero", 1, 5);
    add(OP_PIVOT);
    add(OP_MASK_PATH)->mask_path.path = str("/proc/version");
    add(OP_MASK_PATH)->mask_path.path = str("/proc/scsi");
    add(OP_READONLY_PATH)->readonly_path.path = str("/proc/sys");
    op = add(OP_CAPABILITIES);
    op->capabilities.effective = op->capabilities.permitted = 0x420;
    op->capabilities.last = 40;
    add_exec(
        "id -u; id -G; grep -E 'CapInh|CapAmb' /proc/self/status; stat -c %t:%T /dev/null /dev/zero /proc/version");
    out = run();
    CHECK_STR(out.output, "0\n0\nCapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n1:3\n1:5\n1:3\n");
}

static void test_user_namespace(void)
{
    WITH_ROOTFS(user_namespace());
}

/* A root behind a symbolic link; and one that comes as a tree, for the user namespace cannot reach its path. */
static void hard_roots(void)
{
    struct outcome out;
    struct op *op;
    char link[80];

    snprintf(link, sizeof link, "%s.link", rootfs);
    CHECK_INT(symlink(rootfs, link), 0);
    begin(NEW);
    add_propagation();
    op = add(OP_ROOT);
    op->root.path = str(link);
    op->root.tree = SLOT_NONE;
    add(OP_PIVOT);
    add_exec("echo /*");
    out = run();
    unlink(link);
    CHECK_STR(out.output, "/bin /etc\n");
    shell("chown -R 100000:100000 %s", rootfs);
    begin(NEW | CLONE_NEWUSER);
    script.blob.n_slots = 1;
    script.slots[0] = high(sys_open_tree(AT_FDCWD, rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    add(OP_SYNC)->sync.mode = SYNC_INIT_WAITS;
    add(OP_BECOME_ROOT)->become_root.groups = 1;
    add_propagation();
    op = add(OP_ROOT);
    op->root.path = str("/root/.not/reachable");
    op->root.tree = 0;
    add_mount("proc", "/proc", NULL);
    add(OP_PIVOT);
    add_exec("echo /*; grep -c . /proc/self/mountinfo");
    out = run();
    close(script.slots[0]);
    CHECK_STR(out.output, "/bin /etc /proc\n2\n");
}

static void test_hard_roots(void)
{
    WITH_ROOTFS(hard_roots());
}

static struct op *add_hook(const char *command)
{
    struct op *op = add(OP_HOOK);

    op->hook.path = str("/bin/sh");
    op->hook.args = LIST("sh", "-c", command);
    op->hook.env = LIST("PATH=/bin", "H=hook");
    op->hook.output = op->hook.errors = SLOT_NONE;
    return op;
}

static void hooks(void)
{
    struct outcome out;
    struct op *op;

    begin(NEW);
    script.state_fd = memfd_of("{state}\n", 8);
    op = add(OP_SYNC);
    op->sync.mode = SYNC_BOTH_WAIT;
    op->sync.state = 1;
    add_root();
    add_mount("proc", "/proc", NULL);
    add_hook("cat; echo $H; ls /proc/self/fd | wc -l");
    add(OP_PIVOT);
    add_hook("cat; echo second");
    add_exec("echo third");
    out = run();
    CHECK(strstr(out.output, "{state}\nhook\n") && strstr(out.output, "{state}\nsecond\nthird\n"));
    begin(NEW);
    add_root();
    add_hook("echo why >&2; exit 7");
    expect_failure("\"/bin/sh\": exit status 7, stderr: why", -ECANCELED);
    begin(NEW);
    add_root();
    add_hook("kill -9 $$");
    expect_failure("\"/bin/sh\": killed by signal 9", -ECANCELED);
    begin(NEW);
    add_root();
    add_hook("sleep 60")->hook.timeout = 1;
    expect_failure("\"/bin/sh\": timed out after 1 s", -ETIMEDOUT);
    begin(NEW);
    add_root();
    add_hook("")->hook.path = str("/no/such/hook");
    expect_failure("\"/no/such/hook\"", -ENOENT);
    close(script.state_fd);
}

static void test_hooks(void)
{
    WITH_ROOTFS(hooks());
}

static void refork(void)
{
    struct outcome out;
    struct op *op;

    begin(CLONE_NEWNS);
    add_root();
    op = add(OP_REFORK);
    op->refork.flags = CLONE_NEWPID;
    op->refork.report = op->refork.go = SLOT_NONE;
    add_mount("proc", "/proc", NULL);
    add(OP_PIVOT);
    add_exec("echo $$");
    out = run();
    CHECK(out.adopted > 0);
    CHECK_STR(out.output, "1\n");
}

static void test_refork(void)
{
    WITH_ROOTFS(refork());
}

static int start_socket(struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    snprintf(address->sun_path, sizeof address->sun_path, "%s.socket", rootfs);
    if (bind(fd, (struct sockaddr *) address, sizeof *address) < 0 || listen(fd, 8) < 0)
        abort();
    return high(fd);
}

static int connect_start(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    return connect(fd, (const struct sockaddr *) address, sizeof *address) < 0 ? -1 : fd;
}

static void start_with(const char *command, struct message *ret_answer, struct outcome *out)
{
    struct sockaddr_un address;
    int sync_fd, output_fd, pid, fd;

    begin(NEW);
    script.listen_fd = start_socket(&address);
    add_root();
    add(OP_PIVOT);
    add(OP_WAIT_START);
    add(OP_EXEC)->exec.args = LIST(command);
    pid = start_script(&sync_fd, &output_fd);
    close(script.listen_fd);
    read_messages(sync_fd, out);
    close(connect_start(&address)); /* one that goes away again */
    fd = connect_start(&address);
    send_go(fd, 0, -1);
    if (read(fd, ret_answer, sizeof *ret_answer) <= 0)
        ret_answer->type = 0;
    close(fd);
    finish(pid, sync_fd, output_fd, out);
    unlink(address.sun_path);
}

static void wait_start(void)
{
    struct outcome out = { 0 };
    struct message answer = { 0 };

    shell("printf '#!/bin/sh\\necho started\\n' >%s/bin/go; chmod 755 %s/bin/go", rootfs, rootfs);
    start_with("/bin/go", &answer, &out);
    CHECK_INT(answer.type, 0);
    CHECK_STR(out.output, "started\n");
    memset(&out, 0, sizeof out);
    start_with("/bin/no", &answer, &out);
    CHECK_INT(answer.type, MESSAGE_FAILED);
    CHECK_INT(answer.code, -ENOENT);
}

static void test_wait_start(void)
{
    WITH_ROOTFS(wait_start());
}

/* Somebody with a share in the tree exchanges a directory and a link to the outside, all the time. */
static int start_exchange(void)
{
    char dir[128], link[128];
    int pid;

    snprintf(dir, sizeof dir, "%s/volume", rootfs);
    snprintf(link, sizeof link, "%s/link", rootfs);
    fflush(stdout);
    pid = fork();
    while (pid == 0)
        syscall(SYS_renameat2, AT_FDCWD, dir, AT_FDCWD, link, 2);
    return pid;
}

static void exchange(void)
{
    int pid, ran = 0;

    shell("mkdir %s/volume; ln -s %s %s/link", rootfs, outside, rootfs);
    pid = start_exchange();
    for (int i = 0; i < 25; i++) {
        int sync_fd, output_fd, init_pid;
        struct outcome out = { 0 };

        begin(NEW);
        add_root();
        add_mount("tmpfs", "/volume/a", NULL);
        add_bind("/etc/hostname", "/volume/b", 0);
        add_device("/volume/c", 1, 3);
        add_mount("tmpfs", "/volume", NULL);
        add(OP_PIVOT);
        add_exec("echo ran");
        init_pid = start_script(&sync_fd, &output_fd);
        finish(init_pid, sync_fd, output_fd, &out);
        ran += strcmp(out.output, "ran\n") == 0;
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    printf("# %d of 25 went through\n", ran);
    CHECK(outside_is_empty());
}

static void test_exchange(void)
{
    WITH_ROOTFS(exchange());
}

/* A process in namespaces of its own, among them a user namespace. */
static int other_process(unsigned long namespaces)
{
    int pid = sys_clone(namespaces | SIGCHLD, NULL);

    if (pid == 0)
        for (;;)
            pause();
    if (pid < 0)
        abort();
    write_map(pid, "gid_map");
    write_map(pid, "uid_map");
    return pid;
}

static void names_of_namespaces(int pid, char *ret, size_t size)
{
    static const char *const files[] = { "user", "uts", "ipc", "mnt", "net" };
    char path[64], name[64];

    ret[0] = '\0';
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        ssize_t n;

        snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, files[i]);
        n = readlink(path, name, sizeof name - 1);
        snprintf(ret + strlen(ret), size - strlen(ret), "%.*s\n", n < 0 ? 0 : (int) n, name);
    }
}

/* All at once by pidfd, or one by one where that is refused with EINVAL, as it is for any other descriptor. The network
 * namespace is the host's: it cannot be joined from inside of the user namespace. */
static void joined_by(int fd, int pid)
{
    const char *links = "cd /proc/self/ns; readlink user; readlink uts; readlink ipc; readlink mnt; readlink net";
    struct outcome out;
    char wanted[512];
    struct op *op;

    names_of_namespaces(pid, wanted, sizeof wanted);
    begin(0);
    script.blob.n_slots = 1;
    script.slots[0] = high(fd);
    op = add(OP_SETNS);
    op->setns.fd = 0;
    op->setns.type = CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET;
    op->setns.pid = pid;
    add_exec(links);
    out = run();
    close(script.slots[0]);
    CHECK_STR(out.output, wanted);
}

static void test_joined(void)
{
    int pid = other_process(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS);

    joined_by(sys_pidfd_open(pid, 0), pid);
    if (!test_failed)
        joined_by(open("/dev/null", O_RDONLY | O_CLOEXEC), pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void links_as_mounts(void)
{
    struct outcome out;

    shell("ln -s nowhere %s/over; ln -s /etc/hostname %s.source; ln -s x %s/same", rootfs, rootfs, rootfs);
    begin(NEW);
    add_root();
    {
        char source[80];

        snprintf(source, sizeof source, "%s.source", rootfs);
        add_bind(source, "/over", BIND_NO_FOLLOW | BIND_SOURCE_NO_FOLLOW);
        add_bind(source, "/deep/er/copy", BIND_COPY_SYMLINK);
        add_bind("/etc/hostname", "/plain", BIND_COPY_SYMLINK);
    }
    add(OP_PIVOT);
    add_exec("readlink /over; readlink /deep/er/copy; readlink /plain; wc -l </plain");
    out = run();
    shell("rm %s.source", rootfs);
    CHECK_STR(out.output, "/etc/hostname\n/etc/hostname\n1\n");
}

static void test_links_as_mounts(void)
{
    WITH_ROOTFS(links_as_mounts());
}

static void add_filter(void)
{
    const struct {
        uint16_t code;
        uint8_t yes, no;
        uint32_t k;
    } program[] = {
        {0x20,  0, 0, 0                 }, /* A = number */
        { 0x15, 0, 1, SYS_sethostname   },
        { 0x06, 0, 0, 0x00050000u | EDOM},
        { 0x06, 0, 0, 0x7fff0000u       },
    };
    struct op *op = add(OP_SECCOMP);

    op->seccomp.program = (struct op_bytes){ put(program, sizeof program), sizeof program };
}

static void attributes_of_process(void)
{
    struct outcome out;
    struct op *op;
    uint64_t first_cpu = 1;

    begin(NEW);
    add_root();
    add_mount("proc", "/proc", NULL);
    add(OP_PIVOT);
    op = add(OP_SCHEDULER);
    op->scheduler.policy = SCHED_BATCH;
    op->scheduler.nice = 5;
    add(OP_IO_PRIORITY)->io_priority.value = 2 << 13 | 6;
    add(OP_PERSONALITY)->personality.value = 8;
    add(OP_AFFINITY)->affinity.mask = (struct op_bytes){ put(&first_cpu, 8), 8 };
    op = add(OP_MEMORY_POLICY);
    op->memory_policy.mode = 2;
    op->memory_policy.nodes = (struct op_bytes){ put(&first_cpu, 8), 8 };
    add(OP_DOMAINNAME)->domainname.name = str("domain.example");
    add(OP_NO_NEW_PRIVS);
    add_filter();
    add_exec(
        "B=/bin/busybox; $B ionice -p $$; $B uname -m; set -- $(cat /proc/self/stat); echo ${19} ${41};"
        "grep Cpus_allowed_list /proc/self/status; cat /proc/sys/kernel/domainname; grep Seccomp: /proc/self/status;"
        "$B hostname x 2>&1; grep -c SigIgn:.0000000000000000 /proc/self/status;"
        "grep -c SigBlk:.0000000000000000 /proc/self/status");
    signal(SIGUSR1, SIG_IGN);
    out = run();
    signal(SIGUSR1, SIG_DFL);
    CHECK_STR(out.output, "best-effort: prio 6\n"
                          "i686\n5 3\nCpus_allowed_list:\t0\ndomain.example\nSeccomp:\t2\n"
                          "hostname: sethostname: Numerical argument out of domain\n1\n1\n");
}

static void test_attributes_of_process(void)
{
    WITH_ROOTFS(attributes_of_process());
}

static void broken_plan(void)
{
    struct outcome out;

    begin(0);
    add_exec("true");
    script.ops[0].exec.args.offset = 1 << 30;
    out = run();
    CHECK_STR(out.failure.detail, "crun-init was given a broken plan");
}

static void test_broken_plan(void)
{
    WITH_ROOTFS(broken_plan());
}

/* ---- */

struct init_test {
    struct test test;
    bool every_way;
};

static const struct init_test tests[] = {
    {{ "a usual container", test_usual },                          true },
    { { "failures name what failed", test_failures },              true },
    { { "a bad mount option", test_option_failure },               true },
    { { "links out of the root", test_hostile_links },             true },
    { { "proc on a link is refused", test_plain_dirs },            true },
    { { "/dev/null of the image is a file", test_false_null },     true },
    { { "cwd through a descriptor", test_magic_cwd },              true },
    { { "a missing cwd is made", test_missing_cwd },               true },
    { { "tmpfs mode and tmpcopyup", test_tmpfs_modes },            true },
    { { "a mount on /", test_root_mount },                         true },
    { { "mount attributes", test_attributes },                     true },
    { { "without pivot_root", test_move_and_chroot },              true },
    { { "a terminal", test_terminal },                             true },
    { { "namespaces of another process", test_joined },            false},
    { { "targets exchanged under our hands", test_exchange },      true },
    { { "links as mounts", test_links_as_mounts },                 true },
    { { "attributes of the process", test_attributes_of_process }, false},
    { { "a user namespace", test_user_namespace },                 true },
    { { "roots behind a link and out of reach", test_hard_roots }, false},
    { { "hooks", test_hooks },                                     false},
    { { "a refork", test_refork },                                 false},
    { { "waiting for start", test_wait_start },                    false},
    { { "a broken plan", test_broken_plan },                       false},
};

static const struct {
    unsigned flags, first, errno_;
    const char *name;
} ways[] = {
    {0,                                        0,               0,      ""                                   },
    { BLOB_NO_OPENAT2,                         0,               0,      ", without openat2"                  },
    { BLOB_NO_OPENAT2 | BLOB_NO_NEW_MOUNT_API, 0,               0,      ", by mount(2)"                      },
    { 0,                                       SYS_close_range, ENOSYS, ", without the calls of Linux 5.9"   },
    { 0,                                       SYS_open_tree,   ENOSYS, ", without the calls of Linux 5.2"   },
    { 0,                                       SYS_open_tree,   EPERM,  ", where a sandbox refuses new calls"},
};

static bool may_make_namespaces(void)
{
    int pid = sys_clone(NEW | SIGCHLD, NULL);

    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

int main(void)
{
    bool able = may_make_namespaces();
    size_t number = 0;
    int failures = 0;

    for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++)
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
            if (w && !tests[i].every_way)
                continue;
            test_failed = false;
            way = ways[w].flags;
            filter_first = ways[w].first;
            filter_errno = ways[w].errno_;
            if (able)
                tests[i].test.run();
            printf("%s %zu - %s%s%s\n", test_failed ? "not ok" : "ok", ++number, tests[i].test.name, ways[w].name,
                   able ? "" : " # SKIP needs root");
            failures += test_failed;
        }
    printf("1..%zu\n", number);
    return failures != 0;
}
