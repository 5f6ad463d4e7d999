/* What the console reads, against a real redis-server; made-up ids. */
#include "support/runner.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "console/model.h"
#include "support/loop_wait.h"
#include "support/redis_process.h"

enum { BOUND_MS = 20000 };

struct world {
    struct redis_process process;
    struct loop *loop;
    struct model *model;
    struct redis *writer;
    unsigned writes;
    unsigned answers;
    int error;
    bool stale;
    size_t count;
    char joined[128]; /* the items, one after the other */
};

static struct world world;

static bool is_ready(void *ctx)
{
    struct world *w = ctx;
    return model_is_ready(w->model) && redis_is_ready(w->writer);
}

static bool is_away(void *ctx)
{
    return !model_is_ready(((struct world *)ctx)->model);
}

static int open_world(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    redis_process_init(&world.process, true);
    redis_process_start(&world.process);
    assert_int_equal(loop_new(&world.loop), 0);
    struct redis_options options = {.timeout_ms = 1000, .backoff_max_ms = 200};
    snprintf(options.address.host, sizeof(options.address.host), "127.0.0.1");
    options.address.port = world.process.port;
    assert_int_equal(model_new(world.loop, &options, "test", &world.model), 0);
    assert_int_equal(redis_new(world.loop, &options, NULL, NULL, &world.writer), 0);
    assert_true(loop_wait(world.loop, is_ready, &world, BOUND_MS));
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    model_free(world.model);
    redis_free(world.writer);
    loop_free(world.loop);
    redis_process_fini(&world.process);
    return 0;
}

static void written(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    (void)value;
    assert_int_equal(outcome, REDIS_REPLY);
    ((struct world *)ctx)->writes++;
}

static void put(const char *const *words)
{
    struct str arguments[6];
    struct redis_command command = {.arguments = arguments};
    for (; words[command.count] != NULL; command.count++) {
        arguments[command.count] = str_of(words[command.count]);
    }
    unsigned before = world.writes;
    assert_int_equal(redis_send(world.writer, &command, written, &world), 0);
    assert_true(loop_wait_count(world.loop, &world.writes, before + 1, BOUND_MS));
}

static void answered(const struct model_answer *answer, void *ctx)
{
    struct world *w = ctx;
    size_t length = 0;
    w->error = answer->error;
    w->stale = answer->stale;
    w->count = answer->count;
    w->joined[0] = '\0';
    for (size_t i = 0; i < answer->count; i++) {
        length += (size_t)snprintf(w->joined + length, sizeof(w->joined) - length, "%.*s;",
                                   (int)answer->items[i].len, answer->items[i].at);
    }
    w->answers++;
}

static void ask_board(void)
{
    struct str units[] = {STR_LITERAL("school-1"), STR_LITERAL("school-2")};
    unsigned before = world.answers;
    model_ask_board(world.model, STR_LITERAL("county"), units, 2, answered, &world);
    assert_int_equal(world.answers, before); /* never from inside */
    assert_true(loop_wait_count(world.loop, &world.answers, before + 1, BOUND_MS));
}

static void ask_case(const char *id)
{
    unsigned before = world.answers;
    model_ask_case(world.model, str_of(id), answered, &world);
    assert_true(loop_wait_count(world.loop, &world.answers, before + 1, BOUND_MS));
}

static void fill(void)
{
    put((const char *[]){"ZADD", "test:cases:school-1", "2", "c1", NULL});
    put((const char *[]){"ZADD", "test:cases:school-2", "1", "c2", NULL});
    put((const char *[]){"SET", "test:case:c1", "one", NULL});
    put((const char *[]){"SET", "test:case:c2", "two", NULL});
    put((const char *[]){"RPUSH", "test:journal:c1", "opened", "told", NULL});
}

static void test_model_answers_boards_and_cases(void **state)
{
    (void)state;
    fill();
    ask_board();
    assert_int_equal(world.error, 0);
    assert_false(world.stale);
    assert_string_equal(world.joined, "one;two;");
    ask_case("c1");
    assert_string_equal(world.joined, "one;opened;told;");
    ask_case("c9");
    assert_int_equal(world.error, ERR_NOT_FOUND);
}

static void test_model_gives_its_last_answer_while_redis_is_away(void **state)
{
    (void)state;
    fill();
    ask_board();
    redis_process_signal(&world.process, SIGKILL);
    assert_true(loop_wait(world.loop, is_away, &world, BOUND_MS));
    ask_board();
    assert_int_equal(world.error, 0);
    assert_true(world.stale);
    assert_string_equal(world.joined, "one;two;");
    ask_case("c1"); /* never asked before */
    assert_int_equal(world.error, ERR_UNAVAILABLE);
    redis_process_start(&world.process);
    assert_true(loop_wait(world.loop, is_ready, &world, BOUND_MS));
    ask_case("c1");
    assert_false(world.stale);
    assert_string_equal(world.joined, "one;opened;told;");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model_answers_boards_and_cases, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_model_gives_its_last_answer_while_redis_is_away,
                                        open_world, close_world),
    };
    return RUN_TESTS(argc, argv, tests);
}
