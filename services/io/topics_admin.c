/* Creates the topics of the table on a cluster and writes the groups' first offsets. */
#include "io/topics_work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"

/* ---- what should be */

static void add_setting(struct topics_wanted *wanted, const char *name, int64_t value)
{
    sw_assert(wanted->setting_count < TOPICS_SETTINGS_MAX);
    struct topics_setting *setting = &wanted->settings[wanted->setting_count++];
    setting->name = name;
    (void)snprintf(setting->value, sizeof setting->value, "%" PRId64, value);
}

static void add_word(struct topics_wanted *wanted, const char *name, const char *value)
{
    add_setting(wanted, name, 0);
    struct topics_setting *setting = &wanted->settings[wanted->setting_count - 1];
    (void)snprintf(setting->value, sizeof setting->value, "%s", value);
}

static void want(struct topics_work *work, struct topic_name name, enum topic_kind kind,
                 int64_t retention_ms)
{
    sw_assert(work->wanted_count < TOPICS_NAMES_MAX);
    struct topics_wanted *wanted = &work->wanted[work->wanted_count++];
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

int topics_open_work(struct topics_work *work)
{
    work->prefix = config_text(work->config, "topic.prefix");
    work->wanted = heap_alloc_array(TOPICS_NAMES_MAX, sizeof *work->wanted);
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

void topics_close_work(struct topics_work *work)
{
    if (work->handle != NULL) {
        rd_kafka_destroy(work->handle);
    }
    heap_free(work->wanted);
}

/* ERR_UNAVAILABLE: the same may go well a moment later. A broker that has just started is no place for a replica until the
 * controller has heard of it, and a topic that was just created is unknown for a moment. */
static int code_of(rd_kafka_resp_err_t error)
{
    int code = kafka_error_of(error);
    bool is_passing = code == ERR_TIMEOUT ||
                      error == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR ||
                      error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    return is_passing ? ERR_UNAVAILABLE : code;
}

static int fail_with(struct topics_work *work, rd_kafka_resp_err_t error, const char *what)
{
    buffer_format(work->text, "%s: %s\n", what, rd_kafka_err2name(error));
    return code_of(error);
}

rd_kafka_event_t *topics_wait_for_answer(struct topics_work *work, rd_kafka_queue_t *queue,
                                         const char *what)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 2 * TOPICS_WAIT_MS);
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

rd_kafka_AdminOptions_t *topics_options_of(struct topics_work *work, rd_kafka_admin_op_t op)
{
    char text[TOPICS_TEXT_MAX];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(work->handle, op);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, TOPICS_WAIT_MS, text, sizeof text);
    if (op == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
        (void)rd_kafka_AdminOptions_set_operation_timeout(options, TOPICS_WAIT_MS, text,
                                                          sizeof text);
    }
    return options;
}

/* ---- create */

const struct rd_kafka_metadata_topic *topics_find_topic(const struct rd_kafka_metadata *metadata,
                                                        const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, name) == 0 && metadata->topics[i].err == 0) {
            return &metadata->topics[i];
        }
    }
    return NULL;
}

static rd_kafka_NewTopic_t *new_topic(const struct topics_work *work,
                                      const struct topics_wanted *wanted)
{
    char text[TOPICS_TEXT_MAX];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(wanted->name.text, work->plan->partition_count,
                              work->plan->is_single ? 1 : 3, text, sizeof text);
    for (size_t i = 0; i < wanted->setting_count; i++) {
        (void)rd_kafka_NewTopic_set_config(topic, wanted->settings[i].name,
                                           wanted->settings[i].value);
    }
    return topic;
}

static int take_created(struct topics_work *work, rd_kafka_event_t *event)
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
            work->done_count++;
        } else if (code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            const char *why = rd_kafka_topic_result_error_string(results[i]);
            buffer_format(work->text, "%s: %s\n", name,
                          why == NULL ? rd_kafka_err2name(code) : why);
            error = error == 0 || error == ERR_UNAVAILABLE ? code_of(code) : error;
        }
    }
    return error;
}

