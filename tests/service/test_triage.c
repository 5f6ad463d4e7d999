/* sw-triage as a process: what it takes, refuses, places again, and does not judge twice. */
#include <signal.h>
#include <string.h>

#include "io/stream.h"
#include "support/runner.h"
#include "triage_service.h"
#include "wire/pack.h"

/* --- Cases ----------------------------------------------------------------------------------------------------------- */

static void test_triage_service_judges_once_and_survives_kill(void **state)
{
    struct world *world = triage_service_new(NULL);
    struct draft draft;
    (void)state;
    triage_service_draft(&draft, "e-1", "no-3", "self_harm");
    draft.incident.danger = SHOUWANG__V1__DANGER__DANGER_IMMINENT;
    draft.event.source = "/school"; /* intake checked it: no source of the directory */
    triage_service_send(world, &draft, true, "no-3");
    const Shouwang__V1__Signal *signal = triage_service_signal(world, 0);
    assert_string_equal(world->signals[0].key, "no-3");
    assert_string_equal(world->signals[0].type, "shouwang.signals.self_harm");
    assert_string_equal(signal->subject, "p-1");
    assert_int_equal(signal->subject_kind, SHOUWANG__V1__SUBJECT_KIND__SUBJECT_KIND_STUDENT);
    assert_int_equal(signal->level, SHOUWANG__V1__LEVEL__LEVEL_CRISIS);
    assert_string_equal(signal->rule, "facts/danger");
    assert_int_equal(signal->pack.len, PACK_HASH_BYTES);
    assert_true(signal->opens_episode && !signal->silent);
    outside_end(world->pid, SIGKILL);
    triage_service_send(world, &draft, true,
                        "no-3"); /* the sender tries again while nobody is there */
    triage_service_draft(&draft, "e-2", "no-3", "concern");
    triage_service_send(world, &draft, true, "no-3");
    triage_service_spawn(world);
    triage_service_wait_ready(world);
    signal = triage_service_signal(world, 1);
    assert_string_equal(signal->event_id, "e-2");
    assert_int_equal(signal->n_tell, 2);
    assert_int_equal(triage_service_metric(world,
                                           "sw_triage_events_total{topic=\"events.incident\","
                                           "outcome=\"repeated\"} "),
                     1);
    assert_int_equal(world->signal_count, 2);
    triage_service_free(world);
}

static void test_triage_service_checks_a_foreign_producer(void **state)
{
    struct world *world = triage_service_new(NULL);
    struct draft draft;
    Shouwang__V1__Sealed sealed;
    (void)state;
    triage_service_draft(&draft, "f-1", "no-3", "accident");
    triage_service_send(world, &draft, false, "no-3");
    assert_string_equal(triage_service_signal(world, 0)->event_id, "f-1");
    triage_service_draft(&draft, "f-2", "no-8", "accident"); /* not listed for /gates */
    triage_service_send(world, &draft, false, "no-8");
    const Shouwang__V1__Reject *reject = triage_service_reject(world, 0);
    assert_string_equal(reject->reason, "unit_not_allowed");
    assert_string_equal(reject->event_id, "f-2");
    assert_non_null(strstr(reject->topic, ".events.incident.v1"));
    assert_true(reject->offset >= 0 && reject->body != NULL);
    triage_service_draft(&draft, "f-3", "no-3", "accident");
    shouwang__v1__sealed__init(&sealed);
    sealed.suite = 1;
    sealed.key_class = SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTENT;
    draft.event.text = &sealed;
    triage_service_send(world, &draft, false, "no-3");
    assert_string_equal(triage_service_reject(world, 1)->reason, "sealed_not_allowed");
    const struct kafka_output garbage = {.topic = TOPIC_EVENTS_INCIDENT,
                                         .unit = STR_LITERAL("no-3"),
                                         .value = STR_LITERAL("\xFF\xFF not protobuf")};
    outside_put(&world->out, &garbage);
    assert_string_equal(triage_service_reject(world, 2)->reason, "bad_protobuf");
    triage_service_draft(&draft, "f-4", "no-3",
                         "flood"); /* after each of them the next good one flows */
    triage_service_send(world, &draft, false, "no-3");
    const Shouwang__V1__Signal *signal = triage_service_signal(world, 1);
    assert_string_equal(signal->event_id, "f-4");
    assert_int_equal(signal->level, SHOUWANG__V1__LEVEL__LEVEL_HIGH);
    assert_int_equal(triage_service_metric(world,
                                           "sw_triage_rejects_total{topic=\"events.incident\","
                                           "reason=\"unit_not_allowed\"} "),
                     1);
    triage_service_free(world);
}

