// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For tests of crun-init: plans made by hand, run in new namespaces on a busybox root file system. The test plays the
 * parent: answers are queued before they are asked for, and what comes back is collected until the socket ends.
 */
#pragma once

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
static char outside[80]; /* a directory of the host that nothing may appear in */
static struct script script;
static unsigned way;                        /* blob flags under test */
static unsigned filter_first, filter_errno; /* system calls from FIRST on fail with ERRNO, if that is set */

static bool by_mount_call(void)
{
    return way & BLOB_NO_NEW_MOUNT_API || (filter_errno && filter_first <= SYS_open_tree);
}

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

/* As a sandbox or an old kernel would have it: the calls of Linux 5.2 and later, or of 5.9 and later, are missing.
 * struct sock_filter by hand, for musl-gcc has no <linux/filter.h>. */
static void refuse_new_calls(void)
{
    const struct {
        uint16_t code;
        uint8_t yes, no;
        uint32_t k;
    } program[] = {
        {0x20,  0, 0, 0                         }, /* A = number */
        { 0x35, 0, 1, filter_first              }, /* A >= first, or allow */
        { 0x06, 0, 0, 0x00050000u | filter_errno}, /* SECCOMP_RET_ERRNO */
        { 0x06, 0, 0, 0x7fff0000u               }, /* SECCOMP_RET_ALLOW */
    };
    const struct sys_sock_fprog prog = { sizeof program / sizeof program[0], program };

    if (filter_errno && sys_seccomp(SYS_SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
        _exit(121);
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
    refuse_new_calls();
    sys_execveat(program_fd, "", args, env, AT_EMPTY_PATH);
    _exit(120);
}

static void send_go(int fd, uint32_t row, int state_fd)
{
    struct message message = { .type = MESSAGE_GO, .row = row, .ignored = ~(uint64_t) 0 };
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
    snprintf(outside, sizeof outside, "%s.outside", rootfs);
    mkdir(outside, 0777);
    shell(
        "mkdir -p %s/bin %s/etc && cp /bin/busybox %s/bin/ && for a in sh cat ls echo id stat readlink mount hostname "
        "grep pwd env touch mkdir tty wc sleep; do ln -s busybox %s/bin/$a; done; echo 'root:x:0:0::/root:/bin/sh' "
        ">%s/etc/passwd; echo 'user:x:1000:1000::/home/user:/bin/sh' >>%s/etc/passwd",
        rootfs, rootfs, rootfs, rootfs, rootfs, rootfs);
}

/* Fails if anything was put into it. */
static bool outside_is_empty(void)
{
    bool empty = rmdir(outside) == 0;

    if (!empty)
        printf("# %s: %s\n", outside, strerror(errno));
    return empty && mkdir(outside, 0777) == 0;
}

static void remove_rootfs(void)
{
    shell("rm -rf --one-file-system %s %s", rootfs, outside);
}

#define WITH_ROOTFS(body)                                                                                              \
    make_rootfs();                                                                                                     \
    body;                                                                                                              \
    remove_rootfs()
