/* swctl check: is a pack good, does it say what it means (wire/pack_lint), and would everybody whom its policies call be there?
 * The directory is the topic's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/org/check.h"
#include "ctl/commands.h"
#include "ctl/directory_open.h"
#include "ctl/pack_open.h"
#include "io/loop.h"
#include "wire/json.h"
#include "wire/pack_lint.h"

enum {
    FINDINGS_MAX = 2000,
    DAYS_DEFAULT = 28,
    DAYS_MAX = 366,
    MINUTE_MS = 60000,
    DAY_MS = 86400000,
};

struct called_roles {
    enum org_role items[ORG_ROLE_COUNT];
    size_t count;
};

/* ---- whom the policies call */

/* What is no role of the organisation ("first_acknowledger") is passed over. */
static void add_role(struct called_roles *roles, struct str id)
{
    enum org_role role;
    if (!org_role_parse(id, &role)) {
        return;
    }
    for (size_t i = 0; i < roles->count; i++) {
        if (roles->items[i] == role) {
            return;
        }
    }
    roles->items[roles->count++] = role;
}

static void add_roles(struct called_roles *roles, struct policy_texts ids)
{
    for (size_t i = 0; i < ids.count; i++) {
        add_role(roles, ids.items[i]);
    }
}

static void add_policy(struct called_roles *roles, const struct policy *policy)
{
    for (size_t i = 0; i < policy->step_count; i++) {
        add_roles(roles, policy->steps[i].roles);
    }
    for (size_t i = 0; i < policy->obligation_count; i++) {
        const struct policy_obligation *obligation = &policy->obligations[i];
        add_role(roles, obligation->owner);
        add_roles(roles, obligation->breach_roles);
    }
}

/* ---- what was found */

static void add_member(struct buffer *text, const char *name, struct str value)
{
    if (value.len > 0) {
        buffer_format(text, ", \"%s\": ", name);
        buffer_add_json(text, value);
    }
}

static void say_json(const struct org_finding *finding, const char *from, const char *to)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_format(&text, "{\"finding\": \"%s\", \"error\": %s", org_finding_id(finding->kind),
                  org_finding_is_error(finding->kind) ? "true" : "false");
    add_member(&text, "unit", finding->unit);
    add_member(&text, "group", finding->group);
    add_member(&text, "person", finding->person);
    add_member(&text, "role", str_of(org_role_id(finding->role)));
    add_member(&text, "gap", str_of(org_gap_name(finding->gap)));
    add_member(&text, "from", str_of(from));
    add_member(&text, "to", str_of(to));
    ctl_say("%.*s}", (int)text.len, text.bytes);
    buffer_fini(&text);
}

static void say_finding(const struct ctl *ctl, const struct org_finding *finding)
{
    char from[JSON_TIME_BYTES] = "";
    char to[JSON_TIME_BYTES] = "";
    if (finding->when.to_ms > 0) {
        json_format_time(finding->when.from_ms, from);
        json_format_time(finding->when.to_ms, to);
    }
    if (ctl->json) {
        say_json(finding, from, to);
        return;
    }
    bool has_group = finding->group.len > 0;
    bool has_person = finding->person.len > 0;
    bool has_role = finding->role != ORG_ROLE_NONE;
    ctl_say("%-7s %.*s%s%.*s%s%.*s%s%s: %s%s%s%s%s",
            org_finding_is_error(finding->kind) ? "error" : "warning", (int)finding->unit.len,
            finding->unit.at, has_group ? "/" : "", (int)finding->group.len,
            has_group ? finding->group.at : "", has_person ? " " : "", (int)finding->person.len,
            has_person ? finding->person.at : "", has_role ? " " : "", org_role_id(finding->role),
            org_finding_text(finding->kind, STR_LITERAL("en")), from[0] == '\0' ? "" : ", ", from,
            from[0] == '\0' ? "" : " to ", to);
}

