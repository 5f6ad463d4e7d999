/* The sections of a directory file -> entries. Nothing here knows another entry: that is for finish. */
#include <string.h>

#include "base/assert.h"
#include "wire/directory_file_parts.h"
#include "wire/zone_file.h"

enum {
    SECTION_MAX = 100000,
    DAY_MINUTES = 24 * 60,
    NUMBER_MAX_BYTES = 64,
    ADDRESS_MAX_BYTES = 256,
    SECRET_MAX_BYTES = 128,
};

struct reader {
    struct directory_import *import;
    struct yaml_faults *faults;
    bool is_good;
    int error; /* ERR_MEMORY */
};

#define KEYS(keys) (keys), sizeof(keys) / sizeof((keys)[0])

static void *take(struct reader *reader, size_t count, size_t element_bytes)
{
    void *taken = arena_alloc_array(&reader->import->arena, count, element_bytes);
    if (taken == NULL) {
        reader->error = ERR_MEMORY;
    }
    return taken;
}

/* A text of the tree as one of the import; absent: empty. */
static struct str read_text(struct reader *reader, const struct yaml_node *node, size_t max_bytes)
{
    struct str text = {NULL, 0};
    if (node == NULL) {
        return text;
    }
    if (!yaml_read_text(node, max_bytes, reader->faults, &text)) {
        reader->is_good = false;
        return (struct str){NULL, 0};
    }
    struct str copy = arena_copy_str(&reader->import->arena, text);
    if (copy.at == NULL) {
        reader->error = ERR_MEMORY;
    }
    return copy;
}

static struct str read_ref(struct reader *reader, const struct yaml_node *node)
{
    return read_text(reader, node, DIRECTORY_REF_MAX_BYTES);
}

static bool read_mapping(struct reader *reader, const struct yaml_node *node,
                         const struct yaml_key *keys, size_t count)
{
    bool is_read = yaml_read_mapping(node, keys, count, reader->faults);
    reader->is_good = reader->is_good && is_read;
    return is_read;
}

/* The items of a list, which may be a single one; absent: none. */
static size_t read_list(struct reader *reader, const struct yaml_node *node, size_t max,
                        const struct yaml_node **ret_items)
{
    size_t count = 0;
    if (node != NULL && !yaml_read_list(node, true, max, reader->faults, ret_items, &count)) {
        reader->is_good = false;
        return 0;
    }
    return count;
}

static struct str *read_texts(struct reader *reader, const struct yaml_node *node, size_t max,
                              size_t *ret_count)
{
    const struct yaml_node *items = NULL;
    size_t count = read_list(reader, node, max, &items);
    struct str *texts = take(reader, count, sizeof(*texts));
    for (size_t i = 0; texts != NULL && i < count; i++) {
        texts[i] = read_text(reader, &items[i], ORG_SOURCE_MAX_BYTES);
    }
    *ret_count = texts == NULL ? 0 : count;
    return texts;
}

static size_t read_choice(struct reader *reader, const struct yaml_node *node,
                          const char *const *words, size_t count)
{
    size_t choice = 0;
    if (node != NULL && !yaml_read_choice(node, words, count, reader->faults, &choice)) {
        reader->is_good = false;
    }
    return choice;
}

static bool read_bool(struct reader *reader, const struct yaml_node *node)
{
    bool value = false;
    if (node != NULL && !yaml_read_bool(node, reader->faults, &value)) {
        reader->is_good = false;
    }
    return value;
}

static void fail(struct reader *reader, const struct yaml_node *at, const char *text)
{
    yaml_fail(reader->faults, at, "%s", text);
    reader->is_good = false;
}

static enum org_role read_role(struct reader *reader, const struct yaml_node *node)
{
    const char *words[ORG_ROLE_COUNT - 1];
    for (int role = 1; role < ORG_ROLE_COUNT; role++) {
        words[role - 1] = org_role_id((enum org_role)role);
    }
    return (enum org_role)(read_choice(reader, node, words, ORG_ROLE_COUNT - 1) + 1);
}

static bool read_digits(struct str text, size_t at, size_t len, int64_t max, int64_t *ret_value)
{
    struct str digits = {text.at + at, len};
    return text.len >= at + len && digits.at[0] != '-' && str_to_int64(digits, 0, max, ret_value);
}

