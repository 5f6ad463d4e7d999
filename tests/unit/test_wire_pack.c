/* Packs: the reference pack loads, faults have places, records give back the same pack. */
#include "wire/pack.h"

#include <string.h>

#include "core/rules/ruleset.h"
#include "support/runner.h"
#include "wire/pack_rules.h"

static struct arena arena;
static struct yaml_faults faults;

/* Not a real digest: enough to tell files apart. */
static void mix(const void *bytes, size_t len, uint8_t ret_hash[PACK_HASH_BYTES])
{
    uint64_t state = 1469598103934665603u;
    for (size_t i = 0; i < len; i++) {
        state = (state ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    }
    for (size_t i = 0; i < PACK_HASH_BYTES; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        ret_hash[i] = (uint8_t)(state >> 56);
    }
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024 * 1024);
    faults.count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static void print_faults(void)
{
    for (size_t i = 0; i < faults.count && i < YAML_FAULTS_MAX; i++) {
        print_message("%s\n", faults.texts[i]);
    }
}

static struct pack *build_reference(void)
{
    const struct pack_file *files = NULL;
    struct pack *pack = NULL;
    size_t count = 0;
    assert_int_equal(
        pack_read_folder(SW_SOURCE_DIR "/config/packs/reference/", &arena, &faults, &files, &count),
        0);
    int error = pack_build(files, count, mix, &faults, &pack);
    print_faults();
    assert_int_equal(error, 0);
    return pack;
}

static struct ruleset *read_rules(const char *text)
{
    const struct yaml_node *root = NULL;
    struct ruleset *rules = arena_alloc(&arena, sizeof(*rules));
    assert_non_null(rules);
    assert_int_equal(yaml_parse("rules/a.yaml", str_of(text), &arena, &faults, &root), 0);
    return pack_read_rules(&root, 1, &arena, &faults, rules) == 0 ? rules : NULL;
}

static void test_pack_reference_loads(void **state)
{
    (void)state;
    struct pack *pack = build_reference();
    assert_non_null(pack_find_file(pack, "rules/concerns.yaml"));
    assert_null(pack_find_file(pack, "rules/none.yaml"));
    assert_int_equal(pack->rules->live_within_ms, 48 * 3600 * 1000);
    assert_true(ruleset_find_feature(pack->rules, STR_LITERAL("concerns_14d")) >= 0);
    assert_memory_equal(pack->rules->hash, pack->hash, PACK_HASH_BYTES);
    assert_memory_equal(pack->policies.hash, pack->hash, PACK_HASH_BYTES);
    pack_free(pack);
}

static void test_pack_hash_is_of_paths_and_contents(void **state)
{
    (void)state;
    struct pack *pack = build_reference();
    struct pack *same = NULL;
    assert_int_equal(pack_build(pack->files, pack->file_count, mix, &faults, &same), 0);
    assert_memory_equal(pack->hash, same->hash, PACK_HASH_BYTES);
    pack_free(same);
    struct pack_file *files = arena_alloc_array(&arena, pack->file_count, sizeof(*files));
    memcpy(files, pack->files, pack->file_count * sizeof(*files));
    for (size_t i = 0; i < pack->file_count; i++) {
        if (strcmp(files[i].path, "README.md") == 0) {
            files[i].content = STR_LITERAL("another one");
        }
    }
    assert_int_equal(pack_build(files, pack->file_count, mix, &faults, &same), 0);
    assert_memory_not_equal(pack->hash, same->hash, PACK_HASH_BYTES);
    pack_free(same);
    pack_free(pack);
}

static void test_pack_refuses_files_that_do_not_belong(void **state)
{
    (void)state;
    static const struct pack_file files[] = {
        {"rules/../../etc/passwd", {"x", 1}},
        {"rules/a.txt", {"x", 1}},
        {"rules/b.yaml", {"rules: []", 9}},
        {"rules/b.yaml", {"rules: []", 9}},
    };
    struct pack *pack = NULL;
    assert_int_equal(pack_build(files, 4, mix, &faults, &pack), ERR_INVALID);
    assert_null(pack);
    assert_int_equal(faults.count, 3);
    assert_string_equal(faults.texts[0], "rules/../../etc/passwd: not a path of a pack");
    assert_non_null(strstr(faults.texts[1], "rules/a.txt: no such file in a pack"));
    assert_string_equal(faults.texts[2], "rules/b.yaml: the file is given twice");
}

static void expect_faults(const char *const *expected, size_t count)
{
    for (size_t i = 0; i < count && i < faults.count; i++) {
        assert_string_equal(faults.texts[i], expected[i]);
    }
    assert_int_equal(faults.count, count);
}

static void test_pack_rules_faults_have_places(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "rules/a.yaml:2:17: unknown value \"incidnt\": did you mean \"incident\"?",
        "rules/a.yaml:2:81: expected a duration as in 90s, 15m, 2h or 14d, found \"14\"",
        "rules/a.yaml:2:39: unknown field of event \"knd\": did you mean \"kind\"?",
        "rules/a.yaml:5:9: unknown kind \"incident.concrn\": did you mean \"incident.concern\"?",
        "rules/a.yaml:6:20: unknown field of features \"g\"",
        "rules/a.yaml:7:19: unknown value \"hgh\": did you mean \"high\"?",
        "rules/a.yaml:7:61: unknown value \"class_teachr\": did you mean \"class_teacher\"?",
        "rules/a.yaml:8:15: unknown name \"evnt\": did you mean \"event\"?",
        "rules/a.yaml:11:22: == does not take string and int",
        "rules/a.yaml:13:5: the key \"when\" is missing",
    };
    assert_null(read_rules(
        "features:\n"
        "- {id: f, from: incidnt, where: event.knd == 'concern', scope: student, window: 14, ops: "
        "{count: count()}}\n"
        "rules:\n"
        "  - id: a\n"
        "    on: incident.concrn\n"
        "    when: features.g.count > 1\n"
        "    then: {level: hgh, layer: class, kind: wellbeing, tell: class_teachr}\n"
        "    why: \"说明 {evnt.kind}\"\n"
        "  - id: b\n"
        "    on: incident.concern\n"
        "    when: event.kind == 3\n"
        "    then: {level: high, layer: class, kind: wellbeing}\n"
        "  - {id: c, on: incident.concern, then: {level: high, layer: class, kind: wellbeing}}\n"));
    size_t count = sizeof(expected) / sizeof(expected[0]);
    expect_faults(expected, count);
}

