/* What the shell counts, and the admin page "show stream". */
#include "io/stream_calls.h"

#include <inttypes.h>

enum {
    RECORDS,
    COMMITS,
    COMMIT_TIME,
    BATCH,
    LATENESS,
    COMMITTED_LATENESS,
    RESTORES,
    MISSED,
    PARTITIONS,
    LAG,
    ROWS
};

static const int64_t batch_bounds[] = {1, 3, 10, 30, 100, 300, 1000, 3000, 10000};

static const struct metric_row rows[ROWS] = {
    [RECORDS] = {.name = "sw_stream_records_total",
                 .kind = METRIC_COUNTER,
                 .help = "Records read, of streams and tables.",
                 .labels = {"topic"}},
    [COMMITS] = {.name = "sw_stream_transactions_total",
                 .kind = METRIC_COUNTER,
                 .help = "Transactions by their end; init counts the producer's beginnings.",
                 .labels = {"what", "outcome"}},
    [COMMIT_TIME] = {.name = "sw_stream_commit_seconds",
                     .kind = METRIC_HISTOGRAM,
                     .help = "From the begin of a transaction to its commit.",
                     .scale = 1000},
    [BATCH] = {.name = "sw_stream_batch_steps",
               .kind = METRIC_HISTOGRAM,
               .help = "Steps in one transaction.",
               .bounds = batch_bounds,
               .bound_count = sizeof batch_bounds / sizeof *batch_bounds},
    [LATENESS] = {.name = "sw_stream_timer_lateness_seconds",
                  .kind = METRIC_HISTOGRAM,
                  .help = "From a deadline to its step.",
                  .scale = 1000},
    [COMMITTED_LATENESS] = {.name = "sw_stream_timer_committed_seconds",
                            .kind = METRIC_HISTOGRAM,
                            .help = "From the earliest deadline of a transaction to its commit.",
                            .scale = 1000},
    [RESTORES] = {.name = "sw_stream_restores_total",
                  .kind = METRIC_COUNTER,
                  .help = "Parts restored from the changelog."},
    [MISSED] = {.name = "sw_stream_feed_missing_total",
                .kind = METRIC_COUNTER,
                .help = "Records to partners' topics that are not there: left out."},
    [PARTITIONS] = {.name = "sw_stream_partitions",
                    .kind = METRIC_GAUGE,
                    .help = "Partitions of ours by phase.",
                    .labels = {"phase"}},
    [LAG] = {.name = "sw_stream_lag_records",
             .kind = METRIC_GAUGE,
             .help = "Records of our partitions not stepped yet, as far as they were seen.",
             .labels = {"topic"}},
};

static const char *const phase_names[] = {[STREAM_NOT_OURS] = "not_ours",
                                          [STREAM_RESTORING] = "restoring",
                                          [STREAM_READING_TABLES] = "reading_tables",
                                          [STREAM_CATCHING_UP] = "catching_up",
                                          [STREAM_LIVE] = "live"};

static int64_t lag_of(const struct stream *stream, const struct stream_partition *partition,
                      size_t input)
{
    int64_t low;
    int64_t high;
    if (rd_kafka_get_watermark_offsets(stream->consumer, stream->input_names[input].text,
                                       partition->index, &low,
                                       &high) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return 0;
    }
    const struct stream_source *source = &partition->sources[input];
    int64_t position = source->position > source->seen_end ? source->position : source->seen_end;
    return high > position && source->position >= 0 ? high - position : 0;
}

static void collect(void *ctx)
{
    struct stream *stream = ctx;
    int64_t phases[STREAM_LIVE + 1] = {0};
    int64_t lags[STREAM_INPUTS_MAX] = {0};
    for (int32_t index = 0; index < stream->partition_count; index++) {
        const struct stream_partition *partition = &stream->partitions[index];
        phases[partition->phase]++;
        for (size_t input = 0; input < stream->definition->input_count && partition->is_assigned;
             input++) {
            lags[input] += lag_of(stream, partition, input);
        }
    }
    for (int phase = STREAM_RESTORING; phase <= STREAM_LIVE; phase++) {
        metric_set(
            metric_with(stream->metrics[PARTITIONS], (const char *const[]){phase_names[phase]}),
            phases[phase]);
    }
    for (size_t input = 0; input < stream->definition->input_count; input++) {
        metric_set(stream->lag_series[input], lags[input]);
    }
}

