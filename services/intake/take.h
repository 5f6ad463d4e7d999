/* What every request that brings events goes through: may anything be taken now, and by whom; then each event from what its
 * sender wrote to Kafka. */
#ifndef INTAKE_TAKE_H
#define INTAKE_TAKE_H

#include "intake/intake.h"
#include "wire/cloudevents.h"
#include "wire/instrument.h"

/* The token of a request, the org's; NULL: nothing is taken now, or there is none, and the request has been answered. */
const struct org_token *take_admit(struct intake *intake, struct http_request *request);

/* The instruments of the pack that judges for the unit; NULL: none yet. */
const struct instrument_set *take_instruments(const struct intake *intake, struct str unit);

struct take {
    const struct org_token *token;
    const struct cloudevent *source;
    /* Kafka's answer: called once if take_event answers 0. It begins by taking one off intake->in_flight. */
    kafka_done_fn done;
    void *ctx;
};

/* Reads, checks, seals and produces one event; its working memory is intake->arena, which the caller resets. ERR_INVALID:
 * refused, see `ret_fault`; any other error: come again. `*ret_family` is set as soon as it is known. */
SW_NODISCARD int take_event(struct intake *intake, const struct take *take, struct fault *ret_fault,
                            enum event_family *ret_family);

#endif
