/* The views of board and case as JSON, for one user: names and texts are opened only where the user's audience allows,
 * everything else is left out. */
#ifndef CONSOLE_VIEW_H
#define CONSOLE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "console/json_out.h"
#include "console/model.h"
#include "core/org/org.h"
#include "shouwang/v1/case.pb-c.h"

/* Whether a reader sees a field of a case; the fields are those of the disclosure table. */
enum view_field {
    VIEW_NAME,         /* the subject's and other persons' names */
    VIEW_PLACE_DETAIL, /* of the place */
    VIEW_WITH_PUPIL,
    VIEW_CALLBACK,
    VIEW_TEXT, /* what was reported */
    VIEW_WHY,
    VIEW_FIELD_COUNT,
};

/* Opens a sealed value of a unit's record into `ret_text` (a NUL behind it): false when the keys do not allow it. */
typedef bool (*view_open_fn)(struct str unit, const Shouwang__V1__Sealed *sealed, char *ret_text,
                             size_t size, void *ctx);

/* The evidence that an obligation of a case's policy wants; writes one object {"key", "codes"} each. */
typedef void (*view_shape_fn)(struct json_out *out, const Shouwang__V1__Case *record,
                              const char *obligation, void *ctx);

struct view {
    const struct org *org;
    view_open_fn open;
    view_shape_fn shape;
    void *ctx;
    struct str login;
    struct str person; /* the user's own directory person */
    struct str unit;
    bool sees[VIEW_FIELD_COUNT];
};

/* {"me", "now_ms", "as_of_ms", "stale", "cases": [...]}, the earliest deadline first. */
void view_board(const struct view *view, const struct model_answer *answer, struct json_out *out);

/* One case with everything the page shows. False when the record does not decode. */
bool view_case(const struct view *view, const struct model_answer *answer, struct json_out *out);

/* The unit of a packed case, copied, and whether the person is of its temporary team at that time; false when it does not
 * decode. */
bool view_unit_of(struct str packed, struct str person, int64_t now_ms, char ret_unit[64],
                  bool *ret_is_member);

#endif
