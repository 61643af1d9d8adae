// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a failure is told: the row in its own words (`mounts[3] "/data"`), the system call and what it was done to; the
 * parent puts them together and the errno's text behind them. Or, where no call failed, an explanation.
 */
#include "init/init.h"

enum { DETAIL_MAX = 300 }; /* of a string: a hint has to stand behind it */

static const char *row_words(const struct init *init)
{
    const char *what = init->row < init->n_ops ? init_str(init, init->ops[init->row].what) : NULL;

    return what ? what : "container";
}

static struct text note(const struct init *init, struct message *message, int code, const char *call)
{
    struct text text = text_init(message->what, sizeof message->what);

    message->row = init->row;
    message->code = code;
    text_put_short(&text, row_words(init), sizeof message->what - 1);
    text = text_init(message->call, sizeof message->call);
    text_put(&text, call);
    return text_init(message->detail, sizeof message->detail);
}

static void note_call(const struct init *init, struct message *message, int code, const char *call, const char *detail)
{
    struct text text = note(init, message, code, call);

    if (!detail)
        return;
    text_put(&text, "\"");
    text_put_short(&text, detail, DETAIL_MAX);
    text_put(&text, "\"");
}

int init_fail(struct init *init, int code, const char *call, const char *detail)
{
    note_call(init, &init->failure, code, call, detail);
    return code;
}

void init_hint(struct init *init, const char *words)
{
    char *detail = init->failure.detail;
    size_t length = strlen(detail);
    struct text text = text_init(detail + length, sizeof init->failure.detail - length);

    text_put(&text, length ? " " : "");
    text_put(&text, words);
}

int init_explain(struct init *init, int code, const char *words)
{
    struct text text = note(init, &init->failure, code, "");

    text_put(&text, words);
    return code;
}

int init_missing(struct init *init, const char *what, const char *path)
{
    struct text text = note(init, &init->failure, -ENOENT, "");

    text_put(&text, what);
    text_put(&text, "\"");
    text_put_short(&text, path, DETAIL_MAX);
    text_put(&text, "\" does not exist");
    return -ENOENT;
}

void init_warn(struct init *init, int code, const char *call, const char *detail)
{
    struct message message;

    memset(&message, 0, sizeof message);
    message.type = MESSAGE_WARNING;
    note_call(init, &message, code, call, detail);
    message_send(init, &message, -1);
}
