/* The texts of a pack: templates per language, purpose, channel and audience, and the words they use.
 *
 *     templates/<lang>/<purposes>.<channels>.<audiences>.mustache   each a list joined by '+'
 *     templates/<lang>/_<name>.mustache                             a partial, {{> name}}
 *     templates/<lang>/words.txt                                    lines "kind.self_harm = …", "# …"
 *
 * The purpose "default" stands in for any that has no text of its own: a purpose that a policy invents is never silent. A
 * template is checked when it loads, for every audience and channel of its name: it names no field that the audience may
 * not see there, and it keeps to safe messaging (lint.def). One fault and the set does not load. */
#ifndef CORE_DISCLOSE_DISCLOSE_H
#define CORE_DISCLOSE_DISCLOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/disclose/audience.h"

enum {
    DISCLOSE_ENTRIES_MAX = 4096, /* of texts, partials and words together */
    DISCLOSE_FAULT_BYTES = 256,
    DISCLOSE_TEXT_MAX_BYTES = 4096, /* of a rendered text */
};

struct disclose;

/* A file of the pack. Paths that do not begin with "templates/" are skipped. */
struct disclose_file {
    struct str path;
    struct str content;
};

/* The first fault, for people: "templates/zh/step.sms.duty.mustache:3: field pupil_name is not for duty over sms". */
struct disclose_fault {
    char text[DISCLOSE_FAULT_BYTES];
};

/* Loads into `arena` (bounded by its caller; about four times the files): paths and contents are copied. ERR_INVALID with
 * `ret_fault`; ERR_MEMORY, ERR_FULL. */
SW_NODISCARD int disclose_load(struct arena *arena, const struct disclose_file *files, size_t count,
                               struct disclose_fault *ret_fault, struct disclose **ret_disclose);

/* Whether every audience that a role has can be told something over voice, SMS, WeCom and mail, in Chinese. ERR_INVALID with
 * `ret_fault`: what is missing. A pack for use must pass; a test's need not. */
SW_NODISCARD int disclose_check(const struct disclose *disclose, struct disclose_fault *ret_fault);

/* Which text. */
struct disclose_query {
    struct str lang; /* "zh", "en"; another one, or one without such a text, gives "zh" */
    struct str purpose;
    struct str
        obligation; /* of a warning and the like, may be empty: "due_hold" is looked for before "due" */
    enum case_channel channel;
    enum disclose_audience audience;
};

/* What is filled in; an empty text is "not said". A field that the audience may not see is left out whatever it holds. */
struct disclose_context {
    struct str fields[DISCLOSE_FIELD_COUNT];
};

/* Renders, without HTML escaping, at most DISCLOSE_TEXT_MAX_BYTES into `scratch`, which is not reset. ERR_NOT_FOUND: no
 * such text; ERR_TOO_LARGE, ERR_MEMORY. */
SW_NODISCARD int disclose_render(const struct disclose *disclose,
                                 const struct disclose_query *query,
                                 const struct disclose_context *context, struct arena *scratch,
                                 struct str *ret_text);

/* A word of words.txt: `group` "kind", "level", "place", "obligation", "role" …; the id itself where there is none. */
struct str disclose_word(const struct disclose *disclose, struct str lang, struct str group,
                         struct str id);

/* Calls `each` for every template with its language, purpose, channel and one audience, for tests and `swctl check`. */
typedef void (*disclose_text_fn)(const struct disclose_query *query, void *ctx);
void disclose_each_text(const struct disclose *disclose, disclose_text_fn each, void *ctx);

#endif
