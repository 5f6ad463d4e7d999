/* The Redis client against a real redis-server of the test's own, over tcp and a unix socket. */
#include "support/runner.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "io/redis.h"
#include "support/loop_wait.h"
#include "support/redis_process.h"

enum { BOUND_MS = 20000 };

static const char library[] = "#!lua name=swtest\n"
                              "redis.register_function('sw_twice', function(keys, args)\n"
                              "  return tonumber(args[1]) * 2\n"
                              "end)\n";

struct world {
    struct redis_process process;
    struct loop *loop;
    struct redis *redis;
    unsigned changes;
    bool ready;
    unsigned outcomes[REDIS_TIMEOUT + 1];
    unsigned done;
    int64_t last_int;
    char last_text[256];
};

static struct world world;

static void state_changed(bool ready, void *ctx)
{
    struct world *w = ctx;
    w->changes++;
    w->ready = ready;
}

static void command_done(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct world *w = ctx;
    w->outcomes[outcome]++;
    w->done++;
    if (value != NULL) {
        struct str text = redis_value_str(value);
        size_t len = text.len < sizeof(w->last_text) ? text.len : sizeof(w->last_text) - 1;
        memcpy(w->last_text, text.len == 0 ? "" : text.at, len);
        w->last_text[len] = '\0';
        w->last_int = redis_value_int(value);
    }
}

static int send_words(struct world *w, const char *const *words, int64_t timeout_ms)
{
    struct str arguments[8];
    struct redis_command command = {.arguments = arguments, .timeout_ms = timeout_ms};
    for (; words[command.count] != NULL; command.count++) {
        arguments[command.count] = str_of(words[command.count]);
    }
    return redis_send(w->redis, &command, command_done, w);
}

static bool is_ready(void *ctx)
{
    return redis_is_ready(((struct world *)ctx)->redis);
}

static bool is_lost(void *ctx)
{
    return !is_ready(ctx);
}

static int open_world(bool tcp)
{
    memset(&world, 0, sizeof(world));
    redis_process_init(&world.process, tcp);
    redis_process_start(&world.process);
    struct redis_options options = {
        .function_library = STR_LITERAL(library), .timeout_ms = 1000, .backoff_max_ms = 200};
    if (tcp) {
        options.address = (struct address){.host = "127.0.0.1", .port = world.process.port};
    } else {
        options.address.is_unix = true;
        (void)snprintf(options.address.host, sizeof(options.address.host), "%s",
                       redis_process_socket(&world.process));
    }
    if (loop_new(&world.loop) != 0) {
        return 1;
    }
    return redis_new(world.loop, &options, state_changed, &world, &world.redis);
}

static int set_up_tcp(void **state)
{
    (void)state;
    return open_world(true);
}

static int set_up_unix(void **state)
{
    (void)state;
    return open_world(false);
}

static int tear_down(void **state)
{
    (void)state;
    redis_free(world.redis);
    loop_free(world.loop);
    redis_process_fini(&world.process);
    return 0;
}

static void assert_ready(void)
{
    assert_true(loop_wait(world.loop, is_ready, &world, BOUND_MS));
}

static void answers(void)
{
    assert_int_equal(send_words(&world, (const char *[]){"PING", NULL}, 0), ERR_UNAVAILABLE);
    assert_ready(); /* the server starts while we try */
    assert_true(world.ready);
    assert_int_equal(send_words(&world, (const char *[]){"SET", "k", "v", NULL}, 0), 0);
    assert_int_equal(send_words(&world, (const char *[]){"GET", "k", NULL}, 0), 0);
    assert_int_equal(world.done, 0); /* never from inside the send */
    assert_true(loop_wait_count(world.loop, &world.done, 2, BOUND_MS));
    assert_string_equal(world.last_text, "v");
    assert_int_equal(send_words(&world, (const char *[]){"FCALL", "sw_twice", "0", "21", NULL}, 0),
                     0);
    assert_int_equal(send_words(&world, (const char *[]){"HGET", "k", "f", NULL}, 0), 0);
    assert_true(loop_wait_count(world.loop, &world.done, 4, BOUND_MS));
    assert_int_equal(world.last_int, 0);
    assert_int_equal(world.outcomes[REDIS_REPLY], 3);
    assert_int_equal(world.outcomes[REDIS_ERROR], 1);
    assert_non_null(strstr(world.last_text, "WRONGTYPE"));
}

static void test_redis_answers_over_tcp(void **state)
{
    (void)state;
    answers();
}

static void test_redis_answers_over_unix_socket(void **state)
{
    (void)state;
    answers();
}

/* Killed with commands in flight: each gets its callback, then it comes back and functions work at once. */
static void killed_and_started_again(void)
{
    assert_ready();
    redis_process_signal(&world.process, SIGSTOP);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(send_words(&world, (const char *[]){"INCR", "n", NULL}, 60000), 0);
    }
    loop_turn_for(world.loop, 50); /* they are written, and unread when the server dies */
    redis_process_signal(&world.process, SIGKILL);
    assert_true(loop_wait_count(world.loop, &world.done, 100, BOUND_MS));
    assert_int_equal(world.outcomes[REDIS_UNAVAILABLE], 100);
    assert_true(loop_wait(world.loop, is_lost, &world, BOUND_MS));
    assert_false(world.ready);
    assert_int_equal(send_words(&world, (const char *[]){"PING", NULL}, 0), ERR_UNAVAILABLE);
    uint64_t attempts = redis_counts(world.redis).attempts;
    loop_turn_for(world.loop, 600);
    assert_true(redis_counts(world.redis).attempts >=
                attempts + 2); /* refused at once, not by a time-out */
    assert_false(redis_is_ready(world.redis));
    redis_process_start(&world.process);
    assert_ready();
    assert_int_equal(world.changes, 3);
    assert_int_equal(send_words(&world, (const char *[]){"FCALL", "sw_twice", "0", "4", NULL}, 0),
                     0);
    assert_true(loop_wait_count(world.loop, &world.done, 101, BOUND_MS));
    assert_int_equal(world.last_int, 8);
    assert_int_equal(redis_counts(world.redis).connects, 2);
}

