#include "ctl/findings.h"

#include "core/org/check.h"
#include "io/loop.h"
#include "wire/json.h"

enum {
    FINDINGS_MAX = 2000,
    DAYS_DEFAULT = 28,
    DAYS_MAX = 366,
    MINUTE_MS = 60000,
    DAY_MS = 86400000,
};

enum ctl_exit findings_read_days(const struct ctl *ctl, int64_t *ret_days)
{
    const char *wanted = ctl_option(ctl, "--days");
    *ret_days = DAYS_DEFAULT;
    if (wanted != NULL && !str_to_int64(str_of(wanted), 1, DAYS_MAX, ret_days)) {
        return ctl_fail(CTL_USAGE, "--days: expected a number from 1 to %d", DAYS_MAX);
    }
    return CTL_OK;
}

void findings_add_member(struct buffer *text, const char *name, struct str value)
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
    findings_add_member(&text, "unit", finding->unit);
    findings_add_member(&text, "group", finding->group);
    findings_add_member(&text, "person", finding->person);
    findings_add_member(&text, "role", str_of(org_role_id(finding->role)));
    findings_add_member(&text, "gap", str_of(org_gap_name(finding->gap)));
    findings_add_member(&text, "from", str_of(from));
    findings_add_member(&text, "to", str_of(to));
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

/* Whether the finding is of the unit that is asked for, or all are. */
static bool is_asked(const struct org_finding *finding, struct str unit)
{
    return unit.len == 0 || str_equal(finding->unit, unit);
}

enum ctl_exit findings_tell(struct ctl *ctl, const struct org *org, int64_t days, struct str unit,
                            const struct findings_roles *roles)
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
    size_t warnings = 0;
    struct org_finding *findings = arena_alloc_array(&ctl->arena, FINDINGS_MAX, sizeof(*findings));
    if (findings == NULL || org_check(&check, findings, FINDINGS_MAX, &count) != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    for (size_t i = 0; i < count && i < FINDINGS_MAX; i++) {
        if (is_asked(&findings[i], unit)) {
            bool is_error = org_finding_is_error(findings[i].kind);
            say_finding(ctl, &findings[i]);
            errors += is_error ? 1 : 0;
            warnings += is_error ? 0 : 1;
        }
    }
    if (count > FINDINGS_MAX) {
        return ctl_fail(CTL_REFUSED, "%zu findings; the first %d are shown", count, FINDINGS_MAX);
    }
    if (!ctl->json) {
        ctl_say("directory: %zu records, %zu errors, %zu warnings", org_count(org), errors,
                warnings);
    }
    return errors == 0 ? CTL_OK : CTL_REFUSED;
}
