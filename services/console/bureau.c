#include "console/bureau.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/csv_out.h"
#include "console/view_parts.h"
#include "console/visit.h"
#include "core/org/role.h"
#include "shouwang/v1/journal.pb-c.h"

enum {
    REPLY_BYTES_MAX = 16 << 20,
    HOLDERS_MAX = 64,
    DAYS = 30,
    DAYS_MAX = 400,
    SHOWN_BREACHES_MAX = 1000,
};

static const int64_t day_ms = INT64_C(86400000);

/* --- What is owed ---------------------------------------------------------------------------------------------------- */

static bool is_pressing(const Shouwang__V1__Obligation *obligation)
{
    return view_is_owed(obligation->state) && obligation->due_at_ms != 0;
}

/* Reported, and its recipient has not answered. */
static bool is_unanswered(const Shouwang__V1__Obligation *obligation)
{
    bool reported = strcmp(obligation->state, "met") == 0 ||
                    strcmp(obligation->state, "met_late") == 0 || obligation->done > 0;
    return reported && obligation->to_role[0] != '\0' && obligation->answer[0] == '\0';
}

static void put_obligation(const struct view *view, struct json_out *out,
                           const Shouwang__V1__Case *record, const Shouwang__V1__Episode *episode,
                           const Shouwang__V1__Obligation *obligation)
{
    json_out_object(out, NULL);
    view_put_id(out, "case_id", record->id);
    json_out_text(out, "number", record->number);
    json_out_text(out, "unit", record->unit);
    view_put_unit_label(view, out, record->unit);
    json_out_text(out, "kind", record->kind);
    view_put_code(&shouwang__v1__level__descriptor, (int)record->level, "LEVEL_", out, "level");
    json_out_int(out, "episode", episode->number);
    json_out_text(out, "obligation", obligation->id);
    json_out_int(out, "occurrence", obligation->occurrence);
    json_out_text(out, "state", obligation->state);
    json_out_bool(out, "owed", is_pressing(obligation));
    json_out_bool(out, "unanswered", is_unanswered(obligation));
    json_out_text(out, "owner_role", obligation->owner_role);
    json_out_text(out, "to_role", obligation->to_role);
    json_out_int(out, "due_at_ms", obligation->due_at_ms);
    json_out_int(out, "performed_at_ms", obligation->performed_at_ms);
    json_out_int(out, "urged", obligation->urged);
    json_out_int(out, "urged_at_ms", obligation->urged_at_ms);
    json_out_int(out, "returned", obligation->returned);
    json_out_end_object(out);
}

static void put_case(const struct view *view, struct json_out *out,
                     const Shouwang__V1__Case *record)
{
    for (size_t e = 0; e < record->n_episodes; e++) {
        const Shouwang__V1__Episode *episode = record->episodes[e];
        for (size_t o = 0; o < episode->n_obligations; o++) {
            const Shouwang__V1__Obligation *obligation = episode->obligations[o];
            if (is_pressing(obligation) || is_unanswered(obligation)) {
                put_obligation(view, out, record, episode, obligation);
            }
        }
    }
}

static void put_units(const struct visit *visit, struct json_out *out)
{
    struct str units[MODEL_UNITS_MAX];
    const struct org *org = tables_org(visit->console->tables);
    size_t count = visit_list_units(visit, units);
    json_out_array(out, "units");
    for (size_t i = 0; i < count; i++) {
        const struct org_unit *unit = org_find_unit(org, units[i]);
        if (unit != NULL) {
            json_out_object(out, NULL);
            json_out_str(out, "id", unit->id);
            json_out_str(out, "label", unit->label);
            json_out_str(out, "parent", unit->parent);
            json_out_end_object(out);
        }
    }
    json_out_end_array(out);
}

static void put_colleague(const struct visit *visit, const struct view *view, struct json_out *out,
                          const struct org_person *found, enum org_role role)
{
    char person[SESSION_TEXT_BYTES];
    snprintf(person, sizeof(person), "%.*s", (int)found->id.len, found->id.at);
    json_out_object(out, NULL);
    json_out_text(out, "person", person);
    view_put_name(view, out, "name", visit->session.unit, person);
    json_out_text(out, "role", org_role_id(role));
    json_out_end_object(out);
}

