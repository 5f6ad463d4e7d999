/* swctl phone: the provider's HTTP side and the screens. phone_store.c keeps the messages, phone_calls.c answers. */
#include "ctl/phone.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/list.h"
#include "ctl/phone_calls.h"
#include "ctl/phone_store.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "wire/json.h"

extern const unsigned char phone_html[];
extern const size_t phone_html_size;
extern const unsigned char phone_js[];
extern const size_t phone_js_size;
extern const unsigned char phone_css[];
extern const size_t phone_css_size;

enum {
    STREAMS_MAX = 64,
    STREAM_QUEUE_BYTES = 1 << 20,
    LISTED_MAX = 500,
    LIST_MAX_BYTES = 8 << 20,
    ARENA_BYTES = 4 << 20,
    BODY_MAX_BYTES = 16 * 1024,
    DELIVERED_MS = 200,
    ANSWER_AFTER_MS = 3000
};

struct phone;

struct screen_stream {
    struct http_stream *stream; /* NULL: free */
    struct phone *phone;
};

/* An answer that waits for --delay. */
struct late_answer {
    struct list node;
    struct http_request *request;
    const struct phone_message *message;
    int64_t due_ms;
};

struct phone {
    struct loop *loop;
    struct http_server *server;
    struct phone_store *store;
    struct phone_calls *calls;
    struct arena arena; /* of one request */
    FILE *log;
    bool quota;
    bool hold;
    int64_t delay_ms;
    struct list late;
    struct loop_timer *late_timer;
    struct screen_stream streams[STREAMS_MAX];
    uint64_t sends;
    uint64_t repeats;
    uint64_t throttled;
    uint64_t held;
    uint64_t bad;
};

static void reply_message(struct phone *phone, struct http_request *request, unsigned status,
                          const ProtobufCMessage *message)
{
    struct str text;
    if (json_write_message(message, 0, &phone->arena, &text) != 0) {
        http_reply_text(request, 500, "out of memory\n");
        return;
    }
    http_reply_json(request, status, text);
}

static void reply_error(struct phone *phone, struct http_request *request, unsigned status,
                        const char *error)
{
    Shouwang__V1__ProviderAnswer answer = SHOUWANG__V1__PROVIDER_ANSWER__INIT;
    answer.error = (char *)(uintptr_t)error;
    reply_message(phone, request, status, &answer.base);
}

/* A member that a newer sender may add is skipped. */
static int skip_unknown(void *ctx, ProtobufCMessage *message, const char *name,
                        struct json_t *value, struct fault *ret_fault)
{
    (void)ctx;
    (void)message;
    (void)name;
    (void)value;
    (void)ret_fault;
    return 0;
}

/* The body as a message; NULL after a 400 was answered. */
static ProtobufCMessage *read_body(struct phone *phone, struct http_request *request,
                                   const ProtobufCMessageDescriptor *descriptor)
{
    const struct json_reader reader = {.unknown = skip_unknown};
    struct fault fault;
    struct json_t *json = NULL;
    arena_reset(&phone->arena);
    ProtobufCMessage *message = json_new_message(descriptor, &phone->arena);
    int error = message == NULL ? ERR_MEMORY : json_parse_text(http_body(request), &fault, &json);
    if (error == 0) {
        error = json_read_message(json, &reader, &phone->arena, &fault, message);
        json_drop(json);
    }
    if (error != 0) {
        phone->bad++;
        reply_error(phone, request, error == ERR_INVALID ? 400 : 503,
                    error == ERR_INVALID ? "not the JSON that is expected" : "out of memory");
        return NULL;
    }
    return message;
}

static void show(struct phone_message *message, void *ctx)
{
    struct phone *phone = ctx;
    struct str text;
    bool watched = false;
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        watched |= phone->streams[i].stream != NULL;
    }
    if (!watched || json_write_message(&message->record.base, 0, &phone->arena, &text) != 0) {
        return;
    }
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        if (phone->streams[i].stream != NULL) {
            /* A browser that is too slow is closed and comes again. */
            (void)!http_stream_send(phone->streams[i].stream, NULL, NULL, text);
        }
    }
}

