#include "console/view.h"

#include "console/view_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "base/ident.h"
#include "io/loop.h"
#include "shouwang/v1/journal.pb-c.h"

enum { OPENED_MAX = 8192, PEOPLE_MAX = 64 };

/* --- Codes ------------------------------------------------------------------------------------------------------- */

void view_put_code(const ProtobufCEnumDescriptor *type, int value, const char *prefix,
                   struct json_out *out, const char *name)
{
    char code[64] = "";
    const ProtobufCEnumValue *row = protobuf_c_enum_descriptor_get_value(type, value);
    if (row != NULL && strncmp(row->name, prefix, strlen(prefix)) == 0 && value != 0) {
        snprintf(code, sizeof(code), "%s", row->name + strlen(prefix));
        for (char *c = code; *c != '\0'; c++) {
            *c = (char)tolower((unsigned char)*c);
        }
    }
    json_out_text(out, name, code);
}

static void put_level(struct json_out *out, Shouwang__V1__Level level)
{
    view_put_code(&shouwang__v1__level__descriptor, (int)level, "LEVEL_", out, "level");
}

void view_put_id(struct json_out *out, const char *name, ProtobufCBinaryData bytes)
{
    char text[IDENT_TEXT_BYTES] = "";
    struct ident id;
    if (bytes.len == IDENT_BYTES) {
        memcpy(id.bytes, bytes.data, IDENT_BYTES);
        ident_format(id, text);
    }
    json_out_text(out, name, text);
}

bool view_is_owed(const char *state)
{
    return strcmp(state, "pending") == 0 || strcmp(state, "warned") == 0 ||
           strcmp(state, "breached") == 0;
}

/* --- People and places --------------------------------------------------------------------------------------------- */

static void put_opened(const struct view *view, struct json_out *out, const char *name,
                       enum view_field field, const Shouwang__V1__Sealed *sealed, const char *unit)
{
    char opened[OPENED_MAX];
    if (view->sees[field] && sealed != NULL &&
        view->open(str_of(unit), sealed, opened, sizeof(opened), view->ctx)) {
        json_out_text(out, name, opened);
    }
}

/* False: the reader may not see it, or it cannot be opened. */
static bool name_of(const struct view *view, const char *unit, const char *person, char *ret_name,
                    size_t size)
{
    const struct org_person *found = org_find_person(view->org, str_of(unit), str_of(person));
    if (!view->sees[VIEW_NAME] || found == NULL || found->name.len == 0) {
        return false;
    }
    Shouwang__V1__Sealed *sealed =
        shouwang__v1__sealed__unpack(NULL, found->name.len, (const uint8_t *)found->name.at);
    bool opened = sealed != NULL && view->open(found->unit, sealed, ret_name, size, view->ctx);
    if (sealed != NULL) {
        shouwang__v1__sealed__free_unpacked(sealed, NULL);
    }
    return opened;
}

void view_put_name(const struct view *view, struct json_out *out, const char *member,
                   const char *unit, const char *person)
{
    char name[256];
    if (name_of(view, unit, person, name, sizeof(name))) {
        json_out_text(out, member, name);
    }
}

void view_put_unit_label(const struct view *view, struct json_out *out, const char *unit)
{
    const struct org_unit *found = org_find_unit(view->org, str_of(unit));
    json_out_str(out, "unit_label", found == NULL ? str_of(unit) : found->label);
}

static void put_subject_label(const struct view *view, struct json_out *out,
                              const Shouwang__V1__Case *record)
{
    char name[256];
    char label[600];
    const struct org_group *group =
        org_find_group(view->org, str_of(record->unit), str_of(record->group));
    struct str class_label = group == NULL ? (struct str){"", 0} : group->label;
    if (!name_of(view, record->unit, record->subject, name, sizeof(name))) {
        snprintf(name, sizeof(name), "%.16s", record->subject);
    }
    snprintf(label, sizeof(label), "%.*s%s%s", (int)class_label.len, class_label.at,
             class_label.len > 0 ? " " : "", name);
    json_out_text(out, "subject_label", label);
}

void view_put_frame(const struct view *view, const struct model_answer *answer,
                    struct json_out *out)
{
    json_out_int(out, "now_ms", loop_utc_ms());
    json_out_int(out, "as_of_ms", answer->as_of_ms);
    json_out_bool(out, "stale", answer->stale);
    json_out_object(out, "me");
    json_out_str(out, "login", view->login);
    char unit[64];
    char person[128];
    snprintf(unit, sizeof(unit), "%.*s", (int)view->unit.len, view->unit.at);
    snprintf(person, sizeof(person), "%.*s", (int)view->person.len, view->person.at);
    view_put_name(view, out, "name", unit, person);
    json_out_end_object(out);
}

/* --- Board ------------------------------------------------------------------------------------------------------- */

