// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a container id may be. An id becomes a file name below the state root and the last part of a cgroup path, so
 * nothing that could climb out of either ("/", a leading ".") is ever one; callers check before they build paths.
 */
#include "state/id.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "state/state.h"

#define ID_MAX      1024
#define ID_FIRST    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-"
#define ID_REST     ID_FIRST "."
#define ID_CUT      200 /* characters of a long id that its directory's name shows */
#define ID_CUT_MARK '~'
#define ID_SHOWN    64 /* characters of a bad id in errors */

static int bad_id(const char *id, const char *why, struct error *err)
{
    char shown[ID_SHOWN + 1];

    snprintf(shown, sizeof shown, "%.*s", ID_SHOWN, id);
    for (char *c = shown; *c; c++)
        *c = (unsigned char) *c >= ' ' && *c != 127 ? *c : '?';
    return error_set(err, -EINVAL, "invalid container id \"%s%s\": %s", shown, strlen(id) > ID_SHOWN ? "..." : "", why);
}

int state_check_id(const char *id, struct error *err)
{
    size_t length = strlen(id);

    if (length == 0)
        return error_set(err, -EINVAL, "the container id is empty");
    if (length > ID_MAX)
        return bad_id(id, "longer than 1024 characters", err);
    if (!strchr(ID_FIRST, id[0]) || strspn(id, ID_REST) != length)
        return bad_id(id, "only letters, digits and \"_+-.\" are allowed, and no \".\" at the start", err);
    return 0;
}

/* FNV-1a. Ids come from the caller, who is trusted: it is to spread, not to resist. */
static uint64_t hash(const char *text, uint64_t seed)
{
    uint64_t h = seed;

    for (; *text; text++)
        h = (h ^ (unsigned char) *text) * 0x100000001b3u;
    return h;
}

int id_directory(const char *id, char name[NAME_MAX + 1], struct error *err)
{
    int r = state_check_id(id, err);

    if (r < 0)
        return r;
    if (strlen(id) <= NAME_MAX)
        strcpy(name, id);
    else
        snprintf(name, NAME_MAX + 1, "%.*s%c%016llx%016llx", ID_CUT, id, ID_CUT_MARK,
                 (unsigned long long) hash(id, 0xcbf29ce484222325u),
                 (unsigned long long) hash(id, 0x84222325cbf29ce4u));
    return 0;
}

int id_path(const char *id, const char *file, char path[ID_PATH_SIZE], struct error *err)
{
    char name[NAME_MAX + 1];
    int r = id_directory(id, name, err);

    if (r < 0)
        return r;
    return snprintf(path, ID_PATH_SIZE, "%s/%s", name, file) < ID_PATH_SIZE ? 0 : -ENAMETOOLONG;
}

bool id_is_cut(const char *name)
{
    return strchr(name, ID_CUT_MARK) != NULL;
}
