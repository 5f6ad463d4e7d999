#include "wire/signal.h"

#include <stdio.h>

#include <shouwang/v1/signal.pb-c.h>

#include "wire/decode.h"
#include "wire/reader.h"

_Static_assert((int)SHOUWANG__V1__PLACE__PLACE_UNKNOWN == (int)CASE_PLACE_UNKNOWN, "same values");
_Static_assert((int)SHOUWANG__V1__DANGER__DANGER_UNKNOWN == (int)CASE_DANGER_UNKNOWN,
               "same values");
_Static_assert((int)SHOUWANG__V1__INJURY__INJURY_UNKNOWN == (int)CASE_INJURY_UNKNOWN,
               "same values");
_Static_assert((int)SHOUWANG__V1__PARTY_ROLE__PARTY_ROLE_REPORTER == (int)CASE_PARTY_REPORTER,
               "same values");

/* Open enums: a value of a newer sender is read as unknown. */
static int known_or(int value, int last, int unknown)
{
    return value >= 0 && value <= last ? value : unknown;
}

static int read_parties(const Shouwang__V1__Signal *record, struct arena *arena,
                        struct case_signal *signal)
{
    struct case_input_party *parties =
        arena_alloc_array(arena, record->n_parties, sizeof(*parties));
    if (parties == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < record->n_parties; i++) {
        parties[i] = (struct case_input_party){
            .ref = str_of(record->parties[i]->ref),
            .role = (enum case_party_role)record->parties[i]->role,
            .conflict = (enum case_conflict_reason)record->parties[i]->conflict,
            .unresolved = record->parties[i]->unresolved,
        };
    }
    signal->parties = parties;
    signal->party_count = record->n_parties;
    return 0;
}

static int read_why(const Shouwang__V1__Signal *record, struct arena *arena,
                    struct case_signal *signal)
{
    struct case_why *why = arena_alloc_array(arena, record->n_why, sizeof(*why));
    struct str *tell = arena_alloc_array(arena, record->n_tell, sizeof(*tell));
    if (why == NULL || tell == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < record->n_why; i++) {
        why[i].text = str_of(record->why[i]->text);
        int error = encode_message(&record->why[i]->base, arena, &why[i].values);
        if (error != 0) {
            return error;
        }
    }
    for (size_t i = 0; i < record->n_tell; i++) {
        tell[i] = str_of(record->tell[i]);
    }
    signal->why = why;
    signal->why_count = record->n_why;
    signal->tell = tell;
    signal->tell_count = record->n_tell;
    return 0;
}

static int read_sealed(const Shouwang__V1__Signal *record, struct arena *arena,
                       struct case_signal *signal)
{
    int error = reader_sealed(record->callback, arena, &signal->callback);
    error = error != 0 ? error : reader_sealed(record->with_pupil, arena, &signal->with_pupil);
    error = error != 0 ? error : reader_sealed(record->place_detail, arena, &signal->place_detail);
    return error != 0 ? error : reader_sealed(record->text, arena, &signal->text);
}

static void read_facts(const Shouwang__V1__Signal *record, struct case_signal *signal)
{
    *signal = (struct case_signal){
        .id = reader_ident(record->id),
        .unit = str_of(record->unit),
        .kind = str_of(record->kind),
        .subject = str_of(record->subject),
        .subject_kind = (enum case_subject)record->subject_kind,
        .level = (enum case_level)record->level,
        .layer = (uint32_t)record->layer,
        .opens_episode = record->opens_episode,
        .silent = record->silent,
        .unresolved = record->unresolved,
        .only_on_file = record->only_on_file,
        .starts_plan = record->starts_plan,
        .place =
            (enum case_place)known_or((int)record->place, CASE_PLACE_UNKNOWN, CASE_PLACE_UNKNOWN),
        .danger = (enum case_danger)known_or((int)record->danger, CASE_DANGER_UNKNOWN,
                                             CASE_DANGER_UNKNOWN),
        .injury = (enum case_injury)known_or((int)record->injury, CASE_INJURY_UNKNOWN,
                                             CASE_INJURY_UNKNOWN),
        .mandatory_code = record->mandatory_code,
        .occurred_ms = record->occurred_at_ms,
        .discovered_ms = record->discovered_at_ms,
        .reported_ms = record->reported_at_ms,
        .group = str_of(record->group),
        .ask_interview = str_of(record->ask_interview),
    };
}

static int judge(struct case_signal *signal, struct arena *arena, struct fault *ret_fault)
{
    if (signal->level == CASE_LEVEL_NONE) {
        return fault_set(ret_fault, REJECT_MISSING, "/level", FAULT_NO_BYTE);
    }
    if (signal->subject_kind == CASE_SUBJECT_NONE) {
        return fault_set(ret_fault, REJECT_MISSING, "/subject_kind", FAULT_NO_BYTE);
    }
    if (signal->subject.len == 0 && signal->subject_kind != CASE_SUBJECT_UNRESOLVED &&
        signal->subject_kind != CASE_SUBJECT_UNIT) {
        return fault_set(ret_fault, REJECT_MISSING, "/subject", FAULT_NO_BYTE);
    }
    if (signal->subject.len == 0 && signal->subject_kind == CASE_SUBJECT_UNIT) {
        signal->subject = signal->unit;
    } else if (signal->subject.len == 0) {
        char digits[IDENT_TEXT_BYTES];
        char name[IDENT_TEXT_BYTES + 2];
        ident_format(signal->id, digits);
        snprintf(name, sizeof(name), "u-%s", digits);
        signal->subject = arena_copy_str(arena, str_of(name));
        return signal->subject.at == NULL ? ERR_MEMORY : 0;
    }
    return 0;
}

int signal_decode(struct str value, struct arena *arena, struct case_signal *ret_signal,
                  struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    struct case_signal signal;
    int error =
        decode_message(&shouwang__v1__signal__descriptor, value, arena, ret_fault, &message);
    if (error != 0) {
        return error;
    }
    const Shouwang__V1__Signal *record = (const Shouwang__V1__Signal *)message;
    read_facts(record, &signal);
    error = read_parties(record, arena, &signal);
    error = error != 0 ? error : read_why(record, arena, &signal);
    error = error != 0 ? error : read_sealed(record, arena, &signal);
    error = error != 0 ? error : judge(&signal, arena, ret_fault);
    if (error == 0) {
        *ret_signal = signal;
    }
    return error;
}
