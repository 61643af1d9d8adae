// SPDX-License-Identifier: LGPL-2.1-or-later
/* The few messages of rtnetlink(7) that moving a network device takes, over a socket of one network namespace. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct net_address {
    uint8_t family, prefix, scope;
    uint8_t local[16], peer[16], broadcast[16];
    uint8_t local_size, peer_size, broadcast_size; /* 0: has none */
};

struct net_addresses {
    struct net_address *addresses; /* malloc'd */
    size_t n;
};

struct net_link {
    int index;
    unsigned flags; /* IFF_* */
};

/* A socket of the network namespace NAMESPACE_FD. The caller's own is the same afterwards. */
int netlink_open(int namespace_fd);

int netlink_find(int fd, const char *name, struct net_link *ret_link);

/* Addresses of the device INDEX that were given to it for good: no link-local ones, which the kernel makes by itself,
 * and none with a lifetime. */
int netlink_addresses(int fd, int index, struct net_addresses *ret);
void net_addresses_done(struct net_addresses *addresses);
int netlink_add_address(int fd, int index, const struct net_address *address);

/* To another namespace, with another name there. */
int netlink_move(int fd, int index, int namespace_fd, const char *name);
int netlink_up(int fd, int index);
