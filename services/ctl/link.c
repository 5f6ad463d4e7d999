/* swctl link: whoever was reported under a number that the directory did not know is a person of it; or who was taken for one
 * person is another, once the case was stood down for that. Each such case gets the command; the escalator answers for each. */
#include <string.h>

#include "base/ident.h"
#include "ctl/act.h"
#include "ctl/latest.h"
#include "shouwang/v1/case.pb-c.h"
#include "wire/decode.h"

enum { LINKS_MAX = 64, SCRATCH_BYTES = 32 << 20 };

struct links {
    char cases[LINKS_MAX][IDENT_TEXT_BYTES];
    size_t count;
};

static bool may_be_linked(const Shouwang__V1__Case *record)
{
    bool is_wrong = record->state == SHOUWANG__V1__CASE_STATE__CASE_STATE_STOOD_DOWN &&
                    record->stand_down_reason ==
                        SHOUWANG__V1__STAND_DOWN_REASON__STAND_DOWN_REASON_WRONG_PERSON;
    return is_wrong ||
           (record->unresolved && record->state != SHOUWANG__V1__CASE_STATE__CASE_STATE_CLOSED);
}

static void find_cases(struct latest *latest, const char *unresolved, struct links *links)
{
    struct arena scratch;
    arena_init(&scratch, SCRATCH_BYTES);
    for (size_t i = 0; i < latest_count(latest) && links->count < LINKS_MAX; i++) {
        struct fault fault;
        struct ident id;
        ProtobufCMessage *message = NULL;
        arena_reset(&scratch);
        if (decode_message(&shouwang__v1__case__descriptor, latest_at(latest, i)->value, &scratch,
                           &fault, &message) != 0) {
            continue;
        }
        const Shouwang__V1__Case *record = (const Shouwang__V1__Case *)message;
        if (!may_be_linked(record) || strcmp(record->subject, unresolved) != 0) {
            continue;
        }
        memcpy(id.bytes, record->id.data, IDENT_BYTES); /* its length was checked */
        ident_format(id, links->cases[links->count++]);
    }
    arena_fini(&scratch);
}

enum ctl_exit link_run(struct ctl *ctl)
{
    const char *unit = ctl->words[0];
    struct links links = {.count = 0};
    struct latest latest;
    enum ctl_exit code = latest_read(ctl, TOPIC_CASES, unit, "/case/", &latest);
    if (code == CTL_OK) {
        find_cases(&latest, ctl->words[1], &links);
    }
    latest_fini(&latest);
    if (code == CTL_OK && links.count == 0) {
        code = ctl_fail(CTL_REFUSED, "%s has no open case of %s", unit, ctl->words[1]);
    }
    for (size_t i = 0; i < links.count; i++) {
        ctl->words[0] = links.cases[i]; /* the row's first word is the case */
        enum ctl_exit one = act_run(ctl);
        code = one > code ? one : code;
    }
    return code;
}
