#include "triage_service.h"

#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "support/loop_wait.h"
#include "support/runner.h"
#include "wire/cloudevents.h"
#include "wire/decode.h"
#include "wire/event.h"

/* --- Kafka ----------------------------------------------------------------------------------------------------------- */

static void put_school(struct world *world, const char *id)
{
    const struct org_record school = {.kind = ORG_RECORD_UNIT,
                                      .unit = {.id = str_of(id),
                                               .kind = ORG_UNIT_SCHOOL,
                                               .jurisdiction = STR_LITERAL("fenyang")}};
    const struct org_record pupil = {.kind = ORG_RECORD_PERSON,
                                     .person = {.id = STR_LITERAL("p-1"),
                                                .unit = str_of(id),
                                                .kind = ORG_PERSON_STUDENT,
                                                .group = STR_LITERAL("c1")}};
    outside_put_org(&world->out, &school);
    outside_put_org(&world->out, &pupil);
    outside_put_key(&world->out, id, id);
}

static void put_source(struct world *world, const char *unit, const char *name)
{
    struct str units[] = {str_of(unit)};
    const struct org_record record = {
        .kind = ORG_RECORD_SOURCE,
        .source = {.name = str_of(name), .unit = str_of(unit), .units = units, .unit_count = 1}};
    outside_put_org(&world->out, &record);
}

static void keep(struct written *written, const struct kafka_record *record)
{
    struct str type = kafka_header_get(record, "ce_type");
    assert_true(record->value.len <= sizeof(written->value));
    written->len = record->value.len;
    memcpy(written->value, record->value.at, written->len);
    (void)snprintf(written->key, sizeof(written->key), "%.*s", (int)record->key.len,
                   record->key.at);
    (void)snprintf(written->type, sizeof(written->type), "%.*s", (int)type.len, type.at);
}

static void take(void *ctx, const struct kafka_record *record)
{
    struct world *world = ctx;
    bool is_signal = record->topic == TOPIC_SIGNALS;
    assert_true(world->signal_count < RECORDS_MAX && world->reject_count < RECORDS_MAX);
    keep(is_signal ? &world->signals[world->signal_count] : &world->rejects[world->reject_count],
         record);
    world->signal_count += is_signal ? 1 : 0;
    world->reject_count += is_signal ? 0 : 1;
}

/* --- The process ----------------------------------------------------------------------------------------------------- */

void triage_service_spawn(struct world *world)
{
    char admin[64];
    const char *settings[] = {admin, NULL};
    (void)snprintf(admin, sizeof(admin), "admin.listen=127.0.0.1:%u", world->admin_port);
    world->pid = outside_spawn(&world->out, SW_TRIAGE, settings, NULL);
}

void triage_service_wait_ready(struct world *world)
{
    outside_wait_ready(&world->out, world->admin_port);
}

long triage_service_metric(struct world *world, const char *series)
{
    return outside_metric(&world->out, world->admin_port, series);
}

struct world *triage_service_new(const struct plan *plan)
{
    static const struct kafka_source sources[] = {
        {.topic = TOPIC_SIGNALS, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_REJECTS, .from = KAFKA_FROM_BEGINNING}};
    static const char *const units[] = {"no-3", "no-8"};
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    outside_open(&world->out, &(struct outside_plan){.name = "triage",
                                                     .partition_count = 2,
                                                     .key_uses = KEYRING_IDENT,
                                                     .sources = sources,
                                                     .source_count = 2,
                                                     .take = take,
                                                     .ctx = world});
    put_school(world, units[0]);
    put_school(world, units[1]);
    put_source(world, "no-3", "/gates");
    outside_put_pack(&world->out, units, 2, plan == NULL ? NULL : plan->patches,
                     plan == NULL ? 0 : plan->patch_count);
    if (plan != NULL && plan->prepare != NULL) {
        plan->prepare(world);
    }
    world->admin_port = outside_free_port();
    triage_service_spawn(world);
    triage_service_wait_ready(world);
    return world;
}

void triage_service_free(struct world *world)
{
    outside_end(world->pid, SIGTERM);
    outside_close(&world->out);
    free(world);
}

/* --- Events ---------------------------------------------------------------------------------------------------------- */