/* "HH:MM", 00:00 to 24:00. */
static bool parse_clock(struct str text, int64_t *ret_minute)
{
    int64_t hour = 0;
    int64_t minute = 0;
    if (text.len != 5 || text.at[2] != ':' || !read_digits(text, 0, 2, 24, &hour) ||
        !read_digits(text, 3, 2, 59, &minute) || hour * 60 + minute > DAY_MINUTES) {
        return false;
    }
    *ret_minute = hour * 60 + minute;
    return true;
}

static uint32_t read_clock(struct reader *reader, const struct yaml_node *node)
{
    int64_t minute = 0;
    struct str text = read_text(reader, node, 16);
    if (text.len > 0 && !parse_clock(text, &minute)) {
        fail(reader, node, "not a time of day, expected \"HH:MM\"");
    }
    return (uint32_t)minute;
}

/* "YYYY-MM-DD HH:MM" on the unit's wall clock, in milliseconds since 1970 on it. */
static int64_t read_local(struct reader *reader, const struct yaml_node *node)
{
    static const uint32_t month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    int64_t minute = 0;
    struct str text = read_text(reader, node, 32);
    if (text.len == 0) {
        return 0;
    }
    bool is_date = text.len == 16 && text.at[4] == '-' && text.at[7] == '-' && text.at[10] == ' ' &&
                   read_digits(text, 0, 4, 9999, &year) && read_digits(text, 5, 2, 12, &month) &&
                   read_digits(text, 8, 2, 31, &day) && month >= 1 && day >= 1 &&
                   day <= month_days[month - 1] &&
                   parse_clock((struct str){text.at + 11, 5}, &minute);
    if (!is_date || year < 1970) {
        fail(reader, node, "not a local time, expected \"YYYY-MM-DD HH:MM\"");
        return 0;
    }
    int64_t days = zone_day_of(year, (uint32_t)month, (uint32_t)day);
    return (days * DAY_MINUTES + minute) * 60000;
}

static void read_zone(struct reader *reader, const struct yaml_node *node, struct org_unit *unit)
{
    int error = zone_file_read(unit->time_zone, &reader->import->arena, &unit->zone);
    if (error == ERR_MEMORY) {
        reader->error = error;
    } else if (error != 0) {
        fail(reader, node, "no such time zone, expected a name such as \"Asia/Shanghai\"");
    }
}

