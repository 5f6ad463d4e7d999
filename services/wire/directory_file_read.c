/* The sections of a directory file -> entries. Nothing here knows another entry: that is for finish. */
#include <string.h>

#include "base/assert.h"
#include "core/disclose/audience.h"
#include "wire/directory_file_parts.h"
#include "wire/directory_reader.h"
#include "wire/zone_file.h"

enum {
    SECTION_MAX = 100000,
    ADDRESS_MAX_BYTES = 256,
    SECRET_MAX_BYTES = 128,
    PARTNER_SECRET_MIN_BYTES = 24,
};

#define KEYS(keys) (keys), sizeof(keys) / sizeof((keys)[0])

static void read_zone(struct directory_reader *reader, const struct yaml_node *node,
                      struct org_unit *unit)
{
    int error = zone_file_read(unit->time_zone, &reader->import->arena, &unit->zone);
    if (error == ERR_MEMORY) {
        reader->error = error;
    } else if (error != 0) {
        directory_reader_fail(reader, node,
                              "no such time zone, expected a name such as \"Asia/Shanghai\"");
    }
}

static void read_unit(struct directory_reader *reader, const struct yaml_node *node)
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
    if (!directory_reader_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_UNIT, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_unit *unit = &entry->record.unit;
    unit->id = directory_reader_ref(reader, id);
    unit->kind = (enum org_unit_kind)(directory_reader_choice(reader, kind, kinds, 3) + 1);
    unit->parent = directory_reader_ref(reader, parent);
    unit->above = directory_reader_texts(reader, above, ORG_ABOVE_MAX, &unit->above_count);
    unit->jurisdiction = directory_reader_ref(reader, jurisdiction);
    unit->label = directory_reader_text(reader, label, ORG_TEXT_MAX_BYTES);
    unit->time_zone = directory_reader_ref(reader, time_zone);
    unit->switchboard = directory_reader_ref(reader, switchboard);
    unit->help_lines =
        directory_reader_texts(reader, help_lines, ORG_HELP_LINES_MAX, &unit->help_line_count);
    if (unit->time_zone.len > 0) {
        read_zone(reader, time_zone, unit);
    }
}

