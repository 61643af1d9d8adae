// SPDX-License-Identifier: LGPL-2.1-or-later
/* Requests and their answers; see netlink.h. One request at a time, each with an acknowledgement. */
#include "launch/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/compat.h"
#include "sys/process.h"

enum { REQUEST_SIZE = 512, ANSWER_SIZE = 32768 };

struct request {
    struct nlmsghdr header;
    char body[REQUEST_SIZE];
};

int netlink_open(int namespace_fd)
{
    _cleanup_close_ int own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int fd, r = own_fd < 0 ? -errno : sys_setns(namespace_fd, CLONE_NEWNET);

    if (r < 0)
        return r;
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    fd = fd < 0 ? -errno : fd;
    r = sys_setns(own_fd, CLONE_NEWNET);
    if (r < 0 && fd >= 0)
        close(fd);
    return r < 0 ? r : fd;
}

/* ---- requests ---- */

static void *request_init(struct request *request, uint16_t type, uint16_t flags, size_t size)
{
    memset(request, 0, sizeof *request);
    request->header.nlmsg_len = (uint32_t) NLMSG_LENGTH(size);
    request->header.nlmsg_type = type;
    request->header.nlmsg_flags = NLM_F_REQUEST | flags;
    return request->body;
}

static void request_add(struct request *request, uint16_t type, const void *data, size_t size)
{
    size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
    struct rtattr attribute = { .rta_len = (uint16_t) RTA_LENGTH(size), .rta_type = type };
    char *place = (char *) request + at;

    if (size == 0 || at + RTA_SPACE(size) > sizeof *request)
        return;
    memcpy(place, &attribute, sizeof attribute);
    memcpy(place + RTA_LENGTH(0), data, size);
    request->header.nlmsg_len = (uint32_t) (at + RTA_LENGTH(size));
}

static int request_send(int fd, const struct request *request)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    ssize_t n = sendto(fd, request, request->header.nlmsg_len, 0, (struct sockaddr *) &kernel, sizeof kernel);

    return n < 0 ? -errno : 0;
}

/* ---- answers ---- */

typedef int visitor(const struct nlmsghdr *message, void *userdata);

static int acknowledged(const struct nlmsghdr *message)
{
    const struct nlmsgerr *error = NLMSG_DATA(message);

    return message->nlmsg_len < NLMSG_LENGTH(sizeof error->error) ? -EPROTO : error->error;
}

/* One packet of messages. 1: the last of the answer was in it. */
static int visit_packet(const char *packet, size_t size, visitor *visit, void *userdata)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *) (const void *) packet;

    for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
        int r;

        if (message->nlmsg_type == NLMSG_DONE)
            return 1;
        if (message->nlmsg_type == NLMSG_ERROR) {
            r = acknowledged(message);
            return r < 0 ? r : 1;
        }
        r = visit ? visit(message, userdata) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int ask(int fd, const struct request *request, visitor *visit, void *userdata)
{
    _cleanup_free_ char *packet = malloc(ANSWER_SIZE);
    int r = packet ? request_send(fd, request) : -ENOMEM;

    while (r == 0) {
        ssize_t n = recv(fd, packet, ANSWER_SIZE, 0);

        if (n < 0 && errno == EINTR)
            continue;
        r = n < 0 ? -errno : visit_packet(packet, (size_t) n, visit, userdata);
    }
    return r < 0 ? r : 0;
}

/* ---- links ---- */

static int take_link(const struct nlmsghdr *message, void *userdata)
{
    const struct ifinfomsg *info = NLMSG_DATA(message);
    struct net_link *link = userdata;

    if (message->nlmsg_type == RTM_NEWLINK)
        *link = (struct net_link){ info->ifi_index, info->ifi_flags };
    return 0;
}