static void read_unit(struct reader *reader, const struct yaml_node *node)
{
    static const char *const kinds[] = {"school", "county", "city"};
    const struct yaml_node *id, *kind, *parent, *above, *jurisdiction, *label, *time_zone,
        *switchboard, *help_lines;
    const struct yaml_key keys[] = {
        {"id", true, &id},
        {"kind", true, &kind},
        {"parent", false, &parent},
        {"above", false, &above},
        {"jurisdiction", false, &jurisdiction},
        {"label", true, &label},
        {"time_zone", false, &time_zone},
        {"switchboard", false, &switchboard},
        {"help_lines", false, &help_lines},
    };
    if (!read_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_UNIT, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_unit *unit = &entry->record.unit;
    unit->id = read_ref(reader, id);
    unit->kind = (enum org_unit_kind)(read_choice(reader, kind, kinds, 3) + 1);
    unit->parent = read_ref(reader, parent);
    unit->above = read_texts(reader, above, ORG_ABOVE_MAX, &unit->above_count);
    unit->jurisdiction = read_ref(reader, jurisdiction);
    unit->label = read_text(reader, label, ORG_TEXT_MAX_BYTES);
    unit->time_zone = read_ref(reader, time_zone);
    unit->switchboard = read_ref(reader, switchboard);
    unit->help_lines = read_texts(reader, help_lines, ORG_HELP_LINES_MAX, &unit->help_line_count);
    if (unit->time_zone.len > 0) {
        read_zone(reader, time_zone, unit);
    }
}

static void read_group(struct reader *reader, const struct yaml_node *node)
{
    static const char *const kinds[] = {"campus", "grade", "class"};
    const struct yaml_node *unit, *id, *kind, *parent, *label;
    const struct yaml_key keys[] = {
        {"unit", true, &unit},      {"id", true, &id},       {"kind", true, &kind},
        {"parent", false, &parent}, {"label", true, &label},
    };
    if (!read_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_GROUP, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_group *group = &entry->record.group;
    group->unit = read_ref(reader, unit);
    group->id = read_ref(reader, id);
    group->kind = (enum org_group_kind)(read_choice(reader, kind, kinds, 3) + 1);
    group->parent = read_ref(reader, parent);
    group->label = read_text(reader, label, ORG_TEXT_MAX_BYTES);
}

static void add_address(struct reader *reader, struct directory_entry *entry,
                        enum case_channel channel, struct str clear)
{
    char digest[DIRECTORY_ID_TEXT_BYTES];
    const struct directory_names *names = &reader->import->names;
    struct org_person *person = &entry->record.person;
    if (person->address_count == ORG_ADDRESSES_MAX) {
        fail(reader, &entry->at, "more than 16 addresses");
        return;
    }
    names->address_digest(names->ctx, clear, digest);
    entry->clear[person->address_count] = clear;
    entry->addresses[person->address_count++] = (struct org_address){
        .channel = channel,
        .digest = arena_copy_str(&reader->import->arena, str_of(digest)),
    };
}

/* {phone: "…"} is a number that takes calls and SMS; else the channel is named. */
static void read_address(struct reader *reader, const struct yaml_node *node,
                         struct directory_entry *entry)
{
    static const struct {
        const char *name;
        enum case_channel channel;
    } channels[] = {
        {"phone", CASE_CHANNEL_VOICE},       {"voice", CASE_CHANNEL_VOICE},
        {"sms", CASE_CHANNEL_SMS},           {"wecom", CASE_CHANNEL_WECOM},
        {"dingtalk", CASE_CHANNEL_DINGTALK}, {"feishu", CASE_CHANNEL_FEISHU},
        {"mail", CASE_CHANNEL_MAIL},         {"webhook", CASE_CHANNEL_WEBHOOK},
        {"feed", CASE_CHANNEL_FEED},
    };
    enum { CHANNELS = sizeof(channels) / sizeof(channels[0]) };
    const struct yaml_node *values[CHANNELS];
    struct yaml_key keys[CHANNELS];
    for (size_t i = 0; i < CHANNELS; i++) {
        keys[i] = (struct yaml_key){channels[i].name, false, &values[i]};
    }
    if (!read_mapping(reader, node, KEYS(keys))) {
        return;
    }
    for (size_t i = 0; i < CHANNELS; i++) {
        struct str clear = read_text(reader, values[i], ADDRESS_MAX_BYTES);
        if (clear.len == 0) {
            continue;
        }
        add_address(reader, entry, channels[i].channel, clear);
        if (i == 0) {
            add_address(reader, entry, CASE_CHANNEL_SMS, clear);
        }
    }
}

static void read_addresses(struct reader *reader, const struct yaml_node *node,
                           struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = read_list(reader, node, ORG_ADDRESSES_MAX, &items);
    entry->addresses = take(reader, ORG_ADDRESSES_MAX, sizeof(*entry->addresses));
    entry->clear = take(reader, ORG_ADDRESSES_MAX, sizeof(*entry->clear));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        read_address(reader, &items[i], entry);
    }
}

static void read_guardians(struct reader *reader, const struct yaml_node *node,
                           struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = read_list(reader, node, ORG_GUARDIANS_MAX, &items);
    entry->guardians = take(reader, count, sizeof(*entry->guardians));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        const struct yaml_node *person, *relation, *remote, *pick_up;
        const struct yaml_key keys[] = {
            {"person", true, &person},
            {"relation", true, &relation},
            {"remote", false, &remote},
            {"pick_up", false, &pick_up},
        };
        if (read_mapping(reader, &items[i], KEYS(keys))) {
            entry->guardians[i] = (struct org_guardian){
                .person = read_ref(reader, person),
                .relation = read_ref(reader, relation),
                .remote = read_bool(reader, remote),
                .pick_up = read_bool(reader, pick_up),
            };
        }
    }
    entry->record.person.guardian_count = count;
}

static void read_holdings(struct reader *reader, const struct yaml_node *node,
                          struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = read_list(reader, node, ORG_HOLDINGS_MAX, &items);
    entry->holdings = take(reader, count, sizeof(*entry->holdings));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        const struct yaml_node *role, *group, *substitute;
        const struct yaml_key keys[] = {
            {"role", true, &role},
            {"group", false, &group},
            {"substitute", false, &substitute},
        };
        if (read_mapping(reader, &items[i], KEYS(keys))) {
            entry->holdings[i].role = read_role(reader, role);
            entry->holdings[i].group = read_ref(reader, group);
            entry->holdings[i].substitute = read_ref(reader, substitute);
        }
    }
    entry->record.person.holding_count = count;
}

