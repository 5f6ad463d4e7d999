/* The world's own. */
#ifndef TESTS_TRACE_WORLD_INSIDE_H
#define TESTS_TRACE_WORLD_INSIDE_H

#include <stddef.h>

#include "base/map.h"
#include "world.h"

enum { TEXT_BYTES = 64 * 1024, CANCELLED_MAX = 65536, CASES_MAX = 256 };

/* A notice that was sent, since world_show (index >= shown) or before. */
struct sent {
    struct ident id;
    char person[32];
    char role[32];
    char cause[96];
    enum case_channel channel;
    enum effect_lane lane;
    struct ident case_id;
};

struct world {
    struct casework *casework;
    struct org *org;
    struct effects effects;
    int64_t now_ms;
    uint32_t next_id;
    struct ident case_id;
    unsigned show;
    char text[TEXT_BYTES];
    size_t length;
    struct sent sent[WORLD_SENT_MAX];
    size_t sent_count;
    struct case_input receipt; /* said last */
    struct map sent_ids;
    size_t shown;
    struct ident cancelled[CANCELLED_MAX];
    size_t cancelled_count;
    char outcome[64];
    struct ident cases[CASES_MAX];
    size_t case_count;
    world_watch_fn watch;
    world_fail_fn fail_nth;
};

/* Adds the line of an effect to the text, if it begins one and is of a kind that is shown. */
void world_render(struct world *world, size_t index);

#endif
