/* The set of texts in memory, between disclose_load.c (fills and checks it) and disclose.c (uses it). */
#ifndef CORE_DISCLOSE_DISCLOSE_SET_H
#define CORE_DISCLOSE_DISCLOSE_SET_H

#include "core/disclose/disclose.h"
#include "core/disclose/mustache.h"

enum { DISCLOSE_KEY_BYTES = 192, DISCLOSE_LANG_BYTES = 8 };

/* One table for all, sorted by key. Keys: "zh/step.sms.duty" a text, "zh/_help" a partial, "zh=kind.self_harm" a word. */
struct disclose_entry {
    struct str key;
    struct str path;                 /* of the file, for faults */
    struct str text;                 /* of a partial or word: its text */
    const struct mustache *mustache; /* of a text or partial */
    struct str purpose;              /* of a text */
    enum case_channel channel;
    enum disclose_audience audience;
};

struct disclose {
    struct disclose_entry *entries;
    size_t count;
};

/* The entry, or NULL. */
const struct disclose_entry *disclose_find(const struct disclose *disclose, struct str key);

/* The index at which a key stands or would stand. */
size_t disclose_position(const struct disclose *disclose, struct str key);

#endif
