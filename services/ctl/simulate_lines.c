/* One line an effect:
 *
 *     2026-10-12 09:03:00 #1 tell principal boss voice+sms step/2
 *     2026-10-12 09:30:00 #1 obligation_breached phone_report
 *
 * Journal lines that tell of mechanics which others show are left out of the text; JSON has them. */
#include "ctl/simulate_lines.h"

#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/signal_line.h"
#include "io/buffer.h"
#include "wire/example.h"
#include "wire/json.h"

enum { LINE_BYTES = 4096 };

/* --- lines ------------------------------------------------------------------------------------------------------------ */

static void begin(struct buffer *text, int64_t at_ms)
{
    char at[EXAMPLE_TIME_BYTES];
    buffer_init(text, LINE_BYTES);
    example_format_time(at_ms, at);
    buffer_add_text(text, at);
}

/* Takes the text, and frees it. */
static void end(struct simulate_lines *lines, struct buffer *text)
{
    struct str line = arena_copy_str(lines->arena, buffer_str(text));
    lines->last = NULL;
    if (lines->count == SIMULATE_LINES_MAX || line.at == NULL || text->overflowed) {
        lines->is_cut = true;
    } else {
        lines->items[lines->count++] = line;
    }
    buffer_fini(text);
}

static void add_word(struct buffer *text, struct str word)
{
    if (word.len > 0) {
        buffer_format(text, " %.*s", (int)word.len, word.at);
    }
}

/* --- JSON ------------------------------------------------------------------------------------------------------------- */

static void add_member(struct buffer *json, const char *name, struct str value)
{
    if (value.len > 0) {
        buffer_format(json, ", \"%s\": ", name);
        buffer_add_json(json, value);
    }
}

/* "2026-10-12T09:03:00.000+08:00" */
static void begin_json(const struct simulate_lines *lines, int64_t at_ms, const char *what,
                       struct buffer *json)
{
    char at[JSON_TIME_BYTES];
    buffer_init(json, 16 * LINE_BYTES);
    json_format_time(at_ms + (int64_t)ZONE_DEFAULT_OFFSET_S * 1000, at);
    buffer_format(json, "{\"time\": \"%.23s+08:00\", \"what\": \"%s\"", at, what);
    add_member(json, "scenario", lines->scenario);
}

static void end_json(struct buffer *json)
{
    ctl_say("%.*s}", (int)json->len, json->bytes);
    buffer_fini(json);
}

static void say_signal(const struct simulate_lines *lines, const struct replay_signal *signal)
{
    struct buffer json;
    begin_json(lines, signal->at_ms, "signal", &json);
    add_member(&json, "unit", signal->unit);
    add_member(&json, "event", signal->event_id);
    add_member(&json, "subject", signal->subject);
    add_member(&json, "kind", signal->kind);
    add_member(&json, "level", str_of(case_level_name(signal->level)));
    add_member(&json, "interview", signal->ask_interview);
    buffer_add_text(&json, ", \"rules\": [");
    for (size_t i = 0; i < signal->rule_count; i++) {
        buffer_add_text(&json, i == 0 ? "" : ", ");
        buffer_add_json(&json, signal->rules[i]);
    }
    buffer_add_text(&json, "]");
    end_json(&json);
}

static void say_journal(const struct simulate_lines *lines, int64_t at_ms,
                        const struct effect_journal *line)
{
    struct buffer json;
    begin_json(lines, at_ms, "journal", &json);
    add_member(&json, "unit", line->unit);
    buffer_format(&json, ", \"case\": %llu, \"episode\": %u", (unsigned long long)line->case_number,
                  line->episode);
    add_member(&json, "line", line->what);
    add_member(&json, "level", str_of(case_level_name(line->level)));
    add_member(&json, "who", line->actor);
    add_member(&json, "role", line->actor_role);
    add_member(&json, "outcome", line->outcome);
    add_member(&json, "reason", line->reason);
    for (size_t i = 0; i < line->fact_count; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "fact_%.*s", (int)line->facts[i].key.len,
                       line->facts[i].key.at);
        add_member(&json, name, line->facts[i].value);
    }
    end_json(&json);
}

