// SPDX-License-Identifier: GPL-2.0-or-later
//
// probe: what a process finds out about itself inside a container, as one JSON document on standard output.
//
// The tests run it as the container's process, so it is static, asks the kernel rather than a library, and never
// fails because something is missing: what it cannot know is null. With arguments it does one small thing instead
// (open, mknod, syscall, …) and prints the outcome the same way; see the table at the end.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static bool first = true;

static void string(const char *s)
{
    putchar('"');
    for (; *s; s++) {
        unsigned char c = *s;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            printf("\\u%04x", c); // bytes, not characters: enough to compare
        else
            putchar(c);
    }
    putchar('"');
}

static void key(const char *name)
{
    printf(first ? "" : ",\n ");
    first = false;
    string(name);
    printf(": ");
}

static void number(const char *name, long long v)
{
    key(name);
    printf("%lld", v);
}

static void text(const char *name, const char *v)
{
    key(name);
    if (v)
        string(v);
    else
        printf("null");
}

static char *slurp(const char *path)
{
    static char buf[1 << 20];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    size_t n = 0;
    ssize_t r;
    while (n < sizeof buf - 1 && (r = read(fd, buf + n, sizeof buf - 1 - n)) > 0)
        n += r;
    close(fd);
    buf[n] = '\0';
    return buf;
}

static void file(const char *name, const char *path)
{
    char *s = slurp(path);
    if (s && *s && s[strlen(s) - 1] == '\n')
        s[strlen(s) - 1] = '\0';
    text(name, s);
}

static void identity(void)
{
    uid_t r, e, s;
    getresuid(&r, &e, &s);
    key("uids");
    printf("[%u, %u, %u]", r, e, s);
    getresgid(&r, &e, &s);
    key("gids");
    printf("[%u, %u, %u]", r, e, s);
    number("uid", getuid());
    number("gid", getgid());
    gid_t g[1024];
    int n = getgroups(1024, g);
    key("groups");
    printf("[");
    for (int i = 0; i < n; i++)
        printf("%s%u", i ? ", " : "", g[i]);
    printf("]");
    mode_t m = umask(0);
    umask(m);
    number("umask", m);
}

static void capability_sets(void)
{
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct d[2] = { 0 };
    syscall(SYS_capget, &h, d);
    unsigned long long bounding = 0, ambient = 0;
    for (int i = 0; i < 64; i++) {
        if (prctl(PR_CAPBSET_READ, i) == 1)
            bounding |= 1ull << i;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
            ambient |= 1ull << i;
    }
    key("caps");
    printf("{\"effective\": %llu, \"permitted\": %llu, \"inheritable\": %llu, \"bounding\": %llu, \"ambient\": %llu}",
           d[0].effective | (unsigned long long) d[1].effective << 32,
           d[0].permitted | (unsigned long long) d[1].permitted << 32,
           d[0].inheritable | (unsigned long long) d[1].inheritable << 32, bounding, ambient);
}

static void limits(void)
{
    static const char *const names[] = { "CPU",      "FSIZE",  "DATA",    "STACK", "CORE",  "RSS",
                                         "NPROC",    "NOFILE", "MEMLOCK", "AS",    "LOCKS", "SIGPENDING",
                                         "MSGQUEUE", "NICE",   "RTPRIO",  "RTTIME" };
    key("rlimits");
    printf("{");
    for (int i = 0; i < 16; i++) {
        struct rlimit l;
        getrlimit(i, &l);
        printf("%s\"RLIMIT_%s\": [%llu, %llu]", i ? ", " : "", names[i], (unsigned long long) l.rlim_cur,
               (unsigned long long) l.rlim_max);
    }
    printf("}");
}

static void namespaces(void)
{
    static const char *const names[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" };
    key("namespaces");
    printf("{");
    for (int i = 0; i < 8; i++) {
        char path[64], link[128];
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
        ssize_t n = readlink(path, link, sizeof link - 1);
        link[n < 0 ? 0 : n] = '\0';
        printf("%s\"%s\": ", i ? ", " : "", names[i]);
        if (n < 0)
            printf("null");
        else
            string(link);
    }
    printf("}");
}

static void descriptors(void)
{
    key("fds");
    printf("{");
    bool sep = false;
    for (int fd = 0; fd < 4096; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags < 0)
            continue;
        char path[64], link[PATH_MAX];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, link, sizeof link - 1);
        link[n < 0 ? 0 : n] = '\0';
        struct stat st = { 0 };
        fstat(fd, &st);
        printf("%s\"%d\": {\"link\": ", sep ? ", " : "", fd);
        string(link);
        printf(", \"cloexec\": %s, \"mode\": %u, \"uid\": %u, \"gid\": %u, \"tty\": %s}",
               flags & FD_CLOEXEC ? "true" : "false", st.st_mode, st.st_uid, st.st_gid, isatty(fd) ? "true" : "false");
        sep = true;
    }
    printf("}");
}

