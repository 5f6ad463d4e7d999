#include "wire/receipt.h"

#include <shouwang/v1/receipt.pb-c.h>

#include "wire/decode.h"
#include "wire/reader.h"

int receipt_decode(struct str value, struct arena *arena, struct case_receipt *ret_receipt,
                   struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    int error =
        decode_message(&shouwang__v1__receipt__descriptor, value, arena, ret_fault, &message);
    if (error != 0) {
        return error;
    }
    const Shouwang__V1__Receipt *record = (const Shouwang__V1__Receipt *)message;
    struct ident *merged = arena_alloc_array(arena, record->n_merged, sizeof(*merged));
    if (merged == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < record->n_merged; i++) {
        merged[i] = reader_ident(record->merged[i]);
    }
    *ret_receipt = (struct case_receipt){
        .notice_id = reader_ident(record->notice_id),
        .unit = str_of(record->unit),
        .case_id = reader_ident(record->case_id),
        .person = str_of(record->person),
        .role = str_of(record->role),
        .channel = (enum case_channel)record->channel,
        .state = (enum case_delivery)record->state,
        .reason = str_of(record->reason),
        .is_digest = record->is_digest,
        .merged = merged,
        .merged_count = record->n_merged,
    };
    return 0;
}
