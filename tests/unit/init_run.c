// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crun-init without its parent: plans made by hand, run in new namespaces on a busybox root file system, with the
 * answers of the parent queued beforehand. Every case that touches paths or mounts is run in three ways: as the
 * kernel offers it, without openat2, and by mount(2). Needs root; without it every case is skipped.
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/blob.h"
#include "sys/cred.h"
#include "sys/files.h"
#include "sys/mounts.h"
#include "sys/process.h"
#include "test.h"

extern const char crun_init_start[], crun_init_end[];

enum { MAX_OPS = 128, DATA_SIZE = 65536, FD_BASE = 10, NEW = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC };

/* ---- plans ---- */

struct script {
    struct blob blob;
    struct op ops[MAX_OPS];
    _Alignas(8) char data[DATA_SIZE];
    uint32_t used;
    int slots[8], listen_fd, state_fd;
    unsigned long clone_flags;
};

static char rootfs[64];
static struct script script;
static unsigned way; /* blob flags under test */

static uint32_t put(const void *bytes, size_t size)
{
    uint32_t at = (script.used + 7) & ~7u;

    memcpy(script.data + at, bytes, size);
    script.used = at + (uint32_t) size;
    return (uint32_t) offsetof(struct script, data) + at;
}

static op_str str(const char *text)
{
    return text ? put(text, strlen(text) + 1) : 0;
}

static struct op_list list(const char *const *strings)
{
    uint64_t words[32] = { 0 };
    uint32_t n = 0;

    for (; strings && strings[n]; n++)
        words[n] = str(strings[n]);
    return (struct op_list){ put(words, (n + 1) * 8), n };
}
#define LIST(...) list((const char *const[]){ __VA_ARGS__, NULL })

static struct op *add(enum op_kind kind)
{
    struct op *op = &script.ops[script.blob.n_ops++];

    *op = (struct op){ .kind = (uint16_t) kind, .side = SIDE_INIT, .what = str("row") };
    return op;
}

static void begin(unsigned long clone_flags)
{
    memset(&script, 0, sizeof script);
    script.used = 8;
    script.listen_fd = script.state_fd = -1;
    script.clone_flags = clone_flags;
    script.blob = (struct blob){ .magic = BLOB_MAGIC,
                                 .version = BLOB_VERSION,
                                 .fd_base = FD_BASE,
                                 .flags = way,
                                 .data = (uint32_t) offsetof(struct script, data) };
}

static void add_propagation(void)
{
    add(OP_PROPAGATION)->propagation.flags = MS_SLAVE | MS_REC;
}

static void add_root(void)
{
    struct op *op;

    add_propagation();
    op = add(OP_ROOT);
    op->root.path = str(rootfs);
    op->root.tree = SLOT_NONE;
}

static struct op *add_mount(const char *type, const char *target, const char *option)
{
    struct op *op = add(OP_MOUNT);
    const char *options[] = { option, NULL };

    op->mount.type = op->mount.source = str(type);
    op->mount.target = str(target);
    op->mount.options = list(options);
    op->mount.flags = strcmp(type, "proc") == 0 ? MOUNT_PLAIN_DIR : 0;
    return op;
}

static struct op *add_bind(const char *source, const char *target, unsigned flags)
{
    struct op *op = add(OP_BIND);

    op->bind.source = str(source);
    op->bind.target = str(target);
    op->bind.tree = SLOT_NONE;
    op->bind.flags = flags;
    return op;
}

static void add_device(const char *path, unsigned major, unsigned minor)
{
    struct op *op = add(OP_DEVICE);

    op->device.path = str(path);
    op->device.mode = S_IFCHR | 0666;
    op->device.major = major;
    op->device.minor = minor;
}

static void add_exec(const char *command)
{
    struct op *op = add(OP_EXEC);

    op->exec.args = LIST("sh", "-c", command);
    op->exec.env = LIST("PATH=/sbin:/bin", "A=b");
}

/* ---- running ---- */

struct outcome {
    struct message failure, warning;
    int status, terminal_fd, adopted;
    char output[8192];
};

static int memfd_of(const void *data, size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    if (write(fd, data, size) != (ssize_t) size)
        abort();
    return fd;
}

static void place(int fd, int to)
{
    if (fd >= 0)
        sys_dup3(fd, to, 0);
    else
        sys_close(to);
}

/* Above every number that crun-init gets. */
static int high(int fd)
{
    int r = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 64);

    if (fd >= 0)
        close(fd);
    return r;
}

static void keep_capabilities(void)
{
    struct sys_cap_header header = { .version = SYS_CAPABILITY_VERSION };
    struct sys_cap_data data[2];

    sys_capget(&header, data);
    data[0].inheritable = data[0].permitted;
    data[1].inheritable = data[1].permitted;
    sys_capset(&header, data);
    for (unsigned long cap = 0; cap < 64; cap++)
        sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap);
}

