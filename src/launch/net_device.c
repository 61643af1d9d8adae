// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A device that changes its namespace is taken down by the kernel and loses its addresses; they are read before and
 * given back after. See net_device.h.
 */
#include "launch/net_device.h"

#include <errno.h>

#include "base/fd.h"
#include "launch/netlink.h"

static int set_up(int fd, const char *name, const struct net_addresses *addresses, struct error *err)
{
    struct net_link link;
    int r = netlink_find(fd, name, &link);

    if (r < 0)
        return error_errno(err, r, "find it in the container");
    for (size_t i = 0; i < addresses->n; i++) {
        r = netlink_add_address(fd, link.index, &addresses->addresses[i]);
        if (r < 0)
            return error_errno(err, r, "give it its addresses back");
    }
    r = netlink_up(fd, link.index);
    return r < 0 ? error_errno(err, r, "bring it up") : 0;
}

/* Device NAME there becomes OLD_NAME here again, as it was. */
static void move_back(int there, const char *name, int here, int here_fd, const char *old_name,
                      const struct net_addresses *addresses)
{
    struct net_link link;

    if (netlink_find(there, name, &link) >= 0 && netlink_move(there, link.index, here_fd, old_name) >= 0)
        set_up(here, old_name, addresses, NULL);
}

static int move(int from, int to, int from_fd, int to_fd, const char *name, const char *new_name, struct error *err)
{
    _cleanup_(net_addresses_done) struct net_addresses addresses = { 0 };
    struct net_link link;
    int r = netlink_find(from, name, &link);

    if (r < 0)
        return error_errno(err, r, "no such network device");
    r = netlink_addresses(from, link.index, &addresses);
    if (r < 0)
        return error_errno(err, r, "read its addresses");
    r = netlink_move(from, link.index, to_fd, new_name);
    if (r < 0) { /* the kernel moves first and renames then: it may be there, under its old name */
        move_back(to, name, from, from_fd, name, &addresses);
        return r == -EEXIST ? error_set(err, r, "the container has a network device \"%s\" already", new_name)
                            : error_errno(err, r, "move it to the container's network namespace as \"%s\"", new_name);
    }
    r = set_up(to, new_name, &addresses, err);
    if (r < 0)
        move_back(to, new_name, from, from_fd, name, &addresses);
    return r;
}

int net_device_move(int from_fd, int to_fd, const char *name, const char *new_name, struct error *err)
{
    _cleanup_close_ int from = netlink_open(from_fd);
    _cleanup_close_ int to = netlink_open(to_fd);

    if (from < 0 || to < 0)
        return error_errno(err, from < 0 ? from : to, "enter its network namespace");
    return move(from, to, from_fd, to_fd, name, new_name, err);
}
