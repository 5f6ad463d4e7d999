/* The HTTP client against our own server, and against ports where nobody answers. */
#include "support/runner.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/http_client.h"
#include "io/http_server.h"
#include "support/loop_wait.h"

enum { BOUND_MS = 20000, KEPT_MAX = 64 };

struct world {
    struct loop *loop;
    struct http_server *server;
    struct http_client *client;
    struct http_request *kept[KEPT_MAX];
    unsigned kept_count;
    unsigned done;
    unsigned good;
    unsigned greeted;             /* by the server */
    struct http_call_result last; /* without its body */
    char body[256];
    char base[64];
};

static struct world world;

static void hello(struct http_request *request, void *ctx)
{
    (void)ctx;
    world.greeted++;
    const struct http_header_pair headers[] = {{"Retry-After", "3"}};
    http_reply(request, &(const struct http_answer){.status = 429,
                                                    .content_type = "text/plain",
                                                    .body = http_body(request),
                                                    .headers = headers,
                                                    .header_count = 1});
}

static void keep(struct http_request *request, void *ctx)
{
    (void)ctx;
    world.kept[world.kept_count++ % KEPT_MAX] = request;
}

static void big(struct http_request *request, void *ctx)
{
    static char text[100000];
    (void)ctx;
    memset(text, 'b', sizeof(text));
    http_reply_json(request, 200, (struct str){text, sizeof(text)});
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    static const struct http_route routes[] = {{"POST", "/hello", hello, NULL, 0},
                                               {"GET", "/keep", keep, NULL, 0},
                                               {"GET", "/big", big, NULL, 0}};
    const struct http_server_options server = {.listen = {.host = "127.0.0.1"}};
    const struct http_client_options client = {.in_flight_max = 8, .queued_max = 1000};
    if (loop_new(&world.loop) != 0 || http_server_new(world.loop, &server, &world.server) != 0 ||
        http_server_route(world.server, routes, 3) != 0 ||
        http_client_new(world.loop, &client, &world.client) != 0) {
        return 1;
    }
    (void)snprintf(world.base, sizeof(world.base), "http://127.0.0.1:%u",
                   http_server_address(world.server).port);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_client_free(world.client);
    http_server_free(world.server);
    loop_free(world.loop);
    return 0;
}

static void call_done(const struct http_call_result *result, void *ctx)
{
    struct world *w = ctx;
    w->done++;
    w->good += result->error == 0;
    w->last = *result;
    size_t len = result->body.len < sizeof(w->body) ? result->body.len : sizeof(w->body) - 1;
    memcpy(w->body, result->body.len == 0 ? "" : result->body.at, len);
    w->body[len] = '\0';
}

static int call(const char *method, const char *path, const char *body, int64_t timeout_ms,
                struct http_call **ret_call)
{
    char url[128];
    (void)snprintf(url, sizeof(url), "%s%s", path[0] == '/' ? world.base : "", path);
    const char *const headers[] = {"Content-Type: application/json", NULL};
    const struct http_call_options options = {.method = method,
                                              .url = url,
                                              .headers = headers,
                                              .body = str_of(body),
                                              .timeout_ms = timeout_ms};
    return http_client_call(world.client, &options, call_done, &world, ret_call);
}

static void test_http_client_posts_and_reads(void **state)
{
    (void)state;
    assert_int_equal(call("POST", "/hello", "{\"a\":1}", 5000, NULL), 0);
    assert_int_equal(world.done, 0);
    assert_true(loop_wait_count(world.loop, &world.done, 1, BOUND_MS));
    assert_int_equal(world.last.error, 0);
    assert_int_equal(world.last.status, 429);
    assert_int_equal(world.last.retry_after_ms, 3000);
    assert_string_equal(world.body, "{\"a\":1}");
}

static void test_http_client_many_in_flight(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++) {
        assert_int_equal(call("POST", "/hello", "x", BOUND_MS, NULL), 0);
    }
    assert_int_equal(http_client_in_flight(world.client), 8);
    assert_int_equal(http_client_queued(world.client), 492);
    assert_true(loop_wait_count(world.loop, &world.done, 500, BOUND_MS));
    assert_int_equal(world.good, 500);
    assert_true(http_server_connections(world.server) <= 8); /* kept alive and used again */
}

static void test_http_client_deadline(void **state)
{
    (void)state;
    int64_t start_ms = loop_monotonic_ms();
    assert_int_equal(call("GET", "/keep", NULL, 200, NULL), 0);
    assert_true(loop_wait_count(world.loop, &world.done, 1, BOUND_MS));
    assert_int_equal(world.last.error, ERR_TIMEOUT);
    assert_true(world.last.maybe_sent);
    assert_in_range(loop_monotonic_ms() - start_ms, 195, 5000);
    assert_int_equal(world.kept_count, 1);
    http_reply_text(world.kept[0], 200, "too late");
}

