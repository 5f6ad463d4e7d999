/* Checks passwords on a thread of its own: argon2id takes tens of milliseconds on purpose, and the loop must go on
 * serving acknowledgements meanwhile. One check at a time, a short queue behind it: a flood of guesses is refused. */
#ifndef CONSOLE_SIGN_IN_H
#define CONSOLE_SIGN_IN_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "io/loop.h"

enum { SIGN_IN_QUEUE_MAX = 32, SIGN_IN_TEXT_BYTES = 256 };

struct sign_in;

typedef void (*sign_in_done_fn)(bool good, void *ctx);

/* ERR_MEMORY, ERR_IO. */
SW_NODISCARD int sign_in_new(struct loop *loop, struct sign_in **ret_sign_in);

/* Waits for the check in hand; what is queued is answered false. NULL is fine. */
void sign_in_free(struct sign_in *sign_in);

/* Checks a password against the user's text; an empty text (no such user) takes as long and is false. `done` is called
 * exactly once, later, on the loop. ERR_FULL, ERR_TOO_LARGE: never called. */
SW_NODISCARD int sign_in_check(struct sign_in *sign_in, struct str text, struct str password,
                               sign_in_done_fn done, void *ctx);

#endif
