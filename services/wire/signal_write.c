#include "wire/signal_write.h"

#include <stdio.h>

#include <shouwang/v1/signal.pb-c.h>

#include "wire/decode.h"
#include "wire/writer.h"

_Static_assert((int)SHOUWANG__V1__LEVEL__LEVEL_CRISIS == (int)CASE_LEVEL_CRISIS, "same values");
_Static_assert((int)SHOUWANG__V1__LAYER__LAYER_CITY == (int)LEVEL_LAYER_CITY, "same values");
_Static_assert((int)SHOUWANG__V1__SUBJECT_KIND__SUBJECT_KIND_UNRESOLVED ==
                   (int)CASE_SUBJECT_UNRESOLVED,
               "same values");

enum { VALUE_NAME_MAX_BYTES = 128 };

static void write_parties(struct writer *writer, const struct event *event,
                          Shouwang__V1__Signal *record)
{
    WRITER_MESSAGES(writer, event->party_count, Shouwang__V1__Party, shouwang__v1__party__init)
    for (size_t i = 0; writer->error == 0 && i < event->party_count; i++) {
        const struct event_party *party = &event->parties[i];
        bodies[i].ref = writer_text(writer, party->ref);
        bodies[i].role = (Shouwang__V1__PartyRole)party->role;
        bodies[i].unresolved = party->unresolved;
        bodies[i].conflict = (Shouwang__V1__ConflictReason)party->conflict;
    }
    record->parties = messages;
    record->n_parties = event->party_count;
}

/* The name of a value is an expression as it was written; on the wire it is without blanks, and bounded. */
static char *write_name(struct writer *writer, struct str name)
{
    char text[VALUE_NAME_MAX_BYTES];
    size_t len = 0;
    for (size_t i = 0; i < name.len && len < sizeof(text); i++) {
        if (name.at[i] > ' ' && name.at[i] <= '~') {
            text[len++] = name.at[i];
        }
    }
    return writer_text(writer, len == 0 ? STR_LITERAL("value") : (struct str){text, len});
}

static void write_values(struct writer *writer, const struct signal_why *why,
                         Shouwang__V1__Why *record)
{
    WRITER_MESSAGES(writer, why->value_count, Shouwang__V1__WhyValue, shouwang__v1__why_value__init)
    for (size_t i = 0; writer->error == 0 && i < why->value_count; i++) {
        bodies[i].name = write_name(writer, why->values[i].name);
        bodies[i].value = writer_text(writer, why->values[i].value);
    }
    record->values = messages;
    record->n_values = why->value_count;
}

static Shouwang__V1__Why **write_reasons(struct writer *writer, const struct signal_why *why,
                                         size_t count)
{
    WRITER_MESSAGES(writer, count, Shouwang__V1__Why, shouwang__v1__why__init)
    for (size_t i = 0; writer->error == 0 && i < count; i++) {
        bodies[i].text = writer_text(writer, why[i].text);
        bodies[i].rule = writer_text(writer, why[i].rule);
        bodies[i].version = writer_text(writer, why[i].version);
        write_values(writer, &why[i], &bodies[i]);
    }
    return messages;
}

static void write_why(struct writer *writer, const struct signal *signal,
                      Shouwang__V1__Signal *record)
{
    record->why = write_reasons(writer, signal->why, signal->why_count);
    record->n_why = signal->why_count;
    record->near = write_reasons(writer, signal->near, signal->near_count);
    record->n_near = signal->near_count;
}

static void write_sealed(struct writer *writer, const struct event_sealed *sealed,
                         Shouwang__V1__Signal *record)
{
    record->text = writer_sealed(writer, sealed->text);
    record->callback = writer_sealed(writer, sealed->callback);
    record->with_pupil = writer_sealed(writer, sealed->with_pupil);
    record->place_detail = writer_sealed(writer, sealed->place_detail);
    record->sender_ids = writer_sealed(writer, sealed->sender_ids);
    record->reporter_name = writer_sealed(writer, sealed->reporter_name);
}

static void write_event(struct writer *writer, const struct event *event,
                        Shouwang__V1__Signal *record)
{
    char kind[EVENT_KIND_MAX_BYTES + 16];
    int len = snprintf(kind, sizeof(kind), "%s.%.*s", event_family_name(event->family),
                       (int)event->kind_name.len, event->kind_name.at);
    record->unit = writer_text(writer, event->unit);
    record->event_source = writer_text(writer, event->source);
    record->event_id = writer_text(writer, event->id);
    record->event_kind = writer_text(writer, (struct str){kind, (size_t)len});
    record->occurred_at_ms = event->occurred_ms;
    record->discovered_at_ms = event->discovered_ms;
    record->reported_at_ms = event->reported_ms;
    record->discovered_missing = event->discovered_missing;
    if (event->family == EVENT_FAMILY_INCIDENT) {
        record->place = (Shouwang__V1__Place)event->incident.place;
        record->danger = (Shouwang__V1__Danger)event->incident.danger;
        record->injury = (Shouwang__V1__Injury)event->incident.injury;
        record->mandatory_code = event->incident.mandatory_code;
    }
    write_parties(writer, event, record);
    write_sealed(writer, &event->sealed, record);
}

int signal_encode(const struct signal *signal, struct arena *arena, struct str *ret_value)
{
    struct writer writer = {.arena = arena};
    Shouwang__V1__Signal record;
    shouwang__v1__signal__init(&record);
    write_event(&writer, signal->event, &record);
    write_why(&writer, signal, &record);
    record.id = writer_ident(&writer, signal->id);
    record.kind = writer_text(&writer, signal->kind);
    record.subject = writer_text(&writer, signal->subject.ref);
    record.subject_kind = (Shouwang__V1__SubjectKind)signal->subject.kind;
    record.group = writer_text(&writer, signal->subject.group);
    record.unresolved = signal->subject.is_unresolved;
    record.level = (Shouwang__V1__Level)signal->level;
    record.layer = (Shouwang__V1__Layer)signal->layer;
    record.scheme = writer_text(&writer, STR_LITERAL(LEVEL_SCHEME));
    record.rule = writer_text(&writer, signal->rule);
    if (signal->pack != NULL) {
        record.pack =
            writer_bytes(&writer, (struct str){(const char *)signal->pack, SIGNAL_HASH_BYTES});
    }
    record.opens_episode = signal->opens_episode;
    record.silent = signal->is_silent;
    record.id_reused = signal->id_reused;
    record.only_on_file = signal->only_on_file;
    record.starts_plan = signal->starts_plan;
    record.tell = writer_texts(&writer, signal->tell, signal->tell_count);
    record.n_tell = signal->tell_count;
    record.ask_interview = writer_text(&writer, signal->ask_interview);
    return writer.error != 0 ? writer.error : encode_message(&record.base, arena, ret_value);
}
