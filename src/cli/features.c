// SPDX-License-Identifier: GPL-2.0-or-later
/* features: the OCI features document. */
#include "cli/command.h"
#include "cli/output.h"

static int features_run(struct program *program, struct crun_error *err)
{
    char *text = NULL;
    int r = crun_features(program->context, &text, err);

    if (r < 0)
        return r;
    output_take(text);
    return 0;
}

const struct command command_features = {
    .name = "features",
    .operands = "",
    .summary = "print what this runtime can do, as JSON",
    .n_min = 0,
    .n_max = 0,
    .run = features_run,
};
