#include "wire/event.h"

#include <stdio.h>
#include <string.h>

#include "support/runner.h"
#include "wire/decode.h"
#include "wire/json.h"
#include "wire/reject.h"

#define NOW_MS INT64_C(1795478400000) /* 2026-11-24T08:00:00+08:00 */

/* A directory of one made-up pupil, and seals that can be read. */
static int identify(void *ctx, struct str unit, struct str identifier, struct arena *arena,
                    struct str *ret_ref, bool *ret_unresolved)
{
    (void)ctx;
    (void)arena;
    assert_true(str_is(unit, "no-3"));
    *ret_unresolved = !str_is(identifier, "20260317");
    *ret_ref = *ret_unresolved ? STR_LITERAL("u-hash") : STR_LITERAL("p-1");
    return 0;
}

static bool is_known(void *ctx, struct str unit, struct str ref)
{
    (void)ctx;
    (void)unit;
    return str_is(ref, "p-1") || str_is(ref, "p-2");
}

static void digest(void *ctx, struct str body, uint8_t ret_digest[IDENT_BYTES])
{
    (void)ctx;
    memset(ret_digest, 0, IDENT_BYTES);
    for (size_t i = 0; i < body.len; i++) {
        ret_digest[i % IDENT_BYTES] = (uint8_t)(ret_digest[i % IDENT_BYTES] * 31 + body.at[i]);
    }
}

static int seal(void *ctx, Shouwang__V1__KeyClass key_class, struct str unit, struct str erasure_id,
                struct str clear, struct arena *arena, Shouwang__V1__Sealed **ret_sealed)
{
    (void)ctx;
    (void)unit;
    Shouwang__V1__Sealed *sealed =
        (Shouwang__V1__Sealed *)json_new_message(&shouwang__v1__sealed__descriptor, arena);
    sealed->key_class = key_class;
    sealed->erasure_id = (char *)(uintptr_t)arena_copy_str(arena, erasure_id).at;
    struct str copy = arena_copy_str(arena, clear);
    sealed->bytes = (ProtobufCBinaryData){copy.len, (uint8_t *)(uintptr_t)copy.at};
    *ret_sealed = sealed;
    return 0;
}

static const struct event_port port = {identify, is_known, digest, seal, NULL};

struct read {
    struct arena arena;
    struct fault fault;
    struct json_t *json;
    struct event_draft draft;
    int error;
};

static void read_event(struct read *read, const char *type, const char *data)
{
    struct cloudevent source = {.id = STR_LITERAL("e-1"), .source = STR_LITERAL("app")};
    memset(read, 0, sizeof(*read));
    arena_init(&read->arena, 256 * 1024);
    assert_int_equal(json_parse_text(str_of(data), &read->fault, &read->json), 0);
    source.type = str_of(type);
    source.json = read->json;
    read->error = event_read(&source, NOW_MS, &read->arena, &read->fault, &read->draft);
}

static void read_fini(struct read *read)
{
    json_drop(read->json);
    arena_fini(&read->arena);
}

static void expect_refused(const char *type, const char *data, const char *path,
                           enum reject_reason reason)
{
    struct read read;
    read_event(&read, type, data);
    assert_int_equal(read.error, ERR_INVALID);
    assert_string_equal(read.fault.path, path);
    assert_string_equal(reject_reason_code(read.fault.reason), reject_reason_code(reason));
    read_fini(&read);
}

static bool sealed_is(const Shouwang__V1__Sealed *sealed, const char *owner, const char *clear)
{
    return sealed != NULL && strcmp(sealed->erasure_id, owner) == 0 &&
           str_is((struct str){(const char *)sealed->bytes.data, sealed->bytes.len}, clear);
}

