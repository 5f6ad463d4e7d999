/* HTTP requests over libcurl's multi interface in socket-action mode.
 *
 * A call waits in our own queue until there is room, then lives in the multi handle, then in `finished` until its
 * callback has run: libcurl is never called from inside one of its own callbacks, and a callback may start and cancel
 * other calls freely. */
#include "io/http_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/list.h"
#include "io/buffer.h"

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
    struct socket_watch **kept; /* by descriptor: those of connections, which outlive a request */
    size_t kept_size;
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
    struct curl_slist *headers;
    struct buffer body;
    int64_t due_ms;
    int error; /* once finished */
    http_call_done_fn done;
    bool (*may_send)(void *ctx);
    void *ctx;
};

static void collect(struct http_client *client);

/* One watch per socket that libcurl waits for. A connection's own lives as long as the connection and stays armed for
 * reading between two requests: arming it anew for each would cost more system calls than the request itself. Others
 * (of the resolver) go as soon as libcurl is through with them, since it does not tell when it closes them. */
struct socket_watch {
    struct http_client *client;
    curl_socket_t socket;
    struct loop_fd *fd;
    unsigned armed;
    unsigned wanted; /* 0: idle */
    bool is_kept;
};

static void arm(struct socket_watch *watch, unsigned events)
{
    if (events != watch->armed) {
        watch->armed = events;
        (void)!loop_fd_want(watch->fd, events); /* if not, the call meets its deadline */
    }
}

static void socket_ready(void *ctx, unsigned events)
{
    struct socket_watch *watch = ctx;
    struct http_client *client = watch->client;
    if ((events & LOOP_BROKEN) != 0) {
        watch->armed = 0; /* libuv has stopped it */
    }
    if (watch->wanted == 0) {
        arm(watch,
            0); /* the server closes an idle connection: libcurl finds out when it needs it */
        return;
    }
    int action = 0;
    action |= (events & LOOP_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    action |= (events & LOOP_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    action |= (events & LOOP_BROKEN) != 0 ? CURL_CSELECT_ERR : 0;
    int running;
    (void)curl_multi_socket_action(client->multi, watch->socket, action,
                                   &running); /* `watch` may be gone now */
    collect(client);
}

static void watch_free(struct socket_watch *watch)
{
    if (watch != NULL) {
        loop_fd_free(watch->fd);
        free(watch);
    }
}

/* NULL when memory is out: the call then meets its deadline. */
static struct socket_watch *watch_new(struct http_client *client, curl_socket_t socket)
{
    struct socket_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL) {
        return NULL;
    }
    *watch = (struct socket_watch){.client = client, .socket = socket};
    if (loop_fd_new(client->loop, socket, socket_ready, watch, &watch->fd) != 0) {
        free(watch);
        return NULL;
    }
    return watch;
}

static struct socket_watch *kept_watch(const struct http_client *client, curl_socket_t socket)
{
    return (size_t)socket < client->kept_size ? client->kept[socket] : NULL;
}

/* Files the watch of a new connection; without room it is one that is not kept. */
static void keep_watch(struct http_client *client, curl_socket_t socket)
{
    size_t size = (size_t)socket + 1;
    if (size > client->kept_size) {
        struct socket_watch **kept = realloc(client->kept, size * sizeof(struct socket_watch *));
        if (kept == NULL) {
            return;
        }
        memset(kept + client->kept_size, 0, (size - client->kept_size) * sizeof(*kept));
        client->kept = kept;
        client->kept_size = size;
    }
    sw_assert(client->kept[socket] == NULL);
    client->kept[socket] = watch_new(client, socket);
    if (client->kept[socket] != NULL) {
        client->kept[socket]->is_kept = true;
    }
}

static curl_socket_t open_connection(void *ctx, curlsocktype purpose, struct curl_sockaddr *where)
{
    struct http_client *client = ctx;
    (void)purpose;
    int fd = socket(where->family, where->socktype | SOCK_CLOEXEC, where->protocol);
    if (fd >= 0) {
        keep_watch(client, fd);
    }
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int close_connection(void *ctx, curl_socket_t socket)
{
    struct http_client *client = ctx;
    if ((size_t)socket < client->kept_size) {
        watch_free(client->kept[socket]);
        client->kept[socket] = NULL;
    }
    return close(socket);
}

static int socket_wanted(CURL *easy, curl_socket_t socket, int what, void *ctx, void *socket_ctx)
{
    struct http_client *client = ctx;
    struct socket_watch *watch = kept_watch(client, socket);
    (void)easy;
    if (watch == NULL) {
        watch =
            socket_ctx != NULL || what == CURL_POLL_REMOVE ? socket_ctx : watch_new(client, socket);
        (void)curl_multi_assign(client->multi, socket, what == CURL_POLL_REMOVE ? NULL : watch);
    }
    if (watch == NULL) {
        return 0; /* an error here would end every call of the multi handle */
    }
    if (what == CURL_POLL_REMOVE && !watch->is_kept) {
        watch_free(watch);
        return 0;
    }
    watch->wanted = 0;
    watch->wanted |= what == CURL_POLL_IN || what == CURL_POLL_INOUT ? LOOP_READABLE : 0U;
    watch->wanted |= what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? LOOP_WRITABLE : 0U;
    arm(watch, watch->wanted != 0 ? watch->wanted : watch->armed & LOOP_READABLE);
    return 0;
}

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
    result.maybe_sent = request_bytes > 0;
    if (call->error == 0) {
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

static int set_headers(struct http_call *call, const char *const *headers)
{
    static const char *const none[] = {NULL};
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    for (const char *const *at = headers == NULL ? none : headers; list != NULL && *at != NULL;
         at++) {
        struct curl_slist *longer = curl_slist_append(list, *at);
        if (longer == NULL) {
            curl_slist_free_all(list);
        }
        list = longer;
    }
    call->headers = list;
    return list == NULL ? ERR_MEMORY : 0;
}

static int set_options(struct http_call *call, const struct http_call_options *options)
{
    CURL *easy = call->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, options->url);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_arrived);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "shouwang");
    if (options->may_send != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, about_to_send);
        (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    }
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_connection);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call->client);
    (void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_connection);
    (void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, call->client);
    if (strcmp(options->method, "HEAD") == 0) {
        (void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (code == CURLE_OK) {
        code = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, options->method);
    }
    if (code == CURLE_OK && options->body.at != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)options->body.len);
        code = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, options->body.at);
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
    struct http_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        return ERR_MEMORY;
    }
    *call = (struct http_call){.magic = CALL_MAGIC,
                               .client = client,
                               .easy = curl_easy_init(),
                               .due_ms = loop_monotonic_ms() + options->timeout_ms,
                               .done = done,
                               .may_send = options->may_send,
                               .ctx = ctx};
    list_init(&call->node);
    buffer_init(&call->body, options->response_max_bytes > 0 ? options->response_max_bytes
                                                             : DEFAULT_RESPONSE_MAX_BYTES);
    if (call->easy == NULL || set_headers(call, options->headers) != 0 ||
        set_options(call, options) != 0) {
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
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
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
        (void)curl_multi_cleanup(
            client->multi); /* closes every connection, through close_connection */
    }
    free(client->kept);
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
