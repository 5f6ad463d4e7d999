/* swctl roster show, check, export: who is on duty when, as the rosters say it. People stand as their opaque ids. */
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/findings.h"
#include "ctl/roster_open.h"
#include "io/loop.h"
#include "wire/json.h"
#include "wire/roster_ical.h"

enum {
    MINUTE_MS = 60000,
    DAY_MS = 86400000,
    SHOW_DAYS_DEFAULT = 7,
    SHOW_DAYS_MAX = 400,
    LINE_MAX_BYTES = 64 * 1024,
};

/* ---- show */

struct show {
    struct ctl *ctl;
    const struct roster *roster;
    struct zone zone;
    struct roster_gap within;
    size_t gaps;
};

/* "2026-11-24" is the local midnight; else a time with its offset. */
static bool read_time(const char *text, const struct zone *zone, int64_t *ret_ms)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    struct str given = str_of(text);
    if (json_parse_time(given, ret_ms)) {
        return true;
    }
    if (given.len != 10 || given.at[4] != '-' || given.at[7] != '-' ||
        !str_to_int64((struct str){given.at, 4}, 1970, 4000, &year) ||
        !str_to_int64((struct str){given.at + 5, 2}, 1, 12, &month) ||
        !str_to_int64((struct str){given.at + 8, 2}, 1, 31, &day)) {
        return false;
    }
    *ret_ms = zone_from_local(zone, zone_day_of(year, (uint32_t)month, (uint32_t)day), 0);
    return true;
}

static enum ctl_exit read_range(struct ctl *ctl, struct show *show)
{
    const char *from = ctl_option(ctl, "--from");
    const char *to = ctl_option(ctl, "--to");
    show->within.from_ms = loop_utc_ms();
    if (from != NULL && !read_time(from, &show->zone, &show->within.from_ms)) {
        return ctl_fail(CTL_USAGE, "--from: expected a day or a time; found %s", from);
    }
    show->within.from_ms -= show->within.from_ms % MINUTE_MS;
    show->within.to_ms = show->within.from_ms + SHOW_DAYS_DEFAULT * (int64_t)DAY_MS;
    if (to != NULL && !read_time(to, &show->zone, &show->within.to_ms)) {
        return ctl_fail(CTL_USAGE, "--to: expected a day or a time; found %s", to);
    }
    if (show->within.to_ms <= show->within.from_ms ||
        show->within.to_ms - show->within.from_ms > SHOW_DAYS_MAX * (int64_t)DAY_MS) {
        return ctl_fail(CTL_USAGE, "--to is not 1 minute to %d days behind --from", SHOW_DAYS_MAX);
    }
    return CTL_OK;
}

static bool is_same(const struct roster_duty *a, size_t a_count, const struct roster_duty *b,
                    size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++) {
        same = str_equal(a[i].person, b[i].person) && str_equal(a[i].campus, b[i].campus) &&
               str_equal(a[i].substitute, b[i].substitute);
    }
    return same;
}

