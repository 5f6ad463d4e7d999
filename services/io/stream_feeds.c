#include "io/stream_feeds.h"

#include <string.h>

#include "base/assert.h"
#include "io/loop.h"

enum { ANSWER_MS = 1000, ASK_AGAIN_MS = 30 * 1000 };

static struct stream_feed *find(struct stream_feeds *feeds, const struct topic_name *name)
{
    for (size_t i = 0; i < feeds->count; i++) {
        if (strcmp(feeds->items[i].name.text, name->text) == 0) {
            return &feeds->items[i];
        }
    }
    return NULL;
}

static void drop(struct stream_feed *feed)
{
    if (feed->topic != NULL) {
        rd_kafka_topic_destroy(feed->topic);
    }
    *feed = (struct stream_feed){.topic = NULL};
}

static struct stream_feed *add(struct stream_feeds *feeds, rd_kafka_t *producer,
                               const struct topic_name *name)
{
    struct stream_feed *feed = &feeds->items[feeds->next];
    drop(feed);
    feed->name = *name;
    feed->topic = rd_kafka_topic_new(producer, name->text, NULL);
    sw_assert(feed->topic != NULL);
    feeds->count += feeds->count < STREAM_FEEDS_MAX;
    feeds->next = (feeds->next + 1) % STREAM_FEEDS_MAX;
    return feed;
}

static bool ask(rd_kafka_t *producer, rd_kafka_topic_t *topic)
{
    const struct rd_kafka_metadata *metadata;
    if (rd_kafka_metadata(producer, 0, topic, &metadata, ANSWER_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return true;
    }
    bool is_there = metadata->topic_cnt == 1 && metadata->topics[0].partition_cnt > 0;
    rd_kafka_metadata_destroy(metadata);
    return is_there;
}

bool stream_feeds_has(struct stream_feeds *feeds, rd_kafka_t *producer,
                      const struct topic_name *name)
{
    struct stream_feed *feed = find(feeds, name);
    int64_t now_ms = loop_monotonic_ms();
    if (feed == NULL) {
        feed = add(feeds, producer, name);
    }
    if (feed->asked_ms == 0 || (!feed->is_there && now_ms - feed->asked_ms > ASK_AGAIN_MS)) {
        feed->is_there = ask(producer, feed->topic);
        feed->asked_ms = now_ms;
    }
    feeds->missed += !feed->is_there;
    return feed->is_there;
}

void stream_feeds_doubt(struct stream_feeds *feeds)
{
    for (size_t i = 0; i < feeds->count; i++) {
        feeds->items[i].asked_ms = 0;
    }
}

void stream_feeds_forget(struct stream_feeds *feeds)
{
    for (size_t i = 0; i < feeds->count; i++) {
        drop(&feeds->items[i]);
    }
    feeds->count = 0;
    feeds->next = 0;
}
