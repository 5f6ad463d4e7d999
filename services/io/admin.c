/* The admin page: one table of routes over the HTTP server, one table of "show" rows that services extend. */
#include "io/admin.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/log.h"

enum { SHOWS_MAX = 32, TEXT_MAX_BYTES = 4 * 1024 * 1024, CONNECTIONS_MAX = 64 };

struct admin {
    struct admin_options options;
    struct http_server *server;
    struct admin_show shows[SHOWS_MAX];
    size_t show_count;
};

static void reply_buffer(struct http_request *request, unsigned status, struct buffer *text)
{
    if (text->overflowed) {
        http_reply_text(request, 500, "the answer is larger than its bound\n");
    } else {
        http_reply(request, &(const struct http_answer){.status = status,
                                                        .content_type = "text/plain; charset=utf-8",
                                                        .body = buffer_str(text)});
    }
    buffer_fini(text);
}

static void get_metrics(struct http_request *request, void *ctx)
{
    struct admin *admin = ctx;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    metrics_expose(admin->options.metrics, &text);
    if (text.overflowed) {
        reply_buffer(request, 500, &text);
        return;
    }
    http_reply(request, &(const struct http_answer){.status = 200,
                                                    .content_type = "text/plain; version=0.0.4",
                                                    .body = buffer_str(&text)});
    buffer_fini(&text);
}

static void get_health(struct http_request *request, void *ctx)
{
    (void)ctx;
    http_reply_text(request, 200, "ok\n");
}

static void get_ready(struct http_request *request, void *ctx)
{
    struct admin *admin = ctx;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    admin->options.unready(&text, admin->options.ctx);
    bool ready = text.len == 0;
    if (ready) {
        buffer_add_text(&text, "ready\n");
    }
    reply_buffer(request, ready ? 200 : 503, &text);
}

static void show(struct admin *admin, struct http_request *request, const char *argument)
{
    const char *name = http_param(request, "what");
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    bool found = false;
    int error = 0;
    for (size_t i = 0; error == 0 && i < admin->show_count; i++) {
        const struct admin_show *row = &admin->shows[i];
        if (strcmp(row->name, name) == 0) {
            found = true;
            error = row->show(argument, &text, row->ctx);
        }
    }
    if (error != 0) {
        buffer_clear(&text);
        buffer_format(&text, "%s\n", error_text(error));
    } else if (!found) {
        buffer_add_text(&text, "no such thing to show; see /help\n");
    }
    bool missing = !found || error == ERR_NOT_FOUND;
    reply_buffer(request, missing ? 404 : error != 0 ? 400 : 200, &text);
}

static void get_show(struct http_request *request, void *ctx)
{
    show(ctx, request, "");
}

static void get_show_one(struct http_request *request, void *ctx)
{
    show(ctx, request, http_param(request, "*"));
}

static void post_log(struct http_request *request, void *ctx)
{
    (void)ctx;
    struct str body = http_body(request);
    while (body.len > 0 && (body.at[body.len - 1] == '\n' || body.at[body.len - 1] == '\r')) {
        body.len--;
    }
    enum log_level level;
    if (!log_level_parse(body, &level)) {
        http_reply_text(request, 400, "expected debug, info, warn or error\n");
        return;
    }
    log_set_level(level);
    http_reply_text(request, 200, "ok\n");
}

static void post_drain(struct http_request *request, void *ctx)
{
    struct admin *admin = ctx;
    http_reply_text(request, 202, "draining\n");
    admin->options.drain(admin->options.ctx);
}

static void get_help(struct http_request *request, void *ctx)
{
    struct admin *admin = ctx;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_add_text(&text, "GET  /metrics\nGET  /healthz\nGET  /readyz\nPOST /set/log   body: "
                           "debug, info, warn or error\nPOST /drain\n");
    for (size_t i = 0; i < admin->show_count; i++) {
        buffer_format(&text, "GET  /show/%s   %s\n", admin->shows[i].name, admin->shows[i].help);
    }
    reply_buffer(request, 200, &text);
}

