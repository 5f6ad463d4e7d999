/* The first hours of cases, for the benches of casework: signals, deliveries, acknowledgements and time, without any I/O. */
#ifndef BENCH_CASES_LIFE_H
#define BENCH_CASES_LIFE_H

#include "cases_county.h"

#define CASES_START_MS INT64_C(1764000000000) /* a Tuesday morning, or so */

enum {
    CASES_FAMILIES = 4, /* cases of one pupil */
    CASES_HOURS_MS = 3 * 60 * 60 * 1000,
    CASES_SEALED_BYTES = 150, /* a sentence */
};

/* Called with each notice. */
typedef void (*cases_notice_fn)(void *ctx, const struct effect *effect);

struct cases {
    struct county county;
    struct effects effects;
    struct arena arena; /* of one call */
    char sealed[2][CASES_SEALED_BYTES];
    cases_notice_fn notice; /* may be NULL */
    void *ctx;
    size_t inputs;
    size_t notices;
};

/* NULL on success, else a sentence. */
const char *cases_open(const char *pack_folder, struct cases *ret_cases);
void cases_close(struct cases *cases);

struct casework *cases_casework(struct cases *cases, size_t case_max);

/* The signal that opens, or joins, the case of that number: of each 20 cases one is a crisis, four are high, ten a warning,
 * five need attention. `turn` tells it from others about the same case; texts lie in `room`. */
struct case_input cases_signal(const struct cases *cases, size_t number, size_t turn,
                               int64_t now_ms, char room[2][COUNTY_ID_BYTES]);

void cases_step(struct cases *cases, struct casework *casework, const struct case_input *input);

/* The receipts of what the last step sent: accepted, then delivered. */
void cases_deliver(struct cases *cases, struct casework *casework, int64_t now_ms);

/* What follows the opening within a minute: deliveries, and from high up acknowledgements, of a crisis one duty done. */
void cases_answer(struct cases *cases, struct casework *casework, size_t number,
                  struct ident case_id);

/* All deadlines until then, each at its time; or, as after an outage, all at once. */
void cases_run(struct cases *cases, struct casework *casework, int64_t until_ms);
void cases_jump(struct cases *cases, struct casework *casework, int64_t now_ms);

#endif
