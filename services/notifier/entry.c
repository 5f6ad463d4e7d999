/* Entries of partners' feeds. An alert comes to a partner in the shape of a notice, so that one place decides what may be
 * seen of either. */
#include "notifier/entry.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/disclose/disclose.h"
#include "io/seal.h"
#include "notifier/entity.h"
#include "notifier/filling.h"
#include "notifier/part.h"
#include "notifier/text.h"
#include "shell/envelope.h"
#include "wire/decode.h"
#include "wire/reader.h"

enum {
    PARTNERS_MAX = 64, /* that hear of one unit; further ones are not told, and counted */
    ALERT_LIFE_MS = 24 * 60 * 60 * 1000,
    FACT_BYTES = 64,
};

/* The generated structs want mutable texts; nothing writes through them. */
static char *copy_text(struct part *part, struct str text)
{
    struct str copy = arena_copy_str(&part->arena, text);
    char *bytes = NULL;
    if (copy.at != NULL) {
        memcpy(&bytes, &copy.at, sizeof(bytes));
    }
    return bytes;
}

static char *seen_text(struct filling *filling, enum disclose_field field, const char *text)
{
    return copy_text(filling->part,
                     filling_may_see(filling, field) ? str_of(text) : STR_LITERAL(""));
}

static const char *find_fact(const Shouwang__V1__Notice *notice, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < notice->n_facts; i++) {
        if (strncmp(notice->facts[i], name, len) == 0 && notice->facts[i][len] == '=') {
            return notice->facts[i] + len + 1;
        }
    }
    return "";
}

static void fill_codes(struct filling *filling, Shouwang__V1__FeedEntry *to)
{
    const Shouwang__V1__Notice *notice = filling->notice;
    to->id = notice->id;
    to->unit = notice->unit;
    to->case_id = notice->case_id;
    to->what = notice->purpose;
    to->at_ms = notice->created_at_ms;
    to->late = notice->late;
    to->exercise = strcmp(find_fact(notice, "exercise"), "1") == 0;
    if (filling_may_see(filling, DISCLOSE_FIELD_LEVEL)) {
        to->level = notice->level;
    }
    if (filling_may_see(filling, DISCLOSE_FIELD_DUE_AT)) {
        to->due_at_ms = notice->due_at_ms;
    }
    if (filling_may_see(filling, DISCLOSE_FIELD_HAPPENED_AT)) {
        int64_t at_ms = 0;
        (void)str_to_int64(str_of(find_fact(notice, "happened_at")), 0, INT64_MAX, &at_ms);
        to->happened_at_ms = at_ms;
    }
    to->kind = seen_text(filling, DISCLOSE_FIELD_KIND, notice->kind);
    to->case_number = seen_text(filling, DISCLOSE_FIELD_CASE_NUMBER, notice->case_number);
    to->subject = seen_text(filling, DISCLOSE_FIELD_SUBJECT_ID, notice->subject);
    to->place = seen_text(filling, DISCLOSE_FIELD_PLACE, notice->place);
    to->danger = seen_text(filling, DISCLOSE_FIELD_DANGER, find_fact(notice, "danger"));
    to->injury = seen_text(filling, DISCLOSE_FIELD_INJURY, find_fact(notice, "injury"));
    to->obligation = seen_text(filling, DISCLOSE_FIELD_OBLIGATION, notice->obligation);
    to->legal_basis = seen_text(filling, DISCLOSE_FIELD_LEGAL_BASIS, notice->legal_basis);
    to->state = seen_text(filling, DISCLOSE_FIELD_CASE_STATE, find_fact(notice, "state"));
    if (filling_may_see(filling, DISCLOSE_FIELD_CASE_STATE)) {
        int64_t layer = 0;
        (void)str_to_int64(str_of(find_fact(notice, "layer")), 0, 100, &layer);
        to->layer = (Shouwang__V1__Layer)layer;
    }
}

/* What is in clear goes over a webhook only: over a topic the audience's row is cut, and the fields are empty. */
static int fill_words(struct filling *filling, Shouwang__V1__FeedEntry *to)
{
    struct str text = STR_LITERAL("");
    struct part *part = filling->part;
    const struct str *fields = filling->context.fields;
    if (filling->disclose == NULL) {
        return 0;
    }
    filling_fill(filling);
    for (int field = 0; field < DISCLOSE_FIELD_COUNT; field++) {
        if (!filling_may_see(filling, (enum disclose_field)field)) {
            filling->context.fields[field] = STR_LITERAL("");
        }
    }
    to->pupil_name = copy_text(part, fields[DISCLOSE_FIELD_PUPIL_NAME]);
    to->with_pupil = copy_text(part, fields[DISCLOSE_FIELD_WITH_PUPIL]);
    to->place_detail = copy_text(part, fields[DISCLOSE_FIELD_PLACE_DETAIL]);
    to->callback = copy_text(part, fields[DISCLOSE_FIELD_CALLBACK]);
    filling->via = CASE_CHANNEL_MAIL; /* its text, of what is left */
    int error = str_is(filling->held->role, ENTRY_ROLE) ? 0 : filling_render(filling, &text);
    to->text = copy_text(part, text);
    return error == ERR_MEMORY ? error : 0;
}

static bool is_whole(const Shouwang__V1__FeedEntry *entry)
{
    return entry->kind != NULL && entry->case_number != NULL && entry->subject != NULL &&
           entry->place != NULL && entry->danger != NULL && entry->injury != NULL &&
           entry->obligation != NULL && entry->legal_basis != NULL && entry->state != NULL &&
           entry->pupil_name != NULL && entry->with_pupil != NULL && entry->place_detail != NULL &&
           entry->callback != NULL && entry->text != NULL;
}

