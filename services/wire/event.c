/* Types and attributes of events, and the record as the core's value. Reading is in event_read.c, checks in
 * event_check.c. */
#include "wire/event.h"

#include <string.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/json.h"

bool event_parse_type(struct str type, enum event_family *ret_family, struct str *ret_kind)
{
    static const struct str prefix = {"shouwang.", 9};
    if (!str_starts(type, prefix)) {
        return false;
    }
    struct str rest = {type.at + prefix.len, type.len - prefix.len};
    const char *dot = rest.len == 0 ? NULL : memchr(rest.at, '.', rest.len);
    if (dot == NULL) {
        return false;
    }
    struct str kind = {dot + 1, rest.len - (size_t)(dot + 1 - rest.at)};
    enum event_family family = event_family_find((struct str){rest.at, (size_t)(dot - rest.at)});
    if (family == EVENT_FAMILY_NONE || kind.len == 0 || kind.len > EVENT_KIND_MAX_BYTES) {
        return false;
    }
    for (size_t i = 0; i < kind.len; i++) {
        char c = kind.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') {
            return false;
        }
    }
    *ret_family = family;
    *ret_kind = kind;
    return true;
}

bool event_detail_fits(const Shouwang__V1__Event *event, enum event_family family)
{
    switch (event->detail_case) {
    case SHOUWANG__V1__EVENT__DETAIL__NOT_SET:
        return true;
    case SHOUWANG__V1__EVENT__DETAIL_INCIDENT:
        return family == EVENT_FAMILY_INCIDENT;
    case SHOUWANG__V1__EVENT__DETAIL_ATTENDANCE:
        return family == EVENT_FAMILY_ATTENDANCE;
    case SHOUWANG__V1__EVENT__DETAIL_SCREENING:
        return family == EVENT_FAMILY_SCREENING;
    case _SHOUWANG__V1__EVENT__DETAIL__CASE_IS_INT_SIZE:
        break;
    }
    return false;
}

/* Whom or what the event is about, by its opaque id. */
static const char *subject_of(const Shouwang__V1__Event *event)
{
    for (size_t i = 0; i < event->n_parties; i++) {
        if (event->parties[i]->role == SHOUWANG__V1__PARTY_ROLE__PARTY_ROLE_AFFECTED) {
            return event->parties[i]->ref;
        }
    }
    return event->scope != NULL && event->scope->group[0] != '\0' ? event->scope->group
                                                                  : event->unit;
}

int event_attributes(const Shouwang__V1__Event *event, enum event_family family,
                     struct arena *arena, struct cloudevent *ret_attributes)
{
    char *texts = arena_alloc(arena, EVENT_TYPE_MAX_BYTES + JSON_TIME_BYTES);
    if (texts == NULL) {
        return ERR_MEMORY;
    }
    bool fits = cloudevent_format_type(event_family_name(family), str_of(event->kind), texts,
                                       EVENT_TYPE_MAX_BYTES);
    sw_assert(fits); /* the kind was checked */
    json_format_time(event->reported_at_ms, texts + EVENT_TYPE_MAX_BYTES);
    *ret_attributes = (struct cloudevent){
        .specversion = STR_LITERAL("1.0"),
        .id = str_of(event->id),
        .source = str_of(event->source),
        .type = str_of(texts),
        .time = str_of(texts + EVENT_TYPE_MAX_BYTES),
        .time_ms = event->reported_at_ms,
        .subject = str_of(subject_of(event)),
        .partitionkey = str_of(event->unit),
        .datacontenttype = STR_LITERAL("application/protobuf"),
    };
    return 0;
}

/* --- To the core's value. ------------------------------------------------------------------------------------------- */

/* Values of an open enum beyond what this version knows are read as its UNKNOWN. */
_Static_assert((int)CASE_PLACE_UNKNOWN == (int)SHOUWANG__V1__PLACE__PLACE_UNKNOWN, "same values");
_Static_assert((int)CASE_DANGER_UNKNOWN == (int)SHOUWANG__V1__DANGER__DANGER_UNKNOWN, "same");
_Static_assert((int)CASE_INJURY_UNKNOWN == (int)SHOUWANG__V1__INJURY__INJURY_UNKNOWN, "same");
_Static_assert((int)CASE_PARTY_REPORTER == (int)SHOUWANG__V1__PARTY_ROLE__PARTY_ROLE_REPORTER,
               "same");