static void read_group(struct directory_reader *reader, const struct yaml_node *node)
{
    static const char *const kinds[] = {"campus", "grade", "class"};
    const struct yaml_node *unit, *id, *kind, *parent, *label;
    const struct yaml_key keys[] = {
        {"unit", true, &unit},      {"id", true, &id},       {"kind", true, &kind},
        {"parent", false, &parent}, {"label", true, &label},
    };
    if (!directory_reader_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_GROUP, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_group *group = &entry->record.group;
    group->unit = directory_reader_ref(reader, unit);
    group->id = directory_reader_ref(reader, id);
    group->kind = (enum org_group_kind)(directory_reader_choice(reader, kind, kinds, 3) + 1);
    group->parent = directory_reader_ref(reader, parent);
    group->label = directory_reader_text(reader, label, ORG_TEXT_MAX_BYTES);
}

static void add_address(struct directory_reader *reader, struct directory_entry *entry,
                        enum case_channel channel, struct str clear)
{
    char digest[DIRECTORY_ID_TEXT_BYTES];
    const struct directory_names *names = &reader->import->names;
    struct org_person *person = &entry->record.person;
    if (person->address_count == ORG_ADDRESSES_MAX) {
        directory_reader_fail(reader, &entry->at, "more than 16 addresses");
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
static void read_address(struct directory_reader *reader, const struct yaml_node *node,
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
    if (!directory_reader_mapping(reader, node, KEYS(keys))) {
        return;
    }
    for (size_t i = 0; i < CHANNELS; i++) {
        struct str clear = directory_reader_text(reader, values[i], ADDRESS_MAX_BYTES);
        if (clear.len == 0) {
            continue;
        }
        add_address(reader, entry, channels[i].channel, clear);
        if (i == 0) {
            add_address(reader, entry, CASE_CHANNEL_SMS, clear);
        }
    }
}

static void read_addresses(struct directory_reader *reader, const struct yaml_node *node,
                           struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = directory_reader_list(reader, node, ORG_ADDRESSES_MAX, &items);
    entry->addresses = directory_reader_take(reader, ORG_ADDRESSES_MAX, sizeof(*entry->addresses));
    entry->clear = directory_reader_take(reader, ORG_ADDRESSES_MAX, sizeof(*entry->clear));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        read_address(reader, &items[i], entry);
    }
}

static void read_guardians(struct directory_reader *reader, const struct yaml_node *node,
                           struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = directory_reader_list(reader, node, ORG_GUARDIANS_MAX, &items);
    entry->guardians = directory_reader_take(reader, count, sizeof(*entry->guardians));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        const struct yaml_node *person, *relation, *remote, *pick_up;
        const struct yaml_key keys[] = {
            {"person", true, &person},
            {"relation", true, &relation},
            {"remote", false, &remote},
            {"pick_up", false, &pick_up},
        };
        if (directory_reader_mapping(reader, &items[i], KEYS(keys))) {
            entry->guardians[i] = (struct org_guardian){
                .person = directory_reader_ref(reader, person),
                .relation = directory_reader_ref(reader, relation),
                .remote = directory_reader_bool(reader, remote),
                .pick_up = directory_reader_bool(reader, pick_up),
            };
        }
    }
    entry->record.person.guardian_count = count;
}

static void read_holdings(struct directory_reader *reader, const struct yaml_node *node,
                          struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = directory_reader_list(reader, node, ORG_HOLDINGS_MAX, &items);
    entry->holdings = directory_reader_take(reader, count, sizeof(*entry->holdings));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        const struct yaml_node *role, *group, *substitute;
        const struct yaml_key keys[] = {
            {"role", true, &role},
            {"group", false, &group},
            {"substitute", false, &substitute},
        };
        if (directory_reader_mapping(reader, &items[i], KEYS(keys))) {
            entry->holdings[i].role = directory_reader_role(reader, role);
            entry->holdings[i].group = directory_reader_ref(reader, group);
            entry->holdings[i].substitute = directory_reader_ref(reader, substitute);
        }
    }
    entry->record.person.holding_count = count;
}

/* A code, or a code with who says so and until when. */
static void read_flags(struct directory_reader *reader, const struct yaml_node *node,
                       struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = directory_reader_list(reader, node, ORG_FLAGS_MAX, &items);
    entry->flags = directory_reader_take(reader, count, sizeof(*entry->flags));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        const struct yaml_node *code, *source, *until;
        const struct yaml_key keys[] = {
            {"code", true, &code}, {"source", false, &source}, {"until", false, &until}};
        if (items[i].kind == YAML_SCALAR) {
            entry->flags[i].code = directory_reader_ref(reader, &items[i]);
        } else if (directory_reader_mapping(reader, &items[i], KEYS(keys))) {
            entry->flags[i].code = directory_reader_ref(reader, code);
            entry->flags[i].source = directory_reader_ref(reader, source);
            entry->flags[i].expires_ms = directory_reader_local(reader, until);
        }
    }
    entry->record.person.flag_count = count;
}

static void read_person(struct directory_reader *reader, const struct yaml_node *node)
{
    static const char *const kinds[] = {"student", "staff", "guardian", "partner"};
    const struct yaml_node *unit, *ref, *kind, *name, *household, *group, *lang, *numbers,
        *addresses, *guardians, *roles, *flags;
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
        {"flags", false, &flags},
    };
    if (!directory_reader_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_PERSON, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_person *person = &entry->record.person;
    entry->units = directory_reader_texts(reader, unit, ORG_ABOVE_MAX, &entry->unit_count);
    person->unit = entry->unit_count > 0 ? entry->units[0] : (struct str){NULL, 0};
    person->id = directory_reader_ref(reader, ref);
    person->kind = (enum org_person_kind)(directory_reader_choice(reader, kind, kinds, 4) + 1);
    entry->name = directory_reader_text(reader, name, DIRECTORY_NAME_MAX_BYTES);
    person->household = directory_reader_ref(reader, household);
    person->group = directory_reader_ref(reader, group);
    person->lang = directory_reader_ref(reader, lang);
    entry->numbers =
        directory_reader_texts(reader, numbers, ORG_IDENTIFIERS_MAX, &person->identifier_count);
    read_addresses(reader, addresses, entry);
    read_guardians(reader, guardians, entry);
    read_holdings(reader, roles, entry);
    read_flags(reader, flags, entry);
}

