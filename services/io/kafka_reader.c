/* A reader without a group. A worker asks how many partitions the topics have and where they end (the true end, open
 * transactions included); then all partitions are assigned with explicit offsets and read from one queue on the loop.
 * `group.id` must be set for librdkafka and is never used: nothing subscribes, nothing commits. */
#include "io/kafka.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/kafka_conf.h"
#include "io/log.h"
#include "io/worker.h"

enum {
    SOURCES_MAX = TOPIC_COUNT,
    PARTITIONS_MAX = 1024,
    MESSAGES_MAX = 256,
    ROUNDS_MAX = 4,
    ASK_MS = 5000,
    ASK_AGAIN_MS = 500
};

struct place {
    int64_t position;
    int64_t end;      /* when reading began */
    int64_t gap_from; /* what could not be read begins here; -1: nothing */
    bool is_ended;
};

struct source {
    enum topic topic;
    enum kafka_from from;
    struct topic_name name;
    int64_t *offsets; /* as wished */
    size_t offset_count;
    struct place *places;
    int32_t partition_count;
};

struct kafka_reader {
    struct loop *loop;
    const struct config *config;
    struct kafka_reader_calls calls;
    void *ctx;
    rd_kafka_t *handle;
    rd_kafka_t *prober; /* the worker's */
    rd_kafka_queue_t *queue;
    int event_fd;
    struct loop_fd *watch;
    struct loop_hook *hook;
    struct loop_timer *ask_timer;
    struct worker *worker;
    struct source sources[SOURCES_MAX];
    size_t source_count;
    int asked_error;
    bool is_reading;
    bool is_paused;
    bool is_caught_up;
};

/* ---- on the worker's thread: how many partitions, and their ends */

static int ask_partitions(struct kafka_reader *reader, struct source *source)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(reader->prober, source->name.text, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(reader->prober, 0, topic, &metadata, ASK_MS);
    rd_kafka_topic_destroy(topic);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return ERR_UNAVAILABLE;
    }
    int error = ERR_NOT_FOUND;
    if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR &&
        metadata->topics[0].partition_cnt <= PARTITIONS_MAX) {
        source->partition_count = metadata->topics[0].partition_cnt;
        error = 0;
    }
    rd_kafka_metadata_destroy(metadata);
    return error;
}

static int ask_ends(struct kafka_reader *reader, struct source *source)
{
    source->places = calloc((size_t)source->partition_count, sizeof *source->places);
    if (source->places == NULL) {
        return ERR_MEMORY;
    }
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(source->partition_count);
    for (int32_t i = 0; i < source->partition_count; i++) {
        rd_kafka_topic_partition_list_add(list, source->name.text, i)->offset = RD_KAFKA_OFFSET_END;
    }
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(reader->prober, list, ASK_MS);
    for (int32_t i = 0; i < source->partition_count && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        code = list->elems[i].err;
        source->places[list->elems[i].partition].end = list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        free(source->places);
        source->places = NULL;
        return ERR_UNAVAILABLE;
    }
    return 0;
}

static void run_ask(void *job)
{
    struct kafka_reader *reader = job;
    reader->asked_error = 0;
    for (size_t i = 0; i < reader->source_count && reader->asked_error == 0; i++) {
        struct source *source = &reader->sources[i];
        if (source->places == NULL) {
            reader->asked_error = ask_partitions(reader, source);
            if (reader->asked_error == 0) {
                reader->asked_error = ask_ends(reader, source);
            }
        }
    }
}

/* ---- on the loop's thread */

static int64_t first_offset(const struct source *source, int32_t index)
{
    int64_t wish = (size_t)index < source->offset_count ? source->offsets[index] : -1;
    switch (source->from) {
    case KAFKA_FROM_BEGINNING:
        return RD_KAFKA_OFFSET_BEGINNING;
    case KAFKA_FROM_END:
        return source->places[index].end;
    case KAFKA_FROM_OFFSETS:
        return wish < 0 ? RD_KAFKA_OFFSET_BEGINNING : wish;
    }
    sw_assert(false && "a source begins somewhere");
    return -1;
}

