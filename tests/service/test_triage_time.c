/* sw-triage as a process: what waits for time or for a person outlives it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/command.pb-c.h>

#include "core/casework/casework.h"
#include "io/seal.h"
#include "support/runner.h"
#include "triage_service.h"
#include "wire/decode.h"
#include "wire/triage_state.h"

enum { PUPILS = 4 };

static const int64_t day_ms = INT64_C(86400000);

/* Pupils p-1 to p-4 of class c1. */
static void put_class(struct world *world)
{
    const struct org_record group = {
        .kind = ORG_RECORD_GROUP,
        .group = {.id = STR_LITERAL("c1"), .unit = STR_LITERAL("no-3"), .kind = ORG_GROUP_CLASS}};
    outside_put_org(&world->out, &group);
    for (unsigned i = 1; i <= PUPILS; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "p-%u", i);
        const struct org_record pupil = {.kind = ORG_RECORD_PERSON,
                                         .person = {.id = str_of(id),
                                                    .unit = STR_LITERAL("no-3"),
                                                    .kind = ORG_PERSON_STUDENT,
                                                    .group = STR_LITERAL("c1")}};
        outside_put_org(&world->out, &pupil);
    }
}

/* The class has sent a roll five days ago, and everything was judged until four days ago. */
static void put_old_clock(struct world *world)
{
    struct triage_state clock = {.entity = TRIAGE_CLOCK, .is_there = true};
    const int64_t now_ms = loop_utc_ms();
    const struct window_entry roll = {.at_ms = now_ms - 5 * day_ms};
    const struct triage_state mark = {
        .entity = TRIAGE_WINDOW, .is_there = true, .window = {&roll, 1}};
    const struct window_key row = {.unit = STR_LITERAL("no-3"),
                                   .scope = 'c',
                                   .scope_id = STR_LITERAL("c1"),
                                   .feature = STR_LITERAL("roll_am")};
    char key[WINDOW_KEY_MAX_BYTES];
    struct str value;
    put_class(world);
    clock.clock.judged_ms = now_ms - 4 * day_ms;
    assert_int_equal(triage_state_encode(&clock, &world->out.arena, &value), 0);
    outside_put_bytes(&world->out, TOPIC_STATE_TRIAGE, STR_LITERAL("no-3/clock/roll_am"), value);
    assert_int_equal(triage_state_encode(&mark, &world->out.arena, &value), 0);
    outside_put_bytes(&world->out, TOPIC_STATE_TRIAGE, windows_key(&row, roll.at_ms, key), value);
}

static void send_absence(struct world *world, unsigned pupil)
{
    struct draft draft;
    char id[16];
    char person[16];
    (void)snprintf(id, sizeof(id), "a-%u", pupil);
    (void)snprintf(person, sizeof(person), "p-%u", pupil);
    triage_service_draft(&draft, id, "no-3", "absent");
    triage_service_draft_absence(&draft, person);
    triage_service_send(world, &draft, true, "no-3");
}

/* As a person gives it on the question's case, which the escalator would have opened. */
static void send_answer(struct world *world, const Shouwang__V1__Signal *question, const char *word)
{
    struct case_signal opening = {.unit = str_of(question->unit),
                                  .kind = str_of(question->kind),
                                  .subject = str_of(question->subject)};
    memcpy(opening.id.bytes, question->id.data, IDENT_BYTES);
    struct ident case_id = casework_case_id(seal_hash128, &opening);
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    Shouwang__V1__Met met = SHOUWANG__V1__MET__INIT;
    Shouwang__V1__Evidence evidence = SHOUWANG__V1__EVIDENCE__INIT;
    Shouwang__V1__Evidence *list[] = {&evidence};
    struct str value;
    evidence.key = (char *)(uintptr_t) "answer";
    evidence.code = (char *)(uintptr_t)word;
    met.obligation = (char *)(uintptr_t) "plausibility";
    met.evidence = list;
    met.n_evidence = 1;
    command.id = (ProtobufCBinaryData){IDENT_BYTES, case_id.bytes}; /* any 16 bytes */
    command.unit = question->unit;
    command.case_id = (ProtobufCBinaryData){IDENT_BYTES, case_id.bytes};
    command.actor = (char *)(uintptr_t) "t-duty";
    command.actor_role = (char *)(uintptr_t) "duty_leader";
    command.action_case = SHOUWANG__V1__COMMAND__ACTION_MET;
    command.met = &met;
    assert_int_equal(encode_message(&command.base, &world->out.arena, &value), 0);
    const struct kafka_output output = {
        .topic = TOPIC_COMMANDS, .unit = str_of(question->unit), .value = value};
    outside_put(&world->out, &output);
}

