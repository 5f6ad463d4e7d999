#include "core/org/record.h"

static bool is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_unit_id(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_lower_alnum(text.at[i]) && text.at[i] != '-') {
            return false;
        }
    }
    return text.len >= 1 && text.len <= ORG_UNIT_ID_MAX_BYTES;
}

static bool is_id(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool upper = c >= 'A' && c <= 'Z';
        if (!is_lower_alnum(c) && !upper && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return text.len >= 1 && text.len <= ORG_ID_MAX_BYTES;
}

static bool is_id_or_empty(struct str text)
{
    return text.len == 0 || is_id(text);
}

static bool is_digest(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
            return false;
        }
    }
    return text.len >= 1 && text.len <= ORG_DIGEST_MAX_BYTES;
}

/* A ce_source: visible ASCII; a '/' does no harm, since it is the last part of its key. */
static bool is_source(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < 0x21 || text.at[i] > 0x7E) {
            return false;
        }
    }
    return text.len >= 1 && text.len <= ORG_SOURCE_MAX_BYTES;
}

static bool is_text(struct str text)
{
    return text.len <= ORG_TEXT_MAX_BYTES && str_is_utf8(text, NULL);
}

static bool are_units(const struct str *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_unit_id(units[i])) {
            return false;
        }
    }
    return true;
}

static const char *unit_fault(const struct org_unit *unit)
{
    if (!is_unit_id(unit->id)) {
        return "unit id: expected [a-z0-9-]{1,48}";
    }
    if (unit->kind <= ORG_UNIT_NONE || unit->kind > ORG_UNIT_CITY) {
        return "unit kind: expected school, county or city";
    }
    if (unit->above_count > ORG_ABOVE_MAX || !are_units(unit->above, unit->above_count)) {
        return "units above: expected at most 8 unit ids";
    }
    bool at_top = unit->parent.len == 0;
    if (at_top != (unit->above_count == 0) ||
        (!at_top && !str_equal(unit->parent, unit->above[0]))) {
        return "units above: expected the parent first, and none at the top";
    }
    for (size_t i = 0; i < unit->above_count; i++) {
        if (str_equal(unit->above[i], unit->id)) {
            return "units above: a unit lies in itself";
        }
    }
    if (!is_id_or_empty(unit->jurisdiction)) {
        return "jurisdiction: expected [A-Za-z0-9._-]{0,64}";
    }
    if (!is_text(unit->label) || !is_text(unit->time_zone) || !is_text(unit->switchboard)) {
        return "label, time zone, switchboard: expected UTF-8 of at most 256 bytes";
    }
    if (unit->help_line_count > ORG_HELP_LINES_MAX) {
        return "more than 8 help lines";
    }
    for (size_t i = 0; i < unit->help_line_count; i++) {
        if (!is_text(unit->help_lines[i])) {
            return "help line: expected UTF-8 of at most 256 bytes";
        }
    }
    if (unit->zone.count > ZONE_OFFSETS_MAX) {
        return "more than 256 time zone offsets";
    }
    for (size_t i = 0; i < unit->zone.count; i++) {
        const struct zone_offset *offset = &unit->zone.offsets[i];
        if (offset->offset_s < -ZONE_OFFSET_MAX_S || offset->offset_s > ZONE_OFFSET_MAX_S) {
            return "time zone offset: expected at most 18 hours either way";
        }
        if (i > 0 && offset->from_ms <= offset[-1].from_ms) {
            return "time zone offsets: expected ascending";
        }
    }
    return NULL;
}

static const char *group_fault(const struct org_group *group)
{
    if (!is_id(group->id) || !is_id_or_empty(group->parent)) {
        return "group id: expected [A-Za-z0-9._-]{1,64}";
    }
    if (!is_unit_id(group->unit)) {
        return "unit id: expected [a-z0-9-]{1,48}";
    }
    if (group->kind <= ORG_GROUP_NONE || group->kind > ORG_GROUP_CLASS) {
        return "group kind: expected campus, grade or class";
    }
    if (str_equal(group->id, group->parent)) {
        return "a group lies in itself";
    }
    return is_text(group->label) ? NULL : "label: expected UTF-8 of at most 256 bytes";
}

static const char *addresses_fault(const struct org_person *person)
{
    if (person->address_count > ORG_ADDRESSES_MAX) {
        return "more than 16 addresses";
    }
    for (size_t i = 0; i < person->address_count; i++) {
        const struct org_address *address = &person->addresses[i];
        if (address->channel <= CASE_CHANNEL_NONE || address->channel >= CASE_CHANNEL_COUNT) {
            return "address: unknown channel";
        }
        if (!is_digest(address->digest)) {
            return "address: expected a digest of 1 to 64 hexadecimal digits";
        }
        if (address->sealed.len > ORG_SEALED_MAX_BYTES) {
            return "address: sealed value larger than 8 KiB";
        }
    }
    return NULL;
}