static int create(struct topics_work *work, rd_kafka_NewTopic_t **topics, size_t count)
{
    if (count == 0) {
        return 0;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(work->handle);
    rd_kafka_AdminOptions_t *options = topics_options_of(work, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(work->handle, topics, count, options, queue);
    rd_kafka_event_t *event = topics_wait_for_answer(work, queue, "creating topics");
    int error = event == NULL ? ERR_UNAVAILABLE : take_created(work, event);
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return error;
}

int topics_get_metadata(struct topics_work *work, const struct rd_kafka_metadata **ret_metadata)
{
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(work->handle, 1, NULL, ret_metadata, TOPICS_WAIT_MS);
    work->is_reached |= error == RD_KAFKA_RESP_ERR_NO_ERROR;
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? 0
                                               : fail_with(work, error, "asking for the topics");
}

static int create_missing(struct topics_work *work)
{
    const struct rd_kafka_metadata *metadata;
    int error = topics_get_metadata(work, &metadata);
    if (error != 0) {
        return error;
    }
    rd_kafka_NewTopic_t *topics[TOPICS_NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < work->wanted_count; i++) {
        const struct topics_wanted *wanted = &work->wanted[i];
        const struct rd_kafka_metadata_topic *found =
            topics_find_topic(metadata, wanted->name.text);
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

static bool has_leaders(const struct rd_kafka_metadata_topic *topic, int32_t partition_count)
{
    if (topic == NULL || topic->partition_cnt != partition_count) {
        return false;
    }
    for (int i = 0; i < topic->partition_cnt; i++) {
        if (topic->partitions[i].leader < 0) {
            return false;
        }
    }
    return true;
}

/* A broker answers that a topic is created a moment before every broker knows it. */
static int wait_for_leaders(struct topics_work *work)
{
    for (int n = 0; n < TOPICS_WAIT_MS / TOPICS_RETRY_MS; n++) {
        const struct rd_kafka_metadata *metadata;
        int error = topics_get_metadata(work, &metadata);
        if (error != 0) {
            return error;
        }
        bool is_all = true;
        for (size_t i = 0; i < work->wanted_count; i++) {
            is_all &= has_leaders(topics_find_topic(metadata, work->wanted[i].name.text),
                                  work->plan->partition_count);
        }
        rd_kafka_metadata_destroy(metadata);
        if (is_all) {
            return 0;
        }
        (void)rd_kafka_poll(work->handle, TOPICS_RETRY_MS); /* a wait, in which errors are served */
    }
    buffer_add_text(work->text, "the new topics have no leaders yet\n");
    return ERR_UNAVAILABLE;
}

int topics_read_plan(const struct config *config, struct topics_plan *ret_plan)
{
    struct buffer text;
    const struct topics_plan none = {.partition_count = 0};
    struct topics_work work = {.config = config, .plan = &none, .text = &text};
    const struct rd_kafka_metadata *metadata = NULL;
    buffer_init(&text, TOPICS_TEXT_MAX);
    int error = topics_open_work(&work);
    if (error == 0) {
        error = topics_get_metadata(&work, &metadata);
    }
    if (error == 0) {
        const struct rd_kafka_metadata_topic *found =
            topics_find_topic(metadata, work.wanted[TOPIC_DIRECTORY].name.text);
        if (found == NULL || found->partition_cnt == 0) {
            error = ERR_NOT_FOUND;
        } else {
            *ret_plan = (struct topics_plan){.partition_count = found->partition_cnt,
                                             .is_single = found->partitions[0].replica_cnt == 1};
        }
        rd_kafka_metadata_destroy(metadata);
    }
    topics_close_work(&work);
    buffer_fini(&text);
    return error;
}

/* ---- the groups' first offsets */

static void open_group(struct topics_work *work, size_t first, struct topics_group *ret_group,
                       size_t *ret_next)
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
static int open_member(struct topics_work *work, const struct topics_group *group,
                       rd_kafka_t **ret_member)
{
    const struct kafka_property musts[] = {
        {"group.id", group->name}, {"isolation.level", "read_committed"}, {NULL, NULL}};
    rd_kafka_conf_t *conf;
    int error = kafka_conf_new(work->config, NULL, musts, &conf);
    return error != 0 ? error : kafka_handle_new(RD_KAFKA_CONSUMER, conf, ret_member);
}

/* Where a partition begins. One that was just created has no leader for a moment. */
static rd_kafka_resp_err_t find_beginning(rd_kafka_t *member, const rd_kafka_topic_partition_t *at,
                                          int64_t *ret_low)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int n = 0; n < TOPICS_WAIT_MS / TOPICS_RETRY_MS; n++) {
        int64_t high;
        code = rd_kafka_query_watermark_offsets(member, at->topic, at->partition, ret_low, &high,
                                                TOPICS_WAIT_MS);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
            break;
        }
        (void)rd_kafka_poll(member, TOPICS_RETRY_MS); /* a wait, in which errors are served */
    }
    return code;
}

/* The coordinator of a new group moves while the broker makes its offsets topic: asked again after a wait. */
static bool is_settling(rd_kafka_t *member, rd_kafka_resp_err_t code, int tries)
{
    bool settling = code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
                    code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
                    code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
    if (!settling || tries >= TOPICS_WAIT_MS / TOPICS_RETRY_MS) {
        return false;
    }
    (void)rd_kafka_poll(member, TOPICS_RETRY_MS); /* a wait, in which errors are served */
    return true;
}

int topics_find_missing(struct topics_work *work, rd_kafka_t *member, struct topics_group *group,
                        rd_kafka_topic_partition_list_t **ret_missing)
{
    rd_kafka_resp_err_t code;
    int tries = 0;
    do {
        code = rd_kafka_committed(member, group->list, 2 * TOPICS_WAIT_MS);
    } while (is_settling(member, code, tries++));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail_with(work, code, group->name);
    }
    rd_kafka_topic_partition_list_t *missing = rd_kafka_topic_partition_list_new(1);
    for (int i = 0; i < group->list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &group->list->elems[i];
        if (at->offset < 0) {
            rd_kafka_topic_partition_list_add(missing, at->topic, at->partition);
        }
    }
    *ret_missing = missing;
    return 0;
}

