/* Every allocation of io's own code fails once: the first, the second, … until a run needs no more. Each run must end with
 * an error or as if nothing had happened, and leave nothing behind (AddressSanitizer looks). */
#include "support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/config.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/metrics.h"
#include "io/redis.h"
#include "io/zmq.h"
#include "support/loop_wait.h"

/* The linker sends io's calls here (-Wl,--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

static unsigned calls;
static unsigned fail_at; /* 0: never */

static bool fails(void)
{
    calls++;
    return calls == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
    return fails() ? NULL : __real_strndup(text, len);
}

/* Runs `scenario` once with each allocation failing, until it makes fewer than the one to fail. */
static void fail_each(bool (*scenario)(void))
{
    enum { BOUND = 10000 };
    unsigned failed = 0;
    bool good = false;
    for (fail_at = 1; fail_at < BOUND; fail_at++) {
        calls = 0;
        good = scenario();
        if (calls < fail_at) {
            break;
        }
        failed += !good;
    }
    fail_at = 0;
    assert_true(good); /* the run in which nothing failed */
    assert_true(failed > 0);
}

static bool read_config(void)
{
    static const struct config_key keys[] = {
        {"pepper", CONFIG_SECRET, NULL, 0, 64, NULL, false, "A secret."}};
    static const struct config_table table = {"sw-test", "A test.", keys, 1};
    struct config *config = NULL;
    struct buffer errors;
    struct buffer dump;
    buffer_init(&errors, 4096);
    buffer_init(&dump, 65536);
    int error =
        config_parse(&table, "f", STR_LITERAL("slot = 1\nkafka.a = b\nkafka.a = c\npepper = x"),
                     (const char *[]){"slot=2", NULL}, &errors, &config);
    bool good = error == 0;
    if (good) {
        config_dump(config, &dump);
        good = !dump.overflowed;
        config_free(config);
    }
    buffer_fini(&errors);
    buffer_fini(&dump);
    return good;
}

static void test_memory_config(void **state)
{
    (void)state;
    fail_each(read_config);
}

static bool count_metrics(void)
{
    static const struct metric_row rows[] = {
        {.name = "a_total", .kind = METRIC_COUNTER, .help = "A.", .labels = {"kind"}},
        {.name = "b", .kind = METRIC_HISTOGRAM, .help = "B."}};
    struct metrics *metrics = NULL;
    struct metric *metric[2];
    struct buffer text;
    buffer_init(&text, 65536);
    bool good = metrics_new(&metrics) == 0 && metrics_register(metrics, rows, 2, metric) == 0;
    if (good) {
        metric_add(metric_with(metric[0], (const char *[]){"x"}), 1);
        metric_observe(metric_with(metric[1], NULL), 5);
        metrics_expose(metrics, &text);
        good = !text.overflowed && strstr(text.bytes, "kind=\"x\"") != NULL;
    }
    metrics_free(metrics);
    buffer_fini(&text);
    return good;
}

static void test_memory_metrics(void **state)
{
    (void)state;
    fail_each(count_metrics);
}

static unsigned called_back;

static void call_done(const struct http_call_result *result, void *ctx)
{
    bool *good = ctx;
    *good = result->error == 0 && result->status == 200;
    called_back++;
}

static void answer(struct http_request *request, void *ctx)
{
    (void)ctx;
    (void)http_form(request, "a");
    http_reply_json(request, 200, STR_LITERAL("{}"));
}

static bool call_once(struct loop *loop, struct http_server *server, struct http_client *client)
{
    char url[64];
    bool good = false;
    unsigned started = 0;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/x/1",
                   http_server_address(server).port);
    const struct http_call_options options = {
        .method = "POST", .url = url, .body = STR_LITERAL("a=1"), .timeout_ms = 1000};
    called_back = 0;
    started += http_client_call(client, &options, call_done, &good, NULL) == 0;
    (void)loop_wait_count(loop, &called_back, started, 10000);
    assert_int_equal(called_back, started);
    return good;
}

static bool serve_and_call(void)
{
    struct loop *loop = NULL;
    struct http_server *server = NULL;
    struct http_client *client = NULL;
    const struct http_server_options options = {.listen = {.host = "127.0.0.1"}};
    const struct http_client_options one = {.in_flight_max = 1};
    const struct http_route route = {"POST", "/v1/x/:id", answer, NULL, 0};
    static const struct http_file file = {"/f", "text/plain", {"f", 1}};
    bool good = loop_new(&loop) == 0 && http_server_new(loop, &options, &server) == 0 &&
                http_server_route(server, &route, 1) == 0 &&
                http_server_files(server, &file, 1, "no-cache") == 0 &&
                http_client_new(loop, &one, &client) == 0;
    good = good && call_once(loop, server, client);
    http_client_free(client);
    http_server_free(server);
    loop_free(loop);
    return good;
}

static void test_memory_http(void **state)
{
    (void)state;
    fail_each(serve_and_call);
}

static bool open_others(void)
{
    struct loop *loop = NULL;
    struct redis *redis = NULL;
    struct zmq_pub *pub = NULL;
    struct zmq_sub *sub = NULL;
    static const char *const prefixes[] = {"", NULL};
    const struct redis_options options = {.address = {.host = "127.0.0.1", .port = 9},
                                          .password = "made up",
                                          .function_library = STR_LITERAL("#!lua name=x")};
    bool good = loop_new(&loop) == 0 && redis_new(loop, &options, NULL, NULL, &redis) == 0 &&
                zmq_pub_new(loop, "tcp://127.0.0.1:*", 10, &pub) == 0;
    if (good) {
        const struct zmq_sub_options wanted = {.endpoint = zmq_pub_endpoint(pub),
                                               .prefixes = prefixes};
        good = zmq_sub_new(loop, &wanted, &sub) == 0;
        loop_turn(loop, 0);
    }
    zmq_sub_free(sub);
    zmq_pub_free(pub);
    redis_free(redis);
    loop_free(loop);
    return good;
}

static void test_memory_redis_and_zmq(void **state)
{
    (void)state;
    fail_each(open_others);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_config),
        cmocka_unit_test(test_memory_metrics),
        cmocka_unit_test(test_memory_http),
        cmocka_unit_test(test_memory_redis_and_zmq),
    };
    return RUN_TESTS(argc, argv, tests);
}
