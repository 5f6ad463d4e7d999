/* Creates and checks the topics of the table on a cluster. Everything here blocks, with bounds; it is for swctl and for
 * tests, never for a loop. */
#include "io/topics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "io/kafka_conf.h"

enum { WAIT_MS = 15000, RETRY_MS = 100, TEXT_MAX = 512, SETTINGS_MAX = 12, NAMES_MAX = TOPIC_COUNT + 64 };

#define OFFSETS_RETENTION_MINUTES_MIN                                                              \
    (90 * 24 * 60) /* a group idle over a school holiday must not jump */

struct setting {
    const char *name;
    char value[24];
};

/* One topic as it should be. */
struct wanted {
    struct topic_name name;
    struct setting settings[SETTINGS_MAX];
    size_t setting_count;
};

struct work {
    rd_kafka_t *handle;
    const struct config *config;
    const struct topics_plan *plan;
    const char *prefix;
    struct buffer *text;
    struct wanted *wanted; /* the table's, then the feeds */
    size_t wanted_count;
    int differences;
};

/* ---- what should be */

static void add_setting(struct wanted *wanted, const char *name, int64_t value)
{
    sw_assert(wanted->setting_count < SETTINGS_MAX);
    struct setting *setting = &wanted->settings[wanted->setting_count++];
    setting->name = name;
    (void)snprintf(setting->value, sizeof setting->value, "%" PRId64, value);
}

static void add_word(struct wanted *wanted, const char *name, const char *value)
{
    add_setting(wanted, name, 0);
    struct setting *setting = &wanted->settings[wanted->setting_count - 1];
    (void)snprintf(setting->value, sizeof setting->value, "%s", value);
}

static void want(struct work *work, struct topic_name name, enum topic_kind kind,
                 int64_t retention_ms)
{
    sw_assert(work->wanted_count < NAMES_MAX);
    struct wanted *wanted = &work->wanted[work->wanted_count++];
    wanted->name = name;
    add_word(wanted, "message.timestamp.type", "LogAppendTime");
    if (!work->plan->is_single) {
        add_setting(wanted, "min.insync.replicas", 2);
        add_word(wanted, "unclean.leader.election.enable", "false");
    }
    if (kind == TOPIC_TABLE) {
        add_word(wanted, "cleanup.policy", "compact");
        add_setting(wanted, "segment.bytes", 64 << 20);
        add_setting(wanted, "segment.ms", 600000);
        add_word(wanted, "min.cleanable.dirty.ratio", "0.2");
        add_setting(wanted, "max.compaction.lag.ms", 3600000);
        add_setting(wanted, "delete.retention.ms", TOPIC_DAYS(7));
    } else {
        add_word(wanted, "cleanup.policy", "delete");
        add_setting(wanted, "retention.ms", retention_ms);
    }
}

static int open_work(struct work *work)
{
    work->prefix = config_text(work->config, "topic.prefix");
    work->wanted = heap_alloc_array(NAMES_MAX, sizeof *work->wanted);
    if (work->wanted == NULL) {
        return ERR_MEMORY;
    }
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        want(work, topic_name_of(work->prefix, (enum topic)topic), topic_rows[topic].kind,
             topic_rows[topic].retention_ms);
    }
    for (const char *const *feed = work->plan->feeds; feed != NULL && *feed != NULL; feed++) {
        want(work, topic_name_of_feed(work->prefix, str_of(*feed)), TOPIC_STREAM, TOPIC_DAYS(7));
    }
    rd_kafka_conf_t *conf;
    int error = kafka_conf_new(work->config, NULL, NULL, &conf);
    return error != 0 ? error : kafka_handle_new(RD_KAFKA_PRODUCER, conf, &work->handle);
}

static void close_work(struct work *work)
{
    if (work->handle != NULL) {
        rd_kafka_destroy(work->handle);
    }
    heap_free(work->wanted);
}

