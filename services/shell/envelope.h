/* A record of ours on its way to Kafka: CloudEvents headers that say what it is, of whom and when. One writer, so that all
 * services say it alike. */
#ifndef SHELL_ENVELOPE_H
#define SHELL_ENVELOPE_H

#include <stdint.h>

#include "base/str.h"
#include "io/kafka.h"
#include "io/stream.h"
#include "wire/cloudevents.h"
#include "wire/json.h"

enum { ENVELOPE_TYPE_MAX_BYTES = 128 };

/* All borrowed. */
struct envelope {
    enum topic topic;
    struct str unit;    /* places the record */
    const char *source; /* "/shouwang/triage" */
    struct str kind;    /* of the type "shouwang.<topic>.<kind>", the topic's first word */
    struct str id;
    struct str subject; /* opaque; may be empty */
    int64_t at_ms;
    struct str partner; /* not empty: to this partner's feed instead of `topic` */
};

/* Holds what an output borrows. */
struct envelope_room {
    char type[ENVELOPE_TYPE_MAX_BYTES];
    char at[JSON_TIME_BYTES];
    struct kafka_header headers[CLOUDEVENT_HEADERS_MAX];
};

/* The output with its headers; borrows from everything. A kind that does not fit is left out of the type. */
void envelope_output(const struct envelope *envelope, struct str value, struct envelope_room *room,
                     struct kafka_output *ret_output);

/* The same as an effect of a step. */
void envelope_emit(const struct envelope *envelope, struct str value,
                   struct stream_effects *effects);

#endif
