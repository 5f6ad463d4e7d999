/* The copy service of the torture: the smallest service with state and timers on the real shell.
 *
 * Signals "<case> <seq> <delay ms>" and commands "<case> <seq>" of a unit become lines of the journal. Each case counts
 * its own steps, so that a lost, repeated or reordered one shows in the journal itself:
 *     S <case> <seq> <n>              a signal
 *     T <case> <seq> <n> <deadline>   its timer fired
 *     A <case> <seq> <n> stopped      a command came before its timer
 *     A <case> <seq> <n> late         or after it
 *     R <case> <seq> <n> refused      its step was refused
 * A case "edge…" also leaves an output as large as the shell takes, a case "huge…" one of a byte more.
 * TORTURE=<what>:<effect>:<n> makes the transaction's worker do something before that effect (0 begin, 1 changelog, 2
 * outputs, 3 offsets, 4 commit, 5 after it) of the n-th transaction, or of the first with a timer if n is 0: `kill` and
 * `stop` signal the process, `stall` holds the worker for 4 s, `abort` breaks this transaction. TORTURE=deaf:6:0 holds
 * librdkafka's talk with the group instead, once a timer has fired. */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/map.h"
#include "io/log.h"
#include "io/service.h"
#include "io/stream.h"
#include "io/stream_calls.h"
#include "torture_order.h"

enum { PENDING_MAX = 64, KEY_MAX = 96, VALUE_MAX = 4096, CASES_MAX = 100000, STALL_MS = 4000 };

struct pending {
    int64_t seq;
    int64_t deadline_ms;
};

struct copy_case {
    char key[KEY_MAX]; /* <unit>/case/<id> */
    int64_t step_count;
    struct pending pending[PENDING_MAX];
    size_t pending_count;
};

struct copy_part {
    struct copy *copy;
    struct map cases;
    int64_t next_ms; /* -1: to be looked for */
};

struct copy {
    struct service *service;
    struct stream *stream;
};

static atomic_bool has_fired; /* a timer, in this process */

/* ---- state */

static void *part_new(void *ctx, struct stream_partition *partition, int32_t index)
{
    (void)partition;
    (void)index;
    struct copy_part *part = heap_alloc(sizeof *part);
    sw_assert(part != NULL);
    part->copy = ctx;
    map_init(&part->cases, CASES_MAX, 1);
    part->next_ms = -1;
    return part;
}

static void part_free(void *object)
{
    struct copy_part *part = object;
    for (size_t i = 0; i < part->cases.count; i++) {
        heap_free(part->cases.entries[i].value);
    }
    map_fini(&part->cases);
    heap_free(part);
}

static struct copy_case *case_get(struct copy_part *part, struct str key, bool is_made)
{
    struct copy_case *found = map_get(&part->cases, key);
    if (found == NULL && is_made) {
        found = heap_alloc(sizeof *found);
        sw_assert(found != NULL && key.len < KEY_MAX);
        memcpy(found->key, key.at, key.len);
        int error = map_add(&part->cases, str_of(found->key), found);
        sw_assert(error == 0);
    }
    return found;
}

static struct str encode(const struct copy_case *one, char text[VALUE_MAX])
{
    int len = snprintf(text, VALUE_MAX, "%" PRId64, one->step_count);
    for (size_t i = 0; i < one->pending_count; i++) {
        len += snprintf(text + len, VALUE_MAX - (size_t)len, " %" PRId64 ":%" PRId64,
                        one->pending[i].seq, one->pending[i].deadline_ms);
    }
    return (struct str){text, (size_t)len};
}

static int load(void *object, struct str key, struct str value)
{
    struct copy_part *part = object;
    part->next_ms = -1;
    if (value.at == NULL) {
        heap_free(map_remove(&part->cases, key));
        return 0;
    }
    char text[VALUE_MAX];
    sw_assert(value.len < sizeof text);
    memcpy(text, value.at, value.len);
    text[value.len] = '\0';
    struct copy_case *one = case_get(part, key, true);
    char *rest;
    one->step_count = strtoll(text, &rest, 10);
    one->pending_count = 0;
    while (*rest == ' ') {
        struct pending *pending = &one->pending[one->pending_count++];
        pending->seq = strtoll(rest + 1, &rest, 10);
        pending->deadline_ms = strtoll(rest + 1, &rest, 10);
    }
    return 0;
}

