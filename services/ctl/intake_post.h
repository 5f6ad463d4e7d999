/* A request to intake, and its answer. */
#ifndef CTL_INTAKE_POST_H
#define CTL_INTAKE_POST_H

#include "ctl/ctl.h"

struct intake_answer {
    unsigned status;        /* 0: nobody answered */
    int64_t retry_after_ms; /* -1: not told */
    struct buffer body;
};

struct intake_request {
    const char *path; /* "/v1/events" */
    const char *content_type;
    struct str body;
    int64_t timeout_ms;
};

/* Posts with the token of the configuration and waits. The caller gives the answer to intake_answer_fini, whatever this
 * answers. ERR_*: there is no status. */
SW_NODISCARD int intake_post(struct ctl *ctl, const struct intake_request *request,
                             struct intake_answer *ret_answer);
void intake_answer_fini(struct intake_answer *answer);

#endif
