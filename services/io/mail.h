/* Mail: a message in plain UTF-8 text as its bytes (RFC 5322, MIME), and its way to a server (SMTP with STARTTLS).
 *
 * Nothing that a caller passes can add a header line: addresses are refused unless they are plain, and a subject is
 * encoded. */
#ifndef IO_MAIL_H
#define IO_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "io/http_client.h"

enum { MAIL_ADDRESS_MAX_BYTES = 254, MAIL_SUBJECT_MAX_BYTES = 240 };

/* All borrowed. */
struct mail_message {
    struct str from; /* addresses without names: a@b.example */
    struct str to;
    struct str subject; /* UTF-8; cut to MAIL_SUBJECT_MAX_BYTES and at its first line end */
    struct str text;    /* UTF-8 */
    struct str id;      /* printable ASCII: Message-ID is <id@domain of from> */
    int64_t at_ms;      /* ms of UTC since the epoch */
    int32_t offset_s;   /* of the sender's zone at that instant, seconds east of UTC */
};

/* Whether a text is an address that may stand in a header and an envelope: one '@' between printable ASCII without spaces
 * and delimiters. */
bool mail_is_address(struct str text);

/* The bytes of the message, in `arena`. ERR_INVALID: an address is none, or a text is not UTF-8; ERR_MEMORY. */
SW_NODISCARD int mail_format(const struct mail_message *message, struct arena *arena,
                             struct str *ret_bytes);

/* How far a mail came. */
enum mail_outcome {
    MAIL_TAKEN, /* the server has it */
    MAIL_LATER, /* the server, or we with it, cannot now: no connection, no TLS, no login, 4xx */
    MAIL_NEVER, /* the server will not take this one: 5xx */
    MAIL_CANCELLED, /* by us, before a byte of it went out */
    MAIL_SILENT,    /* it may or may not have it */
};

/* What the result of a call with `mail` means. */
enum mail_outcome mail_outcome_of(const struct http_call_result *result);

#endif
