/* The read model against a real redis-server: each record once, killed and emptied and built anew. Made-up ids. */
#include "support/runner.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "io/seal.h"
#include "relay/read_model.h"
#include "support/loop_wait.h"
#include "support/redis_process.h"

enum { BOUND_MS = 20000 };

static const char case_hex[] = "00112233445566778899aabbccddeeff";

struct world {
    struct redis_process process;
    struct loop *loop;
    struct read_model *model;
    struct redis *reader; /* looks at what was written */
    unsigned lives;
    unsigned losses;
    unsigned stored; /* partitions told before the last `live` */
    int64_t stored_offset;
    unsigned replies;
    char text[64];
};

static struct world world;

static void on_stored(struct str partition, int64_t offset, void *ctx)
{
    struct world *w = ctx;
    (void)partition;
    w->stored++;
    w->stored_offset = offset;
}

static void on_live(void *ctx)
{
    ((struct world *)ctx)->lives++;
}

static void on_lost(void *ctx)
{
    struct world *w = ctx;
    w->losses++;
    w->stored = 0;
}

static int open_world(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    assert_int_equal(seal_init(), 0);
    redis_process_init(&world.process, true);
    redis_process_start(&world.process);
    assert_int_equal(loop_new(&world.loop), 0);
    struct redis_options options = {.timeout_ms = 1000, .backoff_max_ms = 200};
    snprintf(options.address.host, sizeof(options.address.host), "127.0.0.1");
    options.address.port = world.process.port;
    struct read_model_events events = {on_stored, on_live, on_lost, &world};
    assert_int_equal(read_model_new(world.loop, &options, "test", &events, &world.model), 0);
    assert_int_equal(redis_new(world.loop, &options, NULL, NULL, &world.reader), 0);
    assert_true(loop_wait_count(world.loop, &world.lives, 1, BOUND_MS));
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    read_model_free(world.model);
    redis_free(world.reader);
    loop_free(world.loop);
    redis_process_fini(&world.process);
    return 0;
}

static bool is_reader_ready(void *ctx)
{
    return redis_is_ready(((struct world *)ctx)->reader);
}

static bool is_idle(void *ctx)
{
    return read_model_has_room(((struct world *)ctx)->model) &&
           read_model_counts(world.model).written > 0;
}

static void answered(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct world *w = ctx;
    struct str text = outcome == REDIS_REPLY ? redis_value_str(value) : (struct str){NULL, 0};
    snprintf(w->text, sizeof(w->text), "%.*s", (int)text.len, text.len == 0 ? "" : text.at);
    w->replies++;
}

/* The text that one command answers. */
static const char *ask(const char *const *words)
{
    struct str arguments[6];
    struct redis_command command = {.arguments = arguments};
    for (; words[command.count] != NULL; command.count++) {
        arguments[command.count] = str_of(words[command.count]);
    }
    assert_true(loop_wait(world.loop, is_reader_ready, &world, BOUND_MS));
    unsigned before = world.replies;
    assert_int_equal(redis_send(world.reader, &command, answered, &world), 0);
    assert_true(loop_wait_count(world.loop, &world.replies, before + 1, BOUND_MS));
    return world.text;
}

static void put(int64_t offset, int64_t due_ms, Shouwang__V1__CaseState state)
{
    Shouwang__V1__Case record = SHOUWANG__V1__CASE__INIT;
    Shouwang__V1__Episode episode = SHOUWANG__V1__EPISODE__INIT;
    Shouwang__V1__Obligation obligation = SHOUWANG__V1__OBLIGATION__INIT;
    Shouwang__V1__Episode *episodes[] = {&episode};
    Shouwang__V1__Obligation *obligations[] = {&obligation};
    obligation.id = "phone_report";
    obligation.state = "pending";
    obligation.due_at_ms = due_ms;
    episode.n_obligations = 1;
    episode.obligations = obligations;
    record.state = state;
    record.n_episodes = 1;
    record.episodes = episodes;
    struct read_model_place place = {STR_LITERAL("cases/3"), offset};
    assert_int_equal(
        read_model_put_case(world.model, place, STR_LITERAL("school-1"), str_of(case_hex), &record),
        0);
}