static void say_notice(const struct simulate_lines *lines, const struct outbox_news *news)
{
    const struct effect_notice *notice = news->notice;
    struct buffer json;
    begin_json(lines, news->at_ms, "notice", &json);
    add_member(&json, "unit", notice->unit);
    buffer_format(&json, ", \"case\": %llu", (unsigned long long)notice->case_number);
    add_member(&json, "state", str_of(case_delivery_name(news->state)));
    add_member(&json, "who", notice->person);
    add_member(&json, "role", notice->role);
    add_member(&json, "channel", str_of(case_channel_name(news->via)));
    add_member(&json, "planned_channel", str_of(case_channel_name(notice->channel)));
    add_member(&json, "cause", notice->cause);
    buffer_format(&json, ", \"firing\": %u", notice->firing);
    add_member(&json, "purpose", notice->purpose);
    add_member(&json, "audience", notice->audience);
    add_member(&json, "obligation", notice->obligation);
    add_member(&json, "level", str_of(case_level_name(notice->level)));
    add_member(&json, "reason", news->reason);
    if (notice->late) {
        buffer_add_text(&json, ", \"late\": true");
    }
    if (notice->merged_count > 0) {
        buffer_format(&json, ", \"merged\": %zu", notice->merged_count);
    }
    if (news->digest_count > 0) {
        buffer_format(&json, ", \"digest_of\": %zu", news->digest_count);
    }
    end_json(&json);
}

/* --- signals ---------------------------------------------------------------------------------------------------------- */

void simulate_lines_signal(void *ctx, const struct replay_signal *signal)
{
    struct simulate_lines *lines = ctx;
    struct buffer text;
    if (lines->json) {
        say_signal(lines, signal);
    }
    begin(&text, signal->at_ms);
    buffer_add_text(&text, " signal ");
    signal_line_add(signal, &text);
    end(lines, &text);
}

/* --- the journal ------------------------------------------------------------------------------------------------------ */

static bool is_one_of(struct str text, const char *const *words)
{
    while (*words != NULL && !str_is(text, *words)) {
        words++;
    }
    return *words != NULL;
}

/* Lines whose effect other lines show. */
static bool is_detail(const struct effect_journal *line)
{
    static const char *const details[] = {
        "step_fired",  "episode_opened",    "obligation_due",  "receipt",
        "acked_again", "obligation_warned", "steps_restarted", NULL};
    return is_one_of(line->what, details) ||
           (str_is(line->what, "command") && !str_is(line->outcome, "refused"));
}

/* Times are the line's, and numbers of rounds are mechanics. */
static bool is_shown(struct str key)
{
    static const char *const hidden[] = {"generation", "via",  "people", "digest",
                                         "firing",     "time", "pack",   NULL};
    bool is_time = key.len > 3 && memcmp(key.at + key.len - 3, "_ms", 3) == 0;
    return !is_time && !is_one_of(key, hidden);
}

static void add_fact(struct buffer *text, const struct effect_fact *fact)
{
    static const char *const plain[] = {"obligation", "person",  "role",    "what",
                                        "policy",     "outcome", "command", NULL};
    if (!is_one_of(fact->key, plain)) {
        buffer_format(text, " %.*s=%.*s", (int)fact->key.len, fact->key.at, (int)fact->value.len,
                      fact->value.at);
    } else {
        add_word(text, fact->value);
    }
}

void simulate_lines_journal(void *ctx, int64_t at_ms, const struct effect_journal *line)
{
    struct simulate_lines *lines = ctx;
    struct buffer text;
    bool is_refused = str_is(line->outcome, "refused");
    if (lines->json) {
        say_journal(lines, at_ms, line);
    }
    if (is_detail(line)) {
        return;
    }
    begin(&text, at_ms);
    buffer_format(&text, " #%llu", (unsigned long long)line->case_number);
    add_word(&text, is_refused ? line->outcome : line->what);
    if (str_is(line->what, "case_opened") || str_starts(line->what, STR_LITERAL("level_"))) {
        add_word(&text, str_of(case_level_name(line->level)));
    }
    for (size_t i = 0; i < line->fact_count; i++) {
        if (is_shown(line->facts[i].key)) {
            add_fact(&text, &line->facts[i]);
        }
    }
    add_word(&text, line->reason);
    if (line->actor.len > 0) {
        buffer_add_text(&text, " by");
        add_word(&text, line->actor);
    }
    end(lines, &text);
}

/* --- notices ---------------------------------------------------------------------------------------------------------- */

/* "step/2", "phone_report/breach", "taken_over": a cause without the ids in it. */
static void add_cause(struct buffer *text, struct str cause)
{
    const char *slash = cause.len == 0 ? NULL : memchr(cause.at, '/', cause.len);
    size_t rest = slash == NULL ? 0 : cause.len - (size_t)(slash - cause.at) - 1;
    bool is_step = cause.len > 0 && cause.at[0] >= '0' && cause.at[0] <= '9';
    if (rest >= IDENT_TEXT_BYTES - 1) {
        cause.len -= rest + 1;
    }
    buffer_format(text, " %s%.*s", is_step ? "step/" : "", (int)cause.len,
                  cause.len == 0 ? "" : cause.at);
}