static void test_redis_comes_back_after_kill_over_tcp(void **state)
{
    (void)state;
    killed_and_started_again();
}

static void test_redis_comes_back_after_kill_over_unix_socket(void **state)
{
    (void)state;
    killed_and_started_again();
}

static void test_redis_stopped_server_meets_the_deadline(void **state)
{
    (void)state;
    assert_ready();
    redis_process_signal(&world.process, SIGSTOP);
    int64_t start_ms = loop_monotonic_ms();
    assert_int_equal(send_words(&world, (const char *[]){"GET", "k", NULL}, 60000), 0);
    assert_int_equal(send_words(&world, (const char *[]){"GET", "k", NULL}, 100), 0);
    assert_true(loop_wait_count(world.loop, &world.done, 2, BOUND_MS));
    int64_t took_ms = loop_monotonic_ms() - start_ms;
    assert_in_range(took_ms, 100, 5000);
    assert_int_equal(world.outcomes[REDIS_TIMEOUT], 1);
    assert_int_equal(world.outcomes[REDIS_UNAVAILABLE], 1); /* it went with the connection */
    redis_process_signal(&world.process, SIGCONT);
    assert_ready();
    assert_int_equal(send_words(&world, (const char *[]){"PING", NULL}, 0), 0);
    assert_true(loop_wait_count(world.loop, &world.done, 3, BOUND_MS));
    assert_int_equal(world.outcomes[REDIS_REPLY], 1);
}

static void test_redis_window_is_bounded(void **state)
{
    (void)state;
    assert_ready();
    unsigned taken = 0;
    int error = 0;
    while (error == 0 && taken < 10000) {
        error = send_words(&world, (const char *[]){"INCR", "n", NULL}, 0);
        taken += error == 0;
    }
    assert_int_equal(error, ERR_FULL);
    assert_int_equal(taken, 4096);
    assert_true(loop_wait_count(world.loop, &world.done, taken, BOUND_MS));
    assert_int_equal(world.last_int, 4096);
    assert_int_equal(redis_in_flight(world.redis), 0);
}

struct again {
    struct world *world;
    unsigned left;
    unsigned refused;
};

static void send_again(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct again *again = ctx;
    (void)value;
    if (outcome == REDIS_REPLY && again->left == 0) {
        return;
    }
    again->left -= again->left > 0;
    const struct str ping[] = {STR_LITERAL("PING")};
    const struct redis_command command = {.arguments = ping, .count = 1};
    again->refused += redis_send(again->world->redis, &command, send_again, again) != 0;
}

static bool chain_ended(void *ctx)
{
    const struct again *again = ctx;
    return again->left == 0 && redis_in_flight(again->world->redis) == 0;
}

static void test_redis_send_inside_a_callback(void **state)
{
    (void)state;
    assert_ready();
    struct again again = {.world = &world, .left = 10};
    send_again(REDIS_REPLY, NULL, &again);
    assert_true(loop_wait(world.loop, chain_ended, &again, BOUND_MS));
    again.left = 5;
    redis_process_signal(&world.process, SIGSTOP);
    send_again(REDIS_REPLY, NULL, &again);
    redis_process_signal(&world.process, SIGKILL);
    assert_true(loop_wait(world.loop, is_lost, &world, BOUND_MS));
    assert_int_equal(again.refused, 1); /* the callback of a broken connection cannot send on it */
    redis_process_start(&world.process);
    assert_ready();
}

static void test_redis_free_answers_what_is_in_flight(void **state)
{
    (void)state;
    assert_ready();
    for (int i = 0; i < 10; i++) {
        assert_int_equal(send_words(&world, (const char *[]){"PING", NULL}, 0), 0);
    }
    redis_free(world.redis);
    world.redis = NULL;
    assert_int_equal(world.outcomes[REDIS_UNAVAILABLE], 10);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_redis_answers_over_tcp, set_up_tcp, tear_down),
        cmocka_unit_test_setup_teardown(test_redis_answers_over_unix_socket, set_up_unix,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_redis_comes_back_after_kill_over_tcp, set_up_tcp,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_redis_comes_back_after_kill_over_unix_socket,
                                        set_up_unix, tear_down),
        cmocka_unit_test_setup_teardown(test_redis_stopped_server_meets_the_deadline, set_up_tcp,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_redis_window_is_bounded, set_up_unix, tear_down),
        cmocka_unit_test_setup_teardown(test_redis_send_inside_a_callback, set_up_tcp, tear_down),
        cmocka_unit_test_setup_teardown(test_redis_free_answers_what_is_in_flight, set_up_tcp,
                                        tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
