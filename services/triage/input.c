/* From a record of a topic of events to a checked event. Our own intake's records carry its mark (keyring_record_mac) and
 * were checked there; a foreign producer's are checked as strictly here, and must name a unit that the directory lists for
 * their source. Nothing is checked against the directory before the record lies in its unit's partition: only there is the
 * unit known. */
#include <string.h>

#include <shouwang/v1/event.pb-c.h>

#include "io/seal.h"
#include "triage/part_inside.h"
#include "wire/cloudevents.h"
#include "wire/decode.h"
#include "wire/event.h"

static bool is_of_intake(const struct part *part, const struct kafka_record *record)
{
    char expected[KEYRING_DIGEST_TEXT_BYTES];
    struct str mark = kafka_header_get(record, KEYRING_ORIGIN_HEADER);
    if (mark.len != KEYRING_DIGEST_TEXT_BYTES - 1) {
        return false;
    }
    keyring_record_mac(part->shared->keyring, record->value, expected);
    return seal_equal(mark.at, expected, mark.len);
}

/* The attributes of a foreign record's headers. The record says all by itself: headers may be missing as a whole
 * (`ret_is_given` false), but not in part, and not contradict it. */
static int read_headers(struct part *part, const struct kafka_record *record,
                        struct cloudevent *ret_headers, bool *ret_is_given, struct fault *ret_fault)
{
    struct cloudevent_header headers[KAFKA_HEADERS_MAX];
    *ret_is_given = false;
    for (size_t i = 0; i < record->header_count; i++) {
        struct str name = arena_copy_str(&part->arena, record->headers[i].name);
        if (name.at == NULL) {
            return ERR_MEMORY;
        }
        headers[i] = (struct cloudevent_header){name.at, record->headers[i].value};
        *ret_is_given = *ret_is_given || str_starts(name, STR_LITERAL("ce_"));
    }
    return !*ret_is_given
               ? 0
               : cloudevent_read_kafka(headers, record->header_count, ret_fault, ret_headers);
}

static int check_foreign(struct part *part, const struct kafka_record *record,
                         const Shouwang__V1__Event *event, struct fault *ret_fault)
{
    struct cloudevent headers;
    struct str unit = str_of(event->unit);
    bool is_given = false;
    int error = read_headers(part, record, &headers, &is_given, ret_fault);
    if (error == 0) {
        error = event_check_foreign(event, part_family(record->topic), is_given ? &headers : NULL,
                                    ret_fault);
    }
    if (error == 0 && org_find_unit(part->org, unit) == NULL) {
        error = fault_set(ret_fault, REJECT_UNIT_UNKNOWN, "/unit", FAULT_NO_BYTE);
    }
    if (error == 0 && !org_source_allows(part->org, str_of(event->source), unit)) {
        error = fault_set(ret_fault, REJECT_UNIT_NOT_ALLOWED, "/unit", FAULT_NO_BYTE);
    }
    return error;
}

static enum part_reading outcome_of(int error)
{
    return error == 0 ? PART_READ : error == ERR_INVALID ? PART_REFUSED : PART_BROKEN;
}

static bool is_placed(const struct part *part, const struct kafka_record *record, struct str unit)
{
    int32_t count = stream_partition_count(part->shared->stream);
    return str_equal(record->key, unit) && topic_partition_of(unit, count) == part->index;
}

/* The digest that tells a repeat from another body: intake's, of what the sender wrote, or that of the record. */
static void set_digest(const struct kafka_record *record, struct event *event)
{
    if (ident_is_none(event->body_digest)) {
        seal_hash128(record->value.at, record->value.len, event->body_digest.bytes);
    }
}

enum part_reading part_read(struct part *part, const struct kafka_record *record,
                            struct event *ret_event, struct str *ret_unit, struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    if (record->value.at == NULL) {
        return outcome_of(fault_set(ret_fault, REJECT_BAD_PROTOBUF, "", FAULT_NO_BYTE));
    }
    int error = decode_message(&shouwang__v1__event__descriptor, record->value, &part->arena,
                               ret_fault, &message);
    if (error != 0) {
        return outcome_of(error);
    }
    const Shouwang__V1__Event *event = (const Shouwang__V1__Event *)message;
    *ret_unit = str_of(event->unit);
    if (!is_placed(part, record, *ret_unit)) {
        return PART_MISPLACED;
    }
    error = event_check(event, record->time_ms, ret_fault);
    if (error == 0 && !is_of_intake(part, record)) {
        error = check_foreign(part, record, event, ret_fault);
    }
    error = error != 0 ? error
                       : event_to_core(event, part_family(record->topic), record->time_ms,
                                       &part->arena, ret_event);
    if (error == 0) {
        set_digest(record, ret_event);
    }
    return outcome_of(error);
}
