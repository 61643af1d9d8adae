// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The id maps of a new user namespace: which ids, and who writes them (user_namespaces(7), "Defining user and group ID
 * mappings").
 *
 * Without mappings in the document, root maps every id that he has himself; an ordinary user maps himself to root and,
 * after that, the subordinate ids that /etc/subuid and /etc/subgid give him. The kernel lets him write only one line
 * with his own id, and its group only after setgroups(2) was denied. Anything more is written by newuidmap(1) and
 * newgidmap(1), which look the ranges up themselves; then setgroups(2) stays allowed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/plan.h"
#include "sys/compat.h"

enum { EXTENTS_MAX = 340 }; /* of the kernel, since Linux 4.15 */

/* What differs between users and groups. */
struct map_side {
    const char *file, *field, *path, *id, *database, *helper_name;
    enum host_capability capability;
    const struct id_map *given, *subordinate, *own_map;
    size_t n_given, n_subordinate, n_own_map;
    uint32_t own;
    const char *helper;
    struct planner_map *map;
};

static struct map_side user_side(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;
    const struct host *host = planner->input->host;

    return (struct map_side){
        .file = "uid_map",
        .field = "uidMappings",
        .path = "linux.uidMappings",
        .id = "uid",
        .database = "/etc/subuid",
        .helper_name = "newuidmap",
        .capability = HOST_CAP_SETUID,
        .given = lin->uid_mappings,
        .n_given = lin->n_uid_mappings,
        .subordinate = host->subuids,
        .n_subordinate = host->n_subuids,
        .own_map = host->own_uids,
        .n_own_map = host->n_own_uids,
        .own = host->euid,
        .helper = host->newuidmap,
        .map = &planner->uids,
    };
}

static struct map_side group_side(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;
    const struct host *host = planner->input->host;

    return (struct map_side){
        .file = "gid_map",
        .field = "gidMappings",
        .path = "linux.gidMappings",
        .id = "gid",
        .database = "/etc/subgid",
        .helper_name = "newgidmap",
        .capability = HOST_CAP_SETGID,
        .given = lin->gid_mappings,
        .n_given = lin->n_gid_mappings,
        .subordinate = host->subgids,
        .n_subordinate = host->n_subgids,
        .own_map = host->own_gids,
        .n_own_map = host->n_own_gids,
        .own = host->egid,
        .helper = host->newgidmap,
        .map = &planner->gids,
    };
}

/* ---- which ids ---- */

/* Every id that we have ourselves is itself. */
static void map_identity(struct planner *planner, const struct map_side *side)
{
    size_t n = side->n_own_map ? side->n_own_map : 1;
    struct id_map *maps = arena_new(planner->arena, struct id_map, n);

    if (!maps)
        return; /* plan_create looks at the arena */
    maps[0] = (struct id_map){ .size = UINT32_MAX };
    for (size_t i = 0; i < side->n_own_map; i++)
        maps[i] =
            (struct id_map){ side->own_map[i].container_id, side->own_map[i].container_id, side->own_map[i].size };
    *side->map = (struct planner_map){ .maps = maps, .n = n };
}

static bool may_write_all(const struct planner *planner, const struct map_side *side)
{
    return host_may(planner->input->host, side->capability);
}

/* Why the subordinate ids are of no use; NULL if they are. */
static const char *no_subordinates(struct planner *planner, const struct map_side *side)
{
    if (side->n_subordinate == 0)
        return arena_printf(planner->arena, "%s has no range for %u", side->database, planner->input->host->euid);
    if (!side->helper && !may_write_all(planner, side))
        return arena_printf(planner->arena,
                            "%s(1) is not installed, or has no privilege here: no_new_privs, a nosuid mount or the "
                            "bounding set forbid it",
                            side->helper_name);
    return NULL;
}

static bool ranges_meet(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
    return a < (uint64_t) b + b_size && b < (uint64_t) a + a_size;
}

/* The kernel maps no id twice; a file may give one that is mapped already, or the caller's own. */
static bool has_mapped(const struct id_map *maps, size_t n, const struct id_map *range)
{
    for (size_t i = 0; i < n; i++)
        if (ranges_meet(maps[i].host_id, maps[i].size, range->host_id, range->size))
            return true;
    return false;
}

/* Append the subordinate ranges to the N maps that there are; returns how many there are then. */
static size_t add_subordinates(struct planner *planner, const struct map_side *side, struct id_map *maps, size_t n)
{
    uint64_t next = 1;

    for (size_t i = 0; i < side->n_subordinate; i++) {
        const struct id_map *range = &side->subordinate[i];

        if (next + range->size > UINT32_MAX)
            break;
        if (has_mapped(maps, n, range)) {
            plan_note(planner, "linux.%s: range %u:%u of %s is left out, it has an id that is mapped already",
                      side->field, range->host_id, range->size, side->database);
            continue;
        }
        maps[n++] = (struct id_map){ (uint32_t) next, range->host_id, range->size };
        next += range->size;
    }
    return n;
}