static int fail_with(struct work *work, rd_kafka_resp_err_t error, const char *what)
{
    buffer_format(work->text, "%s: %s\n", what, rd_kafka_err2name(error));
    int code = kafka_error_of(error);
    return code == ERR_TIMEOUT ? ERR_UNAVAILABLE : code;
}

/* Waits for the answer of an admin request; NULL (and a line) when there is none. The caller destroys it. */
static rd_kafka_event_t *wait_for_answer(struct work *work, rd_kafka_queue_t *queue,
                                         const char *what)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 2 * WAIT_MS);
    if (event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return event;
    }
    buffer_format(work->text, "%s: %s\n", what,
                  event == NULL ? "no answer" : rd_kafka_event_error_string(event));
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    return NULL;
}

static rd_kafka_AdminOptions_t *options_of(struct work *work, rd_kafka_admin_op_t op)
{
    char text[TEXT_MAX];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(work->handle, op);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, WAIT_MS, text, sizeof text);
    if (op == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
        (void)rd_kafka_AdminOptions_set_operation_timeout(options, WAIT_MS, text, sizeof text);
    }
    return options;
}

/* ---- create */

static const struct rd_kafka_metadata_topic *find_topic(const struct rd_kafka_metadata *metadata,
                                                        const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, name) == 0 && metadata->topics[i].err == 0) {
            return &metadata->topics[i];
        }
    }
    return NULL;
}

static rd_kafka_NewTopic_t *new_topic(const struct work *work, const struct wanted *wanted)
{
    char text[TEXT_MAX];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(wanted->name.text, work->plan->partition_count,
                              work->plan->is_single ? 1 : 3, text, sizeof text);
    for (size_t i = 0; i < wanted->setting_count; i++) {
        (void)rd_kafka_NewTopic_set_config(topic, wanted->settings[i].name,
                                           wanted->settings[i].value);
    }
    return topic;
}

static int take_created(struct work *work, rd_kafka_event_t *event)
{
    int error = 0;
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        const char *name = rd_kafka_topic_result_name(results[i]);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            buffer_format(work->text, "created %s\n", name);
        } else if (code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            const char *why = rd_kafka_topic_result_error_string(results[i]);
            buffer_format(work->text, "%s: %s\n", name,
                          why == NULL ? rd_kafka_err2name(code) : why);
            error = ERR_IO;
        }
    }
    return error;
}

