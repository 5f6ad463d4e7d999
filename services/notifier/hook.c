#include "notifier/hook.h"

#include <stdio.h>
#include <string.h>

#include <shouwang/v1/callback.pb-c.h>

#include "base/heap.h"
#include "io/log.h"
#include "io/token.h"
#include "shell/envelope.h"
#include "wire/decode.h"
#include "wire/provider.h"

static void reply(struct notifier *notifier, struct http_request *request, unsigned status,
                  const char *reason)
{
    char text[8];
    char json[64];
    (void)snprintf(text, sizeof(text), "%u", status);
    counters_add(&notifier->counters, COUNTER_CALLBACKS, text, NULL);
    if (status == 204) {
        http_reply(request, &(struct http_answer){.status = status});
        return;
    }
    (void)snprintf(json, sizeof(json), "{\"error\":\"%s\"}", reason);
    http_reply_json(request, status, str_of(json));
}

/* The one thing the answer needs: the request carries nothing else of ours. */
struct pending {
    struct list node; /* in notifier->hooks */
    struct notifier *notifier;
    struct http_request *request;
};

static void produced(void *ctx, int error, int32_t partition, int64_t offset)
{
    struct pending *pending = ctx;
    (void)partition;
    (void)offset;
    if (error != 0) {
        log_warn("callback_not_taken", log_error_code("why", error));
    }
    reply(pending->notifier, pending->request, error == 0 ? 204 : 503, "kafka");
    list_remove(&pending->node);
    heap_free(pending);
}

void hook_free_all(struct notifier *notifier)
{
    for (struct list *node = list_pop_front(&notifier->hooks); node != NULL;
         node = list_pop_front(&notifier->hooks)) {
        heap_free(LIST_ENTRY(node, struct pending, node));
    }
}

/* A copy with a NUL, for a generated struct that writes nothing through it. */
static char *text_of(struct arena *arena, struct str text)
{
    struct str copy = arena_copy_str(arena, text);
    char *bytes = NULL;
    if (copy.at != NULL) {
        memcpy(&bytes, &copy.at, sizeof(bytes));
    }
    return bytes;
}

static int encode(struct notifier *notifier, const struct provider_callback *said,
                  struct token_notice *token, struct str *ret_value)
{
    struct arena *arena = &notifier->arena;
    Shouwang__V1__Callback record = SHOUWANG__V1__CALLBACK__INIT;
    record.notice_id = (ProtobufCBinaryData){IDENT_BYTES, token->notice_id.bytes};
    record.case_id = (ProtobufCBinaryData){IDENT_BYTES, token->case_id.bytes};
    record.unit = text_of(arena, token->unit);
    record.person = text_of(arena, token->person);
    record.role = text_of(arena, token->role);
    record.digits = text_of(arena, said->digits);
    record.message_id = text_of(arena, said->message_id);
    record.state = (Shouwang__V1__NoticeState)notice_word(said->state, said->digits);
    record.at_ms = said->at_ms;
    record.channel = (Shouwang__V1__Channel)token->channel;
    if (record.unit == NULL || record.person == NULL || record.role == NULL ||
        record.digits == NULL || record.message_id == NULL) {
        return ERR_MEMORY;
    }
    return encode_message(&record.base, arena, ret_value);
}

static int produce(struct notifier *notifier, const struct token_notice *token, struct str value,
                   struct pending *pending)
{
    char id[IDENT_TEXT_BYTES];
    char drawn[8 * 2 + 1];
    char full[IDENT_TEXT_BYTES + sizeof(drawn) + 1];
    uint8_t random[8];
    struct envelope_room room;
    struct kafka_output output;
    seal_random(random, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++) {
        (void)snprintf(drawn + 2 * i, 3, "%02x", random[i]);
    }
    ident_format(token->notice_id, id);
    (void)snprintf(full, sizeof(full), "%s-%s", id, drawn);
    const struct envelope envelope = {.topic = TOPIC_CALLBACKS,
                                      .unit = token->unit,
                                      .source = NOTIFIER_SOURCE,
                                      .kind = STR_LITERAL("provider"),
                                      .id = str_of(full),
                                      .at_ms = loop_utc_ms()};
    envelope_output(&envelope, value, &room, &output);
    return kafka_produce(notifier->producer, &output, produced, pending);
}

static void pass_on(struct notifier *notifier, struct http_request *request,
                    const struct provider_callback *said, struct token_notice *token)
{
    struct str value;
    struct pending *pending = heap_alloc(sizeof(*pending));
    if (pending == NULL || encode(notifier, said, token, &value) != 0) {
        heap_free(pending);
        reply(notifier, request, 503, "memory");
        return;
    }
    *pending = (struct pending){.notifier = notifier, .request = request};
    list_push_back(&notifier->hooks, &pending->node);
    if (produce(notifier, token, value, pending) != 0) {
        list_remove(&pending->node);
        heap_free(pending);
        reply(notifier, request, 503, "kafka");
    }
}

static void callback(struct http_request *request, void *ctx)
{
    struct notifier *notifier = ctx;
    struct provider_callback said;
    struct token_notice token;
    struct fault fault;
    arena_reset(&notifier->arena);
    if (!kafka_producer_is_up(notifier->producer)) {
        reply(notifier, request, 503, "kafka");
        return;
    }
    if (provider_decode_callback(http_body(request), &notifier->arena, &fault, &said) != 0) {
        reply(notifier, request, 400, reject_reason_code(fault.reason));
        return;
    }
    int error = token_read_notice(notifier->keyring, TOKEN_NOTICE, said.ref, loop_utc_ms(), &token);
    if (error != 0) {
        reply(notifier, request, error == ERR_TIMEOUT ? 410 : 403,
              error == ERR_TIMEOUT ? "expired" : "bad_reference");
    } else if (notice_word(said.state, said.digits) == CASE_DELIVERY_NONE) {
        reply(notifier, request, 400, "unknown_value");
    } else {
        pass_on(notifier, request, &said, &token);
    }
}

int hook_add_route(struct notifier *notifier)
{
    const struct http_route route = {.method = "POST",
                                     .pattern = "/v1/callbacks",
                                     .handler = callback,
                                     .ctx = notifier,
                                     .body_max_bytes = PROVIDER_BODY_MAX_BYTES};
    return http_server_route(notifier->server, &route, 1);
}
