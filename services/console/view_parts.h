/* Members that the views of the console have in common. */
#ifndef CONSOLE_VIEW_PARTS_H
#define CONSOLE_VIEW_PARTS_H

#include <protobuf-c/protobuf-c.h>

#include "console/view.h"

/* "LEVEL_CRISIS" of an enum whose values begin with `prefix` "LEVEL_" as "crisis"; "" for 0 and what is not known. */
void view_put_code(const ProtobufCEnumDescriptor *type, int value, const char *prefix,
                   struct json_out *out, const char *name);

/* An id as hexadecimal digits; "" when it is none. */
void view_put_id(struct json_out *out, const char *name, ProtobufCBinaryData bytes);

/* "unit_label", the unit's own id where the directory does not know it. */
void view_put_unit_label(const struct view *view, struct json_out *out, const char *unit);

/* The name of a directory person, when the reader may see it and it can be opened. */
void view_put_name(const struct view *view, struct json_out *out, const char *member,
                   const char *unit, const char *person);

/* "now_ms", "as_of_ms", "stale", "me". */
void view_put_frame(const struct view *view, const struct model_answer *answer,
                    struct json_out *out);

/* Whether an obligation in this state is still to be done. */
bool view_is_owed(const char *state);

#endif
