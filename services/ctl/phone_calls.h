/* The callbacks of the pretend phones: delivered, answered, refused, each told to the notifier until it takes it. */
#ifndef CTL_PHONE_CALLS_H
#define CTL_PHONE_CALLS_H

#include <stdint.h>

#include "base/error.h"
#include "ctl/phone_store.h"
#include "io/loop.h"

struct phone_calls;

struct phone_calls_counts {
    uint64_t taken;    /* 2xx */
    uint64_t refused;  /* 4xx */
    uint64_t given_up; /* after 10 minutes */
    uint64_t waiting;
};

/* `moved` is called when a message has another state. */
struct phone_calls_options {
    const char *url;         /* "http://127.0.0.1:8083/v1/callbacks"; NULL: nobody is told */
    int64_t delivered_ms;    /* from accepted to delivered; -1: never by itself */
    int64_t answer_after_ms; /* from accepted to the key-press of those who answer */
    unsigned
        answer_per_mille; /* how many of the calls that want a key are answered; chosen by the notice's id */
    void (*moved)(struct phone_message *message, void *ctx);
    void *ctx;
};

/* ERR_MEMORY, ERR_IO. */
SW_NODISCARD int phone_calls_new(struct loop *loop, const struct phone_calls_options *options,
                                 struct phone_calls **ret_calls);
/* NULL is fine; what waits is not told. */
void phone_calls_free(struct phone_calls *calls);

/* A message was accepted: plans what will become of it. It must live as long as the calls. */
void phone_calls_accepted(struct phone_calls *calls, struct phone_message *message);

/* Somebody at the screen: "reached" with a key, or "refused". ERR_ILLEGAL: it was answered before; ERR_MEMORY. */
SW_NODISCARD int phone_calls_press(struct phone_calls *calls, struct phone_message *message,
                                   const char *state, const char *digits);

struct phone_calls_counts phone_calls_counts(const struct phone_calls *calls);

#endif
