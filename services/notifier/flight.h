/* One attempt to send a notice: claim, perhaps ask, send, answer. It runs between the steps; what came of it is stepped by
 * the part and committed, and only then is it gone. Internal to the notifier.
 *
 *     underway -> inbox -> applied -> gone          (undone: applied -> inbox)
 *                   \-> parked                      (its notice is undone, and will be taken again)
 *
 * When the part is lost a flight that is being sent goes on as an orphan, so that its claim ends as `accepted` for whoever
 * comes after us. */
#ifndef NOTIFIER_FLIGHT_H
#define NOTIFIER_FLIGHT_H

#include "notifier/notifier.h"
#include "notifier/post.h"

struct callee;
struct flight;

enum claim_outcome {
    CLAIM_OURS,     /* nobody had it, or we ourselves in an earlier attempt */
    CLAIM_ACCEPTED, /* a provider has the notice */
    CLAIM_THEIRS, /* another process began to send it, and its end is not known; it is ours from now on */
    CLAIM_AWAY, /* Redis does not answer */
};

typedef void (*claim_done_fn)(struct flight *flight, enum claim_outcome outcome);

enum flight_stage { FLIGHT_CLAIMING, FLIGHT_ASKING, FLIGHT_SENDING, FLIGHT_ANSWERED };

struct flight {
    struct notifier *notifier;
    struct part *part; /* NULL: orphan */
    struct ident id;
    char id_text[IDENT_TEXT_BYTES];
    enum flight_stage stage;
    enum notifier_lane lane;
    enum case_channel channel;
    enum case_channel via;
    enum post_kind way;    /* of the send underway */
    struct callee *callee; /* of a call: counted against its quota */
    int64_t expires_ms;
    int64_t sent_ms;       /* UTC; 0: nothing was sent */
    int64_t sent_clock_ms; /* monotonic */
    bool sent_again;
    bool is_claimed;
    bool is_dropped; /* nobody wants its answer */
    struct notice_answer answer;
    char reason[NOTIFIER_REASON_BYTES];
    char message_id[NOTIFIER_MESSAGE_ID_BYTES];
    struct http_call *call;
    claim_done_fn claim_done;
    uint64_t token;
    struct list node;
};

/* Whether a send could be started now. */
bool flight_can_start(const struct part *part);

/* Whether a notice waits for nothing but a fresh proof of ownership. */
bool flight_is_withheld(const struct notifier *notifier);

/* Starts sends of ready notices, urgent ones first, as far as the lanes have room; nothing while the proof of ownership is
 * old. From step_time only: every control that is in the log was stepped before. `now_ms` is the time of that step. */
void flight_start_ready(struct part *part, int64_t now_ms);

/* The notice has ended or is stopped: its flight is called back as far as it still can be. */
void flight_drop(struct part *part, struct ident id);

/* The notice was taken (again): an answer that waits for it is stepped next. */
void flight_unpark(struct part *part, struct ident id);

/* Frees a flight that is answered. */
void flight_free(struct flight *flight);

/* The part is lost. */
void flight_orphan_all(struct part *part);

/* Room or Redis came back: parts that wait are asked again. */
void flight_kick_parts(struct notifier *notifier);

#endif
