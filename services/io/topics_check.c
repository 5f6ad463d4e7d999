/* Compares a cluster with the table of topics. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/topics_work.h"

#define OFFSETS_RETENTION_MINUTES_MIN                                                              \
    (90 * 24 * 60) /* a group idle over a school holiday must not jump */

static void differ(struct topics_work *work, const char *where, const char *what, const char *found,
                   const char *cure)
{
    buffer_format(work->text, "%s: %s is %s, should be %s\n", where, what, found, cure);
    work->differences++;
}

typedef void (*value_fn)(struct topics_work *work, const char *resource, const char *name,
                         const char *value, const void *ctx);

/* Asks for the settings of resources and gives each to `take`. */
static int describe(struct topics_work *work, rd_kafka_ConfigResource_t **resources, size_t count,
                    value_fn take, const void *ctx)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(work->handle);
    rd_kafka_AdminOptions_t *options = topics_options_of(work, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(work->handle, resources, count, options, queue);
    rd_kafka_event_t *event = topics_wait_for_answer(work, queue, "asking for settings");
    size_t found = 0;
    const rd_kafka_ConfigResource_t **answers =
        event == NULL ? NULL
                      : rd_kafka_DescribeConfigs_result_resources(
                            rd_kafka_event_DescribeConfigs_result(event), &found);
    for (size_t i = 0; i < found; i++) {
        size_t entry_count;
        const rd_kafka_ConfigEntry_t **entries =
            rd_kafka_ConfigResource_configs(answers[i], &entry_count);
        for (size_t k = 0; k < entry_count; k++) {
            const char *value = rd_kafka_ConfigEntry_value(entries[k]);
            take(work, rd_kafka_ConfigResource_name(answers[i]),
                 rd_kafka_ConfigEntry_name(entries[k]), value == NULL ? "" : value, ctx);
        }
    }
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return event == NULL ? ERR_UNAVAILABLE : 0;
}

static void compare_topic_setting(struct topics_work *work, const char *resource, const char *name,
                                  const char *value, const void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < work->wanted_count; i++) {
        const struct topics_wanted *wanted = &work->wanted[i];
        for (size_t k = 0; strcmp(wanted->name.text, resource) == 0 && k < wanted->setting_count;
             k++) {
            if (strcmp(wanted->settings[k].name, name) == 0 &&
                strcmp(wanted->settings[k].value, value) != 0) {
                differ(work, resource, name, value, wanted->settings[k].value);
            }
        }
    }
}

struct broker_rule {
    const char *name;
    int64_t min;
    int64_t max;
    const char *cure;
    bool is_fast_only;
};

static const struct broker_rule broker_rules[] = {
    {"offsets.retention.minutes", OFFSETS_RETENTION_MINUTES_MIN, INT64_MAX,
     "at least 129600 (90 days)", false},
    {"auto.create.topics.enable", INT64_MIN, INT64_MIN, "false", false},
    {"group.min.session.timeout.ms", 0, 2000, "at most 2000 (fast profile)", true},
    {"transaction.abort.timed.out.transaction.cleanup.interval.ms", 0, 1000,
     "at most 1000 (fast profile)", true},
};

static void compare_broker_setting(struct topics_work *work, const char *resource, const char *name,
                                   const char *value, const void *ctx)
{
    const bool *is_fast = ctx;
    for (size_t i = 0; i < sizeof broker_rules / sizeof *broker_rules; i++) {
        const struct broker_rule *rule = &broker_rules[i];
        if (strcmp(rule->name, name) != 0 || (rule->is_fast_only && !*is_fast)) {
            continue;
        }
        int64_t number;
        bool is_right = rule->max == INT64_MIN
                            ? strcmp(value, rule->cure) == 0
                            : str_to_int64(str_of(value), rule->min, rule->max, &number);
        if (!is_right) {
            char where[TOPICS_TEXT_MAX];
            (void)snprintf(where, sizeof where, "broker %s", resource);
            differ(work, where, name, value, rule->cure);
        }
    }
}

static int check_topics(struct topics_work *work, const struct rd_kafka_metadata *metadata)
{
    rd_kafka_ConfigResource_t *resources[TOPICS_NAMES_MAX];
    size_t count = 0;
    int replicas = work->plan->is_single ? 1 : 3;
    for (size_t i = 0; i < work->wanted_count; i++) {
        const char *name = work->wanted[i].name.text;
        const struct rd_kafka_metadata_topic *found = topics_find_topic(metadata, name);
        char has[24];
        char should[24];
        if (found == NULL) {
            differ(work, name, "the topic", "missing", "there: run `swctl topics`");
            continue;
        }
        (void)snprintf(has, sizeof has, "%d", found->partition_cnt);
        (void)snprintf(should, sizeof should, "%" PRId32, work->plan->partition_count);
        if (strcmp(has, should) != 0) {
            differ(work, name, "the number of partitions", has, should);
        }
        if (found->partition_cnt > 0 && found->partitions[0].replica_cnt < replicas) {
            (void)snprintf(has, sizeof has, "%d", found->partitions[0].replica_cnt);
            (void)snprintf(should, sizeof should, "%d", replicas);
            differ(work, name, "replication", has, should);
        }
        resources[count++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    }
    int error = count == 0 ? 0 : describe(work, resources, count, compare_topic_setting, NULL);
    rd_kafka_ConfigResource_destroy_array(resources, count);
    return error;
}

static int check_brokers(struct topics_work *work, const struct rd_kafka_metadata *metadata)
{
    bool is_fast = strcmp(config_text(work->config, "profile"), "fast") == 0;
    int error = 0;
    for (int i = 0; i < metadata->broker_cnt && error == 0; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "%" PRId32, metadata->brokers[i].id);
        rd_kafka_ConfigResource_t *broker =
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, id);
        error = describe(work, &broker, 1, compare_broker_setting, &is_fast);
        rd_kafka_ConfigResource_destroy(broker);
    }
    return error;
}

static int check_offsets(struct topics_work *work, rd_kafka_t *member, struct topics_group *group)
{
    rd_kafka_topic_partition_list_t *missing;
    int error = topics_find_missing(work, member, group, &missing);
    if (error == 0 && missing->cnt > 0) {
        buffer_format(work->text, "%s: %d partitions have no offset: run `swctl topics`\n",
                      group->name, missing->cnt);
        work->differences++;
    }
    if (error == 0) {
        rd_kafka_topic_partition_list_destroy(missing);
    }
    return error;
}

int topics_check(const struct config *config, const struct topics_plan *plan,
                 struct buffer *ret_text)
{
    struct topics_work work = {.config = config, .plan = plan, .text = ret_text};
    const struct rd_kafka_metadata *metadata = NULL;
    int error = topics_open_work(&work);
    if (error == 0) {
        error = topics_get_metadata(&work, &metadata);
    }
    if (error == 0) {
        error = check_topics(&work, metadata);
    }
    if (error == 0) {
        error = check_brokers(&work, metadata);
    }
    if (error == 0) {
        error = topics_each_group(&work, check_offsets);
    }
    if (metadata != NULL) {
        rd_kafka_metadata_destroy(metadata);
    }
    topics_close_work(&work);
    return error != 0 ? error : work.differences > 0 ? ERR_CONFLICT : 0;
}