/* The caller becomes 0, his subordinate ids follow. */
static void map_user(struct planner *planner, const struct map_side *side)
{
    const char *missing = no_subordinates(planner, side);
    struct id_map *maps = arena_new(planner->arena, struct id_map, 1 + side->n_subordinate);
    size_t n = 1;

    if (!maps)
        return;
    maps[0] = (struct id_map){ 0, side->own, 1 };
    if (!missing)
        n = add_subordinates(planner, side, maps, n);
    if (!missing && n == 1)
        missing = "no range is left";
    *side->map = (struct planner_map){ .maps = maps, .n = n };
    if (missing)
        plan_note(planner, "linux.%s: only %s %u is mapped, to 0 (%s)", side->field, side->id, side->own, missing);
    else
        plan_note(planner, "linux.%s: %s %u is mapped to 0, the ids of %s to 1 and above", side->field, side->id,
                  side->own, side->database);
}

static bool is_own_id_alone(const struct map_side *side)
{
    return side->map->n == 1 && side->map->maps[0].size == 1 && side->map->maps[0].host_id == side->own;
}

static void fail_root_map(struct planner *planner, const struct map_side *side)
{
    if (planner->input->host->euid == 0)
        plan_fail(planner, -EPERM,
                  "linux.uidMappings: root without CAP_SETFCAP cannot be mapped into a user namespace "
                  "(give it to the container around this one, or run as another user)");
    else
        plan_fail(
            planner, -EPERM,
            "linux.uidMappings: an ordinary user cannot map the host's root (hostID 0; his are his own uid, %u, and "
            "those that %s gives him)",
            side->own, side->database);
}

/* user_namespaces(7): since Linux 5.12 nobody maps the 0 of his own user namespace without CAP_SETFCAP there. */
static void check_root_map(struct planner *planner, const struct map_side *side)
{
    if (side->capability != HOST_CAP_SETUID || side->map->helper || host_may(planner->input->host, HOST_CAP_SETFCAP))
        return;
    for (size_t i = 0; i < side->map->n; i++)
        if (side->map->maps[i].host_id == 0)
            fail_root_map(planner, side);
}

/* "0, 1-65536": the ids of MAP, as the container has them. */
static const char *ids_of(struct planner *planner, const struct planner_map *map)
{
    enum { SHOWN_MAX = 4 };
    const char *text = NULL;

    for (size_t i = 0; (text || i == 0) && i < map->n && i < SHOWN_MAX; i++) {
        uint32_t first = map->maps[i].container_id, last = first + map->maps[i].size - 1;
        const char *before = i ? text : "", *comma = i ? ", " : "";

        text = first == last ? arena_printf(planner->arena, "%s%s%u", before, comma, first)
                             : arena_printf(planner->arena, "%s%s%u-%u", before, comma, first, last);
    }
    if (text && map->n > SHOWN_MAX)
        text = arena_printf(planner->arena, "%s ...", text);
    return text ? text : ""; /* plan_create looks at the arena */
}

/* What the kernel would answer with EINVAL for the whole list. */
static void check_range(struct planner *planner, const char *field, const struct id_map *maps, size_t at)
{
    const struct id_map *map = &maps[at];

    if (map->size == 0 || (uint64_t) map->container_id + map->size > UINT32_MAX ||
        (uint64_t) map->host_id + map->size > UINT32_MAX)
        plan_fail(planner, -EINVAL, "%s[%zu]: %u ids from %u and %u on: expected at least one, and none above %u",
                  field, at, map->size, map->container_id, map->host_id, UINT32_MAX - 1);
}

static bool overlap(const struct id_map *a, const struct id_map *b)
{
    return ranges_meet(a->container_id, a->size, b->container_id, b->size) ||
           ranges_meet(a->host_id, a->size, b->host_id, b->size);
}

void plan_id_ranges_check(struct planner *planner, const char *field, const struct id_map *maps, size_t n)
{
    if (!field)
        return; /* plan_create looks at the arena */
    if (n > EXTENTS_MAX) {
        plan_fail(planner, -EINVAL, "%s: %zu ranges, the kernel takes %d at most", field, n, EXTENTS_MAX);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        check_range(planner, field, maps, i);
        for (size_t k = 0; k < i; k++)
            if (overlap(&maps[i], &maps[k]))
                plan_fail(planner, -EINVAL, "%s[%zu]: overlaps %s[%zu]", field, i, field, k);
    }
}