static void test_triage_service_places_again_what_lies_elsewhere(void **state)
{
    struct world *world = triage_service_new(NULL);
    struct draft draft;
    (void)state;
    triage_service_draft(&draft, "g-1", "no-3", "accident");
    assert_int_not_equal(topic_partition_of(STR_LITERAL("no-3"), 2),
                         topic_partition_of(STR_LITERAL("no-8"), 2));
    triage_service_send(world, &draft, false, "no-8"); /* another unit's key, and its partition */
    assert_string_equal(triage_service_signal(world, 0)->event_id, "g-1");
    assert_string_equal(world->signals[0].key, "no-3");
    assert_int_equal(
        triage_service_metric(world, "sw_triage_placed_again_total{topic=\"events.incident\"} "),
        1);
    triage_service_draft(&draft, "g-2", "no-5",
                         "accident"); /* no such school: the place told is where it lay */
    triage_service_send(world, &draft, false, "no-8");
    const Shouwang__V1__Reject *reject = triage_service_reject(world, 0);
    assert_string_equal(reject->reason, "unit_unknown");
    assert_int_equal(reject->partition, topic_partition_of(STR_LITERAL("no-8"), 2));
    assert_int_equal(reject->offset, 1);
    triage_service_free(world);
}

/* Larger than the shell writes, though the broker took it. The partition goes on behind it. */
static void test_triage_service_refuses_what_it_cannot_place_again(void **state)
{
    static char padding[STREAM_RECORD_MAX_BYTES];
    struct world *world = triage_service_new(NULL);
    struct draft draft;
    (void)state;
    triage_service_draft(&draft, "p-0", "no-8", "accident");
    triage_service_send(world, &draft, true, "no-8"); /* stepped in the same batch, perhaps */
    triage_service_draft(&draft, "p-1", "no-3", "accident");
    draft.padding = (struct str){padding, sizeof(padding)};
    memset(padding, 'x', sizeof(padding));
    triage_service_send(world, &draft, false, "no-8");
    const Shouwang__V1__Reject *reject = triage_service_reject(world, 0);
    assert_string_equal(reject->reason, "too_large");
    assert_string_equal(reject->event_id, "p-1");
    assert_string_equal(reject->unit, "no-3");
    assert_int_equal(reject->partition, topic_partition_of(STR_LITERAL("no-8"), 2));
    assert_int_equal(reject->offset, 1);
    triage_service_draft(&draft, "p-2", "no-8", "accident");
    triage_service_send(world, &draft, true, "no-8");
    assert_string_equal(triage_service_signal(world, 0)->event_id, "p-0");
    assert_string_equal(triage_service_signal(world, 1)->event_id, "p-2");
    assert_int_equal(triage_service_metric(world,
                                           "sw_triage_rejects_total{topic=\"events.incident\","
                                           "reason=\"too_large\"} "),
                     1);
    triage_service_free(world);
}

static void test_triage_service_flags_another_body_under_the_same_id(void **state)
{
    struct world *world = triage_service_new(NULL);
    struct draft draft;
    (void)state;
    triage_service_draft(&draft, "h-1", "no-3", "accident");
    triage_service_send(world, &draft, false, "no-3");
    assert_false(triage_service_signal(world, 0)->id_reused);
    draft.incident.injury = SHOUWANG__V1__INJURY__INJURY_NEEDS_TREATMENT;
    triage_service_send(world, &draft, false, "no-3");
    const Shouwang__V1__Signal *signal = triage_service_signal(world, 1);
    assert_true(signal->id_reused);
    assert_int_equal(signal->level, SHOUWANG__V1__LEVEL__LEVEL_CRISIS);
    assert_int_equal(triage_service_metric(world,
                                           "sw_triage_events_total{topic=\"events.incident\","
                                           "outcome=\"id_reused\"} "),
                     1);
    triage_service_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triage_service_judges_once_and_survives_kill),
        cmocka_unit_test(test_triage_service_checks_a_foreign_producer),
        cmocka_unit_test(test_triage_service_places_again_what_lies_elsewhere),
        cmocka_unit_test(test_triage_service_refuses_what_it_cannot_place_again),
        cmocka_unit_test(test_triage_service_flags_another_body_under_the_same_id),
    };
    return RUN_TESTS(argc, argv, tests);
}
