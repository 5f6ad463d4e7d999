/* The HTTP server over real sockets, spoken to byte by byte. */
#include "support/runner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/http_server.h"
#include "support/loop_wait.h"

enum { BOUND_MS = 10000, PENDING_MAX = 64 };

struct world {
    struct loop *loop;
    struct http_server *server;
    struct http_request *pending[PENDING_MAX];
    unsigned pending_count;
    struct http_stream *stream;
    unsigned streams_closed;
};

static struct world world;

/* A client's end of a connection and all it has received. */
struct peer {
    int fd;
    char text[64 * 1024];
    size_t len;
    bool ended;
};

static void peer_open(struct peer *peer)
{
    struct address address = http_server_address(world.server);
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(address.port)};
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    peer->len = 0;
    peer->text[0] = '\0';
    peer->ended = false;
    assert_int_equal(connect(peer->fd, (const struct sockaddr *)&where, sizeof(where)), 0);
}

static void peer_say(struct peer *peer, const char *text)
{
    size_t len = strlen(text);
    assert_int_equal(send(peer->fd, text, len, MSG_NOSIGNAL), len);
}

static void peer_hear(struct peer *peer)
{
    ssize_t got =
        recv(peer->fd, peer->text + peer->len, sizeof(peer->text) - 1 - peer->len, MSG_DONTWAIT);
    if (got > 0) {
        peer->len += (size_t)got;
        peer->text[peer->len] = '\0';
    }
    peer->ended = peer->ended || got == 0 || (got < 0 && errno == ECONNRESET);
}

struct wish {
    struct peer *peer;
    const char *text; /* NULL: the end of the connection */
};

static bool is_heard(void *ctx)
{
    struct wish *wish = ctx;
    peer_hear(wish->peer);
    return wish->text == NULL ? wish->peer->ended : strstr(wish->peer->text, wish->text) != NULL;
}

static void assert_heard(struct peer *peer, const char *text)
{
    struct wish wish = {peer, text};
    bool heard = loop_wait(world.loop, is_heard, &wish, BOUND_MS);
    if (!heard) {
        print_message("not heard: %s in: %s\n", text == NULL ? "the end" : text, peer->text);
    }
    assert_true(heard);
}

static void echo(struct http_request *request, void *ctx)
{
    (void)ctx;
    char text[1024];
    const char *query = http_query(request, "q");
    const char *cookie = http_cookie(request, "session");
    const char *header = http_header(request, "x-test");
    const char *form = http_form(request, "name");
    (void)snprintf(
        text, sizeof(text), "id=%s q=%s cookie=%s header=%s form=%s from=%s body=%.*s",
        http_param(request, "id"), query == NULL ? "-" : query, cookie == NULL ? "-" : cookie,
        header == NULL ? "-" : header, form == NULL ? "-" : form, http_client_address(request),
        (int)http_body(request).len, http_body(request).len == 0 ? "" : http_body(request).at);
    char set_cookie[1024];
    assert_true(http_cookie_format("session", "abc.def", 60, true, set_cookie));
    const struct http_header_pair headers[] = {{"Set-Cookie", set_cookie}};
    http_reply(request, &(const struct http_answer){.status = 200,
                                                    .content_type = "text/plain",
                                                    .body = str_of(text),
                                                    .headers = headers,
                                                    .header_count = 1});
}

static void keep(struct http_request *request, void *ctx)
{
    (void)ctx;
    assert_true(world.pending_count < PENDING_MAX);
    world.pending[world.pending_count++] = request;
}

static void stream_ended(struct http_stream *stream, void *ctx)
{
    (void)ctx;
    assert_ptr_equal(stream, world.stream);
    world.stream = NULL;
    world.streams_closed++;
}

