// SPDX-License-Identifier: LGPL-2.1-or-later
/* From the options of checkpoint and restore to a request; see criu.h. */
#include "container/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/prepare.h"

#define DEFAULT_IMAGE_PATH "checkpoint"

enum { PORT_MAX = 65535, DIRECTORY_MODE = 0700 };

/* ---- directories ---- */

/* With the directories above it, as far as they are missing; PATH is absolute. */
static int make_directory(const char *path)
{
    char above[PATH_MAX];
    size_t length = strlen(path);

    if (length >= sizeof above)
        return -ENAMETOOLONG;
    memcpy(above, path, length + 1);
    for (size_t i = 1; i <= length; i++)
        if (path[i] == '/' || i == length) {
            above[i] = '\0';
            if (mkdir(above, DIRECTORY_MODE) < 0 && errno != EEXIST)
                return -errno;
            above[i] = path[i];
        }
    return 0;
}

static int open_directory(struct criu_call *call, const char *option, const char *path, bool make, int *ret_fd,
                          struct error *err)
{
    int r = make ? make_directory(path) : 0, fd;

    if (r < 0)
        return error_errno(err, r, "%s \"%s\"", option, path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, -errno, "%s \"%s\"", option, path);
    r = criu_call_own(call, fd, err);
    if (r >= 0)
        *ret_fd = fd;
    return r;
}

/* Relative to the images' directory, as CRIU keeps it there (as the link "parent"). */
static int check_parent(const struct criu_call *call, struct error *err)
{
    const char *path = call->options->parent_path;
    struct stat st;

    if (!path)
        return 0;
    if (fstatat(call->image_fd, path, &st, 0) < 0)
        return error_errno(err, -errno, "--parent-path \"%s\" (from \"%s\")", path, call->image_path);
    return S_ISDIR(st.st_mode) ? 0 : error_errno(err, -ENOTDIR, "--parent-path \"%s\"", path);
}

static int open_directories(struct criu_call *call, bool make, struct error *err)
{
    const struct crun_checkpoint_options *o = call->options;
    const char *image = o->image_path ? o->image_path : DEFAULT_IMAGE_PATH;
    int r = prepare_path(call->arena, "--image-path", image, &call->image_path, err);

    if (r >= 0)
        r = prepare_path(call->arena, "--work-path", o->work_path ? o->work_path : image, &call->work_path, err);
    if (r >= 0)
        r = open_directory(call, "--image-path", call->image_path, make, &call->image_fd, err);
    if (r >= 0)
        r = open_directory(call, "--work-path", call->work_path, true, &call->work_fd, err);
    return r < 0 ? r : check_parent(call, err);
}

/* ---- options ---- */

/* "ADDRESS:PORT"; an IPv6 address has colons of its own. */
static int page_server(struct criu_call *call, struct error *err)
{
    const char *text = call->options->page_server, *colon = text ? strrchr(text, ':') : NULL;
    char *end = NULL;
    long port = colon ? strtol(colon + 1, &end, 10) : 0;

    if (!text)
        return 0;
    if (!colon || colon == text || !colon[1] || *end || port < 1 || port > PORT_MAX)
        return error_set(err, -EINVAL, "--page-server: expected ADDRESS:PORT, found \"%s\"", text);
    call->request.page_server = arena_strndup(call->arena, text, (size_t) (colon - text));
    call->request.page_server_port = (int) port;
    return 0;
}

static int empty_namespace(struct criu_call *call, struct error *err)
{
    const char *name = call->options->empty_ns;

    if (!name)
        return 0;
    if (strcmp(name, "network") != 0)
        return error_set(err, -EINVAL, "--empty-ns: expected \"network\", found \"%s\"", name);
    call->request.empty_ns = CLONE_NEWNET;
    return 0;
}

/* The annotation; empty: none. Without it a file that the administrator has put down for all containers. */
static const char *config_file(const struct criu_call *call)
{
    const char *annotation = spec_annotation(call->spec, "org.criu.config");
    static const char *const files[] = { "/etc/criu/crun.conf", "/etc/criu/runc.conf" };

    if (annotation)
        return *annotation ? annotation : NULL;
    for (size_t i = call->context->as_runc; i < sizeof files / sizeof files[0]; i++)
        if (access(files[i], F_OK) == 0)
            return files[i];
    return NULL;
}

