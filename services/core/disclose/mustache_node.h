/* What a compiled template is, between mustache_compile.c and mustache_render.c. */
#ifndef CORE_DISCLOSE_MUSTACHE_NODE_H
#define CORE_DISCLOSE_MUSTACHE_NODE_H

#include "core/disclose/mustache.h"

enum mustache_node_kind {
    MUSTACHE_NODE_TEXT,
    MUSTACHE_NODE_VARIABLE,
    MUSTACHE_NODE_RAW, /* a variable that is never escaped */
    MUSTACHE_NODE_SECTION,
    MUSTACHE_NODE_INVERTED,
    MUSTACHE_NODE_PARTIAL,
};

struct mustache_node {
    enum mustache_node_kind kind;
    struct str text;   /* literal, or the name */
    struct str indent; /* of a partial that stands alone on its line */
    size_t end;        /* of a section: the index behind its last node */
    uint32_t line;
};

/* Nodes in the order of the source; a section's content follows it. */
struct mustache {
    struct mustache_node *nodes;
    size_t count;
    size_t capacity;
};

#endif
