#include "ctl/command_send.h"

#include <string.h>

#include "base/ident.h"
#include "ctl/log_reader.h"
#include "io/seal.h"
#include "shell/envelope.h"
#include "shouwang/v1/journal.pb-c.h"
#include "wire/decode.h"

enum { SCRATCH_BYTES = 8 << 20, TURN_MS = 20 };

struct waiting {
    struct ctl *ctl;
    struct ident id;
    struct arena scratch;
    bool heard;
    bool applied;
    struct str reason;
};

static void take_line(void *ctx, const struct kafka_record *record)
{
    struct waiting *waiting = ctx;
    struct fault fault;
    ProtobufCMessage *message = NULL;
    arena_reset(&waiting->scratch);
    if (waiting->heard || record->value.at == NULL ||
        decode_message(&shouwang__v1__journal_line__descriptor, record->value, &waiting->scratch,
                       &fault, &message) != 0) {
        return;
    }
    const Shouwang__V1__JournalLine *line = (const void *)message;
    if (line->command_id.len != IDENT_BYTES || line->outcome[0] == '\0' ||
        memcmp(line->command_id.data, waiting->id.bytes, IDENT_BYTES) != 0) {
        return;
    }
    waiting->heard = true;
    waiting->applied = strcmp(line->outcome, "applied") == 0;
    waiting->reason = arena_copy_str(&waiting->ctl->arena, str_of(line->reason));
}

static int write_command(struct ctl *ctl, struct log_writer *writer, Shouwang__V1__Command *command)
{
    struct str value;
    char id[IDENT_TEXT_BYTES];
    struct envelope_room room;
    struct kafka_output output;
    struct ident ident;
    int error = encode_message(&command->base, &ctl->arena, &value);
    if (error != 0) {
        return error;
    }
    memcpy(ident.bytes, command->id.data, IDENT_BYTES);
    ident_format(ident, id);
    const struct envelope envelope = {.topic = TOPIC_COMMANDS,
                                      .unit = str_of(command->unit),
                                      .source = "/swctl",
                                      .kind = STR_LITERAL("swctl"),
                                      .id = str_of(id),
                                      .at_ms = command->issued_at_ms};
    envelope_output(&envelope, value, &room, &output);
    error = log_write_record(writer, &output);
    return error == 0 ? log_flush(writer) : error;
}

static enum ctl_exit say_outcome(const struct ctl *ctl, const struct waiting *waiting)
{
    char id[IDENT_TEXT_BYTES];
    ident_format(waiting->id, id);
    const char *outcome = !waiting->heard ? "pending" : waiting->applied ? "applied" : "refused";
    int reason_len = (int)waiting->reason.len;
    const char *reason = reason_len == 0 ? "" : waiting->reason.at;
    if (ctl->json) {
        ctl_say("{\"outcome\": \"%s\", \"reason\": \"%.*s\", \"command_id\": \"%s\"}", outcome,
                reason_len, reason, id);
    } else if (waiting->heard) {
        ctl_say("%s%s%.*s", outcome, reason_len == 0 ? "" : ": ", reason_len, reason);
    } else {
        ctl_say("accepted and not yet applied (command %s)", id);
    }
    return !waiting->heard ? CTL_UNAVAILABLE : waiting->applied ? CTL_OK : CTL_REFUSED;
}

/* The journal is read from its end, reached before the command is written, so that its line cannot be missed. */
static enum ctl_exit converse(struct waiting *waiting, struct loop *loop,
                              struct kafka_reader *journal, Shouwang__V1__Command *command,
                              int64_t wait_ms)
{
    struct ctl *ctl = waiting->ctl;
    struct log_writer *writer = NULL;
    const struct kafka_reader_calls calls = {.record = take_line};
    kafka_reader_set_calls(journal, &calls, waiting);
    enum ctl_exit code = log_writer_open(ctl, loop, &writer);
    int64_t until_ms = loop_monotonic_ms() + config_int(ctl->config, "kafka.timeout");
    while (code == CTL_OK && !kafka_reader_is_caught_up(journal)) {
        loop_turn(loop, TURN_MS);
        if (loop_monotonic_ms() > until_ms) {
            code = ctl_fail(CTL_UNAVAILABLE, "the journal cannot be read; nothing was sent");
        }
    }
    if (code == CTL_OK) {
        int error = write_command(ctl, writer, command);
        if (error != 0) {
            code = ctl_fail(CTL_UNAVAILABLE, "the command was not accepted: %s", error_text(error));
        }
    }
    until_ms = loop_monotonic_ms() + wait_ms;
    while (code == CTL_OK && !waiting->heard && loop_monotonic_ms() < until_ms) {
        loop_turn(loop, TURN_MS);
    }
    log_writer_close(writer);
    return code == CTL_OK ? say_outcome(ctl, waiting) : code;
}

enum ctl_exit command_send(struct ctl *ctl, Shouwang__V1__Command *command, int64_t wait_ms)
{
    struct waiting waiting = {.ctl = ctl};
    struct loop *loop = NULL;
    struct kafka_reader *journal = NULL;
    const struct kafka_source source = {.topic = TOPIC_JOURNAL, .from = KAFKA_FROM_END};
    arena_init(&waiting.scratch, SCRATCH_BYTES);
    seal_random(waiting.id.bytes, IDENT_BYTES);
    command->id = (ProtobufCBinaryData){IDENT_BYTES, waiting.id.bytes};
    command->issued_at_ms = loop_utc_ms();
    int error = loop_new(&loop);
    if (error == 0) {
        error = kafka_reader_new(loop, ctl->config, &source, 1, &journal);
    }
    enum ctl_exit code =
        error == 0 ? converse(&waiting, loop, journal, command, wait_ms)
                   : ctl_fail(CTL_UNAVAILABLE, "cannot reach Kafka: %s", error_text(error));
    kafka_reader_free(journal);
    loop_free(loop);
    arena_fini(&waiting.scratch);
    return code;
}
