#include "ctl/log_reader.h"

#include <stdio.h>

#include "base/heap.h"

enum { TURN_MS = 50, PENDING_MAX = 2000, PRODUCE_TIMEOUT_MS = 15000 };

struct reading {
    struct loop *loop;
    log_record_fn record;
    void *ctx;
    uint64_t records;
    bool interrupted;
};

static void give_record(void *ctx, const struct kafka_record *record)
{
    struct reading *reading = ctx;
    reading->records++;
    reading->record(reading->ctx, record);
}

static void interrupt(void *ctx)
{
    struct reading *reading = ctx;
    reading->interrupted = true;
}

/* Turns the loop until the end, an interrupt, or kafka.timeout without a record. */
static enum ctl_exit wait_for_end(struct ctl *ctl, struct reading *reading,
                                  struct kafka_reader *reader, bool follow)
{
    int64_t silence_ms = config_int(ctl->config, "kafka.timeout");
    int64_t until_ms = loop_monotonic_ms() + silence_ms;
    uint64_t seen = 0;
    bool reached = false;
    while (!reading->interrupted) {
        loop_turn(reading->loop, TURN_MS);
        reached = reached || kafka_reader_is_caught_up(reader);
        if (reached && !follow) {
            return CTL_OK;
        }
        if (reading->records != seen) {
            seen = reading->records;
            until_ms = loop_monotonic_ms() + silence_ms;
        }
        if (!reached && loop_monotonic_ms() > until_ms) {
            return ctl_fail(CTL_UNAVAILABLE,
                            "Kafka at %s does not answer, or the topic is not there",
                            config_text(ctl->config, "bootstrap.servers"));
        }
        (void)fflush(stdout);
    }
    return follow ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "interrupted");
}

enum ctl_exit log_read(struct ctl *ctl, const struct kafka_source *sources, size_t source_count,
                       bool follow, log_record_fn record, void *ctx)
{
    struct reading reading = {.record = record, .ctx = ctx};
    struct kafka_reader *reader = NULL;
    int error = loop_new(&reading.loop);
    if (error == 0) {
        error = loop_on_signals(reading.loop, interrupt, NULL, &reading);
    }
    if (error == 0) {
        error = kafka_reader_new(reading.loop, ctl->config, sources, source_count, &reader);
    }
    enum ctl_exit code = CTL_UNAVAILABLE;
    if (error == 0) {
        const struct kafka_reader_calls calls = {.record = give_record};
        kafka_reader_set_calls(reader, &calls, &reading);
        code = wait_for_end(ctl, &reading, reader, follow);
    } else {
        (void)ctl_fail(CTL_UNAVAILABLE, "cannot read Kafka: %s", error_text(error));
    }
    kafka_reader_free(reader);
    loop_free(reading.loop);
    return code;
}

enum ctl_exit log_read_all(struct ctl *ctl, enum topic topic, log_record_fn record, void *ctx)
{
    const struct kafka_source source = {.topic = topic, .from = KAFKA_FROM_BEGINNING};
    return log_read(ctl, &source, 1, false, record, ctx);
}

enum ctl_exit log_open_bulk(struct ctl *ctl, struct kafka_bulk **ret_bulk)
{
    int error = kafka_bulk_new(ctl->config, config_int(ctl->config, "kafka.timeout"), ret_bulk);
    return error == 0 ? CTL_OK
                      : ctl_fail(CTL_UNAVAILABLE,
                                 "Kafka at %s takes nothing: %s (are there topics? swctl topics)",
                                 config_text(ctl->config, "bootstrap.servers"), error_text(error));
}

struct log_writer {
    struct loop *loop;
    struct kafka_producer *producer;
    int error; /* of the first record that failed, until it is told */
};

enum ctl_exit log_writer_open(struct ctl *ctl, struct loop *loop, struct log_writer **ret_writer)
{
    struct log_writer *writer = heap_alloc(sizeof(*writer));
    if (writer == NULL) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    writer->loop = loop;
    int error = kafka_producer_new(loop, ctl->config, PRODUCE_TIMEOUT_MS, &writer->producer);
    int64_t until_ms = loop_monotonic_ms() + config_int(ctl->config, "kafka.timeout");
    while (error == 0 && !kafka_producer_is_up(writer->producer)) {
        loop_turn(loop, TURN_MS);
        if (loop_monotonic_ms() > until_ms) {
            error = ERR_UNAVAILABLE;
        }
    }
    if (error != 0) {
        log_writer_close(writer);
        return ctl_fail(CTL_UNAVAILABLE,
                        "Kafka at %s takes nothing: %s (are there topics? swctl topics)",
                        config_text(ctl->config, "bootstrap.servers"), error_text(error));
    }
    *ret_writer = writer;
    return CTL_OK;
}

void log_writer_close(struct log_writer *writer)
{
    if (writer != NULL) {
        kafka_producer_free(writer->producer);
        heap_free(writer);
    }
}

static void record_done(void *ctx, int error, int32_t partition, int64_t offset)
{
    struct log_writer *writer = ctx;
    (void)partition;
    (void)offset;
    writer->error = writer->error == 0 ? error : writer->error;
}

static int take_error(struct log_writer *writer)
{
    int error = writer->error;
    writer->error = 0;
    return error;
}

int log_write_record(struct log_writer *writer, const struct kafka_output *output)
{
    while (kafka_producer_pending(writer->producer) >= PENDING_MAX && writer->error == 0) {
        loop_turn(writer->loop, TURN_MS);
    }
    int error = take_error(writer);
    if (error != 0) {
        return error;
    }
    error = kafka_produce(writer->producer, output, record_done, writer);
    while (error == ERR_FULL) {
        loop_turn(writer->loop, TURN_MS);
        error = kafka_produce(writer->producer, output, record_done, writer);
    }
    return error;
}

int log_flush(struct log_writer *writer)
{
    while (kafka_producer_pending(writer->producer) > 0) {
        loop_turn(writer->loop, TURN_MS);
    }
    return take_error(writer);
}
