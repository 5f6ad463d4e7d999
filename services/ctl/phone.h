/* The pretend phones: the notifier's provider for every channel in the demo, the tests and trials, and the screens on
 * which the people told see what they were told. It keeps everything in memory and delivers nothing anywhere.
 *
 * The provider contract (HTTP, JSON), which is also what a real adapter is written against:
 *
 *   POST {phone}/v1/send
 *     {"notice_id": "<32 hex>",      the notice; sending it again is answered as the first time and rings no second time,
 *                                    unless "attempt" is another
 *      "attempt": 1,                 optional, 1 when absent
 *      "ref": "<token>",             signed notice reference; handed back in callbacks, at most 511 bytes
 *      "channel": "voice" | "sms" | "wecom" | "mail" | …,
 *      "to": "<address>",            the opened address
 *      "person": "p-…", "role": "duty_leader",    optional: which screen shows it
 *      "text": "…",                  UTF-8, at most 4,096 bytes
 *      "keys": "1"}                  voice: the keys that may be pressed ("" or absent: none)
 *   -> 200 {"message_id": "…"}                        accepted
 *      400 {"error": "…"}                             never will be: not to be retried (any 4xx but 429)
 *      429 {"retry_after_ms": 5000}                   quota: one call a minute and one SMS a second to one address
 *      503 {"error": "…"}                             for now (--hold): retry inside the notice's deadline
 *
 *   GET {phone}/v1/messages/<notice_id>               whether it was accepted
 *   -> 200 {"notice_id", "message_id", "accepted_at": ms, "state": "accepted|delivered|reached|acked"} | 404
 *
 *   POST {notifier}/v1/callbacks                      where --callbacks points; retried with backoff for 10 minutes
 *     {"ref": "<token>", "state": "delivered" | "reached" | "acked" | "refused" | "failed",
 *      "digits": "1",                                 keys pressed, [0-9*#]{0,8}; "" without
 *      "at": 1764000000123,                           ms of UTC since the epoch
 *      "message_id": "…"}
 *   -> 2xx: taken; 4xx: not to be repeated; else again
 *
 * For people: GET / (all screens), GET /person/<to>. For checkers: the log, one JSON object per line and send
 * ({"at", "notice_id", "attempt", "channel", "to", "person", "role", "text", "answer": 200, "repeat": false}), flushed
 * before the answer; GET /v1/log gives the newest ones; POST /v1/hold and /v1/release switch --hold while it runs. */
#ifndef CTL_PHONE_H
#define CTL_PHONE_H

#include "ctl/ctl.h"

/* swctl phone: runs until SIGTERM or SIGINT. Answers the exit code. */
int ctl_phone(struct ctl *ctl, int argc, char **argv);

#endif
