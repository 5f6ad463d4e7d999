/* A notifier as a process with all around it: a broker (SW_TEST_BOOTSTRAP), a Redis of its own, a directory and the reference
 * pack, and a provider that the test plays. All people and numbers are made up; each sensitive value is a canary. */
#ifndef TESTS_SUPPORT_NOTIFIER_WORLD_H
#define TESTS_SUPPORT_NOTIFIER_WORLD_H

#include "support/runner.h"

#include <sys/types.h>

#include "base/ident.h"
#include "core/casework/terms.h"
#include "io/http_server.h"
#include "support/outside.h"
#include "support/redis_process.h"

enum { SENDS_MAX = 64, RECEIPTS_MAX = 64, BODY_BYTES = 8192, LIFE_MS = 60000 };

#define UNIT "no-3"
#define PUPIL_CANARY "canary-pupil-name"
#define PLACE_CANARY "canary-third-floor"
#define TEACHER_NUMBER "13900000001"
#define GUARDIAN_NUMBER "13900000002"

struct receipt {
    struct ident notice_id;
    int state;
    bool sent_again;
    char reason[32];
};

struct process {
    pid_t pid; /* 0: not running */
    uint16_t port;
    uint16_t admin_port;
};

struct world {
    struct outside out;
    struct http_server *provider;
    struct redis_process redis;
    struct process processes[2]; /* by slot; the second only where a case wants a twin */
    const char *program;         /* what world_spawn runs */
    unsigned status_to_give;     /* 0: accept */
    bool kills_sender;           /* accepts, and kills the notifier before it hears of it */
    bool does_not_tell;          /* answers 500 when asked whether it has a message */
    char sends[SENDS_MAX][BODY_BYTES];
    unsigned send_count;
    unsigned tries;
    struct receipt receipts[RECEIPTS_MAX];
    unsigned receipt_count;
};

/* cmocka's setup and teardown: everything, with the process of slot 0 running and ready; at the end each process must drain,
 * and no canary may be in its log. */
int world_new(void **state);
int world_free(void **state);

void world_spawn(struct world *world, unsigned slot);
void world_kill(struct world *world, unsigned slot); /* -9 */
void world_wait_ready(struct world *world, unsigned slot);

/* The sum of a metric over its labels. */
long world_metric(struct world *world, unsigned slot, const char *name);

/* An HTTP call; answers its status, the text is in world->out.body. */
unsigned world_call(struct world *world, const char *method, const char *url, struct str body);

struct order {
    uint8_t id;
    char *person;
    char *role;
    char *audience;
    enum case_channel channel;
    char *purpose;
    int64_t life_ms; /* 0: LIFE_MS */
    bool bulk;
};

/* Writes a notice, and waits until the broker has it. The id's first byte is `id`, the case is always the same. */
void world_notify(struct world *world, const struct order *order);
void world_notify_teacher(struct world *world, uint8_t id, enum case_channel channel);
void world_notify_guardian(struct world *world, uint8_t id, const char *person); /* by SMS */
void world_cancel(struct world *world, uint8_t notice);
void world_set_conflict(struct world *world, const char *person);

/* The first receipt of the notice in that state, or NULL; waited for, it must come. */
const struct receipt *world_find_receipt(const struct world *world, uint8_t id, int state);
const struct receipt *world_wait_receipt(struct world *world, uint8_t id, int state);

/* The one accepted send of a notice; there must be exactly one. */
const char *world_only_send(const struct world *world, uint8_t id);
bool world_was_sent(const struct world *world, uint8_t id);

/* The value of a text member of a send; static storage. */
const char *world_member(const char *send, const char *name);

#endif