struct board_row {
    Shouwang__V1__Case *record;
    const Shouwang__V1__Obligation *next; /* the open one due first */
};

static const Shouwang__V1__Obligation *next_due(const Shouwang__V1__Case *record)
{
    const Shouwang__V1__Obligation *next = NULL;
    for (size_t e = 0; e < record->n_episodes; e++) {
        for (size_t o = 0; o < record->episodes[e]->n_obligations; o++) {
            const Shouwang__V1__Obligation *obligation = record->episodes[e]->obligations[o];
            if (view_is_owed(obligation->state) && obligation->due_at_ms != 0 &&
                (next == NULL || obligation->due_at_ms < next->due_at_ms)) {
                next = obligation;
            }
        }
    }
    return next;
}

static int compare_rows(const void *a, const void *b)
{
    const struct board_row *left = a;
    const struct board_row *right = b;
    if ((left->next == NULL) != (right->next == NULL)) {
        return left->next == NULL ? 1 : -1;
    }
    if (left->next != NULL && left->next->due_at_ms != right->next->due_at_ms) {
        return left->next->due_at_ms < right->next->due_at_ms ? -1 : 1;
    }
    if (left->record->level != right->record->level) {
        return left->record->level > right->record->level ? -1 : 1;
    }
    return left->record->opened_at_ms < right->record->opened_at_ms ? -1 : 1;
}

static void put_row(const struct view *view, struct json_out *out, const struct board_row *row)
{
    const Shouwang__V1__Case *record = row->record;
    json_out_object(out, NULL);
    view_put_id(out, "id", record->id);
    json_out_text(out, "number", record->number);
    json_out_text(out, "unit", record->unit);
    view_put_unit_label(view, out, record->unit);
    put_subject_label(view, out, record);
    json_out_text(out, "kind", record->kind);
    put_level(out, record->level);
    view_put_code(&shouwang__v1__case_state__descriptor, (int)record->state, "CASE_STATE_", out,
                  "state");
    json_out_int(out, "opened_at_ms", record->opened_at_ms);
    if (record->n_episodes > 0) {
        const Shouwang__V1__Episode *last = record->episodes[record->n_episodes - 1];
        if (last->n_acknowledgements > 0) {
            json_out_text(out, "acknowledged_by",
                          last->acknowledgements[last->n_acknowledgements - 1]->role);
        }
    }
    if (row->next != NULL) {
        json_out_object(out, "next");
        json_out_text(out, "obligation", row->next->id);
        json_out_text(out, "state", row->next->state);
        json_out_int(out, "due_at_ms", row->next->due_at_ms);
        json_out_end_object(out);
    }
    json_out_end_object(out);
}

void view_board(const struct view *view, const struct model_answer *answer, struct json_out *out)
{
    struct board_row *rows = calloc(answer->count + 1, sizeof(*rows));
    size_t count = 0;
    for (size_t i = 0; rows != NULL && i < answer->count; i++) {
        Shouwang__V1__Case *record = shouwang__v1__case__unpack(
            NULL, answer->items[i].len, (const uint8_t *)answer->items[i].at);
        if (record != NULL) {
            rows[count++] = (struct board_row){record, next_due(record)};
        }
    }
    if (count > 1) {
        qsort(rows, count, sizeof(*rows), compare_rows);
    }
    json_out_object(out, NULL);
    view_put_frame(view, answer, out);
    json_out_array(out, "cases");
    for (size_t i = 0; i < count; i++) {
        put_row(view, out, &rows[i]);
        shouwang__v1__case__free_unpacked(rows[i].record, NULL);
    }
    json_out_end_array(out);
    json_out_end_object(out);
    free(rows);
}

/* --- Case -------------------------------------------------------------------------------------------------------- */

static void put_facts(const struct view *view, struct json_out *out,
                      const Shouwang__V1__Case *record)
{
    view_put_id(out, "id", record->id);
    json_out_text(out, "number", record->number);
    json_out_text(out, "unit", record->unit);
    view_put_unit_label(view, out, record->unit);
    put_subject_label(view, out, record);
    json_out_text(out, "kind", record->kind);
    put_level(out, record->level);
    view_put_code(&shouwang__v1__case_state__descriptor, (int)record->state, "CASE_STATE_", out,
                  "state");
    json_out_int(out, "opened_at_ms", record->opened_at_ms);
    if (record->n_episodes > 0) {
        const Shouwang__V1__Episode *last = record->episodes[record->n_episodes - 1];
        view_put_code(&shouwang__v1__place__descriptor, (int)last->place, "PLACE_", out, "place");
        put_opened(view, out, "place_detail", VIEW_PLACE_DETAIL, last->place_detail, record->unit);
        put_opened(view, out, "with_pupil", VIEW_WITH_PUPIL, last->with_pupil, record->unit);
        put_opened(view, out, "callback", VIEW_CALLBACK, last->callback, record->unit);
        put_opened(view, out, "text", VIEW_TEXT, last->text, record->unit);
    }
}