/* Who else holds a role on duty at the visitor's own unit: to whom a shift is handed over. */
static void put_colleagues(const struct visit *visit, const struct view *view, struct json_out *out)
{
    static const enum org_role roles[] = {ORG_ROLE_BUREAU_DUTY, ORG_ROLE_COUNTY_DESIGNEE,
                                          ORG_ROLE_DUTY_LEADER, ORG_ROLE_PSYCH_TEACHER};
    const struct org_person *found[HOLDERS_MAX];
    struct str unit = str_of(visit->session.unit);
    struct view open = *view;
    open.sees[VIEW_NAME] = true; /* of one's own colleagues, not of pupils */
    json_out_array(out, "colleagues");
    for (size_t r = 0; r < sizeof(roles) / sizeof(roles[0]); r++) {
        size_t count = org_list_holders(view->org, unit, roles[r], found, HOLDERS_MAX);
        for (size_t i = 0; i < count && i < HOLDERS_MAX; i++) {
            if (!str_is(found[i]->id, visit->session.person)) {
                put_colleague(visit, &open, out, found[i], roles[r]);
            }
        }
    }
    json_out_end_array(out);
}

static void put_cases(const struct view *view, const struct model_answer *answer,
                      struct json_out *out)
{
    json_out_array(out, "obligations");
    for (size_t i = 0; i < answer->count; i++) {
        Shouwang__V1__Case *record = shouwang__v1__case__unpack(
            NULL, answer->items[i].len, (const uint8_t *)answer->items[i].at);
        if (record != NULL) {
            put_case(view, out, record);
            shouwang__v1__case__free_unpacked(record, NULL);
        }
    }
    json_out_end_array(out);
}

static void sla_read(const struct model_answer *answer, void *ctx)
{
    struct visit *visit = ctx;
    struct buffer buffer;
    struct json_out out;
    struct str unit = str_of(visit->session.unit);
    struct view view = visit_view(visit, unit, str_of(""));
    struct model_answer shown = *answer;
    if (answer->error != 0) {
        shown = (struct model_answer){.stale = true};
    }
    buffer_init(&buffer, REPLY_BYTES_MAX);
    json_out_init(&out, &buffer);
    json_out_object(&out, NULL);
    view_put_frame(&view, &shown, &out);
    json_out_text(&out, "my_role",
                  org_role_id(session_role(view.org, &visit->session, unit, str_of(""))));
    put_units(visit, &out);
    put_colleagues(visit, &view, &out);
    put_cases(&view, &shown, &out);
    json_out_end_object(&out);
    visit_reply(visit, &buffer);
    free(visit);
}

void bureau_get_sla(struct http_request *request, void *ctx)
{
    struct visit *visit = visit_begin(ctx, request);
    if (visit != NULL) {
        struct str units[MODEL_UNITS_MAX];
        size_t count = visit_list_units(visit, units);
        model_ask_board(visit->console->model, str_of(visit->session.unit), units, count, sla_read,
                        visit);
    }
}

/* --- Deadlines that passed -------------------------------------------------------------------------------------------- */

static const char *fact_of(const Shouwang__V1__JournalLine *line, const char *key)
{
    for (size_t i = 0; i < line->n_facts; i++) {
        if (strcmp(line->facts[i]->key, key) == 0) {
            return line->facts[i]->value;
        }
    }
    return "";
}

static int newest_first(const void *a, const void *b)
{
    const Shouwang__V1__JournalLine *left = *(Shouwang__V1__JournalLine *const *)a;
    const Shouwang__V1__JournalLine *right = *(Shouwang__V1__JournalLine *const *)b;
    return left->at_ms == right->at_ms ? 0 : left->at_ms > right->at_ms ? -1 : 1;
}

