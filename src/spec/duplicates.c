// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finding them. json-c keeps the last of two members without a word, so that whoever reads the first one is deceived.
 * Nearly every document has none, and that is found out cheaply: as many names in the text as members in the tree. Only
 * when the numbers differ the text is walked with a set of names for each object. It is one document, no deeper than
 * PARSE_DEPTH: brackets and quotes are in pairs.
 */
#include "spec/duplicates.h"

#include <string.h>

#include "spec/locate.h"
#include "spec/parse.h"
#include "spec/problem.h"

#define DUPLICATES_LIMIT 100 /* that are told: each takes a search for its line */
#define PATH_SIZE        1024

struct search {
    const struct document *document;
    size_t n_found;
};

static size_t walk(struct search *search, const struct json_path *path, size_t at);

static size_t count_members(struct json_object *value)
{
    size_t n = 0;

    if (json_object_is_type(value, json_type_array))
        for (size_t i = json_object_array_length(value); i-- > 0;)
            n += count_members(json_object_array_get_idx(value, i));
    if (json_object_is_type(value, json_type_object))
        for (struct lh_entry *member = json_object_get_object(value)->head; member; member = member->next)
            n += 1 + count_members((struct json_object *) lh_entry_v(member));
    return n;
}

/* The next quote from AT on that no backslash stands for, or END. */
static const char *find_quote(const char *at, const char *end)
{
    const char *quote = at, *before;

    for (; (quote = memchr(quote, '"', (size_t) (end - quote))); quote++) {
        for (before = quote; before > at && before[-1] == '\\'; before--)
            ;
        if ((quote - before) % 2 == 0)
            return quote;
    }
    return end;
}

/* Strings that a colon follows. */
static size_t count_names(const struct document *document)
{
    const char *at = document->text, *end = at + document->size;
    size_t n = 0;

    while ((at = find_quote(at, end)) < end) {
        at = find_quote(at + 1, end);
        at += at < end;
        at += strspn(at, " \t\r\n"); /* a NUL is behind the text */
        n += *at == ':';
    }
    return n;
}

static void tell(struct search *search, const struct json_path *path, size_t at)
{
    const struct document *document = search->document;
    char where[PATH_SIZE];
    struct error warning;

    if (search->n_found++ >= DUPLICATES_LIMIT)
        return;
    path_text(path, where, sizeof where);
    document_error(&warning, document, at, "%s: a duplicate, of which the last one counts", where);
    document->warn(document->userdata, &warning);
}

/* "name" as json-c reads it, or NULL. */
static struct json_object *name_at(const struct document *document, size_t start, size_t end)
{
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *name = NULL;

    if (!tokener)
        return NULL;
    name = json_tokener_parse_ex(tokener, document->text + start, (int) (end - start));
    json_tokener_free(tokener);
    return name;
}

static bool is_word(const char *name)
{
    return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

/* One member: its name begins at AT. Where its value ends. */
static size_t walk_member(struct search *search, const struct json_path *path, struct json_object *names, size_t at)
{
    const char *text = search->document->text;
    size_t size = search->document->size, end = json_skip_string(text, size, at);
    struct json_object *name = name_at(search->document, at, end);
    const char *key = name ? json_object_get_string(name) : "?";
    struct json_path member = { .parent = path, .name = is_word(key) ? key : NULL, .key = key };

    if (json_object_object_get_ex(names, key, NULL))
        tell(search, &member, at);
    else
        json_object_object_add(names, key, NULL);
    end = json_skip_space(text, size, end);
    end = walk(search, &member, json_skip_space(text, size, end + 1));
    json_object_put(name);
    return end;
}

/* The members or elements from AT on, which is behind the opening bracket. */
static size_t walk_items(struct search *search, const struct json_path *path, struct json_object *names, size_t at)
{
    const char *text = search->document->text;
    size_t size = search->document->size;
    struct json_path element = { .parent = path };

    at = json_skip_space(text, size, at);
    while (at < size && text[at] != '}' && text[at] != ']') {
        at = names ? walk_member(search, path, names, at) : walk(search, &element, at);
        at = json_skip_space(text, size, at);
        if (at < size && text[at] == ',')
            at = json_skip_space(text, size, at + 1);
        element.index++;
    }
    return at < size ? at + 1 : size;
}

/* Where the value at AT ends. */
static size_t walk(struct search *search, const struct json_path *path, size_t at)
{
    const char *text = search->document->text;
    size_t size = search->document->size, end;
    struct json_object *names;

    if (at >= size || search->n_found >= DUPLICATES_LIMIT)
        return size;
    if (text[at] == '[')
        return walk_items(search, path, NULL, at + 1);
    if (text[at] != '{')
        return json_value_end(text, size, at);
    names = json_object_new_object();
    end = names ? walk_items(search, path, names, at + 1) : size;
    json_object_put(names);
    return end;
}

void warn_duplicates(const struct document *document, struct json_object *tree)
{
    const struct json_path top = { 0 };
    struct search search = { .document = document };

    if (document->warn && count_names(document) != count_members(tree))
        walk(&search, &top, json_skip_space(document->text, document->size, 0));
}
