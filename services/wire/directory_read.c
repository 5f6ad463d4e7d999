/* Messages of the directory topic -> records. */
#include <string.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/directory_parts.h"

_Static_assert((int)SHOUWANG__V1__CHANNEL__CHANNEL_FEED == (int)CASE_CHANNEL_FEED, "same values");
_Static_assert((int)SHOUWANG__V1__UNIT_KIND__UNIT_KIND_CITY == (int)ORG_UNIT_CITY, "same values");
_Static_assert((int)SHOUWANG__V1__GROUP_KIND__GROUP_KIND_CLASS == (int)ORG_GROUP_CLASS,
               "same values");
_Static_assert((int)SHOUWANG__V1__PERSON_KIND__PERSON_KIND_PARTNER == (int)ORG_PERSON_PARTNER,
               "same values");

static int read_texts(char *const *texts, size_t count, struct arena *arena,
                      const struct str **ret_texts)
{
    struct str *copies = arena_alloc_array(arena, count, sizeof(*copies));
    if (copies == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        copies[i] = str_of(texts[i]);
    }
    *ret_texts = copies;
    return 0;
}

/* A sealed value stays closed: the core keeps it as the bytes of its message. */
static int read_sealed(const Shouwang__V1__Sealed *sealed, struct arena *arena,
                       struct str *ret_sealed)
{
    return sealed == NULL ? 0 : encode_message(&sealed->base, arena, ret_sealed);
}

static int read_unit(const Shouwang__V1__Unit *from, struct arena *arena, struct org_unit *ret_unit)
{
    struct zone_offset *offsets = arena_alloc_array(arena, from->n_offsets, sizeof(*offsets));
    if (offsets == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < from->n_offsets; i++) {
        offsets[i] = (struct zone_offset){from->offsets[i]->from_ms, from->offsets[i]->offset_s};
    }
    *ret_unit = (struct org_unit){
        .id = str_of(from->id),
        .kind = (enum org_unit_kind)from->kind,
        .parent = str_of(from->parent),
        .jurisdiction = str_of(from->jurisdiction),
        .label = str_of(from->label),
        .time_zone = str_of(from->time_zone),
        .zone = {offsets, from->n_offsets},
        .switchboard = str_of(from->switchboard),
        .help_line_count = from->n_help_lines,
        .above_count = from->n_above,
    };
    int error = read_texts(from->help_lines, from->n_help_lines, arena, &ret_unit->help_lines);
    return error != 0 ? error : read_texts(from->above, from->n_above, arena, &ret_unit->above);
}

static int read_group(const Shouwang__V1__Group *from, struct org_group *ret_group)
{
    *ret_group = (struct org_group){
        .id = str_of(from->id),
        .unit = str_of(from->unit),
        .kind = (enum org_group_kind)from->kind,
        .parent = str_of(from->parent),
        .label = str_of(from->label),
    };
    return 0;
}

static int read_addresses(const Shouwang__V1__Person *from, struct arena *arena,
                          struct org_person *person)
{
    struct org_address *addresses = arena_alloc_array(arena, from->n_addresses, sizeof(*addresses));
    if (addresses == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < from->n_addresses; i++) {
        const Shouwang__V1__Address *address = from->addresses[i];
        addresses[i].channel = (enum case_channel)address->channel;
        addresses[i].digest = str_of(address->digest);
        int error = read_sealed(address->value, arena, &addresses[i].sealed);
        if (error != 0) {
            return error;
        }
    }
    person->addresses = addresses;
    person->address_count = from->n_addresses;
    return 0;
}

static int read_guardians(const Shouwang__V1__Person *from, struct arena *arena,
                          struct org_person *person)
{
    struct org_guardian *guardians =
        arena_alloc_array(arena, from->n_guardians, sizeof(*guardians));
    if (guardians == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < from->n_guardians; i++) {
        const Shouwang__V1__Guardian *guardian = from->guardians[i];
        guardians[i] = (struct org_guardian){
            .person = str_of(guardian->person),
            .relation = str_of(guardian->relation),
            .remote = guardian->remote,
            .pick_up = guardian->pick_up,
        };
    }
    person->guardians = guardians;
    person->guardian_count = from->n_guardians;
    return 0;
}

