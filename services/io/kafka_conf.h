/* What all Kafka handles share: configuration, errors, one descriptor for all queues. Private to io/. */
#ifndef IO_KAFKA_CONF_H
#define IO_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "io/config.h"
#include "io/kafka.h"

struct kafka_property {
    const char *name;
    const char *value;
};

/* A configuration for one handle: our own `defaults`, then bootstrap.servers and every kafka.* of the config, then
 * `musts`, which nobody can change; both end with a NULL name and may be NULL. Logs go to io/log. ERR_INVALID (the
 * property is logged), ERR_MEMORY. */
SW_NODISCARD int kafka_conf_new(const struct config *config, const struct kafka_property *defaults,
                                const struct kafka_property *musts, rd_kafka_conf_t **ret_conf);

/* The handle; takes `conf` whatever happens. ERR_INVALID, logged. */
SW_NODISCARD int kafka_handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                                  rd_kafka_t **ret_handle);

/* The ERR_* of a librdkafka error. */
int kafka_error_of(rd_kafka_resp_err_t error);

/* The record of a message; headers go into the caller's array of KAFKA_HEADERS_MAX. Borrows everything. */
struct kafka_record kafka_record_of(const rd_kafka_message_t *message, enum topic topic,
                                    struct kafka_header *headers);

/* Lets a queue write to the eventfd whenever it stops being empty. */
void kafka_watch_queue(rd_kafka_queue_t *queue, int event_fd);

/* Empties the eventfd; to be called before the queues are read. */
void kafka_clear_events(int event_fd);

/* Hands a record to a producer; never blocks. `partition` is given explicitly. The record is copied. */
rd_kafka_resp_err_t kafka_send(rd_kafka_t *producer, const char *topic, int32_t partition,
                               const struct kafka_output *output, void *opaque);

#endif
