#include "wire/directory.h"

#include <shouwang/v1/directory.pb-c.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/directory_parts.h"

int directory_decode(struct str key, struct str value, struct arena *arena,
                     struct org_record *ret_record, struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    struct org_record record = {.kind = ORG_RECORD_NONE};
    if (!org_owns_key(key)) {
        return ERR_UNSUPPORTED;
    }
    if (value.len > DIRECTORY_VALUE_MAX_BYTES) {
        return fault_set(ret_fault, REJECT_TOO_LARGE, "", FAULT_NO_BYTE);
    }
    int error = decode_message(&shouwang__v1__directory_record__descriptor, value, arena, ret_fault,
                               &message);
    if (error != 0) {
        return error;
    }
    error = directory_from_message((const Shouwang__V1__DirectoryRecord *)message, arena, &record);
    if (error != 0) {
        return error;
    }
    /* decode_message knows single fields; this also knows what ties them together. */
    if (org_record_fault(&record) != NULL) {
        return fault_set(ret_fault, REJECT_CONFLICT, "", FAULT_NO_BYTE);
    }
    char own_key[ORG_KEY_MAX_BYTES];
    if (!str_equal(org_record_key(&record, own_key), key)) {
        return fault_set(ret_fault, REJECT_BAD_KEY, "", FAULT_NO_BYTE);
    }
    *ret_record = record;
    return 0;
}

int directory_encode(const struct org_record *record, struct arena *arena, struct str *ret_value)
{
    Shouwang__V1__DirectoryRecord message;
    if (org_record_fault(record) != NULL) {
        return ERR_INVALID;
    }
    int error = directory_to_message(record, arena, &message);
    return error != 0 ? error : encode_message(&message.base, arena, ret_value);
}

int directory_apply(struct org *org, struct arena *scratch, struct str key, const struct str *value,
                    struct fault *ret_fault)
{
    struct org_record record;
    arena_reset(scratch);
    if (value == NULL) {
        if (!org_owns_key(key)) {
            return ERR_UNSUPPORTED;
        }
        (void)org_remove(org, key); /* one that was never there is as good as gone */
        return 0;
    }
    int error = directory_decode(key, *value, scratch, &record, ret_fault);
    if (error != 0) {
        return error;
    }
    error = org_put(org, &record);
    sw_assert(error != ERR_INVALID); /* directory_decode has looked */
    return error;
}
