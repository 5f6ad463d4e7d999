/* HTTP requests over libcurl's multi interface in socket-action mode.
 *
 * A call waits in our own queue until there is room, then lives in the multi handle, then in `finished` until its
 * callback has run: libcurl is never called from inside one of its own callbacks, and a callback may start and cancel
 * other calls freely. */
#include "io/http_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/list.h"
#include "io/buffer.h"
#include "io/http_client_mail.h"
#include "io/http_client_sockets.h"

enum {
    DEFAULT_IN_FLIGHT_MAX = 64,
    DEFAULT_QUEUED_MAX = 4096,
    DEFAULT_RESPONSE_MAX_BYTES = 64 * 1024,
    CALL_MAGIC = 0x48744361
};

enum call_state { CALL_QUEUED, CALL_RUNNING, CALL_FINISHED };

struct http_client {
    struct loop *loop;
    CURLM *multi;
    struct http_client_sockets sockets;
    struct loop_timer *timer; /* libcurl's */
    int64_t timer_wanted_ms;
    int64_t timer_armed_ms;
    struct loop_timer *queue_timer;
    int64_t queue_due_ms; /* what it is set to: at or before the earliest deadline in the queue */
    struct list queued;
    struct list running;
    struct list finished;
    unsigned queued_count;
    unsigned running_count;
    unsigned in_flight_max;
    unsigned queued_max;
    bool closing;
};

struct http_call {
    unsigned magic;
    struct list node;
    struct http_client *client;
    CURL *easy;
    enum call_state state;
    struct curl_slist *headers; /* of a mail: its recipient */
    bool is_mail;
    struct buffer body;
    struct str request; /* for give_body, behind the struct; at == NULL: libcurl has a copy */
    size_t given_bytes; /* of it, to libcurl */
    bool is_given;      /* all of it was, once: a server may have the whole request */
    int64_t due_ms;
    int error; /* once finished */
    http_call_done_fn done;
    bool (*may_send)(void *ctx);
    void *ctx;
};

static void collect(struct http_client *client);

/* libcurl moves its time-out with each request, mostly to later: the timer is moved only to earlier, and looks again when
 * it fires too soon. */
static void arm_timer(struct http_client *client)
{
    if (client->timer_wanted_ms < client->timer_armed_ms) {
        client->timer_armed_ms = client->timer_wanted_ms;
        loop_timer_set(client->timer, client->timer_armed_ms);
    }
}

static int timer_wanted(CURLM *multi, long timeout_ms, void *ctx)
{
    struct http_client *client = ctx;
    (void)multi;
    client->timer_wanted_ms = timeout_ms < 0 ? INT64_MAX : loop_monotonic_ms() + timeout_ms;
    arm_timer(client);
    return 0;
}

static void timer_fired(void *ctx)
{
    struct http_client *client = ctx;
    int running;
    client->timer_armed_ms = INT64_MAX;
    if (loop_monotonic_ms() < client->timer_wanted_ms) {
        arm_timer(client);
        return;
    }
    client->timer_wanted_ms = INT64_MAX;
    (void)curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(client);
}

static int error_of_curl(CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK:
        return 0;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return ERR_UNAVAILABLE;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return ERR_INVALID;
    case CURLE_OUT_OF_MEMORY:
        return ERR_MEMORY;
    case CURLE_ABORTED_BY_CALLBACK:
        return ERR_DENIED;
    default:
        return ERR_IO;
    }
}

static void call_free(struct http_call *call)
{
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    buffer_fini(&call->body);
    call->magic = 0;
    free(call);
}

static void set_queue_timer(struct http_client *client, int64_t due_ms)
{
    if (due_ms < client->queue_due_ms) {
        client->queue_due_ms = due_ms;
        loop_timer_set(client->queue_timer, due_ms);
    }
}