static void signals(void)
{
    sigset_t set;
    sigprocmask(SIG_SETMASK, NULL, &set);
    key("blocked");
    printf("[");
    bool sep = false;
    for (int i = 1; i < 65; i++)
        if (sigismember(&set, i) == 1) {
            printf("%s%d", sep ? ", " : "", i);
            sep = true;
        }
    printf("]");
    key("ignored");
    printf("[");
    sep = false;
    for (int i = 1; i < 65; i++) {
        struct sigaction sa;
        if (sigaction(i, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN) {
            printf("%s%d", sep ? ", " : "", i);
            sep = true;
        }
    }
    printf("]");
}

static void keyring(void)
{
    long id = syscall(SYS_keyctl, 0 /* GET_KEYRING_ID */, -3 /* session */, 0);
    char buf[512] = "";
    number("keyring_id", id);
    if (id > 0)
        syscall(SYS_keyctl, 6 /* DESCRIBE */, -3, buf, sizeof buf);
    text("keyring", id > 0 ? buf : NULL);
}

static void list(const char *name, char **v)
{
    key(name);
    printf("[");
    for (int i = 0; v[i]; i++) {
        printf(i ? ", " : "");
        string(v[i]);
    }
    printf("]");
}

static int facts(int argc, char **argv)
{
    (void) argc;
    printf("{");
    number("pid", getpid());
    number("ppid", getppid());
    number("pgid", getpgid(0));
    number("sid", getsid(0));
    identity();
    capability_sets();
    number("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    number("seccomp", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
    limits();
    file("oom_score_adj", "/proc/self/oom_score_adj");
    char cwd[PATH_MAX];
    text("cwd", getcwd(cwd, sizeof cwd));
    list("argv", argv);
    list("env", environ);
    namespaces();
    struct utsname u;
    uname(&u);
    text("hostname", u.nodename);
    text("domainname", u.domainname);
    text("machine", u.machine);
    descriptors();
    signals();
    number("personality", personality(0xffffffff));
    keyring();
    int v = -1;
    prctl(PR_GET_PDEATHSIG, &v);
    number("pdeathsig", v);
    v = -1;
    prctl(PR_GET_CHILD_SUBREAPER, &v);
    number("subreaper", v);
    number("dumpable", prctl(PR_GET_DUMPABLE));
    number("securebits", prctl(PR_GET_SECUREBITS));
    number("keepcaps", prctl(PR_GET_KEEPCAPS));
    number("timerslack", prctl(PR_GET_TIMERSLACK));
    number("scheduler", sched_getscheduler(0));
    errno = 0;
    number("nice", getpriority(PRIO_PROCESS, 0));
    number("ioprio", syscall(SYS_ioprio_get, 1, 0));
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } scheduling = { 0 };
    syscall(SYS_sched_getattr, 0, &scheduling, sizeof scheduling, 0);
    key("deadline");
    printf("[%llu,%llu,%llu,%llu]", (unsigned long long) scheduling.runtime, (unsigned long long) scheduling.deadline,
           (unsigned long long) scheduling.period, (unsigned long long) scheduling.flags);
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    sched_getaffinity(0, sizeof cpus, &cpus);
    number("cpus", CPU_COUNT(&cpus));
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    key("controlling_tty");
    printf(tty >= 0 ? "true" : "false");
    if (tty >= 0)
        close(tty);
    file("cgroup", "/proc/self/cgroup");
    file("uid_map", "/proc/self/uid_map");
    file("gid_map", "/proc/self/gid_map");
    file("setgroups", "/proc/self/setgroups");
    file("status", "/proc/self/status");
    file("attr", "/proc/self/attr/current");
    file("timens_offsets", "/proc/self/timens_offsets");
    file("mountinfo", "/proc/self/mountinfo");
    printf("}\n");
    return 0;
}

static int outcome(long r)
{
    int e = r < 0 ? errno : 0;
    printf("{\"ret\": %ld, \"errno\": %d, \"error\": \"%s\"}\n", r, e, e ? strerror(e) : "");
    return 0;
}

static int do_open(int argc, char **argv)
{
    const char *mode = argc > 3 ? argv[3] : "r";
    int flags = strcmp(mode, "w") == 0       ? O_WRONLY
                : strcmp(mode, "rw") == 0    ? O_RDWR
                : strcmp(mode, "creat") == 0 ? O_WRONLY | O_CREAT
                                             : O_RDONLY;
    return outcome(open(argv[2], flags | O_NOCTTY | O_NONBLOCK, 0666));
}

static int do_stat(int argc, char **argv)
{
    (void) argc;
    struct stat st;
    if (lstat(argv[2], &st) < 0)
        return outcome(-1);
    struct statfs fs = { 0 };
    statfs(argv[2], &fs);
    printf("{\"mode\": %u, \"uid\": %u, \"gid\": %u, \"major\": %u, \"minor\": %u, \"dev\": %llu, \"ino\": %llu, "
           "\"fstype\": %llu, \"blocks\": %llu, \"errno\": 0}\n",
           st.st_mode, st.st_uid, st.st_gid, major(st.st_rdev), minor(st.st_rdev), (unsigned long long) st.st_dev,
           (unsigned long long) st.st_ino, (unsigned long long) fs.f_type,
           (unsigned long long) fs.f_blocks * fs.f_bsize);
    return 0;
}

static int do_mknod(int argc, char **argv)
{
    (void) argc;
    mode_t type = argv[3][0] == 'b' ? S_IFBLK : S_IFCHR;
    return outcome(mknod(argv[2], type | 0600, makedev(atoi(argv[4]), atoi(argv[5]))));
}

static int do_syscall(int argc, char **argv)
{
    long a[7] = { 0 };
    for (int i = 2; i < argc && i < 9; i++)
        a[i - 2] = strtol(argv[i], NULL, 0);
    return outcome(syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]));
}

