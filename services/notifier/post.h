/* One send as bytes on their way: to the provider of a channel as JSON, to a partner's webhook as a signed CloudEvent, to a
 * mail server as a message. Internal to the notifier. */
#ifndef NOTIFIER_POST_H
#define NOTIFIER_POST_H

#include "notifier/notifier.h"

enum post_kind {
    POST_PROVIDER, /* may be asked whether it has a notice */
    POST_WEBHOOK,  /* drops repeats by the id that it is given */
    POST_MAIL,     /* can neither be asked nor told */
};

/* Lives in the part's arena, and points into itself. */
struct post {
    enum post_kind kind;
    struct http_call_options options; /* without its time-out and last word */
    struct http_mail mail;
    const char *headers[6]; /* NULL-terminated */
};

/* Which way a channel goes here. */
enum post_kind post_kind_of(const struct notifier *notifier, enum case_channel via);

/* ERR_NOT_FOUND: no such person, partner or address; ERR_DENIED: a conflict; ERR_CORRUPT: what must be opened does not;
 * ERR_INVALID: an address that no mail can go to; ERR_MEMORY. */
SW_NODISCARD int post_build(struct part *part, const struct held *held, enum case_channel via,
                            struct post **ret_post);

#endif
