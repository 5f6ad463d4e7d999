/* The page behind the signed link of a message: shows where to go, and one large button. A GET only shows (chat programs
 * fetch links); the POST acknowledges, twice is harmless. No session: the link says who and for what. Works without
 * Redis, then without the place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/console.h"
#include "core/disclose/audience.h"
#include "core/disclose/mustache.h"
#include "io/log.h"
#include "io/token.h"

extern const unsigned char page_ack[];
extern const size_t page_ack_size;

enum { ARENA_BYTES = 512 * 1024, PAGE_BYTES = 32 * 1024, TEXT_BYTES = 600 };

enum moment { MOMENT_SHOWN, MOMENT_DONE, MOMENT_PENDING, MOMENT_REFUSED, MOMENT_AWAY };

struct ack {
    struct console *console;
    struct http_request *request;
    struct arena arena;
    struct token_notice link;
    enum moment moment;
    char reason[128];
};

/* One name of the template with its text; an empty text is not said. */
struct field {
    const char *name;
    char text[TEXT_BYTES];
};

enum {
    UNIT,
    NUMBER,
    LEVEL,
    LEVEL_CODE,
    KIND,
    PLACE,
    PLACE_DETAIL,
    WITH_PUPIL,
    CALLBACK,
    DONE,
    PENDING,
    REFUSED,
    AWAY,
    CAN_ACK,
    FIELDS
};

static void fill_sealed(const struct ack *ack, enum disclose_field field,
                        const Shouwang__V1__Sealed *sealed, struct field *ret_field)
{
    enum disclose_audience audience = disclose_audience_of_role(ack->link.role);
    if (sealed == NULL || !disclose_may_see(audience, CASE_CHANNEL_NONE, field) ||
        !console_open(ack->console, ack->link.unit, sealed, ret_field->text, TEXT_BYTES)) {
        ret_field->text[0] = '\0';
    }
}

/* The Chinese word of a code, or the code. */
static const char *word(const char *code)
{
    static const char *const words[][2] = {
        {"LEVEL_ATTENTION", "关注"},
        {"LEVEL_WARNING", "预警"},
        {"LEVEL_HIGH", "高危"},
        {"LEVEL_CRISIS", "危机"},
        {"self_harm", "自伤"},
        {"threat", "威胁"},
        {"bullying", "欺凌"},
        {"abuse_suspected", "请登录查看"},
        {"accident", "意外"},
        {"missing", "失联"},
        {"absent", "缺勤"},
        {"roll_missing", "未点名"},
        {"feed_silent", "无考勤数据"},
        {"attendance_doubt", "大面积缺勤待核实"},
        {"panic", "一键报警"},
        {"self_harm_risk", "请登录查看"},
        {"wellbeing", "请登录查看"},
        {"PLACE_ON_CAMPUS", "校内"},
        {"PLACE_OFF_CAMPUS", "校外"},
        {"PLACE_UNKNOWN", "地点不明"},
        {"PLACE_UNSPECIFIED", "地点不明"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i][0], code) == 0) {
            return words[i][1];
        }
    }
    return code;
}

static const char *enum_name(const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *row = protobuf_c_enum_descriptor_get_value(type, value);
    return row == NULL ? "" : row->name;
}

