// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program: global options, the command's name, its options, the call. No locale, nothing read, nothing allocated
 * but the library's context: a start of a container is counted in microseconds.
 */
#include <errno.h>
#include <poll.h>
#include <fcntl.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/help.h"
#include "cli/program.h"

/* Show what was asked for; COMMAND NULL: before a command. */
static int answer(struct program *program, const struct command *command, const struct common_options *asked,
                  struct crun_error *err)
{
    int r;

    if (asked->version) {
        r = program_open(program, err);
        if (r < 0)
            return r;
        help_version(program);
    } else if (asked->usage) {
        help_usage(program, command);
    } else if (command) {
        program->face->command_help(program, command);
    } else {
        program->face->program_help(program);
    }
    return 0;
}

static bool is_asked(const struct common_options *asked)
{
    return asked->help || asked->usage || asked->version;
}

static int check_operands(const struct command *command, size_t n, char **operands, struct crun_error *err)
{
    if (n < command->n_min)
        return failure_set(err, -EINVAL, "\"%s\" requires %s %zu argument(s): %s", command->name,
                           command->n_min == command->n_max ? "exactly" : "a minimum of", command->n_min,
                           command->operands);
    if (n > command->n_max)
        return failure_set(err, -EINVAL, "%s: unexpected argument \"%s\"", command->name, operands[command->n_max]);
    return 0;
}

/* The container that the command is about, for the log. */
static const char *container_id(const struct program *program, const struct command *command)
{
    return program->n_operands > 0 && strncmp(command->operands, "ID", 2) == 0 ? program->operands[0] : NULL;
}

static int run_command(struct program *program, const struct command *command, size_t n, char **argv,
                       struct crun_error *err)
{
    alignas(max_align_t) char values[COMMAND_VALUES_MAX] = { 0 };
    struct common_options asked = { 0 };
    const struct option_set sets[] = {
        {command->options, command->n_options, command->values_size ? values : NULL},
        { global_options,  n_global_options,   &program->options                   },
        { common_options,  n_common_options,   &asked                              },
    };
    size_t stop = command->n_stop ? command->n_stop : OPTIONS_ALL_OPERANDS;
    int r = options_parse(sets, 3, stop, n, argv, &program->n_operands, err);

    if (r < 0)
        return failure_prefix(err, command->name);
    if (is_asked(&asked))
        return answer(program, command, &asked, err);
    r = check_operands(command, program->n_operands, argv, err);
    if (r < 0)
        return r;
    if (!command->run)
        return failure_set(err, -ENOSYS, "%s: %s: not supported by this version", program->face->name, command->name);
    argv[program->n_operands] = NULL;
    program->operands = argv;
    program->values = values;
    r = program_open(program, err);
    if (r < 0)
        return r;
    crun_context_operation(program->context, command->name, container_id(program, command));
    return command->run(program, err);
}

static int run_program(struct program *program, size_t n, char **argv, struct crun_error *err)
{
    struct common_options asked = { 0 };
    const struct option_set sets[] = {
        {global_options,  n_global_options, &program->options},
        { common_options, n_common_options, &asked           },
    };
    const struct command *command;
    size_t n_words;
    int r = options_parse(sets, 2, 1, n, argv, &n_words, err);

    if (r < 0)
        return r;
    if (n_words == 0 && program->face->help_for_nothing)
        asked.help = true;
    if (is_asked(&asked))
        return answer(program, NULL, &asked, err);
    if (n_words == 0)
        return failure_set(err, -EINVAL, "no command given, see \"%s --help\"", program->called);
    command = command_find(argv[0]);
    if (!command)
        return failure_set(err, -EINVAL, program->face->no_command, argv[0]);
    return run_command(program, command, n_words - 1, argv + 1, err);
}

/* What was printed has arrived, or else that is an error. */
static int finish_output(struct crun_error *err)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    return failure_errno(err, errno ? -errno : -EIO, "write to standard output");
}

static bool is_null(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* The lowest descriptor that is free: /dev/null, or in a place without a true one a pipe that has its end already. A
 * container may get it, so it is never anything else of the host's. */
static void open_nothing(void)
{
    int fd = open("/dev/null", O_RDWR), ends[2];

    if (fd >= 0 && is_null(fd))
        return;
    if (fd >= 0)
        close(fd);
    if (pipe(ends) == 0)
        close(ends[1]);
}

/* Who starts us may have closed them: then the next descriptor that is opened would take messages for a stream, or a
 * stream's output for the container's state. */
static void fill_streams(void)
{
    struct pollfd streams[] = { { .fd = STDIN_FILENO }, { .fd = STDOUT_FILENO }, { .fd = STDERR_FILENO } };
    short all = poll(streams, 3, 0) < 0 ? POLLNVAL : streams[0].revents | streams[1].revents | streams[2].revents;

    if (!(all & POLLNVAL))
        return;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open_nothing();
}

int main(int argc, char **argv)
{
    struct program program;
    struct crun_error err = { 0 };
    int status, r;

    fill_streams();
    signal(SIGCHLD, SIG_DFL); /* a caller's SIG_IGN has the kernel reap: hooks would have no exit status */
    signal(SIGXFSZ, SIG_IGN); /* a write that RLIMIT_FSIZE forbids is an error like others; crun-init sets it back */
    program_init(&program, argc > 0 ? argv[0] : NULL);
    status = run_program(&program, argc > 0 ? (size_t) argc - 1 : 0, argv + (argc > 0), &err);
    r = finish_output(status < 0 ? &(struct crun_error){ 0 } : &err);
    if (status >= 0 && r < 0)
        status = r;
    if (status < 0)
        status = program_fail(&program, &err);
    program_done(&program);
    return status;
}