/* Patterns and time zones are looked up when the pack is read; a condition may have several lines. */
static void test_pack_conditions_have_the_whole_language(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "rules/a.yaml:6:7: unknown name \"evnt\": did you mean \"event\"?",
        "rules/a.yaml:10:76: no such time zone",
        "rules/a.yaml:14:30: the pattern, at byte 3: a class is not closed",
        "rules/a.yaml:16:23: unknown function \"startWith\": did you mean \"startsWith\"?",
    };
    assert_null(read_rules(
        "rules:\n"
        "  - id: a\n"
        "    on: incident.concern\n"
        "    when: >\n"
        "      event.signs.exists(s, s.matches('^p(lan|ot)$')) &&\n"
        "      evnt.kind == 'y'\n"
        "    then: {level: high, layer: class, kind: wellbeing}\n"
        "  - id: b\n"
        "    on: incident.concern\n"
        "    when: \"event.kind == 'x' && "
        "timestamp('2026-11-24T00:00:00Z').getHours('Asia/Shangai') > 3\"\n"
        "    then: {level: high, layer: class, kind: wellbeing}\n"
        "  - id: c\n"
        "    on: incident.concern\n"
        "    when: event.kind.matches('a[') && timestamp(1).getHours('Asia/Shanghai') > 3\n"
        "    then: {level: high, layer: class, kind: wellbeing}\n"
        "    why: \"{event.kind.startWith('a')}\"\n"));
    expect_faults(expected, sizeof(expected) / sizeof(expected[0]));
}

