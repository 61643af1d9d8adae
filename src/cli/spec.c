// SPDX-License-Identifier: GPL-2.0-or-later
/* spec: write a config.json to start from. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/failure.h"

struct spec_options {
    const char *bundle;
    bool rootless;
};

static const struct option options[] = {
    {"bundle",    'b', OPTION_STRING, offsetof(struct spec_options, bundle),   "DIR",
     "where to write (default: the current directory)"                                                               },
    { "rootless", 0,   OPTION_FLAG,   offsetof(struct spec_options, rootless), NULL,  "for a user without privileges"},
};

/* A new file: somebody's work is not overwritten. */
static int open_config(const char *bundle, struct crun_error *err)
{
    int dir = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd, code;

    if (dir < 0)
        return failure_errno(err, -errno, "open bundle \"%s\"", bundle);
    fd = openat(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    code = fd < 0 ? -errno : 0;
    close(dir);
    if (code == -EEXIST)
        return failure_set(err, code, "file config.json exists. Remove it first");
    return fd >= 0 ? fd : failure_errno(err, code, "make config.json in \"%s\"", bundle);
}

static int write_text(int fd, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t n = write(fd, text, left);

        if (n < 0)
            return -errno;
        text += n;
        left -= (size_t) n;
    }
    return 0;
}

static int spec_run(struct program *program, struct crun_error *err)
{
    const struct spec_options *o = program->values;
    char *json = NULL;
    int fd = open_config(o->bundle ? o->bundle : ".", err);
    int r;

    if (fd < 0)
        return fd;
    r = crun_spec(o->rootless, &json, err);
    if (r >= 0) {
        r = write_text(fd, json);
        if (r < 0)
            failure_errno(err, r, "write config.json");
    }
    close(fd);
    free(json);
    return r < 0 ? r : 0;
}

const struct command command_spec = {
    .name = "spec",
    .operands = "",
    .summary = "write a config.json to start from",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct spec_options),
    .n_min = 0,
    .n_max = 0,
    .run = spec_run,
};
