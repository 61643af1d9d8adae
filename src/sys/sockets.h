// SPDX-License-Identifier: LGPL-2.1-or-later
/* System calls on sockets. The result, or -errno; no policy. */
#pragma once

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sys/raw.h"

static inline int sys_socket(int domain, int type, int protocol)
{
    return (int) sys_call(SYS_socket, domain, type, protocol);
}

static inline int sys_socketpair(int domain, int type, int protocol, int ret_fds[2])
{
    return (int) sys_call(SYS_socketpair, domain, type, protocol, ret_fds);
}

static inline int sys_bind(int fd, const struct sockaddr *address, socklen_t size)
{
    return (int) sys_call(SYS_bind, fd, address, size);
}

static inline int sys_listen(int fd, int backlog)
{
    return (int) sys_call(SYS_listen, fd, backlog);
}

static inline int sys_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    return (int) sys_call(SYS_connect, fd, address, size);
}

static inline int sys_accept4(int fd, int flags)
{
    return (int) sys_call(SYS_accept4, fd, NULL, NULL, flags);
}

static inline long sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return sys_call(SYS_sendmsg, fd, message, flags);
}

static inline long sys_recvmsg(int fd, struct msghdr *message, int flags)
{
    return sys_call(SYS_recvmsg, fd, message, flags);
}