static void take_options(struct criu_call *call)
{
    static const int modes[] = { [CRUN_CGROUPS_DEFAULT] = CRIU_CG_MODE_IGNORE,
                                 [CRUN_CGROUPS_SOFT] = CRIU_CG_MODE_SOFT,
                                 [CRUN_CGROUPS_FULL] = CRIU_CG_MODE_FULL,
                                 [CRUN_CGROUPS_STRICT] = CRIU_CG_MODE_STRICT,
                                 [CRUN_CGROUPS_IGNORE] = CRIU_CG_MODE_IGNORE };
    static const int locks[] = { [CRUN_NETWORK_LOCK_DEFAULT] = 0,
                                 [CRUN_NETWORK_LOCK_IPTABLES] = CRIU_NETWORK_LOCK_METHOD_IPTABLES,
                                 [CRUN_NETWORK_LOCK_NFTABLES] = CRIU_NETWORK_LOCK_METHOD_NFTABLES,
                                 [CRUN_NETWORK_LOCK_SKIP] = CRIU_NETWORK_LOCK_METHOD_SKIP };
    const struct crun_checkpoint_options *o = call->options;
    struct criu_request *request = &call->request;

    request->parent_image = o->parent_path;
    request->config_file = config_file(call);
    request->manage_cgroups = modes[o->manage_cgroups_mode];
    request->network_lock = locks[o->network_lock];
    request->leave_running = o->leave_running;
    request->ext_unix_sk = o->ext_unix_sk;
    request->tcp_established = o->tcp_established;
    request->tcp_skip_in_flight = o->tcp_skip_in_flight;
    request->tcp_close = o->tcp_close;
    request->shell_job = o->shell_job;
    request->file_locks = o->file_locks;
    request->link_remap = o->link_remap;
    request->auto_dedup = o->auto_dedup;
    request->lazy_pages = o->lazy_pages;
}

/* ---- together ---- */

int criu_call_prepare(struct criu_call *call, enum criu_work work, struct error *err)
{
    static const char *const logs[] = { "dump.log", "pre-dump.log", "restore.log" };
    static const char *const names[] = { "checkpoint", "pre-dump", "restore" };
    int r;

    call->criu = (struct criu) CRIU_SESSION_INIT;
    call->image_fd = call->work_fd = -1;
    r = open_directories(call, work != CRIU_RESTORE, err);
    if (r < 0)
        return r;
    call->cgroups_anew = criu_has_namespace(call, NAMESPACE_CGROUP) && !criu_has_namespace(call, NAMESPACE_USER);
    call->request.work = work;
    call->request.log_file = call->criu.log_file = logs[work];
    call->request.image_fd = call->image_fd;
    call->request.work_fd = call->work_fd;
    call->criu.program = call->context->criu;
    call->criu.work = names[work];
    call->criu.log_path = call->work_path;
    call->criu.log_dir_fd = call->work_fd;
    call->criu.directories[0] = (struct criu_directory){ call->image_fd, call->image_path };
    call->criu.directories[1] = (struct criu_directory){ call->work_fd, call->work_path };
    take_options(call);
    r = page_server(call, err);
    return r < 0 ? r : empty_namespace(call, err);
}

int criu_call_own(struct criu_call *call, int fd, struct error *err)
{
    int *grown = arena_new(call->arena, int, call->criu.n_fds + 1);

    if (!grown) {
        close(fd);
        return error_errno(err, -ENOMEM, "ask criu");
    }
    if (call->criu.n_fds)
        memcpy(grown, call->criu.fds, call->criu.n_fds * sizeof *grown);
    grown[call->criu.n_fds++] = fd;
    call->criu.fds = grown;
    return 0;
}

int criu_call_send(struct criu_call *call, struct error *err)
{
    _cleanup_(criu_message_done) struct criu_message message = { 0 };

    if (call->arena->failed)
        return error_errno(err, -ENOMEM, "ask criu");
    criu_encode(&call->request, &message);
    return criu_send(&call->criu, &message, err);
}

void criu_call_done(struct criu_call *call)
{
    criu_end(&call->criu);
    for (size_t i = 0; i < call->criu.n_fds; i++)
        fd_close(&call->criu.fds[i]);
    call->criu.n_fds = 0;
}
