/* What a batch keeps of its steps: the pure half of the stream shell. */
#include "support/runner.h"

#include <stdlib.h>
#include <string.h>

#include "io/stream_calls.h"

struct world {
    struct stream stream;
    struct stream_partition partitions[STREAM_BATCH_PARTITIONS_MAX + 1];
    struct stream_batch *batch;
};

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->stream.partition_count = 16;
    world->batch = stream_batch_new();
    assert_non_null(world->batch);
    for (int32_t i = 0; i <= STREAM_BATCH_PARTITIONS_MAX; i++) {
        world->partitions[i].stream = &world->stream;
        world->partitions[i].index = i;
    }
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    stream_batch_free(world->batch);
    free(world);
    return 0;
}

static struct stream_effects effects_of(struct world *world, int32_t index)
{
    (void)stream_batch_partition(world->batch, &world->partitions[index]);
    return (struct stream_effects){
        .stream = &world->stream, .batch = world->batch, .partition = &world->partitions[index]};
}

static void test_batch_keeps_the_first_before_and_the_last_after(void **state)
{
    struct world *world = *state;
    struct stream_effects effects = effects_of(world, 0);
    struct str key = STR_LITERAL("u/case/1");
    assert_false(stream_is_touched(&effects, key));
    stream_touch(&effects, key, STR_LITERAL("old"));
    stream_put_state(&effects, key, STR_LITERAL("new"));
    assert_true(stream_is_touched(&effects, key));
    stream_touch(&effects, key, STR_LITERAL("new"));
    stream_put_state(&effects, key, STR_LITERAL("newer"));
    const struct batch_entity *entity = world->batch->first_entity;
    assert_null(entity->next);
    assert_true(entity->is_put);
    assert_true(str_equal(entity->key, key));
    assert_true(str_is(entity->before, "old"));
    assert_true(str_is(entity->after, "newer"));
}

static void test_batch_tells_none_from_empty(void **state)
{
    struct world *world = *state;
    struct stream_effects effects = effects_of(world, 0);
    stream_touch(&effects, STR_LITERAL("a"), KAFKA_NONE);
    stream_put_state(&effects, STR_LITERAL("a"), STR_LITERAL(""));
    stream_touch(&effects, STR_LITERAL("b"), STR_LITERAL(""));
    stream_put_state(&effects, STR_LITERAL("b"), KAFKA_NONE);
    const struct batch_entity *a = world->batch->first_entity;
    assert_null(a->before.at);
    assert_non_null(a->after.at);
    assert_int_equal(a->after.len, 0);
    assert_non_null(a->next->before.at);
    assert_null(a->next->after.at);
    assert_true(a->next->is_put);
}

static void test_batch_touched_only_is_not_written(void **state)
{
    struct world *world = *state;
    struct stream_effects effects = effects_of(world, 0);
    stream_touch(&effects, STR_LITERAL("a"), KAFKA_NONE);
    assert_false(world->batch->first_entity->is_put);
}

static void test_batch_keeps_partitions_apart(void **state)
{
    struct world *world = *state;
    struct stream_effects first = effects_of(world, 0);
    struct stream_effects second = effects_of(world, 1);
    stream_touch(&first, STR_LITERAL("same"), STR_LITERAL("1"));
    assert_false(stream_is_touched(&second, STR_LITERAL("same")));
    stream_touch(&second, STR_LITERAL("same"), STR_LITERAL("2"));
    assert_true(str_is(world->batch->first_entity->before, "1"));
    assert_true(str_is(world->batch->first_entity->next->before, "2"));
    assert_int_equal(world->batch->partition_count, 2);
}