static void test_http_client_deadline_covers_the_queue(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(call("GET", "/keep", NULL, BOUND_MS, NULL), 0);
    }
    for (int i = 0; i < 20; i++) {
        assert_int_equal(call("POST", "/hello", "x", 100, NULL), 0);
    }
    assert_true(loop_wait_count(world.loop, &world.done, 20, BOUND_MS));
    assert_int_equal(world.last.error, ERR_TIMEOUT);
    assert_false(world.last.maybe_sent);
    assert_int_equal(http_client_queued(world.client), 0);
    assert_true(loop_wait_count(world.loop, &world.kept_count, 8, BOUND_MS));
    for (unsigned i = 0; i < 8; i++) {
        http_reply_text(world.kept[i], 200, "ok");
    }
    assert_true(loop_wait_count(world.loop, &world.done, 28, BOUND_MS));
    assert_int_equal(world.good, 8);
}

static void test_http_client_nobody_listens(void **state)
{
    (void)state;
    struct address any = {.host = "127.0.0.1"};
    int fd;
    char url[64];
    assert_int_equal(address_listen(&any, 1, &fd), 0);
    assert_int_equal(address_of_socket(fd, &any), 0);
    (void)close(fd);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", any.port);
    assert_int_equal(call("POST", url, "x", 2000, NULL), 0);
    assert_true(loop_wait_count(world.loop, &world.done, 1, BOUND_MS));
    assert_int_equal(world.last.error, ERR_UNAVAILABLE);
    assert_false(world.last.maybe_sent);
    assert_int_equal(call("POST", "ftp://127.0.0.1/x", "x", 2000, NULL), 0);
    assert_true(loop_wait_count(world.loop, &world.done, 2, BOUND_MS));
    assert_int_equal(world.last.error, ERR_INVALID);
}

enum { FILLERS = 4 };

/* A server that takes no more connections: connects go unanswered. */
static int listen_full(struct address *ret_address, int fillers[FILLERS])
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(where);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &size), 0);
    for (int i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&where, size);
    }
    ret_address->port = ntohs(where.sin_port);
    return fd;
}

/* libcurl closes the socket of a connect that is given up without telling; the next one has its number. */
static void test_http_client_goes_on_after_connects_without_an_answer(void **state)
{
    (void)state;
    struct address full;
    int fillers[FILLERS];
    char url[64];
    int fd = listen_full(&full, fillers);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", full.port);
    for (unsigned round = 0; round < 3; round++) {
        world.done = 0;
        assert_int_equal(call("POST", url, "x", 100, NULL), 0);
        assert_int_equal(call("POST", url, "x", 150, NULL), 0);
        assert_true(loop_wait_count(world.loop, &world.done, 2, BOUND_MS));
        assert_int_equal(world.last.error, ERR_TIMEOUT);
        assert_false(world.last.maybe_sent);
        struct http_call *given_up;
        assert_int_equal(call("POST", url, "x", BOUND_MS, &given_up), 0);
        loop_turn_for(world.loop, 20);
        http_call_cancel(given_up);
        assert_int_equal(world.last.error, ERR_CLOSED);
        assert_int_equal(call("POST", "/hello", "x", 5000, NULL), 0);
        assert_true(loop_wait_count(world.loop, &world.done, 4, BOUND_MS));
        assert_int_equal(world.last.status, 429);
    }
    for (int i = 0; i < FILLERS; i++) {
        (void)close(fillers[i]);
    }
    (void)close(fd);
}

static void test_http_client_answer_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(call("GET", "/big", NULL, 5000, NULL), 0);
    assert_true(loop_wait_count(world.loop, &world.done, 1, BOUND_MS));
    assert_int_equal(world.last.error, ERR_TOO_LARGE);
    assert_int_equal(world.last.body.len, 0);
}

static void test_http_client_queue_is_bounded(void **state)
{
    (void)state;
    int error = 0;
    unsigned taken = 0;
    while (error == 0 && taken < 5000) {
        error = call("POST", "/hello", "x", BOUND_MS, NULL);
        taken += error == 0;
    }
    assert_int_equal(error, ERR_FULL);
    assert_int_equal(taken, 1008);
    assert_true(loop_wait_count(world.loop, &world.done, 1008, BOUND_MS));
}

static void test_http_client_cancel_calls_back_once(void **state)
{
    (void)state;
    struct http_call *running;
    struct http_call *queued;
    assert_int_equal(call("GET", "/keep", NULL, BOUND_MS, &running), 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(call("GET", "/keep", NULL, BOUND_MS, &queued), 0);
    }
    assert_true(loop_wait_count(world.loop, &world.kept_count, 8, BOUND_MS));
    http_call_cancel(queued);
    assert_int_equal(world.done, 1);
    assert_int_equal(world.last.error, ERR_CLOSED);
    assert_false(world.last.maybe_sent);
    http_call_cancel(running);
    assert_int_equal(world.done, 2);
    assert_true(world.last.maybe_sent);
    for (unsigned i = 0; i < 8; i++) {
        http_reply_text(world.kept[i], 200, "ok");
    }
    assert_true(loop_wait_count(world.loop, &world.done, 9, BOUND_MS));
    loop_turn_for(world.loop, 20);
    assert_int_equal(world.done, 9);
    assert_int_equal(world.good, 7);
}

