/* sw-notifier: brings notices to people. One part per partition holds what was taken and not yet ended; a flight is one
 * attempt to send, outside of every transaction. Internal to the notifier. */
#ifndef NOTIFIER_NOTIFIER_H
#define NOTIFIER_NOTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "base/wheel.h"
#include "core/notice/life.h"
#include "core/notice/quota.h"
#include "core/notice/stops.h"
#include "core/org/org.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/kafka.h"
#include "io/keyring.h"
#include "io/redis.h"
#include "io/service.h"
#include "io/stream.h"
#include "notifier/counters.h"
#include "wire/pack.h"

#define NOTIFIER_SOURCE "/shouwang/notifier" /* of the records it writes */

enum {
    NOTIFIER_ARENA_BYTES = 8 * 1024 * 1024,
    NOTIFIER_HELD_MAX = 4 * 1024 * 1024, /* notices of one part; the inputs pause long before */
    NOTIFIER_URGENT_MAX = 1024 * 1024,   /* urgent ones of a part, before it stops reading more */
    NOTIFIER_RECENT = 64 * 1024, /* ids of notices that ended lately, of a part; a power of two */
    NOTIFIER_KEY_BYTES = 160,    /* of an entity's key */
    NOTIFIER_REASON_BYTES = 32,
    NOTIFIER_MESSAGE_ID_BYTES = 65,
    NOTIFIER_CLAIM_BYTES = 64,
};

enum notifier_lane { LANE_URGENT, LANE_BULK, LANE_COUNT };

struct texts;

struct notifier {
    struct service *service;
    struct loop *loop;
    struct stream *stream;
    struct heartbeat *heartbeat; /* NULL: none is wanted */
    struct redis *redis;
    struct http_client *client;
    struct http_server *server;      /* callbacks of the provider */
    struct kafka_producer *producer; /* callbacks, placed by their unit */
    struct keyring *keyring;
    struct texts *texts;
    struct counters counters;
    struct loop_timer *watch; /* readiness; parts that wait for a fresh proof of ownership */
    struct list parts;
    struct arena arena;  /* of one callback */
    struct list hooks;   /* callbacks that wait for Kafka */
    struct list orphans; /* flights whose part was lost */
    unsigned in_flight[LANE_COUNT];
    unsigned in_flight_max[LANE_COUNT];
    size_t held_max; /* bulk notices held by a part before it stops reading more */
    struct quota_limits limits;
    int64_t send_timeout_ms;
    int64_t mail_timeout_ms;
    const char *topic_prefix;
    const char *provider_url;
    const char *mail_url;             /* NULL: mail goes to the provider, too */
    struct http_mail mail;            /* without a recipient */
    const char *link_url;             /* NULL: messages carry no acknowledgement link */
    char claim[NOTIFIER_CLAIM_BYTES]; /* ours: "sending <slot> <boot>" */
    bool names_person;                /* to the pretend phones: whose screen it is */
    bool is_withheld;                 /* notices wait for a fresh proof of ownership */
    bool is_draining;                 /* nothing is sent any more */
    bool is_leaving;                  /* the stream drains */
};

/* What a timer of a part is about. */
enum part_timer_kind {
    PART_TIMER_FREE,
    PART_TIMER_HELD,
    PART_TIMER_STOP,
    PART_TIMER_CALLEE,
    PART_TIMER_DIGEST,
};

struct part_timer {
    enum part_timer_kind kind;
    void *owner;
    uint32_t next_free; /* index + 1, of a free one */
};

struct part {
    struct notifier *notifier;
    struct stream_partition *partition;
    int32_t index;
    bool is_live;
    bool is_paused[LANE_COUNT];
    struct list node; /* in notifier->parts */
    struct org *org;
    struct erasure_keys *erasure;
    struct pack_store *packs;
    struct stops *stops;
    struct map stop_entities; /* stop id -> struct stop_entity */
    struct map held;          /* notice id -> struct held */
    struct map callees;       /* entity key -> struct callee */
    struct map digests;       /* slot, person and channel -> struct digest_group */
    size_t digest_budget;     /* parts that this turn may merge */
    struct map flights;       /* notice id -> struct flight, one at a time */
    struct list ready[LANE_COUNT];
    struct list inbox;    /* flights with an answer to be stepped */
    struct list applied;  /* stepped, not committed yet */
    struct list underway; /* claiming, asking, sending */
    struct list parked;   /* answered, while their notice is undone */
    size_t bulk_count;
    struct ident *recent; /* by the id's first bytes; forgotten whenever a batch is undone */
    bool has_recent;
    struct wheel *wheel;
    struct part_timer *timers;
    uint32_t timer_count;
    uint32_t timer_free; /* index + 1 */
    uint64_t next_token;
    struct arena arena; /* of one call */
};

/* A notice that was taken and has not ended: an entity, `<unit>/notice/<id>`. */
struct held {
    struct ident id;
    struct notice_life life;
    enum notifier_lane lane;
    enum case_channel channel;
    enum case_channel via; /* SMS when a quota turned a call into one */
    struct ident case_id;
    uint32_t generation;
    int64_t created_ms;
    bool wants_key_press;
    bool may_wait;   /* never sent in quiet hours */
    bool waits;      /* for the digest of its slot, which is life.next_ms */
    bool has_merged; /* its later receipts name other notices too */
    bool was_silent; /* the last send has no known end; in memory only */
    struct str unit; /* these point behind the struct */
    struct str person;
    struct str role;
    struct str address_digest;
    struct str record; /* the encoded Notice */
    char message_id[NOTIFIER_MESSAGE_ID_BYTES];
    uint32_t timer;
    struct list node; /* in part->ready, or alone */
};

#endif
