#include "wire/triage_state.h"

#include <math.h>

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
        bodies[i].number = window->entries[i].number;
    }
    record.entries = messages;
    record.n_entries = window->count;
    return writer->error != 0 ? writer->error : encode_message(&record.base, arena, ret_value);
}

static int encode_clock(const struct clock_state *clock, struct arena *arena, struct str *ret_value)
{
    Shouwang__V1__Clock record;
    shouwang__v1__clock__init(&record);
    record.judged_at_ms = clock->judged_ms;
    record.since_ms = clock->since_ms;
    return encode_message(&record.base, arena, ret_value);
}

static int encode_held(const struct held_state *held, struct arena *arena, struct str *ret_value)
{
    struct writer writer = {.arena = arena};
    Shouwang__V1__HeldSignal record;
    shouwang__v1__held_signal__init(&record);
    record.due_at_ms = held->due_ms;
    record.group = writer_text(&writer, held->group);
    record.subject = writer_text(&writer, held->subject);
    record.weight = held->weight;
    record.size = held->size;
    record.signal = writer_bytes(&writer, held->bytes);
    return writer.error != 0 ? writer.error : encode_message(&record.base, arena, ret_value);
}

static int encode_doubt(const struct doubt_state *doubt, struct arena *arena, struct str *ret_value)
{
    struct writer writer = {.arena = arena};
    Shouwang__V1__Doubt record;
    shouwang__v1__doubt__init(&record);
    record.asked_at_ms = doubt->asked_ms;
    record.signals = writer_idents(&writer, doubt->signals, doubt->signal_count);
    record.n_signals = doubt->signal_count;
    return writer.error != 0 ? writer.error : encode_message(&record.base, arena, ret_value);
}

int triage_state_encode(const struct triage_state *state, struct arena *arena,
                        struct str *ret_value)
{
    sw_assert(state->is_there);
    switch (state->entity) {
    case TRIAGE_SEEN:
        return encode_seen(&state->seen, arena, ret_value);
    case TRIAGE_WINDOW:
        return encode_window(&state->window, arena, ret_value);
    case TRIAGE_CLOCK:
        return encode_clock(&state->clock, arena, ret_value);
    case TRIAGE_HELD:
        return encode_held(&state->held, arena, ret_value);
    case TRIAGE_DOUBT:
        return encode_doubt(&state->doubt, arena, ret_value);
    }
    return ERR_INVALID;
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
        if (!isfinite(record->entries[i]->number)) {
            return ERR_INVALID;
        }
        entries[i] = (struct window_entry){record->entries[i]->at_ms,
                                           reader_ident(record->entries[i]->value),
                                           record->entries[i]->number};
    }
    *ret_window = (struct window_state){entries, record->n_entries};
    return 0;
}

static int read_doubt(const Shouwang__V1__Doubt *record, struct doubt_state *ret_doubt)
{
    if (record->n_signals > WATCH_ASKED_MAX) {
        return ERR_INVALID;
    }
    *ret_doubt =
        (struct doubt_state){.asked_ms = record->asked_at_ms, .signal_count = record->n_signals};
    for (size_t i = 0; i < record->n_signals; i++) {
        ret_doubt->signals[i] = reader_ident(record->signals[i]);
    }
    return 0;
}

static int read_state(const ProtobufCMessage *message, struct arena *arena,
                      struct triage_state *state)
{
    const Shouwang__V1__SeenEvent *seen = (const void *)message;
    const Shouwang__V1__Clock *clock = (const void *)message;
    const Shouwang__V1__HeldSignal *held = (const void *)message;
    switch (state->entity) {
    case TRIAGE_SEEN:
        state->seen = (struct seen_state){reader_ident(seen->body_digest), seen->seen_at_ms};
        return 0;
    case TRIAGE_WINDOW:
        return read_window((const void *)message, arena, &state->window);
    case TRIAGE_CLOCK:
        state->clock = (struct clock_state){clock->judged_at_ms, clock->since_ms};
        return 0;
    case TRIAGE_HELD:
        state->held =
            (struct held_state){held->due_at_ms, str_of(held->group), str_of(held->subject),
                                held->weight,    held->size,          reader_bytes(held->signal)};
        return 0;
    case TRIAGE_DOUBT:
        return read_doubt((const void *)message, &state->doubt);
    }
    return ERR_INVALID;
}

int triage_state_decode(struct str key, const struct str *value, struct arena *arena,
                        struct triage_state *ret_state)
{
    static const ProtobufCMessageDescriptor *const descriptors[] = {
        [TRIAGE_SEEN] = &shouwang__v1__seen_event__descriptor,
        [TRIAGE_WINDOW] = &shouwang__v1__window_bucket__descriptor,
        [TRIAGE_CLOCK] = &shouwang__v1__clock__descriptor,
        [TRIAGE_HELD] = &shouwang__v1__held_signal__descriptor,
        [TRIAGE_DOUBT] = &shouwang__v1__doubt__descriptor,
    };
    struct triage_state state = {.is_there = value != NULL};
    struct fault fault;
    ProtobufCMessage *message = NULL;
    if (!triage_parse_key(key, &state.entity)) {
        return ERR_INVALID;
    }
    int error = value == NULL
                    ? 0
                    : decode_message(descriptors[state.entity], *value, arena, &fault, &message);
    error = error != 0 || value == NULL ? error : read_state(message, arena, &state);
    if (error == 0) {
        *ret_state = state;
    }
    return error;
}
