// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a container's id to the name of its directory below the state root. They are the same but for ids longer than a
 * file name may be: those are cut and end in "~" and a hash of the whole. No id has a "~", so the two kinds never meet;
 * should two long ids share a hash, the second is refused as existing, for state.json holds the id in full.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

/* Check ID and put the name of its directory into NAME. */
int id_directory(const char *id, char name[NAME_MAX + 1], struct error *err);

/* The path of FILE in that directory. */
enum { ID_PATH_SIZE = NAME_MAX + 1 + 16 };
int id_path(const char *id, const char *file, char path[ID_PATH_SIZE], struct error *err);

/* Whether NAME of a directory stands for a cut id, which only state.json knows. */
bool id_is_cut(const char *name);
