// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A device that changes its namespace is taken down by the kernel and loses its addresses; they are read before and
 * given back after. See net_device.h.
 */
#include "launch/net_device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "launch/netlink.h"

enum { NUMBERS_MAX = 32768 }; /* as many as the kernel tries */

/* What of a device does not come along. */
struct belongings {
    struct net_addresses addresses;
    bool up;
};

static void belongings_done(struct belongings *belongings)
{
    net_addresses_done(&belongings->addresses);
}

static int set_up(int fd, const char *name, const struct belongings *belongings, struct error *err)
{
    const struct net_addresses *addresses = &belongings->addresses;
    struct net_link link;
    int r = netlink_find(fd, name, &link);

    if (r < 0)
        return error_errno(err, r, "find it in the container");
    for (size_t i = 0; i < addresses->n; i++) {
        r = netlink_add_address(fd, link.index, &addresses->addresses[i]);
        if (r < 0)
            return error_errno(err, r, "give it its addresses back");
    }
    r = belongings->up ? netlink_up(fd, link.index) : 0;
    return r < 0 ? error_errno(err, r, "bring it up") : 0;
}

/* Device NAME there becomes OLD_NAME here again, as it was. */
static void move_back(int there, const char *name, int here, int here_fd, const char *old_name,
                      const struct belongings *belongings)
{
    struct net_link link;

    if (netlink_find(there, name, &link) >= 0 && netlink_move(there, link.index, here_fd, old_name) >= 0)
        set_up(here, old_name, belongings, NULL);
}

struct move {
    int from, to; /* netlink sockets */
    int from_fd, to_fd;
    const char *name, *new_name;
    bool up;
};

/* The kernel's own template, taken out of it beforehand: the name must be known to bring the device up, and back. */
static int choose_name(int to, const char *name, char ret[IFNAMSIZ], struct error *err)
{
    size_t length = strcspn(name, "%");
    struct net_link link;

    if (!name[length]) {
        snprintf(ret, IFNAMSIZ, "%s", name);
        return 0;
    }
    for (int i = 0; i < NUMBERS_MAX; i++)
        if (snprintf(ret, IFNAMSIZ, "%.*s%d%s", (int) length, name, i, name + length + 2) < IFNAMSIZ &&
            netlink_find(to, ret, &link) == -ENODEV)
            return 0;
    return error_set(err, -EEXIST, "the container has no name left for it that is like \"%s\"", name);
}

static int move(const struct move *m, bool *ret_up, struct error *err)
{
    _cleanup_(belongings_done) struct belongings before = { 0 };
    struct belongings after;
    struct net_link link;
    int r = netlink_find(m->from, m->name, &link);

    if (r < 0)
        return error_errno(err, r, "no such network device");
    r = netlink_addresses(m->from, link.index, &before.addresses);
    if (r < 0)
        return error_errno(err, r, "read its addresses");
    before.up = *ret_up = link.flags & IFF_UP;
    after = (struct belongings){ before.addresses, m->up };
    r = netlink_move(m->from, link.index, m->to_fd, m->new_name);
    if (r < 0) { /* the kernel moves first and renames then: it may be there, under its old name */
        move_back(m->to, m->name, m->from, m->from_fd, m->name, &before);
        return r == -EEXIST
                   ? error_set(err, r, "the container has a network device \"%s\" already", m->new_name)
                   : error_errno(err, r, "move it to the container's network namespace as \"%s\"", m->new_name);
    }
    r = set_up(m->to, m->new_name, &after, err);
    if (r < 0)
        move_back(m->to, m->new_name, m->from, m->from_fd, m->name, &before);
    return r;
}

int net_device_move(int from_fd, int to_fd, const char *name, const char *new_name, bool up,
                    struct net_device_moved *ret, struct error *err)
{
    _cleanup_close_ int from = netlink_open(from_fd);
    _cleanup_close_ int to = netlink_open(to_fd);
    int r;

    if (from < 0 || to < 0)
        return error_errno(err, from < 0 ? from : to, "enter its network namespace");
    r = choose_name(to, new_name, ret->name, err);
    return r < 0 ? r : move(&(struct move){ from, to, from_fd, to_fd, name, ret->name, up }, &ret->was_up, err);
}