static int do_sleep(int argc, char **argv)
{
    sleep(argc > 2 ? atoi(argv[2]) : 1000);
    return 0;
}

// Sleeps alone: if another process holds the file ALONE, the file TWICE is made.
static int do_alone(int argc, char **argv)
{
    int fd = open(argv[2], O_RDWR | O_CREAT, 0666);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        close(open(argv[3], O_WRONLY | O_CREAT, 0666));
    return do_sleep(0, argv);
}

static volatile sig_atomic_t got[65];

static void on_signal(int s)
{
    got[s]++;
}

// A system call that SIGUSR1 may interrupt.
static int do_interrupted(int argc, char **argv)
{
    struct sigaction sa = { .sa_handler = on_signal };
    sigaction(SIGUSR1, &sa, NULL);
    return do_syscall(argc, argv);
}

// Prints "ready", then every signal as it comes, one number a line. Ends with 7 at SIGTERM.
static int do_signals(int argc, char **argv)
{
    (void) argc, (void) argv;
    setvbuf(stdout, NULL, _IONBF, 0);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int i = 1; i < 65; i++) {
        struct sigaction sa = { .sa_handler = on_signal };
        sigaction(i, &sa, NULL);
    }
    printf("ready\n");
    for (;;) {
        ppoll(NULL, 0, NULL, &none);
        for (int i = 1; i < 65; i++)
            while (got[i] > 0) {
                got[i]--;
                printf("%d\n", i);
                if (i == SIGTERM)
                    return 7;
            }
    }
}

// Starts N children which sleep, and sleeps: something for ps and kill --all to find.
static int do_tree(int argc, char **argv)
{
    for (int i = 0; i < (argc > 2 ? atoi(argv[2]) : 1); i++)
        if (fork() == 0) {
            sleep(1000);
            _exit(0);
        }
    printf("ready\n");
    fflush(stdout);
    sleep(1000);
    return 0;
}

// Leaves a daemon behind and ends at once.
static int do_daemon(int argc, char **argv)
{
    (void) argc, (void) argv;
    if (fork() == 0) {
        setsid();
        for (int fd = 0; fd < 3; fd++)
            close(fd);
        sleep(1000);
        _exit(0);
    }
    return 0;
}