static void test_event_reads_a_body_as_a_school_writes_it(void **state)
{
    (void)state;
    struct read read;
    read_event(
        &read, "shouwang.incident.self_harm",
        "{\"unit\":\"no-3\",\"parties\":[{\"identifier\":\"20260317\",\"role\":\"affected\"},"
        "{\"ref\":\"p-2\",\"role\":\"alleged\",\"conflict\":\"pupil_fears\"},"
        "{\"identifier\":\"x\\u5b88\",\"role\":\"witness\",\"mood\":3}],"
        "\"occurred_at\":\"2026-11-24T07:55:00+08:00\",\"place\":\"on_campus\","
        "\"danger\":\"imminent\",\"signs\":[\"plan\"],\"mandatory_code\":0,"
        "\"text\":\"made up\",\"callback\":\"555\",\"weather\":{\"rain\":true}}");
    assert_int_equal(read.error, 0);
    assert_int_equal(read.draft.clear_count, 2);
    assert_int_equal(event_finish(&read.draft, &port, &read.arena), 0);
    const Shouwang__V1__Event *event = read.draft.event;
    assert_string_equal(event->kind, "self_harm");
    assert_string_equal(event->parties[0]->ref, "p-1");
    assert_false(event->parties[0]->unresolved);
    assert_false(event->parties[1]->unresolved);
    assert_string_equal(event->parties[2]->ref, "u-hash");
    assert_true(event->parties[2]->unresolved);
    assert_true(event->unresolved);
    assert_true(sealed_is(event->text, "p-1", "made up"));
    assert_true(sealed_is(event->callback, "p-1", "555"));
    assert_true(sealed_is(event->sender_ids, "p-1", "x守"));
    assert_true(sealed_is(event->extra, "p-1",
                          "[{\"in\":\"Party\",\"member\":\"mood\",\"value\":3},"
                          "{\"in\":\"Event\",\"member\":\"weather\",\"value\":{\"rain\":true}}]"));
    assert_true(event->discovered_missing);
    assert_int_equal(event->discovered_at_ms, NOW_MS);
    assert_int_equal(event->reported_at_ms, NOW_MS);
    assert_int_equal(event->body_digest.len, IDENT_BYTES);
    assert_int_equal(event->incident->danger, SHOUWANG__V1__DANGER__DANGER_IMMINENT);
    /* It passes what the topic's readers ask, and comes back the same. */
    struct str bytes;
    ProtobufCMessage *again;
    assert_int_equal(encode_message(&event->base, &read.arena, &bytes), 0);
    assert_int_equal(
        decode_message(&shouwang__v1__event__descriptor, bytes, &read.arena, &read.fault, &again),
        0);
    assert_int_equal(event_check((Shouwang__V1__Event *)again, NOW_MS, &read.fault), 0);
    read_fini(&read);
}

static void test_event_keeps_unknown_kinds_and_takes_facts_either_way(void **state)
{
    (void)state;
    struct read read;
    read_event(&read, "shouwang.incident.kind_of_tomorrow",
               "{\"unit\":\"no-3\",\"incident\":{\"place\":\"off_campus\"}}");
    assert_int_equal(read.error, 0);
    assert_string_equal(read.draft.event->kind, "kind_of_tomorrow");
    assert_int_equal(read.draft.event->incident->place, SHOUWANG__V1__PLACE__PLACE_OFF_CAMPUS);
    read_fini(&read);
    read_event(
        &read, "shouwang.attendance.roll",
        "{\"unit\":\"no-3\",\"scope\":{\"group\":\"c-7-2\"},\"state\":\"absent_unexplained\","
        "\"session_start\":\"2026-11-24T07:50:00+08:00\"}");
    assert_int_equal(read.error, 0);
    assert_int_equal(read.draft.event->attendance->session_start_ms, NOW_MS - 600000);
    read_fini(&read);
    read_event(
        &read, "shouwang.screening.result",
        "{\"unit\":\"no-3\",\"instrument\":\"PHQ-9\","
        "\"answers\":{\"items\":[{\"item\":\"9\",\"value\":1}],\"score\":7,\"has_score\":true}}");
    assert_int_equal(read.error, 0);
    assert_int_equal(read.draft.clear_count, 1);
    assert_int_equal(event_finish(&read.draft, &port, &read.arena), 0);
    const Shouwang__V1__Sealed *answers = read.draft.event->screening->answers;
    assert_int_equal(answers->key_class, SHOUWANG__V1__KEY_CLASS__KEY_CLASS_ANSWERS);
    Shouwang__V1__ScreeningAnswers *opened =
        shouwang__v1__screening_answers__unpack(NULL, answers->bytes.len, answers->bytes.data);
    assert_string_equal(opened->items[0]->item, "9");
    shouwang__v1__screening_answers__free_unpacked(opened, NULL);
    read_fini(&read);
}

/* What was acknowledged must not be refused by whoever reads the topic later, on another clock. */
static void test_event_that_was_taken_passes_every_later_check(void **state)
{
    (void)state;
    struct read read;
    read_event(&read, "shouwang.incident.threat",
               "{\"unit\":\"no-3\",\"occurred_at\":\"2026-11-24T08:04:59+08:00\",\"parties\":["
               "{\"identifier\":\"20260317\",\"role\":\"affected\"},"
               "{\"identifier\":\"20260317\",\"role\":\"affected\"}]}");
    assert_int_equal(read.error, 0);
    assert_int_equal(event_finish(&read.draft, &port, &read.arena), 0);
    assert_int_equal(event_check(read.draft.event, NOW_MS - 60000, &read.fault), 0);
    read.draft.event->accepted_at_ms = 0;
    assert_int_equal(event_check(read.draft.event, NOW_MS - 60000, &read.fault), ERR_INVALID);
    read_fini(&read);
}