static void test_batch_copies_outputs_in_order(void **state)
{
    struct world *world = *state;
    struct stream_effects effects = effects_of(world, 0);
    char value[] = "first";
    struct kafka_header header = {STR_LITERAL("ce_id"), KAFKA_NONE};
    struct kafka_output output = {.topic = TOPIC_JOURNAL,
                                  .unit = STR_LITERAL("21"),
                                  .value = {value, 5},
                                  .headers = &header,
                                  .header_count = 1};
    stream_emit(&effects, &output);
    memcpy(value, "other", 5);
    header.name = STR_LITERAL("gone");
    stream_emit(&effects, &output);
    const struct batch_output *kept = world->batch->first_output;
    assert_true(str_is(kept->output.value, "first"));
    assert_null(kept->output.key.at);
    assert_true(str_is(kept->output.headers[0].name, "ce_id"));
    assert_null(kept->output.headers[0].value.at);
    assert_int_equal(kept->partition, topic_partition_of(STR_LITERAL("21"), 16));
    assert_true(str_is(kept->next->output.value, "other"));
    assert_null(kept->next->next);
}

static void test_batch_touches_few_partitions(void **state)
{
    struct world *world = *state;
    for (int32_t i = 0; i < STREAM_BATCH_PARTITIONS_MAX; i++) {
        assert_true(stream_batch_has_room(world->batch, &world->partitions[i]));
        (void)effects_of(world, i);
    }
    assert_true(stream_batch_has_room(world->batch, &world->partitions[0]));
    assert_false(
        stream_batch_has_room(world->batch, &world->partitions[STREAM_BATCH_PARTITIONS_MAX]));
}

static void test_batch_is_bounded_in_steps_and_bytes(void **state)
{
    struct world *world = *state;
    struct stream_effects effects = effects_of(world, 0);
    world->batch->record_count = STREAM_BATCH_RECORDS_MAX;
    assert_false(stream_batch_has_room(world->batch, &world->partitions[0]));
    world->batch->record_count = 1;
    static const char big[KAFKA_VALUE_MAX];
    struct kafka_output output = {
        .topic = TOPIC_JOURNAL, .unit = STR_LITERAL("u"), .value = {big, sizeof big}};
    while (stream_batch_has_room(world->batch, &world->partitions[0])) {
        stream_emit(&effects, &output);
    }
    assert_true(world->batch->arena.used_bytes >= STREAM_BATCH_BYTES_MAX);
    assert_true(world->batch->arena.used_bytes < STREAM_BATCH_BYTES_MAX + 2 * KAFKA_VALUE_MAX);
    assert_int_equal(world->batch->error, 0);
}

static void test_batch_one_step_too_large_is_an_error(void **state)
{
    struct world *world = *state;
    struct stream_effects effects = effects_of(world, 0);
    static const char big[KAFKA_VALUE_MAX];
    struct kafka_output output = {
        .topic = TOPIC_JOURNAL, .unit = STR_LITERAL("u"), .value = {big, sizeof big}};
    for (int i = 0; i < STREAM_STEP_EFFECTS_MAX_BYTES / KAFKA_VALUE_MAX + 2; i++) {
        stream_emit(&effects, &output);
    }
    assert_int_equal(world->batch->error, ERR_FULL);
    stream_touch(&effects, STR_LITERAL("a"), KAFKA_NONE);
    stream_put_state(&effects, STR_LITERAL("a"),
                     STR_LITERAL("1")); /* nothing to write to: harmless */
    stream_batch_clear(world->batch);
    assert_int_equal(world->batch->error, 0);
    assert_true(stream_batch_is_empty(world->batch));
}

