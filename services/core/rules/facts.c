#include "core/rules/facts.h"

#include "base/assert.h"

struct row {
    const char *rule;
    const char *text;
    bool (*holds)(const struct event *event);
    enum case_level level; /* NONE: by kind */
    enum level_layer layer;
    const char *tell[FACTS_TELL_MAX];
    const char *ask_interview;
    const char *value_name;
    const char *(*value)(const struct event *event);
};

/* What a kind means below crisis, and whether it is a happening: a new round of steps. Kinds that are not here are at
 * `attention` and are no happening. */
struct kind_row {
    enum event_kind kind;
    enum case_level level;
    bool is_happening;
    bool fears_unknown; /* unknown danger counts as imminent */
};

static const struct kind_row kind_rows[] = {
    {EVENT_KIND_SELF_HARM, CASE_LEVEL_HIGH, true, true},
    {EVENT_KIND_THREAT, CASE_LEVEL_HIGH, true, true},
    {EVENT_KIND_MISSING, CASE_LEVEL_HIGH, true, true},
    {EVENT_KIND_ABUSE_SUSPECTED, CASE_LEVEL_HIGH, true, false},
    {EVENT_KIND_BULLYING, CASE_LEVEL_WARNING, true, false},
    {EVENT_KIND_ACCIDENT, CASE_LEVEL_WARNING, true, false},
    {EVENT_KIND_PANIC, CASE_LEVEL_CRISIS, true, false},
};

static struct kind_row find_kind(enum event_kind kind)
{
    for (size_t i = 0; i < sizeof(kind_rows) / sizeof(kind_rows[0]); i++) {
        if (kind_rows[i].kind == kind) {
            return kind_rows[i];
        }
    }
    return (struct kind_row){kind, CASE_LEVEL_ATTENTION, kind == EVENT_KIND_UNKNOWN, false};
}

static bool is_incident(const struct event *event)
{
    return event->family == EVENT_FAMILY_INCIDENT;
}

static bool has_danger(const struct event *event)
{
    return is_incident(event) && (event->incident.danger == CASE_DANGER_HAPPENING ||
                                  event->incident.danger == CASE_DANGER_IMMINENT);
}

static bool has_injury(const struct event *event)
{
    return is_incident(event) && event->incident.injury == CASE_INJURY_NEEDS_TREATMENT;
}

static bool is_panic(const struct event *event)
{
    return event->kind == EVENT_KIND_PANIC;
}

static bool has_unknown_danger(const struct event *event)
{
    return is_incident(event) && find_kind(event->kind).fears_unknown &&
           (event->incident.danger == CASE_DANGER_NONE ||
            event->incident.danger == CASE_DANGER_UNKNOWN);
}

static bool has_sign(const struct event *event)
{
    return is_incident(event) && event->incident.signs != 0;
}

/* A past act for which the policy may call the psychology teacher alone: a sign looks ahead, and the one on call hears too. */
static bool has_sign_after_self_harm(const struct event *event)
{
    return has_sign(event) && event->kind == EVENT_KIND_SELF_HARM &&
           event->incident.danger == CASE_DANGER_PAST;
}

static bool is_untreated(const struct event *event)
{
    return event->kind == EVENT_KIND_SELF_HARM && event->incident.danger == CASE_DANGER_PAST &&
           event->incident.injury == CASE_INJURY_UNTREATED;
}

static bool is_unknown_kind(const struct event *event)
{
    return event->kind == EVENT_KIND_UNKNOWN;
}

/* What was done, and is only noted. */
static bool is_record(const struct event *event)
{
    return event->kind == EVENT_KIND_CONTACT || event->kind == EVENT_KIND_REVIEW ||
           event->kind == EVENT_KIND_REPORT;
}

static bool is_known_incident(const struct event *event)
{
    return is_incident(event) && event->kind != EVENT_KIND_UNKNOWN && !is_record(event);
}

static const char *danger_value(const struct event *event)
{
    enum case_danger danger = event->incident.danger;
    return case_danger_name(danger == CASE_DANGER_NONE ? CASE_DANGER_UNKNOWN : danger);
}