static void test_read_model_applies_each_record_once(void **state)
{
    (void)state;
    put(7, 1000, SHOUWANG__V1__CASE_STATE__CASE_STATE_OPEN);
    put(7, 5000, SHOUWANG__V1__CASE_STATE__CASE_STATE_OPEN); /* read again: changes nothing */
    put(6, 6000, SHOUWANG__V1__CASE_STATE__CASE_STATE_OPEN); /* older: neither */
    struct read_model_place place = {STR_LITERAL("journal/3"), 4};
    const struct read_model_line said = {.case_hex = str_of(case_hex),
                                         .packed = STR_LITERAL("line"),
                                         .breached_unit = STR_LITERAL("school-1"),
                                         .at_ms = 77};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_model_add_line(world.model, place, &said), 0);
    }
    assert_true(loop_wait(world.loop, is_idle, &world, BOUND_MS));
    const char *next[] = {"ZSCORE", "test:cases:school-1", case_hex, NULL};
    assert_string_equal(ask(next), "1000");
    const char *line[] = {"LINDEX", "test:journal:00112233445566778899aabbccddeeff", "1", NULL};
    assert_string_equal(ask(line), "");
    const char *breach[] = {"ZSCORE", "test:breaches:school-1", "line", NULL};
    assert_string_equal(ask(breach), "77");
    assert_int_equal(read_model_counts(world.model).written, 2);
}

static void test_read_model_moves_ended_cases_off_the_board(void **state)
{
    (void)state;
    put(1, 1000, SHOUWANG__V1__CASE_STATE__CASE_STATE_OPEN);
    put(2, 1000, SHOUWANG__V1__CASE_STATE__CASE_STATE_CLOSED);
    const char *open[] = {"ZSCORE", "test:cases:school-1", case_hex, NULL};
    assert_string_equal(ask(open), "");
    const char *due[] = {"ZRANDMEMBER", "test:due:school-1", NULL};
    assert_string_equal(ask(due), "");
    const char *closed[] = {"ZSCORE", "test:closed:school-1", case_hex, NULL};
    assert_string_equal(ask(closed), "0");
}

static void test_read_model_starts_anew_when_redis_was_emptied(void **state)
{
    (void)state;
    put(7, 1000, SHOUWANG__V1__CASE_STATE__CASE_STATE_OPEN);
    const char *flush[] = {"FLUSHALL", NULL};
    assert_string_equal(ask(flush), "OK");
    put(8, 2000,
        SHOUWANG__V1__CASE_STATE__CASE_STATE_OPEN); /* meets no epoch: lost, and asked for again */
    assert_true(loop_wait_count(world.loop, &world.lives, 2, BOUND_MS));
    assert_int_equal(world.losses, 1);
    assert_int_equal(world.stored, 0); /* nothing is known: everything from the beginning */
    put(7, 1000, SHOUWANG__V1__CASE_STATE__CASE_STATE_OPEN);
    const char *next[] = {"ZSCORE", "test:cases:school-1", case_hex, NULL};
    assert_string_equal(ask(next), "1000");
    assert_int_equal(read_model_counts(world.model).rebuilds, 2); /* the first start is one */
}

static void test_read_model_goes_on_where_it_stood_after_a_kill(void **state)
{
    (void)state;
    put(7, 1000, SHOUWANG__V1__CASE_STATE__CASE_STATE_OPEN);
    assert_true(
        loop_wait(world.loop, is_idle, &world, BOUND_MS)); /* then it is in the append-only file */
    redis_process_signal(&world.process, SIGKILL);
    assert_true(loop_wait_count(world.loop, &world.losses, 1, BOUND_MS));
    struct read_model_place place = {STR_LITERAL("cases/3"), 9};
    assert_int_equal(
        read_model_put_case(world.model, place, STR_LITERAL("school-1"), str_of(case_hex), NULL),
        ERR_UNAVAILABLE);
    redis_process_start(&world.process);
    assert_true(loop_wait_count(world.loop, &world.lives, 2, BOUND_MS));
    assert_int_equal(world.stored, 1);
    assert_int_equal(world.stored_offset, 7);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read_model_applies_each_record_once, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_read_model_moves_ended_cases_off_the_board, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_read_model_starts_anew_when_redis_was_emptied,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(test_read_model_goes_on_where_it_stood_after_a_kill,
                                        open_world, close_world),
    };
    return RUN_TESTS(argc, argv, tests);
}
