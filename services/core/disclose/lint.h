/* Safe messaging (lint.def). */
#ifndef CORE_DISCLOSE_LINT_H
#define CORE_DISCLOSE_LINT_H

#include "base/str.h"

/* Where a text is read; or-ed. What is true of ALL is true everywhere. */
enum lint_where { LINT_ALL = 1, LINT_SCREEN = 2, LINT_GUARDIAN = 4 };

struct lint_finding {
    const char *phrase; /* static storage; NULL: none found */
    const char *why;
    size_t at; /* byte offset in the text */
};

/* The first phrase in the text that may not be read there. */
struct lint_finding lint_find(struct str text, unsigned where);

#endif