static void write_log(struct phone *phone, const Shouwang__V1__ProviderSend *send, unsigned status,
                      const struct phone_message *message)
{
    if (phone->log == NULL) {
        return;
    }
    Shouwang__V1__ProviderLog line = SHOUWANG__V1__PROVIDER_LOG__INIT;
    struct str text;
    line.at = loop_utc_ms();
    line.notice_id = send->notice_id;
    line.channel = send->channel;
    line.to = send->to;
    line.person = send->person;
    line.role = send->role;
    line.text = send->text;
    line.answer = status;
    line.repeat = message != NULL && message->record.accepted_at == 0;
    line.message_id = message == NULL ? line.message_id : message->record.message_id;
    if (json_write_message(&line.base, 0, &phone->arena, &text) != 0) {
        return;
    }
    fprintf(phone->log, "%.*s\n", (int)text.len, text.at);
    (void)fflush(phone->log); /* a full disk shows in the checker */
}

static void reply_accepted(struct phone *phone, struct http_request *request,
                           const struct phone_message *message)
{
    Shouwang__V1__ProviderAnswer answer = SHOUWANG__V1__PROVIDER_ANSWER__INIT;
    answer.message_id = message->record.message_id;
    reply_message(phone, request, 200, &answer.base);
}

static void answer_late(void *ctx)
{
    struct phone *phone = ctx;
    int64_t now_ms = loop_monotonic_ms();
    while (!list_is_empty(&phone->late)) {
        struct late_answer *late = LIST_ENTRY(phone->late.next, struct late_answer, node);
        if (late->due_ms > now_ms) {
            loop_timer_set(phone->late_timer, late->due_ms);
            return;
        }
        list_remove(&late->node);
        arena_reset(&phone->arena);
        reply_accepted(phone, late->request, late->message);
        heap_free(late);
    }
}

static void accept(struct phone *phone, struct http_request *request,
                   const struct phone_message *message)
{
    struct late_answer *late = phone->delay_ms == 0 ? NULL : heap_alloc(sizeof(*late));
    if (late == NULL) {
        reply_accepted(phone, request, message);
        return;
    }
    *late = (struct late_answer){
        .request = request, .message = message, .due_ms = loop_monotonic_ms() + phone->delay_ms};
    list_push_back(&phone->late, &late->node);
    answer_late(phone);
}

static void post_send(struct http_request *request, void *ctx)
{
    struct phone *phone = ctx;
    ProtobufCMessage *body = read_body(phone, request, &shouwang__v1__provider_send__descriptor);
    if (body == NULL) {
        return;
    }
    const Shouwang__V1__ProviderSend *send = (const void *)body;
    const char *fault = phone_store_judge(send);
    if (fault != NULL) {
        phone->bad++;
        write_log(phone, send, 400, NULL);
        reply_error(phone, request, 400, fault);
        return;
    }
    struct phone_message *message = phone_store_find(phone->store, str_of(send->notice_id));
    phone->sends++;
    if (message != NULL) {
        phone->repeats++;
        struct phone_message seen = *message;
        seen.record.accepted_at = 0; /* tells the log that it is a repeat */
        write_log(phone, send, 200, &seen);
        accept(phone, request, message);
        return;
    }
    if (phone->hold) {
        phone->held++;
        write_log(phone, send, 503, NULL);
        reply_error(phone, request, 503, "holding");
        return;
    }
    int64_t wait_ms = phone->quota ? phone_store_quota_ms(phone->store, send, loop_utc_ms()) : 0;
    if (wait_ms > 0) {
        Shouwang__V1__ProviderAnswer answer = SHOUWANG__V1__PROVIDER_ANSWER__INIT;
        answer.retry_after_ms = wait_ms;
        phone->throttled++;
        write_log(phone, send, 429, NULL);
        reply_message(phone, request, 429, &answer.base);
        return;
    }
    if (phone_store_add(phone->store, send, loop_utc_ms(), &message) != 0) {
        write_log(phone, send, 503, NULL);
        reply_error(phone, request, 503, "full");
        return;
    }
    write_log(phone, send, 200, message);
    phone_calls_accepted(phone->calls, message);
    accept(phone, request, message);
    show(message, phone);
}