/* Calls back and frees; the call is in no list and not in the multi handle. */
static void deliver(struct http_call *call)
{
    struct http_call_result result = {.error = call->error, .retry_after_ms = -1};
    long request_bytes = 0;
    (void)curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    result.maybe_sent = call->request.at != NULL ? call->is_given : request_bytes > 0;
    if (call->error == 0 || call->is_mail) {
        long status = 0;
        curl_off_t retry_after_s = 0;
        (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
        result.status = (unsigned)status;
        result.retry_after_ms = retry_after_s > 0 ? retry_after_s * 1000 : -1;
        result.body = call->body.len > 0 ? buffer_str(&call->body) : STR_LITERAL("");
    }
    call->done(&result, call->ctx);
    call_free(call);
}

/* Takes the call out of where it is. */
static void detach(struct http_call *call)
{
    struct http_client *client = call->client;
    list_remove(&call->node);
    switch (call->state) {
    case CALL_QUEUED:
        client->queued_count--;
        break;
    case CALL_RUNNING:
        (void)curl_multi_remove_handle(client->multi, call->easy);
        client->running_count--;
        break;
    case CALL_FINISHED:
        break;
    }
    call->state = CALL_FINISHED;
}

static void finish(struct http_call *call, int error)
{
    detach(call);
    call->error = error;
    list_push_back(&call->client->finished, &call->node);
}

static void run(struct http_call *call)
{
    struct http_client *client = call->client;
    int64_t left_ms = call->due_ms - loop_monotonic_ms();
    (void)curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
    if (left_ms <= 0 || curl_multi_add_handle(client->multi, call->easy) != CURLM_OK) {
        finish(call, left_ms <= 0 ? ERR_TIMEOUT : ERR_MEMORY);
        set_queue_timer(client, 0); /* calls back soon, never from here */
        return;
    }
    detach(call);
    call->state = CALL_RUNNING;
    client->running_count++;
    list_push_back(&client->running, &call->node);
}

static void fill(struct http_client *client)
{
    while (client->running_count < client->in_flight_max && !list_is_empty(&client->queued)) {
        run(LIST_ENTRY(client->queued.next, struct http_call, node));
    }
}

/* Moves what libcurl has ended to `finished`, calls back, and lets the queue move up. */
static void collect(struct http_client *client)
{
    int left;
    for (CURLMsg *message = curl_multi_info_read(client->multi, &left); message != NULL;
         message = curl_multi_info_read(client->multi, &left)) {
        char *data = NULL;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &data);
        struct http_call *call = (void *)data;
        sw_assert(call->magic == CALL_MAGIC);
        finish(call, call->body.overflowed ? ERR_TOO_LARGE : error_of_curl(code));
    }
    fill(client);
    while (!list_is_empty(&client->finished)) {
        struct list *node = list_pop_front(&client->finished);
        deliver(LIST_ENTRY(node, struct http_call, node));
        fill(client);
    }
}

/* libcurl has done something for a socket. */
static void acted(void *ctx)
{
    collect(ctx);
}

static void queue_timer_fired(void *ctx)
{
    struct http_client *client = ctx;
    int64_t now_ms = loop_monotonic_ms();
    int64_t next_ms = INT64_MAX;
    struct list *next;
    for (struct list *at = client->queued.next; at != &client->queued; at = next) {
        next = at->next;
        struct http_call *call = LIST_ENTRY(at, struct http_call, node);
        if (call->due_ms <= now_ms) {
            finish(call, ERR_TIMEOUT);
        } else if (call->due_ms < next_ms) {
            next_ms = call->due_ms;
        }
    }
    client->queue_due_ms = INT64_MAX;
    set_queue_timer(client, next_ms);
    collect(client);
}

static size_t body_arrived(char *bytes, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    buffer_add(&call->body, (struct str){bytes, size * count});
    return call->body.overflowed ? 0 : size * count;
}

static int about_to_send(void *ctx, char *peer, char *local, int peer_port, int local_port)
{
    struct http_call *call = ctx;
    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    return call->may_send(call->ctx) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* The head of a request is out when libcurl asks for its body, and writes what it gets at once: nothing lies between the last
 * word and the bytes, and without its body a request is none. */
static size_t give_body(char *to, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;
    size_t bytes = call->request.len - call->given_bytes;
    bytes = bytes < size * count ? bytes : size * count;
    memcpy(to, call->request.at + call->given_bytes, bytes);
    call->given_bytes += bytes;
    if (call->may_send != NULL && !call->may_send(call->ctx)) {
        return CURL_READFUNC_ABORT;
    }
    call->is_given |= call->given_bytes == call->request.len;
    return bytes;
}

/* A kept connection was dead: all of it once more. */
static int give_body_again(void *ctx, curl_off_t offset, int origin)
{
    struct http_call *call = ctx;
    sw_assert(offset == 0 && origin == SEEK_SET);
    call->given_bytes = 0;
    return CURL_SEEKFUNC_OK;
}

static int set_headers(struct http_call *call, const struct http_call_options *options)
{
    static const char *const none[] = {NULL};
    const char *const *headers = options->headers;
    struct curl_slist *list =
        curl_slist_append(NULL, call->is_mail ? options->mail->to : "Expect:");
    for (const char *const *at = headers == NULL || call->is_mail ? none : headers;
         list != NULL && *at != NULL; at++) {
        struct curl_slist *longer = curl_slist_append(list, *at);
        if (longer == NULL) {
            curl_slist_free_all(list);
        }
        list = longer;
    }
    call->headers = list;
    return list == NULL ? ERR_MEMORY : 0;
}

static CURLcode set_body(struct http_call *call)
{
    (void)curl_easy_setopt(call->easy, call->is_mail ? CURLOPT_UPLOAD : CURLOPT_POST, 1L);
    (void)curl_easy_setopt(call->easy, CURLOPT_READFUNCTION, give_body);
    (void)curl_easy_setopt(call->easy, CURLOPT_READDATA, call);
    (void)curl_easy_setopt(call->easy, CURLOPT_SEEKFUNCTION, give_body_again);
    return curl_easy_setopt(call->easy, CURLOPT_SEEKDATA, call);
}

static int set_options(struct http_call *call, const struct http_call_options *options)
{
    CURL *easy = call->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, options->url);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
                           call->is_mail ? "smtp,smtps" : "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_arrived);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    if (options->may_send != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, about_to_send);
        (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    }
    http_client_sockets_use(&call->client->sockets, easy);
    if (code == CURLE_OK && call->is_mail) {
        code = http_client_mail_set(easy, options->mail, call->headers);
        return code == CURLE_OK && set_body(call) == CURLE_OK ? 0 : ERR_MEMORY;
    }
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "shouwang");
    if (strcmp(options->method, "HEAD") == 0) {
        (void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (code == CURLE_OK) {
        code = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, options->method);
    }
    if (code == CURLE_OK && options->body.at != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)options->body.len);
        code = call->request.at == NULL
                   ? curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, options->body.at)
                   : set_body(call);
    }
    return code == CURLE_OK ? 0 : ERR_MEMORY;
}