static void test_http_client_free_answers_all(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        assert_int_equal(call("GET", "/keep", NULL, BOUND_MS, NULL), 0);
    }
    assert_true(loop_wait_count(world.loop, &world.kept_count, 8, BOUND_MS));
    http_client_free(world.client);
    world.client = NULL;
    assert_int_equal(world.done, 30);
    assert_int_equal(world.good, 0);
}

static unsigned asked;
static unsigned asked_max; /* the last question that is answered yes */

static bool may_send(void *ctx)
{
    assert_ptr_equal(ctx, &world);
    return ++asked <= asked_max;
}

/* Posts a guarded request and waits for its end; `yes_max` questions are answered yes. */
static void call_guarded(unsigned yes_max)
{
    char url[128];
    (void)snprintf(url, sizeof(url), "%s/hello", world.base);
    const struct http_call_options options = {.method = "POST",
                                              .url = url,
                                              .body = STR_LITERAL("x"),
                                              .timeout_ms = BOUND_MS,
                                              .may_send = may_send};
    unsigned before = world.done;
    asked = 0;
    asked_max = yes_max;
    assert_int_equal(http_client_call(world.client, &options, call_done, &world, NULL), 0);
    assert_true(loop_wait_count(world.loop, &world.done, before + 1, BOUND_MS));
}

static void assert_denied(unsigned asked_count)
{
    assert_int_equal(world.last.error, ERR_DENIED);
    assert_false(world.last.maybe_sent);
    assert_int_equal(asked, asked_count);
}

/* Before the head, and before the body: a server that has only the head has no request. */
static void test_http_client_asks_before_the_bytes_go_out(void **state)
{
    (void)state;
    call_guarded(0);
    assert_denied(1);
    call_guarded(1);
    assert_denied(2);
    call_guarded(2);
    assert_int_equal(world.last.status, 429);
    assert_true(world.last.maybe_sent);
    assert_int_equal(asked, 2);
    for (unsigned yes_max = 0; yes_max < 2;
         yes_max++) { /* on the connection that stands already, too */
        call_guarded(yes_max);
        assert_denied(yes_max + 1);
    }
    call_guarded(2);
    assert_int_equal(world.greeted, 2);
}

/* A server that answers one request, reads another on the same connection and dies of it, then answers one on the next. */
static void serve_and_break(int listening)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    (void)fcntl(listening, F_SETFL, 0); /* one thing after the other */
    int fd = accept(listening, NULL, NULL);
    for (int requests = 1; requests <= 3; requests++) {
        char text[1024];
        size_t bytes = 0;
        while (memmem(text, bytes, "\r\n\r\nx", 5) == NULL) {
            ssize_t more = read(fd, text + bytes, sizeof(text) - bytes);
            if (more <= 0) {
                _exit(1);
            }
            bytes += (size_t)more;
        }
        if (requests == 2) {
            (void)close(fd);
            fd = accept(listening, NULL, NULL);
        } else if (write(fd, answer, sizeof(answer) - 1) < 0) {
            _exit(1);
        }
    }
    _exit(0);
}

/* libcurl begins again on a new connection: it has to ask again, and a no does not mean that nobody has the request. */
static void test_http_client_asks_again_after_a_broken_connection(void **state)
{
    (void)state;
    for (unsigned is_denied = 0; is_denied <= 1; is_denied++) {
        struct address any = {.host = "127.0.0.1"};
        int fd, status;
        assert_int_equal(address_listen(&any, 1, &fd), 0);
        assert_int_equal(address_of_socket(fd, &any), 0);
        pid_t server = fork();
        assert_true(server >= 0);
        if (server == 0) {
            serve_and_break(fd);
        }
        (void)close(fd);
        (void)snprintf(world.base, sizeof(world.base), "http://127.0.0.1:%u", any.port);
        call_guarded(2);
        assert_int_equal(world.last.status, 200);
        call_guarded(is_denied ? 3 : 4);
        assert_int_equal(asked, 4);
        assert_int_equal(world.last.error, is_denied ? ERR_DENIED : 0);
        assert_true(world.last.maybe_sent);
        assert_int_equal(waitpid(server, &status, 0), server);
        assert_int_equal(WEXITSTATUS(status), is_denied);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_http_client_posts_and_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_many_in_flight, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_deadline_covers_the_queue, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_nobody_listens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_goes_on_after_connects_without_an_answer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_answer_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_queue_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_cancel_calls_back_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_free_answers_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_asks_before_the_bytes_go_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_http_client_asks_again_after_a_broken_connection,
                                        set_up, tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