static void post_press(struct http_request *request, void *ctx)
{
    struct phone *phone = ctx;
    ProtobufCMessage *body = read_body(phone, request, &shouwang__v1__provider_message__descriptor);
    if (body == NULL) {
        return;
    }
    const Shouwang__V1__ProviderMessage *press = (const void *)body;
    struct phone_message *message = phone_store_find(phone->store, str_of(press->notice_id));
    if (message == NULL) {
        reply_error(phone, request, 404, "no such message");
        return;
    }
    if (strlen(press->digits) > 8 ||
        strspn(press->digits, "0123456789*#") != strlen(press->digits)) {
        reply_error(phone, request, 400, "digits are not keys");
        return;
    }
    int error = phone_calls_press(phone->calls, message, press->state, press->digits);
    if (error != 0) {
        reply_error(phone, request, error == ERR_ILLEGAL ? 409 : 503, "answered already");
        return;
    }
    arena_reset(&phone->arena);
    reply_message(phone, request, 200, &message->record.base);
}

static void get_message(struct http_request *request, void *ctx)
{
    struct phone *phone = ctx;
    const struct phone_message *message =
        phone_store_find(phone->store, str_of(http_param(request, "id")));
    arena_reset(&phone->arena);
    if (message == NULL) {
        reply_error(phone, request, 404, "no such message");
        return;
    }
    reply_message(phone, request, 200, &message->record.base);
}

static bool is_on_screen(const struct phone_message *message, const char *screen)
{
    return screen == NULL || strcmp(message->record.person, screen) == 0 ||
           strcmp(message->record.to, screen) == 0;
}

/* The newest ones, oldest first: all, or those of one screen. */
static void get_messages(struct http_request *request, void *ctx)
{
    struct phone *phone = ctx;
    const char *screen = http_query(request, "screen");
    size_t first = phone_store_count(phone->store);
    size_t listed = 0;
    while (first > 0 && listed < LISTED_MAX) {
        first--;
        listed += is_on_screen(phone_store_at(phone->store, first), screen);
    }
    struct buffer text;
    buffer_init(&text, LIST_MAX_BYTES);
    buffer_add_text(&text, "[");
    for (size_t i = first; i < phone_store_count(phone->store); i++) {
        const struct phone_message *message = phone_store_at(phone->store, i);
        struct str json;
        arena_reset(&phone->arena);
        if (is_on_screen(message, screen) &&
            json_write_message(&message->record.base, 0, &phone->arena, &json) == 0) {
            buffer_add_text(&text, text.len > 1 ? ",\n" : "");
            buffer_add(&text, json);
        }
    }
    buffer_add_text(&text, "]\n");
    http_reply_json(request, text.overflowed ? 500 : 200, buffer_str(&text));
    buffer_fini(&text);
}

static void get_counts(struct http_request *request, void *ctx)
{
    struct phone *phone = ctx;
    struct phone_calls_counts calls = phone_calls_counts(phone->calls);
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "{\"accepted\": %zu, \"sends\": %" PRIu64 ", \"repeats\": %" PRIu64
                   ", \"throttled\": %" PRIu64 ", \"held\": %" PRIu64 ", \"bad\": %" PRIu64
                   ", \"callbacks_taken\": %" PRIu64 ", \"callbacks_refused\": %" PRIu64
                   ", \"callbacks_given_up\": %" PRIu64 ", \"callbacks_waiting\": %" PRIu64 "}\n",
                   phone_store_count(phone->store), phone->sends, phone->repeats, phone->throttled,
                   phone->held, phone->bad, calls.taken, calls.refused, calls.given_up,
                   calls.waiting);
    http_reply_json(request, 200, str_of(text));
}

static void post_hold(struct http_request *request, void *ctx)
{
    struct phone *phone = ctx;
    phone->hold = strcmp(http_path(request), "/v1/hold") == 0;
    http_reply_json(request, 200,
                    phone->hold ? STR_LITERAL("{\"hold\": true}\n")
                                : STR_LITERAL("{\"hold\": false}\n"));
}

static void stream_ended(struct http_stream *stream, void *ctx)
{
    struct screen_stream *slot = ctx;
    (void)stream;
    slot->stream = NULL;
}

