/* swctl roster card: one school's call list of one day as text, to be printed and hung up before the network is away. Names and
 * numbers are opened here, so it wants the contact key. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/org/resolve.h"
#include "ctl/commands.h"
#include "ctl/directory_open.h"
#include "ctl/vault.h"
#include "io/loop.h"
#include "io/seal_record.h"

enum {
    QUARTER_MS = 15 * 60 * 1000,
    QUARTERS = 24 * 4,
    DAY_MS = 86400000,
    LIST_MAX_BYTES = 4096,
    CLASSES_MAX = 512,
    SCRATCH_BYTES = 4 << 20,
    DAY_TEXT_BYTES = 40,
};

struct card {
    struct ctl *ctl;
    const struct org *org;
    struct vault vault;
    const struct org_unit *unit;
    struct zone zone;
    int64_t day; /* days since 1970-01-01, local */
    struct arena scratch;
};

/* ---- opening */

static struct str open_value(struct card *card, struct str unit, struct str encoded)
{
    struct sealed sealed;
    struct str plain;
    if (encoded.len == 0 || sealed_decode(encoded, &card->scratch, &sealed) != 0 ||
        vault_open(&card->vault, unit, &sealed, &card->scratch, &plain) != 0) {
        return STR_LITERAL("?");
    }
    return plain;
}

static bool is_called(enum case_channel channel)
{
    return channel == CASE_CHANNEL_VOICE || channel == CASE_CHANNEL_SMS;
}

/* "name  number number": each number once. */
static void add_person(struct card *card, const struct org_person *person, struct buffer *text)
{
    struct str seen[ORG_ADDRESSES_MAX];
    size_t seen_count = 0;
    struct str name = open_value(card, person->unit, person->name);
    buffer_add(text, name);
    for (size_t i = 0; i < person->address_count; i++) {
        bool known = !is_called(person->addresses[i].channel);
        for (size_t s = 0; s < seen_count; s++) {
            known = known || str_equal(seen[s], person->addresses[i].digest);
        }
        if (!known) {
            struct str number = open_value(card, person->unit, person->addresses[i].sealed);
            seen[seen_count++] = person->addresses[i].digest;
            buffer_format(text, "  %.*s", (int)number.len, number.at);
        }
    }
}

/* ---- a role over the day */

/* Who has the role at the instant, one line each; and the ids alone, to see whether anything changes. */
static void resolve(struct card *card, const struct org_query *query, struct buffer *ret_ids,
                    struct buffer *ret_lines)
{
    struct org_resolution found;
    org_resolve(card->org, query, &found);
    buffer_clear(ret_ids);
    buffer_clear(ret_lines);
    for (size_t i = 0; i < found.count; i++) {
        const struct org_recipient *one = &found.recipients[i];
        buffer_format(ret_ids, "%.*s/%d ", (int)one->person->id.len, one->person->id.at,
                      (int)one->role);
        buffer_add_text(ret_lines, "\n                 ");
        add_person(card, one->person, ret_lines);
        if (one->role != query->role) {
            buffer_format(ret_lines, "（%s代 for it）",
                          org_role_label(one->role, STR_LITERAL("zh")));
        }
    }
    if (found.count == 0) {
        buffer_add_text(ret_lines, "\n                 —— 无人 nobody ——");
    }
}

static void add_stretch(struct buffer *text, int64_t from_ms, int64_t to_ms, struct str lines)
{
    const unsigned from = (unsigned)(from_ms / 60000);
    const unsigned to = (unsigned)(to_ms / 60000);
    size_t skip = lines.len < 18 ? lines.len : 18; /* its own line break and margin */
    buffer_format(text, "    %02u:%02u–%02u:%02u  %.*s\n", from / 60, from % 60, to / 60, to % 60,
                  (int)(lines.len - skip), lines.at + skip);
}