static enum ctl_exit check_directory(struct ctl *ctl, const struct org *org,
                                     const struct called_roles *roles, int64_t days)
{
    int64_t now_ms = loop_utc_ms();
    now_ms -= now_ms % MINUTE_MS; /* shifts change on whole minutes: gaps are told as they are */
    const struct org_check check = {
        .org = org,
        .within = {now_ms, now_ms + days * DAY_MS},
        .roles = roles->items,
        .role_count = roles->count,
    };
    size_t count = 0;
    size_t errors = 0;
    struct org_finding *findings = arena_alloc_array(&ctl->arena, FINDINGS_MAX, sizeof(*findings));
    if (findings == NULL || org_check(&check, findings, FINDINGS_MAX, &count) != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    for (size_t i = 0; i < count && i < FINDINGS_MAX; i++) {
        say_finding(ctl, &findings[i]);
        errors += org_finding_is_error(findings[i].kind) ? 1 : 0;
    }
    if (count > FINDINGS_MAX) {
        return ctl_fail(CTL_REFUSED, "%zu findings; the first %d are shown", count, FINDINGS_MAX);
    }
    if (!ctl->json) {
        ctl_say("directory: %zu records, %zu errors, %zu warnings", org_count(org), errors,
                count - errors);
    }
    return errors == 0 ? CTL_OK : CTL_REFUSED;
}

static enum ctl_exit check_with_directory(struct ctl *ctl, const struct pack *pack, int64_t days)
{
    struct called_roles roles = {.count = 0};
    struct directory directory;
    for (size_t i = 0; i < pack->policies.count; i++) {
        add_policy(&roles, &pack->policies.policies[i]);
    }
    enum ctl_exit code = directory_open(ctl, 0, &directory);
    if (code == CTL_OK) {
        code = check_directory(ctl, directory.org, &roles, days);
    }
    if (code == CTL_OK && directory.refused > 0) {
        code = CTL_REFUSED;
    }
    directory_close(&directory);
    return code;
}

/* ---- what the pack says */

struct lint {
    const struct ctl *ctl;
    size_t errors;
    size_t warnings;
};

static void say_pack_json(const struct pack_finding *finding)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_format(&text, "{\"finding\": \"%s\", \"error\": %s", pack_finding_id(finding->kind),
                  pack_finding_is_error(finding->kind) ? "true" : "false");
    add_member(&text, "file", str_of(finding->path));
    if (finding->line > 0) {
        buffer_format(&text, ", \"line\": %" PRIu32 ", \"column\": %" PRIu32, finding->line,
                      finding->column);
    }
    add_member(&text, "what", finding->what);
    add_member(&text, "other", finding->other);
    ctl_say("%.*s}", (int)text.len, text.bytes);
    buffer_fini(&text);
}

static void say_pack_finding(void *ctx, const struct pack_finding *finding)
{
    struct lint *lint = ctx;
    bool is_error = pack_finding_is_error(finding->kind);
    bool has_other = finding->other.len > 0;
    char place[32] = "";
    lint->errors += is_error ? 1 : 0;
    lint->warnings += is_error ? 0 : 1;
    if (lint->ctl->json) {
        say_pack_json(finding);
        return;
    }
    if (finding->line > 0) {
        (void)snprintf(place, sizeof(place), ":%" PRIu32 ":%" PRIu32, finding->line,
                       finding->column);
    }
    ctl_say("%-7s %s%s: %.*s%s%.*s%s: %s", is_error ? "error" : "warning", finding->path, place,
            (int)finding->what.len, finding->what.at, has_other ? " (" : "",
            (int)finding->other.len, has_other ? finding->other.at : "", has_other ? ")" : "",
            pack_finding_text(finding->kind));
}

static enum ctl_exit check_pack(struct ctl *ctl, const struct pack *pack)
{
    struct lint lint = {.ctl = ctl};
    char hash[2 * PACK_HASH_BYTES + 1];
    if (pack_lint(pack, &ctl->arena, say_pack_finding, &lint) != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    for (size_t i = 0; i < PACK_HASH_BYTES; i++) {
        (void)snprintf(hash + 2 * i, 3, "%02x", pack->hash[i]);
    }
    ctl_say(ctl->json ? "{\"pack\": \"%s\", \"files\": %zu, \"policies\": %zu, \"errors\": %zu, "
                        "\"warnings\": %zu}"
                      : "pack %s: %zu files, %zu policies, %zu errors, %zu warnings",
            hash, pack->file_count, pack->policies.count, lint.errors, lint.warnings);
    bool is_strict = ctl_option(ctl, "--strict") != NULL;
    return lint.errors + (is_strict ? lint.warnings : 0) == 0 ? CTL_OK : CTL_REFUSED;
}

static enum ctl_exit run(struct ctl *ctl)
{
    const char *wanted = ctl_option(ctl, "--days");
    int64_t days = DAYS_DEFAULT;
    struct pack *pack = NULL;
    if (wanted != NULL && !str_to_int64(str_of(wanted), 1, DAYS_MAX, &days)) {
        return ctl_fail(CTL_USAGE, "--days: expected a number from 1 to %d", DAYS_MAX);
    }
    enum ctl_exit code = ctl_pack_open(ctl, ctl->words[0], &pack);
    if (code != CTL_OK) {
        return code;
    }
    code = check_pack(ctl, pack);
    if (ctl_option(ctl, "--directory") != NULL) {
        enum ctl_exit with_directory = check_with_directory(ctl, pack, days);
        code = with_directory > code ? with_directory : code;
    }
    pack_free(pack);
    return code;
}

static const struct ctl_option options[] = {
    {"--strict", NULL, "warnings are errors"},
    {"--directory", NULL,
     "also whether everybody whom the policies call is there, reachable, on duty"},
    {"--days", "N", "how many days from now rosters must cover (28)"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_check = {
    .name = "check",
    .arguments = "PACK",
    .help = "Check a pack, and with --directory the people whom it calls; activates nothing.",
    .options = options,
    .run = run,
};
