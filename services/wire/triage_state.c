#include "wire/triage_state.h"

#include <shouwang/v1/state.pb-c.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/reader.h"
#include "wire/writer.h"

static int encode_seen(const struct seen_state *seen, struct arena *arena, struct str *ret_value)
{
    struct writer writer = {.arena = arena};
    Shouwang__V1__SeenEvent record;
    shouwang__v1__seen_event__init(&record);
    record.body_digest = writer_ident(&writer, seen->digest);
    record.seen_at_ms = seen->at_ms;
    return writer.error != 0 ? writer.error : encode_message(&record.base, arena, ret_value);
}

static int encode_window(const struct window_state *window, struct arena *arena,
                         struct str *ret_value)
{
    struct writer *writer = &(struct writer){.arena = arena};
    Shouwang__V1__WindowBucket record;
    shouwang__v1__window_bucket__init(&record);
    WRITER_MESSAGES(writer, window->count, Shouwang__V1__WindowEntry,
                    shouwang__v1__window_entry__init)
    for (size_t i = 0; writer->error == 0 && i < window->count; i++) {
        bodies[i].at_ms = window->entries[i].at_ms;
        bodies[i].value = writer_ident(writer, window->entries[i].value);
    }
    record.entries = messages;
    record.n_entries = window->count;
    return writer->error != 0 ? writer->error : encode_message(&record.base, arena, ret_value);
}

int triage_state_encode(const struct triage_state *state, struct arena *arena,
                        struct str *ret_value)
{
    sw_assert(state->is_there);
    return state->entity == TRIAGE_SEEN ? encode_seen(&state->seen, arena, ret_value)
                                        : encode_window(&state->window, arena, ret_value);
}

static int read_window(const Shouwang__V1__WindowBucket *record, struct arena *arena,
                       struct window_state *ret_window)
{
    struct window_entry *entries = arena_alloc_array(arena, record->n_entries, sizeof(*entries));
    if (entries == NULL) {
        return ERR_MEMORY;
    }
    if (record->n_entries == 0 || record->n_entries > WINDOW_ENTRIES_MAX) {
        return ERR_INVALID;
    }
    for (size_t i = 0; i < record->n_entries; i++) {
        entries[i] = (struct window_entry){record->entries[i]->at_ms,
                                           reader_ident(record->entries[i]->value)};
    }
    *ret_window = (struct window_state){entries, record->n_entries};
    return 0;
}

int triage_state_decode(struct str key, const struct str *value, struct arena *arena,
                        struct triage_state *ret_state)
{
    struct triage_state state = {.is_there = value != NULL};
    struct fault fault;
    ProtobufCMessage *message = NULL;
    if (!triage_parse_key(key, &state.entity)) {
        return ERR_INVALID;
    }
    if (value == NULL) {
        *ret_state = state;
        return 0;
    }
    bool is_seen = state.entity == TRIAGE_SEEN;
    int error = decode_message(is_seen ? &shouwang__v1__seen_event__descriptor
                                       : &shouwang__v1__window_bucket__descriptor,
                               *value, arena, &fault, &message);
    if (error != 0) {
        return error;
    }
    if (is_seen) {
        const Shouwang__V1__SeenEvent *record = (const Shouwang__V1__SeenEvent *)message;
        state.seen = (struct seen_state){reader_ident(record->body_digest), record->seen_at_ms};
    } else {
        error = read_window((const Shouwang__V1__WindowBucket *)message, arena, &state.window);
    }
    if (error == 0) {
        *ret_state = state;
    }
    return error;
}