static void add_role(struct card *card, enum org_role role, struct buffer *text)
{
    struct buffer ids[2];
    struct buffer lines[2];
    unsigned now = 0;
    int64_t since_ms = 0;
    for (unsigned i = 0; i < 2; i++) {
        buffer_init(&ids[i], LIST_MAX_BYTES);
        buffer_init(&lines[i], LIST_MAX_BYTES);
    }
    buffer_format(text, "%s %s\n", org_role_label(role, STR_LITERAL("zh")),
                  org_role_label(role, STR_LITERAL("en")));
    for (int64_t quarter = 0; quarter <= QUARTERS; quarter++) {
        int64_t day_ms = quarter * QUARTER_MS;
        const struct org_query query = {
            .role = role,
            .unit = card->unit->id,
            .at_ms =
                zone_from_local(&card->zone, card->day, day_ms < DAY_MS ? day_ms : DAY_MS - 1)};
        arena_reset(&card->scratch);
        resolve(card, &query, &ids[1 - now], &lines[1 - now]);
        bool ends = quarter == QUARTERS || !str_equal(buffer_str(&ids[0]), buffer_str(&ids[1]));
        if (quarter > 0 && ends) {
            add_stretch(text, since_ms, day_ms, buffer_str(&lines[now]));
            since_ms = day_ms;
        }
        now = 1 - now;
    }
    for (unsigned i = 0; i < 2; i++) {
        buffer_fini(&ids[i]);
        buffer_fini(&lines[i]);
    }
}

static void add_classes(struct card *card, struct buffer *text)
{
    static const struct org_group *groups[CLASSES_MAX];
    size_t count = org_list_groups(card->org, card->unit->id, groups, CLASSES_MAX);
    buffer_add_text(text, "班主任 class teachers\n");
    for (size_t i = 0; i < count && i < CLASSES_MAX; i++) {
        struct org_resolution found;
        const struct org_query query = {.role = ORG_ROLE_CLASS_TEACHER,
                                        .unit = card->unit->id,
                                        .group = groups[i]->id,
                                        .at_ms =
                                            zone_from_local(&card->zone, card->day, DAY_MS / 2)};
        if (groups[i]->kind != ORG_GROUP_CLASS) {
            continue;
        }
        arena_reset(&card->scratch);
        org_resolve(card->org, &query, &found);
        for (size_t k = 0; k < found.count; k++) {
            buffer_format(text, "    %.*s  ", (int)groups[i]->label.len, groups[i]->label.at);
            add_person(card, found.recipients[k].person, text);
            buffer_add_text(text, "\n");
        }
        if (found.count == 0) {
            buffer_format(text, "    %.*s  —— 无人 nobody ——\n", (int)groups[i]->label.len,
                          groups[i]->label.at);
        }
    }
}

/* ---- the card */

static void add_head(const struct card *card, const char *day, struct buffer *text)
{
    const struct org_unit *unit = card->unit;
    buffer_format(text,
                  "守望 · 离线通话单  OFFLINE CALL LIST\n"
                  "%.*s  %s\n"
                  "报警 police 110 · 急救 ambulance 120 · 火警 fire 119\n"
                  "总机 switchboard %.*s · 热线 help lines",
                  (int)unit->label.len, unit->label.at, day, (int)unit->switchboard.len,
                  unit->switchboard.at);
    for (size_t i = 0; i < unit->help_line_count; i++) {
        buffer_format(text, " %.*s", (int)unit->help_lines[i].len, unit->help_lines[i].at);
    }
    buffer_add_text(text, "\n用后收回，勿拍照外传  Collect after use; do not photograph.\n\n");
}

