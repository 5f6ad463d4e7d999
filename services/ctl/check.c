/* swctl check: is a pack good, does it say what it means (wire/pack_lint), and would everybody whom its policies call be there?
 * The directory is the topic's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/directory_open.h"
#include "ctl/findings.h"
#include "ctl/pack_open.h"
#include "wire/json.h"
#include "wire/pack_lint.h"

/* ---- whom the policies call */

/* What is no role of the organisation ("first_acknowledger") is passed over. */
static void add_role(struct findings_roles *roles, struct str id)
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

static void add_roles(struct findings_roles *roles, struct policy_texts ids)
{
    for (size_t i = 0; i < ids.count; i++) {
        add_role(roles, ids.items[i]);
    }
}

static void add_policy(struct findings_roles *roles, const struct policy *policy)
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

static enum ctl_exit check_people(struct ctl *ctl, const struct pack *pack,
                                  const struct directory *directory, int64_t days)
{
    struct findings_roles roles = {.count = 0};
    for (size_t i = 0; i < pack->policies.count; i++) {
        add_policy(&roles, &pack->policies.policies[i]);
    }
    enum ctl_exit code = findings_tell(ctl, directory->org, days, STR_LITERAL(""), &roles);
    return code == CTL_OK && directory->refused > 0 ? CTL_REFUSED : code;
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
    findings_add_member(&text, "file", str_of(finding->path));
    if (finding->line > 0) {
        buffer_format(&text, ", \"line\": %" PRIu32 ", \"column\": %" PRIu32, finding->line,
                      finding->column);
    }
    findings_add_member(&text, "what", finding->what);
    findings_add_member(&text, "other", finding->other);
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

static enum ctl_exit check_pack(struct ctl *ctl, const struct pack *pack, const struct org *org)
{
    struct lint lint = {.ctl = ctl};
    char hash[2 * PACK_HASH_BYTES + 1];
    if (pack_lint(pack, org, &ctl->arena, say_pack_finding, &lint) != 0) {
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

/* Both, the pack alone where the directory cannot be had. */
static enum ctl_exit check_with_directory(struct ctl *ctl, const struct pack *pack, int64_t days)
{
    struct directory directory;
    enum ctl_exit opened = directory_open(ctl, 0, &directory);
    enum ctl_exit code = check_pack(ctl, pack, opened == CTL_OK ? directory.org : NULL);
    enum ctl_exit people = opened == CTL_OK ? check_people(ctl, pack, &directory, days) : opened;
    directory_close(&directory);
    return people > code ? people : code;
}

static enum ctl_exit run(struct ctl *ctl)
{
    int64_t days = 0;
    struct pack *pack = NULL;
    enum ctl_exit code = findings_read_days(ctl, &days);
    code = code == CTL_OK ? ctl_pack_open(ctl, ctl->words[0], &pack) : code;
    if (code != CTL_OK) {
        return code;
    }
    code = ctl_option(ctl, "--directory") != NULL ? check_with_directory(ctl, pack, days)
                                                  : check_pack(ctl, pack, NULL);
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