static int show(const char *argument, struct buffer *ret_text, void *ctx)
{
    struct stream *stream = ctx;
    (void)argument;
    buffer_format(ret_text,
                  "group %s\nslot %s\npartitions %" PRId32 "\nassigned %" PRId32
                  "\nready %s\nproof_age_ms %" PRId64 "\n",
                  stream->group, stream->slot_id, stream->partition_count, stream->assigned_count,
                  stream->shown_reason == NULL ? "yes" : stream->shown_reason,
                  stream->is_proven ? stream_proof_age_ms(stream) : -1);
    for (int32_t index = 0; index < stream->partition_count; index++) {
        const struct stream_partition *partition = &stream->partitions[index];
        if (!partition->is_assigned) {
            continue;
        }
        buffer_format(ret_text, "partition %" PRId32 " %s changelog_end %" PRId64, index,
                      phase_names[partition->phase], partition->changelog_end);
        for (size_t input = 0; input < stream->definition->input_count; input++) {
            buffer_format(ret_text, " %s %" PRId64 "%s",
                          topic_rows[stream->definition->inputs[input].topic].suffix,
                          partition->sources[input].position,
                          partition->sources[input].is_paused ? " (paused)" : "");
        }
        buffer_add_text(ret_text, "\n");
    }
    return 0;
}

int stream_metrics_open(struct stream *stream)
{
    _Static_assert((int)ROWS <= (int)STREAM_METRICS_MAX, "room for the handles");
    struct metrics *metrics = service_metrics(stream->service);
    int error = metrics_register(metrics, rows, ROWS, stream->metrics);
    for (size_t input = 0; input < stream->definition->input_count && error == 0; input++) {
        const char *labels[] = {topic_rows[stream->definition->inputs[input].topic].suffix};
        stream->record_series[input] = metric_with(stream->metrics[RECORDS], labels);
        stream->lag_series[input] = metric_with(stream->metrics[LAG], labels);
    }
    if (error == 0) {
        error = metrics_on_collect(metrics, collect, stream);
    }
    if (error == 0 && service_admin(stream->service) != NULL) {
        const struct admin_show row = {"stream", "The stream shell, its partitions and positions.",
                                       show, stream};
        error = admin_add(service_admin(stream->service), &row, 1);
    }
    return error;
}

void stream_metrics_record(struct stream *stream, size_t input)
{
    metric_add(stream->record_series[input], 1);
}

void stream_metrics_lateness(struct stream *stream, int64_t late_ms)
{
    metric_observe(metric_with(stream->metrics[LATENESS], NULL), late_ms > 0 ? late_ms : 0);
}

void stream_metrics_committed(struct stream *stream, const struct stream_batch *batch)
{
    metric_observe(metric_with(stream->metrics[COMMIT_TIME], NULL),
                   loop_monotonic_ms() - stream->begun_ms);
    metric_observe(metric_with(stream->metrics[BATCH], NULL), (int64_t)batch->record_count);
    if (batch->earliest_deadline_ms != INT64_MAX) {
        metric_observe(metric_with(stream->metrics[COMMITTED_LATENESS], NULL),
                       loop_utc_ms() - batch->earliest_deadline_ms);
    }
}

void stream_metrics_outcome(struct stream *stream, bool is_batch, enum stream_outcome outcome)
{
    static const char *const names[] = {
        [STREAM_COMMITTED] = "done", [STREAM_ABORTED] = "aborted", [STREAM_FATAL] = "fatal"};
    const char *labels[] = {is_batch ? "batch" : "init", names[outcome]};
    metric_add(metric_with(stream->metrics[COMMITS], labels), 1);
}

void stream_metrics_missed(struct stream *stream, int64_t count)
{
    metric_add(metric_with(stream->metrics[MISSED], NULL), count);
}

void stream_metrics_restore(struct stream *stream)
{
    metric_add(metric_with(stream->metrics[RESTORES], NULL), 1);
}
