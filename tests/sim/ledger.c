#include "sim/ledger.h"

#include <string.h>

#include "base/assert.h"
#include "wire/case.h"
#include "wire/decode.h"
#include "wire/reader.h"

enum { LEDGER_ARENA_BYTES = 1 << 30, LEDGER_STATE_BYTES = 64 << 20, LEDGER_MAX = 1 << 22 };

void ledger_init(struct ledger *ledger)
{
    *ledger = (struct ledger){0};
    arena_init(&ledger->arena, LEDGER_ARENA_BYTES);
    map_init(&ledger->cases, LEDGER_MAX, 0);
    map_init(&ledger->notices, LEDGER_MAX, 0);
}

static void state_fini(struct ledger_state *state)
{
    if (state != NULL) {
        arena_fini(&state->arena);
    }
}

void ledger_fini(struct ledger *ledger)
{
    for (struct ledger_case *entry = ledger->first_case; entry != NULL; entry = entry->next) {
        state_fini(entry->state);
        state_fini(entry->before);
    }
    map_fini(&ledger->cases);
    map_fini(&ledger->notices);
    arena_fini(&ledger->arena);
}

const ProtobufCMessage *ledger_decode(const struct broker_record *record,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      struct arena *arena)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    sw_assert(decode_message(descriptor, record->record.value, arena, &fault, &message) == 0);
    return message;
}

struct ledger_case *ledger_find_case(const struct ledger *ledger, struct ident id)
{
    return map_get(&ledger->cases, ident_part(&id));
}

struct ledger_notice *ledger_find_notice(const struct ledger *ledger, struct ident id)
{
    return map_get(&ledger->notices, ident_part(&id));
}

/* What was the state before the last one makes room for the next. */
static void take_state(struct ledger *ledger, struct ledger_case *entry, struct str value)
{
    struct fault fault;
    struct ledger_state *state = entry->before;
    if (state == NULL) {
        state = arena_alloc(&ledger->arena, sizeof(*state));
        sw_assert(state != NULL);
        arena_init(&state->arena, LEDGER_STATE_BYTES);
    }
    arena_reset(&state->arena);
    sw_assert(case_decode(value, &state->arena, &state->file, &fault) == 0);
    entry->before = entry->state;
    entry->state = state;
}

static void take_case(struct ledger *ledger, const struct kafka_record *record)
{
    enum case_entity kind;
    struct str unit;
    struct ident id;
    if (!case_parse_key(record->key, &kind, &unit, &id) || kind != CASE_ENTITY_CASE) {
        return;
    }
    struct ledger_case *entry = ledger_find_case(ledger, id);
    if (entry == NULL) {
        entry = arena_alloc(&ledger->arena, sizeof(*entry));
        sw_assert(entry != NULL);
        *entry = (struct ledger_case){
            .id = id, .unit = unit, .key = record->key, .next = ledger->first_case};
        ledger->first_case = entry;
        sw_assert(map_add(&ledger->cases, ident_part(&entry->id), entry) == 0);
    }
    take_state(ledger, entry, record->value);
    entry->is_closed = false;
}

static void take_notice(struct ledger *ledger, const struct broker_record *record)
{
    const Shouwang__V1__Notice *notice = (const Shouwang__V1__Notice *)ledger_decode(
        record, &shouwang__v1__notice__descriptor, &ledger->arena);
    struct ident id = reader_ident(notice->id);
    struct ledger_notice *entry = ledger_find_notice(ledger, id);
    if (entry != NULL) {
        return;
    }
    entry = arena_alloc(&ledger->arena, sizeof(*entry));
    sw_assert(entry != NULL);
    *entry = (struct ledger_notice){.id = id,
                                    .record = notice,
                                    .is_urgent = record->record.topic == TOPIC_NOTICES_URGENT,
                                    .logged_ms = record->record.time_ms,
                                    .next = ledger->first_notice};
    ledger->first_notice = entry;
    struct ledger_case *of = ledger_find_case(ledger, reader_ident(notice->case_id));
    if (of != NULL) {
        entry->next_of_case = of->first_notice;
        of->first_notice = entry;
    }
    sw_assert(map_add(&ledger->notices, ident_part(&entry->id), entry) == 0);
}

void ledger_take(struct ledger *ledger, const struct broker_record *record)
{
    switch ((int)record->record.topic) {
    case TOPIC_CASES:
        take_case(ledger, &record->record);
        break;
    case TOPIC_NOTICES_URGENT:
    case TOPIC_NOTICES_BULK:
        take_notice(ledger, record);
        break;
    default:
        break;
    }
}