int netlink_find(int fd, const char *name, struct net_link *ret_link)
{
    struct request request;
    struct net_link link = { 0 };
    int r;

    if (strlen(name) >= IFNAMSIZ)
        return -ENODEV;
    request_init(&request, RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
    request_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
    r = ask(fd, &request, take_link, &link);
    if (r < 0)
        return r;
    *ret_link = link;
    return link.index ? 0 : -ENODEV;
}

int netlink_move(int fd, int index, int namespace_fd, const char *name)
{
    struct request request;
    struct ifinfomsg *info = request_init(&request, RTM_NEWLINK, NLM_F_ACK, sizeof *info);
    uint32_t target = (uint32_t) namespace_fd;

    info->ifi_index = index;
    request_add(&request, IFLA_NET_NS_FD, &target, sizeof target);
    request_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
    return ask(fd, &request, NULL, NULL);
}

int netlink_up(int fd, int index)
{
    struct request request;
    struct ifinfomsg *info = request_init(&request, RTM_NEWLINK, NLM_F_ACK, sizeof *info);

    info->ifi_index = index;
    info->ifi_flags = info->ifi_change = IFF_UP;
    return ask(fd, &request, NULL, NULL);
}

/* ---- addresses ---- */

struct search {
    int index;
    struct net_addresses *found;
};

static void take_bytes(const struct rtattr *attribute, uint8_t bytes[16], uint8_t *ret_size)
{
    size_t size = RTA_PAYLOAD(attribute);

    if (size > 16)
        return;
    memcpy(bytes, RTA_DATA(attribute), size);
    *ret_size = (uint8_t) size;
}

static void take_attributes(const struct nlmsghdr *message, struct net_address *address)
{
    const struct rtattr *attribute = IFA_RTA(NLMSG_DATA(message));
    size_t size = IFA_PAYLOAD(message);

    for (; RTA_OK(attribute, size); attribute = RTA_NEXT(attribute, size)) {
        if (attribute->rta_type == IFA_LOCAL)
            take_bytes(attribute, address->local, &address->local_size);
        else if (attribute->rta_type == IFA_ADDRESS)
            take_bytes(attribute, address->peer, &address->peer_size);
        else if (attribute->rta_type == IFA_BROADCAST)
            take_bytes(attribute, address->broadcast, &address->broadcast_size);
    }
}

static int take_address(const struct nlmsghdr *message, void *userdata)
{
    const struct ifaddrmsg *info = NLMSG_DATA(message);
    struct search *search = userdata;
    struct net_addresses *found = search->found;
    struct net_address *grown;

    if (message->nlmsg_type != RTM_NEWADDR || (int) info->ifa_index != search->index ||
        info->ifa_scope == RT_SCOPE_LINK || !(info->ifa_flags & IFA_F_PERMANENT))
        return 0;
    grown = realloc(found->addresses, (found->n + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    found->addresses = grown;
    grown[found->n] = (struct net_address){ info->ifa_family, info->ifa_prefixlen, info->ifa_scope };
    take_attributes(message, &grown[found->n++]);
    return 0;
}

int netlink_addresses(int fd, int index, struct net_addresses *ret)
{
    struct search search = { index, ret };
    struct request request;

    *ret = (struct net_addresses){ 0 };
    request_init(&request, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
    return ask(fd, &request, take_address, &search);
}

void net_addresses_done(struct net_addresses *addresses)
{
    free(addresses->addresses);
}

int netlink_add_address(int fd, int index, const struct net_address *address)
{
    struct request request;
    struct ifaddrmsg *info =
        request_init(&request, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof *info);

    info->ifa_family = address->family;
    info->ifa_prefixlen = address->prefix;
    info->ifa_scope = address->scope;
    info->ifa_index = (uint32_t) index;
    request_add(&request, IFA_LOCAL, address->local, address->local_size);
    request_add(&request, IFA_ADDRESS, address->peer, address->peer_size);
    request_add(&request, IFA_BROADCAST, address->broadcast, address->broadcast_size);
    return ask(fd, &request, NULL, NULL);
}
