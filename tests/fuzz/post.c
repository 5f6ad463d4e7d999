/* The body of POST /v1/events, one structured CloudEvent or a batch: read, resolved and sealed by a made-up port, checked,
 * written, and read again as triage does. */
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/event.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS INT64_C(1795478400000)

static int identify(void *ctx, struct str unit, struct str identifier, struct arena *arena,
                    struct str *ret_ref, bool *ret_unresolved)
{
    (void)ctx;
    (void)unit;
    (void)arena;
    *ret_unresolved = identifier.len % 2 == 0;
    *ret_ref = *ret_unresolved ? STR_LITERAL("u-hash") : STR_LITERAL("p-1");
    return 0;
}

static bool is_known(void *ctx, struct str unit, struct str ref)
{
    (void)ctx;
    (void)unit;
    return str_is(ref, "p-1");
}

static void digest(void *ctx, struct str body, uint8_t ret_digest[IDENT_BYTES])
{
    (void)ctx;
    memset(ret_digest, (int)(body.len & 0x7f), IDENT_BYTES);
}

static int seal(void *ctx, Shouwang__V1__KeyClass key_class, struct str unit, struct str erasure_id,
                struct str clear, struct arena *arena, Shouwang__V1__Sealed **ret_sealed)
{
    (void)ctx;
    (void)unit;
    (void)erasure_id;
    (void)clear;
    *ret_sealed =
        (Shouwang__V1__Sealed *)json_new_message(&shouwang__v1__sealed__descriptor, arena);
    (*ret_sealed)->key_class = key_class;
    return 0;
}

static const struct event_port port = {
    .identify = identify, .is_known = is_known, .digest = digest, .seal = seal};

static void take(const struct json_t *object)
{
    struct arena arena;
    struct fault fault = {.reason = REJECT_NONE};
    struct cloudevent source;
    struct event_draft draft;
    arena_init(&arena, 64 * 1024 * 1024);
    if (cloudevent_read_object(object, &arena, &fault, &source) == 0 &&
        event_read(&source, NOW_MS, &arena, &fault, &draft) == 0) {
        struct event event;
        struct cloudevent attributes;
        sw_assert(event_finish(&draft, &port, &arena) == 0);
        sw_assert(event_check(draft.event, NOW_MS, &fault) == 0);
        sw_assert(event_attributes(draft.event, draft.family, &arena, &attributes) == 0);
        sw_assert(event_to_core(draft.event, draft.family, NOW_MS, &arena, &event) == 0);
    } else {
        sw_assert(fault.reason != REJECT_NONE);
    }
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {.at = (const char *)data, .len = size};
    struct fault fault;
    struct json_t *json = NULL;
    if (json_parse_text(text, &fault, &json) != 0) {
        return 0;
    }
    if (json_is_array(json)) {
        for (size_t i = 0; i < json_array_size(json); i++) {
            take(json_array_get(json, i));
        }
    } else {
        take(json);
    }
    json_drop(json);
    return 0;
}