static void get_events(struct http_request *request, void *ctx)
{
    struct phone *phone = ctx;
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        struct screen_stream *slot = &phone->streams[i];
        if (slot->stream == NULL) {
            slot->phone = phone;
            slot->stream = http_stream_open(request, STREAM_QUEUE_BYTES, stream_ended, slot);
            return;
        }
    }
    http_reply_text(request, 503, "too many screens\n");
}

static void get_page(struct http_request *request, void *ctx)
{
    (void)ctx;
    http_reply(request,
               &(const struct http_answer){.status = 200,
                                           .content_type = "text/html; charset=utf-8",
                                           .body = {(const char *)phone_html, phone_html_size}});
}

static int open_server(struct phone *phone, const struct address *listen)
{
    const struct http_route routes[] = {
        {"POST", "/v1/send", post_send, phone, 0},
        {"GET", "/v1/messages", get_messages, phone, 0},
        {"GET", "/v1/messages/:id", get_message, phone, 0},
        {"POST", "/v1/press", post_press, phone, 0},
        {"POST", "/v1/hold", post_hold, phone, 0},
        {"POST", "/v1/release", post_hold, phone, 0},
        {"GET", "/v1/counts", get_counts, phone, 0},
        {"GET", "/events", get_events, phone, 0},
        {"GET", "/", get_page, phone, 0},
        {"GET", "/person/*", get_page, phone, 0},
    };
    static struct http_file files[2];
    files[0] = (struct http_file){
        "/phone.js", "text/javascript; charset=utf-8", {(const char *)phone_js, phone_js_size}};
    files[1] = (struct http_file){
        "/phone.css", "text/css; charset=utf-8", {(const char *)phone_css, phone_css_size}};
    const struct http_server_options options = {.listen = *listen,
                                                .body_max_bytes = BODY_MAX_BYTES};
    int error = http_server_new(phone->loop, &options, &phone->server);
    if (error == 0) {
        error = http_server_route(phone->server, routes, sizeof(routes) / sizeof(routes[0]));
    }
    return error == 0 ? http_server_files(phone->server, files, 2, "no-cache") : error;
}

static void stop(void *ctx)
{
    struct phone *phone = ctx;
    loop_stop(phone->loop);
}

/* What the options say; false after a complaint. */
struct wishes {
    struct address listen;
    struct phone_calls_options calls;
};

static bool take_duration(struct ctl *ctl, const char *name, int64_t initial_ms, int64_t *ret_ms)
{
    const char *text = ctl_option(ctl, name);
    *ret_ms = initial_ms;
    if (text == NULL || str_to_duration_ms(str_of(text), ret_ms)) {
        return true;
    }
    (void)ctl_fail(CTL_USAGE, "%s: expected a duration such as 250ms, 3s", name);
    return false;
}

static bool take_switch(struct ctl *ctl, const char *name, bool *ret_on)
{
    const char *text = ctl_option(ctl, name);
    *ret_on = text == NULL || strcmp(text, "on") == 0;
    if (*ret_on || strcmp(text, "off") == 0) {
        return true;
    }
    (void)ctl_fail(CTL_USAGE, "%s: expected on or off", name);
    return false;
}

static bool take_rate(struct ctl *ctl, unsigned *ret_per_mille)
{
    const char *text = ctl_option(ctl, "--answer-rate");
    char *end = NULL;
    double rate = text == NULL ? 0 : strtod(text, &end);
    if (text != NULL && (end == text || *end != '\0' || !(rate >= 0 && rate <= 1))) {
        (void)ctl_fail(CTL_USAGE, "--answer-rate: expected a number from 0 to 1");
        return false;
    }
    *ret_per_mille = (unsigned)(rate * 1000 + 0.5);
    return true;
}