static void read_person(struct reader *reader, const struct yaml_node *node)
{
    static const char *const kinds[] = {"student", "staff", "guardian", "partner"};
    const struct yaml_node *unit, *ref, *kind, *name, *household, *group, *lang, *numbers,
        *addresses, *guardians, *roles;
    const struct yaml_key keys[] = {
        {"unit", true, &unit},
        {"ref", true, &ref},
        {"kind", true, &kind},
        {"name", true, &name},
        {"household", false, &household},
        {"group", false, &group},
        {"lang", false, &lang},
        {"numbers", false, &numbers},
        {"addresses", false, &addresses},
        {"guardians", false, &guardians},
        {"roles", false, &roles},
    };
    if (!read_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_PERSON, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_person *person = &entry->record.person;
    entry->units = read_texts(reader, unit, ORG_ABOVE_MAX, &entry->unit_count);
    person->unit = entry->unit_count > 0 ? entry->units[0] : (struct str){NULL, 0};
    person->id = read_ref(reader, ref);
    person->kind = (enum org_person_kind)(read_choice(reader, kind, kinds, 4) + 1);
    entry->name = read_text(reader, name, DIRECTORY_NAME_MAX_BYTES);
    person->household = read_ref(reader, household);
    person->group = read_ref(reader, group);
    person->lang = read_ref(reader, lang);
    entry->numbers = read_texts(reader, numbers, ORG_IDENTIFIERS_MAX, &person->identifier_count);
    read_addresses(reader, addresses, entry);
    read_guardians(reader, guardians, entry);
    read_holdings(reader, roles, entry);
}

/* One line of a shift stands for each of its days. */
static size_t read_shift(struct reader *reader, const struct yaml_node *node,
                         struct roster_shift *ret_shifts)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    const struct yaml_node *on, *from, *to, *person, *substitute, *campus;
    const struct yaml_node *items = NULL;
    const struct yaml_key keys[] = {
        {"days", true, &on},
        {"from", true, &from},
        {"to", true, &to},
        {"person", true, &person},
        {"substitute", false, &substitute},
        {"campus", false, &campus},
    };
    if (!read_mapping(reader, node, KEYS(keys))) {
        return 0;
    }
    size_t count = read_list(reader, on, 7, &items);
    uint32_t start = read_clock(reader, from);
    uint32_t end = read_clock(reader, to);
    struct roster_shift shift = {
        .start_minute = start % DAY_MINUTES,
        .length_minutes = end > start ? end - start : end + DAY_MINUTES - start,
        .person = read_ref(reader, person),
        .substitute = read_ref(reader, substitute),
        .campus = read_ref(reader, campus),
    };
    for (size_t i = 0; i < count; i++) {
        shift.weekday = (uint32_t)read_choice(reader, &items[i], days, 7) + 1;
        ret_shifts[i] = shift;
    }
    return count;
}

static void read_shifts(struct reader *reader, const struct yaml_node *node,
                        struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = read_list(reader, node, ROSTER_SHIFTS_MAX, &items);
    size_t *shift_count = &entry->record.roster.shift_count;
    entry->shifts = take(reader, 7 * count, sizeof(*entry->shifts));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        *shift_count += read_shift(reader, &items[i], &entry->shifts[*shift_count]);
    }
}

static void read_overrides(struct reader *reader, const struct yaml_node *node,
                           struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = read_list(reader, node, ROSTER_OVERRIDES_MAX, &items);
    entry->overrides = take(reader, count, sizeof(*entry->overrides));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        const struct yaml_node *from, *to, *person, *substitute, *campus;
        const struct yaml_key keys[] = {
            {"from", true, &from},      {"to", true, &to},
            {"person", true, &person},  {"substitute", false, &substitute},
            {"campus", false, &campus},
        };
        if (read_mapping(reader, &items[i], KEYS(keys))) {
            entry->overrides[i] = (struct roster_override){
                .from_ms = read_local(reader, from),
                .to_ms = read_local(reader, to),
                .person = read_ref(reader, person),
                .substitute = read_ref(reader, substitute),
                .campus = read_ref(reader, campus),
            };
        }
    }
    entry->record.roster.override_count = count;
}

