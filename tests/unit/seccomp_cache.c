// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cache of seccomp programs: what is kept comes back, and only for the same text; a file that is not plainly ours is not
 * believed; a document without its profile is loaded as the whole is, or not at all.
 */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "seccomp/cache.h"
#include "spec/profile.h"

#define TEXT "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}"

static struct sock_filter program[] = {
    {BPF_LD | BPF_W | BPF_ABS,   0, 0, 0         },
    { BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 39        },
    { BPF_RET | BPF_K,           0, 0, 0x7fff0000},
    { BPF_RET | BPF_K,           0, 0, 0x00050001},
};
static char notes[] = "one\ntwo\n";
static const struct seccomp_cached kept = {
    .filter = {program, sizeof program, 4},
      .notes = notes
};

struct place {
    char path[64];
    int root_fd, folder_fd;
};

static void place_done(struct place *place)
{
    char command[128];

    fd_close(&place->root_fd);
    fd_close(&place->folder_fd);
    snprintf(command, sizeof command, "rm -rf '%s'", place->path);
    if (system(command) != 0)
        puts("# the scratch directory stays");
}

/* A state root in which TEXT's program is kept. */
static int place_make(struct place *place)
{
    int r;

    *place = (struct place){ "/tmp/crun-test-cache-XXXXXX", -1, -1 };
    if (!mkdtemp(place->path))
        return -errno;
    place->root_fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    r = seccomp_cache_keep(place->root_fd, TEXT, strlen(TEXT), &kept);
    place->folder_fd = openat(place->root_fd, SECCOMP_CACHE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return r;
}

static int find(const struct place *place, const char *text)
{
    _cleanup_(seccomp_cached_done) struct seccomp_cached found = { 0 };
    int r = seccomp_cache_find(place->root_fd, text, strlen(text), &found);

    if (r != 1)
        return r;
    if (found.filter.size != sizeof program || memcmp(found.filter.program, program, sizeof program) != 0 ||
        found.filter.flags != 4 || strcmp(found.notes, notes) != 0)
        return -EBADMSG;
    return 1;
}

/* The names in the folder; the first of them in NAME. */
static unsigned count_files(const struct place *place, char name[NAME_MAX + 1])
{
    int fd = openat(place->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    unsigned n = 0;

    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && n++ == 0)
            strcpy(name, entry->d_name);
    if (folder)
        closedir(folder);
    return n;
}

static void what_is_kept_comes_back(void)
{
    _cleanup_(place_done) struct place place;
    char name[NAME_MAX + 1];
    struct stat st;

    CHECK_INT(place_make(&place), 0);
    CHECK_INT(find(&place, TEXT), 1);
    CHECK_INT(find(&place, TEXT " "), 0);
    CHECK_INT(count_files(&place, name), 1);
    CHECK_INT(fstat(place.folder_fd, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0700);
    CHECK_INT(fstatat(place.folder_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
}

static void nothing_is_there_at_first(void)
{
    _cleanup_(place_done) struct place place;

    CHECK_INT(place_make(&place), 0);
    CHECK_INT(unlinkat(place.root_fd, SECCOMP_CACHE_FOLDER, 0) < 0 ? -errno : 0, -EISDIR);
    CHECK_INT(renameat(place.root_fd, SECCOMP_CACHE_FOLDER, place.root_fd, "elsewhere"), 0);
    CHECK_INT(find(&place, TEXT), 0);
}

/* ---- what is not believed ---- */

static int other_mode(int folder_fd, const char *name)
{
    return fchmodat(folder_fd, name, 0640, 0);
}

static int other_owner(int folder_fd, const char *name)
{
    return fchownat(folder_fd, name, 1, 1, 0);
}

static int second_name(int folder_fd, const char *name)
{
    return linkat(folder_fd, name, folder_fd, "second", 0);
}

static int symbolic_link(int folder_fd, const char *name)
{
    return renameat(folder_fd, name, folder_fd, "file") < 0 ? -1 : symlinkat("file", folder_fd, name);
}

static int fifo(int folder_fd, const char *name)
{
    return unlinkat(folder_fd, name, 0) < 0 ? -1 : mkfifoat(folder_fd, name, 0600);
}

static int directory(int folder_fd, const char *name)
{
    return unlinkat(folder_fd, name, 0) < 0 ? -1 : mkdirat(folder_fd, name, 0700);
}

/* Open NAME and cut it by N bytes, or make it longer. */
static int change_size(int folder_fd, const char *name, off_t n)
{
    _cleanup_close_ int fd = openat(folder_fd, name, O_RDWR | O_CLOEXEC);

    return ftruncate(fd, lseek(fd, 0, SEEK_END) + n);
}

static int truncated(int folder_fd, const char *name)
{
    return change_size(folder_fd, name, -1);
}

static int too_large(int folder_fd, const char *name)
{
    return change_size(folder_fd, name, (off_t) SECCOMP_CACHE_LIMIT);
}

/* The last instruction's value is the byte before the notes and some more. */
static int other_instruction(int folder_fd, const char *name)
{
    _cleanup_close_ int fd = openat(folder_fd, name, O_RDWR | O_CLOEXEC);
    off_t at = lseek(fd, 0, SEEK_END) - (off_t) (strlen(notes) + sizeof(struct sock_filter));
    struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, 0x7fff0000 };

    return pwrite(fd, &allow, sizeof allow, at) == sizeof allow ? 0 : -1;
}

static int open_folder(int folder_fd, const char *name)
{
    return fchmod(folder_fd, 0755);
}

static int others_folder(int folder_fd, const char *name)
{
    return fchown(folder_fd, 1, 1);
}

static void what_is_not_plainly_ours_is_not_believed(void)
{
    static const struct {
        const char *name;
        int (*change)(int folder_fd, const char *name);
        int expected;
        bool needs_root;
    } cases[] = {
        {"mode",            other_mode,        -EPERM,  false},
        { "owner",          other_owner,       -EPERM,  true },
        { "second name",    second_name,       -EPERM,  false},
        { "symlink",        symbolic_link,     -ELOOP,  false},
        { "fifo",           fifo,              -EPERM,  false},
        { "directory",      directory,         -EPERM,  false},
        { "truncated",      truncated,         -EINVAL, false},
        { "too large",      too_large,         -EINVAL, false},
        { "instruction",    other_instruction, -EINVAL, false},
        { "folder's mode",  open_folder,       -EPERM,  false},
        { "folder's owner", others_folder,     -EPERM,  true },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        _cleanup_(place_done) struct place place;
        char name[NAME_MAX + 1];

        CHECK_INT(place_make(&place), 0);
        CHECK_INT(count_files(&place, name), 1);
        if (cases[i].needs_root && geteuid() != 0) {
            printf("# %s: left out, only root gives away files\n", cases[i].name);
            continue;
        }
        printf("# %s\n", cases[i].name);
        CHECK_INT(cases[i].change(place.folder_fd, name), 0);
        CHECK_INT(find(&place, TEXT), cases[i].expected);
    }
}

/* A hash is no proof: the file of this name may be another text's. */
static void another_text_of_the_same_hash(void)
{
    _cleanup_(place_done) struct place place;
    char name[NAME_MAX + 1], other[NAME_MAX + 1];

    CHECK_INT(place_make(&place), 0);
    count_files(&place, name);
    CHECK_INT(renameat(place.folder_fd, name, place.root_fd, "aside"), 0);
    CHECK_INT(seccomp_cache_keep(place.root_fd, "{ }", 3, &kept), 0);
    CHECK_INT(count_files(&place, other), 1);
    CHECK_INT(renameat(place.root_fd, "aside", place.folder_fd, other), 0);
    CHECK_INT(find(&place, "{ }"), 0);
    CHECK_INT(seccomp_cache_keep(place.root_fd, "{ }", 3, &kept), 0);
    CHECK_INT(find(&place, "{ }"), 1);
}

static void a_folder_that_is_a_link_is_not_followed(void)
{
    _cleanup_(place_done) struct place place;

    CHECK_INT(place_make(&place), 0);
    CHECK_INT(renameat(place.root_fd, SECCOMP_CACHE_FOLDER, place.root_fd, "elsewhere"), 0);
    CHECK_INT(symlinkat("elsewhere", place.root_fd, SECCOMP_CACHE_FOLDER), 0);
    CHECK_INT(find(&place, TEXT), -ENOTDIR);
    CHECK_INT(seccomp_cache_keep(place.root_fd, TEXT, strlen(TEXT), &kept), -ENOTDIR);
}

static void the_oldest_goes_for_the_next(void)
{
    _cleanup_(place_done) struct place place;
    char name[NAME_MAX + 1], text[32];

    CHECK_INT(place_make(&place), 0);
    for (int i = 0; i < SECCOMP_CACHE_FILES + 3; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL); /* the clock of files ticks slowly */
        CHECK_INT(seccomp_cache_keep(place.root_fd, text, (size_t) sprintf(text, "{%d}", i), &kept), 0);
    }
    CHECK_INT(count_files(&place, name), SECCOMP_CACHE_FILES);
    CHECK_INT(find(&place, TEXT), 0);
    CHECK_INT(find(&place, "{0}"), 0);
    CHECK_INT(find(&place, "{3}"), 1);
    CHECK_INT(find(&place, text), 1);
}

static void what_is_too_large_is_not_kept(void)
{
    _cleanup_(place_done) struct place place;
    _cleanup_free_ char *text = calloc(1, SECCOMP_CACHE_LIMIT);

    CHECK_INT(place_make(&place), 0);
    memset(text, ' ', SECCOMP_CACHE_LIMIT);
    CHECK_INT(seccomp_cache_keep(place.root_fd, text, SECCOMP_CACHE_LIMIT, &kept), -EFBIG);
}

/* ---- the bytes of a file ---- */

static int parse(const void *data, size_t n)
{
    _cleanup_(seccomp_cached_done) struct seccomp_cached found = { 0 };

    return seccomp_cache_parse(data, n, TEXT, strlen(TEXT), &found);
}

static void every_damaged_byte_is_seen(void)
{
    size_t n;
    _cleanup_free_ unsigned char *data = seccomp_cache_format(TEXT, strlen(TEXT), &kept, &n);

    CHECK_INT(parse(data, n), 1);
    for (size_t i = 0; i < n; i++) {
        CHECK(parse(data, i) <= 0);
        data[i] ^= 1;
        CHECK(parse(data, n) <= 0);
        data[i] ^= 1;
    }
}

static void programs_that_jump_out_are_damaged(void)
{
    static const struct sock_filter bad[][2] = {
        {{ BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0 },  { BPF_RET | BPF_K, 0, 0, 0 }         },
        { { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0 }, { BPF_RET | BPF_K, 0, 0, 0 }         },
        { { BPF_JMP | BPF_JA, 0, 0, 1 },          { BPF_RET | BPF_K, 0, 0, 0 }         },
        { { BPF_RET | BPF_K, 0, 0, 0 },           { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 }},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct seccomp_cached what = {
            .filter = {(void *) bad[i], sizeof bad[i], 0},
              .notes = notes
        };
        size_t n;
        _cleanup_free_ void *data = seccomp_cache_format(TEXT, strlen(TEXT), &what, &n);

        CHECK_INT(parse(data, n), -EINVAL);
    }
}

/* ---- the profile in its document ---- */

#define DOCUMENT(rest) "{\"ociVersion\":\"1.0.0\"," rest "}"

/* 1: loaded without its profile; 0: refused; -1: no profile was found. */
static int without(const char *text, char **ret_profile)
{
    struct document document = { .name = "config.json", .text = (char *) text, .size = strlen(text) };
    struct profile_text profile;
    const struct spec *spec;
    struct arena arena;
    int r;

    *ret_profile = NULL;
    if (!profile_find(&document, &profile) || arena_init(&arena, ARENA_DEFAULT_SIZE, NULL) < 0)
        return -1;
    *ret_profile = strndup(profile.text, profile.size);
    r = profile_load_without(&document, &profile, &arena, &spec);
    if (r && (strcmp(spec->hostname, "h") != 0 || spec->linux_->seccomp))
        r = -2;
    arena_done(&arena);
    return r;
}

static void documents_without_their_profile(void)
{
    static const struct {
        const char *text;
        int expected;
        const char *profile;
    } cases[] = {
        {DOCUMENT("\"linux\":{\"seccomp\":{\"a\":\"}\"}},\"hostname\":\"h\""),                         1,  "{\"a\":\"}\"}"},
        { DOCUMENT("\"hostname\":\"h\",\n \"linux\" : { \"x\" : [{}, \"linux\"], \"seccomp\" : {} }"), 1,  "{}"           },
 /* elsewhere */
        { DOCUMENT("\"hostname\":\"h\",\"seccomp\":{}"),                                               -1, NULL           },
        { DOCUMENT("\"hostname\":\"h\",\"x\":{\"linux\":{\"seccomp\":{}}}"),                           -1, NULL           },
        { DOCUMENT("\"hostname\":\"h\",\"linux\":{\"x\":{\"seccomp\":{}}}"),                           -1, NULL           },
        { DOCUMENT("\"hostname\":\"\\\"seccomp\",\"linux\":{}"),                                       -1, NULL           },
        { DOCUMENT("\"linux\":{\"seccomp\":null},\"hostname\":\"h\""),                                 -1, NULL           },
        { DOCUMENT("\"linux\":{\"seccomp\":[{}]},\"hostname\":\"h\""),                                 -1, NULL           },
        { "[\"seccomp\"]",                                                                             -1, NULL           },
        { "",                                                                                          -1, NULL           },
        { "{\"linux\":{\"seccomp\":",                                                                  -1, NULL           },
 /* twice, by whatever name: the whole is read, and warned of */
        { DOCUMENT("\"linux\":{\"seccomp\":{},\"seccomp\":{}},\"hostname\":\"h\""),                    0,  "{}"           },
        { DOCUMENT("\"linux\":{\"seccomp\":{},\"\\u0073eccomp\":{}},\"hostname\":\"h\""),              0,  "{}"           },
        { DOCUMENT("\"linux\":{\"seccomp\":{}},\"linux\":{},\"hostname\":\"h\""),                      0,  "{}"           },
        { DOCUMENT("\"linux\":{\"seccomp\":{}},\"hostname\":\"g\",\"hostname\":\"h\""),                0,  "{}"           },
 /* the exact name counts, wherever it stands */
        { DOCUMENT("\"Linux\":{\"seccomp\":{\"defaultAction\":\"x\"}},\"linux\":{\"Seccomp\":{},\"seccomp\":{}},"
                   "\"hostname\":\"h\""),
         1,                                                                                                "{}"           },
 /* not JSON, or wrong elsewhere */
        { DOCUMENT("\"linux\":{\"seccomp\":{}}},\"hostname\":\"h\""),                                  0,  "{}"           },
        { DOCUMENT("\"linux\":{\"seccomp\":{},},\"hostname\":\"h\""),                                  0,  "{}"           },
        { DOCUMENT("\"linux\":{\"seccomp\":{}},\"hostname\":7"),                                       0,  "{}"           },
        { DOCUMENT("\"x\":}\"linux\":{\"seccomp\":{}},\"hostname\":\"h\""),                            -1, NULL           },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        _cleanup_free_ char *profile = NULL;
        int r = without(cases[i].text, &profile);

        if (r != cases[i].expected)
            printf("# %s\n", cases[i].text);
        CHECK_INT(r, cases[i].expected);
        CHECK(!cases[i].profile || (profile && strcmp(profile, cases[i].profile) == 0));
    }
}

static const struct test tests[] = {
    {"what is kept comes back",                   what_is_kept_comes_back                 },
    { "nothing is there at first",                nothing_is_there_at_first               },
    { "what is not plainly ours is not believed", what_is_not_plainly_ours_is_not_believed},
    { "another text of the same hash",            another_text_of_the_same_hash           },
    { "a folder that is a link is not followed",  a_folder_that_is_a_link_is_not_followed },
    { "the oldest goes for the next",             the_oldest_goes_for_the_next            },
    { "what is too large is not kept",            what_is_too_large_is_not_kept           },
    { "every damaged byte is seen",               every_damaged_byte_is_seen              },
    { "programs that jump out are damaged",       programs_that_jump_out_are_damaged      },
    { "documents without their profile",          documents_without_their_profile         },
};

TEST_MAIN(tests)
