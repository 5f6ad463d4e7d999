/* The provider of messages: slow, silent, wrong, and now and then lying. It keeps what it has accepted, by id, and brings it to
 * people after a while. */
#ifndef TESTS_SIM_PROVIDER_H
#define TESTS_SIM_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ident.h"
#include "base/str.h"
#include "sim/machine.h"

/* What a send says. */
struct provider_sent {
    struct ident notice_id;
    struct str ref;
    struct str channel;
    struct str person;
    struct str role;
    bool takes_keys;
    const struct machine *from;
    bool is_accepted; /* the provider has it: it will ring */
    bool was_had;     /* and had it before */
    bool is_told;     /* the answer will say so, in time */
};

/* What becomes of a request; `status` 0: nothing is heard until the caller gives up. */
struct provider_verdict {
    unsigned status;
    int64_t after_ms;
    struct str body;
};

/* How it behaves, per 1,000 requests. */
struct provider_habits {
    unsigned busy;      /* 503, not accepted */
    unsigned throttled; /* 429 */
    unsigned refused;   /* 400: never */
    unsigned silent;    /* accepted, and not told */
    unsigned deaf;      /* neither accepted nor told */
    unsigned lying;     /* told as accepted, never brought */
    unsigned dead_line; /* connections that do not come about */
    unsigned forgetful; /* asked, it does not know what it has */
    unsigned failed;    /* brought to nobody, and said so */
    unsigned twice;     /* callbacks that come twice */
    unsigned no_word;   /* callbacks that never come */
    int64_t quick_ms;   /* answers, at least */
    int64_t slow_ms;    /* and at most */
    int64_t word_ms;    /* callbacks, at most */
    int64_t bring_ms;   /* from accepting to ringing, at most */
};

struct provider_calls {
    /* It has heard a send. */
    void (*heard)(void *ctx, const struct provider_sent *sent);
    /* It rings at a person. */
    void (*rings)(void *ctx, const struct provider_sent *sent);
    void *ctx;
};

struct provider *provider_new(struct machine_world *world, struct dice *dice,
                              const struct provider_calls *calls);
void provider_free(struct provider *provider);

void provider_set_habits(struct provider *provider, const struct provider_habits *habits);

/* Whether a connection comes about at all. */
bool provider_is_reached(struct provider *provider);

/* A request whose bytes have arrived. */
struct provider_verdict provider_take(struct provider *provider, const struct machine *from,
                                      const char *method, const char *url, struct str body);

/* Somebody pressed a key, or just answered: told to a notifier, until one takes it. */
void provider_tell(struct provider *provider, struct str ref, const char *state,
                   const char *digits);

#endif
