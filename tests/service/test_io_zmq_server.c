/* The public end of the live wire and its client, over real sockets. */
#include "support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/zmq_client.h"
#include "io/zmq_server.h"
#include "support/loop_wait.h"

#ifdef __SANITIZE_THREAD__
/* libzmq hands messages to its own thread through lock-free queues, which an uninstrumented library does not show. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:libzmq.so\n";
}
#endif

enum { BOUND_MS = 20000, QUEUE = 100, FLOOD = 200000 };

struct world {
    struct loop *loop;
    struct zmq_key server_key;
    struct zmq_key known;
    struct zmq_key unknown;
    struct zmq_server *server;
    struct zmq_client *client;
    unsigned subscriptions;
    unsigned refused;
    unsigned received;
    unsigned answers;
    char last[32]; /* body of the last message */
};

static struct world world;

static bool admit(void *ctx, struct str public_key, char ret_user[ZMQ_USER_BYTES])
{
    struct world *w = ctx;
    if (!str_is(public_key, w->known.public_key)) {
        w->refused++;
        return false;
    }
    (void)snprintf(ret_user, ZMQ_USER_BYTES, "partner");
    return true;
}

/* Whatever it asks for, it gets "own." */
static void subscribe(void *ctx, struct str user, struct str prefix, bool is_on)
{
    struct world *w = ctx;
    (void)prefix;
    assert_true(str_is(user, "partner"));
    zmq_server_grant(w->server, STR_LITERAL("own."), is_on);
    w->subscriptions += is_on;
}

static void ask(void *ctx, struct str user, struct str peer, const struct str *frames, size_t count)
{
    struct world *w = ctx;
    assert_true(str_is(user, "partner"));
    assert_int_equal(zmq_server_answer(w->server, peer, frames, count), 0);
}

static void message(void *ctx, const struct str *frames, size_t count)
{
    struct world *w = ctx;
    assert_int_equal(count, 2);
    assert_true(str_is(frames[0], "own.topic"));
    w->received++;
    (void)snprintf(w->last, sizeof(w->last), "%.*s", (int)frames[1].len, frames[1].at);
}

static void answer(void *ctx, const struct str *frames, size_t count)
{
    struct world *w = ctx;
    assert_int_equal(count, 2);
    assert_true(str_is(frames[0], "question") && str_is(frames[1], "1"));
    w->answers++;
}

static void connect_with(const struct zmq_key *key)
{
    const struct zmq_client_options options = {.publish = zmq_server_publish_endpoint(world.server),
                                               .ask = zmq_server_ask_endpoint(world.server),
                                               .server_key = world.server_key.public_key,
                                               .key = key,
                                               .queue_max = QUEUE,
                                               .message = message,
                                               .answer = answer,
                                               .ctx = &world};
    assert_int_equal(zmq_client_new(world.loop, &options, &world.client), 0);
    assert_int_equal(zmq_client_subscribe(world.client, STR_LITERAL("")), 0);
}

static int open_world(void **state)
{
    static const struct zmq_server_calls calls = {
        .admit = admit, .subscribe = subscribe, .ask = ask};
    (void)state;
    memset(&world, 0, sizeof(world));
    assert_int_equal(loop_new(&world.loop), 0);
    assert_int_equal(zmq_key_make(&world.server_key), 0);
    assert_int_equal(zmq_key_make(&world.known), 0);
    assert_int_equal(zmq_key_make(&world.unknown), 0);
    const struct zmq_server_options options = {.publish = "tcp://127.0.0.1:*",
                                               .ask = "tcp://127.0.0.1:*",
                                               .key = &world.server_key,
                                               .queue_max = QUEUE,
                                               .calls = &calls,
                                               .ctx = &world};
    assert_int_equal(zmq_server_new(world.loop, &options, &world.server), 0);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    zmq_client_free(world.client);
    zmq_server_free(world.server);
    loop_free(world.loop);
    return 0;
}

static void publish(const char *topic, const char *body)
{
    const struct str frames[] = {str_of(topic), str_of(body)};
    assert_int_equal(zmq_server_publish(world.server, frames, 2), 0);
}

static void test_io_zmq_server_sends_what_was_granted_and_answers(void **state)
{
    (void)state;
    connect_with(&world.known);
    assert_true(loop_wait_count(world.loop, &world.subscriptions, 1, BOUND_MS));
    publish("other.topic", "no");
    publish("own.topic", "yes");
    assert_true(loop_wait_count(world.loop, &world.received, 1, BOUND_MS));
    assert_string_equal(world.last, "yes");
    const struct str question[] = {STR_LITERAL("question"), STR_LITERAL("1")};
    assert_int_equal(zmq_client_ask(world.client, question, 2), 0);
    assert_true(loop_wait_count(world.loop, &world.answers, 1, BOUND_MS));
}

static void test_io_zmq_server_ends_an_unknown_key_in_its_handshake(void **state)
{
    (void)state;
    connect_with(&world.unknown);
    assert_true(loop_wait_count(world.loop, &world.refused, 2, BOUND_MS)); /* both sockets */
    assert_int_equal(world.subscriptions, 0);
    assert_int_equal(zmq_server_answer(world.server, STR_LITERAL("nobody"),
                                       (const struct str[]){STR_LITERAL("x")}, 1),
                     ERR_CLOSED);
}

static bool has_last(void *ctx)
{
    const struct world *w = ctx;
    publish("own.topic", "last");
    return strcmp(w->last, "last") == 0;
}

/* Nothing waits for who does not read: it loses, and goes on with what comes later. */
static void test_io_zmq_server_a_slow_subscriber_loses_and_goes_on(void **state)
{
    (void)state;
    char body[24];
    connect_with(&world.known);
    assert_true(loop_wait_count(world.loop, &world.subscriptions, 1, BOUND_MS));
    for (unsigned i = 0; i < FLOOD; i++) {
        (void)snprintf(body, sizeof(body), "%u", i);
        publish("own.topic", body);
    }
    assert_true(loop_wait(world.loop, has_last, &world, BOUND_MS));
    assert_true(world.received < FLOOD);
    assert_true(world.received > 0);
}

static void test_io_zmq_key_files_are_secret_and_new(void **state)
{
    (void)state;
    char folder[] = "/tmp/zmq-key-XXXXXX";
    char path[64];
    struct zmq_key read;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/one.key", folder);
    assert_int_equal(zmq_key_write(path, &world.known), 0);
    assert_int_equal(zmq_key_write(path, &world.known), ERR_EXISTS);
    assert_int_equal(zmq_key_read(path, &read), 0);
    assert_string_equal(read.public_key, world.known.public_key);
    assert_string_equal(read.secret_key, world.known.secret_key);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(zmq_key_read(path, &read), ERR_DENIED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(zmq_key_read(path, &read), ERR_NOT_FOUND);
    assert_int_equal(rmdir(folder), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_io_zmq_server_sends_what_was_granted_and_answers,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(test_io_zmq_server_ends_an_unknown_key_in_its_handshake,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(test_io_zmq_server_a_slow_subscriber_loses_and_goes_on,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(test_io_zmq_key_files_are_secret_and_new, open_world,
                                        close_world),
    };
    return RUN_TESTS(argc, argv, tests);
}
