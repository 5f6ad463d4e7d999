/* Policy files: the packs of the tree load; what is wrong has its place. */
#include "support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/pack.h"

enum { ARENA_BYTES = 8 << 20, FILES_MAX = 16 };

struct reading {
    struct arena arena;
    struct yaml_faults faults;
    struct policy_set set;
};

static struct reading *reading_new(void)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    assert_non_null(reading);
    arena_init(&reading->arena, ARENA_BYTES);
    return reading;
}

static void reading_free(struct reading *reading)
{
    arena_fini(&reading->arena);
    free(reading);
}

static struct str read_file(struct reading *reading, const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = arena_alloc(&reading->arena, 65536);
    size_t length = fread(bytes, 1, 65535, file);
    fclose(file);
    return (struct str){bytes, length};
}

static bool load(struct reading *reading, const char *pack)
{
    static const char *const names[] = {"abuse", "attention", "crisis", "high", "staff", "warning"};
    const struct yaml_node *roots[6];
    for (size_t i = 0; i < 6; i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/config/packs/%s/policies/%s.yaml", SW_SOURCE_FOLDER, pack,
                 names[i]);
        struct str content = read_file(reading, path);
        assert_int_equal(yaml_parse(path, content, &reading->arena, &reading->faults, &roots[i]),
                         0);
    }
    bool good = pack_read_policies(roots, 6, &reading->arena, &reading->faults, &reading->set);
    for (size_t i = 0; i < reading->faults.count && i < YAML_FAULTS_MAX; i++) {
        print_message("%s\n", reading->faults.texts[i]);
    }
    return good;
}

static void test_pack_policy_reads_the_reference_crisis(void **state)
{
    struct reading *reading = reading_new();
    (void)state;
    assert_true(load(reading, "reference"));
    struct policy_query query = {.level = CASE_LEVEL_CRISIS,
                                 .kind = STR_LITERAL("self_harm"),
                                 .subject = CASE_SUBJECT_UNRESOLVED, /* matched as a student */
                                 .place = CASE_PLACE_ON_CAMPUS};
    const struct policy *policy = policy_find(&reading->set, &query);
    assert_non_null(policy);
    assert_true(str_is(policy->id, "fenyang/crisis"));
    assert_int_equal(policy->step_count, 5);
    assert_true(policy->steps[3].in_order);
    assert_int_equal(policy->steps[4].at_ms, 600000);
    assert_true(str_is(policy->steps[4].unless_obligation, "on_scene"));
    assert_true(policy->steps[4].repeat_until_acked);
    assert_int_equal(policy->obligation_count, 10);
    int phone = policy_obligation_index(policy, STR_LITERAL("phone_report"));
    assert_int_equal(policy->obligations[phone].anchor, POLICY_ANCHOR_DISCOVERED);
    assert_int_equal(policy->obligations[phone].within_ms, 1800000);
    assert_int_equal(policy->obligations[phone].warn_ms[1], 1500000);
    assert_int_equal(policy->obligations[0].evidence_count, 3);
    assert_true(policy->obligations[0].evidence[2].optional);
    reading_free(reading);
}

static void test_pack_policy_knows_which_evidence_is_a_code(void **state)
{
    struct reading *reading = reading_new();
    const struct policy_set *set = &reading->set;
    struct str call = STR_LITERAL("emergency_call");
    (void)state;
    assert_true(load(reading, "reference"));
    assert_true(policy_set_takes_code(set, call, STR_LITERAL("call"), STR_LITERAL("120")));
    assert_false(policy_set_takes_code(set, call, STR_LITERAL("call"), STR_LITERAL("zhang_san")));
    assert_false(policy_set_takes_code(set, call, STR_LITERAL("caller"), STR_LITERAL("120")));
    assert_false(policy_set_takes_code(set, STR_LITERAL("phone_report"), STR_LITERAL("call"),
                                       STR_LITERAL("120")));
    reading_free(reading);
}

static void test_pack_policy_keeps_general_policies_from_abuse_and_staff(void **state)
{
    struct reading *reading = reading_new();
    (void)state;
    assert_true(load(reading, "reference"));
    struct policy_query abuse = {.level = CASE_LEVEL_CRISIS,
                                 .kind = STR_LITERAL("abuse_suspected"),
                                 .subject = CASE_SUBJECT_STUDENT};
    struct policy_query staff = {.level = CASE_LEVEL_CRISIS,
                                 .kind = STR_LITERAL("self_harm"),
                                 .subject = CASE_SUBJECT_STAFF};
    assert_true(str_is(policy_find(&reading->set, &abuse)->id, "fenyang/abuse"));
    assert_true(str_is(policy_find(&reading->set, &staff)->id, "fenyang/staff"));
    reading_free(reading);
}

