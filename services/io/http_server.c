/* The HTTP server: libmicrohttpd's epoll descriptor on the loop.
 *
 * The daemon runs when its descriptor is ready or when we have resumed a connection; it never runs from inside a
 * handler. A handler that has not answered leaves its connection suspended, and libmicrohttpd then keeps it, and so the
 * request, until we resume. Its own time-outs count inactivity, which a client that sends a byte a second never meets:
 * ours are absolute, kept per connection, and enforced by shutting the socket down. */
#include "io/http_server.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/http_server_parts.h"

enum {
    DEFAULT_BODY_MAX_BYTES = 1 << 20,
    DEFAULT_CONNECTIONS_MAX = 1024,
    DEFAULT_REQUEST_TIMEOUT_MS = 30000,
    DEFAULT_IDLE_TIMEOUT_MS = 60000,
    SWEEP_MS = 1000,
    BACKLOG = 1024,
    CONNECTION_MEMORY_BYTES = 32 * 1024, /* libmicrohttpd's bound on a request's head */
    DROPPED_FACTOR = 16, /* a body that goes on beyond this many times its bound is cut off */
    UNACKNOWLEDGED_MS = 60000
};

static bool run_daemon(void *ctx)
{
    struct http_server *server = ctx;
    http_streams_reap(server);
    MHD_UNSIGNED_LONG_LONG timeout_ms = 1;
    bool busy = MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0;
    if (!server->run_wanted && !busy) {
        return false;
    }
    server->run_wanted = false;
    (void)MHD_run(server->daemon); /* MHD_NO only for a daemon with threads */
    http_streams_reap(server);
    return MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0;
}

static void epoll_ready(void *ctx, unsigned events)
{
    struct http_server *server = ctx;
    (void)events;
    server->run_wanted = true;
    loop_hook_kick(server->hook);
}

static void sweep_fired(void *ctx)
{
    struct http_server *server = ctx;
    int64_t now_ms = loop_monotonic_ms();
    for (struct list *at = server->connections.next; at != &server->connections; at = at->next) {
        struct http_connection *connection = LIST_ENTRY(at, struct http_connection, node);
        if (connection->due_ms <= now_ms) {
            server->counts.too_slow += connection->in_request || !connection->has_asked;
            connection->due_ms = INT64_MAX;
            (void)shutdown(connection->fd, SHUT_RDWR); /* libmicrohttpd sees it and closes */
        }
    }
    http_streams_sweep(server, now_ms);
    if (server->connection_count > 0) {
        loop_timer_after(server->sweep, SWEEP_MS);
    }
}

static void name_client(struct http_connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info == NULL ? NULL : info->client_addr;
    const void *bytes = NULL;
    if (peer != NULL && peer->sa_family == AF_INET) {
        bytes = &((const struct sockaddr_in *)(const void *)peer)->sin_addr;
    } else if (peer != NULL && peer->sa_family == AF_INET6) {
        bytes = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
    }
    if (bytes == NULL ||
        inet_ntop(peer->sa_family, bytes, connection->client, sizeof(connection->client)) == NULL) {
        (void)snprintf(connection->client, sizeof(connection->client), "unix");
    }
}

static void connection_opened(struct http_server *server, struct MHD_Connection *handle,
                              void **socket_ctx)
{
    struct http_connection *connection = calloc(1, sizeof(*connection));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
    int fd = info == NULL ? -1 : info->connect_fd;
    if (connection == NULL) {
        (void)shutdown(fd, SHUT_RDWR);
        return;
    }
    *connection = (struct http_connection){.server = server, .handle = handle, .fd = fd};
    connection->due_ms = loop_monotonic_ms() + server->options.request_timeout_ms;
    name_client(connection);
    int on = 1;
    int unacknowledged_ms = UNACKNOWLEDGED_MS;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
                     sizeof(on)); /* fails on unix sockets: no matter */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms,
                     sizeof(unacknowledged_ms));
    list_push_back(&server->connections, &connection->node);
    if (server->connection_count++ == 0) {
        loop_timer_after(server->sweep, SWEEP_MS);
    }
    *socket_ctx = connection;
}

static void connection_changed(void *ctx, struct MHD_Connection *handle, void **socket_ctx,
                               enum MHD_ConnectionNotificationCode what)
{
    struct http_server *server = ctx;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_opened(server, handle, socket_ctx);
        return;
    }
    struct http_connection *connection = *socket_ctx;
    if (connection != NULL) {
        list_remove(&connection->node);
        server->connection_count--;
        *socket_ctx = NULL;
        free(connection);
    }
}

