/* Happy path: produce, all replicas have it, the journal line is heard, `done` with its outcome. The command waits from
 * the produce on, since the line may be heard before the delivery report. */
#include "console/actions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "console/console.h"
#include "io/seal.h"

enum { COMMAND_BYTES_MAX = 256 * 1024 };

struct pending {
    struct list node; /* oldest first */
    struct actions *actions;
    struct ident id;
    int64_t until_ms;
    bool delivered;
    bool heard;
    enum actions_outcome outcome; /* when heard */
    char reason[128];
    actions_done_fn done;
    void *ctx;
    bool answered; /* only the delivery report is still to come */
};

struct actions {
    struct console *console;
    struct map by_id;
    struct list waiting;
    struct loop_timer *timer;
};

static void on_time(void *ctx);

struct actions *actions_new(struct console *console)
{
    struct actions *actions = calloc(1, sizeof(*actions));
    if (actions == NULL) {
        return NULL;
    }
    actions->console = console;
    map_init(&actions->by_id, ACTIONS_PENDING_MAX, 1);
    list_init(&actions->waiting);
    if (loop_timer_new(console->loop, LOOP_MONOTONIC, on_time, actions, &actions->timer) != 0) {
        free(actions);
        return NULL;
    }
    return actions;
}

/* Answers; memory goes once the delivery report has come too. */
static void answer(struct pending *pending, enum actions_outcome outcome)
{
    pending->answered = true;
    list_remove(&pending->node);
    pending->done(outcome, str_of(pending->reason), pending->ctx);
}

static void release(struct pending *pending)
{
    (void)map_remove(&pending->actions->by_id, ident_part(&pending->id));
    free(pending);
}

void actions_free(struct actions *actions)
{
    if (actions == NULL) {
        return;
    }
    while (actions->by_id.count > 0) {
        struct pending *pending = actions->by_id.entries[0].value;
        if (!pending->answered) {
            answer(pending, ACTIONS_PENDING);
        }
        release(pending);
    }
    map_fini(&actions->by_id);
    loop_timer_free(actions->timer);
    free(actions);
}

/* When both have come: the line's outcome. */
static void settle(struct pending *pending)
{
    if (!pending->answered && pending->heard) {
        answer(pending, pending->outcome);
    }
    if (pending->answered && pending->delivered) {
        release(pending);
    }
}

static void on_time(void *ctx)
{
    struct actions *actions = ctx;
    int64_t now_ms = loop_monotonic_ms();
    for (struct list *node = actions->waiting.next; node != &actions->waiting;) {
        struct pending *pending = LIST_ENTRY(node, struct pending, node);
        if (pending->until_ms > now_ms) {
            loop_timer_set(actions->timer, pending->until_ms);
            return;
        }
        node = node->next;
        answer(pending, pending->delivered ? ACTIONS_PENDING : ACTIONS_UNAVAILABLE);
        settle(pending);
    }
}

static void delivered(void *ctx, int error, int32_t partition, int64_t offset)
{
    (void)partition;
    (void)offset;
    struct pending *pending = ctx;
    pending->delivered = true;
    if (error != 0 && !pending->answered) {
        answer(pending, ACTIONS_UNAVAILABLE);
    }
    settle(pending);
}

static int produce(struct actions *actions, const Shouwang__V1__Command *command,
                   struct pending *pending)
{
    size_t size = shouwang__v1__command__get_packed_size(command);
    uint8_t *packed = size <= COMMAND_BYTES_MAX ? malloc(size + 1) : NULL;
    if (packed == NULL) {
        return ERR_TOO_LARGE;
    }
    (void)shouwang__v1__command__pack(command, packed);
    struct kafka_output output = {.topic = TOPIC_COMMANDS,
                                  .unit = str_of(command->unit),
                                  .value = {(const char *)packed, size}};
    int error = kafka_produce(actions->console->producer, &output, delivered, pending);
    free(packed);
    return error;
}

int actions_send(struct actions *actions, Shouwang__V1__Command *command, actions_done_fn done,
                 void *ctx)
{
    struct pending *pending = calloc(1, sizeof(*pending));
    if (pending == NULL) {
        return ERR_MEMORY;
    }
    *pending = (struct pending){.actions = actions, .done = done, .ctx = ctx};
    list_init(&pending->node);
    seal_random(pending->id.bytes, IDENT_BYTES);
    pending->until_ms = loop_monotonic_ms() + ACTIONS_WAIT_MS;
    command->id = (ProtobufCBinaryData){IDENT_BYTES, pending->id.bytes};
    command->issued_at_ms = loop_utc_ms();
    int error = map_add(&actions->by_id, ident_part(&pending->id), pending);
    if (error == 0) {
        error = produce(actions, command, pending);
        if (error != 0) {
            (void)map_remove(&actions->by_id, ident_part(&pending->id));
        }
    }
    if (error != 0) {
        free(pending);
        return error;
    }
    list_push_back(&actions->waiting, &pending->node);
    if (actions->waiting.next == &pending->node) {
        loop_timer_set(actions->timer, pending->until_ms);
    }
    return 0;
}

void actions_heard(struct actions *actions, struct ident command_id, struct str outcome,
                   struct str reason)
{
    struct pending *pending = map_get(&actions->by_id, ident_part(&command_id));
    if (pending == NULL || pending->answered) {
        return;
    }
    pending->heard = true;
    pending->outcome = str_is(outcome, "applied") ? ACTIONS_APPLIED : ACTIONS_REFUSED;
    snprintf(pending->reason, sizeof(pending->reason), "%.*s", (int)reason.len, reason.at);
    settle(pending);
}