void triage_service_draft(struct draft *draft, const char *id, const char *unit, const char *kind)
{
    draft->padding = KAFKA_NONE;
    shouwang__v1__event__init(&draft->event);
    shouwang__v1__party__init(&draft->party);
    shouwang__v1__incident__init(&draft->incident);
    draft->party.ref = "p-1";
    draft->party.role = SHOUWANG__V1__PARTY_ROLE__PARTY_ROLE_AFFECTED;
    draft->parties[0] = &draft->party;
    draft->incident.danger = SHOUWANG__V1__DANGER__DANGER_PAST;
    draft->event.id = (char *)(uintptr_t)id;
    draft->event.source = "/gates";
    draft->event.unit = (char *)(uintptr_t)unit;
    draft->event.kind = (char *)(uintptr_t)kind;
    draft->event.parties = draft->parties;
    draft->event.n_parties = 1;
    draft->event.reported_at_ms = loop_utc_ms();
    draft->event.detail_case = SHOUWANG__V1__EVENT__DETAIL_INCIDENT;
    draft->event.incident = &draft->incident;
    draft->family = EVENT_FAMILY_INCIDENT;
}

void triage_service_draft_absence(struct draft *draft, const char *person)
{
    shouwang__v1__attendance__init(&draft->attendance);
    draft->party.ref = (char *)(uintptr_t)person;
    draft->family = EVENT_FAMILY_ATTENDANCE;
    draft->attendance.state = SHOUWANG__V1__ROLL_STATE__ROLL_STATE_ABSENT_UNEXPLAINED;
    draft->event.detail_case = SHOUWANG__V1__EVENT__DETAIL_ATTENDANCE;
    draft->event.attendance = &draft->attendance;
}

void triage_service_send(struct world *world, const struct draft *draft, bool as_intake,
                         const char *placed_as)
{
    struct cloudevent attributes;
    struct cloudevent_header named[CLOUDEVENT_HEADERS_MAX];
    struct kafka_header headers[CLOUDEVENT_HEADERS_MAX + 2];
    char origin[KEYRING_DIGEST_TEXT_BYTES];
    bool is_absence = draft->family == EVENT_FAMILY_ATTENDANCE;
    struct kafka_output output = {.topic =
                                      is_absence ? TOPIC_EVENTS_ATTENDANCE : TOPIC_EVENTS_INCIDENT,
                                  .unit = str_of(placed_as)};
    assert_int_equal(event_attributes(&draft->event, draft->family, &world->out.arena, &attributes),
                     0);
    assert_int_equal(encode_message(&draft->event.base, &world->out.arena, &output.value), 0);
    size_t count = cloudevent_write_kafka(&attributes, named);
    for (size_t i = 0; i < count; i++) {
        headers[i] = (struct kafka_header){str_of(named[i].name), named[i].value};
    }
    if (as_intake) {
        keyring_record_mac(world->out.keyring, output.value, origin);
        headers[count++] =
            (struct kafka_header){STR_LITERAL(KEYRING_ORIGIN_HEADER), str_of(origin)};
    }
    if (draft->padding.len > 0) {
        headers[count++] = (struct kafka_header){STR_LITERAL("padding"), draft->padding};
    }
    output.headers = headers;
    output.header_count = count;
    outside_put(&world->out, &output);
}

const Shouwang__V1__Signal *triage_service_signal(struct world *world, unsigned index)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    assert_true(loop_wait_count(world->out.loop, &world->signal_count, index + 1, OUTSIDE_WAIT_MS));
    const struct written *record = &world->signals[index];
    assert_int_equal(decode_message(&shouwang__v1__signal__descriptor,
                                    (struct str){record->value, record->len}, &world->out.arena,
                                    &fault, &message),
                     0);
    return (const Shouwang__V1__Signal *)message;
}

const Shouwang__V1__Reject *triage_service_reject(struct world *world, unsigned index)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    assert_true(loop_wait_count(world->out.loop, &world->reject_count, index + 1, OUTSIDE_WAIT_MS));
    const struct written *record = &world->rejects[index];
    assert_int_equal(decode_message(&shouwang__v1__reject__descriptor,
                                    (struct str){record->value, record->len}, &world->out.arena,
                                    &fault, &message),
                     0);
    return (const Shouwang__V1__Reject *)message;
}
