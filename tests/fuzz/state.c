// SPDX-License-Identifier: GPL-2.0-or-later
/* state.json, whatever it holds: it is believed only after it was checked, so the check meets anything. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "state/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *text, size_t size)
{
    struct arena arena;
    struct state state;
    struct error err = { 0 };

    if (arena_init(&arena, (size_t) 64 << 20, &err) < 0)
        abort();
    if (state_parse(text, size, NULL, &state, &arena, &err) == 0) {
        /* What a reader relies on. */
        if (!state.id || !state.bundle || state.pid < 0 || state_check_id(state.id, NULL) < 0)
            abort();
        for (size_t i = 0; i < state.n_cgroups; i++)
            if (state.cgroups[i].path[0] != '/')
                abort();
    } else if (!err.code || !err.text[0] || strchr(err.text, '\n')) {
        abort();
    }
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    parse(text, size);
    free(text);
    return 0;
}