static void test_event_refuses_with_the_place_in_the_body(void **state)
{
    (void)state;
    static const char incident[] = "shouwang.incident.self_harm";
    expect_refused("com.example.x", "{}", "/type", REJECT_BAD_EVENT_TYPE);
    expect_refused("shouwang.incident.", "{}", "/type", REJECT_BAD_EVENT_TYPE);
    expect_refused("shouwang.incident.Self", "{}", "/type", REJECT_BAD_EVENT_TYPE);
    expect_refused(incident, "[]", "/data", REJECT_BAD_TYPE);
    expect_refused(incident, "{}", "/data/unit", REJECT_MISSING);
    expect_refused(incident, "{\"unit\":\"No 3\"}", "/data/unit", REJECT_BAD_CHARACTER);
    expect_refused(incident, "{\"unit\":\"no-3\",\"danger\":\"soon\"}", "/data/danger",
                   REJECT_UNKNOWN_VALUE);
    expect_refused(incident, "{\"unit\":\"no-3\",\"mandatory_code\":10}", "/data/mandatory_code",
                   REJECT_OUT_OF_RANGE);
    expect_refused(incident, "{\"unit\":\"no-3\",\"incident\":{\"mandatory_code\":10}}",
                   "/data/incident/mandatory_code", REJECT_OUT_OF_RANGE);
    expect_refused(incident, "{\"unit\":\"no-3\",\"parties\":[{\"role\":\"affected\"}]}",
                   "/data/parties/0/ref", REJECT_MISSING);
    expect_refused(incident,
                   "{\"unit\":\"no-3\",\"parties\":[{\"ref\":\"p-1\",\"identifier\":\"1\"}]}",
                   "/data/parties/0/identifier", REJECT_EXCLUDES_ANOTHER);
    expect_refused(incident, "{\"unit\":\"no-3\",\"parties\":[{\"identifier\":7}]}",
                   "/data/parties/0/identifier", REJECT_BAD_TYPE);
    expect_refused(incident, "{\"unit\":\"no-3\",\"accepted_at_ms\":1}", "/data/accepted_at_ms",
                   REJECT_NOT_BY_SENDER);
    expect_refused(incident, "{\"unit\":\"no-3\",\"occurred_at\":\"2026-11-24T08:05:01+08:00\"}",
                   "/data/occurred_at_ms", REJECT_TIME_IN_FUTURE);
    expect_refused(incident, "{\"unit\":\"no-3\",\"occurred_at_ms\":1000}", "/data/occurred_at_ms",
                   REJECT_TIME_TOO_OLD);
    expect_refused(incident, "{\"unit\":\"no-3\",\"screening\":{}}", "/data/screening",
                   REJECT_EXCLUDES_ANOTHER);
    expect_refused(incident, "{\"unit\":\"no-3\",\"incident\":{},\"place\":\"unknown\"}",
                   "/data/incident", REJECT_EXCLUDES_ANOTHER);
    expect_refused(incident, "{\"unit\":\"no-3\",\"text\":7}", "/data/text", REJECT_BAD_TYPE);
    expect_refused("shouwang.attendance.roll",
                   "{\"unit\":\"no-3\",\"enrolled_count\":3,\"absent_count\":4}",
                   "/data/absent_count", REJECT_OUT_OF_RANGE);
    expect_refused("shouwang.screening.result",
                   "{\"unit\":\"no-3\",\"answers\":{\"items\":[{\"item\":9}]}}",
                   "/data/answers/items/0/item", REJECT_BAD_TYPE);
}

static void test_event_of_a_foreign_producer_is_held_to_its_rules(void **state)
{
    (void)state;
    struct fault fault;
    struct arena arena;
    Shouwang__V1__Event event = SHOUWANG__V1__EVENT__INIT;
    event.id = (char *)"e-1";
    event.source = (char *)"app";
    event.unit = (char *)"no-3";
    event.kind = (char *)"threat";
    event.reported_at_ms = NOW_MS;
    struct cloudevent headers;
    arena_init(&arena, 4096);
    assert_int_equal(event_attributes(&event, EVENT_FAMILY_INCIDENT, &arena, &headers), 0);
    assert_true(str_is(headers.type, "shouwang.incident.threat"));
    assert_true(str_is(headers.time, "2026-11-24T00:00:00.000Z"));
    assert_true(str_is(headers.subject, "no-3"));
    assert_int_equal(event_check_foreign(&event, EVENT_FAMILY_INCIDENT, &headers, &fault), 0);
    assert_int_equal(event_check_foreign(&event, EVENT_FAMILY_SCREENING, &headers, &fault),
                     ERR_INVALID);
    assert_string_equal(fault.path, "/type");
    headers.partitionkey = STR_LITERAL("no-4");
    assert_int_equal(event_check_foreign(&event, EVENT_FAMILY_INCIDENT, &headers, &fault),
                     ERR_INVALID);
    assert_int_equal(fault.reason, REJECT_BAD_HEADER);
    Shouwang__V1__Sealed sealed = SHOUWANG__V1__SEALED__INIT;
    event.callback = &sealed;
    assert_int_equal(event_check_foreign(&event, EVENT_FAMILY_INCIDENT, NULL, &fault), ERR_INVALID);
    assert_string_equal(fault.path, "/callback");
    event.callback = NULL;
    event.accepted_at_ms = NOW_MS;
    assert_int_equal(event_check_foreign(&event, EVENT_FAMILY_INCIDENT, NULL, &fault), ERR_INVALID);
    assert_int_equal(fault.reason, REJECT_NOT_BY_SENDER);
    arena_fini(&arena);
}