static void test_pack_expectation_faults_have_places(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "rules/a.yaml:3:10: unknown value \"clas\": did you mean \"class\"?",
        "rules/a.yaml:4:9: unknown value \"school_day\": did you mean \"school_days\"?",
        "rules/a.yaml:6:18: unknown field of event \"knd\": did you mean \"kind\"?",
        "rules/a.yaml:7:9: expected a time of the day as in \"08:40\"",
        "rules/a.yaml:8:21: expected a duration from 86400000 ms to 5184000000 ms, found 3600000 "
        "ms",
        "rules/a.yaml:9:19: unknown value \"warnin\": did you mean \"warning\"?",
    };
    assert_null(read_rules("expectations:\n"
                           "  - id: a\n"
                           "    for: clas\n"
                           "    on: school_day\n"
                           "    from: attendance\n"
                           "    where: event.knd == 'roll'\n"
                           "    by: 8:40\n"
                           "    if_seen_within: 1h\n"
                           "    else: {level: warnin, layer: class, kind: roll_missing}\n"));
    expect_faults(expected, sizeof(expected) / sizeof(expected[0]));
    faults.count = 0;
    assert_null(read_rules("expectations:\n"
                           "  - id: a\n"
                           "    grce: 1m\n"));
    assert_string_equal(faults.texts[0],
                        "rules/a.yaml:3:5: unknown key \"grce\": did you mean \"grace\"?");
}

static void test_pack_plausibility_faults_have_places(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "rules/a.yaml:5:11: what is about a pupil on file never waits",
        "rules/a.yaml:10:11: only rules on attendance wait",
        "rules/a.yaml:13:24: expected a duration from 1000 ms to 3600000 ms, found 0 ms",
        "rules/a.yaml:13:59: expected a percentage as in 30% or 2.5%, found \"1O%\"",
    };
    assert_null(read_rules("rules:\n"
                           "  - id: a\n"
                           "    on: attendance.absent\n"
                           "    only: on_file\n"
                           "    wait: plausibility\n"
                           "    when: 'true'\n"
                           "    then: {level: high, layer: class, kind: absent}\n"
                           "  - id: b\n"
                           "    on: incident.concern\n"
                           "    wait: plausibility\n"
                           "    when: 'true'\n"
                           "    then: {level: high, layer: class, kind: wellbeing}\n"
                           "plausibility: {settle: 0s, hold: 12h, class: 30%, school: 1O%,\n"
                           "               then: {level: high, layer: school, kind: x}}\n"));
    expect_faults(expected, sizeof(expected) / sizeof(expected[0]));
}

static void test_pack_inference_never_decides_a_crisis(void **state)
{
    (void)state;
    assert_null(read_rules("rules:\n"
                           "  - id: a\n"
                           "    on: screening.result\n"
                           "    when: event.score > 20.0\n"
                           "    then: {level: crisis, layer: school, kind: self_harm_risk}\n"));
    assert_string_equal(
        faults.texts[0],
        "rules/a.yaml:5:11: scores and features decide up to high: crisis is for facts and "
        "interviews");
    faults.count = 0;
    assert_non_null(read_rules("rules:\n"
                               "  - id: a\n"
                               "    on: screening.interview\n"
                               "    when: event.items['5'] == 1\n"
                               "    then: {level: crisis, layer: school, kind: self_harm_risk}\n"));
}

static void feed(struct pack_store *store, const struct pack *pack, size_t from, size_t to,
                 const struct pack **ret_pack)
{
    for (size_t i = from; i < to; i++) {
        struct str key;
        struct str value;
        assert_int_equal(pack_file_record(pack, i, &arena, &key, &value), 0);
        assert_true(pack_owns_key(key));
        assert_int_equal(pack_store_apply(store, key, &value, &faults, ret_pack), 0);
    }
}

