/* One request to /v1/events on its way: its events are read, checked and produced at once, and it is answered when Kafka
 * has answered for all of them. */
#ifndef INTAKE_SUBMISSION_H
#define INTAKE_SUBMISSION_H

#include "intake/intake.h"
#include "wire/cloudevents.h"

enum { SUBMISSION_ID_BYTES = 129 };

enum item_state { ITEM_WAITING, ITEM_ACCEPTED, ITEM_REFUSED, ITEM_UNAVAILABLE };

struct submission;

/* One event of it. */
struct item {
    struct submission *submission;
    enum item_state state;
    enum event_family family;
    struct fault fault;           /* REFUSED */
    char id[SUBMISSION_ID_BYTES]; /* as given, when it is clean text; else empty */
};

struct submission {
    struct list link; /* in intake->submissions */
    struct intake *intake;
    struct http_request *request;
    int64_t began_us;
    bool is_batch;
    size_t waiting; /* items without Kafka's answer, and one while it is being read */
    size_t count;
    struct item items[];
};

/* The handler of POST /v1/events: `ctx` is the intake. */
void submission_begin(struct http_request *request, void *ctx);

/* Frees what is left without answering: the server does that. */
void submission_free_all(struct intake *intake);

#endif
