/* Records -> messages of the directory topic. */
#include "base/assert.h"
#include "wire/decode.h"
#include "wire/directory_parts.h"

/* What a message is built with: the first failure stays, and everything after it does nothing. */
struct writer {
    struct arena *arena;
    int error;
};

static void *take(struct writer *writer, size_t count, size_t element_bytes)
{
    void *taken =
        writer->error != 0 ? NULL : arena_alloc_array(writer->arena, count, element_bytes);
    if (taken == NULL && writer->error == 0) {
        writer->error = ERR_MEMORY;
    }
    return taken;
}

/* protobuf-c wants a NUL behind each text, and writable; an empty one is its own shared constant. */
static char *write_text(struct writer *writer, struct str text)
{
    char *copy = take(writer, text.len + 1, 1);
    for (size_t i = 0; copy != NULL && i < text.len; i++) {
        copy[i] = text.at[i];
    }
    return copy;
}

static char **write_texts(struct writer *writer, const struct str *texts, size_t count)
{
    char **copies = take(writer, count, sizeof(*copies));
    for (size_t i = 0; copies != NULL && i < count; i++) {
        copies[i] = write_text(writer, texts[i]);
    }
    return copies;
}

static Shouwang__V1__Sealed *write_sealed(struct writer *writer, struct str sealed)
{
    ProtobufCMessage *message = NULL;
    struct fault fault;
    if (sealed.len == 0 || writer->error != 0) {
        return NULL;
    }
    writer->error =
        decode_message(&shouwang__v1__sealed__descriptor, sealed, writer->arena, &fault, &message);
    return (Shouwang__V1__Sealed *)message;
}

/* A repeated message field: `count` messages, each set by its init function, behind an array of pointers. */
#define NEW_MESSAGES(writer, count, type, init)                                                    \
    type **messages = take((writer), (count), sizeof(*messages));                                  \
    type *bodies = take((writer), (count), sizeof(*bodies));                                       \
    for (size_t i = 0; bodies != NULL && i < (count); i++) {                                       \
        init(&bodies[i]);                                                                          \
        messages[i] = &bodies[i];                                                                  \
    }

static void write_unit(struct writer *writer, const struct org_unit *unit,
                       Shouwang__V1__DirectoryRecord *record)
{
    Shouwang__V1__Unit *to = take(writer, 1, sizeof(*to));
    NEW_MESSAGES(writer, unit->zone.count, Shouwang__V1__ZoneOffset,
                 shouwang__v1__zone_offset__init)
    if (bodies == NULL) {
        return;
    }
    for (size_t i = 0; i < unit->zone.count; i++) {
        bodies[i].from_ms = unit->zone.offsets[i].from_ms;
        bodies[i].offset_s = unit->zone.offsets[i].offset_s;
    }
    shouwang__v1__unit__init(to);
    to->id = write_text(writer, unit->id);
    to->kind = (Shouwang__V1__UnitKind)unit->kind;
    to->parent = write_text(writer, unit->parent);
    to->jurisdiction = write_text(writer, unit->jurisdiction);
    to->label = write_text(writer, unit->label);
    to->time_zone = write_text(writer, unit->time_zone);
    to->offsets = messages;
    to->n_offsets = unit->zone.count;
    to->switchboard = write_text(writer, unit->switchboard);
    to->help_lines = write_texts(writer, unit->help_lines, unit->help_line_count);
    to->n_help_lines = unit->help_line_count;
    to->above = write_texts(writer, unit->above, unit->above_count);
    to->n_above = unit->above_count;
    record->unit = to;
    record->entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_UNIT;
}

static void write_group(struct writer *writer, const struct org_group *group,
                        Shouwang__V1__DirectoryRecord *record)
{
    Shouwang__V1__Group *to = take(writer, 1, sizeof(*to));
    if (to == NULL) {
        return;
    }
    shouwang__v1__group__init(to);
    to->id = write_text(writer, group->id);
    to->unit = write_text(writer, group->unit);
    to->kind = (Shouwang__V1__GroupKind)group->kind;
    to->parent = write_text(writer, group->parent);
    to->label = write_text(writer, group->label);
    record->group = to;
    record->entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_GROUP;
}

