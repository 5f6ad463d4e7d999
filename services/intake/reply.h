/* The answers of /v1/events and /v1/import. Each is JSON, counted by its status, and says for each event what became of it:
 *
 *     202 {"id":"e-1","status":"accepted"}
 *     400 {"id":"e-1","status":"refused","reason":"unknown_value","text":"…","field":"/data/danger"}
 *     503 {"status":"unavailable","reason":"kafka"}        with Retry-After
 *
 * A batch is {"accepted":2,"refused":1,"unavailable":0,"items":[…]}, in the order it came in, under the status that asks
 * for the most: 503 when any event must be sent again, else 400 (403 if all that was refused was not allowed), else 202. A
 * file likewise:
 *
 *     {"rows":223,"rows_refused":1,"accepted":668,"refused":1,"unavailable":0,
 *      "errors":[{"row":5,"column":9,"name":"PHQ-9/9","reason":"missing","text":"…"}],"errors_left_out":0,"unread_from":0} */
#ifndef INTAKE_REPLY_H
#define INTAKE_REPLY_H

#include <stdint.h>

#include "intake/submission.h"
#include "intake/upload.h"

/* All items have ended. */
void reply_submission(struct submission *submission);

/* All is read, and Kafka has answered for all events. */
void reply_upload(struct upload *upload);

/* Whether the reason is one of those that are answered 403. */
bool reply_is_forbidden(enum reject_reason reason);

/* The request as a whole is refused. */
void reply_fault(struct intake *intake, struct http_request *request, const struct fault *fault);

/* Come again after `wait_ms`: 429 or 503 with its code. */
void reply_later(struct intake *intake, struct http_request *request, unsigned status,
                 const char *code, int64_t wait_ms);

void reply_unauthorized(struct intake *intake, struct http_request *request);

#endif
