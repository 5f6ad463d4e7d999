#include "wire/provider.h"

#include <jansson.h>
#include <string.h>

#include "base/assert.h"
#include "wire/json.h"

static void *arena_copy_dump(struct arena *arena, const json_t *json, size_t *ret_len)
{
    size_t len = json_dumpb(json, NULL, 0, JSON_COMPACT);
    char *bytes = len > 0 ? arena_alloc(arena, len) : NULL;
    if (bytes != NULL) {
        *ret_len = json_dumpb(json, bytes, len, JSON_COMPACT);
    }
    return bytes;
}

/* False: the text is not UTF-8, or memory is out. */
static bool add_text(json_t *json, const char *name, struct str text)
{
    return json_object_set_new(json, name, json_stringn(text.len == 0 ? "" : text.at, text.len)) ==
           0;
}

int provider_encode(const struct provider_message *message, struct arena *arena,
                    struct str *ret_json)
{
    sw_assert(ret_json != NULL);
    json_t *json = json_object();
    if (!add_text(json, "notice_id", message->notice_id) || !add_text(json, "ref", message->ref) ||
        !add_text(json, "channel", message->channel) || !add_text(json, "to", message->to) ||
        !add_text(json, "text", message->text) || !add_text(json, "keys", message->keys) ||
        !add_text(json, "person", message->person) || !add_text(json, "role", message->role)) {
        json_drop(json);
        return ERR_INVALID;
    }
    size_t len = 0;
    const char *bytes = arena_copy_dump(arena, json, &len);
    json_drop(json);
    if (bytes == NULL) {
        return ERR_MEMORY;
    }
    *ret_json = (struct str){bytes, len};
    return 0;
}

/* A text member as a copy, cut to `max`; empty where there is none. */
static struct str take_text(const json_t *object, const char *name, size_t max, struct arena *arena)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_string(member)) {
        return STR_LITERAL("");
    }
    size_t len = json_string_length(member);
    struct str copy =
        arena_copy_str(arena, (struct str){json_string_value(member), len < max ? len : max});
    return copy.at != NULL ? copy : STR_LITERAL("");
}

struct provider_reply provider_decode_reply(struct str body, struct arena *arena)
{
    struct provider_reply reply = {STR_LITERAL(""), -1};
    struct fault fault;
    json_t *json = NULL;
    if (body.len == 0 || body.len > PROVIDER_BODY_MAX_BYTES ||
        json_parse_text(body, &fault, &json) != 0) {
        return reply;
    }
    reply.message_id = take_text(json, "message_id", PROVIDER_MESSAGE_ID_MAX_BYTES, arena);
    const json_t *wait = json_object_get(json, "retry_after_ms");
    if (json_is_integer(wait) && json_integer_value(wait) >= 0) {
        reply.retry_after_ms = json_integer_value(wait);
    }
    json_drop(json);
    return reply;
}

/* A text member within its bound, or none where it may be left out. */
static bool read_text(const json_t *object, const char *name, size_t max, struct arena *arena,
                      struct str *ret_text)
{
    const json_t *member = json_object_get(object, name);
    if (member == NULL || json_is_null(member)) {
        *ret_text = STR_LITERAL("");
        return true;
    }
    if (!json_is_string(member) || json_string_length(member) > max) {
        return false;
    }
    *ret_text = take_text(object, name, max, arena);
    return true;
}

static bool digits_are_keys(struct str digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.at[i];
        if (!((c >= '0' && c <= '9') || c == '*' || c == '#')) {
            return false;
        }
    }
    return true;
}

static int read_callback(const json_t *json, struct arena *arena, struct fault *ret_fault,
                         struct provider_callback *callback)
{
    if (!json_is_object(json)) {
        return fault_set(ret_fault, REJECT_BAD_TYPE, "", FAULT_NO_BYTE);
    }
    if (!read_text(json, "ref", PROVIDER_REF_MAX_BYTES, arena, &callback->ref) ||
        callback->ref.len == 0) {
        return fault_set(ret_fault, REJECT_MISSING, "/ref", FAULT_NO_BYTE);
    }
    if (!read_text(json, "state", 32, arena, &callback->state)) {
        return fault_set(ret_fault, REJECT_BAD_TYPE, "/state", FAULT_NO_BYTE);
    }
    if (!read_text(json, "message_id", PROVIDER_MESSAGE_ID_MAX_BYTES, arena,
                   &callback->message_id)) {
        return fault_set(ret_fault, REJECT_TOO_LONG, "/message_id", FAULT_NO_BYTE);
    }
    if (!read_text(json, "digits", PROVIDER_DIGITS_MAX_BYTES, arena, &callback->digits) ||
        !digits_are_keys(callback->digits)) {
        return fault_set(ret_fault, REJECT_BAD_CHARACTER, "/digits", FAULT_NO_BYTE);
    }
    const json_t *at = json_object_get(json, "at");
    if (json_is_integer(at) && json_integer_value(at) >= 0) {
        callback->at_ms = json_integer_value(at);
    }
    if (json_is_string(at) &&
        !json_parse_time((struct str){json_string_value(at), json_string_length(at)},
                         &callback->at_ms)) {
        return fault_set(ret_fault, REJECT_BAD_TIME, "/at", FAULT_NO_BYTE);
    }
    return 0;
}

int provider_decode_callback(struct str body, struct arena *arena, struct fault *ret_fault,
                             struct provider_callback *ret_callback)
{
    struct provider_callback callback = {.at_ms = 0};
    json_t *json = NULL;
    if (body.len > PROVIDER_BODY_MAX_BYTES) {
        return fault_set(ret_fault, REJECT_TOO_LARGE, "", FAULT_NO_BYTE);
    }
    int error = json_parse_text(body, ret_fault, &json);
    if (error != 0) {
        return error;
    }
    error = read_callback(json, arena, ret_fault, &callback);
    json_drop(json);
    if (error == 0) {
        *ret_callback = callback;
    }
    return error;
}