enum { OF_CLASS = 1 }; /* the class is told of once, with all who are missing */

/* A school where everybody is absent: one question, which outlives the process; the answer lets all of it go. */
static void test_triage_service_a_gate_that_fails_gives_one_question(void **state)
{
    static const struct pack_patch patches[] = {{"settle: 2m", "settle: 2s"}};
    static const struct plan plan = {.patches = patches, .patch_count = 1, .prepare = put_class};
    struct world *world = triage_service_new(&plan);
    (void)state;
    for (unsigned i = 1; i <= PUPILS; i++) {
        send_absence(world, i);
    }
    for (unsigned i = 0; i < PUPILS; i++) { /* for those on file, whoever they are */
        const Shouwang__V1__Signal *signal = triage_service_signal(world, i);
        assert_string_equal(signal->kind, "missing");
        assert_true(signal->only_on_file);
    }
    const Shouwang__V1__Signal *question = triage_service_signal(world, PUPILS);
    assert_string_equal(question->kind, "attendance_doubt");
    assert_string_equal(question->subject, "no-3");
    assert_int_equal(question->level, SHOUWANG__V1__LEVEL__LEVEL_HIGH);
    assert_int_equal(triage_service_metric(world, "sw_triage_held_total{what=\"held\"} "),
                     PUPILS + OF_CLASS);
    outside_end(world->pid, SIGKILL);
    send_answer(world, question, "real"); /* while nobody is there */
    triage_service_spawn(world);
    triage_service_wait_ready(world);
    unsigned of_class = 0;
    for (unsigned i = 1; i <= PUPILS + OF_CLASS; i++) {
        const Shouwang__V1__Signal *signal = triage_service_signal(world, PUPILS + i);
        bool is_of_class = signal->subject_kind == SHOUWANG__V1__SUBJECT_KIND__SUBJECT_KIND_GROUP;
        assert_string_equal(signal->kind, is_of_class ? "absence_cluster" : "absent");
        assert_false(signal->silent);
        of_class += is_of_class ? 1 : 0;
    }
    assert_int_equal(of_class, OF_CLASS);
    assert_int_equal(triage_service_metric(world, "sw_triage_questions_total "), 0);
    assert_int_equal(world->signal_count, 2 * PUPILS + OF_CLASS + 1);
    triage_service_free(world);
}

/* The clock stands days back, as after a long outage: what was due since is judged at once, by what had come in time. */
static void test_triage_service_a_deadline_that_passed_while_away(void **state)
{
    static const struct pack_patch patches[] = {
        {"on: school_days\n    from: attendance\n    where: event.kind",
         "on:   every_day\n    from: attendance\n    where: event.kind"},
    };
    static const struct plan plan = {
        .patches = patches, .patch_count = 1, .prepare = put_old_clock};
    struct world *world = triage_service_new(&plan);
    (void)state;
    const Shouwang__V1__Signal *signal = triage_service_signal(world, 0);
    assert_string_equal(signal->kind, "roll_missing");
    assert_string_equal(signal->subject, "c1");
    assert_int_equal(signal->subject_kind, SHOUWANG__V1__SUBJECT_KIND__SUBJECT_KIND_GROUP);
    assert_true(triage_service_metric(world, "sw_triage_missed_total ") >= 2);
    triage_service_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triage_service_a_gate_that_fails_gives_one_question),
        cmocka_unit_test(test_triage_service_a_deadline_that_passed_while_away),
    };
    return RUN_TESTS(argc, argv, tests);
}
