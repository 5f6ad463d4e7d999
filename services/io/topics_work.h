/* What creating and checking topics share. Private to topics*.c; everything blocks, with bounds. */
#ifndef IO_TOPICS_WORK_H
#define IO_TOPICS_WORK_H

#include "io/kafka_conf.h"
#include "io/topics.h"

enum {
    TOPICS_WAIT_MS = 15000,
    TOPICS_RETRY_MS = 100,
    TOPICS_TEXT_MAX = 512,
    TOPICS_SETTINGS_MAX = 12,
    TOPICS_NAMES_MAX = TOPIC_COUNT + 64
};

#define OFFSETS_RETENTION_MINUTES_MIN                                                              \
    (90 * 24 * 60) /* a group idle over a school holiday must not jump */

struct topics_setting {
    const char *name;
    char value[24];
};

/* One topic as it should be. */
struct topics_wanted {
    struct topic_name name;
    struct topics_setting settings[TOPICS_SETTINGS_MAX];
    size_t setting_count;
};

struct topics_work {
    rd_kafka_t *handle;
    const struct config *config;
    const struct topics_plan *plan;
    const char *prefix;
    struct buffer *text;
    struct topics_wanted *wanted; /* the table's, then the feeds */
    size_t wanted_count;
    int differences;
    int done_count;  /* lines of the text that say what was done */
    bool is_reached; /* a broker has answered */
};

struct topics_group {
    const char *service;
    char name[TOPICS_TEXT_MAX];
    rd_kafka_topic_partition_list_t *list; /* of what the group should have */
};

/* Fills in what should be and opens a handle; to be closed in any case. ERR_MEMORY, ERR_INVALID. */
SW_NODISCARD int topics_open_work(struct topics_work *work);
void topics_close_work(struct topics_work *work);

/* What there is; the caller destroys it. A failure is a line of the text. */
SW_NODISCARD int topics_get_metadata(struct topics_work *work,
                                     const struct rd_kafka_metadata **ret_metadata);
/* NULL when it is not there. */
const struct rd_kafka_metadata_topic *topics_find_topic(const struct rd_kafka_metadata *metadata,
                                                        const char *name);

/* The options of an admin request; the caller destroys them. */
rd_kafka_AdminOptions_t *topics_options_of(struct topics_work *work, rd_kafka_admin_op_t op);
/* Waits for the answer of an admin request; NULL, and a line, when there is none. The caller destroys it. */
rd_kafka_event_t *topics_wait_for_answer(struct topics_work *work, rd_kafka_queue_t *queue,
                                         const char *what);

/* Visits each group of the plan with a handle of it that never joins, until one visit fails. */
SW_NODISCARD int topics_each_group(struct topics_work *work,
                                   int (*visit)(struct topics_work *, rd_kafka_t *,
                                                struct topics_group *));
/* What of the group's list has no committed offset; the caller destroys it. */
SW_NODISCARD int topics_find_missing(struct topics_work *work, rd_kafka_t *member,
                                     struct topics_group *group,
                                     rd_kafka_topic_partition_list_t **ret_missing);

#endif
