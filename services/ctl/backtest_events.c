#include "ctl/backtest_events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <shouwang/v1/event.pb-c.h>

#include "core/rules/ruleset.h"
#include "ctl/log_reader.h"
#include "ctl/vault.h"
#include "io/seal.h"
#include "io/seal_record.h"
#include "wire/cloudevents.h"
#include "wire/decode.h"
#include "wire/event.h"
#include "wire/event_open.h"
#include "wire/json.h"

#define EVENTS_MAX_BYTES (INT64_C(16) << 30)
enum { SCRATCH_BYTES = 64 << 20, FILE_MAX_BYTES = 900 << 20 };

void backtest_events_init(struct backtest_events *events)
{
    *events = (struct backtest_events){.count = 0};
    arena_init(&events->arena, (size_t)EVENTS_MAX_BYTES);
}

void backtest_events_fini(struct backtest_events *events)
{
    arena_fini(&events->arena);
}

/* ---- keeping one */

static bool keep_text(struct arena *arena, struct str *text)
{
    *text = arena_copy_str(arena, *text);
    return text->at != NULL;
}

static bool keep_parties(struct arena *arena, struct event *event)
{
    struct event_party *parties = arena_alloc_array(arena, event->party_count, sizeof(*parties));
    bool is_kept = parties != NULL;
    for (size_t i = 0; i < event->party_count && is_kept; i++) {
        parties[i] = event->parties[i];
        is_kept = keep_text(arena, &parties[i].ref);
    }
    event->parties = parties;
    return is_kept;
}

static bool keep_screening(struct arena *arena, struct event_screening *screening)
{
    struct event_item *items = arena_alloc_array(arena, screening->opened_count, sizeof(*items));
    bool is_kept =
        items != NULL && keep_text(arena, &screening->instrument) &&
        keep_text(arena, &screening->version) && keep_text(arena, &screening->campaign) &&
        keep_text(arena, &screening->informant) && keep_text(arena, &screening->norm_set);
    for (size_t i = 0; i < screening->opened_count && is_kept; i++) {
        items[i] = screening->items[i];
        is_kept = keep_text(arena, &items[i].item);
    }
    screening->items = items;
    screening->answers = (struct str){NULL, 0};
    return is_kept;
}

static bool keep_incident(struct arena *arena, struct event_incident *incident)
{
    incident->joins = NULL; /* nothing that judges reads them */
    incident->join_count = 0;
    return keep_text(arena, &incident->gbt35561);
}

static bool keep_detail(struct arena *arena, struct event *event)
{
    switch (event->family) {
    case EVENT_FAMILY_SCREENING:
        return keep_screening(arena, &event->screening);
    case EVENT_FAMILY_ATTENDANCE:
        return keep_text(arena, &event->attendance.session) &&
               keep_text(arena, &event->attendance.gate);
    case EVENT_FAMILY_INCIDENT:
        return keep_incident(arena, &event->incident);
    case EVENT_FAMILY_NONE:
    case EVENT_FAMILY_COUNT:
        break;
    }
    return true;
}

/* A copy without what is sealed. ERR_MEMORY. */
static int keep(struct backtest_events *events, const struct event *event, int64_t time_ms)
{
    struct arena *arena = &events->arena;
    struct backtest_event *items =
        arena_grow_array(arena, events->items, events->count, &events->capacity, sizeof(*items));
    if (items == NULL) {
        return ERR_MEMORY;
    }
    events->items = items;
    struct event kept = *event;
    memset(&kept.sealed, 0, sizeof(kept.sealed));
    kept.subject = (struct str){NULL, 0};
    if (!keep_text(arena, &kept.id) || !keep_text(arena, &kept.source) ||
        !keep_text(arena, &kept.unit) || !keep_text(arena, &kept.kind_name) ||
        !keep_text(arena, &kept.group) || !keep_parties(arena, &kept) ||
        !keep_detail(arena, &kept)) {
        return ERR_MEMORY;
    }
    items[events->count] = (struct backtest_event){time_ms, events->count, kept};
    events->count++;
    return 0;
}

static bool is_wanted(struct backtest_span span, int64_t time_ms)
{
    return time_ms <= span.to_ms && time_ms >= span.from_ms - BACKTEST_WARM_UP_MS;
}