static void test_event_to_core_reads_tomorrows_values_as_unknown(void **state)
{
    (void)state;
    struct arena arena;
    Shouwang__V1__Event event = SHOUWANG__V1__EVENT__INIT;
    Shouwang__V1__Incident incident = SHOUWANG__V1__INCIDENT__INIT;
    Shouwang__V1__Sign signs[] = {SHOUWANG__V1__SIGN__SIGN_MEANS, (Shouwang__V1__Sign)9};
    Shouwang__V1__Sealed text = SHOUWANG__V1__SEALED__INIT;
    event.unit = (char *)"no-3";
    event.kind = (char *)"threat";
    event.detail_case = SHOUWANG__V1__EVENT__DETAIL_INCIDENT;
    event.incident = &incident;
    event.text = &text;
    text.suite = 1;
    incident.danger = (Shouwang__V1__Danger)99;
    incident.signs = signs;
    incident.n_signs = 2;
    struct event core;
    arena_init(&arena, 4096);
    assert_int_equal(event_to_core(&event, EVENT_FAMILY_INCIDENT, NOW_MS, &arena, &core), 0);
    assert_int_equal(core.kind, EVENT_KIND_THREAT);
    assert_int_equal(core.incident.danger, CASE_DANGER_UNKNOWN);
    assert_int_equal(core.incident.signs, EVENT_SIGN_MEANS | 1 << 9);
    assert_int_equal(core.discovered_ms, NOW_MS);
    assert_true(core.discovered_missing);
    assert_int_equal(core.sealed.text.len, 2);
    assert_int_equal(core.sealed.callback.len, 0);
    arena_fini(&arena);
}

static int seal_reject(void *ctx, struct str unit, struct str clear, struct arena *arena,
                       Shouwang__V1__Sealed **ret_sealed)
{
    return seal(ctx, SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTENT, unit, unit, clear, arena,
                ret_sealed);
}

static void test_reject_tells_the_place_and_nothing_in_clear(void **state)
{
    (void)state;
    struct arena arena;
    struct fault fault;
    const struct reject_origin origin = {.service = "sw-triage",
                                         .topic = STR_LITERAL("sw.events.incident.v1"),
                                         .partition = 3,
                                         .offset = 77,
                                         .source = STR_LITERAL("a name with spaces"),
                                         .event_id = STR_LITERAL("e-1"),
                                         .unit = STR_LITERAL("no-3"),
                                         .at_ms = NOW_MS};
    Shouwang__V1__Reject *reject;
    arena_init(&arena, 256 * 1024);
    (void)fault_set(&fault, REJECT_BAD_UTF8, "/parties/2/ref", 4);
    assert_int_equal(
        reject_make(&origin, &fault, STR_LITERAL("bytes"), seal_reject, NULL, &arena, &reject), 0);
    assert_string_equal(reject->reason, "bad_utf8");
    assert_string_equal(reject->field, "/parties/2/ref");
    assert_string_equal(reject->detail, "/parties/2/ref: bad_utf8 at byte 4");
    assert_string_equal(reject->source, "");
    assert_string_equal(reject->event_id, "e-1");
    assert_true(sealed_is(reject->body, "no-3", "bytes"));
    assert_int_equal(decode_check(&reject->base, &fault), 0);
    arena_fini(&arena);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_reads_a_body_as_a_school_writes_it),
        cmocka_unit_test(test_event_keeps_unknown_kinds_and_takes_facts_either_way),
        cmocka_unit_test(test_event_that_was_taken_passes_every_later_check),
        cmocka_unit_test(test_event_refuses_with_the_place_in_the_body),
        cmocka_unit_test(test_event_of_a_foreign_producer_is_held_to_its_rules),
        cmocka_unit_test(test_event_to_core_reads_tomorrows_values_as_unknown),
        cmocka_unit_test(test_reject_tells_the_place_and_nothing_in_clear),
    };
    return RUN_TESTS(argc, argv, tests);
}
