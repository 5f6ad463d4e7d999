/* The scheme of levels, and the layers. A bare ordinal means nothing in school psychology: what is stored names its scheme. */
#ifndef CORE_RULES_LEVEL_H
#define CORE_RULES_LEVEL_H

#include <stdbool.h>

#include "base/str.h"
#include "core/casework/terms.h"

/* The default scheme: normal < attention < warning < high < crisis. Ranks are fixed per scheme. */
#define LEVEL_SCHEME "cn4"

/* Who: the four layers of the school's network, and what is above it. Values as in the records; a lower one is nearer. */
enum level_layer {
    LEVEL_LAYER_NONE,
    LEVEL_LAYER_STUDENT,
    LEVEL_LAYER_CLASS,
    LEVEL_LAYER_GRADE,
    LEVEL_LAYER_SCHOOL,
    LEVEL_LAYER_COUNTY,
    LEVEL_LAYER_CITY,
    LEVEL_LAYER_COUNT,
};

/* What people read, with its colour: "高危（橙）", "high (orange)"; `lang` "en", anything else gives Chinese. Static
 * storage, as all of these. "" for NONE. */
const char *level_label(enum case_level level, struct str lang);

/* "school"; "" for NONE. */
const char *level_layer_name(enum level_layer layer);

/* The layer of a name; false, and nothing written, for any other text. */
bool level_layer_parse(struct str text, enum level_layer *ret_layer);

#endif
