#include "intake/take.h"

#include "intake/people.h"
#include "intake/reply.h"
#include "io/log.h"
#include "shell/bearer.h"
#include "wire/decode.h"
#include "wire/event.h"

static const enum topic topics[EVENT_FAMILY_COUNT] = {
    [EVENT_FAMILY_SCREENING] = TOPIC_EVENTS_SCREENING,
    [EVENT_FAMILY_ATTENDANCE] = TOPIC_EVENTS_ATTENDANCE,
    [EVENT_FAMILY_INCIDENT] = TOPIC_EVENTS_INCIDENT,
};

/* The first reason for which nothing can be taken now, or NULL. */
static const char *unavailable(const struct intake *intake)
{
    return intake->is_draining                          ? "draining"
           : !intake->tables_ready                      ? "starting"
           : !kafka_producer_is_up(intake->producer)    ? "kafka"
           : intake->in_flight >= intake->in_flight_max ? "busy"
                                                        : NULL;
}

const struct org_token *take_admit(struct intake *intake, struct http_request *request)
{
    const char *why = unavailable(intake);
    if (why != NULL) {
        reply_later(intake, request, 503, why, intake->retry_after_ms);
        return NULL;
    }
    const struct org_token *token = bearer_token(
        tables_org(intake->tables), http_header(request, "authorization"), loop_utc_ms());
    if (token == NULL) {
        reply_unauthorized(intake, request);
    }
    return token;
}

static int produce(struct intake *intake, const struct take *take, enum event_family family,
                   const Shouwang__V1__Event *event)
{
    struct cloudevent attributes;
    struct cloudevent_header named[CLOUDEVENT_HEADERS_MAX];
    struct kafka_header headers[CLOUDEVENT_HEADERS_MAX + 1];
    char origin[KEYRING_DIGEST_TEXT_BYTES];
    struct kafka_output output = {.topic = topics[family], .unit = str_of(event->unit)};
    int error = event_attributes(event, family, &intake->arena, &attributes);
    if (error == 0) {
        error = encode_message(&event->base, &intake->arena, &output.value);
    }
    if (error != 0) {
        return error;
    }
    output.header_count = cloudevent_write_kafka(&attributes, named);
    for (size_t i = 0; i < output.header_count; i++) {
        headers[i] = (struct kafka_header){str_of(named[i].name), named[i].value};
    }
    keyring_record_mac(intake->keyring, output.value, origin);
    headers[output.header_count++] =
        (struct kafka_header){STR_LITERAL(KEYRING_ORIGIN_HEADER), str_of(origin)};
    output.headers = headers;
    error = kafka_produce(intake->producer, &output, take->done, take->ctx);
    if (error == 0) {
        intake->in_flight++;
    }
    return error;
}

/* Whether the token may write the event; the fault is filled when not. */
static int check_allowed(struct intake *intake, const struct take *take, enum event_family family,
                         const Shouwang__V1__Event *event, struct fault *ret_fault)
{
    const struct org *org = tables_org(intake->tables);
    const struct cloudevent *source = take->source;
    struct gate_claim claim = {.unit = str_of(event->unit),
                               .source = source->source,
                               .family = family,
                               .kind = str_of(event->kind)};
    enum reject_reason reason = gate_allows(org, take->token, &claim, loop_utc_ms());
    if (reason != REJECT_NONE) {
        const char *path = reason == REJECT_SOURCE_NOT_ALLOWED ? "/source"
                           : reason == REJECT_KIND_NOT_ALLOWED ? "/type"
                                                               : "/data/unit";
        return fault_set(ret_fault, reason, path, FAULT_NO_BYTE);
    }
    if (source->partitionkey.len > 0 && !str_equal(source->partitionkey, claim.unit)) {
        return fault_set(ret_fault, REJECT_CONFLICT, "/partitionkey", FAULT_NO_BYTE);
    }
    return 0;
}

static void count_kept(struct intake *intake, enum event_family family,
                       const Shouwang__V1__Event *event)
{
    if (event_kind_find(family, str_of(event->kind)) == EVENT_KIND_UNKNOWN) {
        counters_add(&intake->counters, COUNTER_UNKNOWN_KINDS);
    }
    if (event->unresolved) {
        counters_add(&intake->counters, COUNTER_UNRESOLVED);
    }
}

const struct instrument_set *take_instruments(const struct intake *intake, struct str unit)
{
    const struct org_unit *record = org_find_unit(tables_org(intake->tables), unit);
    struct str jurisdiction = record != NULL ? record->jurisdiction : STR_LITERAL("");
    const struct pack *pack = pack_store_active(tables_packs(intake->tables), jurisdiction);
    return pack == NULL ? NULL : &pack->instruments;
}

int take_event(struct intake *intake, const struct take *take, struct fault *ret_fault,
               enum event_family *ret_family)
{
    struct event_draft draft;
    int error = event_read(take->source, loop_utc_ms(), &intake->arena, ret_fault, &draft);
    if (error != 0) {
        return error;
    }
    *ret_family = draft.family;
    error = check_allowed(intake, take, draft.family, draft.event, ret_fault);
    const struct instrument_set *set = take_instruments(intake, str_of(draft.event->unit));
    error = error != 0 || set == NULL ? error
                                      : instrument_check(set, &draft, &intake->arena, ret_fault);
    if (error != 0) {
        return error;
    }
    struct event_port port = people_port(intake);
    error = event_finish(&draft, &port, &intake->arena);
    if (error == ERR_NOT_FOUND) {
        counters_add(&intake->counters, COUNTER_UNSEALED);
        log_error("no_erasure_key", log_code("unit", draft.event->unit));
    }
    if (error == 0) {
        count_kept(intake, draft.family, draft.event);
        error = produce(intake, take, draft.family, draft.event);
    }
    return error;
}