static void request_completed(void *ctx, struct MHD_Connection *handle, void **request_ctx,
                              enum MHD_RequestTerminationCode why)
{
    struct http_server *server = ctx;
    struct http_request *request = *request_ctx;
    (void)handle;
    (void)why;
    if (request == NULL) {
        return;
    }
    sw_assert(request->state != REQUEST_WAITING && request->state != REQUEST_HANDLING);
    struct http_connection *connection = request->connection;
    connection->in_request = false;
    connection->has_asked = true;
    int64_t idle_ms = server->draining ? 0 : server->options.idle_timeout_ms;
    connection->due_ms = loop_monotonic_ms() + idle_ms;
    list_remove(&request->node);
    *request_ctx = NULL;
    http_request_free(request);
}

/* Whether the path fits the pattern; fills the request's params, whose values are copies. */
static bool match_pattern(const char *pattern, const char *path, struct http_request *request)
{
    request->param_count = 0;
    while (*pattern != '\0') {
        if (*pattern == '*') {
            request->params[request->param_count++] =
                (struct http_param){"*", 1, (char *)(uintptr_t)path};
            return true;
        }
        if (*pattern == ':') {
            const char *name = pattern + 1;
            pattern = strchrnul(pattern, '/');
            const char *end = strchrnul(path, '/');
            sw_assert(request->param_count < HTTP_PARAMS_MAX);
            if (end == path) {
                return false;
            }
            request->params[request->param_count++] =
                (struct http_param){name, (size_t)(pattern - name), (char *)(uintptr_t)path};
            path = end;
            continue;
        }
        if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* Gives the params copies of their own; they pointed into the path. */
static bool copy_params(struct http_request *request)
{
    bool good = true;
    for (size_t i = 0; i < request->param_count; i++) {
        struct http_param *param = &request->params[i];
        size_t len = param->name[0] == '*' ? strlen(param->value)
                                           : (size_t)(strchrnul(param->value, '/') - param->value);
        param->value = strndup(param->value, len);
        good = good && param->value != NULL;
    }
    return good;
}

static bool method_fits(const char *wanted, const char *method)
{
    return strcmp(wanted, method) == 0 ||
           (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

/* Finds the route; answers 0, or the status that refuses the request. */
static unsigned find_route(struct http_request *request)
{
    struct http_server *server = request->server;
    unsigned status = 404;
    for (size_t i = 0; i < server->route_count; i++) {
        const struct http_route *route = &server->routes[i];
        if (!match_pattern(route->pattern, request->path, request)) {
            continue;
        }
        if (method_fits(route->method, request->method)) {
            request->route = route;
            return copy_params(request) ? 0 : 503;
        }
        status = 405;
    }
    request->param_count = 0;
    return status;
}

static struct http_loaded_file *find_file(struct http_server *server, const char *path)
{
    for (size_t i = 0; i < server->file_count; i++) {
        if (strcmp(server->files[i].file.path, path) == 0) {
            return &server->files[i];
        }
    }
    return NULL;
}

static enum MHD_Result queue_answer(struct http_request *request)
{
    struct http_connection *connection = request->connection;
    if (request->response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result queued =
        MHD_queue_response(connection->handle, request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    request->state = REQUEST_SENT;
    connection->due_ms = loop_monotonic_ms() + request->server->options.request_timeout_ms;
    return queued;
}

/* Answers before the body: libmicrohttpd then closes the connection instead of reading it. */
static enum MHD_Result refuse(struct http_request *request, unsigned status)
{
    request->server->counts.not_found += status == 404 || status == 405;
    request->server->counts.too_large += status == 413;
    request->state = REQUEST_HANDLING;
    request->server->pending_count++;
    http_reply_text(request, status,
                    status == 404   ? "not found\n"
                    : status == 405 ? "method not allowed\n"
                    : status == 413 ? "too large\n"
                                    : "not available\n");
    return queue_answer(request);
}

static enum MHD_Result send_file(struct http_request *request, const struct http_loaded_file *file)
{
    const char *seen = http_header(request, "If-None-Match");
    bool same = seen != NULL && strstr(seen, file->etag) != NULL;
    request->state = REQUEST_SENT;
    return MHD_queue_response(request->connection->handle, same ? 304 : 200,
                              same ? file->not_modified : file->response);
}

static size_t body_max(const struct http_request *request)
{
    size_t own = request->route->body_max_bytes;
    return own > 0 ? own : request->server->options.body_max_bytes;
}

static bool announces_too_much(const struct http_request *request)
{
    const char *length = http_header(request, "Content-Length");
    int64_t bytes;
    return length != NULL && (!str_to_int64(str_of(length), 0, INT64_MAX, &bytes) ||
                              (uint64_t)bytes > body_max(request));
}

static enum MHD_Result begin(struct http_server *server, struct http_connection *connection,
                             const char *method, const char *path, void **ret_request)
{
    struct http_request *request = calloc(1, sizeof(*request));
    char *copy = strdup(path);
    if (request == NULL || copy == NULL) {
        free(request);
        free(copy);
        return MHD_NO;
    }
    request->magic = HTTP_REQUEST_MAGIC;
    request->server = server;
    request->connection = connection;
    request->method = method;
    request->path = copy;
    connection->in_request = true;
    server->counts.requests++;
    list_push_back(&server->requests, &request->node);
    *ret_request = request;
    request->file = method_fits("GET", method) ? find_file(server, path) : NULL;
    if (request->file != NULL) {
        return MHD_YES; /* answered now, the connection would be closed */
    }
    unsigned refusal = find_route(request);
    if (refusal == 0 && announces_too_much(request)) {
        refusal = 413;
    }
    if (refusal != 0) {
        return refuse(request, refusal);
    }
    buffer_init(&request->body, body_max(request));
    return MHD_YES;
}

static enum MHD_Result take_body(struct http_request *request, const char *bytes, size_t *size)
{
    buffer_add(&request->body, (struct str){bytes, *size});
    if (request->body.overflowed) {
        request->dropped_bytes += *size;
    }
    *size = 0;
    return request->dropped_bytes / DROPPED_FACTOR > request->body.max ? MHD_NO : MHD_YES;
}

static enum MHD_Result dispatch(struct http_request *request)
{
    if (request->file != NULL) {
        return send_file(request, request->file);
    }
    if (request->body.overflowed) {
        return refuse(request, 413);
    }
    request->state = REQUEST_HANDLING;
    request->server->pending_count++;
    request->connection->due_ms = INT64_MAX;
    request->route->handler(request, request->route->ctx);
    if (request->state == REQUEST_ANSWERED) {
        return queue_answer(request);
    }
    sw_assert(request->state == REQUEST_HANDLING);
    request->state = REQUEST_WAITING;
    MHD_suspend_connection(request->connection->handle);
    return MHD_YES;
}

static enum MHD_Result access_came(void *ctx, struct MHD_Connection *handle, const char *path,
                                   const char *method, const char *version, const char *bytes,
                                   size_t *size, void **request_ctx)
{
    struct http_server *server = ctx;
    struct http_request *request = *request_ctx;
    (void)version;
    if (request == NULL) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        struct http_connection *connection = info == NULL ? NULL : info->socket_context;
        return connection == NULL ? MHD_NO : begin(server, connection, method, path, request_ctx);
    }
    sw_assert(request->magic == HTTP_REQUEST_MAGIC);
    if (request->state == REQUEST_ANSWERED) {
        return queue_answer(request);
    }
    if (request->state != REQUEST_READING) {
        return MHD_YES;
    }
    return *size > 0 ? take_body(request, bytes, size) : dispatch(request);
}

static int start_daemon(struct http_server *server)
{
    /* libmicrohttpd writes its complaints to stderr only with MHD_USE_ERROR_LOG. */
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, access_came, server,
        MHD_OPTION_LISTEN_SOCKET, server->listen_fd, MHD_OPTION_NOTIFY_COMPLETED, request_completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server,
        MHD_OPTION_CONNECTION_LIMIT, server->options.connections_max,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, server->options.per_client_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_END);
    if (server->daemon == NULL) {
        return ERR_IO;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    sw_assert(info != NULL);
    int error = loop_hook_new(server->loop, run_daemon, server, &server->hook);
    if (error == 0) {
        error = loop_fd_new(server->loop, info->epoll_fd, epoll_ready, server, &server->watch);
    }
    if (error == 0) {
        error = loop_fd_want(server->watch, LOOP_READABLE);
    }
    if (error == 0) {
        error = loop_timer_new(server->loop, LOOP_MONOTONIC, sweep_fired, server, &server->sweep);
    }
    return error;
}

int http_server_new(struct loop *loop, const struct http_server_options *options,
                    struct http_server **ret_server)
{
    struct http_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return ERR_MEMORY;
    }
    server->loop = loop;
    server->options = *options;
    struct http_server_options *own = &server->options;
    own->body_max_bytes = own->body_max_bytes > 0 ? own->body_max_bytes : DEFAULT_BODY_MAX_BYTES;
    own->connections_max =
        own->connections_max > 0 ? own->connections_max : DEFAULT_CONNECTIONS_MAX;
    own->request_timeout_ms =
        own->request_timeout_ms > 0 ? own->request_timeout_ms : DEFAULT_REQUEST_TIMEOUT_MS;
    own->idle_timeout_ms =
        own->idle_timeout_ms > 0 ? own->idle_timeout_ms : DEFAULT_IDLE_TIMEOUT_MS;
    list_init(&server->connections);
    list_init(&server->requests);
    list_init(&server->streams);
    list_init(&server->ended);
    server->listen_fd = -1;
    int error = address_listen(&own->listen, BACKLOG, &server->listen_fd);
    if (error == 0) {
        error = address_of_socket(server->listen_fd, &server->address);
    }
    if (error == 0) {
        error = start_daemon(server);
    }
    if (error != 0) {
        http_server_free(server);
        return error;
    }
    *ret_server = server;
    return 0;
}

/* Every suspended connection must be resumed before libmicrohttpd may stop. */
static void release_all(struct http_server *server)
{
    struct list *next;
    for (struct list *at = server->requests.next; at != &server->requests; at = next) {
        next = at->next;
        struct http_request *request = LIST_ENTRY(at, struct http_request, node);
        if (request->state == REQUEST_WAITING) {
            http_reply_text(request, 503, "stopping\n");
        }
    }
    http_streams_close(server);
    (void)MHD_run(server->daemon);
    (void)MHD_run(server->daemon); /* the first one resumes, the second sends */
}

void http_server_free(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    loop_fd_free(server->watch);
    if (server->daemon != NULL) {
        release_all(server);
        MHD_stop_daemon(server->daemon);
        server->listen_fd = -1; /* it closed it */
        http_streams_reap(server);
    }
    if (server->listen_fd >= 0) {
        (void)close(server->listen_fd);
    }
    loop_hook_free(server->hook);
    loop_timer_free(server->sweep);
    for (size_t i = 0; i < server->file_count; i++) {
        MHD_destroy_response(server->files[i].response);
        MHD_destroy_response(server->files[i].not_modified);
    }
    if (server->address.is_unix) {
        (void)unlink(server->address.host);
    }
    free(server);
}

int http_server_route(struct http_server *server, const struct http_route *routes, size_t count)
{
    if (count > HTTP_ROUTES_MAX - server->route_count) {
        return ERR_FULL;
    }
    memcpy(&server->routes[server->route_count], routes, count * sizeof(*routes));
    server->route_count += count;
    return 0;
}

static void name_version(struct str body, char ret_etag[24])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a: it tells builds apart, no more */
    for (size_t i = 0; i < body.len; i++) {
        hash = (hash ^ (unsigned char)body.at[i]) * UINT64_C(0x100000001b3);
    }
    (void)snprintf(ret_etag, 24, "\"%016" PRIx64 "\"", hash);
}

static int load_file(const struct http_file *file, const char *cache, struct http_loaded_file *ret)
{
    struct http_loaded_file loaded = {.file = *file};
    name_version(file->body, loaded.etag);
    loaded.response = MHD_create_response_from_buffer(
        file->body.len, (void *)(uintptr_t)file->body.at, MHD_RESPMEM_PERSISTENT);
    loaded.not_modified = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (loaded.response == NULL || loaded.not_modified == NULL ||
        MHD_add_response_header(loaded.response, "Content-Type", file->content_type) != MHD_YES ||
        MHD_add_response_header(loaded.response, "ETag", loaded.etag) != MHD_YES ||
        MHD_add_response_header(loaded.not_modified, "ETag", loaded.etag) != MHD_YES ||
        MHD_add_response_header(loaded.response, "X-Content-Type-Options", "nosniff") != MHD_YES ||
        MHD_add_response_header(loaded.response, "Cache-Control", cache) != MHD_YES) {
        MHD_destroy_response(loaded.response);
        MHD_destroy_response(loaded.not_modified);
        return ERR_MEMORY;
    }
    *ret = loaded;
    return 0;
}

int http_server_files(struct http_server *server, const struct http_file *files, size_t count,
                      const char *cache)
{
    if (count > HTTP_FILES_MAX - server->file_count) {
        return ERR_FULL;
    }
    for (size_t i = 0; i < count; i++) {
        int error = load_file(&files[i], cache, &server->files[server->file_count]);
        if (error != 0) {
            return error;
        }
        server->file_count++;
    }
    return 0;
}

struct address http_server_address(const struct http_server *server)
{
    return server->address;
}

void http_server_drain(struct http_server *server)
{
    if (server->draining) {
        return;
    }
    server->draining = true;
    int fd = MHD_quiesce_daemon(server->daemon);
    if (fd >= 0) {
        (void)close(fd);
    }
    http_streams_close(server);
    for (struct list *at = server->connections.next; at != &server->connections; at = at->next) {
        struct http_connection *connection = LIST_ENTRY(at, struct http_connection, node);
        if (!connection->in_request) {
            (void)shutdown(connection->fd, SHUT_RDWR);
        }
    }
    server->run_wanted = true;
    loop_hook_kick(server->hook);
}

unsigned http_server_connections(const struct http_server *server)
{
    return server->connection_count;
}

unsigned http_server_pending(const struct http_server *server)
{
    return server->pending_count;
}

struct http_server_counts http_server_counts(const struct http_server *server)
{
    return server->counts;
}
