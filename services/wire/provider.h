/* What the notifier and a provider say to each other over HTTP, as JSON. */
#ifndef WIRE_PROVIDER_H
#define WIRE_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "wire/fault.h"

enum {
    PROVIDER_BODY_MAX_BYTES = 16 * 1024, /* of what a provider says */
    PROVIDER_REF_MAX_BYTES = 512,
    PROVIDER_MESSAGE_ID_MAX_BYTES = 64,
    PROVIDER_DIGITS_MAX_BYTES = 8,
};

/* POST /v1/send */
struct provider_message {
    struct str notice_id; /* 32 hexadecimal digits: equal for every attempt */
    struct str ref;       /* to be handed back with every callback */
    struct str channel;   /* "voice" … */
    struct str to;
    struct str text;
    struct str keys;   /* the keys that may be pressed in a call; empty: none */
    struct str person; /* only for the pretend phones: whose screen it is; empty: not said */
    struct str role;
};

/* {"notice_id", "ref", "channel", "to", "text", "keys", "person", "role"}, in `arena`. ERR_INVALID: a text is not UTF-8; ERR_MEMORY. */
SW_NODISCARD int provider_encode(const struct provider_message *message, struct arena *arena,
                                 struct str *ret_json);

/* What a provider answers; members that it does not say are empty, or negative. */
struct provider_reply {
    struct str message_id; /* cut to its bound */
    int64_t retry_after_ms;
};

/* Never fails: what is no such JSON says nothing. Texts in `arena`. */
struct provider_reply provider_decode_reply(struct str body, struct arena *arena);

/* POST /v1/callbacks of the notifier. */
struct provider_callback {
    struct str ref;
    struct str state;
    struct str digits; /* [0-9*#]{0,8} */
    struct str message_id;
    int64_t at_ms; /* 0: not said */
};

/* Texts in `arena`. ERR_INVALID with the place; ERR_MEMORY. */
SW_NODISCARD int provider_decode_callback(struct str body, struct arena *arena,
                                          struct fault *ret_fault,
                                          struct provider_callback *ret_callback);

#endif
