// SPDX-License-Identifier: LGPL-2.1-or-later
/* The walk along a path as errors spell it: names, [N] and ["KEY"]; see reference.h. */
#include "spec/reference.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "spec/shapes.h"

enum { STEPS_LIMIT = 12, STEP_SIZE = 256 };

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* `["KEY"]`, with the quotes that end it; 0 if it does not end. */
static size_t key_length(const char *text)
{
    const char *end = strstr(text + 2, "\"]");

    return end ? (size_t) (end + 2 - text) : 0;
}

static size_t index_length(const char *text)
{
    size_t digits = strspn(text + 1, "0123456789");

    return digits && text[1 + digits] == ']' ? digits + 2 : 0;
}

/* One step at TEXT: ".name", "[3]", "[\"key\"]"; 0: the path ends here. */
static size_t step_length(const char *text)
{
    if (text[0] == '.' && strspn(text + 1, letters))
        return 1 + strspn(text + 1, letters);
    if (text[0] == '[')
        return text[1] == '"' ? key_length(text) : index_length(text);
    return 0;
}

static bool is_top_level(const char *text, size_t length)
{
    static const char *const names[] = {
        "ociVersion", "root", "process", "hostname", "domainname", "mounts", "hooks", "annotations", "linux", NULL,
    };

    for (const char *const *name = names; *name; name++)
        if (strlen(*name) == length && strncmp(*name, text, length) == 0)
            return true;
    return false;
}

size_t reference_length(const char *text)
{
    size_t length = strspn(text, letters), step;

    if (!is_top_level(text, length))
        return 0;
    while ((step = step_length(text + length)) > 0)
        length += step;
    return length;
}

/* STEP of LENGTH bytes as a link of the path; the name goes into BUFFER. */
static struct json_path link_of(const char *step, size_t length, char buffer[STEP_SIZE])
{
    struct json_path path = { .key = buffer };
    size_t head = step[0] == '[' ? 2 : step[0] == '.', tail = step[0] == '[' ? 2 : 0;

    if (step[0] == '[' && step[1] != '"')
        return (struct json_path){ .index = strtoul(step + 1, NULL, 10) };
    length -= head + tail;
    if (length >= STEP_SIZE)
        length = STEP_SIZE - 1;
    memcpy(buffer, step + head, length);
    buffer[length] = '\0';
    path.name = step[0] == '[' ? NULL : buffer;
    return path;
}

struct text_place reference_place(const struct document *document, const char *path, size_t length)
{
    struct json_path links[STEPS_LIMIT] = { { 0 } };
    char names[STEPS_LIMIT][STEP_SIZE];
    const char *end = path + length;
    size_t n = 1, offset;

    for (; path < end && n < STEPS_LIMIT; n++) {
        size_t step = n == 1 ? strspn(path, letters) : step_length(path);

        links[n] = link_of(path, step, names[n]);
        links[n].parent = &links[n - 1];
        path += step;
    }
    json_locate(document->text, document->size, &links[n - 1], &offset);
    return text_place(document->text, offset);
}
