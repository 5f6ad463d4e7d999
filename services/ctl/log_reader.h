/* Kafka for a command that runs once: whole topics in, records out, each call waiting for its end. */
#ifndef CTL_LOG_READER_H
#define CTL_LOG_READER_H

#include <stdint.h>

#include "ctl/ctl.h"
#include "io/kafka.h"
#include "io/kafka_bulk.h"
#include "io/loop.h"

typedef void (*log_record_fn)(void *ctx, const struct kafka_record *record);

/* Reads the topics from `from` to the end seen then, or with `follow` until an interrupt. CTL_UNAVAILABLE, after a line
 * on stderr, when Kafka stays silent for kafka.timeout before the end is reached. */
enum ctl_exit log_read(struct ctl *ctl, const struct kafka_source *sources, size_t source_count,
                       bool follow, log_record_fn record, void *ctx);

/* One topic, from its beginning to its end. */
enum ctl_exit log_read_all(struct ctl *ctl, enum topic topic, log_record_fn record, void *ctx);

/* A bulk writer, with kafka.timeout; the caller's to free. CTL_UNAVAILABLE after a line on stderr. */
enum ctl_exit log_open_bulk(struct ctl *ctl, struct kafka_bulk **ret_bulk);

struct log_writer;

/* Connects. CTL_UNAVAILABLE after a line on stderr when no broker answers in kafka.timeout. */
enum ctl_exit log_writer_open(struct ctl *ctl, struct loop *loop, struct log_writer **ret_writer);

/* What is unanswered is given up. NULL is fine. */
void log_writer_close(struct log_writer *writer);

/* Writes a record; waits while many are unanswered. An earlier record's error is answered by the next call.
 * ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_DENIED, ERR_TOO_LARGE, ERR_IO. */
SW_NODISCARD int log_write_record(struct log_writer *writer, const struct kafka_output *output);

/* Waits until all replicas have everything written so far. Errors as above. */
SW_NODISCARD int log_flush(struct log_writer *writer);

#endif
