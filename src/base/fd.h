// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ownership of descriptors: `_cleanup_close_ int fd = -1;` closes at the end of the scope, take_fd() hands
 * on. Reading and writing of whole small files. Every descriptor made here is close-on-exec.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _cleanup_close_     _cleanup_(fd_closep)
#define _cleanup_free_      _cleanup_(freep)

void fd_closep(const int *fd);
void freep(void *pointer);

static inline int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Close *FD if it is open and set it to -1. */
void fd_close(int *fd);

/* In a child that is about to execute another program: close FIRST and all above, whatever a caller has left open. Allocates
 * nothing. */
void fd_close_from(int first);

/* The same at the exec. */
void fd_close_on_exec_from(int first);

/* Write all of DATA, going on after short writes and EINTR. 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t size);

/* Read FD to its end into malloc'd memory with a NUL behind it. -EFBIG when it is longer than LIMIT bytes. */
int fd_read_all(int fd, size_t limit, char **ret_data, size_t *ret_size);

/* The same for a regular file of SIZE bytes, as fstat(2) has told: read no further when they are there. */
int fd_read_sized(int fd, size_t size, size_t limit, char **ret_data, size_t *ret_size);

/* The same for the file PATH below directory DIR_FD (AT_FDCWD for the caller's). */
int file_read(int dir_fd, const char *path, size_t limit, char **ret_data, size_t *ret_size);

/* The same for a file of the kernel that is one record: made as a whole when it is first read, as /proc/PID/stat and
 * cgroup.controllers are (single_open of the kernel's seq_file), so that a read which is not filled has come to the end. Not for files of many
 * records (mountinfo, cgroup.procs), which come in pieces. */
int file_read_record(int dir_fd, const char *path, size_t limit, char **ret_data);

/* Open PATH (O_WRONLY, no creation, no truncation) and write TEXT in one write(2), as kernel files want it. */
int file_write(int dir_fd, const char *path, const char *text);

/* Replace file NAME in DIR_FD by DATA: temporary file, write, rename; the old or the new one exists at any moment. */
int file_replace(int dir_fd, const char *name, const void *data, size_t size, unsigned mode);
