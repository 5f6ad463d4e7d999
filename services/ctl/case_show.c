/* swctl case show: a case, and its journal as a chronology: what happened when, by whom, and why. */
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/case.pb-c.h>
#include <shouwang/v1/journal.pb-c.h>

#include "ctl/case_find.h"
#include "ctl/commands.h"
#include "ctl/log_reader.h"
#include "wire/decode.h"
#include "wire/json.h"

enum { SCRATCH_BYTES = 8 << 20 };

struct lines {
    struct ctl *ctl;
    const Shouwang__V1__Case *record;
    struct arena scratch;
    bool first;
};

/* One line of text: the time, what, by whom, how a command ended, and the codes that say why. */
static void tell_line(const Shouwang__V1__JournalLine *line)
{
    char at[JSON_TIME_BYTES];
    json_format_time(line->at_ms, at);
    printf("%s  %-22s", at, line->what);
    if (line->actor[0] != '\0') {
        printf("  %s (%s)", line->actor, line->actor_role);
    }
    if (line->outcome[0] != '\0') {
        printf("  %s", line->outcome);
    }
    if (line->reason[0] != '\0') {
        printf("  %s", line->reason);
    }
    for (size_t i = 0; i < line->n_facts; i++) {
        printf("  %s=%s", line->facts[i]->key, line->facts[i]->value);
    }
    printf("\n");
}

static void show_line(void *ctx, const struct kafka_record *record)
{
    struct lines *lines = ctx;
    struct fault fault;
    struct str text;
    ProtobufCMessage *message = NULL;
    arena_reset(&lines->scratch);
    if (record->value.at == NULL || !str_is(record->key, lines->record->unit) ||
        decode_message(&shouwang__v1__journal_line__descriptor, record->value, &lines->scratch,
                       &fault, &message) != 0) {
        return;
    }
    const Shouwang__V1__JournalLine *line = (const void *)message;
    if (line->case_id.len != lines->record->id.len ||
        memcmp(line->case_id.data, lines->record->id.data, line->case_id.len) != 0) {
        return;
    }
    if (!lines->ctl->json) {
        tell_line(line);
    } else if (json_write_message(message, JSON_WRITE_TIMES, &lines->scratch, &text) == 0) {
        printf("%s%.*s", lines->first ? "" : ",\n", (int)text.len, text.at);
        lines->first = false;
    }
}

/* With --json one object; without it the case, which has more than a line can say, as JSON to be read, why it was opened, and
 * the chronology. */
static enum ctl_exit run_show(struct ctl *ctl)
{
    const struct case_find find = {.what = ctl->words[0], .unit = ctl_option(ctl, "--unit")};
    struct case_found found;
    struct str text;
    enum ctl_exit code = case_find(ctl, &find, &found);
    if (code != CTL_OK) {
        return code;
    }
    unsigned flags = JSON_WRITE_TIMES | (ctl->json ? 0U : (unsigned)JSON_WRITE_INDENT);
    if (json_write_message(&found.record->base, flags, &ctl->arena, &text) != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    struct lines lines = {.ctl = ctl, .record = found.record, .first = true};
    arena_init(&lines.scratch, SCRATCH_BYTES);
    if (ctl->json) {
        printf("{\"case\": %.*s,\n\"journal\": [", (int)text.len, text.at);
        code = log_read_all(ctl, TOPIC_JOURNAL, show_line, &lines);
        printf("]}\n");
    } else {
        printf("%.*s\n\n", (int)text.len, text.at);
        for (size_t i = 0; i < found.record->n_why; i++) {
            printf("why: %s\n", found.record->why[i]->text);
        }
        code = log_read_all(ctl, TOPIC_JOURNAL, show_line, &lines);
    }
    arena_fini(&lines.scratch);
    return code;
}

static const struct ctl_option show_options[] = {
    {"--unit", "UNIT", "where the case is, if its number is not enough"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_case_show = {
    .name = "case show",
    .arguments = "CASE",
    .help = "Show a case, by id or number, with its journal.",
    .options = show_options,
    .run = run_show,
};