static void test_pack_policy_reads_the_short_pack(void **state)
{
    struct reading *reading = reading_new();
    (void)state;
    assert_true(load(reading, "short"));
    assert_int_equal(reading->set.ack_expiry_ms[CASE_LEVEL_CRISIS], 600000);
    assert_int_equal(reading->set.voice_gap_ms, 1100);
    reading_free(reading);
}

static void test_pack_policy_reads_when_what_may_wait_is_told(void **state)
{
    struct reading *reading = reading_new();
    const struct policy_digest *digest = &reading->set.digest;
    (void)state;
    assert_true(load(reading, "reference"));
    assert_int_equal(digest->count, 3);
    assert_int_equal(reading->set.interviews_each, 20);
    assert_int_equal(digest->at_minute[1], 12 * 60 + 30);
    assert_true(policy_is_quiet(digest, 23 * 60));
    assert_true(policy_is_quiet(digest, 6 * 60 + 29));
    assert_false(policy_is_quiet(digest, 6 * 60 + 30));
    assert_false(policy_is_quiet(digest, 20 * 60 + 59));
    reading_free(reading);
}

/* The first fault of one text, without its path. */
static void expect_fault(const char *text, const char *expected)
{
    struct reading *reading = reading_new();
    const struct yaml_node *root = NULL;
    assert_int_equal(yaml_parse("p.yaml", str_of(text), &reading->arena, &reading->faults, &root),
                     0);
    assert_false(pack_read_policies(&root, 1, &reading->arena, &reading->faults, &reading->set));
    if (strncmp(reading->faults.texts[0], expected, strlen(expected)) != 0) {
        fail_msg("expected: %s\ngot: %s", expected, reading->faults.texts[0]);
    }
    reading_free(reading);
}

static void test_pack_policy_faults_have_their_place(void **state)
{
    (void)state;
    expect_fault("policies:\n  - id: a/b\n    match: {level: crisis}\n    steps:\n"
                 "      - {at: 0s, notify: [duty_leder], via: [sms]}\n",
                 "p.yaml:5:");
    expect_fault("policies:\n  - id: a/b\n    match: {level: crisis}\n    steps:\n"
                 "      - {at: 0s, notify: [principal], via: [sms], unless: met(nothing)}\n",
                 "p.yaml:5:");
    expect_fault("policies:\n  - id: a/b\n    match: {level: crisis}\n    steps:\n"
                 "      - {at: 5m, notify: [principal], via: [sms]}\n"
                 "      - {at: 1m, notify: [principal], via: [sms]}\n",
                 "p.yaml:6:");
    expect_fault("policies:\n  - id: a/b\n    match: {level: crisis}\n    steps:\n"
                 "      - {at: 0s, notify: [principal], via: [sms]}\n    obligations:\n"
                 "      - {id: x, within: 1m, every: 2m, anchor: opened, owner: principal}\n",
                 "p.yaml:7:");
    expect_fault("digest: {at: [\"12:00\", \"07:00\"]}\npolicies: []\n",
                 "p.yaml:1:24: expected ascending times outside of quiet hours");
    expect_fault("digest: {at: \"22:00\", quiet: {from: \"21:00\", to: \"06:00\"}}\npolicies: []\n",
                 "p.yaml:1:14: expected ascending times outside of quiet hours");
    expect_fault("digest: {at: \"7:00\"}\npolicies: []\n", "p.yaml:1:14:");
    expect_fault("interviews: {a_teacher: 0}\npolicies: []\n", "p.yaml:1:25:");
    expect_fault("policies:\n  - id: a/b\n    match: {level: attention}\n    steps:\n"
                 "      - {at: 0s, notify: [principal], via: [sms]}\n",
                 "policies"); /* what a pack must have is not there */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_policy_reads_the_reference_crisis),
        cmocka_unit_test(test_pack_policy_knows_which_evidence_is_a_code),
        cmocka_unit_test(test_pack_policy_keeps_general_policies_from_abuse_and_staff),
        cmocka_unit_test(test_pack_policy_reads_the_short_pack),
        cmocka_unit_test(test_pack_policy_reads_when_what_may_wait_is_told),
        cmocka_unit_test(test_pack_policy_faults_have_their_place),
    };
    return RUN_TESTS(argc, argv, tests);
}
