/* PUB and SUB over real sockets. */
#include "support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/zmq.h"
#include "support/loop_wait.h"

#ifdef __SANITIZE_THREAD__
/* libzmq hands messages to its own thread through lock-free queues, which an uninstrumented library does not show. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:libzmq.so\n";
}
#endif

enum { BOUND_MS = 20000, MESSAGES = 20000 };

struct world {
    struct loop *loop;
    struct zmq_pub *pub;
    struct zmq_sub *sub;
    unsigned received;
    unsigned disorder;
    unsigned hellos;
    bool free_inside;
};

static struct world world;

static void message_came(struct str topic, struct str payload, void *ctx)
{
    struct world *w = ctx;
    if (str_is(topic, "board/hello")) {
        w->hellos++;
        if (w->free_inside) {
            zmq_sub_free(w->sub);
            w->sub = NULL;
        }
        return;
    }
    int64_t number = -1;
    assert_true(str_to_int64(payload, 0, MESSAGES, &number));
    w->disorder += number != (int64_t)w->received;
    w->received++;
}

static bool greeted(void *ctx)
{
    struct world *w = ctx;
    assert_int_equal(zmq_pub_send(w->pub, STR_LITERAL("board/hello"), STR_LITERAL("")), 0);
    return w->hellos > 0;
}

static void open_pair(const char *endpoint)
{
    memset(&world, 0, sizeof(world));
    assert_int_equal(loop_new(&world.loop), 0);
    assert_int_equal(zmq_pub_new(world.loop, endpoint, 0, &world.pub), 0);
    static const char *const prefixes[] = {"board/", NULL};
    const struct zmq_sub_options options = {.endpoint = zmq_pub_endpoint(world.pub),
                                            .prefixes = prefixes,
                                            .message = message_came,
                                            .ctx = &world};
    assert_int_equal(zmq_sub_new(world.loop, &options, &world.sub), 0);
}

static void close_pair(void)
{
    zmq_sub_free(world.sub);
    zmq_pub_free(world.pub);
    loop_free(world.loop);
}

static void all_arrive(const char *endpoint)
{
    open_pair(endpoint);
    assert_true(loop_wait(world.loop, greeted, &world, BOUND_MS));
    char text[32];
    for (int i = 0; i < MESSAGES; i++) {
        (void)snprintf(text, sizeof(text), "%d", i);
        assert_int_equal(zmq_pub_send(world.pub, STR_LITERAL("board/n"), str_of(text)), 0);
        assert_int_equal(zmq_pub_send(world.pub, STR_LITERAL("other/n"), STR_LITERAL("x")), 0);
    }
    assert_true(loop_wait_count(world.loop, &world.received, MESSAGES, BOUND_MS));
    assert_int_equal(world.disorder, 0);
    assert_int_equal(zmq_sub_malformed(world.sub), 0);
    close_pair();
}

static void test_zmq_burst_is_drained_over_tcp(void **state)
{
    (void)state;
    all_arrive("tcp://127.0.0.1:*");
}

static void test_zmq_burst_is_drained_over_ipc(void **state)
{
    (void)state;
    char folder[] = "/tmp/sw-zmq-XXXXXX";
    char endpoint[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/live", folder);
    all_arrive(endpoint);
    (void)unlink(endpoint + sizeof("ipc://") - 1);
    (void)rmdir(folder);
}

static void test_zmq_subscriber_comes_back_by_itself(void **state)
{
    (void)state;
    open_pair("tcp://127.0.0.1:*");
    assert_true(loop_wait(world.loop, greeted, &world, BOUND_MS));
    char endpoint[64];
    (void)snprintf(endpoint, sizeof(endpoint), "%s", zmq_pub_endpoint(world.pub));
    zmq_pub_free(world.pub);
    world.pub = NULL;
    loop_turn_for(world.loop, 100);
    int error = ERR_UNAVAILABLE; /* the old listener may need a moment to go */
    for (int i = 0; i < 100 && error == ERR_UNAVAILABLE; i++) {
        error = zmq_pub_new(world.loop, endpoint, 0, &world.pub);
        loop_turn_for(world.loop, 20);
    }
    assert_int_equal(error, 0);
    world.hellos = 0;
    assert_true(loop_wait(world.loop, greeted, &world, BOUND_MS));
    close_pair();
}

static void test_zmq_sub_freed_inside_its_callback(void **state)
{
    (void)state;
    open_pair("tcp://127.0.0.1:*");
    world.free_inside = true;
    assert_true(loop_wait(world.loop, greeted, &world, BOUND_MS));
    assert_null(world.sub);
    close_pair();
}

static void test_zmq_refuses_bad_endpoints(void **state)
{
    (void)state;
    open_pair("tcp://127.0.0.1:*");
    struct zmq_pub *pub = NULL;
    assert_int_equal(zmq_pub_new(world.loop, "carrier-pigeon://x", 0, &pub), ERR_INVALID);
    assert_int_equal(zmq_pub_new(world.loop, zmq_pub_endpoint(world.pub), 0, &pub),
                     ERR_UNAVAILABLE);
    assert_null(pub);
    close_pair();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zmq_burst_is_drained_over_tcp),
        cmocka_unit_test(test_zmq_burst_is_drained_over_ipc),
        cmocka_unit_test(test_zmq_subscriber_comes_back_by_itself),
        cmocka_unit_test(test_zmq_sub_freed_inside_its_callback),
        cmocka_unit_test(test_zmq_refuses_bad_endpoints),
    };
    return RUN_TESTS(argc, argv, tests);
}