// Tries for N seconds to write to the executable of whatever process it sees (SECURITY-CASES.md 1). What is written
// is the byte that stands there already: harmless when it works, and a defect of the runtime.
static int do_attack(int argc, char **argv)
{
    time_t end = time(NULL) + (argc > 2 ? atoi(argv[2]) : 1);
    int held[256], n_held = 0;
    long seen = 0, written = 0;
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("ready\n");
    while (time(NULL) <= end) {
        DIR *d = opendir("/proc");
        struct dirent *e;
        while (d && (e = readdir(d))) {
            char path[300], link[PATH_MAX], self[64];
            if (e->d_name[0] < '0' || e->d_name[0] > '9')
                continue;
            snprintf(path, sizeof path, "/proc/%s/exe", e->d_name);
            ssize_t n = readlink(path, link, sizeof link - 1);
            if (n <= 0)
                continue;
            link[n] = '\0';
            if (strstr(link, "busybox") || strstr(link, "/bin/probe"))
                continue;
            seen++;
            int fd = open(path, O_PATH | O_CLOEXEC);
            if (fd >= 0 && n_held < 256)
                held[n_held++] = fd;
            for (int i = 0; i < n_held; i++) {
                snprintf(self, sizeof self, "/proc/self/fd/%d", held[i]);
                int w = open(self, O_WRONLY | O_CLOEXEC);
                if (w < 0)
                    continue;
                if (pwrite(w, "\177", 1, 0) == 1 && written++ < 3) {
                    n = readlink(self, link, sizeof link - 1);
                    link[n < 0 ? 0 : n] = '\0';
                    printf("WROTE %s\n", link);
                }
                close(w);
            }
        }
        if (d)
            closedir(d);
    }
    printf("saw %ld\n", seen);
    return 0;
}

// Exchanges two names as fast as it can (SECURITY-CASES.md 3).
static int do_exchange(int argc, char **argv)
{
    (void) argc;
    printf("ready\n");
    fflush(stdout);
    while (getppid() >= 0)
        syscall(SYS_renameat2, AT_FDCWD, argv[2], AT_FDCWD, argv[3], 2 /* RENAME_EXCHANGE */);
    return 0;
}

// lookout FILE SECONDS: the ways out of this container by what other processes here hold open: FILE of the host below ".."
// of a descriptor of theirs.
static int do_lookout(int argc, char **argv)
{
    time_t end = time(NULL) + atoi(argv[3]);
    long seen = 0, out = 0;

    (void) argc;
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("ready\n");
    while (time(NULL) <= end)
        for (int pid = 2; pid < 1000; pid++)
            for (int fd = 3; fd < 12; fd++) {
                char path[PATH_MAX];

                snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
                if (pid == getpid() || access(path, F_OK) < 0)
                    continue;
                seen++;
                snprintf(path, sizeof path, "/proc/%d/fd/%d/../%s", pid, fd, argv[2]);
                out += access(path, F_OK) == 0;
            }
    printf("saw %ld\nout %ld\n", seen, out);
    return 0;
}

// What a spy has seen of processes that appeared beside him.
struct seen {
    long processes, unfiltered, peers;
    unsigned long long caps;
};

// Descriptors of processes at the other end of a socket of PIDFD's, whatever pid namespace they are in.
static long peers_of(int pidfd)
{
    long n = 0;
    for (int fd = 3; fd < 16; fd++) {
        int socket_fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0), peer = -1;
        socklen_t size = sizeof peer;
        if (socket_fd < 0)
            continue;
        if (getsockopt(socket_fd, SOL_SOCKET, 77 /* SO_PEERPIDFD */, &peer, &size) == 0) {
            for (int other = 0; other < 16; other++) {
                int got = syscall(SYS_pidfd_getfd, peer, other, 0);
                n += got >= 0;
                close(got);
            }
            close(peer);
        }
        close(socket_fd);
    }
    return n;
}

static void look_at(int pid, struct seen *seen)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return;
    text[n] = '\0';
    const char *caps = strstr(text, "CapPrm:"), *mode = strstr(text, "\nSeccomp:"), *name = strstr(text, "crun");
    if (!caps || !mode)
        return;
    seen->caps |= strtoull(caps + 7, NULL, 16);
    if (name && name < text + 16) { // not its program yet
        seen->processes++;
        seen->unfiltered += atoi(mode + 9) == 0;
    }
}

// spy N: stops whatever is born in this pid namespace at once, and looks at its rights and at what it holds, until N of them
// were seen before they executed anything.
static int do_spy(int argc, char **argv)
{
    struct seen seen = { 0 };
    int last = getpid();
    (void) argc;
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("ready\n");
    while (seen.processes < atoi(argv[2]))
        for (int pid = last + 1; pid < last + 16; pid++) {
            int pidfd = syscall(SYS_pidfd_open, pid, 0);
            if (pidfd < 0)
                continue;
            kill(pid, SIGSTOP);
            look_at(pid, &seen);
            seen.peers += peers_of(pidfd);
            look_at(pid, &seen);
            kill(pid, SIGCONT);
            close(pidfd);
            last = pid;
        }
    printf("saw %ld\ncaps %llx\nunfiltered %ld\npeers %ld\nend\n", seen.processes, seen.caps, seen.unfiltered,
           seen.peers);
    return 0;
}