static const char *injury_value(const struct event *event)
{
    return case_injury_name(event->incident.injury);
}

static const char *sign_value(const struct event *event)
{
    uint32_t signs = event->incident.signs;
    return (signs & EVENT_SIGN_FAREWELL) != 0 ? "farewell"
           : (signs & EVENT_SIGN_PLAN) != 0   ? "plan"
           : (signs & EVENT_SIGN_MEANS) != 0  ? "means"
                                              : "other";
}

/* The order decides between reasons of one level: the first one names the signal's rule. */
static const struct row rows[] = {
    {"facts/danger",
     "危险正在发生或迫近 / danger happening or imminent",
     has_danger,
     CASE_LEVEL_CRISIS,
     LEVEL_LAYER_SCHOOL,
     {NULL, NULL},
     "",
     "event.danger",
     danger_value},
    {"facts/injury",
     "伤情需要治疗 / an injury that needs treatment",
     has_injury,
     CASE_LEVEL_CRISIS,
     LEVEL_LAYER_SCHOOL,
     {NULL, NULL},
     "",
     "event.injury",
     injury_value},
    {"facts/panic",
     "一键报警 / panic button",
     is_panic,
     CASE_LEVEL_CRISIS,
     LEVEL_LAYER_SCHOOL,
     {NULL, NULL},
     "",
     "event.kind",
     NULL},
    {"facts/unknown_danger",
     "危险未知，按迫近处置 / unknown danger counts as imminent",
     has_unknown_danger,
     CASE_LEVEL_CRISIS,
     LEVEL_LAYER_SCHOOL,
     {NULL, NULL},
     "",
     "event.danger",
     danger_value},
    {"facts/untreated",
     "过去的自伤，未经治疗 / past, untreated self-injury",
     is_untreated,
     CASE_LEVEL_HIGH,
     LEVEL_LAYER_SCHOOL,
     {"psych_teacher", NULL},
     "24h",
     "event.injury",
     injury_value},
    {"facts/sign_after_self_harm",
     "自伤之后有告别、计划或工具 / farewell, plan or means after self-harm",
     has_sign_after_self_harm,
     CASE_LEVEL_HIGH,
     LEVEL_LAYER_SCHOOL,
     {"duty_leader", "psych_teacher"},
     "",
     "event.signs",
     sign_value},
    {"facts/sign",
     "告别、计划或工具 / farewell, plan or means",
     has_sign,
     CASE_LEVEL_HIGH,
     LEVEL_LAYER_SCHOOL,
     {NULL, NULL},
     "",
     "event.signs",
     sign_value},
    {"facts/unknown_kind",
     "未知类型的事件 / an event of an unknown kind",
     is_unknown_kind,
     CASE_LEVEL_HIGH,
     LEVEL_LAYER_SCHOOL,
     {"duty_leader", "psych_teacher"},
     "",
     "event.kind",
     NULL},
    {"facts/kind",
     "事件类型 / the kind of the event",
     is_known_incident,
     CASE_LEVEL_NONE,
     LEVEL_LAYER_SCHOOL,
     {NULL, NULL},
     "",
     "event.kind",
     NULL},
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) <= FACTS_REASONS_MAX, "all may hold at once");

void facts_judge(const struct event *event, struct facts *ret_facts)
{
    struct kind_row kind = find_kind(event->kind);
    *ret_facts = (struct facts){.count = 0, .is_happening = kind.is_happening};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        if (!row->holds(event)) {
            continue;
        }
        struct str value = row->value == NULL ? event->kind_name : str_of(row->value(event));
        ret_facts->reasons[ret_facts->count++] = (struct facts_reason){
            .rule = row->rule,
            .text = row->text,
            .level = row->level == CASE_LEVEL_NONE ? kind.level : row->level,
            .layer = row->layer,
            .tell = row->tell,
            .ask_interview = row->ask_interview,
            .value = {str_of(row->value_name), value},
        };
    }
    sw_assert(ret_facts->count > 0 || is_record(event) || !is_incident(event));
}
