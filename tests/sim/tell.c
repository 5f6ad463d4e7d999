#include "sim/tell.h"

#include <inttypes.h>
#include <stdio.h>

#include <shouwang/v1/command.pb-c.h>
#include <shouwang/v1/journal.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>
#include <shouwang/v1/receipt.pb-c.h>
#include <shouwang/v1/signal.pb-c.h>

#include "base/arena.h"
#include "sim/ledger.h"
#include "wire/reader.h"

enum { ARENA_BYTES = 16 << 20, ID_SHOWN = 8 };

static void begin(int64_t since_ms)
{
    printf("%3" PRId64 "d %02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 " ",
           since_ms / 86400000, since_ms / 3600000 % 24, since_ms / 60000 % 60,
           since_ms / 1000 % 60, since_ms % 1000);
}

static void print_id(const char *name, ProtobufCBinaryData data)
{
    char text[IDENT_TEXT_BYTES];
    ident_format(reader_ident(data), text);
    printf(" %s %.*s", name, ID_SHOWN, text);
}

void tell_text(int64_t since_ms, const char *text)
{
    begin(since_ms);
    printf("*** %s\n", text);
}

static void tell_line(const Shouwang__V1__JournalLine *line)
{
    printf("journal  %s", line->what);
    print_id("case", line->case_id);
    printf(" level %d", (int)line->level);
    if (line->actor[0] != '\0') {
        printf(" by %s as %s", line->actor, line->actor_role);
    }
    printf("%s%s%s%s", line->outcome[0] != '\0' ? " " : "", line->outcome,
           line->reason[0] != '\0' ? " " : "", line->reason);
    for (size_t i = 0; i < line->n_facts; i++) {
        printf(" %s=%s", line->facts[i]->key, line->facts[i]->value);
    }
    printf(" at %" PRId64 "\n", line->at_ms);
}

static void tell_notice(const Shouwang__V1__Notice *notice)
{
    printf("notice  ");
    print_id("", notice->id);
    print_id("case", notice->case_id);
    printf(" to %s as %s by %d, cause %s#%u generation %u%s, %zu merged, created %" PRId64 "\n",
           notice->person, notice->role, (int)notice->channel, notice->cause, notice->firing,
           notice->generation, notice->late ? " late" : "", notice->n_merged,
           notice->created_at_ms);
}

static void tell_control(const Shouwang__V1__Control *control)
{
    printf("control %d", (int)control->action_case);
    print_id("case", control->case_id);
    if (control->action_case == SHOUWANG__V1__CONTROL__ACTION_CANCEL) {
        printf(" person %s role %s generation %u %s", control->cancel->person,
               control->cancel->role, control->cancel->generation_at_most, control->cancel->reason);
        for (size_t i = 0; i < control->cancel->n_notice_ids; i++) {
            print_id("", control->cancel->notice_ids[i]);
        }
    }
    printf("\n");
}

static void tell_receipt(const Shouwang__V1__Receipt *receipt)
{
    printf("receipt ");
    print_id("", receipt->notice_id);
    printf(" of %s: state %d %s attempt %u%s\n", receipt->person, (int)receipt->state,
           receipt->reason, receipt->attempt, receipt->sent_again ? " again" : "");
}

static void tell_signal(const Shouwang__V1__Signal *signal)
{
    printf("signal  ");
    print_id("", signal->id);
    printf(" of %s/%s: %s of %s level %d\n", signal->unit, signal->event_id, signal->kind,
           signal->subject, (int)signal->level);
}

void tell_record(int64_t since_ms, const struct broker_record *record)
{
    struct arena arena;
    enum topic topic = record->record.topic;
    const ProtobufCMessageDescriptor *descriptor =
        topic == TOPIC_JOURNAL           ? &shouwang__v1__journal_line__descriptor
        : topic == TOPIC_NOTICES_CONTROL ? &shouwang__v1__control__descriptor
        : topic == TOPIC_RECEIPTS        ? &shouwang__v1__receipt__descriptor
        : topic == TOPIC_SIGNALS         ? &shouwang__v1__signal__descriptor
        : topic == TOPIC_NOTICES_URGENT || topic == TOPIC_NOTICES_BULK
            ? &shouwang__v1__notice__descriptor
            : NULL;
    if (descriptor == NULL) {
        return;
    }
    arena_init(&arena, ARENA_BYTES);
    const ProtobufCMessage *message = ledger_decode(record, descriptor, &arena);
    begin(since_ms);
    if (topic == TOPIC_JOURNAL) {
        tell_line((const Shouwang__V1__JournalLine *)message);
    } else if (topic == TOPIC_NOTICES_CONTROL) {
        tell_control((const Shouwang__V1__Control *)message);
    } else if (topic == TOPIC_RECEIPTS) {
        tell_receipt((const Shouwang__V1__Receipt *)message);
    } else if (topic == TOPIC_SIGNALS) {
        tell_signal((const Shouwang__V1__Signal *)message);
    } else {
        tell_notice((const Shouwang__V1__Notice *)message);
    }
    arena_fini(&arena);
}

void tell_send(int64_t since_ms, const struct provider_sent *sent)
{
    char text[IDENT_TEXT_BYTES];
    ident_format(sent->notice_id, text);
    begin(since_ms);
    printf("send     %.*s to %.*s by %.*s%s%s%s, from slot %d\n", ID_SHOWN, text,
           (int)sent->person.len, sent->person.at, (int)sent->channel.len, sent->channel.at,
           sent->is_accepted ? ", accepted" : "", sent->is_told ? " and told" : "",
           sent->was_had ? ", had before" : "", sent->from->slot);
}