static int create(struct work *work, rd_kafka_NewTopic_t **topics, size_t count)
{
    if (count == 0) {
        return 0;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(work->handle);
    rd_kafka_AdminOptions_t *options = options_of(work, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(work->handle, topics, count, options, queue);
    rd_kafka_event_t *event = wait_for_answer(work, queue, "creating topics");
    int error = event == NULL ? ERR_UNAVAILABLE : take_created(work, event);
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return error;
}

static int get_metadata(struct work *work, const struct rd_kafka_metadata **ret_metadata)
{
    rd_kafka_resp_err_t error = rd_kafka_metadata(work->handle, 1, NULL, ret_metadata, WAIT_MS);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? 0
                                               : fail_with(work, error, "asking for the topics");
}

static int create_missing(struct work *work)
{
    const struct rd_kafka_metadata *metadata;
    int error = get_metadata(work, &metadata);
    if (error != 0) {
        return error;
    }
    rd_kafka_NewTopic_t *topics[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < work->wanted_count; i++) {
        const struct wanted *wanted = &work->wanted[i];
        const struct rd_kafka_metadata_topic *found = find_topic(metadata, wanted->name.text);
        if (found == NULL) {
            topics[count++] = new_topic(work, wanted);
        } else if (found->partition_cnt != work->plan->partition_count) {
            buffer_format(work->text, "%s has %d partitions, not %" PRId32 "\n", wanted->name.text,
                          found->partition_cnt, work->plan->partition_count);
            error = ERR_CONFLICT;
        }
    }
    if (error == 0) {
        error = create(work, topics, count);
    }
    rd_kafka_NewTopic_destroy_array(topics, count);
    rd_kafka_metadata_destroy(metadata);
    return error;
}

/* ---- the groups' first offsets */

struct group {
    const char *service;
    char name[TEXT_MAX];
    rd_kafka_topic_partition_list_t *list; /* of what the group should have */
};

static void open_group(struct work *work, size_t first, struct group *ret_group, size_t *ret_next)
{
    ret_group->service = work->plan->inputs[first].service;
    (void)snprintf(ret_group->name, sizeof ret_group->name, "%s-%s", work->prefix,
                   ret_group->service);
    ret_group->list = rd_kafka_topic_partition_list_new(work->plan->partition_count);
    size_t i = first;
    while (i < work->plan->input_count &&
           strcmp(work->plan->inputs[i].service, ret_group->service) == 0) {
        struct topic_name name = topic_name_of(work->prefix, work->plan->inputs[i].topic);
        for (int32_t index = 0; index < work->plan->partition_count; index++) {
            rd_kafka_topic_partition_list_add(ret_group->list, name.text, index);
        }
        i++;
    }
    *ret_next = i;
}

/* A handle of the group that never joins it. */
static int open_member(struct work *work, const struct group *group, rd_kafka_t **ret_member)
{
    const struct kafka_property musts[] = {
        {"group.id", group->name}, {"isolation.level", "read_committed"}, {NULL, NULL}};
    rd_kafka_conf_t *conf;
    int error = kafka_conf_new(work->config, NULL, musts, &conf);
    return error != 0 ? error : kafka_handle_new(RD_KAFKA_CONSUMER, conf, ret_member);
}

/* Where a partition begins. One that was just created has no leader for a moment. */
static rd_kafka_resp_err_t find_beginning(rd_kafka_t *member,
                                          const rd_kafka_topic_partition_t *at, int64_t *ret_low)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int n = 0; n < WAIT_MS / RETRY_MS; n++) {
        int64_t high;
        code = rd_kafka_query_watermark_offsets(member, at->topic, at->partition, ret_low, &high,
                                                WAIT_MS);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
            break;
        }
        (void)rd_kafka_poll(member, RETRY_MS); /* a wait, in which errors are served */
    }
    return code;
}

/* The coordinator of a new group moves while the broker makes its offsets topic: asked again after a wait. */
static bool is_settling(rd_kafka_t *member, rd_kafka_resp_err_t code, int tries)
{
    bool settling = code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
                    code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
                    code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
    if (!settling || tries >= WAIT_MS / RETRY_MS) {
        return false;
    }
    (void)rd_kafka_poll(member, RETRY_MS); /* a wait, in which errors are served */
    return true;
}

/* Leaves in `ret_missing` what has no committed offset, at the beginning of what is there. */
static int find_missing(struct work *work, rd_kafka_t *member, struct group *group,
                        rd_kafka_topic_partition_list_t **ret_missing)
{
    rd_kafka_resp_err_t code;
    int tries = 0;
    do {
        code = rd_kafka_committed(member, group->list, 2 * WAIT_MS);
    } while (is_settling(member, code, tries++));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail_with(work, code, group->name);
    }
    rd_kafka_topic_partition_list_t *missing = rd_kafka_topic_partition_list_new(1);
    for (int i = 0; i < group->list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &group->list->elems[i];
        int64_t low;
        if (at->offset >= 0) {
            continue;
        }
        code = find_beginning(member, at, &low);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_topic_partition_list_destroy(missing);
            return fail_with(work, code, at->topic);
        }
        rd_kafka_topic_partition_list_add(missing, at->topic, at->partition)->offset = low;
    }
    *ret_missing = missing;
    return 0;
}

static int write_offsets(struct work *work, rd_kafka_t *member, struct group *group)
{
    rd_kafka_topic_partition_list_t *missing;
    int error = find_missing(work, member, group, &missing);
    if (error != 0) {
        return error;
    }
    if (missing->cnt > 0) {
        rd_kafka_resp_err_t code;
        int tries = 0;
        do {
            code = rd_kafka_commit(member, missing, 0);
        } while (is_settling(member, code, tries++));
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            error = fail_with(work, code, group->name);
        } else {
            buffer_format(work->text, "wrote %d first offsets of %s\n", missing->cnt, group->name);
        }
    }
    rd_kafka_topic_partition_list_destroy(missing);
    return error;
}