static void read_token(struct directory_reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *unit, *secret, *kinds, *source, *label, *expires;
    const struct yaml_key keys[] = {
        {"unit", true, &unit},      {"secret", true, &secret}, {"kinds", false, &kinds},
        {"source", false, &source}, {"label", true, &label},   {"expires", false, &expires},
    };
    if (!directory_reader_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_TOKEN, node);
    struct str clear = directory_reader_text(reader, secret, SECRET_MAX_BYTES);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_token *token = &entry->record.token;
    const struct directory_names *names = &reader->import->names;
    names->token_hash(names->ctx, clear, token->hash);
    token->unit = directory_reader_ref(reader, unit);
    token->kinds = directory_reader_texts(reader, kinds, ORG_KINDS_MAX, &token->kind_count);
    token->source = directory_reader_text(reader, source, ORG_SOURCE_MAX_BYTES);
    token->label = directory_reader_text(reader, label, ORG_TEXT_MAX_BYTES);
    token->expires_ms = directory_reader_local(reader, expires);
}

static void read_source(struct directory_reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *name, *unit, *units;
    const struct yaml_key keys[] = {
        {"name", true, &name},
        {"unit", true, &unit},
        {"units", true, &units},
    };
    if (!directory_reader_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_SOURCE, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_source *source = &entry->record.source;
    source->name = directory_reader_text(reader, name, ORG_SOURCE_MAX_BYTES);
    source->unit = directory_reader_ref(reader, unit);
    source->units = directory_reader_texts(reader, units, ORG_UNITS_MAX, &source->unit_count);
}

/* A password is hashed here; one that is a hash already is taken as it is. */
static struct str read_password(struct directory_reader *reader, const struct yaml_node *node)
{
    char text[DIRECTORY_PASSWORD_TEXT_BYTES];
    const struct directory_names *names = &reader->import->names;
    struct str password = directory_reader_text(reader, node, SECRET_MAX_BYTES);
    if (password.len == 0 || str_starts(password, STR_LITERAL("$argon2id$"))) {
        return password;
    }
    if (names->password_hash(names->ctx, password, text) != 0) {
        reader->error = ERR_MEMORY;
        return password;
    }
    return arena_copy_str(&reader->import->arena, str_of(text));
}

static void read_user(struct directory_reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *login, *person, *unit, *password, *roles;
    const struct yaml_key keys[] = {
        {"login", true, &login},       {"person", true, &person}, {"unit", true, &unit},
        {"password", true, &password}, {"roles", false, &roles},
    };
    if (!directory_reader_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_USER, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_user *user = &entry->record.user;
    user->login = directory_reader_ref(reader, login);
    user->person = directory_reader_ref(reader, person);
    user->unit = directory_reader_ref(reader, unit);
    user->password = read_password(reader, password);
    user->roles = directory_reader_texts(reader, roles, ORG_ROLES_MAX, &user->role_count);
}

/* Where a webhook may be posted to: only this machine without TLS. */
static bool is_web_address(struct str url)
{
    return str_starts(url, STR_LITERAL("https://")) ||
           str_starts(url, STR_LITERAL("http://127.0.0.1:")) ||
           str_starts(url, STR_LITERAL("http://localhost:"));
}

static void check_partner(struct directory_reader *reader, const struct yaml_node *node,
                          const struct directory_entry *entry)
{
    const struct org_partner *partner = &entry->record.partner;
    enum disclose_audience audience;
    if (!disclose_audience_parse(partner->audience, &audience)) {
        directory_reader_fail(reader, node, "no such audience");
    }
    if (partner->channel == CASE_CHANNEL_FEED) {
        if (entry->url.len > 0 || partner->secret_count > 0) {
            directory_reader_fail(reader, node, "a feed has neither url nor secrets");
        }
        return;
    }
    if (!is_web_address(entry->url)) {
        directory_reader_fail(reader, node,
                              "a webhook needs a url: https, or http on this machine");
    }
    if (partner->secret_count == 0) {
        directory_reader_fail(reader, node, "a webhook needs a secret");
    }
    for (size_t i = 0; i < partner->secret_count; i++) {
        if (entry->secrets[i].len < PARTNER_SECRET_MIN_BYTES) {
            directory_reader_fail(reader, node, "a secret of less than 24 bytes");
        }
    }
}

static void read_partner(struct directory_reader *reader, const struct yaml_node *node)
{
    static const char *const channels[] = {"feed", "webhook"};
    static const char *const levels[] = {"attention", "warning", "high", "crisis"};
    const struct yaml_node *id, *area, *audience, *label, *channel, *url, *secrets, *level;
    const struct yaml_key keys[] = {
        {"id", true, &id},
        {"area", true, &area},
        {"audience", true, &audience},
        {"label", true, &label},
        {"channel", true, &channel},
        {"url", false, &url},
        {"secrets", false, &secrets},
        {"level", false, &level},
    };
    if (!directory_reader_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_PARTNER, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    struct org_partner *partner = &entry->record.partner;
    partner->id = directory_reader_ref(reader, id);
    partner->unit = directory_reader_ref(reader, area);
    partner->audience = directory_reader_ref(reader, audience);
    partner->label = directory_reader_text(reader, label, ORG_TEXT_MAX_BYTES);
    partner->channel = directory_reader_choice(reader, channel, channels, 2) == 0
                           ? CASE_CHANNEL_FEED
                           : CASE_CHANNEL_WEBHOOK;
    if (level != NULL) {
        partner->level_at_least = (enum case_level)(
            directory_reader_choice(reader, level, levels, 4) + CASE_LEVEL_ATTENTION);
    }
    entry->url = directory_reader_text(reader, url, ADDRESS_MAX_BYTES);
    entry->secrets =
        directory_reader_texts(reader, secrets, ORG_SECRETS_MAX, &partner->secret_count);
    entry->sealed_secrets =
        directory_reader_take(reader, ORG_SECRETS_MAX, sizeof(*entry->sealed_secrets));
    partner->secrets = entry->sealed_secrets;
    if (reader->error == 0) {
        check_partner(reader, node, entry);
    }
}

bool directory_import_read(struct directory_import *import, const struct yaml_node *root,
                           struct yaml_faults *faults, int *ret_error)
{
    static void (*const read[])(struct directory_reader * reader, const struct yaml_node *node) = {
        read_unit,  read_group,  read_person, directory_read_roster,
        read_token, read_source, read_user,   read_partner,
    };
    enum { SECTIONS = sizeof(read) / sizeof(read[0]) };
    const struct yaml_node *sections[SECTIONS];
    const struct yaml_key keys[SECTIONS] = {
        {"units", false, &sections[0]},  {"groups", false, &sections[1]},
        {"people", false, &sections[2]}, {"rosters", false, &sections[3]},
        {"tokens", false, &sections[4]}, {"sources", false, &sections[5]},
        {"users", false, &sections[6]},  {"partners", false, &sections[7]},
    };
    struct directory_reader reader = {.import = import, .faults = faults, .is_good = true};
    if (!directory_reader_mapping(&reader, root, KEYS(keys))) {
        return false;
    }
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct yaml_node *items = NULL;
        size_t count = directory_reader_list(&reader, sections[i], SECTION_MAX, &items);
        for (size_t j = 0; reader.error == 0 && j < count; j++) {
            read[i](&reader, &items[j]);
        }
    }
    *ret_error = reader.error;
    return reader.is_good;
}
