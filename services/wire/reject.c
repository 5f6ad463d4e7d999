#include "wire/reject.h"

#include <string.h>

#include "wire/decode.h"

/* Copies text that may stand in clear: an id or a code; anything else is left out. */
static int copy_clean(struct str text, size_t max, struct arena *arena, char **ret_text)
{
    bool clean = text.len > 0 && text.len <= max;
    for (size_t i = 0; clean && i < text.len; i++) {
        clean = text.at[i] > 0x20 && text.at[i] < 0x7F;
    }
    if (!clean) {
        return 0;
    }
    struct str copy = arena_copy_str(arena, text);
    *ret_text = (char *)(uintptr_t)copy.at;
    return copy.at == NULL ? ERR_MEMORY : 0;
}

/* A unit's id, or nothing: it is also the key of the record. */
static struct str clean_unit(struct str unit)
{
    bool clean = unit.len > 0 && unit.len <= 48;
    for (size_t i = 0; clean && i < unit.len; i++) {
        char c = unit.at[i];
        clean = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    return clean ? unit : (struct str){NULL, 0};
}

int reject_make(const struct reject_origin *origin, const struct fault *fault, struct str body,
                reject_seal_fn seal, void *ctx, struct arena *arena,
                Shouwang__V1__Reject **ret_reject)
{
    Shouwang__V1__Reject *reject = arena_alloc(arena, sizeof(*reject));
    char *detail = arena_alloc(arena, FAULT_PATH_MAX_BYTES + 96);
    if (reject == NULL || detail == NULL) {
        return ERR_MEMORY;
    }
    shouwang__v1__reject__init(reject);
    fault_format(fault, detail, FAULT_PATH_MAX_BYTES + 96);
    reject->service = (char *)(uintptr_t)origin->service;
    reject->partition = origin->partition;
    reject->offset = origin->offset;
    reject->reason = (char *)(uintptr_t)reject_reason_code(fault->reason);
    reject->detail = detail;
    reject->at_ms = origin->at_ms;
    struct str unit = clean_unit(origin->unit);
    int error = copy_clean(origin->topic, 250, arena, &reject->topic);
    if (error == 0) {
        error = copy_clean(str_of(fault->path), FAULT_PATH_MAX_BYTES, arena, &reject->field);
    }
    if (error == 0) {
        error = copy_clean(origin->source, 256, arena, &reject->source);
    }
    if (error == 0) {
        error = copy_clean(origin->event_id, 128, arena, &reject->event_id);
    }
    if (error == 0) {
        error = copy_clean(unit, 48, arena, &reject->unit);
    }
    if (error != 0) {
        return error;
    }
    struct str kept = {body.at,
                       body.len < REJECT_BODY_MAX_BYTES ? body.len : REJECT_BODY_MAX_BYTES};
    if (kept.len > 0 && seal != NULL && seal(ctx, unit, kept, arena, &reject->body) != 0) {
        reject->body = NULL; /* no key: the place and the reason are worth more than nothing */
    }
    *ret_reject = reject;
    return 0;
}