static void read_roster(struct reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *unit, *role, *shifts, *overrides;
    const struct yaml_key keys[] = {
        {"unit", true, &unit},
        {"role", true, &role},
        {"shifts", true, &shifts},
        {"overrides", false, &overrides},
    };
    if (!read_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_ROSTER, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    entry->record.roster.unit = read_ref(reader, unit);
    entry->record.roster.role = str_of(org_role_id(read_role(reader, role)));
    read_shifts(reader, shifts, entry);
    read_overrides(reader, overrides, entry);
}

static void read_token(struct reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *unit, *secret, *kinds, *source, *label, *expires;
    const struct yaml_key keys[] = {
        {"unit", true, &unit},      {"secret", true, &secret}, {"kinds", false, &kinds},
        {"source", false, &source}, {"label", true, &label},   {"expires", false, &expires},
    };
    if (!read_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_TOKEN, node);
    struct str clear = read_text(reader, secret, SECRET_MAX_BYTES);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_token *token = &entry->record.token;
    const struct directory_names *names = &reader->import->names;
    names->token_hash(names->ctx, clear, token->hash);
    token->unit = read_ref(reader, unit);
    token->kinds = read_texts(reader, kinds, ORG_KINDS_MAX, &token->kind_count);
    token->source = read_text(reader, source, ORG_SOURCE_MAX_BYTES);
    token->label = read_text(reader, label, ORG_TEXT_MAX_BYTES);
    token->expires_ms = read_local(reader, expires);
}

static void read_source(struct reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *name, *unit, *units;
    const struct yaml_key keys[] = {
        {"name", true, &name},
        {"unit", true, &unit},
        {"units", true, &units},
    };
    if (!read_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_SOURCE, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_source *source = &entry->record.source;
    source->name = read_text(reader, name, ORG_SOURCE_MAX_BYTES);
    source->unit = read_ref(reader, unit);
    source->units = read_texts(reader, units, ORG_UNITS_MAX, &source->unit_count);
}

/* A password is hashed here; one that is a hash already is taken as it is. */
static struct str read_password(struct reader *reader, const struct yaml_node *node)
{
    char text[DIRECTORY_PASSWORD_TEXT_BYTES];
    const struct directory_names *names = &reader->import->names;
    struct str password = read_text(reader, node, SECRET_MAX_BYTES);
    if (password.len == 0 || str_starts(password, STR_LITERAL("$argon2id$"))) {
        return password;
    }
    if (names->password_hash(names->ctx, password, text) != 0) {
        reader->error = ERR_MEMORY;
        return password;
    }
    return arena_copy_str(&reader->import->arena, str_of(text));
}

static void read_user(struct reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *login, *person, *unit, *password, *roles;
    const struct yaml_key keys[] = {
        {"login", true, &login},       {"person", true, &person}, {"unit", true, &unit},
        {"password", true, &password}, {"roles", false, &roles},
    };
    if (!read_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_USER, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_user *user = &entry->record.user;
    user->login = read_ref(reader, login);
    user->person = read_ref(reader, person);
    user->unit = read_ref(reader, unit);
    user->password = read_password(reader, password);
    user->roles = read_texts(reader, roles, ORG_ROLES_MAX, &user->role_count);
}

bool directory_import_read(struct directory_import *import, const struct yaml_node *root,
                           struct yaml_faults *faults, int *ret_error)
{
    static void (*const read[])(struct reader * reader, const struct yaml_node *node) = {
        read_unit, read_group, read_person, read_roster, read_token, read_source, read_user,
    };
    enum { SECTIONS = sizeof(read) / sizeof(read[0]) };
    const struct yaml_node *sections[SECTIONS];
    const struct yaml_key keys[SECTIONS] = {
        {"units", false, &sections[0]},  {"groups", false, &sections[1]},
        {"people", false, &sections[2]}, {"rosters", false, &sections[3]},
        {"tokens", false, &sections[4]}, {"sources", false, &sections[5]},
        {"users", false, &sections[6]},
    };
    struct reader reader = {.import = import, .faults = faults, .is_good = true};
    if (!read_mapping(&reader, root, KEYS(keys))) {
        return false;
    }
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct yaml_node *items = NULL;
        size_t count = read_list(&reader, sections[i], SECTION_MAX, &items);
        for (size_t j = 0; reader.error == 0 && j < count; j++) {
            read[i](&reader, &items[j]);
        }
    }
    *ret_error = reader.error;
    return reader.is_good;
}
