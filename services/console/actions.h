/* What a person decides becomes a command on Kafka; its outcome is the journal line that carries its id, for which the
 * caller waits up to 2 s. Losing Redis or the wire stops no command: without the wire the answer is "pending". */
#ifndef CONSOLE_ACTIONS_H
#define CONSOLE_ACTIONS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/str.h"
#include "console/session.h"
#include "io/http_server.h"
#include "shouwang/v1/command.pb-c.h"

enum { ACTIONS_WAIT_MS = 2000, ACTIONS_PENDING_MAX = 4096 };

struct console;
struct actions;

enum actions_outcome {
    ACTIONS_APPLIED,
    ACTIONS_REFUSED,     /* `reason` is the escalator's code */
    ACTIONS_PENDING,     /* in Kafka, no answer yet */
    ACTIONS_UNAVAILABLE, /* not in Kafka */
};

/* `reason` is borrowed. */
typedef void (*actions_done_fn)(enum actions_outcome outcome, struct str reason, void *ctx);

/* NULL when memory is out. `console` is borrowed. */
struct actions *actions_new(struct console *console);
/* What waits is answered pending. NULL is fine. */
void actions_free(struct actions *actions);

/* Sends the command (its id is drawn here) and calls `done` exactly once, later. ERR_FULL (too many wait),
 * ERR_UNAVAILABLE (Kafka takes nothing now): never called. */
SW_NODISCARD int actions_send(struct actions *actions, Shouwang__V1__Command *command,
                              actions_done_fn done, void *ctx);

/* A journal line was heard on the wire. */
void actions_heard(struct actions *actions, struct ident command_id, struct str outcome,
                   struct str reason);

/* Fills the command's action from a form (`name` as in the page's path: "acknowledge", "met", …): everything made lies
 * in `arena`, typed text is sealed under the subject's erasure key. ERR_INVALID: `ret_field` names the field;
 * ERR_NOT_FOUND: no such action; ERR_MEMORY. */
SW_NODISCARD int actions_fill(struct console *console, const char *name, struct http_request *form,
                              struct arena *arena, Shouwang__V1__Command *command,
                              const char **ret_field);

#endif