/* A role of a later version is left out: the person can still be called for the others. */
static int read_holdings(const Shouwang__V1__Person *from, struct arena *arena,
                         struct org_person *person)
{
    size_t count = 0;
    struct org_holding *holdings = arena_alloc_array(arena, from->n_holdings, sizeof(*holdings));
    if (holdings == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < from->n_holdings; i++) {
        const Shouwang__V1__Holding *holding = from->holdings[i];
        if (org_role_parse(str_of(holding->role), &holdings[count].role)) {
            holdings[count].group = str_of(holding->group);
            holdings[count].substitute = str_of(holding->substitute);
            count++;
        }
    }
    person->holdings = holdings;
    person->holding_count = count;
    return 0;
}

static int read_flags(const Shouwang__V1__Person *from, struct arena *arena,
                      struct org_person *person)
{
    struct org_flag *flags = arena_alloc_array(arena, from->n_flags, sizeof(*flags));
    if (flags == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < from->n_flags; i++) {
        flags[i] = (struct org_flag){
            .code = str_of(from->flags[i]->code),
            .source = str_of(from->flags[i]->source),
            .expires_ms = from->flags[i]->expires_at_ms,
        };
    }
    person->flags = flags;
    person->flag_count = from->n_flags;
    return 0;
}

static int read_person(const Shouwang__V1__Person *from, struct arena *arena,
                       struct org_person *ret_person)
{
    *ret_person = (struct org_person){
        .id = str_of(from->id),
        .unit = str_of(from->unit),
        .kind = (enum org_person_kind)from->kind,
        .household = str_of(from->household),
        .group = str_of(from->group),
        .lang = str_of(from->lang),
        .identifier_count = from->n_identifier_digests,
    };
    int error = read_addresses(from, arena, ret_person);
    if (error == 0) {
        error = read_guardians(from, arena, ret_person);
    }
    if (error == 0) {
        error = read_holdings(from, arena, ret_person);
    }
    error = error != 0 ? error : read_flags(from, arena, ret_person);
    if (error == 0) {
        error = read_texts(from->identifier_digests, from->n_identifier_digests, arena,
                           &ret_person->identifiers);
    }
    return error != 0 ? error : read_sealed(from->name, arena, &ret_person->name);
}

static void read_shifts(const Shouwang__V1__Roster *from, struct roster_shift *shifts)
{
    for (size_t i = 0; i < from->n_shifts; i++) {
        const Shouwang__V1__Shift *shift = from->shifts[i];
        shifts[i] = (struct roster_shift){
            .weekday = shift->weekday,
            .start_minute = shift->start_minute,
            .length_minutes = shift->length_minutes,
            .person = str_of(shift->person),
            .substitute = str_of(shift->substitute),
            .campus = str_of(shift->campus),
            .period_days = shift->period_days,
            .first_day = shift->first_day,
            .last_day = shift->last_day,
            .days = (enum roster_days)shift->days,
        };
    }
}

static void read_overrides(const Shouwang__V1__Roster *from, struct roster_override *overrides)
{
    for (size_t i = 0; i < from->n_overrides; i++) {
        const Shouwang__V1__ShiftOverride *override = from->overrides[i];
        overrides[i] = (struct roster_override){
            .from_ms = override->from_ms,
            .to_ms = override->to_ms,
            .person = str_of(override->person),
            .substitute = str_of(override->substitute),
            .campus = str_of(override->campus),
            .instead_of = str_of(override->instead_of),
        };
    }
}

static int read_roster(const Shouwang__V1__Roster *from, struct arena *arena,
                       struct roster *ret_roster)
{
    enum org_role role;
    struct roster_shift *shifts = arena_alloc_array(arena, from->n_shifts, sizeof(*shifts));
    struct roster_override *overrides =
        arena_alloc_array(arena, from->n_overrides, sizeof(*overrides));
    struct calendar_span *holidays = arena_alloc_array(arena, from->n_holidays, sizeof(*holidays));
    struct roster_make_up *make_ups =
        arena_alloc_array(arena, from->n_make_up_days, sizeof(*make_ups));
    if (shifts == NULL || overrides == NULL || holidays == NULL || make_ups == NULL) {
        return ERR_MEMORY;
    }
    if (!org_role_parse(str_of(from->role), &role)) {
        return ERR_UNSUPPORTED;
    }
    read_shifts(from, shifts);
    read_overrides(from, overrides);
    for (size_t i = 0; i < from->n_holidays; i++) {
        holidays[i] =
            (struct calendar_span){from->holidays[i]->first_day, from->holidays[i]->last_day};
    }
    for (size_t i = 0; i < from->n_make_up_days; i++) {
        make_ups[i] =
            (struct roster_make_up){from->make_up_days[i]->day, from->make_up_days[i]->weekday};
    }
    *ret_roster = (struct roster){
        .unit = str_of(from->unit),
        .role = str_of(from->role),
        .shifts = shifts,
        .shift_count = from->n_shifts,
        .overrides = overrides,
        .override_count = from->n_overrides,
        .holidays = holidays,
        .holiday_count = from->n_holidays,
        .make_up_days = make_ups,
        .make_up_count = from->n_make_up_days,
    };
    return 0;
}