static void put_obligation(const struct view *view, struct json_out *out,
                           const Shouwang__V1__Case *record, const Shouwang__V1__Episode *episode,
                           const Shouwang__V1__Obligation *obligation)
{
    json_out_object(out, NULL);
    json_out_text(out, "id", obligation->id);
    json_out_int(out, "occurrence", obligation->occurrence);
    json_out_int(out, "episode", episode->number);
    json_out_text(out, "state", obligation->state);
    json_out_text(out, "owner_role", obligation->owner_role);
    json_out_text(out, "to_role", obligation->to_role);
    json_out_text(out, "answer", obligation->answer);
    json_out_int(out, "due_at_ms", obligation->due_at_ms);
    json_out_bool(out, "recorded_late", obligation->recorded_late);
    if (view_is_owed(obligation->state)) {
        json_out_array(out, "evidence_shape");
        view->shape(out, record, obligation->id, view->ctx);
        json_out_end_array(out);
    }
    json_out_end_object(out);
}

static void put_obligations(const struct view *view, struct json_out *out,
                            const Shouwang__V1__Case *record)
{
    json_out_array(out, "obligations");
    for (size_t e = record->n_episodes; e-- > 0;) {
        const Shouwang__V1__Episode *episode = record->episodes[e];
        for (size_t o = 0; o < episode->n_obligations; o++) {
            put_obligation(view, out, record, episode, episode->obligations[o]);
        }
    }
    json_out_end_array(out);
}

static void put_told(const struct view *view, struct json_out *out,
                     const Shouwang__V1__Case *record)
{
    json_out_array(out, "told");
    for (size_t i = record->n_told; i-- > 0;) {
        const Shouwang__V1__Told *told = record->told[i];
        json_out_object(out, NULL);
        json_out_text(out, "person", told->person);
        view_put_name(view, out, "name", record->unit, told->person);
        json_out_text(out, "role", told->role);
        json_out_int(out, "at_ms", told->at_ms);
        view_put_code(&shouwang__v1__channel__descriptor, (int)told->channel, "CHANNEL_", out,
                      "channel");
        view_put_code(&shouwang__v1__notice_state__descriptor, (int)told->state, "NOTICE_STATE_",
                      out, "state");
        if (told->not_told[0] != '\0') {
            json_out_text(out, "not_told", told->not_told);
        }
        json_out_end_object(out);
    }
    json_out_end_array(out);
}

static void put_why(const struct view *view, struct json_out *out, const Shouwang__V1__Case *record)
{
    json_out_array(out, "why");
    for (size_t i = 0; view->sees[VIEW_WHY] && i < record->n_why; i++) {
        json_out_object(out, NULL);
        json_out_text(out, "text", record->why[i]->text);
        json_out_array(out, "values");
        for (size_t v = 0; v < record->why[i]->n_values; v++) {
            json_out_object(out, NULL);
            json_out_text(out, "name", record->why[i]->values[v]->name);
            json_out_text(out, "value", record->why[i]->values[v]->value);
            json_out_end_object(out);
        }
        json_out_end_array(out);
        json_out_end_object(out);
    }
    json_out_end_array(out);
}

static void put_line(const struct view *view, struct json_out *out,
                     const Shouwang__V1__JournalLine *line)
{
    json_out_object(out, NULL);
    json_out_int(out, "at_ms", line->at_ms);
    json_out_text(out, "what", line->what);
    json_out_text(out, "actor", line->actor);
    view_put_name(view, out, "actor_name", line->unit, line->actor);
    json_out_text(out, "actor_role", line->actor_role);
    json_out_text(out, "outcome", line->outcome);
    json_out_text(out, "reason", line->reason);
    json_out_array(out, "facts");
    for (size_t i = 0; i < line->n_facts; i++) {
        json_out_object(out, NULL);
        json_out_text(out, "key", line->facts[i]->key);
        json_out_text(out, "value", line->facts[i]->value);
        if (strcmp(line->facts[i]->key, "person") == 0) {
            view_put_name(view, out, "name", line->unit, line->facts[i]->value);
        }
        json_out_end_object(out);
    }
    json_out_end_array(out);
    json_out_end_object(out);
}

static void put_chronology(const struct view *view, struct json_out *out,
                           const struct model_answer *answer)
{
    json_out_array(out, "chronology");
    for (size_t i = answer->count; i-- > 1;) {
        Shouwang__V1__JournalLine *line = shouwang__v1__journal_line__unpack(
            NULL, answer->items[i].len, (const uint8_t *)answer->items[i].at);
        if (line != NULL) {
            put_line(view, out, line);
            shouwang__v1__journal_line__free_unpacked(line, NULL);
        }
    }
    json_out_end_array(out);
}