int http_client_call(struct http_client *client, const struct http_call_options *options,
                     http_call_done_fn done, void *ctx, struct http_call **ret_call)
{
    sw_assert(options->timeout_ms > 0);
    if (client->closing) {
        return ERR_CLOSED;
    }
    if (client->queued_count >= client->queued_max) {
        return ERR_FULL;
    }
    bool is_guarded = options->may_send != NULL || options->mail != NULL;
    size_t guarded_bytes = is_guarded ? options->body.len : 0;
    struct http_call *call = calloc(1, sizeof(*call) + guarded_bytes);
    if (call == NULL) {
        return ERR_MEMORY;
    }
    *call = (struct http_call){.magic = CALL_MAGIC,
                               .client = client,
                               .easy = curl_easy_init(),
                               .is_mail = options->mail != NULL,
                               .due_ms = loop_monotonic_ms() + options->timeout_ms,
                               .done = done,
                               .may_send = options->may_send,
                               .ctx = ctx};
    if (guarded_bytes > 0) {
        memcpy(call + 1, options->body.at, guarded_bytes);
        call->request = (struct str){(const char *)(call + 1), guarded_bytes};
    }
    list_init(&call->node);
    buffer_init(&call->body, options->response_max_bytes > 0 ? options->response_max_bytes
                                                             : DEFAULT_RESPONSE_MAX_BYTES);
    if (call->easy == NULL || set_headers(call, options) != 0 || set_options(call, options) != 0) {
        call_free(call);
        return ERR_MEMORY;
    }
    list_push_back(&client->queued, &call->node);
    client->queued_count++;
    fill(client);
    if (call->state == CALL_QUEUED) {
        set_queue_timer(client, call->due_ms);
    }
    if (ret_call != NULL) {
        *ret_call = call;
    }
    return 0;
}

void http_call_cancel(struct http_call *call)
{
    sw_assert(call->magic == CALL_MAGIC);
    struct http_client *client = call->client;
    detach(call);
    call->error = ERR_CLOSED;
    deliver(call);
    fill(client);
}

int http_client_new(struct loop *loop, const struct http_client_options *options,
                    struct http_client **ret_client)
{
    static bool initialised;
    if (!initialised && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return ERR_IO;
    }
    initialised = true;
    struct http_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return ERR_MEMORY;
    }
    client->loop = loop;
    client->queue_due_ms = INT64_MAX;
    client->timer_wanted_ms = INT64_MAX;
    client->timer_armed_ms = INT64_MAX;
    client->in_flight_max =
        options->in_flight_max > 0 ? options->in_flight_max : DEFAULT_IN_FLIGHT_MAX;
    client->queued_max = options->queued_max > 0 ? options->queued_max : DEFAULT_QUEUED_MAX;
    list_init(&client->queued);
    list_init(&client->running);
    list_init(&client->finished);
    client->multi = curl_multi_init();
    int error = client->multi == NULL ? ERR_MEMORY : 0;
    if (error == 0) {
        error = loop_timer_new(loop, LOOP_MONOTONIC, timer_fired, client, &client->timer);
    }
    if (error == 0) {
        error =
            loop_timer_new(loop, LOOP_MONOTONIC, queue_timer_fired, client, &client->queue_timer);
    }
    if (error != 0) {
        http_client_free(client);
        return error;
    }
    http_client_sockets_init(&client->sockets, loop, client->multi, acted, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)client->in_flight_max);
    *ret_client = client;
    return 0;
}

static void cancel_all(struct list *calls)
{
    while (!list_is_empty(calls)) {
        http_call_cancel(LIST_ENTRY(calls->next, struct http_call, node));
    }
}

void http_client_free(struct http_client *client)
{
    if (client == NULL) {
        return;
    }
    client->closing = true;
    client->in_flight_max = 0; /* nothing moves up from the queue any more */
    cancel_all(&client->queued);
    cancel_all(&client->running);
    cancel_all(&client->finished);
    if (client->multi != NULL) {
        (void)curl_multi_cleanup(client->multi); /* closes every connection, through the sockets */
    }
    http_client_sockets_fini(&client->sockets);
    loop_timer_free(client->timer);
    loop_timer_free(client->queue_timer);
    free(client);
}

unsigned http_client_in_flight(const struct http_client *client)
{
    return client->running_count;
}

unsigned http_client_queued(const struct http_client *client)
{
    return client->queued_count;
}