static int find_partner(struct filling *filling, struct entry *entry)
{
    const struct held *held = filling->held;
    struct str id = held->person;
    int error = str_is(held->role, ENTRY_ROLE) ? 0 : text_open_address(filling, &id);
    if (error != 0) {
        return error;
    }
    entry->partner = org_find_partner(filling->part->org, held->unit, id);
    return entry->partner != NULL && entry->partner->channel == held->channel &&
                   disclose_audience_parse(entry->partner->audience, &filling->audience)
               ? 0
               : ERR_NOT_FOUND;
}

int entry_build(struct part *part, const struct held *held, struct entry *ret_entry)
{
    struct filling filling = {.via = held->channel};
    struct entry entry = {.record = SHOUWANG__V1__FEED_ENTRY__INIT};
    int error = text_begin(part, held, &filling);
    if (error == 0) {
        error = find_partner(&filling, &entry);
    }
    if (error != 0) {
        return error;
    }
    fill_codes(&filling, &entry.record);
    error = fill_words(&filling, &entry.record);
    if (error == 0 && !is_whole(&entry.record)) {
        error = ERR_MEMORY;
    }
    if (error == 0) {
        *ret_entry = entry;
    }
    return error;
}

void entry_emit(struct part *part, const struct entry *entry, struct stream_effects *effects)
{
    struct str value;
    char id[IDENT_TEXT_BYTES];
    ident_format(reader_ident(entry->record.id), id);
    const struct envelope envelope = {.topic = TOPIC_COUNT,
                                      .unit = str_of(entry->record.unit),
                                      .source = NOTIFIER_SOURCE,
                                      .kind = str_of(entry->record.what),
                                      .id = str_of(id),
                                      .at_ms = entry->record.at_ms,
                                      .partner = entry->partner->id};
    if (encode_message(&entry->record.base, &part->arena, &value) != 0) {
        service_fail(part->notifier->service, error_name(ERR_MEMORY));
        return;
    }
    envelope_emit(&envelope, value, effects);
    counters_add(&part->notifier->counters, COUNTER_FEED, NULL, NULL);
}

/* --- Alerts ------------------------------------------------------------------------------------ */

static struct ident alert_id(const Shouwang__V1__Alert *alert, struct str partner)
{
    struct ident id = reader_ident(alert->id);
    const struct str parts[] = {STR_LITERAL("alert"), ident_part(&id), partner};
    return ident_derive(seal_hash128, parts, 3);
}

/* The alert as a notice to the partner; false: memory is out. */
static bool make_notice(struct part *part, const Shouwang__V1__Alert *alert,
                        const struct org_partner *partner, Shouwang__V1__Notice *to)
{
    static char role[] = ENTRY_ROLE;
    char state[FACT_BYTES];
    char layer[FACT_BYTES];
    struct ident id = alert_id(alert, partner->id);
    char *bytes = copy_text(part, ident_part(&id));
    char **facts = arena_alloc_array(&part->arena, 2, sizeof(*facts));
    (void)snprintf(state, sizeof(state), "state=%.40s", alert->state);
    (void)snprintf(layer, sizeof(layer), "layer=%d", (int)alert->layer);
    if (bytes == NULL || facts == NULL) {
        return false;
    }
    facts[0] = copy_text(part, str_of(state));
    facts[1] = copy_text(part, str_of(layer));
    to->id = (ProtobufCBinaryData){IDENT_BYTES, (uint8_t *)bytes};
    to->unit = alert->unit;
    to->case_id = alert->case_id;
    to->person = copy_text(part, partner->id);
    to->role = role;
    to->channel = (Shouwang__V1__Channel)partner->channel;
    to->purpose = alert->what;
    to->audience = copy_text(part, partner->audience);
    to->level = alert->level;
    to->kind = alert->kind;
    to->obligation = alert->obligation;
    to->due_at_ms = alert->due_at_ms;
    to->generation = alert->generation;
    to->created_at_ms = alert->at_ms;
    to->expires_at_ms = alert->at_ms + ALERT_LIFE_MS;
    to->facts = facts;
    to->n_facts = 2;
    return facts[0] != NULL && facts[1] != NULL && to->person != NULL && to->audience != NULL;
}

static bool hears_of(const struct org_partner *partner, const Shouwang__V1__Alert *alert)
{
    enum disclose_audience audience;
    return (int)alert->level >= (int)partner->level_at_least &&
           disclose_audience_parse(partner->audience, &audience) &&
           disclose_may_see(audience, partner->channel, DISCLOSE_FIELD_CASE_STATE);
}

void entry_tell_partners(struct part *part, const Shouwang__V1__Alert *alert, entry_hold_fn hold,
                         struct stream_effects *effects)
{
    const struct org_partner *partners[PARTNERS_MAX];
    size_t count = org_list_partners(part->org, str_of(alert->unit), partners, PARTNERS_MAX);
    if (count > PARTNERS_MAX) {
        counters_add(&part->notifier->counters, COUNTER_TABLE_FAULTS, "too_many_partners", NULL);
        count = PARTNERS_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        Shouwang__V1__Notice notice = SHOUWANG__V1__NOTICE__INIT;
        if (!hears_of(partners[i], alert)) {
            continue;
        }
        if (!make_notice(part, alert, partners[i], &notice)) {
            service_fail(part->notifier->service, error_name(ERR_MEMORY));
            return;
        }
        hold(part, &notice, effects);
    }
}
