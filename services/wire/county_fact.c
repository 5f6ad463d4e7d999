#include "wire/county_fact.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/county.pb-c.h>

#include "wire/decode.h"
#include "wire/reader.h"
#include "wire/writer.h"

int county_fact_encode(const struct county_fact *fact, struct arena *arena, struct str *ret_value)
{
    struct writer *writer = &(struct writer){.arena = arena};
    char kind[EVENT_KIND_MAX_BYTES * 2];
    Shouwang__V1__CountyFact record;
    shouwang__v1__county_fact__init(&record);
    WRITER_MESSAGES(writer, fact->count, Shouwang__V1__CountyCount,
                    shouwang__v1__county_count__init)
    for (size_t i = 0; writer->error == 0 && i < fact->count; i++) {
        const struct county_count *count = &fact->counts[i];
        bodies[i].feature = writer_text(writer, count->feature);
        bodies[i].at_ms = count->entry.at_ms;
        bodies[i].value = writer_ident(writer, count->entry.value);
        bodies[i].number = count->entry.number;
    }
    (void)snprintf(kind, sizeof(kind), "%s.%s", event_family_name(fact->family),
                   event_kind_name(fact->kind));
    record.counts = messages;
    record.n_counts = fact->count;
    record.county = writer_text(writer, fact->county);
    record.unit = writer_text(writer, fact->unit);
    record.event_source = writer_text(writer, fact->source);
    record.event_id = writer_text(writer, fact->id);
    record.event_kind = writer_text(writer, str_of(kind));
    record.occurred_at_ms = fact->occurred_ms;
    record.discovered_at_ms = fact->discovered_ms;
    record.reported_at_ms = fact->reported_ms;
    record.history = fact->history;
    return writer->error != 0 ? writer->error : encode_message(&record.base, arena, ret_value);
}

static int read_kind(const char *text, struct county_fact *fact, struct fault *ret_fault)
{
    const char *dot = strchr(text, '.');
    size_t family = dot == NULL ? 0 : (size_t)(dot - text);
    fact->family = event_family_find((struct str){text, family});
    fact->kind = dot == NULL ? EVENT_KIND_UNKNOWN : event_kind_find(fact->family, str_of(dot + 1));
    return fact->kind == EVENT_KIND_UNKNOWN
               ? fault_set(ret_fault, REJECT_UNKNOWN_VALUE, "/event_kind", FAULT_NO_BYTE)
               : 0;
}

static int read_counts(const Shouwang__V1__CountyFact *record, struct arena *arena,
                       struct county_fact *fact, struct fault *ret_fault)
{
    struct county_count *counts = arena_alloc_array(arena, record->n_counts, sizeof(*counts));
    if (counts == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < record->n_counts; i++) {
        const Shouwang__V1__CountyCount *count = record->counts[i];
        if (!isfinite(count->number)) {
            return fault_set(ret_fault, REJECT_OUT_OF_RANGE, "/counts/number", FAULT_NO_BYTE);
        }
        counts[i] = (struct county_count){
            str_of(count->feature), {count->at_ms, reader_ident(count->value), count->number}};
    }
    fact->counts = counts;
    fact->count = record->n_counts;
    return 0;
}

int county_fact_decode(struct str value, struct arena *arena, struct county_fact *ret_fact,
                       struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    int error =
        decode_message(&shouwang__v1__county_fact__descriptor, value, arena, ret_fault, &message);
    if (error != 0) {
        return error;
    }
    const Shouwang__V1__CountyFact *record = (const Shouwang__V1__CountyFact *)message;
    struct county_fact fact = {
        .county = str_of(record->county),
        .unit = str_of(record->unit),
        .source = str_of(record->event_source),
        .id = str_of(record->event_id),
        .occurred_ms = record->occurred_at_ms,
        .discovered_ms = record->discovered_at_ms,
        .reported_ms = record->reported_at_ms,
        .history = record->history,
    };
    if (fact.reported_ms <= 0 || fact.occurred_ms + fact.discovered_ms <= 0) {
        return fault_set(ret_fault, REJECT_MISSING, "/reported_at_ms", FAULT_NO_BYTE);
    }
    error = read_kind(record->event_kind, &fact, ret_fault);
    error = error != 0 ? error : read_counts(record, arena, &fact, ret_fault);
    if (error == 0) {
        *ret_fact = fact;
    }
    return error;
}