/* ---- files */

struct file_reading {
    struct ctl *ctl;
    const char *path;
    struct event_opening opening;
    struct backtest_span span;
    struct backtest_events *events;
    struct arena scratch; /* of one event */
    int64_t now_ms;
};

static void refuse(struct file_reading *reading, size_t number, const struct fault *fault)
{
    char text[FAULT_PATH_MAX_BYTES + 64];
    reading->events->refused++;
    (void)fault_format(fault, text, sizeof(text));
    (void)ctl_fail(CTL_REFUSED, "%s: event %zu: %s", reading->path, number, text);
}

/* ERR_MEMORY; what is refused is told, and no error. */
static int take_object(struct file_reading *reading, const struct json_t *object, size_t number)
{
    struct cloudevent source;
    struct event event;
    struct fault fault = {.reason = REJECT_NONE};
    arena_reset(&reading->scratch);
    int error = cloudevent_read_object(object, &reading->scratch, &fault, &source);
    error = error != 0 ? error
                       : event_open(&source, reading->now_ms, &reading->opening, &reading->scratch,
                                    &fault, &event);
    if (error == ERR_INVALID) {
        refuse(reading, number, &fault);
        return 0;
    }
    if (error == 0 && is_wanted(reading->span, event.reported_ms)) {
        event.accepted_ms = event.reported_ms;
        error = keep(reading->events, &event, event.reported_ms);
    }
    return error;
}

/* One JSON text: an event, or an array of them. `*number` counts events. */
static int take_json(struct file_reading *reading, struct str text, size_t *number)
{
    struct json_t *json = NULL;
    struct fault fault = {.reason = REJECT_NONE};
    size_t count = 0;
    int error = json_parse_text(text, &fault, &json);
    if (error == ERR_INVALID) {
        refuse(reading, ++*number, &fault);
        return 0;
    }
    if (error == 0 && !json_array_of(json, &count)) {
        error = take_object(reading, json, ++*number);
    }
    for (size_t i = 0; i < count && error == 0; i++) {
        error = take_object(reading, json_element(json, i), ++*number);
    }
    json_drop(json);
    return error;
}

/* An array may go over several lines; anything else is one event a line. */
static int take_text(struct file_reading *reading, struct str text)
{
    size_t number = 0;
    int error = 0;
    while (text.len > 0 && memchr(" \t\r\n", text.at[0], 4) != NULL) {
        text = (struct str){text.at + 1, text.len - 1};
    }
    if (text.len > 0 && text.at[0] == '[') {
        return take_json(reading, text, &number);
    }
    while (text.len > 0 && error == 0) {
        const char *end = memchr(text.at, '\n', text.len);
        struct str line = {text.at, end == NULL ? text.len : (size_t)(end - text.at)};
        size_t skip = end == NULL ? text.len : line.len + 1;
        text = (struct str){text.at + skip, text.len - skip};
        if (line.len > 0) {
            error = take_json(reading, line, &number);
        }
    }
    return error;
}

enum ctl_exit backtest_read_files(struct ctl *ctl, const struct org *org, struct backtest_span span,
                                  struct backtest_events *events)
{
    struct file_reading reading = {.ctl = ctl,
                                   .opening = {.org = org, .hash = seal_hash128},
                                   .span = span,
                                   .events = events,
                                   .now_ms = loop_utc_ms()};
    int error = 0;
    arena_init(&reading.scratch, SCRATCH_BYTES);
    for (size_t i = 0; error == 0 && (reading.path = ctl_option_at(ctl, "--events", i)) != NULL;
         i++) {
        struct str text;
        error = ctl_read_file(ctl, reading.path, FILE_MAX_BYTES, &text);
        if (error != 0) {
            arena_fini(&reading.scratch);
            return ctl_fail(CTL_USAGE, "%s: %s", reading.path, error_text(error));
        }
        error = take_text(&reading, text);
    }
    arena_fini(&reading.scratch);
    return error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
}

/* ---- Kafka */

struct log_reading {
    struct ctl_vault vault;
    bool has_keys;
    struct backtest_span span;
    struct backtest_events *events;
    struct arena scratch; /* of one record */
    int error;            /* kept */
};