/* Within one line of our own map, the kernel wants it; there is none where all ids are ours. */
static void check_is_ours(struct planner *planner, const struct map_side *side, size_t at)
{
    const struct id_map *map = &side->given[at], *own = side->own_map;

    for (size_t i = 0; i < side->n_own_map; i++)
        if (map->host_id >= own[i].container_id &&
            map->host_id - own[i].container_id + (uint64_t) map->size <= own[i].size)
            return;
    if (side->n_own_map)
        plan_fail(planner, -EPERM,
                  "linux.%s[%zu]: %u ids from %u on are not all in the user namespace that crun is in, "
                  "which has %s %s",
                  side->field, at, map->size, map->host_id, side->id,
                  ids_of(planner, &(struct planner_map){ .maps = (struct id_map *) own, .n = side->n_own_map }));
}

/* One range goes on where the one before ends. */
static bool is_continued(const struct id_map *map, const struct id_map *next)
{
    return map->container_id + map->size == next->container_id && map->host_id + map->size == next->host_id;
}

/* As few ranges as say the same, into MAPS; FIRST: which of the given ones each begins with. */
static size_t join_ranges(struct planner *planner, const struct map_side *side, struct id_map *maps, size_t *first)
{
    size_t n = 0;

    for (size_t i = 0; i < side->n_given; i++) {
        check_range(planner, side->path, side->given, i);
        check_is_ours(planner, side, i);
        if (n > 0 && is_continued(&maps[n - 1], &side->given[i])) {
            maps[n - 1].size += side->given[i].size;
        } else {
            maps[n] = side->given[i];
            first[n++] = i;
        }
    }
    return n;
}

static void check_overlap(struct planner *planner, const struct map_side *side, const size_t *first, size_t at)
{
    const struct id_map *maps = side->map->maps, *map = &maps[at];

    for (size_t i = 0; i < at; i++)
        if (overlap(map, &maps[i]))
            plan_fail(planner, -EINVAL, "linux.%s[%zu]: overlaps linux.%s[%zu]", side->field, first[at], side->field,
                      first[i]);
}

/* The kernel takes a limited list, and engines write one of single ids. */
static void map_given(struct planner *planner, const struct map_side *side)
{
    struct id_map *maps = arena_new(planner->arena, struct id_map, side->n_given);
    size_t *first = arena_new(planner->arena, size_t, side->n_given), n;

    if (!maps || !first)
        return;
    n = join_ranges(planner, side, maps, first);
    *side->map = (struct planner_map){ .maps = maps, .n = n };
    if (n > EXTENTS_MAX) {
        plan_fail(planner, -EINVAL, "linux.%s: %zu separate ranges, the kernel takes %d at most", side->field, n,
                  EXTENTS_MAX);
        return;
    }
    for (size_t i = 0; i < n; i++)
        check_overlap(planner, side, first, i);
}

static void decide_side(struct planner *planner, const struct map_side *side)
{
    if (side->n_given)
        map_given(planner, side);
    else if (planner->input->host->euid == 0 && may_write_all(planner, side))
        map_identity(planner, side);
    else
        map_user(planner, side);
    check_root_map(planner, side);
    if (side->map->n == 0 || may_write_all(planner, side) || is_own_id_alone(side))
        return;
    side->map->helper = side->helper;
    if (!side->helper && planner->input->host->euid == 0)
        plan_fail(planner, -EPERM,
                  "linux.%s: root without CAP_SET%s maps no more than his own id (give it to the container around this "
                  "one)",
                  side->field, side->capability == HOST_CAP_SETUID ? "UID" : "GID");
    else if (!side->helper)
        plan_fail(planner, -EPERM,
                  "linux.%s: an ordinary user maps more than his own id only by %s(1) (package uidmap), which is not "
                  "installed, or has no privilege here (no_new_privs, a nosuid mount, the bounding set)",
                  side->field, side->helper_name);
}

static const struct id_map *map_of(const struct planner_map *map, uint32_t id)
{
    for (size_t i = 0; i < map->n; i++)
        if (id >= map->maps[i].container_id && id - map->maps[i].container_id < map->maps[i].size)
            return &map->maps[i];
    return NULL;
}

bool plan_id_is_mapped(const struct planner_map *map, uint32_t id)
{
    return map_of(map, id) || map->n == 0; /* no new user namespace, or one that is joined */
}

uint32_t plan_id_on_host(const struct planner_map *map, uint32_t id)
{
    const struct id_map *found = map_of(map, id);

    return found ? found->host_id + (id - found->container_id) : id;
}

void plan_check_uid(struct planner *planner, const char *what, uint32_t id, const char *hint)
{
    if (!plan_id_is_mapped(&planner->uids, id))
        plan_fail(planner, -EINVAL, "%s%u is not mapped in the container's user namespace, which has uid %s%s", what,
                  id, ids_of(planner, &planner->uids), hint);
}

