/* Configuration, errors and records of librdkafka, as all its users here see them. */
#include "io/kafka_conf.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/log.h"

static void write_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle;
    if (level <= 4) {
        log_warn("kafka_client", log_code("facility", facility), log_library("text", text));
    } else {
        log_debug("kafka_client", log_code("facility", facility), log_library("text", text));
    }
}

struct conf_in_work {
    rd_kafka_conf_t *conf;
    int error;
};

static void set_property(const char *name, const char *value, void *ctx)
{
    struct conf_in_work *work = ctx;
    char text[256];
    if (rd_kafka_conf_set(work->conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK) {
        log_error("kafka_property", log_code("property", name), log_library("why", text));
        work->error = ERR_INVALID;
    }
}

static void set_all(const struct kafka_property *properties, struct conf_in_work *work)
{
    for (; properties != NULL && properties->name != NULL; properties++) {
        set_property(properties->name, properties->value, work);
    }
}

int kafka_conf_new(const struct config *config, const struct kafka_property *defaults,
                   const struct kafka_property *musts, rd_kafka_conf_t **ret_conf)
{
    struct conf_in_work work = {.conf = rd_kafka_conf_new()};
    if (work.conf == NULL) {
        return ERR_MEMORY;
    }
    rd_kafka_conf_set_log_cb(work.conf, write_log);
    set_property("client.id", "shouwang", &work);
    set_property("log.connection.close", "false", &work);
    set_property("reconnect.backoff.max.ms", "1000", &work);
    set_all(defaults, &work);
    set_property("bootstrap.servers", config_text(config, "bootstrap.servers"), &work);
    config_each_kafka(config, set_property, &work);
    set_all(musts, &work);
    if (work.error != 0) {
        rd_kafka_conf_destroy(work.conf);
        return work.error;
    }
    *ret_conf = work.conf;
    return 0;
}

int kafka_handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret_handle)
{
    char text[256];
    rd_kafka_t *handle = rd_kafka_new(type, conf, text, sizeof text);
    if (handle == NULL) {
        log_error("kafka_handle", log_library("why", text));
        rd_kafka_conf_destroy(conf);
        return ERR_INVALID;
    }
    *ret_handle = handle;
    return 0;
}

int kafka_error_of(rd_kafka_resp_err_t error)
{
    int code = (int)error; /* the list of librdkafka is open-ended: no switch over its enum */
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return 0;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        return ERR_FULL;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
        return ERR_TIMEOUT;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
        return ERR_UNAVAILABLE;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return ERR_NOT_FOUND;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return ERR_TOO_LARGE;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        return ERR_DENIED;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        return ERR_FENCED;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
        return ERR_EXISTS;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
        return ERR_INVALID;
    default:
        return ERR_IO;
    }
}

struct kafka_record kafka_record_of(const rd_kafka_message_t *message, enum topic topic,
                                    struct kafka_header *headers)
{
    rd_kafka_timestamp_type_t stamp;
    struct kafka_record record = {.topic = topic,
                                  .partition = message->partition,
                                  .offset = message->offset,
                                  .time_ms = rd_kafka_message_timestamp(message, &stamp),
                                  .key = {message->key, message->key_len},
                                  .value = {message->payload, message->len},
                                  .headers = headers};
    rd_kafka_headers_t *list;
    if (rd_kafka_message_headers(message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return record;
    }
    const char *name;
    const void *value;
    size_t size;
    while (record.header_count < KAFKA_HEADERS_MAX &&
           rd_kafka_header_get_all(list, record.header_count, &name, &value, &size) ==
               RD_KAFKA_RESP_ERR_NO_ERROR) {
        headers[record.header_count++] =
            (struct kafka_header){.name = str_of(name), .value = {value, size}};
    }
    return record;
}

struct str kafka_header_get(const struct kafka_record *record, const char *name)
{
    for (size_t i = 0; i < record->header_count; i++) {
        if (str_is(record->headers[i].name, name)) {
            return record->headers[i].value;
        }
    }
    return KAFKA_NONE;
}

void kafka_watch_queue(rd_kafka_queue_t *queue, int event_fd)
{
    static const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(queue, event_fd, &one, sizeof one);
}

void kafka_clear_events(int event_fd)
{
    uint64_t count;
    ssize_t got = read(event_fd, &count, sizeof count);
    sw_assert(got == sizeof count || errno == EAGAIN || errno == EINTR);
}

static rd_kafka_headers_t *headers_of(const struct kafka_output *output)
{
    rd_kafka_headers_t *list = rd_kafka_headers_new(output->header_count);
    for (size_t i = 0; i < output->header_count; i++) {
        const struct kafka_header *header = &output->headers[i];
        /* a length and a NULL value mean a null header; this fails only on nonsense */
        (void)rd_kafka_header_add(list, header->name.at, (ssize_t)header->name.len,
                                  header->value.at, (ssize_t)header->value.len);
    }
    return list;
}

rd_kafka_resp_err_t kafka_send(rd_kafka_t *producer, const char *topic, int32_t partition,
                               const struct kafka_output *output, void *opaque)
{
    sw_assert(output->header_count <= KAFKA_HEADERS_MAX);
    struct str key = output->key.at == NULL ? output->unit : output->key;
    rd_kafka_headers_t *headers = output->header_count == 0 ? NULL : headers_of(output);
    /* librdkafka copies what it is given: the casts only drop const */
    rd_kafka_vu_t arguments[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)key.at, key.len}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {(void *)(uintptr_t)output->value.at, output->value.len}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t count = sizeof arguments / sizeof *arguments - (headers == NULL ? 1 : 0);
    rd_kafka_error_t *error = rd_kafka_produceva(producer, arguments, count);
    if (error == NULL) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (headers != NULL) {
        rd_kafka_headers_destroy(headers);
    }
    return code;
}