static void __attribute__((noreturn)) child(int program_fd, int plan_fd, int sync_fd, int output_fd)
{
    char *args[] = { (char[]){ "crun-init" }, (char[]){ "10" }, NULL }, *env[] = { NULL };

    place(output_fd, 1);
    if (script.clone_flags & CLONE_NEWUSER)
        keep_capabilities();
    place(plan_fd, FD_BASE + BLOB_FD_PLAN);
    place(sync_fd, FD_BASE + BLOB_FD_SYNC);
    place(script.listen_fd, FD_BASE + BLOB_FD_LISTEN);
    for (unsigned i = 0; i < script.blob.n_slots; i++)
        place(script.slots[i], FD_BASE + BLOB_FD_SLOTS + (int) i);
    sys_execveat(program_fd, "", args, env, AT_EMPTY_PATH);
    _exit(120);
}

static void send_go(int fd, uint32_t row, int state_fd)
{
    struct message message = { .type = MESSAGE_GO, .row = row };
    struct iovec data = { &message, sizeof message };
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
    struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };
    struct cmsghdr *cmsg = (struct cmsghdr *) control;

    if (state_fd >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &state_fd, sizeof state_fd);
    }
    sendmsg(fd, &header, MSG_NOSIGNAL);
}

static void queue_answers(int sync_fd)
{
    for (uint32_t i = 0; i < script.blob.n_ops; i++)
        if (script.ops[i].kind == OP_SYNC && script.ops[i].sync.mode != SYNC_PARENT_WAITS)
            send_go(sync_fd, i, script.ops[i].sync.state ? script.state_fd : -1);
}

static void write_map(int pid, const char *file)
{
    char path[64];
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    f = fopen(path, "w");
    if (!f || fputs("0 100000 65536\n", f) < 0 || fclose(f) != 0)
        abort();
}

/* Until the end of the socket: the exec, or the end of the process. */
static void read_messages(int sync_fd, struct outcome *out)
{
    struct message message;
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
    struct iovec data = { &message, sizeof message };

    for (;;) {
        struct msghdr header = {
            .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
        };

        if (recvmsg(sync_fd, &header, MSG_CMSG_CLOEXEC) <= 0)
            return;
        if (message.type == MESSAGE_FAILED)
            out->failure = message;
        if (message.type == MESSAGE_WARNING)
            out->warning = message;
        if (message.type == MESSAGE_PID)
            out->adopted = message.code;
        if (message.type == MESSAGE_TERMINAL)
            memcpy(&out->terminal_fd, CMSG_DATA((struct cmsghdr *) control), sizeof(int));
    }
}

static void read_output(int fd, struct outcome *out)
{
    size_t used = 0;
    ssize_t n;

    while (used < sizeof out->output - 1 && (n = read(fd, out->output + used, sizeof out->output - 1 - used)) > 0)
        used += (size_t) n;
    out->output[used] = '\0';
}

static int start_script(int *ret_sync_fd, int *ret_output_fd)
{
    int sockets[2], pipe_fds[2], pid, program_fd, plan_fd;

    script.blob.size = sizeof script.blob + sizeof script.ops + DATA_SIZE;
    program_fd = high(memfd_of(crun_init_start, (size_t) (crun_init_end - crun_init_start)));
    plan_fd = high(memfd_of(&script.blob, script.blob.size));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0)
        abort();
    sockets[1] = high(sockets[1]);
    pipe_fds[1] = high(pipe_fds[1]);
    fflush(stdout);
    pid = sys_clone(script.clone_flags | SIGCHLD, NULL);
    if (pid == 0)
        child(program_fd, plan_fd, sockets[1], pipe_fds[1]);
    if (pid < 0)
        abort();
    close(sockets[1]);
    close(pipe_fds[1]);
    close(program_fd);
    close(plan_fd);
    if (script.clone_flags & CLONE_NEWUSER) {
        write_map(pid, "gid_map");
        write_map(pid, "uid_map");
    }
    queue_answers(sockets[0]);
    *ret_sync_fd = sockets[0];
    *ret_output_fd = pipe_fds[0];
    return pid;
}

static void finish(int pid, int sync_fd, int output_fd, struct outcome *out)
{
    read_messages(sync_fd, out);
    read_output(output_fd, out);
    if (out->adopted) {
        waitpid(pid, NULL, 0);
        pid = out->adopted;
    }
    waitpid(pid, &out->status, 0);
    close(sync_fd);
    close(output_fd);
}

static struct outcome run(void)
{
    struct outcome out = { .terminal_fd = -1 };
    int sync_fd, output_fd, pid = start_script(&sync_fd, &output_fd);

    finish(pid, sync_fd, output_fd, &out);
    if (out.failure.type)
        printf("# failed: %s: %s %s: %s\n", out.failure.what, out.failure.call, out.failure.detail,
               strerror(-out.failure.code));
    return out;
}

