#include "notifier/filling.h"

#include <stdio.h>
#include <string.h>

#include "core/roster/zone.h"
#include "io/seal_record.h"
#include "notifier/entity.h"

enum {
    REF_GRACE_MS = 24 * 60 * 60 * 1000, /* words of a provider after the deadline */
    LINE_BYTES = 256,
    CLOCK_BYTES = 16,
};

static void set(struct filling *filling, enum disclose_field field, struct str text)
{
    filling->context.fields[field] = text;
}

static void set_word(struct filling *filling, enum disclose_field field, const char *group,
                     const char *id)
{
    if (id != NULL && id[0] != '\0') {
        set(filling, field,
            disclose_word(filling->disclose, filling->lang, str_of(group), str_of(id)));
    }
}

/* Opens a value of the unit; an empty text, counted, when it does not open: the rest of the message is worth sending. */
static struct str open_sealed(struct filling *filling, struct str unit, const struct sealed *sealed)
{
    struct notifier *notifier = filling->part->notifier;
    struct vault vault = {notifier->keyring, filling->part->erasure};
    struct str plain = STR_LITERAL("");
    int error = vault_open(&vault, unit, sealed, &filling->part->arena, &plain);
    if (error != 0) {
        counters_add(&notifier->counters, COUNTER_UNREADABLE, error_name(error), NULL);
        return STR_LITERAL("");
    }
    return plain;
}

/* What the audience may not see over the channel is not even opened. */
bool filling_may_see(const struct filling *filling, enum disclose_field field)
{
    return disclose_may_see(filling->audience, filling->via, field);
}

static void set_record(struct filling *filling, enum disclose_field field,
                       const Shouwang__V1__Sealed *record)
{
    struct sealed sealed;
    if (record != NULL && filling_may_see(filling, field) &&
        sealed_of_record(record, &sealed) == 0) {
        set(filling, field, open_sealed(filling, filling->held->unit, &sealed));
    }
}

struct str filling_open(struct filling *filling, struct str unit, struct str bytes)
{
    struct sealed sealed;
    if (bytes.len == 0 || sealed_decode(bytes, &filling->part->arena, &sealed) != 0) {
        return STR_LITERAL("");
    }
    return open_sealed(filling, unit, &sealed);
}

/* Local wall clock of the unit. */
static void set_time(struct filling *filling, enum disclose_field field, int64_t at_ms)
{
    if (at_ms > 0) {
        struct zone zone = org_zone(filling->part->org, filling->held->unit);
        struct zone_local local = zone_to_local(&zone, at_ms);
        int minute = (int)(local.day_ms / 60000);
        char *text = arena_alloc(&filling->part->arena, CLOCK_BYTES);
        if (text != NULL) {
            (void)snprintf(text, CLOCK_BYTES, "%02d:%02d", minute / 60, minute % 60);
            set(filling, field, str_of(text));
        }
    }
}

static struct str join_lines(struct filling *filling, const struct str *lines, size_t count)
{
    char *text = arena_alloc(&filling->part->arena, LINE_BYTES);
    size_t len = 0;
    for (size_t i = 0; text != NULL && i < count && len + lines[i].len + 3 < LINE_BYTES; i++) {
        if (i > 0) {
            memcpy(text + len, ", ", 2);
            len += 2;
        }
        memcpy(text + len, lines[i].at, lines[i].len);
        len += lines[i].len;
    }
    return (struct str){text, text != NULL ? len : 0};
}

static void fill_unit(struct filling *filling)
{
    const struct org_unit *unit = org_find_unit(filling->part->org, filling->held->unit);
    if (unit != NULL) {
        set(filling, DISCLOSE_FIELD_SCHOOL, unit->label);
        set(filling, DISCLOSE_FIELD_SWITCHBOARD, unit->switchboard);
        set(filling, DISCLOSE_FIELD_HELP_LINES,
            join_lines(filling, unit->help_lines, unit->help_line_count));
    }
}

static void fill_subject(struct filling *filling)
{
    const Shouwang__V1__Notice *notice = filling->notice;
    const struct org *org = filling->part->org;
    const struct org_person *subject =
        org_find_person(org, filling->held->unit, str_of(notice->subject));
    struct str group = str_of(notice->group);
    if (subject != NULL) {
        if (filling_may_see(filling, DISCLOSE_FIELD_PUPIL_NAME)) {
            set(filling, DISCLOSE_FIELD_PUPIL_NAME,
                filling_open(filling, subject->unit, subject->name));
        }
        group = group.len > 0 ? group : subject->group;
    }
    const struct org_group *of_group = org_find_group(org, filling->held->unit, group);
    if (of_group != NULL) {
        set(filling, DISCLOSE_FIELD_CLASS_LABEL, of_group->label);
    }
}