static int show_config(const char *argument, struct buffer *ret_text, void *ctx)
{
    struct admin *admin = ctx;
    (void)argument;
    config_dump(*admin->options.config, ret_text);
    return 0;
}

static bool names_any(struct str line, const char *const *words)
{
    const char *end = memchr(line.at, ' ', line.len);
    size_t len = end == NULL ? line.len : (size_t)(end - line.at);
    for (; *words != NULL; words++) {
        if (memmem(line.at, len, *words, strlen(*words)) != NULL) {
            return true;
        }
    }
    return false;
}

/* The samples of /metrics without their help, of the metrics whose name has one of the words. */
static void show_samples(struct admin *admin, const char *const *words, struct buffer *ret_text)
{
    struct buffer all;
    buffer_init(&all, TEXT_MAX_BYTES);
    metrics_expose(admin->options.metrics, &all);
    struct str rest = buffer_str(&all);
    while (rest.len > 0) {
        const char *end = memchr(rest.at, '\n', rest.len);
        struct str line = {rest.at, end == NULL ? rest.len : (size_t)(end - rest.at) + 1};
        if (rest.at[0] != '#' && names_any(line, words)) {
            buffer_add(ret_text, line);
        }
        rest = (struct str){rest.at + line.len, rest.len - line.len};
    }
    buffer_fini(&all);
}

static int show_counters(const char *argument, struct buffer *ret_text, void *ctx)
{
    static const char *const all[] = {"", NULL};
    (void)argument;
    show_samples(ctx, all, ret_text);
    return 0;
}

static int show_queues(const char *argument, struct buffer *ret_text, void *ctx)
{
    static const char *const queues[] = {"queue", "pending", "in_flight", "lag", NULL};
    (void)argument;
    show_samples(ctx, queues, ret_text);
    return 0;
}

int admin_add(struct admin *admin, const struct admin_show *rows, size_t count)
{
    if (count > SHOWS_MAX - admin->show_count) {
        return ERR_FULL;
    }
    memcpy(&admin->shows[admin->show_count], rows, count * sizeof(*rows));
    admin->show_count += count;
    return 0;
}

static int add_own(struct admin *admin)
{
    const struct http_route routes[] = {
        {"GET", "/metrics", get_metrics, admin, 0},
        {"GET", "/healthz", get_health, admin, 0},
        {"GET", "/readyz", get_ready, admin, 0},
        {"GET", "/help", get_help, admin, 0},
        {"GET", "/show/:what", get_show, admin, 0},
        {"GET", "/show/:what/*", get_show_one, admin, 0},
        {"POST", "/set/log", post_log, admin, 64},
        {"POST", "/drain", post_drain, admin, 64},
    };
    const struct admin_show shows[] = {
        {"config", "the configuration in force, secrets hidden", show_config, admin},
        {"counters", "every counter, gauge and histogram", show_counters, admin},
        {"queues", "the gauges named queue, pending, in_flight or lag", show_queues, admin},
    };
    int error = http_server_route(admin->server, routes, sizeof(routes) / sizeof(routes[0]));
    return error == 0 ? admin_add(admin, shows, sizeof(shows) / sizeof(shows[0])) : error;
}

int admin_new(struct loop *loop, const struct admin_options *options, struct admin **ret_admin)
{
    struct admin *admin = calloc(1, sizeof(*admin));
    if (admin == NULL) {
        return ERR_MEMORY;
    }
    admin->options = *options;
    const struct http_server_options server = {.listen = options->listen,
                                               .connections_max = CONNECTIONS_MAX};
    int error = http_server_new(loop, &server, &admin->server);
    if (error == 0) {
        error = add_own(admin);
    }
    if (error != 0) {
        admin_free(admin);
        return error;
    }
    *ret_admin = admin;
    return 0;
}

void admin_free(struct admin *admin)
{
    if (admin != NULL) {
        http_server_free(admin->server);
        free(admin);
    }
}

struct address admin_address(const struct admin *admin)
{
    return http_server_address(admin->server);
}
