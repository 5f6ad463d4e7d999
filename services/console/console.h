/* The console's parts, and what its files share: the directory and erasure keys in memory, sealing and opening. */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/str.h"
#include "console/actions.h"
#include "console/live.h"
#include "console/model.h"
#include "console/session.h"
#include "console/sign_in.h"
#include "console/view.h"
#include "io/http_server.h"
#include "io/kafka.h"
#include "io/keyring.h"
#include "io/loop.h"
#include "io/service.h"
#include "io/zmq.h"
#include "shell/tables.h"
#include "shouwang/v1/sealed.pb-c.h"

enum { CONSOLE_READINGS_MAX = 512 };

/* One user's recent reading of one case: further ones within ten minutes write no journal line of their own. */
struct console_reading {
    char login[SESSION_TEXT_BYTES];
    char case_hex[IDENT_TEXT_BYTES];
    int64_t at_ms;
};

struct feed;

struct console {
    struct service *service;
    struct loop *loop;
    struct keyring *keyring;
    struct tables *tables;
    struct model *model;
    struct http_server *http;
    struct live *live;
    struct sign_in *sign_in;
    struct actions *actions;
    struct feed *feed;
    struct kafka_producer *producer;
    struct zmq_sub *wire;
    const struct config *config;
    bool secure_cookies;
    struct console_reading readings[CONSOLE_READINGS_MAX]; /* a ring */
    size_t next_reading;
};

extern const struct service_definition console_definition;

/* Seals typed text as content under the unit's erasure key; in `arena`. */
SW_NODISCARD int console_seal(struct console *console, struct str unit, struct str text,
                              struct arena *arena, Shouwang__V1__Sealed **ret_sealed);

/* Opens a value of a unit's record as text; false when the keys do not allow it or it does not fit. */
bool console_open(const struct console *console, struct str unit,
                  const Shouwang__V1__Sealed *sealed, char *ret_text, size_t size);

/* Whether the pack that judges for the unit takes the code as evidence of the obligation under that key. Anything else
 * that was given is content and goes sealed, whatever the page says. */
bool console_takes_code(const struct console *console, struct str unit, struct str obligation,
                        struct str key, struct str code);

/* The pages and the API; see routes.c. */
SW_NODISCARD int console_add_routes(struct console *console);

/* The acknowledgement page behind a signed link; see ack_page.c. */
void ack_page_show(struct http_request *request, void *ctx);
void ack_page_act(struct http_request *request, void *ctx);

#endif