static int do_allocate(int argc, char **argv)
{
    (void) argc;
    size_t n = strtoull(argv[2], NULL, 0);
    char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return outcome(-1);
    for (size_t i = 0; i < n; i += 4096)
        p[i] = 1;
    return outcome(0);
}

static int do_forks(int argc, char **argv)
{
    (void) argc;
    int n = 0;
    for (; n < atoi(argv[2]); n++) {
        pid_t p = fork();
        if (p < 0)
            break;
        if (p == 0) {
            pause();
            _exit(0);
        }
    }
    printf("{\"forks\": %d, \"errno\": %d}\n", n, errno);
    return 0;
}

// A socket to NOTIFY_SOCKET; -1: there is none, or nobody who listens.
static int notify_socket(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (!path || strlen(path) >= sizeof a.sun_path)
        return -1;
    strcpy(a.sun_path, path);
    return connect(fd, (struct sockaddr *) &a, sizeof a) < 0 ? -1 : fd;
}

// Sends one datagram to NOTIFY_SOCKET, as sd_notify(3) does.
static int do_notify(int argc, char **argv)
{
    (void) argc;
    errno = 0;
    int fd = notify_socket();
    if (fd < 0)
        return errno ? errno : 3;
    return send(fd, argv[2], strlen(argv[2]), 0) < 0 ? errno : 0;
}

// A datagram given as hexadecimal digits.
static int do_notify_hex(int argc, char **argv)
{
    (void) argc;
    char data[64];
    size_t n = 0;
    int fd = notify_socket();
    for (const char *p = argv[2]; p[0] && p[1] && n < sizeof data; p += 2)
        data[n++] = (char) strtol((char[]){ p[0], p[1], 0 }, NULL, 16);
    return fd < 0 || send(fd, data, n, 0) < 0 ? 1 : 0;
}

// As fast as it can, for ever; TERM ends it.
static int do_flood(int argc, char **argv)
{
    (void) argc;
    (void) argv;
    int fd = notify_socket();
    if (fd < 0)
        return 3;
    signal(SIGTERM, _exit);
    for (int i = 0; i < 4; i++)
        if (fork() == 0)
            break;
    for (bool told = false;; told = true) {
        send(fd, "STATUS=x", 8, MSG_DONTWAIT);
        if (!told)
            write(1, "x", 1);
    }
}

/* A system call of the 32-bit architecture, by its number there, without arguments. */
static int do_syscall32(int argc, char **argv)
{
    long r = -ENOSYS;
    (void) argc;
#ifdef __x86_64__
    __asm__ volatile("int $0x80"
                     : "=a"(r)
                     : "0"(strtol(argv[2], NULL, 0)), "b"(0), "c"(0), "d"(0)
                     : "memory", "r8", "r9", "r10", "r11");
    r = (int) r;
#else
    (void) argv;
#endif
    errno = r < 0 ? (int) -r : 0;
    return outcome(r < 0 ? -1 : r);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args;
        int (*run)(int, char **);
    } table[] = {
        {"open",         1, do_open       },
        { "stat",        1, do_stat       },
        { "mknod",       4, do_mknod      },
        { "syscall",     1, do_syscall    },
        { "interrupted", 1, do_interrupted},
        { "syscall32",   1, do_syscall32  },
        { "sleep",       0, do_sleep      },
        { "alone",       2, do_alone      },
        { "signals",     0, do_signals    },
        { "tree",        0, do_tree       },
        { "daemon",      0, do_daemon     },
        { "attack",      0, do_attack     },
        { "exchange",    2, do_exchange   },
        { "lookout",     2, do_lookout    },
        { "spy",         1, do_spy        },
        { "allocate",    1, do_allocate   },
        { "forks",       1, do_forks      },
        { "notify",      1, do_notify     },
        { "notify-hex",  1, do_notify_hex },
        { "flood",       0, do_flood      },
    };
    for (size_t i = 0; argc > 1 && i < sizeof table / sizeof *table; i++)
        if (strcmp(argv[1], table[i].name) == 0)
            return argc - 2 < table[i].args ? 2 : table[i].run(argc, argv);
    return facts(argc, argv);
}