/* Assigns everything at its position; a position below 0 is librdkafka's word for the beginning. */
static void assign(struct kafka_reader *reader)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(64);
    for (size_t i = 0; i < reader->source_count; i++) {
        for (int32_t k = 0; k < reader->sources[i].partition_count; k++) {
            rd_kafka_topic_partition_list_add(list, reader->sources[i].name.text, k)->offset =
                reader->sources[i].places[k].position;
        }
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(reader->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    sw_assert(code == RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void begin(struct kafka_reader *reader)
{
    for (size_t i = 0; i < reader->source_count; i++) {
        struct source *source = &reader->sources[i];
        for (int32_t k = 0; k < source->partition_count; k++) {
            struct place *place = &source->places[k];
            place->position = first_offset(source, k);
            place->gap_from = -1;
            if (place->position > place->end) { /* the log was made anew */
                place->gap_from = place->position;
                place->position = RD_KAFKA_OFFSET_BEGINNING;
            }
            place->is_ended = place->end == 0 || place->position >= place->end;
        }
    }
    reader->is_reading = true;
    assign(reader);
}

static void ask(void *ctx)
{
    struct kafka_reader *reader = ctx;
    worker_submit(reader->worker, run_ask, reader);
}

static void asked(void *ctx, void *job)
{
    struct kafka_reader *reader = ctx;
    (void)job;
    if (reader->asked_error != 0) {
        loop_timer_after(reader->ask_timer, ASK_AGAIN_MS);
        return;
    }
    begin(reader);
    loop_hook_kick(reader->hook);
}

static struct source *find_source(struct kafka_reader *reader, const rd_kafka_message_t *message)
{
    const char *name = rd_kafka_topic_name(message->rkt);
    for (size_t i = 0; i < reader->source_count; i++) {
        if (strcmp(reader->sources[i].name.text, name) == 0) {
            return &reader->sources[i];
        }
    }
    sw_assert(false && "a topic that nobody asked for");
    return NULL;
}

/* Goes on at the beginning of what is left; where that is, the next record or the end tells. */
static void skip_gap(struct kafka_reader *reader, const struct source *source, int32_t index)
{
    struct place *place = &source->places[index];
    place->gap_from = place->position;
    place->position = RD_KAFKA_OFFSET_BEGINNING;
    assign(reader);
}

static void tell_gap(struct kafka_reader *reader, const struct source *source, int32_t index,
                     int64_t to)
{
    struct place *place = &source->places[index];
    int64_t from = place->gap_from;
    if (from < 0) {
        return;
    }
    place->gap_from = -1;
    log_warn("kafka_gap", log_code("topic", source->name.text), log_count("partition", index),
             log_count("from", from), log_count("to", to));
    if (reader->calls.gap != NULL) {
        reader->calls.gap(reader->ctx, source->topic, index, from, to);
    }
}

static void take(struct kafka_reader *reader, const rd_kafka_message_t *message)
{
    if (message->rkt == NULL || message->partition < 0) {
        log_warn("kafka_reader", log_code("error", rd_kafka_err2name(message->err)));
        return;
    }
    struct source *source = find_source(reader, message);
    struct place *place = &source->places[message->partition];
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset < place->position) {
        return; /* read again behind another partition's gap */
    }
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        struct kafka_header headers[KAFKA_HEADERS_MAX];
        struct kafka_record record = kafka_record_of(message, source->topic, headers);
        tell_gap(reader, source, message->partition, message->offset);
        place->position = message->offset + 1;
        place->is_ended |= place->position >= place->end;
        reader->calls.record(reader->ctx, &record);
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        tell_gap(reader, source, message->partition, message->offset);
        place->position = message->offset;
        place->is_ended |= message->offset >= place->end;
    } else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
               message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        skip_gap(reader, source, message->partition);
    } else {
        log_warn("kafka_reader", log_code("topic", source->name.text),
                 log_code("error", rd_kafka_err2name(message->err)));
    }
}