static void put_person(const struct view *view, struct json_out *out,
                       const Shouwang__V1__Case *record, const char *person, const char *role)
{
    json_out_object(out, NULL);
    json_out_text(out, "person", person);
    view_put_name(view, out, "name", record->unit, person);
    json_out_text(out, "role", role);
    json_out_end_object(out);
}

/* Everybody who may have to be kept out: who was told, and the subject's guardians, each once. */
static void put_people(const struct view *view, struct json_out *out,
                       const Shouwang__V1__Case *record)
{
    const char *seen[PEOPLE_MAX];
    size_t seen_count = 0;
    json_out_array(out, "people");
    for (size_t i = 0; i < record->n_told && seen_count < PEOPLE_MAX; i++) {
        bool known = false;
        for (size_t s = 0; s < seen_count; s++) {
            known = known || strcmp(seen[s], record->told[i]->person) == 0;
        }
        if (!known) {
            seen[seen_count++] = record->told[i]->person;
            put_person(view, out, record, record->told[i]->person, record->told[i]->role);
        }
    }
    const struct org_person *subject =
        org_find_person(view->org, str_of(record->unit), str_of(record->subject));
    for (size_t g = 0; subject != NULL && g < subject->guardian_count; g++) {
        char id[128];
        snprintf(id, sizeof(id), "%.*s", (int)subject->guardians[g].person.len,
                 subject->guardians[g].person.at);
        put_person(view, out, record, id, "guardians");
    }
    json_out_end_array(out);
}

static void put_holds(const struct view *view, struct json_out *out,
                      const Shouwang__V1__Case *record)
{
    json_out_array(out, "holds");
    for (size_t i = 0; i < record->n_holds; i++) {
        if (record->holds[i]->released_by[0] == '\0') {
            json_out_object(out, NULL);
            json_out_text(out, "what", record->holds[i]->what);
            view_put_name(view, out, "name", record->unit, record->holds[i]->what);
            json_out_end_object(out);
        }
    }
    json_out_end_array(out);
}

/* What the page offers; whether the person may do it is the escalator's to say, with the reason. */
static void put_actions(struct json_out *out, const Shouwang__V1__Case *record)
{
    static const char *const while_open[] = {
        "acknowledge", "request_help", "conflict",   "release", "level",
        "join",        "settle",       "stand_down", "close",   "note"};
    static const char *const stood_down[] = {"confirm_stand_down", "note"};
    static const char *const closed[] = {"note"};
    const char *const *list = while_open;
    size_t count = sizeof(while_open) / sizeof(while_open[0]);
    if (record->state == SHOUWANG__V1__CASE_STATE__CASE_STATE_STOOD_DOWN) {
        list = stood_down;
        count = sizeof(stood_down) / sizeof(stood_down[0]);
    } else if (record->state == SHOUWANG__V1__CASE_STATE__CASE_STATE_CLOSED) {
        list = closed;
        count = sizeof(closed) / sizeof(closed[0]);
    }
    json_out_array(out, "actions");
    for (size_t i = 0; i < count; i++) {
        json_out_text(out, NULL, list[i]);
    }
    json_out_end_array(out);
}

bool view_case(const struct view *view, const struct model_answer *answer, struct json_out *out)
{
    Shouwang__V1__Case *record =
        answer->count == 0 ? NULL
                           : shouwang__v1__case__unpack(NULL, answer->items[0].len,
                                                        (const uint8_t *)answer->items[0].at);
    if (record == NULL) {
        return false;
    }
    json_out_object(out, NULL);
    view_put_frame(view, answer, out);
    put_facts(view, out, record);
    put_obligations(view, out, record);
    put_told(view, out, record);
    put_why(view, out, record);
    put_chronology(view, out, answer);
    put_people(view, out, record);
    put_holds(view, out, record);
    put_actions(out, record);
    json_out_end_object(out);
    shouwang__v1__case__free_unpacked(record, NULL);
    return true;
}

bool view_unit_of(struct str packed, struct str person, int64_t now_ms, char ret_unit[64],
                  bool *ret_is_member)
{
    Shouwang__V1__Case *record =
        shouwang__v1__case__unpack(NULL, packed.len, (const uint8_t *)packed.at);
    if (record == NULL) {
        return false;
    }
    snprintf(ret_unit, 64, "%s", record->unit);
    *ret_is_member = false;
    for (size_t i = 0; i < record->n_team; i++) {
        const Shouwang__V1__TeamMember *member = record->team[i];
        *ret_is_member |= str_is(person, member->person) && now_ms < member->until_ms;
    }
    shouwang__v1__case__free_unpacked(record, NULL);
    return true;
}