static void write_addresses(struct writer *writer, const struct org_person *person,
                            Shouwang__V1__Person *to)
{
    NEW_MESSAGES(writer, person->address_count, Shouwang__V1__Address, shouwang__v1__address__init)
    for (size_t i = 0; bodies != NULL && i < person->address_count; i++) {
        const struct org_address *address = &person->addresses[i];
        bodies[i].channel = (Shouwang__V1__Channel)address->channel;
        bodies[i].digest = write_text(writer, address->digest);
        bodies[i].value = write_sealed(writer, address->sealed);
    }
    to->addresses = messages;
    to->n_addresses = person->address_count;
}

static void write_guardians(struct writer *writer, const struct org_person *person,
                            Shouwang__V1__Person *to)
{
    NEW_MESSAGES(writer, person->guardian_count, Shouwang__V1__Guardian,
                 shouwang__v1__guardian__init)
    for (size_t i = 0; bodies != NULL && i < person->guardian_count; i++) {
        const struct org_guardian *guardian = &person->guardians[i];
        bodies[i].person = write_text(writer, guardian->person);
        bodies[i].relation = write_text(writer, guardian->relation);
        bodies[i].remote = guardian->remote;
        bodies[i].pick_up = guardian->pick_up;
    }
    to->guardians = messages;
    to->n_guardians = person->guardian_count;
}

static void write_holdings(struct writer *writer, const struct org_person *person,
                           Shouwang__V1__Person *to)
{
    NEW_MESSAGES(writer, person->holding_count, Shouwang__V1__Holding, shouwang__v1__holding__init)
    for (size_t i = 0; bodies != NULL && i < person->holding_count; i++) {
        const struct org_holding *holding = &person->holdings[i];
        bodies[i].role = write_text(writer, str_of(org_role_id(holding->role)));
        bodies[i].group = write_text(writer, holding->group);
        bodies[i].substitute = write_text(writer, holding->substitute);
    }
    to->holdings = messages;
    to->n_holdings = person->holding_count;
}

static void write_flags(struct writer *writer, const struct org_person *person,
                        Shouwang__V1__Person *to)
{
    NEW_MESSAGES(writer, person->flag_count, Shouwang__V1__Flag, shouwang__v1__flag__init)
    for (size_t i = 0; bodies != NULL && i < person->flag_count; i++) {
        bodies[i].code = write_text(writer, person->flags[i].code);
        bodies[i].source = write_text(writer, person->flags[i].source);
        bodies[i].expires_at_ms = person->flags[i].expires_ms;
    }
    to->flags = messages;
    to->n_flags = person->flag_count;
}

static void write_person(struct writer *writer, const struct org_person *person,
                         Shouwang__V1__DirectoryRecord *record)
{
    Shouwang__V1__Person *to = take(writer, 1, sizeof(*to));
    if (to == NULL) {
        return;
    }
    shouwang__v1__person__init(to);
    to->id = write_text(writer, person->id);
    to->unit = write_text(writer, person->unit);
    to->kind = (Shouwang__V1__PersonKind)person->kind;
    to->household = write_text(writer, person->household);
    to->group = write_text(writer, person->group);
    to->lang = write_text(writer, person->lang);
    to->name = write_sealed(writer, person->name);
    to->identifier_digests = write_texts(writer, person->identifiers, person->identifier_count);
    to->n_identifier_digests = person->identifier_count;
    write_addresses(writer, person, to);
    write_guardians(writer, person, to);
    write_holdings(writer, person, to);
    write_flags(writer, person, to);
    record->person = to;
    record->entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PERSON;
}