void plan_check_gid(struct planner *planner, const char *what, uint32_t id, const char *hint)
{
    if (!plan_id_is_mapped(&planner->gids, id))
        plan_fail(planner, -EINVAL, "%s%u is not mapped in the container's user namespace, which has gid %s%s", what,
                  id, ids_of(planner, &planner->gids), hint);
}

static void check_process(struct planner *planner)
{
    const struct spec_process *process = planner->input->spec->process;

    if (!process)
        return;
    plan_check_uid(planner, "process.user.uid: ", process->uid, PLAN_HINT_UIDS);
    plan_check_gid(planner, "process.user.gid: ", process->gid, PLAN_HINT_GIDS);
    if (!plan_id_is_mapped(&planner->uids, 0))
        plan_note(planner, "linux.uidMappings: 0 is not mapped, what is mounted and made belongs to uid %u",
                  process->uid);
}

void plan_id_maps_decide(struct planner *planner)
{
    struct map_side users = user_side(planner), groups = group_side(planner);
    size_t problems = planner->n_problems;

    planner->groups_denied = planner->input->host->groups_denied;
    planner->groups_may_be_denied = host_is_ordinary(planner->input->host) && !planner->groups_denied &&
                                    (planner->namespaces_joined & CLONE_NEWUSER);
    if (!(planner->namespaces_new & CLONE_NEWUSER))
        return;
    decide_side(planner, &users);
    decide_side(planner, &groups);
    planner->groups_denied =
        planner->input->host->groups_denied || (!may_write_all(planner, &groups) && !planner->gids.helper);
    if (planner->uids.n && planner->gids.n && planner->n_problems == problems)
        check_process(planner);
}

/* ---- rows ---- */

/* newuidmap(1) gives the caller's own id alone, and what lies within one line of his. */
static bool is_given(const struct map_side *side, const struct id_map *map)
{
    for (size_t i = 0; i < side->n_subordinate; i++)
        if (map->host_id >= side->subordinate[i].host_id &&
            map->host_id - side->subordinate[i].host_id + (uint64_t) map->size <= side->subordinate[i].size)
            return true;
    return map->host_id == side->own && map->size == 1;
}

/* What to ask root for, should the helper refuse; it may know lines from elsewhere (nsswitch.conf(5), "subid"). */
static const char *line_to_add(struct planner *planner, const struct map_side *side)
{
    for (size_t i = 0; i < side->map->n; i++) {
        const struct id_map *map = &side->map->maps[i];

        if (!is_given(side, map))
            return arena_printf(planner->arena, "root can add the line \"%u:%u:%u\" to %s", planner->input->host->euid,
                                map->host_id, map->size, side->database);
    }
    return NULL;
}

/* As the kernel reads and writes it. */
static const char *lines_of(struct planner *planner, const struct id_map *maps, size_t n)
{
    char *text = arena_alloc(planner->arena, n + 1, 40);
    size_t used = 0;

    for (size_t i = 0; text && i < n; i++)
        used += (size_t) sprintf(text + used, "%u %u %u\n", maps[i].container_id, maps[i].host_id, maps[i].size);
    return text ? text : "";
}

static void add_map(struct planner *planner, const struct map_side *side)
{
    const struct planner_map *map = side->map;
    struct op *op = plan_add(planner, OP_ID_MAP, SIDE_PARENT, "linux.%s", side->field);

    op->id_map.file = plan_str(planner, side->file);
    op->id_map.text = plan_str(planner, lines_of(planner, map->maps, map->n));
    op->id_map.helper = plan_str(planner, map->helper);
    op->id_map.hint = plan_str(planner, map->helper ? line_to_add(planner, side) : NULL);
}

void plan_id_maps(struct planner *planner)
{
    struct map_side users = user_side(planner), groups = group_side(planner);

    if (planner->groups_denied && !planner->input->host->groups_denied) /* what is denied already stays so below */
        plan_add(planner, OP_SETGROUPS_DENY, SIDE_PARENT, "setgroups");
    add_map(planner, &groups);
    add_map(planner, &users);
}

static void add_joined(struct planner *planner, const struct map_side *side)
{
    struct op *op;

    if (!side->n_given)
        return;
    op = plan_add(planner, OP_JOINED_MAP, SIDE_PARENT, "linux.%s", side->field);
    op->joined_map.file = plan_str(planner, side->file);
    op->joined_map.text = plan_str(planner, lines_of(planner, side->given, side->n_given));
}

void plan_id_maps_joined(struct planner *planner)
{
    struct map_side users = user_side(planner), groups = group_side(planner);

    if (!users.n_given && !groups.n_given)
        return;
    plan_add(planner, OP_SYNC, SIDE_BOTH, "the user namespace is joined")->sync.mode = SYNC_PARENT_WAITS;
    add_joined(planner, &users);
    add_joined(planner, &groups);
}