static void table(void *object, const struct kafka_record *record)
{
    (void)object;
    (void)record;
}

/* Until when a page might be sent, by CLOCK_BOOTTIME; said whenever it changes. */
static void say_until(const struct stream *stream)
{
    static int64_t said_ms;
    int64_t age_ms = stream_proof_age_ms(stream);
    int64_t until_ms = loop_boottime_ms() + stream_proof_limit_ms(stream) - age_ms;
    if (age_ms != INT64_MAX && until_ms > said_ms + 1) { /* the clock may tick between the two */
        said_ms = until_ms;
        log_info("copy_may_send", log_count("until", until_ms));
    }
}

static int64_t next_deadline(const void *object)
{
    struct copy_part *part =
        (struct copy_part *)(uintptr_t)object; /* the cached answer is not state */
    say_until(part->copy->stream);
    if (part->next_ms < 0) {
        part->next_ms = INT64_MAX;
        for (size_t i = 0; i < part->cases.count; i++) {
            const struct copy_case *one = part->cases.entries[i].value;
            for (size_t k = 0; k < one->pending_count; k++) {
                if (one->pending[k].deadline_ms < part->next_ms) {
                    part->next_ms = one->pending[k].deadline_ms;
                }
            }
        }
    }
    return part->next_ms;
}

/* ---- steps */

static void say(struct stream_effects *effects, const struct copy_case *one, const char *line)
{
    struct str unit = topic_unit_of_key(str_of(one->key));
    const struct kafka_header header = {STR_LITERAL("ce_type"), STR_LITERAL("shouwang.torture")};
    struct kafka_output output = {.topic = TOPIC_JOURNAL,
                                  .unit = unit,
                                  .value = str_of(line),
                                  .headers = &header,
                                  .header_count = 1};
    stream_emit(effects, &output);
    output.topic = TOPIC_ALERTS; /* a second output topic makes a transaction of several */
    stream_emit(effects, &output);
}

/* An output of exactly so many bytes. */
static void say_much(struct stream_effects *effects, const struct copy_case *one, size_t bytes)
{
    static char text[STREAM_RECORD_MAX_BYTES];
    struct str unit = topic_unit_of_key(str_of(one->key));
    struct kafka_header header = {.name = STR_LITERAL("rest")};
    header.value = (struct str){text, bytes - KAFKA_VALUE_MAX - unit.len - header.name.len};
    const struct kafka_output output = {.topic = TOPIC_ALERTS,
                                        .unit = unit,
                                        .value = {text, KAFKA_VALUE_MAX},
                                        .headers = &header,
                                        .header_count = 1};
    stream_emit(effects, &output);
}

static void begin_change(struct stream_effects *effects, const struct copy_case *one)
{
    char text[VALUE_MAX];
    stream_touch(effects, str_of(one->key), one->step_count == 0 ? KAFKA_NONE : encode(one, text));
}

static void end_change(struct copy_part *part, struct stream_effects *effects,
                       const struct copy_case *one)
{
    char text[VALUE_MAX];
    stream_put_state(effects, str_of(one->key), encode(one, text));
    part->next_ms = -1;
}

static const char *id_of(const struct copy_case *one)
{
    return strrchr(one->key, '/') + 1;
}

static void remove_pending(struct copy_case *one, size_t at)
{
    one->pending[at] = one->pending[--one->pending_count];
}