static int read_token(const Shouwang__V1__Token *from, struct arena *arena,
                      struct org_token *ret_token)
{
    if (from->hash.len != ORG_TOKEN_HASH_BYTES) {
        return ERR_UNSUPPORTED; /* of another algorithm: decode_message refuses it before */
    }
    *ret_token = (struct org_token){
        .unit = str_of(from->unit),
        .kind_count = from->n_kinds,
        .source = str_of(from->source),
        .label = str_of(from->label),
        .expires_ms = from->expires_at_ms,
    };
    memcpy(ret_token->hash, from->hash.data, ORG_TOKEN_HASH_BYTES);
    return read_texts(from->kinds, from->n_kinds, arena, &ret_token->kinds);
}

static int read_source(const Shouwang__V1__Source *from, struct arena *arena,
                       struct org_source *ret_source)
{
    *ret_source = (struct org_source){
        .name = str_of(from->name), .unit = str_of(from->unit), .unit_count = from->n_units};
    return read_texts(from->units, from->n_units, arena, &ret_source->units);
}

static int read_user(const Shouwang__V1__User *from, struct arena *arena, struct org_user *ret_user)
{
    *ret_user = (struct org_user){
        .login = str_of(from->login),
        .person = str_of(from->person),
        .unit = str_of(from->unit),
        .password = str_of(from->password),
        .role_count = from->n_roles,
    };
    return read_texts(from->roles, from->n_roles, arena, &ret_user->roles);
}

static int read_partner(const Shouwang__V1__Partner *from, struct arena *arena,
                        struct org_partner *ret_partner)
{
    struct str *secrets = arena_alloc_array(arena, from->n_secrets, sizeof(*secrets));
    int error = secrets == NULL ? ERR_MEMORY : 0;
    for (size_t i = 0; error == 0 && i < from->n_secrets; i++) {
        secrets[i] = STR_LITERAL("");
        error = read_sealed(from->secrets[i], arena, &secrets[i]);
    }
    *ret_partner = (struct org_partner){
        .id = str_of(from->id),
        .unit = str_of(from->unit),
        .audience = str_of(from->audience),
        .label = str_of(from->label),
        .channel = (enum case_channel)from->channel,
        .secrets = secrets,
        .secret_count = from->n_secrets,
        .level_at_least = (enum case_level)from->level_at_least,
    };
    return error != 0 ? error : read_sealed(from->url, arena, &ret_partner->url);
}

int directory_from_message(const Shouwang__V1__DirectoryRecord *message, struct arena *arena,
                           struct org_record *ret_record)
{
    switch (message->entry_case) {
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_UNIT:
        ret_record->kind = ORG_RECORD_UNIT;
        return read_unit(message->unit, arena, &ret_record->unit);
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_GROUP:
        ret_record->kind = ORG_RECORD_GROUP;
        return read_group(message->group, &ret_record->group);
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PERSON:
        ret_record->kind = ORG_RECORD_PERSON;
        return read_person(message->person, arena, &ret_record->person);
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_ROSTER:
        ret_record->kind = ORG_RECORD_ROSTER;
        return read_roster(message->roster, arena, &ret_record->roster);
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_TOKEN:
        ret_record->kind = ORG_RECORD_TOKEN;
        return read_token(message->token, arena, &ret_record->token);
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_SOURCE:
        ret_record->kind = ORG_RECORD_SOURCE;
        return read_source(message->source, arena, &ret_record->source);
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_USER:
        ret_record->kind = ORG_RECORD_USER;
        return read_user(message->user, arena, &ret_record->user);
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PARTNER:
        ret_record->kind = ORG_RECORD_PARTNER;
        return read_partner(message->partner, arena, &ret_record->partner);
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PACK_FILE:
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PACK_ACTIVE:
    case SHOUWANG__V1__DIRECTORY_RECORD__ENTRY__NOT_SET:
    case _SHOUWANG__V1__DIRECTORY_RECORD__ENTRY__CASE_IS_INT_SIZE:
        break;
    }
    return ERR_UNSUPPORTED;
}