/* The step that leaves it can be undone: what it touches afterwards is kept all the same. */
static void test_batch_record_too_large_is_refused(void **state)
{
    struct world *world = *state;
    struct stream_effects effects = effects_of(world, 0);
    static const char big[STREAM_RECORD_MAX_BYTES];
    struct kafka_header header = {.name = STR_LITERAL("rest")};
    struct kafka_output output = {.topic = TOPIC_JOURNAL,
                                  .unit = STR_LITERAL("u"),
                                  .value = {big, KAFKA_VALUE_MAX},
                                  .headers = &header,
                                  .header_count = 1};
    header.value = (struct str){big, STREAM_RECORD_MAX_BYTES - KAFKA_VALUE_MAX - 5};
    stream_emit(&effects, &output);
    assert_int_equal(world->batch->error, 0);
    header.value.len++;
    stream_emit(&effects, &output);
    assert_int_equal(world->batch->error, ERR_TOO_LARGE);
    assert_null(world->batch->first_output->next);
    stream_touch(&effects, STR_LITERAL("a"), STR_LITERAL("1"));
    assert_true(str_is(world->batch->first_entity->before, "1"));
    assert_false(stream_batch_has_room(world->batch, effects.partition));
    stream_batch_clear(world->batch);
    effects = effects_of(world, 0);
    stream_touch(&effects, STR_LITERAL("a"), KAFKA_NONE);
    stream_put_state(&effects, STR_LITERAL("a"), (struct str){big, KAFKA_VALUE_MAX + 1});
    assert_int_equal(world->batch->error, ERR_TOO_LARGE);
    for (int i = 0; i <= STREAM_STEP_EFFECTS_MAX_BYTES / KAFKA_VALUE_MAX; i++) {
        header.value.len = 0;
        stream_emit(&effects, &output);
    }
    assert_int_equal(world->batch->error, ERR_FULL); /* from here on touches were lost */
}

static void test_batch_tokens_keep_their_order(void **state)
{
    struct world *world = *state;
    struct stream_effects effects = effects_of(world, 0);
    stream_on_end(&effects, 7);
    stream_on_end(&effects, 5);
    assert_int_equal(world->batch->first_token->token, 7);
    assert_int_equal(world->batch->first_token->next->token, 5);
    assert_ptr_equal(world->batch->first_token->partition, &world->partitions[0]);
}

static void test_stream_shell_key_is_of_the_partition(void **state)
{
    (void)state;
    char text[STREAM_SHELL_KEY_MAX];
    assert_true(str_is(stream_shell_key(15, text), "15/shell"));
}

static void test_stream_is_fenced_again_only_soon(void **state)
{
    (void)state;
    struct stream_fence fence = {0};
    assert_false(stream_is_fenced_again(&fence));
    assert_true(stream_is_fenced_again(&fence));
    fence.at_ms -= 10000;
    assert_false(stream_is_fenced_again(&fence));
}

/* What is gathered, and for how long, by the transaction before. */
static void test_batch_is_gathered_under_load_only(void **state)
{
    struct world *world = *state;
    enum { BEGUN_MS = 1000 };
    struct stream_effects effects = effects_of(world, 0);
    world->batch->record_count = 1;
    assert_int_equal(stream_batch_not_before_ms(world->batch, STREAM_GATHER_STEPS - 1, BEGUN_MS),
                     0);
    assert_int_equal(stream_batch_not_before_ms(world->batch, STREAM_GATHER_STEPS, BEGUN_MS),
                     BEGUN_MS + STREAM_GATHER_MS);
    world->batch->record_count = STREAM_BATCH_RECORDS_MAX;
    assert_int_equal(stream_batch_not_before_ms(world->batch, STREAM_GATHER_STEPS, BEGUN_MS), 0);
    world->batch->record_count = 1;
    stream_hurry(&effects);
    assert_int_equal(stream_batch_not_before_ms(world->batch, STREAM_GATHER_STEPS, BEGUN_MS), 0);
    stream_batch_clear(world->batch);
    world->batch->is_proof = true;
    assert_int_equal(stream_batch_not_before_ms(world->batch, STREAM_GATHER_STEPS, BEGUN_MS), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_batch_keeps_the_first_before_and_the_last_after,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(test_batch_tells_none_from_empty, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_batch_touched_only_is_not_written, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_batch_keeps_partitions_apart, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_batch_copies_outputs_in_order, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_batch_touches_few_partitions, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_batch_is_bounded_in_steps_and_bytes, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_batch_one_step_too_large_is_an_error, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_batch_record_too_large_is_refused, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_batch_tokens_keep_their_order, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_batch_is_gathered_under_load_only, open_world,
                                        close_world),
        cmocka_unit_test(test_stream_shell_key_is_of_the_partition),
        cmocka_unit_test(test_stream_is_fenced_again_only_soon),
    };
    return RUN_TESTS(argc, argv, tests);
}
