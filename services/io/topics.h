/* The one table of topics (topics.def): names, settings, creation, checks.
 *
 * `swctl topics` creates what is missing and writes the first offsets of the groups; `swctl topics --check` compares
 * the cluster with the table. Both work on topics_* below, which block: never on a loop's thread. */
#ifndef IO_TOPICS_H
#define IO_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "io/buffer.h"
#include "io/config.h"

#define TOPIC_DAYS(n) ((n)*86400000LL)
#define TOPIC_FOR_EVER (-1LL)

enum { TOPIC_NAME_MAX = 250, TOPIC_PREFIX_MAX = 100, TOPIC_PARTITIONS_DEFAULT = 16 };

enum topic_kind { TOPIC_STREAM, TOPIC_TABLE };

enum topic {
#define SW_TOPIC(name, suffix, kind, retention_ms, help) TOPIC_##name,
#include "io/topics.def"
#undef SW_TOPIC
    TOPIC_COUNT
};

struct topic_row {
    const char *suffix; /* "events.incident" */
    enum topic_kind kind;
    int64_t retention_ms; /* of a stream; TOPIC_FOR_EVER */
    const char *help;
};

/* The table, by enum topic. */
extern const struct topic_row topic_rows[TOPIC_COUNT];

/* A full name with its NUL, a value type. */
struct topic_name {
    char text[TOPIC_NAME_MAX];
};

/* "<prefix>.<suffix>.v1"; the prefix is at most TOPIC_PREFIX_MAX bytes (asserted). */
struct topic_name topic_name_of(const char *prefix, enum topic topic);

/* The topic of a partner's feed, "<prefix>.feed.<partner>.v1"; `partner` is an id of [a-z0-9-]{1,48} (asserted). */
struct topic_name topic_name_of_feed(const char *prefix, struct str partner);

/* The topic that `name` names under the prefix; false when it is none of the table. */
bool topic_parse(const char *prefix, struct str name, enum topic *ret_topic);

/* The partition of a unit's records: murmur2(unit) mod partition_count, as Java's default partitioner. */
int32_t topic_partition_of(struct str unit, int32_t partition_count);

/* The unit of a compacted key, all before the first '/'; the whole key when there is none. */
struct str topic_unit_of_key(struct str key);

/* One stream that the group <prefix>-<service> commits offsets of. */
struct topic_group_input {
    const char *service;
    enum topic topic;
};

/* Those of topics.def, a service's in one piece. */
extern const struct topic_group_input topic_group_inputs[];
extern const size_t topic_group_input_count;

struct topics_plan {
    int32_t partition_count;
    bool is_single; /* one broker: replication 1 */
    const struct topic_group_input *inputs;
    size_t input_count;
    const char *const *feeds; /* partners; NULL-terminated, may be NULL */
};

/* Creates the topics that do not exist and writes, for every partition of every input of the groups that has no committed
 * offset, the beginning of what is there. What exists is not changed. One line per thing done is appended to ret_text.
 * Blocks; what may pass (a broker has just started, or is busy) is tried again for half a minute. ERR_UNAVAILABLE (no
 * broker, or it did not pass), ERR_CONFLICT (a topic has another number of partitions), or what the broker says, with its
 * words in ret_text. */
SW_NODISCARD int topics_create(const struct config *config, const struct topics_plan *plan,
                               struct buffer *ret_text);

/* The plan by which the topics of the cluster were made, without groups and feeds. ERR_NOT_FOUND: there are none yet;
 * ERR_UNAVAILABLE. */
SW_NODISCARD int topics_read_plan(const struct config *config, struct topics_plan *ret_plan);

/* Compares the cluster with the table: partitions, compaction, retention, LogAppendTime, replication;
 * offsets.retention.minutes of the brokers at least 90 days; with the fast profile group.min.session.timeout.ms and
 * transaction.abort.timed.out.transaction.cleanup.interval.ms; the groups' offsets. One line per difference, with the
 * cure; 0 when there is none, ERR_CONFLICT when there are, ERR_UNAVAILABLE. */
SW_NODISCARD int topics_check(const struct config *config, const struct topics_plan *plan,
                              struct buffer *ret_text);

#endif
