/* sw-intake: takes events over HTTP and answers only after all replicas of Kafka have them. It owns nothing. */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "intake/counters.h"
#include "intake/gate.h"
#include "io/buffer.h"
#include "io/http_server.h"
#include "io/kafka.h"
#include "io/keyring.h"
#include "io/service.h"
#include "shell/tables.h"

/* The parts of the process; one thread, so nothing is locked. */
struct intake {
    struct service *service;
    struct loop *loop;
    const struct config *config;
    struct keyring *keyring;
    struct tables *tables;
    struct kafka_producer *producer;
    struct http_server *http;
    struct gate *gate;
    struct counters counters;
    struct loop_timer *watch; /* readiness, and the end of a drain */
    struct arena arena;       /* of the event in hand: reset for each */
    struct buffer reply;      /* of the answer in hand */
    struct list submissions;  /* requests that wait for Kafka */
    struct list uploads;      /* files that are read, or wait for Kafka */
    size_t upload_count;
    struct maps *maps; /* of files of schools */
    size_t in_flight;  /* events that wait for Kafka */
    size_t in_flight_max;
    int64_t retry_after_ms; /* what a 503 advises */
    bool tables_ready;
    bool is_draining;
};

extern const struct service_definition intake_definition;

#endif