static bool take_options(struct ctl *ctl, struct phone *phone, struct wishes *wishes)
{
    const char *listen = ctl_option(ctl, "--listen");
    bool receipts = true;
    if (listen != NULL && address_parse(str_of(listen), &wishes->listen) != 0) {
        (void)ctl_fail(CTL_USAGE, "--listen: expected an address such as 127.0.0.1:8090");
        return false;
    }
    if (!take_switch(ctl, "--quota", &phone->quota) || !take_switch(ctl, "--receipts", &receipts) ||
        !take_duration(ctl, "--delay", 0, &phone->delay_ms) ||
        !take_duration(ctl, "--answer-after", ANSWER_AFTER_MS, &wishes->calls.answer_after_ms) ||
        !take_rate(ctl, &wishes->calls.answer_per_mille)) {
        return false;
    }
    wishes->calls.delivered_ms = receipts ? DELIVERED_MS : -1;
    wishes->calls.url = ctl_option(ctl, "--callbacks");
    wishes->calls.moved = show;
    wishes->calls.ctx = phone;
    phone->hold = ctl_option(ctl, "--hold") != NULL;
    const char *log = ctl_option(ctl, "--log");
    phone->log = log == NULL ? NULL : fopen(log, "ae");
    if (log != NULL && phone->log == NULL) {
        (void)ctl_fail(CTL_USAGE, "--log: %s: %s", log, strerror(errno));
        return false;
    }
    return true;
}

static int open_phone(struct phone *phone, const struct wishes *wishes)
{
    list_init(&phone->late);
    arena_init(&phone->arena, ARENA_BYTES);
    phone->store = phone_store_new();
    int error = phone->store == NULL ? ERR_MEMORY : loop_new(&phone->loop);
    if (error == 0) {
        error = loop_timer_new(phone->loop, LOOP_MONOTONIC, answer_late, phone, &phone->late_timer);
    }
    if (error == 0) {
        error = phone_calls_new(phone->loop, &wishes->calls, &phone->calls);
    }
    if (error == 0) {
        error = loop_on_signals(phone->loop, stop, NULL, phone);
    }
    return error == 0 ? open_server(phone, &wishes->listen) : error;
}

static void close_phone(struct phone *phone)
{
    http_server_free(phone->server);
    phone_calls_free(phone->calls);
    loop_timer_free(phone->late_timer);
    while (phone->late.next != NULL && !list_is_empty(&phone->late)) {
        heap_free(LIST_ENTRY(list_pop_front(&phone->late), struct late_answer, node));
    }
    loop_free(phone->loop);
    phone_store_free(phone->store);
    arena_fini(&phone->arena);
    if (phone->log != NULL) {
        (void)fclose(phone->log);
    }
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct phone phone = {.quota = true};
    struct wishes wishes = {.listen = {.host = "127.0.0.1", .port = 8090}};
    if (!take_options(ctl, &phone, &wishes)) {
        return CTL_USAGE;
    }
    int error = open_phone(&phone, &wishes);
    enum ctl_exit code = CTL_OK;
    if (error != 0) {
        code = ctl_fail(CTL_UNAVAILABLE, "the phones cannot listen: %s", error_text(error));
    } else {
        struct address address = http_server_address(phone.server);
        char text[ADDRESS_HOST_MAX + 16];
        address_format(&address, text, sizeof(text));
        ctl_say(ctl->json ? "{\"listening\": \"http://%s\"}" : "pretend phones: http://%s/", text);
        (void)fflush(stdout);
        loop_run(phone.loop);
    }
    close_phone(&phone);
    return code;
}

static const struct ctl_option options[] = {
    {"--listen", "ADDRESS", "where to listen (127.0.0.1:8090)"},
    {"--callbacks", "URL", "the notifier's /v1/callbacks; without it nobody is told of answers"},
    {"--quota", "on|off", "one call a minute and one SMS a second to one address (on)"},
    {"--receipts", "on|off", "tell by itself that a message was delivered (on)"},
    {"--delay", "DURATION", "answer each send only after that (0s)"},
    {"--hold", NULL, "accept nothing until POST /v1/release"},
    {"--answer-rate", "0..1", "which part of the calls that want a key is answered by itself (0)"},
    {"--answer-after", "DURATION", "when such a call is answered (3s)"},
    {"--log", "FILE", "append every send as a JSON line"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_phone = {
    .name = "phone",
    .arguments = "",
    .help = "Run the pretend phones: a provider of every channel, with a screen per person.",
    .options = options,
    .run = run,
};