static int check_offsets(struct work *work, rd_kafka_t *member, struct group *group)
{
    rd_kafka_topic_partition_list_t *missing;
    int error = find_missing(work, member, group, &missing);
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

static int each_group(struct work *work, int (*visit)(struct work *, rd_kafka_t *, struct group *))
{
    int error = 0;
    size_t next = 0;
    while (next < work->plan->input_count && error == 0) {
        struct group group;
        open_group(work, next, &group, &next);
        rd_kafka_t *member;
        error = open_member(work, &group, &member);
        if (error == 0) {
            error = visit(work, member, &group);
            rd_kafka_destroy(member);
        }
        rd_kafka_topic_partition_list_destroy(group.list);
    }
    return error;
}

int topics_create(const struct config *config, const struct topics_plan *plan,
                  struct buffer *ret_text)
{
    struct work work = {.config = config, .plan = plan, .text = ret_text};
    int error = open_work(&work);
    if (error == 0) {
        error = create_missing(&work);
    }
    if (error == 0) {
        error = each_group(&work, write_offsets);
    }
    close_work(&work);
    return error;
}

/* ---- check */

static void differ(struct work *work, const char *where, const char *what, const char *found,
                   const char *cure)
{
    buffer_format(work->text, "%s: %s is %s, should be %s\n", where, what, found, cure);
    work->differences++;
}

typedef void (*value_fn)(struct work *work, const char *resource, const char *name,
                         const char *value, const void *ctx);

/* Asks for the settings of resources and gives each to `take`. */
static int describe(struct work *work, rd_kafka_ConfigResource_t **resources, size_t count,
                    value_fn take, const void *ctx)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(work->handle);
    rd_kafka_AdminOptions_t *options = options_of(work, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(work->handle, resources, count, options, queue);
    rd_kafka_event_t *event = wait_for_answer(work, queue, "asking for settings");
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

static void compare_topic_setting(struct work *work, const char *resource, const char *name,
                                  const char *value, const void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < work->wanted_count; i++) {
        const struct wanted *wanted = &work->wanted[i];
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

static void compare_broker_setting(struct work *work, const char *resource, const char *name,
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
            char where[TEXT_MAX];
            (void)snprintf(where, sizeof where, "broker %s", resource);
            differ(work, where, name, value, rule->cure);
        }
    }
}

static int check_topics(struct work *work, const struct rd_kafka_metadata *metadata)
{
    rd_kafka_ConfigResource_t *resources[NAMES_MAX];
    size_t count = 0;
    int replicas = work->plan->is_single ? 1 : 3;
    for (size_t i = 0; i < work->wanted_count; i++) {
        const char *name = work->wanted[i].name.text;
        const struct rd_kafka_metadata_topic *found = find_topic(metadata, name);
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

static int check_brokers(struct work *work, const struct rd_kafka_metadata *metadata)
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

int topics_check(const struct config *config, const struct topics_plan *plan,
                 struct buffer *ret_text)
{
    struct work work = {.config = config, .plan = plan, .text = ret_text};
    const struct rd_kafka_metadata *metadata = NULL;
    int error = open_work(&work);
    if (error == 0) {
        error = get_metadata(&work, &metadata);
    }
    if (error == 0) {
        error = check_topics(&work, metadata);
    }
    if (error == 0) {
        error = check_brokers(&work, metadata);
    }
    if (error == 0) {
        error = each_group(&work, check_offsets);
    }
    if (metadata != NULL) {
        rd_kafka_metadata_destroy(metadata);
    }
    close_work(&work);
    return error != 0 ? error : work.differences > 0 ? ERR_CONFLICT : 0;
}
