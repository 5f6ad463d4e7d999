/* Records at the escalator's edges: what is refused, and the journal's chain. */
#include "support/runner.h"

#include <string.h>

#include <shouwang/v1/journal.pb-c.h>
#include <shouwang/v1/signal.pb-c.h>

#include "wire/case.h"
#include "wire/decode.h"
#include "wire/journal.h"
#include "wire/signal.h"

static void hash(const void *bytes, size_t len, uint8_t ret_digest[JOURNAL_DIGEST_BYTES])
{
    const uint8_t *at = bytes;
    uint64_t value = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) {
        value = (value ^ at[i]) * UINT64_C(0x100000001b3);
    }
    memset(ret_digest, 0, JOURNAL_DIGEST_BYTES);
    memcpy(ret_digest, &value, sizeof(value));
}

static struct str write_line(struct arena *arena, struct journal_place *place, const char *what)
{
    struct effect_journal line = {.unit = STR_LITERAL("s1"),
                                  .what = str_of(what),
                                  .level = CASE_LEVEL_HIGH,
                                  .case_id = {{7}},
                                  .case_number = 12,
                                  .facts = {{STR_LITERAL("step"), STR_LITERAL("")},
                                            {STR_LITERAL("role"), STR_LITERAL("principal")}},
                                  .fact_count = 2,
                                  .sealed = STR_LITERAL("\x08\x01")};
    struct str value;
    struct str again;
    struct fault fault;
    ProtobufCMessage *message = NULL;
    place->number++;
    assert_int_equal(journal_encode(&line, place, hash, arena, &value, place->previous), 0);
    /* Every field stands where protobuf-c would write it. */
    assert_int_equal(
        decode_message(&shouwang__v1__journal_line__descriptor, value, arena, &fault, &message), 0);
    assert_int_equal(message->n_unknown_fields, 0);
    assert_int_equal(encode_message(message, arena, &again), 0);
    assert_true(str_equal(value, again));
    return value;
}

static void test_journal_lines_follow_each_other(void **state)
{
    struct arena arena;
    struct fault fault;
    struct journal_place written = {0};
    struct journal_place read = {0};
    (void)state;
    arena_init(&arena, 1 << 20);
    struct str first = write_line(&arena, &written, "case_opened");
    struct str second = write_line(&arena, &written, "acked");
    assert_int_equal(journal_verify(first, hash, &arena, &read, &fault), 0);
    assert_int_equal(journal_verify(second, hash, &arena, &read, &fault), 0);
    assert_int_equal(read.number, 2);
    assert_memory_equal(read.previous, written.previous, JOURNAL_DIGEST_BYTES);
    arena_fini(&arena);
}

static void test_journal_shows_what_was_changed_left_out_or_moved(void **state)
{
    struct arena arena;
    struct fault fault;
    struct journal_place written = {0};
    (void)state;
    arena_init(&arena, 1 << 20);
    struct str first = write_line(&arena, &written, "case_opened");
    struct str second = write_line(&arena, &written, "acked");
    struct journal_place read = {0};
    assert_int_equal(journal_verify(second, hash, &arena, &read, &fault),
                     ERR_CORRUPT); /* the first is missing */
    char *changed = arena_alloc(&arena, first.len);
    memcpy(changed, first.at, first.len);
    char *word = memmem(changed, first.len, "case_opened", 11);
    assert_non_null(word);
    word[0] = 'k';
    assert_int_equal(journal_verify((struct str){changed, first.len}, hash, &arena, &read, &fault),
                     ERR_CORRUPT);
    assert_int_equal(journal_verify(first, hash, &arena, &read, &fault), 0);
    assert_int_equal(journal_verify(first, hash, &arena, &read, &fault), ERR_CORRUPT); /* twice */
    arena_fini(&arena);
}

static int decode_signal(struct arena *arena, Shouwang__V1__Signal *record,
                         struct case_signal *ret_signal, struct fault *ret_fault)
{
    struct str value;
    assert_int_equal(encode_message(&record->base, arena, &value), 0);
    return signal_decode(value, arena, ret_signal, ret_fault);
}

static void test_signal_of_an_unknown_person_stands_for_itself(void **state)
{
    uint8_t id[16] = {1};
    Shouwang__V1__Signal record = SHOUWANG__V1__SIGNAL__INIT;
    struct case_signal signal;
    struct fault fault;
    struct arena arena;
    (void)state;
    arena_init(&arena, 1 << 20);
    record.id = (ProtobufCBinaryData){16, id};
    record.unit = (char *)(uintptr_t) "s1";
    record.kind = (char *)(uintptr_t) "self_harm";
    assert_int_equal(decode_signal(&arena, &record, &signal, &fault), ERR_INVALID);
    assert_string_equal(fault.path, "/level");
    record.level = SHOUWANG__V1__LEVEL__LEVEL_HIGH;
    record.subject_kind = SHOUWANG__V1__SUBJECT_KIND__SUBJECT_KIND_STUDENT;
    assert_int_equal(decode_signal(&arena, &record, &signal, &fault), ERR_INVALID);
    assert_string_equal(fault.path, "/subject");
    record.subject_kind = SHOUWANG__V1__SUBJECT_KIND__SUBJECT_KIND_UNRESOLVED;
    assert_int_equal(decode_signal(&arena, &record, &signal, &fault), 0);
    assert_true(str_is(signal.subject, "u-01000000000000000000000000000000"));
    arena_fini(&arena);
}

static void test_case_keys_name_their_entity(void **state)
{
    char room[CASE_KEY_MAX_BYTES];
    uint8_t pack[POLICY_HASH_BYTES] = {0xab};
    enum case_entity entity = CASE_ENTITY_JOURNAL;
    struct str unit;
    struct ident id = {{5}};
    struct ident read;
    (void)state;
    assert_true(case_parse_key(case_key(STR_LITERAL("s1"), id, room), &entity, &unit, &read));
    assert_int_equal(entity, CASE_ENTITY_CASE);
    assert_true(str_is(unit, "s1") && ident_equal(id, read));
    assert_true(
        case_parse_key(case_policy_key(STR_LITERAL("s1"), pack, room), &entity, &unit, &read));
    assert_int_equal(entity, CASE_ENTITY_POLICY);
    assert_true(
        case_parse_key(case_unit_key(STR_LITERAL("s1"), "commands", room), &entity, &unit, &read));
    assert_int_equal(entity, CASE_ENTITY_COMMANDS);
    assert_false(case_parse_key(STR_LITERAL("s1/case/zz"), &entity, &unit, &read));
    assert_false(case_parse_key(STR_LITERAL("s1"), &entity, &unit, &read));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_lines_follow_each_other),
        cmocka_unit_test(test_journal_shows_what_was_changed_left_out_or_moved),
        cmocka_unit_test(test_signal_of_an_unknown_person_stands_for_itself),
        cmocka_unit_test(test_case_keys_name_their_entity),
    };
    return RUN_TESTS(argc, argv, tests);
}