static void put_breach(const struct view *view, struct json_out *out,
                       const Shouwang__V1__JournalLine *line)
{
    json_out_object(out, NULL);
    json_out_int(out, "at_ms", line->at_ms);
    view_put_id(out, "case_id", line->case_id);
    json_out_text(out, "number", line->case_number);
    json_out_text(out, "unit", line->unit);
    view_put_unit_label(view, out, line->unit);
    view_put_code(&shouwang__v1__level__descriptor, (int)line->level, "LEVEL_", out, "level");
    json_out_text(out, "obligation", fact_of(line, "obligation"));
    json_out_text(out, "occurrence", fact_of(line, "occurrence"));
    json_out_end_object(out);
}

/* The lines that decode, the newest first; the caller's to free, each and all. NULL: memory is out. */
static Shouwang__V1__JournalLine **unpack_lines(const struct model_answer *answer,
                                                size_t *ret_count)
{
    Shouwang__V1__JournalLine **lines = calloc(answer->count + 1, sizeof(*lines));
    size_t count = 0;
    for (size_t i = 0; lines != NULL && i < answer->count; i++) {
        lines[count] = shouwang__v1__journal_line__unpack(NULL, answer->items[i].len,
                                                          (const uint8_t *)answer->items[i].at);
        count += lines[count] != NULL;
    }
    if (count > 1) {
        qsort(lines, count, sizeof(*lines), newest_first);
    }
    *ret_count = count;
    return lines;
}

static void breaches_read(const struct model_answer *answer, void *ctx)
{
    struct visit *visit = ctx;
    struct buffer buffer;
    struct json_out out;
    size_t count;
    struct view view = visit_view(visit, str_of(visit->session.unit), str_of(""));
    Shouwang__V1__JournalLine **lines = unpack_lines(answer, &count);
    buffer_init(&buffer, REPLY_BYTES_MAX);
    json_out_init(&out, &buffer);
    json_out_object(&out, NULL);
    view_put_frame(&view, answer, &out);
    json_out_int(&out, "count", (int64_t)count);
    json_out_array(&out, "breaches");
    for (size_t i = 0; i < count; i++) {
        if (i < SHOWN_BREACHES_MAX) {
            put_breach(&view, &out, lines[i]);
        }
        shouwang__v1__journal_line__free_unpacked(lines[i], NULL);
    }
    json_out_end_array(&out);
    json_out_end_object(&out);
    free(lines);
    visit_reply(visit, &buffer);
    free(visit);
}

void bureau_get_breaches(struct http_request *request, void *ctx)
{
    const char *asked = http_query(request, "days");
    int64_t days = DAYS;
    if (asked != NULL && !str_to_int64(str_of(asked), 1, DAYS_MAX, &days)) {
        http_reply_text(request, 400, "days: 1 to 400");
        return;
    }
    struct visit *visit = visit_begin(ctx, request);
    if (visit != NULL) {
        struct str units[MODEL_UNITS_MAX];
        const struct model_span span = {.scope = str_of(visit->session.unit),
                                        .units = units,
                                        .unit_count = visit_list_units(visit, units),
                                        .from_ms = loop_utc_ms() - days * day_ms};
        model_ask_breaches(visit->console->model, &span, breaches_read, visit);
    }
}

/* --- The ledger -------------------------------------------------------------------------------------------------------- */

static const char *const columns[] = {
    "单位 unit",          "单位名称 name",   "个案编号 case",     "类型 kind",      "等级 level",
    "轮次 episode",       "事项 obligation", "第几次 occurrence", "状态 state",     "责任 owner",
    "接收 recipient",     "到期 due",        "超时 breached",     "完成 performed", "登记 recorded",
    "补录 recorded late", "完成人 by",       "接收方答复 answer", "催办 urged",     "退回 returned",
    "豁免理由 waived for"};