static void test_pack_store_waits_for_all_files(void **state)
{
    (void)state;
    struct pack *pack = build_reference();
    struct pack_store *store = pack_store_new(mix);
    const struct pack *active = NULL;
    const struct pack_activation activation = {STR_LITERAL("fenyang"), STR_LITERAL("made-up"), 1};
    struct str key;
    struct str value;
    assert_non_null(store);
    feed(store, pack, 1, pack->file_count, &active);
    assert_null(active);
    assert_int_equal(pack_active_record(pack, &activation, &arena, &key, &value), 0);
    assert_int_equal(pack_store_apply(store, key, &value, &faults, &active), 0);
    assert_null(active);
    assert_null(pack_store_active(store, STR_LITERAL("fenyang")));
    feed(store, pack, 0, 1, &active);
    assert_non_null(active);
    assert_ptr_equal(pack_store_active(store, STR_LITERAL("fenyang")), active);
    assert_ptr_equal(pack_store_active(store, STR_LITERAL("elsewhere")), active);
    assert_ptr_equal(pack_store_find(store, pack->hash), active);
    assert_memory_equal(active->hash, pack->hash, PACK_HASH_BYTES);
    pack_store_free(store);
    pack_free(pack);
}

static void test_pack_store_keeps_the_pack_when_the_next_is_broken(void **state)
{
    (void)state;
    struct pack *pack = build_reference();
    struct pack_store *store = pack_store_new(mix);
    const struct pack *active = NULL;
    const struct pack *changed = NULL;
    const struct pack_activation activation = {STR_LITERAL("fenyang"), STR_LITERAL("made-up"), 1};
    struct str key;
    struct str value;
    feed(store, pack, 0, pack->file_count, &active);
    assert_int_equal(pack_active_record(pack, &activation, &arena, &key, &value), 0);
    assert_int_equal(pack_store_apply(store, key, &value, &faults, &active), 0);
    assert_non_null(active);
    struct pack_file file = {"rules/a.yaml", STR_LITERAL("rules: 3")};
    struct pack broken = {.files = &file, .file_count = 1};
    memset(broken.hash, 7, sizeof(broken.hash));
    feed(store, &broken, 0, 1, &changed);
    assert_int_equal(pack_active_record(&broken, &activation, &arena, &key, &value), 0);
    assert_int_equal(pack_store_apply(store, key, &value, &faults, &changed), ERR_INVALID);
    assert_true(faults.count > 0);
    assert_null(changed);
    assert_ptr_equal(pack_store_active(store, STR_LITERAL("fenyang")), active);
    pack_store_free(store);
    pack_free(pack);
}

/* Texts between the values: some of a reason in Chinese, some in English. */
static void test_pack_reference_reasons_are_in_both_languages(void **state)
{
    (void)state;
    struct pack *pack = build_reference();
    size_t total = pack->rules->rule_count + pack->rules->expectation_count;
    for (size_t i = 0; i < total; i++) {
        const struct rule *rule =
            i < pack->rules->rule_count
                ? &pack->rules->rules[i]
                : &pack->rules->expectations[i - pack->rules->rule_count].otherwise;
        bool has_chinese = false;
        bool has_english = false;
        for (size_t p = 0; p < rule->why.count; p++) {
            struct str text = rule->why.parts[p].text;
            for (size_t c = 0; c < text.len && rule->why.parts[p].hole == NULL; c++) {
                has_chinese = has_chinese || ((unsigned char)text.at[c] & 0x80) != 0;
                has_english = has_english || (text.at[c] >= 'a' && text.at[c] <= 'z');
            }
        }
        if (!has_chinese || !has_english) {
            fail_msg("%.*s", (int)rule->id.len, rule->id.at);
        }
        assert_true(rule->version.len > 0);
    }
    pack_free(pack);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pack_reference_loads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pack_hash_is_of_paths_and_contents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pack_refuses_files_that_do_not_belong, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_pack_rules_faults_have_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pack_conditions_have_the_whole_language, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_pack_expectation_faults_have_places, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_pack_plausibility_faults_have_places, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_pack_inference_never_decides_a_crisis, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_pack_store_waits_for_all_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pack_store_keeps_the_pack_when_the_next_is_broken,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pack_reference_reasons_are_in_both_languages, set_up,
                                        tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