static void note_caught_up(struct kafka_reader *reader)
{
    for (size_t i = 0; i < reader->source_count; i++) {
        for (int32_t k = 0; k < reader->sources[i].partition_count; k++) {
            if (!reader->sources[i].places[k].is_ended) {
                return;
            }
        }
    }
    reader->is_caught_up = true;
    if (reader->calls.caught_up != NULL) {
        reader->calls.caught_up(reader->ctx);
    }
}

static void on_event(void *ctx, unsigned events)
{
    struct kafka_reader *reader = ctx;
    (void)events;
    kafka_clear_events(reader->event_fd);
    loop_hook_kick(reader->hook);
}

static bool turn(void *ctx)
{
    struct kafka_reader *reader = ctx;
    rd_kafka_message_t *messages[MESSAGES_MAX];
    ssize_t count = MESSAGES_MAX;
    if (!reader->is_reading) {
        return false;
    }
    for (int round = 0; round < ROUNDS_MAX && count > 0 && !reader->is_paused; round++) {
        count = rd_kafka_consume_batch_queue(reader->queue, 0, messages, MESSAGES_MAX);
        for (ssize_t i = 0; i < count; i++) {
            take(reader, messages[i]);
            rd_kafka_message_destroy(messages[i]);
        }
    }
    if (!reader->is_caught_up) {
        note_caught_up(reader);
    }
    return count > 0 && !reader->is_paused;
}

/* ---- life */

/* Over the bound of what is queued librdkafka 2.0 fetches nothing for a second, not until there is room: it has to be far
 * above what is read in a turn. */
static int open_kafka(struct kafka_reader *reader)
{
    const struct kafka_property defaults[] = {
        {"queued.min.messages", "1000000"},
        {"queued.max.messages.kbytes", "65536"}, /* of all: they share one queue */
        {"fetch.wait.max.ms", "100"},
        {NULL, NULL}};
    const struct kafka_property musts[] = {{"group.id", "shouwang-no-group"},
                                           {"isolation.level", "read_committed"},
                                           {"enable.auto.commit", "false"},
                                           {"enable.auto.offset.store", "false"},
                                           {"auto.offset.reset", "error"},
                                           {"enable.partition.eof", "true"},
                                           {NULL, NULL}};
    const struct kafka_property prober_musts[] = {
        {"group.id", "shouwang-no-group"}, {"isolation.level", "read_uncommitted"}, {NULL, NULL}};
    rd_kafka_conf_t *conf;
    int error = kafka_conf_new(reader->config, defaults, musts, &conf);
    if (error == 0) {
        error = kafka_handle_new(RD_KAFKA_CONSUMER, conf, &reader->handle);
    }
    if (error == 0) {
        error = kafka_conf_new(reader->config, NULL, prober_musts, &conf);
    }
    if (error == 0) {
        error = kafka_handle_new(RD_KAFKA_CONSUMER, conf, &reader->prober);
    }
    if (error == 0) {
        rd_kafka_poll_set_consumer(reader->handle);
        reader->queue = rd_kafka_queue_get_consumer(reader->handle);
        kafka_watch_queue(reader->queue, reader->event_fd);
    }
    return error;
}

static int open_loop(struct kafka_reader *reader)
{
    int error = loop_hook_new(reader->loop, turn, reader, &reader->hook);
    if (error == 0) {
        error = loop_timer_new(reader->loop, LOOP_MONOTONIC, ask, reader, &reader->ask_timer);
    }
    reader->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (error == 0 && reader->event_fd < 0) {
        error = ERR_IO;
    }
    if (error == 0) {
        error = loop_fd_new(reader->loop, reader->event_fd, on_event, reader, &reader->watch);
    }
    if (error == 0) {
        error = loop_fd_want(reader->watch, LOOP_READABLE);
    }
    return error != 0 ? error : worker_new(reader->loop, asked, reader, &reader->worker);
}