static void local_text(const struct zone *zone, int64_t at_ms, char text[JSON_TIME_BYTES + 8])
{
    static const char *const names[] = {"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    char iso[JSON_TIME_BYTES];
    struct zone_local local = zone_to_local(zone, at_ms);
    json_format_time(local.day * DAY_MS + local.day_ms, iso);
    (void)snprintf(text, JSON_TIME_BYTES + 8, "%.10s %.5s %s", iso, iso + 11, names[local.weekday]);
}

static void say_json(const struct show *show, struct roster_gap when,
                     const struct roster_duty *duties, size_t count)
{
    struct buffer text;
    char from[JSON_TIME_BYTES];
    char to[JSON_TIME_BYTES];
    json_format_time(when.from_ms, from);
    json_format_time(when.to_ms, to);
    buffer_init(&text, LINE_MAX_BYTES);
    buffer_format(&text,
                  "{\"unit\": \"%.*s\", \"role\": \"%.*s\", \"from\": \"%s\", \"to\": \"%s\", ",
                  (int)show->roster->unit.len, show->roster->unit.at, (int)show->roster->role.len,
                  show->roster->role.at, from, to);
    buffer_add_text(&text, "\"on_duty\": [");
    for (size_t i = 0; i < count; i++) {
        buffer_add_text(&text, i > 0 ? ", {\"person\": " : "{\"person\": ");
        buffer_add_json(&text, duties[i].person);
        findings_add_member(&text, "substitute", duties[i].substitute);
        findings_add_member(&text, "campus", duties[i].campus);
        buffer_add_text(&text, "}");
    }
    ctl_say("%.*s]}", (int)text.len, text.bytes);
    buffer_fini(&text);
}

static void say_stretch(struct show *show, struct roster_gap when, const struct roster_duty *duties,
                        size_t count)
{
    struct buffer text;
    char from[JSON_TIME_BYTES + 8];
    char to[JSON_TIME_BYTES + 8];
    show->gaps += count == 0 ? 1 : 0;
    if (show->ctl->json) {
        say_json(show, when, duties, count);
        return;
    }
    local_text(&show->zone, when.from_ms, from);
    local_text(&show->zone, when.to_ms, to);
    buffer_init(&text, LINE_MAX_BYTES);
    for (size_t i = 0; i < count; i++) {
        buffer_format(&text, "%s%.*s", i > 0 ? ", " : "", (int)duties[i].person.len,
                      duties[i].person.at);
        if (duties[i].substitute.len > 0) {
            buffer_format(&text, " (%.*s)", (int)duties[i].substitute.len, duties[i].substitute.at);
        }
        if (duties[i].campus.len > 0) {
            buffer_format(&text, " @%.*s", (int)duties[i].campus.len, duties[i].campus.at);
        }
    }
    ctl_say("%.*s  %s - %s  %.*s", (int)show->roster->role.len, show->roster->role.at, from, to,
            (int)text.len, count > 0 ? text.bytes : "");
    buffer_fini(&text);
}

/* Minute by minute, said where somebody else has it: there one hands over to the next. */
static void show_roster(struct show *show)
{
    struct roster_duty duties[2][ROSTER_ON_DUTY_MAX];
    size_t counts[2] = {0, 0};
    unsigned now = 0;
    int64_t since_ms = show->within.from_ms;
    counts[now] = roster_on_duty(show->roster, &show->zone, STR_LITERAL(""), since_ms, duties[now]);
    for (int64_t at_ms = since_ms + MINUTE_MS; at_ms < show->within.to_ms; at_ms += MINUTE_MS) {
        unsigned next = 1 - now;
        counts[next] =
            roster_on_duty(show->roster, &show->zone, STR_LITERAL(""), at_ms, duties[next]);
        if (!is_same(duties[now], counts[now], duties[next], counts[next])) {
            say_stretch(show, (struct roster_gap){since_ms, at_ms}, duties[now], counts[now]);
            since_ms = at_ms;
            now = next;
        }
    }
    say_stretch(show, (struct roster_gap){since_ms, show->within.to_ms}, duties[now], counts[now]);
}

static enum ctl_exit show_unit(struct ctl *ctl, const struct org *org)
{
    const char *wanted = ctl_option(ctl, "--role");
    const struct org_unit *unit = org_find_unit(org, str_of(ctl->words[0]));
    struct show show = {.ctl = ctl};
    size_t count = 0;
    if (unit == NULL) {
        return ctl_fail(CTL_REFUSED, "%s: no such unit", ctl->words[0]);
    }
    show.zone = org_zone(org, unit->id);
    enum ctl_exit code = read_range(ctl, &show);
    for (int role = 1; code == CTL_OK && role < ORG_ROLE_COUNT; role++) {
        struct str id = str_of(org_role_id((enum org_role)role));
        show.roster = org_find_roster(org, unit->id, id);
        if (show.roster != NULL && (wanted == NULL || str_is(id, wanted))) {
            show_roster(&show);
            count++;
        }
    }
    if (code == CTL_OK && count == 0) {
        return ctl_fail(CTL_REFUSED, "%s: no such roster", ctl->words[0]);
    }
    if (code == CTL_OK && !ctl->json) {
        ctl_say("%zu rosters, %zu gaps", count, show.gaps);
    }
    return code;
}

/* ---- export */

static enum ctl_exit export_roster(struct ctl *ctl, const struct org *org)
{
    enum org_role role;
    struct str text;
    struct str unit = str_of(ctl->words[0]);
    enum ctl_exit code = roster_read_role(ctl, org, &role);
    const struct roster *roster =
        code == CTL_OK ? org_find_roster(org, unit, str_of(org_role_id(role))) : NULL;
    if (roster == NULL) {
        return code == CTL_OK ? ctl_fail(CTL_REFUSED, "%s: no such roster", ctl->words[1]) : code;
    }
    struct zone zone = org_zone(org, unit);
    if (roster_ical_write(roster, &zone, loop_utc_ms(), &ctl->arena, &text) != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    ctl_say_lines(ctl, "calendar", text);
    return CTL_OK;
}

/* ---- check */

static enum ctl_exit check_rosters(struct ctl *ctl, const struct org *org)
{
    const struct findings_roles roles = {.count = 0}; /* those with a roster tell themselves */
    struct str unit = ctl->word_count > 0 ? str_of(ctl->words[0]) : STR_LITERAL("");
    int64_t days = 0;
    enum ctl_exit code = findings_read_days(ctl, &days);
    if (code == CTL_OK && unit.len > 0 && org_find_unit(org, unit) == NULL) {
        return ctl_fail(CTL_REFUSED, "%s: no such unit", ctl->words[0]);
    }
    return code == CTL_OK ? findings_tell(ctl, org, days, unit, &roles) : code;
}

static enum ctl_exit with_people(struct ctl *ctl,
                                 enum ctl_exit (*command)(struct ctl *ctl, const struct org *org))
{
    struct roster_people people;
    enum ctl_exit code = roster_open(ctl, &people);
    code = code == CTL_OK ? command(ctl, people.org) : code;
    roster_close(&people);
    return code;
}

static enum ctl_exit run_show(struct ctl *ctl)
{
    return with_people(ctl, show_unit);
}

static enum ctl_exit run_export(struct ctl *ctl)
{
    return with_people(ctl, export_roster);
}

static enum ctl_exit run_check(struct ctl *ctl)
{
    return with_people(ctl, check_rosters);
}

#define DIRECTORY_OPTION                                                                           \
    {                                                                                              \
        "--directory", "FILE", "a bureau's file instead of the topic; may be repeated"             \
    }

static const struct ctl_option show_options[] = {
    {"--from", "DAY", "YYYY-MM-DD on the unit's clock, or a time; without it now"},
    {"--to", "DAY", "exclusive; without it a week later"},
    {"--role", "ROLE", "only this role's roster"},
    DIRECTORY_OPTION,
    {NULL, NULL, NULL},
};

static const struct ctl_option check_options[] = {
    {"--days", "N", "how many days from now rosters must cover (28)"},
    DIRECTORY_OPTION,
    {NULL, NULL, NULL},
};

static const struct ctl_option export_options[] = {DIRECTORY_OPTION, {NULL, NULL, NULL}};

const struct ctl_command ctl_command_roster_show = {
    .name = "roster show",
    .arguments = "UNIT",
    .help = "Who is on duty when, stretch by stretch, by the unit's rosters.",
    .options = show_options,
    .run = run_show,
};

const struct ctl_command ctl_command_roster_check = {
    .name = "roster check",
    .arguments = "[UNIT]",
    .help = "Gaps in rosters, people on them who are not filed or cannot be called; exit 1 when "
            "there is any.",
    .options = check_options,
    .run = run_check,
};

const struct ctl_command ctl_command_roster_export = {
    .name = "roster export",
    .arguments = "UNIT ROLE",
    .help = "A roster as an iCalendar file, on stdout.",
    .options = export_options,
    .run = run_export,
};