/* Codes: "danger=imminent", "happened_at=1790000000000", "count=3", "role=psych_teacher", "exercise=1". */
static void fill_facts(struct filling *filling)
{
    const Shouwang__V1__Notice *notice = filling->notice;
    for (size_t i = 0; i < notice->n_facts; i++) {
        const char *fact = notice->facts[i];
        if (strncmp(fact, "danger=", 7) == 0) {
            set_word(filling, DISCLOSE_FIELD_DANGER, "danger", fact + 7);
        } else if (strncmp(fact, "injury=", 7) == 0) {
            set_word(filling, DISCLOSE_FIELD_INJURY, "injury", fact + 7);
        } else if (strncmp(fact, "happened_at=", 12) == 0) {
            int64_t at_ms = 0;
            (void)str_to_int64(str_of(fact + 12), 0, INT64_MAX, &at_ms);
            set_time(filling, DISCLOSE_FIELD_HAPPENED_AT, at_ms);
        } else if (strncmp(fact, "role=", 5) == 0) {
            set_word(filling, DISCLOSE_FIELD_ROLE, "role", fact + 5);
        } else if (strncmp(fact, "count=", 6) == 0) {
            set(filling, DISCLOSE_FIELD_HOW_MANY, str_of(fact + 6));
        } else if (strcmp(fact, "exercise=1") == 0) {
            set(filling, DISCLOSE_FIELD_EXERCISE, STR_LITERAL("1"));
        }
    }
}

static void fill_case(struct filling *filling)
{
    const Shouwang__V1__Notice *notice = filling->notice;
    set(filling, DISCLOSE_FIELD_CASE_NUMBER, str_of(notice->case_number));
    set(filling, DISCLOSE_FIELD_LATE, notice->late ? STR_LITERAL("1") : STR_LITERAL(""));
    set(filling, DISCLOSE_FIELD_KEYS, notice->wants_key_press ? STR_LITERAL("1") : STR_LITERAL(""));
    set_word(filling, DISCLOSE_FIELD_LEVEL, "level",
             case_level_name((enum case_level)notice->level));
    set_word(filling, DISCLOSE_FIELD_KIND, "kind", notice->kind);
    set_word(filling, DISCLOSE_FIELD_PLACE, "place", notice->place);
    set_word(filling, DISCLOSE_FIELD_ROLE, "role", notice->role);
    set_word(filling, DISCLOSE_FIELD_OBLIGATION, "obligation", notice->obligation);
    set_word(filling, DISCLOSE_FIELD_TAKEN_BY_ROLE, "role", notice->taken_over_role);
    set_word(filling, DISCLOSE_FIELD_LEGAL_BASIS, "basis", notice->legal_basis);
    set_time(filling, DISCLOSE_FIELD_DUE_AT, notice->due_at_ms);
    set_time(filling, DISCLOSE_FIELD_TAKEN_AT, notice->taken_over_at_ms);
    set_record(filling, DISCLOSE_FIELD_CALLBACK, notice->callback);
    set_record(filling, DISCLOSE_FIELD_WITH_PUPIL, notice->with_pupil);
    set_record(filling, DISCLOSE_FIELD_PLACE_DETAIL, notice->place_detail);
}

struct token_notice filling_token(const struct held *held)
{
    return (struct token_notice){
        .unit = held->unit,
        .case_id = held->case_id,
        .notice_id = held->id,
        .person = held->person,
        .role = held->role,
        .channel = (uint8_t)held->channel,
        .expires_ms = held->life.expires_ms + REF_GRACE_MS,
    };
}

/* The link is put in for whom the table allows it; the table keeps it from all others a second time. */
static int fill_link(struct filling *filling)
{
    const struct notifier *notifier = filling->part->notifier;
    char token[TOKEN_TEXT_BYTES];
    enum { LINK_BYTES = TOKEN_TEXT_BYTES + 256 };
    struct token_notice notice = filling_token(filling->held);
    if (notifier->link_url == NULL) {
        return 0;
    }
    int error = token_make_notice(notifier->keyring, TOKEN_ACKNOWLEDGE, &notice, token);
    char *link = arena_alloc(&filling->part->arena, LINK_BYTES);
    if (error != 0 || link == NULL) {
        return error != 0 ? error : ERR_MEMORY;
    }
    (void)snprintf(link, LINK_BYTES, "%s/a/%s", notifier->link_url, token);
    set(filling, DISCLOSE_FIELD_LINK, str_of(link));
    return 0;
}

/* No pack, or none with a text for this: who must know is told to look. Nothing of the case is in it. */
static struct str plain_text(struct filling *filling)
{
    counters_add(&filling->part->notifier->counters, COUNTER_PLAIN_TEXTS, NULL, NULL);
    return str_is(filling->lang, "en") ? STR_LITERAL("Shouwang: please log in and look now.")
                                       : STR_LITERAL("【守望】请立即登录查看。");
}

void filling_fill(struct filling *filling)
{
    fill_unit(filling);
    fill_subject(filling);
    fill_case(filling);
    fill_facts(filling);
}

int filling_render(struct filling *filling, struct str *ret_text)
{
    struct disclose_query query = {
        .lang = filling->lang,
        .purpose = str_of(filling->notice->purpose),
        .obligation = str_of(filling->notice->obligation),
        .channel = filling->via,
        .audience = filling->audience,
    };
    return disclose_render(filling->disclose, &query, &filling->context, &filling->part->arena,
                           ret_text);
}

int filling_message(struct filling *filling, struct str *ret_text)
{
    if (!disclose_audience_parse(str_of(filling->notice->audience), &filling->audience) ||
        filling->disclose == NULL) {
        *ret_text = plain_text(filling);
        return 0;
    }
    filling_fill(filling);
    int error = filling_may_see(filling, DISCLOSE_FIELD_LINK) ? fill_link(filling) : 0;
    if (error != 0) {
        return error;
    }
    error = filling_render(filling, ret_text);
    if (error == ERR_NOT_FOUND || error == ERR_TOO_LARGE) {
        *ret_text = plain_text(filling);
        error = 0;
    }
    return error;
}