static enum event_family family_of(enum topic topic)
{
    return topic == TOPIC_EVENTS_INCIDENT     ? EVENT_FAMILY_INCIDENT
           : topic == TOPIC_EVENTS_ATTENDANCE ? EVENT_FAMILY_ATTENDANCE
                                              : EVENT_FAMILY_SCREENING;
}

static int open_answers(struct log_reading *reading, struct event *event)
{
    struct sealed sealed;
    struct str plain;
    if (event->family != EVENT_FAMILY_SCREENING || event->screening.answers.len == 0) {
        return 0;
    }
    const struct vault vault = {reading->vault.keyring, reading->vault.erasure};
    int error = reading->has_keys
                    ? sealed_decode(event->screening.answers, &reading->scratch, &sealed)
                    : ERR_DENIED;
    error =
        error != 0 ? error : vault_open(&vault, event->unit, &sealed, &reading->scratch, &plain);
    error = error != 0 ? error : event_open_answers(plain, &reading->scratch, &event->screening);
    reading->events->closed += error == 0 ? 0 : 1;
    return error == ERR_MEMORY ? error : 0;
}

static int read_event(struct log_reading *reading, const struct kafka_record *record,
                      struct event *ret_event)
{
    ProtobufCMessage *message = NULL;
    struct fault fault;
    int error = record->value.at == NULL
                    ? ERR_INVALID
                    : decode_message(&shouwang__v1__event__descriptor, record->value,
                                     &reading->scratch, &fault, &message);
    error = error != 0 ? error
                       : event_check((const Shouwang__V1__Event *)message, record->time_ms, &fault);
    error = error != 0
                ? error
                : event_to_core((const Shouwang__V1__Event *)message, family_of(record->topic),
                                record->time_ms, &reading->scratch, ret_event);
    if (error == 0 && ident_is_none(ret_event->body_digest)) {
        seal_hash128(record->value.at, record->value.len, ret_event->body_digest.bytes);
    }
    return error != 0 ? error : open_answers(reading, ret_event);
}

static void take_record(void *ctx, const struct kafka_record *record)
{
    struct log_reading *reading = ctx;
    struct event event;
    if (reading->error != 0 || !is_wanted(reading->span, record->time_ms)) {
        return;
    }
    arena_reset(&reading->scratch);
    int error = read_event(reading, record, &event);
    if (error == ERR_INVALID) {
        reading->events->refused++; /* as triage refused it */
        return;
    }
    reading->error = error != 0 ? error : keep(reading->events, &event, record->time_ms);
}

enum ctl_exit backtest_read_kafka(struct ctl *ctl, struct backtest_span span,
                                  struct backtest_events *events)
{
    static const struct kafka_source sources[] = {
        {.topic = TOPIC_EVENTS_INCIDENT, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_EVENTS_ATTENDANCE, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_EVENTS_SCREENING, .from = KAFKA_FROM_BEGINNING},
    };
    struct log_reading reading = {.span = span, .events = events};
    enum ctl_exit code = CTL_OK;
    reading.has_keys = config_text(ctl->config, "keys.dir") != NULL;
    if (reading.has_keys) {
        code = ctl_vault_open(ctl, KEYRING_OPEN_ANSWERS, true, &reading.vault);
    }
    arena_init(&reading.scratch, SCRATCH_BYTES);
    if (code == CTL_OK) {
        code = log_read(ctl, sources, sizeof(sources) / sizeof(sources[0]), false, take_record,
                        &reading);
    }
    arena_fini(&reading.scratch);
    ctl_vault_close(&reading.vault);
    return reading.error == 0 ? code : ctl_fail(CTL_UNAVAILABLE, "%s", error_text(reading.error));
}

/* ---- order */

static int by_time(const void *a, const void *b)
{
    const struct backtest_event *first = a;
    const struct backtest_event *second = b;
    return first->time_ms != second->time_ms ? (first->time_ms < second->time_ms ? -1 : 1)
                                             : (first->order < second->order ? -1 : 1);
}

void backtest_sort(struct backtest_events *events)
{
    if (events->count > 0) {
        qsort(events->items, events->count, sizeof(*events->items), by_time);
    }
}