static void fill_case(const struct ack *ack, const Shouwang__V1__Case *record,
                      struct field fields[FIELDS])
{
    const char *level = enum_name(&shouwang__v1__level__descriptor, (int)record->level);
    enum disclose_audience audience = disclose_audience_of_role(ack->link.role);
    snprintf(fields[NUMBER].text, TEXT_BYTES, "%s", record->number);
    snprintf(fields[LEVEL].text, TEXT_BYTES, "%s", word(level));
    snprintf(fields[LEVEL_CODE].text, TEXT_BYTES, "%s",
             record->level == SHOUWANG__V1__LEVEL__LEVEL_CRISIS ? "crisis"
             : record->level == SHOUWANG__V1__LEVEL__LEVEL_HIGH ? "high"
                                                                : "warning");
    if (disclose_may_see(audience, CASE_CHANNEL_NONE, DISCLOSE_FIELD_KIND)) {
        snprintf(fields[KIND].text, TEXT_BYTES, "%s", word(record->kind));
    }
    if (record->n_episodes == 0) {
        return;
    }
    const Shouwang__V1__Episode *last = record->episodes[record->n_episodes - 1];
    if (disclose_may_see(audience, CASE_CHANNEL_NONE, DISCLOSE_FIELD_PLACE)) {
        snprintf(fields[PLACE].text, TEXT_BYTES, "%s",
                 word(enum_name(&shouwang__v1__place__descriptor, (int)last->place)));
    }
    fill_sealed(ack, DISCLOSE_FIELD_PLACE_DETAIL, last->place_detail, &fields[PLACE_DETAIL]);
    fill_sealed(ack, DISCLOSE_FIELD_WITH_PUPIL, last->with_pupil, &fields[WITH_PUPIL]);
    fill_sealed(ack, DISCLOSE_FIELD_CALLBACK, last->callback, &fields[CALLBACK]);
}

static void fill_moment(const struct ack *ack, struct field fields[FIELDS])
{
    static const size_t shown[] = {[MOMENT_SHOWN] = CAN_ACK,
                                   [MOMENT_DONE] = DONE,
                                   [MOMENT_PENDING] = PENDING,
                                   [MOMENT_REFUSED] = REFUSED,
                                   [MOMENT_AWAY] = AWAY};
    enum org_role role = ORG_ROLE_NONE;
    const char *label =
        org_role_parse(ack->link.role, &role) ? org_role_label(role, str_of("zh")) : "";
    const char *text = ack->moment == MOMENT_DONE      ? label
                       : ack->moment == MOMENT_REFUSED ? ack->reason
                                                       : "yes";
    snprintf(fields[shown[ack->moment]].text, TEXT_BYTES, "%s", text[0] == '\0' ? "yes" : text);
    if (ack->moment == MOMENT_AWAY) {
        snprintf(fields[CAN_ACK].text, TEXT_BYTES, "yes");
    }
}

static void reply(struct ack *ack, const struct field fields[FIELDS])
{
    struct mustache_value values[FIELDS];
    struct str names[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) {
        struct str text = str_of(fields[i].text);
        names[i] = str_of(fields[i].name);
        values[i] = (struct mustache_value){.kind = text.len > 0 ? MUSTACHE_TEXT : MUSTACHE_NULL,
                                            .text = text};
    }
    struct mustache_value data = {
        .kind = MUSTACHE_HASH, .items = values, .names = names, .count = FIELDS};
    struct mustache_options options = {.escape_html = true, .arena = &ack->arena};
    struct mustache_output output = {.bytes = arena_alloc(&ack->arena, PAGE_BYTES),
                                     .size = PAGE_BYTES};
    struct mustache_fault fault;
    struct mustache *template = NULL;
    struct str source = {(const char *)page_ack, page_ack_size};
    if (output.bytes == NULL || mustache_compile(&ack->arena, source, &fault, &template) != 0 ||
        mustache_render(template, &data, &options, &output) != 0) {
        http_reply_text(ack->request, 500, "请直接行动 / act now, the page cannot be shown");
        return;
    }
    static const struct http_header_pair headers[] = {{"Cache-Control", "no-store"},
                                                      {"Referrer-Policy", "no-referrer"},
                                                      {"X-Content-Type-Options", "nosniff"}};
    http_reply(ack->request, &(struct http_answer){.status = 200,
                                                   .content_type = "text/html; charset=utf-8",
                                                   .body = {output.bytes, output.len},
                                                   .headers = headers,
                                                   .header_count = 3});
}

static void ack_free(struct ack *ack)
{
    arena_fini(&ack->arena);
    free(ack);
}