/* ---- the root file system ---- */

static void shell(const char *format, ...)
{
    char command[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        printf("# failed: %s\n", command);
}

static void make_rootfs(void)
{
    strcpy(rootfs, "/tmp/crun-init-test.XXXXXX");
    if (!mkdtemp(rootfs))
        abort();
    chmod(rootfs, 0755);
    shell(
        "mkdir -p %s/bin %s/etc && cp /bin/busybox %s/bin/ && for a in sh cat ls echo id stat readlink mount hostname "
        "grep pwd env touch mkdir tty wc sleep; do ln -s busybox %s/bin/$a; done; echo 'root:x:0:0::/root:/bin/sh' "
        ">%s/etc/passwd; echo 'user:x:1000:1000::/home/user:/bin/sh' >>%s/etc/passwd",
        rootfs, rootfs, rootfs, rootfs, rootfs, rootfs);
}

static void remove_rootfs(void)
{
    shell("rm -rf --one-file-system %s", rootfs);
}

#define WITH_ROOTFS(body)                                                                                              \
    make_rootfs();                                                                                                     \
    body;                                                                                                              \
    remove_rootfs()

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
    expect_failure("\"/no/such/source\"", -ENOENT);
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
    CHECK(way & BLOB_NO_NEW_MOUNT_API || strstr(out.failure.detail, "Bad value for 'size'"));
}

static void test_option_failure(void)
{
    WITH_ROOTFS(option_failure());
}

/* Targets through links that point outside; everything lands inside. */
static void hostile_links(void)
{
    struct outcome out;

    shell("rm -rf /tmp/crun-init-escape; mkdir /tmp/crun-init-escape; cd %s && ln -s /tmp/crun-init-escape up && "
          "ln -s ../../../../../../../../tmp/crun-init-escape rel && ln -s /tmp/crun-init-escape/file dangling &&"
          "ln -s ../../../../dev dev && ln -s loop loop && ln -s /proc/self/cwd/../../.. magic",
          rootfs);
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
    add_exec("ls /tmp/crun-init-escape; ls -d /zero; readlink /up/link");
    out = run();
    shell("test -z \"$(ls -A /tmp/crun-init-escape)\" || echo ESCAPED; rmdir /tmp/crun-init-escape");
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
    if (way & BLOB_NO_NEW_MOUNT_API)
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
    add(OP_DEVICE_BIND)->device_bind.path = str("/dev/null");
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

static struct op *add_hook(const char *command)
{
    struct op *op = add(OP_HOOK);

    op->hook.path = str("/bin/sh");
    op->hook.args = LIST("sh", "-c", command);
    op->hook.env = LIST("PATH=/bin", "H=hook");
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
    add_hook("exit 7");
    expect_failure("exit status 7", -ECANCELED);
    begin(NEW);
    add_root();
    add_hook("kill -9 $$");
    expect_failure("signal 9", -ECANCELED);
    begin(NEW);
    add_root();
    add_hook("sleep 60")->hook.timeout = 1;
    expect_failure("timed out", -ETIMEDOUT);
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

    begin(CLONE_NEWNS);
    add_root();
    add(OP_REFORK)->refork.flags = CLONE_NEWPID;
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
    {{ "a usual container", test_usual },                      true },
    { { "failures name what failed", test_failures },          true },
    { { "a bad mount option", test_option_failure },           true },
    { { "links out of the root", test_hostile_links },         true },
    { { "proc on a link is refused", test_plain_dirs },        true },
    { { "/dev/null of the image is a file", test_false_null }, true },
    { { "cwd through a descriptor", test_magic_cwd },          true },
    { { "a missing cwd is made", test_missing_cwd },           true },
    { { "tmpfs mode and tmpcopyup", test_tmpfs_modes },        true },
    { { "a mount on /", test_root_mount },                     true },
    { { "mount attributes", test_attributes },                 true },
    { { "without pivot_root", test_move_and_chroot },          true },
    { { "a terminal", test_terminal },                         true },
    { { "a user namespace", test_user_namespace },             true },
    { { "hooks", test_hooks },                                 false},
    { { "a refork", test_refork },                             false},
    { { "waiting for start", test_wait_start },                false},
    { { "a broken plan", test_broken_plan },                   false},
};

static const struct {
    unsigned flags;
    const char *name;
} ways[] = {
    {0,                                        ""                 },
    { BLOB_NO_OPENAT2,                         ", without openat2"},
    { BLOB_NO_OPENAT2 | BLOB_NO_NEW_MOUNT_API, ", by mount(2)"    },
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
            if (able)
                tests[i].test.run();
            printf("%s %zu - %s%s%s\n", test_failed ? "not ok" : "ok", ++number, tests[i].test.name, ways[w].name,
                   able ? "" : " # SKIP needs root");
            failures += test_failed;
        }
    printf("1..%zu\n", number);
    return failures != 0;
}