static void write_shifts(struct writer *writer, const struct roster *roster,
                         Shouwang__V1__Roster *to)
{
    NEW_MESSAGES(writer, roster->shift_count, Shouwang__V1__Shift, shouwang__v1__shift__init)
    for (size_t i = 0; bodies != NULL && i < roster->shift_count; i++) {
        const struct roster_shift *shift = &roster->shifts[i];
        bodies[i].weekday = shift->weekday;
        bodies[i].start_minute = shift->start_minute;
        bodies[i].length_minutes = shift->length_minutes;
        bodies[i].person = write_text(writer, shift->person);
        bodies[i].substitute = write_text(writer, shift->substitute);
        bodies[i].campus = write_text(writer, shift->campus);
        bodies[i].period_days = shift->period_days;
        bodies[i].first_day = shift->first_day;
        bodies[i].last_day = shift->last_day;
        bodies[i].days = (Shouwang__V1__ShiftDays)shift->days;
    }
    to->shifts = messages;
    to->n_shifts = roster->shift_count;
}

static void write_overrides(struct writer *writer, const struct roster *roster,
                            Shouwang__V1__Roster *to)
{
    NEW_MESSAGES(writer, roster->override_count, Shouwang__V1__ShiftOverride,
                 shouwang__v1__shift_override__init)
    for (size_t i = 0; bodies != NULL && i < roster->override_count; i++) {
        const struct roster_override *override = &roster->overrides[i];
        bodies[i].from_ms = override->from_ms;
        bodies[i].to_ms = override->to_ms;
        bodies[i].person = write_text(writer, override->person);
        bodies[i].substitute = write_text(writer, override->substitute);
        bodies[i].campus = write_text(writer, override->campus);
        bodies[i].instead_of = write_text(writer, override->instead_of);
    }
    to->overrides = messages;
    to->n_overrides = roster->override_count;
}

static void write_holidays(struct writer *writer, const struct roster *roster,
                           Shouwang__V1__Roster *to)
{
    NEW_MESSAGES(writer, roster->holiday_count, Shouwang__V1__RosterHoliday,
                 shouwang__v1__roster_holiday__init)
    for (size_t i = 0; bodies != NULL && i < roster->holiday_count; i++) {
        bodies[i].first_day = roster->holidays[i].first_day;
        bodies[i].last_day = roster->holidays[i].last_day;
    }
    to->holidays = messages;
    to->n_holidays = roster->holiday_count;
}

static void write_make_up_days(struct writer *writer, const struct roster *roster,
                               Shouwang__V1__Roster *to)
{
    NEW_MESSAGES(writer, roster->make_up_count, Shouwang__V1__RosterMakeUpDay,
                 shouwang__v1__roster_make_up_day__init)
    for (size_t i = 0; bodies != NULL && i < roster->make_up_count; i++) {
        bodies[i].day = roster->make_up_days[i].day;
        bodies[i].weekday = roster->make_up_days[i].weekday;
    }
    to->make_up_days = messages;
    to->n_make_up_days = roster->make_up_count;
}

static void write_roster(struct writer *writer, const struct roster *roster,
                         Shouwang__V1__DirectoryRecord *record)
{
    Shouwang__V1__Roster *to = take(writer, 1, sizeof(*to));
    if (to == NULL) {
        return;
    }
    shouwang__v1__roster__init(to);
    to->unit = write_text(writer, roster->unit);
    to->role = write_text(writer, roster->role);
    write_shifts(writer, roster, to);
    write_overrides(writer, roster, to);
    write_holidays(writer, roster, to);
    write_make_up_days(writer, roster, to);
    record->roster = to;
    record->entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_ROSTER;
}