_Static_assert((int)EVENT_ROLL_NOT_TAKEN == (int)SHOUWANG__V1__ROLL_STATE__ROLL_STATE_NOT_TAKEN,
               "same");

static unsigned known_or(int value, unsigned unknown)
{
    return value >= 0 && (unsigned)value <= unknown ? (unsigned)value : unknown;
}

static int texts_to_core(char **texts, size_t count, struct arena *arena,
                         const struct str **ret_texts)
{
    struct str *copies = arena_alloc_array(arena, count, sizeof(*copies));
    if (copies == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        copies[i] = str_of(texts[i]);
    }
    *ret_texts = copies;
    return 0;
}

static int incident_to_core(const Shouwang__V1__Incident *record, struct arena *arena,
                            struct event_incident *ret_incident)
{
    *ret_incident = (struct event_incident){
        .place = (enum case_place)known_or((int)record->place, CASE_PLACE_UNKNOWN),
        .danger = (enum case_danger)known_or((int)record->danger, CASE_DANGER_UNKNOWN),
        .injury = (enum case_injury)known_or((int)record->injury, CASE_INJURY_UNKNOWN),
        .mandatory_code = record->mandatory_code,
        .gbt35561 = str_of(record->gbt35561),
        .join_count = record->n_joins,
    };
    for (size_t i = 0; i < record->n_signs; i++) {
        unsigned sign = known_or((int)record->signs[i], 31);
        ret_incident->signs |= sign == 0 ? 0 : 1U << sign;
    }
    return texts_to_core(record->joins, record->n_joins, arena, &ret_incident->joins);
}

static void attendance_to_core(const Shouwang__V1__Attendance *record,
                               struct event_attendance *ret_attendance)
{
    bool known = (int)record->state >= 0 && (int)record->state <= (int)EVENT_ROLL_NOT_TAKEN;
    *ret_attendance = (struct event_attendance){
        .session = str_of(record->session),
        .session_start_ms = record->session_start_ms,
        .state = known ? (enum event_roll)record->state : EVENT_ROLL_NONE,
        .enrolled_count = record->enrolled_count,
        .absent_count = record->absent_count,
        .absent_share = record->absent_share,
        .confirmed = record->confirmed,
        .gate = str_of(record->gate),
    };
}

static int sealed_to_core(const Shouwang__V1__Sealed *record, struct arena *arena,
                          struct str *ret_bytes)
{
    return record == NULL ? 0 : encode_message(&record->base, arena, ret_bytes);
}

static int screening_to_core(const Shouwang__V1__Screening *record, struct arena *arena,
                             struct event_screening *ret_screening)
{
    *ret_screening = (struct event_screening){
        .instrument = str_of(record->instrument),
        .version = str_of(record->version),
        .item_count = record->item_count,
        .campaign = str_of(record->campaign),
        .informant = str_of(record->informant),
        .norm_set = str_of(record->norm_set),
        .refused = record->refused,
    };
    return sealed_to_core(record->answers, arena, &ret_screening->answers);
}

static int detail_to_core(const Shouwang__V1__Event *record, struct arena *arena,
                          struct event *ret_event)
{
    switch (record->detail_case) {
    case SHOUWANG__V1__EVENT__DETAIL_INCIDENT:
        return incident_to_core(record->incident, arena, &ret_event->incident);
    case SHOUWANG__V1__EVENT__DETAIL_SCREENING:
        return screening_to_core(record->screening, arena, &ret_event->screening);
    case SHOUWANG__V1__EVENT__DETAIL_ATTENDANCE:
        attendance_to_core(record->attendance, &ret_event->attendance);
        return 0;
    case SHOUWANG__V1__EVENT__DETAIL__NOT_SET:
    case _SHOUWANG__V1__EVENT__DETAIL__CASE_IS_INT_SIZE:
        break;
    }
    return 0; /* no facts were given */
}