static enum ctl_exit write_card(struct card *card, const char *day)
{
    static const enum org_role roles[] = {ORG_ROLE_DUTY_LEADER,    ORG_ROLE_DUTY_MANAGER,
                                          ORG_ROLE_PSYCH_TEACHER,  ORG_ROLE_PRINCIPAL,
                                          ORG_ROLE_BUREAU_DUTY,    ORG_ROLE_COUNTY_DESIGNEE,
                                          ORG_ROLE_COUNTY_CENTRE,  ORG_ROLE_LAST_RESPONDER,
                                          ORG_ROLE_POLICE_LIAISON, ORG_ROLE_HOSPITAL};
    struct buffer text;
    buffer_init(&text, 4 << 20);
    add_head(card, day, &text);
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        add_role(card, roles[i], &text);
    }
    add_classes(card, &text);
    enum ctl_exit code = text.overflowed ? ctl_fail(CTL_REFUSED, "the card does not fit") : CTL_OK;
    ctl_say_lines(card->ctl, "card", buffer_str(&text));
    buffer_fini(&text);
    return code;
}

/* "2026-11-24"; without one today. */
static bool read_day(struct card *card, struct str text, char ret_text[DAY_TEXT_BYTES])
{
    int64_t year;
    int64_t month;
    int64_t day;
    static const char *const names[] = {"周一 Mon", "周二 Tue", "周三 Wed", "周四 Thu",
                                        "周五 Fri", "周六 Sat", "周日 Sun"};
    if (text.len == 0) {
        card->day = zone_to_local(&card->zone, loop_utc_ms()).day;
        (void)snprintf(ret_text, DAY_TEXT_BYTES, "今天 today");
        return true;
    }
    if (text.len != 10 || text.at[4] != '-' || text.at[7] != '-' ||
        !str_to_int64((struct str){text.at, 4}, 2000, 9999, &year) ||
        !str_to_int64((struct str){text.at + 5, 2}, 1, 12, &month) ||
        !str_to_int64((struct str){text.at + 8, 2}, 1, 31, &day)) {
        return false;
    }
    card->day = zone_day_of(year, (uint32_t)month, (uint32_t)day);
    int64_t noon_ms = zone_from_local(&card->zone, card->day, DAY_MS / 2);
    (void)snprintf(ret_text, DAY_TEXT_BYTES, "%.*s %s", (int)text.len, text.at,
                   names[zone_to_local(&card->zone, noon_ms).weekday - 1]);
    return true;
}

static enum ctl_exit run_opened(struct ctl *ctl, const struct directory *directory,
                                const struct ctl_vault *keys)
{
    char day[DAY_TEXT_BYTES];
    struct card card = {.ctl = ctl,
                        .org = directory->org,
                        .vault = {.keyring = keys->keyring, .erasure = keys->erasure},
                        .unit = org_find_unit(directory->org, str_of(ctl->words[0]))};
    if (card.unit == NULL) {
        return ctl_fail(CTL_REFUSED, "%s: no such unit", ctl->words[0]);
    }
    card.zone = org_zone(card.org, card.unit->id);
    if (!read_day(&card, str_of(ctl_option(ctl, "--day")), day)) {
        return ctl_fail(CTL_USAGE, "--day YYYY-MM-DD");
    }
    arena_init(&card.scratch, SCRATCH_BYTES);
    enum ctl_exit code = write_card(&card, day);
    arena_fini(&card.scratch);
    return code;
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct directory directory;
    struct ctl_vault keys;
    enum ctl_exit code = ctl_vault_open(ctl, KEYRING_OPEN_CONTACT, true, &keys);
    if (code != CTL_OK) {
        return code;
    }
    code = directory_open(ctl, DIRECTORY_SEALED, &directory);
    if (code == CTL_OK) {
        code = run_opened(ctl, &directory, &keys);
    }
    directory_close(&directory);
    ctl_vault_close(&keys);
    return code;
}

static const struct ctl_option options[] = {
    {"--day", "DATE", "YYYY-MM-DD, on the school's clock; without it today"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_roster_card = {
    .name = "roster card",
    .arguments = "UNIT",
    .help = "Print the call list of a school for one day, names and numbers opened, for when the "
            "network is away.",
    .options = options,
    .run = run,
};