static const char *relations_fault(const struct org_person *person)
{
    if (person->guardian_count > ORG_GUARDIANS_MAX) {
        return "more than 12 guardians";
    }
    if (person->guardian_count > 0 && person->kind != ORG_PERSON_STUDENT) {
        return "guardians: only a student has them";
    }
    for (size_t i = 0; i < person->guardian_count; i++) {
        const struct org_guardian *guardian = &person->guardians[i];
        if (!is_id(guardian->person) || str_equal(guardian->person, person->id)) {
            return "guardian: expected another person's id";
        }
        if (!is_id_or_empty(guardian->relation)) {
            return "guardian: relation is not a code";
        }
    }
    if (person->holding_count > ORG_HOLDINGS_MAX) {
        return "more than 16 roles held";
    }
    if (person->holding_count > 0 && person->kind == ORG_PERSON_STUDENT) {
        return "role held: a student holds none";
    }
    for (size_t i = 0; i < person->holding_count; i++) {
        const struct org_holding *holding = &person->holdings[i];
        if (holding->role <= ORG_ROLE_NONE || holding->role >= ORG_ROLE_COUNT ||
            holding->role == ORG_ROLE_GUARDIANS) {
            return "role held: expected one of the closed list, and not guardians";
        }
        if (!is_id_or_empty(holding->group) || !is_id_or_empty(holding->substitute)) {
            return "role held: group or substitute is not an id";
        }
        if (str_equal(holding->substitute, person->id)) {
            return "role held: a person is their own substitute";
        }
    }
    return NULL;
}

static const char *flags_fault(const struct org_person *person)
{
    if (person->flag_count > ORG_FLAGS_MAX) {
        return "more than 16 flags";
    }
    if (person->flag_count > 0 && person->kind != ORG_PERSON_STUDENT) {
        return "flags: only a student has them";
    }
    for (size_t i = 0; i < person->flag_count; i++) {
        if (!is_id(person->flags[i].code) || !is_id_or_empty(person->flags[i].source)) {
            return "flag: code or source is not a code";
        }
    }
    return NULL;
}

static const char *person_fault(const struct org_person *person)
{
    if (!is_id(person->id)) {
        return "person id: expected [A-Za-z0-9._-]{1,64}";
    }
    if (!is_unit_id(person->unit)) {
        return "unit id: expected [a-z0-9-]{1,48}";
    }
    if (person->kind <= ORG_PERSON_NONE || person->kind > ORG_PERSON_PARTNER) {
        return "person kind: expected student, staff, guardian or partner";
    }
    if (!is_id_or_empty(person->household) || !is_id_or_empty(person->group) ||
        !is_id_or_empty(person->lang)) {
        return "household, group, lang: expected [A-Za-z0-9._-]{0,64}";
    }
    if (person->name.len > ORG_SEALED_MAX_BYTES) {
        return "name: sealed value larger than 8 KiB";
    }
    if (person->identifier_count > ORG_IDENTIFIERS_MAX) {
        return "more than 8 identifiers";
    }
    for (size_t i = 0; i < person->identifier_count; i++) {
        if (!is_digest(person->identifiers[i])) {
            return "identifier: expected a digest of 1 to 64 hexadecimal digits";
        }
    }
    const char *fault = addresses_fault(person);
    fault = fault != NULL ? fault : flags_fault(person);
    return fault != NULL ? fault : relations_fault(person);
}

static const char *roster_record_fault(const struct roster *roster)
{
    enum org_role role;
    if (!is_unit_id(roster->unit)) {
        return "unit id: expected [a-z0-9-]{1,48}";
    }
    if (!org_role_parse(roster->role, &role) || role == ORG_ROLE_GUARDIANS) {
        return "roster: expected a role of the closed list, and not guardians";
    }
    const char *fault = roster_fault(roster);
    if (fault != NULL) {
        return fault;
    }
    for (size_t i = 0; i < roster->shift_count; i++) {
        const struct roster_shift *shift = &roster->shifts[i];
        if (!is_id(shift->person) || !is_id_or_empty(shift->substitute) ||
            !is_id_or_empty(shift->campus)) {
            return "shift: person, substitute or campus is not an id";
        }
    }
    for (size_t i = 0; i < roster->override_count; i++) {
        const struct roster_override *override = &roster->overrides[i];
        if (!is_id_or_empty(override->person) || !is_id_or_empty(override->substitute) ||
            !is_id_or_empty(override->campus) || !is_id_or_empty(override->instead_of)) {
            return "override: person, substitute, campus or instead_of is not an id";
        }
    }
    return NULL;
}

