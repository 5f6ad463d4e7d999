#include "core/disclose/lint.h"

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"

static const struct {
    unsigned where;
    const char *phrase;
    const char *why;
} rows[] = {
#define LINT(where, phrase, why) {LINT_##where, phrase, why},
#include "core/disclose/lint.def"
#undef LINT
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool stands_at(struct str text, size_t at, const char *phrase, size_t len)
{
    if (text.len - at < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (lower(text.at[at + i]) != phrase[i]) {
            return false;
        }
    }
    return true;
}

struct lint_finding lint_find(struct str text, unsigned where)
{
    sw_assert((where & ~(unsigned)(LINT_ALL | LINT_SCREEN | LINT_GUARDIAN)) == 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = strlen(rows[i].phrase);
        if ((rows[i].where & (where | LINT_ALL)) == 0) {
            continue;
        }
        for (size_t at = 0; at < text.len; at++) {
            if (lower(text.at[at]) == rows[i].phrase[0] &&
                stands_at(text, at, rows[i].phrase, len)) {
                return (struct lint_finding){rows[i].phrase, rows[i].why, at};
            }
        }
    }
    return (struct lint_finding){NULL, NULL, 0};
}
