/* What a test of one service stands on: topics of its own on a real broker, a producer and a reader of them, an HTTP client,
 * a folder with keys; and the service as a process. Every failure is an assertion, every wait has a bound. */
#ifndef TESTS_SUPPORT_OUTSIDE_H
#define TESTS_SUPPORT_OUTSIDE_H

#include <stdint.h>
#include <sys/types.h>

#include "core/org/record.h"
#include "io/erasure.h"
#include "io/http_client.h"
#include "io/kafka.h"
#include "io/keyring.h"

enum { OUTSIDE_WAIT_MS = 30000 };

struct outside_plan {
    const char *name;      /* begins the topics' prefix */
    const char *bootstrap; /* NULL: SW_TEST_BOOTSTRAP */
    int partition_count;
    unsigned key_uses; /* KEYRING_* that the test itself wants; 0: there are no keys */
    const struct kafka_source *sources;
    size_t source_count;
    void (*take)(void *ctx, const struct kafka_record *record);
    void *ctx;
};

struct outside {
    const char *bootstrap;
    struct loop *loop;
    struct config *config;
    struct kafka_producer *producer;
    struct kafka_reader *reader;
    struct http_client *http;
    struct keyring *keyring;
    struct erasure_keys *erasure;
    struct arena arena;
    char folder[64]; /* keys in <folder>/keys */
    char prefix[48];
    unsigned produced;
    unsigned answered;
    unsigned status; /* of the last answer; 0: none came */
    int64_t retry_after_ms;
    char body[64 * 1024];
};

/* Makes all of it, and waits until the producer is up. */
void outside_open(struct outside *out, const struct outside_plan *plan);
void outside_close(struct outside *out);

/* Each is delivered when it returns. put_bytes places by the unit that the key names. */
void outside_put(struct outside *out, const struct kafka_output *output);
void outside_put_bytes(struct outside *out, enum topic topic, struct str key, struct str value);
void outside_put_org(struct outside *out, const struct org_record *record);

/* A new erasure key of that owner, which out->erasure knows too. */
void outside_put_key(struct outside *out, const char *unit, const char *id);

/* What differs from the reference pack: a text that stands in one of its files once, and what takes its place, as long. */
struct pack_patch {
    const char *from;
    const char *to;
};

/* The reference pack and its activation, once into the partition of each unit, as `swctl pack activate` does. */
void outside_put_pack(struct outside *out, const char *const *units, size_t unit_count,
                      const struct pack_patch *patches, size_t patch_count);

/* HTTP: the status; the text is in out->body. */
unsigned outside_call(struct outside *out, const struct http_call_options *options);
unsigned outside_get(struct outside *out, uint16_t port, const char *path);
uint16_t outside_free_port(void);

/* Of an admin page: waits for /readyz; the sum of the series of /metrics that begin so, 0 when there is none. */
void outside_wait_ready(struct outside *out, uint16_t admin_port);
long outside_metric(struct outside *out, uint16_t admin_port, const char *series);

/* Starts a program with the settings of this place and up to 16 more "key=value", NULL-terminated; its log goes to the
 * file `log`, or NULL: to ours. It dies with the test. */
pid_t outside_spawn(struct outside *out, const char *program, const char *const *settings,
                    const char *log);

/* Sends the signal and waits; after SIGTERM it must have drained. */
void outside_end(pid_t pid, int signal_number);

#endif
