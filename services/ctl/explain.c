/* swctl explain: one signal of the topic, and why it was given, for people who read Chinese or English. The reasons are in the
 * record, as the rules wrote them when they held: nothing is judged again. */
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/signal.pb-c.h>

#include "base/ident.h"
#include "ctl/commands.h"
#include "ctl/log_reader.h"
#include "wire/decode.h"
#include "wire/json.h"

enum { SCRATCH_BYTES = 16 << 20, TEXT_BYTES = 4 << 20 };

struct search {
    struct ctl *ctl;
    struct ident id;
    struct arena scratch;               /* of one record */
    const Shouwang__V1__Signal *signal; /* in the command's arena */
    int64_t time_ms;                    /* when it was written */
    bool is_memory_out;
};

static void take_record(void *ctx, const struct kafka_record *record)
{
    struct search *search = ctx;
    ProtobufCMessage *message = NULL;
    struct fault fault;
    arena_reset(&search->scratch);
    if (record->value.at == NULL || decode_message(&shouwang__v1__signal__descriptor, record->value,
                                                   &search->scratch, &fault, &message) != 0) {
        return;
    }
    const Shouwang__V1__Signal *signal = (const Shouwang__V1__Signal *)message;
    if (signal->id.len != IDENT_BYTES ||
        memcmp(signal->id.data, search->id.bytes, IDENT_BYTES) != 0) {
        return;
    }
    int error = decode_message(&shouwang__v1__signal__descriptor, record->value,
                               &search->ctl->arena, &fault, &message);
    search->is_memory_out = error != 0;
    search->signal = (const Shouwang__V1__Signal *)message;
    search->time_ms = record->time_ms;
}

/* ---- for people */

static const char *level_words(Shouwang__V1__Level level)
{
    static const char *const words[] = {
        "?", "正常 normal", "关注 attention", "预警 warning", "高危 high", "危机 crisis"};
    size_t index = (size_t)level;
    return words[index < sizeof(words) / sizeof(words[0]) ? index : 0];
}

static const char *layer_words(Shouwang__V1__Layer layer)
{
    static const char *const words[] = {"?",           "学生 student", "班级 class", "年级 grade",
                                        "学校 school", "区县 county",  "市 city"};
    size_t index = (size_t)layer;
    return words[index < sizeof(words) / sizeof(words[0]) ? index : 0];
}

static void add_reasons(struct buffer *text, const char *title, Shouwang__V1__Why *const *reasons,
                        size_t count)
{
    if (count > 0) {
        buffer_format(text, "\n%s\n", title);
    }
    for (size_t i = 0; i < count; i++) {
        const Shouwang__V1__Why *why = reasons[i];
        bool has_version = why->version[0] != '\0';
        buffer_format(text, "  %s%s%s%s\n", why->rule, has_version ? " (版本 version " : "",
                      why->version, has_version ? ")" : "");
        if (why->text[0] != '\0') {
            buffer_format(text, "      %s\n", why->text);
        }
        for (size_t v = 0; v < why->n_values; v++) {
            buffer_format(text, "      %s = %s\n", why->values[v]->name, why->values[v]->value);
        }
    }
}

static void add_notes(struct buffer *text, const Shouwang__V1__Signal *signal)
{
    if (signal->ask_interview[0] != '\0') {
        buffer_format(text, "  请求访谈 asks for an interview: %s\n", signal->ask_interview);
    }
    for (size_t i = 0; i < signal->n_tell; i++) {
        buffer_format(text, "%s%s%s", i == 0 ? "  告知 tells: " : ", ", signal->tell[i],
                      i + 1 == signal->n_tell ? "\n" : "");
    }
    buffer_add_text(text, signal->silent ? "  静默，不通知任何人 silent, nobody is told\n" : "");
    buffer_add_text(
        text, signal->only_on_file ? "  仅对已建档学生有效 counts only for a pupil on file\n" : "");
}

static void add_signal(struct buffer *text, const Shouwang__V1__Signal *signal, const char *id,
                       int64_t time_ms)
{
    char when[JSON_TIME_BYTES];
    json_format_time(time_ms < 0 ? 0 : time_ms, when);
    buffer_format(text, "信号 signal %s\n  %s, %s", id, when, signal->unit);
    buffer_format(text, "\n  级别 level %s, 层级 layer %s, 类别 kind %s\n",
                  level_words(signal->level), layer_words(signal->layer), signal->kind);
    buffer_format(text, "  对象 subject %s%s%s\n",
                  signal->subject[0] == '\0' ? "?" : signal->subject,
                  signal->group[0] == '\0' ? "" : ", 班级 class ", signal->group);
    buffer_format(text, "  事件 event %s %s (%s)\n", signal->event_kind, signal->event_id,
                  signal->event_source);
    buffer_format(text, "  决定级别的规则 rule that decided the level %s\n  规则包 pack ",
                  signal->rule);
    for (size_t i = 0; i < signal->pack.len; i++) {
        buffer_format(text, "%02x", signal->pack.data[i]);
    }
    buffer_add_text(text, signal->pack.len == 0 ? "无 none: by its facts alone\n" : "\n");
    add_notes(text, signal);
    add_reasons(text, "成立的规则 / what held", signal->why, signal->n_why);
    add_reasons(text, "接近成立的规则 / what nearly held, and the term it missed", signal->near,
                signal->n_near);
}

static enum ctl_exit say(struct ctl *ctl, const struct search *search)
{
    struct buffer text;
    enum ctl_exit code = CTL_OK;
    buffer_init(&text, TEXT_BYTES);
    if (ctl->json) {
        struct str json;
        int error = json_write_message(&search->signal->base, 0, &ctl->arena, &json);
        if (error == 0) {
            buffer_add(&text, json);
            buffer_add_text(&text, "\n");
        }
        code = error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "out of memory");
    } else {
        add_signal(&text, search->signal, ctl->words[0], search->time_ms);
    }
    fwrite(text.bytes, 1, text.len, stdout);
    buffer_fini(&text);
    return code;
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct search search = {.ctl = ctl};
    if (!ident_parse(str_of(ctl->words[0]), &search.id)) {
        return ctl_fail(CTL_USAGE,
                        "%s: expected the 32 digits of a signal's id (swctl tail signals)",
                        ctl->words[0]);
    }
    arena_init(&search.scratch, SCRATCH_BYTES);
    enum ctl_exit code = log_read_all(ctl, TOPIC_SIGNALS, take_record, &search);
    arena_fini(&search.scratch);
    if (code != CTL_OK) {
        return code;
    }
    if (search.is_memory_out) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    return search.signal == NULL ? ctl_fail(CTL_REFUSED, "%s: no such signal", ctl->words[0])
                                 : say(ctl, &search);
}

const struct ctl_command ctl_command_explain = {
    .name = "explain",
    .arguments = "SIGNAL",
    .help = "Why a signal was given: the rules that held, their values, and what nearly held.",
    .run = run,
};