static int parties_to_core(const Shouwang__V1__Event *record, struct arena *arena,
                           struct event *ret_event)
{
    struct event_party *parties = arena_alloc_array(arena, record->n_parties, sizeof(*parties));
    if (parties == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < record->n_parties; i++) {
        const Shouwang__V1__Party *party = record->parties[i];
        parties[i] = (struct event_party){.ref = str_of(party->ref),
                                          .role = (enum case_party_role)party->role,
                                          .unresolved = party->unresolved,
                                          .conflict = (enum case_conflict_reason)party->conflict};
    }
    ret_event->parties = parties;
    ret_event->party_count = record->n_parties;
    return 0;
}

static int seals_to_core(const Shouwang__V1__Event *record, struct arena *arena,
                         struct event_sealed *ret_sealed)
{
    const struct {
        const Shouwang__V1__Sealed *from;
        struct str *to;
    } seals[] = {
        {record->text, &ret_sealed->text},
        {record->reporter_name, &ret_sealed->reporter_name},
        {record->callback, &ret_sealed->callback},
        {record->with_pupil, &ret_sealed->with_pupil},
        {record->place_detail, &ret_sealed->place_detail},
        {record->sender_ids, &ret_sealed->sender_ids},
        {record->extra, &ret_sealed->extra},
    };
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof(seals) / sizeof(seals[0]); i++) {
        error = sealed_to_core(seals[i].from, arena, seals[i].to);
    }
    return error;
}

int event_to_core(const Shouwang__V1__Event *record, enum event_family family, int64_t broker_ms,
                  struct arena *arena, struct event *ret_event)
{
    int64_t reported_ms = record->reported_at_ms != 0 ? record->reported_at_ms : broker_ms;
    bool discovered = record->discovered_at_ms != 0;
    sw_assert(event_detail_fits(record, family));
    struct event event = {
        .id = str_of(record->id),
        .source = str_of(record->source),
        .unit = str_of(record->unit),
        .family = family,
        .kind = event_kind_find(family, str_of(record->kind)),
        .kind_name = str_of(record->kind),
        .has_scope = record->scope != NULL,
        .group = record->scope != NULL ? str_of(record->scope->group) : (struct str){NULL, 0},
        .occurred_ms = record->occurred_at_ms,
        .discovered_ms = discovered ? record->discovered_at_ms : reported_ms,
        .reported_ms = reported_ms,
        .accepted_ms = record->accepted_at_ms,
        .discovered_missing = record->discovered_missing || !discovered,
        .unresolved = record->unresolved,
        .history = record->history,
        .id_reused = record->id_reused,
    };
    if (record->body_digest.len == IDENT_BYTES) {
        memcpy(event.body_digest.bytes, record->body_digest.data, IDENT_BYTES);
    }
    int error = parties_to_core(record, arena, &event);
    if (error == 0) {
        error = detail_to_core(record, arena, &event);
    }
    if (error == 0) {
        error = seals_to_core(record, arena, &event.sealed);
    }
    if (error == 0) {
        *ret_event = event;
    }
    return error;
}

int event_open_answers(struct str plain, struct arena *arena, struct event_screening *screening)
{
    ProtobufCMessage *message = NULL;
    struct fault fault;
    int error = decode_message(&shouwang__v1__screening_answers__descriptor, plain, arena, &fault,
                               &message);
    if (error != 0) {
        return error;
    }
    const Shouwang__V1__ScreeningAnswers *answers = (const Shouwang__V1__ScreeningAnswers *)message;
    struct event_item *items = arena_alloc_array(arena, answers->n_items, sizeof(*items));
    if (items == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < answers->n_items; i++) {
        items[i] = (struct event_item){str_of(answers->items[i]->item), answers->items[i]->value};
    }
    screening->items = items;
    screening->opened_count = answers->n_items;
    screening->has_score = answers->has_score;
    screening->score = answers->score;
    screening->valid = answers->valid;
    screening->answers_are_open = true;
    return 0;
}
