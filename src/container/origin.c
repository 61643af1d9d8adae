// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who has made a container, and when: what `state` and `list` tell of it beside what engines gave. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "container/context.h"

/* RFC 3339, with nanoseconds. */
static const char *time_text(const struct timespec *time, struct arena *arena)
{
    struct tm parts;
    char text[32];

    gmtime_r(&time->tv_sec, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    return arena_printf(arena, "%s.%09ldZ", text, time->tv_nsec);
}

/* From /etc/passwd alone: name services need shared libraries, and root needs no look-up. */
static const char *user_name(uid_t uid, struct arena *arena)
{
    FILE *file = uid == 0 ? NULL : fopen("/etc/passwd", "re");
    const char *name = uid == 0 ? "root" : arena_printf(arena, "%u", uid);
    struct passwd *entry;

    while (file && (entry = fgetpwent(file)))
        if (entry->pw_uid == uid) {
            name = arena_strdup(arena, entry->pw_name);
            break;
        }
    if (file)
        fclose(file);
    return name;
}

void container_origin(struct state *state, const struct timespec *made, struct arena *arena)
{
    state->created = time_text(made, arena);
    state->owner_uid = geteuid();
    state->owner = user_name(geteuid(), arena);
}