static void take_signal(struct copy_case *one, const struct kafka_record *record, int64_t seq,
                        int64_t delay_ms, char *ret_line)
{
    if (delay_ms > 0 && one->pending_count < PENDING_MAX) {
        one->pending[one->pending_count++] =
            (struct pending){.seq = seq, .deadline_ms = record->time_ms + delay_ms};
    }
    (void)snprintf(ret_line, VALUE_MAX, "S %s %" PRId64 " %" PRId64, id_of(one), seq,
                   one->step_count);
}

static void take_command(struct copy_case *one, int64_t seq, char *ret_line)
{
    const char *outcome = "late";
    for (size_t i = 0; i < one->pending_count; i++) {
        if (one->pending[i].seq == seq) {
            remove_pending(one, i);
            outcome = "stopped";
            break;
        }
    }
    (void)snprintf(ret_line, VALUE_MAX, "A %s %" PRId64 " %" PRId64 " %s", id_of(one), seq,
                   one->step_count, outcome);
}

/* The case of a record, made if it is new, its number, and the rest of the text. */
static struct copy_case *read_record(struct copy_part *part, const struct kafka_record *record,
                                     int64_t *ret_seq, int64_t *ret_rest)
{
    char text[VALUE_MAX];
    sw_assert(record->value.len < sizeof text);
    memcpy(text, record->value.at, record->value.len);
    text[record->value.len] = '\0';
    char *rest = strchr(text, ' ');
    sw_assert(rest != NULL);
    char key[KEY_MAX];
    (void)snprintf(key, sizeof key, "%.*s/case/%.*s", (int)record->key.len, record->key.at,
                   (int)(rest - text), text);
    *ret_seq = strtoll(rest, &rest, 10);
    *ret_rest = strtoll(rest, NULL, 10);
    return case_get(part, str_of(key), true);
}

static void step(void *object, const struct kafka_record *record, struct stream_effects *effects)
{
    struct copy_part *part = object;
    int64_t seq, delay_ms;
    struct copy_case *one = read_record(part, record, &seq, &delay_ms);
    char line[VALUE_MAX];
    begin_change(effects, one);
    one->step_count++;
    if (record->topic == TOPIC_SIGNALS) {
        take_signal(one, record, seq, delay_ms, line);
    } else {
        take_command(one, seq, line);
    }
    say(effects, one, line);
    if (strncmp(id_of(one), "edge", 4) == 0) {
        say_much(effects, one, STREAM_RECORD_MAX_BYTES);
    } else if (strncmp(id_of(one), "huge", 4) == 0) {
        say_much(effects, one, STREAM_RECORD_MAX_BYTES + 1);
    }
    end_change(part, effects, one);
}

static void refuse(void *object, const struct kafka_record *record, struct stream_effects *effects)
{
    struct copy_part *part = object;
    int64_t seq, rest;
    struct copy_case *one = read_record(part, record, &seq, &rest);
    char line[VALUE_MAX];
    begin_change(effects, one);
    one->step_count++;
    (void)snprintf(line, sizeof line, "R %s %" PRId64 " %" PRId64 " refused", id_of(one), seq,
                   one->step_count);
    say(effects, one, line);
    end_change(part, effects, one);
}

/* The earliest pending deadline at or before `now_ms`. */
static struct copy_case *find_due(struct copy_part *part, int64_t now_ms, size_t *ret_at)
{
    struct copy_case *due = NULL;
    for (size_t i = 0; i < part->cases.count; i++) {
        struct copy_case *one = part->cases.entries[i].value;
        for (size_t k = 0; k < one->pending_count; k++) {
            if (one->pending[k].deadline_ms <= now_ms) {
                now_ms = one->pending[k].deadline_ms;
                due = one;
                *ret_at = k;
            }
        }
    }
    return due;
}

static void step_time(void *object, int64_t now_ms, struct stream_effects *effects)
{
    struct copy_part *part = object;
    size_t at = 0;
    struct copy_case *one = find_due(part, now_ms, &at);
    sw_assert(one != NULL);
    has_fired = true;
    char line[VALUE_MAX];
    begin_change(effects, one);
    one->step_count++;
    (void)snprintf(line, sizeof line, "T %s %" PRId64 " %" PRId64 " %" PRId64, id_of(one),
                   one->pending[at].seq, one->step_count, one->pending[at].deadline_ms);
    remove_pending(one, at);
    say(effects, one, line);
    end_change(part, effects, one);
    stream_on_end(effects, 0);
}

