/* Names and placement of topics: the pure half. What talks to a cluster is in topics_admin.c. */
#include "io/topics.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

const struct topic_row topic_rows[TOPIC_COUNT] = {
#define SW_TOPIC(name, suffix, kind, retention_ms, help)                                           \
    [TOPIC_##name] = {suffix, TOPIC_##kind, retention_ms, help},
#include "io/topics.def"
#undef SW_TOPIC
};

const struct topic_group_input topic_group_inputs[] = {
#define SW_TOPIC(name, suffix, kind, retention_ms, help)
#define SW_GROUP_INPUT(service, topic) {#service, TOPIC_##topic},
#include "io/topics.def"
#undef SW_GROUP_INPUT
#undef SW_TOPIC
};
const size_t topic_group_input_count = sizeof topic_group_inputs / sizeof *topic_group_inputs;

struct topic_name topic_name_of(const char *prefix, enum topic topic)
{
    sw_assert(strlen(prefix) <= TOPIC_PREFIX_MAX && topic < TOPIC_COUNT);
    struct topic_name name;
    (void)snprintf(name.text, sizeof name.text, "%s.%s.v1", prefix, topic_rows[topic].suffix);
    return name;
}

struct topic_name topic_name_of_feed(const char *prefix, struct str partner)
{
    sw_assert(strlen(prefix) <= TOPIC_PREFIX_MAX && partner.len >= 1 && partner.len <= 48);
    struct topic_name name;
    (void)snprintf(name.text, sizeof name.text, "%s.feed.%.*s.v1", prefix, (int)partner.len,
                   partner.at);
    return name;
}

bool topic_parse(const char *prefix, struct str name, enum topic *ret_topic)
{
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        struct topic_name full = topic_name_of(prefix, (enum topic)topic);
        if (str_equal(name, str_of(full.text))) {
            *ret_topic = (enum topic)topic;
            return true;
        }
    }
    return false;
}

int32_t topic_partition_of(struct str unit, int32_t partition_count)
{
    sw_assert(partition_count > 0 && unit.len > 0);
    return rd_kafka_msg_partitioner_murmur2(NULL, unit.at, unit.len, partition_count, NULL, NULL);
}

struct str topic_unit_of_key(struct str key)
{
    const char *slash = key.len == 0 ? NULL : memchr(key.at, '/', key.len);
    return slash == NULL ? key : (struct str){key.at, (size_t)(slash - key.at)};
}