static void add_case_columns(struct csv_out *out, const struct org_unit *unit,
                             const Shouwang__V1__Case *record)
{
    const ProtobufCEnumValue *level =
        protobuf_c_enum_descriptor_get_value(&shouwang__v1__level__descriptor, (int)record->level);
    csv_out_text(out, record->unit);
    csv_out_str(out, unit == NULL ? str_of(record->unit) : unit->label);
    csv_out_text(out, record->number);
    csv_out_text(out, record->kind);
    csv_out_text(out, level == NULL ? "" : level->name + strlen("LEVEL_"));
}

static void add_obligation_columns(struct csv_out *out, const struct zone *zone,
                                   const Shouwang__V1__Obligation *obligation)
{
    int32_t offset_s = zone_offset_s(zone, obligation->due_at_ms);
    csv_out_text(out, obligation->id);
    csv_out_int(out, obligation->occurrence);
    csv_out_text(out, obligation->state);
    csv_out_text(out, obligation->owner_role);
    csv_out_text(out, obligation->to_role);
    csv_out_time(out, obligation->due_at_ms, offset_s);
    csv_out_time(out, obligation->breached_at_ms, offset_s);
    csv_out_time(out, obligation->performed_at_ms, offset_s);
    csv_out_time(out, obligation->recorded_at_ms, offset_s);
    csv_out_text(out, obligation->recorded_late ? "1" : "");
    csv_out_text(out, obligation->by);
    csv_out_text(out, obligation->answer);
    csv_out_int(out, obligation->urged);
    csv_out_int(out, obligation->returned);
    csv_out_text(out, obligation->reason);
}

static void add_case(const struct org *org, struct csv_out *out, const Shouwang__V1__Case *record)
{
    const struct org_unit *unit = org_find_unit(org, str_of(record->unit));
    struct zone zone = org_zone(org, str_of(record->unit));
    for (size_t e = 0; e < record->n_episodes; e++) {
        const Shouwang__V1__Episode *episode = record->episodes[e];
        for (size_t o = 0; o < episode->n_obligations; o++) {
            add_case_columns(out, unit, record);
            csv_out_int(out, episode->number);
            add_obligation_columns(out, &zone, episode->obligations[o]);
            csv_out_end_row(out);
        }
    }
}

static void write_ledger(const struct org *org, const struct model_answer *answer,
                         struct buffer *buffer)
{
    struct csv_out out;
    csv_out_init(&out, buffer);
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        csv_out_text(&out, columns[i]);
    }
    csv_out_end_row(&out);
    for (size_t i = 0; i < answer->count; i++) {
        Shouwang__V1__Case *record = shouwang__v1__case__unpack(
            NULL, answer->items[i].len, (const uint8_t *)answer->items[i].at);
        if (record != NULL) {
            add_case(org, &out, record);
            shouwang__v1__case__free_unpacked(record, NULL);
        }
    }
}

static void ledger_read(const struct model_answer *answer, void *ctx)
{
    static const struct http_header_pair headers[] = {
        {"Content-Disposition", "attachment; filename=\"shouwang-ledger.csv\""},
        {"Cache-Control", "no-store"}};
    struct visit *visit = ctx;
    struct buffer buffer;
    buffer_init(&buffer, REPLY_BYTES_MAX);
    write_ledger(tables_org(visit->console->tables), answer, &buffer);
    if (answer->error != 0 || answer->stale || buffer.overflowed) {
        http_reply_text(visit->request, 503, "the ledger cannot be had now");
    } else {
        http_reply(visit->request, &(struct http_answer){.status = 200,
                                                         .content_type = "text/csv; charset=utf-8",
                                                         .body = buffer_str(&buffer),
                                                         .headers = headers,
                                                         .header_count = 2});
    }
    buffer_fini(&buffer);
    free(visit);
}

void bureau_get_ledger(struct http_request *request, void *ctx)
{
    struct visit *visit = visit_begin(ctx, request);
    if (visit != NULL) {
        struct str units[MODEL_UNITS_MAX];
        size_t count = visit_list_units(visit, units);
        model_ask_ledger(visit->console->model, str_of(visit->session.unit), units, count,
                         ledger_read, visit);
    }
}