/* A timer is committed: might a page be sent now? */
static void ended(void *object, uint64_t token, bool is_committed)
{
    const struct stream *stream = ((const struct copy_part *)object)->copy->stream;
    (void)token;
    if (is_committed) {
        torture_replied();
        bool is_fresh = stream_proof_age_ms(stream) < stream_proof_limit_ms(stream);
        log_info("copy_fired", log_count("may_send", is_fresh));
    }
}

/* ---- what goes wrong on purpose */

/* Whether the wish means this effect of this transaction; of one that began with a timer only once. */
static bool is_wished(const char *wish, size_t effect)
{
    static atomic_size_t transaction;
    static atomic_bool has_stopped, has_timer;
    size_t n = effect == 0 ? ++transaction : transaction;
    has_timer = effect == 0 || effect == STREAM_TEST_HEARD ? has_fired : has_timer;
    const char *colon = wish == NULL ? NULL : strchr(wish, ':');
    if (colon == NULL || strtoul(colon + 1, NULL, 10) != effect) {
        return false;
    }
    size_t wished = strtoul(strrchr(wish, ':') + 1, NULL, 10);
    return wished == 0 ? has_timer && !atomic_exchange(&has_stopped, true) : wished == n;
}

int stream_test_point(size_t effect)
{
    const char *wish = getenv("TORTURE");
    if (!is_wished(wish, effect)) {
        return 0;
    }
    if (wish[0] == 'k') {
        raise(SIGKILL);
    } else if (strncmp(wish, "stop", 4) == 0) {
        kill(getpid(), SIGSTOP);
    } else if (strncmp(wish, "deaf", 4) == 0) {
        log_info("copy_deaf", log_count("at", loop_boottime_ms()));
        (void)poll(NULL, 0, STALL_MS); /* the fault itself */
    } else if (strncmp(wish, "stall", 5) == 0) {
        (void)poll(NULL, 0, STALL_MS); /* the fault itself, not a wait for something */
    } else {
        return 1;
    }
    return 0;
}

/* ---- the process */

static const struct stream_input inputs[] = {{.topic = TOPIC_DIRECTORY, .is_table = true},
                                             {.topic = TOPIC_COMMANDS, .before_timers = true},
                                             {.topic = TOPIC_SIGNALS}};

static const struct stream_definition shell = {.name = "escalator",
                                               .changelog = TOPIC_CASES,
                                               .inputs = inputs,
                                               .input_count = sizeof inputs / sizeof *inputs,
                                               .heartbeat = true,
                                               .part_new = part_new,
                                               .part_free = part_free,
                                               .load = load,
                                               .table = table,
                                               .step = step,
                                               .refuse = refuse,
                                               .next_deadline = next_deadline,
                                               .step_time = step_time,
                                               .ended = ended};

static int start(struct service *service, void **ret_state)
{
    struct copy *copy = heap_alloc(sizeof *copy);
    sw_assert(copy != NULL);
    *ret_state = copy;
    copy->service = service;
    return stream_start(service, &shell, copy, &copy->stream);
}

static void drained(void *ctx)
{
    struct copy *copy = ctx;
    service_drained(copy->service);
}

static void drain(void *state)
{
    struct copy *copy = state;
    stream_drain(copy->stream, drained, copy);
}

static void stop(void *state)
{
    struct copy *copy = state;
    stream_free(copy->stream);
    heap_free(copy);
}

static const struct config_table config_table = {
    .program = "torture-copy", .summary = "The copy service of the stream shell's torture."};

int main(int argc, char **argv)
{
    static const struct service_definition definition = {
        .table = &config_table, .start = start, .drain = drain, .stop = stop};
    return service_main(&definition, argc, argv);
}