static int commit_beginnings(struct topics_work *work, rd_kafka_t *member,
                             struct topics_group *group, rd_kafka_topic_partition_list_t *missing)
{
    rd_kafka_resp_err_t code;
    for (int i = 0; i < missing->cnt; i++) {
        code = find_beginning(member, &missing->elems[i], &missing->elems[i].offset);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return fail_with(work, code, missing->elems[i].topic);
        }
    }
    int tries = 0;
    do {
        code = rd_kafka_commit(member, missing, 0);
    } while (is_settling(member, code, tries++));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail_with(work, code, group->name);
    }
    buffer_format(work->text, "wrote %d first offsets of %s\n", missing->cnt, group->name);
    work->done_count++;
    return 0;
}

static int write_offsets(struct topics_work *work, rd_kafka_t *member, struct topics_group *group)
{
    rd_kafka_topic_partition_list_t *missing;
    int error = topics_find_missing(work, member, group, &missing);
    if (error != 0) {
        return error;
    }
    if (missing->cnt > 0) {
        error = commit_beginnings(work, member, group, missing);
    }
    rd_kafka_topic_partition_list_destroy(missing);
    return error;
}

int topics_each_group(struct topics_work *work,
                      int (*visit)(struct topics_work *, rd_kafka_t *, struct topics_group *))
{
    int error = 0;
    size_t next = 0;
    while (next < work->plan->input_count && error == 0) {
        struct topics_group group;
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

/* Whatever is there already is left alone, so all of it may be done again. */
static int create_all(struct topics_work *work)
{
    int error = create_missing(work);
    if (error == 0) {
        error = wait_for_leaders(work);
    }
    return error != 0 ? error : topics_each_group(work, write_offsets);
}

int topics_create(const struct config *config, const struct topics_plan *plan,
                  struct buffer *ret_text)
{
    struct topics_work work = {.config = config, .plan = plan, .text = ret_text};
    int error = topics_open_work(&work);
    int64_t until_ms = loop_monotonic_ms() + 2 * TOPICS_WAIT_MS;
    bool is_wanted = error == 0;
    while (is_wanted) {
        size_t len = ret_text->len;
        int done_count = work.done_count;
        error = create_all(&work);
        is_wanted = error == ERR_UNAVAILABLE && work.is_reached && loop_monotonic_ms() < until_ms;
        if (is_wanted && work.done_count == done_count) {
            ret_text->len = len; /* only complaints, which come again if they are true */
        }
        if (is_wanted) {
            (void)rd_kafka_poll(work.handle, TOPICS_RETRY_MS); /* a wait; errors are served */
        }
    }
    topics_close_work(&work);
    return error;
}