static bool joins_last(const struct simulate_lines *lines, const struct outbox_news *news)
{
    const struct effect_notice *last = lines->last;
    return last != NULL && lines->last_ms == news->at_ms && lines->last_state == news->state &&
           news->digest_count == 0 && news->reason.len == 0 &&
           ident_equal(last->case_id, news->notice->case_id) &&
           last->firing == news->notice->firing && last->generation == news->notice->generation &&
           str_equal(last->person, news->notice->person) &&
           str_equal(last->role, news->notice->role) && str_equal(last->cause, news->notice->cause);
}

static void add_channel(struct buffer *text, const struct outbox_news *news)
{
    buffer_add_text(text, case_channel_name(news->via));
    if (news->via != news->notice->channel) {
        buffer_format(text, "(%s)", case_channel_name(news->notice->channel));
    }
}

/* The last line once more, with one channel more. */
static void join_last(struct simulate_lines *lines, const struct outbox_news *news)
{
    struct str line = lines->items[lines->count - 1];
    const struct effect_notice *last = lines->last;
    struct buffer text;
    buffer_init(&text, LINE_BYTES);
    buffer_add(&text, (struct str){line.at, lines->last_channels});
    buffer_add_text(&text, "+");
    add_channel(&text, news);
    size_t channels = text.len;
    buffer_add(&text,
               (struct str){line.at + lines->last_channels, line.len - lines->last_channels});
    lines->count--;
    end(lines, &text);
    lines->last = last;
    lines->last_channels = channels;
}

static void say_line(struct simulate_lines *lines, const struct outbox_news *news)
{
    const struct effect_notice *notice = news->notice;
    struct buffer text;
    bool is_digest = news->digest_count > 0;
    begin(&text, news->at_ms);
    if (is_digest) {
        buffer_add_text(&text, " digest");
    } else {
        buffer_format(&text, " #%llu %s", (unsigned long long)notice->case_number,
                      news->state == CASE_DELIVERY_ACCEPTED ? "tell"
                                                            : case_delivery_name(news->state));
    }
    add_word(&text, notice->role);
    add_word(&text, notice->person);
    buffer_add_text(&text, " ");
    add_channel(&text, news);
    size_t channels = text.len;
    if (is_digest) {
        buffer_format(&text, " %zu", news->digest_count);
    } else {
        add_cause(&text, notice->cause);
        if (notice->firing > 0) {
            buffer_format(&text, " again %u", notice->firing);
        }
        if (notice->merged_count > 0) {
            buffer_format(&text, " merged %zu", notice->merged_count);
        }
        buffer_add_text(&text, notice->late ? " late" : "");
        add_word(&text, news->reason);
    }
    end(lines, &text);
    lines->last = is_digest || lines->is_cut ? NULL : notice;
    lines->last_ms = news->at_ms;
    lines->last_state = news->state;
    lines->last_channels = channels;
}

void simulate_lines_notice(void *ctx, const struct outbox_news *news)
{
    struct simulate_lines *lines = ctx;
    if (lines->json) {
        say_notice(lines, news);
    }
    if (!news->is_first) {
        return;
    }
    if (joins_last(lines, news)) {
        join_last(lines, news);
    } else {
        say_line(lines, news);
    }
}

/* --- patterns --------------------------------------------------------------------------------------------------------- */

/* The next run of bytes up to one of `ends`; false: there is none. */
static bool next_word(struct str *rest, const char *ends, struct str *ret_word)
{
    while (rest->len > 0 && strchr(ends, rest->at[0]) != NULL) {
        *rest = (struct str){rest->at + 1, rest->len - 1};
    }
    size_t len = 0;
    while (len < rest->len && strchr(ends, rest->at[len]) == NULL) {
        len++;
    }
    *ret_word = (struct str){rest->at, len};
    *rest = (struct str){rest->at + len, rest->len - len};
    return len > 0;
}

static bool is_word(struct str word, struct str wanted)
{
    struct str part;
    if (wanted.at[wanted.len - 1] == '*') {
        return str_starts(word, (struct str){wanted.at, wanted.len - 1});
    }
    if (wanted.at[0] == '*') {
        size_t len = wanted.len - 1;
        return word.len >= len && memcmp(word.at + word.len - len, wanted.at + 1, len) == 0;
    }
    if (str_equal(word, wanted)) {
        return true;
    }
    while (next_word(&word, "+,;", &part)) {
        part.len -= part.at[part.len - 1] == ':' ? 1 : 0;
        if (str_equal(part, wanted)) {
            return true;
        }
    }
    return false;
}

bool simulate_lines_match(struct str line, struct str pattern)
{
    struct str wanted;
    while (next_word(&pattern, " ", &wanted)) {
        struct str word = STR_LITERAL("");
        bool is_found = false;
        while (!is_found && next_word(&line, " ", &word)) {
            is_found = is_word(word, wanted);
        }
        if (!is_found) {
            return false;
        }
    }
    return true;
}
