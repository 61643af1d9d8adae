// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stopwatch: does every line of a script in turn, and the whole script again and again, so that whatever else
 * happens on the machine meets all candidates alike.
 *
 *     turns ROUNDS WARMUP SECONDS SCRIPT RESULTS [cold]
 *
 * A line of the script is, separated by tabs: candidate, step, flags, program and arguments. Flags:
 *     m   measured: a line "round candidate step wall_ns user_us sys_us maxrss_kib minflt majflt status" goes to
 *         RESULTS
 *     r   afterwards wait for every process that became our child (containers whose runtime has gone)
 *     -   neither
 * After SECONDS no other round begins. A line that takes half a minute ends it all. "cold" drops the kernel's caches before every measured line.
 *
 * It is small and static because the kernel counts our memory as the program's until its exec (ru_maxrss).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LINES = 256, MAX_WORDS = 64 };

struct line {
    const char *candidate, *step, *flags;
    char *args[MAX_WORDS];
};

static struct line lines[MAX_LINES];
static int n_lines;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- script ---- */

static void parse_line(char *text)
{
    struct line *line = &lines[n_lines];
    char *words[MAX_WORDS + 3] = { NULL };
    int n = 0;

    for (char *word = strtok(text, "\t"); word && n < MAX_WORDS + 2; word = strtok(NULL, "\t"))
        words[n++] = word;
    if (n < 4)
        return;
    line->candidate = words[0];
    line->step = words[1];
    line->flags = words[2];
    memcpy(line->args, words + 3, sizeof line->args - sizeof line->args[0]);
    n_lines++;
}

static void read_script(const char *path)
{
    static char text[65536];
    char *rest = text, *line;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
        die(path);
    close(fd);
    while (n_lines < MAX_LINES && (line = strsep(&rest, "\n")))
        parse_line(line);
}

/* ---- one line ---- */

static long long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long microseconds(const struct timeval *time)
{
    return time->tv_sec * 1000000 + time->tv_usec;
}

static void drop_caches(void)
{
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

    sync();
    if (fd < 0 || write(fd, "3", 1) != 1)
        die("drop_caches");
    close(fd);
}

static int start(const struct line *line)
{
    pid_t pid = vfork();

    if (pid < 0)
        die("vfork");
    if (pid == 0) {
        execv(line->args[0], line->args);
        _exit(127);
    }
    return pid;
}

static void reap_others(void)
{
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

static void report(FILE *results, int round, const struct line *line, long long wall, int status,
                   const struct rusage *used)
{
    fprintf(results, "%d %s %s %lld %ld %ld %ld %ld %ld %d\n", round, line->candidate, line->step, wall,
            microseconds(&used->ru_utime), microseconds(&used->ru_stime), used->ru_maxrss, used->ru_minflt,
            used->ru_majflt, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void do_line(FILE *results, int round, const struct line *line, int cold)
{
    int measured = strchr(line->flags, 'm') != NULL, status = 0;
    struct rusage used;
    long long before, after;
    pid_t pid;

    if (cold && measured)
        drop_caches();
    alarm(30);
    before = now();
    pid = start(line);
    if (wait4(pid, &status, 0, &used) != pid)
        die("wait4");
    after = now();
    if (strchr(line->flags, 'r'))
        reap_others();
    if (measured && round >= 0)
        report(results, round, line, after - before, status, &used);
}

int main(int argc, char **argv)
{
    int rounds, warmup, cold;
    long long end;
    FILE *results;

    if (argc < 6)
        return 2;
    rounds = atoi(argv[1]);
    warmup = atoi(argv[2]);
    end = now() + atoi(argv[3]) * 1000000000LL;
    cold = argc > 6 && strcmp(argv[6], "cold") == 0;
    read_script(argv[4]);
    results = fopen(argv[5], "we");
    if (!results)
        die(argv[5]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int round = -warmup; round < rounds && (round < 2 || now() < end); round++)
        for (int i = 0; i < n_lines; i++)
            do_line(results, round, &lines[i], cold);
    return fclose(results) == 0 ? 0 : 1;
}
