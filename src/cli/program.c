// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of one call; see program.h.
 *
 * Where errors go: the log is the engine's, standard error is the person's (conmon and podman show it to them). So an
 * error is written to the log that was asked for and repeated as text on standard error, unless both are one file.
 */
#include "cli/program.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/output.h"

static const struct option_choice log_levels[] = {
    {"debug",           CRUN_LOG_DEBUG },
    { "info",                CRUN_LOG_INFO },
    { "warning",CRUN_LOG_WARNING },
    { "warn",        CRUN_LOG_WARNING },
    { "error",                CRUN_LOG_ERROR },
    { NULL},
};

static const struct option_choice managers[] = {
    {"cgroupfs",                   CRUN_CGROUP_MANAGER_CGROUPFS },
    { "systemd",                           CRUN_CGROUP_MANAGER_SYSTEMD },
    { "disabled",CRUN_CGROUP_MANAGER_DISABLED },
    { NULL                 },
};

static const struct option_choice rootless_choices[] = {
    {"true",  1 },
    { "false",      0 },
    { "auto", -1 },
    { NULL},
};

#define AT(member) offsetof(struct global_options, member)

/* --criu is what older engines send; CRIU is found by itself. */
const struct option global_options[] = {
    {"root",            0, OPTION_STRING, AT(root),           "DIR",    "where the state of containers is kept",            NULL            },
    { "log",            0, OPTION_STRING, AT(log),            "DEST",   "log to file:PATH, journald:IDENT or syslog:IDENT", NULL            },
    { "log-format",     0, OPTION_STRING, AT(log_format),     "FORMAT", "format of the log: text or json",                  NULL            },
    { "log-level",      0, OPTION_CHOICE, AT(log_level),      "LEVEL",  "log error, warning, info or debug",                log_levels      },
    { "debug",          0, OPTION_FLAG,   AT(debug),          NULL,     "log everything",                                   NULL            },
    { "systemd-cgroup", 0, OPTION_FLAG,   AT(systemd_cgroup), NULL,     "let systemd make the cgroups",                     NULL            },
    { "cgroup-manager", 0, OPTION_CHOICE, AT(cgroup_manager), "NAME",   "cgroupfs, systemd or disabled",                    managers        },
    { "rootless",       0, OPTION_CHOICE, AT(rootless),       "BOOL",   "without privileges: true, false, auto",            rootless_choices},
    { "criu",           0, OPTION_STRING, AT(criu),           "PATH",   NULL,                                               NULL            },
};

const size_t n_global_options = sizeof global_options / sizeof global_options[0];

#undef AT
#define AT(member) offsetof(struct common_options, member)

const struct option common_options[] = {
    {"help",     'h', OPTION_FINAL, AT(help),    NULL, "show this help"         },
    { "help",    '?', OPTION_FINAL, AT(help),    NULL, NULL                     },
    { "usage",   0,   OPTION_FINAL, AT(usage),   NULL, "show a short usage line"},
    { "version", 'V', OPTION_FINAL, AT(version), NULL, "show the version"       },
    { "version", 'v', OPTION_FINAL, AT(version), NULL, NULL                     },
};

const size_t n_common_options = sizeof common_options / sizeof common_options[0];

void program_init(struct program *program, const char *called)
{
    const char *slash;

    called = called ? called : "crun";
    slash = strrchr(called, '/');
    *program = (struct program){
        .failure = EXIT_FAILURE,
        .options = {.log_level = CRUN_LOG_WARNING, .cgroup_manager = CRUN_CGROUP_MANAGER_CGROUPFS, .rootless = -1},
    };
    program->called = slash ? slash + 1 : called;
    program->face = face_find(program->called);
}

void program_done(struct program *program)
{
    crun_context_free(program->context);
    program->context = NULL;
}

static int open_context(const struct program *program, const char *log, const char *format,
                        struct crun_context **ret_context, struct crun_error *err)
{
    const struct global_options *o = &program->options;
    struct crun_context_options options = CRUN_CONTEXT_OPTIONS_INIT;

    options.root = o->root;
    options.log = log;
    options.log_format = format;
    options.log_level = o->debug ? CRUN_LOG_DEBUG : (enum crun_log_level) o->log_level;
    options.cgroup_manager =
        o->systemd_cgroup ? CRUN_CGROUP_MANAGER_SYSTEMD : (enum crun_cgroup_manager) o->cgroup_manager;
    options.rootless = o->rootless;
    options.as_runc = program->face->as_runc;
    options.criu = o->criu;
    options.name = program->called;
    return crun_context_new(&options, ret_context, err);
}

int program_open(struct program *program, struct crun_error *err)
{
    return open_context(program, program->options.log, program->options.log_format, &program->context, err);
}

/* Does the log end up where standard error does? */
static bool log_is_stderr(const char *log)
{
    struct stat a, b;

    if (!log || !*log)
        return true;
    if (strncmp(log, "file:", 5) == 0)
        log += 5;
    return stat(log, &a) == 0 && fstat(STDERR_FILENO, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void print_bare(const char *text)
{
    output_plain(stderr, text);
    fputc('\n', stderr);
}

/* A record on standard error, as if no log had been asked for. */
static void print_record(const struct program *program, const char *text)
{
    struct crun_context *context = NULL;
    struct crun_error ignored;

    if (open_context(program, NULL, NULL, &context, &ignored) >= 0)
        crun_log(context, CRUN_LOG_ERROR, text);
    else
        print_bare(text);
    crun_context_free(context);
}

/* What has gone to the log is repeated in the face's form. */
static void repeat(const struct program *program, const char *text)
{
    if (program->face->bare_errors)
        print_bare(text);
    else
        print_record(program, text);
}

int program_fail(struct program *program, const struct crun_error *err)
{
    struct crun_error ignored;

    signal(SIGPIPE, SIG_IGN); /* where nobody reads standard error there is still the exit status */
    if (!program->context && program_open(program, &ignored) < 0) {
        print_record(program, err->text); /* the log itself is what is wrong */
        return program->failure;
    }
    crun_log(program->context, CRUN_LOG_ERROR, err->text);
    if (!log_is_stderr(program->options.log))
        repeat(program, err->text);
    return program->failure;
}
