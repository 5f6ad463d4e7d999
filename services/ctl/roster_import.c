/* swctl roster import: an iCalendar file takes the place of a role's roster. Nothing is written before the file is good, and
 * everybody on it is filed. */
#include <stdio.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/log_reader.h"
#include "ctl/pack_open.h"
#include "ctl/roster_open.h"
#include "ctl/vault.h"
#include "io/topics.h"
#include "wire/directory.h"
#include "wire/roster_ical.h"

enum { FOUND_MAX = 2 };

struct names {
    const struct org *org;
    const struct org_unit *unit;
    const struct keyring *keyring; /* NULL: references of files stand as the ids */
};

/* A person of the unit, or of one above it, is filed where the unit looks. */
static bool take_id(const struct names *names, struct str id, struct arena *arena,
                    struct str *ret_id)
{
    if (org_find_person(names->org, names->unit->id, id) == NULL) {
        return false;
    }
    *ret_id = arena_copy_str(arena, id);
    return ret_id->at != NULL;
}

/* An opaque id as `roster export` writes it, or a reference of the bureau's files. */
static bool find_reference(const struct names *names, struct str text, struct arena *arena,
                           struct str *ret_id)
{
    char id[KEYRING_OPAQUE_BYTES];
    const struct org_unit *unit = names->unit;
    struct str top = unit->above_count > 0 ? unit->above[unit->above_count - 1] : unit->id;
    if (take_id(names, text, arena, ret_id)) {
        return true;
    }
    if (names->keyring == NULL) {
        return false;
    }
    keyring_opaque_id(names->keyring, 'p', top, text, id);
    return take_id(names, str_of(id), arena, ret_id);
}

/* The one of the unit who has the address: one that two share names nobody. */
static bool find_address(const struct names *names, struct str address, struct arena *arena,
                         struct str *ret_id)
{
    char digest[KEYRING_DIGEST_TEXT_BYTES];
    const struct org_person *found[FOUND_MAX];
    if (names->keyring == NULL) {
        return false;
    }
    keyring_address_digest(names->keyring, address, digest);
    size_t count = org_list_digest(names->org, str_of(digest), found, FOUND_MAX);
    bool is_one = count == 1 || (count == FOUND_MAX && str_equal(found[0]->id, found[1]->id));
    return is_one && take_id(names, found[0]->id, arena, ret_id);
}

static bool find_person(void *ctx, struct str address, struct arena *arena, struct str *ret_id)
{
    static const struct str prefixes[] = {
        {"urn:shouwang:person:", 20}, {"mailto:", 7}, {"tel:", 4}};
    const struct names *names = ctx;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        struct str rest = {address.at + prefixes[i].len, address.len - prefixes[i].len};
        bool is_named = address.len > prefixes[i].len &&
                        strncasecmp(address.at, prefixes[i].at, prefixes[i].len) == 0;
        if (is_named) {
            return i == 0 ? find_reference(names, rest, arena, ret_id)
                          : find_address(names, rest, arena, ret_id);
        }
    }
    return false;
}

static bool find_campus(void *ctx, struct str text, struct arena *arena, struct str *ret_id)
{
    const struct names *names = ctx;
    size_t count = org_list_groups(names->org, names->unit->id, NULL, 0);
    const struct org_group **all = arena_alloc_array(arena, count, sizeof(*all));
    if (all == NULL) {
        return false;
    }
    (void)org_list_groups(names->org, names->unit->id, all, count);
    for (size_t i = 0; i < count; i++) {
        if (all[i]->kind == ORG_GROUP_CAMPUS &&
            (str_equal(all[i]->id, text) || str_equal(all[i]->label, text))) {
            *ret_id = all[i]->id;
            return true;
        }
    }
    return false;
}

static enum ctl_exit write_roster(struct ctl *ctl, const struct names *names,
                                  const struct roster *roster)
{
    const struct org_record record = {.kind = ORG_RECORD_ROSTER, .roster = *roster};
    char key[ORG_KEY_MAX_BYTES];
    struct kafka_output output = {.topic = TOPIC_DIRECTORY, .unit = roster->unit};
    struct kafka_bulk *bulk = NULL;
    output.key = org_record_key(&record, key);
    int error = directory_encode(&record, &ctl->arena, &output.value);
    if (error != 0) {
        return ctl_fail(CTL_REFUSED, "the roster: %s", error_text(error));
    }
    enum ctl_exit code = log_open_bulk(ctl, &bulk);
    if (code != CTL_OK) {
        return code;
    }
    error = names->unit->kind == ORG_UNIT_SCHOOL ? kafka_bulk_write(bulk, &output)
                                                 : kafka_bulk_write_everywhere(bulk, &output);
    error = error == 0 ? kafka_bulk_commit(bulk) : error;
    kafka_bulk_free(bulk);
    return error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "not written: %s", error_text(error));
}

/* The role's roster as it will be: what it does not cover is said, and is no reason to refuse it. */
static enum ctl_exit import_file(struct ctl *ctl, const struct names *names, enum org_role role)
{
    struct roster_ical file = {.path = ctl->words[2],
                               .unit = names->unit->id,
                               .role = str_of(org_role_id(role)),
                               .time_zone = names->unit->time_zone,
                               .zone = org_zone(names->org, names->unit->id)};
    const struct roster_ical_names finders = {find_person, find_campus, (void *)(uintptr_t)names};
    struct yaml_faults *faults = arena_alloc(&ctl->arena, sizeof(*faults));
    struct roster roster;
    int error = faults == NULL
                    ? ERR_MEMORY
                    : ctl_read_file(ctl, file.path, ROSTER_ICAL_MAX_BYTES, &file.content);
    if (error != 0) {
        return ctl_fail(CTL_REFUSED, "%s: %s", file.path, error_text(error));
    }
    faults->count = 0;
    error = roster_ical_read(&file, &finders, &ctl->arena, faults, &roster);
    if (error == ERR_INVALID) {
        return ctl_tell_faults(faults, "nothing was written");
    }
    if (error != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
    }
    enum ctl_exit code = ctl_option(ctl, "--check") != NULL || names->keyring == NULL
                             ? CTL_OK
                             : write_roster(ctl, names, &roster);
    if (code == CTL_OK) {
        ctl_say(ctl->json ? "{\"shifts\": %zu, \"overrides\": %zu}" : "%zu shifts, %zu overrides",
                roster.shift_count, roster.override_count);
    }
    return code;
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct roster_people people;
    struct ctl_vault vault = {.keyring = NULL};
    enum org_role role = ORG_ROLE_NONE;
    enum ctl_exit code = roster_open(ctl, &people);
    if (code == CTL_OK && !people.is_from_files) {
        code = ctl_vault_open(ctl, KEYRING_IDENT, false, &vault);
    }
    code = code == CTL_OK ? roster_read_role(ctl, people.org, &role) : code;
    if (code == CTL_OK) {
        const struct names names = {people.org, org_find_unit(people.org, str_of(ctl->words[0])),
                                    vault.keyring};
        code = import_file(ctl, &names, role);
    }
    ctl_vault_close(&vault);
    roster_close(&people);
    return code;
}

static const struct ctl_option options[] = {
    {"--check", NULL, "only read and check the file"},
    {"--directory", "FILE", "only check, against a bureau's file instead of the topic"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_roster_import = {
    .name = "roster import",
    .arguments = "UNIT ROLE FILE",
    .help = "An iCalendar file takes the place of a role's roster.",
    .options = options,
    .run = run,
};