static int copy_sources(struct kafka_reader *reader, const struct kafka_source *sources,
                        size_t source_count)
{
    const char *prefix = config_text(reader->config, "topic.prefix");
    sw_assert(source_count > 0 && source_count <= SOURCES_MAX);
    for (size_t i = 0; i < source_count; i++) {
        struct source *source = &reader->sources[reader->source_count++];
        bool is_feed = sources[i].partner.len > 0;
        source->topic = is_feed ? TOPIC_COUNT : sources[i].topic;
        source->from = sources[i].from;
        source->name = is_feed ? topic_name_of_feed(prefix, sources[i].partner)
                               : topic_name_of(prefix, sources[i].topic);
        if (sources[i].offset_count > 0) {
            source->offsets = calloc(sources[i].offset_count, sizeof *source->offsets);
            if (source->offsets == NULL) {
                return ERR_MEMORY;
            }
            memcpy(source->offsets, sources[i].offsets,
                   sources[i].offset_count * sizeof *source->offsets);
            source->offset_count = sources[i].offset_count;
        }
    }
    return 0;
}

int kafka_reader_new(struct loop *loop, const struct config *config,
                     const struct kafka_source *sources, size_t source_count,
                     struct kafka_reader **ret_reader)
{
    struct kafka_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_MEMORY;
    }
    reader->loop = loop;
    reader->config = config;
    reader->event_fd = -1;
    int error = copy_sources(reader, sources, source_count);
    if (error == 0) {
        error = open_loop(reader);
    }
    if (error == 0) {
        error = open_kafka(reader);
    }
    if (error != 0) {
        kafka_reader_free(reader);
        return error;
    }
    ask(reader);
    *ret_reader = reader;
    return 0;
}

void kafka_reader_set_calls(struct kafka_reader *reader, const struct kafka_reader_calls *calls,
                            void *ctx)
{
    sw_assert(!reader->is_reading && calls->record != NULL);
    reader->calls = *calls;
    reader->ctx = ctx;
}

void kafka_reader_free(struct kafka_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    worker_free(reader->worker);
    if (reader->queue != NULL) {
        rd_kafka_queue_destroy(reader->queue);
    }
    if (reader->handle != NULL) {
        rd_kafka_destroy_flags(reader->handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    if (reader->prober != NULL) {
        rd_kafka_destroy_flags(reader->prober, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    loop_fd_free(reader->watch);
    loop_hook_free(reader->hook);
    loop_timer_free(reader->ask_timer);
    if (reader->event_fd >= 0) {
        close(reader->event_fd);
    }
    for (size_t i = 0; i < reader->source_count; i++) {
        free(reader->sources[i].offsets);
        free(reader->sources[i].places);
    }
    free(reader);
}

void kafka_reader_pause(struct kafka_reader *reader, bool is_paused)
{
    reader->is_paused = is_paused;
    loop_hook_kick(reader->hook);
}

bool kafka_reader_is_caught_up(const struct kafka_reader *reader)
{
    return reader->is_caught_up;
}

size_t kafka_reader_positions(const struct kafka_reader *reader, size_t source, size_t max,
                              int64_t *ret_offsets)
{
    sw_assert(source < reader->source_count);
    const struct source *of = &reader->sources[source];
    size_t count = reader->is_reading ? (size_t)of->partition_count : 0;
    for (size_t i = 0; i < count && i < max; i++) {
        ret_offsets[i] = of->places[i].position < 0 ? 0 : of->places[i].position;
    }
    return count < max ? count : max;
}

int64_t kafka_reader_lag(const struct kafka_reader *reader)
{
    int64_t lag = 0;
    for (size_t i = 0; i < reader->source_count && reader->is_reading; i++) {
        const struct source *source = &reader->sources[i];
        for (int32_t k = 0; k < source->partition_count; k++) {
            int64_t low;
            int64_t high;
            if (rd_kafka_get_watermark_offsets(reader->handle, source->name.text, k, &low, &high) ==
                    RD_KAFKA_RESP_ERR_NO_ERROR &&
                high > source->places[k].position && source->places[k].position >= 0) {
                lag += high - source->places[k].position;
            }
        }
    }
    return lag;
}