static void open_stream(struct http_request *request, void *ctx)
{
    (void)ctx;
    world.stream = http_stream_open(request, 4096, stream_ended, NULL);
    assert_non_null(world.stream);
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    struct http_server_options options = {
        .listen = {.host = "127.0.0.1"}, .body_max_bytes = 1000, .request_timeout_ms = 1500};
    static const struct http_route routes[] = {
        {"GET", "/v1/things/:id", echo, NULL, 0},  {"POST", "/v1/things/:id", echo, NULL, 0},
        {"POST", "/v1/small/:id", echo, NULL, 10}, {"GET", "/later/*", keep, NULL, 0},
        {"GET", "/events", open_stream, NULL, 0},
    };
    static const struct http_file files[] = {
        {"/style.css", "text/css", {"body{}", 6}},
    };
    return loop_new(&world.loop) != 0 ||
           http_server_new(world.loop, &options, &world.server) != 0 ||
           http_server_route(world.server, routes, sizeof(routes) / sizeof(routes[0])) != 0 ||
           http_server_files(world.server, files, 1, "max-age=60") != 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_server_free(world.server);
    loop_free(world.loop);
    return 0;
}

static void test_http_routes_and_fields(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    peer_say(&peer, "GET /v1/things/a%20b?q=%E5%AE%88&z=1 HTTP/1.1\r\nHost: x\r\nX-Test: yes\r\n"
                    "Cookie: other=1; session=abc\r\n\r\n");
    assert_heard(&peer, "id=a b q=\xe5\xae\x88 cookie=abc header=yes form=- from=127.0.0.1 body=");
    assert_non_null(strstr(peer.text, "Set-Cookie: session=abc.def; Max-Age=60; Path=/; HttpOnly; "
                                      "SameSite=Strict; Secure"));
    peer_say(&peer, "POST /v1/things/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 22\r\n\r\n"
                    "x=1&name=%41+b%zz&y=22");
    assert_heard(&peer, "form=A b%zz from=127.0.0.1 body=x=1&name");
    peer_say(&peer, "HEAD /v1/things/7 HTTP/1.1\r\nHost: x\r\n\r\n"
                    "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_heard(&peer, "404 Not Found");
    (void)close(peer.fd);
    peer_open(&peer);
    peer_say(&peer, "DELETE /v1/things/7 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_heard(&peer, "405 Method Not Allowed");
    (void)close(peer.fd);
    assert_int_equal(http_server_counts(world.server).not_found, 2);
}

static void test_http_cookie_refuses_bad_text(void **state)
{
    (void)state;
    char text[1024];
    assert_false(http_cookie_format("a", "b;c", 1, false, text));
    assert_false(http_cookie_format("a", "b\r\nX: y", 1, false, text));
    assert_false(http_cookie_format("a=", "b", 1, false, text));
    assert_int_equal(text[0], '\0');
}

static void test_http_oversize_announced(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    peer_say(&peer, "POST /v1/things/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
    assert_heard(&peer, "413 ");
    (void)close(peer.fd);
    peer_open(&peer);
    peer_say(&peer, "POST /v1/small/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nabc");
    assert_heard(&peer, "413 ");
    (void)close(peer.fd);
    assert_int_equal(http_server_counts(world.server).too_large, 2);
}

static void test_http_oversize_chunked(void **state)
{
    (void)state;
    struct peer peer;
    char chunk[512];
    memset(chunk, 'x', sizeof(chunk));
    peer_open(&peer);
    peer_say(&peer, "POST /v1/things/7 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        peer_say(&peer, "200\r\n");
        assert_int_equal(send(peer.fd, chunk, sizeof(chunk), MSG_NOSIGNAL), sizeof(chunk));
        peer_say(&peer, "\r\n");
    }
    peer_say(&peer, "0\r\n\r\n");
    assert_heard(&peer, "413 ");
    (void)close(peer.fd);
    /* One that never ends is cut off. */
    peer_open(&peer);
    peer_say(&peer, "POST /v1/things/7 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 200 && !peer.ended; i++) {
        (void)send(peer.fd, "200\r\n", 5, MSG_NOSIGNAL);
        (void)send(peer.fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
        (void)send(peer.fd, "\r\n", 2, MSG_NOSIGNAL);
        loop_turn(world.loop, 5);
        peer_hear(&peer);
    }
    assert_true(peer.ended);
    (void)close(peer.fd);
}

static void test_http_slow_client_is_cut_off(void **state)
{
    (void)state;
    static const char request[] =
        "POST /v1/things/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n";
    struct peer peer;
    peer_open(&peer);
    int64_t start_ms = loop_monotonic_ms();
    peer_say(&peer, request);
    while (!peer.ended && loop_monotonic_ms() - start_ms < BOUND_MS) {
        (void)send(peer.fd, "x", 1, MSG_NOSIGNAL);
        loop_turn_for(world.loop, 50);
        peer_hear(&peer);
    }
    assert_true(peer.ended);
    assert_in_range(loop_monotonic_ms() - start_ms, 1500, 6000);
    assert_int_equal(http_server_counts(world.server).too_slow, 1);
    (void)close(peer.fd);
}

static void test_http_slow_head_is_cut_off(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    int64_t start_ms = loop_monotonic_ms();
    peer_say(&peer, "GET /v1/things/7 HTTP/1.1\r\nX: ");
    while (!peer.ended && loop_monotonic_ms() - start_ms < BOUND_MS) {
        (void)send(peer.fd, "x", 1, MSG_NOSIGNAL);
        loop_turn_for(world.loop, 50);
        peer_hear(&peer);
    }
    assert_true(peer.ended);
    assert_int_equal(http_server_counts(world.server).too_slow, 1);
    assert_int_equal(http_server_counts(world.server).requests, 0);
    (void)close(peer.fd);
}

static void test_http_answers_later_in_any_order(void **state)
{
    (void)state;
    enum { PEERS = 20 };
    static struct peer peers[PEERS];
    char text[64];
    for (unsigned i = 0; i < PEERS; i++) {
        peer_open(&peers[i]);
        (void)snprintf(text, sizeof(text), "GET /later/n%u HTTP/1.1\r\nHost: x\r\n\r\n", i);
        peer_say(&peers[i], text);
        assert_true(loop_wait_count(world.loop, &world.pending_count, i + 1, BOUND_MS));
    }
    assert_int_equal(http_server_pending(world.server), PEERS);
    for (unsigned i = PEERS; i-- > 0;) {
        (void)snprintf(text, sizeof(text), "answer %s.", http_param(world.pending[i], "*"));
        http_reply_text(world.pending[i], 202, text);
        (void)snprintf(text, sizeof(text), "answer n%u.", i);
        assert_heard(&peers[i], text);
        (void)close(peers[i].fd);
    }
    assert_int_equal(http_server_pending(world.server), 0);
}

static void test_http_request_outlives_its_client(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    peer_say(&peer, "GET /later/x HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(loop_wait_count(world.loop, &world.pending_count, 1, BOUND_MS));
    (void)close(peer.fd);
    loop_turn_for(world.loop, 50);
    assert_string_equal(http_param(world.pending[0], "*"), "x");
    http_reply_text(world.pending[0], 200, "to nobody");
    loop_turn_for(world.loop, 50);
    assert_int_equal(http_server_connections(world.server), 0);
}

static void begin_stream(struct peer *peer)
{
    peer_open(peer);
    peer_say(peer, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_heard(peer, "text/event-stream");
}

static void test_http_stream_events(void **state)
{
    (void)state;
    struct peer peer;
    begin_stream(&peer);
    assert_int_equal(http_stream_send(world.stream, "board", "7", STR_LITERAL("one\ntwo")), 0);
    assert_heard(&peer, "event: board\nid: 7\ndata: one\ndata: two\n\n");
    loop_turn_for(world.loop, 30);
    assert_int_equal(http_stream_send(world.stream, NULL, NULL, STR_LITERAL("{}")), 0);
    assert_heard(&peer, "data: {}\n\n");
    http_stream_close(world.stream);
    assert_heard(&peer, "0\r\n\r\n");
    assert_true(loop_wait_count(world.loop, &world.streams_closed, 1, BOUND_MS));
    (void)close(peer.fd);
}

static void test_http_stream_ends_when_its_queue_is_full(void **state)
{
    (void)state;
    struct peer peer;
    char data[512];
    memset(data, 'd', sizeof(data));
    begin_stream(&peer);
    int error = 0;
    for (int i = 0; i < 100 && error == 0; i++) {
        error = http_stream_send(world.stream, NULL, NULL, (struct str){data, sizeof(data)});
    }
    assert_int_equal(error, ERR_FULL);
    assert_int_equal(http_stream_send(world.stream, NULL, NULL, STR_LITERAL("x")), ERR_CLOSED);
    assert_heard(&peer, "0\r\n\r\n"); /* what was queued whole, then the end */
    assert_true(loop_wait_count(world.loop, &world.streams_closed, 1, BOUND_MS));
    (void)close(peer.fd);
}

static void test_http_stream_notices_a_gone_client(void **state)
{
    (void)state;
    struct peer peer;
    begin_stream(&peer);
    (void)close(peer.fd);
    int64_t end_ms = loop_monotonic_ms() + BOUND_MS;
    while (world.streams_closed == 0 && loop_monotonic_ms() < end_ms) {
        (void)!http_stream_send(world.stream, NULL, NULL, STR_LITERAL("x"));
        loop_turn(world.loop, 10);
    }
    assert_int_equal(world.streams_closed, 1);
}

static void test_http_stream_outlasts_the_request_timeout(void **state)
{
    (void)state;
    struct peer peer;
    begin_stream(&peer);
    loop_turn_for(world.loop, 3200); /* twice the time-out of a request */
    assert_int_equal(world.streams_closed, 0);
    assert_int_equal(http_stream_send(world.stream, NULL, NULL, STR_LITERAL("still")), 0);
    assert_heard(&peer, "data: still");
    (void)close(peer.fd);
}

static void test_http_files_with_etag(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    peer_say(&peer, "GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_heard(&peer, "body{}");
    char *etag = strstr(peer.text, "ETag: ");
    assert_non_null(etag);
    char request[256];
    (void)snprintf(request, sizeof(request),
                   "GET /style.css HTTP/1.1\r\nHost: x\r\nIf-None-Match: %.18s\r\n\r\n", etag + 6);
    peer_say(&peer, request);
    assert_heard(&peer, "304 Not Modified");
    (void)close(peer.fd);
}

static bool no_connections(void *ctx)
{
    (void)ctx;
    return http_server_connections(world.server) == 0;
}

static void test_http_drain_ends_all(void **state)
{
    (void)state;
    static struct peer idle;
    static struct peer waiting;
    static struct peer streaming;
    peer_open(&idle);
    peer_say(&idle, "GET /v1/things/1 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_heard(&idle, "id=1");
    peer_open(&waiting);
    peer_say(&waiting, "GET /later/x HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(loop_wait_count(world.loop, &world.pending_count, 1, BOUND_MS));
    begin_stream(&streaming);
    http_server_drain(world.server);
    assert_heard(&idle, NULL);
    assert_heard(&streaming, "0\r\n\r\n");
    assert_int_equal(http_server_pending(world.server), 1);
    http_reply_text(world.pending[0], 200, "the last one");
    assert_heard(&waiting, "the last one");
    assert_non_null(strstr(waiting.text, "Connection: close"));
    (void)close(streaming.fd);
    assert_true(loop_wait(world.loop, no_connections, NULL, BOUND_MS));
    (void)close(idle.fd);
    (void)close(waiting.fd);
}

static void test_http_free_answers_what_is_open(void **state)
{
    (void)state;
    static struct peer waiting;
    static struct peer streaming;
    peer_open(&waiting);
    peer_say(&waiting, "GET /later/x HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(loop_wait_count(world.loop, &world.pending_count, 1, BOUND_MS));
    begin_stream(&streaming);
    http_server_free(world.server);
    world.server = NULL;
    assert_int_equal(world.streams_closed, 1);
    assert_heard(&waiting, "503 ");
    assert_heard(&streaming, NULL);
    (void)close(waiting.fd);
    (void)close(streaming.fd);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_http_routes_and_fields, set_up, tear_down),
        cmocka_unit_test(test_http_cookie_refuses_bad_text),
        cmocka_unit_test_setup_teardown(test_http_oversize_announced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_oversize_chunked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_slow_client_is_cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_slow_head_is_cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_answers_later_in_any_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_request_outlives_its_client, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_stream_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_stream_ends_when_its_queue_is_full, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_http_stream_notices_a_gone_client, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_stream_outlasts_the_request_timeout, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_http_files_with_etag, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_drain_ends_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http_free_answers_what_is_open, set_up, tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
