// SPDX-License-Identifier: GPL-2.0-or-later
/* The --format option of `list` and `ps`. */
#pragma once

#include "cli/options.h"

enum format { FORMAT_TABLE, FORMAT_JSON };

static const struct option_choice format_choices[] = {
    {"table",      FORMAT_TABLE },
    { "json",           FORMAT_JSON },
    { NULL},
};
