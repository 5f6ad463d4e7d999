/* The pretend phones: the notifier's provider for every channel in the demo, the tests and trials, and the screens on
 * which the people told see what they were told. It keeps everything in memory and delivers nothing anywhere.
 *
 * The provider contract (HTTP, JSON), which is also what a real adapter is written against:
 *
 *   POST {phone}/v1/send                              message ProviderSend of proto/shouwang/v1/provider.proto
 *     {"notice_id": "<32 hex>",      the notice; sending it again is answered as the first time and never rings twice
 *      "ref": "<token>",             signed notice reference; handed back in callbacks, at most 511 bytes
 *      "channel": "voice" | "sms" | "wecom" | "mail" | …,
 *      "to": "<address>",            the opened address
 *      "text": "…",                  UTF-8, at most 4,096 bytes
 *      "keys": "1",                  voice: the keys that may be pressed ("" or absent: none)
 *      "person": "p-…", "role": "duty_leader"}    optional: which screen shows it
 *   -> 200 {"message_id": "…"}                        accepted
 *      400 {"error": "…"}                             never will be: not to be retried (any 4xx but 429)
 *      429 {"retry_after_ms": 5000}                   quota: one call a minute and one SMS a second to one address
 *      503 {"error": "…"}                             for now (--hold): retry inside the notice's deadline
 *
 *   GET {phone}/v1/messages/<notice_id>               whether it was accepted
 *   -> 200 ProviderMessage | 404
 *
 *   POST {notifier}/v1/callbacks                      where --callbacks points; tried again for 10 minutes
 *     {"ref": "<token>", "state": "delivered" | "reached" | "refused", "digits": "1", "at": 1764000000123,
 *      "message_id": "…"}             a pressed key is "reached" with its digits: what it means is the notifier's to say
 *   -> 2xx: taken; 4xx: not to be repeated; else again
 *
 * For people: GET / (all screens), GET /person/<to>. For checkers: --log FILE, one JSON object per line and send
 * (ProviderLog, repeats and refusals too), flushed before the answer; POST /v1/hold and /v1/release switch --hold while
 * it runs; POST /v1/press {"notice_id", "state", "digits"} answers a call as its screen does; GET /v1/counts. */
#ifndef CTL_PHONE_H
#define CTL_PHONE_H

#include "ctl/commands.h"

/* The row `ctl_command_phone` runs until SIGTERM or SIGINT. */

#endif