static void write_token(struct writer *writer, const struct org_token *token,
                        Shouwang__V1__DirectoryRecord *record)
{
    Shouwang__V1__Token *to = take(writer, 1, sizeof(*to));
    struct str hash = {(const char *)token->hash, ORG_TOKEN_HASH_BYTES};
    if (to == NULL) {
        return;
    }
    shouwang__v1__token__init(to);
    to->hash.data = (uint8_t *)write_text(writer, hash);
    to->hash.len = hash.len;
    to->unit = write_text(writer, token->unit);
    to->kinds = write_texts(writer, token->kinds, token->kind_count);
    to->n_kinds = token->kind_count;
    to->source = write_text(writer, token->source);
    to->label = write_text(writer, token->label);
    to->expires_at_ms = token->expires_ms;
    record->token = to;
    record->entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_TOKEN;
}

static void write_source(struct writer *writer, const struct org_source *source,
                         Shouwang__V1__DirectoryRecord *record)
{
    Shouwang__V1__Source *to = take(writer, 1, sizeof(*to));
    if (to == NULL) {
        return;
    }
    shouwang__v1__source__init(to);
    to->name = write_text(writer, source->name);
    to->unit = write_text(writer, source->unit);
    to->units = write_texts(writer, source->units, source->unit_count);
    to->n_units = source->unit_count;
    record->source = to;
    record->entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_SOURCE;
}

static void write_user(struct writer *writer, const struct org_user *user,
                       Shouwang__V1__DirectoryRecord *record)
{
    Shouwang__V1__User *to = take(writer, 1, sizeof(*to));
    if (to == NULL) {
        return;
    }
    shouwang__v1__user__init(to);
    to->login = write_text(writer, user->login);
    to->person = write_text(writer, user->person);
    to->unit = write_text(writer, user->unit);
    to->password = write_text(writer, user->password);
    to->roles = write_texts(writer, user->roles, user->role_count);
    to->n_roles = user->role_count;
    record->user = to;
    record->entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_USER;
}

static void write_partner(struct writer *writer, const struct org_partner *partner,
                          Shouwang__V1__DirectoryRecord *record)
{
    Shouwang__V1__Partner *to = take(writer, 1, sizeof(*to));
    Shouwang__V1__Sealed **secrets = take(writer, partner->secret_count, sizeof(*secrets));
    if (secrets == NULL) {
        return;
    }
    for (size_t i = 0; i < partner->secret_count; i++) {
        secrets[i] = write_sealed(writer, partner->secrets[i]);
    }
    shouwang__v1__partner__init(to);
    to->id = write_text(writer, partner->id);
    to->unit = write_text(writer, partner->unit);
    to->audience = write_text(writer, partner->audience);
    to->label = write_text(writer, partner->label);
    to->channel = (Shouwang__V1__Channel)partner->channel;
    to->url = write_sealed(writer, partner->url);
    to->secrets = secrets;
    to->n_secrets = partner->secret_count;
    to->level_at_least = (Shouwang__V1__Level)partner->level_at_least;
    record->partner = to;
    record->entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PARTNER;
}

int directory_to_message(const struct org_record *record, struct arena *arena,
                         Shouwang__V1__DirectoryRecord *ret_message)
{
    struct writer writer = {.arena = arena};
    shouwang__v1__directory_record__init(ret_message);
    switch (record->kind) {
    case ORG_RECORD_UNIT:
        write_unit(&writer, &record->unit, ret_message);
        break;
    case ORG_RECORD_GROUP:
        write_group(&writer, &record->group, ret_message);
        break;
    case ORG_RECORD_PERSON:
        write_person(&writer, &record->person, ret_message);
        break;
    case ORG_RECORD_ROSTER:
        write_roster(&writer, &record->roster, ret_message);
        break;
    case ORG_RECORD_TOKEN:
        write_token(&writer, &record->token, ret_message);
        break;
    case ORG_RECORD_SOURCE:
        write_source(&writer, &record->source, ret_message);
        break;
    case ORG_RECORD_USER:
        write_user(&writer, &record->user, ret_message);
        break;
    case ORG_RECORD_PARTNER:
        write_partner(&writer, &record->partner, ret_message);
        break;
    case ORG_RECORD_NONE:
        break;
    }
    sw_assert(record->kind != ORG_RECORD_NONE);
    return writer.error;
}