static void case_read(const struct model_answer *answer, void *ctx)
{
    struct ack *ack = ctx;
    static const char *const names[FIELDS] = {
        "unit",       "number",   "level", "level_code", "kind",    "place", "place_detail",
        "with_pupil", "callback", "done",  "pending",    "refused", "away",  "can_ack"};
    struct field fields[FIELDS];
    memset(fields, 0, sizeof(fields));
    for (size_t i = 0; i < FIELDS; i++) {
        fields[i].name = names[i];
    }
    const struct org_unit *unit = org_find_unit(tables_org(ack->console->tables), ack->link.unit);
    struct str label = unit == NULL ? ack->link.unit : unit->label;
    snprintf(fields[UNIT].text, TEXT_BYTES, "%.*s", (int)label.len, label.at);
    Shouwang__V1__Case *record =
        answer->error != 0 || answer->count == 0
            ? NULL
            : shouwang__v1__case__unpack(NULL, answer->items[0].len,
                                         (const uint8_t *)answer->items[0].at);
    if (record != NULL) {
        fill_case(ack, record, fields);
        shouwang__v1__case__free_unpacked(record, NULL);
    }
    fill_moment(ack, fields);
    reply(ack, fields);
    ack_free(ack);
}

static void show(struct ack *ack)
{
    char hex[IDENT_TEXT_BYTES];
    ident_format(ack->link.case_id, hex);
    model_ask_case(ack->console->model, str_of(hex), case_read, ack);
}

/* Reads the link; replies and answers NULL when it does not hold. */
static struct ack *open_link(struct console *console, struct http_request *request)
{
    struct ack *ack = calloc(1, sizeof(*ack));
    if (ack == NULL) {
        http_reply_text(request, 503, "out of memory");
        return NULL;
    }
    ack->console = console;
    ack->request = request;
    arena_init(&ack->arena, ARENA_BYTES);
    int error = token_read_notice(console->keyring, TOKEN_ACKNOWLEDGE,
                                  str_of(http_param(request, "token")), loop_utc_ms(), &ack->link);
    if (error != 0) {
        http_reply_text(request, error == ERR_TIMEOUT ? 410 : 404,
                        error == ERR_TIMEOUT
                            ? "链接已过期，请登录处理 / the link has expired: sign in"
                            : "链接无效 / not a valid link");
        ack_free(ack);
        return NULL;
    }
    return ack;
}

void ack_page_show(struct http_request *request, void *ctx)
{
    struct ack *ack = open_link(ctx, request);
    if (ack != NULL) {
        show(ack);
    }
}

static void acted(enum actions_outcome outcome, struct str reason, void *ctx)
{
    static const enum moment moments[] = {[ACTIONS_APPLIED] = MOMENT_DONE,
                                          [ACTIONS_REFUSED] = MOMENT_REFUSED,
                                          [ACTIONS_PENDING] = MOMENT_PENDING,
                                          [ACTIONS_UNAVAILABLE] = MOMENT_AWAY};
    struct ack *ack = ctx;
    ack->moment = moments[outcome];
    snprintf(ack->reason, sizeof(ack->reason), "%.*s", (int)reason.len, reason.at);
    show(ack);
}

void ack_page_act(struct http_request *request, void *ctx)
{
    struct ack *ack = open_link(ctx, request);
    if (ack == NULL) {
        return;
    }
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    Shouwang__V1__Acknowledge acknowledge = SHOUWANG__V1__ACKNOWLEDGE__INIT;
    acknowledge.notice_id = (ProtobufCBinaryData){IDENT_BYTES, ack->link.notice_id.bytes};
    command.unit = (char *)(uintptr_t)arena_copy_str(&ack->arena, ack->link.unit).at;
    command.case_id = (ProtobufCBinaryData){IDENT_BYTES, ack->link.case_id.bytes};
    command.actor = (char *)(uintptr_t)arena_copy_str(&ack->arena, ack->link.person).at;
    command.actor_role = (char *)(uintptr_t)arena_copy_str(&ack->arena, ack->link.role).at;
    command.via = (char *)(uintptr_t) "link";
    command.action_case = SHOUWANG__V1__COMMAND__ACTION_ACKNOWLEDGE;
    command.acknowledge = &acknowledge;
    if (actions_send(ack->console->actions, &command, acted, ack) != 0) {
        ack->moment = MOMENT_AWAY;
        show(ack);
    }
}