/* "*", "incident.*", "incident.concern", "feed.qh-police". */
static bool is_kind_pattern(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool last_star = c == '*' && i + 1 == text.len;
        if (!is_lower_alnum(c) && c != '_' && c != '-' && c != '.' && !last_star) {
            return false;
        }
    }
    return text.len >= 1 && text.len <= ORG_ID_MAX_BYTES;
}

static const char *token_fault(const struct org_token *token)
{
    if (!is_unit_id(token->unit)) {
        return "unit id: expected [a-z0-9-]{1,48}";
    }
    if (token->kind_count > ORG_KINDS_MAX) {
        return "more than 32 kinds";
    }
    for (size_t i = 0; i < token->kind_count; i++) {
        if (!is_kind_pattern(token->kinds[i])) {
            return "kind: expected \"incident.*\" or \"incident.concern\"";
        }
    }
    if (token->source.len > 0 && !is_source(token->source)) {
        return "source: expected 1 to 256 visible ASCII characters";
    }
    if (token->expires_ms < 0) {
        return "expiry: expected an instant, or 0";
    }
    return is_text(token->label) ? NULL : "label: expected UTF-8 of at most 256 bytes";
}

static const char *source_fault(const struct org_source *source)
{
    if (!is_source(source->name)) {
        return "source: expected 1 to 256 visible ASCII characters";
    }
    if (!is_unit_id(source->unit)) {
        return "unit id: expected [a-z0-9-]{1,48}";
    }
    if (source->unit_count < 1 || source->unit_count > ORG_UNITS_MAX ||
        !are_units(source->units, source->unit_count)) {
        return "units of a source: expected 1 to 256 unit ids";
    }
    return NULL;
}

static const char *user_fault(const struct org_user *user)
{
    if (!is_id(user->login)) {
        return "login: expected [A-Za-z0-9._-]{1,64}";
    }
    if (!is_id(user->person) || !is_unit_id(user->unit)) {
        return "user: expected a person's id and a unit id";
    }
    if (user->password.len < 1 || user->password.len > ORG_PASSWORD_MAX_BYTES ||
        !str_starts(user->password, STR_LITERAL("$argon2id$"))) {
        return "password: expected an argon2id text";
    }
    if (user->role_count > ORG_ROLES_MAX) {
        return "more than 16 roles";
    }
    for (size_t i = 0; i < user->role_count; i++) {
        if (!is_id(user->roles[i])) {
            return "role of a user: not an id";
        }
    }
    return NULL;
}

static const char *partner_fault(const struct org_partner *partner)
{
    if (!is_unit_id(partner->id) || !is_unit_id(partner->unit)) {
        return "partner: expected ids [a-z0-9-]{1,48} of its own and of its area";
    }
    if (!is_id(partner->audience)) {
        return "audience of a partner: not an id";
    }
    if (partner->channel != CASE_CHANNEL_FEED && partner->channel != CASE_CHANNEL_WEBHOOK) {
        return "channel of a partner: expected feed or webhook";
    }
    if (partner->secret_count > ORG_SECRETS_MAX) {
        return "more than 4 secrets";
    }
    for (size_t i = 0; i < partner->secret_count; i++) {
        if (partner->secrets[i].len > ORG_SEALED_MAX_BYTES) {
            return "sealed value of more than 8192 bytes";
        }
    }
    if (partner->url.len > ORG_SEALED_MAX_BYTES) {
        return "sealed value of more than 8192 bytes";
    }
    return is_text(partner->label) ? NULL : "label: expected UTF-8 of at most 256 bytes";
}

const char *org_record_fault(const struct org_record *record)
{
    switch (record->kind) {
    case ORG_RECORD_UNIT:
        return unit_fault(&record->unit);
    case ORG_RECORD_GROUP:
        return group_fault(&record->group);
    case ORG_RECORD_PERSON:
        return person_fault(&record->person);
    case ORG_RECORD_ROSTER:
        return roster_record_fault(&record->roster);
    case ORG_RECORD_TOKEN:
        return token_fault(&record->token);
    case ORG_RECORD_SOURCE:
        return source_fault(&record->source);
    case ORG_RECORD_USER:
        return user_fault(&record->user);
    case ORG_RECORD_PARTNER:
        return partner_fault(&record->partner);
    case ORG_RECORD_NONE:
        break;
    }
    return "not a record of the organisation";
}
