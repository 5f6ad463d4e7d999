#include "shell/rejection.h"

#include "base/ident.h"
#include "io/seal_record.h"
#include "shell/envelope.h"
#include "wire/decode.h"

static int seal_body(void *ctx, struct str unit, struct str clear, struct arena *arena,
                     Shouwang__V1__Sealed **ret_sealed)
{
    const struct vault *vault = ctx;
    const struct vault_target target = {unit, unit, SEAL_CLASS_CONTENT};
    return vault->keyring == NULL ? ERR_UNAVAILABLE
                                  : vault_close_record(vault, &target, clear, arena, ret_sealed);
}

int rejection_emit(const struct rejection *rejection, struct arena *arena,
                   struct stream_effects *effects)
{
    const struct kafka_record *record = rejection->record;
    const struct reject_origin *origin = &rejection->origin;
    struct vault vault = rejection->vault;
    Shouwang__V1__Reject *reject = NULL;
    struct str value;
    int error =
        reject_make(origin, rejection->fault, record->value, seal_body, &vault, arena, &reject);
    error = error != 0 ? error : encode_message(&reject->base, arena, &value);
    if (error != 0) {
        return error;
    }
    const struct str place[] = {origin->topic,
                                {(const char *)&record->partition, sizeof(record->partition)},
                                {(const char *)&record->offset, sizeof(record->offset)}};
    char id[IDENT_TEXT_BYTES];
    ident_format(ident_derive(seal_hash128, place, sizeof(place) / sizeof(place[0])), id);
    const struct envelope envelope = {
        .topic = TOPIC_REJECTS,
        .unit = origin->unit.len > 0 ? origin->unit : STR_LITERAL("unknown"),
        .source = rejection->source,
        .kind = str_of(reject_reason_code(rejection->fault->reason)),
        .id = str_of(id),
        .at_ms = origin->at_ms,
    };
    envelope_emit(&envelope, value, effects);
    return 0;
}
