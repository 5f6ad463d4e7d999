/* Who may see what (audiences.def × fields.def). */
#ifndef CORE_DISCLOSE_AUDIENCE_H
#define CORE_DISCLOSE_AUDIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "core/casework/terms.h"

enum disclose_field {
#define DISCLOSE_FIELD(name, id, what) DISCLOSE_FIELD_##name,
#include "core/disclose/fields.def"
#undef DISCLOSE_FIELD
    DISCLOSE_FIELD_COUNT,
};

_Static_assert(DISCLOSE_FIELD_COUNT <= 64, "a row of the table is one word");

enum disclose_audience {
    DISCLOSE_AUDIENCE_NONE, /* may see nothing */
#define DISCLOSE_AUDIENCE(name, id, fields) DISCLOSE_AUDIENCE_##name,
#include "core/disclose/audiences.def"
#undef DISCLOSE_AUDIENCE
    DISCLOSE_AUDIENCE_COUNT,
};

/* "class_teacher", "pupil_name" …; "" outside of the enum. Static storage. */
const char *disclose_audience_id(enum disclose_audience audience);
const char *disclose_field_id(enum disclose_field field);

/* The value of an id; false, and nothing written, for any other text. */
bool disclose_audience_parse(struct str id, enum disclose_audience *ret_audience);
bool disclose_field_parse(struct str id, enum disclose_field *ret_field);

/* The audience of a role of core/org ("duty_leader" → DUTY); NONE, which may see nothing, for a role that has none. This is
 * what a notice's `audience` says, as disclose_audience_id. */
enum disclose_audience disclose_audience_of_role(struct str role);

/* Whether the audience may see the field over the channel: its own row, cut by the row of what others may read or hear
 * there (SMS: screen; voice: voice; feed: topic). CASE_CHANNEL_NONE: the row alone. */
bool disclose_may_see(enum disclose_audience audience, enum case_channel channel,
                      enum disclose_field field);

#endif
